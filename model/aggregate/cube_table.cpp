// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/cube_table.h"

#include "model/aggregate/cube_kernels.h"
#include "model/aggregate/sketch.h"

#include <algorithm>
#include <cassert>

namespace isobar::aggregate {

CubeCells emptyCells(std::size_t cells, bool extremes, std::uint32_t sketchFirst, std::uint32_t sketchWidth)
{
    CubeCells empty;
    empty.sums.assign(cells, 0);
    empty.counts.assign(cells, 0);
    if (extremes) {
        empty.mins.assign(cells, std::numeric_limits<std::int64_t>::max());
        empty.maxs.assign(cells, std::numeric_limits<std::int64_t>::min());
    }
    empty.sketchFirst = sketchFirst;
    empty.sketchWidth = sketchWidth;
    empty.sketches.assign(cells * sketchWidth, 0);
    return empty;
}

double CubeCells::quantile(std::size_t cell, double q) const
{
    const std::span<const std::uint32_t> window(sketches.data() + cell * sketchWidth, sketchWidth);
    if (counts[cell] == 0 || window.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const std::int64_t rank = Sketch::rankOf(q, counts[cell]);
    std::int64_t seen = 0;
    std::size_t i = 0;
    for (; i + 1 < window.size() && (seen += window[i]) < rank; ++i) {
    }
    return Sketch::valueOf(sketchFirst + i);
}

void CubeTable::reach(std::size_t column, std::uint32_t first, std::uint32_t width)
{
    CubeCells& c = columns[column];
    if (width == 0 || (c.sketchWidth > 0 && first >= c.sketchFirst && first + width <= c.sketchFirst + c.sketchWidth)) {
        return;
    }
    const std::uint32_t from = c.sketchWidth > 0 ? std::min(first, c.sketchFirst) : first;
    const std::uint32_t to = c.sketchWidth > 0 ? std::max(first + width, c.sketchFirst + c.sketchWidth) : first + width;
    std::vector<std::uint32_t> wider(cells() * (to - from), 0);
    for (std::size_t i = 0; i < cells() && c.sketchWidth > 0; ++i) {
        std::copy_n(c.sketches.begin() + static_cast<std::ptrdiff_t>(i * c.sketchWidth), c.sketchWidth,
                    wider.begin() + static_cast<std::ptrdiff_t>(i * (to - from) + (c.sketchFirst - from)));
    }
    c.sketches = std::move(wider);
    c.sketchFirst = from;
    c.sketchWidth = to - from;
}

namespace {

/// Adds `count` cells from position `b` on to those from position `a` on.
void mergeCells(CubeCells& to, std::size_t a, const CubeCells& from, std::size_t b, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        to.sums[a + i] += from.sums[b + i];
        to.counts[a + i] += from.counts[b + i];
    }
    for (std::size_t i = 0; i < count && !to.mins.empty(); ++i) {
        to.mins[a + i] = std::min(to.mins[a + i], from.mins[b + i]);
        to.maxs[a + i] = std::max(to.maxs[a + i], from.maxs[b + i]);
    }
    if (to.sketchWidth == 0 || from.sketchWidth == 0) {
        return;
    }
    assert(from.sketchFirst >= to.sketchFirst &&
           from.sketchFirst + from.sketchWidth <= to.sketchFirst + to.sketchWidth);
    if (from.sketchWidth == to.sketchWidth) {
        kernels::addCounts(to.sketches.data() + a * to.sketchWidth,
                           std::span(from.sketches.data() + b * to.sketchWidth, count * to.sketchWidth));
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        kernels::addCounts(to.sketches.data() + (a + i) * to.sketchWidth + (from.sketchFirst - to.sketchFirst),
                           std::span(from.sketches.data() + (b + i) * from.sketchWidth, from.sketchWidth));
    }
}

} // namespace

void CubeTable::merge(const CubeTable& other, std::size_t firstBucket, std::span<const std::uint32_t> groupOf)
{
    assert(columns.size() == other.columns.size() && firstBucket + other.buckets <= buckets);
    for (std::size_t m = 0; m < columns.size(); ++m) {
        if (groupOf.empty() && buckets == other.buckets) {
            mergeCells(columns[m], 0, other.columns[m], 0, other.cells());
            continue;
        }
        for (std::size_t g = 0; g < other.groups; ++g) {
            const std::size_t group = groupOf.empty() ? g : groupOf[g];
            if (group != kNoGroup) {
                mergeCells(columns[m], cell(group, firstBucket), other.columns[m], other.cell(g), other.buckets);
            }
        }
    }
}

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
// Very many markers by the cells of a grid, kept from one layout to the next.
#include "ui/map/layout.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr std::size_t kKeptSides = 10; ///< five doublings of the zoom
constexpr double kAround = 0.5;        ///< of the window, on each side, for panning

bool covers(const LayoutCache::Cells& cells, const QRectF& window)
{
    const auto cellOf = [&cells](double at) { return static_cast<int>(std::floor(at / cells.side)); };
    return cellOf(window.left()) >= cells.left && cellOf(window.right()) < cells.left + cells.columns &&
           cellOf(window.top()) >= cells.low && cellOf(window.bottom()) < cells.low + cells.rows;
}

/// Counts for each cell what lies in it; returns the number of the cell each marker is in.
std::vector<std::uint32_t> countMembers(LayoutCache::Cells& grid, const std::vector<QPointF>& plane)
{
    grid.at.assign(static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows),
                   LayoutCache::Cells::kEmpty);
    std::vector<std::uint32_t> cellOf(plane.size(), LayoutCache::Cells::kEmpty);
    const double perSide = 1 / grid.side;
    for (std::size_t i = 0; i < plane.size(); ++i) {
        const double x = plane[i].x() * perSide - grid.left, y = plane[i].y() * perSide - grid.low;
        if (x >= 0 && y >= 0 && x < grid.columns && y < grid.rows) {
            std::uint32_t& at = grid.at[static_cast<std::size_t>(y) * static_cast<std::size_t>(grid.columns) +
                                        static_cast<std::size_t>(x)];
            if (at == LayoutCache::Cells::kEmpty) {
                at = static_cast<std::uint32_t>(grid.cells.size());
                grid.cells.emplace_back();
            }
            cellOf[i] = at;
            ++grid.cells[at].end;
        }
    }
    std::uint32_t first = 0;
    for (LayoutCache::Cells::Cell& cell : grid.cells) {
        const std::uint32_t count = cell.end;
        cell.first = cell.end = first; // the end runs ahead as members come
        first += count;
    }
    grid.members.resize(first);
    return cellOf;
}

/// The larger of two when neither is NaN, else the one that is not.
void raise(double& most, double value)
{
    most = value <= most || std::isnan(value) ? most : value;
}

} // namespace

const LayoutCache::Cells& LayoutCache::cells(const MapScene& scene, const Projection& projection, const MapLook& look,
                                             double side, const QRectF& window)
{
    const std::pair wanted(look.measure, look.split);
    if (m_cellsProjection != projection || m_cellsLook != wanted) {
        m_cells.clear();
        m_cellsProjection = projection, m_cellsLook = wanted;
    }
    const auto same = std::find_if(m_cells.begin(), m_cells.end(),
                                   [side](const auto& kept) { return std::abs(kept->side - side) < 1e-9 * side; });
    if (same != m_cells.end() && covers(**same, window)) {
        std::rotate(m_cells.begin(), same, same + 1);
        return *m_cells.front();
    }
    if (same != m_cells.end()) {
        m_cells.erase(same);
    } else if (m_cells.size() >= kKeptSides) {
        m_cells.pop_back();
    }

    auto made = std::make_unique<Cells>();
    Cells& grid = *made;
    grid.side = side;
    // A globe turns, and then nothing of this is of use again.
    const double around = projection.isGlobe() ? 0 : kAround;
    const QRectF area = window.adjusted(-around * window.width(), -around * window.height(), around * window.width(),
                                        around * window.height());
    grid.left = static_cast<int>(std::floor(area.left() / side));
    grid.low = static_cast<int>(std::floor(area.top() / side));
    grid.columns = static_cast<int>(std::floor(area.right() / side)) - grid.left + 1;
    grid.rows = static_cast<int>(std::floor(area.bottom() / side)) - grid.low + 1;

    const std::vector<QPointF>& plane = markers(scene, projection);
    const Columns& figures = columns(scene);
    const std::vector<double>& measured = values(scene, look.measure);
    const Parts& all = parts(scene, look.split);
    const double bad = lowIsBad(look.measure) ? -1 : 1;
    const std::vector<std::uint32_t> cellOf = countMembers(grid, plane);
    grid.parts.assign(grid.cells.size() * all.kinds.size(), 0.0);
    for (std::size_t i = 0; i < plane.size(); ++i) {
        if (cellOf[i] == Cells::kEmpty) {
            continue;
        }
        Cells::Cell& cell = grid.cells[cellOf[i]];
        const double size = figures.size[i], weight = std::max(size, 1.0);
        cell.anchor += plane[i] * weight;
        cell.weight += weight;
        cell.size += size;
        raise(cell.utilization, figures.utilization[i]);
        raise(cell.ghost, figures.ghost[i]);
        raise(cell.value, bad * measured[i]);
        cell.trouble = cell.trouble || figures.trouble[i] != 0;
        cell.faded = cell.faded && figures.faded[i] != 0;
        for (std::size_t k = all.first[i]; k < all.first[i + 1]; ++k) {
            grid.parts[cellOf[i] * all.kinds.size() + all.of[k].first] += all.of[k].second;
        }
        int& last = grid.members[cell.end++];
        last = static_cast<int>(i);
        int& largest = grid.members[cell.first]; // of equals the first
        if (size > figures.size[static_cast<std::size_t>(largest)]) {
            std::swap(largest, last);
        }
    }
    for (Cells::Cell& cell : grid.cells) {
        cell.anchor /= cell.weight;
        cell.value *= bad;
    }
    m_cells.insert(m_cells.begin(), std::move(made));
    return *m_cells.front();
}

} // namespace isobar::ui

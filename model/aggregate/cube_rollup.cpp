// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/cube_rollup.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::aggregate {
namespace {

std::vector<CubeAsk> keptAt(const std::vector<CubeAsk>& keep, bool sketches)
{
    std::vector<CubeAsk> kept = keep;
    for (CubeAsk& ask : kept) {
        ask.sketch = ask.sketch && sketches;
    }
    return kept;
}

CubeTable emptyTable(std::size_t groups, const std::vector<CubeAsk>& keep)
{
    CubeTable table{groups, 1, {}};
    for (const CubeAsk& ask : keep) {
        table.columns.push_back(emptyCells(groups, ask.extremes, 0, 0));
    }
    return table;
}

/// Cells of one bucket of a table with several.
CubeTable bucketOf(const CubeTable& table, std::size_t bucket)
{
    CubeTable one{table.groups, 1, {}};
    for (const CubeCells& from : table.columns) {
        CubeCells to = emptyCells(table.groups, !from.mins.empty(), from.sketchFirst, from.sketchWidth);
        for (std::size_t g = 0; g < table.groups; ++g) {
            const std::size_t cell = table.cell(g, bucket);
            to.sums[g] = from.sums[cell];
            to.counts[g] = from.counts[cell];
            if (!from.mins.empty()) {
                to.mins[g] = from.mins[cell];
                to.maxs[g] = from.maxs[cell];
            }
            std::copy_n(from.sketches.begin() + static_cast<std::ptrdiff_t>(cell * from.sketchWidth), from.sketchWidth,
                        to.sketches.begin() + static_cast<std::ptrdiff_t>(g * from.sketchWidth));
        }
        one.columns.push_back(std::move(to));
    }
    return one;
}

void mergeReaching(CubeTable& to, const CubeTable& from, std::span<const std::uint32_t> groupOf = {})
{
    for (std::size_t m = 0; m < to.columns.size(); ++m) {
        to.reach(m, from.columns[m].sketchFirst, from.columns[m].sketchWidth);
    }
    to.merge(from, 0, groupOf);
}

} // namespace

Result<CubeRollUp> CubeRollUp::create(std::vector<CubeGrouping> by, std::vector<CubeAsk> keep,
                                      std::vector<Level> levels)
{
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const std::int64_t finer = i == 0 ? 1 : levels[i - 1].widthMicros;
        if (levels[i].widthMicros < finer || levels[i].widthMicros % finer != 0) {
            return Error{ErrorCode::InvalidValue,
                         fmt::format("a level of {} µs does not fit one of {} µs", levels[i].widthMicros, finer),
                         "give whole multiples, ascending"};
        }
    }
    CubeRollUp rollUp;
    rollUp.m_by = std::move(by);
    rollUp.m_keep = std::move(keep);
    rollUp.m_levels = std::move(levels);
    rollUp.m_slices.resize(rollUp.m_levels.size());
    return rollUp;
}

Status CubeRollUp::update(const SampleCube& cube, int threads, const JobContext& context)
{
    m_groups = groupCount(cube, m_by);
    for (; m_chunks < cube.chunks().size(); ++m_chunks) {
        const CubeChunk* chunk = &cube.chunks()[m_chunks];
        std::vector<CubeTable> parts;
        for (const Level& level : m_levels) {
            CubeQuery query;
            query.by = m_by;
            query.ask = keptAt(m_keep, level.sketches);
            query.buckets = fixedBuckets(chunk->minTime, chunk->maxTime + 1, level.widthMicros);
            ISOBAR_TRY_ASSIGN(CubeTable part, aggregate::ask(cube, std::span(&chunk, 1), query, threads, context));
            parts.push_back(std::move(part));
        }
        // All levels or none, so that a cancelled update can go on later.
        for (std::size_t i = 0; i < m_levels.size(); ++i) {
            std::int64_t begin = floorTo(chunk->minTime, m_levels[i].widthMicros);
            for (std::size_t b = 0; b < parts[i].buckets; ++b, begin += m_levels[i].widthMicros) {
                CubeTable one = bucketOf(parts[i], b);
                const auto [at, isNew] = m_slices[i].try_emplace(begin);
                if (isNew) {
                    at->second = std::move(one);
                } else {
                    mergeReaching(at->second, one);
                }
            }
        }
    }
    return Done{};
}

Result<CubeTable> CubeRollUp::sum(std::int64_t from, std::int64_t to, bool sketches,
                                  std::span<const std::uint32_t> groupOf, std::uint32_t groups) const
{
    CubeTable table = emptyTable(groupOf.empty() ? m_groups : groups, m_keep);
    const auto usable = [&](const Level& level) { return !sketches || level.sketches; };
    std::vector<std::size_t> coarseFirst;
    for (std::size_t i = m_levels.size(); i-- > 0;) {
        if (usable(m_levels[i])) {
            coarseFirst.push_back(i);
        }
    }
    const std::int64_t finest = coarseFirst.empty() ? 0 : m_levels[coarseFirst.back()].widthMicros;
    if (finest == 0 || (from < to && (floorTo(from, finest) != from || floorTo(to, finest) != to))) {
        return Error{ErrorCode::InvalidValue, "the range does not end on buckets of the roll-up",
                     fmt::format("give multiples of {} µs", finest)};
    }
    std::vector<const CubeTable*> parts;
    for (std::int64_t at = from; at < to;) {
        std::int64_t width = finest;
        for (const std::size_t i : coarseFirst) {
            width = m_levels[i].widthMicros;
            if (floorTo(at, width) == at && at + width <= to) {
                if (const auto slice = m_slices[i].find(at); slice != m_slices[i].end()) {
                    parts.push_back(&slice->second);
                }
                break;
            }
        }
        at += width;
    }
    for (std::size_t m = 0; m < table.columns.size(); ++m) {
        for (const CubeTable* part : parts) {
            const CubeCells& cells = part->columns[m];
            if (sketches) {
                table.reach(m, cells.sketchFirst, cells.sketchWidth);
            }
        }
    }
    for (const CubeTable* part : parts) {
        table.merge(*part, 0, groupOf);
    }
    return table;
}

std::vector<CubeRollUp::Slice> CubeRollUp::slices(std::size_t level, std::int64_t from, std::int64_t to) const
{
    std::vector<Slice> found;
    const auto last = m_slices[level].lower_bound(to);
    for (auto at = m_slices[level].lower_bound(from); from < to && at != last; ++at) {
        found.push_back({at->first, &at->second});
    }
    return found;
}

std::uint64_t CubeRollUp::bytes() const
{
    std::uint64_t total = 0;
    for (const auto& level : m_slices) {
        for (const auto& [begin, table] : level) {
            for (const CubeCells& c : table.columns) {
                total += 8 * (c.sums.size() + c.counts.size() + c.mins.size() + c.maxs.size()) + 4 * c.sketches.size();
            }
        }
    }
    return total;
}

Result<CubeTable> askThrough(const CubeRollUp& rollUp, const SampleCube& cube, std::int64_t from, std::int64_t to,
                             bool sketches, int threads)
{
    std::int64_t width = 1;
    for (auto level = rollUp.levels().rbegin(); level != rollUp.levels().rend(); ++level) {
        width = !sketches || level->sketches ? level->widthMicros : width;
    }
    const std::int64_t first = -floorTo(-from, width), last = floorTo(to, width);
    const auto raw = [&](std::int64_t begin, std::int64_t end) {
        CubeQuery query;
        query.from = begin;
        query.to = end;
        query.by = rollUp.by();
        query.ask = keptAt(rollUp.kept(), sketches);
        return ask(cube, query, threads);
    };
    if (first >= last || rollUp.chunks() == 0) {
        return raw(from, to);
    }
    ISOBAR_TRY_ASSIGN(CubeTable table, rollUp.sum(first, last, sketches));
    ISOBAR_TRY_ASSIGN(const CubeTable head, raw(from, first));
    ISOBAR_TRY_ASSIGN(const CubeTable tail, raw(last, to));
    mergeReaching(table, head);
    mergeReaching(table, tail);
    // What the roll-up has not taken in yet.
    std::vector<const CubeChunk*> rest;
    for (std::size_t i = rollUp.chunks(); i < cube.chunks().size(); ++i) {
        rest.push_back(&cube.chunks()[i]);
    }
    const CubeChunk open = cube.open();
    rest.push_back(&open);
    CubeQuery query;
    query.from = first;
    query.to = last;
    query.by = rollUp.by();
    query.ask = keptAt(rollUp.kept(), sketches);
    ISOBAR_TRY_ASSIGN(const CubeTable late, ask(cube, rest, query, threads));
    mergeReaching(table, late);
    return table;
}

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/cube_query.h"

#include "model/aggregate/cube_kernels.h"
#include "model/aggregate/quanta_buckets.h"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace isobar::aggregate {
namespace {

using kernels::Fold;

Error invalid(std::string message, std::string advice)
{
    return Error{ErrorCode::InvalidValue, std::move(message), std::move(advice)};
}

Status check(const SampleCube& cube, const CubeQuery& query)
{
    for (const CubeGrouping& by : query.by) {
        if (by.dimension >= cube.dimensions().size()) {
            return invalid(fmt::format("a cube has no dimension {}", by.dimension), "count from 0");
        }
        const CubeDimension& dimension = cube.dimensions()[by.dimension];
        const bool fits = std::all_of(by.groupOf.begin(), by.groupOf.end(),
                                      [&](std::uint32_t group) { return group < by.groups || group == kNoGroup; });
        if (!by.groupOf.empty() && (by.groupOf.size() != dimension.size || !fits)) {
            return invalid(fmt::format("the groups of {} do not fit its {} values", dimension.name, dimension.size),
                           "give one group below the number of groups for each value");
        }
    }
    for (const CubeFilter& filter : query.where) {
        if (filter.dimension >= cube.dimensions().size()) {
            return invalid(fmt::format("a cube has no dimension {}", filter.dimension), "count from 0");
        }
    }
    for (const CubeAsk& ask : query.ask) {
        if (ask.measure >= cube.measures().size()) {
            return invalid(fmt::format("a cube has no measure {}", ask.measure), "count from 0");
        }
    }
    return Done{};
}

/// Everything about a query that does not depend on the chunk.
struct Plan {
    const SampleCube& cube;
    const CubeQuery& query;
    std::vector<std::int64_t> edges; ///< of the buckets, never empty
    std::size_t groups = 1;
    std::vector<std::vector<bool>> allowed;                       ///< by dimension; empty: all
    std::vector<QuantaBuckets> sketchBuckets;                     ///< by ask; of use where a sketch is asked for
    std::vector<std::pair<std::uint32_t, std::uint32_t>> windows; ///< by ask: first bucket and width, 0 without sketch

    [[nodiscard]] std::size_t buckets() const { return edges.size() - 1; }

    [[nodiscard]] std::uint32_t groupOf(std::uint64_t series) const
    {
        for (std::size_t d = 0; d < allowed.size(); ++d) {
            if (!allowed[d].empty() && !allowed[d][cube.valueOf(series, d)]) {
                return kNoGroup;
            }
        }
        std::uint32_t group = 0;
        for (const CubeGrouping& by : query.by) {
            const std::uint32_t value = cube.valueOf(series, by.dimension);
            const bool plain = by.groupOf.empty();
            const std::uint32_t part = plain ? value : by.groupOf[value];
            if (part == kNoGroup) {
                return kNoGroup;
            }
            group = group * (plain ? cube.dimensions()[by.dimension].size : by.groups) + part;
        }
        return group;
    }

    [[nodiscard]] CubeTable emptyTable(std::size_t bucketCount) const
    {
        CubeTable table{groups, bucketCount, {}};
        for (std::size_t i = 0; i < query.ask.size(); ++i) {
            table.columns.push_back(
                emptyCells(table.cells(), query.ask[i].extremes, windows[i].first, windows[i].second));
        }
        return table;
    }
};

/// Rows [begin, end) of a chunk that belong to one cell.
struct Segment {
    std::uint32_t begin, end;
    std::uint32_t group, bucket;
};

/// Slots [begin, end) of a chunk's common instants, or positions in a run, that lie in one bucket.
struct Piece {
    std::uint32_t begin, end;
    std::uint32_t bucket;
};

/// Scans chunks into a table; one for each thread.
class Scan {
public:
    explicit Scan(const Plan& plan)
        : m_plan(plan)
    {
    }

    /// Buckets [first, last) are those the table has.
    void chunk(const CubeChunk& chunk, std::size_t firstBucket, CubeTable& table)
    {
        m_firstBucket = firstBucket;
        if (!chunk.instants.empty()) {
            cut(chunk.instants.data(), static_cast<std::uint32_t>(chunk.instants.size()), m_slots);
            const std::uint32_t slots = m_slots.empty() ? 0 : m_slots.back().end - m_slots.front().begin;
            // Where a run has only a few samples a bucket, runs are added side by side, instant by instant.
            constexpr std::uint32_t kFew = 16;
            if (table.buckets > 1 && m_slots.size() * kFew > slots) {
                sideBySide(chunk, table);
                return;
            }
        }
        makeSegments(chunk);
        for (std::size_t i = 0; i < m_plan.query.ask.size(); ++i) {
            const CubeCodes& column = chunk.columns[m_plan.query.ask[i].measure];
            std::visit([&](const auto& codes) { addSegments(codes, column, i, table); }, column.codes);
        }
    }

private:
    /// Cuts ascending instants where buckets begin; what lies in no bucket is left out.
    void cut(const std::int64_t* times, std::uint32_t count, std::vector<Piece>& pieces) const
    {
        pieces.clear();
        const auto& edges = m_plan.edges;
        std::uint32_t at = static_cast<std::uint32_t>(std::lower_bound(times, times + count, edges.front()) - times);
        while (at < count && times[at] < edges.back()) {
            const auto edge = std::upper_bound(edges.begin(), edges.end(), times[at]);
            std::uint32_t end = at + 1;
            if (times[count - 1] < *edge) {
                end = count;
            } else {
                while (times[end] < *edge) {
                    ++end;
                }
            }
            const auto bucket = static_cast<std::size_t>(edge - edges.begin()) - 1;
            pieces.push_back({at, end, static_cast<std::uint32_t>(bucket - m_firstBucket)});
            at = end;
        }
    }

    /// Calls visit(first row, end, bucket) for each stretch of a run that lies in one bucket.
    template <class Visit> void forEachPiece(const CubeChunk& chunk, std::size_t number, Visit visit)
    {
        const CubeRun& run = chunk.runs[number];
        const std::uint32_t length = chunk.runs[number + 1].begin - run.begin;
        if (chunk.instants.empty()) {
            cut(chunk.times.data() + run.begin, length, m_pieces);
            for (const Piece& piece : m_pieces) {
                visit(run.begin + piece.begin, run.begin + piece.end, piece.bucket);
            }
            return;
        }
        auto piece = std::upper_bound(m_slots.begin(), m_slots.end(), run.slot,
                                      [](std::uint32_t slot, const Piece& p) { return slot < p.end; });
        for (; piece != m_slots.end() && piece->begin < run.slot + length; ++piece) {
            const std::uint32_t begin = std::max(piece->begin, run.slot), end = std::min(piece->end, run.slot + length);
            visit(run.begin + (begin - run.slot), run.begin + (end - run.slot), piece->bucket);
        }
    }

    void makeSegments(const CubeChunk& chunk)
    {
        m_segments.clear();
        for (std::size_t number = 0; number + 1 < chunk.runs.size(); ++number) {
            const std::uint32_t group = m_plan.groupOf(chunk.runs[number].series);
            if (group == kNoGroup) {
                continue;
            }
            forEachPiece(chunk, number, [&](std::uint32_t begin, std::uint32_t end, std::uint32_t bucket) {
                if (!m_segments.empty() && m_segments.back().end == begin && m_segments.back().group == group &&
                    m_segments.back().bucket == bucket) {
                    m_segments.back().end = end;
                } else {
                    m_segments.push_back({begin, end, group, bucket});
                }
            });
        }
    }

    template <class Code>
    void addSegments(const std::vector<Code>& codes, const CubeCodes& column, std::size_t ask, CubeTable& table) const
    {
        CubeCells& cells = table.columns[ask];
        const bool extremes = m_plan.query.ask[ask].extremes;
        for (const Segment& s : m_segments) {
            const std::span<const Code> part(codes.data() + s.begin, s.end - s.begin);
            const std::size_t cell = table.cell(s.group, s.bucket);
            Fold folded;
            kernels::fold(part, extremes, column.hasMissing, folded);
            take(folded, column.base, extremes, cells, cell);
            if (cells.sketchWidth > 0) {
                addSketch(part, column, ask, cells, cell);
            }
        }
    }

    static void take(const Fold& folded, std::int64_t base, bool extremes, CubeCells& cells, std::size_t cell)
    {
        // Modulo 2^64 on the way; the total fits, SampleCube::append sees to that.
        cells.sums[cell] = static_cast<std::int64_t>(static_cast<std::uint64_t>(cells.sums[cell]) + folded.sum +
                                                     static_cast<std::uint64_t>(base) * folded.count);
        cells.counts[cell] += static_cast<std::int64_t>(folded.count);
        if (extremes && folded.count > 0) {
            cells.mins[cell] = std::min(cells.mins[cell], base + static_cast<std::int64_t>(folded.min));
            cells.maxs[cell] = std::max(cells.maxs[cell], base + static_cast<std::int64_t>(folded.max));
        }
    }

    template <class Code>
    void addSketch(std::span<const Code> codes, const CubeCodes& column, std::size_t ask, CubeCells& cells,
                   std::size_t cell) const
    {
        std::uint32_t* const counts = cells.sketches.data() + cell * cells.sketchWidth;
        const QuantaBuckets& buckets = m_plan.sketchBuckets[ask];
        const std::int64_t base = column.base;
        const std::uint32_t first = cells.sketchFirst;
        for (const Code code : codes) {
            if (!column.hasMissing || code != std::numeric_limits<Code>::max()) {
                ++counts[buckets.of(base + static_cast<std::int64_t>(code)) - first];
            }
        }
    }

    void sideBySide(const CubeChunk& chunk, CubeTable& table)
    {
        m_groups.clear();
        for (std::size_t number = 0; number + 1 < chunk.runs.size(); ++number) {
            m_groups.push_back(m_plan.groupOf(chunk.runs[number].series));
        }
        for (std::size_t i = 0; i < m_plan.query.ask.size(); ++i) {
            const CubeCodes& column = chunk.columns[m_plan.query.ask[i].measure];
            std::visit([&](const auto& codes) { addSideBySide(codes, column, chunk, i, table); }, column.codes);
        }
    }

    template <class Code>
    void addSideBySide(const std::vector<Code>& codes, const CubeCodes& column, const CubeChunk& chunk, std::size_t ask,
                       CubeTable& table)
    {
        const bool extremes = m_plan.query.ask[ask].extremes;
        if (m_slots.empty()) {
            return;
        }
        m_from = m_slots.front().begin;
        m_to = m_slots.back().end;
        resetLanes();
        CubeCells& cells = table.columns[ask];
        std::uint32_t group = kNoGroup;
        for (std::size_t number = 0; number < m_groups.size(); ++number) {
            if (m_groups[number] == kNoGroup) {
                continue;
            }
            if (m_groups[number] != group) {
                flush(column, extremes, table, cells, group);
                group = m_groups[number];
            }
            const CubeRun& run = chunk.runs[number];
            const std::uint32_t length = chunk.runs[number + 1].begin - run.begin;
            const std::uint32_t begin = std::max(m_from, run.slot), end = std::min(m_to, run.slot + length);
            if (begin >= end) {
                continue;
            }
            const std::uint32_t lane = begin - m_from;
            const std::span<const Code> part(codes.data() + run.begin + (begin - run.slot), end - begin);
            kernels::add(part, column.hasMissing,
                         {m_sums.data() + lane, m_counts.data() + lane, extremes ? m_mins.data() + lane : nullptr,
                          m_maxs.data() + lane});
            ++m_begun[lane]; // how many runs begin and end where gives the counts, if all have values
            --m_begun[end - m_from];
            if (cells.sketchWidth > 0) {
                forEachPiece(chunk, number, [&](std::uint32_t first, std::uint32_t last, std::uint32_t bucket) {
                    addSketch(std::span<const Code>(codes.data() + first, last - first), column, ask, cells,
                              table.cell(group, bucket));
                });
            }
        }
        flush(column, extremes, table, cells, group);
    }

    void resetLanes()
    {
        const std::size_t lanes = m_to - m_from;
        m_sums.assign(lanes, 0);
        m_counts.assign(lanes, 0);
        m_begun.assign(lanes + 1, 0);
        m_mins.assign(lanes, std::numeric_limits<std::uint64_t>::max());
        m_maxs.assign(lanes, 0);
    }

    void flush(const CubeCodes& column, bool extremes, CubeTable& table, CubeCells& cells, std::uint32_t group)
    {
        if (group == kNoGroup) {
            return;
        }
        std::int32_t runs = 0;
        for (const Piece& piece : m_slots) {
            Fold folded;
            for (std::uint32_t lane = piece.begin - m_from; lane < piece.end - m_from; ++lane) {
                runs += m_begun[lane];
                folded.sum += m_sums[lane];
                folded.count += column.hasMissing ? m_counts[lane] : static_cast<std::uint32_t>(runs);
                folded.min = std::min(folded.min, m_mins[lane]);
                folded.max = std::max(folded.max, m_maxs[lane]);
            }
            take(folded, column.base, extremes, cells, table.cell(group, piece.bucket));
        }
        resetLanes();
    }

    const Plan& m_plan;
    std::size_t m_firstBucket = 0;
    std::vector<Piece> m_slots, m_pieces;
    std::vector<Segment> m_segments;
    std::vector<std::uint32_t> m_groups; ///< by run

    // Side by side: one lane for each instant in [m_from, m_to).
    std::uint32_t m_from = 0, m_to = 0;
    std::vector<std::uint64_t> m_sums, m_mins, m_maxs;
    std::vector<std::uint32_t> m_counts;
    std::vector<std::int32_t> m_begun;
};

/// The buckets of `edges` that [minTime, maxTime] touches: first and last + 1.
std::pair<std::size_t, std::size_t> bucketsOf(const CubeChunk& chunk, const std::vector<std::int64_t>& edges)
{
    const auto first = std::upper_bound(edges.begin(), edges.end(), chunk.minTime) - edges.begin();
    const auto last = std::upper_bound(edges.begin(), edges.end(), chunk.maxTime) - edges.begin();
    return {static_cast<std::size_t>(std::max<std::ptrdiff_t>(first - 1, 0)),
            static_cast<std::size_t>(std::min<std::ptrdiff_t>(last, static_cast<std::ptrdiff_t>(edges.size()) - 1))};
}

/// Edges of the part of the query's buckets that is in its range, and how many buckets lie before it.
std::pair<std::vector<std::int64_t>, std::size_t> clippedEdges(const CubeQuery& query)
{
    if (query.buckets.count() == 0) {
        return {{query.from, query.to}, 0};
    }
    const auto& all = query.buckets.edges;
    std::vector<std::int64_t> edges;
    std::size_t before = 0;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        const std::int64_t begin = std::max(all[i], query.from), end = std::min(all[i + 1], query.to);
        if (begin >= end) {
            before += edges.empty() ? 1 : 0;
            continue;
        }
        if (edges.empty()) {
            edges.push_back(begin);
        }
        edges.push_back(end);
    }
    return {std::move(edges), before};
}

std::uint64_t bytesOf(const CubeTable& shape, std::size_t cells)
{
    std::uint64_t perCell = 0;
    for (const CubeCells& column : shape.columns) {
        perCell += 16 + (column.mins.empty() ? 0u : 16u) + 4 * column.sketchWidth;
    }
    return perCell * cells;
}

/// The window of buckets that a measure's values in these chunks fall into.
std::pair<std::uint32_t, std::uint32_t> windowOf(const QuantaBuckets& buckets, std::size_t measure,
                                                 std::span<const CubeChunk* const> chunks)
{
    std::uint32_t first = Sketch::kBuckets, last = 0;
    for (const CubeChunk* chunk : chunks) {
        const CubeCodes& column = chunk->columns[measure];
        if (column.present > 0) {
            first = std::min(first, buckets.of(column.min));
            last = std::max(last, buckets.of(column.max));
        }
    }
    return first <= last ? std::pair{first, last - first + 1} : std::pair{0u, 0u};
}

} // namespace

std::size_t groupCount(const SampleCube& cube, std::span<const CubeGrouping> by)
{
    std::size_t groups = 1;
    for (const CubeGrouping& grouping : by) {
        groups *= grouping.groupOf.empty() ? cube.dimensions()[grouping.dimension].size : grouping.groups;
    }
    return groups;
}

Result<CubeTable> ask(const SampleCube& cube, std::span<const CubeChunk* const> chunks, const CubeQuery& query,
                      int threads, const JobContext& context)
{
    ISOBAR_TRY(check(cube, query));
    auto [edges, before] = clippedEdges(query);
    Plan plan{cube, query, std::move(edges), groupCount(cube, query.by), {}, {}, {}};
    plan.allowed.resize(query.where.empty() ? 0 : cube.dimensions().size());
    for (const CubeFilter& filter : query.where) {
        std::vector<bool> these(cube.dimensions()[filter.dimension].size, false);
        for (const std::uint32_t value : filter.values) {
            if (value < these.size()) {
                these[value] = true;
            }
        }
        auto& allowed = plan.allowed[filter.dimension];
        for (std::size_t v = 0; v < these.size() && !allowed.empty(); ++v) {
            these[v] = these[v] && allowed[v];
        }
        allowed = std::move(these);
    }
    std::vector<const CubeChunk*> touched;
    for (const CubeChunk* chunk : chunks) {
        if (chunk->rows > 0 && plan.edges.size() > 1 && plan.edges.front() <= chunk->maxTime &&
            chunk->minTime < plan.edges.back()) {
            touched.push_back(chunk);
        }
    }
    for (const CubeAsk& one : query.ask) {
        plan.sketchBuckets.emplace_back(one.sketch ? cube.measures()[one.measure].quantum : 0.0);
        plan.windows.push_back(one.sketch ? windowOf(plan.sketchBuckets.back(), one.measure, touched)
                                          : std::pair{0u, 0u});
    }
    const std::size_t allBuckets = std::max<std::size_t>(query.buckets.count(), 1);
    const std::uint64_t bytes = bytesOf(plan.emptyTable(0), plan.groups * allBuckets);
    if (bytes > kMostTableBytes) {
        return Error{
            ErrorCode::Infeasible,
            fmt::format("{} groups by {} buckets make a table of {} MB", plan.groups, allBuckets, bytes / 1'000'000),
            "ask for fewer groups, wider buckets or no quantiles"};
    }
    CubeTable table = plan.emptyTable(allBuckets);
    const bool timed = allBuckets > 1;

    struct Worker {
        Scan scan;
        std::optional<CubeTable> table;
    };
    tbb::enumerable_thread_specific<Worker> workers([&plan] { return Worker{Scan(plan), std::nullopt}; });
    std::mutex merging;
    const auto scan = [&](std::size_t number) {
        if (context.cancelled()) {
            return;
        }
        const CubeChunk& chunk = *touched[number];
        Worker& worker = workers.local();
        if (!timed) {
            if (!worker.table) {
                worker.table = plan.emptyTable(1);
            }
            worker.scan.chunk(chunk, 0, *worker.table);
            return;
        }
        // A chunk holds a stretch of time: a small table, added to the large one.
        const auto [first, last] = bucketsOf(chunk, plan.edges);
        CubeTable part = plan.emptyTable(last - first);
        worker.scan.chunk(chunk, first, part);
        const std::lock_guard lock(merging);
        table.merge(part, before + first);
    };
    tbb::task_arena arena(threads > 0 ? threads : tbb::task_arena::automatic);
    arena.execute([&] { tbb::parallel_for(std::size_t{0}, touched.size(), scan); });
    if (context.cancelled()) {
        return Error{ErrorCode::Cancelled, "stopped", ""};
    }
    for (const Worker& worker : workers) {
        if (worker.table) {
            table.merge(*worker.table);
        }
    }
    return table;
}

Result<CubeTable> ask(const SampleCube& cube, const CubeQuery& query, int threads, const JobContext& context)
{
    const CubeChunk open = cube.open();
    std::vector<const CubeChunk*> chunks;
    for (const CubeChunk& chunk : cube.chunks()) {
        chunks.push_back(&chunk);
    }
    chunks.push_back(&open);
    return ask(cube, chunks, query, threads, context);
}

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"

#include "model/aggregate/time_buckets.h"
#include "model/query/row_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

namespace isobar::query {
namespace {

using aggregate::Interval;
using aggregate::Layout;
using aggregate::SimMicros;
constexpr std::size_t kMaxDimensions = 4;

Status refuse(Measure measure, const char* by, const char* because)
{
    return Error{ErrorCode::InvalidValue, fmt::format("{} is not kept by {}: {}", info(measure).name, by, because),
                 "drop that dimension or that measure"};
}

Status checkSplit(const Query& query)
{
    if (query.by.size() > kMaxDimensions) {
        return Error{ErrorCode::InvalidValue, "a query has at most four dimensions", "leave some out"};
    }
    const auto grouped = [&query](Dimension dimension) {
        return std::find(query.by.begin(), query.by.end(), dimension) != query.by.end();
    };
    const auto filtered = [&query](Dimension dimension) {
        return std::any_of(query.where.begin(), query.where.end(),
                           [dimension](const Filter& f) { return f.dimension == dimension; });
    };
    const auto split = [&](Dimension dimension) { return grouped(dimension) || filtered(dimension); };
    if (filtered(Dimension::Time)) {
        return Error{ErrorCode::InvalidValue, "a query is not filtered by time but has a range", "give from and to"};
    }
    if (grouped(Dimension::Time) && query.bucketMicros <= 0) {
        return Error{ErrorCode::InvalidValue, "a query by time needs a bucket width", "give one"};
    }
    for (const Measure measure : query.measures) {
        const Facts facts = info(measure).facts;
        const bool spend = measure == Measure::SpendUsd || measure == Measure::SpendUsdPerDay;
        if (split(Dimension::Area)) {
            if (measure != Measure::Requests && measure != Measure::RequestsPerSecond) {
                return refuse(measure, "area", "only request counts are");
            }
            for (const Dimension other : {Dimension::Workload, Dimension::Tier, Dimension::Use}) {
                if (split(other)) {
                    return refuse(measure, fmt::format("area and {}", dimensionName(other)).c_str(),
                                  "requests are counted by area for a whole placement");
                }
            }
        }
        for (const Dimension of : {Dimension::Workload, Dimension::Tier}) {
            if (split(of) && (facts == Facts::Supply || facts == Facts::Both)) {
                return refuse(measure, dimensionName(of).data(), "chips and money belong to placements");
            }
        }
        if (split(Dimension::Use) && facts != Facts::Supply && !spend) {
            return refuse(measure, "use", "requests are not, only chips, money and energy");
        }
    }
    return Done{};
}

/// One pass over the intervals. Which group a row belongs to depends on the layout alone, and layouts change only when
/// placements do: it is looked up once for each layout, so an interval costs plain additions.
class Run {
public:
    Run(const Query& query, const Fleet& fleet)
        : m_query(query)
        , m_keys(fleet)
    {
        for (const Measure measure : query.measures) {
            const Facts facts = info(measure).facts;
            m_asksSupply |= facts == Facts::Supply || facts == Facts::Both;
            m_asksDemand |= facts != Facts::Supply;
            if (const auto quantile = quantileOf(measure)) {
                m_asksLatency[static_cast<std::size_t>(quantile->of)] = true;
            }
        }
        m_byTime = grouped(Dimension::Time);
        m_byArea = grouped(Dimension::Area) || std::any_of(query.where.begin(), query.where.end(), [](const Filter& f) {
                       return f.dimension == Dimension::Area;
                   });
    }

    Status resolveFilters()
    {
        for (const Filter& filter : m_query.where) {
            ISOBAR_TRY_ASSIGN(auto ids, m_keys.resolve(filter.dimension, filter.values));
            m_filters.emplace_back(filter.dimension, std::move(ids));
        }
        return Done{};
    }

    /// Intervals ascend in time, so a bucket of time is complete when one of the next begins.
    void add(const Interval& interval)
    {
        if (interval.layout.get() != m_layout) {
            useLayout(*interval.layout);
        }
        const SimMicros number = m_byTime ? aggregate::floorTo(interval.begin, m_query.bucketMicros) : 0;
        if (number != m_bucket) {
            flush();
            m_bucket = number;
        }
        m_bucketMicros += interval.end - interval.begin;
        addDemand(interval);
        if (m_byArea) {
            addFlows(interval);
        } else {
            addSupply(interval);
        }
    }

    Table finish()
    {
        flush();
        std::sort(m_rows.begin(), m_rows.end(), [](const Found& a, const Found& b) { return a.key < b.key; });
        Table table{m_query.by, m_query.measures, {}, 0, 0};
        table.rows.reserve(m_rows.size());
        for (Found& found : m_rows) {
            Row row;
            row.keys.reserve(m_query.by.size());
            for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                row.keys.push_back(m_query.by[i] == Dimension::Time
                                       ? fmt::format("{}", static_cast<double>(found.key[i]) * 1e-6)
                                       : m_keys.name(m_query.by[i], static_cast<std::uint32_t>(found.key[i])));
            }
            row.values = std::move(found.values);
            table.rows.push_back(std::move(row));
        }
        return table;
    }

private:
    /// Indices by position in Query::by; time, which is no property of a row, stays 0.
    using Key = std::array<std::uint32_t, kMaxDimensions>;
    static constexpr std::uint32_t kNoGroup = 0xffffffffu;

    using SortedKey = std::array<SimMicros, kMaxDimensions>;
    /// One latency of one group: a Sketch whose counts lie in `m_counts`.
    struct LatencyTotal {
        std::int64_t total = 0;
        std::size_t first = aggregate::Sketch::kBuckets; ///< no bucket before it was counted in
    };
    struct Group {
        Accumulator sums; ///< its latencies are kept beside it
        std::array<LatencyTotal, aggregate::kLatencies> latencies{};
        bool seen = false; ///< some row of this bucket's intervals belongs here
    };
    struct Found {
        SortedKey key{};
        std::vector<double> values;
    };

    [[nodiscard]] bool grouped(Dimension dimension) const
    {
        return std::find(m_query.by.begin(), m_query.by.end(), dimension) != m_query.by.end();
    }

    /// The group of a row, made if need be; kNoGroup where a filter keeps it out. Rows of facts nobody asked for make
    /// groups too, so that a pool without requests has 0 of them, but none that is named "(none)".
    std::uint32_t groupOf(const RowKeys::Facets& facets, bool askedFor)
    {
        for (const auto& [dimension, ids] : m_filters) {
            if (!std::binary_search(ids.begin(), ids.end(), facets[static_cast<std::size_t>(dimension)])) {
                return kNoGroup;
            }
        }
        Key key{};
        for (std::size_t i = 0; i < m_query.by.size(); ++i) {
            if (m_query.by[i] != Dimension::Time) {
                key[i] = facets[static_cast<std::size_t>(m_query.by[i])];
                if (key[i] == RowKeys::kNone && !askedFor) {
                    return kNoGroup;
                }
            }
        }
        const auto [at, isNew] = m_numbers.try_emplace(key, static_cast<std::uint32_t>(m_groups.size()));
        if (isNew) {
            m_groups.emplace_back();
            m_keyOf.push_back(key);
        }
        return at->second;
    }

    void useLayout(const Layout& layout)
    {
        m_layout = &layout;
        m_demandGroup.clear();
        m_supplyGroup.clear();
        m_flowGroup.clear();
        for (std::size_t i = 0; i < layout.demand.size(); ++i) {
            // By area, routed requests are counted as flows.
            const bool counted = !m_byArea || layout.demand[i].placement == Layout::kUnrouted;
            m_demandGroup.push_back(counted ? groupOf(m_keys.demand(layout, i), m_asksDemand) : kNoGroup);
        }
        for (std::size_t i = 0; !m_byArea && i < layout.supply.size(); ++i) {
            m_supplyGroup.push_back(groupOf(m_keys.supply(layout, i), m_asksSupply));
        }
        for (std::size_t i = 0; m_byArea && i < layout.placements.size() * layout.areas; ++i) {
            m_flowGroup.push_back(groupOf(m_keys.flow(layout, i / layout.areas, i % layout.areas), true));
        }
    }

    void addDemand(const Interval& interval)
    {
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            const aggregate::DemandTotals& row = interval.demand[i];
            // That everything found a place is not a fact to show.
            const bool nothing = interval.layout->demand[i].placement == Layout::kUnrouted && row == kNoDemand;
            if (m_demandGroup[i] == kNoGroup || nothing) {
                continue;
            }
            Group& group = m_groups[m_demandGroup[i]];
            group.seen = true;
            if (m_asksDemand) {
                group.sums.demand += row;
            }
        }
        for (std::size_t which = 0; which < aggregate::kLatencies; ++which) {
            if (m_asksLatency[which]) {
                addLatency(interval, which);
            }
        }
    }

    void addLatency(const Interval& interval, std::size_t which)
    {
        constexpr std::size_t kBuckets = aggregate::Sketch::kBuckets;
        m_counts[which].resize(m_groups.size() * kBuckets);
        for (std::size_t row = 0; row < interval.latencies.size(); ++row) {
            const aggregate::SparseSketch& sketch = interval.latencies[row][which];
            const std::uint32_t group = m_demandGroup[row];
            if (group == kNoGroup || sketch.empty()) {
                continue;
            }
            LatencyTotal& latency = m_groups[group].latencies[which];
            latency.first = std::min(latency.first, sketch.firstBucket());
            latency.total += sketch.addTo(countsOf(which, group));
        }
    }

    [[nodiscard]] std::span<std::int64_t, aggregate::Sketch::kBuckets> countsOf(std::size_t which, std::size_t group)
    {
        constexpr std::size_t kBuckets = aggregate::Sketch::kBuckets;
        return std::span<std::int64_t, kBuckets>(m_counts[which].data() + group * kBuckets, kBuckets);
    }

    void addSupply(const Interval& interval)
    {
        for (std::size_t i = 0; i < interval.supply.size(); ++i) {
            if (m_supplyGroup[i] == kNoGroup) {
                continue;
            }
            Group& group = m_groups[m_supplyGroup[i]];
            group.seen = true;
            if (!m_asksSupply) {
                continue;
            }
            const aggregate::SupplyTotals& row = interval.supply[i];
            group.sums.supply += row;
            if (interval.layout->supply[i].use == aggregate::Use::Training) {
                group.sums.busyChipMicros += row.chipMicros;
                for (const std::int64_t cost : row.costMicroUsd) {
                    group.sums.trainingMicroUsd += cost;
                }
            } else {
                group.sums.busyChipMicros += row.workMicros;
            }
        }
    }

    void addFlows(const Interval& interval)
    {
        for (std::size_t i = 0; i < interval.flows.size(); ++i) {
            if (interval.flows[i] > 0 && m_flowGroup[i] != kNoGroup) {
                Group& group = m_groups[m_flowGroup[i]];
                group.seen = true;
                group.sums.demand.requests += interval.flows[i];
            }
        }
    }

    [[nodiscard]] double valueOf(Measure measure, std::uint32_t number)
    {
        const Group& group = m_groups[number];
        if (const auto quantile = quantileOf(measure)) {
            const auto which = static_cast<std::size_t>(quantile->of);
            const LatencyTotal& latency = group.latencies[which];
            return latency.total == 0 ? std::numeric_limits<double>::quiet_NaN()
                                      : aggregate::Sketch::quantile(countsOf(which, number), latency.total,
                                                                    quantile->ratio, latency.first);
        }
        return evaluate(measure, group.sums);
    }

    /// Makes rows of the bucket's groups and empties them for the next.
    void flush()
    {
        for (std::uint32_t number = 0; number < m_groups.size(); ++number) {
            Group& group = m_groups[number];
            if (!group.seen) {
                continue;
            }
            group.sums.durationMicros = m_bucketMicros;
            Found found;
            for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                found.key[i] = m_query.by[i] == Dimension::Time ? m_bucket : SimMicros{m_keyOf[number][i]};
            }
            found.values.reserve(m_query.measures.size());
            for (const Measure measure : m_query.measures) {
                found.values.push_back(valueOf(measure, number));
            }
            m_rows.push_back(std::move(found));
            for (std::size_t which = 0; which < aggregate::kLatencies; ++which) {
                if (group.latencies[which].total > 0) {
                    const auto counts = countsOf(which, number);
                    std::fill(counts.begin(), counts.end(), 0);
                }
            }
            group = {};
        }
        m_bucketMicros = 0;
    }

    static constexpr aggregate::DemandTotals kNoDemand{};
    const Query& m_query;
    RowKeys m_keys;
    bool m_asksDemand = false, m_asksSupply = false, m_byArea = false, m_byTime = false;
    std::array<bool, aggregate::kLatencies> m_asksLatency{};
    std::vector<std::pair<Dimension, std::vector<std::uint32_t>>> m_filters;

    const Layout* m_layout = nullptr; ///< what the three below stand for
    std::vector<std::uint32_t> m_demandGroup, m_supplyGroup, m_flowGroup;
    std::map<Key, std::uint32_t> m_numbers; ///< of groups
    std::vector<Key> m_keyOf;               ///< by group

    SimMicros m_bucket = 0;       ///< where the bucket begins that is being summed up
    SimMicros m_bucketMicros = 0; ///< simulated time its intervals cover so far
    std::vector<Group> m_groups;
    std::array<std::vector<std::int64_t>, aggregate::kLatencies> m_counts; ///< by group, then bucket of the sketch
    std::vector<Found> m_rows;
};

} // namespace

const Row* Table::find(const std::vector<std::string>& keys) const
{
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.keys == keys; });
    return found == rows.end() ? nullptr : &*found;
}

Result<Table> run(const Query& query, const Fleet& fleet,
                  std::span<const std::shared_ptr<const aggregate::Interval>> intervals)
{
    ISOBAR_TRY(checkSplit(query));
    Run pass(query, fleet);
    ISOBAR_TRY(pass.resolveFilters());
    SimMicros from = query.from, to = query.from;
    bool covered = false;
    for (const auto& interval : intervals) {
        if (query.from < query.to && interval->begin < query.to && interval->end > query.from) {
            pass.add(*interval);
            from = covered ? std::min(from, interval->begin) : interval->begin;
            to = std::max(to, interval->end);
            covered = true;
        }
    }
    Table table = pass.finish();
    table.from = from;
    table.to = to;
    return table;
}

Result<Table> runOver(const Query& query, const Fleet& fleet, const aggregate::History& history)
{
    const bool byTime = std::find(query.by.begin(), query.by.end(), Dimension::Time) != query.by.end();
    const SimMicros bucket = byTime && query.bucketMicros > 0 ? query.bucketMicros : 0;
    return run(query, fleet, history.range(query.from, query.to, bucket));
}

} // namespace isobar::query

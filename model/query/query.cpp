// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"

#include "model/query/row_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace isobar::query {
namespace {

using aggregate::Interval;
using aggregate::Layout;
using aggregate::SimMicros;
constexpr std::size_t kMaxDimensions = 4;
using Key = std::array<std::uint32_t, kMaxDimensions>;

bool needsLatency(const Query& query)
{
    return std::any_of(query.measures.begin(), query.measures.end(),
                       [](Measure m) { return info(m).facts == Facts::Latency; });
}

Status checkSplit(const Query& query)
{
    if (query.by.size() > kMaxDimensions) {
        return Error{ErrorCode::InvalidValue, "a query has at most four dimensions", "leave some out"};
    }
    const auto split = [&query](Dimension dimension) {
        return std::find(query.by.begin(), query.by.end(), dimension) != query.by.end() ||
               std::any_of(query.where.begin(), query.where.end(),
                           [dimension](const Filter& f) { return f.dimension == dimension; });
    };
    if (split(Dimension::Time) && query.bucketMicros <= 0 &&
        std::find(query.by.begin(), query.by.end(), Dimension::Time) != query.by.end()) {
        return Error{ErrorCode::InvalidValue, "a query by time needs a bucket width", "give one"};
    }
    for (const Measure measure : query.measures) {
        const MeasureInfo& m = info(measure);
        const char* refused = nullptr;
        if (split(Dimension::Area) && measure != Measure::Requests && measure != Measure::RequestsPerSecond) {
            refused = "area";
        } else if (m.facts == Facts::Supply || m.facts == Facts::Both) {
            refused = split(Dimension::Workload) ? "workload" : split(Dimension::Tier) ? "tier" : nullptr;
        } else if (split(Dimension::Use)) {
            refused = "use";
        }
        if (refused != nullptr) {
            return Error{ErrorCode::InvalidValue,
                         fmt::format("{} is not kept by {}: chips and money belong to placements, requests to "
                                     "workloads, only request counts to user areas",
                                     m.name, refused),
                         "drop that dimension or that measure"};
        }
    }
    return Done{};
}

/// One pass over the intervals, group by group.
class Run {
public:
    Run(const Query& query, const Fleet& fleet)
        : m_query(query)
        , m_keys(fleet)
        , m_latency(needsLatency(query))
    {
    }

    Status resolveFilters()
    {
        for (const Filter& filter : m_query.where) {
            ISOBAR_TRY_ASSIGN(auto ids, m_keys.resolve(filter.dimension, filter.values));
            m_filters.emplace_back(filter.dimension, std::move(ids));
        }
        m_byArea = uses(Dimension::Area);
        return Done{};
    }

    void add(const Interval& interval)
    {
        const SimMicros bucket = m_query.bucketMicros > 0 ? interval.begin / m_query.bucketMicros : 0;
        m_lengths[bucket] += interval.end - interval.begin;
        m_length += interval.end - interval.begin;
        const Layout& layout = *interval.layout;
        if (m_byArea) {
            addFlows(interval, layout, bucket);
        } else {
            addDemand(interval, layout, bucket);
            addSupply(interval, layout, bucket);
        }
    }

    Table finish()
    {
        Table table{m_query.by, m_query.measures, {}, 0, 0};
        const auto time = std::find(m_query.by.begin(), m_query.by.end(), Dimension::Time);
        const auto timeAt = static_cast<std::size_t>(time - m_query.by.begin());
        for (auto& [key, sums] : m_groups) {
            sums.durationMicros = time == m_query.by.end() ? m_length : m_lengths[key[timeAt]];
            Row row;
            for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                row.keys.push_back(m_query.by[i] == Dimension::Time
                                       ? fmt::format("{}", static_cast<double>(key[i] * m_query.bucketMicros) * 1e-6)
                                       : m_keys.name(m_query.by[i], key[i]));
            }
            for (const Measure measure : m_query.measures) {
                row.values.push_back(evaluate(measure, sums));
            }
            table.rows.push_back(std::move(row));
        }
        return table;
    }

private:
    [[nodiscard]] bool uses(Dimension dimension) const
    {
        return std::find(m_query.by.begin(), m_query.by.end(), dimension) != m_query.by.end() ||
               std::any_of(m_filters.begin(), m_filters.end(), [&](const auto& f) { return f.first == dimension; });
    }

    [[nodiscard]] bool passes(const RowKeys::Facets& facets) const
    {
        return std::all_of(m_filters.begin(), m_filters.end(), [&](const auto& filter) {
            const std::uint32_t id = facets[static_cast<std::size_t>(filter.first)];
            return std::binary_search(filter.second.begin(), filter.second.end(), id);
        });
    }

    Accumulator& group(const RowKeys::Facets& facets, SimMicros bucket)
    {
        Key key{};
        for (std::size_t i = 0; i < m_query.by.size(); ++i) {
            key[i] = m_query.by[i] == Dimension::Time ? static_cast<std::uint32_t>(bucket)
                                                      : facets[static_cast<std::size_t>(m_query.by[i])];
        }
        return m_groups[key];
    }

    void addDemand(const Interval& interval, const Layout& layout, SimMicros bucket)
    {
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            const auto facets = m_keys.demand(layout, i);
            if (!passes(facets)) {
                continue;
            }
            Accumulator& sums = group(facets, bucket);
            sums.demand += interval.demand[i];
            if (m_latency && i < interval.latencies.size()) {
                for (std::size_t which = 0; which < aggregate::kLatencies; ++which) {
                    interval.latencies[i][which].addTo(sums.latencies[which]);
                }
            }
        }
    }

    void addSupply(const Interval& interval, const Layout& layout, SimMicros bucket)
    {
        for (std::size_t i = 0; i < interval.supply.size(); ++i) {
            const auto facets = m_keys.supply(layout, i);
            if (!passes(facets)) {
                continue;
            }
            Accumulator& sums = group(facets, bucket);
            const aggregate::SupplyTotals& row = interval.supply[i];
            sums.supply += row;
            const bool training = layout.supply[i].use == aggregate::Use::Training;
            sums.busyChipMicros += training ? row.chipMicros : row.workMicros;
            if (training) {
                for (const std::int64_t cost : row.costMicroUsd) {
                    sums.trainingMicroUsd += cost;
                }
            }
        }
    }

    void addFlows(const Interval& interval, const Layout& layout, SimMicros bucket)
    {
        for (std::size_t i = 0; i < interval.flows.size(); ++i) {
            if (interval.flows[i] == 0) {
                continue;
            }
            const auto facets = m_keys.flow(layout, i / layout.areas, i % layout.areas);
            if (passes(facets)) {
                group(facets, bucket).demand.requests += interval.flows[i];
            }
        }
    }

    const Query& m_query;
    RowKeys m_keys;
    bool m_latency = false, m_byArea = false;
    std::vector<std::pair<Dimension, std::vector<std::uint32_t>>> m_filters;
    std::map<Key, Accumulator> m_groups;
    std::map<SimMicros, SimMicros> m_lengths;
    SimMicros m_length = 0;
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
    SimMicros from = query.to, to = query.from;
    for (const auto& interval : intervals) {
        if (interval->begin < query.to && interval->end > query.from) {
            pass.add(*interval);
            from = std::min(from, interval->begin);
            to = std::max(to, interval->end);
        }
    }
    Table table = pass.finish();
    table.from = from;
    table.to = to;
    return table;
}

} // namespace isobar::query

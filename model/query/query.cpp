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

    void add(const Interval& interval)
    {
        if (interval.layout.get() != m_layout) {
            useLayout(*interval.layout);
        }
        Bucket& bucket = m_buckets[m_byTime ? interval.begin / m_query.bucketMicros : 0];
        bucket.micros += interval.end - interval.begin;
        bucket.groups.resize(m_groups.size());
        addDemand(interval, bucket);
        if (m_byArea) {
            addFlows(interval, bucket);
        } else {
            addSupply(interval, bucket);
        }
    }

    Table finish()
    {
        using SortedKey = std::array<SimMicros, kMaxDimensions>;
        std::vector<std::pair<SortedKey, Accumulator*>> found;
        for (auto& [number, bucket] : m_buckets) {
            for (const auto& [key, group] : m_groups) {
                if (group >= bucket.groups.size() || !bucket.groups[group].seen) {
                    continue;
                }
                SortedKey sorted{};
                for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                    sorted[i] = m_query.by[i] == Dimension::Time ? number : SimMicros{key[i]};
                }
                bucket.groups[group].sums.durationMicros = bucket.micros;
                found.emplace_back(sorted, &bucket.groups[group].sums);
            }
        }
        std::sort(found.begin(), found.end());
        Table table{m_query.by, m_query.measures, {}, 0, 0};
        for (const auto& [key, sums] : found) {
            Row row;
            for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                row.keys.push_back(m_query.by[i] == Dimension::Time
                                       ? fmt::format("{}", static_cast<double>(key[i] * m_query.bucketMicros) * 1e-6)
                                       : m_keys.name(m_query.by[i], static_cast<std::uint32_t>(key[i])));
            }
            for (const Measure measure : m_query.measures) {
                row.values.push_back(evaluate(measure, *sums));
            }
            table.rows.push_back(std::move(row));
        }
        return table;
    }

private:
    /// Indices by position in Query::by; time, which is no property of a row, stays 0.
    using Key = std::array<std::uint32_t, kMaxDimensions>;
    static constexpr std::uint32_t kNoGroup = 0xffffffffu;

    struct Group {
        Accumulator sums;
        bool seen = false; ///< some row of these intervals belongs here
    };
    struct Bucket {
        SimMicros micros = 0; ///< simulated time its intervals cover
        std::vector<Group> groups;
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
        return m_groups.try_emplace(key, static_cast<std::uint32_t>(m_groups.size())).first->second;
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

    void addDemand(const Interval& interval, Bucket& bucket) const
    {
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            const aggregate::DemandTotals& row = interval.demand[i];
            // That everything found a place is not a fact to show.
            const bool nothing = interval.layout->demand[i].placement == Layout::kUnrouted && row == kNoDemand;
            if (m_demandGroup[i] == kNoGroup || nothing) {
                continue;
            }
            Group& group = bucket.groups[m_demandGroup[i]];
            group.seen = true;
            if (m_asksDemand) {
                group.sums.demand += row;
                addLatencies(interval, i, group.sums);
            }
        }
    }

    void addLatencies(const Interval& interval, std::size_t row, Accumulator& sums) const
    {
        for (std::size_t which = 0; which < aggregate::kLatencies; ++which) {
            if (m_asksLatency[which] && row < interval.latencies.size()) {
                sums.latencies.resize(aggregate::kLatencies);
                interval.latencies[row][which].addTo(sums.latencies[which]);
            }
        }
    }

    void addSupply(const Interval& interval, Bucket& bucket) const
    {
        for (std::size_t i = 0; i < interval.supply.size(); ++i) {
            if (m_supplyGroup[i] == kNoGroup) {
                continue;
            }
            Group& group = bucket.groups[m_supplyGroup[i]];
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

    void addFlows(const Interval& interval, Bucket& bucket) const
    {
        for (std::size_t i = 0; i < interval.flows.size(); ++i) {
            if (interval.flows[i] > 0 && m_flowGroup[i] != kNoGroup) {
                Group& group = bucket.groups[m_flowGroup[i]];
                group.seen = true;
                group.sums.demand.requests += interval.flows[i];
            }
        }
    }

    static constexpr aggregate::DemandTotals kNoDemand{};
    const Query& m_query;
    RowKeys m_keys;
    bool m_asksDemand = false, m_asksSupply = false, m_byArea = false, m_byTime = false;
    std::array<bool, aggregate::kLatencies> m_asksLatency{};
    std::vector<std::pair<Dimension, std::vector<std::uint32_t>>> m_filters;

    const Layout* m_layout = nullptr; ///< what the three below stand for
    std::vector<std::uint32_t> m_demandGroup, m_supplyGroup, m_flowGroup;
    std::map<Key, std::uint32_t> m_groups; ///< to positions in Bucket::groups
    std::map<SimMicros, Bucket> m_buckets;
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

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/joint_keys.h"
#include "model/query/query.h"
#include "model/query/time_cut.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <vector>

namespace isobar::query {

/// One pass over the intervals. Which group a row belongs to depends on the layout alone, and layouts change only when
/// placements do: it is looked up once for each layout, so an interval costs plain additions.
class Pass {
public:
    using SimMicros = aggregate::SimMicros;
    using Layout = aggregate::Layout;
    using Interval = aggregate::Interval;
    /// Joint indices (see JointKeys) by position in Query::by; time, which is no property of a row, stays 0.
    using Key = std::array<std::uint32_t, kMaxDimensions>;
    /// The same with where the bucket begins, in an order to show rows in.
    using SortedKey = std::array<SimMicros, kMaxDimensions>;
    using Side = JointKeys::Side;
    /// What all facts sum up to that have that key.
    struct Found {
        SortedKey key{};
        std::vector<double> values;
    };

    /// `kept`: what is not in it goes into one group of kOther; null keeps all. Everything must outlive the pass.
    Pass(const Query& query, const JointKeys& joint, Side side, const TimeCut& cut, const std::set<Key>* kept)
        : m_query(query)
        , m_joint(joint)
        , m_keys(joint.of(side))
        , m_side(side)
        , m_cut(cut)
        , m_kept(kept)
    {
        for (const Measure measure : query.measures) {
            const Facts facts = info(measure).facts;
            m_asksSupply |= facts == Facts::Supply || facts == Facts::Both;
            m_asksDemand |= facts != Facts::Supply;
            m_asksPrices |= query::asksPrices(measure);
            if (const auto quantile = quantileOf(measure)) {
                m_asksLatency[static_cast<std::size_t>(quantile->of)] = true;
            }
        }
        m_byTime = grouped(Dimension::Time);
        m_byArea = split(Dimension::Area);
        m_byPricing = split(Dimension::Pricing);
    }

    /// Intervals ascend in time, so a bucket of time is complete when one of the next begins.
    void add(const Interval& interval)
    {
        if (interval.layout.get() != m_layout) {
            useLayout(*interval.layout);
        }
        const SimMicros number = m_byTime ? m_cut.labelOf(interval.begin) : 0;
        if (number != m_bucket) {
            flush();
            m_bucket = number;
        }
        m_bucketMicros += interval.end - interval.begin;
        addDemand(interval);
        if (m_byArea) {
            addFlows(interval);
        } else if (m_byPricing) {
            addCharges(interval);
        } else {
            addSupply(interval);
        }
    }

    /// What was found, in order of the keys.
    const std::vector<Found>& finish()
    {
        flush();
        std::sort(m_rows.begin(), m_rows.end(), [](const Found& a, const Found& b) { return a.key < b.key; });
        return m_rows;
    }

    /// Simulated time that intervals cover in the bucket that begins there (0 when there are no buckets).
    [[nodiscard]] SimMicros coveredAt(SimMicros label) const
    {
        const auto found = m_covered.find(label);
        return found == m_covered.end() ? 0 : found->second;
    }

    static constexpr SimMicros kSortedOther = SimMicros{1} << 32; ///< what kOther is in a SortedKey

private:
    static constexpr std::uint32_t kNoGroup = 0xffffffffu;

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

    [[nodiscard]] bool grouped(Dimension dimension) const
    {
        return std::find(m_query.by.begin(), m_query.by.end(), dimension) != m_query.by.end();
    }

    [[nodiscard]] bool split(Dimension dimension) const
    {
        return grouped(dimension) ||
               std::any_of(m_query.where.begin(), m_query.where.end(),
                           [dimension](const Filter& filter) { return filter.dimension == dimension; });
    }

    /// The group of a row, made if need be; kNoGroup where a filter keeps it out. Rows of facts nobody asked for make
    /// groups too, so that a pool without requests has 0 of them, but none that is named "(none)".
    std::uint32_t groupOf(const RowKeys::Facets& facets, bool askedFor)
    {
        for (const auto& [dimension, ids] : m_joint.filters(m_side)) {
            if (!std::binary_search(ids.begin(), ids.end(), facets[static_cast<std::size_t>(dimension)])) {
                return kNoGroup;
            }
        }
        Key key{};
        for (std::size_t i = 0; i < m_query.by.size(); ++i) {
            if (m_query.by[i] != Dimension::Time) {
                key[i] = m_joint.joint(m_side, m_query.by[i], facets[static_cast<std::size_t>(m_query.by[i])]);
                if (key[i] == RowKeys::kNone && !askedFor) {
                    return kNoGroup;
                }
            }
        }
        if (m_kept != nullptr && m_kept->count(key) == 0) {
            for (std::size_t i = 0; i < m_query.by.size(); ++i) {
                key[i] = m_query.by[i] == Dimension::Time ? 0 : JointKeys::kOther;
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
        if (m_asksPrices) {
            usePrices(layout);
        }
        m_demandGroup.clear();
        m_supplyGroup.clear();
        m_flowGroup.clear();
        for (std::size_t i = 0; i < layout.demand.size(); ++i) {
            // By area, routed requests are counted as flows.
            const bool counted = !m_byArea || layout.demand[i].placement == Layout::kUnrouted;
            m_demandGroup.push_back(counted ? groupOf(m_keys.demand(layout, i), m_asksDemand) : kNoGroup);
        }
        for (std::size_t i = 0; !m_byArea && i < layout.supply.size(); ++i) {
            for (std::size_t pricing = 0; m_byPricing && pricing < kPricingModels; ++pricing) {
                m_supplyGroup.push_back(groupOf(m_keys.supply(layout, i, static_cast<PricingModel>(pricing)), true));
            }
            if (!m_byPricing) {
                m_supplyGroup.push_back(groupOf(m_keys.supply(layout, i), m_asksSupply));
            }
        }
        for (std::size_t i = 0; m_byArea && i < layout.placements.size() * layout.areas; ++i) {
            m_flowGroup.push_back(groupOf(m_keys.flow(layout, i / layout.areas, i % layout.areas), true));
        }
    }

    /// What each row's model charges.
    void usePrices(const Layout& layout)
    {
        const Fleet& fleet = m_keys.fleet();
        m_demandPrices.clear();
        for (const Layout::DemandRow& row : layout.demand) {
            m_demandPrices.push_back(tokenPrices(fleet[fleet[row.workload].model]));
        }
        m_servesPriced.clear();
        for (const Layout::SupplyRow& row : layout.supply) {
            const bool serves = row.use == aggregate::Use::Serving;
            m_servesPriced.push_back(serves && tokenPrices(fleet[layout.placements[row.placement].model]).has_value());
        }
    }

    static void addRevenue(const aggregate::DemandTotals& row, const std::optional<TokenPrices>& prices,
                           Accumulator& sums)
    {
        const std::int64_t tokens = row.tokensIn + row.tokensOut;
        if (!prices) {
            sums.unpricedTokens += tokens;
            return;
        }
        sums.pricedTokens += tokens;
        sums.revenuePicoUsd += PicoUsd{row.tokensIn} * prices->inputPicoUsd;
        sums.revenuePicoUsd += PicoUsd{row.tokensOut} * prices->outputPicoUsd;
        sums.pricedServingMicroUsd += row.egressMicroUsd;
    }

    void addDemand(const Interval& interval)
    {
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            const aggregate::DemandTotals& row = interval.demand[i];
            // That everything found a place is not a fact to show.
            const bool nothing = interval.layout->demand[i].placement == Layout::kUnrouted && row == kNoDemand;
            if (m_demandGroup[i] == kNoGroup || nothing || (m_byPricing && row.egressMicroUsd == 0)) {
                continue;
            }
            Group& group = m_groups[m_demandGroup[i]];
            group.seen = true;
            if (m_asksDemand) {
                group.sums.demand += row;
            }
            if (m_asksPrices) {
                addRevenue(row, m_demandPrices[i], group.sums);
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

    /// By pricing model only money is asked for: that of a row goes where its parts belong.
    void addCharges(const Interval& interval)
    {
        for (std::size_t i = 0; i < interval.supply.size(); ++i) {
            for (std::size_t pricing = 0; pricing < kPricingModels; ++pricing) {
                const std::int64_t cost = interval.supply[i].costMicroUsd[pricing];
                const std::uint32_t number = m_supplyGroup[i * kPricingModels + pricing];
                if (cost != 0 && number != kNoGroup) {
                    m_groups[number].seen = true;
                    m_groups[number].sums.supply.costMicroUsd[pricing] += cost;
                }
            }
        }
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
                for (const std::int64_t cost : row.costMicroUsd) {
                    group.sums.trainingMicroUsd += cost;
                }
            }
            if (m_asksPrices && m_servesPriced[i]) {
                group.sums.pricedChipMicros += row.chipMicros;
                for (const std::int64_t cost : row.costMicroUsd) {
                    group.sums.pricedServingMicroUsd += cost;
                }
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
                found.key[i] = m_query.by[i] == Dimension::Time ? m_bucket : sortable(m_keyOf[number][i]);
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
        if (m_bucketMicros > 0) {
            m_covered[m_bucket] += m_bucketMicros;
        }
        m_bucketMicros = 0;
    }

    /// After everything else, "(none)" too.
    [[nodiscard]] static SimMicros sortable(std::uint32_t joint)
    {
        return joint == JointKeys::kOther ? kSortedOther : SimMicros{joint};
    }

    static constexpr aggregate::DemandTotals kNoDemand{};
    const Query& m_query;
    const JointKeys& m_joint;
    const RowKeys& m_keys;
    const Side m_side;
    const TimeCut& m_cut;
    const std::set<Key>* const m_kept;
    bool m_asksDemand = false, m_asksSupply = false, m_asksPrices = false, m_byArea = false, m_byPricing = false,
         m_byTime = false;
    std::array<bool, aggregate::kLatencies> m_asksLatency{};

    const Layout* m_layout = nullptr; ///< what the three below stand for
    std::vector<std::uint32_t> m_demandGroup, m_flowGroup;
    std::vector<std::uint32_t> m_supplyGroup;               ///< by pricing: kPricingModels for each row
    std::vector<std::optional<TokenPrices>> m_demandPrices; ///< where prices are asked for; by row of the layout
    std::vector<bool> m_servesPriced;
    std::map<Key, std::uint32_t> m_numbers; ///< of groups
    std::vector<Key> m_keyOf;               ///< by group

    SimMicros m_bucket = 0;       ///< where the bucket begins that is being summed up
    SimMicros m_bucketMicros = 0; ///< simulated time its intervals cover so far
    std::vector<Group> m_groups;
    std::array<std::vector<std::int64_t>, aggregate::kLatencies> m_counts; ///< by group, then bucket of the sketch
    std::vector<Found> m_rows;
    std::map<SimMicros, SimMicros> m_covered; ///< by bucket
};

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"

#include <memory>
#include <random>
#include <vector>

/// Facts nobody simulated: any layout over a fleet's entities, any counts.
namespace isobar::test {

using Intervals = std::vector<std::shared_ptr<const aggregate::Interval>>;

class RandomFacts {
public:
    RandomFacts(const Fleet& fleet, std::uint32_t seed)
        : m_fleet(fleet)
        , m_random(seed)
    {
    }

    /// Uniform in [0, limit).
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(m_random); }

    /// `count` intervals of `width` from `begin` on; half-way the layout grows.
    Intervals intervals(std::size_t count, aggregate::SimMicros width, aggregate::SimMicros begin = 0)
    {
        auto layout = std::make_shared<aggregate::Layout>();
        layout->areas = m_fleet.areas.size();
        for (std::size_t w = 0; w < m_fleet.workloads.size(); ++w) {
            layout->demand.push_back({aggregate::Layout::kUnrouted, WorkloadId(w)});
        }
        for (std::size_t p = 0; p < m_fleet.pools.size(); ++p) {
            layout->supply.push_back({PoolId(p), aggregate::Use::Idle, 0});
            if (below(2) == 0) {
                layout->supply.push_back({PoolId(p), aggregate::Use::Training, 0});
            }
            if (below(3) == 0) {
                layout->supply.push_back({PoolId(p), aggregate::Use::Down, 0});
            }
        }
        grow(*layout, 3);
        Intervals all;
        std::shared_ptr<const aggregate::Layout> now = layout;
        for (std::size_t i = 0; i < count; ++i) {
            if (i == count / 2) {
                auto more = std::make_shared<aggregate::Layout>(*now);
                grow(*more, 2);
                now = more;
            }
            const aggregate::SimMicros at = begin + static_cast<aggregate::SimMicros>(i) * width;
            all.push_back(std::make_shared<const aggregate::Interval>(interval(now, at, at + width)));
        }
        return all;
    }

private:
    void grow(aggregate::Layout& layout, std::size_t placements)
    {
        for (std::size_t i = 0; i < placements; ++i) {
            const auto number = static_cast<std::uint32_t>(layout.placements.size());
            const ModelId model(below(m_fleet.models.size()));
            const PoolId pool(below(m_fleet.pools.size()));
            layout.placements.push_back({model, pool});
            layout.supply.push_back({pool, aggregate::Use::Serving, number});
            for (std::size_t w = 0; w < m_fleet.workloads.size(); ++w) {
                if (m_fleet.workloads[w].model == model) {
                    layout.demand.push_back({number, WorkloadId(w)});
                }
            }
        }
    }

    std::int64_t upTo(std::int64_t limit) { return std::uniform_int_distribution<std::int64_t>(0, limit)(m_random); }

    aggregate::Interval interval(const std::shared_ptr<const aggregate::Layout>& layout, aggregate::SimMicros begin,
                                 aggregate::SimMicros end)
    {
        aggregate::Interval out;
        out.begin = begin;
        out.end = end;
        out.layout = layout;
        out.flows.resize(layout->placements.size() * layout->areas);
        for (const auto& row : layout->demand) {
            const bool unrouted = row.placement == aggregate::Layout::kUnrouted;
            aggregate::DemandTotals d;
            d.requests = unrouted && below(3) > 0 ? 0 : upTo(50);
            std::array<aggregate::SparseSketch, aggregate::kLatencies> latencies;
            if (unrouted) {
                d.rejected = d.requests;
            } else {
                d.completed = upTo(40);
                d.rejected = upTo(3);
                d.lost = upTo(2);
                d.sloMet = upTo(d.completed);
                d.tokensIn = d.completed * upTo(900);
                d.tokensOut = d.completed * upTo(300);
                d.egressMicroUsd = upTo(4000);
                for (auto& kind : latencies) {
                    aggregate::Sketch dense;
                    for (std::int64_t i = 0; i < d.completed; ++i) {
                        dense.add(std::lognormal_distribution<double>(-2, 1)(m_random));
                    }
                    kind = aggregate::SparseSketch::of(dense);
                }
                for (std::int64_t i = 0; i < d.requests; ++i) {
                    ++out.flows[row.placement * layout->areas + below(layout->areas)];
                }
            }
            out.demand.push_back(d);
            out.latencies.push_back(std::move(latencies));
        }
        for (std::size_t i = 0; i < layout->supply.size(); ++i) {
            aggregate::SupplyTotals s;
            s.chipMicros = upTo(200) * (end - begin);
            const aggregate::Use use = layout->supply[i].use;
            const bool works = use == aggregate::Use::Serving || use == aggregate::Use::Training;
            s.workMicros = works ? upTo(s.chipMicros) : 0;
            for (std::int64_t& cost : s.costMicroUsd) {
                cost = upTo(5'000'000);
            }
            s.energyMillijoules = upTo(90'000'000);
            s.carbonMicrograms = upTo(9'000'000);
            out.supply.push_back(s);
        }
        return out;
    }

    const Fleet& m_fleet;
    std::mt19937 m_random;
};

} // namespace isobar::test

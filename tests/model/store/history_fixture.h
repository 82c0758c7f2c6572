// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/history.h"
#include "tests/model/store/store_fixture.h"

#include <memory>
#include <random>
#include <vector>

/// A run of a small fleet, made up from a seed, as an engine would hand it out.
namespace isobar::test {

using aggregate::Interval;
using aggregate::kMicrosPerSecond;
using aggregate::Layout;
using IntervalPointer = std::shared_ptr<const Interval>;

inline std::shared_ptr<const Fleet> historyFleet()
{
    return std::make_shared<const Fleet>(everythingFleet());
}

/// Every kind of row of everythingFleet(): with `placements` of them, alternating between its two models.
inline std::shared_ptr<const Layout> historyLayout(const Fleet& fleet, std::size_t placements)
{
    auto layout = std::make_shared<Layout>();
    layout->areas = fleet.areas.size();
    layout->supply.push_back({PoolId(1), aggregate::Use::Idle, 0});
    layout->supply.push_back({PoolId(0), aggregate::Use::Training, 0});
    layout->supply.push_back({PoolId(0), aggregate::Use::Down, 0});
    for (std::uint32_t workload = 0; workload < 2; ++workload) {
        layout->demand.push_back({Layout::kUnrouted, WorkloadId(workload)});
    }
    for (std::uint32_t i = 0; i < placements; ++i) {
        layout->placements.push_back({ModelId(i % 2), PoolId(i % 3 == 0 ? 1 : 0)});
        layout->demand.push_back({i, WorkloadId(i % 2)});
        layout->supply.push_back({layout->placements.back().pool, aggregate::Use::Serving, i});
    }
    return layout;
}

/// One second of noise, the same for the same seed and begin; many rows are empty.
inline IntervalPointer historySecond(const std::shared_ptr<const Layout>& layout, aggregate::SimMicros begin,
                                     std::uint64_t seed = 1)
{
    std::mt19937_64 random(seed * 7919 + static_cast<std::uint64_t>(begin));
    const auto below = [&random](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
    auto interval = std::make_shared<Interval>();
    interval->begin = begin;
    interval->end = begin + kMicrosPerSecond;
    interval->layout = layout;
    for (std::size_t row = 0; row < layout->demand.size(); ++row) {
        aggregate::DemandTotals d;
        std::array<aggregate::SparseSketch, aggregate::kLatencies> sketches;
        if (below(4) > 0) {
            d.completed = below(40);
            d.requests = d.completed + below(5);
            d.rejected = below(2);
            d.retried = below(2);
            d.sloMet = below(static_cast<std::uint64_t>(d.completed) + 1);
            d.tokensIn = d.completed * below(2000);
            d.tokensOut = d.completed * below(300);
            d.egressMicroUsd = below(1000);
            for (auto& packed : sketches) {
                aggregate::Sketch sketch;
                for (std::int64_t i = 0; i < d.completed; ++i) {
                    sketch.add(0.01 * static_cast<double>(1 + below(1 + 10'000 / static_cast<std::uint64_t>(i + 1))));
                }
                packed = aggregate::SparseSketch::of(sketch);
            }
        }
        interval->demand.push_back(d);
        interval->latencies.push_back(sketches);
    }
    for (std::size_t row = 0; row < layout->supply.size(); ++row) {
        aggregate::SupplyTotals s;
        s.chipMicros = 64 * kMicrosPerSecond;
        s.workMicros = below(64 * kMicrosPerSecond);
        s.costMicroUsd = {below(100'000), 0, 17, below(3)};
        s.energyMillijoules = 64'000 + below(1'000'000);
        s.carbonMicrograms = below(9'000'000);
        interval->supply.push_back(s);
    }
    for (std::size_t i = 0; i < layout->placements.size() * layout->areas; ++i) {
        interval->flows.push_back(below(3) * below(50));
    }
    return interval;
}

inline std::vector<IntervalPointer> historyRun(const std::shared_ptr<const Layout>& layout, std::int64_t seconds,
                                               aggregate::SimMicros begin = 0, std::uint64_t seed = 1)
{
    std::vector<IntervalPointer> all;
    for (std::int64_t i = 0; i < seconds; ++i) {
        all.push_back(historySecond(layout, begin + i * kMicrosPerSecond, seed));
    }
    return all;
}

/// Everything but the layout pointer.
inline bool sameFacts(const Interval& a, const Interval& b)
{
    return a.begin == b.begin && a.end == b.end && a.demand == b.demand && a.latencies == b.latencies &&
           a.supply == b.supply && a.flows == b.flows;
}

inline bool sameLayout(const Layout& a, const Layout& b)
{
    const auto sameRows = [](const auto& x, const auto& y, auto same) {
        return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), same);
    };
    return a.areas == b.areas &&
           sameRows(a.placements, b.placements,
                    [](const auto& x, const auto& y) { return x.model == y.model && x.pool == y.pool; }) &&
           sameRows(
               a.demand, b.demand,
               [](const auto& x, const auto& y) { return x.placement == y.placement && x.workload == y.workload; }) &&
           sameRows(a.supply, b.supply, [](const auto& x, const auto& y) {
               return x.pool == y.pool && x.use == y.use && x.placement == y.placement;
           });
}

} // namespace isobar::test

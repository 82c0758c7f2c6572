// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"
#include "model/proto/shipped.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

/// What tests share that run a fleet and look at what it did.
namespace isobar::engine::runs {

/// Every request is somewhere.
inline bool conserved(const RunTotals& t)
{
    return t.demand.requests == t.demand.completed + t.demand.rejected + t.demand.lost + t.inFlight;
}

/// Steps an Engine or a TimeMachine to that second of its clock, or just past it.
template <class AnyEngine> void runTo(AnyEngine& engine, double seconds)
{
    while (double(engine.now()) < seconds * aggregate::kMicrosPerSecond) {
        engine.step();
    }
}

/// The shipped fleet with an eighth of its replicas, at `load` of what they usually carry.
inline Fleet eighthOfTheSample(double load = 1)
{
    Fleet fleet = proto::shippedSample().value();
    std::vector<double> before(fleet.models.size()), after(fleet.models.size());
    for (Placement& p : fleet.placements) {
        before[p.model.index()] += p.replicas;
        p.replicas = std::max(std::min(p.replicas, 2), p.replicas / 8);
        after[p.model.index()] += p.replicas;
    }
    for (Workload& w : fleet.workloads) {
        w.meanRequestsPerSecond *= load * after[w.model.index()] / before[w.model.index()];
    }
    return fleet;
}

/// Intervals, added up.
struct Sums {
    aggregate::DemandTotals demand;
    aggregate::SupplyTotals supply;
    std::array<aggregate::Sketch, aggregate::kLatencies> latencies;
    std::int64_t workMicros = 0, servingMicros = 0; ///< of the chips that serve

    /// Work of the serving chips / what they could do.
    [[nodiscard]] double utilization() const
    {
        return static_cast<double>(workMicros) / static_cast<double>(servingMicros);
    }
    [[nodiscard]] double sloRatio() const
    {
        return static_cast<double>(demand.sloMet) / static_cast<double>(demand.completed);
    }
    [[nodiscard]] double at(aggregate::Latency kind, double q) const
    {
        return latencies[static_cast<std::size_t>(kind)].quantile(q);
    }
    [[nodiscard]] double microUsd() const
    {
        auto sum = static_cast<double>(demand.egressMicroUsd);
        for (const std::int64_t cost : supply.costMicroUsd) {
            sum += static_cast<double>(cost);
        }
        return sum;
    }
};

/// The counts alone, which are quicker to add up than the latencies.
inline std::pair<aggregate::DemandTotals, aggregate::SupplyTotals>
totalsOf(const std::vector<std::shared_ptr<const aggregate::Interval>>& intervals)
{
    std::pair<aggregate::DemandTotals, aggregate::SupplyTotals> sums;
    for (const auto& interval : intervals) {
        for (const aggregate::DemandTotals& row : interval->demand) {
            sums.first += row;
        }
        for (const aggregate::SupplyTotals& row : interval->supply) {
            sums.second += row;
        }
    }
    return sums;
}

/// Of those that begin at `from` or later.
inline Sums sumOf(const std::vector<std::shared_ptr<const aggregate::Interval>>& intervals, SimMicros from = 0)
{
    Sums sums;
    for (const auto& interval : intervals) {
        if (interval->begin < from) {
            continue;
        }
        for (std::size_t row = 0; row < interval->demand.size(); ++row) {
            sums.demand += interval->demand[row];
            for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
                interval->latencies[row][kind].addTo(sums.latencies[kind]);
            }
        }
        for (std::size_t row = 0; row < interval->supply.size(); ++row) {
            sums.supply += interval->supply[row];
            if (interval->layout->supply[row].use == aggregate::Use::Serving) {
                sums.workMicros += interval->supply[row].workMicros;
                sums.servingMicros += interval->supply[row].chipMicros;
            }
        }
    }
    return sums;
}

} // namespace isobar::engine::runs

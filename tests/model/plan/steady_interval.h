// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"

#include <cmath>
#include <map>
#include <memory>

namespace isobar::test {

/// An hour in which every workload arrives at its mean rate and is spread over its model's placements by replicas,
/// users of a bound workload only over those in their zone. Nothing is simulated.
inline std::shared_ptr<const aggregate::Interval> steadyInterval(const Fleet& fleet)
{
    constexpr double kSeconds = 3600;
    auto layout = std::make_shared<aggregate::Layout>();
    layout->areas = fleet.areas.size();
    aggregate::Interval out;
    out.end = static_cast<aggregate::SimMicros>(kSeconds) * aggregate::kMicrosPerSecond;
    for (const Placement& placement : fleet.placements) {
        layout->placements.push_back({placement.model, placement.pool});
    }
    out.flows.resize(fleet.placements.size() * fleet.areas.size());
    for (std::size_t w = 0; w < fleet.workloads.size(); ++w) {
        const Workload& workload = fleet.workloads[w];
        std::map<std::size_t, std::int64_t> byPlacement;
        for (const auto& [area, share] : workload.areaShares) {
            std::map<std::size_t, double> takers;
            double replicas = 0;
            for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
                const Placement& placement = fleet.placements[p];
                const std::string& zone = fleet[fleet[placement.pool].region].residencyZone;
                if (placement.model == workload.model &&
                    (!workload.residencyBound || fleet[area].residencyZone == zone)) {
                    takers[p] = placement.replicas;
                    replicas += placement.replicas;
                }
            }
            for (const auto& [p, weight] : takers) {
                const std::int64_t requests =
                    replicas > 0 ? std::llround(workload.meanRequestsPerSecond * share * kSeconds * weight / replicas)
                                 : 0;
                out.flows[p * fleet.areas.size() + area.index()] += requests;
                byPlacement[p] += requests;
            }
        }
        for (const auto& [p, requests] : byPlacement) {
            layout->demand.push_back({static_cast<std::uint32_t>(p), WorkloadId(w)});
            out.demand.emplace_back().requests = requests;
        }
    }
    out.latencies.resize(out.demand.size());
    out.layout = layout;
    return std::make_shared<const aggregate::Interval>(std::move(out));
}

} // namespace isobar::test

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/plan/load.h"

#include <map>

namespace isobar::plan {
namespace {

using aggregate::Layout;

/// Requests of each workload and each area at one (model, pool).
struct Seen {
    std::map<WorkloadId, double> byWorkload;
    std::vector<double> byArea;
};

PlacementLoad describe(const Fleet& fleet, ModelId model, const Seen* seen, double share, double seconds)
{
    PlacementLoad load;
    load.areaShares.assign(fleet.areas.size(), 0);
    double weight = 0;
    const auto addLengths = [&](const Workload& workload, double requests) {
        load.meanInputTokens += requests * workload.inputTokens.mean;
        load.meanOutputTokens += requests * workload.outputTokens.mean;
        weight += requests;
    };
    if (seen != nullptr && seconds > 0) {
        for (const auto& [workload, requests] : seen->byWorkload) {
            addLengths(fleet[workload], requests);
            load.workloads.emplace_back(workload, requests * share / seconds);
            load.requestsPerSecond += requests * share / seconds;
        }
        double flows = 0;
        for (const double requests : seen->byArea) {
            flows += requests;
        }
        for (std::size_t i = 0; i < seen->byArea.size() && flows > 0; ++i) {
            load.areaShares[i] = seen->byArea[i] / flows;
        }
    }
    if (weight <= 0) {
        for (const Workload& workload : fleet.workloads) {
            if (workload.model == model) {
                addLengths(workload, workload.meanRequestsPerSecond);
            }
        }
    }
    if (weight > 0) {
        load.meanInputTokens /= weight;
        load.meanOutputTokens /= weight;
    }
    return load;
}

} // namespace

Load loadOf(const Fleet& fleet, std::span<const std::shared_ptr<const aggregate::Interval>> intervals)
{
    std::map<std::pair<ModelId, PoolId>, Seen> seen;
    double seconds = 0;
    for (const auto& interval : intervals) {
        const Layout& layout = *interval->layout;
        seconds += static_cast<double>(interval->end - interval->begin) * 1e-6;
        const auto at = [&](std::size_t placement) -> Seen& {
            const auto& row = layout.placements[placement];
            Seen& s = seen[{row.model, row.pool}];
            s.byArea.resize(layout.areas);
            return s;
        };
        for (std::size_t i = 0; i < interval->demand.size(); ++i) {
            const auto& row = layout.demand[i];
            if (row.placement != Layout::kUnrouted && interval->demand[i].requests > 0) {
                at(row.placement).byWorkload[row.workload] += static_cast<double>(interval->demand[i].requests);
            }
        }
        for (std::size_t i = 0; i < interval->flows.size(); ++i) {
            if (interval->flows[i] > 0) {
                at(i / layout.areas).byArea[i % layout.areas] += static_cast<double>(interval->flows[i]);
            }
        }
    }
    // Two placements of one model in one pool share what was seen by their replicas.
    std::map<std::pair<ModelId, PoolId>, double> replicas;
    for (const Placement& placement : fleet.placements) {
        replicas[{placement.model, placement.pool}] += placement.replicas;
    }
    Load load;
    for (const Placement& placement : fleet.placements) {
        const auto key = std::pair{placement.model, placement.pool};
        const auto found = seen.find(key);
        const double share = replicas[key] > 0 ? placement.replicas / replicas[key] : 0;
        load.placements.push_back(
            describe(fleet, placement.model, found == seen.end() ? nullptr : &found->second, share, seconds));
    }
    return load;
}

} // namespace isobar::plan

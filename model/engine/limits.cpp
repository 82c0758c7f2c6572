// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/limits.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <utility>
#include <vector>

namespace isobar::engine {
namespace {

Error beyond(const std::string& what, double value, double most)
{
    return {.code = ErrorCode::InvalidValue,
            .message = fmt::format("{}: {:g}, and {:g} is the most that can be simulated", what, value, most),
            .advice = "look for a mistyped exponent"};
}

/// The highest product of those at once that raise demand.
double highestSurge(const std::vector<DemandSurge>& surges)
{
    std::vector<std::pair<double, double>> turns; // when, by what the logarithm changes
    for (const DemandSurge& surge : surges) {
        if (surge.ratio > 1) {
            turns.emplace_back(surge.atSeconds, std::log(surge.ratio));
            turns.emplace_back(surge.atSeconds + surge.durationSeconds, -std::log(surge.ratio));
        }
    }
    std::sort(turns.begin(), turns.end()); // what ends at a moment does so before others begin
    double sum = 0, most = 0;
    for (const auto& [at, change] : turns) {
        sum += change;
        most = std::max(most, sum);
    }
    return std::exp(most);
}

/// Requests in the fullest second of a trace.
double busiestSecond(const DemandTrace& trace)
{
    std::size_t most = 0;
    auto first = trace.requests.begin();
    for (auto last = first; last != trace.requests.end(); ++last) {
        while (last->seconds - first->seconds > 1) {
            ++first;
        }
        most = std::max(most, static_cast<std::size_t>(last - first) + 1);
    }
    // One shorter than a second comes several times in it.
    return static_cast<double>(most) / std::min(1.0, std::max(1e-9, trace.lengthSeconds));
}

double highestDemand(const Fleet& fleet, const Operations& operations,
                     const std::map<std::string, std::shared_ptr<const DemandTrace>>& traces, WorkloadId id)
{
    const Workload& workload = fleet[id];
    const WorkloadOperations how = workloadOperations(operations, id);
    if (const auto trace = traces.find(how.trace); !how.trace.empty() && trace != traces.end() && trace->second) {
        return busiestSecond(*trace->second) * how.traceScale;
    }
    return workload.meanRequestsPerSecond * (1 + workload.diurnalAmplitude) * std::max(1.0, how.weekendRatio) *
           std::max(1.0, 1 + how.growthPerYearRatio) * operations.demandRatio * how.demandRatio *
           highestSurge(surgesOf(operations, id));
}

} // namespace

Status checkLimits(const Fleet& fleet, const Operations& operations,
                   const std::map<std::string, std::shared_ptr<const DemandTrace>>& traces)
{
    std::int64_t chips = 0;
    for (const Pool& pool : fleet.pools) {
        chips += std::accumulate(pool.chips.begin(), pool.chips.end(), std::int64_t{0});
    }
    for (const CapacityArrival& arrival : fleet.arrivals) {
        chips += arrival.chips;
    }
    if (chips > kMostChips) {
        return beyond("chips of all pools", static_cast<double>(chips), kMostChips);
    }
    std::vector<std::int64_t> placements(fleet.models.size());
    for (const Placement& placement : fleet.placements) {
        ++placements[placement.model.index()];
    }
    double requests = 0;
    std::int64_t routes = static_cast<std::int64_t>(fleet.placements.size() * fleet.areas.size());
    for (std::size_t w = 0; w < fleet.workloads.size(); ++w) {
        requests += highestDemand(fleet, operations, traces, WorkloadId(w));
        routes += static_cast<std::int64_t>(fleet.workloads[w].areaShares.size()) *
                  placements[fleet.workloads[w].model.index()];
    }
    if (!(requests <= kMostRequestsPerSecond)) {
        return beyond("requests a second of all workloads at their highest", requests, kMostRequestsPerSecond);
    }
    if (routes > kMostRoutes) {
        return beyond("ways from user areas to placements", static_cast<double>(routes), kMostRoutes);
    }
    return Done{};
}

Status checkPace(const serving::IterationModel& model, std::int64_t longestPrompt)
{
    const std::int64_t room = model.kvCapacityTokens;
    const double step = model.decodeSeconds(model.maxBatch, static_cast<double>(room));
    const double prompt = model.mixedSeconds(0, 0, static_cast<double>(std::min(room, longestPrompt)));
    if (!(step <= kMostStepSeconds)) {
        return beyond("seconds for one token of each of a full batch", step, kMostStepSeconds);
    }
    if (!(prompt <= kMostPromptSeconds)) {
        return beyond("seconds for the longest prompt", prompt, kMostPromptSeconds);
    }
    return Done{};
}

Status checkFaultRates(const FaultClock& faults)
{
    const double rate = faults.faultsPerSecond();
    return rate <= kMostFaultsPerSecond ? Status(Done{})
                                        : Status(beyond("faults a second by rate", rate, kMostFaultsPerSecond));
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/routing.h"

#include <algorithm>

namespace isobar::engine {

double nextSpillRatio(const ReportedLoad& load)
{
    const double fullness = load.places > 0 ? load.inFlight / load.places : kSpillAll;
    const double wanted = std::clamp((fullness - kSpillFrom) / (kSpillAll - kSpillFrom), 0.0, 1.0);
    const double change = wanted - load.spillRatio;
    return load.spillRatio + change * (change > 0 ? kSpillRise : kSpillFall);
}

bool routeShares(RoutingPolicy policy, std::span<const std::uint32_t> preferredFirst,
                 std::span<const ReportedLoad> loads, std::vector<double>& cumulative)
{
    cumulative.assign(preferredFirst.size(), 0);
    double left = 1, places = 0;
    for (std::size_t i = 0; i < preferredFirst.size(); ++i) {
        const ReportedLoad& load = loads[preferredFirst[i]];
        if (load.places <= 0) {
            continue;
        }
        places += load.places;
        switch (policy) {
        case RoutingPolicy::NearestWithSpill:
        case RoutingPolicy::CheapestWithinSlo:
        case RoutingPolicy::ReservedFirst:
            cumulative[i] = left * (1 - load.spillRatio);
            left *= load.spillRatio;
            break;
        case RoutingPolicy::Nearest:
            cumulative[i] = left;
            left = 0;
            break;
        case RoutingPolicy::LeastInFlight:
            cumulative[i] = std::max(0.0, load.places - load.inFlight);
            break;
        case RoutingPolicy::Weighted:
        case RoutingPolicy::LatencyAware:
            cumulative[i] = load.places;
            break;
        }
    }
    if (places <= 0) {
        return false;
    }
    double sum = 0;
    for (const double share : cumulative) {
        sum += share;
    }
    // What everyone sent on is shared by size: all are full, and none should be the one that drowns.
    const bool bySize = policy == RoutingPolicy::NearestWithSpill || policy == RoutingPolicy::CheapestWithinSlo ||
                        policy == RoutingPolicy::ReservedFirst;
    const double extra = bySize ? left : sum > 0 ? 0 : 1;
    sum += extra;
    double running = 0;
    for (std::size_t i = 0; i < cumulative.size(); ++i) {
        running += cumulative[i] + extra * loads[preferredFirst[i]].places / places;
        cumulative[i] = running / sum;
    }
    // Rounding must not leave a sliver beyond the last one that serves.
    for (std::size_t i = cumulative.size(); i-- > 0;) {
        cumulative[i] = 1;
        if (loads[preferredFirst[i]].places > 0) {
            break;
        }
    }
    return true;
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/routing.h"

#include <algorithm>
#include <tuple>

namespace isobar::engine {

double nextSpillRatio(const ReportedLoad& load)
{
    const double fullness = load.places > 0 ? load.inFlight / load.places : kSpillAll;
    const double wanted = std::clamp((fullness - kSpillFrom) / (kSpillAll - kSpillFrom), 0.0, 1.0);
    const double change = wanted - load.spillRatio;
    return load.spillRatio + change * (change > 0 ? kSpillRise : kSpillFall);
}

bool prefers(RoutingPolicy policy, const Way& a, const Way& b)
{
    switch (policy) {
    case RoutingPolicy::CheapestWithinSlo:
        // Those too slow even when empty come last: late is better than never.
        return std::tuple(!a.meetsSlo, a.usdPerMillionTokens, a.oneWaySeconds) <
               std::tuple(!b.meetsSlo, b.usdPerMillionTokens, b.oneWaySeconds);
    case RoutingPolicy::ReservedFirst:
        return std::tuple(a.payRank, a.oneWaySeconds) < std::tuple(b.payRank, b.oneWaySeconds);
    case RoutingPolicy::NearestWithSpill:
    case RoutingPolicy::Nearest:
    case RoutingPolicy::LeastInFlight:
    case RoutingPolicy::Weighted:
    case RoutingPolicy::LatencyAware:
        break;
    }
    return a.oneWaySeconds < b.oneWaySeconds;
}

bool routeShares(RoutingPolicy policy, std::span<const ReportedLoad> preferredFirst, std::vector<double>& cumulative)
{
    cumulative.assign(preferredFirst.size(), 0);
    double left = 1, places = 0;
    bool spills = false;
    for (std::size_t i = 0; i < preferredFirst.size(); ++i) {
        const ReportedLoad& load = preferredFirst[i];
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
            spills = true;
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
    const double extra = spills ? left : sum > 0 ? 0 : 1;
    sum += extra;
    double running = 0;
    for (std::size_t i = 0; i < cumulative.size(); ++i) {
        running += cumulative[i] + extra * std::max(0.0, preferredFirst[i].places) / places;
        cumulative[i] = running / sum;
    }
    // Rounding must not leave a sliver beyond the last one that serves.
    for (std::size_t i = cumulative.size(); i-- > 0;) {
        cumulative[i] = 1;
        if (preferredFirst[i].places > 0) {
            break;
        }
    }
    return true;
}

std::size_t bestProbe(std::span<const Probe> probes)
{
    std::size_t best = 0;
    for (std::size_t i = 1; i < probes.size(); ++i) {
        const bool hot = probes[i].fullness > kHot, bestHot = probes[best].fullness > kHot;
        const bool better = hot != bestHot ? bestHot
                            : hot          ? probes[i].fullness < probes[best].fullness
                                           : probes[i].seconds < probes[best].seconds;
        best = better ? i : best;
    }
    return best;
}

} // namespace isobar::engine

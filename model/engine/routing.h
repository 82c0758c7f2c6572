// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <cstdint>
#include <span>
#include <vector>

namespace isobar::engine {

/// What a placement reports at the end of a window.
struct ReportedLoad {
    double inFlight = 0;    ///< running, queued and on their way
    double places = 0;      ///< requests it can hold and still meet its service level; 0 = nothing serves
    double spillRatio = 0;  ///< share of what would come here that is sent on
    double ttftSeconds = 0; ///< of late, without network; 0 = nothing has been answered yet
};

/// The next spill ratio of a placement. What it heads for grows linearly while inFlight goes from kSpillFrom to
/// kSpillAll of its places; it goes up in about four windows and comes down in about fifty. Proportional and damped, so
/// that routers acting on a view one window old settle instead of all leaving and all coming back.
inline constexpr double kSpillFrom = 0.6, kSpillAll = 1.0, kSpillRise = 0.25, kSpillFall = 0.02;
[[nodiscard]] double nextSpillRatio(const ReportedLoad& load);

/// What a gateway knows of a placement for good.
struct Way {
    std::uint32_t placement = 0;
    double oneWaySeconds = 0;
    double usdPerMillionTokens = 0; ///< of its chips at a full batch
    double emptyTtftSeconds = 0;    ///< of its replicas when they have nothing else to do, without network
    bool meetsSlo = true;           ///< when empty, network included
    std::int32_t payRank = 0;       ///< how its last chip is paid for, as PricingModel counts: 0 = reserved
};

/// Whether `policy` prefers `a` to `b`; ties go to the nearer, then to the first.
[[nodiscard]] bool prefers(RoutingPolicy policy, const Way& a, const Way& b);

/// Fills `cumulative` with the running sum of the shares of the candidates, given in the order the policy prefers them;
/// the last is 1. For LatencyAware these are the chances of being probed. False, and nothing filled, when no candidate
/// serves.
bool routeShares(RoutingPolicy policy, std::span<const ReportedLoad> preferredFirst, std::vector<double>& cumulative);

/// Of what was probed, the one to send to (index): the quickest, network included, of those that are not hot; the
/// emptiest when all are. Hot means fuller than kHot of its places. After Prequal (Wydrowski et al., NSDI 2024), which
/// takes a quantile of what it has probed for the bound.
struct Probe {
    double fullness = 0; ///< in flight / places
    double seconds = 0;  ///< expected to the first token, network included
};
inline constexpr double kHot = 0.85;
[[nodiscard]] std::size_t bestProbe(std::span<const Probe> probes);

} // namespace isobar::engine

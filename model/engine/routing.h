// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <cstdint>
#include <span>
#include <vector>

namespace isobar::engine {

/// What a placement reports at the end of a window.
struct ReportedLoad {
    double inFlight = 0;   ///< running, queued and on their way
    double places = 0;     ///< requests it can hold and still meet its service level; 0 = nothing serves
    double spillRatio = 0; ///< share of what would come here that is sent on
};

/// The next spill ratio of a placement. What it heads for grows linearly while inFlight goes from kSpillFrom to
/// kSpillAll of its places; it goes up in about four windows and comes down in about fifty. Proportional and damped, so
/// that routers acting on a view one window old settle instead of all leaving and all coming back.
inline constexpr double kSpillFrom = 0.6, kSpillAll = 1.0, kSpillRise = 0.25, kSpillFall = 0.02;
[[nodiscard]] double nextSpillRatio(const ReportedLoad& load);

/// Fills `cumulative` with the running sum of the shares of the candidates (given in the order the policy prefers them,
/// as indices into `loads`); the last is 1. For LatencyAware these are the chances of being probed. False, and nothing
/// filled, when no candidate serves.
bool routeShares(RoutingPolicy policy, std::span<const std::uint32_t> preferredFirst,
                 std::span<const ReportedLoad> loads, std::vector<double>& cumulative);

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace isobar::engine {

/// How a gateway spreads one source's requests over the placements of its model.
enum class RoutingPolicy : std::uint8_t {
    NearestWithSpill, ///< the nearest by round trip until it is as full as its service level allows, then the next
    Nearest,          ///< the nearest that serves, however full
    LeastInFlight,    ///< in proportion to free places
    Weighted,         ///< in proportion to places
};

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

/// Fills `cumulative` with the running sum of the shares of the candidates (given nearest first, as indices into
/// `loads`); the last is 1. False, and nothing filled, when no candidate serves.
bool routeShares(RoutingPolicy policy, std::span<const std::uint32_t> nearestFirst, std::span<const ReportedLoad> loads,
                 std::vector<double>& cumulative);

} // namespace isobar::engine

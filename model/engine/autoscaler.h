// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <cstdint>

namespace isobar::engine {

/// How many replicas a placement should have by its rule: up at once, by as many as the load asks for; down only after
/// the load has asked for fewer all the time, and then by the most it asked for meanwhile. As a horizontal pod
/// autoscaler does, on requests in flight instead of processor time.
class Autoscaler {
public:
    static constexpr double kPeriodSeconds = 10;   ///< between two looks
    static constexpr double kToleranceRatio = 0.1; ///< nearer to the target nothing changes

    Autoscaler(const AutoscaleRule& rule, std::int32_t replicas);

    /// `active`: serving or warming up. `inFlight` requests; each replica holds `placesPerReplica` within its service
    /// level. Call at most once a window.
    [[nodiscard]] std::int32_t wanted(double now, std::int32_t active, double inFlight, double placesPerReplica);
    [[nodiscard]] const AutoscaleRule& rule() const { return m_rule; }
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    AutoscaleRule m_rule;
    std::int32_t m_wanted;
    std::int32_t m_mostAsked = 0; ///< since the load began to ask for fewer
    double m_belowSince = -1;     ///< -1 = it does not
    double m_nextLook = 0;
};

} // namespace isobar::engine

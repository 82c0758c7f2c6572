// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/autoscaler.h"
#include "model/engine/random.h"

#include <algorithm>
#include <cmath>

namespace isobar::engine {

Autoscaler::Autoscaler(const AutoscaleRule& rule, std::int32_t replicas)
    : m_rule(rule)
    , m_wanted(std::clamp(replicas, rule.minReplicas, rule.maxReplicas))
{
}

std::int32_t Autoscaler::wanted(double now, std::int32_t active, double inFlight, double placesPerReplica)
{
    if (now < m_nextLook) {
        return m_wanted;
    }
    m_nextLook = now + kPeriodSeconds;
    const double asked = std::ceil(inFlight / std::max(1e-9, placesPerReplica * m_rule.targetRatio));
    const auto bounded =
        static_cast<std::int32_t>(std::clamp(asked, double{1} * m_rule.minReplicas, double{1} * m_rule.maxReplicas));
    const double change = active > 0 ? static_cast<double>(bounded) / active - 1 : bounded;
    if (bounded > active && change > kToleranceRatio) {
        m_wanted = bounded;
        m_belowSince = -1;
    } else if (bounded < active && change < -kToleranceRatio) {
        m_mostAsked = m_belowSince < 0 ? bounded : std::max(m_mostAsked, bounded);
        m_belowSince = m_belowSince < 0 ? now : m_belowSince;
        if (now - m_belowSince >= m_rule.scaleDownAfterSeconds) {
            m_wanted = m_mostAsked;
            m_belowSince = -1;
        }
    } else {
        m_belowSince = -1;
        m_wanted = std::clamp(m_wanted, m_rule.minReplicas, m_rule.maxReplicas);
    }
    return m_wanted;
}

std::uint64_t Autoscaler::hash(std::uint64_t hash) const
{
    hash =
        mix(hash, std::uint64_t{static_cast<std::uint32_t>(m_wanted)} << 32 | static_cast<std::uint32_t>(m_mostAsked));
    hash = mix(hash, std::bit_cast<std::uint64_t>(m_belowSince));
    return mix(hash, std::bit_cast<std::uint64_t>(m_nextLook));
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/demand_source.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isobar::engine {

DemandSource::DemandSource(const Workload& workload, WorkloadId workloadId, AreaId area, double share,
                           double firstLocalHour, Random random, std::shared_ptr<const LengthTable> input,
                           std::shared_ptr<const LengthTable> output)
    : m_workloadId(workloadId)
    , m_area(area)
    , m_meanRate(workload.meanRequestsPerSecond * share)
    , m_amplitude(workload.diurnalAmplitude)
    , m_peakLocalHour(workload.peakLocalHour)
    , m_firstLocalHour(firstLocalHour)
    , m_burstiness(workload.burstiness)
    , m_random(random)
    , m_input(std::move(input))
    , m_output(std::move(output))
    , m_due(m_random.exponential())
{
}

void DemandSource::addCandidate(std::uint32_t placement, std::uint32_t feeder, double oneWaySeconds)
{
    const auto at = std::find_if(m_candidates.begin(), m_candidates.end(),
                                 [&](const Candidate& c) { return c.oneWaySeconds > oneWaySeconds; });
    m_candidates.insert(at, Candidate{placement, feeder, oneWaySeconds, {}, 0});
    m_order.clear();
    for (std::size_t i = 0; i < m_candidates.size(); ++i) {
        m_order.push_back(m_candidates[i].placement);
        m_position.resize(std::max<std::size_t>(m_position.size(), m_candidates[i].placement + 1));
        m_position[m_candidates[i].placement] = static_cast<std::uint32_t>(i);
    }
}

double DemandSource::gap()
{
    constexpr double kRegular = 1e-6; // below it the gaps are equal
    if (m_burstiness == 1) {
        return m_random.exponential();
    }
    return m_burstiness < kRegular ? 1 : m_random.gamma(m_burstiness);
}

double DemandSource::rate(double seconds) const
{
    const double hour = m_firstLocalHour + seconds / 3600;
    return m_meanRate * (1 + m_amplitude * std::cos(2 * std::numbers::pi * (hour - m_peakLocalHour) / 24));
}

void DemandSource::addRates(RoutingPolicy policy, std::span<const ReportedLoad> loads, std::vector<double>& byPlacement)
{
    if (!routeShares(policy, m_order, loads, m_shares)) {
        return;
    }
    double last = 0;
    for (std::size_t i = 0; i < m_candidates.size(); ++i) {
        byPlacement[m_candidates[i].placement] += rate(0) * (m_shares[i] - last);
        last = m_shares[i];
    }
}

void DemandSource::draw(double begin, double end, RoutingPolicy policy, std::span<const ReportedLoad> loads)
{
    for (Candidate& candidate : m_candidates) {
        candidate.outbox.clear();
    }
    // The rate is taken as constant over a window: a day has 864,000 of them.
    const double rateNow = rate((begin + end) / 2);
    const double gapsInWindow = rateNow * (end - begin);
    if (m_due >= gapsInWindow) {
        m_due -= gapsInWindow;
        return;
    }
    const bool routed = routeShares(policy, m_order, loads, m_shares);
    for (; m_due < gapsInWindow; m_due += gap()) {
        const std::uint32_t sequence = m_sequence++;
        const std::uint32_t input = m_input->draw(m_random.bits());
        const std::uint32_t output = m_output->draw(m_random.bits());
        if (!routed) {
            ++m_unrouted;
            continue;
        }
        const double point = m_random.uniform();
        std::size_t choice = 0;
        while (m_shares[choice] <= point) {
            ++choice;
        }
        Candidate& to = m_candidates[choice];
        ++to.routed;
        to.outbox.push_back({begin + m_due / rateNow + to.oneWaySeconds, to.feeder, sequence, input, output});
    }
    m_due -= gapsInWindow;
}

void DemandSource::clearCounts()
{
    m_unrouted = 0;
    for (Candidate& candidate : m_candidates) {
        candidate.routed = 0;
    }
}

const std::vector<Arrival>& DemandSource::outboxFor(std::uint32_t placement) const
{
    return m_candidates[m_position[placement]].outbox;
}

std::uint64_t DemandSource::hash(std::uint64_t hash) const
{
    hash = m_random.hash(hash);
    hash = mix(hash, std::bit_cast<std::uint64_t>(m_due));
    return mix(hash, m_sequence);
}

} // namespace isobar::engine

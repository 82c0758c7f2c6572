// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/demand_source.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace isobar::engine {
namespace {

/// Sessions a source remembers: enough that the turns of one rarely find it forgotten, few enough to stay in cache.
constexpr std::size_t kSessions = 256;
/// Work that may wait goes to placements while they are emptier than this, and fills up so much of what is free in a
/// window: many sources see the same free places.
constexpr double kDeferAbove = 0.7, kDeferGain = 0.05;

} // namespace

DemandSource::DemandSource(const Options& options, const DemandShape& shape, const GapLawDraw& gaps, Random random,
                           std::shared_ptr<const LengthTable> input, std::shared_ptr<const LengthTable> output,
                           std::shared_ptr<const DemandTrace> trace)
    : m_options(options)
    , m_shape(shape)
    , m_gaps(gaps)
    , m_random(random)
    , m_input(std::move(input))
    , m_output(std::move(output))
    , m_trace(std::move(trace))
    , m_due(m_random.exponential())
{
}

void DemandSource::addCandidate(const Way& way, std::uint32_t feeder)
{
    const auto at = std::find_if(m_candidates.begin(), m_candidates.end(),
                                 [&](const Candidate& c) { return prefers(m_options.policy, way, c.way); });
    // What a placement reports at the end of a window has been read by the start of the next; on top the way here.
    const auto late = static_cast<std::uint32_t>(std::ceil(way.oneWaySeconds / m_options.windowSeconds - 1e-9));
    m_candidates.insert(at, Candidate{way, feeder, late, static_cast<std::uint32_t>(m_candidates.size())});
    for (std::size_t i = 0; i < m_candidates.size(); ++i) {
        const std::uint32_t placement = m_candidates[i].way.placement;
        m_position.resize(std::max<std::size_t>(m_position.size(), placement + 1));
        m_position[placement] = static_cast<std::uint32_t>(i);
    }
}

void DemandSource::addRates(std::span<const ReportedLoad> loads, std::vector<double>& byPlacement)
{
    m_view.clear();
    for (const Candidate& candidate : m_candidates) {
        m_view.push_back(loads[candidate.way.placement]);
    }
    if (!routeShares(m_options.policy, m_view, m_shares)) {
        return;
    }
    double last = 0;
    for (std::size_t i = 0; i < m_candidates.size(); ++i) {
        byPlacement[m_candidates[i].way.placement] += rate(0) * (m_shares[i] - last);
        last = m_shares[i];
    }
}

void DemandSource::lookAround()
{
    if (m_looked) {
        return;
    }
    m_looked = true;
    const auto look = [this](bool coolAsWell) {
        m_view.clear();
        for (const Candidate& candidate : m_candidates) {
            m_view.push_back(m_board->seen(candidate.way.placement, candidate.windowsLate));
            if (std::isinf(candidate.delayRatio) || (!coolAsWell && candidate.coolUntilSeconds > m_begin)) {
                m_view.back().places = 0;
            }
        }
        return routeShares(m_options.policy, m_view, m_shares);
    };
    // When all that serve are cooling down, one of those is better than nothing.
    m_routed = look(false) || look(true);
}

void DemandSource::draw(double begin, double end, const LoadBoard& board)
{
    m_begin = begin;
    m_board = &board;
    m_looked = false;
    if (!m_out.empty()) {
        m_out.clear();
        for (Candidate& candidate : m_candidates) {
            candidate.sent = 0;
        }
    }
    tryAgain(end);
    releaseHeld();
    if (m_trace) {
        drawFromTrace(begin, end);
    } else {
        drawFromLaws(begin, end);
    }
    sortOut();
}

/// Orders what was drawn by candidate, keeping the order of each.
void DemandSource::sortOut()
{
    if (m_drawn.empty()) {
        return;
    }
    m_outBegin.assign(m_candidates.size() + 1, 0);
    for (const Candidate& candidate : m_candidates) {
        m_outBegin[candidate.number + 1] = candidate.sent;
    }
    for (std::size_t i = 1; i < m_outBegin.size(); ++i) {
        m_outBegin[i] += m_outBegin[i - 1];
    }
    m_out.resize(m_drawn.size());
    m_place.assign(m_outBegin.begin(), m_outBegin.end());
    for (std::size_t i = 0; i < m_drawn.size(); ++i) {
        m_out[m_place[m_drawnFor[i]]++] = m_drawn[i];
    }
    m_drawn.clear();
    m_drawnFor.clear();
}

void DemandSource::drawFromLaws(double begin, double end)
{
    // The rate is taken as constant over a second: a day has 86,400 of them.
    if (const double middle = (begin + end) / 2; middle >= m_rateUntilSeconds) {
        m_rateUntilSeconds = std::floor(middle) + 1;
        m_rate = rate(m_rateUntilSeconds - 0.5);
    }
    const double rateNow = m_rate;
    const double gapsInWindow = rateNow * (end - begin);
    for (; m_due < gapsInWindow; m_due += m_gaps.draw(m_random)) {
        const std::uint32_t input = m_input->draw(m_random.bits());
        const std::uint32_t output = m_output->draw(m_random.bits());
        take({begin + m_due / rateNow, input, output});
    }
    m_due -= gapsInWindow;
}

void DemandSource::drawFromTrace(double begin, double end)
{
    const double length = m_trace->lengthSeconds;
    const double zero = m_options.traceShiftSeconds - m_options.clockZeroSeconds; // engine's seconds to the trace's
    const double copies = m_options.traceScale * m_options.share;
    // A window may reach over the trace's end: piece by piece.
    for (double at = begin; at < end;) {
        const double rounds = std::floor((at + zero) / length);
        const double offset = rounds * length - zero;
        const double until = std::min(end, offset + length);
        if (!(until > at)) {
            break; // rounding at the seam
        }
        auto request = std::lower_bound(m_trace->requests.begin(), m_trace->requests.end(), at - offset,
                                        [](const DemandTrace::Request& r, double t) { return r.seconds < t; });
        for (; request != m_trace->requests.end() && request->seconds < until - offset; ++request) {
            const auto times = static_cast<std::int64_t>(copies + m_random.uniform());
            for (std::int64_t i = 0; i < times; ++i) {
                take({request->seconds + offset, request->inputTokens, request->outputTokens});
            }
        }
        at = until;
    }
}

void DemandSource::take(const Asked& asked)
{
    if (m_options.deferSeconds > 0) {
        m_held.push_back(asked);
        return;
    }
    send(asked.seconds, asked, 1);
}

void DemandSource::releaseHeld()
{
    if (m_heldFirst == m_held.size()) {
        return;
    }
    lookAround();
    double room = 0;
    for (const ReportedLoad& load : m_view) {
        room += std::max(0.0, kDeferAbove * load.places - load.inFlight);
    }
    auto most = static_cast<std::int64_t>(std::ceil(room * kDeferGain));
    for (; m_heldFirst < m_held.size(); ++m_heldFirst) {
        const Asked& asked = m_held[m_heldFirst];
        const bool overdue =
            asked.seconds + m_options.deferSeconds <= m_begin || m_held.size() - m_heldFirst > m_options.mostWaiting;
        if (!overdue && most-- <= 0) {
            break;
        }
        send(m_begin, asked, 1);
    }
    // Now and then, so that taking from the front stays cheap.
    if (m_heldFirst > 1024 && m_heldFirst * 2 > m_held.size()) {
        m_held.erase(m_held.begin(), m_held.begin() + static_cast<std::ptrdiff_t>(m_heldFirst));
        m_heldFirst = 0;
    }
}

void DemandSource::takeBack(const Bounce& bounce)
{
    const double pause = m_again.size() < m_options.mostWaiting
                             ? m_options.retry.backoffSeconds * std::exp2(std::min(20, bounce.attempt - 1))
                             : 0;
    m_again.push_back({bounce.failedSeconds + pause,
                       {bounce.askedSeconds, bounce.inputTokens, bounce.outputTokens},
                       static_cast<std::uint8_t>(bounce.attempt + 1)});
    if (!bounce.cools) {
        return;
    }
    Candidate& failed = m_candidates[m_position[bounce.placement]];
    failed.coolUntilSeconds = std::max(failed.coolUntilSeconds, bounce.failedSeconds + m_options.retry.coolDownSeconds);
}

void DemandSource::tryAgain(double end)
{
    std::size_t kept = 0;
    for (const Again& again : m_again) {
        if (again.dueSeconds < end) {
            send(std::max(m_begin, again.dueSeconds), again.asked, again.attempt);
        } else {
            m_again[kept++] = again;
        }
    }
    m_again.resize(kept);
}

void DemandSource::send(double now, const Asked& asked, std::uint8_t attempt)
{
    const std::uint32_t sequence = m_sequence++;
    lookAround();
    if (!m_routed) {
        ++m_unrouted;
        return;
    }
    Candidate& to = m_candidates[choose()];
    ++to.routed;
    ++to.sent;
    m_drawnFor.push_back(to.number);
    // What a slow link adds on the way there and back is waiting, as far as the placement is concerned.
    const double extra = (to.delayRatio - 1) * to.way.oneWaySeconds;
    m_drawn.push_back({now + to.way.oneWaySeconds + extra, to.feeder, sequence, asked.inputTokens, asked.outputTokens,
                       static_cast<float>(now - asked.seconds + 2 * extra), attempt});
}

std::size_t DemandSource::choose()
{
    const bool probes = m_options.policy == RoutingPolicy::LatencyAware;
    if (m_options.turnsPerSession <= 1) {
        return probes ? probed() : drawn();
    }
    // A follow-up goes where its session is, if that serves; the session's first turn, or a lost one's next, is routed.
    const bool followUp = m_random.uniform() * m_options.turnsPerSession >= 1;
    std::size_t entry = m_sessions.size();
    if (followUp && !m_sessions.empty()) {
        entry =
            Random::below(static_cast<std::uint32_t>(m_random.bits()), static_cast<std::uint32_t>(m_sessions.size()));
        const std::size_t candidate = m_position[m_sessions[entry]];
        if (m_view[candidate].places > 0) {
            return candidate;
        }
    }
    const std::size_t chosen = probes ? probed() : drawn();
    const std::uint32_t placement = m_candidates[chosen].way.placement;
    if (entry < m_sessions.size()) {
        m_sessions[entry] = placement;
    } else if (m_sessions.size() < kSessions) {
        m_sessions.push_back(placement);
    } else {
        m_sessions[m_oldestSession] = placement;
        m_oldestSession = (m_oldestSession + 1) % kSessions;
    }
    return chosen;
}

std::size_t DemandSource::drawn()
{
    const double point = m_random.uniform();
    std::size_t choice = 0;
    while (m_shares[choice] <= point) {
        ++choice;
    }
    return choice;
}

std::size_t DemandSource::probed()
{
    m_probes.clear();
    m_probedAt.clear();
    for (std::int32_t i = 0; i < m_options.probes; ++i) {
        const std::size_t at = drawn();
        const ReportedLoad& load = m_view[at];
        // What went there from here since the report counts as in flight already.
        const double sent = static_cast<double>(m_candidates[at].sent);
        m_probes.push_back(
            {(load.inFlight + sent) / load.places, load.ttftSeconds + 2 * m_candidates[at].way.oneWaySeconds});
        m_probedAt.push_back(at);
    }
    return m_probedAt[bestProbe(m_probes)];
}

void DemandSource::clearCounts()
{
    m_unrouted = 0;
    for (Candidate& candidate : m_candidates) {
        candidate.routed = 0;
    }
}

std::uint64_t DemandSource::hash(std::uint64_t hash) const
{
    hash = m_random.hash(hash);
    hash = mix(hash, std::bit_cast<std::uint64_t>(m_due));
    hash = mix(hash, m_sequence);
    const auto mixAsked = [&](const Asked& asked) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(asked.seconds));
        hash = mix(hash, std::uint64_t{asked.inputTokens} << 32 | asked.outputTokens);
    };
    for (std::size_t i = m_heldFirst; i < m_held.size(); ++i) {
        mixAsked(m_held[i]);
    }
    for (const Again& again : m_again) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(again.dueSeconds));
        mixAsked(again.asked);
    }
    for (const std::uint32_t placement : m_sessions) {
        hash = mix(hash, placement);
    }
    for (const Candidate& candidate : m_candidates) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(candidate.coolUntilSeconds));
    }
    return hash;
}

std::size_t DemandSource::memoryBytes() const
{
    std::size_t bytes = sizeof *this + m_candidates.size() * (sizeof(Candidate) + sizeof(ReportedLoad)) +
                        (m_position.size() + m_sessions.capacity()) * sizeof(std::uint32_t) +
                        m_held.capacity() * sizeof(Asked) + m_again.capacity() * sizeof(Again);
    return bytes + (m_out.capacity() + m_drawn.capacity()) * sizeof(Arrival);
}

} // namespace isobar::engine

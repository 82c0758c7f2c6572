// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/disaggregated.h"

#include <algorithm>
#include <cmath>

namespace isobar::serving {

Status checkPrefill(const PrefillOptions& options)
{
    const double perToken = options.kvBytesPerToken / options.linkBytesPerSecond;
    if (!(perToken >= 0) || !std::isfinite(perToken) || !(options.linkLatencySeconds >= 0) ||
        !std::isfinite(options.linkLatencySeconds)) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = "the transfer of a prompt's KV would take a negative or infinite time",
                     .advice = "check bytes a token, bandwidth and latency of the link"};
    }
    return Done{};
}

PrefillPool::PrefillPool(const IterationTimes& times, const PrefillOptions& options, RouterPolicy router,
                         std::uint64_t seed, std::size_t choices)
    : m_options(options)
    , m_router(router, options.replicas, seed, choices)
{
    m_replicas.reserve(options.replicas);
    for (std::size_t i = 0; i < options.replicas; ++i) {
        m_replicas.emplace_back(times, std::numeric_limits<std::uint32_t>::max());
    }
}

void PrefillPool::arrive(const Request& request, std::span<const std::uint64_t> hashes)
{
    const std::size_t chosen = m_router.pick([&](std::size_t replica) {
        advance(replica, request.arrivalSeconds);
        return m_replicas[replica].inFlight();
    });
    advance(chosen, request.arrivalSeconds);
    m_outputTokens[request.tag] = request.outputTokens;
    Request prompt = request;
    prompt.outputTokens = 1;
    m_replicas[chosen].enqueue(prompt, m_log, hashes);
}

void PrefillPool::advance(std::size_t replica, double seconds)
{
    m_replicas[replica].advance(seconds, m_log);
    for (Completion& done : m_log.completed) {
        done.request.outputTokens = m_outputTokens.at(done.request.tag);
        const double transfer = m_options.linkLatencySeconds +
                                done.request.inputTokens * m_options.kvBytesPerToken / m_options.linkBytesPerSecond;
        const double ready = done.finishSeconds + (done.request.outputTokens > 1 ? transfer : 0);
        m_ready.push({ready, done, static_cast<std::uint32_t>(replica)});
    }
    m_log.completed.clear();
    m_log.started.clear();
}

std::optional<PrefillPool::Prefilled> PrefillPool::next(double seconds)
{
    for (std::size_t replica = 0; replica < m_replicas.size(); ++replica) {
        if (m_replicas[replica].nextEventSeconds() <= seconds) {
            advance(replica, seconds);
        }
    }
    if (m_ready.empty() || m_ready.top().readySeconds > seconds) {
        return std::nullopt;
    }
    const Prefilled first = m_ready.top();
    m_ready.pop();
    m_outputTokens.erase(first.completion.request.tag);
    return first;
}

std::size_t PrefillPool::memoryBytes() const
{
    std::size_t bytes = 0;
    for (const Replica& replica : m_replicas) {
        bytes += replica.memoryBytes();
    }
    return bytes;
}

double PrefillPool::nextEventSeconds() const
{
    double next = m_ready.empty() ? Replica::kNever : m_ready.top().readySeconds;
    for (const Replica& replica : m_replicas) {
        next = std::min(next, replica.nextEventSeconds());
    }
    return next;
}

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"
#include "model/serving/mix.h"

#include <fmt/format.h>

namespace isobar::serving {
namespace {

Error invalid(std::string message, std::string advice)
{
    return Error{.code = ErrorCode::InvalidValue, .message = std::move(message), .advice = std::move(advice)};
}

} // namespace

Result<ReplicaGroup> ReplicaGroup::create(const IterationModel& model, const GroupOptions& options)
{
    if (options.dataParallel < 1 || options.dataParallel > kMaxReplicas) {
        return invalid(fmt::format("a replica cannot have {} data-parallel ranks", options.dataParallel),
                       fmt::format("take 1 to {}", kMaxReplicas));
    }
    if (options.replicas < 1 || options.replicas > kMaxReplicas / options.dataParallel) {
        return invalid(fmt::format("{} replicas cannot be replayed on", options.replicas),
                       fmt::format("take 1 to {}", kMaxReplicas / options.dataParallel));
    }
    if (options.prefill.replicas > kMaxReplicas) {
        return invalid(fmt::format("{} prefill replicas cannot be replayed on", options.prefill.replicas),
                       fmt::format("take at most {}", kMaxReplicas));
    }
    if (options.choices < 1 || options.choices > Router::kMaxChoices) {
        return invalid(fmt::format("a router cannot draw {} replicas for a request", options.choices),
                       fmt::format("take 1 to {}", Router::kMaxChoices));
    }
    ISOBAR_TRY(checkBatching(model, options.policy));
    if (options.prefill.replicas > 0) {
        ISOBAR_TRY(checkPrefill(options.prefill));
        if (options.policy.admission == BatchPolicy::Admission::Reserve) {
            return invalid("prompts prefilled elsewhere are admitted by the blocks they need",
                           "take optimistic admission");
        }
    }
    return ReplicaGroup(std::make_unique<const IterationTimes>(model, options.policy), options);
}

ReplicaGroup::ReplicaGroup(std::unique_ptr<const IterationTimes> times, const GroupOptions& options)
    : m_times(std::move(times))
    , m_dataParallel(options.dataParallel)
    , m_router(options.router, options.replicas, options.seed, options.choices)
{
    m_ranks.reserve(options.replicas * options.dataParallel);
    for (std::size_t i = 0; i < options.replicas * options.dataParallel; ++i) {
        m_ranks.emplace_back(*m_times, std::numeric_limits<std::uint32_t>::max());
    }
    if (options.prefill.replicas > 0) {
        m_prefill.emplace(*m_times, options.prefill, options.router, mix(options.seed, 1), options.choices);
    }
}

std::size_t ReplicaGroup::inFlight() const
{
    std::size_t all = m_prefill ? m_prefill->inFlight() : 0;
    for (const Replica& rank : m_ranks) {
        all += rank.inFlight();
    }
    return all;
}

std::int64_t ReplicaGroup::preemptions() const
{
    return m_log.preemptions + (m_prefill ? m_prefill->log().preemptions : 0);
}

std::int64_t ReplicaGroup::preemptedTokens() const
{
    return m_log.preemptedTokens + (m_prefill ? m_prefill->log().preemptedTokens : 0);
}

std::int64_t ReplicaGroup::events() const
{
    return m_arrivals + m_log.batchChanges + (m_prefill ? m_prefill->log().batchChanges : 0);
}

std::size_t ReplicaGroup::memoryBytes() const
{
    std::size_t bytes = m_prefill ? m_prefill->memoryBytes() : 0;
    for (const Replica& rank : m_ranks) {
        bytes += rank.memoryBytes();
    }
    return bytes;
}

Outcome ReplicaGroup::refused(std::uint32_t number, const Arrival& arrival, Refusal why)
{
    constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
    return {number, arrival.inputTokens, arrival.outputTokens, 0, why, arrival.seconds, kNever, kNever, kNever};
}

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"

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
    if (options.replicas < 1 || options.replicas > kMaxReplicas) {
        return invalid(fmt::format("{} replicas cannot be replayed on", options.replicas),
                       fmt::format("take 1 to {}", kMaxReplicas));
    }
    if (options.choices < 1 || options.choices > Router::kMaxChoices) {
        return invalid(fmt::format("a router cannot draw {} replicas for a request", options.choices),
                       fmt::format("take 1 to {}", Router::kMaxChoices));
    }
    ISOBAR_TRY(checkBatching(model, options.policy));
    return ReplicaGroup(std::make_unique<const IterationTimes>(model, options.policy), options);
}

ReplicaGroup::ReplicaGroup(std::unique_ptr<const IterationTimes> times, const GroupOptions& options)
    : m_times(std::move(times))
    , m_router(options.router, options.replicas, options.seed, options.choices)
{
    m_replicas.reserve(options.replicas);
    for (std::size_t i = 0; i < options.replicas; ++i) {
        m_replicas.emplace_back(*m_times, std::numeric_limits<std::uint32_t>::max());
    }
}

std::size_t ReplicaGroup::inFlight() const
{
    std::size_t all = 0;
    for (const Replica& replica : m_replicas) {
        all += replica.inFlight();
    }
    return all;
}

Outcome ReplicaGroup::refused(std::uint32_t number, double arrivalSeconds, std::uint32_t inputTokens,
                              std::uint32_t outputTokens, Refusal why)
{
    constexpr double kNever = std::numeric_limits<double>::quiet_NaN();
    return {number, inputTokens, outputTokens, 0, why, arrivalSeconds, kNever, kNever, kNever};
}

} // namespace isobar::serving

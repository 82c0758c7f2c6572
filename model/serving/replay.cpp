// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"

#include <cmath>

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
    if (model.maxBatch < 1) {
        return invalid(fmt::format("a batch of at most {} serves nothing", model.maxBatch), "take at least 1");
    }
    for (const double seconds : {model.fixedSeconds, model.perSequenceSeconds, model.perContextTokenSeconds,
                                 model.denseWeightSeconds, model.expertWeightSeconds, model.expertsTouchedPerToken,
                                 model.perTokenComputeSeconds, model.perTokenExpertComputeSeconds, model.exposedRatio,
                                 model.perTokenCommunicationSeconds, model.perPrefillTokenSquaredSeconds}) {
        if (!std::isfinite(seconds) || seconds < 0) {
            return invalid("an iteration would take a negative or infinite time",
                           "check the coefficients: none may be negative");
        }
    }
    if (!(model.decodeSeconds(1, 0) > 0)) {
        return invalid("an iteration would take no time", "check the coefficients: not all may be zero");
    }
    return ReplicaGroup(std::make_unique<const IterationTimes>(model), options);
}

ReplicaGroup::ReplicaGroup(std::unique_ptr<const IterationTimes> times, const GroupOptions& options)
    : m_times(std::move(times))
    , m_replicas(options.replicas, Replica(*m_times, std::numeric_limits<std::uint32_t>::max()))
    , m_router(options.router, options.replicas, options.seed, options.choices)
{
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

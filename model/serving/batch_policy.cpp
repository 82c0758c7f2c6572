// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/batch_policy.h"

#include <cmath>

#include <fmt/format.h>

namespace isobar::serving {
namespace {

Error invalid(std::string message, std::string advice)
{
    return Error{.code = ErrorCode::InvalidValue, .message = std::move(message), .advice = std::move(advice)};
}

} // namespace

Status checkBatching(const IterationModel& model, const BatchPolicy& policy)
{
    if (model.maxBatch < 1) {
        return invalid(fmt::format("a batch of at most {} serves nothing", model.maxBatch), "take at least 1");
    }
    for (const double seconds :
         {model.fixedSeconds, model.perSequenceSeconds, model.perContextTokenSeconds, model.denseWeightSeconds,
          model.expertWeightSeconds, model.expertsTouchedPerToken, model.perTokenComputeSeconds,
          model.perTokenExpertComputeSeconds, model.exposedRatio, model.perTokenCommunicationSeconds,
          model.collectiveSetupSeconds, model.perPrefillTokenSquaredSeconds}) {
        if (!std::isfinite(seconds) || seconds < 0) {
            return invalid("an iteration would take a negative or infinite time",
                           "check the coefficients: none may be negative");
        }
    }
    if (!(model.decodeSeconds(1, 0) > 0)) {
        return invalid("an iteration would take no time", "check the coefficients: not all may be zero");
    }
    if (policy.maxBatchedTokens < 0 || (policy.maxBatchedTokens > 0 && policy.maxBatchedTokens < model.maxBatch)) {
        return invalid(fmt::format("{} tokens an iteration are too few for a batch of {} sequences",
                                   policy.maxBatchedTokens, model.maxBatch),
                       "take at least one for each sequence, or 0 for whole prompts");
    }
    if (policy.kvBlockTokens < 1) {
        return invalid(fmt::format("a KV block of {} tokens holds nothing", policy.kvBlockTokens), "take at least 1");
    }
    if (model.kvCapacityTokens < policy.kvBlockTokens) {
        return invalid(fmt::format("a KV cache of {} tokens has not one block of {}", model.kvCapacityTokens,
                                   policy.kvBlockTokens),
                       "take a larger cache or smaller blocks");
    }
    if (policy.prefixBlockTokens < 0 || policy.prefixBlockTokens % policy.kvBlockTokens != 0) {
        return invalid(fmt::format("prefixes of {} tokens do not end where KV blocks of {} do",
                                   policy.prefixBlockTokens, policy.kvBlockTokens),
                       "take a multiple");
    }
    if (policy.prefixBlockTokens > 0 && policy.admission != BatchPolicy::Admission::Optimistic) {
        return invalid("a prefix cache lives in the blocks that reserving admission keeps for answers",
                       "take optimistic admission");
    }
    if (policy.preemptsLessUrgent && policy.admission != BatchPolicy::Admission::Optimistic) {
        return invalid("reserving admission never preempts, whoever is urgent", "take optimistic admission");
    }
    return Done{};
}

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/serving/iteration_model.h"

#include <cstdint>

namespace isobar::serving {

/// How a replica makes up its batches; the defaults are those of the common runtimes (vLLM V1).
/// How many sequences run at once is IterationModel::maxBatch.
struct BatchPolicy {
    enum class Admission : std::uint8_t {
        Optimistic, ///< takes the KV blocks the prompt needs; who runs out of blocks later preempts another
        Reserve,    ///< takes the blocks for prompt and answer at once, so that nothing is ever preempted
    };
    /// Tokens of one iteration: one for each decoding sequence, then parts of prompts in order of admission.
    /// 0: no parts; an iteration prefills one prompt at most, whole.
    std::int32_t maxBatchedTokens = 8192;
    std::int32_t kvBlockTokens = 16; ///< the KV cache is given out in blocks of so many tokens
    Admission admission = Admission::Optimistic;
    /// Prompts come with one hash for each so many of their tokens, and blocks of equal hash are kept and shared.
    /// 0: no prefix cache. Else a multiple of kvBlockTokens, with Optimistic admission.
    std::int32_t prefixBlockTokens = 0;
    /// Who waits while the batch is full takes the place of the last in the order of (priority, arrival) if that one's
    /// priority is a greater number: one an iteration. Who gives way waits on, keeps its tokens, and computes their KV
    /// anew. With Optimistic admission only.
    bool preemptsLessUrgent = false;
};

/// InvalidValue for a policy that cannot be carried out, a batch below 1, and times that are not finite, negative or,
/// for a decode step, zero: time would stand still or run backwards.
[[nodiscard]] Status checkBatching(const IterationModel& model, const BatchPolicy& policy);

} // namespace isobar::serving

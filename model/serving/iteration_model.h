// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

namespace isobar::serving {

/// What one iteration of a replica works on.
struct IterationLoad {
    double sequences = 0;           ///< decoding: each yields one token
    double contextTokens = 0;       ///< of all decoding sequences together
    double prompts = 0;             ///< of which a part is prefilled
    double promptTokens = 0;        ///< prefilled, of all prompts together
    double promptTokensSquared = 0; ///< sum over prompts of end^2 - begin^2 of the part prefilled: causal attention
};

/// The time one iteration of a replica takes, as a closed form of what is in its batch. Built from architecture,
/// datasheet and measured efficiencies; see docs/measures.md for every term.
///
/// With B sequences decoding over C tokens of context in all, n prompts of which P tokens are prefilled, from s to e,
/// m = B + P tokens in all, and roof(r, c) = max(r, c) + exposed min(r, c) for reading weights and multiplying:
///   t = fixed + (B + n) perSequence + C perContextToken + roof(denseWeight, m perTokenCompute)
///     + roof(expertWeight touched(m), m perTokenExpertCompute)
///     + sum (e^2 - s^2) perPrefillTokenSquared + m perTokenCommunication + min(m perTokenCommunication, setup)
/// Without prompts it is affine in C for a given B: the serving loop rests on that.
struct IterationModel {
    double fixedSeconds = 0; ///< step and layer overheads, latency of the collectives
    double perSequenceSeconds = 0;
    double perContextTokenSeconds = 0;
    double denseWeightSeconds = 0;           ///< reading the weights every token uses
    double expertWeightSeconds = 0;          ///< reading all routed experts
    double expertsTouchedPerToken = 0;       ///< k / E: a batch of n tokens reads 1 - (1 - k/E)^n of the experts
    double perTokenComputeSeconds = 0;       ///< by weights every token uses
    double perTokenExpertComputeSeconds = 0; ///< by the routed experts it goes to
    double exposedRatio = 0; ///< of the shorter of reading and multiplying, what the other does not hide
    double perTokenCommunicationSeconds = 0;
    /// Over PCIe the collectives of an iteration either move twice the bytes, or take so much longer to set up,
    /// whichever is sooner (see buildIterationModel); 0 where the link has a protocol with neither cost.
    double collectiveSetupSeconds = 0;
    double perPrefillTokenSquaredSeconds = 0;
    std::int64_t kvCapacityTokens = 0; ///< tokens of KV cache the replica holds
    std::int32_t maxBatch = 0;
    double errorRatio = 0;      ///< expected relative error of the times
    double kvBytesPerToken = 0; ///< of one sequence, counted once: what moving a prompt to another replica moves
    // What one chip holds: its share of the weights, and of each token of KV cache.
    double weightBytesPerChip = 0, kvBytesPerTokenAndChip = 0;

    [[nodiscard]] double seconds(const IterationLoad& load) const;
    [[nodiscard]] double decodeSeconds(double sequences, double contextTokens) const;
    /// An iteration that also prefills one prompt of `promptTokens`, on top of the decode batch.
    [[nodiscard]] double mixedSeconds(double sequences, double contextTokens, double promptTokens) const;
};

/// Whether the chips of a node talk over PCIe, by the rate of their link.
[[nodiscard]] bool isOverPcie(const AcceleratorType& accelerator);

/// How a replica's work is divided over its chips. With attention data parallelism every group of `tensorParallel`
/// chips holds the attention and dense weights and has sequences and a KV cache of its own; routed experts are divided
/// over the chips of all groups, by halves and quarters of each expert, or whole over `expertParallel` parts.
struct ReplicaLayout {
    std::int32_t tensorParallel = 1;
    std::int32_t attentionDataParallel = 1;
    std::int32_t expertParallel = 1;
    [[nodiscard]] std::int32_t chips() const { return tensorParallel * attentionDataParallel; }
};

/// Fails when the model does not fit (Infeasible, with the bytes needed and there), when the accelerator lacks the
/// precision, or when no efficiency row exists.
[[nodiscard]] Result<IterationModel> buildIterationModel(const ServedModel& model, const AcceleratorType& accelerator,
                                                         Precision precision, const ReplicaLayout& layout,
                                                         std::int32_t maxBatch, const Calibration& calibration);

/// Tensor parallelism alone, as the placements of a fleet have it.
[[nodiscard]] Result<IterationModel> buildIterationModel(const ServedModel& model, const AcceleratorType& accelerator,
                                                         Precision precision, std::int32_t tensorParallel,
                                                         std::int32_t maxBatch, const Calibration& calibration);

/// One replica under a steady stream of requests, in the mean: the fixed point of batch size and iteration time.
/// Against a simulated replica up to three quarters of capacity: batch and ITL within 5 %, TTFT within 20 %. Nearer to
/// capacity the batch swings more than the mean tells, and TTFT is too low.
struct SteadyState {
    double utilizationRatio = 0;          ///< offered work / work at a full batch; may exceed 1
    double capacityRequestsPerSecond = 0; ///< of one replica at a full batch
    double meanBatch = 0;
    double itlSeconds = 0;
    double ttftSeconds = 0;    ///< median, without network
    double ttftP95Seconds = 0; ///< approximation, labelled so wherever shown
};
[[nodiscard]] SteadyState steadyState(const IterationModel& model, double requestsPerSecondPerReplica,
                                      double meanInputTokens, double meanOutputTokens);

/// Replica-seconds one request costs when the batch is full: what its prompt adds to one iteration, and its share of
/// the decode steps after that. The numerator of utilization: a replica that is never short of work reaches 1.
/// The batch is full at maxBatch, or where sequences of `meanContextTokens` fill the KV cache.
[[nodiscard]] double fullBatchWorkSeconds(const IterationModel& model, double inputTokens, double outputTokens,
                                          double meanContextTokens);

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/sketch.h"
#include "model/engine/lengths.h"
#include "model/fleet/fleet.h"
#include "model/serving/iteration_model.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace isobar::engine {

/// The lengths of one workload as a few equally likely classes, each with its mean, and the exact moments of what a
/// LengthTable draws.
struct LengthLaw {
    static constexpr std::size_t kClasses = 64;
    explicit LengthLaw(const LengthTable& table);
    std::array<double, kClasses> classes{}; ///< ascending
    double mean = 0, meanOfSquares = 0;
    double longest = 1;
    double oneRatio = 0; ///< share of lengths of one token
};

/// Masses by Sketch bucket, of a law of durations.
using BucketMass = std::vector<double>;

/// One placement as a fluid: equal replicas of which each sees the same steady stream, in the mean. The batch and the
/// time of an iteration are the fixed point of the same IterationModel the replicas of the per-request mode run:
///   t = (decode(B) ) / (1 - sum rate_w prefill_w(B)),   B = t sum rate_w (output_w - 1)
/// with the prefill averaged over the law of prompts. What exceeds a full batch waits in a queue of the same limit as a
/// replica's.
class FluidPlacement {
public:
    /// Of one workload served here.
    struct Work {
        LengthLaw input, output;
        double contextTokens = 0;      ///< of a running sequence, averaged over its time
        double prefillWorkSeconds = 0; ///< at a full batch, as PlacementRun prices it
        double decodeWorkSeconds = 0;
        double tooLongRatio = 0;          ///< requests that do not fit a replica's KV cache
        std::vector<double> prefillAdds;  ///< by batch size: seconds a prompt adds to an iteration
        std::vector<double> prefillAdds2; ///< the same, squared
    };
    /// In the mean over one step, per replica.
    struct State {
        double batch = 0;
        double iterationSeconds = 0;  ///< with the prompts that ride along
        double decodeSeconds = 0;     ///< without
        double requestsPerSecond = 0; ///< served
        double promptAddsSeconds = 0; ///< mean over the prompts that come
        double promptAddsSquared = 0; ///< the same of its square
        double capacityRatio = 1;     ///< what a full batch can serve / what comes
        double servedRatio = 1;       ///< of what comes
        double fullRatio = 0;         ///< chance that the batch is full when one comes, below saturation
        double fullWaitSeconds = 0;   ///< mean wait of those who find it so
        double queueWaitSeconds = 0;  ///< of the fluid queue
        double swingSeconds = 0;      ///< standard deviation of the time of an iteration, by the prompts in it
        double ttftSeconds = 0;       ///< mean, without network
    };

    FluidPlacement(const serving::IterationModel& model, double meanContextTokens);
    void addWork(const LengthTable& input, const LengthTable& output);

    /// The fixed point for so many requests a second by workload, per replica.
    /// `near`: a batch it may be near, to begin with.
    [[nodiscard]] State steady(std::span<const double> rates, double near) const;
    /// Seconds a request of a workload spends here.
    [[nodiscard]] double residenceSeconds(const State& state, std::size_t work) const;
    [[nodiscard]] const std::vector<Work>& works() const { return m_works; }
    [[nodiscard]] const serving::IterationModel& model() const { return m_model; }

    /// Laws of the durations of a workload's requests: time to first token without network, mean time between tokens,
    /// and what comes after the first token.
    void ttftLaw(const State& state, std::size_t work, BucketMass& mass) const;
    void itlLaw(const State& state, std::size_t work, BucketMass& mass) const;
    /// `ttft`: with network.
    void endToEndLaw(const State& state, std::size_t work, const BucketMass& ttft, BucketMass& mass) const;

private:
    struct Weighted {
        double seconds = 0, weight = 0;
    };
    [[nodiscard]] std::vector<Weighted> promptWaits(const State& state) const;
    [[nodiscard]] double at(const std::vector<double>& byBatch, double batch) const;

    serving::IterationModel m_model;
    double m_meanContext;
    double m_workBatch, m_workContext, m_workDecode; ///< the full batch at which work is priced
    std::vector<double> m_decodeBase;                ///< by batch size, without context
    double m_batchInverse = 1;                       ///< of the largest batch
    std::vector<Work> m_works;
};

} // namespace isobar::engine

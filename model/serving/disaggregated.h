// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/replica.h"
#include "model/serving/router.h"

#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

namespace isobar::serving {

/// Prompts are prefilled on replicas of their own; answers are written elsewhere.
struct PrefillOptions {
    std::size_t replicas = 0; ///< 0: no such replicas, each prefills what it answers
    double kvBytesPerToken = 0;
    double linkBytesPerSecond = 50e9; ///< from any of them to any other; several transfers do not slow each other down
    double linkLatencySeconds = 0;
};
/// InvalidValue for times that are not finite or negative.
[[nodiscard]] Status checkPrefill(const PrefillOptions& options);

/// The prefill replicas of a group behind their router. A prompt gives up its blocks when its first token is out, and
/// its KV is there at the other end after latency + bytes / bandwidth.
class PrefillPool {
public:
    /// A prompt that is through: when its KV has arrived, or, for an answer of one token, when that was given.
    struct Prefilled {
        double readySeconds = 0;
        Completion completion; ///< `request` is the whole one
        std::uint32_t replica = 0;
    };

    /// `times` must outlive the pool.
    PrefillPool(const IterationTimes& times, const PrefillOptions& options, RouterPolicy router, std::uint64_t seed,
                std::size_t choices);

    /// A request at its arrival, whose tag is not the one of another in here; prompt and one token must fit the cache.
    void arrive(const Request& request, std::span<const std::uint64_t> hashes);
    /// Takes out the earliest that is ready by `seconds`. Advances every replica that far first.
    [[nodiscard]] std::optional<Prefilled> next(double seconds);
    /// Prefill replicas' requests and transfers.
    [[nodiscard]] std::size_t inFlight() const { return m_outputTokens.size(); }
    /// The next event of any replica or transfer; Replica::kNever when there is none.
    [[nodiscard]] double nextEventSeconds() const;
    [[nodiscard]] std::size_t memoryBytes() const; ///< of their batches and queues
    [[nodiscard]] const ReplicaLog& log() const { return m_log; }

private:
    struct Later {
        bool operator()(const Prefilled& a, const Prefilled& b) const
        {
            return a.readySeconds != b.readySeconds ? a.readySeconds > b.readySeconds
                                                    : a.completion.request.tag > b.completion.request.tag;
        }
    };
    void advance(std::size_t replica, double seconds);

    PrefillOptions m_options;
    std::vector<Replica> m_replicas;
    Router m_router;
    ReplicaLog m_log;
    std::unordered_map<std::uint32_t, std::uint32_t> m_outputTokens; ///< by tag: here a request answers one token
    std::priority_queue<Prefilled, std::vector<Prefilled>, Later> m_ready;
};

} // namespace isobar::serving

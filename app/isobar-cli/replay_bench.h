// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/serving/iteration_model.h"

#include <cstdint>

namespace isobar::cli {

struct ReplayBenchOptions {
    std::int64_t requests = 10'000'000; ///< in all
    std::size_t replicas = 4;           ///< of each group
    int threads = 1;                    ///< each replays its own group
    double loadRatio = 0.7;             ///< of what a replica can do at a full batch
};

struct ReplayBench {
    std::int64_t requests = 0, completed = 0;
    std::int64_t events = 0;      ///< arrivals and changes of a batch
    std::int64_t preemptions = 0; ///< of running sequences
    double bytesPerInFlight = 0;  ///< of batches and queues, per request in flight in the mean
    double wallSeconds = 0;
    double simulatedSeconds = 0;                  ///< of the longest group
    double meanTtftSeconds = 0, meanInFlight = 0; ///< in flight: per replica, by Little's law
};

/// Replica groups fed with Poisson arrivals whose lengths are like Azure's conversation trace: log-normal, input of
/// mean 1,155 and output of mean 211 tokens. Requests are drawn as they go in, none is kept; drawing is in the time.
/// Routed least in flight. Errors: those of ReplicaGroup::create.
[[nodiscard]] Result<ReplayBench> benchmarkReplay(const serving::IterationModel& model,
                                                  const ReplayBenchOptions& options);

} // namespace isobar::cli

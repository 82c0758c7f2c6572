// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>

namespace isobar::cli {

struct QueueBenchOptions {
    std::int64_t jobs = 10'000'000;
    int servers = 10;
    double loadRatio = 0.9; ///< of each server
};

/// Waits are in mean services.
struct QueueBench {
    std::int64_t jobs = 0;
    double wallSeconds = 0;
    double meanWait = 0, exactMeanWait = 0; ///< exact: Erlang C
};

/// M/M/c on a group of one replica, the same code that replays traces: a place in its batch is a server, an iteration
/// takes 1 / 100,000 of the mean service whatever is in it, answers are of exponential length. Jobs are drawn as they
/// go in, which is in the time, and none is kept. A job starts at the next iteration, so its wait is too long by half
/// an iteration. Errors: those of ReplicaGroup::create.
[[nodiscard]] Result<QueueBench> benchmarkQueue(const QueueBenchOptions& options);

} // namespace isobar::cli

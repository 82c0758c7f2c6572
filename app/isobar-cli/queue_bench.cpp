// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/queue_bench.h"

#include "model/engine/random.h"
#include "model/serving/erlang.h"
#include "model/serving/replay.h"

#include <chrono>
#include <cmath>

namespace isobar::cli {

Result<QueueBench> benchmarkQueue(const QueueBenchOptions& options)
{
    constexpr double kTokens = 1e5; // mean length of an answer; rounding up adds half a token
    serving::IterationModel model;
    model.fixedSeconds = 1 / (kTokens + 0.5);
    model.maxBatch = options.servers;
    model.kvCapacityTokens = std::int64_t{1} << 42; // no limit
    ISOBAR_TRY_ASSIGN(auto group, serving::ReplicaGroup::create(model, {}));

    const double gap = 1 / (options.loadRatio * options.servers);
    engine::Random random(42, 0, 0);
    QueueBench bench;
    double waits = 0, now = 0;
    const auto sink = [&](const serving::Outcome& outcome) {
        waits += outcome.queueSeconds();
        ++bench.jobs;
    };
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < options.jobs; ++i) {
        now += gap * random.exponential();
        group.arrive(now, 1, static_cast<std::uint32_t>(kTokens * random.exponential()) + 1, sink);
    }
    group.drain(sink);
    bench.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bench.meanWait = waits / static_cast<double>(bench.jobs);
    bench.exactMeanWait = serving::erlangC(options.servers, options.loadRatio * options.servers) /
                          (options.servers * (1 - options.loadRatio));
    return bench;
}

} // namespace isobar::cli

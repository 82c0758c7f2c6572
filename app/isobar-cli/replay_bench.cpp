// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/replay_bench.h"

#include "model/engine/lengths.h"
#include "model/engine/random.h"
#include "model/serving/replay.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace isobar::cli {
namespace {

// The Azure 2023 conversation trace, computed: mean, spread and longest of its lengths.
constexpr LengthDistribution kInput{1155, 1.0, 8192}, kOutput{211, 0.8, 2048};

struct Tally {
    std::int64_t completed = 0, events = 0, preemptions = 0;
    std::size_t bytes = 0;
    double ttft = 0, stay = 0, last = 0;
};

Tally replayGroup(serving::ReplicaGroup group, std::int64_t requests, double requestsPerSecond, std::uint64_t number)
{
    const engine::LengthTable input(kInput), output(kOutput);
    engine::Random random(42, 0, number);
    Tally tally;
    const auto sink = [&tally](const serving::Outcome& outcome) {
        ++tally.completed;
        tally.ttft += outcome.ttftSeconds();
        tally.stay += outcome.endToEndSeconds();
        tally.last = std::max(tally.last, outcome.finishSeconds);
    };
    double now = 0;
    for (std::int64_t i = 0; i < requests; ++i) {
        now += random.exponential() / requestsPerSecond;
        const std::uint32_t inputTokens = input.draw(random.bits());
        group.arrive(now, inputTokens, output.draw(random.bits()), sink);
    }
    group.drain(sink);
    tally.events = group.events();
    tally.preemptions = group.preemptions();
    tally.bytes = group.memoryBytes();
    return tally;
}

} // namespace

Result<ReplayBench> benchmarkReplay(const serving::IterationModel& model, const ReplayBenchOptions& options)
{
    const double inputMean = engine::LengthTable(kInput).mean(), outputMean = engine::LengthTable(kOutput).mean();
    const double capacity = 1 / serving::fullBatchWorkSeconds(model, inputMean, outputMean, inputMean + outputMean);
    const double rate = options.loadRatio * capacity * static_cast<double>(options.replicas);
    const serving::GroupOptions group{.replicas = options.replicas, .seed = 42};
    ISOBAR_TRY(serving::ReplicaGroup::create(model, group)); // so that it cannot fail on the threads
    const std::int64_t each = options.requests / options.threads;
    std::vector<Tally> tallies(static_cast<std::size_t>(options.threads));
    const auto start = std::chrono::steady_clock::now();
    {
        // Every thread makes its own group, so that no two of them write to one cache line.
        const auto run = [&](std::size_t number) {
            tallies[number] = replayGroup(*serving::ReplicaGroup::create(model, group), each, rate, number);
        };
        std::vector<std::jthread> others;
        for (std::size_t i = 1; i < tallies.size(); ++i) {
            others.emplace_back(run, i);
        }
        run(0);
    }
    ReplayBench bench;
    bench.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bench.requests = each * options.threads;
    double stay = 0, seconds = 0, bytes = 0;
    for (const Tally& tally : tallies) {
        bench.completed += tally.completed;
        bench.events += tally.events;
        bench.preemptions += tally.preemptions;
        bytes += static_cast<double>(tally.bytes);
        bench.meanTtftSeconds += tally.ttft;
        stay += tally.stay;
        seconds += tally.last;
        bench.simulatedSeconds = std::max(bench.simulatedSeconds, tally.last);
    }
    bench.meanTtftSeconds /= static_cast<double>(bench.completed);
    bench.meanInFlight = stay / seconds / static_cast<double>(options.replicas);
    bench.bytesPerInFlight =
        bytes / static_cast<double>(options.replicas) / static_cast<double>(options.threads) / bench.meanInFlight;
    return bench;
}

} // namespace isobar::cli

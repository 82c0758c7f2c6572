// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/distribution.h"
#include "model/fleet/job.h"
#include "model/fleet/result.h"
#include "model/ingest/trace_file.h"
#include "model/report/stream_file.h"
#include "model/serving/mix.h"
#include "model/serving/replay.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

/// A trace through a group of replicas, and what is counted on the way.
namespace isobar::replay {

/// The four durations every replay reports, in seconds.
struct Latencies {
    aggregate::Distribution ttft, itl, endToEnd, queue;
};

struct Named {
    const char* key;   ///< as in JSON: "ttft_seconds"
    const char* words; ///< "time to first token"
    aggregate::Distribution::Summary summary;
};
/// In the order of the members of Latencies.
[[nodiscard]] std::vector<Named> summarize(Latencies& latencies);

struct Figures {
    std::int64_t arrived = 0; ///< requests that were given to the group
    std::int64_t completed = 0, tooLong = 0, noTokens = 0, badTime = 0;
    std::int64_t inputTokens = 0, outputTokens = 0; ///< of completed requests
    std::int64_t prefixHitTokens = 0;               ///< of inputTokens
    /// Running sequences preempted, and the tokens whose KV they gave up.
    std::int64_t preemptions = 0, preemptedTokens = 0;
    std::int64_t urgent = 0;     ///< completed requests of the urgent tier
    double simulatedSeconds = 0; ///< from the first arrival to the last finish
    double wallSeconds = 0;
    bool stopped = false; ///< Cancel came before the end: figures of what was completed until then
    Latencies latencies;
    Latencies urgentLatencies; ///< of the urgent tier; they are in `latencies` too
    Latencies measured;        ///< what a real server took, of traces that say so

    [[nodiscard]] std::int64_t rejected() const { return tooLong + noTokens + badTime; }
    /// Arrived and neither completed nor rejected; 0 unless stopped.
    [[nodiscard]] std::int64_t unfinished() const { return arrived - completed - rejected(); }
    /// Over the simulated time; NaN where there is none.
    [[nodiscard]] double outputTokensPerSecond() const { return static_cast<double>(outputTokens) / simulatedSeconds; }

    void count(const serving::Outcome& outcome, bool isUrgent = false);
    void countMeasured(const ingest::MeasuredRequest& request);
};

/// Traces have no tiers; this makes two of one trace.
struct Tiers {
    double urgentRatio = 0; ///< of the requests, drawn one by one: admitted first and preempted last
    std::uint64_t seed = 0;

    [[nodiscard]] bool isUrgent(std::uint32_t number) const
    {
        return urgentRatio > 0 && static_cast<double>(serving::mix(seed, number)) * 0x1p-64 < urgentRatio;
    }
    [[nodiscard]] std::uint32_t priorityOf(std::uint32_t number) const
    {
        return urgentRatio > 0 && !isUrgent(number) ? 1 : 0;
    }
};

/// Hands every outcome on with the place its request has in the trace, in order of arrival. Holds what is in flight.
template <class Sink> class WithPlaces {
public:
    explicit WithPlaces(Sink sink)
        : m_inOrder(Placed{{}, std::move(sink)})
    {
    }
    void arriving(const ingest::TraceRow& row) { m_inOrder.sink().places.push_back(row.place); }
    void operator()(const serving::Outcome& outcome) { m_inOrder(outcome); }

private:
    struct Placed {
        std::deque<std::uint64_t> places; ///< of the requests whose outcomes are not handed on yet
        Sink sink;
        void operator()(const serving::Outcome& outcome)
        {
            sink(outcome, places.front());
            places.pop_front();
        }
    };
    serving::InOrder<Placed> m_inOrder;
};

[[nodiscard]] Error tooManyRequests();

/// Replays the rest of `trace` on a new group of replicas of `model`, in memory that does not grow with its length;
/// every outcome goes to the figures and to `observer(const serving::Outcome&)`, in no particular order. Where the
/// observer has arriving(const ingest::TraceRow&), it is told of each request before. Stopped by `job`, the figures so
/// far come back with `stopped` set. Progress: requests completed or rejected, of those that are expected.
/// Errors: those of ReplicaGroup::create and of the trace; more requests than have a number.
template <class Observer>
[[nodiscard]] Result<Figures> run(ingest::TraceStream& trace, const serving::IterationModel& model,
                                  const serving::GroupOptions& options, const JobContext& job, Observer&& observer,
                                  const Tiers& tiers = {})
{
    using Clock = std::chrono::steady_clock;
    constexpr std::int64_t kLookEvery = 256; ///< steps between two looks at clock and stop token
    constexpr std::chrono::milliseconds kReportEvery{20};
    ISOBAR_TRY_ASSIGN(serving::ReplicaGroup group, serving::ReplicaGroup::create(model, options));
    Figures figures;
    const auto sink = [&](const serving::Outcome& outcome) {
        figures.count(outcome, tiers.isUrgent(outcome.number));
        observer(outcome);
    };
    const auto start = Clock::now();
    auto reported = start;
    std::int64_t steps = 0;
    std::int64_t total = trace.summary().expectedRequests;
    job.progress("Replaying", 0, total);
    // One look at the clock and the stop token every so many arrivals or, at the end, changes of a batch.
    const auto goOn = [&] {
        if (steps++ % kLookEvery != 0) {
            return true;
        }
        if (const auto now = Clock::now(); now - reported >= kReportEvery) {
            job.progress("Replaying", figures.completed + figures.rejected(), std::max(total, figures.arrived));
            reported = now;
        }
        return !job.cancelled();
    };
    ingest::TraceRow row;
    for (;;) {
        if (!goOn()) {
            figures.stopped = true;
            break;
        }
        ISOBAR_TRY_ASSIGN(const bool more, trace.next(row));
        if (!more) {
            break;
        }
        if (figures.arrived == std::numeric_limits<std::uint32_t>::max()) {
            return tooManyRequests();
        }
        const auto number = static_cast<std::uint32_t>(figures.arrived++);
        if (trace.summary().measured) {
            figures.countMeasured(row.measured);
        }
        if constexpr (requires { observer.arriving(row); }) {
            observer.arriving(row);
        }
        group.arrive({.seconds = row.arrivalSeconds,
                      .inputTokens = row.inputTokens,
                      .outputTokens = row.outputTokens,
                      .priority = tiers.priorityOf(number),
                      .prefixHashes = row.prefixHashes},
                     sink);
    }
    total = figures.arrived;
    figures.stopped = figures.stopped || !group.drainWhile(sink, goOn);
    figures.preemptions = group.preemptions();
    figures.preemptedTokens = group.preemptedTokens();
    job.progress("Replaying", figures.completed + figures.rejected(), total);
    figures.wallSeconds = std::chrono::duration<double>(Clock::now() - start).count();
    return figures;
}

/// The same without an observer.
[[nodiscard]] Result<Figures> run(ingest::TraceStream& trace, const serving::IterationModel& model,
                                  const serving::GroupOptions& options, const JobContext& job);

/// The same with one CSV row a request in a file, in order of arrival, whole or not at all. `request_id` is the place
/// in the trace; what a refused request never had is left empty. Errors: also those of StreamFile; Cancelled, then
/// there is no file.
[[nodiscard]] Result<Figures> runToCsv(ingest::TraceStream& trace, const serving::IterationModel& model,
                                       const serving::GroupOptions& options, const std::filesystem::path& path,
                                       const JobContext& job, const Tiers& tiers = {});

} // namespace isobar::replay

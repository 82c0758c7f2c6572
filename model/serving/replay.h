// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/serving/replica.h"
#include "model/serving/router.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

/// A stream of requests through equal replicas behind one router.
namespace isobar::serving {

/// Why a request was turned away.
enum class Refusal : std::uint8_t {
    None,
    NoTokens, ///< nothing to read or nothing to write: no such request can be served
    TooLong,  ///< input + output exceed a replica's KV cache
};

/// What became of one request. Seconds of a refused one other than its arrival are NaN.
struct Outcome {
    std::uint32_t number = 0; ///< of the arrival, from 0
    std::uint32_t inputTokens = 0, outputTokens = 0;
    std::uint32_t replica = 0; ///< where it was sent; not meaningful when refused
    Refusal refusal = Refusal::None;
    double arrivalSeconds = 0, startSeconds = 0, firstTokenSeconds = 0, finishSeconds = 0;

    [[nodiscard]] bool completed() const { return refusal == Refusal::None; }
    [[nodiscard]] double queueSeconds() const { return startSeconds - arrivalSeconds; }
    /// At the replica: without any network.
    [[nodiscard]] double ttftSeconds() const { return firstTokenSeconds - arrivalSeconds; }
    /// Mean time between its tokens after the first; NaN when there is only one token.
    [[nodiscard]] double itlSeconds() const
    {
        return outputTokens > 1 ? (finishSeconds - firstTokenSeconds) / (outputTokens - 1)
                                : std::numeric_limits<double>::quiet_NaN();
    }
    [[nodiscard]] double endToEndSeconds() const { return finishSeconds - arrivalSeconds; }
};

struct GroupOptions {
    std::size_t replicas = 1;
    RouterPolicy router = RouterPolicy::LeastInFlight;
    std::uint64_t seed = 0;  ///< of the routers that draw
    std::size_t choices = 2; ///< d of the power-of-d router: replicas drawn for each request
    BatchPolicy policy = {};
};

/// N replicas with unlimited queues behind one router. Requests go in one by one in order of arrival; outcomes come
/// out through `sink(const Outcome&)` as they become known, in no particular order: `InOrder` restores it. Memory is
/// that of the requests in flight, however long the trace. Every request yields exactly one outcome, once drained.
class ReplicaGroup {
public:
    static constexpr std::size_t kMaxReplicas = 100'000;

    /// Errors: InvalidValue for no or too many replicas, a batch below 1, and times that are not finite, negative or,
    /// for a decode step, zero: time would stand still or run backwards.
    [[nodiscard]] static Result<ReplicaGroup> create(const IterationModel& model, const GroupOptions& options);

    /// A request at `arrivalSeconds`, which must not lie before the one before it. At most 2^32 - 1 requests.
    template <class Sink>
    void arrive(double arrivalSeconds, std::uint32_t inputTokens, std::uint32_t outputTokens, Sink&& sink)
    {
        const std::uint32_t number = m_arrivals++;
        if (inputTokens == 0 || outputTokens == 0) {
            sink(refused(number, arrivalSeconds, inputTokens, outputTokens, Refusal::NoTokens));
            return;
        }
        const auto inFlight = [&](std::size_t replica) {
            advance(replica, arrivalSeconds, sink);
            return m_replicas[replica].inFlight();
        };
        const std::size_t replica = m_router.pick(inFlight);
        const auto admission =
            m_replicas[replica].enqueue({arrivalSeconds, inputTokens, outputTokens, number, 0}, m_log);
        report(replica, sink);
        if (admission != Replica::Admission::Accepted) {
            sink(refused(number, arrivalSeconds, inputTokens, outputTokens, Refusal::TooLong));
        }
        // Routers that do not ask leave replicas behind; now and then all catch up, so that outcomes do not pile up.
        if (m_sinceSweep++ >= kSweepEvery * m_replicas.size()) {
            advanceAll(arrivalSeconds, sink);
            m_sinceSweep = 0;
        }
    }
    /// Runs until nothing is left in flight.
    template <class Sink> void drain(Sink&& sink) { advanceAll(std::numeric_limits<double>::max(), sink); }
    /// The same for as long as `goOn()` says so, asked before every batch change; false when it broke off.
    template <class Sink, class GoOn> bool drainWhile(Sink&& sink, GoOn&& goOn)
    {
        constexpr double kEver = std::numeric_limits<double>::max();
        for (std::size_t replica = 0; replica < m_replicas.size(); ++replica) {
            while (m_replicas[replica].nextEventSeconds() <= kEver) {
                if (!goOn()) {
                    return false;
                }
                advance(replica, m_replicas[replica].nextEventSeconds(), sink);
            }
        }
        return true;
    }
    [[nodiscard]] std::size_t inFlight() const;

private:
    static constexpr std::size_t kSweepEvery = 64; ///< arrivals a replica
    ReplicaGroup(std::unique_ptr<const IterationTimes> times, const GroupOptions& options);

    [[nodiscard]] static Outcome refused(std::uint32_t number, double arrivalSeconds, std::uint32_t inputTokens,
                                         std::uint32_t outputTokens, Refusal why);
    template <class Sink> void advance(std::size_t replica, double seconds, Sink& sink)
    {
        if (m_replicas[replica].nextEventSeconds() <= seconds) {
            m_replicas[replica].advance(seconds, m_log);
            report(replica, sink);
        }
    }
    template <class Sink> void advanceAll(double seconds, Sink& sink)
    {
        for (std::size_t replica = 0; replica < m_replicas.size(); ++replica) {
            // In steps of at most one batch change, so that the log stays short however much is in the queue.
            while (m_replicas[replica].nextEventSeconds() <= seconds) {
                advance(replica, m_replicas[replica].nextEventSeconds(), sink);
            }
        }
    }
    template <class Sink> void report(std::size_t replica, Sink& sink)
    {
        m_log.started.clear();
        for (const Completion& done : m_log.completed) {
            sink(Outcome{done.request.tag, done.request.inputTokens, done.request.outputTokens,
                         static_cast<std::uint32_t>(replica), Refusal::None, done.request.arrivalSeconds,
                         done.startSeconds, done.firstTokenSeconds, done.finishSeconds});
        }
        m_log.completed.clear();
    }

    std::unique_ptr<const IterationTimes> m_times; ///< the replicas point to it, so it stays when the group moves
    std::vector<Replica> m_replicas;
    Router m_router;
    ReplicaLog m_log;
    std::uint32_t m_arrivals = 0;
    std::size_t m_sinceSweep = 0;
};

/// Hands outcomes on in the order of their arrival. Holds those that overtook an unfinished one, so its memory is that
/// of the requests that arrive during the longest stay.
template <class Sink> class InOrder {
public:
    explicit InOrder(Sink sink)
        : m_sink(std::move(sink))
    {
    }
    void operator()(const Outcome& outcome)
    {
        const std::size_t place = outcome.number - m_first;
        if (place >= m_held.size()) {
            m_held.resize(place + 1);
        }
        m_held[place] = {outcome, true};
        for (; !m_held.empty() && m_held.front().known; ++m_first) {
            m_sink(m_held.front().outcome);
            m_held.pop_front();
        }
    }
    [[nodiscard]] std::size_t held() const { return m_held.size(); }

private:
    struct Held {
        Outcome outcome;
        bool known = false;
    };
    Sink m_sink;
    std::uint32_t m_first = 0; ///< number of the front
    std::deque<Held> m_held;
};

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/serving/disaggregated.h"
#include "model/serving/replica.h"
#include "model/serving/router.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

/// A stream of requests through equal replicas behind one router.
namespace isobar::serving {

/// Why a request was turned away.
enum class Refusal : std::uint8_t {
    None,
    NoTokens, ///< nothing to read or nothing to write: no such request can be served
    TooLong,  ///< input + output exceed a replica's KV cache
    BadTime,  ///< arrives before time 0 or before the one in front of it, or at no time at all
};

/// What became of one request. Seconds of a refused one other than its arrival are NaN.
struct Outcome {
    std::uint32_t number = 0; ///< of the arrival, from 0
    std::uint32_t inputTokens = 0, outputTokens = 0;
    std::uint32_t replica =
        0; ///< where it was answered; a prefill replica counts after all others; not meaningful when refused
    Refusal refusal = Refusal::None;
    double arrivalSeconds = 0, startSeconds = 0, firstTokenSeconds = 0, finishSeconds = 0;
    std::uint32_t prefixHitTokens = 0; ///< of its input, not prefilled

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

/// A request as it gets to a group.
struct Arrival {
    double seconds = 0;
    std::uint32_t inputTokens = 0, outputTokens = 0;
    std::uint32_t priority = 0;                       ///< lower is admitted first and preempted last
    std::span<const std::uint64_t> prefixHashes = {}; ///< of the prompt's whole prefix blocks; for a prefix cache
};

struct GroupOptions {
    std::size_t replicas = 1;
    RouterPolicy router = RouterPolicy::LeastInFlight;
    std::uint64_t seed = 0;  ///< of the routers that draw
    std::size_t choices = 2; ///< d of the power-of-d router: replicas drawn for each request
    BatchPolicy policy = {};
    /// Data-parallel ranks of a replica, each with a scheduler and a KV cache of its own: a request goes to the replica
    /// the router picks, and there to the rank with the fewest in flight. Ranks do not wait for each other.
    std::size_t dataParallel = 1;
    PrefillOptions prefill = {}; ///< if any, `replicas` only write answers
};

/// N replicas with unlimited queues behind one router. Requests go in one by one in order of arrival; outcomes come
/// out through `sink(const Outcome&)` as they become known, in no particular order: `InOrder` restores it. Memory is
/// that of the requests in flight, however long the trace. Every request yields exactly one outcome, once drained.
class ReplicaGroup {
public:
    static constexpr std::size_t kMaxReplicas = 100'000; ///< data-parallel ranks counted

    /// Errors: InvalidValue for no or too many replicas or choices, and those of checkBatching and checkPrefill.
    [[nodiscard]] static Result<ReplicaGroup> create(const IterationModel& model, const GroupOptions& options);

    template <class Sink>
    void arrive(double arrivalSeconds, std::uint32_t inputTokens, std::uint32_t outputTokens, Sink&& sink)
    {
        arrive(Arrival{arrivalSeconds, inputTokens, outputTokens}, sink);
    }
    /// Requests are numbered as they come, at most 2^32 - 1 of them.
    template <class Sink> void arrive(const Arrival& arrival, Sink&& sink)
    {
        const std::uint32_t number = m_arrivals++;
        if (const Refusal why = refusal(arrival); why != Refusal::None) {
            sink(refused(number, arrival, why));
            return;
        }
        m_latest = arrival.seconds;
        const Request request{arrival.seconds, arrival.inputTokens, arrival.outputTokens, number, arrival.priority};
        if (m_prefill) {
            deliver(arrival.seconds, sink);
            m_prefill->arrive(request, arrival.prefixHashes);
        } else {
            const std::size_t rank = pick(arrival.seconds, sink);
            m_ranks[rank].enqueue(request, m_log, arrival.prefixHashes);
            report(rank, sink);
        }
        // Routers that do not ask leave replicas behind; now and then all catch up, so that outcomes do not pile up.
        if (m_sinceSweep++ >= kSweepEvery * m_ranks.size()) {
            for (std::size_t rank = 0; rank < m_ranks.size(); ++rank) {
                advance(rank, arrival.seconds, sink);
            }
            m_sinceSweep = 0;
        }
    }
    /// Runs until nothing is left in flight.
    template <class Sink> void drain(Sink&& sink)
    {
        drainWhile(sink, [] { return true; });
    }
    /// The same for as long as `goOn()` says so, asked before every batch change; false when it broke off.
    template <class Sink, class GoOn> bool drainWhile(Sink&& sink, GoOn&& goOn)
    {
        for (double next = Replica::kNever; m_prefill && (next = m_prefill->nextEventSeconds()) < Replica::kNever;) {
            if (!goOn()) {
                return false;
            }
            deliver(next, sink);
        }
        for (std::size_t rank = 0; rank < m_ranks.size(); ++rank) {
            // In steps of one batch change, so that the log stays short however much is in the queue.
            while (m_ranks[rank].nextEventSeconds() < Replica::kNever) {
                if (!goOn()) {
                    return false;
                }
                advance(rank, m_ranks[rank].nextEventSeconds(), sink);
            }
        }
        return true;
    }
    [[nodiscard]] std::size_t inFlight() const;
    /// So far: how often a running sequence was preempted, and the tokens whose KV it gave up.
    [[nodiscard]] std::int64_t preemptions() const;
    [[nodiscard]] std::int64_t preemptedTokens() const;
    /// Events so far: arrivals and changes of a batch.
    [[nodiscard]] std::int64_t events() const;
    /// Of all replicas' batches and queues.
    [[nodiscard]] std::size_t memoryBytes() const;

private:
    static constexpr std::size_t kSweepEvery = 64; ///< arrivals a replica
    ReplicaGroup(std::unique_ptr<const IterationTimes> times, const GroupOptions& options);

    [[nodiscard]] Refusal refusal(const Arrival& arrival) const
    {
        if (arrival.inputTokens == 0 || arrival.outputTokens == 0) {
            return Refusal::NoTokens;
        }
        if (!(arrival.seconds >= m_latest && arrival.seconds < Replica::kNever)) {
            return Refusal::BadTime;
        }
        return std::int64_t{arrival.inputTokens} + arrival.outputTokens > m_times->longestTokens() ? Refusal::TooLong
                                                                                                   : Refusal::None;
    }
    [[nodiscard]] static Outcome refused(std::uint32_t number, const Arrival& arrival, Refusal why);
    /// The rank for a request that comes at `seconds`, advanced that far.
    template <class Sink> [[nodiscard]] std::size_t pick(double seconds, Sink& sink)
    {
        const auto inFlight = [&](std::size_t replica) {
            std::size_t all = 0;
            for (std::size_t rank = replica * m_dataParallel; rank < (replica + 1) * m_dataParallel; ++rank) {
                advance(rank, seconds, sink);
                all += m_ranks[rank].inFlight();
            }
            return all;
        };
        const std::size_t replica = m_router.pick(inFlight);
        std::size_t best = replica * m_dataParallel;
        advance(best, seconds, sink);
        for (std::size_t rank = best + 1; rank < (replica + 1) * m_dataParallel; ++rank) {
            advance(rank, seconds, sink);
            best = m_ranks[rank].inFlight() < m_ranks[best].inFlight() ? rank : best;
        }
        return best;
    }
    /// Hands what the prefill replicas have ready by `seconds` on to those that answer.
    template <class Sink> void deliver(double seconds, Sink& sink)
    {
        while (const auto ready = m_prefill->next(seconds)) {
            const Completion& done = ready->completion;
            if (done.request.outputTokens == 1) {
                sink(outcome(done, static_cast<std::uint32_t>(m_ranks.size() / m_dataParallel) + ready->replica));
                continue;
            }
            if (done.prefixHitTokens > 0) {
                m_prefixHits[done.request.tag] = done.prefixHitTokens;
            }
            const std::size_t rank = pick(ready->readySeconds, sink);
            m_ranks[rank].enqueuePrefilled(ready->readySeconds, done.request, done.startSeconds, done.firstTokenSeconds,
                                           m_log);
            report(rank, sink);
        }
    }
    template <class Sink> void advance(std::size_t rank, double seconds, Sink& sink)
    {
        if (m_ranks[rank].nextEventSeconds() <= seconds) {
            m_ranks[rank].advance(seconds, m_log);
            report(rank, sink);
        }
    }
    template <class Sink> void report(std::size_t rank, Sink& sink)
    {
        m_log.started.clear();
        for (const Completion& done : m_log.completed) {
            sink(outcome(done, static_cast<std::uint32_t>(rank / m_dataParallel)));
        }
        m_log.completed.clear();
    }
    [[nodiscard]] Outcome outcome(const Completion& done, std::uint32_t replica)
    {
        Outcome result{
            done.request.tag,   done.request.inputTokens,    done.request.outputTokens, replica,
            Refusal::None,      done.request.arrivalSeconds, done.startSeconds,         done.firstTokenSeconds,
            done.finishSeconds, done.prefixHitTokens};
        if (!m_prefixHits.empty()) {
            if (const auto hit = m_prefixHits.extract(done.request.tag)) {
                result.prefixHitTokens = hit.mapped();
            }
        }
        return result;
    }

    std::unique_ptr<const IterationTimes> m_times; ///< the replicas point to it, so it stays when the group moves
    std::size_t m_dataParallel;
    std::vector<Replica> m_ranks; ///< of all replicas, one replica's after the other's
    Router m_router;
    std::optional<PrefillPool> m_prefill;
    std::unordered_map<std::uint32_t, std::uint32_t> m_prefixHits; ///< by number: found where it was prefilled
    ReplicaLog m_log;
    double m_latest = 0; ///< the last arrival
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
    [[nodiscard]] Sink& sink() { return m_sink; }

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

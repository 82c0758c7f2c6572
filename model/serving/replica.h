// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/iteration_model.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace isobar::serving {

/// An iteration model with the part of a decode step that depends only on the batch size looked up, for the hot loop.
class IterationTimes {
public:
    explicit IterationTimes(const IterationModel& model);

    [[nodiscard]] const IterationModel& model() const { return m_model; }
    /// A decode step of `sequences` without its context: m_model.decodeSeconds(sequences, 0).
    [[nodiscard]] double decodeBaseSeconds(std::size_t sequences) const { return m_decodeBase[sequences]; }

private:
    IterationModel m_model;
    std::vector<double> m_decodeBase; ///< by sequences, 0 to maxBatch
};

struct Request {
    double arrivalSeconds = 0;
    std::uint32_t inputTokens = 1, outputTokens = 1; ///< both at least 1
    std::uint32_t tag = 0;                           ///< the caller's
    std::uint32_t priority = 0;                      ///< lower is admitted first
};

struct Completion {
    Request request;
    double startSeconds = 0;      ///< its prompt entered an iteration
    double firstTokenSeconds = 0; ///< that iteration ended
    double finishSeconds = 0;
};

/// Where a replica reports. The caller reads and clears it.
struct ReplicaLog {
    std::vector<Request> started;
    std::vector<Completion> completed;
};

/// One replica with continuous batching, moved from event to event.
///
/// It runs iterations back to back while it has work. Each gives every running sequence one token; at most one waiting
/// request, the first by (priority, arrival), joins per iteration: its whole prompt is prefilled there and yields its
/// first token. Requests join at the iteration boundary after they arrive (at once when idle), while there is a place
/// in the batch and room in the KV cache for all tokens they may come to hold: input + output are reserved on
/// admission, so nothing is ever preempted.
///
/// Between two changes of the batch k iterations take a closed form, as context grows by one token a sequence:
///   T(k) = k base(B) + perContextToken (k C + B k (k - 1) / 2).
/// So work is per request, not per token, and an advance that reaches no event changes nothing: results do not depend
/// on how time is cut. Times are exact up to rounding against the token-by-token definition.
class Replica {
public:
    static constexpr double kNever = std::numeric_limits<double>::infinity();
    enum class Admission { Accepted, QueueFull, TooLong };

    /// `times` must outlive the replica. At most `queueLimit` requests wait.
    Replica(const IterationTimes& times, std::size_t queueLimit);

    /// Carries out every event up to and including `seconds`.
    void advance(double seconds, ReplicaLog& log)
    {
        while (m_nextEvent <= seconds) {
            finishRun(log);
        }
    }
    /// Takes a request at its arrival, which must not lie before an earlier one; advances to it first.
    Admission enqueue(const Request& request, ReplicaLog& log)
    {
        return enqueueAt(request.arrivalSeconds, request, log);
    }
    /// The same for a request that arrived elsewhere before and gets here at `seconds`.
    Admission enqueueAt(double seconds, const Request& request, ReplicaLog& log);
    /// Removes what waits, in the order of admission.
    [[nodiscard]] std::vector<Request> takeQueue();

    /// When the next event is due; kNever when idle.
    [[nodiscard]] double nextEventSeconds() const { return m_nextEvent; }
    /// Sequences in the batch, the one being prefilled included.
    [[nodiscard]] std::size_t running() const { return m_running.size() + (m_prefill != kNone ? 1 : 0); }
    [[nodiscard]] std::size_t queued() const { return m_queue.size(); }
    [[nodiscard]] std::size_t inFlight() const { return running() + queued(); }
    [[nodiscard]] std::int64_t reservedTokens() const { return m_reserved; }
    /// Memory hints for a caller that goes through many replicas: what the next event reads first, and, once that has
    /// arrived, what it points to. No effect on results.
    void prefetchBatch() const
    {
        __builtin_prefetch(m_running.data());
        if (m_freeRecord != kNone) {
            __builtin_prefetch(&m_records[m_freeRecord]);
        }
        if (m_prefill != kNone) {
            __builtin_prefetch(&m_records[m_prefill]);
        }
    }
    void prefetchNext() const
    {
        if (m_prefill == kNone && !m_running.empty()) {
            __builtin_prefetch(&m_records[m_running.front().record]);
        }
    }
    /// Mixes everything that decides the future into `hash`.
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    static constexpr std::uint32_t kNone = 0xffffffffu;
    struct Record {
        Request request;
        double start = 0, firstToken = 0;
    };
    struct Running {
        std::uint32_t finishAt = 0; ///< value of m_tokens when its last token is out; wraps
        std::uint32_t record = 0;
    };
    struct Waiting {
        std::uint64_t order = 0; ///< priority, then arrival
        std::uint32_t record = 0;
    };

    void finishRun(ReplicaLog& log);
    void startRun(double now, ReplicaLog& log);
    void shortenRun(double arrival);
    [[nodiscard]] bool canAdmit() const;
    [[nodiscard]] double runSeconds(double iterations) const;
    void complete(std::uint32_t record, double now, ReplicaLog& log);
    std::uint32_t store(const Request& request);
    void pushRunning(Running entry);
    void popRunning();

    const IterationTimes* m_times;
    double m_nextEvent = kNever; ///< end of the run in progress
    double m_runStart = 0;
    std::int64_t m_context = 0;        ///< tokens of context of all running sequences at m_runStart
    std::int64_t m_reserved = 0;       ///< KV tokens promised
    std::uint32_t m_tokens = 0;        ///< iterations done: every running sequence got a token in each; wraps
    std::uint32_t m_runIterations = 0; ///< of the run in progress
    std::uint32_t m_prefill = kNone;   ///< record being prefilled in this run (then of one iteration)
    std::uint32_t m_freeRecord = kNone;
    std::uint32_t m_arrivals = 0;
    std::uint32_t m_queueLimit;
    std::vector<Running> m_running; ///< binary heap, first to finish on top
    std::vector<Record> m_records;  ///< free ones chained through request.tag
    std::vector<Waiting> m_queue;   ///< binary heap, first to be admitted on top
};

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/batch_policy.h"
#include "model/serving/block_vector.h"
#include "model/serving/iteration_model.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace isobar::serving {

/// Asks for the cache line of `address`. GCC 12 takes a function that does nothing but prefetch for one without effect
/// and drops calls of it: the empty statement keeps them.
inline void prefetchLine(const void* address)
{
    __builtin_prefetch(address);
    asm volatile("");
}

/// What equal replicas share: an iteration model with the part of a decode step that depends only on the batch size
/// looked up, for the hot loop, and the batch policy.
class IterationTimes {
public:
    /// Both as checkBatching accepts them; a token budget below the batch is raised to it.
    explicit IterationTimes(const IterationModel& model, const BatchPolicy& policy = {});

    [[nodiscard]] const IterationModel& model() const { return m_model; }
    [[nodiscard]] const BatchPolicy& policy() const { return m_policy; }
    /// A decode step of `sequences` without its context: m_model.decodeSeconds(sequences, 0).
    [[nodiscard]] double decodeBaseSeconds(std::size_t sequences) const { return m_decodeBase[sequences]; }
    [[nodiscard]] std::int64_t kvBlocks() const { return m_kvBlocks; }
    [[nodiscard]] std::int64_t kvTokens() const { return m_kvTokens; } ///< of whole blocks
    /// Input + output of the longest request a replica takes: what fits alone, as long as wrapping counts can be
    /// compared.
    [[nodiscard]] std::int64_t longestTokens() const
    {
        return std::min<std::int64_t>(m_kvTokens, std::numeric_limits<std::int32_t>::max());
    }

private:
    IterationModel m_model;
    BatchPolicy m_policy;
    std::int64_t m_kvBlocks = 0, m_kvTokens = 0;
    std::vector<double> m_decodeBase; ///< by sequences, 0 to maxBatch
};

struct Request {
    double arrivalSeconds = 0;
    std::uint32_t inputTokens = 1, outputTokens = 1; ///< both at least 1
    std::uint32_t tag = 0;                           ///< the caller's
    std::uint32_t priority = 0;                      ///< lower is admitted first and preempted last
};

struct Completion {
    Request request;
    double startSeconds = 0;      ///< its prompt first entered an iteration
    double firstTokenSeconds = 0; ///< its whole prompt had been through one
    double finishSeconds = 0;
    std::uint32_t prefixHitTokens = 0; ///< of its prompt, found in the prefix cache when it started
};

/// Where a replica reports. The caller reads and clears the lists; the counts go on.
struct ReplicaLog {
    std::vector<Request> started; ///< once for each request
    std::vector<Completion> completed;
    std::int64_t preemptions = 0;
    std::int64_t preemptedTokens = 0; ///< whose KV preempted sequences gave up
    std::int64_t batchChanges = 0;    ///< events other than arrivals
};

/// One replica with continuous batching, moved from event to event.
///
/// It runs iterations back to back while it has work. What happens at the boundary before each, as in vLLM V1:
/// 1. Every decoding sequence takes the KV slot of its next token. While the blocks for that exceed the cache, the
///    running sequence that comes last by (priority, arrival) is preempted: it gives up all its blocks and waits again.
/// 2. Decoding sequences take one token each of the iteration's token budget; a prompt that was cut short takes up to
///    the rest.
/// 3. Unless somebody was preempted, waiting requests join in the order of (priority, arrival) while there is budget, a
///    place in the batch, and the first of them finds the blocks for its whole prompt (with Reserve: for its answer
///    too). Each prefills as much of its prompt as the budget allows.
/// At the end of the iteration decoding sequences and those whose prompt is through have one more token. A preempted
/// one prefills prompt and answer so far again and goes on with its next token: none is given out twice.
/// Requests join at the boundary after they arrive, at once when idle. Whoever comes first by (priority, arrival) is
/// never preempted, and what fits the cache alone is accepted, so every accepted request finishes.
///
/// With a prefix cache the leading hashed blocks of a prompt that are there are neither prefilled nor stored again; at
/// least one token is prefilled. A block is there once the iteration that computes its end is made up, until its room
/// is taken: see PrefixCache.
///
/// Between two changes of the batch k iterations take a closed form, as context grows by one token a sequence:
///   T(k) = k base(B) + perContextToken (k C + B k (k - 1) / 2),
/// and the number of iterations that the free blocks last is found from KvBlocks. So work is per request, not per
/// token, and an advance that reaches no event changes nothing: results do not depend on how time is cut. Times are
/// exact up to rounding against the token-by-token definition.
class alignas(64) Replica { // two cache lines
public:
    static constexpr double kNever = std::numeric_limits<double>::infinity();
    enum class Admission { Accepted, QueueFull, TooLong, NoTokens };

    /// `times` must outlive the replica. Refuses more while `queueLimit` wait, preempted ones included. With 0 it is a
    /// loss system: refused is who finds no place in the batch, or not the KV cache its prompt takes, counting all who
    /// were taken in; who is accepted waits for no more than the iteration under way and the prompts of others.
    Replica(const IterationTimes& times, std::size_t queueLimit);
    Replica(const Replica&); ///< with all it works on
    Replica(Replica&&) noexcept;
    Replica& operator=(const Replica&);
    Replica& operator=(Replica&&) noexcept;
    ~Replica();

    /// Carries out every event up to and including `seconds`.
    void advance(double seconds, ReplicaLog& log)
    {
        while (m_nextEvent <= seconds) {
            finishRun(log);
        }
    }
    /// Takes a request at its arrival, which must not lie before an earlier one; advances to it first. `hashes`: of its
    /// prompt's whole prefix blocks in their order; only read with a prefix cache.
    Admission enqueue(const Request& request, ReplicaLog& log, std::span<const std::uint64_t> hashes = {})
    {
        return enqueueAt(request.arrivalSeconds, request, log, hashes);
    }
    /// The same for a request that arrived elsewhere before and gets here at `seconds`.
    Admission enqueueAt(double seconds, const Request& request, ReplicaLog& log,
                        std::span<const std::uint64_t> hashes = {});
    /// Takes over, at `seconds`, a request of two tokens or more whose prompt was prefilled elsewhere, where it started
    /// and got its first token, and so many in all, fewer than its answer has: its KV comes with it. It reports to
    /// `log` only when it is completed. Not with Reserve.
    Admission enqueuePrefilled(double seconds, const Request& request, double startSeconds, double firstTokenSeconds,
                               ReplicaLog& log, std::uint32_t givenTokens = 1);
    /// Removes what waits and has not started, in the order of admission.
    [[nodiscard]] std::vector<Request> takeQueue();
    /// Breaks down: removes everything, in the order of arrival, and leaves an empty replica whose cache is empty too.
    [[nodiscard]] std::vector<Request> takeAll();

    /// When the next event is due; kNever when idle.
    [[nodiscard]] double nextEventSeconds() const { return m_nextEvent; }
    /// When a request that arrives at `seconds`, at or after the last advance and before the next event, could join:
    /// the end of the iteration under way, or at once when idle.
    [[nodiscard]] double boundaryAfter(double seconds) const;
    /// Sequences in the batch, those being prefilled included.
    [[nodiscard]] std::size_t running() const { return m_running.size(); }
    [[nodiscard]] std::size_t queued() const { return m_queue.size(); } ///< the preempted included
    [[nodiscard]] std::size_t inFlight() const { return running() + queued(); }
    /// KV blocks held in the first iteration of the run in progress. Work: linear in running().
    [[nodiscard]] std::int64_t heldBlocks() const;
    /// What it takes in memory, the prefix cache aside.
    [[nodiscard]] std::size_t memoryBytes() const;
    /// Memory hints for a caller that goes through many replicas and serves each until `until` seconds: what the next
    /// event reads first, and, once that has arrived, what it points to. No effect on results.
    void prefetchBatch() const
    {
        constexpr std::size_t kLine = 64 / sizeof(Running);
        prefetchLine(m_queue.data());
        for (std::size_t at = 0; at <= m_running.size(); at += kLine) {
            prefetchLine(m_running.data() + at);
        }
        if (m_freeRecord != kNone) {
            prefetchRecord(m_freeRecord);
        }
    }
    void prefetchNext(double until) const
    {
        if (!m_queue.empty()) {
            prefetchRecord(m_queue.front().record);
        }
        if (m_running.size() > m_decoding) {
            prefetchRecord(m_running.back().record);
        }
        if (m_decoding > 0 && m_nextEvent <= until) {
            prefetchRecord(m_running.front().record);
        }
    }
    /// Mixes everything that decides the future into `hash`.
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    static constexpr std::uint32_t kNone = 0xffffffffu;
    static constexpr double kNotStarted = -std::numeric_limits<double>::infinity();
    static constexpr std::uint32_t kPrefilledElsewhere = 0x80000000u;
    struct Record {
        Request request;
        double start = kNotStarted, firstToken = 0;
        std::uint32_t arrival = 0;   ///< counts requests
        std::uint32_t generated = 0; ///< tokens given out before it last joined the batch; may have the flag above
    };
    /// A decoding sequence: `at` is the value of m_tokens when its last token is out; wraps. A prompt being prefilled:
    /// `at` is how many of its tokens are through when the iteration ends.
    struct Running {
        std::uint32_t at = 0;
        std::uint32_t record = 0;
    };
    struct Waiting {
        std::uint64_t order = 0; ///< priority, then arrival
        std::uint32_t record = 0;
    };
    struct Exact; ///< blocks counted one by one, and their content
    /// One that is mostly not there, on the heap; copied with its holder.
    struct ExactHolder : std::unique_ptr<Exact> {
        ExactHolder() = default;
        ExactHolder(const ExactHolder& other);
        ExactHolder(ExactHolder&&) noexcept = default;
        ExactHolder& operator=(const ExactHolder& other);
        ExactHolder& operator=(ExactHolder&&) noexcept = default;
        ~ExactHolder();
        using std::unique_ptr<Exact>::operator=;
    };

    Admission take(double seconds, const Record& record, ReplicaLog& log, std::span<const std::uint64_t> hashes);
    void finishRun(ReplicaLog& log);
    void finishPrompts(double now);
    void finishSequences(double now, ReplicaLog& log);
    void startRun(double now, ReplicaLog& log);
    void shortenRun(double arrival);
    [[nodiscard]] double runSeconds(double iterations) const;
    [[nodiscard]] double iterationsUntil(double seconds) const;

    [[nodiscard]] static std::uint64_t orderOf(const Record& record)
    {
        return std::uint64_t{record.request.priority} << 32 | record.arrival;
    }
    /// Tokens whose KV a prompt holds from its admission on, and that it prefills unless they are cached.
    [[nodiscard]] static std::int64_t promptTokens(const Record& record)
    {
        return std::int64_t{record.request.inputTokens} + record.generated;
    }
    /// KV slots a decoding sequence holds in the first iteration of a run.
    [[nodiscard]] std::int64_t slots(Running sequence) const
    {
        const Request& request = m_records[sequence.record].request;
        return std::int64_t{request.inputTokens} + request.outputTokens - (sequence.at - m_tokens);
    }
    [[nodiscard]] bool mayJoin(const Record& record) const;
    [[nodiscard]] bool makeRoom(ReplicaLog& log);
    void preemptLast(ReplicaLog& log);
    [[nodiscard]] bool holdBlocks(const Waiting& head, std::int64_t promptsHeld);
    void join(const Waiting& head, double now, IterationLoad& load, std::int64_t& budget, ReplicaLog& log);
    void addPart(std::uint32_t record, std::uint32_t begin, IterationLoad& load, std::int64_t& budget);
    [[nodiscard]] std::int64_t iterationsToRun(bool preempted);
    [[nodiscard]] bool startsAtOnce(const Record& record, double seconds) const;
    [[nodiscard]] bool urgentWaits() const;
    /// Whether `tokens` more by `sequences` more find room however they and the rest are spread over blocks.
    [[nodiscard]] bool surelyFits(std::int64_t tokens, std::int64_t sequences) const;
    void countExactly();

    void prefetchRecord(std::uint32_t record) const
    {
        const auto* const bytes = reinterpret_cast<const char*>(&m_records[record]);
        prefetchLine(bytes);
        prefetchLine(bytes + sizeof(Record) - 1);
    }
    std::uint32_t store(const Record& record);
    void discard(std::uint32_t record);
    void pushWaiting(std::uint32_t record);
    void pushDecoding(Running entry);
    void removeDecoding(std::size_t at);
    void siftUp(std::size_t at, Running entry);

    const IterationTimes* m_times;
    double m_nextEvent = kNever; ///< end of the run in progress
    double m_runStart = 0;
    std::int64_t m_context = 0;        ///< tokens of context of all decoding sequences in the first iteration
    std::int64_t m_reserved = 0;       ///< KV blocks promised (Reserve)
    std::uint32_t m_tokens = 0;        ///< iterations done: every decoding sequence got a token in each; wraps
    std::uint32_t m_runIterations = 0; ///< of the run in progress
    std::uint32_t m_decoding = 0;      ///< of m_running; the rest are prompts, then the run is one iteration
    std::uint32_t m_freeRecord = kNone;
    std::uint32_t m_arrivals = 0;
    std::uint32_t m_queueLimit;
    BlockVector<Running> m_running; ///< m_decoding ones as a binary heap, first to finish on top, then prompts
    BlockVector<Record> m_records;  ///< free ones chained through request.tag
    BlockVector<Waiting> m_queue;   ///< binary heap, first to be admitted on top
    ExactHolder m_exact;            ///< there while the cache may be full, and always with a prefix cache
};

} // namespace isobar::serving

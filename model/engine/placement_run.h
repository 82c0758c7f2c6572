// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/demand_source.h"
#include "model/engine/latency_counts.h"
#include "model/serving/replica.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace isobar::engine {

/// The replicas of one placement and what they have done since the last interval. Takes the arrivals of its sources,
/// gives each to the emptier of two random replicas, and serves. Touches only its own state and reads its sources'
/// outboxes, so placements run in parallel. A value: a copy goes on alike.
class PlacementRun {
public:
    /// One of the sources that may send here.
    struct Feeder {
        std::uint32_t source = 0; ///< its number among the engine's sources
        std::uint32_t way = 0;    ///< this placement's number among the source's candidates
        std::uint32_t row = 0;    ///< of this placement's demand rows
        std::uint32_t priority = 0;
        double rttSeconds = 0; ///< added to what the replica takes
        double ttftLimitSeconds = 0, itlLimitSeconds = 0;
    };
    /// Requests of one workload: what the interval's demand row and sketches are made from. `requests` is not counted
    /// here but by the sources.
    struct DemandRow {
        aggregate::DemandTotals totals;
        LatencyCounts latencies;
        std::int64_t egressBytes = 0; ///< since the start
    };
    struct Counts {
        std::int32_t serving = 0, warming = 0, draining = 0;
    };
    /// Replicas that came or went, by slot.
    struct Change {
        std::int32_t ready = 0;
        std::vector<std::uint32_t> gone;
    };

    /// What one replica holds within its service level: requests in flight, each for so long.
    struct Target {
        double places = 1;
        double residenceSeconds = 0;
    };
    PlacementRun(std::uint32_t number, const serving::IterationModel& model, std::int32_t tensorParallel, Target target,
                 double meanContextTokens, std::int32_t maxAttempts, Random random);

    std::uint32_t addFeeder(const Feeder& feeder); ///< returns its number
    std::uint32_t addRow();

    /// A further replica, ready at `readySeconds`; its slot.
    std::uint32_t add(double readySeconds);
    /// Takes `count` replicas away: those warming up first, which are gone at once (their slots), then serving ones,
    /// which admit nothing more and finish what they run; what waits in them goes to the others, else it has failed.
    [[nodiscard]] std::vector<std::uint32_t> remove(std::int32_t count, double now);
    /// The replica in a slot goes like that: it is gone at the next update() if it has nothing to finish.
    void drain(std::uint32_t slot, double now);
    /// The replica in a slot breaks down; what it held has failed.
    void kill(std::uint32_t slot, double now);
    /// A request of before the start that is being answered: its prompt is through, some of its answer is out.
    struct Underway {
        std::uint32_t feeder = 0;
        std::uint32_t inputTokens = 1, outputTokens = 2;
        std::uint32_t givenTokens = 1; ///< at least 1, fewer than outputTokens
        double firstTokenSeconds = 0;  ///< at or before now
        double ttftSeconds = 0;        ///< without network
    };
    /// Puts it into the emptier of the two replicas that `bits` stand for. False when that has no place in its batch,
    /// or the request is too long for it.
    bool resume(const Underway& request, double now, std::uint64_t bits);
    /// Lets go of everything in flight, uncounted: the fluid mode goes on with its number. How many there were.
    std::int64_t dropRequests();
    /// What workMicros() goes on from.
    void setWorkMicros(std::int64_t micros) { m_workMicros = micros; }
    /// Carries the changes due by the start of a window.
    Change update(double now);
    /// Those of `group` take in the outboxes of the sources and serve until `end` seconds. They do not touch one
    /// another: together, because while one waits for memory there is another's work to do.
    static void serve(std::span<PlacementRun> group, double end, std::span<const DemandSource> sources);

    [[nodiscard]] const Counts& counts() const { return m_counts; }
    [[nodiscard]] std::int32_t active() const { return m_counts.serving + m_counts.warming; } ///< not about to go
    enum class State : std::uint8_t { Empty, Warming, Serving, Draining };
    [[nodiscard]] State state(std::uint32_t slot) const { return m_slots[slot].state; }
    [[nodiscard]] std::size_t inFlight(std::uint32_t slot) const { return m_load[slot]; }
    [[nodiscard]] const serving::Replica& replica(std::uint32_t slot) const { return m_replicas[slot]; }
    [[nodiscard]] std::int64_t chips() const;
    [[nodiscard]] std::int64_t running() const { return m_running; }
    [[nodiscard]] std::int64_t queued() const { return m_queued; }
    /// Running, queued, and on the network.
    [[nodiscard]] std::int64_t inFlight() const;
    /// At the end of a window: what gateways will hear.
    [[nodiscard]] ReportedLoad load(double previousSpillRatio) const;
    /// Requests that failed in this window and have attempts left; the caller hands them to their sources.
    [[nodiscard]] std::vector<Bounce>& bounced() { return m_bounced; }
    [[nodiscard]] const Target& target() const { return m_target; }

    [[nodiscard]] const std::vector<DemandRow>& rows() const { return m_rows; }
    [[nodiscard]] std::vector<DemandRow>& rows() { return m_rows; }
    /// Chip-microseconds of work at a full batch, since the start: a prompt's when it begins, the rest of a request's
    /// when it ends. (Charged whole at the beginning, long answers would show a fleet that has just started as
    /// overloaded.)
    [[nodiscard]] std::int64_t workMicros() const { return m_workMicros; }
    [[nodiscard]] const serving::IterationModel& model() const { return m_times->model(); }
    [[nodiscard]] const serving::BatchPolicy& policy() const { return m_times->policy(); }
    /// What work is priced at: sequences in a full batch, and the mean context of one.
    [[nodiscard]] double fullBatch() const { return m_fullBatch; }
    [[nodiscard]] double meanContextTokens() const { return m_fullContext / m_fullBatch; }
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;
    [[nodiscard]] std::size_t memoryBytes() const; ///< about

private:
    struct Slot {
        State state = State::Empty;
        double readySeconds = 0;
    };

    /// One thing to do at one replica of one of a group.
    struct Step {
        PlacementRun* run = nullptr;
        std::uint32_t index = 0;   ///< of the arrival, in order
        std::uint32_t replica = 0; ///< expected, until it is done
    };
    void collect(double end, std::span<const DemandSource> sources);
    void listArrivals(std::vector<Step>& steps);
    void listDue(double end, std::vector<Step>& steps);
    void deliver(const Arrival& arrival, std::uint64_t bits);
    /// The two replicas that `bits` stand for.
    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> twoOf(std::uint64_t bits) const;
    [[nodiscard]] std::uint32_t emptierOfTwo(std::uint64_t bits) const;
    template <class Expect, class Serve>
    static void pipeline(std::span<Step> steps, double end, const Expect& expect, const Serve& serve);
    void refresh(std::uint32_t replica);
    /// What a request brings along that most do not: the Replica knows it by its tag alone.
    struct Past {
        std::uint32_t feeder = 0;
        float waitedSeconds = 0;
        std::uint8_t attempt = 1;
    };
    static constexpr std::uint32_t kHasPast = 0x80000000u; ///< in a tag: the rest is an index into m_pasts
    [[nodiscard]] std::uint32_t tagOf(const Arrival& arrival);
    [[nodiscard]] Past pastOf(std::uint32_t tag) const;
    void forget(std::uint32_t tag);
    enum class Failure : std::uint8_t { QueueFull, TooLong, Lost };
    [[nodiscard]] static Failure failureOf(serving::Replica::Admission admission);
    void fail(const serving::Request& request, double now, Failure why);
    void account();
    void listServing();
    void rehome(std::span<const serving::Request> homeless, double now);
    void empty(std::uint32_t slot);
    [[nodiscard]] double prefillWorkSeconds(const serving::Request& request) const;
    [[nodiscard]] double decodeWorkSeconds(const serving::Request& request) const;
    void addWork(double replicaSeconds);

    std::uint32_t m_number;
    std::int32_t m_tensorParallel;
    Target m_target;
    std::shared_ptr<const serving::IterationTimes> m_times; ///< its address is kept by the replicas
    std::size_t m_queueLimit;
    // What a request costs at a full batch, apart from its prompt.
    double m_fullBatch = 1, m_fullContext = 0, m_fullDecodeSeconds = 0;
    Random m_random;

    std::vector<serving::Replica, serving::BlockAllocator<serving::Replica>> m_replicas;
    std::vector<Slot> m_slots;            ///< by replica
    std::vector<double> m_nextEvent;      ///< by replica: the scan that finds who has something to do
    std::vector<std::uint32_t> m_load;    ///< by replica: requests in flight
    std::vector<std::uint32_t> m_waiting; ///< by replica: of these, queued
    std::vector<std::uint32_t> m_serving; ///< replicas that admit
    Counts m_counts;
    std::uint32_t m_firstEmpty = 0; ///< slots before it are taken

    std::vector<Feeder> m_feeders;
    std::vector<Arrival> m_onTheWay; ///< reach the placement after this window
    struct Turn {
        double seconds = 0;
        std::uint32_t index = 0; ///< into m_now
    };
    std::vector<Arrival> m_now;         ///< of this window
    std::vector<Turn> m_order;          ///< the same in order
    std::vector<std::uint64_t> m_picks; ///< random bits by m_order
    std::vector<std::span<const Arrival>> m_sent;
    std::vector<Step> m_steps; ///< of the group this is the first of
    serving::ReplicaLog m_log;

    std::vector<Past> m_pasts;
    std::vector<std::uint32_t> m_freePasts;
    std::vector<Bounce> m_bounced;
    std::int32_t m_maxAttempts;
    double m_recentTtft = 0; ///< smoothed over windows

    std::vector<DemandRow> m_rows;
    std::int64_t m_running = 0, m_queued = 0;
    std::int64_t m_workMicros = 0;
};

/// Bytes that leave the region with one answer. ESTIMATED: four bytes of UTF-8 a token, and a thousand of headers and
/// framing a request.
inline constexpr std::int64_t kBytesPerOutputToken = 4, kBytesPerRequest = 1000;

} // namespace isobar::engine

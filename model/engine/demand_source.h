// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/demand_shape.h"
#include "model/engine/lengths.h"
#include "model/engine/load_board.h"
#include "model/engine/random.h"
#include "model/engine/routing.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace isobar::engine {

/// A request on its way to a placement.
struct Arrival {
    double seconds = 0;         ///< when it reaches the placement
    std::uint32_t feeder = 0;   ///< which of the placement's sources sent it
    std::uint32_t sequence = 0; ///< number within its source; wraps
    std::uint32_t inputTokens = 1, outputTokens = 1;
    float waitedSeconds = 0; ///< held back, or spent on attempts that failed: part of its latencies
    std::uint8_t attempt = 1;
};

/// A request that failed at a placement and may be tried again.
struct Bounce {
    std::uint32_t source = 0, placement = 0;
    std::uint32_t inputTokens = 1, outputTokens = 1;
    double askedSeconds = 0;  ///< when it first asked at its gateway
    double failedSeconds = 0; ///< when the gateway has heard
    std::uint8_t attempt = 1; ///< the one that failed
    bool cools = true;        ///< the placement is in trouble; false: it is the request that does not fit
};

/// The demand of one workload from one user area: draws its requests of a window and routes them. Owns its random
/// stream and touches nothing else, so sources run in parallel.
class DemandSource {
public:
    struct Options {
        WorkloadId workload;
        AreaId area;
        RoutingPolicy policy = RoutingPolicy::NearestWithSpill;
        std::int32_t probes = 2; ///< of LatencyAware
        RetryRule retry;
        double deferSeconds = 0, turnsPerSession = 1;
        double share = 1; ///< of its workload
        double traceScale = 1, traceShiftSeconds = 0;
        double windowSeconds = 0.1;
        double clockZeroSeconds = 0; ///< where the clock's zero lies in the engine's seconds: traces count from it
        /// Requests held back, and as many between two attempts: what is more goes on at once.
        std::size_t mostWaiting = std::size_t{1} << 24;
    };
    /// A placement it may use, in the order its policy prefers them.
    struct Candidate {
        Way way;
        std::uint32_t feeder = 0;      ///< its number among the placement's sources
        std::uint32_t windowsLate = 0; ///< how old its news are
        std::uint32_t number = 0;      ///< counts candidates as they were added
        std::uint32_t sent = 0;        ///< requests of this window
        std::int64_t routed = 0;       ///< since clearCounts()
        double coolUntilSeconds = 0;   ///< gets nothing before
        double delayRatio = 1;         ///< of its link against the usual; infinite = cut
    };

    DemandSource(const Options& options, const DemandShape& shape, const GapLawDraw& gaps, Random random,
                 std::shared_ptr<const LengthTable> input, std::shared_ptr<const LengthTable> output,
                 std::shared_ptr<const DemandTrace> trace = nullptr);

    /// Adds a placement in its place by preference.
    void addCandidate(const Way& way, std::uint32_t feeder);
    /// Adds the requests a second each placement would get from here at the start, if nothing were late.
    void addRates(std::span<const ReportedLoad> loads, std::vector<double>& byPlacement);
    /// Draws and routes what is due in [begin, end) seconds.
    void draw(double begin, double end, const LoadBoard& board);
    /// Takes back a request that failed, to be routed anew after the rule's pause. Its attempts are not used up.
    void takeBack(const Bounce& bounce);

    [[nodiscard]] WorkloadId workload() const { return m_options.workload; }
    [[nodiscard]] AreaId area() const { return m_options.area; }
    [[nodiscard]] const std::vector<Candidate>& candidates() const { return m_candidates; }
    [[nodiscard]] std::vector<Candidate>& candidates() { return m_candidates; }
    /// Requests since the last interval that no placement could take.
    [[nodiscard]] std::int64_t unrouted() const { return m_unrouted; }
    /// Requests that have come but are nowhere: held back, or waiting to be tried again.
    [[nodiscard]] std::int64_t waiting() const
    {
        return static_cast<std::int64_t>(m_held.size() - m_heldFirst + m_again.size());
    }
    /// Counts requests that no placement could take and that were not drawn here (fluid mode).
    void addUnrouted(std::int64_t requests) { m_unrouted += requests; }
    /// Lets go of the requests that have come but are nowhere (fluid mode); how many there were.
    std::int64_t forgetWaiting()
    {
        const std::int64_t were = waiting();
        m_held.clear();
        m_heldFirst = 0;
        m_again.clear();
        return were;
    }
    void clearCounts();
    /// This window's requests for the candidate of that number, in the order they were drawn.
    [[nodiscard]] std::span<const Arrival> outbox(std::uint32_t candidate) const
    {
        if (m_out.empty()) {
            return {};
        }
        return std::span(m_out).subspan(m_outBegin[candidate], m_outBegin[candidate + 1] - m_outBegin[candidate]);
    }
    /// The same by placement.
    [[nodiscard]] std::span<const Arrival> outboxFor(std::uint32_t placement) const
    {
        return outbox(m_candidates[m_position[placement]].number);
    }
    [[nodiscard]] double rate(double seconds) const { return m_shape.requestsPerSecond(seconds); }
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;
    [[nodiscard]] std::size_t memoryBytes() const; ///< about

private:
    struct Asked {
        double seconds = 0; ///< when it asked
        std::uint32_t inputTokens = 1, outputTokens = 1;
    };
    struct Again {
        double dueSeconds = 0;
        Asked asked;
        std::uint8_t attempt = 2;
    };

    void lookAround();
    void sortOut();
    void drawFromLaws(double begin, double end);
    void drawFromTrace(double begin, double end);
    void releaseHeld();
    void tryAgain(double end);
    void take(const Asked& asked);
    void send(double now, const Asked& asked, std::uint8_t attempt);
    [[nodiscard]] std::size_t choose();
    [[nodiscard]] std::size_t drawn();
    [[nodiscard]] std::size_t probed();

    Options m_options;
    DemandShape m_shape;
    GapLawDraw m_gaps;
    Random m_random;
    std::shared_ptr<const LengthTable> m_input, m_output;
    std::shared_ptr<const DemandTrace> m_trace;
    double m_due = 0;                          ///< mean gaps until the next request
    double m_rate = 0, m_rateUntilSeconds = 0; ///< of the second under way
    std::uint32_t m_sequence = 0;
    std::int64_t m_unrouted = 0;
    std::vector<Candidate> m_candidates;
    std::vector<std::uint32_t> m_position; ///< by placement: index into m_candidates

    std::vector<Asked> m_held; ///< work that may wait, oldest first, from m_heldFirst
    std::size_t m_heldFirst = 0;
    std::vector<Again> m_again;            ///< in no order
    std::vector<std::uint32_t> m_sessions; ///< candidates that sessions of late went to, by placement
    std::size_t m_oldestSession = 0;

    // Requests of this window by candidate: one block, so that a placement reads its part with few misses.
    std::vector<Arrival> m_out, m_drawn;
    std::vector<std::uint32_t> m_outBegin, m_drawnFor, m_place;

    // Of this window; the view only once something is to be sent.
    double m_begin = 0;
    const LoadBoard* m_board = nullptr;
    bool m_looked = false;
    std::vector<ReportedLoad> m_view; ///< by candidate
    std::vector<double> m_shares;     ///< cumulative, by candidate
    bool m_routed = false;            ///< some candidate serves
    std::vector<Probe> m_probes;
    std::vector<std::size_t> m_probedAt;
};

} // namespace isobar::engine

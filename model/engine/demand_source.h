// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/lengths.h"
#include "model/engine/random.h"
#include "model/engine/routing.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace isobar::engine {

/// A request on its way to a placement.
struct Arrival {
    double seconds = 0;         ///< when it reaches the placement
    std::uint32_t feeder = 0;   ///< which of the placement's sources sent it
    std::uint32_t sequence = 0; ///< number within its source; wraps
    std::uint32_t inputTokens = 1, outputTokens = 1;
};

/// The demand of one workload from one user area: draws its requests of a window and routes them. Owns its random
/// stream and touches nothing else, so sources run in parallel.
class DemandSource {
public:
    /// A placement it may use, in the order of round trips.
    struct Candidate {
        std::uint32_t placement = 0;
        std::uint32_t feeder = 0; ///< its number among the placement's sources
        double oneWaySeconds = 0;
        std::vector<Arrival> outbox; ///< this window's requests
        std::int64_t routed = 0;     ///< since takeCounts()
    };

    DemandSource(const Workload& workload, WorkloadId workloadId, AreaId area, double share, double firstLocalHour,
                 Random random, std::shared_ptr<const LengthTable> input, std::shared_ptr<const LengthTable> output);

    /// Adds a placement, keeping the order of round trips (equal ones by number).
    void addCandidate(std::uint32_t placement, std::uint32_t feeder, double oneWaySeconds);
    /// Adds the requests a second each placement would get from here at the start.
    void addRates(RoutingPolicy policy, std::span<const ReportedLoad> loads, std::vector<double>& byPlacement);
    /// Draws and routes what is due in [begin, end) seconds.
    void draw(double begin, double end, RoutingPolicy policy, std::span<const ReportedLoad> loads);

    [[nodiscard]] WorkloadId workload() const { return m_workloadId; }
    [[nodiscard]] AreaId area() const { return m_area; }
    [[nodiscard]] const std::vector<Candidate>& candidates() const { return m_candidates; }
    [[nodiscard]] std::vector<Candidate>& candidates() { return m_candidates; }
    /// Requests since the last interval that no placement could take.
    [[nodiscard]] std::int64_t unrouted() const { return m_unrouted; }
    void clearCounts();
    /// This window's requests for a placement that is one of candidates().
    [[nodiscard]] const std::vector<Arrival>& outboxFor(std::uint32_t placement) const;
    [[nodiscard]] double rate(double seconds) const; ///< requests a second
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    [[nodiscard]] double gap();

    WorkloadId m_workloadId;
    AreaId m_area;
    double m_meanRate = 0, m_amplitude = 0, m_peakLocalHour = 0, m_firstLocalHour = 0, m_burstiness = 1;
    Random m_random;
    std::shared_ptr<const LengthTable> m_input, m_output;
    double m_due = 0; ///< mean gaps until the next request
    std::uint32_t m_sequence = 0;
    std::int64_t m_unrouted = 0;
    std::vector<Candidate> m_candidates;
    std::vector<std::uint32_t> m_order;    ///< placements of m_candidates, for the router
    std::vector<std::uint32_t> m_position; ///< by placement: index into m_candidates
    std::vector<double> m_shares;          ///< cumulative, by candidate
};

} // namespace isobar::engine

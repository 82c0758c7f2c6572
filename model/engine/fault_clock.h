// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/capacity.h"
#include "model/engine/random.h"
#include "model/fleet/operations.h"

#include <cstdint>
#include <map>
#include <vector>

namespace isobar::engine {

/// When what breaks and when it is mended: faults that were scheduled or injected, and those that come by rate. Spot
/// chips that are taken back go only after their provider's notice (spotNoticeSeconds of the operations), which is when
/// the fault comes.
class FaultClock {
public:
    struct Turn {
        std::uint32_t number = 0; ///< of the fault, the same each time
        enum class Phase : std::uint8_t { Notice, Begin, End } phase = Phase::Begin;
        bool announced = false;  ///< there was a notice before
        double beginSeconds = 0; ///< of the engine's seconds
        Fault fault;
    };

    /// Scheduled times count from `clockZeroSeconds` of the engine's seconds.
    FaultClock(const Fleet& fleet, const Operations& operations, const Capacity& capacity, double clockZeroSeconds,
               std::uint64_t seed);

    /// A fault that begins at `seconds` of the engine's, or is announced then; its number. `fault.atSeconds` is not
    /// looked at.
    std::uint32_t inject(const Fault& fault, double seconds);
    /// What is announced, begins or ends until `seconds`, in order of time.
    [[nodiscard]] std::vector<Turn> due(double seconds);
    /// Those by rate, in the mean, while nothing is broken.
    [[nodiscard]] double faultsPerSecond() const;
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    struct Rated {
        FaultRate rate;
        std::uint64_t units = 0;
        PoolId spotOf; ///< not valid: units of that kind everywhere; else the spot chips of a pool
        std::uint32_t firstSpot = 0;
        double nextSeconds = 0;
        Random random;
    };
    struct PoolUnits {
        std::uint32_t chips = 0, nodes = 0, racks = 0;
    };
    /// Seconds until the next failure among all units.
    [[nodiscard]] static double pause(Rated& rated);
    std::uint32_t add(const Fault& fault, double seconds, double noticeSeconds);
    [[nodiscard]] double noticeOfWave(const Fault& fault) const;
    [[nodiscard]] std::uint64_t countUnits(FaultKind kind) const;
    /// The failure of the unit of that number.
    [[nodiscard]] Fault victim(const Rated& rated, std::uint64_t unit) const;

    std::vector<Rated> m_rated;
    std::vector<PoolUnits> m_pools;
    std::vector<std::pair<RegionId, std::int32_t>> m_regions; ///< that have pools, and their number of zones
    std::vector<ProviderId> m_providers;                      ///< that have pools
    std::vector<double> m_noticeOfPool, m_noticeOfRegion, m_noticeOfProvider; ///< seconds
    std::multimap<double, Turn> m_turns;
    std::uint32_t m_faults = 0;
};

} // namespace isobar::engine

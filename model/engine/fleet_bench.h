// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"
#include "model/fleet/result.h"

#include <cstdint>
#include <string>

namespace isobar::engine {

/// What running a fleet of a given size took.
struct FleetBench {
    std::string name = "fleet";
    std::int64_t accelerators = 0, replicas = 0, placements = 0, regions = 0, models = 0;
    std::int64_t snapshots = 0; ///< taken as for a window, ten a second of wall time
    std::int64_t inFlight = 0;  ///< at the last of them
    int threads = 0;
    double simulatedSeconds = 0; ///< measured, after a warm-up of kBenchWarmUpSeconds that fills the batches
    double wallSeconds = 0;
    double cpuSeconds = 0;     ///< of all threads, user and system, in that time
    double loadRatio = 1;      ///< demand against the usual
    std::int64_t requests = 0; ///< in the measured time
    double realtimeFactor = 0;
    std::int64_t peakRssBytes = 0; ///< of the process
    std::uint64_t stateHash = 0;   ///< at the end: a result counts only with the same one
};
inline constexpr double kBenchWarmUpSeconds = 10;
inline constexpr std::int64_t kBenchAccelerators = 100'000;

/// Runs a made-up fleet: eight chips a replica in up to 250 regions that serve four of up to 40 models each, three
/// requests a second a replica (1,000,000 accelerators: 375,000 requests a second) from ten areas in two tiers;
/// routing, autoscaling, accounting, latency sketches and snapshots on. `threads` 0 = all processors; `loadRatio`
/// of those requests.
[[nodiscard]] Result<FleetBench> benchmarkFleet(std::int64_t accelerators, double simulatedSeconds, int threads,
                                                double loadRatio = 1);

} // namespace isobar::engine

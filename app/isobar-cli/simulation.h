// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/engine.h"
#include "model/fleet/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace isobar::cli {

struct SimulationOptions {
    std::int64_t seconds = 0; ///< simulated, from the fleet's start
    std::uint64_t seed = 0;
    int threads = 0;            ///< 0 = all processors
    double settleSeconds = 0;   ///< see engine::EngineOptions
    std::string operations;     ///< file of a scenario's operations (isobar.v1.Operations); "" = none
    std::string recording = {}; ///< file to record the run in; "" = none
    bool record = false;        ///< in the history of the store
    bool fluid = false;         ///< in the mean, not request by request
    std::function<void(const engine::Engine&)> atEnd = {}; ///< called once when all is simulated; none = nothing
};

/// A fleet after it ran.
struct Simulation {
    std::shared_ptr<const Fleet> fleet;
    aggregate::History history; ///< all of the run
    engine::RunTotals totals;
    bool fluid = false; ///< an approximation, and to be shown as one
    std::uint64_t stateHash = 0;
    std::vector<engine::Event> events;
    std::int64_t waiting = 0;     ///< requests held back, or between two attempts, at the end
    std::int64_t recordBytes = 0; ///< of the recording, if there is one
    double wallSeconds = 0;       ///< of the run alone: reading the store and starting the engine are not in it
};

/// Reads the fleet of a store and runs it with the shipped calibration. Cancelled when `job` is stopped.
[[nodiscard]] Result<Simulation> simulateStore(const std::filesystem::path& store, const SimulationOptions& options,
                                               const JobContext& job);

} // namespace isobar::cli

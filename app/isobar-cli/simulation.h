// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/engine.h"
#include "model/fleet/job.h"
#include "model/store/scenarios.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace isobar::cli {

struct SimulationOptions {
    std::int64_t seconds = 0; ///< simulated, from the fleet's start
    std::uint64_t seed = 0;
    int threads = 0;            ///< 0 = all processors
    double settleSeconds = 0;   ///< see engine::EngineOptions
    std::string scenario;       ///< as typed: one of the store, or a file of operations; "" = the fleet as it stands
    bool asInWindow = false;    ///< where `scenario` is "": the one the store's window runs, if it has run one
    std::string recording = {}; ///< file to record the run in; "" = none
    bool record = false;        ///< in the history of the store
    bool fluid = false;         ///< in the mean, not request by request
    std::function<void(const engine::Engine&)> atEnd = {}; ///< called once when all is simulated; none = nothing
};

/// A fleet after it ran.
struct Simulation {
    std::shared_ptr<const Fleet> fleet;
    std::string scenario;       ///< its name, or the file; store::kBaselineName where there is none
    aggregate::History history; ///< all of the run
    engine::RunTotals totals;
    bool fluid = false; ///< an approximation, and to be shown as one
    std::uint64_t stateHash = 0;
    std::vector<engine::Event> events;
    double settleSeconds = 0; ///< that passed before the clock started; 0: the fleet started empty
    /// By provider's key: requests in flight when the clock started. Those that then waited at their gateway are not
    /// in it: they count as requests when they are routed.
    std::map<std::string, std::int64_t> inFlightAtStart;
    std::int64_t waiting = 0;     ///< requests held back, or between two attempts, at the end
    std::int64_t recordBytes = 0; ///< of the recording, if there is one
    double wallSeconds = 0;       ///< of the run alone: reading the store and starting the engine are not in it
};

/// What `typed` stands for: a scenario of the store, or else a file that is there, read for the fleet; nothing for ""
/// and the baseline's name. Errors: neither is there (saying what is), both are, the document makes no sense for the
/// fleet.
[[nodiscard]] Result<std::optional<store::Scenario>> chooseScenario(const store::Store& store, const Fleet& fleet,
                                                                    const std::string& typed);
/// A file of operations as a scenario of that name; its source is the file.
[[nodiscard]] Result<store::Scenario> readScenario(const std::filesystem::path& file, const std::string& name,
                                                   const std::string& note, const Fleet& fleet);

/// Reads the fleet of a store and runs it with the shipped calibration. Cancelled when `job` is stopped.
[[nodiscard]] Result<Simulation> simulateStore(const std::filesystem::path& store, const SimulationOptions& options,
                                               const JobContext& job);

} // namespace isobar::cli

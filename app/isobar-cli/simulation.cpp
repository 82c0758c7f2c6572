// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/simulation.h"

#include "model/engine/fluid_engine.h"
#include "model/ingest/whole_file.h"
#include "model/proto/fleet_text.h"
#include "model/proto/operations_text.h"
#include "model/proto/shipped.h"
#include "model/recording/recording.h"
#include "model/store/history.h"
#include "model/store/store.h"
#include "ui/session/stored_demand.h"

#include <fmt/format.h>

#include <chrono>

namespace isobar::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostWaiting = 300; ///< intervals the disk may be behind: nothing is to be made coarser
constexpr auto kReportEvery = std::chrono::milliseconds(50);

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Result<std::unique_ptr<recording::Writer>> startRecording(const SimulationOptions& options,
                                                          const engine::Engine& engine, const Calibration& calibration)
{
    recording::Header header;
    header.fleet = engine.fleet();
    header.seed = options.seed;
    header.calibrationHash = recording::hashOf(proto::writeCalibrationText(calibration));
    if (!(engine.options().operations == Operations{})) {
        header.operations = proto::writeOperationsText(engine.options().operations, *header.fleet);
    }
    header.recordedBy = "isobar-cli " ISOBAR_VERSION;
    return recording::Writer::create(options.recording, header);
}

/// What has run of an engine of either kind.
template <class AnyEngine> void keepResult(Simulation& run, const AnyEngine& engine)
{
    run.totals = engine.totals();
    run.stateHash = engine.stateHash();
    const auto layout = engine.layout();
    const std::vector<std::int64_t>& atStart = run.totals.inFlightAtStartBy;
    for (std::size_t p = 0; p < atStart.size(); ++p) {
        const Region& region = (*run.fleet)[(*run.fleet)[layout->placements[p].pool].region];
        run.inFlightAtStart[(*run.fleet)[region.provider].key] += atStart[p];
    }
}

Status runFluid(Simulation& run, const Calibration& calibration, const engine::EngineOptions& engineOptions,
                std::int64_t seconds, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(engine::FluidEngine engine, engine::FluidEngine::create(run.fleet, calibration, engineOptions));
    const aggregate::SimMicros end = seconds * aggregate::kMicrosPerSecond;
    const auto start = Clock::now();
    auto reported = start;
    while (engine.now() < end) {
        engine.step(end);
        for (engine::Event& event : engine.takeEvents()) {
            run.events.push_back(std::move(event));
        }
        for (auto& interval : engine.takeIntervals()) {
            run.history.append(std::move(interval));
        }
        if (job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        if (const auto now = Clock::now(); now - reported >= kReportEvery) {
            reported = now;
            job.progress("Simulating", engine.now() / aggregate::kMicrosPerSecond, seconds);
        }
    }
    run.wallSeconds = secondsSince(start);
    keepResult(run, engine);
    run.fluid = true;
    return Done{};
}

} // namespace

Result<store::Scenario> readScenario(const std::filesystem::path& file, const std::string& name,
                                     const std::string& note, const Fleet& fleet)
{
    ISOBAR_TRY_ASSIGN(std::string text, ingest::readWholeFile(file, store::kMostScenarioBytes));
    return store::makeScenario(name, std::move(text), file.string(), note, fleet);
}

Result<std::optional<store::Scenario>> chooseScenario(const store::Store& store, const Fleet& fleet,
                                                      const std::string& typed)
{
    if (typed.empty() || typed == store::kBaselineName) {
        return std::optional<store::Scenario>();
    }
    ISOBAR_TRY_ASSIGN(const std::vector<store::Scenario> kept, store::scenarios(store));
    const store::Scenario* found = store::findScenario(kept, typed);
    std::error_code ignored;
    const bool isFile = std::filesystem::exists(typed, ignored);
    if (found != nullptr && isFile) {
        return Error{ErrorCode::InvalidValue, fmt::format("'{}' is a scenario of this store, and also a file", typed),
                     fmt::format("write ./{} for the file, or rename the scenario", typed)};
    }
    if (found != nullptr) {
        return std::optional(*found);
    }
    if (!isFile) {
        Error error = store::noSuchScenario(kept, typed);
        error.message += " in this store, nor a file of that name";
        if (kept.empty()) {
            error.advice = fmt::format("none is kept yet; add one with: isobar-cli scenario add {} NAME FILE",
                                       store.path().string());
        }
        return error;
    }
    ISOBAR_TRY_ASSIGN(store::Scenario read, readScenario(typed, "of a file", {}, fleet));
    read.name = typed;
    return std::optional(std::move(read));
}

Result<Simulation> simulateStore(const std::filesystem::path& store, const SimulationOptions& options,
                                 const JobContext& job)
{
    Simulation run;
    std::unique_ptr<store::HistoryWriter> recorder;
    engine::EngineOptions engineOptions;
    engineOptions.seed = options.seed;
    engineOptions.threads = options.threads;
    engineOptions.settleSeconds = run.settleSeconds = options.settleSeconds;
    {
        ISOBAR_TRY_ASSIGN(const store::Store opened, store::Store::open(store));
        ISOBAR_TRY_ASSIGN(Fleet fleet, opened.loadFleet());
        run.fleet = std::make_shared<const Fleet>(std::move(fleet));
        std::optional<store::Scenario> scenario;
        if (options.scenario.empty() && options.asInWindow) {
            ISOBAR_TRY_ASSIGN(const auto kept, store::scenarios(opened));
            ISOBAR_TRY_ASSIGN(const store::Scenario* remembered, store::rememberedScenario(opened, kept));
            if (remembered != nullptr) {
                scenario = *remembered;
            }
        } else {
            ISOBAR_TRY_ASSIGN(scenario, chooseScenario(opened, *run.fleet, options.scenario));
        }
        run.scenario = scenario ? scenario->name : store::kBaselineName;
        if (scenario) {
            ISOBAR_TRY_ASSIGN(engineOptions.operations, store::operationsOf(*scenario, *run.fleet));
            ISOBAR_TRY_ASSIGN(engineOptions.traces, ui::storedDemand(&opened, engineOptions.operations));
        }
        if (options.record) {
            if (scenario && scenario->id == 0) { // else its run would be taken for one of the baseline
                return Error{ErrorCode::InvalidValue,
                             fmt::format("the history has no name for a run of the file '{}'", scenario->name),
                             fmt::format("keep it first: isobar-cli scenario add {} NAME {}, then --scenario NAME",
                                         store.string(), scenario->name)};
            }
            ISOBAR_TRY_ASSIGN(
                recorder, store::HistoryWriter::start(opened, {run.fleet, options.seed, scenario ? scenario->id : 0}));
        }
    }
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    if (options.fluid) {
        ISOBAR_TRY(runFluid(run, calibration, engineOptions, options.seconds, job));
        return run;
    }
    ISOBAR_TRY_ASSIGN(engine::Engine engine, engine::Engine::create(run.fleet, calibration, engineOptions));

    std::unique_ptr<recording::Writer> writer;
    if (!options.recording.empty()) {
        ISOBAR_TRY_ASSIGN(writer, startRecording(options, engine, calibration));
    }

    const aggregate::SimMicros end = options.seconds * aggregate::kMicrosPerSecond;
    const auto start = Clock::now();
    auto reported = start;
    while (engine.now() < end) {
        engine.step();
        for (engine::Event& event : engine.takeEvents()) {
            if (writer) {
                writer->add({event.at, std::string(engine::eventKindName(event.kind)), event.text});
            }
            run.events.push_back(std::move(event));
        }
        for (auto& interval : engine.takeIntervals()) {
            if (writer) {
                ISOBAR_TRY(writer->append(interval));
            }
            if (recorder) {
                recorder->append(interval);
            }
            run.history.append(std::move(interval));
        }
        if (recorder && recorder->state().waiting > kMostWaiting) {
            ISOBAR_TRY(recorder->drain());
        }
        if (job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        if (const auto now = Clock::now(); now - reported >= kReportEvery) {
            reported = now;
            job.progress("Simulating", engine.now() / aggregate::kMicrosPerSecond, options.seconds);
        }
    }
    if (recorder) {
        ISOBAR_TRY(recorder->finish());
    }
    if (writer) {
        ISOBAR_TRY(writer->finish());
        run.recordBytes = writer->bytesWritten();
    }
    run.wallSeconds = secondsSince(start);
    keepResult(run, engine);
    run.waiting = engine.waiting();
    if (options.atEnd) {
        options.atEnd(engine);
    }
    return run;
}

} // namespace isobar::cli

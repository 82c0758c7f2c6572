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

#include <chrono>

namespace isobar::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostOperationsBytes = std::size_t{64} << 20;
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
    if (!options.operations.empty()) {
        header.operations = proto::writeOperationsText(engine.options().operations, *header.fleet);
    }
    header.recordedBy = "isobar-cli " ISOBAR_VERSION;
    return recording::Writer::create(options.recording, header);
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
    run.totals = engine.totals();
    run.stateHash = engine.stateHash();
    run.fluid = true;
    return Done{};
}

} // namespace

Result<Simulation> simulateStore(const std::filesystem::path& store, const SimulationOptions& options,
                                 const JobContext& job)
{
    Simulation run;
    std::unique_ptr<store::HistoryWriter> recorder;
    {
        ISOBAR_TRY_ASSIGN(const store::Store opened, store::Store::open(store));
        ISOBAR_TRY_ASSIGN(Fleet fleet, opened.loadFleet());
        run.fleet = std::make_shared<const Fleet>(std::move(fleet));
        if (options.record) {
            ISOBAR_TRY_ASSIGN(recorder, store::HistoryWriter::start(opened, {run.fleet, options.seed, 0}));
        }
    }
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    engine::EngineOptions engineOptions;
    engineOptions.seed = options.seed;
    engineOptions.threads = options.threads;
    engineOptions.settleSeconds = options.settleSeconds;
    if (!options.operations.empty()) {
        ISOBAR_TRY_ASSIGN(const std::string text, ingest::readWholeFile(options.operations, kMostOperationsBytes));
        ISOBAR_TRY_ASSIGN(engineOptions.operations, proto::parseOperationsText(text, options.operations, *run.fleet));
    }
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
    run.totals = engine.totals();
    run.waiting = engine.waiting();
    run.stateHash = engine.stateHash();
    if (options.atEnd) {
        options.atEnd(engine);
    }
    return run;
}

} // namespace isobar::cli

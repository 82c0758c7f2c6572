// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/simulation.h"

#include "model/proto/shipped.h"
#include "model/store/store.h"

#include <chrono>

namespace isobar::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kReportEvery = std::chrono::milliseconds(50);

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

} // namespace

Result<Simulation> simulateStore(const std::filesystem::path& store, const SimulationOptions& options,
                                 const JobContext& job)
{
    Simulation run;
    {
        ISOBAR_TRY_ASSIGN(const store::Store opened, store::Store::open(store));
        ISOBAR_TRY_ASSIGN(Fleet fleet, opened.loadFleet());
        run.fleet = std::make_shared<const Fleet>(std::move(fleet));
    }
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    engine::EngineOptions engineOptions;
    engineOptions.seed = options.seed;
    engineOptions.threads = options.threads;
    engineOptions.settleSeconds = options.settleSeconds;
    ISOBAR_TRY_ASSIGN(engine::Engine engine, engine::Engine::create(run.fleet, calibration, engineOptions));

    const aggregate::SimMicros end = options.seconds * aggregate::kMicrosPerSecond;
    const auto start = Clock::now();
    auto reported = start;
    while (engine.now() < end) {
        engine.step();
        for (auto& interval : engine.takeIntervals()) {
            run.history.append(std::move(interval));
        }
        if (job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        if (const auto now = Clock::now(); now - reported >= kReportEvery) {
            reported = now;
            job.progress("Simulating", engine.now() / aggregate::kMicrosPerSecond, options.seconds);
        }
    }
    run.wallSeconds = secondsSince(start);
    run.totals = engine.totals();
    run.stateHash = engine.stateHash();
    return run;
}

} // namespace isobar::cli

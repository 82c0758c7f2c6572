// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fleet_bench.h"
#include "model/engine/engine.h"

#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <sys/resource.h>
#include <tuple>

namespace isobar::engine {
namespace {

constexpr std::size_t kRegions = 20, kAreas = 10;
constexpr std::int32_t kChipsPerReplica = 8;
constexpr double kRequestsPerReplica = 3;

/// Regions on a ring around the globe, two models of the size of common ones, round figures throughout.
Fleet syntheticFleet(std::int64_t accelerators)
{
    Fleet fleet;
    fleet.name = "Benchmark";
    fleet.dataDate = "2026-01-01";
    fleet.startTimeUtc = "2026-01-05T12:00:00Z";
    fleet.sources = {{"benchmark", "Made up for measuring speed", "2026-01-01"}};
    fleet.providers = {{"bench", "Benchmark"}};

    AcceleratorType chip;
    chip.name = "Bench";
    chip.vendor = "Benchmark";
    chip.runtimeFamily = "cuda";
    chip.bf16FlopsPerSecond = 1e15;
    chip.fp8FlopsPerSecond = 2e15;
    chip.hbmBytes = 80e9;
    chip.hbmBytesPerSecond = 3.35e12;
    chip.interconnectBytesPerSecond = 450e9;
    chip.tdpWatts = 700;
    fleet.accelerators = {chip};

    ServedModel model;
    model.name = "dense-70b";
    model.layers = 80;
    model.hiddenSize = 8192;
    model.attentionHeads = 64;
    model.kvHeads = 8;
    model.headDimension = 128;
    model.totalParameters = model.activeParameters = 70e9;
    model.kvValuesPerToken = 2.0 * 80 * 8 * 128;
    model.runtimes = {"cuda"};
    fleet.models = {model};
    fleet.tiers = {{"interactive", 1.0, 0.05, 0, {}}, {"batch", 30.0, 0.5, 1, {}}};

    const double longitudeStep = 360.0 / kRegions;
    std::int64_t left = accelerators / kChipsPerReplica;
    std::int64_t replicas = 0;
    for (std::size_t i = 0; i < kRegions; ++i) {
        Region region;
        region.provider = ProviderId(std::size_t{0});
        region.code = fmt::format("region-{}", i);
        region.displayName = region.code;
        region.countryIso2 = "US";
        region.residencyZone = "US";
        region.at = {40, -180 + longitudeStep * static_cast<double>(i)};
        region.gridGramsCo2ePerKwh = 300;
        fleet.regions.push_back(region);

        const auto here = static_cast<std::int32_t>(left / static_cast<std::int64_t>(kRegions - i));
        left -= here;
        replicas += here;
        Pool pool;
        pool.key = fmt::format("bench/{}/Bench", region.code);
        pool.region = RegionId(i);
        pool.accelerator = AcceleratorId(std::size_t{0});
        pool.chips[static_cast<std::size_t>(PricingModel::Reserved)] = here * kChipsPerReplica;
        fleet.pools.push_back(pool);
        Placement placement;
        placement.key = fmt::format("{}@{}", model.name, pool.key);
        placement.model = ModelId(std::size_t{0});
        placement.pool = PoolId(i);
        placement.replicas = here;
        placement.tensorParallel = kChipsPerReplica;
        placement.precision = Precision::Fp8;
        placement.maxBatch = 128;
        fleet.placements.push_back(placement);
    }
    for (std::size_t i = 0; i < kAreas; ++i) {
        UserArea area;
        area.name = fmt::format("area-{}", i);
        area.residencyZone = "US";
        area.at = {40, -180 + 360.0 / kAreas * static_cast<double>(i)};
        area.utcOffsetHours = -12 + 24.0 / kAreas * static_cast<double>(i);
        fleet.areas.push_back(area);
    }
    for (std::size_t i = 0; i < fleet.tiers.size(); ++i) {
        Workload workload;
        workload.name = fmt::format("{} traffic", fleet.tiers[i].name);
        workload.model = ModelId(std::size_t{0});
        workload.tier = TierId(i);
        workload.meanRequestsPerSecond = kRequestsPerReplica * static_cast<double>(replicas) / 2;
        workload.diurnalAmplitude = 0.3;
        workload.inputTokens = {1000, 1, 16'000};
        workload.outputTokens = {250, 1, 4'000};
        for (std::size_t area = 0; area < kAreas; ++area) {
            workload.areaShares.emplace_back(AreaId(area), 1.0 / kAreas);
        }
        fleet.workloads.push_back(workload);
    }
    fleet.prices = {
        {ProviderId(std::size_t{0}), {}, AcceleratorId(std::size_t{0}), PricingModel::Reserved, 2.0, "", {}, ""}};
    return fleet;
}

/// Efficiencies of the made-up chip.
Calibration syntheticCalibration()
{
    Efficiency row;
    row.precision = Precision::Fp8;
    row.computeRatio = 0.5;
    row.bandwidthRatio = 0.7;
    row.attentionBandwidthRatio = 0.8;
    row.stepOverheadSeconds = 2e-3;
    row.layerOverheadSeconds = 1e-5;
    row.sequenceOverheadSeconds = 1e-5;
    row.allReduceLatencySeconds = 8e-6;
    row.interconnectRatio = 0.6;
    row.reserveBytes = 1.2e9;
    row.memoryRatio = 0.9;
    return {{}, {row}};
}

} // namespace

Result<FleetBench> benchmarkFleet(std::int64_t accelerators, double simulatedSeconds, int threads)
{
    constexpr std::int64_t kLeast = std::int64_t{kChipsPerReplica} * kRegions, kMost = 10'000'000;
    if (accelerators < kLeast || accelerators > kMost || !(simulatedSeconds > 0)) {
        Error error;
        error.code = ErrorCode::InvalidValue;
        error.message = fmt::format("cannot measure {} accelerators for {} s", accelerators, simulatedSeconds);
        error.advice = fmt::format("give {} to {} accelerators and a positive time", kLeast, kMost);
        return error;
    }
    const auto fleet = std::make_shared<const Fleet>(syntheticFleet(accelerators));
    EngineOptions options;
    options.threads = threads;
    ISOBAR_TRY_ASSIGN(Engine engine, Engine::create(fleet, syntheticCalibration(), options));
    const auto runUntil = [&](double seconds) {
        while (static_cast<double>(engine.now()) < seconds * aggregate::kMicrosPerSecond) {
            engine.step();
            std::ignore = engine.takeIntervals(); // nobody keeps them
        }
    };
    runUntil(kBenchWarmUpSeconds);
    const std::int64_t before = engine.totals().demand.requests;
    const auto start = std::chrono::steady_clock::now();
    runUntil(kBenchWarmUpSeconds + simulatedSeconds);

    FleetBench bench;
    bench.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bench.accelerators = accelerators;
    for (const PlacementState& state : engine.placementStates()) {
        bench.replicas += state.replicas;
    }
    bench.threads = engine.options().threads;
    bench.simulatedSeconds = simulatedSeconds;
    bench.requests = engine.totals().demand.requests - before;
    bench.realtimeFactor = simulatedSeconds / bench.wallSeconds;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    bench.peakRssBytes = usage.ru_maxrss * 1024;
    return bench;
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fleet_bench.h"
#include "model/engine/engine.h"
#include "model/fleet/process_clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <tuple>

namespace isobar::engine {
namespace {

constexpr std::size_t kMostRegions = 250, kAreas = 10, kMostModels = 40;
/// Models a region serves.
constexpr std::size_t kModelsPerRegion = 4;
/// Below so many replicas a placement would hardly be one.
constexpr std::int64_t kFewestReplicas = 25;
constexpr std::int32_t kChipsPerReplica = 8;
constexpr double kRequestsPerReplica = 3;

/// Regions on a ring around the globe, models of the size of common ones, round figures throughout. As many regions and
/// models as the chips suffice for, up to 250 and 40.
Fleet syntheticFleet(std::int64_t accelerators, double loadRatio)
{
    const std::int64_t replicasInAll = accelerators / kChipsPerReplica;
    const std::size_t regions = std::clamp<std::size_t>(
        static_cast<std::size_t>(replicasInAll / (kFewestReplicas * std::int64_t{kModelsPerRegion})), 5, kMostRegions);
    const std::size_t models = std::clamp<std::size_t>(regions * kModelsPerRegion / 5, 2, kMostModels);
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

    for (std::size_t i = 0; i < models; ++i) {
        ServedModel model;
        model.name = fmt::format("dense-70b-{}", i);
        model.layers = 80;
        model.hiddenSize = 8192;
        model.attentionHeads = 64;
        model.kvHeads = 8;
        model.headDimension = 128;
        model.totalParameters = model.activeParameters = 70e9;
        model.kvValuesPerToken = 2.0 * 80 * 8 * 128;
        model.runtimes = {"cuda"};
        fleet.models.push_back(model);
    }
    fleet.tiers = {{"interactive", 1.0, 0.05, 0, {}}, {"batch", 30.0, 0.5, 1, {}}};

    const double longitudeStep = 360.0 / static_cast<double>(regions);
    std::int64_t left = replicasInAll;
    std::vector<double> replicasOfModel(models);
    for (std::size_t i = 0; i < regions; ++i) {
        Region region;
        region.provider = ProviderId(std::size_t{0});
        region.code = fmt::format("region-{}", i);
        region.displayName = region.code;
        region.countryIso2 = "US";
        region.residencyZone = "US";
        region.at = {40, -180 + longitudeStep * static_cast<double>(i)};
        region.gridGramsCo2ePerKwh = 300;
        fleet.regions.push_back(region);

        auto here = static_cast<std::int32_t>(left / static_cast<std::int64_t>(regions - i));
        left -= here;
        Pool pool;
        pool.key = fmt::format("bench/{}/Bench", region.code);
        pool.region = RegionId(i);
        pool.accelerator = AcceleratorId(std::size_t{0});
        pool.chips[static_cast<std::size_t>(PricingModel::Reserved)] = here * kChipsPerReplica;
        fleet.pools.push_back(pool);
        for (std::size_t k = 0; k < kModelsPerRegion; ++k) {
            Placement placement;
            placement.model = ModelId((i * kModelsPerRegion + k) % models);
            placement.key = fmt::format("{}@{}#{}", fleet[placement.model].name, pool.key, k);
            placement.pool = PoolId(i);
            placement.replicas = here / static_cast<std::int32_t>(kModelsPerRegion - k);
            here -= placement.replicas;
            placement.tensorParallel = kChipsPerReplica;
            placement.precision = Precision::Fp8;
            placement.maxBatch = 128;
            replicasOfModel[placement.model.index()] += placement.replicas;
            fleet.placements.push_back(placement);
        }
    }
    for (std::size_t i = 0; i < kAreas; ++i) {
        UserArea area;
        area.name = fmt::format("area-{}", i);
        area.residencyZone = "US";
        area.at = {40, -180 + 360.0 / kAreas * static_cast<double>(i)};
        area.utcOffsetHours = -12 + 24.0 / kAreas * static_cast<double>(i);
        fleet.areas.push_back(area);
    }
    for (std::size_t i = 0; i < models * fleet.tiers.size(); ++i) {
        Workload workload;
        workload.model = ModelId(i / fleet.tiers.size());
        workload.tier = TierId(i % fleet.tiers.size());
        workload.name = fmt::format("{} {} traffic", fleet[workload.model].name, fleet[workload.tier].name);
        workload.meanRequestsPerSecond = loadRatio * kRequestsPerReplica * replicasOfModel[workload.model.index()] / 2;
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

/// Every replica may go and come back with the load.
Operations syntheticOperations(const Fleet& fleet)
{
    Operations operations;
    for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
        const std::int32_t replicas = fleet.placements[p].replicas;
        operations.autoscale.push_back({PlacementId(p), (replicas + 1) / 2, std::max(1, replicas), 0.7, 300});
    }
    return operations;
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

Result<FleetBench> benchmarkFleet(std::int64_t accelerators, double simulatedSeconds, int threads, double loadRatio)
{
    constexpr std::int64_t kLeast = std::int64_t{kChipsPerReplica} * 100, kMost = 10'000'000;
    if (accelerators < kLeast || accelerators > kMost || !(simulatedSeconds > 0) || !(loadRatio > 0)) {
        Error error;
        error.code = ErrorCode::InvalidValue;
        error.message = fmt::format("cannot measure {} accelerators for {} s", accelerators, simulatedSeconds);
        error.advice = fmt::format("give {} to {} accelerators and a positive time", kLeast, kMost);
        return error;
    }
    const auto fleet = std::make_shared<const Fleet>(syntheticFleet(accelerators, loadRatio));
    EngineOptions options;
    options.threads = threads;
    options.operations = syntheticOperations(*fleet);
    ISOBAR_TRY_ASSIGN(Engine engine, Engine::create(fleet, syntheticCalibration(), options));
    FleetBench bench;
    auto nextSnapshot = std::chrono::steady_clock::now();
    const auto runUntil = [&](double seconds) {
        while (static_cast<double>(engine.now()) < seconds * aggregate::kMicrosPerSecond) {
            engine.step();
            std::ignore = engine.takeIntervals(); // nobody keeps them
            std::ignore = engine.takeEvents();
            if (const auto now = std::chrono::steady_clock::now(); now >= nextSnapshot) {
                // What a window sees, ten times a second.
                nextSnapshot = now + std::chrono::milliseconds(100);
                bench.inFlight = engine.totals().inFlight;
                bench.placements = static_cast<std::int64_t>(engine.placementStates().size());
                ++bench.snapshots;
            }
        }
    };
    runUntil(kBenchWarmUpSeconds);
    const std::int64_t before = engine.totals().demand.requests;
    const auto start = std::chrono::steady_clock::now();
    const double cpuBefore = processCpuSeconds();
    runUntil(kBenchWarmUpSeconds + simulatedSeconds);

    bench.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bench.cpuSeconds = processCpuSeconds() - cpuBefore;
    bench.loadRatio = loadRatio;
    bench.accelerators = accelerators;
    bench.regions = static_cast<std::int64_t>(fleet->regions.size());
    bench.models = static_cast<std::int64_t>(fleet->models.size());
    for (const PlacementState& state : engine.placementStates()) {
        bench.replicas += state.replicas;
    }
    bench.threads = engine.options().threads;
    bench.simulatedSeconds = simulatedSeconds;
    bench.requests = engine.totals().demand.requests - before;
    bench.realtimeFactor = simulatedSeconds / bench.wallSeconds;
    bench.stateHash = engine.stateHash();
    bench.peakRssBytes = peakRssBytes();
    return bench;
}

} // namespace isobar::engine

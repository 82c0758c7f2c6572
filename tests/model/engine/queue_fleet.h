// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"

#include <QString>
#include <cmath>
#include <random>
#include <string>
#include <tuple>
#include <vector>

/// Fleets that are queues, for tests against queueing theory.
namespace isobar::engine::queueing {

using aggregate::kMicrosPerSecond;

inline constexpr double kIteration = 0.01, kMeanTokens = 1000, kMeanService = kIteration * kMeanTokens;
inline constexpr double kWindow = 0.1; ///< of an engine

/// Regions in a row, one pool and one placement in each; users in the first. Every iteration takes kIteration whatever
/// is in it, so a place in a batch is a server.
inline Fleet rowOfQueues(const std::vector<std::int32_t>& replicas, std::int32_t maxBatch, double requestsPerSecond,
                         double cv)
{
    Fleet f;
    f.name = "Queues";
    f.dataDate = "2026-01-01";
    f.startTimeUtc = "2026-01-05T12:00:00Z";
    f.sources = {{"test", "Made for tests", "2026-01-01"}};
    f.providers = {{"test", "Test"}};
    AcceleratorType chip;
    chip.name = "Server";
    chip.vendor = "Test";
    chip.runtimeFamily = "cuda";
    chip.bf16FlopsPerSecond = 1e15;
    chip.hbmBytes = 80e9;
    chip.hbmBytesPerSecond = 1e13;
    chip.interconnectBytesPerSecond = 1e12;
    chip.tdpWatts = 100;
    f.accelerators = {chip};
    ServedModel model;
    model.name = "queue";
    model.layers = model.hiddenSize = model.attentionHeads = model.kvHeads = model.headDimension = 1;
    model.totalParameters = model.activeParameters = 1e3;
    model.kvValuesPerToken = 2;
    model.runtimes = {"cuda"};
    f.models = {model};
    f.tiers = {{"patient", 1e5, 10, 0, {}}};
    for (std::size_t i = 0; i < replicas.size(); ++i) {
        Region region;
        region.provider = ProviderId(std::size_t{0});
        region.code = "r" + std::to_string(i);
        region.displayName = region.code;
        region.countryIso2 = "US";
        region.residencyZone = "US";
        region.at = {40, -120 + 10.0 * double(i)};
        region.gridGramsCo2ePerKwh = 300;
        f.regions.push_back(region);
        Pool pool;
        pool.key = "test/" + region.code;
        pool.region = RegionId(i);
        pool.accelerator = AcceleratorId(std::size_t{0});
        pool.chips[0] = replicas[i];
        f.pools.push_back(pool);
        Placement placement;
        placement.key = "queue@" + pool.key;
        placement.model = ModelId(std::size_t{0});
        placement.pool = PoolId(i);
        placement.replicas = replicas[i];
        placement.tensorParallel = 1;
        placement.precision = Precision::Bf16;
        placement.maxBatch = maxBatch;
        f.placements.push_back(placement);
        if (i > 0) {
            f.links.push_back({RegionId(std::size_t{0}), RegionId(i), 0.01 * double(i), {}});
        }
    }
    UserArea area;
    area.name = "users";
    area.residencyZone = "US";
    area.at = f.regions[0].at;
    area.rttProxy = RegionId(std::size_t{0});
    f.areas = {area};
    Workload workload;
    workload.name = "jobs";
    workload.model = ModelId(std::size_t{0});
    workload.tier = TierId(std::size_t{0});
    workload.meanRequestsPerSecond = requestsPerSecond;
    workload.inputTokens = {1, 0, 1};
    workload.outputTokens = {kMeanTokens, cv, 1'000'000};
    workload.areaShares = {{AreaId(std::size_t{0}), 1.0}};
    f.workloads = {workload};
    f.prices = {{ProviderId(std::size_t{0}), {}, AcceleratorId(std::size_t{0}), PricingModel::Reserved, 1, "", {}, ""}};
    return f;
}

inline Calibration constantIterations()
{
    Efficiency row;
    row.precision = Precision::Bf16;
    row.computeRatio = row.bandwidthRatio = row.attentionBandwidthRatio = 1;
    row.stepOverheadSeconds = kIteration;
    row.interconnectRatio = 1;
    row.memoryRatio = 0.9;
    return {{{"test", "Made for tests", "2026-01-01"}}, {row}};
}

/// Poisson arrivals of exponential service, as a recorded stream: lengths are drawn log-normal otherwise.
inline std::shared_ptr<const DemandTrace> exponentialJobs(double perSecond, double seconds, std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> gap(perSecond), size(1 / kMeanTokens);
    auto trace = std::make_shared<DemandTrace>();
    for (double t = gap(random); t < seconds; t += gap(random)) {
        trace->requests.push_back({t, 1, static_cast<std::uint32_t>(std::ceil(size(random)))});
    }
    trace->lengthSeconds = seconds;
    return trace;
}

/// One thread; `trace` in place of the workload's own arrivals and lengths.
inline Result<Engine> engineOf(const Fleet& fleet, const Operations& operations,
                               std::shared_ptr<const DemandTrace> trace = nullptr)
{
    EngineOptions options;
    options.threads = 1;
    options.operations = operations;
    if (trace) {
        WorkloadOperations jobs;
        jobs.workload = WorkloadId(std::size_t{0});
        jobs.trace = "jobs";
        options.operations.workloads = {jobs};
        options.traces = {{"jobs", trace}};
    }
    return Engine::create(std::make_shared<const Fleet>(fleet), constantIterations(), options);
}

inline Result<Engine> engineOf(const Fleet& fleet, RoutingPolicy routing,
                               std::shared_ptr<const DemandTrace> trace = nullptr)
{
    Operations operations;
    operations.routing = routing;
    return engineOf(fleet, operations, std::move(trace));
}

/// Mean of a quantity over time and the half-width of its 99 % interval, from the means of forty stretches.
template <class Quantity>
std::pair<double, double> meanOverTime(Engine& engine, double warmUpSeconds, double seconds, const Quantity& quantity)
{
    constexpr int kStretches = 40;
    constexpr double kStudent = 2.708; // 39 degrees, 99 %
    const auto step = [&] {
        engine.step();
        std::ignore = engine.takeIntervals();
        std::ignore = engine.takeEvents();
    };
    while (double(engine.now()) < warmUpSeconds * kMicrosPerSecond) {
        step();
    }
    double sum = 0, squares = 0;
    for (int i = 1; i <= kStretches; ++i) {
        double total = 0, count = 0;
        while (double(engine.now()) < (warmUpSeconds + seconds * i / kStretches) * kMicrosPerSecond) {
            step();
            total += quantity(engine);
            ++count;
        }
        sum += total / count;
        squares += total / count * (total / count);
    }
    const double mean = sum / kStretches;
    return {mean, kStudent * std::sqrt((squares / kStretches - mean * mean) / (kStretches - 1))};
}

inline QString told(double measured, double halfWidth, double exact)
{
    return QStringLiteral("%1 +- %2, exact %3").arg(measured).arg(halfWidth).arg(exact);
}

} // namespace isobar::engine::queueing

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/small_fleet.h"

namespace isobar::test {
namespace {

template <class Id> Id at(std::size_t index)
{
    return Id(index);
}

ServedModel denseModel(std::string name, int layers, int hidden, int heads, int kvHeads, double parameters)
{
    ServedModel m;
    m.name = std::move(name);
    m.layers = layers;
    m.hiddenSize = hidden;
    m.attentionHeads = heads;
    m.kvHeads = kvHeads;
    m.headDimension = 128;
    m.totalParameters = m.activeParameters = parameters;
    m.kvValuesPerToken = 2.0 * layers * kvHeads * 128;
    m.runtimes = {"cuda", "xla-tpu"};
    m.usdPerMillionInputTokens = 0.6;
    m.usdPerMillionOutputTokens = 0.9;
    return m;
}

} // namespace

Fleet smallFleet(double demandScale)
{
    Fleet f;
    f.name = "Small fleet";
    f.dataDate = "2026-01-01";
    f.startTimeUtc = "2026-01-05T12:00:00Z";
    f.sources = {{"test", "Made for tests", "2026-01-01"}};
    f.providers = {{"azure", "Microsoft Azure"}, {"gcp", "Google Cloud"}};

    Region eastus2;
    eastus2.provider = at<ProviderId>(0);
    eastus2.code = "eastus2";
    eastus2.displayName = "East US 2";
    eastus2.location = "Virginia";
    eastus2.countryIso2 = "US";
    eastus2.residencyZone = "US";
    eastus2.at = {36.67, -78.39};
    eastus2.gridGramsCo2ePerKwh = 380;
    eastus2.pueRatio = 1.18;
    Region westeurope = eastus2;
    westeurope.code = "westeurope";
    westeurope.displayName = "West Europe";
    westeurope.location = "Netherlands";
    westeurope.countryIso2 = "NL";
    westeurope.residencyZone = "EU";
    westeurope.at = {52.37, 4.89};
    westeurope.gridGramsCo2ePerKwh = 270;
    Region central = eastus2;
    central.provider = at<ProviderId>(1);
    central.code = "us-central1";
    central.displayName = "Iowa";
    central.location = "Iowa";
    central.at = {41.26, -95.86};
    central.gridGramsCo2ePerKwh.reset(); // not published: estimated from its country
    central.pueRatio = 1.1;
    f.regions = {eastus2, westeurope, central};

    AcceleratorType h100;
    h100.name = "H100";
    h100.vendor = "NVIDIA";
    h100.runtimeFamily = "cuda";
    h100.bf16FlopsPerSecond = 989e12;
    h100.fp8FlopsPerSecond = 1979e12;
    h100.hbmBytes = 80e9;
    h100.hbmBytesPerSecond = 3.35e12;
    h100.interconnectBytesPerSecond = 450e9;
    h100.tdpWatts = 700;
    AcceleratorType tpu = h100;
    tpu.name = "TPU-v5p";
    tpu.vendor = "Google";
    tpu.runtimeFamily = "xla-tpu";
    tpu.bf16FlopsPerSecond = 459e12;
    tpu.fp8FlopsPerSecond.reset();
    tpu.hbmBytes = 95e9;
    tpu.hbmBytesPerSecond = 2.76e12;
    tpu.interconnectBytesPerSecond = 300e9;
    tpu.tdpWatts = 450;
    f.accelerators = {h100, tpu};

    f.models = {denseModel("large", 80, 8192, 64, 8, 70.6e9), denseModel("small", 32, 4096, 32, 8, 8.0e9)};
    SloTier fast{"interactive-fast", 0.5, 0.04, 0, {}};
    SloTier normal{"interactive-normal", 2.0, 0.08, 1, {}};
    SloTier batch{"non-interactive", 60.0, 0.5, 2, {}};
    f.tiers = {fast, normal, batch};

    const auto pool = [](std::string key, std::size_t region, std::size_t accelerator,
                         std::array<std::int32_t, kPricingModels> chips) {
        Pool p;
        p.key = std::move(key);
        p.region = RegionId(region);
        p.accelerator = AcceleratorId(accelerator);
        p.chips = chips;
        return p;
    };
    f.pools = {pool("azure/eastus2/H100", 0, 0, {256, 128, 64, 64}),
               pool("azure/westeurope/H100", 1, 0, {128, 0, 128, 0}),
               pool("gcp/us-central1/TPU-v5p", 2, 1, {0, 256, 0, 0})};
    f.pools[1].otherTenantRatio = 0.25;

    const auto place = [&](std::size_t model, std::size_t inPool, int replicas, int ways, Precision precision) {
        Placement p;
        p.key = f.models[model].name + "@" + f.pools[inPool].key;
        p.model = ModelId(model);
        p.pool = PoolId(inPool);
        p.replicas = replicas;
        p.tensorParallel = ways;
        p.precision = precision;
        p.maxBatch = 64;
        f.placements.push_back(p);
    };
    place(0, 0, 20, 8, Precision::Fp8);
    place(0, 1, 8, 8, Precision::Fp8);
    place(0, 2, 10, 8, Precision::Bf16);
    place(1, 0, 8, 1, Precision::Fp8);
    place(1, 1, 4, 1, Precision::Bf16);

    const auto area = [](std::string name, std::string zone, LatLon where, double offset, std::size_t proxy) {
        UserArea a;
        a.name = std::move(name);
        a.residencyZone = std::move(zone);
        a.at = where;
        a.utcOffsetHours = offset;
        a.rttProxy = RegionId(proxy);
        return a;
    };
    f.areas = {area("New York", "US", {40.71, -74.01}, -5, 0), area("Frankfurt", "EU", {50.11, 8.68}, 1, 1),
               area("Tokyo", "JP", {35.68, 139.69}, 9, 2)};

    const auto workload = [&](std::string name, std::size_t model, std::size_t tier, double rate) {
        Workload w;
        w.name = std::move(name);
        w.model = ModelId(model);
        w.tier = TierId(tier);
        w.meanRequestsPerSecond = rate * demandScale;
        w.diurnalAmplitude = 0.3;
        w.inputTokens = {800, 1, 8000};
        w.outputTokens = {200, 1, 2000};
        w.areaShares = {{AreaId(std::size_t{0}), 0.5}, {AreaId(std::size_t{1}), 0.3}, {AreaId(std::size_t{2}), 0.2}};
        return w;
    };
    f.workloads = {workload("chat", 0, 1, 30), workload("eu assistant", 0, 0, 6), workload("summaries", 1, 2, 15),
                   workload("completion", 1, 0, 10)};
    f.workloads[1].areaShares = {{AreaId(std::size_t{1}), 1.0}};
    f.workloads[1].residencyBound = true;
    f.workloads[2].burstiness = 2;

    for (std::size_t provider = 0; provider < 2; ++provider) {
        for (std::size_t pricing = 0; pricing < kPricingModels; ++pricing) {
            Price p;
            p.provider = ProviderId(provider);
            p.accelerator = AcceleratorId(provider);
            p.pricing = static_cast<PricingModel>(pricing);
            constexpr std::array<double, kPricingModels> kUsd{2.0, 2.5, 4.0, 1.5};
            p.usdPerChipHour = kUsd[pricing] - 0.25 * static_cast<double>(provider);
            f.prices.push_back(p);
        }
    }
    f.links = {{RegionId(std::size_t{0}), RegionId(std::size_t{1}), 0.082, {}},
               {RegionId(std::size_t{0}), RegionId(std::size_t{2}), 0.031, {}},
               {RegionId(std::size_t{1}), RegionId(std::size_t{2}), 0.105, {}}};
    f.egressPrices = {{RegionId(std::size_t{0}), {}, 8e-11, {}},
                      {RegionId(std::size_t{1}), {}, 8e-11, {}},
                      {RegionId(std::size_t{2}), {}, 12e-11, {}}};
    f.trainingJobs = {{"pretrain", PoolId(std::size_t{0}), 256, 1800, {}}};
    return f;
}

Calibration smallCalibration()
{
    Calibration c;
    c.sources = {{"test", "Made for tests", "2026-01-01"}};
    Efficiency e;
    e.precision = Precision::Bf16;
    e.computeRatio = 0.6;
    e.bandwidthRatio = 0.75;
    e.attentionBandwidthRatio = 0.8;
    e.stepOverheadSeconds = 2e-3;
    e.layerOverheadSeconds = 1e-5;
    e.sequenceOverheadSeconds = 2e-5;
    e.allReduceLatencySeconds = 8e-6;
    e.interconnectRatio = 0.6;
    e.reserveBytes = 1.2e9;
    e.memoryRatio = 0.9;
    e.errorRatio = 0.2;
    c.efficiencies.push_back(e);
    e.precision = Precision::Fp8;
    e.computeRatio = 0.5;
    e.bandwidthRatio = 0.65;
    c.efficiencies.push_back(e);
    return c;
}

} // namespace isobar::test

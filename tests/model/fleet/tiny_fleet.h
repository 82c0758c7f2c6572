// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

namespace isobar::test {

/// The smallest fleet that has one of everything: two providers, three regions, one model placed once.
inline Fleet tinyFleet()
{
    const Provenance given{SourceId(0), Basis::Published};
    Fleet f;
    f.name = "Tiny";
    f.dataDate = "2026-11-22";
    f.startTimeUtc = "2026-11-22T14:00:00Z";
    f.sources = {{"list", "A list", "2026-11"}};
    f.providers = {{"azure", "Azure"}, {"aws", "AWS"}};
    const auto region = [&](std::size_t provider, const char* code, double latitude, double longitude) {
        Region r;
        r.provider = ProviderId(provider);
        r.code = code;
        r.residencyZone = "US";
        r.at = {latitude, longitude};
        r.rttProxy = RegionId(0);
        r.place = r.carbon = r.pue = given;
        return r;
    };
    f.regions = {region(0, "eastus", 37.4, -79.8), region(0, "westus", 37.8, -122.4),
                 region(1, "us-east-1", 39.0, -77.5)};
    f.regions[1].rttProxy = RegionId(1);
    f.regions[0].gridGramsCo2ePerKwh = 365.13;
    AcceleratorType h100;
    h100.name = "H100";
    h100.vendor = "NVIDIA";
    h100.runtimeFamily = "cuda";
    h100.bf16FlopsPerSecond = 989e12;
    h100.fp8FlopsPerSecond = 1979e12;
    h100.hbmBytes = 85899345920.0;
    h100.hbmBytesPerSecond = 3.35e12;
    h100.interconnectBytesPerSecond = 450e9;
    h100.tdpWatts = 700;
    AcceleratorType a100 = h100;
    a100.name = "A100";
    a100.fp8FlopsPerSecond.reset();
    f.accelerators = {h100, a100};
    ServedModel model;
    model.name = "Llama-3.1-8B";
    model.layers = 32;
    model.hiddenSize = 4096;
    model.attentionHeads = 32;
    model.kvHeads = 8;
    model.headDimension = 128;
    model.totalParameters = model.activeParameters = 8.03e9;
    model.kvValuesPerToken = 65536;
    model.runtimes = {"cuda"};
    model.usdPerMillionInputTokens = 0.2;
    f.models = {model};
    f.tiers = {{"interactive-fast", 0.5, 0.04, 0, given}};
    Pool pool;
    pool.key = "azure/eastus/H100";
    pool.region = RegionId(0);
    pool.accelerator = AcceleratorId(0);
    pool.chips = {64, 16, 0, 0};
    pool.otherTenantRatio = 0.1;
    f.pools = {pool};
    Placement placement;
    placement.key = "llama@azure/eastus/H100";
    placement.model = ModelId(0);
    placement.pool = PoolId(0);
    placement.replicas = 40;
    placement.precision = Precision::Fp8;
    f.placements = {placement};
    UserArea london;
    london.name = "London";
    london.at = {51.5, -0.1};
    UserArea tokyo;
    tokyo.name = "Tokyo";
    tokyo.at = {35.7, 139.7};
    tokyo.rttProxy = RegionId(1);
    tokyo.utcOffsetHours = 9;
    f.areas = {london, tokyo};
    Workload chat;
    chat.name = "Chat";
    chat.model = ModelId(0);
    chat.tier = TierId(0);
    chat.meanRequestsPerSecond = 10;
    chat.diurnalAmplitude = 0.4;
    chat.inputTokens = {1155, 1.08, 8192};
    chat.outputTokens = {211, 0.77, 2048};
    chat.areaShares = {{AreaId(1), 0.25}, {AreaId(0), 0.75}};
    f.workloads = {chat};
    f.prices = {{ProviderId(0), RegionId(0), AcceleratorId(0), PricingModel::OnDemand, 12.29, "ND96", given, "list"}};
    f.links = {{RegionId(0), RegionId(1), 0.062, {SourceId(0), Basis::Measured}}};
    f.egressPrices = {{RegionId(0), RegionId{}, 0.0875 / 1e9, given}, {RegionId(0), RegionId(1), 0.02 / 1e9, given}};
    f.commitments = {{ProviderId(1), "commitment", 38e9, std::nullopt, "many", "2025-11-03", "", given}};
    f.arrivals = {{PoolId(0), "2027-01-12", 64, PricingModel::Committed, given}};
    f.trainingJobs = {{"Run A", PoolId(0), 32, 1800, given}};
    return f;
}

} // namespace isobar::test

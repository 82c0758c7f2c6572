// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/types.h>
#include <unistd.h>

/// Fails the test with the error of a Result or Status, where it is one.
#define ISOBAR_OK(expression)                                                                                          \
    if (const auto& isobarOk = (expression); !isobarOk.ok())                                                           \
    QFAIL(isobarOk.error().toString().c_str())

/// What the tests of the store and of ingest share.
namespace isobar::test {

inline std::string readAll(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void writeAll(const std::filesystem::path& path, const std::string& bytes)
{
    // A new file each time: some file systems write a file that is cut and rewritten to the disk at once.
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
}

/// A folder that is gone when the test ends.
class Folder {
public:
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }
    [[nodiscard]] std::filesystem::path path() const { return m_folder.path().toStdString(); }
    /// A file in it; its path.
    [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& bytes) const
    {
        writeAll(*this / name, bytes);
        return *this / name;
    }

private:
    QTemporaryDir m_folder;
};

/// Permissions do not bind the superuser: while this lives, files are reached as an ordinary user.
class OrdinaryUser {
public:
    OrdinaryUser()
    {
        if (::geteuid() == 0) {
            m_dropped = ::seteuid(65534) == 0;
        }
    }
    ~OrdinaryUser()
    {
        if (m_dropped && ::seteuid(0) != 0) {
            std::abort();
        }
    }
    OrdinaryUser(const OrdinaryUser&) = delete;
    OrdinaryUser& operator=(const OrdinaryUser&) = delete;

private:
    bool m_dropped = false;
};

/// A valid fleet that uses every table, every optional both ways and every word of every list.
inline Fleet everythingFleet()
{
    const auto from = [](std::size_t source, Basis basis) { return Provenance{SourceId(source), basis}; };
    Fleet f;
    f.name = "Everything, \"quoted\" and naïve";
    f.dataDate = "2026-11-22";
    f.startTimeUtc = "2026-11-22T14:00:00Z";
    f.simulated = true;
    f.sources = {{"zeta", "Z comes first", "2026-04"}, {"alpha", "A comes second", ""}, {"guess", "Invented", "2026"}};
    f.providers = {{"gcp", "Google Cloud"}, {"azure", "Microsoft Azure"}};

    Region iowa;
    iowa.provider = ProviderId(0);
    iowa.code = "us-central1";
    iowa.displayName = "Iowa";
    iowa.location = "Council Bluffs";
    iowa.countryIso2 = "US";
    iowa.residencyZone = "US";
    iowa.at = {41.2619, -95.8608};
    iowa.gridGramsCo2ePerKwh = 0.1 + 0.2; // a double that no short decimal is
    iowa.pueRatio = 1.1;
    iowa.rttProxy = RegionId(1); // a later region
    iowa.place = from(0, Basis::Measured);
    iowa.carbon = from(1, Basis::Published);
    iowa.pue = from(2, Basis::Estimated);
    Region virginia = iowa;
    virginia.provider = ProviderId(1);
    virginia.code = "eastus";
    virginia.displayName = "East US";
    virginia.at = {36.6681, -78.3889};
    virginia.gridGramsCo2ePerKwh.reset();
    virginia.carbonFreeEnergyRatio = 0.25;
    virginia.rttProxy = {};
    virginia.pue = from(2, Basis::Invented);
    f.regions = {iowa, virginia};

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
    h100.compute = h100.memory = h100.power = h100.interconnect = from(1, Basis::Published);
    h100.note = "SXM";
    AcceleratorType tpu = h100;
    tpu.name = "TPU v5p";
    tpu.vendor = "Google";
    tpu.runtimeFamily = "xla-tpu";
    tpu.fp8FlopsPerSecond.reset();
    tpu.note = "";
    f.accelerators = {h100, tpu};

    ServedModel model;
    model.name = "llama-3.1-70b";
    model.layers = 80;
    model.hiddenSize = 8192;
    model.attentionHeads = 64;
    model.kvHeads = 8;
    model.headDimension = 128;
    model.totalParameters = model.activeParameters = 70.6e9;
    model.kvValuesPerToken = 2.0 * 80 * 8 * 128;
    model.runtimes = {"xla-tpu", "cuda"};
    model.usdPerMillionInputTokens = 0.6;
    model.architecture = from(1, Basis::Published);
    model.price = from(2, Basis::Invented);
    ServedModel experts = model;
    experts.name = "mixture";
    experts.experts = 8;
    experts.expertsPerToken = 2;
    experts.expertParameters = 60e9;
    experts.activeParameters = 20e9;
    experts.runtimes = {"cuda"};
    experts.usdPerMillionInputTokens.reset();
    experts.usdPerMillionOutputTokens = 2.5;
    f.models = {model, experts};

    f.tiers = {{"interactive", 0.5, 0.03, 0, from(2, Basis::Invented)}, {"batch", 60, 1, 1, from(2, Basis::Invented)}};
    f.pools = {
        {"gcp/us-central1/TPU v5p", RegionId(0), AcceleratorId(1), {256, 0, 64, 0}, 0.125, from(0, Basis::Estimated)},
        {"azure/eastus/H100", RegionId(1), AcceleratorId(0), {800, 16, 8, 4}, 0, from(0, Basis::Published)}};
    f.placements = {{"b", ModelId(0), PoolId(1), 10, 8, Precision::Bf16, 256, from(2, Basis::Invented)},
                    {"a", ModelId(1), PoolId(1), 4, 8, Precision::Fp8, 64, from(2, Basis::Invented)}};
    f.areas = {{"London", "UK", {51.5, -0.12}, 0, RegionId(1), from(1, Basis::Published)},
               {"Mumbai", "IN", {19.07, 72.87}, 5.5, RegionId(), from(1, Basis::Published)}};
    Workload chat;
    chat.name = "chat";
    chat.model = ModelId(0);
    chat.tier = TierId(0);
    chat.meanRequestsPerSecond = 12.5;
    chat.diurnalAmplitude = 0.4;
    chat.peakLocalHour = 16;
    chat.burstiness = 1.5;
    chat.inputTokens = {1000, 1.2, 8000};
    chat.outputTokens = {200, 0.9, 2000};
    chat.areaShares = {{AreaId(1), 0.75}, {AreaId(0), 0.25}};
    chat.provenance = from(2, Basis::Invented);
    Workload digest = chat;
    digest.name = "a digest"; // sorts before "chat", comes after
    digest.model = ModelId(1);
    digest.tier = TierId(1);
    digest.areaShares = {{AreaId(0), 1.0}};
    f.workloads = {chat, digest};
    f.prices = {
        {ProviderId(1), RegionId(1), AcceleratorId(0), PricingModel::Spot, 2.25, "ND96", from(0, Basis::Published),
         "n"},
        {ProviderId(1), RegionId(), AcceleratorId(0), PricingModel::Reserved, 4, "", from(0, Basis::Published), ""},
        {ProviderId(0), RegionId(), AcceleratorId(1), PricingModel::Committed, 3, "", from(0, Basis::Published), ""},
        {ProviderId(0), RegionId(), AcceleratorId(1), PricingModel::OnDemand, 4.2, "", from(0, Basis::Published), ""}};
    f.links = {{RegionId(0), RegionId(1), 0.0301, from(0, Basis::Measured)}};
    f.egressPrices = {{RegionId(0), RegionId(1), 0.02 / 1e9, from(1, Basis::Published)},
                      {RegionId(1), RegionId(), 0.087 / 1e9, from(1, Basis::Published)}};
    f.commitments = {
        {ProviderId(1), "commitment", 250e9, std::nullopt, "5 GW", "2025", "to 2030", from(1, Basis::Published)},
        {ProviderId(0), "agreement", std::nullopt, 3.0, "", "", "", from(1, Basis::Published)}};
    f.arrivals = {{PoolId(1), "2027-01-01", 512, PricingModel::Committed, from(2, Basis::Invented)}};
    f.trainingJobs = {{"pre-training", PoolId(0), 64, 1800, from(2, Basis::Invented)}};
    return f;
}

} // namespace isobar::test

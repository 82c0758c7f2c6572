// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"
#include "model/fleet/ids.h"
#include "model/fleet/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The domain as plain values: what a lab runs, where, on what, for whom and at what price. SI units; the unit is in
/// the name. Entities refer to each other by Id (their position in `Fleet`); files and the store use keys instead.
namespace isobar {

/// Where a figure comes from.
struct Source {
    std::string key;   ///< short handle used in files, e.g. "skypilot-aws"
    std::string title; ///< what was read
    std::string date;  ///< ISO 8601 date or month of the data, "" when the source gives none
    friend bool operator==(const Source&, const Source&) = default;
};

/// How far a figure can be trusted. Estimated and invented figures are labelled wherever they are shown.
enum class Basis : std::uint8_t { Measured, Published, Estimated, Invented };

struct Provenance {
    SourceId source;
    Basis basis = Basis::Invented;
    friend bool operator==(const Provenance&, const Provenance&) = default;
};

struct Provider {
    std::string key;  ///< "azure", "gcp", "aws", "oci", "coreweave"
    std::string name; ///< "Google Cloud"
    friend bool operator==(const Provider&, const Provider&) = default;
};

/// A provider's region. Keyed by (provider, code): two providers do use one code.
struct Region {
    ProviderId provider;
    std::string code;        ///< "eastus"
    std::string displayName; ///< "East US"
    std::string location;    ///< "Virginia"
    std::string countryIso2;
    std::string residencyZone; ///< the area whose data may be processed here: "US", "EU", "UK", …
    LatLon at;
    std::optional<double> gridGramsCo2ePerKwh; ///< carbon intensity of its grid
    std::optional<double> carbonFreeEnergyRatio;
    double pueRatio = 1.2; ///< facility energy / IT energy
    RegionId rttProxy;     ///< measured region that stands in for this one where no RTT was measured
    Provenance place, carbon, pue;
    friend bool operator==(const Region&, const Region&) = default;
};

/// A GPU, TPU or other AI chip; counts are per chip.
struct AcceleratorType {
    std::string name; ///< "H100"
    std::string vendor;
    std::string runtimeFamily; ///< "cuda", "rocm", "xla-tpu", "neuron": a model needs a build for it
    double bf16FlopsPerSecond = 0;
    std::optional<double> fp8FlopsPerSecond; ///< absent: no fp8 units
    std::optional<double> fp4FlopsPerSecond; ///< absent: no fp4 units; 4-bit weights are then multiplied in bf16
    double hbmBytes = 0;
    double hbmBytesPerSecond = 0;
    double interconnectBytesPerSecond = 0; ///< per chip, one direction, inside one node or slice
    double tdpWatts = 0;
    Provenance compute, memory, power, interconnect;
    std::string note;
    friend bool operator==(const AcceleratorType&, const AcceleratorType&) = default;
};

/// Of the weights. Fp4 is NVFP4 or MXFP4; Int4 weights are multiplied in bf16.
enum class Precision : std::uint8_t { Bf16, Fp8, Fp4, Int4 };
inline constexpr std::array kAllPrecisions{Precision::Bf16, Precision::Fp8, Precision::Fp4, Precision::Int4};
[[nodiscard]] double bytesPerValue(Precision precision);      ///< scales of blocks of weights included
[[nodiscard]] const char* precisionName(Precision precision); ///< "bf16", "fp8", "fp4", "int4"

/// A model by its public architecture, so that its size and its KV cache are real.
struct ServedModel {
    std::string name;
    std::int32_t layers = 0, hiddenSize = 0, attentionHeads = 0, kvHeads = 0, headDimension = 0;
    double totalParameters = 0;  ///< weights held
    double activeParameters = 0; ///< weights used per token (a mixture of experts uses some)
    std::int32_t experts = 0, expertsPerToken = 0;
    double expertParameters = 0;       ///< of totalParameters, those in routed experts
    double kvValuesPerToken = 0;       ///< values (not bytes) of KV cache a token, all layers
    std::vector<std::string> runtimes; ///< runtime families it has been built for
    std::optional<double> usdPerMillionInputTokens, usdPerMillionOutputTokens; ///< what customers pay
    Provenance architecture, price;
    friend bool operator==(const ServedModel&, const ServedModel&) = default;
};

/// A service level: what a request of this tier was promised.
struct SloTier {
    std::string name;          ///< "interactive-fast", "interactive-normal", "non-interactive"
    double ttftSeconds = 0;    ///< time to first token
    double itlSeconds = 0;     ///< mean time between the tokens after it
    std::int32_t priority = 0; ///< lower is served first
    Provenance provenance;
    friend bool operator==(const SloTier&, const SloTier&) = default;
};

/// How the chips of a pool are paid for; each has its own price.
enum class PricingModel : std::uint8_t { Reserved, Committed, OnDemand, Spot };
inline constexpr std::size_t kPricingModels = 4;
[[nodiscard]] const char* pricingModelName(PricingModel model);

/// Replicas' home: chips of one type in one region, addressed as one.
struct Pool {
    std::string key; ///< "azure/eastus2/H100"
    RegionId region;
    AcceleratorId accelerator;
    std::array<std::int32_t, kPricingModels> chips{}; ///< chips held, by how they are paid for
    double otherTenantRatio = 0; ///< share of the chips that other tenants of the same capacity use
    Provenance provenance;
    [[nodiscard]] std::int64_t totalChips() const;
    /// Chips this lab can use: the total less the other tenants' share, rounded down.
    [[nodiscard]] std::int64_t usableChips() const;
    friend bool operator==(const Pool&, const Pool&) = default;
};

/// A model's replicas in a pool.
struct Placement {
    std::string key; ///< "llama-3.1-70b@azure/eastus2/H100"
    ModelId model;
    PoolId pool;
    std::int32_t replicas = 0;
    std::int32_t tensorParallel = 1; ///< chips of one replica
    Precision precision = Precision::Bf16;
    std::int32_t maxBatch = 256; ///< sequences running at once in one replica
    Provenance provenance;
    [[nodiscard]] std::int64_t chips() const { return std::int64_t{replicas} * tensorParallel; }
    friend bool operator==(const Placement&, const Placement&) = default;
};

/// Where users are: a metropolis standing for an area.
struct UserArea {
    std::string name; ///< "London"
    std::string residencyZone;
    LatLon at;
    double utcOffsetHours = 0;
    RegionId rttProxy; ///< the measured region nearest to it
    Provenance provenance;
    friend bool operator==(const UserArea&, const UserArea&) = default;
};

/// Token lengths of requests: log-normal by mean and coefficient of variation, cut at `maximum`.
struct LengthDistribution {
    double mean = 0, coefficientOfVariation = 1;
    std::int32_t maximum = 0;
    friend bool operator==(const LengthDistribution&, const LengthDistribution&) = default;
};

/// A unit of demand: one product's traffic to one model under one tier, spread over user areas.
struct Workload {
    std::string name;
    ModelId model;
    TierId tier;
    double meanRequestsPerSecond = 0; ///< averaged over a day and all areas
    double diurnalAmplitude = 0;      ///< 0-1: load = mean (1 + amplitude cos(2 pi (local hour - peak) / 24))
    double peakLocalHour = 15;
    double burstiness = 1; ///< coefficient of variation of the gaps between requests; 1 = Poisson
    LengthDistribution inputTokens, outputTokens;
    std::vector<std::pair<AreaId, double>> areaShares; ///< shares sum to 1
    bool residencyBound = false;                       ///< requests stay in their area's residency zone
    Provenance provenance;
    friend bool operator==(const Workload&, const Workload&) = default;
};

/// What one chip costs by the hour; the most specific row wins (region before provider, provider before accelerator).
struct Price {
    ProviderId provider;
    RegionId region; ///< not valid = all of the provider's regions
    AcceleratorId accelerator;
    PricingModel pricing = PricingModel::OnDemand;
    double usdPerChipHour = 0;
    std::string instanceType;
    Provenance provenance;
    std::string note;
    friend bool operator==(const Price&, const Price&) = default;
};

/// Round trip between two regions, symmetric.
struct Link {
    RegionId from, to;
    double rttSeconds = 0;
    Provenance provenance;
    friend bool operator==(const Link&, const Link&) = default;
};

/// What a byte leaving a region costs.
struct EgressPrice {
    RegionId from;
    RegionId to; ///< not valid = the internet or another cloud
    double usdPerByte = 0;
    Provenance provenance;
    friend bool operator==(const EgressPrice&, const EgressPrice&) = default;
};

/// Money or use promised to a provider.
struct Commitment {
    ProviderId provider;
    std::string kind; ///< "commitment", "reservation", "agreement", …
    std::optional<double> valueUsd;
    std::optional<double> termYears;
    std::string capacity, start, ramp; ///< as published
    Provenance provenance;
    friend bool operator==(const Commitment&, const Commitment&) = default;
};

/// Chips that arrive in a pool on a date.
struct CapacityArrival {
    PoolId pool;
    std::string date; ///< ISO 8601
    std::int32_t chips = 0;
    PricingModel pricing = PricingModel::Reserved;
    Provenance provenance;
    friend bool operator==(const CapacityArrival&, const CapacityArrival&) = default;
};

/// A gang of chips training one model: all of them or nothing.
struct TrainingJob {
    std::string name;
    PoolId pool;
    std::int32_t chips = 0;
    double checkpointSeconds = 0; ///< between two checkpoints
    Provenance provenance;
    friend bool operator==(const TrainingJob&, const TrainingJob&) = default;
};

struct Fleet {
    std::string name;
    std::string dataDate;     ///< ISO 8601 date the figures stand for
    std::string startTimeUtc; ///< where the simulated clock starts, "2026-11-22T14:00:00Z"
    bool simulated = true;    ///< shown in the badge
    std::vector<Source> sources;
    std::vector<Provider> providers;
    std::vector<Region> regions;
    std::vector<AcceleratorType> accelerators;
    std::vector<ServedModel> models;
    std::vector<SloTier> tiers;
    std::vector<Pool> pools;
    std::vector<Placement> placements;
    std::vector<UserArea> areas;
    std::vector<Workload> workloads;
    std::vector<Price> prices;
    std::vector<Link> links;
    std::vector<EgressPrice> egressPrices;
    std::vector<Commitment> commitments;
    std::vector<CapacityArrival> arrivals;
    std::vector<TrainingJob> trainingJobs;

    [[nodiscard]] const Provider& operator[](ProviderId id) const { return providers[id.index()]; }
    [[nodiscard]] const Region& operator[](RegionId id) const { return regions[id.index()]; }
    [[nodiscard]] const AcceleratorType& operator[](AcceleratorId id) const { return accelerators[id.index()]; }
    [[nodiscard]] const ServedModel& operator[](ModelId id) const { return models[id.index()]; }
    [[nodiscard]] const SloTier& operator[](TierId id) const { return tiers[id.index()]; }
    [[nodiscard]] const Pool& operator[](PoolId id) const { return pools[id.index()]; }
    [[nodiscard]] const Placement& operator[](PlacementId id) const { return placements[id.index()]; }
    [[nodiscard]] const UserArea& operator[](AreaId id) const { return areas[id.index()]; }
    [[nodiscard]] const Workload& operator[](WorkloadId id) const { return workloads[id.index()]; }
    [[nodiscard]] const Source& operator[](SourceId id) const { return sources[id.index()]; }

    friend bool operator==(const Fleet&, const Fleet&) = default;
};

/// "azure/eastus": unique over all providers.
[[nodiscard]] std::string regionKey(const Fleet& fleet, RegionId region);

/// Everything a fleet must satisfy before a clock starts on it; the first violation, in words.
/// Checks ids in range, keys unique, counts and rates finite and not negative, shares summing to 1, replicas within
/// the chips of their pool (training gangs counted), at least one placement for each workload's model.
[[nodiscard]] Status validate(const Fleet& fleet);

} // namespace isobar

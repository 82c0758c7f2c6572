// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How a fleet is run and what happens to it, beside what exists (`Fleet`): routing, demand over the year, limits,
/// scaling, faults. Every list may leave entities out: they take the defaults below. One document
/// (isobar.v1.Operations) holds all of it, under a scenario.
namespace isobar {

/// How a gateway spreads one source's requests over the placements of its model.
enum class RoutingPolicy : std::uint8_t {
    NearestWithSpill,  ///< the nearest by round trip until it is as full as its service level allows, then the next
    Nearest,           ///< the nearest that serves, however full
    LeastInFlight,     ///< in proportion to free places
    Weighted,          ///< in proportion to places
    LatencyAware,      ///< the best of d probed: few in flight first, then the lowest latency of late, network included
    CheapestWithinSlo, ///< the cheapest chips that still meet the service level, network included
    ReservedFirst,     ///< what is paid for anyway first, then committed, on-demand and spot
};
inline constexpr std::size_t kRoutingPolicies = 7;
[[nodiscard]] const char* routingPolicyName(RoutingPolicy policy); ///< "nearest-with-spill", …
[[nodiscard]] std::optional<RoutingPolicy> routingPolicyByName(std::string_view name);

/// The law of the gaps between requests; its coefficient of variation is Workload::burstiness.
enum class GapLaw : std::uint8_t { Gamma, Weibull };

/// Demand of a workload beyond its mean and its day.
struct WorkloadOperations {
    WorkloadId workload;
    std::string product;           ///< the source as people know it: "chat", "API", "assistant"
    double weekendRatio = 1;       ///< load on a local Saturday or Sunday against a weekday
    double growthPerYearRatio = 0; ///< 0.5: half as much again after a year of simulated time
    GapLaw gaps = GapLaw::Gamma;
    double deferSeconds = 0;    ///< work that may wait: held back while its placements are full, at most so long
    double turnsPerSession = 1; ///< mean requests of a session; after the first they go where that one went
    std::optional<RoutingPolicy> routing; ///< instead of Operations::routing
    std::string trace;            ///< name of an imported trace that replaces the drawn arrivals and lengths; "" = none
    double traceScale = 1;        ///< requests per request of the trace
    double traceShiftSeconds = 0; ///< where in the trace the clock's zero lies; the trace repeats
    double demandRatio = 1;       ///< of its mean, beside Operations::demandRatio; not of a trace
    friend bool operator==(const WorkloadOperations&, const WorkloadOperations&) = default;
};

/// Demand that is `ratio` times as high for a while; several at once multiply. Traces are left as they are.
struct DemandSurge {
    WorkloadId workload;                       ///< none: all
    double atSeconds = 0, durationSeconds = 0; ///< of simulated time since the clock's zero
    double ratio = 1;
    friend bool operator==(const DemandSurge&, const DemandSurge&) = default;
};

/// How chips of one type are built in.
struct AcceleratorLayout {
    AcceleratorId accelerator;
    std::int32_t chipsPerNode = 8;
    std::int32_t nodesPerRack = 4;
    std::vector<std::int32_t> sliceChips; ///< sizes a slice comes in, ascending; empty = whole nodes in any number
    friend bool operator==(const AcceleratorLayout&, const AcceleratorLayout&) = default;
};

/// What bounds a pool beyond its chips.
struct PoolOperations {
    PoolId pool;
    std::int32_t zones = 1; ///< chips are spread over them evenly, by whole racks
    std::optional<std::int32_t> quotaChips;
    std::optional<double> powerLimitWatts; ///< at the meter
    double otherTenantAmplitude = 0;       ///< their share swings by so much of itself over the region's day
    double spotReclaimsPerChipHour = 0;    ///< by rate; waves are faults
    friend bool operator==(const PoolOperations&, const PoolOperations&) = default;
};

/// Replicas that follow the load.
struct AutoscaleRule {
    PlacementId placement;
    std::int32_t minReplicas = 1, maxReplicas = 1;
    double targetRatio = 0.7;           ///< requests in flight / what the placement holds within its service level
    double scaleDownAfterSeconds = 300; ///< of being below target
    friend bool operator==(const AutoscaleRule&, const AutoscaleRule&) = default;
};

/// From asking for a replica to its first request: node, image, weights, compilation. ESTIMATED defaults: middles of
/// published ranges (node 60-120 s, image 30-90 s, 70B weights 20-265 s).
struct WarmUpTimes {
    double nodeSeconds = 90;
    double imageSeconds = 60;
    double weightBytesPerSecond = 1e9; ///< per replica
    double compileSeconds = 120;       ///< only where programs are compiled ahead (runtime family "xla-tpu", "neuron")
    friend bool operator==(const WarmUpTimes&, const WarmUpTimes&) = default;
};

/// A training job's clockwork beyond its gang and the time between checkpoints.
struct TrainingOperations {
    std::string job;                    ///< TrainingJob::name
    double checkpointWriteSeconds = 30; ///< the gang stands still
    double restartSeconds = 300;        ///< from the last chip being there to the first step
    friend bool operator==(const TrainingOperations&, const TrainingOperations&) = default;
};

enum class FaultKind : std::uint8_t {
    Chip,         ///< `count` chips of `pool`: each takes its replica or gang down
    Node,         ///< `count` nodes of `pool`
    Rack,         ///< `count` racks of `pool`
    Zone,         ///< zone `count` - 1 of `region`
    Region,       ///< all of `region`
    Provider,     ///< all of `provider`
    LinkCut,      ///< nothing gets from `region` to `otherRegion`, nor from user areas behind `otherRegion`
    LinkSlow,     ///< the same, but only `ratio` times slower
    SpotWave,     ///< `ratio` of the spot chips of `pool`, or of `region`, or of `provider`, are taken back
    StaleControl, ///< gateways keep the view of load they have of `region` (or all)
};
inline constexpr std::size_t kFaultKinds = 10;
[[nodiscard]] const char* faultKindName(FaultKind kind); ///< "chip", "node", …, "stale-control"
[[nodiscard]] std::optional<FaultKind> faultKindByName(std::string_view name);

/// Something that breaks at a time, and is mended `durationSeconds` later.
struct Fault {
    FaultKind kind = FaultKind::Chip;
    double atSeconds = 0, durationSeconds = 0; ///< of simulated time since the clock's zero
    PoolId pool;
    RegionId region, otherRegion;
    ProviderId provider;
    std::int32_t count = 1;
    std::int32_t unit = -1; ///< Chip, Node, Rack: the first of them, by number; -1 = drawn among those in use
    double ratio = 1;
    friend bool operator==(const Fault&, const Fault&) = default;
};

/// Faults by rate: each unit fails after an exponential time, and is mended after an exponential one. 0 = never.
struct FaultRate {
    FaultKind kind = FaultKind::Chip; ///< Chip to Provider
    double meanHoursToFailure = 0;    ///< of one unit
    double meanHoursToRepair = 1;
    friend bool operator==(const FaultRate&, const FaultRate&) = default;
};

/// What a gateway does with a request whose replica went away or whose placement refused it.
struct RetryRule {
    std::int32_t maxAttempts = 3; ///< in all; the last failure is counted lost or rejected
    double backoffSeconds = 0.5;  ///< before the second attempt, doubling
    double coolDownSeconds = 10;  ///< a placement that failed gets nothing for so long
    friend bool operator==(const RetryRule&, const RetryRule&) = default;
};

/// How long before spot chips of a provider go that is said, instead of what the provider says (spotNoticeSeconds).
struct SpotNotice {
    ProviderId provider; ///< none: every one without an entry of its own
    double seconds = 0;  ///< 0: they go at once
    friend bool operator==(const SpotNotice&, const SpotNotice&) = default;
};

struct Operations {
    RoutingPolicy routing = RoutingPolicy::NearestWithSpill;
    std::int32_t probes = 2; ///< d of LatencyAware
    RetryRule retry;
    WarmUpTimes warmUp;
    std::vector<WorkloadOperations> workloads;
    std::vector<AcceleratorLayout> layouts;
    std::vector<PoolOperations> pools;
    std::vector<AutoscaleRule> autoscale;
    std::vector<TrainingOperations> training;
    std::vector<Fault> faults; ///< in any order
    std::vector<FaultRate> faultRates;
    std::vector<SpotNotice> spotNotices;
    double demandRatio = 1; ///< of every workload's mean
    std::vector<DemandSurge> surges;

    friend bool operator==(const Operations&, const Operations&) = default;
};

/// Of a provider's spot chips: its entry, else the one for all, else as published.
[[nodiscard]] double spotNoticeSeconds(const Operations& operations, const Fleet& fleet, ProviderId provider);
/// The entry for an entity, or the defaults.
[[nodiscard]] WorkloadOperations workloadOperations(const Operations& operations, WorkloadId workload);
/// Those of one workload and of all.
[[nodiscard]] std::vector<DemandSurge> surgesOf(const Operations& operations, WorkloadId workload);
[[nodiscard]] AcceleratorLayout acceleratorLayout(const Operations& operations, AcceleratorId accelerator);
[[nodiscard]] PoolOperations poolOperations(const Operations& operations, PoolId pool);
[[nodiscard]] TrainingOperations trainingOperations(const Operations& operations, const std::string& job);

/// Whether everything is in range and refers to what the fleet has, each entity at most once; the first violation, in
/// words. `fleet` has passed its own validate().
[[nodiscard]] Status validate(const Operations& operations, const Fleet& fleet);

} // namespace isobar

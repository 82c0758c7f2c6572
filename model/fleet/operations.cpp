// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/operations.h"
#include "model/fleet/spot_notice.h"
#include "model/fleet/subject.h"
#include "model/fleet/suggest.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

namespace isobar {
namespace {

using detail::Subject;

constexpr std::array<const char*, kRoutingPolicies> kRoutingNames{
    "nearest-with-spill",  "nearest",       "least-in-flight", "weighted", "latency-aware",
    "cheapest-within-slo", "reserved-first"};
constexpr std::array<const char*, kFaultKinds> kFaultNames{
    "chip", "node", "rack", "zone", "region", "provider", "link-cut", "link-slow", "spot-wave", "stale-control"};

// Bounds that no real fleet reaches: they keep a mistyped exponent from running the clock for ever.
constexpr double kMostSeconds = 1e9, kMostHours = 1e9, kMostDemand = 1000;

template <class Enum, std::size_t N>
std::optional<Enum> byName(const std::array<const char*, N>& names, std::string_view name)
{
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? std::nullopt : std::optional(static_cast<Enum>(std::distance(names.begin(), at)));
}

/// The entry of `entries` that `isIt`, or `otherwise`.
template <class T, class Is> T entryOr(const std::vector<T>& entries, const Is& isIt, T otherwise)
{
    const auto at = std::find_if(entries.begin(), entries.end(), isIt);
    return at == entries.end() ? otherwise : *at;
}

/// Each entity once.
template <class Key> class Once {
public:
    [[nodiscard]] Status add(const Subject& subject, const Key& key)
    {
        return m_seen.insert(key).second ? Status(Done{}) : Status(subject.error("appears twice"));
    }

private:
    std::set<Key> m_seen;
};

Status checkWorkloads(const Operations& operations, const Fleet& fleet)
{
    Once<WorkloadId> once;
    for (const WorkloadOperations& w : operations.workloads) {
        ISOBAR_TRY((Subject{"operations", "of a workload"}.refersTo("workload", w.workload, fleet.workloads)));
        const Subject self{"operations of workload", fleet[w.workload].name};
        ISOBAR_TRY(once.add(self, w.workload));
        ISOBAR_TRY(self.number("weekend ratio", w.weekendRatio, 0, 100));
        ISOBAR_TRY(self.number("growth a year", w.growthPerYearRatio, -1, 1000));
        ISOBAR_TRY(self.number("time it may wait", w.deferSeconds, 0, kMostSeconds));
        ISOBAR_TRY(self.number("turns of a session", w.turnsPerSession, 1, 1e6));
        ISOBAR_TRY(self.positive("trace scale", w.traceScale, 1e6));
        ISOBAR_TRY(self.number("trace shift", w.traceShiftSeconds, -kMostSeconds, kMostSeconds));
        ISOBAR_TRY(self.number("demand against its mean", w.demandRatio, 0, kMostDemand));
    }
    for (const DemandSurge& surge : operations.surges) {
        const Subject self{"surge",
                           surge.workload.index() < fleet.workloads.size() ? fleet[surge.workload].name : "all"};
        ISOBAR_TRY(self.mayReferTo("workload", surge.workload, fleet.workloads));
        ISOBAR_TRY(self.number("its time", surge.atSeconds, 0, kMostSeconds));
        ISOBAR_TRY(self.number("its duration", surge.durationSeconds, 0, kMostSeconds));
        ISOBAR_TRY(self.number("its ratio", surge.ratio, 0, kMostDemand));
    }
    return Done{};
}

Status checkCapacity(const Operations& operations, const Fleet& fleet)
{
    Once<AcceleratorId> accelerators;
    for (const AcceleratorLayout& layout : operations.layouts) {
        ISOBAR_TRY((Subject{"operations", "of an accelerator"}.refersTo("accelerator", layout.accelerator,
                                                                        fleet.accelerators)));
        const Subject self{"layout of accelerator", fleet[layout.accelerator].name};
        ISOBAR_TRY(accelerators.add(self, layout.accelerator));
        ISOBAR_TRY(self.number("chips a node", layout.chipsPerNode, 1, 4096));
        ISOBAR_TRY(self.number("nodes a rack", layout.nodesPerRack, 1, 4096));
        for (std::size_t i = 0; i < layout.sliceChips.size(); ++i) {
            if (layout.sliceChips[i] < 1 || (i > 0 && layout.sliceChips[i] <= layout.sliceChips[i - 1])) {
                return self.error("its slice sizes must be above zero and ascend");
            }
        }
    }
    Once<PoolId> pools;
    for (const PoolOperations& p : operations.pools) {
        ISOBAR_TRY((Subject{"operations", "of a pool"}.refersTo("pool", p.pool, fleet.pools)));
        const Subject self{"operations of pool", fleet[p.pool].key};
        ISOBAR_TRY(pools.add(self, p.pool));
        ISOBAR_TRY(self.number("zones", p.zones, 1, 64));
        if (p.quotaChips) {
            ISOBAR_TRY(self.number("quota", *p.quotaChips, 0, 1e9));
        }
        ISOBAR_TRY(self.number("power limit", p.powerLimitWatts, 0, 1e12));
        ISOBAR_TRY(self.number("swing of the other tenants", p.otherTenantAmplitude, 0, 1));
        ISOBAR_TRY(self.number("spot reclaims a chip-hour", p.spotReclaimsPerChipHour, 0, 1000));
    }
    Once<PlacementId> placements;
    for (const AutoscaleRule& rule : operations.autoscale) {
        ISOBAR_TRY((Subject{"operations", "of a placement"}.refersTo("placement", rule.placement, fleet.placements)));
        const Subject self{"autoscaling of placement", fleet[rule.placement].key};
        ISOBAR_TRY(placements.add(self, rule.placement));
        ISOBAR_TRY(self.number("fewest replicas", rule.minReplicas, 0, 1e7));
        ISOBAR_TRY(self.number("most replicas", rule.maxReplicas, rule.minReplicas, 1e7));
        ISOBAR_TRY(self.number("target", rule.targetRatio, 0.01, 1));
        ISOBAR_TRY(self.number("patience before scaling down", rule.scaleDownAfterSeconds, 0, kMostSeconds));
    }
    Once<std::string> jobs;
    for (const TrainingOperations& t : operations.training) {
        const Subject self{"operations of training job", t.job};
        ISOBAR_TRY(jobs.add(self, t.job));
        if (std::none_of(fleet.trainingJobs.begin(), fleet.trainingJobs.end(),
                         [&](const TrainingJob& job) { return job.name == t.job; })) {
            Error error = self.error("the fleet has no such job");
            error.advice = suggestNames(t.job, fleet.trainingJobs, &TrainingJob::name);
            return error;
        }
        ISOBAR_TRY(self.number("time to write a checkpoint", t.checkpointWriteSeconds, 0, kMostSeconds));
        ISOBAR_TRY(self.number("time to restart", t.restartSeconds, 0, kMostSeconds));
    }
    return Done{};
}

Status checkFault(const Fault& fault, const Fleet& fleet)
{
    const Subject self{"fault", faultKindName(fault.kind)};
    ISOBAR_TRY(self.number("its time", fault.atSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.number("its duration", fault.durationSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.mayReferTo("pool", fault.pool, fleet.pools));
    ISOBAR_TRY(self.mayReferTo("region", fault.region, fleet.regions));
    ISOBAR_TRY(self.mayReferTo("other region", fault.otherRegion, fleet.regions));
    ISOBAR_TRY(self.mayReferTo("provider", fault.provider, fleet.providers));
    ISOBAR_TRY(self.number("its count", fault.count, 1, 1e7));
    ISOBAR_TRY(self.number("its first unit", fault.unit, -1, 1e9));
    switch (fault.kind) {
    case FaultKind::Chip:
    case FaultKind::Node:
    case FaultKind::Rack:
        return self.refersTo("pool", fault.pool, fleet.pools);
    case FaultKind::Zone:
    case FaultKind::Region:
        return self.refersTo("region", fault.region, fleet.regions);
    case FaultKind::Provider:
        return self.refersTo("provider", fault.provider, fleet.providers);
    case FaultKind::LinkCut:
    case FaultKind::LinkSlow:
        ISOBAR_TRY(self.refersTo("region", fault.region, fleet.regions));
        ISOBAR_TRY(self.refersTo("other region", fault.otherRegion, fleet.regions));
        if (fault.region == fault.otherRegion) {
            return self.error("joins a region with itself");
        }
        return fault.kind == FaultKind::LinkSlow ? self.number("its ratio", fault.ratio, 1, 1e6) : Status(Done{});
    case FaultKind::SpotWave:
        if (!fault.pool.valid() && !fault.region.valid() && !fault.provider.valid()) {
            return self.error("names no pool, region or provider");
        }
        return self.number("its ratio", fault.ratio, 0, 1);
    case FaultKind::StaleControl:
        return Done{};
    }
    return self.error("is of a kind this version does not know");
}

} // namespace

const char* routingPolicyName(RoutingPolicy policy)
{
    return kRoutingNames[static_cast<std::size_t>(policy)];
}

std::optional<RoutingPolicy> routingPolicyByName(std::string_view name)
{
    return byName<RoutingPolicy>(kRoutingNames, name);
}

const char* faultKindName(FaultKind kind)
{
    return kFaultNames[static_cast<std::size_t>(kind)];
}

std::optional<FaultKind> faultKindByName(std::string_view name)
{
    return byName<FaultKind>(kFaultNames, name);
}

WorkloadOperations workloadOperations(const Operations& operations, WorkloadId workload)
{
    WorkloadOperations usual;
    usual.workload = workload;
    return entryOr(
        operations.workloads, [&](const auto& entry) { return entry.workload == workload; }, usual);
}

std::vector<DemandSurge> surgesOf(const Operations& operations, WorkloadId workload)
{
    std::vector<DemandSurge> surges;
    std::copy_if(operations.surges.begin(), operations.surges.end(), std::back_inserter(surges),
                 [workload](const DemandSurge& s) { return !s.workload.valid() || s.workload == workload; });
    return surges;
}

AcceleratorLayout acceleratorLayout(const Operations& operations, AcceleratorId accelerator)
{
    AcceleratorLayout usual;
    usual.accelerator = accelerator;
    return entryOr(
        operations.layouts, [&](const auto& entry) { return entry.accelerator == accelerator; }, usual);
}

PoolOperations poolOperations(const Operations& operations, PoolId pool)
{
    PoolOperations usual;
    usual.pool = pool;
    return entryOr(
        operations.pools, [&](const auto& entry) { return entry.pool == pool; }, usual);
}

TrainingOperations trainingOperations(const Operations& operations, const std::string& job)
{
    TrainingOperations usual;
    usual.job = job;
    return entryOr(
        operations.training, [&](const auto& entry) { return entry.job == job; }, usual);
}

double spotNoticeSeconds(const Operations& operations, const Fleet& fleet, ProviderId provider)
{
    std::optional<double> forAll;
    for (const SpotNotice& notice : operations.spotNotices) {
        if (notice.provider == provider) {
            return notice.seconds;
        }
        forAll = notice.provider.valid() ? forAll : notice.seconds;
    }
    return forAll.value_or(spotNoticeSeconds(fleet[provider].key));
}

Status validate(const Operations& operations, const Fleet& fleet)
{
    const Subject self{"operations", fleet.name};
    ISOBAR_TRY(self.number("probes", operations.probes, 1, 64));
    ISOBAR_TRY(self.number("demand against its mean", operations.demandRatio, 0, kMostDemand));
    ISOBAR_TRY(self.number("attempts", operations.retry.maxAttempts, 1, 100));
    ISOBAR_TRY(self.number("time before a second attempt", operations.retry.backoffSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.number("cool-down", operations.retry.coolDownSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.number("time for a node", operations.warmUp.nodeSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.number("time for an image", operations.warmUp.imageSeconds, 0, kMostSeconds));
    ISOBAR_TRY(self.positive("speed of loading weights", operations.warmUp.weightBytesPerSecond, 1e15));
    ISOBAR_TRY(self.number("time to compile", operations.warmUp.compileSeconds, 0, kMostSeconds));
    ISOBAR_TRY(checkWorkloads(operations, fleet));
    ISOBAR_TRY(checkCapacity(operations, fleet));
    for (const Fault& fault : operations.faults) {
        ISOBAR_TRY(checkFault(fault, fleet));
    }
    Once<ProviderId> providers;
    for (const SpotNotice& notice : operations.spotNotices) {
        const Subject of{"spot notice", notice.provider.index() < fleet.providers.size() ? fleet[notice.provider].key
                                                                                         : "of all providers"};
        ISOBAR_TRY(of.mayReferTo("provider", notice.provider, fleet.providers));
        ISOBAR_TRY(providers.add(of, notice.provider));
        ISOBAR_TRY(of.number("its time", notice.seconds, 0, 86'400));
    }
    Once<FaultKind> once;
    for (const FaultRate& rate : operations.faultRates) {
        const Subject of{"fault rate", faultKindName(rate.kind)};
        ISOBAR_TRY(once.add(of, rate.kind));
        if (rate.kind > FaultKind::Provider) {
            return of.error("only chips, nodes, racks, zones, regions and providers fail by rate");
        }
        ISOBAR_TRY(of.number("mean time to failure", rate.meanHoursToFailure, 0, kMostHours));
        ISOBAR_TRY(of.number("mean time to repair", rate.meanHoursToRepair, 0, kMostHours));
    }
    return Done{};
}

} // namespace isobar

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/operations_text.h"
#include "model/fleet/lookup.h"
#include "model/fleet/suggest.h"
#include "model/proto/text_document.h"
#include "operations.pb.h"

#include <fmt/format.h>

namespace isobar::proto {
namespace {

/// Sets `to` when the document says something.
#define ISOBAR_MAY(to, from, field)                                                                                    \
    do {                                                                                                               \
        if ((from).has_##field()) {                                                                                    \
            (to) = (from).field();                                                                                     \
        }                                                                                                              \
    } while (false)

// Both enumerations count alike, but for the protobuf one's 0, which is "not said".
template <class Proto, class Enum> Proto saying(Enum value)
{
    return static_cast<Proto>(static_cast<int>(value) + 1);
}
static_assert(static_cast<int>(v1::RESERVED_FIRST) == static_cast<int>(RoutingPolicy::ReservedFirst) + 1);
static_assert(static_cast<int>(v1::STALE_CONTROL) == static_cast<int>(FaultKind::StaleControl) + 1);
static_assert(static_cast<int>(v1::WEIBULL) == static_cast<int>(GapLaw::Weibull) + 1);
constexpr std::size_t kGapLaws = 2;

/// What may have been meant by a name of that kind.
std::string suggest(const Fleet& fleet, const std::string& typed, WorkloadId)
{
    return suggestNames(typed, fleet.workloads, &Workload::name);
}
std::string suggest(const Fleet& fleet, const std::string& typed, AcceleratorId)
{
    return suggestNames(typed, fleet.accelerators, &AcceleratorType::name);
}
std::string suggest(const Fleet& fleet, const std::string& typed, PoolId)
{
    return suggestNames(typed, fleet.pools, &Pool::key);
}
std::string suggest(const Fleet& fleet, const std::string& typed, PlacementId)
{
    return suggestNames(typed, fleet.placements, &Placement::key);
}
std::string suggest(const Fleet& fleet, const std::string& typed, ProviderId)
{
    return suggestNames(typed, fleet.providers, &Provider::key);
}
std::string suggest(const Fleet& fleet, const std::string& typed, RegionId)
{
    std::vector<std::string> keys;
    for (std::size_t r = 0; r < fleet.regions.size(); ++r) {
        keys.push_back(regionKey(fleet, RegionId(r)));
    }
    return suggestNames(typed, keys);
}

class Reader {
public:
    Reader(const v1::Operations& document, const Fleet& fleet, const std::string& file, const Locator& locate)
        : m_in(document)
        , m_fleet(fleet)
        , m_file(file)
        , m_locate(locate)
    {
    }

    [[nodiscard]] Result<Operations> read()
    {
        ISOBAR_TRY_ASSIGN(const auto routing, said<RoutingPolicy>("routing", -1, m_in.routing(), kRoutingPolicies));
        m_out.routing = routing.value_or(m_out.routing);
        ISOBAR_MAY(m_out.probes, m_in, probes);
        ISOBAR_MAY(m_out.demandRatio, m_in, demand_ratio);
        ISOBAR_MAY(m_out.retry.maxAttempts, m_in.retry(), max_attempts);
        ISOBAR_MAY(m_out.retry.backoffSeconds, m_in.retry(), backoff_seconds);
        ISOBAR_MAY(m_out.retry.coolDownSeconds, m_in.retry(), cool_down_seconds);
        ISOBAR_MAY(m_out.warmUp.nodeSeconds, m_in.warm_up(), node_seconds);
        ISOBAR_MAY(m_out.warmUp.imageSeconds, m_in.warm_up(), image_seconds);
        ISOBAR_MAY(m_out.warmUp.weightBytesPerSecond, m_in.warm_up(), weight_bytes_per_second);
        ISOBAR_MAY(m_out.warmUp.compileSeconds, m_in.warm_up(), compile_seconds);
        ISOBAR_TRY(readWorkloads());
        ISOBAR_TRY(readCapacity());
        ISOBAR_TRY(readFaults());
        return std::move(m_out);
    }

private:
    /// The value an enumeration of the n-th entry of `field` has, of so many; nothing when it is not said.
    template <class Enum, class Proto>
    [[nodiscard]] Result<std::optional<Enum>> said(const char* field, int index, Proto value, std::size_t count) const
    {
        const auto number = static_cast<std::int64_t>(value);
        if (number < 0 || number > static_cast<std::int64_t>(count)) {
            return errorAt(ErrorCode::InvalidValue,
                           fmt::format("\"{}\" has the value {}, which this version does not know", field, number),
                           m_file, m_locate(field, index));
        }
        return number == 0 ? std::optional<Enum>() : std::optional(static_cast<Enum>(number - 1));
    }

    /// The entity a name of the n-th entry of `field` stands for.
    template <class IdType, class Find>
    [[nodiscard]] Result<IdType> refer(const char* field, int index, const char* kind, const std::string& name,
                                       const Find& find) const
    {
        const IdType id = find(m_fleet, name);
        if (!id.valid()) {
            Error error = errorAt(ErrorCode::NotFound,
                                  name.empty() ? fmt::format("an entry of \"{}\" names no {}", field, kind)
                                               : fmt::format("the fleet has no {} \"{}\"", kind, name.substr(0, 200)),
                                  m_file, m_locate(field, index));
            error.text = name.substr(0, 200);
            error.advice = suggest(m_fleet, name, id);
            return error;
        }
        return id;
    }

    /// As refer, but "" stands for none.
    template <class IdType, class Find>
    [[nodiscard]] Status mayRefer(IdType& to, int index, const char* kind, const std::string& name,
                                  const Find& find) const
    {
        if (!name.empty()) {
            ISOBAR_TRY_ASSIGN(to, refer<IdType>("faults", index, kind, name, find));
        }
        return Done{};
    }

    [[nodiscard]] Status readWorkloads()
    {
        for (int i = 0; i < m_in.workloads_size(); ++i) {
            const v1::WorkloadOperations& from = m_in.workloads(i);
            WorkloadOperations to;
            ISOBAR_TRY_ASSIGN(to.workload,
                              refer<WorkloadId>("workloads", i, "workload", from.workload(), findWorkload));
            to.product = from.product();
            ISOBAR_MAY(to.weekendRatio, from, weekend_ratio);
            to.growthPerYearRatio = from.growth_per_year_ratio();
            ISOBAR_TRY_ASSIGN(const auto gaps, said<GapLaw>("workloads", i, from.gaps(), kGapLaws));
            to.gaps = gaps.value_or(to.gaps);
            to.deferSeconds = from.defer_seconds();
            ISOBAR_MAY(to.turnsPerSession, from, turns_per_session);
            ISOBAR_TRY_ASSIGN(to.routing, said<RoutingPolicy>("workloads", i, from.routing(), kRoutingPolicies));
            to.trace = from.trace();
            ISOBAR_MAY(to.traceScale, from, trace_scale);
            to.traceShiftSeconds = from.trace_shift_seconds();
            ISOBAR_MAY(to.demandRatio, from, demand_ratio);
            m_out.workloads.push_back(std::move(to));
        }
        for (int i = 0; i < m_in.surges_size(); ++i) {
            const v1::DemandSurge& from = m_in.surges(i);
            DemandSurge to;
            if (!from.workload().empty()) {
                ISOBAR_TRY_ASSIGN(to.workload,
                                  refer<WorkloadId>("surges", i, "workload", from.workload(), findWorkload));
            }
            to.atSeconds = from.at_seconds();
            to.durationSeconds = from.duration_seconds();
            to.ratio = from.ratio();
            m_out.surges.push_back(to);
        }
        return Done{};
    }

    [[nodiscard]] Status readCapacity()
    {
        for (int i = 0; i < m_in.layouts_size(); ++i) {
            const v1::AcceleratorLayout& from = m_in.layouts(i);
            AcceleratorLayout to;
            ISOBAR_TRY_ASSIGN(to.accelerator,
                              refer<AcceleratorId>("layouts", i, "accelerator", from.accelerator(), findAccelerator));
            ISOBAR_MAY(to.chipsPerNode, from, chips_per_node);
            ISOBAR_MAY(to.nodesPerRack, from, nodes_per_rack);
            to.sliceChips.assign(from.slice_chips().begin(), from.slice_chips().end());
            m_out.layouts.push_back(std::move(to));
        }
        for (int i = 0; i < m_in.pools_size(); ++i) {
            const v1::PoolOperations& from = m_in.pools(i);
            PoolOperations to;
            ISOBAR_TRY_ASSIGN(to.pool, refer<PoolId>("pools", i, "pool", from.pool(), findPool));
            ISOBAR_MAY(to.zones, from, zones);
            ISOBAR_MAY(to.quotaChips, from, quota_chips);
            ISOBAR_MAY(to.powerLimitWatts, from, power_limit_watts);
            to.otherTenantAmplitude = from.other_tenant_amplitude();
            to.spotReclaimsPerChipHour = from.spot_reclaims_per_chip_hour();
            m_out.pools.push_back(to);
        }
        for (int i = 0; i < m_in.autoscale_size(); ++i) {
            const v1::AutoscaleRule& from = m_in.autoscale(i);
            AutoscaleRule to;
            ISOBAR_TRY_ASSIGN(to.placement,
                              refer<PlacementId>("autoscale", i, "placement", from.placement(), findPlacement));
            to.minReplicas = from.min_replicas();
            to.maxReplicas = from.max_replicas();
            ISOBAR_MAY(to.targetRatio, from, target_ratio);
            ISOBAR_MAY(to.scaleDownAfterSeconds, from, scale_down_after_seconds);
            m_out.autoscale.push_back(to);
        }
        for (const v1::TrainingOperations& from : m_in.training()) {
            TrainingOperations to;
            to.job = from.job();
            ISOBAR_MAY(to.checkpointWriteSeconds, from, checkpoint_write_seconds);
            ISOBAR_MAY(to.restartSeconds, from, restart_seconds);
            m_out.training.push_back(std::move(to));
        }
        return Done{};
    }

    [[nodiscard]] Result<FaultKind> kindOf(const char* field, int index, v1::FaultKind kind) const
    {
        ISOBAR_TRY_ASSIGN(const auto known, said<FaultKind>(field, index, kind, kFaultKinds));
        if (!known) {
            return errorAt(ErrorCode::InvalidValue, "a fault needs a kind: CHIP, NODE, …", m_file,
                           m_locate(field, index));
        }
        return *known;
    }

    [[nodiscard]] Status readFaults()
    {
        for (int i = 0; i < m_in.faults_size(); ++i) {
            const v1::Fault& from = m_in.faults(i);
            Fault to;
            ISOBAR_TRY_ASSIGN(to.kind, kindOf("faults", i, from.kind()));
            to.atSeconds = from.at_seconds();
            to.durationSeconds = from.duration_seconds();
            ISOBAR_TRY(mayRefer(to.pool, i, "pool", from.pool(), findPool));
            ISOBAR_TRY(mayRefer(to.region, i, "region", from.region(), findRegion));
            ISOBAR_TRY(mayRefer(to.otherRegion, i, "region", from.other_region(), findRegion));
            ISOBAR_TRY(mayRefer(to.provider, i, "provider", from.provider(), findProvider));
            ISOBAR_MAY(to.count, from, count);
            ISOBAR_MAY(to.ratio, from, ratio);
            ISOBAR_MAY(to.unit, from, unit);
            m_out.faults.push_back(to);
        }
        for (int i = 0; i < m_in.fault_rates_size(); ++i) {
            const v1::FaultRate& from = m_in.fault_rates(i);
            FaultRate to;
            ISOBAR_TRY_ASSIGN(to.kind, kindOf("fault_rates", i, from.kind()));
            to.meanHoursToFailure = from.mean_hours_to_failure();
            ISOBAR_MAY(to.meanHoursToRepair, from, mean_hours_to_repair);
            m_out.faultRates.push_back(to);
        }
        for (int i = 0; i < m_in.spot_notices_size(); ++i) {
            SpotNotice to;
            if (const std::string& provider = m_in.spot_notices(i).provider(); !provider.empty()) {
                ISOBAR_TRY_ASSIGN(to.provider,
                                  refer<ProviderId>("spot_notices", i, "provider", provider, findProvider));
            }
            to.seconds = m_in.spot_notices(i).seconds();
            m_out.spotNotices.push_back(to);
        }
        return Done{};
    }

    const v1::Operations& m_in;
    const Fleet& m_fleet;
    const std::string& m_file;
    const Locator& m_locate;
    Operations m_out;
};

#undef ISOBAR_MAY

v1::Fault toProto(const Fault& from, const Fleet& fleet)
{
    v1::Fault to;
    to.set_kind(saying<v1::FaultKind>(from.kind));
    to.set_at_seconds(from.atSeconds);
    to.set_duration_seconds(from.durationSeconds);
    if (from.pool.valid()) {
        to.set_pool(fleet[from.pool].key);
    }
    if (from.region.valid()) {
        to.set_region(regionKey(fleet, from.region));
    }
    if (from.otherRegion.valid()) {
        to.set_other_region(regionKey(fleet, from.otherRegion));
    }
    if (from.provider.valid()) {
        to.set_provider(fleet[from.provider].key);
    }
    to.set_count(from.count);
    to.set_ratio(from.ratio);
    to.set_unit(from.unit);
    return to;
}

v1::Operations toProto(const Operations& operations, const Fleet& fleet)
{
    v1::Operations out;
    out.set_routing(saying<v1::RoutingPolicy>(operations.routing));
    out.set_probes(operations.probes);
    out.mutable_retry()->set_max_attempts(operations.retry.maxAttempts);
    out.mutable_retry()->set_backoff_seconds(operations.retry.backoffSeconds);
    out.mutable_retry()->set_cool_down_seconds(operations.retry.coolDownSeconds);
    out.mutable_warm_up()->set_node_seconds(operations.warmUp.nodeSeconds);
    out.mutable_warm_up()->set_image_seconds(operations.warmUp.imageSeconds);
    out.mutable_warm_up()->set_weight_bytes_per_second(operations.warmUp.weightBytesPerSecond);
    out.mutable_warm_up()->set_compile_seconds(operations.warmUp.compileSeconds);
    for (const WorkloadOperations& from : operations.workloads) {
        v1::WorkloadOperations& to = *out.add_workloads();
        to.set_workload(fleet[from.workload].name);
        to.set_product(from.product);
        to.set_weekend_ratio(from.weekendRatio);
        to.set_growth_per_year_ratio(from.growthPerYearRatio);
        to.set_gaps(saying<v1::GapLaw>(from.gaps));
        to.set_defer_seconds(from.deferSeconds);
        to.set_turns_per_session(from.turnsPerSession);
        if (from.routing) {
            to.set_routing(saying<v1::RoutingPolicy>(*from.routing));
        }
        to.set_trace(from.trace);
        to.set_trace_scale(from.traceScale);
        to.set_trace_shift_seconds(from.traceShiftSeconds);
        to.set_demand_ratio(from.demandRatio);
    }
    for (const AcceleratorLayout& from : operations.layouts) {
        v1::AcceleratorLayout& to = *out.add_layouts();
        to.set_accelerator(fleet[from.accelerator].name);
        to.set_chips_per_node(from.chipsPerNode);
        to.set_nodes_per_rack(from.nodesPerRack);
        for (const std::int32_t chips : from.sliceChips) {
            to.add_slice_chips(chips);
        }
    }
    for (const PoolOperations& from : operations.pools) {
        v1::PoolOperations& to = *out.add_pools();
        to.set_pool(fleet[from.pool].key);
        to.set_zones(from.zones);
        if (from.quotaChips) {
            to.set_quota_chips(*from.quotaChips);
        }
        if (from.powerLimitWatts) {
            to.set_power_limit_watts(*from.powerLimitWatts);
        }
        to.set_other_tenant_amplitude(from.otherTenantAmplitude);
        to.set_spot_reclaims_per_chip_hour(from.spotReclaimsPerChipHour);
    }
    for (const AutoscaleRule& from : operations.autoscale) {
        v1::AutoscaleRule& to = *out.add_autoscale();
        to.set_placement(fleet[from.placement].key);
        to.set_min_replicas(from.minReplicas);
        to.set_max_replicas(from.maxReplicas);
        to.set_target_ratio(from.targetRatio);
        to.set_scale_down_after_seconds(from.scaleDownAfterSeconds);
    }
    for (const TrainingOperations& from : operations.training) {
        v1::TrainingOperations& to = *out.add_training();
        to.set_job(from.job);
        to.set_checkpoint_write_seconds(from.checkpointWriteSeconds);
        to.set_restart_seconds(from.restartSeconds);
    }
    for (const Fault& from : operations.faults) {
        *out.add_faults() = toProto(from, fleet);
    }
    for (const FaultRate& from : operations.faultRates) {
        v1::FaultRate& to = *out.add_fault_rates();
        to.set_kind(saying<v1::FaultKind>(from.kind));
        to.set_mean_hours_to_failure(from.meanHoursToFailure);
        to.set_mean_hours_to_repair(from.meanHoursToRepair);
    }
    for (const SpotNotice& from : operations.spotNotices) {
        v1::SpotNotice& to = *out.add_spot_notices();
        to.set_seconds(from.seconds);
        if (from.provider.valid()) {
            to.set_provider(fleet[from.provider].key);
        }
    }
    out.set_demand_ratio(operations.demandRatio);
    for (const DemandSurge& from : operations.surges) {
        v1::DemandSurge& to = *out.add_surges();
        to.set_at_seconds(from.atSeconds);
        to.set_duration_seconds(from.durationSeconds);
        to.set_ratio(from.ratio);
        if (from.workload.valid()) {
            to.set_workload(fleet[from.workload].name);
        }
    }
    return out;
}

/// The error of what validate() refuses, with the line of the entry it is about: the first one with which the entries
/// up to it are refused.
class Blame {
public:
    Blame(const Operations& operations, const Fleet& fleet, const std::string& file, const Locator& locate)
        : m_all(operations)
        , m_fleet(fleet)
        , m_file(file)
        , m_locate(locate)
    {
    }

    [[nodiscard]] Error find(Error whole)
    {
        single("routing", &Operations::routing);
        single("probes", &Operations::probes);
        single("retry", &Operations::retry);
        single("warm_up", &Operations::warmUp);
        single("demand_ratio", &Operations::demandRatio);
        list("workloads", &Operations::workloads);
        list("layouts", &Operations::layouts);
        list("pools", &Operations::pools);
        list("autoscale", &Operations::autoscale);
        list("training", &Operations::training);
        list("faults", &Operations::faults);
        list("fault_rates", &Operations::faultRates);
        list("surges", &Operations::surges);
        list("spot_notices", &Operations::spotNotices);
        whole.file = m_file;
        return m_found.value_or(whole);
    }

private:
    template <class T> void single(const char* field, T Operations::*member)
    {
        Operations part;
        part.*member = m_all.*member;
        if (const Status status = validate(part, m_fleet); !m_found && !status.ok()) {
            blame(status.error(), m_locate(field, -1));
        }
    }

    template <class T> void list(const char* field, std::vector<T> Operations::*member)
    {
        const std::vector<T>& entries = m_all.*member;
        const auto refused = [&](std::size_t count) {
            Operations part;
            (part.*member).assign(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
            return validate(part, m_fleet);
        };
        std::size_t good = 0, bad = entries.size();
        if (m_found || refused(bad).ok()) {
            return;
        }
        while (bad - good > 1) {
            const std::size_t middle = good + (bad - good) / 2;
            (refused(middle).ok() ? good : bad) = middle;
        }
        blame(refused(bad).error(), m_locate(field, static_cast<int>(bad) - 1));
    }

    void blame(Error error, Position at)
    {
        error.file = m_file;
        error.line = at.line;
        error.column = at.column;
        m_found = std::move(error);
    }

    const Operations& m_all;
    const Fleet& m_fleet;
    const std::string& m_file;
    const Locator& m_locate;
    std::optional<Error> m_found;
};

} // namespace

Result<Operations> parseOperationsText(std::string_view text, const std::string& fileName, const Fleet& fleet)
{
    v1::Operations document;
    google::protobuf::TextFormat::ParseInfoTree tree;
    ISOBAR_TRY(parseText(text, fileName, document, tree));
    const Locator locate = locatorFor(document, tree);
    Result<Operations> operations = Reader(document, fleet, fileName, locate).read();
    if (!operations.ok()) {
        return operations;
    }
    if (const Status status = validate(*operations, fleet); !status.ok()) {
        return Blame(*operations, fleet, fileName, locate).find(status.error());
    }
    return operations;
}

std::string leadingComment(std::string_view text)
{
    std::string comment;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
            line.remove_suffix(1);
        }
        if (!line.starts_with('#')) {
            if (line.empty() && comment.empty()) {
                continue;
            }
            break;
        }
        line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
        if (line.starts_with("proto-file:") || line.starts_with("proto-message:")) {
            continue;
        }
        if (line.empty() && !comment.empty()) {
            break; // one paragraph
        }
        comment += (comment.empty() || line.empty() ? "" : " ") + std::string(line);
    }
    return comment;
}

std::string writeOperationsText(const Operations& operations, const Fleet& fleet)
{
    return headerFor("operations", "Operations") + print(toProto(operations, fleet));
}

} // namespace isobar::proto

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/keys.h"

#include "model/fleet/suggest.h"

#include <cmath>
#include <fmt/format.h>
#include <string_view>
#include <unordered_map>

namespace isobar::proto {
namespace {

/// The keys of one kind of entity and their positions.
template <class IdType> class KeyTable {
public:
    /// False when the key was there already.
    [[nodiscard]] bool add(const std::string& key) { return m_ids.try_emplace(key, IdType(m_ids.size())).second; }

    /// Not valid when there is no such key.
    [[nodiscard]] IdType find(const std::string& key) const
    {
        const auto it = m_ids.find(key);
        return it == m_ids.end() ? IdType{} : it->second;
    }

    /// By position.
    [[nodiscard]] std::vector<std::string> keys() const
    {
        std::vector<std::string> all(m_ids.size());
        for (const auto& [key, id] : m_ids) {
            all[id.index()] = key;
        }
        return all;
    }

private:
    std::unordered_map<std::string, IdType> m_ids;
};

/// One entity being read: what to say, and where, when something is wrong with it.
struct Entity {
    const std::string& file;
    Position at;
    const char* kind;
    const std::string& key;

    [[nodiscard]] Error error(const std::string& what, const std::string& text = {}) const
    {
        Error e;
        e.code = ErrorCode::InvalidValue;
        e.message = fmt::format("{} \"{}\" {}", kind, key.substr(0, 200), what);
        e.file = file;
        e.line = at.line;
        e.column = at.column;
        e.text = text.substr(0, 200);
        return e;
    }

    /// The id of `to`, which must exist.
    template <class IdType>
    [[nodiscard]] Status refer(IdType& id, const KeyTable<IdType>& table, const char* toKind,
                               const std::string& to) const
    {
        id = table.find(to);
        if (!id.valid()) {
            Error unknown = to.empty()
                                ? error(fmt::format("names no {}", toKind))
                                : error(fmt::format("refers to a {} that the document does not have", toKind), to);
            unknown.advice = suggestNames(to, table.keys());
            return unknown;
        }
        return Done{};
    }

    /// As `refer`, but "" is "none".
    template <class IdType>
    [[nodiscard]] Status mayRefer(IdType& id, const KeyTable<IdType>& table, const char* toKind,
                                  const std::string& to) const
    {
        id = IdType{};
        return to.empty() ? Status(Done{}) : refer(id, table, toKind, to);
    }

    [[nodiscard]] Status read(Provenance& to, const KeyTable<SourceId>& sources, const v1::Provenance& from) const
    {
        ISOBAR_TRY(mayRefer(to.source, sources, "source", from.source()));
        switch (from.basis()) {
        case v1::MEASURED:
            to.basis = Basis::Measured;
            return Done{};
        case v1::PUBLISHED:
            to.basis = Basis::Published;
            return Done{};
        case v1::ESTIMATED:
            to.basis = Basis::Estimated;
            return Done{};
        case v1::BASIS_UNSPECIFIED: // who does not say how a figure was got cannot claim more than this
        case v1::INVENTED:
            to.basis = Basis::Invented;
            return Done{};
        default:
            return error("has a basis this version does not know", std::to_string(from.basis()));
        }
    }

    [[nodiscard]] Status read(Precision& to, v1::Precision from) const
    {
        switch (from) {
        case v1::BF16:
            to = Precision::Bf16;
            return Done{};
        case v1::FP8:
            to = Precision::Fp8;
            return Done{};
        case v1::FP4:
            to = Precision::Fp4;
            return Done{};
        case v1::INT4:
            to = Precision::Int4;
            return Done{};
        default:
            return error("needs a precision, BF16, FP8, FP4 or INT4");
        }
    }

    [[nodiscard]] Status read(PricingModel& to, v1::PricingModel from) const
    {
        switch (from) {
        case v1::RESERVED:
            to = PricingModel::Reserved;
            return Done{};
        case v1::COMMITTED:
            to = PricingModel::Committed;
            return Done{};
        case v1::ON_DEMAND:
            to = PricingModel::OnDemand;
            return Done{};
        case v1::SPOT:
            to = PricingModel::Spot;
            return Done{};
        default:
            return error("needs a pricing model: RESERVED, COMMITTED, ON_DEMAND or SPOT");
        }
    }
};

class Reader {
public:
    Reader(const v1::Fleet& document, const std::string& file, const Locator& locate)
        : m_in(document)
        , m_file(file)
        , m_locate(locate)
    {
    }

    [[nodiscard]] Result<Fleet> read()
    {
        m_out.name = m_in.name();
        m_out.dataDate = m_in.data_date();
        m_out.startTimeUtc = m_in.start_time_utc();
        m_out.simulated = m_in.simulated();
        ISOBAR_TRY(readKeys());
        ISOBAR_TRY(readGround());
        ISOBAR_TRY(readHardwareAndModels());
        ISOBAR_TRY(readCapacity());
        ISOBAR_TRY(readDemand());
        ISOBAR_TRY(readMoneyAndNetwork());
        return std::move(m_out);
    }

private:
    [[nodiscard]] Entity entity(const char* field, int index, const char* kind, const std::string& key) const
    {
        return {m_file, m_locate(field, index), kind, key};
    }

    /// All keys first, so that entities may refer forward.
    template <class IdType, class Entries, class KeyOf>
    [[nodiscard]] Status collect(KeyTable<IdType>& table, const Entries& entries, const char* field, const char* kind,
                                 KeyOf keyOf) const
    {
        for (int i = 0; i < entries.size(); ++i) {
            const std::string& key = keyOf(entries[i]);
            if (key.empty()) {
                return entity(field, i, kind, key).error("has no key");
            }
            if (!table.add(key)) {
                return entity(field, i, kind, key).error("appears twice");
            }
        }
        return Done{};
    }

    [[nodiscard]] Status readKeys()
    {
        const auto byKey = [](const auto& e) -> const std::string& { return e.key(); };
        const auto byName = [](const auto& e) -> const std::string& { return e.name(); };
        ISOBAR_TRY(collect(m_sources, m_in.sources(), "sources", "source", byKey));
        ISOBAR_TRY(collect(m_providers, m_in.providers(), "providers", "provider", byKey));
        ISOBAR_TRY(collect(m_regions, m_in.regions(), "regions", "region", byKey));
        ISOBAR_TRY(collect(m_accelerators, m_in.accelerators(), "accelerators", "accelerator", byName));
        ISOBAR_TRY(collect(m_models, m_in.models(), "models", "model", byName));
        ISOBAR_TRY(collect(m_tiers, m_in.tiers(), "tiers", "SLO tier", byName));
        ISOBAR_TRY(collect(m_pools, m_in.pools(), "pools", "pool", byKey));
        ISOBAR_TRY(collect(m_placements, m_in.placements(), "placements", "placement", byKey));
        ISOBAR_TRY(collect(m_areas, m_in.areas(), "areas", "user area", byName));
        return collect(m_workloads, m_in.workloads(), "workloads", "workload", byName);
    }

    [[nodiscard]] Status readGround()
    {
        for (const v1::Source& s : m_in.sources()) {
            m_out.sources.push_back({s.key(), s.title(), s.date()});
        }
        for (const v1::Provider& p : m_in.providers()) {
            m_out.providers.push_back({p.key(), p.name()});
        }
        for (int i = 0; i < m_in.regions_size(); ++i) {
            const v1::Region& in = m_in.regions(i);
            const Entity e = entity("regions", i, "region", in.key());
            Region r;
            const auto slash = in.key().find('/');
            if (slash == std::string::npos) {
                return e.error("has a key that is not of the form provider/region");
            }
            ISOBAR_TRY(e.refer(r.provider, m_providers, "provider", in.key().substr(0, slash)));
            r.code = in.key().substr(slash + 1);
            r.displayName = in.display_name();
            r.location = in.location();
            r.countryIso2 = in.country_iso2();
            r.residencyZone = in.residency_zone();
            r.at = {in.latitude(), in.longitude()};
            if (in.has_grid_grams_co2e_per_kwh()) {
                r.gridGramsCo2ePerKwh = in.grid_grams_co2e_per_kwh();
            }
            if (in.has_carbon_free_energy_ratio()) {
                r.carbonFreeEnergyRatio = in.carbon_free_energy_ratio();
            }
            r.pueRatio = in.pue_ratio();
            ISOBAR_TRY(e.mayRefer(r.rttProxy, m_regions, "region", in.rtt_proxy()));
            ISOBAR_TRY(e.read(r.place, m_sources, in.place()));
            ISOBAR_TRY(e.read(r.carbon, m_sources, in.carbon()));
            ISOBAR_TRY(e.read(r.pue, m_sources, in.pue()));
            m_out.regions.push_back(std::move(r));
        }
        return Done{};
    }

    [[nodiscard]] Status readHardwareAndModels()
    {
        for (int i = 0; i < m_in.accelerators_size(); ++i) {
            const v1::AcceleratorType& in = m_in.accelerators(i);
            const Entity e = entity("accelerators", i, "accelerator", in.name());
            AcceleratorType a;
            a.name = in.name();
            a.vendor = in.vendor();
            a.runtimeFamily = in.runtime_family();
            a.bf16FlopsPerSecond = in.bf16_flops_per_second();
            if (in.has_fp8_flops_per_second()) {
                a.fp8FlopsPerSecond = in.fp8_flops_per_second();
            }
            if (in.has_fp4_flops_per_second()) {
                a.fp4FlopsPerSecond = in.fp4_flops_per_second();
            }
            a.hbmBytes = in.hbm_bytes();
            a.hbmBytesPerSecond = in.hbm_bytes_per_second();
            a.interconnectBytesPerSecond = in.interconnect_bytes_per_second();
            a.tdpWatts = in.tdp_watts();
            ISOBAR_TRY(e.read(a.compute, m_sources, in.compute()));
            ISOBAR_TRY(e.read(a.memory, m_sources, in.memory()));
            ISOBAR_TRY(e.read(a.power, m_sources, in.power()));
            ISOBAR_TRY(e.read(a.interconnect, m_sources, in.interconnect()));
            a.note = in.note();
            m_out.accelerators.push_back(std::move(a));
        }
        for (int i = 0; i < m_in.models_size(); ++i) {
            const v1::ServedModel& in = m_in.models(i);
            const Entity e = entity("models", i, "model", in.name());
            ServedModel m;
            m.name = in.name();
            m.layers = in.layers();
            m.hiddenSize = in.hidden_size();
            m.attentionHeads = in.attention_heads();
            m.kvHeads = in.kv_heads();
            m.headDimension = in.head_dimension();
            m.totalParameters = in.total_parameters();
            m.activeParameters = in.active_parameters();
            m.experts = in.experts();
            m.expertsPerToken = in.experts_per_token();
            m.expertParameters = in.expert_parameters();
            m.kvValuesPerToken = in.kv_values_per_token();
            m.runtimes.assign(in.runtimes().begin(), in.runtimes().end());
            if (in.has_usd_per_million_input_tokens()) {
                m.usdPerMillionInputTokens = in.usd_per_million_input_tokens();
            }
            if (in.has_usd_per_million_output_tokens()) {
                m.usdPerMillionOutputTokens = in.usd_per_million_output_tokens();
            }
            ISOBAR_TRY(e.read(m.architecture, m_sources, in.architecture()));
            ISOBAR_TRY(e.read(m.price, m_sources, in.price()));
            m_out.models.push_back(std::move(m));
        }
        for (int i = 0; i < m_in.tiers_size(); ++i) {
            const v1::SloTier& in = m_in.tiers(i);
            const Entity e = entity("tiers", i, "SLO tier", in.name());
            SloTier t{in.name(), in.ttft_seconds(), in.itl_seconds(), in.priority(), {}};
            ISOBAR_TRY(e.read(t.provenance, m_sources, in.provenance()));
            m_out.tiers.push_back(std::move(t));
        }
        return Done{};
    }

    [[nodiscard]] Status readCapacity()
    {
        for (int i = 0; i < m_in.pools_size(); ++i) {
            const v1::Pool& in = m_in.pools(i);
            const Entity e = entity("pools", i, "pool", in.key());
            Pool p;
            p.key = in.key();
            ISOBAR_TRY(e.refer(p.region, m_regions, "region", in.region()));
            ISOBAR_TRY(e.refer(p.accelerator, m_accelerators, "accelerator", in.accelerator()));
            p.chips[static_cast<std::size_t>(PricingModel::Reserved)] = in.reserved_chips();
            p.chips[static_cast<std::size_t>(PricingModel::Committed)] = in.committed_chips();
            p.chips[static_cast<std::size_t>(PricingModel::OnDemand)] = in.on_demand_chips();
            p.chips[static_cast<std::size_t>(PricingModel::Spot)] = in.spot_chips();
            p.otherTenantRatio = in.other_tenant_ratio();
            ISOBAR_TRY(e.read(p.provenance, m_sources, in.provenance()));
            m_out.pools.push_back(std::move(p));
        }
        for (int i = 0; i < m_in.placements_size(); ++i) {
            const v1::Placement& in = m_in.placements(i);
            const Entity e = entity("placements", i, "placement", in.key());
            Placement p;
            p.key = in.key();
            ISOBAR_TRY(e.refer(p.model, m_models, "model", in.model()));
            ISOBAR_TRY(e.refer(p.pool, m_pools, "pool", in.pool()));
            p.replicas = in.replicas();
            p.tensorParallel = in.tensor_parallel();
            ISOBAR_TRY(e.read(p.precision, in.precision()));
            p.maxBatch = in.max_batch();
            ISOBAR_TRY(e.read(p.provenance, m_sources, in.provenance()));
            m_out.placements.push_back(std::move(p));
        }
        for (int i = 0; i < m_in.arrivals_size(); ++i) {
            const v1::CapacityArrival& in = m_in.arrivals(i);
            const Entity e = entity("arrivals", i, "capacity arrival", in.date());
            CapacityArrival a;
            ISOBAR_TRY(e.refer(a.pool, m_pools, "pool", in.pool()));
            a.date = in.date();
            a.chips = in.chips();
            ISOBAR_TRY(e.read(a.pricing, in.pricing()));
            ISOBAR_TRY(e.read(a.provenance, m_sources, in.provenance()));
            m_out.arrivals.push_back(std::move(a));
        }
        for (int i = 0; i < m_in.training_jobs_size(); ++i) {
            const v1::TrainingJob& in = m_in.training_jobs(i);
            const Entity e = entity("training_jobs", i, "training job", in.name());
            TrainingJob j;
            j.name = in.name();
            ISOBAR_TRY(e.refer(j.pool, m_pools, "pool", in.pool()));
            j.chips = in.chips();
            j.checkpointSeconds = in.checkpoint_seconds();
            ISOBAR_TRY(e.read(j.provenance, m_sources, in.provenance()));
            m_out.trainingJobs.push_back(std::move(j));
        }
        return Done{};
    }

    [[nodiscard]] Status readDemand()
    {
        for (int i = 0; i < m_in.areas_size(); ++i) {
            const v1::UserArea& in = m_in.areas(i);
            const Entity e = entity("areas", i, "user area", in.name());
            UserArea a;
            a.name = in.name();
            a.residencyZone = in.residency_zone();
            a.at = {in.latitude(), in.longitude()};
            a.utcOffsetHours = in.utc_offset_hours();
            ISOBAR_TRY(e.mayRefer(a.rttProxy, m_regions, "region", in.rtt_proxy()));
            ISOBAR_TRY(e.read(a.provenance, m_sources, in.provenance()));
            m_out.areas.push_back(std::move(a));
        }
        const auto length = [](const v1::LengthDistribution& in) {
            return LengthDistribution{in.mean(), in.coefficient_of_variation(), in.maximum()};
        };
        for (int i = 0; i < m_in.workloads_size(); ++i) {
            const v1::Workload& in = m_in.workloads(i);
            const Entity e = entity("workloads", i, "workload", in.name());
            Workload w;
            w.name = in.name();
            ISOBAR_TRY(e.refer(w.model, m_models, "model", in.model()));
            ISOBAR_TRY(e.refer(w.tier, m_tiers, "SLO tier", in.tier()));
            w.meanRequestsPerSecond = in.mean_requests_per_second();
            w.diurnalAmplitude = in.diurnal_amplitude();
            w.peakLocalHour = in.peak_local_hour();
            w.burstiness = in.burstiness();
            w.inputTokens = length(in.input_tokens());
            w.outputTokens = length(in.output_tokens());
            for (const v1::AreaShare& share : in.area_shares()) {
                AreaId area;
                ISOBAR_TRY(e.refer(area, m_areas, "user area", share.area()));
                w.areaShares.emplace_back(area, share.share());
            }
            w.residencyBound = in.residency_bound();
            ISOBAR_TRY(e.read(w.provenance, m_sources, in.provenance()));
            m_out.workloads.push_back(std::move(w));
        }
        return Done{};
    }

    [[nodiscard]] Status readMoneyAndNetwork()
    {
        for (int i = 0; i < m_in.prices_size(); ++i) {
            const v1::Price& in = m_in.prices(i);
            const Entity e = entity("prices", i, "price of", in.accelerator());
            Price p;
            ISOBAR_TRY(e.refer(p.provider, m_providers, "provider", in.provider()));
            ISOBAR_TRY(e.mayRefer(p.region, m_regions, "region", in.region()));
            ISOBAR_TRY(e.refer(p.accelerator, m_accelerators, "accelerator", in.accelerator()));
            ISOBAR_TRY(e.read(p.pricing, in.pricing()));
            p.usdPerChipHour = in.usd_per_chip_hour();
            p.instanceType = in.instance_type();
            ISOBAR_TRY(e.read(p.provenance, m_sources, in.provenance()));
            p.note = in.note();
            m_out.prices.push_back(std::move(p));
        }
        for (int i = 0; i < m_in.links_size(); ++i) {
            const v1::Link& in = m_in.links(i);
            const Entity e = entity("links", i, "link from", in.from());
            Link l;
            ISOBAR_TRY(e.refer(l.from, m_regions, "region", in.from()));
            ISOBAR_TRY(e.refer(l.to, m_regions, "region", in.to()));
            l.rttSeconds = in.rtt_seconds();
            ISOBAR_TRY(e.read(l.provenance, m_sources, in.provenance()));
            m_out.links.push_back(l);
        }
        for (int i = 0; i < m_in.egress_prices_size(); ++i) {
            const v1::EgressPrice& in = m_in.egress_prices(i);
            const Entity e = entity("egress_prices", i, "egress price from", in.from());
            EgressPrice p;
            ISOBAR_TRY(e.refer(p.from, m_regions, "region", in.from()));
            ISOBAR_TRY(e.mayRefer(p.to, m_regions, "region", in.to()));
            p.usdPerByte = in.usd_per_gigabyte() / 1e9;
            ISOBAR_TRY(e.read(p.provenance, m_sources, in.provenance()));
            m_out.egressPrices.push_back(p);
        }
        for (int i = 0; i < m_in.commitments_size(); ++i) {
            const v1::Commitment& in = m_in.commitments(i);
            const Entity e = entity("commitments", i, "commitment to", in.provider());
            Commitment c;
            ISOBAR_TRY(e.refer(c.provider, m_providers, "provider", in.provider()));
            c.kind = in.kind();
            if (in.has_value_usd()) {
                c.valueUsd = in.value_usd();
            }
            if (in.has_term_years()) {
                c.termYears = in.term_years();
            }
            c.capacity = in.capacity();
            c.start = in.start();
            c.ramp = in.ramp();
            ISOBAR_TRY(e.read(c.provenance, m_sources, in.provenance()));
            m_out.commitments.push_back(std::move(c));
        }
        return Done{};
    }

    const v1::Fleet& m_in;
    const std::string& m_file;
    const Locator& m_locate;
    Fleet m_out;
    KeyTable<SourceId> m_sources;
    KeyTable<ProviderId> m_providers;
    KeyTable<RegionId> m_regions;
    KeyTable<AcceleratorId> m_accelerators;
    KeyTable<ModelId> m_models;
    KeyTable<TierId> m_tiers;
    KeyTable<PoolId> m_pools;
    KeyTable<PlacementId> m_placements;
    KeyTable<AreaId> m_areas;
    KeyTable<WorkloadId> m_workloads;
};

} // namespace

Result<Fleet> fleetFromProto(const v1::Fleet& document, const std::string& fileName, const Locator& locate)
{
    return Reader(document, fileName, locate).read();
}

Result<Calibration> calibrationFromProto(const v1::Calibration& document, const std::string& fileName,
                                         const Locator& locate)
{
    Calibration out;
    KeyTable<SourceId> sources;
    for (int i = 0; i < document.sources_size(); ++i) {
        const v1::Source& s = document.sources(i);
        const Entity e{fileName, locate("sources", i), "source", s.key()};
        if (s.key().empty() || !sources.add(s.key())) {
            return e.error(s.key().empty() ? "has no key" : "appears twice");
        }
        out.sources.push_back({s.key(), s.title(), s.date()});
    }
    KeyTable<SourceId> seen; // rows by accelerator and precision, each once
    for (int i = 0; i < document.efficiencies_size(); ++i) {
        const v1::Efficiency& in = document.efficiencies(i);
        const std::string name = in.accelerator().empty() ? "any accelerator" : in.accelerator();
        const Entity e{fileName, locate("efficiencies", i), "efficiency of", name};
        Efficiency row;
        row.accelerator = in.accelerator();
        ISOBAR_TRY(e.read(row.precision, in.precision()));
        if (!seen.add(fmt::format("{}\n{}", in.accelerator(), in.precision()))) {
            return e.error("appears twice for one precision");
        }
        struct Bound {
            const char* name;
            double Efficiency::*member;
            double value;
            double most;
            bool positive;
        };
        const Bound bounds[] = {
            {"compute_ratio", &Efficiency::computeRatio, in.compute_ratio(), 1, true},
            {"bandwidth_ratio", &Efficiency::bandwidthRatio, in.bandwidth_ratio(), 1, true},
            {"attention_bandwidth_ratio", &Efficiency::attentionBandwidthRatio, in.attention_bandwidth_ratio(), 1,
             true},
            {"step_overhead_seconds", &Efficiency::stepOverheadSeconds, in.step_overhead_seconds(), 10, false},
            {"layer_overhead_seconds", &Efficiency::layerOverheadSeconds, in.layer_overhead_seconds(), 10, false},
            {"sequence_overhead_seconds", &Efficiency::sequenceOverheadSeconds, in.sequence_overhead_seconds(), 10,
             false},
            {"all_reduce_latency_seconds", &Efficiency::allReduceLatencySeconds, in.all_reduce_latency_seconds(), 10,
             false},
            {"interconnect_ratio", &Efficiency::interconnectRatio, in.interconnect_ratio(), 1, true},
            {"reserve_bytes", &Efficiency::reserveBytes, in.reserve_bytes(), 1e15, false},
            {"memory_ratio", &Efficiency::memoryRatio, in.memory_ratio(), 1, true},
            {"error_ratio", &Efficiency::errorRatio, in.error_ratio(), 10, false},
            {"expert_compute_ratio", &Efficiency::expertComputeRatio, in.expert_compute_ratio(), 1, false},
            {"expert_bandwidth_ratio", &Efficiency::expertBandwidthRatio, in.expert_bandwidth_ratio(), 1, false},
            {"expert_layer_overhead_seconds", &Efficiency::expertLayerOverheadSeconds,
             in.expert_layer_overhead_seconds(), 10, false},
            {"expert_imbalance_ratio", &Efficiency::expertImbalanceRatio, in.expert_imbalance_ratio(), 100, false},
            {"prefill_attention_ratio", &Efficiency::prefillAttentionRatio, in.prefill_attention_ratio(), 1, false},
            {"exposed_ratio", &Efficiency::exposedRatio, in.exposed_ratio(), 1, false},
            {"kv_bytes_per_value", &Efficiency::kvBytesPerValue, in.kv_bytes_per_value(), 8, false},
        };
        for (const Bound& b : bounds) {
            const bool low = b.positive ? b.value <= 0 : b.value < 0;
            if (!std::isfinite(b.value) || low || b.value > b.most) {
                return e.error(fmt::format("needs {} {} and at most {:g}", b.name,
                                           b.positive ? "greater than 0" : "not negative", b.most),
                               fmt::format("{}", b.value));
            }
            row.*b.member = b.value;
        }
        ISOBAR_TRY(e.read(row.provenance, sources, in.provenance()));
        out.efficiencies.push_back(std::move(row));
    }
    return out;
}

} // namespace isobar::proto

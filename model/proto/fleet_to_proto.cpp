// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/keys.h"

#include <cmath>
#include <fmt/format.h>

namespace isobar::proto {
namespace {

v1::Basis toProto(Basis basis)
{
    switch (basis) {
    case Basis::Measured:
        return v1::MEASURED;
    case Basis::Published:
        return v1::PUBLISHED;
    case Basis::Estimated:
        return v1::ESTIMATED;
    case Basis::Invented:
        return v1::INVENTED;
    }
    return v1::BASIS_UNSPECIFIED;
}

v1::Precision toProto(Precision precision)
{
    switch (precision) {
    case Precision::Bf16:
        return v1::BF16;
    case Precision::Fp8:
        return v1::FP8;
    case Precision::Fp4:
        return v1::FP4;
    case Precision::Int4:
        return v1::INT4;
    }
    return v1::PRECISION_UNSPECIFIED;
}

v1::PricingModel toProto(PricingModel pricing)
{
    switch (pricing) {
    case PricingModel::Reserved:
        return v1::RESERVED;
    case PricingModel::Committed:
        return v1::COMMITTED;
    case PricingModel::OnDemand:
        return v1::ON_DEMAND;
    case PricingModel::Spot:
        return v1::SPOT;
    }
    return v1::PRICING_MODEL_UNSPECIFIED;
}

/// The number of dollars a gigabyte that divides back to `usdPerByte`, short where there is a short one. Should none
/// divide back exactly (possible only for a figure that never came from a document), the nearest.
double usdPerGigabyte(double usdPerByte)
{
    const double scaled = usdPerByte * 1e9;
    const double rounded = std::stod(fmt::format("{:.15g}", scaled));
    for (const double candidate : {rounded, scaled, std::nextafter(scaled, 0.0), std::nextafter(scaled, HUGE_VAL)}) {
        if (candidate / 1e9 == usdPerByte) {
            return candidate;
        }
    }
    return scaled;
}

class Writer {
public:
    explicit Writer(const Fleet& fleet)
        : m_fleet(fleet)
    {
    }

    [[nodiscard]] v1::Fleet document() const
    {
        v1::Fleet out;
        out.set_name(m_fleet.name);
        out.set_data_date(m_fleet.dataDate);
        out.set_start_time_utc(m_fleet.startTimeUtc);
        out.set_simulated(m_fleet.simulated);
        addGround(out);
        addHardwareAndModels(out);
        addCapacity(out);
        addDemand(out);
        addMoneyAndNetwork(out);
        return out;
    }

private:
    void put(const Provenance& from, v1::Provenance& to) const
    {
        if (from.source.valid()) {
            to.set_source(m_fleet[from.source].key);
        }
        to.set_basis(toProto(from.basis));
    }

    [[nodiscard]] std::string key(RegionId region) const { return region.valid() ? regionKey(m_fleet, region) : ""; }

    void addGround(v1::Fleet& out) const
    {
        for (const Source& s : m_fleet.sources) {
            v1::Source& to = *out.add_sources();
            to.set_key(s.key);
            to.set_title(s.title);
            to.set_date(s.date);
        }
        for (const Provider& p : m_fleet.providers) {
            v1::Provider& to = *out.add_providers();
            to.set_key(p.key);
            to.set_name(p.name);
        }
        for (std::size_t i = 0; i < m_fleet.regions.size(); ++i) {
            const Region& r = m_fleet.regions[i];
            v1::Region& to = *out.add_regions();
            to.set_key(key(RegionId(i)));
            to.set_display_name(r.displayName);
            to.set_location(r.location);
            to.set_country_iso2(r.countryIso2);
            to.set_residency_zone(r.residencyZone);
            to.set_latitude(r.at.latitude);
            to.set_longitude(r.at.longitude);
            if (r.gridGramsCo2ePerKwh) {
                to.set_grid_grams_co2e_per_kwh(*r.gridGramsCo2ePerKwh);
            }
            if (r.carbonFreeEnergyRatio) {
                to.set_carbon_free_energy_ratio(*r.carbonFreeEnergyRatio);
            }
            to.set_pue_ratio(r.pueRatio);
            to.set_rtt_proxy(key(r.rttProxy));
            put(r.place, *to.mutable_place());
            put(r.carbon, *to.mutable_carbon());
            put(r.pue, *to.mutable_pue());
        }
    }

    void addHardwareAndModels(v1::Fleet& out) const
    {
        for (const AcceleratorType& a : m_fleet.accelerators) {
            v1::AcceleratorType& to = *out.add_accelerators();
            to.set_name(a.name);
            to.set_vendor(a.vendor);
            to.set_runtime_family(a.runtimeFamily);
            to.set_bf16_flops_per_second(a.bf16FlopsPerSecond);
            if (a.fp8FlopsPerSecond) {
                to.set_fp8_flops_per_second(*a.fp8FlopsPerSecond);
            }
            if (a.fp4FlopsPerSecond) {
                to.set_fp4_flops_per_second(*a.fp4FlopsPerSecond);
            }
            to.set_hbm_bytes(a.hbmBytes);
            to.set_hbm_bytes_per_second(a.hbmBytesPerSecond);
            to.set_interconnect_bytes_per_second(a.interconnectBytesPerSecond);
            to.set_tdp_watts(a.tdpWatts);
            put(a.compute, *to.mutable_compute());
            put(a.memory, *to.mutable_memory());
            put(a.power, *to.mutable_power());
            put(a.interconnect, *to.mutable_interconnect());
            to.set_note(a.note);
        }
        for (const ServedModel& m : m_fleet.models) {
            v1::ServedModel& to = *out.add_models();
            to.set_name(m.name);
            to.set_layers(m.layers);
            to.set_hidden_size(m.hiddenSize);
            to.set_attention_heads(m.attentionHeads);
            to.set_kv_heads(m.kvHeads);
            to.set_head_dimension(m.headDimension);
            to.set_total_parameters(m.totalParameters);
            to.set_active_parameters(m.activeParameters);
            to.set_experts(m.experts);
            to.set_experts_per_token(m.expertsPerToken);
            to.set_expert_parameters(m.expertParameters);
            to.set_kv_values_per_token(m.kvValuesPerToken);
            for (const std::string& runtime : m.runtimes) {
                to.add_runtimes(runtime);
            }
            if (m.usdPerMillionInputTokens) {
                to.set_usd_per_million_input_tokens(*m.usdPerMillionInputTokens);
            }
            if (m.usdPerMillionOutputTokens) {
                to.set_usd_per_million_output_tokens(*m.usdPerMillionOutputTokens);
            }
            put(m.architecture, *to.mutable_architecture());
            put(m.price, *to.mutable_price());
        }
        for (const SloTier& t : m_fleet.tiers) {
            v1::SloTier& to = *out.add_tiers();
            to.set_name(t.name);
            to.set_ttft_seconds(t.ttftSeconds);
            to.set_itl_seconds(t.itlSeconds);
            to.set_priority(t.priority);
            put(t.provenance, *to.mutable_provenance());
        }
    }

    void addCapacity(v1::Fleet& out) const
    {
        const auto chips = [](const Pool& p, PricingModel m) { return p.chips[static_cast<std::size_t>(m)]; };
        for (const Pool& p : m_fleet.pools) {
            v1::Pool& to = *out.add_pools();
            to.set_key(p.key);
            to.set_region(key(p.region));
            to.set_accelerator(m_fleet[p.accelerator].name);
            to.set_reserved_chips(chips(p, PricingModel::Reserved));
            to.set_committed_chips(chips(p, PricingModel::Committed));
            to.set_on_demand_chips(chips(p, PricingModel::OnDemand));
            to.set_spot_chips(chips(p, PricingModel::Spot));
            to.set_other_tenant_ratio(p.otherTenantRatio);
            put(p.provenance, *to.mutable_provenance());
        }
        for (const Placement& p : m_fleet.placements) {
            v1::Placement& to = *out.add_placements();
            to.set_key(p.key);
            to.set_model(m_fleet[p.model].name);
            to.set_pool(m_fleet[p.pool].key);
            to.set_replicas(p.replicas);
            to.set_tensor_parallel(p.tensorParallel);
            to.set_precision(toProto(p.precision));
            to.set_max_batch(p.maxBatch);
            put(p.provenance, *to.mutable_provenance());
        }
        for (const CapacityArrival& a : m_fleet.arrivals) {
            v1::CapacityArrival& to = *out.add_arrivals();
            to.set_pool(m_fleet[a.pool].key);
            to.set_date(a.date);
            to.set_chips(a.chips);
            to.set_pricing(toProto(a.pricing));
            put(a.provenance, *to.mutable_provenance());
        }
        for (const TrainingJob& j : m_fleet.trainingJobs) {
            v1::TrainingJob& to = *out.add_training_jobs();
            to.set_name(j.name);
            to.set_pool(m_fleet[j.pool].key);
            to.set_chips(j.chips);
            to.set_checkpoint_seconds(j.checkpointSeconds);
            put(j.provenance, *to.mutable_provenance());
        }
    }

    static void put(const LengthDistribution& from, v1::LengthDistribution& to)
    {
        to.set_mean(from.mean);
        to.set_coefficient_of_variation(from.coefficientOfVariation);
        to.set_maximum(from.maximum);
    }

    void addDemand(v1::Fleet& out) const
    {
        for (const UserArea& a : m_fleet.areas) {
            v1::UserArea& to = *out.add_areas();
            to.set_name(a.name);
            to.set_residency_zone(a.residencyZone);
            to.set_latitude(a.at.latitude);
            to.set_longitude(a.at.longitude);
            to.set_utc_offset_hours(a.utcOffsetHours);
            to.set_rtt_proxy(key(a.rttProxy));
            put(a.provenance, *to.mutable_provenance());
        }
        for (const Workload& w : m_fleet.workloads) {
            v1::Workload& to = *out.add_workloads();
            to.set_name(w.name);
            to.set_model(m_fleet[w.model].name);
            to.set_tier(m_fleet[w.tier].name);
            to.set_mean_requests_per_second(w.meanRequestsPerSecond);
            to.set_diurnal_amplitude(w.diurnalAmplitude);
            to.set_peak_local_hour(w.peakLocalHour);
            to.set_burstiness(w.burstiness);
            put(w.inputTokens, *to.mutable_input_tokens());
            put(w.outputTokens, *to.mutable_output_tokens());
            for (const auto& [area, share] : w.areaShares) {
                v1::AreaShare& s = *to.add_area_shares();
                s.set_area(m_fleet[area].name);
                s.set_share(share);
            }
            to.set_residency_bound(w.residencyBound);
            put(w.provenance, *to.mutable_provenance());
        }
    }

    void addMoneyAndNetwork(v1::Fleet& out) const
    {
        for (const Price& p : m_fleet.prices) {
            v1::Price& to = *out.add_prices();
            to.set_provider(m_fleet[p.provider].key);
            to.set_region(key(p.region));
            to.set_accelerator(m_fleet[p.accelerator].name);
            to.set_pricing(toProto(p.pricing));
            to.set_usd_per_chip_hour(p.usdPerChipHour);
            to.set_instance_type(p.instanceType);
            put(p.provenance, *to.mutable_provenance());
            to.set_note(p.note);
        }
        for (const Link& l : m_fleet.links) {
            v1::Link& to = *out.add_links();
            to.set_from(key(l.from));
            to.set_to(key(l.to));
            to.set_rtt_seconds(l.rttSeconds);
            put(l.provenance, *to.mutable_provenance());
        }
        for (const EgressPrice& e : m_fleet.egressPrices) {
            v1::EgressPrice& to = *out.add_egress_prices();
            to.set_from(key(e.from));
            to.set_to(key(e.to));
            to.set_usd_per_gigabyte(usdPerGigabyte(e.usdPerByte));
            put(e.provenance, *to.mutable_provenance());
        }
        for (const Commitment& c : m_fleet.commitments) {
            v1::Commitment& to = *out.add_commitments();
            to.set_provider(m_fleet[c.provider].key);
            to.set_kind(c.kind);
            if (c.valueUsd) {
                to.set_value_usd(*c.valueUsd);
            }
            if (c.termYears) {
                to.set_term_years(*c.termYears);
            }
            to.set_capacity(c.capacity);
            to.set_start(c.start);
            to.set_ramp(c.ramp);
            put(c.provenance, *to.mutable_provenance());
        }
    }

    const Fleet& m_fleet;
};

} // namespace

v1::Fleet fleetToProto(const Fleet& fleet)
{
    return Writer(fleet).document();
}

v1::Calibration calibrationToProto(const Calibration& calibration)
{
    v1::Calibration out;
    for (const Source& s : calibration.sources) {
        v1::Source& to = *out.add_sources();
        to.set_key(s.key);
        to.set_title(s.title);
        to.set_date(s.date);
    }
    for (const Efficiency& e : calibration.efficiencies) {
        v1::Efficiency& to = *out.add_efficiencies();
        to.set_accelerator(e.accelerator);
        to.set_precision(toProto(e.precision));
        to.set_compute_ratio(e.computeRatio);
        to.set_bandwidth_ratio(e.bandwidthRatio);
        to.set_attention_bandwidth_ratio(e.attentionBandwidthRatio);
        to.set_step_overhead_seconds(e.stepOverheadSeconds);
        to.set_layer_overhead_seconds(e.layerOverheadSeconds);
        to.set_sequence_overhead_seconds(e.sequenceOverheadSeconds);
        to.set_all_reduce_latency_seconds(e.allReduceLatencySeconds);
        to.set_interconnect_ratio(e.interconnectRatio);
        to.set_reserve_bytes(e.reserveBytes);
        to.set_memory_ratio(e.memoryRatio);
        to.set_error_ratio(e.errorRatio);
        to.set_expert_compute_ratio(e.expertComputeRatio);
        to.set_expert_bandwidth_ratio(e.expertBandwidthRatio);
        to.set_expert_layer_overhead_seconds(e.expertLayerOverheadSeconds);
        to.set_expert_imbalance_ratio(e.expertImbalanceRatio);
        to.set_prefill_attention_ratio(e.prefillAttentionRatio);
        to.set_exposed_ratio(e.exposedRatio);
        to.set_kv_bytes_per_value(e.kvBytesPerValue);
        if (e.provenance.source.valid()) {
            to.mutable_provenance()->set_source(calibration.sources[e.provenance.source.index()].key);
        }
        to.mutable_provenance()->set_basis(toProto(e.provenance.basis));
    }
    return out;
}

} // namespace isobar::proto

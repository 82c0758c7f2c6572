// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// The column lists of the fleet's tables, once for writing and reading. The baseline is scenario 0.
namespace isobar::store::columns {

inline constexpr const char* kSources = "position, source_key, title, date";
inline constexpr const char* kFleets = "scenario_id, name, data_date, start_time_utc, simulated";
inline constexpr const char* kProviders = "position, provider, name";
inline constexpr const char* kRegions =
    "position, region_key, provider, code, display_name, location, country_iso2, residency_zone, latitude, longitude, "
    "grid_grams_co2e_per_kwh, carbon_free_energy_ratio, pue_ratio, rtt_proxy, place_source, place_basis, "
    "carbon_source, carbon_basis, pue_source, pue_basis";
inline constexpr const char* kAcceleratorTypes =
    "position, accelerator, vendor, runtime_family, bf16_flops_per_second, fp8_flops_per_second, fp4_flops_per_second, "
    "hbm_bytes, "
    "hbm_bytes_per_second, interconnect_bytes_per_second, tdp_watts, compute_source, compute_basis, memory_source, "
    "memory_basis, power_source, power_basis, interconnect_source, interconnect_basis, note";
inline constexpr const char* kServedModels =
    "position, model, layers, hidden_size, attention_heads, kv_heads, head_dimension, total_parameters, "
    "active_parameters, experts, experts_per_token, expert_parameters, kv_values_per_token, "
    "usd_per_million_input_tokens, usd_per_million_output_tokens, architecture_source, architecture_basis, "
    "price_source, price_basis";
inline constexpr const char* kModelRuntimes = "model, position, runtime_family";
inline constexpr const char* kSloTiers = "position, tier, ttft_seconds, itl_seconds, priority, source, basis";
inline constexpr const char* kUserAreas =
    "position, area, residency_zone, latitude, longitude, utc_offset_hours, rtt_proxy, source, basis";
inline constexpr const char* kPools =
    "scenario_id, position, pool, region_key, accelerator, reserved_chips, committed_chips, on_demand_chips, "
    "spot_chips, other_tenant_ratio, source, basis";
inline constexpr const char* kPlacements =
    "scenario_id, position, placement, model, pool, replicas, tensor_parallel, precision, max_batch, source, basis";
inline constexpr const char* kWorkloads =
    "scenario_id, position, workload, model, tier, mean_requests_per_second, diurnal_amplitude, peak_local_hour, "
    "burstiness, input_tokens_mean, input_tokens_cv, input_tokens_maximum, output_tokens_mean, output_tokens_cv, "
    "output_tokens_maximum, residency_bound, source, basis";
inline constexpr const char* kWorkloadAreaShares = "scenario_id, workload, position, area, share_ratio";
inline constexpr const char* kPrices =
    "position, provider, region_key, accelerator, pricing, usd_per_chip_hour, instance_type, source, basis, note";
inline constexpr const char* kLinks = "position, from_region, to_region, rtt_seconds, source, basis";
inline constexpr const char* kEgressPrices = "position, from_region, to_region, usd_per_byte, source, basis";
inline constexpr const char* kCommitments =
    "position, provider, kind, value_usd, term_years, capacity, start, ramp, source, basis";
inline constexpr const char* kCapacityArrivals = "scenario_id, position, pool, date, chips, pricing, source, basis";
inline constexpr const char* kTrainingJobs =
    "scenario_id, position, name, pool, chips, checkpoint_seconds, source, basis";

} // namespace isobar::store::columns

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace isobar::store {

/// Measured history (see docs/store.md): runs, what the rows of a run stand for, seconds and minutes as packed blocks,
/// hours as rows. Times are microseconds of simulated time since the run's start; counts are integers, so sums are
/// exact. A sketch or flows column is packed as history_codec.h says.
inline constexpr const char* kHistorySchema = R"sql(
CREATE TABLE history_fleets(fleet_hash INTEGER PRIMARY KEY, fleet BLOB NOT NULL) STRICT;
CREATE TABLE history_runs(run_id INTEGER PRIMARY KEY,
  scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id), seed INTEGER NOT NULL,
  start_time_utc TEXT NOT NULL, start_unix_seconds INTEGER NOT NULL,
  fleet_hash INTEGER NOT NULL REFERENCES history_fleets(fleet_hash), areas INTEGER NOT NULL,
  recorded_at_utc TEXT NOT NULL) STRICT;
CREATE TABLE history_placements(run_id INTEGER NOT NULL REFERENCES history_runs(run_id) ON DELETE CASCADE,
  placement_row INTEGER NOT NULL, provider TEXT NOT NULL, region_key TEXT NOT NULL, pool TEXT NOT NULL,
  accelerator TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY(run_id, placement_row)) STRICT, WITHOUT ROWID;
CREATE TABLE history_demand_rows(run_id INTEGER NOT NULL REFERENCES history_runs(run_id) ON DELETE CASCADE,
  demand_row INTEGER NOT NULL, placement_row INTEGER, workload TEXT NOT NULL, model TEXT NOT NULL,
  tier TEXT NOT NULL, PRIMARY KEY(run_id, demand_row)) STRICT, WITHOUT ROWID;
CREATE TABLE history_supply_rows(run_id INTEGER NOT NULL REFERENCES history_runs(run_id) ON DELETE CASCADE,
  supply_row INTEGER NOT NULL, placement_row INTEGER, purpose TEXT NOT NULL, provider TEXT NOT NULL,
  region_key TEXT NOT NULL, pool TEXT NOT NULL, accelerator TEXT NOT NULL, model TEXT,
  PRIMARY KEY(run_id, supply_row)) STRICT, WITHOUT ROWID;

CREATE TABLE history_blocks(run_id INTEGER NOT NULL REFERENCES history_runs(run_id) ON DELETE CASCADE,
  tier_seconds INTEGER NOT NULL, begin_micros INTEGER NOT NULL, end_micros INTEGER NOT NULL,
  intervals INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY(run_id, tier_seconds, begin_micros)) STRICT;

CREATE TABLE history_hours(run_id INTEGER NOT NULL REFERENCES history_runs(run_id) ON DELETE CASCADE,
  begin_micros INTEGER NOT NULL, end_micros INTEGER NOT NULL, demand_rows INTEGER NOT NULL,
  supply_rows INTEGER NOT NULL, flows BLOB NOT NULL, PRIMARY KEY(run_id, begin_micros)) STRICT;
CREATE TABLE history_hour_demand(run_id INTEGER NOT NULL, begin_micros INTEGER NOT NULL, demand_row INTEGER NOT NULL,
  requests INTEGER NOT NULL, completed INTEGER NOT NULL, rejected INTEGER NOT NULL, lost INTEGER NOT NULL,
  retried INTEGER NOT NULL, slo_met INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
  egress_micro_usd INTEGER NOT NULL, ttft_sketch BLOB NOT NULL, itl_sketch BLOB NOT NULL,
  end_to_end_sketch BLOB NOT NULL, PRIMARY KEY(run_id, begin_micros, demand_row),
  FOREIGN KEY(run_id, begin_micros) REFERENCES history_hours(run_id, begin_micros) ON DELETE CASCADE) STRICT;
CREATE TABLE history_hour_supply(run_id INTEGER NOT NULL, begin_micros INTEGER NOT NULL, supply_row INTEGER NOT NULL,
  chip_micros INTEGER NOT NULL, work_micros INTEGER NOT NULL, reserved_micro_usd INTEGER NOT NULL,
  committed_micro_usd INTEGER NOT NULL, on_demand_micro_usd INTEGER NOT NULL, spot_micro_usd INTEGER NOT NULL,
  energy_millijoules INTEGER NOT NULL, carbon_micrograms INTEGER NOT NULL,
  PRIMARY KEY(run_id, begin_micros, supply_row),
  FOREIGN KEY(run_id, begin_micros) REFERENCES history_hours(run_id, begin_micros) ON DELETE CASCADE)
  STRICT, WITHOUT ROWID;

-- What the explorer and isobar-cli sql read. One row a group; ratios come with numerator and denominator, so that
-- coarser ones can be formed exactly. isobar_quantile() and isobar_merge() are Isobar's own.
CREATE VIEW v_runs AS SELECT run_id, scenarios.name AS scenario, seed, start_time_utc, recorded_at_utc,
  printf('%016x', fleet_hash) AS fleet_hash,
  (SELECT min(begin_micros) FROM history_hours h WHERE h.run_id = r.run_id) / 1000000 AS first_hour_begin_seconds,
  (SELECT max(end_micros) FROM history_hours h WHERE h.run_id = r.run_id) / 1000000 AS last_hour_end_seconds
  FROM history_runs r JOIN scenarios USING(scenario_id);

CREATE VIEW v_supply_hourly AS SELECT run_id,
  strftime('%Y-%m-%dT%H:00:00Z', start_unix_seconds + begin_micros / 1000000, 'unixepoch') AS hour_utc,
  provider, region_key AS region, pool, accelerator, purpose, model,
  chip_micros / 3.6e9 AS chip_hours, work_micros / 3.6e9 AS busy_chip_hours,
  (reserved_micro_usd + committed_micro_usd + on_demand_micro_usd + spot_micro_usd) / 1e6 AS chips_usd,
  reserved_micro_usd / 1e6 AS reserved_usd, committed_micro_usd / 1e6 AS committed_usd,
  on_demand_micro_usd / 1e6 AS on_demand_usd, spot_micro_usd / 1e6 AS spot_usd,
  energy_millijoules / 3.6e9 AS energy_kwh, carbon_micrograms / 1e9 AS carbon_kgco2e
  FROM history_hour_supply JOIN history_runs USING(run_id) JOIN history_supply_rows USING(run_id, supply_row);

CREATE VIEW v_demand_hourly AS SELECT h.run_id,
  strftime('%Y-%m-%dT%H:00:00Z', start_unix_seconds + begin_micros / 1000000, 'unixepoch') AS hour_utc,
  p.provider, p.region_key AS region, p.pool, p.accelerator, d.model, d.workload, d.tier,
  requests, completed, rejected, lost, retried, slo_met, tokens_in, tokens_out, egress_micro_usd / 1e6 AS egress_usd,
  ttft_sketch, itl_sketch, end_to_end_sketch
  FROM history_hour_demand h JOIN history_runs USING(run_id) JOIN history_demand_rows d USING(run_id, demand_row)
  LEFT JOIN history_placements p ON p.run_id = h.run_id AND p.placement_row = d.placement_row;

CREATE VIEW v_cost_daily AS SELECT run_id, day_utc, provider, region, model,
  sum(chips_usd) AS chips_usd, sum(egress_usd) AS egress_usd, sum(chips_usd) + sum(egress_usd) AS cost_usd,
  sum(energy_kwh) AS energy_kwh, sum(carbon_kgco2e) AS carbon_kgco2e FROM (
    SELECT run_id, substr(hour_utc, 1, 10) AS day_utc, provider, region, model, chips_usd, 0.0 AS egress_usd,
      energy_kwh, carbon_kgco2e FROM v_supply_hourly
    UNION ALL SELECT run_id, substr(hour_utc, 1, 10), provider, region, model, 0.0, egress_usd, 0.0, 0.0
      FROM v_demand_hourly WHERE egress_usd <> 0)
  GROUP BY run_id, day_utc, provider, region, model;

CREATE VIEW v_utilization_hourly AS SELECT run_id, hour_utc, provider, region, pool, accelerator,
  sum(chip_hours) AS chip_hours, sum(busy_chip_hours) AS busy_chip_hours,
  sum(busy_chip_hours) / nullif(sum(chip_hours), 0) AS utilization_ratio,
  sum(iif(purpose = 'serving', chip_hours, 0.0)) AS serving_chip_hours,
  sum(iif(purpose = 'training', chip_hours, 0.0)) AS training_chip_hours,
  sum(iif(purpose = 'idle', chip_hours, 0.0)) AS idle_chip_hours,
  sum(iif(purpose = 'down', chip_hours, 0.0)) AS down_chip_hours
  FROM v_supply_hourly GROUP BY run_id, hour_utc, provider, region, pool, accelerator;

CREATE VIEW v_latency_hourly AS SELECT run_id, hour_utc, provider, region, model, workload, tier, sum(completed) AS
  completed, isobar_quantile(isobar_merge(ttft_sketch), 0.5) AS ttft_p50_seconds,
  isobar_quantile(isobar_merge(ttft_sketch), 0.95) AS ttft_p95_seconds,
  isobar_quantile(isobar_merge(ttft_sketch), 0.99) AS ttft_p99_seconds,
  isobar_quantile(isobar_merge(itl_sketch), 0.5) AS itl_p50_seconds,
  isobar_quantile(isobar_merge(itl_sketch), 0.95) AS itl_p95_seconds,
  isobar_quantile(isobar_merge(end_to_end_sketch), 0.5) AS end_to_end_p50_seconds,
  isobar_quantile(isobar_merge(end_to_end_sketch), 0.95) AS end_to_end_p95_seconds
  FROM v_demand_hourly WHERE completed > 0 GROUP BY run_id, hour_utc, provider, region, model, workload, tier;

CREATE VIEW v_requests_daily AS SELECT run_id, substr(hour_utc, 1, 10) AS day_utc, provider, region, model, workload,
  tier, sum(requests) AS requests, sum(completed) AS completed, sum(rejected) AS rejected, sum(lost) AS lost,
  sum(retried) AS retried, sum(slo_met) AS slo_met, sum(slo_met) * 1.0 / nullif(sum(completed) + sum(rejected) + sum(lost), 0) AS
  slo_attainment_ratio, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out
  FROM v_demand_hourly GROUP BY run_id, day_utc, provider, region, model, workload, tier;

CREATE VIEW v_pools AS SELECT scenarios.name AS scenario, p.pool, r.provider, p.region_key AS region, p.accelerator,
  reserved_chips, committed_chips, on_demand_chips, spot_chips,
  reserved_chips + committed_chips + on_demand_chips + spot_chips AS chips, other_tenant_ratio
  FROM pools p JOIN scenarios USING(scenario_id) JOIN regions r USING(region_key);

CREATE VIEW v_placements AS SELECT scenarios.name AS scenario, l.placement, l.model, r.provider,
  p.region_key AS region, l.pool, p.accelerator, replicas, tensor_parallel, replicas * tensor_parallel AS chips,
  precision, max_batch AS max_batch_requests FROM placements l JOIN scenarios USING(scenario_id)
  JOIN pools p ON p.scenario_id = l.scenario_id AND p.pool = l.pool JOIN regions r USING(region_key);

CREATE VIEW v_prices AS SELECT 'fleet' AS origin, provider, region_key AS region, accelerator, instance_type, pricing,
  1.0 AS chips, usd_per_chip_hour, usd_per_chip_hour AS usd_per_hour, source FROM prices
  UNION ALL SELECT 'catalogue', provider, provider || '/' || region, accelerator, instance_type, 'on-demand', chips,
    usd_per_hour / nullif(chips, 0), usd_per_hour, NULL FROM offers WHERE usd_per_hour IS NOT NULL
  UNION ALL SELECT 'catalogue', provider, provider || '/' || region, accelerator, instance_type, 'spot', chips,
    spot_usd_per_hour / nullif(chips, 0), spot_usd_per_hour, NULL FROM offers WHERE spot_usd_per_hour IS NOT NULL;

CREATE VIEW v_links AS SELECT from_region, to_region, rtt_seconds, source, basis FROM links;

CREATE VIEW v_imports AS SELECT import_id, imported_at_utc, path, format, sha256, rows_read, rows_accepted,
  rows_repaired, rows_quarantined, rows_unchanged, wall_seconds FROM imports JOIN files USING(file_id);

CREATE VIEW v_quarantine AS SELECT file_id, (SELECT path FROM imports i WHERE i.file_id = q.file_id
  ORDER BY import_id DESC LIMIT 1) AS path, line, column_number, rule, text, raw FROM quarantine q;
)sql";

} // namespace isobar::store

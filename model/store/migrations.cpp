// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/migrations.h"

#include "model/store/connection.h"
#include "model/store/history_schema.h"

#include <array>
#include <string>

namespace isobar::store {

namespace {

// Conventions: facts are keyed by the text keys people and files use, and keep their order in `position`; every fact
// names its source and basis; facts a plan can change carry scenario_id (0 = baseline), and a scenario holds its own
// copy of all of them. SI units, in the names.
constexpr const char* kSchema1 = R"sql(
CREATE TABLE settings(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE scenarios(scenario_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  parent_id INTEGER REFERENCES scenarios(scenario_id), created_at_utc TEXT NOT NULL) STRICT;
INSERT INTO scenarios(scenario_id, name, parent_id, created_at_utc)
  VALUES(0, 'baseline', NULL, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));

CREATE TABLE sources(source_key TEXT PRIMARY KEY, position INTEGER NOT NULL, title TEXT NOT NULL,
  date TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE fleets(scenario_id INTEGER PRIMARY KEY REFERENCES scenarios(scenario_id), name TEXT NOT NULL,
  data_date TEXT NOT NULL, start_time_utc TEXT NOT NULL, simulated INTEGER NOT NULL) STRICT;

CREATE TABLE providers(provider TEXT PRIMARY KEY, position INTEGER NOT NULL, name TEXT NOT NULL)
  STRICT, WITHOUT ROWID;

CREATE TABLE regions(region_key TEXT PRIMARY KEY, position INTEGER NOT NULL,
  provider TEXT NOT NULL REFERENCES providers(provider), code TEXT NOT NULL, display_name TEXT NOT NULL,
  location TEXT NOT NULL, country_iso2 TEXT NOT NULL, residency_zone TEXT NOT NULL, latitude REAL NOT NULL,
  longitude REAL NOT NULL, grid_grams_co2e_per_kwh REAL, carbon_free_energy_ratio REAL, pue_ratio REAL NOT NULL,
  rtt_proxy TEXT REFERENCES regions(region_key) DEFERRABLE INITIALLY DEFERRED,
  place_source TEXT REFERENCES sources(source_key), place_basis TEXT NOT NULL,
  carbon_source TEXT REFERENCES sources(source_key), carbon_basis TEXT NOT NULL,
  pue_source TEXT REFERENCES sources(source_key), pue_basis TEXT NOT NULL,
  UNIQUE(provider, code)) STRICT, WITHOUT ROWID;

CREATE TABLE accelerator_types(accelerator TEXT PRIMARY KEY, position INTEGER NOT NULL, vendor TEXT NOT NULL,
  runtime_family TEXT NOT NULL, bf16_flops_per_second REAL NOT NULL, fp8_flops_per_second REAL,
  hbm_bytes REAL NOT NULL, hbm_bytes_per_second REAL NOT NULL, interconnect_bytes_per_second REAL NOT NULL,
  tdp_watts REAL NOT NULL,
  compute_source TEXT REFERENCES sources(source_key), compute_basis TEXT NOT NULL,
  memory_source TEXT REFERENCES sources(source_key), memory_basis TEXT NOT NULL,
  power_source TEXT REFERENCES sources(source_key), power_basis TEXT NOT NULL,
  interconnect_source TEXT REFERENCES sources(source_key), interconnect_basis TEXT NOT NULL,
  note TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE served_models(model TEXT PRIMARY KEY, position INTEGER NOT NULL, layers INTEGER NOT NULL,
  hidden_size INTEGER NOT NULL, attention_heads INTEGER NOT NULL, kv_heads INTEGER NOT NULL,
  head_dimension INTEGER NOT NULL, total_parameters REAL NOT NULL, active_parameters REAL NOT NULL,
  experts INTEGER NOT NULL, experts_per_token INTEGER NOT NULL, expert_parameters REAL NOT NULL,
  kv_values_per_token REAL NOT NULL, usd_per_million_input_tokens REAL, usd_per_million_output_tokens REAL,
  architecture_source TEXT REFERENCES sources(source_key), architecture_basis TEXT NOT NULL,
  price_source TEXT REFERENCES sources(source_key), price_basis TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE model_runtimes(model TEXT NOT NULL REFERENCES served_models(model), position INTEGER NOT NULL,
  runtime_family TEXT NOT NULL, PRIMARY KEY(model, position)) STRICT, WITHOUT ROWID;

CREATE TABLE slo_tiers(tier TEXT PRIMARY KEY, position INTEGER NOT NULL, ttft_seconds REAL NOT NULL,
  itl_seconds REAL NOT NULL, priority INTEGER NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE user_areas(area TEXT PRIMARY KEY, position INTEGER NOT NULL, residency_zone TEXT NOT NULL,
  latitude REAL NOT NULL, longitude REAL NOT NULL, utc_offset_hours REAL NOT NULL,
  rtt_proxy TEXT REFERENCES regions(region_key),
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE pools(scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id), pool TEXT NOT NULL,
  position INTEGER NOT NULL, region_key TEXT NOT NULL REFERENCES regions(region_key),
  accelerator TEXT NOT NULL REFERENCES accelerator_types(accelerator), reserved_chips INTEGER NOT NULL,
  committed_chips INTEGER NOT NULL, on_demand_chips INTEGER NOT NULL, spot_chips INTEGER NOT NULL,
  other_tenant_ratio REAL NOT NULL, source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL,
  PRIMARY KEY(scenario_id, pool)) STRICT, WITHOUT ROWID;

CREATE TABLE placements(scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id), placement TEXT NOT NULL,
  position INTEGER NOT NULL, model TEXT NOT NULL REFERENCES served_models(model), pool TEXT NOT NULL,
  replicas INTEGER NOT NULL, tensor_parallel INTEGER NOT NULL, precision TEXT NOT NULL, max_batch INTEGER NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL, PRIMARY KEY(scenario_id, placement),
  FOREIGN KEY(scenario_id, pool) REFERENCES pools(scenario_id, pool)) STRICT, WITHOUT ROWID;

CREATE TABLE workloads(scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id), workload TEXT NOT NULL,
  position INTEGER NOT NULL, model TEXT NOT NULL REFERENCES served_models(model),
  tier TEXT NOT NULL REFERENCES slo_tiers(tier), mean_requests_per_second REAL NOT NULL,
  diurnal_amplitude REAL NOT NULL, peak_local_hour REAL NOT NULL, burstiness REAL NOT NULL,
  input_tokens_mean REAL NOT NULL, input_tokens_cv REAL NOT NULL, input_tokens_maximum INTEGER NOT NULL,
  output_tokens_mean REAL NOT NULL, output_tokens_cv REAL NOT NULL, output_tokens_maximum INTEGER NOT NULL,
  residency_bound INTEGER NOT NULL, source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL,
  PRIMARY KEY(scenario_id, workload)) STRICT, WITHOUT ROWID;
CREATE TABLE workload_area_shares(scenario_id INTEGER NOT NULL, workload TEXT NOT NULL, position INTEGER NOT NULL,
  area TEXT NOT NULL REFERENCES user_areas(area), share_ratio REAL NOT NULL,
  PRIMARY KEY(scenario_id, workload, position),
  FOREIGN KEY(scenario_id, workload) REFERENCES workloads(scenario_id, workload)) STRICT, WITHOUT ROWID;

CREATE TABLE prices(position INTEGER PRIMARY KEY, provider TEXT NOT NULL REFERENCES providers(provider),
  region_key TEXT REFERENCES regions(region_key),
  accelerator TEXT NOT NULL REFERENCES accelerator_types(accelerator), pricing TEXT NOT NULL,
  usd_per_chip_hour REAL NOT NULL, instance_type TEXT NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL, note TEXT NOT NULL) STRICT;

CREATE TABLE links(position INTEGER PRIMARY KEY, from_region TEXT NOT NULL REFERENCES regions(region_key),
  to_region TEXT NOT NULL REFERENCES regions(region_key), rtt_seconds REAL NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL) STRICT;

CREATE TABLE egress_prices(position INTEGER PRIMARY KEY, from_region TEXT NOT NULL REFERENCES regions(region_key),
  to_region TEXT REFERENCES regions(region_key), usd_per_byte REAL NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL) STRICT;

CREATE TABLE commitments(position INTEGER PRIMARY KEY, provider TEXT NOT NULL REFERENCES providers(provider),
  kind TEXT NOT NULL, value_usd REAL, term_years REAL, capacity TEXT NOT NULL, start TEXT NOT NULL,
  ramp TEXT NOT NULL, source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL) STRICT;

CREATE TABLE capacity_arrivals(scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id),
  position INTEGER NOT NULL, pool TEXT NOT NULL, date TEXT NOT NULL, chips INTEGER NOT NULL, pricing TEXT NOT NULL,
  source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL, PRIMARY KEY(scenario_id, position),
  FOREIGN KEY(scenario_id, pool) REFERENCES pools(scenario_id, pool)) STRICT, WITHOUT ROWID;

CREATE TABLE training_jobs(scenario_id INTEGER NOT NULL REFERENCES scenarios(scenario_id),
  position INTEGER NOT NULL, name TEXT NOT NULL, pool TEXT NOT NULL, chips INTEGER NOT NULL,
  checkpoint_seconds REAL NOT NULL, source TEXT REFERENCES sources(source_key), basis TEXT NOT NULL,
  PRIMARY KEY(scenario_id, position),
  FOREIGN KEY(scenario_id, pool) REFERENCES pools(scenario_id, pool)) STRICT, WITHOUT ROWID;

-- What was read: one row per distinct content, one log row per import of it.
CREATE TABLE files(file_id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, format TEXT NOT NULL,
  UNIQUE(sha256, format)) STRICT;
CREATE TABLE imports(import_id INTEGER PRIMARY KEY, file_id INTEGER NOT NULL REFERENCES files(file_id),
  path TEXT NOT NULL, imported_at_utc TEXT NOT NULL, rows_read INTEGER NOT NULL, rows_accepted INTEGER NOT NULL,
  rows_repaired INTEGER NOT NULL, rows_quarantined INTEGER NOT NULL, rows_unchanged INTEGER NOT NULL,
  wall_seconds REAL NOT NULL) STRICT;
-- Rows left out, by the content they were in: reading the same file again does not list them twice.
CREATE TABLE quarantine(file_id INTEGER NOT NULL REFERENCES files(file_id), entry INTEGER NOT NULL,
  line INTEGER NOT NULL, column_number INTEGER NOT NULL, rule TEXT NOT NULL, text TEXT NOT NULL, raw TEXT NOT NULL,
  PRIMARY KEY(file_id, entry)) STRICT, WITHOUT ROWID;

-- The price catalogue as published: per instance and hour. `identity` and `content` are hashes of the key and of the
-- whole row; they make "is this row new?" one look-up in the table an import keeps in memory. The one writer keeps
-- identities unique; an index for it would take a quarter of an import's time. import_id is the import the row's
-- present values came from.
CREATE TABLE offers(offer_id INTEGER PRIMARY KEY, identity INTEGER NOT NULL, content INTEGER NOT NULL,
  import_id INTEGER NOT NULL REFERENCES imports(import_id) DEFERRABLE INITIALLY DEFERRED, basis TEXT NOT NULL,
  provider TEXT NOT NULL, region TEXT NOT NULL, zone TEXT NOT NULL, instance_type TEXT NOT NULL,
  accelerator TEXT NOT NULL, accelerator_count REAL NOT NULL, generation TEXT NOT NULL, chips REAL NOT NULL,
  vcpus REAL, memory_gib REAL, usd_per_hour REAL, spot_usd_per_hour REAL) STRICT;

-- Request traces as compressed columns (see trace_codec.h), in blocks.
CREATE TABLE traces(trace TEXT PRIMARY KEY, format TEXT NOT NULL, sha256 TEXT NOT NULL, requests INTEGER NOT NULL,
  duration_seconds REAL NOT NULL, import_id INTEGER NOT NULL REFERENCES imports(import_id)
  DEFERRABLE INITIALLY DEFERRED, basis TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE trace_blocks(trace TEXT NOT NULL REFERENCES traces(trace), block INTEGER NOT NULL,
  requests INTEGER NOT NULL, columns BLOB NOT NULL, PRIMARY KEY(trace, block)) STRICT;
)sql";

constexpr const char* kSchema2 = "ALTER TABLE accelerator_types ADD COLUMN fp4_flops_per_second REAL;";

// Traces say where they come from; blocks keep what a format knows besides arrivals and lengths (see trace_codec.h);
// traces that are descriptions are kept as their documents, compressed.
constexpr const char* kSchema3 = R"sql(
ALTER TABLE traces ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE traces ADD COLUMN licence TEXT NOT NULL DEFAULT '';
ALTER TABLE traces ADD COLUMN prefix_block_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE traces ADD COLUMN described INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace_blocks ADD COLUMN prefixes BLOB;
ALTER TABLE trace_blocks ADD COLUMN measured BLOB;
CREATE TABLE trace_parts(trace TEXT NOT NULL REFERENCES traces(trace), part INTEGER NOT NULL, name TEXT NOT NULL,
  bytes INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY(trace, part)) STRICT;
)sql";

// Scenarios hold how a fleet is run. One without operations is the baseline, or was removed and is only a name that
// recorded runs refer to.
constexpr const char* kSchema5 = R"sql(
ALTER TABLE scenarios ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scenarios ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE scenarios ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE scenarios ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE scenarios ADD COLUMN operations TEXT;
CREATE VIEW v_scenarios AS SELECT name AS scenario, note, source, sha256, created_at_utc, operations FROM scenarios
  WHERE operations IS NOT NULL ORDER BY position;
)sql";

constexpr std::array kMigrations{Migration{1, kSchema1}, Migration{2, kSchema2}, Migration{3, kSchema3},
                                 Migration{4, kHistorySchema}, Migration{5, kSchema5}};

} // namespace

std::span<const Migration> migrations()
{
    return kMigrations;
}

int latestSchemaVersion()
{
    return kMigrations.back().to;
}

int userVersion(const SQLite::Database& db)
{
    SQLite::Statement statement(db, "PRAGMA user_version");
    statement.executeStep();
    return statement.getColumn(0).getInt();
}

void migrate(SQLite::Database& db, std::span<const Migration> steps)
{
    for (const Migration& step : steps) {
        if (userVersion(db) >= step.to) {
            continue;
        }
        WriteTransaction transaction(db);
        if (userVersion(db) >= step.to) { // another program was quicker
            continue;
        }
        db.exec(step.sql);
        db.exec("PRAGMA user_version = " + std::to_string(step.to));
        transaction.commit();
    }
}

} // namespace isobar::store

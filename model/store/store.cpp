// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/store.h"

#include "model/store/fleet_rows.h"
#include "model/store/store_impl.h"
#include "model/store/trace_codec.h"

#include <fmt/format.h>

namespace isobar::store {

Status refuseReadOnly(const Store::Impl& impl, const std::string& doing)
{
    if (!impl.damage.empty()) {
        return Error{.code = ErrorCode::NotWritable,
                     .message = fmt::format("could not {}: the store is damaged, and therefore open read-only", doing),
                     .advice = "save what can be saved with: isobar-cli repair STORE --out NEW",
                     .file = impl.path.string()};
    }
    if (impl.readOnly) {
        return Error{.code = ErrorCode::NotWritable,
                     .message = fmt::format("could not {}: the store is open read-only", doing),
                     .advice = "copy it to a folder you may write to, and open the copy",
                     .file = impl.path.string()};
    }
    return Done{};
}

Store::Store(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const std::filesystem::path& Store::path() const
{
    return m_impl->path;
}

bool Store::isReadOnly() const
{
    return m_impl->readOnly;
}

const std::string& Store::damage() const
{
    return m_impl->damage;
}

int Store::schemaVersion() const
{
    return m_impl->schemaVersion;
}

Status Store::saveFleet(const Fleet& fleet)
{
    const std::string doing = "save the fleet";
    ISOBAR_TRY(refuseReadOnly(*m_impl, doing));
    ISOBAR_TRY(validate(fleet));
    return guarded(m_impl->db, m_impl->path, doing, [&]() -> Status {
        WriteTransaction transaction(m_impl->db);
        writeFleetRows(m_impl->db, fleet);
        transaction.commit();
        return Done{};
    });
}

Result<Fleet> Store::loadFleet() const
{
    return guarded(m_impl->db, m_impl->path, "read the fleet", [&]() -> Result<Fleet> {
        const ReadTransaction transaction(m_impl->db);
        if (!hasFleetRows(m_impl->db)) {
            return Error{.code = ErrorCode::NotFound,
                         .message = "there is no fleet in this store yet",
                         .advice = "import a fleet file, or start from the sample with 'isobar-cli sample'",
                         .file = m_impl->path.string()};
        }
        auto fleet = readFleetRows(m_impl->db);
        Error wrong;
        if (!fleet.ok()) {
            wrong = fleet.error();
        } else if (const auto valid = validate(*fleet); !valid.ok()) {
            wrong = valid.error();
            wrong.code = ErrorCode::Corrupt;
        } else {
            return fleet;
        }
        wrong.file = m_impl->path.string();
        return wrong;
    });
}

Result<Counts> Store::counts() const
{
    return guarded(m_impl->db, m_impl->path, "count what the store holds", [&]() -> Result<Counts> {
        SQLite::Statement statement(m_impl->db, R"sql(
            SELECT (SELECT count(*) FROM providers), (SELECT count(*) FROM regions),
              (SELECT count(*) FROM pools WHERE scenario_id = 0), (SELECT count(*) FROM accelerator_types),
              (SELECT coalesce(sum(reserved_chips + committed_chips + on_demand_chips + spot_chips), 0)
                 FROM pools WHERE scenario_id = 0),
              (SELECT count(*) FROM served_models), (SELECT count(*) FROM workloads WHERE scenario_id = 0),
              (SELECT count(*) FROM placements WHERE scenario_id = 0), (SELECT count(*) FROM prices),
              (SELECT count(*) FROM links), (SELECT count(*) FROM traces), (SELECT count(*) FROM quarantine),
              (SELECT count(*) FROM offers), (SELECT count(*) FROM v_scenarios))sql");
        statement.executeStep();
        Columns row(statement);
        Counts counts;
        for (std::int64_t* count :
             {&counts.providers, &counts.regions, &counts.pools, &counts.acceleratorTypes, &counts.accelerators,
              &counts.servedModels, &counts.workloads, &counts.placements, &counts.prices, &counts.links,
              &counts.traces, &counts.quarantined, &counts.offers, &counts.scenarios}) {
            *count = row.integer();
        }
        counts.prices += counts.offers;
        return counts;
    });
}

Result<std::vector<ImportRecord>> Store::imports() const
{
    return guarded(m_impl->db, m_impl->path, "read the import log", [&]() -> Result<std::vector<ImportRecord>> {
        SQLite::Statement statement(m_impl->db, R"sql(
            SELECT import_id, path, format, sha256, imported_at_utc, rows_read, rows_accepted, rows_repaired,
              rows_quarantined, rows_unchanged, wall_seconds
            FROM imports JOIN files USING(file_id) ORDER BY import_id)sql");
        std::vector<ImportRecord> records;
        while (statement.executeStep()) {
            Columns row(statement);
            ImportRecord r;
            r.id = row.integer();
            r.path = row.text();
            r.format = row.text();
            r.sha256 = row.text();
            r.importedAtUtc = row.text();
            r.rowsRead = row.integer();
            r.rowsAccepted = row.integer();
            r.rowsRepaired = row.integer();
            r.rowsQuarantined = row.integer();
            r.rowsUnchanged = row.integer();
            r.wallSeconds = row.real();
            records.push_back(std::move(r));
        }
        return records;
    });
}

Result<std::vector<Diagnostic>> Store::quarantine(std::int64_t importId, std::int64_t limit) const
{
    return guarded(m_impl->db, m_impl->path, "read the quarantine", [&]() -> Result<std::vector<Diagnostic>> {
        SQLite::Statement statement(m_impl->db, R"sql(
            SELECT line, column_number, rule, text FROM quarantine
            WHERE file_id = (SELECT file_id FROM imports WHERE import_id = ?) ORDER BY entry LIMIT ?)sql");
        statement.bind(1, importId);
        statement.bind(2, limit);
        std::vector<Diagnostic> rows;
        while (statement.executeStep()) {
            Columns row(statement);
            Diagnostic d;
            d.line = row.integer();
            d.column = row.integer();
            d.rule = row.text();
            d.text = row.text();
            d.quarantined = true;
            rows.push_back(std::move(d));
        }
        return rows;
    });
}

Result<std::vector<Offer>> Store::offers(const std::string& provider, const std::string& accelerator,
                                         std::int64_t limit) const
{
    return guarded(m_impl->db, m_impl->path, "read the price catalogue", [&]() -> Result<std::vector<Offer>> {
        SQLite::Statement statement(m_impl->db, R"sql(
            SELECT provider, region, zone, instance_type, accelerator, generation, accelerator_count, vcpus,
              memory_gib, usd_per_hour, spot_usd_per_hour, chips
            FROM offers WHERE (?1 = '' OR provider = ?1) AND (?2 = '' OR accelerator = ?2)
            ORDER BY offer_id LIMIT ?3)sql");
        statement.bind(1, provider);
        statement.bind(2, accelerator);
        statement.bind(3, limit);
        std::vector<Offer> offers;
        while (statement.executeStep()) {
            Columns row(statement);
            Offer o;
            for (std::string* text :
                 {&o.provider, &o.region, &o.zone, &o.instanceType, &o.accelerator, &o.generation}) {
                *text = row.text();
            }
            o.acceleratorCount = row.real();
            o.vcpus = row.optionalReal();
            o.memoryGib = row.optionalReal();
            o.usdPerHour = row.optionalReal();
            o.spotUsdPerHour = row.optionalReal();
            o.chips = row.real();
            offers.push_back(std::move(o));
        }
        return offers;
    });
}

Result<std::optional<std::string>> Store::setting(const std::string& key) const
{
    using Value = std::optional<std::string>;
    return guarded(m_impl->db, m_impl->path, "read a setting", [&]() -> Result<Value> {
        SQLite::Statement statement(m_impl->db, "SELECT value FROM settings WHERE key = ?");
        statement.bind(1, key);
        return statement.executeStep() ? Value(statement.getColumn(0).getString()) : Value();
    });
}

Status Store::setSetting(const std::string& key, const std::string& value)
{
    const std::string doing = "save a setting";
    ISOBAR_TRY(refuseReadOnly(*m_impl, doing));
    return guarded(m_impl->db, m_impl->path, doing, [&]() -> Status {
        SQLite::Statement statement(m_impl->db, "INSERT OR REPLACE INTO settings(key, value) VALUES(?, ?)");
        run(statement, key, value);
        return Done{};
    });
}

Result<std::unique_ptr<Store::ImportWriter>> Store::beginImport(const std::string& path, const std::string& format,
                                                                const std::string& sha256, bool dryRun,
                                                                const JobContext& job)
{
    const std::string doing = "begin an import";
    if (!dryRun) {
        ISOBAR_TRY(refuseReadOnly(*m_impl, doing));
    }
    return guarded(m_impl->db, m_impl->path, doing, [&]() -> Result<std::unique_ptr<ImportWriter>> {
        return makeImportWriter(*m_impl, path, format, sha256, dryRun, job);
    });
}

} // namespace isobar::store

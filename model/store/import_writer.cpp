// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/field_hash.h"
#include "model/store/fleet_rows.h"
#include "model/store/offer_table.h"
#include "model/store/store_impl.h"
#include "model/store/trace_codec.h"
#include "model/store/words.h"

#include <fmt/format.h>

namespace isobar::store {

namespace {

constexpr std::size_t kMaxRawBytes = 64 * 1024;

constexpr const char* kOfferColumns =
    "offer_id, identity, content, import_id, basis, provider, region, zone, instance_type, accelerator, "
    "accelerator_count, generation, chips, vcpus, memory_gib, usd_per_hour, spot_usd_per_hour";

class Writer final : public Store::ImportWriter {
public:
    Writer(Store::Impl& store, std::string path, std::string format, std::string sha256, bool dryRun, JobContext job)
        : m_store(store)
        , m_path(std::move(path))
        , m_format(std::move(format))
        , m_sha256(std::move(sha256))
        , m_dryRun(dryRun)
        , m_job(std::move(job))
    {
        if (m_dryRun) {
            m_read.emplace(m_store.db);
            return;
        }
        m_write.emplace(m_store.db);
        m_importId = m_store.db.execAndGet("SELECT coalesce(max(import_id), 0) + 1 FROM imports").getInt64();
        SQLite::Statement file(m_store.db, "INSERT OR IGNORE INTO files(sha256, format) VALUES(?, ?)");
        run(file, m_sha256, m_format);
        SQLite::Statement id(m_store.db, "SELECT file_id FROM files WHERE sha256 = ? AND format = ?");
        id.bind(1, m_sha256);
        id.bind(2, m_format);
        id.executeStep();
        m_fileId = id.getColumn(0).getInt64();
        SQLite::Statement clear(m_store.db, "DELETE FROM quarantine WHERE file_id = ?");
        run(clear, m_fileId);
    }

    Result<Outcome> putOffer(const Offer& offer) override
    {
        return guarded(m_store.db, m_store.path, "import a price", [&]() -> Result<Outcome> {
            if (!m_offersKnown) {
                readKnownOffers();
            }
            const FieldHash key = FieldHash() << offer.provider << offer.region << offer.zone << offer.instanceType
                                              << offer.accelerator << offer.acceleratorCount << offer.generation;
            FieldHash all = key;
            all << offer.chips << offer.vcpus << offer.memoryGib << offer.usdPerHour << offer.spotUsdPerHour;
            const std::int64_t content = all.finish();
            for (std::int64_t identity = key.finish();; identity = next(identity)) {
                const auto [known, isNew] = m_offers.add(identity, content, m_lastOfferId + 1);
                if (isNew) {
                    ++m_lastOfferId;
                    known.markSeen();
                    insertOffer(known.id(), identity, content, offer);
                    return Outcome::Inserted;
                }
                if (known.content == content) {
                    const bool again = known.seen();
                    known.markSeen();
                    return again ? Outcome::Duplicate : Outcome::Unchanged;
                }
                if (!m_dryRun && !hasSameKey(known.id(), offer)) {
                    continue; // two keys met in one hash: the second lives at the next free identity
                }
                if (known.seen()) {
                    return Outcome::Conflict;
                }
                known.content = content;
                known.markSeen();
                updateOffer(known.id(), content, offer);
                return Outcome::Updated;
            }
        });
    }

    Result<Outcome> putFleet(const Fleet& fleet) override
    {
        ISOBAR_TRY(validate(fleet));
        return guarded(m_store.db, m_store.path, "import the fleet", [&]() -> Result<Outcome> {
            const bool there = hasFleetRows(m_store.db);
            if (there) {
                // A damaged fleet is simply replaced.
                const auto stored = readFleetRows(m_store.db);
                if (stored.ok() && *stored == fleet) {
                    return Outcome::Unchanged;
                }
            }
            if (!m_dryRun) {
                writeFleetRows(m_store.db, fleet);
            }
            return there ? Outcome::Updated : Outcome::Inserted;
        });
    }

    Result<Outcome> putTrace(const TraceDetails& details, const NextTraceBlock& next) override
    {
        return guarded(m_store.db, m_store.path, "import the trace", [&]() -> Result<Outcome> {
            const Outcome outcome = beginTrace(details);
            if (outcome == Outcome::Unchanged || m_dryRun) {
                return outcome;
            }
            SQLite::Statement insert(m_store.db,
                                     insertSql("trace_blocks", "trace, block, requests, columns, prefixes, measured"));
            TraceBlock block;
            std::int64_t requests = 0, number = 0;
            double lastSeconds = 0;
            for (;;) {
                if (m_job.cancelled()) {
                    return Error{.code = ErrorCode::Cancelled, .message = "the import was cancelled", .file = m_path};
                }
                block.clear();
                ISOBAR_TRY_ASSIGN(const bool more, next(block));
                if (!block.requests.empty()) {
                    putBlock(insert, details.name, number++, block);
                    requests += static_cast<std::int64_t>(block.requests.size());
                    lastSeconds = block.requests.back().arrivalSeconds;
                }
                if (!more) {
                    break;
                }
            }
            SQLite::Statement total(m_store.db, "UPDATE traces SET requests = ?, duration_seconds = ? WHERE trace = ?");
            run(total, requests, lastSeconds, details.name);
            return outcome;
        });
    }

    Result<Outcome> putTrace(const TraceDetails& details, const std::vector<TracePart>& parts) override
    {
        return guarded(m_store.db, m_store.path, "import the trace", [&]() -> Result<Outcome> {
            const Outcome outcome = beginTrace(details);
            if (outcome == Outcome::Unchanged || m_dryRun) {
                return outcome;
            }
            SQLite::Statement insert(m_store.db, insertSql("trace_parts", "trace, part, name, bytes, content"));
            for (std::size_t i = 0; i < parts.size(); ++i) {
                if (m_job.cancelled()) {
                    return Error{.code = ErrorCode::Cancelled, .message = "the import was cancelled", .file = m_path};
                }
                m_job.progress("Storing the trace", static_cast<std::int64_t>(i),
                               static_cast<std::int64_t>(parts.size()));
                const std::string packed = compressed(parts[i].text);
                insert.reset();
                insert.bind(1, details.name);
                insert.bind(2, static_cast<std::int64_t>(i));
                insert.bind(3, parts[i].name);
                insert.bind(4, static_cast<std::int64_t>(parts[i].text.size()));
                insert.bindNoCopy(5, packed.data(), static_cast<int>(packed.size()));
                insert.exec();
            }
            return outcome;
        });
    }

    Status putQuarantined(const Diagnostic& diagnostic, std::string_view raw) override
    {
        if (m_dryRun) {
            return Done{};
        }
        return guarded(m_store.db, m_store.path, "list a quarantined row", [&]() -> Status {
            if (!m_quarantine) {
                m_quarantine.emplace(m_store.db,
                                     insertSql("quarantine", "file_id, entry, line, column_number, rule, text, raw"));
            }
            run(*m_quarantine, m_fileId, ++m_quarantined, diagnostic.line, diagnostic.column, diagnostic.rule,
                diagnostic.text, raw.substr(0, kMaxRawBytes));
            return Done{};
        });
    }

    Result<ImportRecord> commit(const ImportRecord& record) override
    {
        ImportRecord written = record;
        written.path = m_path;
        written.format = m_format;
        written.sha256 = m_sha256;
        written.importedAtUtc = nowUtc();
        if (m_dryRun) {
            return written;
        }
        return guarded(m_store.db, m_store.path, "finish the import", [&]() -> Result<ImportRecord> {
            written.id = m_importId;
            SQLite::Statement log(m_store.db,
                                  insertSql("imports", "import_id, file_id, path, imported_at_utc, rows_read, "
                                                       "rows_accepted, rows_repaired, rows_quarantined, "
                                                       "rows_unchanged, wall_seconds"));
            run(log, m_importId, m_fileId, m_path, written.importedAtUtc, written.rowsRead, written.rowsAccepted,
                written.rowsRepaired, written.rowsQuarantined, written.rowsUnchanged, written.wallSeconds);
            m_write->commit();
            return written;
        });
    }

private:
    /// The row of a trace, its former content gone; nothing where nothing is to be written.
    Outcome beginTrace(const TraceDetails& details)
    {
        SQLite::Statement known(m_store.db, "SELECT sha256 FROM traces WHERE trace = ?");
        known.bind(1, details.name);
        const bool there = known.executeStep();
        if (there && known.getColumn(0).getString() == details.sha256) {
            return Outcome::Unchanged;
        }
        if (!m_dryRun) {
            for (const char* table : {"trace_blocks", "trace_parts", "traces"}) {
                SQLite::Statement clear(m_store.db, fmt::format("DELETE FROM {} WHERE trace = ?", table));
                run(clear, details.name);
            }
            SQLite::Statement insert(
                m_store.db, insertSql("traces", "trace, format, sha256, requests, duration_seconds, import_id, basis, "
                                                "origin, licence, prefix_block_tokens, described"));
            run(insert, details.name, details.format, details.sha256, details.requests, details.durationSeconds,
                m_importId, word(Basis::Measured), details.origin, details.licence, details.prefixBlockTokens,
                details.described);
        }
        return there ? Outcome::Updated : Outcome::Inserted;
    }

    static void putBlock(SQLite::Statement& insert, const std::string& trace, std::int64_t number,
                         const TraceBlock& block)
    {
        const std::string columns = packTraceBlock(block.requests);
        const std::string prefixes = block.hashCounts.empty() ? std::string() : packPrefixes(block);
        const std::string measured = block.measured.empty() ? std::string() : packMeasured(block.measured);
        insert.reset();
        insert.bind(1, trace);
        insert.bind(2, number);
        insert.bind(3, static_cast<std::int64_t>(block.requests.size()));
        insert.bindNoCopy(4, columns.data(), static_cast<int>(columns.size()));
        insert.bind(5);
        insert.bind(6);
        if (!prefixes.empty()) {
            insert.bindNoCopy(5, prefixes.data(), static_cast<int>(prefixes.size()));
        }
        if (!measured.empty()) {
            insert.bindNoCopy(6, measured.data(), static_cast<int>(measured.size()));
        }
        insert.exec();
    }

    static std::int64_t next(std::int64_t identity)
    {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(identity) + 1);
    }

    void readKnownOffers()
    {
        m_offersKnown = true;
        m_offers.reserve(static_cast<std::size_t>(m_store.db.execAndGet("SELECT count(*) FROM offers").getInt64()) +
                         65536);
        SQLite::Statement all(m_store.db, "SELECT identity, content, offer_id FROM offers");
        while (all.executeStep()) {
            const std::int64_t id = all.getColumn(2).getInt64();
            m_offers.add(all.getColumn(0).getInt64(), all.getColumn(1).getInt64(), id);
            m_lastOfferId = std::max(m_lastOfferId, id);
        }
    }

    bool hasSameKey(std::int64_t id, const Offer& offer)
    {
        SQLite::Statement row(m_store.db, "SELECT provider, region, zone, instance_type, accelerator, generation, "
                                          "accelerator_count FROM offers WHERE offer_id = ?");
        row.bind(1, id);
        if (!row.executeStep()) {
            return false;
        }
        Columns columns(row);
        for (const std::string* text : {&offer.provider, &offer.region, &offer.zone, &offer.instanceType,
                                        &offer.accelerator, &offer.generation}) {
            if (columns.text() != *text) {
                return false;
            }
        }
        return columns.real() == offer.acceleratorCount;
    }

    void insertOffer(std::int64_t id, std::int64_t identity, std::int64_t content, const Offer& o)
    {
        if (m_dryRun) {
            return;
        }
        if (!m_insertOffer) {
            m_insertOffer.emplace(m_store.db, insertSql("offers", kOfferColumns));
        }
        run(*m_insertOffer, id, identity, content, m_importId, "published", o.provider, o.region, o.zone,
            o.instanceType, o.accelerator, o.acceleratorCount, o.generation, o.chips, o.vcpus, o.memoryGib,
            o.usdPerHour, o.spotUsdPerHour);
    }

    void updateOffer(std::int64_t id, std::int64_t content, const Offer& o)
    {
        if (m_dryRun) {
            return;
        }
        SQLite::Statement update(m_store.db,
                                 "UPDATE offers SET content = ?, import_id = ?, chips = ?, vcpus = ?, memory_gib = ?, "
                                 "usd_per_hour = ?, spot_usd_per_hour = ? WHERE offer_id = ?");
        run(update, content, m_importId, o.chips, o.vcpus, o.memoryGib, o.usdPerHour, o.spotUsdPerHour, id);
    }

    Store::Impl& m_store;
    std::string m_path, m_format, m_sha256;
    bool m_dryRun;
    JobContext m_job;
    std::optional<ReadTransaction> m_read;
    std::optional<WriteTransaction> m_write;
    // Declared after the transaction, so that no statement is open when it rolls back.
    std::optional<SQLite::Statement> m_insertOffer, m_quarantine;
    OfferTable m_offers;
    bool m_offersKnown = false;
    std::int64_t m_lastOfferId = 0, m_importId = 0, m_fileId = 0, m_quarantined = 0;
};

} // namespace

std::unique_ptr<Store::ImportWriter> makeImportWriter(Store::Impl& store, const std::string& path,
                                                      const std::string& format, const std::string& sha256, bool dryRun,
                                                      const JobContext& job)
{
    return std::make_unique<Writer>(store, path, format, sha256, dryRun, job);
}

} // namespace isobar::store

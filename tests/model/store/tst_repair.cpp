// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/repair.h"
#include "tests/model/store/history_fixture.h"

#include <QCryptographicHash>
#include <QtTest>

#include <csignal>
#include <cstdlib>
#include <map>
#include <random>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/wait.h>

using namespace isobar;
using namespace isobar::store;
using namespace isobar::test;

namespace {

QByteArray sha256(const std::filesystem::path& path)
{
    return QCryptographicHash::hash(QByteArray::fromStdString(readAll(path)), QCryptographicHash::Sha256);
}

/// All rows of all tables, as text.
std::map<std::string, std::vector<std::string>> dump(const std::filesystem::path& path)
{
    std::map<std::string, std::vector<std::string>> all;
    SQLite::Database db(path.string());
    SQLite::Statement tables(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    while (tables.executeStep()) {
        const std::string table = tables.getColumn(0).getString();
        std::vector<std::string>& rows = all[table];
        SQLite::Statement select(db, "SELECT * FROM " + table);
        while (select.executeStep()) {
            std::string row;
            for (int i = 0; i < select.getColumnCount(); ++i) {
                row += select.getColumn(i).isNull() ? "NULL|" : select.getColumn(i).getString() + "|";
            }
            rows.push_back(row);
        }
        std::sort(rows.begin(), rows.end());
    }
    return all;
}

/// A store with something in every table, its log folded in.
void makeStore(const std::filesystem::path& path, int offers = 400)
{
    const auto fleet = historyFleet();
    auto store = Store::create(path, *fleet);
    if (!store.ok()) {
        qFatal("%s", store.error().toString().c_str());
    }
    bool good = store->setSetting("a", "b").ok();
    {
        auto import = store->beginImport("prices.csv", "skypilot-catalogue", "aa");
        for (int i = 0; i < offers; ++i) {
            Offer offer;
            offer.provider = "azure";
            offer.region = "eastus";
            offer.instanceType = "ND" + std::to_string(i);
            offer.accelerator = "H100";
            offer.acceleratorCount = offer.chips = 8;
            offer.usdPerHour = 80 + i;
            good = good && (*import)->putOffer(offer).ok();
        }
        good =
            good &&
            (*import)->putQuarantined({.line = 3, .column = 2, .rule = "r", .text = "t"}, std::string(9000, 'r')).ok();
        std::vector<TraceRequest> requests(3000);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            requests[i] = {0.1 * static_cast<double>(i * i % 977) + static_cast<double>(i),
                           static_cast<std::int32_t>(i), 7};
        }
        TraceDetails details;
        details.name = "t";
        details.format = "azure-llm";
        details.sha256 = "bb";
        details.requests = static_cast<std::int64_t>(requests.size());
        details.durationSeconds = requests.back().arrivalSeconds;
        bool given = false;
        good = good &&
               (*import)
                   ->putTrace(details,
                              [&](TraceBlock& block) -> Result<bool> {
                                  block.requests = requests;
                                  return !std::exchange(given, true);
                              })
                   .ok() &&
               (*import)->commit({}).ok();
    }
    auto writer = HistoryWriter::start(*Store::open(path), {fleet, 7, 0});
    for (const auto& interval : historyRun(historyLayout(*fleet, 4), 130)) {
        (*writer)->append(interval);
    }
    good = good && (*writer)->finish().ok();
    writer->reset();
    if (!good) {
        qFatal("the store for the test could not be made");
    }
    SQLite::Database(path.string(), SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace

class TestRepair : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSoundStoreComesBackWhole()
    {
        const Folder folder;
        makeStore(folder / "a.isobar");
        const auto report = repairStore(folder / "a.isobar", folder / "b.isobar");
        ISOBAR_OK(report);
        QVERIFY(!report->anythingLost());
        QVERIFY(report->fleetProblem.empty());
        QVERIFY(dump(folder / "a.isobar") == dump(folder / "b.isobar"));
        const auto store = Store::open(folder / "b.isobar");
        ISOBAR_OK(store);
        QVERIFY(!store->isReadOnly());
        QVERIFY(*store->loadFleet() == everythingFleet());
        ISOBAR_OK(store->loadTrace("t"));
        const auto history = readHistory(*store, 1, 0, INT64_MAX);
        ISOBAR_OK(history);
        QCOMPARE(history->intervals.size(), 130u);
    }

    /// What a killed program left in the log counts, up to the last commit.
    void theLogCounts()
    {
        const Folder folder;
        makeStore(folder / "a.isobar");
        SQLite::Database db((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
        db.exec("PRAGMA wal_autocheckpoint = 0");
        db.exec("INSERT INTO settings VALUES('committed', 'yes')");
        db.exec("BEGIN");
        db.exec("INSERT INTO settings VALUES('half', 'no')");
        db.exec("PRAGMA cache_spill = 1");
        std::filesystem::copy_file(folder / "a.isobar", folder / "c.isobar");
        std::filesystem::copy_file(folder / "a.isobar-wal", folder / "c.isobar-wal");
        const QByteArray log = sha256(folder / "c.isobar-wal");
        const auto report = repairStore(folder / "c.isobar", folder / "b.isobar");
        ISOBAR_OK(report);
        const auto store = Store::open(folder / "b.isobar");
        ISOBAR_OK(store);
        QVERIFY(store->setting("committed")->has_value());
        QVERIFY(!store->setting("half")->has_value());
        QCOMPARE(sha256(folder / "c.isobar-wal"), log);
    }

    void oneBadPageCostsItsOwnRows()
    {
        const Folder folder;
        makeStore(folder / "a.isobar", 4000);
        std::uint32_t page = 0;
        {
            SQLite::Database db((folder / "a.isobar").string());
            page =
                db.execAndGet("SELECT pageno FROM dbstat WHERE name = 'offers' AND pagetype = 'leaf' ORDER BY pageno "
                              "LIMIT 1 OFFSET 10")
                    .getUInt();
        }
        std::string bytes = readAll(folder / "a.isobar");
        std::fill_n(bytes.begin() + (page - 1) * 4096, 4096, '\xee');
        writeAll(folder / "a.isobar", bytes);
        {
            const auto damaged = Store::open(folder / "a.isobar");
            ISOBAR_OK(damaged);
            QVERIFY(!damaged->damage().empty());
            QVERIFY(damaged->loadFleet().ok()); // what is sound can be read
        }
        const auto report = repairStore(folder / "a.isobar", folder / "b.isobar");
        ISOBAR_OK(report);
        QVERIFY(report->anythingLost());
        for (const auto& table : report->tables) {
            QCOMPARE(table.damagedPages, table.name == "offers" ? 1 : 0);
            QCOMPARE(table.dropped, 0);
        }
        const auto store = Store::open(folder / "b.isobar");
        ISOBAR_OK(store);
        const std::int64_t offers = store->counts()->offers;
        QVERIFY(offers < 4000 && offers > 3900);
    }

    void referencesToWhatIsLostAreMended()
    {
        const Folder folder;
        makeStore(folder / "a.isobar");
        {
            SQLite::Database db((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
            db.exec("PRAGMA foreign_keys = OFF");
            db.exec("DELETE FROM sources WHERE source_key = 'zeta'");
            db.exec("DELETE FROM served_models WHERE model = 'mixture'");
            db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        const auto report = repairStore(folder / "a.isobar", folder / "b.isobar");
        ISOBAR_OK(report);
        SQLite::Database db((folder / "b.isobar").string());
        SQLite::Statement check(db, "PRAGMA foreign_key_check");
        QVERIFY(!check.executeStep());
        QCOMPARE(db.execAndGet("SELECT count(*) FROM prices").getInt(), 4); // without their source
        QCOMPARE(db.execAndGet("SELECT count(*) FROM placements").getInt(), 1);
        QVERIFY(report->anythingLost());
    }

    void aLostSchemaIsLookedForWhereANewStoreHasIt()
    {
        const Folder folder;
        makeStore(folder / "a.isobar");
        std::string bytes = readAll(folder / "a.isobar");
        std::fill_n(bytes.begin() + 100, 3996, '\0');
        writeAll(folder / "a.isobar", bytes);
        const auto open = Store::open(folder / "a.isobar");
        QVERIFY(!open.ok());
        const auto report = repairStore(folder / "a.isobar", folder / "b.isobar");
        ISOBAR_OK(report);
        QVERIFY(report->schemaWasDamaged);
        const auto store = Store::open(folder / "b.isobar");
        ISOBAR_OK(store);
        QVERIFY(*store->loadFleet() == everythingFleet());
        QCOMPARE(store->counts()->offers, 400);
    }

    void refusals()
    {
        const Folder folder;
        makeStore(folder / "a.isobar");
        QCOMPARE(repairStore(folder / "none", folder / "b.isobar").error().code, ErrorCode::NotFound);
        QCOMPARE(repairStore(folder.path(), folder / "b.isobar").error().code, ErrorCode::Unreadable);
        writeAll(folder / "text", "hello");
        QCOMPARE(repairStore(folder / "text", folder / "b.isobar").error().code, ErrorCode::WrongFormat);
        QCOMPARE(repairStore(folder / "a.isobar", folder / "a.isobar").error().code, ErrorCode::NotWritable);
        QCOMPARE(repairStore(folder / "a.isobar", folder / "no" / "b").error().code, ErrorCode::NotFound);
        std::stop_source stop;
        stop.request_stop();
        QCOMPARE(repairStore(folder / "a.isobar", folder / "b.isobar", {stop.get_token(), {}}).error().code,
                 ErrorCode::Cancelled);
        writeAll(folder / "hollow", readAll(folder / "a.isobar").substr(0, 100) + std::string(8092, '\0'));
        QCOMPARE(repairStore(folder / "hollow", folder / "b.isobar").error().code, ErrorCode::Corrupt);
        QVERIFY(!std::filesystem::exists(folder / "b.isobar"));
        int files = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            ++files;
        }
        QVERIFY(files <= 5); // a.isobar with its log files, text, hollow: nothing half-made
    }

    /// Bytes changed, cut off or overwritten at random: repair ends, says something, makes a store that is sound or
    /// none, and never touches the original. ISOBAR_DAMAGE_ROUNDS asks for more rounds.
    void damageAtRandom()
    {
        const Folder folder;
        makeStore(folder / "a.isobar", 300);
        const std::string whole = readAll(folder / "a.isobar");
        const auto sound = dump(folder / "a.isobar");
        const int rounds = std::max(40, qEnvironmentVariableIntValue("ISOBAR_DAMAGE_ROUNDS"));
        std::mt19937 random(20261123);
        int repaired = 0, openedReadOnly = 0, refused = 0, exact = 0;
        for (int round = 0; round < rounds; ++round) {
            std::string bytes = whole;
            const auto anywhere = [&] { return random() % bytes.size(); };
            switch (round % 4) {
            case 0: // a few bytes
                for (int i = 0; i < 1 + round % 17; ++i) {
                    bytes[anywhere()] = static_cast<char>(random());
                }
                break;
            case 1: // many
                for (int i = 0; i < 2000; ++i) {
                    bytes[anywhere()] = static_cast<char>(random());
                }
                break;
            case 2: // whole sectors
                for (int i = 0; i < 1 + round % 9; ++i) {
                    const std::size_t at = anywhere() / 512 * 512;
                    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                std::min<std::size_t>(512, bytes.size() - at), static_cast<char>(random()));
                }
                break;
            default:
                bytes.resize(anywhere());
                break;
            }
            const auto damaged = folder / "d.isobar", out = folder / "r.isobar";
            for (const char* suffix : {"", "-wal", "-shm"}) {
                std::filesystem::remove(out.string() + suffix);
                std::filesystem::remove(damaged.string() + suffix);
            }
            writeAll(damaged, bytes);
            const QByteArray before = sha256(damaged);
            if (const auto open = Store::open(damaged); open.ok() && !open->damage().empty()) {
                QVERIFY(open->isReadOnly());
                ++openedReadOnly;
                (void)open->loadFleet();
                (void)historyRuns(*open);
            } else if (!open.ok()) {
                QVERIFY(!open.error().advice.empty());
            }
            QCOMPARE(sha256(damaged), before);
            const auto report = repairStore(damaged, out);
            QCOMPARE(sha256(damaged), before);
            if (!report.ok()) {
                ++refused;
                QVERIFY(!report.error().message.empty());
                QVERIFY(!std::filesystem::exists(out));
                continue;
            }
            ++repaired;
            const auto store = Store::open(out);
            ISOBAR_OK(store);
            QVERIFY2(store->damage().empty(), store->damage().c_str());
            SQLite::Database db(out.string());
            SQLite::Statement check(db, "PRAGMA foreign_key_check");
            QVERIFY(!check.executeStep());
            exact += dump(out) == sound ? 1 : 0;
            if (const auto runs = historyRuns(*store); runs.ok()) {
                for (const HistoryRun& run : *runs) {
                    (void)readHistory(*store, run.id, 0, INT64_MAX);
                }
            }
        }
        qInfo("%d rounds: %d repaired (%d of them exactly as before), %d refused; %d opened read-only", rounds,
              repaired, exact, refused, openedReadOnly);
        QVERIFY(repaired > rounds / 2);
    }
};

QTEST_GUILESS_MAIN(TestRepair)
#include "tst_repair.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/connection.h"
#include "model/store/migrations.h"
#include "model/store/store.h"
#include "tests/model/store/store_fixture.h"

#include <QtTest>

#include <array>
#include <random>

#include <sqlite3.h>
#include <sys/mount.h>

using namespace isobar;
using isobar::store::Store;
using isobar::test::everythingFleet;
using isobar::test::Folder;
using isobar::test::OrdinaryUser;
using isobar::test::readAll;
using isobar::test::writeAll;

namespace {

/// Stores requests as one trace, in blocks.
Result<Store::ImportWriter::Outcome> putRequests(Store::ImportWriter& writer, const std::string& sha256,
                                                 const std::vector<store::TraceRequest>& requests)
{
    std::size_t done = 0;
    return writer.putTrace(
        {.name = "t", .format = "azure-llm-trace", .sha256 = sha256}, [&](store::TraceBlock& block) -> Result<bool> {
            while (done < requests.size() && block.requests.size() < store::TraceBlock::kMaxRequests) {
                block.requests.push_back(requests[done++]);
            }
            return done < requests.size();
        });
}

/// How many files are in the folder: nothing half-made may remain.
std::size_t fileCount(const std::filesystem::path& folder)
{
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

/// A file system with hardly any room, gone at the end; not ok() where mounting is not allowed.
class TinyDisk {
public:
    TinyDisk(const std::filesystem::path& at, const char* options)
        : m_at(at)
    {
        std::filesystem::create_directories(at);
        m_mounted = ::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0;
    }
    ~TinyDisk()
    {
        if (m_mounted) {
            ::umount2(m_at.c_str(), MNT_DETACH);
        }
    }
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;
    [[nodiscard]] bool ok() const { return m_mounted; }

private:
    std::filesystem::path m_at;
    bool m_mounted = false;
};

} // namespace

class TestStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fleetComesBackExactly();
    void fleetIsReplacedWhole();
    void emptyStoreHasNoFleet();
    void createRefusesAnExistingFile();
    void createWithFleet();
    void openReportsWhatIsWrong_data();
    void openReportsWhatIsWrong();
    void newerVersionIsRefused();
    void damagedStoreIsReported();
    void mangledBytesNeverCrash();
    void brokenKeyIsReported();
    void readOnlyFolder();
    void readOnlyFile();
    void fullDiskOnCreate();
    void fullDiskOnSave();
    void secondWriterIsBusy();
    void twoConnectionsSeeEachOther();
    void migrationsRunForward();
    void failedMigrationLeavesTheOldVersion();
    void settingsAreKept();
    void tracesComeBackExactly();
    void whatElseATraceKnowsComesBackExactly();
    void damagedTraceIsReported();
    void offersOutcomes();
    void droppedWriterLeavesNothing();
};

void TestStore::fleetComesBackExactly()
{
    const Folder folder;
    const Fleet fleet = everythingFleet();
    ISOBAR_OK(validate(fleet));
    {
        auto store = Store::create(folder / "a.isobar");
        ISOBAR_OK(store);
        ISOBAR_OK(store->saveFleet(fleet));
    }
    auto store = Store::open(folder / "a.isobar");
    ISOBAR_OK(store);
    QVERIFY(!store->isReadOnly());
    QCOMPARE(store->schemaVersion(), store::latestSchemaVersion());
    const auto loaded = store->loadFleet();
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == fleet);
    const auto counts = store->counts();
    ISOBAR_OK(counts);
    QCOMPARE(counts->providers, 2);
    QCOMPARE(counts->accelerators, 320 + 828);
    QCOMPARE(counts->prices, 4);
    QCOMPARE(counts->links, 1);
}

void TestStore::fleetIsReplacedWhole()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    Fleet fleet = everythingFleet();
    ISOBAR_OK(store->saveFleet(fleet));
    fleet.commitments.clear();
    fleet.trainingJobs.clear();
    fleet.placements[0].replicas = 3;
    std::swap(fleet.prices[0], fleet.prices[2]);
    ISOBAR_OK(store->saveFleet(fleet));
    const auto loaded = store->loadFleet();
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == fleet);

    Fleet invalid = fleet;
    invalid.placements[0].replicas = -1;
    QVERIFY(!store->saveFleet(invalid).ok());
    const auto unchanged = store->loadFleet();
    ISOBAR_OK(unchanged);
    QVERIFY(*unchanged == fleet);
}

void TestStore::emptyStoreHasNoFleet()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    const auto fleet = store->loadFleet();
    QVERIFY(!fleet.ok());
    QCOMPARE(fleet.error().code, ErrorCode::NotFound);
    QVERIFY(!fleet.error().advice.empty());
}

void TestStore::createRefusesAnExistingFile()
{
    const Folder folder;
    writeAll(folder / "a.isobar", "precious");
    const auto store = Store::create(folder / "a.isobar");
    QVERIFY(!store.ok());
    QCOMPARE(readAll(folder / "a.isobar"), std::string("precious"));
    QCOMPARE(fileCount(folder.path()), std::size_t{1});

    const auto nowhere = Store::create(folder / "no-folder" / "a.isobar");
    QVERIFY(!nowhere.ok());
    QCOMPARE(nowhere.error().code, ErrorCode::NotFound);

    writeAll(folder / "b.isobar-wal", "left over");
    const auto leftOver = Store::create(folder / "b.isobar");
    QVERIFY(!leftOver.ok());
    QVERIFY(leftOver.error().advice.find("b.isobar-wal") != std::string::npos);
}

void TestStore::createWithFleet()
{
    const Folder folder;
    Fleet fleet = everythingFleet();
    {
        auto store = Store::create(folder / "a.isobar", fleet);
        ISOBAR_OK(store);
        const auto loaded = store->loadFleet();
        ISOBAR_OK(loaded);
        QVERIFY(*loaded == fleet);
    }
    QCOMPARE(fileCount(folder.path()), std::size_t{1}); // the log is folded in when the last connection closes
    fleet.placements[0].replicas = -1;
    QVERIFY(!Store::create(folder / "b.isobar", fleet).ok());
    QCOMPARE(fileCount(folder.path()), std::size_t{1});
}

void TestStore::openReportsWhatIsWrong_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("word");
    const auto row = [](const char* kind, ErrorCode code, const char* word) {
        QTest::newRow(kind) << QString::fromLatin1(kind) << static_cast<int>(code) << QString::fromLatin1(word);
    };
    row("missing", ErrorCode::NotFound, "no such store");
    row("empty", ErrorCode::WrongFormat, "empty");
    row("text", ErrorCode::WrongFormat, "not a SQLite file");
    row("folder", ErrorCode::Unreadable, "folder");
    row("device", ErrorCode::Unreadable, "not a file");
    row("other-program", ErrorCode::WrongFormat, "another program");
    row("magic-only", ErrorCode::Corrupt, "damaged");
}

void TestStore::openReportsWhatIsWrong()
{
    QFETCH(QString, kind);
    QFETCH(int, code);
    QFETCH(QString, word);
    const Folder folder;
    std::filesystem::path path = folder / "a.isobar";
    if (kind == QLatin1String("empty")) {
        writeAll(path, "");
    } else if (kind == QLatin1String("text")) {
        writeAll(path, "provider,region\nazure,eastus\n");
    } else if (kind == QLatin1String("folder")) {
        path = folder.path();
    } else if (kind == QLatin1String("device")) {
        path = "/dev/null";
    } else if (kind == QLatin1String("other-program")) {
        SQLite::Database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t(a)");
    } else if (kind == QLatin1String("magic-only")) {
        writeAll(path, std::string("SQLite format 3\0", 16) + std::string(5000, '\x7f'));
    }
    const auto store = Store::open(path);
    QVERIFY(!store.ok());
    QVERIFY2(static_cast<int>(store.error().code) == code, store.error().toString().c_str());
    QVERIFY2(store.error().message.find(word.toStdString()) != std::string::npos, store.error().toString().c_str());
    QVERIFY(!store.error().advice.empty());
    QCOMPARE(store.error().file, path.string());
}

void TestStore::newerVersionIsRefused()
{
    const Folder folder;
    ISOBAR_OK(Store::create(folder / "a.isobar"));
    SQLite::Database((folder / "a.isobar").string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 9999");
    const std::string before = readAll(folder / "a.isobar");
    const auto store = Store::open(folder / "a.isobar");
    QVERIFY(!store.ok());
    QCOMPARE(store.error().code, ErrorCode::NewerVersion);
    QVERIFY(store.error().message.find("9999") != std::string::npos);
    QCOMPARE(readAll(folder / "a.isobar"), before);
}

void TestStore::damagedStoreIsReported()
{
    const Folder folder;
    ISOBAR_OK(Store::create(folder / "a.isobar", everythingFleet()));
    std::string bytes = readAll(folder / "a.isobar");
    const std::string whole = bytes;
    const unsigned page = SQLite::Database((folder / "a.isobar").string())
                              .execAndGet("SELECT rootpage FROM sqlite_schema WHERE name = 'regions'")
                              .getUInt();
    for (std::size_t i = 4096 * (page - 1); i < 4096 * page; i += 7) {
        bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
    }
    writeAll(folder / "a.isobar", bytes);
    {
        // Open to be read, never to be written; what is asked of a damaged part says so.
        auto mangled = Store::open(folder / "a.isobar");
        ISOBAR_OK(mangled);
        QVERIFY(!mangled->damage().empty());
        QVERIFY(mangled->isReadOnly());
        const auto fleet = mangled->loadFleet();
        QVERIFY(!fleet.ok());
        QCOMPARE(fleet.error().code, ErrorCode::Corrupt);
        const auto saved = mangled->saveFleet(everythingFleet());
        QVERIFY(!saved.ok());
        QVERIFY(saved.error().advice.find("repair") != std::string::npos);
    }
    QCOMPARE(readAll(folder / "a.isobar"), bytes);

    writeAll(folder / "a.isobar", whole.substr(0, whole.size() / 2));
    const auto cut = Store::open(folder / "a.isobar");
    QVERIFY(!cut.ok());
    QCOMPARE(cut.error().code, ErrorCode::Corrupt);
}

void TestStore::mangledBytesNeverCrash()
{
    const Folder folder;
    ISOBAR_OK(Store::create(folder / "a.isobar", everythingFleet()));
    const std::string whole = readAll(folder / "a.isobar");
    std::mt19937 random(20261122);
    int opened = 0;
    for (int round = 0; round < 150; ++round) {
        std::string bytes = whole;
        for (int flips = 1 + round % 40; flips > 0; --flips) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        writeAll(folder / "b.isobar", bytes);
        auto store = Store::open(folder / "b.isobar");
        if (!store.ok()) {
            QVERIFY(!store.error().message.empty());
            continue;
        }
        ++opened;
        // Whatever comes back is a valid fleet or an error in words.
        if (const auto fleet = store->loadFleet(); fleet.ok()) {
            ISOBAR_OK(validate(*fleet));
        }
        (void)store->counts();
        (void)store->imports();
    }
    QVERIFY(opened < 150); // the mangling does hurt
}

void TestStore::brokenKeyIsReported()
{
    const Folder folder;
    ISOBAR_OK(Store::create(folder / "a.isobar", everythingFleet()));
    SQLite::Database((folder / "a.isobar").string(), SQLite::OPEN_READWRITE)
        .exec("UPDATE placements SET model = 'nobody' WHERE placement = 'a'");
    auto store = Store::open(folder / "a.isobar");
    ISOBAR_OK(store);
    const auto fleet = store->loadFleet();
    QVERIFY(!fleet.ok());
    QCOMPARE(fleet.error().code, ErrorCode::Corrupt);
    QVERIFY(fleet.error().message.find("nobody") != std::string::npos);
}

void TestStore::readOnlyFolder()
{
    const Folder folder;
    const auto inside = folder / "locked";
    std::filesystem::create_directory(inside);
    const Fleet fleet = everythingFleet();
    ISOBAR_OK(Store::create(inside / "a.isobar", fleet));
    // The way there must be open to everybody, the folder itself to nobody's writing.
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(inside / "a.isobar", std::filesystem::perms(0444));
    std::filesystem::permissions(inside, std::filesystem::perms(0555));
    const std::string before = readAll(inside / "a.isobar");
    {
        const OrdinaryUser user;
        const auto created = Store::create(inside / "b.isobar");
        QVERIFY(!created.ok());
        QCOMPARE(created.error().code, ErrorCode::NotWritable);
        QVERIFY(!created.error().advice.empty());

        auto store = Store::open(inside / "a.isobar");
        ISOBAR_OK(store);
        QVERIFY(store->isReadOnly());
        const auto loaded = store->loadFleet();
        ISOBAR_OK(loaded);
        QVERIFY(*loaded == fleet);
        const auto saved = store->saveFleet(fleet);
        QVERIFY(!saved.ok());
        QCOMPARE(saved.error().code, ErrorCode::NotWritable);
        QVERIFY(!store->beginImport("x", "y", "z").ok());
        QVERIFY(store->beginImport("x", "y", "z", true).ok());
    }
    std::filesystem::permissions(inside, std::filesystem::perms(0755));
    QCOMPARE(fileCount(inside), std::size_t{1});
    QCOMPARE(readAll(inside / "a.isobar"), before);
}

void TestStore::readOnlyFile()
{
    const Folder folder;
    ISOBAR_OK(Store::create(folder / "a.isobar", everythingFleet()));
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
    std::filesystem::permissions(folder / "a.isobar", std::filesystem::perms(0444));
    const OrdinaryUser user;
    auto store = Store::open(folder / "a.isobar");
    ISOBAR_OK(store);
    QVERIFY(store->isReadOnly());
    ISOBAR_OK(store->loadFleet());
    QCOMPARE(store->setSetting("a", "b").error().code, ErrorCode::NotWritable);
}

void TestStore::fullDiskOnCreate()
{
    const Folder folder;
    const TinyDisk disk(folder / "tiny", "size=48k");
    if (!disk.ok()) {
        QSKIP("mounting a tiny disk is not allowed here");
    }
    const auto store = Store::create(folder / "tiny" / "a.isobar");
    QVERIFY(!store.ok());
    QVERIFY2(store.error().code == ErrorCode::DiskFull, store.error().toString().c_str());
    QCOMPARE(fileCount(folder / "tiny"), std::size_t{0});
}

void TestStore::fullDiskOnSave()
{
    const Folder folder;
    const TinyDisk disk(folder / "tiny", "size=1m");
    if (!disk.ok()) {
        QSKIP("mounting a tiny disk is not allowed here");
    }
    const auto path = folder / "tiny" / "a.isobar";
    const Fleet fleet = everythingFleet();
    auto store = Store::create(path, fleet);
    ISOBAR_OK(store);
    Fleet big = fleet;
    for (int i = 0; i < 20000; ++i) {
        big.sources.push_back({"source-" + std::to_string(i), std::string(200, 'x'), "2026"});
    }
    const auto saved = store->saveFleet(big);
    QVERIFY(!saved.ok());
    QVERIFY2(saved.error().code == ErrorCode::DiskFull, saved.error().toString().c_str());
    const auto loaded = store->loadFleet();
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == fleet);
    // The same connection goes on working once there is room.
    ISOBAR_OK(store->setSetting("small", "value"));
}

void TestStore::secondWriterIsBusy()
{
    const Folder folder;
    auto first = Store::create(folder / "a.isobar", everythingFleet());
    ISOBAR_OK(first);
    auto second = Store::open(folder / "a.isobar");
    ISOBAR_OK(second);
    auto writer = first->beginImport("f.csv", "skypilot-catalogue", "abc");
    ISOBAR_OK(writer);
    const auto busy = second->beginImport("g.csv", "skypilot-catalogue", "def");
    QVERIFY(!busy.ok());
    QCOMPARE(busy.error().code, ErrorCode::Busy);
    QVERIFY(!busy.error().advice.empty());
    ISOBAR_OK(second->loadFleet()); // readers are not held up
    writer->reset();
    ISOBAR_OK(second->beginImport("g.csv", "skypilot-catalogue", "def"));
}

void TestStore::twoConnectionsSeeEachOther()
{
    const Folder folder;
    auto first = Store::create(folder / "a.isobar");
    ISOBAR_OK(first);
    auto second = Store::open(folder / "a.isobar");
    ISOBAR_OK(second);
    const Fleet fleet = everythingFleet();
    ISOBAR_OK(first->saveFleet(fleet));
    const auto loaded = second->loadFleet();
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == fleet);
}

void TestStore::migrationsRunForward()
{
    const Folder folder;
    const std::array steps{store::Migration{1, "CREATE TABLE a(x INTEGER) STRICT; INSERT INTO a VALUES(7);"},
                           store::Migration{2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 0;"},
                           store::Migration{3, "UPDATE a SET y = x * 2;"}};
    auto db = store::openConnection(folder / "m.db", store::Access::ReadWrite, true);
    store::migrate(db, std::span(steps).first(1));
    QCOMPARE(store::userVersion(db), 1);
    store::migrate(db, steps);
    QCOMPARE(store::userVersion(db), 3);
    QCOMPARE(db.execAndGet("SELECT y FROM a").getInt(), 14);
    store::migrate(db, steps); // nothing left to do
    QCOMPARE(db.execAndGet("SELECT y FROM a").getInt(), 14);

    int expected = 1;
    for (const auto& step : store::migrations()) {
        QCOMPARE(step.to, expected++);
    }
}

void TestStore::failedMigrationLeavesTheOldVersion()
{
    const Folder folder;
    const std::array steps{store::Migration{1, "CREATE TABLE a(x INTEGER) STRICT;"},
                           store::Migration{2, "CREATE TABLE b(x INTEGER) STRICT; CREATE TABLE a(x INTEGER) STRICT;"}};
    auto db = store::openConnection(folder / "m.db", store::Access::ReadWrite, true);
    QVERIFY_THROWS_EXCEPTION(SQLite::Exception, store::migrate(db, steps));
    QCOMPARE(store::userVersion(db), 1);
    QVERIFY(db.tableExists("a"));
    QVERIFY(!db.tableExists("b"));
}

void TestStore::settingsAreKept()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    auto value = store->setting("map.centre");
    ISOBAR_OK(value);
    QVERIFY(!value->has_value());
    ISOBAR_OK(store->setSetting("map.centre", "1,2"));
    ISOBAR_OK(store->setSetting("map.centre", "3,4"));
    value = store->setting("map.centre");
    ISOBAR_OK(value);
    QCOMPARE(**value, std::string("3,4"));
}

void TestStore::tracesComeBackExactly()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    std::mt19937_64 random(7);
    std::vector<store::TraceRequest> requests;
    double at = 0;
    for (int i = 0; i < 200'000; ++i) { // more than three blocks
        requests.push_back({at, static_cast<std::int32_t>(random() % 100'000), static_cast<std::int32_t>(random())});
        at += static_cast<double>(random() % 1000) / 977.0;
    }
    const auto put = [&](const std::string& sha) -> Result<Store::ImportWriter::Outcome> {
        ISOBAR_TRY_ASSIGN(auto writer, store->beginImport("t.csv", "azure-llm-trace", sha));
        ISOBAR_TRY_ASSIGN(const auto outcome, putRequests(*writer, sha, requests));
        ISOBAR_TRY(writer->commit({}));
        return outcome;
    };
    using Outcome = Store::ImportWriter::Outcome;
    auto outcome = put("one");
    ISOBAR_OK(outcome);
    QVERIFY(*outcome == Outcome::Inserted);
    outcome = put("one");
    ISOBAR_OK(outcome);
    QVERIFY(*outcome == Outcome::Unchanged);
    auto loaded = store->loadTrace("t");
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == requests);
    requests.resize(10);
    outcome = put("two");
    ISOBAR_OK(outcome);
    QVERIFY(*outcome == Outcome::Updated);
    loaded = store->loadTrace("t");
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == requests);
    const auto traces = store->traces();
    ISOBAR_OK(traces);
    QCOMPARE(traces->size(), std::size_t{1});
    QCOMPARE(traces->front().requests, 10);
    QCOMPARE(traces->front().durationSeconds, requests.back().arrivalSeconds);
    QCOMPARE(store->loadTrace("none").error().code, ErrorCode::NotFound);
}

void TestStore::whatElseATraceKnowsComesBackExactly()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    store::TraceBlock given;
    given.requests = {{0, 1000, 2}, {1, 600, 4}, {1.5, 2, 4}};
    given.hashCounts = {2, 1, 0};
    given.hashes = {0xffffffffffffffffu, 7, 7};
    given.measured = {{0.25, 0.5, 0.125, 3}, {0, 1, 2, 3}, {4, 5, 6, 7}};
    const std::vector<store::TracePart> parts{{"chunk-0-trace.csv", "0,1,1,Gamma,1,1\n"}, {"empty", ""}};
    {
        auto writer = store->beginImport("m.jsonl", "mooncake", "one");
        ISOBAR_OK(writer);
        ISOBAR_OK((*writer)->putTrace({.name = "prefixes",
                                       .format = "mooncake",
                                       .sha256 = "one",
                                       .origin = "somebody",
                                       .licence = "Apache-2.0",
                                       .prefixBlockTokens = 512},
                                      [&](store::TraceBlock& block) -> Result<bool> {
                                          block = given;
                                          return false;
                                      }));
        ISOBAR_OK((*writer)->putTrace({.name = "rates",
                                       .format = "servegen",
                                       .sha256 = "two",
                                       .described = true,
                                       .requests = 600,
                                       .durationSeconds = 600},
                                      parts));
        ISOBAR_OK((*writer)->commit({}));
    }
    const auto info = store->trace("prefixes");
    ISOBAR_OK(info);
    QCOMPARE(info->origin, std::string("somebody"));
    QCOMPARE(info->licence, std::string("Apache-2.0"));
    QCOMPARE(info->path, std::string("m.jsonl"));
    QCOMPARE(info->prefixBlockTokens, 512u);
    QCOMPARE(info->blocks, 1);
    store::TraceBlock got;
    ISOBAR_OK(store->loadTraceBlock(*info, 0, got));
    QVERIFY(got.requests == given.requests);
    QVERIFY(got.hashCounts == given.hashCounts);
    QVERIFY(got.hashes == given.hashes);
    QCOMPARE(got.measured.size(), std::size_t{3});
    QCOMPARE(got.measured[0].itlSeconds, 0.125);
    QCOMPARE(got.measured[2].endToEndSeconds, 7.0);
    const auto rates = store->trace("rates");
    ISOBAR_OK(rates);
    QVERIFY(rates->described);
    QCOMPARE(rates->requests, 600);
    const auto back = store->loadTraceParts(*rates);
    ISOBAR_OK(back);
    QCOMPARE(back->size(), std::size_t{2});
    QCOMPARE(back->front().text, parts.front().text);
    QCOMPARE(back->back().name, std::string("empty"));

    SQLite::Database other((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
    other.exec("UPDATE trace_blocks SET prefixes = substr(prefixes, 1, length(prefixes) - 3)");
    QCOMPARE(store->loadTraceBlock(*info, 0, got).error().code, ErrorCode::Corrupt);
    other.exec("UPDATE trace_parts SET bytes = 9000000000000");
    QCOMPARE(store->loadTraceParts(*rates).error().code, ErrorCode::Corrupt);
    other.exec("UPDATE traces SET sha256 = 'three'");
    QCOMPARE(store->loadTraceBlock(*info, 0, got).error().code, ErrorCode::Busy);
}

void TestStore::damagedTraceIsReported()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    {
        auto writer = store->beginImport("t.csv", "azure-llm-trace", "one");
        ISOBAR_OK(writer);
        ISOBAR_OK(putRequests(**writer, "one", {{0, 1, 2}, {1, 3, 4}}));
        ISOBAR_OK((*writer)->commit({}));
    }
    SQLite::Database other((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
    other.exec("UPDATE trace_blocks SET columns = substr(columns, 1, length(columns) - 3)");
    QCOMPARE(store->loadTrace("t").error().code, ErrorCode::Corrupt);
    other.exec("UPDATE trace_blocks SET requests = 2000000000");
    QCOMPARE(store->loadTrace("t").error().code, ErrorCode::Corrupt);
    other.exec("DELETE FROM trace_blocks");
    QCOMPARE(store->loadTrace("t").error().code, ErrorCode::Corrupt);
}

void TestStore::offersOutcomes()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    using Outcome = Store::ImportWriter::Outcome;
    store::Offer offer{.provider = "azure",
                       .region = "eastus",
                       .zone = "",
                       .instanceType = "ND96",
                       .accelerator = "H100",
                       .generation = "V2",
                       .acceleratorCount = 8,
                       .vcpus = 96,
                       .memoryGib = 1900,
                       .usdPerHour = 98.32,
                       .spotUsdPerHour = std::nullopt,
                       .chips = 8};
    const auto import = [&](const std::vector<store::Offer>& offers) -> Result<std::vector<Outcome>> {
        ISOBAR_TRY_ASSIGN(auto writer, store->beginImport("f.csv", "skypilot-catalogue", "abc"));
        std::vector<Outcome> outcomes;
        for (const auto& o : offers) {
            ISOBAR_TRY_ASSIGN(const auto outcome, writer->putOffer(o));
            outcomes.push_back(outcome);
        }
        ISOBAR_TRY(writer->commit({}));
        return outcomes;
    };
    store::Offer dearer = offer;
    dearer.spotUsdPerHour = 120;
    store::Offer elsewhere = offer;
    elsewhere.region = "westus";
    auto outcomes = import({offer, elsewhere, offer, dearer});
    ISOBAR_OK(outcomes);
    QVERIFY((*outcomes == std::vector{Outcome::Inserted, Outcome::Inserted, Outcome::Duplicate, Outcome::Conflict}));
    outcomes = import({offer, elsewhere, offer, dearer});
    ISOBAR_OK(outcomes);
    QVERIFY((*outcomes == std::vector{Outcome::Unchanged, Outcome::Unchanged, Outcome::Duplicate, Outcome::Conflict}));
    outcomes = import({dearer});
    ISOBAR_OK(outcomes);
    QVERIFY((*outcomes == std::vector{Outcome::Updated}));
    const auto stored = store->offers("azure", "", 10);
    ISOBAR_OK(stored);
    QVERIFY((*stored == std::vector{dearer, elsewhere}));
    const auto counts = store->counts();
    ISOBAR_OK(counts);
    QCOMPARE(counts->offers, 2);
    QCOMPARE(counts->prices, 2);
    const auto log = store->imports();
    ISOBAR_OK(log);
    QCOMPARE(log->size(), std::size_t{3});
    QCOMPARE(log->front().sha256, std::string("abc"));
}

void TestStore::droppedWriterLeavesNothing()
{
    const Folder folder;
    auto store = Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    {
        auto writer = store->beginImport("f.csv", "skypilot-catalogue", "abc");
        ISOBAR_OK(writer);
        store::Offer offer;
        offer.provider = "azure";
        offer.instanceType = "D2";
        ISOBAR_OK((*writer)->putOffer(offer));
        ISOBAR_OK((*writer)->putQuarantined({.line = 3, .rule = "field-count", .text = "x"}, "a,b"));
        ISOBAR_OK((*writer)->putFleet(everythingFleet()));
    }
    const auto counts = store->counts();
    ISOBAR_OK(counts);
    QCOMPARE(counts->offers, 0);
    QCOMPARE(counts->quarantined, 0);
    QCOMPARE(counts->providers, 0);
    QVERIFY(store->imports()->empty());
}

QTEST_GUILESS_MAIN(TestStore)
#include "tst_store.moc"

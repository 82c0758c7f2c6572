// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/timestamp.h"
#include "model/proto/fleet_text.h"
#include "tests/model/ingest/import_fixture.h"

#include <QtTest>

#include <algorithm>
#include <csignal>
#include <random>
#include <sys/mount.h>
#include <sys/wait.h>

using namespace isobar;
using namespace isobar::test;
using ingest::Format;

/// Whatever is wrong with a file or happens on the way, the store is as it was or holds all of it.
class TestImport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void badFiles_data();
    void badFiles();
    void unreadableFile();
    void rejectedRowsAreKept();
    void quarantineComesBeforeNotices();
    void secondImportChangesNothing();
    void dryRunWritesNothing();
    void cancelRollsBack();
    void progressIsReported();
    void killDuringImport();
    void fullDisk();
    void trace();
    void timestamps_data();
    void timestamps();
    void fleetFile();
    void brokenFleetFile();
    void mangledFilesAreBounded();

private:
    std::unique_ptr<ImportFixture> m_shared; ///< empty, for dry runs
};

void TestImport::initTestCase()
{
    m_shared = std::make_unique<ImportFixture>();
    ISOBAR_OK(m_shared->store);
}

void TestImport::cleanupTestCase()
{
    m_shared.reset();
}

void TestImport::badFiles_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("word"); // of the message
    const auto add = [](const char* row, const char* name, const QByteArray& bytes, ErrorCode code, const char* word) {
        QTest::newRow(row) << QString::fromLatin1(name) << bytes << static_cast<int>(code) << QString::fromLatin1(word);
    };
    const QByteArray header = QByteArray::fromStdString(kCatalogueHeader);
    add("empty", "azure.vms.csv", "", ErrorCode::WrongFormat, "empty");
    add("header only", "azure.vms.csv", header, ErrorCode::InvalidValue, "no rows");
    add("header only without line end", "azure.vms.csv", header.chopped(1), ErrorCode::InvalidValue, "no rows");
    add("line ends only", "azure.vms.csv", "\n\n\n", ErrorCode::WrongFormat, "no format");
    add("binary", "azure.vms.csv",
        QByteArray("\x7f"
                   "ELF\0\0\0\1",
                   8),
        ErrorCode::WrongFormat, "binary");
    add("binary below a header", "azure.vms.csv", header + QByteArray(70000, 'x') + QByteArray("\0\1\2", 3),
        ErrorCode::WrongFormat, "NUL");
    add("UTF-16", "azure.vms.csv", QByteArray("\xff\xfeI\0n\0", 6), ErrorCode::WrongFormat, "UTF-16");
    add("JSON", "prices.json", "{\"prices\": []}", ErrorCode::WrongFormat, "JSON");
    add("JSON lines", "trace.jsonl", "\n  [1,2]\n", ErrorCode::WrongFormat, "JSON");
    add("gzip", "azure.csv.gz", "\x1f\x8b\x08", ErrorCode::WrongFormat, "gzip");
    add("cut archive", "m-small.tar.gz", "\x1f\x8b\x08", ErrorCode::WrongFormat, "tar archive");
    add("HTML", "azure.vms.csv", "<!DOCTYPE html><html>", ErrorCode::WrongFormat, "HTML");
    add("another CSV", "accelerators.csv", "AcceleratorName,Clouds\nA10,x\n", ErrorCode::WrongFormat, "no format");
    add("column missing", "azure.vms.csv", "InstanceType,AcceleratorName,Price\nD2,,1\n", ErrorCode::WrongFormat,
        "AcceleratorCount");
    add("column twice", "azure.vms.csv", "InstanceType,AcceleratorName,AcceleratorCount,Price,Region,Price\n",
        ErrorCode::WrongFormat, "twice");
    add("trace header only", "trace.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\r\n", ErrorCode::InvalidValue,
        "no rows");
}

void TestImport::badFiles()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    QFETCH(QString, word);
    ImportFixture f;
    ISOBAR_OK(f.store->saveFleet(everythingFleet()));
    const std::string before = contents(f.store->path());
    const auto report = f.import(name.toStdString(), bytes.toStdString());
    QVERIFY(!report.ok());
    const Error& error = report.error();
    QVERIFY2(static_cast<int>(error.code) == code, error.toString().c_str());
    QVERIFY2(error.message.find(word.toStdString()) != std::string::npos, error.toString().c_str());
    QVERIFY(!error.advice.empty());
    QCOMPARE(error.file, (f.folder / name.toStdString()).string());
    if (error.code == ErrorCode::WrongFormat && word == QLatin1String("no format")) {
        for (const char* known :
             {"skypilot-catalogue", "isobar-fleet", "azure-llm-trace", "mooncake", "vllm-run", "servegen"}) {
            QVERIFY(error.advice.find(known) != std::string::npos);
        }
    }
    QCOMPARE(contents(f.store->path()), before);
    QVERIFY(f.store->imports()->empty());
}

void TestImport::unreadableFile()
{
    ImportFixture f;
    QCOMPARE(importFile(*f.store, f.folder / "none.csv", {}, {}).error().code, ErrorCode::NotFound);
    const auto folder = importFile(*f.store, f.folder.path(), {}, {});
    QVERIFY(folder.error().message.find("folder") != std::string::npos);
    QCOMPARE(importFile(*f.store, "/dev/zero", {}, {}).error().code, ErrorCode::Unreadable);
    writeAll(f.folder / "azure.vms.csv", kCatalogueHeader);
    std::filesystem::permissions(f.folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(f.folder / "azure.vms.csv", std::filesystem::perms(0));
    const isobar::test::OrdinaryUser user;
    const auto secret = importFile(*f.store, f.folder / "azure.vms.csv", {}, {});
    QCOMPARE(secret.error().code, ErrorCode::Unreadable);
    QVERIFY(secret.error().message.find("ermission") != std::string::npos);
}

void TestImport::rejectedRowsAreKept()
{
    ImportFixture f;
    const std::string bad = "D2,,,2,8,,cheap,,eastus,V2";
    const auto report = f.import("azure.vms.csv", kCatalogueHeader + bad + "\nD4,,,2,8,,0.1,,eastus,V2\n");
    ISOBAR_OK(report);
    const auto rows = f.store->quarantine(report->record.id, 10);
    ISOBAR_OK(rows);
    QCOMPARE(rows->size(), std::size_t{1});
    QCOMPARE(rows->front().line, 2);
    QCOMPARE(rows->front().column, 7);
    QCOMPARE(rows->front().rule, std::string("price"));
    QVERIFY(rows->front().text.find("'cheap' is not a number") != std::string::npos);
    SQLite::Database db(f.store->path().string(), SQLite::OPEN_READONLY);
    QCOMPARE(db.execAndGet("SELECT raw FROM quarantine").getString(), bad);
}

void TestImport::quarantineComesBeforeNotices()
{
    std::string text = kCatalogueHeader;
    for (int i = 0; i < 1500; ++i) {
        text += "B" + std::to_string(i) + ",,,12,48,,0.634,,eastus,V1,V2\n";
    }
    text += "D2,,,2,8,,cheap,,eastus,V2\n";
    ImportFixture f;
    const auto report = f.import("azure.vms.csv", text);
    ISOBAR_OK(report);
    QCOMPARE(report->diagnostics.size(), ImportReport::kMaxDiagnostics);
    QCOMPARE(report->diagnosticsTotal, 1501);
    QCOMPARE(report->diagnostics.front().line, 2);
    QCOMPARE(report->diagnostics.back().line, 1502);
    QVERIFY(report->diagnostics.back().quarantined);
}

void TestImport::secondImportChangesNothing()
{
    ImportFixture f;
    std::string text = bigCatalogue(300) + "D0,,,2,8,,700.0,,eastus,V2\nB1,,,12,48,,0.6,,eastus,V1,V2\n";
    const auto first = f.import("azure.vms.csv", text);
    ISOBAR_OK(first);
    const std::string before = contents(f.store->path());
    const auto second = f.import("azure.vms.csv", text);
    ISOBAR_OK(second);
    QCOMPARE(second->record.rowsAccepted + second->record.rowsRepaired, 0);
    QCOMPARE(second->record.rowsQuarantined, 1);
    QCOMPARE(second->record.rowsUnchanged, 301);
    QCOMPARE(second->record.sha256, first->record.sha256);
    QCOMPARE(contents(f.store->path()), before);
    QCOMPARE(f.store->imports()->size(), std::size_t{2});
    QCOMPARE(f.store->counts()->quarantined, 1);
}

void TestImport::dryRunWritesNothing()
{
    ImportFixture f;
    const auto path = f.store->path();
    ISOBAR_OK(f.import("azure.vms.csv", bigCatalogue(10)));
    f.store = Error{}; // closes it, which folds the log in
    const std::string before = readAll(path);
    f.store = Store::open(path);
    ISOBAR_OK(f.store);
    const std::string text =
        bigCatalogue(20) + "D2,,,2,8,,cheap,,eastus,V2\n" + "Standard_D3,,,4,16,,0.5,0.1,eastus,V2\n";
    const auto preview = f.import("azure.vms.csv", text, {.format = std::nullopt, .dryRun = true});
    ISOBAR_OK(preview);
    ISOBAR_OK(f.import("fleet.textproto", proto::writeFleetText(everythingFleet()),
                       {.format = std::nullopt, .dryRun = true}));
    f.store = Error{};
    QCOMPARE(readAll(path), before);

    f.store = Store::open(path);
    const auto real = f.import("azure.vms.csv", text);
    ISOBAR_OK(real);
    QCOMPARE(preview->record.rowsAccepted, 10);
    QCOMPARE(preview->record.rowsAccepted, real->record.rowsAccepted);
    QCOMPARE(preview->record.rowsUnchanged, real->record.rowsUnchanged);
    QCOMPARE(preview->record.rowsQuarantined, real->record.rowsQuarantined);
    QCOMPARE(diagnosed(*preview), diagnosed(*real));
}

void TestImport::cancelRollsBack()
{
    ImportFixture f;
    ISOBAR_OK(f.import("azure.vms.csv", bigCatalogue(10)));
    const std::string before = contents(f.store->path());
    writeAll(f.folder / "big.csv", bigCatalogue(400'000));
    std::stop_source stop;
    JobContext job;
    job.stop = stop.get_token();
    job.report = [&](const Progress& progress) {
        if (progress.stage.starts_with("Reading") && progress.done > 0) {
            stop.request_stop();
        }
    };
    const auto report = importFile(*f.store, f.folder / "big.csv", {}, job);
    QVERIFY(!report.ok());
    QCOMPARE(report.error().code, ErrorCode::Cancelled);
    QCOMPARE(contents(f.store->path()), before);
    // And the store goes on working.
    ISOBAR_OK(f.import("azure.vms.csv", bigCatalogue(12)));
}

void TestImport::progressIsReported()
{
    ImportFixture f;
    writeAll(f.folder / "big.csv", bigCatalogue(200'000));
    std::vector<std::int64_t> done;
    std::int64_t total = 0;
    JobContext job;
    job.report = [&](const Progress& progress) {
        if (progress.stage == "Reading big.csv") {
            done.push_back(progress.done);
            total = progress.total;
        }
    };
    ISOBAR_OK(importFile(*f.store, f.folder / "big.csv", {}, job));
    QVERIFY(done.size() > 2);
    QVERIFY(std::is_sorted(done.begin(), done.end()));
    QCOMPARE(static_cast<std::uintmax_t>(total), std::filesystem::file_size(f.folder / "big.csv"));
    QVERIFY(done.back() <= total);
}

void TestImport::killDuringImport()
{
    ImportFixture f;
    const auto path = f.store->path();
    ISOBAR_OK(f.store->saveFleet(everythingFleet()));
    ISOBAR_OK(f.import("azure.vms.csv", bigCatalogue(1000)));
    f.store = Error{};
    const std::string before = contents(path);
    // Large enough that pages are written before the end of the transaction.
    writeAll(f.folder / "big.csv", bigCatalogue(600'000));
    const auto big = f.folder / "big.csv";

    const pid_t child = ::fork();
    QVERIFY(child >= 0);
    if (child == 0) {
        auto store = Store::open(path);
        JobContext job;
        job.report = [](const Progress& progress) {
            if (progress.stage.starts_with("Reading") && progress.done > progress.total * 9 / 10) {
                ::raise(SIGKILL);
            }
        };
        if (store.ok()) {
            (void)importFile(*store, big, {}, job);
        }
        ::_exit(0); // not reached when the kill comes
    }
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QVERIFY(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    f.store = Store::open(path);
    ISOBAR_OK(f.store);
    QCOMPARE(contents(path), before);
    QCOMPARE(f.store->counts()->offers, 1000);
    const auto fleet = f.store->loadFleet();
    ISOBAR_OK(fleet);
    QVERIFY(*fleet == everythingFleet());
    QCOMPARE(f.store->imports()->size(), std::size_t{1});
    ISOBAR_OK(f.import("azure.vms.csv", bigCatalogue(1001)));
    QCOMPARE(f.store->counts()->offers, 1001);
}

void TestImport::fullDisk()
{
    const Folder folder;
    const auto disk = folder / "tiny";
    std::filesystem::create_directory(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0) {
        QSKIP("mounting a tiny disk is not allowed here");
    }
    {
        auto store = Store::create(disk / "a.isobar", everythingFleet());
        const auto file = folder / "azure.vms.csv";
        writeAll(file, bigCatalogue(100'000));
        const auto report = store.ok() ? importFile(*store, file, {}, {}) : Result<ImportReport>(store.error());
        const auto fleet = store.ok() ? store->loadFleet() : Result<Fleet>(store.error());
        const auto offers = store.ok() ? store->counts()->offers : -1;
        const auto code = report.ok() ? ErrorCode::Internal : report.error().code;
        writeAll(file, bigCatalogue(10));
        const bool goesOn = store.ok() && importFile(*store, file, {}, {}).ok();
        store = Error{};
        ::umount2(disk.c_str(), MNT_DETACH); // before anything may fail
        QCOMPARE(code, ErrorCode::DiskFull);
        QVERIFY(report.error().message.find("disk is full") != std::string::npos);
        QVERIFY(!report.error().advice.empty());
        ISOBAR_OK(fleet);
        QVERIFY(*fleet == everythingFleet());
        QCOMPARE(offers, 0);
        QVERIFY(goesOn);
    }
}

void TestImport::trace()
{
    ImportFixture f;
    const std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
                             "2023-11-16 18:15:46.6805900,374,44\r\n"
                             "2023-11-16 18:15:50.9951690,396,109\r\n"
                             "2023-11-16 18:15:48.0000000,5,6\r\n"   // earlier
                             "2023-11-31 18:15:51.0000000,5,6\r\n"   // no such day
                             "2023-11-16 18:15:52.0000000,-5,6\r\n"  // no such count
                             "2023-11-16 18:15:52.0000000,5,6.5\r\n" // nor this
                             "2023-11-16 18:15:50.9951690,396,109\r\n"
                             "2023-11-16 18:15:53.0";
    const auto report = f.import("conv.csv", text);
    ISOBAR_OK(report);
    QCOMPARE(diagnosed(*report),
             (QStringList{QStringLiteral("4:1 out-of-order"), QStringLiteral("5:1 timestamp quarantined"),
                          QStringLiteral("6:2 token-count quarantined"), QStringLiteral("7:3 token-count quarantined"),
                          QStringLiteral("9:1 truncated quarantined")}));
    QCOMPARE(report->record.rowsRead, 8);
    QCOMPARE(report->record.rowsAccepted, 3);
    QCOMPARE(report->record.rowsRepaired, 1);
    const auto requests = f.store->loadTrace("conv");
    ISOBAR_OK(requests);
    const std::vector<store::TraceRequest> expected{
        {0, 374, 44}, {1.31941, 5, 6}, {4.314579, 396, 109}, {4.314579, 396, 109}};
    QVERIFY(*requests == expected);
    const std::string before = contents(f.store->path());
    const auto again = f.import("conv.csv", text);
    ISOBAR_OK(again);
    QCOMPARE(again->record.rowsUnchanged, 4);
    QCOMPARE(contents(f.store->path()), before);
    QCOMPARE(f.store->counts()->traces, 1);
}

void TestImport::timestamps_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("ok");
    QTest::addColumn<qint64>("nanoseconds");
    const qint64 base = 1700158546; // date -u -d '2023-11-16 18:15:46' +%s
    const auto good = [&](const char* text, qint64 seconds, qint64 rest) {
        QTest::newRow(text) << QString::fromLatin1(text) << true << seconds * 1'000'000'000 + rest;
    };
    good("2023-11-16 18:15:46", base, 0);
    good("2023-11-16 18:15:46.6805900", base, 680590000);
    good("2023-11-16T18:15:46.1Z", base, 100000000);
    good("2023-11-16 18:15:46.123456789123", base, 123456789);
    good("2023-11-16 20:15:46+02:00", base, 0);
    good("2023-11-16 12:45:46-0530", base, 0);
    good("2024-02-29 00:00:00", 1709164800, 0);
    for (const char* bad :
         {"", "2023", "2023-11-16", "2023-11-16 18:15", "2023-11-16 18:15:4", "2023-02-29 00:00:00",
          "2023-11-16 24:00:00", "2023-11-16 18:60:00", "2023-11-16 18:15:46.", "2023-11-16 18:15:46x",
          "2023-11-16 18:15:46+2", "2023-11-16 18:15:46+02:0", "2023-11-16 18:15:46+99:00", "1600-01-01 00:00:00",
          "9999-01-01 00:00:00", "2023/11/16 18:15:46", "-023-11-16 18:15:46"}) {
        QTest::newRow(("not " + std::string(bad)).c_str()) << QString::fromLatin1(bad) << false << qint64{0};
    }
}

void TestImport::timestamps()
{
    QFETCH(QString, text);
    QFETCH(bool, ok);
    QFETCH(qint64, nanoseconds);
    const auto parsed = ingest::parseTimestampNanoseconds(text.toStdString());
    QCOMPARE(parsed.has_value(), ok);
    QCOMPARE(parsed.value_or(0), nanoseconds);
}

void TestImport::fleetFile()
{
    ImportFixture f;
    const Fleet fleet = everythingFleet();
    const std::string text = proto::writeFleetText(fleet);
    const auto first = f.import("fleet.textproto", text);
    ISOBAR_OK(first);
    QCOMPARE(first->record.format, std::string("isobar-fleet"));
    QVERIFY(first->record.rowsAccepted > 20);
    QVERIFY(addsUp(first->record));
    const auto loaded = f.store->loadFleet();
    ISOBAR_OK(loaded);
    QVERIFY(*loaded == fleet);
    const std::string before = contents(f.store->path());
    const auto second = f.import("fleet.textproto", text);
    ISOBAR_OK(second);
    QCOMPARE(second->record.rowsAccepted, 0);
    QCOMPARE(second->record.rowsUnchanged, first->record.rowsRead);
    QCOMPARE(contents(f.store->path()), before);
}

void TestImport::brokenFleetFile()
{
    ImportFixture f;
    ISOBAR_OK(f.store->saveFleet(everythingFleet()));
    const std::string before = contents(f.store->path());
    const std::string text = proto::writeFleetText(everythingFleet());
    const auto report = f.import("fleet.textproto", text.substr(0, text.size() / 2));
    QVERIFY(!report.ok());
    QVERIFY(report.error().line > 1);
    QVERIFY(!report.error().file.empty());
    QCOMPARE(contents(f.store->path()), before);
}

void TestImport::mangledFilesAreBounded()
{
    const std::string catalogue = kCatalogueHeader +
                                  "D2,,,2,8,,0.1,0.02,eastus,V2\nB12,,,12,48,,0.634,,eastus,V1,V2\n"
                                  "ND96,H100,8,96,1900,\"{'Gpus': [{'Name': 'H100'}]}\",98.3,,eastus,V2\n";
    const std::string fleet = proto::writeFleetText(everythingFleet());
    struct Seed {
        const char* name;
        const std::string& text;
        Format format;
    };
    std::mt19937 random(700);
    ImportFixture f;
    ISOBAR_OK(f.store);
    static constexpr std::string_view kNasty("\"\"\",,\n\r\0\xff\x80{-9e", 15);
    for (int round = 0; round < 600; ++round) {
        const std::array seeds{Seed{"azure.vms.csv", catalogue, Format::SkyPilotCatalogue},
                               Seed{"fleet.textproto", fleet, Format::FleetText}};
        const Seed& seed = seeds[static_cast<std::size_t>(round) % seeds.size()];
        std::string text = seed.text;
        for (int flips = 1 + round % 12; flips > 0; --flips) {
            text[random() % text.size()] =
                random() % 2 == 0 ? kNasty[random() % kNasty.size()] : static_cast<char>(random());
        }
        if (round % 5 == 0) {
            text.resize(random() % text.size());
        }
        ImportOptions options;
        options.dryRun = true;
        if (round % 2 == 0) {
            options.format = seed.format;
        }
        const auto report = f.import(seed.name, text, options);
        if (report.ok()) {
            QVERIFY(addsUp(report->record));
            for (const auto& d : report->diagnostics) {
                QVERIFY(d.line >= 1 && d.text.size() <= 200 && ingest::isPrintableUtf8(d.text));
            }
        } else {
            QVERIFY(!report.error().message.empty());
            QVERIFY(ingest::isPrintableUtf8(report.error().toString()));
        }
    }
}

QTEST_GUILESS_MAIN(TestImport)
#include "tst_import.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/process_clock.h"
#include "model/ingest/import.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_file.h"
#include "tests/model/ingest/servegen_archive.h"
#include "tests/model/store/store_fixture.h"

#include <QElapsedTimer>
#include <QTest>

#include <array>
#include <fstream>
#include <random>

#include <fmt/format.h>

using namespace isobar;
using namespace isobar::ingest;
using test::Folder;
using test::readAll;
using test::writeAll;
using test::writeArchive;

namespace {

constexpr std::size_t kEnough = 20'000; ///< requests after which a drawn trace has shown that it goes on

const std::string kAzure = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n"
                           "2023-11-16 18:15:40.9951690,396,109\r\n2023-11-16 18:15:50.9951690,396,109";
const std::string kMooncake = R"({"timestamp": 0, "input_length": 1025, "output_length": 5, "hash_ids": [7, 8, 2]})"
                              "\n"
                              R"({"timestamp": 3000, "input_length": 10, "output_length": 9, "hash_ids": [7]})"
                              "\n";
const std::string kVllm = R"({"input_toks": 10, "output_toks": 5, "arrival_time": 1777142838.5, "queued_ts": 100.0,)"
                          R"( "scheduled_ts": 100.5, "first_token_ts": 101.0, "last_token_ts": 103.0})"
                          "\n";
const std::string kRates = "0,2,1,Gamma,1,0.5\n600,0,0,,0,0\n1200,1,3,Weibull,0.5,9\n";
const std::string kLengths = R"({"0": {"input_tokens": "{100: 0.5, 200: 0.5}", "output_tokens": "{7: 1.0}"}})";

/// Reads it to its end, or far enough. Errors must be fit to be shown.
bool survives(const std::filesystem::path& path)
{
    const auto stream = openTrace(path.string(), {}, {});
    if (!stream.ok()) {
        const std::string words = stream.error().toString();
        return !stream.error().message.empty() && isPrintableUtf8(words) && words.size() < 3000;
    }
    TraceRow row;
    double last = 0;
    for (std::size_t i = 0; i < kEnough; ++i) {
        const auto more = (*stream)->next(row);
        if (!more.ok()) {
            return !more.error().message.empty();
        }
        if (!*more) {
            return true;
        }
        if (!(row.arrivalSeconds >= last)) {
            return false;
        }
        last = row.arrivalSeconds;
    }
    return true;
}

bool importsOrRefuses(store::Store& store, const std::filesystem::path& path)
{
    ImportOptions options;
    options.dryRun = true;
    const auto report = importFile(store, path, options, {});
    if (!report.ok()) {
        return !report.error().message.empty() && isPrintableUtf8(report.error().toString());
    }
    const store::ImportRecord& r = report->record;
    return r.rowsRead == r.rowsAccepted + r.rowsRepaired + r.rowsQuarantined + r.rowsUnchanged &&
           std::all_of(report->diagnostics.begin(), report->diagnostics.end(),
                       [](const store::Diagnostic& d) { return d.text.size() <= 200 && isPrintableUtf8(d.text); });
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::int64_t kKeptBack = 512 << 20; // freed memory is kept back for a while
#else
constexpr std::int64_t kKeptBack = 0;
#endif

} // namespace

class TestHostileTraces : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void mangledTraces();
    void mangledArchives();
    void bombsAreRefused();
    void namesInArchivesLeadNowhere();
    void deepAndWideJson();
    void hugeNumbers_data();
    void hugeNumbers();
    void memoryDoesNotGrowWithLength();
};

void TestHostileTraces::mangledTraces()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    QVERIFY(store.ok());
    std::filesystem::create_directories(folder / "m");
    const std::array<std::pair<const char*, const std::string*>, 5> seeds{{{"a.csv", &kAzure},
                                                                           {"m.jsonl", &kMooncake},
                                                                           {"v.jsonl", &kVllm},
                                                                           {"m/chunk-0-trace.csv", &kRates},
                                                                           {"m/chunk-0-dataset.json", &kLengths}}};
    static constexpr std::string_view kNasty("\"\"\",,\n\r\0\xff\x80{}[]:-9e.", 20);
    static constexpr std::array<std::string_view, 8> kWords{"nan",  "-inf",         "1e999", "18446744073709551616",
                                                            "null", "\xef\xbb\xbf", "-0",    "\r\n\r\n"};
    std::mt19937 random(2026);
    for (int round = 0; round < 1500; ++round) {
        const auto& [name, seed] = seeds[static_cast<std::size_t>(round) % seeds.size()];
        writeAll(folder / "m/chunk-0-trace.csv", kRates);
        writeAll(folder / "m/chunk-0-dataset.json", kLengths);
        std::string text = *seed;
        for (int flips = 1 + round % 9; flips > 0; --flips) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
            case 0:
                text[at] = kNasty[random() % kNasty.size()];
                break;
            case 1:
                text[at] = static_cast<char>(random());
                break;
            case 2:
                text.insert(at, kWords[random() % kWords.size()]);
                break;
            default:
                text.erase(at, 1 + random() % 6);
                text += text.empty() ? "x" : "";
            }
        }
        if (round % 7 == 0) {
            text.resize(random() % text.size());
        }
        writeAll(folder / name, text);
        const bool folderTrace = std::string_view(name).starts_with("m/");
        const std::filesystem::path path = folder / (folderTrace ? "m" : name);
        QVERIFY2(survives(path), qPrintable(QString::number(round)));
        QVERIFY2(importsOrRefuses(*store, path), qPrintable(QString::number(round)));
    }
}

void TestHostileTraces::mangledArchives()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    QVERIFY(store.ok());
    std::mt19937 random(7);
    for (const bool gzip : {true, false}) {
        writeArchive(folder / "good.tar", {{"chunk-0-trace.csv", kRates}, {"chunk-0-dataset.json", kLengths}}, gzip);
        QVERIFY(survives(folder / "good.tar"));
        const std::string good = readAll(folder / "good.tar");
        for (int round = 0; round < 300; ++round) {
            std::string bytes = good;
            for (int flips = 1 + round % 5; flips > 0; --flips) {
                // Where the headers are; the rest of a plain archive is filling.
                bytes[random() % std::min<std::size_t>(bytes.size(), 3000)] = static_cast<char>(random());
            }
            if (round % 3 == 0) {
                bytes.resize(random() % bytes.size());
            }
            writeAll(folder / "bad.tar.gz", bytes);
            QVERIFY2(survives(folder / "bad.tar.gz"), qPrintable(QString::number(round)));
            QVERIFY2(importsOrRefuses(*store, folder / "bad.tar.gz"), qPrintable(QString::number(round)));
        }
    }
}

void TestHostileTraces::bombsAreRefused()
{
    const Folder folder;
    const std::int64_t before = peakRssBytes();
    QElapsedTimer clock;
    clock.start();
    {
        const std::string zeros(std::size_t{65} << 20, '0');
        writeArchive(folder / "entry.tar.gz", {{"chunk-0-trace.csv", zeros}});
    }
    const auto big = openTrace((folder / "entry.tar.gz").string(), {}, {});
    QVERIFY(!big.ok());
    QVERIFY2(big.error().toString().find("64 are read") != std::string::npos, big.error().toString().c_str());

    // A header that claims a terabyte, as GNU tar writes it, with nothing behind it; and the same beside what is
    // wanted.
    writeArchive(folder / "plain.tar", {{"filler.bin", "x"}, {"chunk-0-trace.csv", kRates}}, false);
    std::string bytes = readAll(folder / "plain.tar");
    const std::string size("\x80\0\0\0\0\0\x01\0\0\0\0\0", 12);
    bytes.replace(124, 12, size);
    bytes.replace(148, 8, "        ");
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) {
        sum += static_cast<unsigned char>(bytes[i]);
    }
    bytes.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    writeAll(folder / "claims.tar", bytes);
    const auto claims = openTrace((folder / "claims.tar").string(), {}, {});
    QVERIFY(!claims.ok());
    QVERIFY2(claims.error().toString().find("unpacks to more than 1024 MiB") != std::string::npos,
             claims.error().toString().c_str());
    writeArchive(folder / "twice.tar.gz", {{"chunk-0-trace.csv", kRates}, {"chunk-0-trace.csv", kRates}});
    const auto twice = openTrace((folder / "twice.tar.gz").string(), {}, {});
    QVERIFY(!twice.ok() && twice.error().toString().find("twice") != std::string::npos);
    QVERIFY2(clock.elapsed() < 60'000, "refusing took long");
    const std::int64_t grown = peakRssBytes() - before;
    QVERIFY2(grown < (std::int64_t{500} << 20) + kKeptBack, qPrintable(QString::number(grown)));
}

void TestHostileTraces::namesInArchivesLeadNowhere()
{
    const Folder folder;
    writeArchive(folder / "m.tar.gz", {{"../../chunk-0-trace.csv", kRates},
                                       {"/tmp/../chunk-1-trace.csv", kRates},
                                       {std::string(90, 'x') + "/chunk-2-trace.csv", kRates},
                                       {"../../chunk-0-dataset.json", kLengths}});
    const auto stream = openTrace((folder / "m.tar.gz").string(), {}, {});
    QVERIFY2(stream.ok(), stream.ok() ? "" : stream.error().toString().c_str());
    QCOMPARE((*stream)->summary().clients, 3);
    QCOMPARE(std::distance(std::filesystem::directory_iterator(folder / "."), {}), 1);
}

void TestHostileTraces::deepAndWideJson()
{
    const Folder folder;
    const std::string deep(8'000'000, '[');
    writeAll(folder / "m.jsonl", R"({"timestamp": 0, "input_length": 1, "output_length": 1, "x": )" + deep + "\n");
    QVERIFY(survives(folder / "m.jsonl"));
    std::filesystem::create_directories(folder / "m");
    writeAll(folder / "m/chunk-0-trace.csv", kRates);
    for (const std::string& dataset : {deep, "{\"0\": " + deep, std::string("{\"0\": {\"input_tokens\": ") + deep,
                                       std::string("{\"0\":") + std::string(8'000'000, '{')}) {
        writeAll(folder / "m/chunk-0-dataset.json", dataset);
        QVERIFY(survives(folder / "m"));
        const auto refused = openTrace((folder / "m").string(), {}, {});
        QVERIFY(!refused.ok());
    }
}

void TestHostileTraces::hugeNumbers_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char* tag, const char* name, QByteArray text) {
        QTest::newRow(tag) << QString::fromLatin1(name) << text;
    };
    row("year 9999", "a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n9999-11-16 18:15:46,1,1\n");
    row("thousand digits", "a.csv",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46," + QByteArray(1000, '9') + ",1\n");
    row("mooncake: far future", "m.jsonl", R"({"timestamp": 1e18, "input_length": 1, "output_length": 1})");
    row("mooncake: more tokens than counted", "m.jsonl",
        R"({"timestamp": 1, "input_length": 4294967296, "output_length": 1})");
    row("mooncake: beyond doubles", "m.jsonl", R"({"timestamp": 1e400, "input_length": 1, "output_length": 1})");
    row("servegen: endless rate", "chunk-0-trace.csv", "0,1e308,1,Gamma,1,1\n600,1e308,1,Gamma,1,1\n");
    row("servegen: endless time", "chunk-0-trace.csv", "0,1,1,Gamma,1,1\n1e300,1,1,Gamma,1,1\n");
    row("servegen: not a number", "chunk-0-trace.csv", "nan,1,1,Gamma,1,1\n");
}

void TestHostileTraces::hugeNumbers()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, text);
    const Folder folder;
    writeAll(folder / "chunk-0-dataset.json", kLengths);
    writeAll(folder / name.toStdString(), text.toStdString());
    const auto refused = openTrace((folder / name.toStdString()).string(), {}, {});
    QVERIFY(!refused.ok());
    QVERIFY(survives(folder / name.toStdString()));
}

void TestHostileTraces::memoryDoesNotGrowWithLength()
{
    const Folder folder;
    const std::string path = (folder / "long.csv").string();
    {
        std::ofstream out(path);
        out << "TIMESTAMP,ContextTokens,GeneratedTokens\n";
        for (int i = 0; i < 1'500'000; ++i) { // rows of which every seventh is a second late
            const int second = i / 50 - (i % 7 == 0 && i > 100 ? 1 : 0);
            out << fmt::format("2023-11-16 {:02}:{:02}:{:02}.5,1155,211\n", second / 3600, second / 60 % 60,
                               second % 60);
        }
    }
    const std::int64_t before = peakRssBytes();
    const auto stream = openTrace(path, {}, {});
    QVERIFY2(stream.ok(), stream.ok() ? "" : stream.error().toString().c_str());
    TraceRow row;
    std::int64_t count = 0;
    for (;;) {
        const auto more = (*stream)->next(row);
        QVERIFY(more.ok());
        if (!*more) {
            break;
        }
        ++count;
    }
    QCOMPARE(count, 1'500'000);
    QCOMPARE((*stream)->summary().requests, count);
    // Whole, the trace would take 24 MB.
    const std::int64_t grown = peakRssBytes() - before;
    QVERIFY2(grown < (std::int64_t{16} << 20) + kKeptBack, qPrintable(QString::number(grown)));
}

QTEST_APPLESS_MAIN(TestHostileTraces)
#include "tst_hostile_traces.moc"

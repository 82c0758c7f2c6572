// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import.h"
#include "model/ingest/trace_file.h"
#include "tests/model/ingest/servegen_archive.h"
#include "tests/model/store/store_fixture.h"
#include "tests/support/test_support.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <random>

#include <fmt/format.h>

using namespace isobar;
using namespace isobar::ingest;
using test::Folder;
using test::writeAll;
using test::writeArchive;

namespace {

const std::string kLengths = R"({"0": {"input_tokens": "{100: 0.5, 200: 0.5}", "output_tokens": "{7: 1.0}"}})";
const std::string kOtherLengths = R"({"0": {"input_tokens": "{5000: 1}", "output_tokens": "{9: 1.0}"}})";

using Files = std::vector<std::pair<std::string, std::string>>;
/// Three clients: bursts and a pause, steady, and one without lengths.
const Files kClients{{"chunk-0-trace.csv", "0,2,1,Gamma,1,0.5\n600,0,0,,0,0\n1200,1,3,Gamma,0.1111111,9\n"},
                     {"chunk-0-dataset.json", kLengths},
                     {"chunk-1-trace.csv", "0,0.5,0.5,Weibull,2.1013,0.2823\n600,0.5,0.5,Weibull,2.1013,0.2823\n"},
                     {"chunk-1-dataset.json", kOtherLengths},
                     {"chunk-10-trace.csv", "0,1,1,Gamma,1,1\n600,1,1,Gamma,1,1\n"}};

void writeFolder(const std::filesystem::path& folder, const Files& files)
{
    std::filesystem::create_directories(folder);
    for (const auto& [name, content] : files) {
        writeAll(folder / name, content);
    }
}

Files under(const std::string& folder, const Files& files)
{
    Files moved = files;
    for (auto& [name, content] : moved) {
        name.insert(0, folder);
    }
    return moved;
}

struct Read {
    std::vector<TraceRow> rows;
    TraceSummary summary;
};
Result<Read> readAllOf(const std::string& name, const TraceOptions& options = {})
{
    ISOBAR_TRY_ASSIGN(const auto stream, openTrace(name, options, {}));
    Read read{{}, stream->summary()};
    TraceRow row;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, stream->next(row));
        if (!more) {
            return read;
        }
        read.rows.push_back(row);
    }
}

bool same(const std::vector<TraceRow>& a, const std::vector<TraceRow>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const TraceRow& x, const TraceRow& y) {
        return static_cast<const TracedRequest&>(x) == y && x.prefixHashes == y.prefixHashes &&
               x.prefixBlockTokens == y.prefixBlockTokens;
    });
}

std::string azureRows(const std::vector<int>& seconds)
{
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        text += fmt::format("2023-11-16 {:02}:{:02}:{:02},{},1\n", seconds[i] / 3600, seconds[i] / 60 % 60,
                            seconds[i] % 60, i + 1);
    }
    return text;
}

} // namespace

class TestTraceStream : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void folderArchiveAndStoreDrawTheSame();
    void clientsOfAFolderSendWhatTheySendAlone();
    void clientsWithoutLengthsBorrowThem();
    void aTraceWithoutLengthsSaysWhatItAssumes();
    void loadScaleAndPartsOfDrawnTraces();
    void partsOfRecordedTraces();
    void rowsOutOfOrderAsAStableSortHasThem();
    void prefixHashes();
    void storedTracesComeBackWithAllTheyKnow();
    void importingDescribedClients();
    void importingTwiceAndAfterAChange();
    void whatIsNotThere();
    void publishedServeGen();
    void publishedTracesIntoAStoreAndBack_data();
    void publishedTracesIntoAStoreAndBack();
};

void TestTraceStream::folderArchiveAndStoreDrawTheSame()
{
    const Folder folder;
    writeFolder(folder / "m", kClients);
    writeArchive(folder / "m.tar.gz", under("data/language/m/", kClients));
    writeArchive(folder / "plain.tar", under("./", kClients), false);
    TraceOptions options;
    options.seed = 9;
    const auto fromFolder = readAllOf((folder / "m").string(), options);
    ISOBAR_OK(fromFolder);
    QCOMPARE(fromFolder->summary.clients, 3);
    QCOMPARE(fromFolder->summary.requests, 3600);
    QCOMPARE(fromFolder->summary.durationSeconds, 1800.0);
    QVERIFY(fromFolder->rows.size() > 3000 && fromFolder->rows.size() < 4200);
    QCOMPARE(fromFolder->rows.front().arrivalSeconds, 0.0);
    QVERIFY(std::is_sorted(fromFolder->rows.begin(), fromFolder->rows.end(),
                           [](const auto& a, const auto& b) { return a.arrivalSeconds < b.arrivalSeconds; }));
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    ISOBAR_OK(importFile(*store, folder / "m", {}, {}));
    for (const char* other : {"m.tar.gz", "plain.tar", "a.isobar:m"}) {
        const auto again = readAllOf((folder / other).string(), options);
        ISOBAR_OK(again);
        QVERIFY2(same(again->rows, fromFolder->rows), other);
    }
    options.seed = 10;
    QVERIFY(!same(readAllOf((folder / "m").string(), options)->rows, fromFolder->rows));
}

void TestTraceStream::clientsOfAFolderSendWhatTheySendAlone()
{
    // The merge against the obvious: every client by itself, all sorted.
    const Folder folder;
    const Files two(kClients.begin(), kClients.begin() + 4);
    writeFolder(folder / "m", two);
    const auto merged = readAllOf((folder / "m").string());
    ISOBAR_OK(merged);
    std::multimap<std::pair<std::uint32_t, std::uint32_t>, double> lengthsSeen;
    std::size_t alone = 0;
    for (const char* client : {"chunk-0", "chunk-1"}) {
        const auto one = readAllOf((folder / "m" / (std::string(client) + "-trace.csv")).string());
        ISOBAR_OK(one);
        alone += one->rows.size();
        // Each counts from its own first arrival: gaps are what they share.
        std::vector<double> gaps, mergedGaps;
        for (std::size_t i = 1; i < one->rows.size(); ++i) {
            gaps.push_back(one->rows[i].arrivalSeconds - one->rows[i - 1].arrivalSeconds);
        }
        const std::uint32_t output = one->rows.front().outputTokens;
        double previous = -1;
        for (const TraceRow& row : merged->rows) {
            if (row.outputTokens == output) {
                if (previous >= 0) {
                    mergedGaps.push_back(row.arrivalSeconds - previous);
                }
                previous = row.arrivalSeconds;
            }
        }
        QCOMPARE(mergedGaps.size(), gaps.size());
        for (std::size_t i = 0; i < gaps.size(); ++i) {
            QVERIFY(std::abs(gaps[i] - mergedGaps[i]) < 1e-9);
        }
    }
    QCOMPARE(merged->rows.size(), alone);
}

void TestTraceStream::clientsWithoutLengthsBorrowThem()
{
    const Folder folder;
    // The lenders send 3 and 1 a second; the borrower 100.
    writeFolder(folder / "m", {{"chunk-0-trace.csv", "0,3,1,Gamma,1,1\n"},
                               {"chunk-0-dataset.json", kLengths},
                               {"chunk-1-trace.csv", "0,1,1,Gamma,1,1\n"},
                               {"chunk-1-dataset.json", kOtherLengths},
                               {"chunk-2-trace.csv", "0,100,1,Gamma,1,1\n"}});
    const auto read = readAllOf((folder / "m").string());
    ISOBAR_OK(read);
    const auto count = static_cast<double>(read->rows.size());
    const auto small = static_cast<double>(
        std::count_if(read->rows.begin(), read->rows.end(), [](const TraceRow& r) { return r.outputTokens == 7; }));
    QVERIFY2(std::abs(small / count - 0.75) < 5 * std::sqrt(0.75 * 0.25 / count), qPrintable(QString::number(small)));
    QCOMPARE(read->summary.notes.size(), std::size_t{1});
    QVERIFY(read->summary.notes.front().find("1 of 3") != std::string::npos);
}

void TestTraceStream::aTraceWithoutLengthsSaysWhatItAssumes()
{
    const Folder folder;
    writeFolder(folder / "m", {{"chunk-0-trace.csv", "0,100,1,Gamma,1,1\n"}});
    const auto read = readAllOf((folder / "m").string());
    ISOBAR_OK(read);
    QCOMPARE(read->summary.notes.size(), std::size_t{1});
    double input = 0, output = 0;
    for (const TraceRow& row : read->rows) {
        input += row.inputTokens;
        output += row.outputTokens;
    }
    const auto count = static_cast<double>(read->rows.size());
    QVERIFY2(std::abs(input / count / 1155 - 1) < 0.03, qPrintable(QString::number(input / count)));
    QVERIFY2(std::abs(output / count / 211 - 1) < 0.03, qPrintable(QString::number(output / count)));
}

void TestTraceStream::loadScaleAndPartsOfDrawnTraces()
{
    const Folder folder;
    writeFolder(folder / "m", {{"chunk-0-trace.csv", "0,10,1,Gamma,1,1\n600,0,0,,0,0\n1200,20,1,Gamma,1,1\n"},
                               {"chunk-0-dataset.json", kLengths}});
    const std::string name = (folder / "m").string();
    TraceOptions options;
    options.loadScale = 3;
    const auto scaled = readAllOf(name, options);
    ISOBAR_OK(scaled);
    QCOMPARE(scaled->summary.requests, 54'000);
    QVERIFY(std::abs(double(scaled->rows.size()) - 54'000) < 5 * std::sqrt(54'000));
    options = {};
    options.fromSeconds = 300;
    options.forSeconds = 1000;
    const auto part = readAllOf(name, options); // 300 s at 10, idle, 100 s at 20
    ISOBAR_OK(part);
    QCOMPARE(part->summary.requests, 5'000);
    QVERIFY(std::abs(double(part->rows.size()) - 5'000) < 5 * std::sqrt(5'000));
    QCOMPARE(part->rows.front().arrivalSeconds, 0.0);
    QVERIFY(part->rows.back().arrivalSeconds < 1000);
    options = {};
    options.maxRequests = 17;
    QCOMPARE(readAllOf(name, options)->rows.size(), std::size_t{17});
    options.loadScale = 0;
    QVERIFY(!openTrace(name, options, {}).ok());
    options.loadScale = std::nan("");
    QVERIFY(!openTrace(name, options, {}).ok());
}

void TestTraceStream::partsOfRecordedTraces()
{
    const Folder folder;
    writeAll(folder / "a.csv", azureRows({0, 10, 20, 30, 40}));
    TraceOptions options;
    options.fromSeconds = 10;
    options.forSeconds = 25;
    options.loadScale = 2;
    const auto part = readAllOf((folder / "a.csv").string(), options);
    ISOBAR_OK(part);
    QCOMPARE(part->summary.requests, 5);
    QCOMPARE(part->rows.size(), std::size_t{3});
    QCOMPARE(part->rows[0].arrivalSeconds, 0.0);
    QCOMPARE(part->rows[2].arrivalSeconds, 10.0);
    QCOMPARE(part->rows[0].place, std::uint64_t{1});
}

void TestTraceStream::rowsOutOfOrderAsAStableSortHasThem()
{
    const Folder folder;
    std::mt19937 random(3);
    for (int round = 0; round < 60; ++round) {
        std::vector<int> seconds;
        const int late = 1 + static_cast<int>(random() % 40);
        for (int i = 0; i < 200; ++i) {
            seconds.push_back(100 + i / 3 + (random() % 5 == 0 ? -static_cast<int>(random() % late) : 0));
        }
        writeAll(folder / "a.csv", azureRows(seconds));
        const auto read = readAllOf((folder / "a.csv").string());
        ISOBAR_OK(read);
        std::vector<std::size_t> order(seconds.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return seconds[a] < seconds[b]; });
        QCOMPARE(read->rows.size(), order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            QCOMPARE(read->rows[i].place, std::uint64_t{order[i]});
            QCOMPARE(read->rows[i].inputTokens, static_cast<std::uint32_t>(order[i] + 1));
            QCOMPARE(read->rows[i].arrivalSeconds, double(seconds[order[i]] - seconds[order[0]]));
        }
    }
}

void TestTraceStream::prefixHashes()
{
    const Folder folder;
    writeAll(folder / "m.jsonl",
             R"({"timestamp": 0, "input_length": 1025, "output_length": 5, "hash_ids": [7, 18446744073709551615, 2]})"
             "\n"
             R"({"timestamp": 1, "input_length": 10, "output_length": 5})"
             "\n"
             R"({"hash_ids": [], "timestamp": 2, "input_length": 10, "output_length": 5})"
             "\n"
             R"({"hash_ids": [7], "timestamp": 3, "input_length": 9000, "output_length": 5, "x": {"hash_ids": [1]}})"
             "\n");
    const auto read = readAllOf((folder / "m.jsonl").string());
    ISOBAR_OK(read);
    QVERIFY((read->rows[0].prefixHashes == std::vector<std::uint64_t>{7, ~std::uint64_t{0}, 2}));
    QCOMPARE(read->rows[0].prefixBlockTokens, 512u);
    QVERIFY(read->rows[1].prefixHashes.empty() && read->rows[2].prefixHashes.empty());
    QVERIFY(read->rows[3].prefixHashes == std::vector<std::uint64_t>{7});
    for (const char* bad : {"[-1]", "[1.5]", "[\"1\"]", "[null]", "[[1]]", "[{}]", "[1, 2]"}) {
        writeAll(folder / "bad.jsonl",
                 fmt::format(R"({{"timestamp": 0, "input_length": 512, "output_length": 5, "hash_ids": {}}})", bad));
        const auto refused = openTrace((folder / "bad.jsonl").string(), {}, {});
        QVERIFY2(!refused.ok() && refused.error().message.find("hash_ids") != std::string::npos, bad);
    }
}

void TestTraceStream::storedTracesComeBackWithAllTheyKnow()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    std::string mooncake, vllm;
    std::mt19937 random(5);
    for (int i = 0; i < 300; ++i) {
        const auto input = 1 + random() % 4000;
        std::string ids;
        for (unsigned block = 0; block < (input + 511) / 512; ++block) {
            ids += fmt::format("{}{}", block == 0 ? "" : ", ", random());
        }
        mooncake +=
            fmt::format("{{\"timestamp\": {}, \"input_length\": {}, \"output_length\": {}, \"hash_ids\": [{}]}}\n",
                        1000 * (i - static_cast<int>(random() % 4) * (i > 10 ? 1 : 0)), input, 1 + random() % 100, ids);
        vllm += fmt::format("{{\"arrival_time\": {}, \"input_toks\": {}, \"output_toks\": {}, \"queued_ts\": {}, "
                            "\"scheduled_ts\": {}, \"first_token_ts\": {}, \"last_token_ts\": {}}}\n",
                            1777142838.25 + i, input, 1 + random() % 3, i, i + 0.5, i + 0.75, i + 2);
    }
    writeAll(folder / "m.jsonl", mooncake);
    writeAll(folder / "v.jsonl", vllm);
    for (const char* name : {"m", "v"}) {
        const auto report = importFile(*store, folder / (std::string(name) + ".jsonl"), {}, {});
        ISOBAR_OK(report);
        QCOMPARE(report->record.rowsAccepted + report->record.rowsRepaired, 300);
        const auto direct = readAllOf((folder / (std::string(name) + ".jsonl")).string());
        const auto stored = readAllOf((folder / "a.isobar").string() + ":" + name);
        ISOBAR_OK(direct);
        ISOBAR_OK(stored);
        QVERIFY(same(direct->rows, stored->rows));
        QCOMPARE(report->record.rowsRepaired, direct->summary.outOfOrder);
        QVERIFY(stored->summary.format == direct->summary.format);
        for (std::size_t i = 0; i < direct->rows.size() && direct->summary.measured; ++i) {
            QCOMPARE(stored->rows[i].measured.ttftSeconds, direct->rows[i].measured.ttftSeconds);
            QCOMPARE(std::isnan(stored->rows[i].measured.itlSeconds), std::isnan(direct->rows[i].measured.itlSeconds));
        }
    }
    const auto info = store->trace("m");
    ISOBAR_OK(info);
    QVERIFY(info->licence.find("Apache-2.0") != std::string::npos);
    QCOMPARE(info->path, (folder / "m.jsonl").string());
}

void TestTraceStream::importingDescribedClients()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    writeArchive(
        folder / "m.tar.gz",
        {{"chunk-0-trace.csv", "0,2,1,Gamma,1,0.5\nsoon,1,1,Gamma,1,1\n600,-3,1,Gamma,1,1\n1200,2,1,Gamma,1,1\n"},
         {"chunk-0-dataset.json",
          R"({"0": {"input_tokens": "{100: 1}", "output_tokens": "{7: 1.0}"}, "600": 5, "700": [{"a": 1}]})"},
         {"chunk-1-dataset.json", "not JSON"},
         {"chunk-1-trace.csv", "0,1,1,Gamma,1,1\n"}});
    const auto report = importFile(*store, folder / "m.tar.gz", {}, {});
    ISOBAR_OK(report);
    const store::ImportRecord& r = report->record;
    QCOMPARE(r.format, std::string("servegen"));
    QCOMPARE(r.rowsRead, 4 + 3 + 1 + 1);
    QCOMPARE(r.rowsQuarantined, 2 + 2 + 1);
    QCOMPARE(r.rowsAccepted, 4);
    std::map<std::string, int> rules;
    for (const store::Diagnostic& d : report->diagnostics) {
        ++rules[d.rule];
        QVERIFY(d.quarantined == (d.rule != "lengths-missing"));
        QVERIFY(!d.quarantined || d.text.starts_with("chunk-"));
    }
    QVERIFY((rules == std::map<std::string, int>{
                          {"json", 1}, {"lengths", 2}, {"lengths-missing", 1}, {"rate", 1}, {"timestamp", 1}}));
    const auto read = readAllOf((folder / "a.isobar").string() + ":m");
    ISOBAR_OK(read);
    // 600 s at 2/s, a window that was no good and is idle, 600 s at 2/s, and the other client's 600 s at 1/s.
    QCOMPARE(read->summary.requests, 1200 + 1200 + 600);
    QVERIFY(read->rows.size() > 2600 && read->rows.size() < 3400);
}

void TestTraceStream::importingTwiceAndAfterAChange()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    writeFolder(folder / "m", kClients);
    ISOBAR_OK(importFile(*store, folder / "m", {}, {}));
    const auto again = importFile(*store, folder / "m", {}, {});
    ISOBAR_OK(again);
    QCOMPARE(again->record.rowsUnchanged, again->record.rowsRead);
    writeAll(folder / "m" / "chunk-1-dataset.json", kLengths); // the rates stay
    const auto changed = importFile(*store, folder / "m", {}, {});
    ISOBAR_OK(changed);
    QCOMPARE(changed->record.rowsUnchanged, 0);
    QCOMPARE(store->counts()->traces, 1);
}

void TestTraceStream::whatIsNotThere()
{
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    const std::string path = (folder / "a.isobar").string();
    const auto fails = [&](const std::string& name, ErrorCode code, const char* word) {
        const auto stream = openTrace(name, {}, {});
        if (stream.ok() || stream.error().code != code || stream.error().toString().find(word) == std::string::npos) {
            qWarning("%s: %s", name.c_str(), stream.ok() ? "opened" : stream.error().toString().c_str());
            return false;
        }
        return true;
    };
    QVERIFY(fails(path + ":nothing", ErrorCode::NotFound, "no trace 'nothing'"));
    QVERIFY(fails(path, ErrorCode::WrongFormat, "a.isobar:TRACE"));
    QVERIFY(fails((folder / "none.csv").string(), ErrorCode::NotFound, "no such file"));
    QVERIFY(fails((folder / "none:x").string(), ErrorCode::NotFound, "no such file"));
    std::filesystem::create_directories(folder / "empty");
    QVERIFY(fails((folder / "empty").string(), ErrorCode::WrongFormat, "chunk-N-trace.csv"));
    writeArchive(folder / "other.tar.gz", {{"a.txt", "hello"}});
    QVERIFY(fails((folder / "other.tar.gz").string(), ErrorCode::WrongFormat, "chunk-N-trace.csv"));
}

void TestTraceStream::publishedServeGen()
{
    ISOBAR_NEED_DATA(archive, "llm_traces/servegen/language_m-small.tar.gz");
    ISOBAR_NEED_DATA(reason, "llm_traces/servegen/reason/deepseek-r1/chunk-0-trace.csv");
    TraceOptions options;
    options.forSeconds = 600;
    const auto day = readAllOf(reason.parent_path().string(), {});
    ISOBAR_OK(day);
    QCOMPARE(day->summary.clients, 73);
    QVERIFY(std::abs(double(day->summary.requests) - 1'383'669) < 1);
    QVERIFY2(std::abs(double(day->rows.size()) / 1'383'669 - 1) < 0.02, qPrintable(QString::number(day->rows.size())));
    QVERIFY(day->summary.notes.size() == 1);
    const auto stream = openTrace(archive.string(), options, {});
    ISOBAR_OK(stream);
    QCOMPARE((*stream)->summary().clients, 43);
    TraceRow row;
    double last = 0, count = 0;
    for (;;) {
        const auto more = (*stream)->next(row);
        ISOBAR_OK(more);
        if (!*more) {
            break;
        }
        QVERIFY(row.arrivalSeconds >= last);
        last = row.arrivalSeconds;
        ++count;
    }
    QVERIFY2(std::abs(count / double((*stream)->summary().requests) - 1) < 0.05, qPrintable(QString::number(count)));
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    const auto report = importFile(*store, archive, {}, {});
    ISOBAR_OK(report);
    QCOMPARE(report->record.rowsRead, 86'688);
    QCOMPARE(report->record.rowsAccepted, 86'688);
}

void TestTraceStream::publishedTracesIntoAStoreAndBack_data()
{
    QTest::addColumn<QString>("file");
    QTest::newRow("azure") << QStringLiteral("llm_traces/azure_2023/AzureLLMInferenceTrace_conv.csv");
    QTest::newRow("mooncake") << QStringLiteral("llm_traces/mooncake/conversation_trace.jsonl");
    QTest::newRow("vllm") << QStringLiteral("perf/vllm_runs/vllm_real_RTXPRO6000_Llama-3.1-8B.jsonl");
}

void TestTraceStream::publishedTracesIntoAStoreAndBack()
{
    QFETCH(QString, file);
    const auto path = test::sharedData(file.toStdString());
    if (!path) {
        QSKIP("public data file absent");
    }
    const Folder folder;
    auto store = store::Store::create(folder / "a.isobar");
    ISOBAR_OK(store);
    const auto report = importFile(*store, *path, {}, {});
    ISOBAR_OK(report);
    QCOMPARE(report->record.rowsQuarantined, 0);
    const auto direct = readAllOf(path->string());
    const auto stored = readAllOf((folder / "a.isobar").string() + ":" + path->stem().string());
    ISOBAR_OK(direct);
    ISOBAR_OK(stored);
    QVERIFY(same(direct->rows, stored->rows));
    QCOMPARE(report->record.rowsRead, qint64(direct->rows.size()));
}

QTEST_APPLESS_MAIN(TestTraceStream)
#include "tst_trace_stream.moc"

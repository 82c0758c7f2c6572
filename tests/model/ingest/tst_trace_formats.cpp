// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/trace_file.h"
#include "tests/model/store/store_fixture.h"
#include "tests/support/test_support.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <vector>

using namespace isobar;
using namespace isobar::ingest;

namespace {

const QByteArray kAzureHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
const QByteArray kVllm =
    R"({"request_id": "a", "input_toks": 10, "output_toks": 5, "arrival_time": 1777142838.5,)"
    R"( "queued_ts": 100.0, "scheduled_ts": 100.5, "first_token_ts": 101.0, "last_token_ts": 103.0})"
    "\n";
const QByteArray kDataset = R"({"0": {"input_tokens": "{100: 0.5, 200: 0.5}", "output_tokens": "{7: 1.0, 8: 0.0}"}})";

bool inOrder(const Trace& trace)
{
    return std::is_sorted(
        trace.requests.begin(), trace.requests.end(),
        [](const TracedRequest& a, const TracedRequest& b) { return a.arrivalSeconds < b.arrivalSeconds; });
}

} // namespace

class TestTraceFormats : public QObject {
    Q_OBJECT

    test::Folder m_folder;

    std::filesystem::path write(const char* name, const QByteArray& bytes) const
    {
        return m_folder.write(name, bytes.toStdString());
    }
    Result<Trace> read(const char* name, const QByteArray& bytes, std::uint64_t seed = 1) const
    {
        return readTrace(write(name, bytes), seed, {});
    }

private Q_SLOTS:
    void azure()
    {
        const auto trace = read("a.csv", "\xef\xbb\xbf" + kAzureHeader +
                                             "2023-11-16 18:15:46.6805900,374,44\r\n"
                                             "2023-11-16 18:15:50.9951690,396,109\r\n"
                                             "2023-11-16 18:15:51.0000000,0,3");
        QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
        QVERIFY(trace->format == TraceFormat::AzureLlm);
        QCOMPARE(trace->requests.size(), std::size_t{3});
        QVERIFY((trace->requests[0] == TracedRequest{0, 374, 44}));
        QCOMPARE(trace->requests[1].arrivalSeconds, 4.314579);
        QCOMPARE(trace->requests[2].inputTokens, 0u); // exists, though nobody can serve it
        QVERIFY(trace->places.empty() && trace->measured.empty() && trace->prefixOf(2).empty());
    }

    void mooncake()
    {
        const auto trace = read(
            "m.jsonl", R"({"timestamp": 1000, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1]})"
                       "\r\n\n"
                       R"({"output_length": 2, "nested": {"timestamp": 5}, "timestamp": 4000.5, "input_length": 1})");
        QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
        QVERIFY(trace->format == TraceFormat::Mooncake);
        QVERIFY((trace->requests == std::vector<TracedRequest>{{0, 6758, 500}, {3.0005, 1, 2}}));
        QCOMPARE(trace->prefixBlockTokens, 512u);
        QVERIFY(std::ranges::equal(trace->prefixOf(0), std::vector<std::uint64_t>{0, 1}));
        QVERIFY(trace->prefixOf(1).empty());
    }

    void vllmRun()
    {
        QByteArray second = kVllm;
        second.replace("1777142838.5", "1777142840.75").replace("\"output_toks\": 5", "\"output_toks\": 1");
        const auto trace = read("v.jsonl", kVllm + second);
        QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
        QVERIFY(trace->format == TraceFormat::VllmRun);
        QVERIFY((trace->requests == std::vector<TracedRequest>{{0, 10, 5}, {2.25, 10, 1}}));
        QCOMPARE(trace->measured.size(), std::size_t{2});
        QCOMPARE(trace->measured[0].queueSeconds, 0.5);
        QCOMPARE(trace->measured[0].ttftSeconds, 1.0);
        QCOMPARE(trace->measured[0].itlSeconds, 0.5);
        QCOMPARE(trace->measured[0].endToEndSeconds, 3.0);
        QVERIFY(std::isnan(trace->measured[1].itlSeconds));
    }

    void rowsOutOfOrderAreSortedIntoPlace()
    {
        const auto trace = read("u.csv", kAzureHeader + "2023-11-16 18:00:03,3,3\n"
                                                        "2023-11-16 18:00:01,1,1\n"
                                                        "2023-11-16 18:00:02,2,2\n"
                                                        "2023-11-16 18:00:03,4,4\n");
        QVERIFY(trace.ok());
        QVERIFY((trace->requests == std::vector<TracedRequest>{{0, 1, 1}, {1, 2, 2}, {2, 3, 3}, {2, 4, 4}}));
        QVERIFY((trace->places == std::vector<std::uint32_t>{1, 2, 0, 3}));
        QCOMPARE(trace->outOfOrder, 2);
    }

    void measuredTimesFollowTheirRequests()
    {
        QByteArray earlier = kVllm;
        earlier.replace("1777142838.5", "1777142838.0").replace("100.5", "100.25");
        const auto trace = read("v.jsonl", kVllm + earlier);
        QVERIFY(trace.ok());
        QCOMPARE(trace->measured[0].queueSeconds, 0.25);
        QCOMPARE(trace->measured[1].queueSeconds, 0.5);
    }

    void serveGenDrawsWhatItDescribes()
    {
        // Half an hour at 2 requests/s, half an hour idle, then bursts (cv 3) at 1 request/s.
        const QByteArray windows = "0,2,1,Gamma,1,0.5\n1800,0,0,,0,0\n3600,1,3,Gamma,0.1111111,9\n"
                                   "7200,4,0.5,Weibull,2.1013,0.2823\n";
        write("chunk-7-dataset.json", kDataset);
        double first = 0, third = 0, fourth = 0, input = 0, count = 0;
        constexpr int kSeeds = 40;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            const auto trace = read("chunk-7-trace.csv", windows, seed);
            QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
            QVERIFY(inOrder(*trace));
            for (const TracedRequest& request : trace->requests) {
                const double at = request.arrivalSeconds;
                QVERIFY(request.outputTokens == 7 && (request.inputTokens == 100 || request.inputTokens == 200));
                QVERIFY(at < 1800 || at > 3590); // the first arrival is 0, so all are a gap early
                first += at < 1800 ? 1 : 0;
                third += at > 3590 && at < 7195 ? 1 : 0;
                fourth += at >= 7195 ? 1 : 0;
                input += request.inputTokens;
            }
            count += double(trace->requests.size());
        }
        // Five standard deviations of the mean: sqrt(rate x time) x cv / sqrt(seeds).
        QVERIFY2(std::abs(first / kSeeds - 3600) < 5 * 60 / std::sqrt(kSeeds), qPrintable(QString::number(first)));
        QVERIFY2(std::abs(third / kSeeds - 3600) < 5 * 180 / std::sqrt(kSeeds), qPrintable(QString::number(third)));
        QVERIFY2(std::abs(fourth / kSeeds - 14400) < 5 * 120 / std::sqrt(kSeeds) + 20,
                 qPrintable(QString::number(fourth)));
        QVERIFY(std::abs(input / count - 150) < 1);
        const auto once = read("chunk-7-trace.csv", windows, 5), again = read("chunk-7-trace.csv", windows, 5);
        QVERIFY(once->requests == again->requests);
    }

    void serveGenBurstsAsItSays()
    {
        write("chunk-8-dataset.json", kDataset);
        const auto trace = read("chunk-8-trace.csv", "0,1,2,Gamma,0.25,4\n100000,1,0.5,Weibull,2.1013,1.129\n");
        QVERIFY(trace.ok());
        const auto variation = [&](double from, double to) {
            double count = 0, sum = 0, squares = 0, previous = -1;
            for (const TracedRequest& request : trace->requests) {
                if (request.arrivalSeconds > from && request.arrivalSeconds < to && previous >= 0) {
                    const double gap = request.arrivalSeconds - previous;
                    ++count;
                    sum += gap;
                    squares += gap * gap;
                }
                previous = request.arrivalSeconds;
            }
            return std::sqrt(squares / count - sum * sum / count / count) / (sum / count);
        };
        QVERIFY2(std::abs(variation(0, 99'000) - 2) < 0.1, qPrintable(QString::number(variation(0, 99'000))));
        QVERIFY2(std::abs(variation(101'000, 199'000) - 0.5) < 0.02,
                 qPrintable(QString::number(variation(101'000, 199'000))));
    }

    void badRowsAreErrorsWithTheirLine_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("line");
        QTest::addColumn<QByteArray>("said");
        const QByteArray good = "2023-11-16 18:00:01,1,1\n";
        const auto azure = [&](const char* name, const char* row, const char* said) {
            QTest::newRow(name) << kAzureHeader + good + row + "\n" << 3 << QByteArray(said);
        };
        azure("azure: time in words", "soon,1,1", "'soon'");
        azure("azure: NaN for a time", "nan,1,1", "'nan'");
        azure("azure: negative time", "-5,1,1", "'-5'");
        azure("azure: negative tokens", "2023-11-16 18:00:01,-1,1", "'-1'");
        azure("azure: half a token", "2023-11-16 18:00:01,1,1.5", "'1.5'");
        azure("azure: more than can be counted", "2023-11-16 18:00:01,1,99999999999", "99999999999");
        azure("azure: a field too few", "2023-11-16 18:00:01,1", "2 fields");
        azure("azure: an open quote", "\"2023-11-16 18:00:01,1,1", "not closed");
        const QByteArray line = R"({"timestamp": 0, "input_length": 1, "output_length": 1})"
                                "\n";
        const auto mooncake = [&](const char* name, const char* row, const char* said) {
            QTest::newRow(name) << line + row + "\n" << 2 << QByteArray(said);
        };
        mooncake("mooncake: negative time", R"({"timestamp": -1, "input_length": 1, "output_length": 1})",
                 "timestamp -1");
        mooncake("mooncake: NaN", R"({"timestamp": NaN, "input_length": 1, "output_length": 1})", "not one JSON");
        mooncake("mooncake: time without end", R"({"timestamp": 1e300, "input_length": 1, "output_length": 1})",
                 "1e+300");
        mooncake("mooncake: time as text", R"({"timestamp": "1", "input_length": 1, "output_length": 1})",
                 "no number timestamp");
        mooncake("mooncake: negative tokens", R"({"timestamp": 1, "input_length": -4, "output_length": 1})",
                 "input_length -4");
        mooncake("mooncake: half a token", R"({"timestamp": 1, "input_length": 1, "output_length": 1.5})",
                 "output_length 1.5");
        mooncake("mooncake: no output", R"({"timestamp": 1, "input_length": 1})", "output_length");
        mooncake("mooncake: cut off", "{\"timestamp\": 1, \"input_le", "not one JSON");
        mooncake("mooncake: two on a line", R"({"timestamp": 1, "input_length": 1, "output_length": 1} {})",
                 "not one JSON");
        mooncake("mooncake: an array", "[1, 2]", "no number timestamp");
        QByteArray backwards = kVllm;
        backwards.replace("\"scheduled_ts\": 100.5", "\"scheduled_ts\": 99.5");
        QTest::newRow("vllm: scheduled before queued") << kVllm + backwards << 2 << QByteArray("backwards");
    }
    void badRowsAreErrorsWithTheirLine()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(int, line);
        QFETCH(QByteArray, said);
        const auto trace = read("bad", bytes);
        QVERIFY(!trace.ok());
        QVERIFY(trace.error().code == ErrorCode::InvalidValue);
        QCOMPARE(trace.error().line, line);
        QVERIFY2(trace.error().toString().find(said.toStdString()) != std::string::npos,
                 trace.error().toString().c_str());
    }

    void badServeGenIsAnError_data()
    {
        QTest::addColumn<QByteArray>("windows");
        QTest::addColumn<QByteArray>("dataset");
        QTest::addColumn<int>("line");
        QTest::addColumn<QByteArray>("said");
        const QByteArray good = "0,1,1,Gamma,1,1\n";
        QTest::newRow("windows backwards") << good + good << kDataset << 2 << QByteArray("'0'");
        QTest::newRow("negative rate") << good + "600,-1,1,Gamma,1,1\n" << kDataset << 2 << QByteArray("'-1'");
        QTest::newRow("rate that is none") << good + "600,nan,1,Gamma,1,1\n" << kDataset << 2 << QByteArray("'nan'");
        QTest::newRow("endless rate") << good + "600,1e30,1,Gamma,1,1\n" << kDataset << 0 << QByteArray("too many");
        QTest::newRow("unknown distribution") << good + "600,1,1,Cauchy,1,1\n"
                                              << kDataset << 2 << QByteArray("'Cauchy'");
        QTest::newRow("shape of nothing") << good + "600,1,1,Gamma,0,1\n" << kDataset << 2 << QByteArray("'0'");
        QTest::newRow("too few fields") << good + "600,1\n" << kDataset << 2 << QByteArray("2 fields");
        QTest::newRow("only idle") << QByteArray("0,0,0,,0,0\n") << kDataset << 0 << QByteArray("sends nothing");
        QTest::newRow("lengths that are no JSON") << good << QByteArray("lengths") << 0 << QByteArray("JSON");
        QTest::newRow("lengths nowhere") << good
                                         << QByteArray(R"({"0": {"input_tokens": "{}", "output_tokens": "{}"}})") << 0
                                         << QByteArray("no lengths");
        QTest::newRow("shares that are none")
            << good << QByteArray(R"({"0": {"input_tokens": "{1: x}", "output_tokens": "{1: 1}"}})") << 0
            << QByteArray("'0'");
        QTest::newRow("a window that is a number") << good << QByteArray(R"({"0": 5})") << 0 << QByteArray("'0'");
    }
    void badServeGenIsAnError()
    {
        QFETCH(QByteArray, windows);
        QFETCH(QByteArray, dataset);
        QFETCH(int, line);
        QFETCH(QByteArray, said);
        write("chunk-9-dataset.json", dataset);
        const auto trace = read("chunk-9-trace.csv", windows);
        QVERIFY(!trace.ok());
        QCOMPARE(trace.error().line, line);
        QVERIFY2(trace.error().toString().find(said.toStdString()) != std::string::npos,
                 trace.error().toString().c_str());
    }

    void serveGenNeedsItsLengths()
    {
        const auto lonely = read("chunk-99-trace.csv", "0,1,1,Gamma,1,1\n");
        QVERIFY(!lonely.ok() && lonely.error().toString().find("chunk-99-dataset.json") != std::string::npos);
        const auto unnamed = read("mine.csv", "0,1,1,Gamma,1,1\n");
        QVERIFY(!unnamed.ok() && unnamed.error().advice.find("chunk-N-trace.csv") != std::string::npos);
    }

    void filesThatAreNoTrace_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("blank") << QByteArray("\n\n  \n");
        QTest::newRow("header only") << kAzureHeader;
        QTest::newRow("words") << QByteArray("hello\n");
        QTest::newRow("other JSON") << QByteArray("{\"a\": 1}\n");
        QTest::newRow("other CSV") << QByteArray("a,b,c,d,e,f\n1,2,3,4,5,6\n");
        QTest::newRow("binary") << QByteArray("\x1f\x8b\x00\x00\x01", 5);
        QTest::newRow("azure without a column") << QByteArray("TIMESTAMP,ContextTokens\n2023-11-16 18:00:01,1\n");
    }
    void filesThatAreNoTrace()
    {
        QFETCH(QByteArray, bytes);
        const auto trace = read("none", bytes);
        QVERIFY(!trace.ok());
        QVERIFY(!trace.error().file.empty());
        QVERIFY(!readTrace(m_folder / "absent", 1, {}).ok());
        QVERIFY(!readTrace(m_folder.path(), 1, {}).ok());
    }

    void cancelling()
    {
        std::stop_source stop;
        stop.request_stop();
        const auto trace = readTrace(write("c.jsonl", kVllm), 1, JobContext{stop.get_token(), {}});
        QVERIFY(!trace.ok() && trace.error().code == ErrorCode::Cancelled);
    }

    void linesLongerThanTheBuffer()
    {
        QByteArray hashes("0");
        while (hashes.size() < 3'000'000) {
            hashes += ", 12345678";
        }
        const QByteArray line = R"({"timestamp": 0, "input_length": 200000000, "hash_ids": [)" + hashes +
                                R"(], "output_length": 2})" + "\n";
        const auto trace = read("long.jsonl", R"({"timestamp": 0, "input_length": 9, "output_length": 9})"
                                              "\n" +
                                                  line + line);
        QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
        QCOMPARE(trace->requests.size(), std::size_t{3});
        QVERIFY((trace->requests[2] == TracedRequest{0, 200'000'000, 2}));
    }

    void publishedTraces_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("requests");
        QTest::addColumn<double>("seconds");
        QTest::newRow("azure") << QStringLiteral("llm_traces/azure_2023/AzureLLMInferenceTrace_conv.csv") << 19'366
                               << 3501.7;
        QTest::newRow("mooncake") << QStringLiteral("llm_traces/mooncake/conversation_trace.jsonl") << 12'031 << 3537.0;
        QTest::newRow("vllm 8B") << QStringLiteral("perf/vllm_runs/vllm_real_RTXPRO6000_Llama-3.1-8B.jsonl") << 300
                                 << -1.0;
        QTest::newRow("vllm 32B") << QStringLiteral("perf/vllm_runs/vllm_real_RTXPRO6000_Qwen3-32B.jsonl") << 300
                                  << -1.0;
    }
    void publishedTraces()
    {
        QFETCH(QString, file);
        QFETCH(int, requests);
        QFETCH(double, seconds);
        const auto path = test::sharedData(file.toStdString());
        if (!path) {
            QSKIP("public data file absent");
        }
        const auto trace = readTrace(*path, 1, {});
        QVERIFY2(trace.ok(), trace.ok() ? "" : trace.error().toString().c_str());
        QCOMPARE(trace->requests.size(), std::size_t(requests));
        QVERIFY(inOrder(*trace));
        if (seconds > 0) {
            QVERIFY(std::abs(trace->requests.back().arrivalSeconds - seconds) < 0.5);
        }
    }
};

QTEST_APPLESS_MAIN(TestTraceFormats)
#include "tst_trace_formats.moc"

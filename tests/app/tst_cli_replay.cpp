// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"

#include <QDir>
#include <algorithm>
#include <cmath>

using namespace isobar;
using namespace isobar::test;

namespace {

const QByteArray kHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

/// So many requests a few tenths of a second apart.
QByteArray azureTrace(int requests)
{
    QByteArray out = kHeader;
    for (int i = 0; i < requests; ++i) {
        out += "2023-11-16 18:" + QByteArray::number(10 + i / 240 % 50) + ":" +
               QByteArray::number(i / 4 % 60).rightJustified(2, '0') + "." + QByteArray::number(i % 4 * 25) + "," +
               QByteArray::number(1 + i * 37 % 2000) + "," + QByteArray::number(1 + i * 17 % 300) + "\n";
    }
    return out;
}

QStringList replay(const QString& trace, const QStringList& more = {})
{
    return QStringList{QStringLiteral("replay"),        trace,
                       QStringLiteral("--model"),       QStringLiteral("Llama-3.1-8B"),
                       QStringLiteral("--accelerator"), QStringLiteral("H100")} +
           more;
}

struct Row {
    QList<QByteArray> cells;
    [[nodiscard]] double number(int column) const { return cells[column].toDouble(); }
};

std::vector<Row> readRows(const QString& path, QByteArray& header)
{
    std::vector<Row> rows;
    QFile file(path);
    if (file.open(QIODevice::ReadOnly)) {
        header = file.readLine().trimmed();
        while (!file.atEnd()) {
            rows.push_back({file.readLine().trimmed().split(',')});
        }
    }
    return rows;
}

/// The slow, obvious percentile by nearest rank.
double nearestRank(std::vector<double> values, int percent)
{
    std::sort(values.begin(), values.end());
    std::size_t rank = 1;
    while (rank * 100 < values.size() * std::size_t(percent)) {
        ++rank;
    }
    return values[rank - 1];
}

bool near(double a, double b)
{
    return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)) + 1e-12;
}

} // namespace

class TestCliReplay : public QObject {
    Q_OBJECT

    Workplace m_place;

private Q_SLOTS:
    void figuresAreThoseOfTheRows_data()
    {
        QTest::addColumn<QString>("router");
        for (const char* router : {"round-robin", "random", "least-in-flight", "power-of-two"}) {
            QTest::newRow(router) << QString::fromLatin1(router);
        }
    }
    void figuresAreThoseOfTheRows()
    {
        QFETCH(QString, router);
        const QString trace = m_place.write("trace.csv", azureTrace(1200) + "2023-11-16 18:59:00,0,5\n" +
                                                             "2023-11-16 18:59:00,90000000,5\n");
        const QString out = m_place.path("rows.csv");
        const QStringList arguments =
            replay(trace, {QStringLiteral("--replicas"), QStringLiteral("3"), QStringLiteral("--router"), router,
                           QStringLiteral("--requests-out"), out, QStringLiteral("--json")});
        const Json run = document(arguments);
        QVERIFY(hasKeys(run, {"requests", "completed", "rejected", "simulated_seconds", "wall_seconds",
                              "output_tokens_per_second", "percentiles_exact"}));
        QCOMPARE(run["requests"].get<int>(), 1202);
        QCOMPARE(run["completed"].get<int>(), 1200);
        QCOMPARE(run["rejected"].get<int>(), 2);
        QCOMPARE(run["rejected_too_long"].get<int>(), 1);
        QCOMPARE(run["rejected_no_tokens"].get<int>(), 1);

        QByteArray header;
        const std::vector<Row> rows = readRows(out, header);
        QCOMPARE(header, QByteArray("request_id,arrival_seconds,start_seconds,first_token_seconds,finish_seconds,"
                                    "input_tokens,output_tokens,replica,status"));
        QCOMPARE(rows.size(), std::size_t{1202});
        std::vector<double> ttft, itl, endToEnd, queue;
        double tokens = 0, last = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Row& row = rows[i];
            QCOMPARE(row.cells.size(), 9);
            QCOMPARE(row.cells[0].toULongLong(), i);
            if (i >= 1200) {
                QCOMPARE(row.cells[8], QByteArray("rejected"));
                QVERIFY(row.cells[2].isEmpty() && row.cells[3].isEmpty() && row.cells[4].isEmpty());
                QVERIFY(row.cells[7].isEmpty());
                continue;
            }
            QCOMPARE(row.cells[8], QByteArray("completed"));
            QVERIFY(row.cells[7].toInt() >= 0 && row.cells[7].toInt() < 3);
            QVERIFY(row.number(1) <= row.number(2) && row.number(2) < row.number(3) && row.number(3) <= row.number(4));
            queue.push_back(row.number(2) - row.number(1));
            ttft.push_back(row.number(3) - row.number(1));
            endToEnd.push_back(row.number(4) - row.number(1));
            if (row.number(6) > 1) {
                itl.push_back((row.number(4) - row.number(3)) / (row.number(6) - 1));
            }
            tokens += row.number(6);
            last = std::max(last, row.number(4));
        }
        QVERIFY(near(run["simulated_seconds"].get<double>(), last));
        QVERIFY(near(run["output_tokens_per_second"].get<double>(), tokens / last));
        const auto agrees = [&](const char* key, const std::vector<double>& values) {
            const Json& summary = run[key];
            double sum = 0;
            for (const double value : values) {
                sum += value;
            }
            return hasKeys(summary, {"mean", "p50", "p90", "p95", "p99"}) &&
                   near(summary["mean"].get<double>(), sum / double(values.size())) &&
                   near(summary["p50"].get<double>(), nearestRank(values, 50)) &&
                   near(summary["p90"].get<double>(), nearestRank(values, 90)) &&
                   near(summary["p95"].get<double>(), nearestRank(values, 95)) &&
                   near(summary["p99"].get<double>(), nearestRank(values, 99));
        };
        QVERIFY(agrees("ttft_seconds", ttft));
        QVERIFY(agrees("itl_seconds", itl));
        QVERIFY(agrees("e2e_seconds", endToEnd));
        QVERIFY(agrees("queue_seconds", queue));

        // Again gives the same, wall clock apart; so does leaving the rows out.
        Json again = document(replay(trace, {QStringLiteral("--replicas"), QStringLiteral("3"),
                                             QStringLiteral("--router"), router, QStringLiteral("--json")}));
        Json first = run;
        for (Json* each : {&first, &again}) {
            each->erase("wall_seconds");
            each->erase("requests_per_wall_second");
        }
        QVERIFY(first == again);
    }

    void rowsOutOfOrderKeepTheirPlaceAsId()
    {
        const QString trace = m_place.write("unordered.csv", kHeader + "2023-11-16 18:00:03,3,3\n"
                                                                       "2023-11-16 18:00:01,1,1\n"
                                                                       "2023-11-16 18:00:02,2,2\n");
        const QString out = m_place.path("unordered-rows.csv");
        const Json run = document(replay(trace, {QStringLiteral("--requests-out"), out, QStringLiteral("--json")}));
        QVERIFY(hasKeys(run, {"out_of_order"}));
        QCOMPARE(run["out_of_order"].get<int>(), 2);
        QByteArray header;
        const auto rows = readRows(out, header);
        QCOMPARE(rows.size(), std::size_t{3});
        for (int i = 0; i < 3; ++i) {
            QCOMPARE(rows[std::size_t(i)].cells[0], QByteArray::number((i + 1) % 3));
            QCOMPARE(rows[std::size_t(i)].number(1), double(i));
            QCOMPARE(rows[std::size_t(i)].cells[5], QByteArray::number(i + 1));
        }
    }

    void replicasBatchAsTheyAreTold()
    {
        const QString trace = m_place.write("batching.csv", azureTrace(400));
        const auto run = [&](const QStringList& more) {
            return document(replay(trace, QStringList{QStringLiteral("--json")} + more));
        };
        const auto ttft = [](const Json& figures) { return figures["ttft_seconds"]["mean"].get<double>(); };
        const Json usual = run({});
        QVERIFY(hasKeys(usual, {"max_batched_tokens", "kv_block_tokens", "admission", "prefix_cache", "data_parallel",
                                "prefill_replicas", "preemptions", "preempted_tokens", "prefix_hit_tokens"}));
        QCOMPARE(usual["preemptions"].get<int>(), 0);
        QCOMPARE(usual["admission"].get<std::string>(), std::string("optimistic"));

        const QStringList small{QStringLiteral("--kv-blocks"), QStringLiteral("200")};
        const Json preempting = run(small);
        QVERIFY(preempting["preemptions"].get<int>() > 0 && preempting["preempted_tokens"].get<int>() > 0);
        QCOMPARE(preempting["kv_capacity_tokens"].get<int>(), 3200);
        QCOMPARE(preempting["completed"].get<int>(), 400);
        const Json reserving = run(small + QStringList{QStringLiteral("--admission"), QStringLiteral("reserve")});
        QCOMPARE(reserving["preemptions"].get<int>(), 0);
        QCOMPARE(reserving["completed"].get<int>(), 400);
        QCOMPARE(reserving["output_tokens"].get<int>(), preempting["output_tokens"].get<int>());

        // Small parts of prompts keep answers going but take longer to the first token.
        QVERIFY(ttft(run({QStringLiteral("--max-batched-tokens"), QStringLiteral("256")})) > 1.2 * ttft(usual));
        // Twice the ranks have half the work each; prompts apart do not wait for answers.
        QVERIFY(ttft(run({QStringLiteral("--data-parallel"), QStringLiteral("2")})) < ttft(usual));
        const Json apart = run({QStringLiteral("--prefill-replicas"), QStringLiteral("1")});
        QVERIFY(ttft(apart) < ttft(usual));
        QCOMPARE(apart["kv_bytes_per_token"].get<double>(), 131072.0);

        const Json tiers = run(small + QStringList{QStringLiteral("--priority"), QStringLiteral("0.25")});
        QVERIFY(std::abs(tiers["urgent"]["completed"].get<int>() - 100) < 45);
        QVERIFY(ttft(tiers["urgent"]) < 0.5 * ttft(tiers));
    }

    void prefixesAreFoundByTheirHashes()
    {
        QByteArray lines;
        for (int i = 0; i < 50; ++i) { // a conversation: each prompt has all the blocks of the one before
            QByteArray hashes;
            for (int block = 0; block <= i; ++block) {
                hashes += (block > 0 ? "," : "") + QByteArray::number(block);
            }
            lines += R"({"timestamp": )" + QByteArray::number(20'000 * i) + R"(, "input_length": )" +
                     QByteArray::number(512 * (i + 1)) + R"(, "output_length": 10, "hash_ids": [)" + hashes + "]}\n";
        }
        const QString trace = m_place.write("conversation.jsonl", lines);
        const QStringList cached{QStringLiteral("--json"), QStringLiteral("--prefix-cache")};
        const Json run = document(replay(trace, cached));
        QCOMPARE(run["completed"].get<int>(), 50);
        QCOMPARE(run["prefix_hit_tokens"].get<int>(), 512 * 49 * 50 / 2); // all but the last block of each
        const Json without = document(replay(trace, {QStringLiteral("--json")}));
        QCOMPARE(without["prefix_hit_tokens"].get<int>(), 0);
        QVERIFY(run["ttft_seconds"]["mean"].get<double>() < without["ttft_seconds"]["mean"].get<double>());

        const Ran refused = cli(replay(m_place.write("plain.csv", azureTrace(3)), cached));
        QVERIFY(failedWith(refused, 1));
        QVERIFY2(refused.err.contains("--prefix-cache"), refused.err.constData());
    }

    void measuredRunsAreShownBeside()
    {
        const QString trace = m_place.write(
            "run.jsonl", "{\"input_toks\": 10, \"output_toks\": 5, \"arrival_time\": 7.5, \"queued_ts\": 100.0, "
                         "\"scheduled_ts\": 100.5, \"first_token_ts\": 101.0, \"last_token_ts\": 103.0}\n");
        const Json run = document(replay(trace, {QStringLiteral("--json")}));
        QVERIFY(hasKeys(run, {"measured", "ttft_seconds"}));
        QCOMPARE(run["measured"]["ttft_seconds"]["mean"].get<double>(), 1.0);
        QCOMPARE(run["measured"]["itl_seconds"]["p50"].get<double>(), 0.5);
        QCOMPARE(cli(replay(trace)).out.count("as measured"), 1);
    }

    void coefficientsComeFromAFile()
    {
        auto slow = proto::shippedCalibration();
        QVERIFY(slow.ok());
        for (Efficiency& row : slow->efficiencies) {
            row.stepOverheadSeconds += 1;
        }
        const QString coefficients =
            m_place.write("slow.textproto", QByteArray::fromStdString(proto::writeCalibrationText(*slow)));
        const QString trace = m_place.write("short.csv", azureTrace(20));
        const Json shipped = document(replay(trace, {QStringLiteral("--json")}));
        const Json slowed =
            document(replay(trace, {QStringLiteral("--json"), QStringLiteral("--coefficients"), coefficients}));
        QVERIFY(hasKeys(shipped, {"itl_seconds"}) && hasKeys(slowed, {"itl_seconds"}));
        QVERIFY(slowed["itl_seconds"]["mean"].get<double>() > shipped["itl_seconds"]["mean"].get<double>() + 1);
    }

    void whatCannotWorkSaysWhy_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QByteArray>("said");
        const QString trace = m_place.write("good.csv", azureTrace(3));
        const auto row = [](const char* name, const QStringList& arguments, int exitCode, const char* said) {
            QTest::newRow(name) << arguments << exitCode << QByteArray(said);
        };
        row("no trace", replay(m_place.path("none.csv")), 1, "none.csv");
        row("a folder", replay(m_place.folder.path()), 1, "folder");
        row("no such model",
            replay(trace, {}).replaceInStrings(QStringLiteral("Llama-3.1-8B"), QStringLiteral("Llama-3.1-8")), 1,
            "did you mean Llama-3.1-8B");
        row("no such chip", replay(trace, {}).replaceInStrings(QStringLiteral("H100"), QStringLiteral("H101")), 1,
            "did you mean H100?");
        row("a model that does not fit",
            replay(trace, {}).replaceInStrings(QStringLiteral("Llama-3.1-8B"), QStringLiteral("Llama-3.1-70B")), 1,
            "141.1 GB");
        row("a row without a time", replay(m_place.write("bad.csv", azureTrace(3) + "nan,1,1\n")), 1, "bad.csv:5");
        row("tokens below zero", replay(m_place.write("below.csv", azureTrace(2) + "2023-11-16 18:00:01,-1,1\n")), 1,
            "below.csv:4");
        row("coefficients that are none", replay(trace, {QStringLiteral("--coefficients"), trace}), 1, "good.csv:1");
        row("coefficients that are negative",
            replay(trace,
                   {QStringLiteral("--coefficients"), m_place.write("negative.textproto", QByteArray::fromStdString([] {
                                                                        auto wrong = proto::shippedCalibration();
                                                                        for (Efficiency& each : wrong->efficiencies) {
                                                                            each.stepOverheadSeconds = -1;
                                                                        }
                                                                        return proto::writeCalibrationText(*wrong);
                                                                    }()))}),
            1, "step_overhead_seconds");
        row("rows into a folder that is not there",
            replay(trace, {QStringLiteral("--requests-out"), m_place.path("nowhere/rows.csv")}), 1, "nowhere");
        row("rows over the trace", replay(trace, {QStringLiteral("--requests-out"), trace}), 2, "the trace itself");
        row("no such router", replay(trace, {QStringLiteral("--router"), QStringLiteral("nearest")}), 2,
            "least-in-flight");
        row("no replicas", replay(trace, {QStringLiteral("--replicas"), QStringLiteral("0")}), 2, "--replicas");
        row("a batch of none", replay(trace, {QStringLiteral("--max-batch"), QStringLiteral("0")}), 2, "--max-batch");
        row("no such precision", replay(trace, {QStringLiteral("--precision"), QStringLiteral("fp4")}), 2, "fp8");
        row("no model", {QStringLiteral("replay"), trace, QStringLiteral("--accelerator"), QStringLiteral("H100")}, 2,
            "--model");
    }
    void whatCannotWorkSaysWhy()
    {
        QFETCH(QStringList, arguments);
        QFETCH(int, exitCode);
        QFETCH(QByteArray, said);
        const Ran ran = cli(arguments);
        QVERIFY(failedWith(ran, exitCode));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
    }

    void rowsAreWrittenWholeOrNotAtAll()
    {
        const QString trace = m_place.write("whole.csv", azureTrace(50));
        const QString out = m_place.write("kept.csv", "mine");
        const QString bad = m_place.write("half.csv", azureTrace(50) + "soon,1,1\n");
        QVERIFY(failedWith(cli(replay(bad, {QStringLiteral("--requests-out"), out})), 1));
        QFile kept(out);
        QVERIFY(kept.open(QIODevice::ReadOnly));
        QCOMPARE(kept.readAll(), QByteArray("mine"));
        const Ran full = cli(replay(trace, {QStringLiteral("--requests-out"), QStringLiteral("/dev/full")}));
        QVERIFY(failedWith(full, 1));
        QVERIFY(full.err.contains("No space left"));
        QCOMPARE(cli(replay(trace, {QStringLiteral("--requests-out"), out})).exitCode, 0);
        QByteArray header;
        QCOMPARE(readRows(out, header).size(), std::size_t{50});
        QVERIFY(QDir(m_place.folder.path()).entryList({QStringLiteral("*.part")}).isEmpty());
    }

    void nothingServedHasNoLatency()
    {
        const QString trace = m_place.write("nothing.csv", kHeader + "2023-11-16 18:00:01,5,0\n");
        const Json run = document(replay(trace, {QStringLiteral("--json")}));
        QVERIFY(hasKeys(run, {"ttft_seconds"}));
        QCOMPARE(run["rejected"].get<int>(), 1);
        QVERIFY(run["ttft_seconds"]["p50"].is_null() && run["output_tokens_per_second"].is_null());
        QCOMPARE(cli(replay(trace)).exitCode, 0);
    }

    void azureConversationOnFourReplicas()
    {
        ISOBAR_NEED_DATA(trace, "llm_traces/azure_2023/AzureLLMInferenceTrace_conv.csv");
        const Json run =
            document({QStringLiteral("replay"), QString::fromStdString(trace.string()), QStringLiteral("--model"),
                      QStringLiteral("Llama-3.1-70B"), QStringLiteral("--accelerator"), QStringLiteral("H100"),
                      QStringLiteral("--tensor-parallel"), QStringLiteral("4"), QStringLiteral("--replicas"),
                      QStringLiteral("4"), QStringLiteral("--json")});
        QVERIFY(hasKeys(run, {"completed", "wall_seconds"}));
        QCOMPARE(run["completed"].get<int>(), 19'366);
        QCOMPARE(run["rejected"].get<int>(), 0);
    }

    void theBenchmarkReportsItsKeys()
    {
        const Json bench = document({QStringLiteral("bench"), QStringLiteral("replay"), QStringLiteral("--requests"),
                                     QStringLiteral("100000"), QStringLiteral("--threads"), QStringLiteral("2"),
                                     QStringLiteral("--json")});
        QVERIFY(hasKeys(bench, {"name", "wall_seconds", "rate", "rate_unit", "peak_rss_bytes", "replicas", "threads",
                                "simulated_seconds"}));
        QCOMPARE(bench["name"].get<std::string>(), std::string("replay"));
        QCOMPARE(bench["completed"].get<int>(), 100'000);
        QCOMPARE(bench["requests"].get<int>(), 100'000);
        QVERIFY(bench["rate"].get<double>() > 0);
        QCOMPARE(bench["requests_per_second"].get<double>(), bench["rate"].get<double>());
        QVERIFY(bench["events"].get<int>() > 200'000); // an arrival and a finish each
        QVERIFY(near(bench["events_per_second"].get<double>() * bench["ns_per_event"].get<double>(), 1e9));
        QVERIFY(bench["bytes_per_request_in_flight"].get<double>() > 48);
        // At 70 % load the replicas keep up: nobody waits long.
        QVERIFY(bench["mean_ttft_seconds"].get<double>() < 1);
        QVERIFY(bench["mean_in_flight"].get<double>() > 1);
    }
};

QTEST_GUILESS_MAIN(TestCliReplay)
#include "tst_cli_replay.moc"

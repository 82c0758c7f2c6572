// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"

#include <QDir>

#include <functional>
#include <limits>

using namespace isobar;
using namespace isobar::test;

namespace {

const QByteArray kHeader = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

/// One request every second for two minutes, the n-th with n + 1 tokens of prompt.
QByteArray everySecond()
{
    QByteArray out = kHeader;
    for (int i = 0; i < 120; ++i) {
        out += QString::asprintf("2023-11-16 18:%02d:%02d,%d,5\n", i / 60, i % 60, i + 1).toLatin1();
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

QList<QByteArrayList> rowsOf(const QString& path)
{
    QList<QByteArrayList> rows;
    QFile file(path);
    if (file.open(QIODevice::ReadOnly)) {
        file.readLine();
        while (!file.atEnd()) {
            rows << file.readLine().trimmed().split(',');
        }
    }
    return rows;
}

} // namespace

/// What replay takes from the different kinds of traces, and of a part of one; and what it refuses.
class TestCliReplayTraces : public QObject {
    Q_OBJECT

    Workplace m_place;

    QString coefficients(const char* name, const std::function<void(Efficiency&)>& spoil)
    {
        auto all = proto::shippedCalibration();
        for (Efficiency& each : all->efficiencies) {
            spoil(each);
        }
        return m_place.write(name, QByteArray::fromStdString(proto::writeCalibrationText(*all)));
    }

private Q_SLOTS:
    void aPartIsReplayedOnItsOwnClock_data()
    {
        QTest::addColumn<QStringList>("part");
        QTest::addColumn<int>("first");
        QTest::addColumn<int>("count");
        QTest::addColumn<double>("gap");
        const auto words = [](const char* text) { return QString::fromLatin1(text).split(QLatin1Char(' ')); };
        QTest::newRow("its beginning") << words("--for 10s") << 0 << 10 << 1.0;
        QTest::newRow("its end") << words("--from 1m") << 60 << 60 << 1.0;
        QTest::newRow("its middle") << words("--from 30s --for 30s") << 30 << 30 << 1.0;
        QTest::newRow("the first few") << words("--limit 7") << 0 << 7 << 1.0;
        QTest::newRow("the first few of its end") << words("--from 100s --limit 7") << 100 << 7 << 1.0;
        QTest::newRow("at twice the load") << words("--scale 2 --from 0 --for 1m") << 0 << 60 << 0.5;
        QTest::newRow("longer than it is") << words("--for 1d") << 0 << 120 << 1.0;
    }
    void aPartIsReplayedOnItsOwnClock()
    {
        QFETCH(QStringList, part);
        QFETCH(int, first);
        QFETCH(int, count);
        QFETCH(double, gap);
        const QString out = m_place.path("part.csv");
        const Json run =
            document(replay(m_place.write("every.csv", everySecond()),
                            part + QStringList{QStringLiteral("--json"), QStringLiteral("--requests-out"), out}));
        QVERIFY(hasKeys(run, {"requests", "from_seconds", "for_seconds", "load_scale", "notes"}));
        QCOMPARE(run["requests"].get<int>(), count);
        QCOMPARE(run["completed"].get<int>(), count);
        const auto rows = rowsOf(out);
        QCOMPARE(rows.size(), count);
        for (int i = 0; i < count; ++i) {
            QCOMPARE(rows[i][0].toInt(), first + i); // its place in the whole trace
            QCOMPARE(rows[i][1].toDouble(), i * gap);
            QCOMPARE(rows[i][5].toInt(), first + i + 1);
        }
    }

    void notesAreTold()
    {
        const QString clients = m_place.path("clients");
        QVERIFY(QDir().mkpath(clients));
        m_place.write("clients/chunk-0-trace.csv", "0,2,1,Gamma,1,0\n60,3,1,Gamma,1,0\n120,0,0,,,\n");
        const Json run = document(replay(clients, {QStringLiteral("--json")}));
        QVERIFY(hasKeys(run, {"notes"}));
        QCOMPARE(run["notes"].size(), std::size_t{1});
        QVERIFY(run["notes"][0].get<std::string>().find("lengths") != std::string::npos);
        QVERIFY(run["requests"].get<int>() > 100);
        QVERIFY(cli(replay(clients)).out.contains(run["notes"][0].get<std::string>().c_str()));
        const Json plain = document(replay(m_place.write("plain.csv", everySecond()), {QStringLiteral("--json")}));
        QVERIFY(plain["notes"].is_array() && plain["notes"].empty());
    }

    void onlyWholeBlocksArePrefixes()
    {
        // The same 700 tokens again and again: 512 of them are a whole block, whose content the first hash stands for.
        QByteArray lines;
        for (int i = 0; i < 5; ++i) {
            lines += "{\"timestamp\": " + QByteArray::number(20'000 * i) +
                     ", \"input_length\": 700, \"output_length\": 10, \"hash_ids\": [1, 2]}\n";
        }
        const QString trace = m_place.write("same.jsonl", lines);
        const Json run = document(replay(trace, {QStringLiteral("--json"), QStringLiteral("--prefix-cache")}));
        QCOMPARE(run["prefix_hit_tokens"].get<int>(), 4 * 512);
    }

    void runsWithUnfinishedRequests_data()
    {
        QTest::addColumn<bool>("hasArrivals");
        QTest::newRow("by arrival_time") << true;
        QTest::newRow("by queued_ts") << false;
    }
    void runsWithUnfinishedRequests()
    {
        QFETCH(bool, hasArrivals);
        const auto line = [&](int second, const QByteArray& rest) {
            return "{\"input_toks\": 10, \"output_toks\": 5, " +
                   (hasArrivals ? "\"arrival_time\": " + QByteArray::number(1'700'000'000 + second) + ", " : "") +
                   "\"queued_ts\": " + QByteArray::number(100 + second) + rest + "}\n";
        };
        const QString trace = m_place.write(
            "unfinished.jsonl",
            line(0, ", \"scheduled_ts\": 100.5, \"first_token_ts\": 101, \"last_token_ts\": 103") +
                line(2, ", \"scheduled_ts\": 102.5, \"first_token_ts\": 105, \"last_token_ts\": null") +
                line(5, ", \"scheduled_ts\": null, \"first_token_ts\": null, \"last_token_ts\": null") + line(9, ""));
        const QString out = m_place.path("unfinished-rows.csv");
        const Json run = document(replay(trace, {QStringLiteral("--json"), QStringLiteral("--requests-out"), out}));
        QCOMPARE(run["completed"].get<int>(), 4);
        QCOMPARE(run["measured"]["ttft_seconds"]["mean"].get<double>(), 2.0); // (1 + 3) / 2
        QCOMPARE(run["measured"]["e2e_seconds"]["mean"].get<double>(), 3.0);  // of the one that was finished
        QCOMPARE(run["measured"]["queue_seconds"]["mean"].get<double>(), 0.5);
        const auto rows = rowsOf(out);
        QCOMPARE(rows.size(), 4);
        QCOMPARE(rows[3][1].toDouble(), 9.0);
    }

    void storedTracesAreListedAndReplayed()
    {
        const QString mooncake = m_place.write(
            "kept.jsonl",
            "{\"timestamp\": 0, \"input_length\": 512, \"output_length\": 3, \"hash_ids\": [4]}\n"
            "{\"timestamp\": 9000, \"input_length\": 1024, \"output_length\": 3, \"hash_ids\": [4, 5]}\n");
        const QString store = m_place.path("traces.isobar");
        QCOMPARE(cli({QStringLiteral("sample"), store}).exitCode, 0);
        QCOMPARE(cli({QStringLiteral("import"), store, mooncake}).exitCode, 0);
        const Json info = document({QStringLiteral("info"), store, QStringLiteral("--json")});
        QCOMPARE(info["traces"].get<int>(), 1);
        QCOMPARE(info["stored_traces"].size(), std::size_t{1});
        const Json& stored = info["stored_traces"][0];
        QCOMPARE(stored["format"].get<std::string>(), std::string("mooncake"));
        QCOMPARE(stored["requests"].get<int>(), 2);
        QCOMPARE(stored["duration_seconds"].get<double>(), 9.0);
        const QString name = QString::fromStdString(stored["name"].get<std::string>());
        QVERIFY(cli({QStringLiteral("info"), store}).out.contains(name.toUtf8()));
        const Json run = document(
            replay(store + QLatin1Char(':') + name, {QStringLiteral("--json"), QStringLiteral("--prefix-cache")}));
        QCOMPARE(run["completed"].get<int>(), 2);
        QCOMPARE(run["prefix_hit_tokens"].get<int>(), 512);
    }

    void hostileInputIsRefused_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QByteArray>("said");
        const QString good = m_place.write("good.csv", everySecond());
        const auto row = [](const char* name, const QStringList& arguments, int exitCode, const char* said) {
            QTest::newRow(name) << arguments << exitCode << QByteArray(said);
        };
        const auto file = [&](const char* name, const char* called, const QByteArray& bytes, const char* said) {
            row(name, replay(m_place.write(called, bytes)), 1, said);
        };
        file("an empty file", "empty.csv", "", "empty.csv");
        file("only a header", "header.csv", kHeader, "header.csv");
        file("an empty line", "line.jsonl", "\n", "line.jsonl");
        file("a time below zero", "below.jsonl",
             "{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1}\n"
             "{\"timestamp\": -5, \"input_length\": 1, \"output_length\": 1}\n",
             "below.jsonl:2");
        file("a time that never comes", "never.jsonl",
             "{\"timestamp\": 1e300, \"input_length\": 1, \"output_length\": 1}\n", "never.jsonl:1");
        file("more tokens than can be counted", "many.csv", everySecond() + "2023-11-16 18:59:00,99999999999,1\n",
             "many.csv:122");
        file("a server that ran backwards", "back.jsonl",
             "{\"input_toks\": 1, \"output_toks\": 1, \"arrival_time\": 5, \"queued_ts\": 2, \"scheduled_ts\": 1}\n",
             "back.jsonl:1");
        file("a measured time that is none", "word.jsonl",
             "{\"input_toks\": 1, \"output_toks\": 1, \"arrival_time\": 5, \"queued_ts\": \"soon\"}\n", "word.jsonl:1");
        file("two clocks in one file", "clocks.jsonl",
             "{\"input_toks\": 1, \"output_toks\": 1, \"arrival_time\": 5, \"queued_ts\": 2}\n"
             "{\"input_toks\": 1, \"output_toks\": 1, \"queued_ts\": 3}\n",
             "clocks.jsonl:2");
        file("no clock at all", "clockless.jsonl", "{\"input_toks\": 1, \"output_toks\": 1, \"queued_ts\": null}\n",
             "clockless.jsonl:1");
        file("hashes of blocks that are not there", "hashes.jsonl",
             "{\"timestamp\": 0, \"input_length\": 512, \"output_length\": 1, \"hash_ids\": [1, 2]}\n",
             "hashes.jsonl:1");

        const auto part = [&](const char* name, const QStringList& options, int exitCode, const char* said) {
            row(name, replay(good, options), exitCode, said);
        };
        part("a part behind the end", {QStringLiteral("--from"), QStringLiteral("1h")}, 1, "119 s long");
        part("a part of no length", {QStringLiteral("--for"), QStringLiteral("0")}, 2, "--for");
        part("a part from before", {QStringLiteral("--from"), QStringLiteral("-5s")}, 2, "--from");
        part("no load", {QStringLiteral("--scale"), QStringLiteral("0")}, 2, "--scale");
        part("a load that is no number", {QStringLiteral("--scale"), QStringLiteral("nan")}, 2, "--scale");
        part("no requests", {QStringLiteral("--limit"), QStringLiteral("0")}, 2, "--limit");

        const auto spoilt = [&](const char* name, double Efficiency::*member, double value, const char* said) {
            const QByteArray called = QByteArray(QTest::currentTestFunction()) + QByteArray::number(m_spoilt++);
            row(name,
                replay(good, {QStringLiteral("--coefficients"),
                              coefficients(called.constData(), [&](Efficiency& each) { each.*member = value; })}),
                1, said);
        };
        spoilt("iterations that end before they begin", &Efficiency::stepOverheadSeconds, -0.5,
               "step_overhead_seconds");
        spoilt("layers that give time back", &Efficiency::layerOverheadSeconds, -1, "layer_overhead_seconds");
        spoilt("sequences that give time back", &Efficiency::sequenceOverheadSeconds, -1, "sequence_overhead_seconds");
        spoilt("collectives that give time back", &Efficiency::allReduceLatencySeconds, -1,
               "all_reduce_latency_seconds");
        spoilt("a chip that computes backwards", &Efficiency::computeRatio, -0.5, "compute_ratio");
        spoilt("a chip that does not compute", &Efficiency::computeRatio, 0, "compute_ratio");
        spoilt("a chip that reads backwards", &Efficiency::bandwidthRatio, -0.5, "bandwidth_ratio");
        spoilt("overlap that gives time back", &Efficiency::exposedRatio, -3, "exposed_ratio");
        spoilt("a time that is no number", &Efficiency::stepOverheadSeconds, std::numeric_limits<double>::quiet_NaN(),
               "step_overhead_seconds");
        spoilt("a time without end", &Efficiency::stepOverheadSeconds, std::numeric_limits<double>::infinity(),
               "step_overhead_seconds");
    }
    void hostileInputIsRefused()
    {
        QFETCH(QStringList, arguments);
        QFETCH(int, exitCode);
        QFETCH(QByteArray, said);
        const Ran ran = cli(arguments);
        QVERIFY(failedWith(ran, exitCode));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
    }

    void impossibleRequestsAreCounted()
    {
        const QString trace =
            m_place.write("impossible.jsonl", "{\"timestamp\": 3000, \"input_length\": 10, \"output_length\": 10}\n"
                                              "{\"timestamp\": 1000, \"input_length\": 0, \"output_length\": 10}\n"
                                              "{\"timestamp\": 2000, \"input_length\": 10, \"output_length\": 0}\n"
                                              "{\"timestamp\": 2000, \"input_length\": 4000000000, \"output_length\": "
                                              "4000000000}\n");
        for (const char* router : {"round-robin", "random", "least-in-flight", "power-of-two", "power-of-d"}) {
            const Json run =
                document(replay(trace, {QStringLiteral("--json"), QStringLiteral("--replicas"), QStringLiteral("3"),
                                        QStringLiteral("--router"), QString::fromLatin1(router)}));
            QCOMPARE(run["requests"].get<int>(), 4);
            QCOMPARE(run["completed"].get<int>(), 1);
            QCOMPARE(run["rejected_no_tokens"].get<int>(), 2);
            QCOMPARE(run["rejected_too_long"].get<int>(), 1);
            QCOMPARE(run["out_of_order"].get<int>(), 3);
        }
    }

private:
    int m_spoilt = 0;
};

QTEST_GUILESS_MAIN(TestCliReplayTraces)
#include "tst_cli_replay_traces.moc"

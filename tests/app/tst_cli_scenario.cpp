// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <QCryptographicHash>

#include <algorithm>

using namespace isobar;
using namespace isobar::test;

namespace {

const QByteArray kOutage = "# A region goes.\nprobes: 3\n"
                           "faults { kind: REGION region: \"azure/eastus\" at_seconds: 1 duration_seconds: 60 }\n";

QStringList words(const QString& line)
{
    return line.split(QLatin1Char(' '));
}

} // namespace

/// `scenario` keeps, shows, renames and removes; simulate, devices and export take one by name or by file.
class TestCliScenario : public QObject {
    Q_OBJECT

    Workplace m_place;
    QTemporaryDir m_folder;

    QString file(const QString& name, const QByteArray& text)
    {
        const QString path = m_folder.filePath(name);
        QFile out(path);
        return out.open(QIODevice::WriteOnly) && out.write(text) == text.size() ? path : QString();
    }
    QStringList scenario(const QString& verb, const QStringList& more = {})
    {
        return QStringList{QStringLiteral("scenario"), verb, m_place.store} + more;
    }
    Json list() { return document(scenario(QStringLiteral("list"), {QStringLiteral("--json")})); }

private Q_SLOTS:
    void initTestCase() { QVERIFY(m_place.makeStore()); }

    void theSampleBringsItsOwn()
    {
        const Json all = list();
        QVERIFY(hasKeys(all, {"store", "scenarios"}));
        QCOMPARE(all["scenarios"].size(), std::size_t{4});
        for (const Json& one : all["scenarios"]) {
            QVERIFY(hasKeys(one, {"name", "note", "source", "sha256", "created_at", "valid", "does"}));
            QVERIFY(one["valid"].get<bool>());
            QVERIFY(!one["does"].empty());
        }
        QVERIFY(all["scenarios"][0]["name"] == Json("Today"));
        const Json info = document({QStringLiteral("info"), m_place.store, QStringLiteral("--json")});
        QCOMPARE(info["scenarios"].get<int>(), 4);
        QVERIFY(cli(scenario(QStringLiteral("list"))).out.contains("Spot reclaim wave"));
    }

    void oneIsAddedShownRenamedAndRemoved()
    {
        const QString path = file(QStringLiteral("outage.textproto"), kOutage);
        const Json added =
            document(scenario(QStringLiteral("add"), {QStringLiteral("Bad day"), path, QStringLiteral("--json")}));
        QVERIFY(added["note"] == Json("A region goes."));
        QVERIFY(added["source"] == Json(path.toStdString()));
        QCOMPARE(QByteArray::fromStdString(added["sha256"].get<std::string>()),
                 QCryptographicHash::hash(kOutage, QCryptographicHash::Sha256).toHex());
        QCOMPARE(cli(scenario(QStringLiteral("show"), {QStringLiteral("Bad day")})).out, kOutage); // byte for byte
        QVERIFY(failedWith(cli(scenario(QStringLiteral("add"), {QStringLiteral("Bad day"), path})), 1));
        QCOMPARE(cli(scenario(QStringLiteral("add"), {QStringLiteral("Bad day"), path, QStringLiteral("--replace"),
                                                      QStringLiteral("--note"), QStringLiteral("Mine.")}))
                     .exitCode,
                 0);
        QCOMPARE(cli(scenario(QStringLiteral("rename"), {QStringLiteral("Bad day"), QStringLiteral("Worse")})).exitCode,
                 0);
        QVERIFY(list()["scenarios"][4]["name"] == Json("Worse"));
        QVERIFY(list()["scenarios"][4]["note"] == Json("Mine."));
        QVERIFY(
            failedWith(cli(scenario(QStringLiteral("rename"), {QStringLiteral("Worse"), QStringLiteral("Today")})), 1));
        QCOMPARE(cli(scenario(QStringLiteral("remove"), {QStringLiteral("Worse")})).exitCode, 0);
        QCOMPARE(list()["scenarios"].size(), std::size_t{4});
        QVERIFY(failedWith(cli(scenario(QStringLiteral("remove"), {QStringLiteral("Worse")})), 1));
    }

    void nonsenseIsRefusedWithItsLineAndNothingIsKept()
    {
        const Json before = list();
        const QString path =
            file(QStringLiteral("bad.textproto"), "probes: 2\n\npools { pool: \"azure/mars/H100\" }\n");
        const Ran ran = cli(scenario(QStringLiteral("add"), {QStringLiteral("Mars"), path}));
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains(path.toUtf8() + ":3:"));
        QVERIFY(ran.err.contains("azure/mars/H100"));
        for (const QString& name : {QStringLiteral("baseline"), QStringLiteral(" x"), QString(81, QLatin1Char('x'))}) {
            QVERIFY(failedWith(
                cli(scenario(QStringLiteral("add"), {name, file(QStringLiteral("outage.textproto"), kOutage)})), 1));
        }
        QVERIFY(list() == before);
        QVERIFY(failedWith(cli({QStringLiteral("scenario")}), 2));
        QVERIFY(failedWith(cli(scenario(QStringLiteral("add"), {QStringLiteral("x")})), 2));
    }

    void aNameAFileAndNothingRun()
    {
        const QString path = file(QStringLiteral("outage.textproto"), kOutage);
        QCOMPARE(cli(scenario(QStringLiteral("add"), {QStringLiteral("Bad day"), path})).exitCode, 0);
        const QStringList simulate = QStringList{QStringLiteral("simulate"), m_place.store} +
                                     words(QStringLiteral("--for 5s --json --threads 1"));
        const auto run = [&](const QStringList& more) { return document(simulate + more); };
        const Json plain = run({}), named = run({QStringLiteral("--scenario"), QStringLiteral("Bad day")}),
                   filed = run({QStringLiteral("--scenario"), path}),
                   baseline = run({QStringLiteral("--scenario"), QStringLiteral("baseline")});
        QVERIFY(plain["scenario"] == Json("baseline"));
        QVERIFY(named["scenario"] == Json("Bad day"));
        QVERIFY(named["state_hash"] == filed["state_hash"]);
        QVERIFY(plain["state_hash"] == baseline["state_hash"]);
        QVERIFY(named["state_hash"] != plain["state_hash"]);
        const auto broke = [](const Json& events) {
            return std::any_of(events.begin(), events.end(), [](const Json& e) { return e["kind"] == "fault-began"; });
        };
        QVERIFY(broke(named["events"]));
        QVERIFY(!broke(plain["events"]));

        const Ran unknown = cli(simulate + QStringList{QStringLiteral("--scenario"), QStringLiteral("Bad dya")});
        QVERIFY(failedWith(unknown, 1));
        QVERIFY(unknown.err.contains("did you mean Bad day?"));
        // Both a file and a scenario: not guessed.
        QProcess process;
        process.setWorkingDirectory(m_folder.path());
        QVERIFY(!file(QStringLiteral("Bad day"), kOutage).isEmpty());
        process.start(cliPath(), simulate + QStringList{QStringLiteral("--scenario"), QStringLiteral("Bad day")});
        const Ran both = finish(process);
        QVERIFY(failedWith(both, 1));
        QVERIFY(both.err.contains("./Bad day"));
    }

    void aWorkloadMayFollowATraceOfTheStore()
    {
        // 200 requests a second, all alike; nothing else is asked of the fleet.
        constexpr int kInput = 123, kOutput = 7;
        QByteArray rows = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
        for (int i = 0; i < 4000; ++i) {
            rows += QStringLiteral("2026-01-05 12:00:%1.%2,%3,%4\n")
                        .arg(i / 200, 2, 10, QLatin1Char('0'))
                        .arg(i % 200 * 5, 3, 10, QLatin1Char('0'))
                        .arg(kInput)
                        .arg(kOutput)
                        .toUtf8();
        }
        const QString trace = file(QStringLiteral("alike.csv"), rows);
        QCOMPARE(cli({QStringLiteral("import"), m_place.store, trace}).exitCode, 0);
        const Contents store = contents(m_place.store);
        QCOMPARE(store.traces.size(), std::size_t{1});
        const auto following = [&](const std::string& name) {
            return QByteArray::fromStdString("demand_ratio: 0\nworkloads { workload: \"" +
                                             store.fleet->workloads[0].name + "\" trace: \"" + name + "\" }\n");
        };
        const QString path = file(QStringLiteral("traced.textproto"), following(store.traces[0]));
        QCOMPARE(cli(scenario(QStringLiteral("add"), {QStringLiteral("Traced"), path})).exitCode, 0);
        const QStringList simulate =
            QStringList{QStringLiteral("simulate"), m_place.store} + words(QStringLiteral("--for 10s --json"));
        const Json ran = document(simulate + QStringList{QStringLiteral("--scenario"), QStringLiteral("Traced")});
        const auto number = [&ran](const char* key) { return ran.value(key, std::int64_t{-1}); };
        // Each area takes its share of the trace at random: 2,000 in all, give or take 45.
        QVERIFY2(std::abs(number("requests") - 2000) < 200, ran.dump().c_str());
        QVERIFY(number("completed") > 1000);
        QCOMPARE(number("tokens_in"), kInput * number("completed"));
        QCOMPARE(number("tokens_out"), kOutput * number("completed"));
        QCOMPARE(number("requests"), number("completed") + number("rejected") + number("lost") + number("in_flight"));

        const QString gone = file(QStringLiteral("gone.textproto"), following("no such trace"));
        const Ran refused = cli(simulate + QStringList{QStringLiteral("--scenario"), gone});
        QVERIFY(failedWith(refused, 1));
        QVERIFY2(refused.err.contains("no such trace"), refused.err.constData());
        QCOMPARE(cli(scenario(QStringLiteral("remove"), {QStringLiteral("Traced")})).exitCode, 0);
    }

    void devicesAndExportTakeItToo()
    {
        const Json pool =
            document({QStringLiteral("devices"), m_place.store, QStringLiteral("gcp/us-east5/TPU v5p"),
                      QStringLiteral("--for"), QStringLiteral("1s"), QStringLiteral("--settle"), QStringLiteral("0"),
                      QStringLiteral("--scenario"), QStringLiteral("Today"), QStringLiteral("--json")});
        QVERIFY(!pool["slices"].empty());
        const QString csv = m_folder.filePath(QStringLiteral("kpi.csv"));
        const auto exported = [&](const QString& name) {
            const Ran ran = cli({QStringLiteral("export"), m_place.store, QStringLiteral("--view"),
                                 QStringLiteral("map"), QStringLiteral("--format"), QStringLiteral("csv"),
                                 QStringLiteral("--out"), csv, QStringLiteral("--for"), QStringLiteral("3s"),
                                 QStringLiteral("--settle"), QStringLiteral("0"), QStringLiteral("--scenario"), name});
            QFile file(csv);
            return ran.exitCode == 0 && file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const QByteArray plain = exported(QStringLiteral("baseline"));
        QVERIFY(!plain.isEmpty());
        QVERIFY(exported(QStringLiteral("Today")) != plain);
    }

    void recordedRunsBearItsName()
    {
        const Ran ran = cli(QStringList{QStringLiteral("simulate"), m_place.store, QStringLiteral("--scenario"),
                                        QStringLiteral("Region outage")} +
                            words(QStringLiteral("--for 3s --history --json")));
        QCOMPARE(ran.exitCode, 0);
        const auto names = [&] {
            return cli({QStringLiteral("sql"), m_place.store, QStringLiteral("SELECT scenario FROM v_runs"),
                        QStringLiteral("--format"), QStringLiteral("csv")})
                .out;
        };
        QVERIFY(names().contains("Region outage"));
        QCOMPARE(
            cli(scenario(QStringLiteral("rename"), {QStringLiteral("Region outage"), QStringLiteral("East US goes")}))
                .exitCode,
            0);
        QVERIFY(names().contains("East US goes"));
        QCOMPARE(cli(scenario(QStringLiteral("remove"), {QStringLiteral("East US goes")})).exitCode, 0);
        QVERIFY(names().contains("East US goes"));
        QVERIFY(!QByteArray::fromStdString(list().dump()).contains("East US goes"));
    }

    /// It would be found as a run of the baseline, which others are compared with.
    void aFileIsKeptBeforeItIsRecorded()
    {
        const QString file =
            QString::fromStdString((sourceDir() / "docs" / "examples" / "region_outage.textproto").string());
        const auto runs = [this] {
            return cli({QStringLiteral("sql"), m_place.store, QStringLiteral("SELECT count(*) FROM v_runs"),
                        QStringLiteral("--format"), QStringLiteral("csv")})
                .out;
        };
        const QByteArray before = runs();
        const Ran ran = cli(QStringList{QStringLiteral("simulate"), m_place.store, QStringLiteral("--scenario"), file} +
                            words(QStringLiteral("--for 1s --history")));
        QVERIFY(failedWith(ran, 1));
        QVERIFY2(ran.err.contains("scenario add"), ran.err.constData());
        QCOMPARE(runs(), before);
    }
};

QTEST_GUILESS_MAIN(TestCliScenario)
#include "tst_cli_scenario.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <QCryptographicHash>
#include <QtTest>

using namespace isobar::test;

/// What scripts ask of a store itself: its history, SQL, and what is left of a damaged one.
class TestCliStore : public QObject {
    Q_OBJECT

    Workplace m_place;

    static QByteArray hashOf(const QString& path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? QCryptographicHash::hash(file.readAll(), QCryptographicHash::Sha256)
                                              : QByteArray();
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        m_run = document({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), QStringLiteral("65s"),
                          QStringLiteral("--history"), QStringLiteral("--json")});
        QVERIFY(hasKeys(m_run, {"completed", "cost_usd"}));
    }

    void historyTellsWhatWasRecorded()
    {
        const Json history = document({QStringLiteral("history"), m_place.store, QStringLiteral("--json")});
        QVERIFY(hasKeys(history, {"keep_seconds_seconds", "keep_runs", "runs"}));
        QCOMPARE(history["runs"].size(), 1u);
        QCOMPARE(history["runs"][0]["seed"].get<int>(), 42);
        QCOMPARE(history["runs"][0]["seconds"]["end_seconds"].get<double>(), 65.0);
        QCOMPARE(history["runs"][0]["hours"]["end_seconds"].get<double>(), 65.0);
        const Json changed =
            document({QStringLiteral("history"), m_place.store, QStringLiteral("--keep-seconds"), QStringLiteral("2h"),
                      QStringLiteral("--keep-runs"), QStringLiteral("7"), QStringLiteral("--json")});
        QCOMPARE(changed["keep_seconds_seconds"].get<int>(), 7200);
        QCOMPARE(changed["keep_runs"].get<int>(), 7);
        QVERIFY(changed["keep_hours_seconds"] == history["keep_hours_seconds"]);
        QVERIFY(failedWith(
            cli({QStringLiteral("history"), m_place.store, QStringLiteral("--keep-seconds"), QStringLiteral("5s")}),
            1));
    }

    /// The views say what the simulation said.
    void sqlAgreesWithSimulate()
    {
        const Json answer =
            document({QStringLiteral("sql"), m_place.store,
                      QStringLiteral("SELECT (SELECT sum(completed) FROM v_requests_daily) AS completed, "
                                     "(SELECT sum(cost_usd) FROM v_cost_daily) AS usd"),
                      QStringLiteral("--format"), QStringLiteral("json")});
        QVERIFY(hasKeys(answer, {"columns", "rows", "truncated", "wall_seconds"}));
        QCOMPARE(answer["rows"][0]["completed"].get<std::int64_t>(), m_run["completed"].get<std::int64_t>());
        const double usd = m_run["cost_usd"].get<double>();
        QVERIFY(std::abs(answer["rows"][0]["usd"].get<double>() - usd) < 1e-6 * usd);
    }

    void sqlPrintsTables()
    {
        const Ran csv =
            cli({QStringLiteral("sql"), m_place.store, QStringLiteral("SELECT 1 AS a, 'x,\"y' AS b, NULL AS c"),
                 QStringLiteral("--format"), QStringLiteral("csv")});
        QCOMPARE(csv.exitCode, 0);
        QCOMPARE(csv.out, QByteArray("a,b,c\r\n1,\"x,\"\"y\",\r\n"));
        const Ran table = cli({QStringLiteral("sql"), m_place.store, QStringLiteral("VALUES('ä', 1), ('b', 22)"),
                               QStringLiteral("--limit"), QStringLiteral("1")});
        QCOMPARE(table.exitCode, 0);
        QVERIFY(table.out.contains("1 row in "));
        QVERIFY(table.out.contains("there are more"));
        const Json twins =
            document({QStringLiteral("sql"), m_place.store, QStringLiteral("SELECT 1 AS a, 2 AS a, 3 AS b"),
                      QStringLiteral("--format"), QStringLiteral("json")});
        QCOMPARE(twins["rows"].dump(), std::string(R"([{"a":1,"a:1":2,"b":3}])"));
        QCOMPARE(twins["columns"].dump(), std::string(R"(["a","a:1","b"])"));
    }

    void sqlRefuses_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::newRow("a write") << QStringLiteral("DELETE FROM placements");
        QTest::newRow("nonsense") << QStringLiteral("SELEKT");
        QTest::newRow("for ever") << QStringLiteral(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
    }
    void sqlRefuses()
    {
        QFETCH(QString, sql);
        const Contents before = contents(m_place.store);
        QVERIFY(failedWith(
            cli({QStringLiteral("sql"), m_place.store, sql, QStringLiteral("--timeout"), QStringLiteral("0.5")}), 1));
        QVERIFY(before.readable && contents(m_place.store) == before);
    }

    void repairSavesWhatItCan()
    {
        QFile sound(m_place.store);
        QVERIFY(sound.open(QIODevice::ReadOnly));
        QByteArray bytes = sound.readAll();
        QVERIFY(bytes.size() > 60 * 4096);
        bytes.replace(50 * 4096, 4096, QByteArray(4096, '\x5a'));
        const QString damaged = m_place.write("damaged.db", bytes), saved = m_place.path("saved.db");
        const QByteArray before = hashOf(damaged);
        const Json report =
            document({QStringLiteral("repair"), damaged, QStringLiteral("--out"), saved, QStringLiteral("--json")});
        QVERIFY(hasKeys(report, {"complete", "rows_saved", "tables", "schema_was_damaged"}));
        QVERIFY(report["rows_saved"].get<int>() > 1000);
        QCOMPARE(hashOf(damaged), before);
        QCOMPARE(cli({QStringLiteral("info"), saved}).exitCode, 0);
        // Never over something that is there.
        QVERIFY(failedWith(cli({QStringLiteral("repair"), damaged, QStringLiteral("--out"), saved}), 1));
    }

private:
    Json m_run;
};

QTEST_GUILESS_MAIN(TestCliStore)
#include "tst_cli_store.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"
#include "model/report/table_writer.h"
#include "model/store/history.h"
#include "tests/app/cli_run.h"

using namespace isobar;
using namespace isobar::test;
using query::Dimension;
using query::Measure;

namespace {

constexpr aggregate::SimMicros kSecond = aggregate::kMicrosPerSecond;

} // namespace

/// The command asks the question that the window asks, of what the store remembers.
class TestCliQuery : public QObject {
    Q_OBJECT

    Workplace m_place;
    store::RecordedHistory m_first, m_second;

    Ran ask(const QString& words) const
    {
        return cli(QStringList{QStringLiteral("query"), m_place.store} + words.split(QLatin1Char(' ')));
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        for (const char* seed : {"1", "2"}) {
            QVERIFY(document({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), QStringLiteral("40s"),
                              QStringLiteral("--seed"), QLatin1String(seed), QStringLiteral("--history"),
                              QStringLiteral("--json")})
                        .is_object());
        }
        const auto store = store::Store::open(m_place.store.toStdString());
        QVERIFY(store.ok());
        m_first = store::readHistory(*store, 1, 0, 40 * kSecond).value();
        m_second = store::readHistory(*store, 2, 0, 40 * kSecond).value();
        QVERIFY(!m_first.intervals.empty() && !m_second.intervals.empty());
    }

    void printsWhatTheQueryAnswers_data()
    {
        QTest::addColumn<QString>("words");
        QTest::addColumn<int>("which");
        const auto row = [](const char* name, int which, const char* words) {
            QTest::newRow(name) << QString::fromLatin1(words) << which;
        };
        row("all of the last run", 0, "--measure requests,utilization_ratio --measure ttft_p95_seconds");
        row("split and filtered", 1,
            "--measure spend_usd --by provider,use --where provider=azure --where provider=gcp --run 1");
        row("compared with the previous period", 2,
            "--measure tokens_per_second --by model,time --bucket 5s --from 20s --to 40s --compare previous --run 1");
        row("compared with another run", 3, "--measure requests,slo_attainment_ratio --by region --compare run:1");
        row("compared with another run, by its number", 3,
            "--measure requests,slo_attainment_ratio --by region --compare 1");
        row("compared with the baseline: the other run", 3,
            "--measure requests,slo_attainment_ratio --by region --compare baseline");
        row("the top, with the rest", 4,
            "--measure requests,ttft_p50_seconds --by model --top 2 --top-by output_tokens");
        row("filled, by a clock", 5,
            "--measure completed --by time,workload --bucket 10s --fill --tz Europe/Berlin --from 0 --to 60s --run 1");
    }
    void printsWhatTheQueryAnswers()
    {
        QFETCH(QString, words);
        QFETCH(int, which);
        query::Query q;
        q.to = 40 * kSecond;
        q.bucketMicros = 5 * kSecond;
        const auto* run = &m_second;
        switch (which) {
        case 0:
            q.measures = {Measure::Requests, Measure::Utilization, Measure::TtftP95};
            break;
        case 1:
            q.measures = {Measure::SpendUsd};
            q.by = {Dimension::Provider, Dimension::Use};
            q.where = {{Dimension::Provider, {"azure", "gcp"}}};
            run = &m_first;
            break;
        case 2:
            q.measures = {Measure::TokensPerSecond};
            q.by = {Dimension::Model, Dimension::Time};
            q.from = 20 * kSecond;
            q.compare = query::Compare::PreviousPeriod;
            run = &m_first;
            break;
        case 3:
            q.measures = {Measure::Requests, Measure::SloAttainment};
            q.by = {Dimension::Region};
            q.compare = query::Compare::Other;
            break;
        case 4:
            q.measures = {Measure::Requests, Measure::TtftP50};
            q.by = {Dimension::Model};
            q.top = 2;
            q.topBy = Measure::OutputTokens;
            break;
        default:
            q.measures = {Measure::Completed};
            q.by = {Dimension::Time, Dimension::Workload};
            q.bucketMicros = 10 * kSecond;
            q.fill = true;
            q.zone = "Europe/Berlin";
            q.to = 60 * kSecond;
            run = &m_first;
        }
        const auto table = query::run(q, *run->fleet, run->intervals, {*m_first.fleet, m_first.intervals});
        QVERIFY(table.ok());
        QVERIFY(!table->rows.empty());
        const Ran csv = ask(words + QStringLiteral(" --format csv"));
        QVERIFY2(csv.exitCode == 0 && csv.err.isEmpty(), csv.err.constData());
        QCOMPARE(csv.out.toStdString(), report::toCsv(*table));
        const Ran json = ask(words + QStringLiteral(" --format json"));
        QCOMPARE(json.out.toStdString(), report::toJson(*table));
        const Ran text = ask(words);
        QCOMPARE(text.exitCode, 0);
        QCOMPARE(text.out.count('\n'), qsizetype(table->rows.size()) + 2);
    }

    void takesTimesByTheClock()
    {
        const QString start = QString::fromStdString(m_first.fleet->startTimeUtc);
        const Ran clock = ask(QStringLiteral("--measure requests --format csv --from %1").arg(start));
        const Ran plain = ask(QStringLiteral("--measure requests --format csv"));
        QCOMPARE(clock.exitCode, 0);
        QCOMPARE(clock.out, plain.out);
    }

    void saysWhatThereIs_data()
    {
        QTest::addColumn<QString>("words");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QByteArray>("said");
        const auto row = [](const char* name, const char* words, int exitCode, const char* said) {
            QTest::newRow(name) << QString::fromLatin1(words) << exitCode << QByteArray(said);
        };
        row("measure", "--measure spend", 2, "spend_usd");
        row("dimension", "--measure requests --by cloud", 2, "provider");
        row("filter", "--measure requests --where azure", 2, "DIMENSION=VALUE");
        row("value", "--measure requests --where provider=azzure", 1, "azure");
        row("split", "--measure spend_usd --by tier", 1, "chips and money belong to placements");
        row("run", "--measure requests --run 9", 1, "there are: 1, 2");
        row("other run", "--measure requests --compare run:9", 1, "there are: 1, 2");
        row("comparison", "--measure requests --compare last", 2, "previous, baseline");
        row("run nought", "--measure requests --compare run:0", 2, "previous, baseline");
        row("range", "--measure requests --from 5m", 1, "0 s to 40 s");
        row("time", "--measure requests --from noon", 1, "2026-11-22T14:00");
        row("zone", "--measure requests --by time --tz berlin", 1, "Europe/Berlin");
        row("nothing before", "--measure requests --compare previous", 1, "0 s to 40 s");
    }
    void saysWhatThereIs()
    {
        QFETCH(QString, words);
        QFETCH(int, exitCode);
        QFETCH(QByteArray, said);
        const Ran ran = ask(words);
        QVERIFY(failedWith(ran, exitCode));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
        const QByteArray offending = '\'' + words.mid(words.lastIndexOf(QLatin1Char(' ')) + 1).toUtf8() + '\'';
        QVERIFY2(ran.err.count(offending) <= 1, ran.err.constData()); // nothing is said twice
    }

    void tablesAreForReading()
    {
        const Ran ran = ask(QStringLiteral("--measure spend_usd_per_day,utilization_ratio --run 1"));
        QCOMPARE(ran.exitCode, 0);
        QVERIFY2(!ran.out.contains("e+"), ran.out.constData());
        QVERIFY2(ran.out.contains("1 row, 0 s to 40 s\n"), ran.out.constData());
    }

    void aRunThatEndedBefore()
    {
        const Workplace place;
        QVERIFY(place.makeStore());
        const auto query = [&place](const QStringList& more) {
            return cli(QStringList{QStringLiteral("query"), place.store, QStringLiteral("--measure"),
                                   QStringLiteral("requests"), QStringLiteral("--compare")} +
                       more);
        };
        for (const char* length : {"2s", "5s"}) {
            QCOMPARE(cli({QStringLiteral("simulate"), place.store, QStringLiteral("--for"), QLatin1String(length),
                          QStringLiteral("--history")})
                         .exitCode,
                     0);
            if (length[0] == '2') {
                const Ran alone = query({QStringLiteral("baseline")}); // it is the only one, and no other than itself
                QVERIFY(failedWith(alone, 1));
                QVERIFY2(alone.err.contains("no other run of the baseline"), alone.err.constData());
            }
        }
        QCOMPARE(query({QStringLiteral("baseline")}).exitCode, 0);
        const Ran ran = query({QStringLiteral("1"), QStringLiteral("--from"), QStringLiteral("3s")});
        QVERIFY(failedWith(ran, 1));
        QVERIFY2(ran.err.contains("run 1 has nothing from 3 s to 5 s"), ran.err.constData());
    }

    void aStoreWithoutARun()
    {
        const Workplace empty;
        QVERIFY(empty.makeStore());
        const Ran ran =
            cli({QStringLiteral("query"), empty.store, QStringLiteral("--measure"), QStringLiteral("requests")});
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains("--history"));
    }
};

QTEST_GUILESS_MAIN(TestCliQuery)
#include "tst_cli_query.moc"

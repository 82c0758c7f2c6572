// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/store.h"
#include "ui/dashboard/kpi_targets.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace isobar;
using namespace isobar::ui;

using Standing = KpiData::Standing;

namespace {
enum Figures : std::size_t { kSpend, kPerMillion, kSlo, kUtilization, kHeadroom, kCarbon };
} // namespace

/// What key figures should reach: kept, judged, said.
class TestKpiTargets : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsKeptIsReadAgain()
    {
        KpiTargets targets;
        QVERIFY(*targetsFromJson(targetsToJson(targets)) == targets); // all cleared is not the same as never set
        targets[kSpend] = KpiTarget{14.25e6, false};
        targets[kSlo] = KpiTarget{0.999, true};
        targets[kCarbon] = KpiTarget{9e8, false};
        QVERIFY(*targetsFromJson(targetsToJson(targets)) == targets);
        QVERIFY(usualTargets()[kSlo] == (KpiTarget{0.95, true}));
    }

    void aStoreKeepsThem()
    {
        QTemporaryDir folder;
        auto store = store::Store::create(folder.filePath(QStringLiteral("a.db")).toStdString());
        QVERIFY(store.ok());
        QVERIFY(*storedTargets(*store) == usualTargets());
        QVERIFY(store->setSetting(kTargetsKey, targetsToJson({}).toStdString()).ok());
        QVERIFY(*storedTargets(*store) == KpiTargets());
        QVERIFY(store->setSetting(kTargetsKey, "{nonsense").ok());
        QVERIFY(!storedTargets(*store).ok());
    }

    void whatIsBrokenIsSaid_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("cut") << targetsToJson(usualTargets()).chopped(5);
        QTest::newRow("newer") << QByteArray(R"({"schema": 2, "targets": []})");
        QTest::newRow("no value")
            << QByteArray(R"({"schema": 1, "targets": [{"figure": "NAME"}]})").replace("NAME", nameOf(kUtilization));
        QTest::newRow("words") << QByteArray(R"({"schema": 1, "targets": [{"figure": "NAME", "at_least": "much"}]})")
                                      .replace("NAME", nameOf(kSlo));
        QTest::newRow("negative") << QByteArray(R"({"schema": 1, "targets": [{"figure": "NAME", "at_most": -1}]})")
                                         .replace("NAME", nameOf(kSpend));
    }
    void whatIsBrokenIsSaid()
    {
        QFETCH(QByteArray, json);
        const auto read = targetsFromJson(json);
        QVERIFY(!read.ok());
        QVERIFY(QString::fromStdString(read.error().toString()).contains(QStringLiteral("targets of key figures")));
    }

    void aFigureOfANewerVersionIsLeftOut()
    {
        const auto read = targetsFromJson(R"({"schema": 1, "targets": [{"figure": "happiness", "at_least": 1}]})");
        QVERIFY(read.ok());
        QVERIFY(*read == KpiTargets());
    }

    void standsToItsTarget_data()
    {
        QTest::addColumn<int>("figure");
        QTest::addColumn<double>("target");
        QTest::addColumn<bool>("atLeast");
        QTest::addColumn<double>("value");
        QTest::addColumn<int>("expected");
        const auto row = [](const char* name, std::size_t figure, double target, bool atLeast, double value,
                            Standing expected) {
            QTest::newRow(name) << static_cast<int>(figure) << target << atLeast << value << static_cast<int>(expected);
        };
        row("well above", kSlo, 0.95, true, 0.97, Standing::Met);
        row("a little above", kSlo, 0.95, true, 0.951, Standing::Near);
        row("a little below", kSlo, 0.95, true, 0.948, Standing::Near);
        row("well below", kSlo, 0.95, true, 0.94, Standing::Missed);
        row("three nines leave little room", kSlo, 0.999, true, 0.9987, Standing::Missed);
        row("all, and all of it", kSlo, 1, true, 1, Standing::Met);
        row("cheap enough", kSpend, 14e6, false, 13e6, Standing::Met);
        row("at its budget", kSpend, 14e6, false, 14.1e6, Standing::Near);
        row("too dear", kSpend, 14e6, false, 15e6, Standing::Missed);
        row("unknown", kCarbon, 1e9, false, NAN, Standing::None);
    }
    void standsToItsTarget()
    {
        QFETCH(int, figure);
        QFETCH(double, target);
        QFETCH(bool, atLeast);
        QFETCH(double, value);
        QFETCH(int, expected);
        QCOMPARE(static_cast<int>(standingOf(static_cast<std::size_t>(figure), value, {target, atLeast})), expected);
    }

    /// 94.8 to 95.1 % against 95 %: one state, whatever the sample.
    void hoveringAboutATargetIsOneState()
    {
        const KpiTarget target{0.95, true};
        for (int i = 0; i <= 30; ++i) {
            QVERIFY(standingOf(kSlo, 0.948 + i * 1e-4, target) == Standing::Near);
        }
    }

    void saysItselfInTheUnitOfTheFigure()
    {
        QCOMPARE(targetWords(kSlo, {0.95, true}), QStringLiteral("at least 95 %"));
        QCOMPARE(targetSign(kSlo, {0.999, true}), QStringLiteral("≥ 99.9 %"));
        QCOMPARE(targetSign(kSpend, {14.25e6, false}), QStringLiteral("≤ $14.25 M / day"));
        QCOMPARE(targetSign(kSpend, {52'500, false}), QStringLiteral("≤ $52.5 k / day"));
        QCOMPARE(targetSign(kPerMillion, {0.9, false}), QStringLiteral("≤ $0.9 / Mtok"));
        QCOMPARE(targetSign(kCarbon, {1.1e9, false}), QStringLiteral("≤ 1,100 tCO₂e / day"));
        QCOMPARE(nearBandWords(kSlo, {0.95, true}), QStringLiteral("0.5 pt"));
        // What is typed is what is meant.
        for (std::size_t figure = 0; figure < kKpiCount; ++figure) {
            const TargetField field = targetField(figure, 0.5);
            QVERIFY(field.factor > 0 && field.most > 0);
        }
        QCOMPARE(targetField(kSpend, 13e6).factor, 1e6);
        QCOMPARE(targetField(kHeadroom, 0.4).factor, 0.01);
    }

private:
    static QByteArray nameOf(std::size_t figure)
    {
        const std::string_view name = query::info(kpiRules()[figure].measure).name;
        return QByteArray(name.data(), static_cast<qsizetype>(name.size()));
    }
};

QTEST_GUILESS_MAIN(TestKpiTargets)
#include "tst_kpi_targets.moc"

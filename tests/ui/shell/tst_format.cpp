// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/format.h"

#include <QTest>

#include <limits>

using namespace isobar::ui;

/// Figures for people: grouped, signed, scaled, never more than they mean.
class TestFormat : public QObject {
    Q_OBJECT

    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    static constexpr double kInf = std::numeric_limits<double>::infinity();

private Q_SLOTS:
    void groups_data()
    {
        QTest::addColumn<double>("value");
        QTest::addColumn<int>("decimals");
        QTest::addColumn<QString>("expected");
        QTest::newRow("zero") << 0.0 << 0 << QStringLiteral("0");
        QTest::newRow("three digits") << 999.0 << 0 << QStringLiteral("999");
        QTest::newRow("thousands") << 251300.0 << 0 << QStringLiteral("251,300");
        QTest::newRow("millions with decimals") << 1234567.891 << 2 << QStringLiteral("1,234,567.89");
        QTest::newRow("real minus") << -1234.5 << 1 << QStringLiteral("−1,234.5");
        QTest::newRow("negative that rounds to zero") << -0.001 << 2 << QStringLiteral("0.00");
        QTest::newRow("negative zero") << -0.0 << 1 << QStringLiteral("0.0");
        QTest::newRow("not a number") << kNaN << 2 << QStringLiteral("–");
        QTest::newRow("infinite") << kInf << 0 << QStringLiteral("–");
    }
    void groups()
    {
        QFETCH(double, value);
        QFETCH(int, decimals);
        QTEST(grouped(value, decimals), "expected");
    }

    void compacts_data()
    {
        QTest::addColumn<double>("value");
        QTest::addColumn<QString>("expected");
        QTest::newRow("zero") << 0.0 << QStringLiteral("0.00");
        QTest::newRow("small") << 1.874 << QStringLiteral("1.87");
        QTest::newRow("hundreds") << 146.24 << QStringLiteral("146.2");
        QTest::newRow("just below a thousand") << 999.94 << QStringLiteral("999.9");
        QTest::newRow("rounds up to a thousand") << 999.96 << QStringLiteral("1.00 k");
        QTest::newRow("thousand") << 1000.0 << QStringLiteral("1.00 k");
        QTest::newRow("just below a million") << 999'940.0 << QStringLiteral("999.9 k");
        QTest::newRow("rounds up to a million") << 999'950.0 << QStringLiteral("1.00 M");
        QTest::newRow("rounds up to a billion") << 999'960'000.0 << QStringLiteral("1.00 B");
        QTest::newRow("trillions") << 2.5e15 << QStringLiteral("2,500 T");
        QTest::newRow("negative") << -1.92e6 << QStringLiteral("−1.92 M");
        QTest::newRow("nearly nothing, negative") << -0.0004 << QStringLiteral("0.00");
        QTest::newRow("not a number") << kNaN << QStringLiteral("–");
        QTest::newRow("infinite") << -kInf << QStringLiteral("–");
    }
    void compacts()
    {
        QFETCH(double, value);
        QTEST(compact(value).joined(), "expected");
    }

    void money()
    {
        QCOMPARE(dollarsPerDay(14.62e6).value, QStringLiteral("$14.62"));
        QCOMPARE(dollarsPerDay(14.62e6).unit, QStringLiteral("M / day"));
        QCOMPARE(dollarsPerDay(12).joined(), QStringLiteral("$12.00 / day"));
        QCOMPARE(dollars(1.87).joined(), QStringLiteral("$1.87"));
        QCOMPARE(dollars(-2.5e9).joined(), QStringLiteral("−$2.50 B"));
        QCOMPARE(dollars(-0.001).joined(), QStringLiteral("$0.00"));
        QCOMPARE(dollars(kNaN).joined(), QStringLiteral("–"));
        QCOMPARE(dollarsPerDay(kNaN).joined(), QStringLiteral("–"));
    }

    void durations_data()
    {
        QTest::addColumn<double>("value");
        QTest::addColumn<QString>("expected");
        QTest::newRow("nothing") << 0.0 << QStringLiteral("0.0 ms");
        QTest::newRow("milliseconds") << 0.310 << QStringLiteral("310 ms");
        QTest::newRow("short") << 0.0123 << QStringLiteral("12.3 ms");
        QTest::newRow("just below a second") << 0.9994 << QStringLiteral("999 ms");
        QTest::newRow("rounds up to a second") << 0.9996 << QStringLiteral("1.00 s");
        QTest::newRow("seconds") << 1.25 << QStringLiteral("1.25 s");
        QTest::newRow("minutes") << 318.0 << QStringLiteral("5.3 min");
        QTest::newRow("hours") << 9000.0 << QStringLiteral("2.5 h");
        QTest::newRow("not a number") << kNaN << QStringLiteral("–");
    }
    void durations()
    {
        QFETCH(double, value);
        QTEST(seconds(value).joined(), "expected");
    }

    void quantities()
    {
        QCOMPARE(percent(0.9931, 2).joined(), QStringLiteral("99.31 %"));
        QCOMPARE(percent(kNaN, 2).joined(), QStringLiteral("–"));
        QCOMPARE(count(251299.6).joined(), QStringLiteral("251,300"));
        QCOMPARE(tonnesPerDay(1.284e9).joined(), QStringLiteral("1,284 tCO₂e / day"));
        QCOMPARE(tonnesPerDay(kNaN).joined(), QStringLiteral("–"));
        QCOMPARE(watts(212.4e6).joined(), QStringLiteral("212.4 MW"));
        QCOMPARE(watts(999'949).joined(), QStringLiteral("999.9 kW"));
        QCOMPARE(watts(999'951).joined(), QStringLiteral("1.00 MW"));
        QCOMPARE(watts(kNaN).joined(), QStringLiteral("–"));
    }

    void changes()
    {
        QCOMPARE(signedPercent(0.021), QStringLiteral("+2.1 %"));
        QCOMPARE(signedPercent(-0.021), QStringLiteral("−2.1 %"));
        QCOMPARE(signedPercent(0.0004), QStringLiteral("no change"));
        QCOMPARE(signedPercent(0.00051), QStringLiteral("+0.1 %"));
        QCOMPARE(signedPoints(-0.0022), QStringLiteral("−0.22 pt"));
        QCOMPARE(signedPoints(0), QStringLiteral("no change"));
        QCOMPARE(signedPercent(kNaN), QStringLiteral("–"));
        QCOMPARE(signedPercent(kInf), QStringLiteral("–"));
    }
};

QTEST_APPLESS_MAIN(TestFormat)
#include "tst_format.moc"

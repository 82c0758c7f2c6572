// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/distribution.h"

#include <QTest>
#include <cmath>
#include <random>

using isobar::aggregate::Distribution;
using isobar::aggregate::Sketch;

class TestDistribution : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingIsUndefined()
    {
        const auto summary = Distribution().summarize();
        QCOMPARE(summary.count, 0);
        QVERIFY(std::isnan(summary.mean) && std::isnan(summary.p50) && std::isnan(summary.p99));
    }

    void nearestRanksOfAHundred()
    {
        Distribution hundred;
        for (int i = 100; i >= 1; --i) {
            hundred.add(i);
        }
        const auto summary = hundred.summarize();
        QCOMPARE(summary.count, 100);
        QCOMPARE(summary.mean, 50.5);
        QCOMPARE(summary.p50, 50.0);
        QCOMPARE(summary.p90, 90.0);
        QCOMPARE(summary.p95, 95.0);
        QCOMPARE(summary.p99, 99.0);
        QVERIFY(summary.exact);
    }

    void oneValueIsEveryQuantile()
    {
        Distribution one;
        one.add(0.25);
        const auto summary = one.summarize();
        QCOMPARE(summary.p50, 0.25);
        QCOMPARE(summary.p99, 0.25);
    }

    void tooManyValuesBecomeASketch()
    {
        // Uniform in (0, 10]: quantiles are known.
        Distribution many;
        const auto count = static_cast<std::int64_t>(Distribution::kExactValues) + 1000;
        for (std::int64_t i = 1; i <= count; ++i) {
            many.add(10.0 * double(i) / double(count));
        }
        const auto summary = many.summarize();
        QVERIFY(!summary.exact);
        QCOMPARE(summary.count, count);
        QVERIFY(std::abs(summary.mean - 5) < 1e-5);
        QVERIFY(std::abs(summary.p50 / 5 - 1) <= Sketch::kRelativeError);
        QVERIFY(std::abs(summary.p99 / 9.9 - 1) <= Sketch::kRelativeError);
    }
};

QTEST_APPLESS_MAIN(TestDistribution)
#include "tst_distribution.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/interval.h"

#include <QTest>
#include <algorithm>
#include <random>

using namespace isobar::aggregate;

namespace {

/// The definition, on the values themselves.
double exactQuantile(std::vector<double> values, double q)
{
    std::sort(values.begin(), values.end());
    const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * double(values.size()) - 1e-9)));
    return values[rank - 1];
}

Sketch sketchOf(const std::vector<double>& values)
{
    Sketch sketch;
    for (const double v : values) {
        sketch.add(v);
    }
    return sketch;
}

bool same(const Sketch& a, const Sketch& b)
{
    for (std::size_t i = 0; i < Sketch::kBuckets; ++i) {
        if (a.bucketCount(i) != b.bucketCount(i)) {
            return false;
        }
    }
    return a.count() == b.count();
}

} // namespace

class TestSketch : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyValueIsWithinTheErrorOfItsBucket()
    {
        for (double seconds = Sketch::kMinimumSeconds; seconds < 5000; seconds *= 1.0007) {
            const double shown = Sketch::valueOf(Sketch::bucketOf(seconds));
            QVERIFY2(std::abs(shown - seconds) <= Sketch::kRelativeError * seconds * (1 + 1e-9),
                     qPrintable(QStringLiteral("%1 shown as %2").arg(seconds).arg(shown)));
        }
    }

    void bucketsOfTheirOwnValues()
    {
        for (std::size_t bucket = 1; bucket < Sketch::kBuckets; ++bucket) {
            QCOMPARE(Sketch::bucketOf(Sketch::valueOf(bucket)), bucket);
        }
        // The rule itself, from the definition of gamma: catches a wrong constant in the header.
        for (const int power : {1, 100, 400}) {
            const double middle = Sketch::kMinimumSeconds * std::pow(Sketch::kGamma, power - 0.5);
            QCOMPARE(Sketch::bucketOf(middle), std::size_t(power));
        }
    }

    void outOfRangeValuesAreKeptAtTheEnds()
    {
        for (const double tiny : {0.0, -1.0, 1e-9, std::nan("")}) {
            QCOMPARE(Sketch::bucketOf(tiny), std::size_t{0});
        }
        QCOMPARE(Sketch::bucketOf(1e12), Sketch::kBuckets - 1);
        QCOMPARE(Sketch::bucketOf(INFINITY), Sketch::kBuckets - 1);
    }

    void quantilesAgainstTheSortedValues_data()
    {
        QTest::addColumn<int>("count");
        QTest::newRow("one value") << 1;
        QTest::newRow("two values") << 2;
        QTest::newRow("a hundred") << 100;
        QTest::newRow("ten thousand") << 10'000;
    }
    void quantilesAgainstTheSortedValues()
    {
        QFETCH(int, count);
        std::mt19937_64 random(7);
        std::lognormal_distribution<double> durations(-1.0, 1.5);
        std::vector<double> values(static_cast<std::size_t>(count));
        std::generate(values.begin(), values.end(), [&] { return std::max(2e-4, durations(random)); });
        const Sketch sketch = sketchOf(values);
        for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0}) {
            const double exact = exactQuantile(values, q);
            QVERIFY(std::abs(sketch.quantile(q) - exact) <= Sketch::kRelativeError * exact * (1 + 1e-9));
        }
    }

    void anEmptySketchHasNoQuantile() { QVERIFY(std::isnan(Sketch().quantile(0.5))); }

    void mergingIsAddingInAnyOrder()
    {
        std::mt19937_64 random(11);
        std::vector<std::vector<double>> parts(5);
        std::vector<double> all;
        for (auto& part : parts) {
            for (int i = 0; i < 300; ++i) {
                part.push_back(std::exp(std::normal_distribution<double>(-2, 2)(random)));
            }
            all.insert(all.end(), part.begin(), part.end());
        }
        const Sketch expected = sketchOf(all);
        for (int round = 0; round < 10; ++round) {
            std::shuffle(parts.begin(), parts.end(), random);
            Sketch merged;
            SparseSketch sparse;
            for (const auto& part : parts) {
                merged.merge(sketchOf(part));
                sparse.merge(SparseSketch::of(sketchOf(part)));
            }
            QVERIFY(same(merged, expected));
            QVERIFY(sparse == SparseSketch::of(expected));
            QCOMPARE(sparse.count(), expected.count());
        }
    }

    void sparseGoesThereAndBack_data()
    {
        QTest::addColumn<QList<qint64>>("pairs");
        QTest::newRow("empty") << QList<qint64>{};
        QTest::newRow("first bucket") << QList<qint64>{0, 1};
        QTest::newRow("last bucket") << QList<qint64>{447, 3};
        QTest::newRow("counts over a byte") << QList<qint64>{0, 127, 1, 128, 200, 70'000, 447, 4'294'967'295};
    }
    void sparseGoesThereAndBack()
    {
        QFETCH(QList<qint64>, pairs);
        std::vector<SparseSketch::Bucket> buckets;
        Sketch dense;
        for (int i = 0; i < pairs.size(); i += 2) {
            buckets.push_back({static_cast<std::uint16_t>(pairs[i]), static_cast<std::uint32_t>(pairs[i + 1])});
            dense.addToBucket(static_cast<std::size_t>(pairs[i]), pairs[i + 1]);
        }
        const SparseSketch sparse(buckets);
        QVERIFY(sparse.buckets() == buckets);
        QVERIFY(SparseSketch::of(dense) == sparse);
        Sketch back;
        sparse.addTo(back);
        QVERIFY(same(back, dense));
    }
};

QTEST_APPLESS_MAIN(TestSketch)
#include "tst_sketch.moc"

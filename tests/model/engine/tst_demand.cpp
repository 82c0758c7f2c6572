// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/demand_source.h"

#include <QTest>
#include <numeric>

using namespace isobar;
using namespace isobar::engine;

namespace {

Workload steadyWorkload(double rate, double burstiness)
{
    Workload w;
    w.name = "test";
    w.meanRequestsPerSecond = rate;
    w.burstiness = burstiness;
    return w;
}

DemandSource sourceOf(const Workload& workload, std::uint64_t seed, double startHour = 0)
{
    const auto table = std::make_shared<const LengthTable>(LengthDistribution{100, 1, 1000});
    DemandSource source(workload, WorkloadId(std::size_t{0}), AreaId(std::size_t{0}), 1, startHour, Random(seed, 1, 0),
                        table, table);
    source.addCandidate(0, 0, 0);
    return source;
}

const std::vector<ReportedLoad> kOneFree{{0, 10, 0}};

} // namespace

class TestDemand : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void lengthsFollowTheirDistribution_data()
    {
        QTest::addColumn<double>("mean");
        QTest::addColumn<double>("cv");
        QTest::addColumn<int>("maximum");
        QTest::newRow("all alike") << 300.0 << 0.0 << 1000;
        QTest::newRow("narrow") << 300.0 << 0.3 << 100'000;
        QTest::newRow("usual, cut far out") << 800.0 << 1.0 << 100'000;
        QTest::newRow("cut where it matters") << 800.0 << 1.0 << 1500;
        QTest::newRow("heavy tail") << 2000.0 << 2.5 << 131'072;
        QTest::newRow("mostly single tokens") << 1.2 << 1.0 << 50;
    }
    void lengthsFollowTheirDistribution()
    {
        QFETCH(double, mean);
        QFETCH(double, cv);
        QFETCH(int, maximum);
        const LengthTable table({mean, cv, maximum});
        // The exact mean of what is left after the cut, by integrating over the normal density.
        const double sigma = std::sqrt(std::log1p(cv * cv)), mu = std::log(mean) - sigma * sigma / 2;
        double exact = 0, weight = 0;
        for (double z = -8; z <= 8; z += 1e-4) {
            const double density = std::exp(-z * z / 2);
            exact += density * std::clamp(std::exp(mu + sigma * z), 1.0, double(maximum));
            weight += density;
        }
        exact /= weight;
        QVERIFY2(std::abs(table.mean() / exact - 1) < 2e-3,
                 qPrintable(QStringLiteral("%1 against %2").arg(table.mean()).arg(exact)));
        // And what is drawn has that mean, in whole tokens within bounds.
        Random random(1, 2, 3);
        double sum = 0, squares = 0;
        constexpr int kDraws = 400'000;
        for (int i = 0; i < kDraws; ++i) {
            const std::uint32_t length = table.draw(random.bits());
            QVERIFY(length >= 1 && length <= std::uint32_t(maximum));
            sum += length;
            squares += double(length) * length;
        }
        const double drawn = sum / kDraws;
        const double error = std::sqrt((squares / kDraws - drawn * drawn) / kDraws);
        QVERIFY(std::abs(drawn - exact) < 4 * error + 2e-3 * exact + (mean < 10 ? 0.05 : 0));
    }

    void gapsHaveTheirMeanAndVariation_data()
    {
        QTest::addColumn<double>("cv");
        QTest::newRow("regular") << 0.0;
        QTest::newRow("smoother than Poisson") << 0.5;
        QTest::newRow("Poisson") << 1.0;
        QTest::newRow("bursty") << 2.0;
        QTest::newRow("very bursty") << 4.0;
    }
    void gapsHaveTheirMeanAndVariation()
    {
        QFETCH(double, cv);
        DemandSource source = sourceOf(steadyWorkload(50, cv), 9);
        std::vector<double> times;
        for (int window = 0; window < 40'000; ++window) {
            source.draw(window * 0.1, (window + 1) * 0.1, RoutingPolicy::Nearest, kOneFree);
            for (const Arrival& a : source.outboxFor(0)) {
                QVERIFY(a.seconds >= window * 0.1 - 1e-9 && a.seconds < (window + 1) * 0.1 + 1e-9);
                times.push_back(a.seconds);
            }
        }
        QVERIFY(std::is_sorted(times.begin(), times.end()));
        double sum = 0, squares = 0;
        for (std::size_t i = 1; i < times.size(); ++i) {
            sum += times[i] - times[i - 1];
            squares += (times[i] - times[i - 1]) * (times[i] - times[i - 1]);
        }
        const double n = double(times.size() - 1), mean = sum / n;
        const double measured = std::sqrt(std::max(0.0, squares / n - mean * mean)) / mean;
        QVERIFY(std::abs(mean * 50 - 1) < 0.03);
        QVERIFY2(std::abs(measured - cv) < 0.03 * std::max(1.0, cv), qPrintable(QString::number(measured)));
    }

    void theDayGoesUpAndDown()
    {
        Workload w = steadyWorkload(20, 1);
        w.diurnalAmplitude = 0.5;
        w.peakLocalHour = 15;
        DemandSource source = sourceOf(w, 4, 3); // starts at 3:00 local time
        QVERIFY(std::abs(source.rate(0) - 10) < 1e-9);
        QVERIFY(std::abs(source.rate(12 * 3600) - 30) < 1e-9);
        double mean = 0;
        for (int hour = 0; hour < 24; ++hour) {
            mean += source.rate(hour * 3600) / 24;
        }
        QVERIFY(std::abs(mean - 20) < 1e-9);
    }

    void nothingServesNothingIsRouted()
    {
        DemandSource source = sourceOf(steadyWorkload(100, 1), 1);
        source.draw(0, 10, RoutingPolicy::NearestWithSpill, std::vector<ReportedLoad>{{0, 0, 0}});
        QVERIFY(source.unrouted() > 800);
        QVERIFY(source.outboxFor(0).empty());
    }

    void candidatesAreKeptNearestFirst()
    {
        DemandSource source = sourceOf(steadyWorkload(100, 1), 1);
        source.addCandidate(1, 0, 0.05);
        source.addCandidate(2, 0, 0.02);
        source.addCandidate(3, 0, 0.02);
        std::vector<std::uint32_t> order;
        for (const DemandSource::Candidate& c : source.candidates()) {
            order.push_back(c.placement);
        }
        QVERIFY(order == (std::vector<std::uint32_t>{0, 2, 3, 1}));
    }

    void nearestSendsToTheNearestThatServes_data()
    {
        QTest::addColumn<QList<double>>("places");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("nearest serves") << QList<double>{10, 10, 10} << QList<double>{1, 0, 0};
        QTest::newRow("nearest is away") << QList<double>{0, 10, 10} << QList<double>{0, 1, 0};
        QTest::newRow("only the last") << QList<double>{0, 0, 10} << QList<double>{0, 0, 1};
    }
    void nearestSendsToTheNearestThatServes()
    {
        QFETCH(QList<double>, places);
        QFETCH(QList<double>, expected);
        std::vector<ReportedLoad> loads;
        for (const double p : places) {
            loads.push_back({5, p, 1});
        }
        const std::vector<std::uint32_t> order{0, 1, 2};
        std::vector<double> cumulative;
        QVERIFY(routeShares(RoutingPolicy::Nearest, order, loads, cumulative));
        double last = 0;
        for (qsizetype i = 0; i < 3; ++i) {
            QCOMPARE(cumulative[std::size_t(i)] - last, expected[i]);
            last = cumulative[std::size_t(i)];
        }
    }

    void spillGoesOnToTheNext()
    {
        const std::vector<std::uint32_t> order{2, 0, 1};
        std::vector<ReportedLoad> loads{{0, 10, 0.5}, {0, 30, 1.0}, {0, 10, 0.25}};
        std::vector<double> c;
        QVERIFY(routeShares(RoutingPolicy::NearestWithSpill, order, loads, c));
        // 0.75 stay at the first, half of the rest at the second, the remaining 0.125 by size over all fifty places.
        QCOMPARE(c[0], 0.75 + 0.125 * 0.2);
        QCOMPARE(c[1], c[0] + 0.125 + 0.125 * 0.2);
        QCOMPARE(c[2], 1.0);
    }

    void sharesByPlacesAndByFreePlaces()
    {
        const std::vector<std::uint32_t> order{0, 1};
        const std::vector<ReportedLoad> loads{{10, 30, 0}, {5, 10, 0}};
        std::vector<double> c;
        QVERIFY(routeShares(RoutingPolicy::Weighted, order, loads, c));
        QCOMPARE(c[0], 0.75);
        QVERIFY(routeShares(RoutingPolicy::LeastInFlight, order, loads, c));
        QCOMPARE(c[0], 0.8);
        // All full: by size.
        QVERIFY(
            routeShares(RoutingPolicy::LeastInFlight, order, std::vector<ReportedLoad>{{90, 30, 0}, {50, 10, 0}}, c));
        QCOMPARE(c[0], 0.75);
    }

    void spillSettlesWithoutSwinging()
    {
        // A placement asked for twice what it can hold, whose requests stay eight seconds, seen one window late.
        ReportedLoad load{0, 100, 0};
        const double wanted = 2 * 100 / 8.0; // a second
        double lowest = 1, highest = 0, seen = 0;
        for (int window = 0; window < 3000; ++window) {
            const double before = load.inFlight;
            load.inFlight += 0.1 * (wanted * (1 - load.spillRatio) - load.inFlight / 8);
            ReportedLoad late = load;
            late.inFlight = seen;
            load.spillRatio = nextSpillRatio(late);
            seen = before;
            if (window > 600) {
                lowest = std::min(lowest, load.spillRatio);
                highest = std::max(highest, load.spillRatio);
            }
        }
        QVERIFY(highest - lowest < 0.02);
        QVERIFY(load.inFlight > 60 && load.inFlight < 100);
    }
};

QTEST_APPLESS_MAIN(TestDemand)
#include "tst_demand.moc"

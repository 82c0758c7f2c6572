// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

/// A fleet that starts at work is in the first minute what it is half an hour later.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;
using runs::Sums;

namespace {

/// With the same demand at every hour: what changes is the start's.
Fleet steadyEighthOfTheSample()
{
    Fleet fleet = runs::eighthOfTheSample();
    for (Workload& w : fleet.workloads) {
        w.diurnalAmplitude = 0;
    }
    return fleet;
}

/// The next `seconds` of an engine.
Sums run(Engine& engine, int seconds = 60)
{
    runs::runTo(engine, std::max(0.0, double(engine.now()) / kMicrosPerSecond) + seconds);
    return runs::sumOf(engine.takeIntervals());
}

Engine engineOf(const Fleet& fleet, const Calibration& calibration, double settleSeconds, int threads = 1)
{
    EngineOptions options;
    options.settleSeconds = settleSeconds;
    options.threads = threads;
    return Engine::create(std::make_shared<const Fleet>(fleet), calibration, options).value();
}

} // namespace

class TestStationaryStart : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// The bounds docs/fidelity.md states.
    void theFirstMinuteIsLikeOneHalfAnHourLater()
    {
        const Fleet fleet = steadyEighthOfTheSample();
        Engine engine = engineOf(fleet, proto::shippedCalibration().value(), kUsualSettleSeconds);
        std::vector<Sums> minutes;
        for (int minute = 0; minute < 31; ++minute) {
            minutes.push_back(run(engine));
            QVERIFY(conserved(engine.totals()));
        }
        const Sums &first = minutes.front(), &later = minutes.back();
        const auto [least, most] =
            std::minmax_element(minutes.begin(), minutes.begin() + 10,
                                [](const Sums& a, const Sums& b) { return a.utilization() < b.utilization(); });
        const QString said =
            QStringLiteral("utilization %1, half an hour later %2, in ten minutes %3 to %4; TTFT p50 %5 and %6, p95 %7 "
                           "and %8; within the service level %9 and %10")
                .arg(first.utilization())
                .arg(later.utilization())
                .arg(least->utilization())
                .arg(most->utilization())
                .arg(first.at(Latency::Ttft, 0.5))
                .arg(later.at(Latency::Ttft, 0.5))
                .arg(first.at(Latency::Ttft, 0.95))
                .arg(later.at(Latency::Ttft, 0.95))
                .arg(first.sloRatio())
                .arg(later.sloRatio());
        qInfo("%s", qPrintable(said));
        QVERIFY2(most->utilization() - least->utilization() < 0.01, qPrintable(said));
        QVERIFY2(std::abs(first.utilization() - later.utilization()) < 0.01, qPrintable(said));
        QVERIFY2(std::abs(first.at(Latency::Ttft, 0.5) / later.at(Latency::Ttft, 0.5) - 1) < 0.08, qPrintable(said));
        QVERIFY2(std::abs(first.at(Latency::Ttft, 0.95) / later.at(Latency::Ttft, 0.95) - 1) < 0.1, qPrintable(said));
        QVERIFY2(std::abs(first.sloRatio() - later.sloRatio()) < 0.01, qPrintable(said));
    }

    void requestsInFlightAtTheStartAreCountedOnce()
    {
        Engine engine = engineOf(test::smallFleet(4), test::smallCalibration(), kUsualSettleSeconds);
        QCOMPARE(engine.now(), -SimMicros(kUsualSettleSeconds) * kMicrosPerSecond);
        QVERIFY(conserved(engine.totals()));
        while (engine.now() < 0) {
            engine.step();
            QVERIFY(engine.totals().inFlight > 0);
            QVERIFY(conserved(engine.totals()));
        }
        const std::int64_t there = engine.totals().inFlight;
        QCOMPARE(engine.totals().inFlightAtStart, there);
        const std::vector<std::int64_t> byPlacement = engine.totals().inFlightAtStartBy;
        QCOMPARE(byPlacement.size(), engine.layout()->placements.size());
        QCOMPARE(std::accumulate(byPlacement.begin(), byPlacement.end(), engine.waiting()), there);
        QCOMPARE(engine.totals().demand.requests, there);
        const Sums first = run(engine);
        const RunTotals totals = engine.totals();
        QVERIFY(conserved(totals));
        QCOMPARE(totals.inFlightAtStart, there);
        // What the intervals count as come, and what was there before, is everything.
        QCOMPARE(totals.demand.requests, there + first.demand.requests - first.demand.retried + engine.waiting());
        QCOMPARE(first.latencies[0].count(), first.demand.completed);
    }

    void anEmptyStartHasNothingInFlight()
    {
        Engine engine = engineOf(test::smallFleet(4), test::smallCalibration(), 0);
        QCOMPARE(engine.totals().inFlight, 0);
        std::ignore = run(engine, 5);
        QCOMPARE(engine.totals().inFlightAtStart, 0);
        QVERIFY(conserved(engine.totals()));
    }

    void itIsTheSameOnAnyNumberOfThreads()
    {
        const auto hashAfter = [](int threads) {
            Engine engine = engineOf(test::smallFleet(4), test::smallCalibration(), kUsualSettleSeconds, threads);
            engine.step();
            const std::uint64_t atStart = engine.stateHash();
            std::ignore = run(engine, 10);
            return std::pair(atStart, engine.stateHash());
        };
        const auto one = hashAfter(1);
        QVERIFY(hashAfter(2) == one);
        QVERIFY(hashAfter(8) == one);
    }

    /// Batches are no fuller than they may be, whatever the demand.
    void tooMuchDemandFillsTheBatchesAndNoMore()
    {
        const Fleet fleet = test::smallFleet(60);
        Engine engine = engineOf(fleet, test::smallCalibration(), kUsualSettleSeconds);
        engine.step();
        std::int64_t running = 0, places = 0;
        for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
            const PlacementState state = engine.placementStates()[p];
            const std::int64_t here = std::int64_t{state.replicas} * fleet.placements[p].maxBatch;
            QVERIFY(state.running <= here);
            running += state.running + state.queued;
            places += here;
        }
        QVERIFY2(running > places / 4, qPrintable(QStringLiteral("%1 of %2").arg(running).arg(places)));
        std::ignore = run(engine, 30);
        QVERIFY(conserved(engine.totals()));
    }
};

QTEST_GUILESS_MAIN(TestStationaryStart)
#include "tst_stationary_start.moc"

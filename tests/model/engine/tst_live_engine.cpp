// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/live_engine.h"
#include "tests/support/small_fleet.h"

#include <QTest>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;

namespace {

Engine engineOf(const Fleet& fleet, std::uint64_t seed = 42)
{
    EngineOptions options;
    options.threads = 1;
    options.seed = seed;
    return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
}

Engine steppedTo(const Fleet& fleet, SimMicros until)
{
    Engine engine = engineOf(fleet);
    while (engine.now() < until) {
        engine.step();
    }
    return engine;
}

} // namespace

class TestLiveEngine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void startsPausedAtZero()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        const auto snapshot = live.latest();
        QVERIFY(snapshot != nullptr);
        QVERIFY(snapshot->paused);
        QCOMPARE(snapshot->now, 0);
        QCOMPARE(snapshot->placements.size(), std::size_t{5});
        QCOMPARE(snapshot->placements[0].replicas, 20);
    }

    void settlesByItselfAndWaitsAtZero()
    {
        EngineOptions options;
        options.threads = 1;
        options.settleSeconds = 5;
        LiveEngine live(
            Engine::create(std::make_shared<const Fleet>(test::smallFleet()), test::smallCalibration(), options)
                .value());
        QTRY_COMPARE(live.latest()->now, 0);
        QVERIFY(live.latest()->paused);
        QVERIFY(live.latest()->totals.inFlight > 0);
        live.stepBy(2 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 2 * kMicrosPerSecond);
    }

    void steppingGivesTheSameNumbersAsAPlainRun()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.stepBy(4 * kMicrosPerSecond);
        live.stepBy(6 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 10 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->paused);
        Engine plain = steppedTo(test::smallFleet(), 10 * kMicrosPerSecond);
        QVERIFY(live.latest()->totals.demand == plain.totals().demand);
        QVERIFY(live.latest()->totals.supply == plain.totals().supply);
        QCOMPARE(live.latest()->totals.inFlight, plain.totals().inFlight);
        const auto a = live.take().intervals, b = plain.takeIntervals();
        QCOMPARE(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            QVERIFY(a[i]->demand == b[i]->demand);
            QVERIFY(a[i]->latencies == b[i]->latencies);
        }
    }

    void playingPacedGivesTheSameNumbersToo()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.setSpeed(50);
        live.play();
        QTRY_VERIFY(live.latest()->now >= 5 * kMicrosPerSecond);
        QVERIFY(!live.latest()->paused);
        QCOMPARE(live.latest()->requestedSpeed, 50.0);
        live.pause();
        QTRY_VERIFY(live.latest()->paused);
        const auto snapshot = live.latest();
        Engine plain = steppedTo(test::smallFleet(), snapshot->now);
        QVERIFY(snapshot->totals.demand == plain.totals().demand);
        QCOMPARE(snapshot->totals.inFlight, plain.totals().inFlight);
    }

    void aPausedEngineStandsStill()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.setSpeed(100);
        live.play();
        QTRY_VERIFY(live.latest()->now > 0);
        live.pause();
        QTRY_VERIFY(live.latest()->paused);
        const SimMicros at = live.latest()->now;
        // The next command finds it exactly where it stopped.
        live.stepBy(100'000);
        QTRY_COMPARE(live.latest()->now, at + 100'000);
        QTRY_VERIFY(live.latest()->paused);
        QCOMPARE(live.latest()->achievedSpeed, 0.0);
    }

    void theClockKeepsToItsSpeed()
    {
        LiveEngine live(engineOf(test::smallFleet(0.1)));
        live.setSpeed(4);
        live.play();
        QTRY_VERIFY(live.latest()->now >= 6 * kMicrosPerSecond);
        const double speed = live.latest()->achievedSpeed;
        // It may fall behind on a busy machine; it must never run ahead.
        QVERIFY2(speed > 0 && speed < 4.8, qPrintable(QString::number(speed)));
    }

    void speedIsKeptWithinItsBounds()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.setSpeed(1e9);
        QTRY_COMPARE(live.latest()->requestedSpeed, 10'000.0);
        live.setSpeed(0);
        QTRY_COMPARE(live.latest()->requestedSpeed, 0.1);
    }

    void restartKeepsSpeedAndPauseAndDropsNothing()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.setSpeed(7);
        live.stepBy(3 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->now == 3 * kMicrosPerSecond && live.latest()->paused);
        const std::uint64_t first = live.latest()->generation;
        live.restart(engineOf(test::smallFleet(), 7));
        QTRY_VERIFY(live.latest()->generation > first);
        QCOMPARE(live.latest()->now, 0);
        QCOMPARE(live.latest()->seed, std::uint64_t{7});
        QVERIFY(live.latest()->paused);
        QCOMPARE(live.latest()->requestedSpeed, 7.0);
        live.stepBy(2 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->now == 2 * kMicrosPerSecond && live.latest()->paused);
        const LiveEngine::Feed old = live.take(), fresh = live.take();
        QCOMPARE(old.generation, first);
        QCOMPARE(old.intervals.size(), std::size_t{3});
        QVERIFY(fresh.generation > first);
        QCOMPARE(fresh.intervals.size(), std::size_t{2});
        QVERIFY(live.take().intervals.empty());
    }

    void plansAreAppliedBetweenWindows()
    {
        const Fleet fleet = test::smallFleet();
        LiveEngine live(engineOf(fleet));
        Fleet moved = fleet;
        moved.placements[0].replicas = 10;
        live.applyPlacements(std::make_shared<const Fleet>(moved));
        QTRY_COMPARE(live.latest()->placements[0].replicas, 10);
        QCOMPARE(live.take().events.size(), std::size_t{2}); // idle replicas left at once; the plan was applied

        Fleet wrong = fleet;
        wrong.placements.clear();
        live.applyPlacements(std::make_shared<const Fleet>(wrong));
        std::vector<Error> errors;
        const auto refused = [&] {
            const std::vector<Error> taken = live.take().errors;
            errors.insert(errors.end(), taken.begin(), taken.end());
            return !errors.empty();
        };
        QTRY_VERIFY(refused());
        QCOMPARE(errors.size(), std::size_t{1});
    }

    void stopsWhileRunningFreely()
    {
        LiveEngine live(engineOf(test::smallFleet()));
        live.stepBy(1'000'000 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->now > 0);
        // The destructor must come back after at most a window, not after eleven days.
    }
};

QTEST_GUILESS_MAIN(TestLiveEngine)
#include "tst_live_engine.moc"

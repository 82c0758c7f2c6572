// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/live_engine.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <limits>

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

/// At every chance, however slow the machine.
TimeMachineOptions checkpointsAlways()
{
    TimeMachineOptions options;
    options.mostCostRatio = std::numeric_limits<double>::infinity();
    return options;
}

/// Adds what has been refused since the last call; whether anything has by now.
bool anyErrors(LiveEngine& live, std::vector<Error>& errors)
{
    const std::vector<Error> taken = live.take().errors;
    errors.insert(errors.end(), taken.begin(), taken.end());
    return !errors.empty();
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
        QTRY_VERIFY(anyErrors(live, errors));
        QCOMPARE(errors.size(), std::size_t{1});
    }

    void seekingBackVoidsWhatCameAfter()
    {
        LiveEngine live(engineOf(test::smallFleet()), checkpointsAlways());
        live.stepBy(45 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->now == 45 * kMicrosPerSecond && live.latest()->paused);
        const LiveEngine::Feed whole = live.take();
        QVERIFY(!whole.rewoundTo);
        QCOMPARE(whole.intervals.size(), std::size_t{45});
        QCOMPARE(live.latest()->seekableFrom, 0);

        live.seek(33'500'000);
        QTRY_VERIFY(live.latest()->now == 33'500'000 && live.latest()->paused);
        QVERIFY(!live.latest()->seekingTo);
        QCOMPARE(live.latest()->seekableTo, 45 * kMicrosPerSecond);
        Engine plain = steppedTo(test::smallFleet(), 33'500'000);
        QVERIFY(live.latest()->totals.demand == plain.totals().demand);
        const LiveEngine::Feed back = live.take();
        QCOMPARE(back.generation, whole.generation);
        QCOMPARE(back.rewoundTo, 30 * kMicrosPerSecond);
        QCOMPARE(back.intervals.size(), std::size_t{3});
        QCOMPARE(back.intervals.front()->begin, 30 * kMicrosPerSecond);
        for (std::size_t i = 0; i < back.intervals.size(); ++i) {
            QVERIFY(back.intervals[i]->demand == whole.intervals[30 + i]->demand);
            QVERIFY(back.intervals[i]->latencies == whole.intervals[30 + i]->latencies);
        }

        // Several times before anybody looks: one rewind, to the earliest, and what is left is in a row.
        live.seek(12 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 12 * kMicrosPerSecond);
        live.seek(31 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 31 * kMicrosPerSecond);
        live.seek(25 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 25 * kMicrosPerSecond);
        const LiveEngine::Feed often = live.take();
        QCOMPARE(often.rewoundTo, 10 * kMicrosPerSecond);
        QCOMPARE(often.intervals.size(), std::size_t{15});
        for (std::size_t i = 0; i < often.intervals.size(); ++i) {
            QVERIFY(often.intervals[i]->demand == whole.intervals[10 + i]->demand);
        }
        QVERIFY(!live.take().rewoundTo);
    }

    void aSeekBeforeTheStartGoesToTheStart()
    {
        LiveEngine live(engineOf(test::smallFleet()), checkpointsAlways());
        live.stepBy(15 * kMicrosPerSecond);
        live.seek(-5);
        QTRY_VERIFY(live.latest()->now == 15 * kMicrosPerSecond || live.latest()->now == 0);
        QTRY_COMPARE(live.latest()->now, 0);
        QVERIFY(live.latest()->paused);
        QCOMPARE(live.latest()->totals.demand.requests, 0);
    }

    void whatIsCommandedDuringASeekWaitsForItsEnd()
    {
        const Fleet fleet = test::smallFleet();
        LiveEngine live(engineOf(fleet), checkpointsAlways());
        live.stepBy(40 * kMicrosPerSecond);
        QTRY_COMPARE(live.latest()->now, 40 * kMicrosPerSecond);
        Fault fault;
        fault.kind = FaultKind::Region;
        fault.region = RegionId(std::size_t{1});
        fault.durationSeconds = 5;
        // All at once: the engine's thread finds them together.
        live.seek(38 * kMicrosPerSecond);
        live.seek(29 * kMicrosPerSecond);
        live.injectFault(fault);
        live.stepBy(2 * kMicrosPerSecond);
        QTRY_VERIFY(live.latest()->now == 31 * kMicrosPerSecond && live.latest()->paused);
        QCOMPARE(live.latest()->faults.size(), std::size_t{1});
        QVERIFY(live.latest()->faults.front().second.kind == FaultKind::Region);
        QCOMPARE(live.latest()->training.size(), fleet.trainingJobs.size());
        QCOMPARE(live.latest()->seekableTo, 31 * kMicrosPerSecond); // the old future is gone
        Engine plain = steppedTo(fleet, 29 * kMicrosPerSecond);
        QVERIFY(plain.inject(fault).ok());
        while (plain.now() < 31 * kMicrosPerSecond) {
            plain.step();
        }
        QVERIFY(live.latest()->totals.demand == plain.totals().demand);

        live.mendFault(live.latest()->faults.front().first);
        QTRY_VERIFY(live.latest()->faults.empty());
        fault.region = {};
        live.injectFault(fault);
        std::vector<Error> errors;
        QTRY_VERIFY(anyErrors(live, errors));
        QCOMPARE(errors.size(), std::size_t{1});
    }

    void aClockThatCannotKeepUpSaysHowFarItIsBehind()
    {
        EngineOptions options;
        options.threads = 1;
        options.windowMicros = 1000; // ten million windows a second are too many for any machine
        LiveEngine live(
            Engine::create(std::make_shared<const Fleet>(test::smallFleet()), test::smallCalibration(), options)
                .value());
        live.setSpeed(10'000);
        live.play();
        QTRY_VERIFY(live.latest()->behindSeconds > 100);
        const auto snapshot = live.latest();
        QVERIFY(snapshot->achievedSpeed < snapshot->requestedSpeed);
        live.pause();
        QTRY_COMPARE(live.latest()->behindSeconds, 0.0);
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

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_engine.h"
#include "model/engine/live_engine.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QtTest>

#include <cmath>

using namespace isobar;
using namespace isobar::engine;
using runs::conserved;

namespace {

constexpr SimMicros kSecond = aggregate::kMicrosPerSecond, kMinute = 60 * kSecond, kHour = 60 * kMinute;

Engine engineOf(const std::shared_ptr<const Fleet>& fleet, Operations operations = {})
{
    EngineOptions options;
    options.threads = 1;
    options.operations = std::move(operations);
    auto made = Engine::create(fleet, test::smallCalibration(), options);
    return std::move(made).value();
}

} // namespace

/// Running ahead in the fluid mode and going on request by request.
class TestFastForward : public QObject {
    Q_OBJECT

    std::shared_ptr<const Fleet> m_fleet = std::make_shared<const Fleet>(test::smallFleet());

    /// Takes the feed until it has arrived; all there was.
    static LiveEngine::Feed runAhead(LiveEngine& live, SimMicros duration)
    {
        live.fastForward(duration);
        LiveEngine::Feed all;
        const SimMicros from = live.latest()->now;
        QDeadlineTimer deadline(60'000);
        while (!deadline.hasExpired()) {
            LiveEngine::Feed feed = live.take();
            std::move(feed.intervals.begin(), feed.intervals.end(), std::back_inserter(all.intervals));
            std::move(feed.events.begin(), feed.events.end(), std::back_inserter(all.events));
            all.fluid.insert(all.fluid.end(), feed.fluid.begin(), feed.fluid.end());
            all.errors.insert(all.errors.end(), feed.errors.begin(), feed.errors.end());
            const auto latest = live.latest();
            if (!all.errors.empty() || (!latest->fastForward && latest->now >= from + duration)) {
                break;
            }
            QTest::qWait(5);
        }
        return all;
    }

private Q_SLOTS:
    void takingOverAndBackLosesNoRequest()
    {
        Engine engine = engineOf(m_fleet);
        while (engine.now() < 130 * kSecond) {
            engine.step();
        }
        const RunTotals before = engine.totals();
        QVERIFY2(conserved(before), "before");
        QVERIFY(before.inFlight > 0);
        auto fluid = FluidEngine::takeOver(engine);
        QVERIFY(fluid.ok());
        QCOMPARE(fluid->now(), engine.now());
        QCOMPARE(fluid->totals().inFlight, before.inFlight);
        QCOMPARE(fluid->totals().demand.requests, before.demand.requests);
        const SimMicros to = 130 * kSecond + kHour;
        while (fluid->now() < to - kMinute) {
            fluid->step(to - kMinute);
        }
        QVERIFY2(conserved(fluid->totals()), "fluid");
        Engine after = fluid->perRequest();
        QCOMPARE(after.now(), to - kMinute);
        while (fluid->now() < to) {
            fluid->step(to);
        }
        while (after.now() < to) {
            after.step();
        }
        fluid->handOver(after);
        QCOMPARE(after.now(), to);
        QVERIFY2(conserved(after.totals()), "handed over");
        QCOMPARE(after.totals().demand.completed, fluid->totals().demand.completed);
        QCOMPARE(after.totals().supply.costMicroUsd, fluid->totals().supply.costMicroUsd);
        const auto completed = after.totals().demand.completed;
        QVERIFY(after.takeIntervals().empty());
        for (int i = 0; i < 600; ++i) {
            after.step();
        }
        QVERIFY2(conserved(after.totals()), "a minute later");
        const auto intervals = after.takeIntervals();
        QCOMPARE(intervals.size(), std::size_t{60});
        QCOMPARE(intervals.front()->begin, to);
        // At work from the first second on: as much is completed in the first ten as in the last ten, within its noise.
        const auto count = [&](std::size_t from) {
            std::int64_t sum = 0;
            for (std::size_t i = from; i < from + 10; ++i) {
                for (const auto& row : intervals[i]->demand) {
                    sum += row.completed;
                }
            }
            return double(sum);
        };
        QVERIFY2(std::abs(count(0) - count(50)) < 6 * std::sqrt(count(0) + count(50)),
                 qPrintable(QStringLiteral("%1 %2").arg(count(0)).arg(count(50))));
        QVERIFY(after.totals().demand.completed > completed);
    }

    void itIsTheSameEveryTime()
    {
        const auto once = [&] {
            Engine engine = engineOf(m_fleet);
            while (engine.now() < 20 * kSecond) {
                engine.step();
            }
            auto fluid = FluidEngine::takeOver(engine);
            while (fluid->now() < 600 * kSecond) {
                fluid->step(600 * kSecond);
            }
            Engine after = fluid->perRequest();
            for (int i = 0; i < 100; ++i) {
                after.step();
            }
            return after.stateHash();
        };
        QCOMPARE(once(), once());
    }

    void theLiveEngineRunsAheadAndGoesOn()
    {
        LiveEngine live(engineOf(m_fleet));
        live.stepBy(3 * kSecond);
        QTRY_VERIFY(live.latest()->paused && live.latest()->now == 3 * kSecond);
        const LiveEngine::Feed feed = runAhead(live, kHour);
        QVERIFY(feed.errors.empty());
        // One piece from zero to the end, and the fluid's part says so.
        SimMicros end = 0;
        for (const auto& interval : feed.intervals) {
            QCOMPARE(interval->begin, end);
            end = interval->end;
        }
        QCOMPARE(end, 10 * kSecond + kHour); // from the next multiple of ten seconds on
        QCOMPARE(feed.fluid.front().first, 10 * kSecond);
        QCOMPARE(feed.fluid.back().second, end);
        const auto there = live.latest();
        QVERIFY(there->paused);
        QCOMPARE(there->now, end);
        QCOMPARE(there->seekableFrom, end);
        QVERIFY2(conserved(there->totals), "live");
        live.stepBy(5 * kSecond);
        QTRY_COMPARE(live.latest()->now, end + 5 * kSecond);
        const auto after = live.take();
        QVERIFY(after.fluid.empty());
        QCOMPARE(after.intervals.front()->begin, end);
        // It is again a run that can go back.
        live.seek(end);
        QTRY_COMPARE(live.latest()->now, end);
    }

    void cancelStopsWithinAMinute()
    {
        LiveEngine live(engineOf(m_fleet));
        live.fastForward(365 * 24 * kHour);
        QTRY_VERIFY(live.latest()->fastForward && live.latest()->now > kHour);
        live.cancelFastForward();
        QTRY_VERIFY(!live.latest()->fastForward);
        const SimMicros now = live.latest()->now;
        QVERIFY(now < 300 * 24 * kHour);
        QVERIFY2(conserved(live.latest()->totals), "cancelled");
        live.stepBy(kSecond);
        QTRY_COMPARE(live.latest()->now, now + kSecond);
    }

    void faultsGoOnOverIt()
    {
        LiveEngine live(engineOf(m_fleet));
        Fault fault;
        fault.kind = FaultKind::Node;
        fault.pool = PoolId(0);
        fault.durationSeconds = 2 * 3600;
        live.injectFault(fault);
        const LiveEngine::Feed feed = runAhead(live, kHour);
        QVERIFY(feed.errors.empty());
        QTRY_COMPARE(live.latest()->faults.size(), std::size_t{1});
        QVERIFY(runAhead(live, 2 * kHour).errors.empty());
        QTRY_COMPARE(live.latest()->faults.size(), std::size_t{0});
    }

    void whatItCannotShowIsRefused()
    {
        Operations operations;
        WorkloadOperations how;
        how.workload = WorkloadId(0);
        how.deferSeconds = 60;
        operations.workloads.push_back(how);
        LiveEngine live(engineOf(m_fleet, operations));
        const LiveEngine::Feed feed = runAhead(live, kHour);
        QCOMPARE(feed.errors.size(), std::size_t{1});
        QVERIFY(feed.errors.front().toString().find("may wait") != std::string::npos);
        QVERIFY(!live.latest()->fastForward);
    }
};

QTEST_APPLESS_MAIN(TestFastForward)
#include "tst_fast_forward.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/time_machine.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <limits>
#include <map>
#include <random>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;

namespace {

using Intervals = std::vector<std::shared_ptr<const Interval>>;

constexpr SimMicros kSecond = kMicrosPerSecond;

Operations busyOperations()
{
    Operations operations;
    Fault node;
    node.kind = FaultKind::Node;
    node.atSeconds = 12;
    node.durationSeconds = 20;
    node.pool = PoolId(std::size_t{0});
    Fault link;
    link.kind = FaultKind::LinkCut;
    link.atSeconds = 20; // on a checkpoint
    link.durationSeconds = 25;
    link.region = RegionId(std::size_t{0});
    link.otherRegion = RegionId(std::size_t{1});
    Fault wave; // announced five seconds before
    wave.kind = FaultKind::SpotWave;
    wave.atSeconds = 18;
    wave.durationSeconds = 15;
    wave.pool = PoolId(std::size_t{0});
    Fault stale;
    stale.kind = FaultKind::StaleControl;
    stale.atSeconds = 33;
    stale.durationSeconds = 4;
    operations.faults = {node, link, wave, stale};
    operations.spotNotices = {{{}, 5}};
    operations.surges = {{{}, 8, 30, 1.5}};
    operations.pools = {{PoolId(std::size_t{1}), 2, 200, {}, 0.5, 20}};
    WorkloadOperations chat, waits;
    chat.workload = WorkloadId(std::size_t{0});
    chat.turnsPerSession = 4;
    chat.gaps = GapLaw::Weibull;
    waits.workload = WorkloadId(std::size_t{2});
    waits.deferSeconds = 20;
    waits.routing = RoutingPolicy::LatencyAware;
    operations.workloads = {chat, waits};
    operations.faultRates = {{FaultKind::Chip, 2, 0.01}};
    operations.autoscale = {{PlacementId(std::size_t{3}), 2, 12, 0.5, 20}};
    operations.warmUp = {1, 1, 1e12, 1};
    return operations;
}

Engine engineOf(const Fleet& fleet, int threads = 1, double settleSeconds = 0)
{
    EngineOptions options;
    options.threads = threads;
    options.settleSeconds = settleSeconds;
    options.operations = busyOperations();
    return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
}

/// Checkpoints at every chance, so that what is tested does not depend on how fast the machine is.
TimeMachineOptions always()
{
    TimeMachineOptions options;
    options.mostCostRatio = std::numeric_limits<double>::infinity();
    return options;
}

void runTo(TimeMachine& machine, SimMicros until)
{
    while (machine.now() < until) {
        machine.step();
    }
}

void seek(TimeMachine& machine, SimMicros to)
{
    QVERIFY(machine.rewind(to).ok());
    runTo(machine, to);
}

Fault regionFault()
{
    Fault fault;
    fault.kind = FaultKind::Region;
    fault.region = RegionId(std::size_t{1});
    fault.durationSeconds = 15;
    return fault;
}

bool hasRegionFault(const TimeMachine& machine)
{
    const auto active = machine.engine().faults();
    return std::any_of(active.begin(), active.end(),
                       [](const auto& one) { return one.second.kind == FaultKind::Region; });
}

std::shared_ptr<const Fleet> movedFleet(const Fleet& fleet, std::int32_t replicas)
{
    auto moved = std::make_shared<Fleet>(fleet);
    moved->placements[0].replicas = replicas;
    return moved;
}

/// What a receiver makes of what a machine hands out.
struct Receiver {
    Intervals intervals;
    std::vector<Event> events;

    void take(TimeMachine& machine)
    {
        for (auto& interval : machine.takeIntervals()) {
            QVERIFY(intervals.empty() || intervals.back()->end == interval->begin);
            intervals.push_back(std::move(interval));
        }
        for (Event& event : machine.takeEvents()) {
            events.push_back(std::move(event));
        }
    }
    void rewind(SimMicros to)
    {
        std::erase_if(intervals, [&](const auto& interval) { return interval->begin >= to; });
        std::erase_if(events, [&](const Event& event) { return event.at >= to; });
    }
};

bool same(const Receiver& a, const Receiver& b)
{
    bool equal = a.events == b.events && a.intervals.size() == b.intervals.size();
    for (std::size_t i = 0; equal && i < a.intervals.size(); ++i) {
        const Interval &x = *a.intervals[i], &y = *b.intervals[i];
        equal = x.begin == y.begin && x.end == y.end && x.demand == y.demand && x.latencies == y.latencies &&
                x.supply == y.supply && x.flows == y.flows;
    }
    return equal;
}

/// What happens to a run: the same script played straight, or with seeks between.
struct Script {
    Fleet fleet = test::smallFleet();
    void play(TimeMachine& machine, SimMicros until) const
    {
        const auto due = [&](SimMicros at) { return machine.now() <= at && at < until; };
        if (due(15 * kSecond)) {
            runTo(machine, 15 * kSecond);
            QVERIFY(machine.applyPlacements(movedFleet(fleet, 12)).ok());
        }
        if (due(30 * kSecond)) { // on a checkpoint
            runTo(machine, 30 * kSecond);
            QVERIFY(machine.inject(regionFault()).ok());
        }
        if (due(35'300'000)) {
            runTo(machine, 35'300'000);
            for (const auto& [number, fault] : machine.engine().faults()) {
                if (fault.kind == FaultKind::LinkCut) {
                    machine.mend(number);
                }
            }
        }
        if (due(47'100'000)) {
            runTo(machine, 47'100'000);
            QVERIFY(machine.applyPlacements(movedFleet(fleet, 18)).ok());
        }
        runTo(machine, until);
    }
};

} // namespace

class TestTimeMachine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void checkpointsChangeNothing()
    {
        TimeMachine machine(engineOf(test::smallFleet()), always());
        Engine plain = engineOf(test::smallFleet());
        runTo(machine, 40 * kSecond);
        while (plain.now() < 40 * kSecond) {
            plain.step();
        }
        QCOMPARE(machine.checkpointTimes().size(), std::size_t{5});
        QCOMPARE(machine.engine().stateHash(), plain.stateHash());
    }

    void seekingIsAsIfOneHadStoppedThere_data()
    {
        QTest::addColumn<int>("threads");
        QTest::addColumn<double>("settleSeconds");
        QTest::newRow("one thread") << 1 << 0.0;
        QTest::newRow("three threads, settled before") << 3 << 7.0;
    }
    void seekingIsAsIfOneHadStoppedThere()
    {
        QFETCH(int, threads);
        QFETCH(double, settleSeconds);
        const Script script;
        constexpr SimMicros kEnd = 60 * kSecond;
        // Straight through, with the hash at every tenth of a second on arriving there.
        std::map<SimMicros, std::uint64_t> hashes;
        Receiver whole;
        {
            TimeMachine machine(engineOf(script.fleet, threads, settleSeconds), always());
            for (SimMicros at = 100'000; at <= kEnd; at += 100'000) {
                script.play(machine, at);
                hashes[at] = machine.engine().stateHash();
            }
            whole.take(machine);
            hashes[0] = engineOf(script.fleet, threads, 0).stateHash();
        }
        TimeMachine machine(engineOf(script.fleet, threads, settleSeconds), always());
        script.play(machine, kEnd);
        Receiver received;
        received.take(machine);
        QVERIFY(same(received, whole));
        std::mt19937 random(7);
        for (int i = 0; i < 30; ++i) {
            SimMicros to = static_cast<SimMicros>(random() % 599 + 1) * 100'000;
            to = i == 0 ? 30 * kSecond : i == 1 ? 20 * kSecond : to;
            if (to < machine.now()) {
                const auto from = machine.rewind(to);
                QVERIFY(from.ok());
                QVERIFY(*from <= to && to - *from < 10 * kSecond);
                received.rewind(*from);
            }
            runTo(machine, to);
            QCOMPARE(machine.engine().stateHash(), hashes[to]);
            QVERIFY(conserved(machine.engine().totals()));
            QCOMPARE(machine.latest(), kEnd);
            if (i % 3 == 0) {
                received.take(machine);
            }
        }
        // Nothing was changed: the log plays the rest, and it comes out as before.
        runTo(machine, kEnd);
        QCOMPARE(machine.engine().stateHash(), hashes[kEnd]);
        received.take(machine);
        QVERIFY(same(received, whole));
    }

    void aCommandDropsTheFuture()
    {
        const Fleet fleet = test::smallFleet();
        TimeMachine machine(engineOf(fleet), always());
        runTo(machine, 25 * kSecond);
        QVERIFY(machine.inject(regionFault()).ok());
        runTo(machine, 50 * kSecond);
        seek(machine, 25 * kSecond);
        machine.step(); // the fault begins again ...
        QVERIFY(hasRegionFault(machine));
        seek(machine, 25 * kSecond); // ... but this is before it
        QVERIFY(!hasRegionFault(machine));
        QCOMPARE(machine.latest(), 50 * kSecond);
        // Instead of the fault there is a plan now.
        QVERIFY(machine.applyPlacements(movedFleet(fleet, 5)).ok());
        QCOMPARE(machine.latest(), 25 * kSecond);
        runTo(machine, 50 * kSecond);
        TimeMachine other(engineOf(fleet), always());
        runTo(other, 25 * kSecond);
        QVERIFY(other.applyPlacements(movedFleet(fleet, 5)).ok());
        runTo(other, 50 * kSecond);
        QCOMPARE(machine.engine().stateHash(), other.engine().stateHash());
        QVERIFY(conserved(machine.engine().totals()));
        QCOMPARE(machine.engine().fleet()->placements[0].replicas, 5);
        seek(machine, 10 * kSecond);
        QCOMPARE(machine.engine().fleet()->placements[0].replicas, fleet.placements[0].replicas);
    }

    void whatIsRefusedDropsNothing()
    {
        const Fleet fleet = test::smallFleet();
        TimeMachine machine(engineOf(fleet), always());
        runTo(machine, 15 * kSecond);
        QVERIFY(machine.inject(regionFault()).ok());
        runTo(machine, 20 * kSecond);
        const std::uint64_t hash = machine.engine().stateHash();
        seek(machine, 11 * kSecond);
        Fault nonsense;
        nonsense.kind = FaultKind::Node;
        QVERIFY(!machine.inject(nonsense).ok());
        machine.mend(12345);
        auto wrong = std::make_shared<Fleet>(fleet);
        wrong->placements.clear();
        QVERIFY(!machine.applyPlacements(wrong).ok());
        QCOMPARE(machine.latest(), 20 * kSecond);
        runTo(machine, 20 * kSecond);
        QCOMPARE(machine.engine().stateHash(), hash);
    }

    void gapsGrowWithAgeAndLieWhereHistoryHasBoundaries()
    {
        TimeMachineOptions options = always();
        options.mostCheckpoints = 24;
        TimeMachine machine(engineOf(test::smallFleet(0.02)), options);
        for (SimMicros now = 0; now < 5400 * kSecond; now += 300 * kSecond) {
            runTo(machine, now);
            const std::vector<SimMicros> times = machine.checkpointTimes();
            QVERIFY(times.size() <= 24);
            QCOMPARE(times.front(), 0);
            for (std::size_t i = 0; i < times.size(); ++i) {
                const SimMicros age = now - times[i];
                QCOMPARE(times[i] % ((age > 1200 * kSecond ? 60 : 10) * kSecond), 0);
                const SimMicros next = i + 1 < times.size() ? times[i + 1] : now;
                QVERIFY2(next - times[i] <= std::max(20 * kSecond, age / 2),
                         qPrintable(QStringLiteral("%1 to %2 at %3").arg(times[i]).arg(next).arg(now)));
            }
        }
    }

    void memoryIsBounded()
    {
        const std::size_t one = engineOf(test::smallFleet()).memoryBytes();
        TimeMachineOptions options = always();
        options.memoryBytes = 12 * one;
        TimeMachine machine(engineOf(test::smallFleet()), options);
        runTo(machine, 200 * kSecond);
        QVERIFY(machine.cost().bytes <= options.memoryBytes);
        QVERIFY(machine.cost().checkpoints >= 2);
        seek(machine, 5 * kSecond);

        options.memoryBytes = one / 2;
        TimeMachine without(engineOf(test::smallFleet()), options);
        runTo(without, 20 * kSecond);
        QCOMPARE(without.cost().checkpoints, std::size_t{0});
        QCOMPARE(without.earliest(), 20 * kSecond);
        const auto refused = without.rewind(10 * kSecond);
        QVERIFY(!refused.ok());
        QCOMPARE(without.now(), 20 * kSecond);
    }

    void dearCheckpointsComeLessOften()
    {
        TimeMachineOptions options;
        options.mostCostRatio = 1e-9;
        TimeMachine machine(engineOf(test::smallFleet(0.1)), options);
        runTo(machine, 120 * kSecond);
        QCOMPARE(machine.checkpointTimes(), std::vector<SimMicros>{0});
        seek(machine, 70 * kSecond);
        QCOMPARE(machine.now(), 70 * kSecond);
    }
};

QTEST_GUILESS_MAIN(TestTimeMachine)
#include "tst_time_machine.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/engine/fleet_bench.h"
#include "model/fleet/lookup.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <set>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;
using runs::runTo;

namespace {

Engine engineOf(const Fleet& fleet, EngineOptions options = {})
{
    return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
}

/// Replicas that are ready so long after they were asked for.
WarmUpTimes readyAfter(double seconds)
{
    return {seconds, 0, 1e15, 0};
}

EngineOptions withThreads(int threads, std::uint64_t seed = 42)
{
    EngineOptions options;
    options.threads = threads;
    options.seed = seed;
    return options;
}

/// Requests by placement over intervals.
std::vector<std::int64_t> requestsByPlacement(const std::vector<std::shared_ptr<const Interval>>& intervals)
{
    std::vector<std::int64_t> sum;
    for (const auto& interval : intervals) {
        sum.resize(interval->layout->placements.size());
        for (std::size_t row = 0; row < interval->demand.size(); ++row) {
            if (interval->layout->demand[row].placement != Layout::kUnrouted) {
                sum[interval->layout->demand[row].placement] += interval->demand[row].requests;
            }
        }
    }
    return sum;
}

} // namespace

class TestEngine : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theSmallFleetIsValid() { QVERIFY(validate(test::smallFleet()).ok()); }

    void aCloneGoesOnAsTheOriginal()
    {
        Engine original = engineOf(test::smallFleet(), withThreads(2));
        runTo(original, 5.25); // inside an interval
        Engine checkpoint = original.clone();
        QCOMPARE(checkpoint.stateHash(), original.stateHash());
        std::ignore = original.takeIntervals();
        std::ignore = checkpoint.takeIntervals();
        runTo(original, 20);
        const auto intervals = original.takeIntervals();
        const std::uint64_t hash = original.stateHash();
        QVERIFY(checkpoint.stateHash() != hash); // untouched by what the original did
        {
            const Engine gone = std::move(original);
        }
        runTo(checkpoint, 20);
        QCOMPARE(checkpoint.stateHash(), hash);
        const auto again = checkpoint.takeIntervals();
        QCOMPARE(again.size(), intervals.size());
        for (std::size_t i = 0; i < again.size(); ++i) {
            QVERIFY(again[i]->demand == intervals[i]->demand && again[i]->supply == intervals[i]->supply);
        }
    }

    void settlingStartsTheClockOnAFleetAtWork()
    {
        EngineOptions options;
        options.settleSeconds = 20;
        Engine settled = engineOf(test::smallFleet(), options);
        QCOMPARE(settled.now(), -20 * kMicrosPerSecond);
        while (settled.now() < 0) {
            settled.step();
            QVERIFY(conserved(settled.totals()));
        }
        QVERIFY(settled.takeIntervals().empty());
        QVERIFY(settled.totals().inFlight > 0);
        QCOMPARE(settled.totals().demand.requests, settled.totals().inFlight);
        QCOMPARE(settled.totals().demand.completed, 0);
        const std::int64_t before = settled.totals().inFlight;
        runTo(settled, 5);
        const auto intervals = settled.takeIntervals();
        QCOMPARE(intervals.size(), std::size_t{5});
        QCOMPARE(intervals.front()->begin, 0);
        std::int64_t arrived = 0;
        for (const auto& interval : intervals) {
            for (const DemandTotals& row : interval->demand) {
                arrived += row.requests;
            }
        }
        QCOMPARE(settled.totals().demand.requests, before + arrived);
        QVERIFY(conserved(settled.totals()));
    }

    void settlingIsTheSameOnManyThreads()
    {
        EngineOptions one = withThreads(1), four = withThreads(4);
        one.settleSeconds = four.settleSeconds = 7;
        Engine a = engineOf(test::smallFleet(), one), b = engineOf(test::smallFleet(), four);
        runTo(a, 3);
        runTo(b, 3);
        QCOMPARE(a.stateHash(), b.stateHash());
    }

    void anyNumberOfThreadsGivesTheSameBits_data()
    {
        QTest::addColumn<int>("threads");
        QTest::newRow("two") << 2;
        QTest::newRow("three") << 3;
        QTest::newRow("eight") << 8;
    }
    void anyNumberOfThreadsGivesTheSameBits()
    {
        QFETCH(int, threads);
        Engine one = engineOf(test::smallFleet(), withThreads(1));
        Engine many = engineOf(test::smallFleet(), withThreads(threads));
        for (int part = 1; part <= 4; ++part) {
            runTo(one, part * 7.5);
            runTo(many, part * 7.5);
            QCOMPARE(many.stateHash(), one.stateHash());
        }
        QVERIFY(many.totals().demand == one.totals().demand);
        QVERIFY(many.totals().supply == one.totals().supply);
        const auto a = one.takeIntervals(), b = many.takeIntervals();
        QCOMPARE(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            QVERIFY(a[i]->demand == b[i]->demand);
            QVERIFY(a[i]->supply == b[i]->supply);
            QVERIFY(a[i]->flows == b[i]->flows);
            QVERIFY(a[i]->latencies == b[i]->latencies);
        }
        QVERIFY(one.totals().demand.completed > 1000);
    }

    void anotherSeedIsAnotherRun()
    {
        Engine a = engineOf(test::smallFleet(), withThreads(1, 1));
        Engine b = engineOf(test::smallFleet(), withThreads(1, 2));
        runTo(a, 5);
        runTo(b, 5);
        QVERIFY(a.stateHash() != b.stateHash());
        QVERIFY(a.totals().demand != b.totals().demand);
    }

    void requestsAreConserved_data()
    {
        QTest::addColumn<double>("scale");
        QTest::newRow("quiet") << 0.2;
        QTest::newRow("usual") << 1.0;
        QTest::newRow("far too much") << 60.0;
    }
    void requestsAreConserved()
    {
        QFETCH(double, scale);
        Engine engine = engineOf(test::smallFleet(scale), withThreads(1));
        for (int i = 0; i < 400; ++i) {
            engine.step();
            QVERIFY(conserved(engine.totals()));
        }
        const RunTotals totals = engine.totals();
        QVERIFY(totals.demand.requests > 0);
        QVERIFY((totals.demand.rejected > 0) == (scale > 50));
        QCOMPARE(totals.demand.lost, 0);
        std::int64_t held = 0;
        for (const PlacementState& state : engine.placementStates()) {
            held += state.running + state.queued;
        }
        QVERIFY(held <= totals.inFlight); // the rest is on the network
        QVERIFY(scale > 50 || totals.demand.sloMet > totals.demand.completed * 9 / 10);
    }

    void demandIsWhatTheWorkloadsSay()
    {
        Fleet fleet = test::smallFleet(10);
        for (Workload& w : fleet.workloads) {
            w.diurnalAmplitude = 0;
        }
        Engine engine = engineOf(fleet, withThreads(1));
        runTo(engine, 100);
        const double expected = 61 * 10 * 100; // requests a second of all workloads, scale, seconds
        QVERIFY(std::abs(double(engine.totals().demand.requests) / expected - 1) < 0.02);
        const DemandTotals& d = engine.totals().demand;
        // Those under way are the long ones, so what is complete is a little shorter.
        QVERIFY(std::abs(double(d.tokensIn) / double(d.completed) / 800 - 1) < 0.03);
        QVERIFY(std::abs(double(d.tokensOut) / double(d.completed) / 200 - 1) < 0.08);
    }

    void totalsAreTheSumOfTheIntervals()
    {
        Engine engine = engineOf(test::smallFleet(2), withThreads(1));
        runTo(engine, 30);
        const auto intervals = engine.takeIntervals();
        QCOMPARE(intervals.size(), std::size_t{30});
        DemandTotals demand;
        SupplyTotals supply;
        std::int64_t flows = 0, unrouted = 0;
        SimMicros end = 0;
        for (const auto& interval : intervals) {
            QCOMPARE(interval->begin, end);
            end = interval->end;
            for (std::size_t row = 0; row < interval->demand.size(); ++row) {
                const DemandTotals& totals = interval->demand[row];
                demand += totals;
                unrouted += interval->layout->demand[row].placement == Layout::kUnrouted ? totals.requests : 0;
                QCOMPARE(interval->latencies[row][0].count(), totals.completed);
                QCOMPARE(interval->latencies[row][2].count(), totals.completed);
            }
            for (const SupplyTotals& row : interval->supply) {
                supply += row;
            }
            for (const std::int64_t flow : interval->flows) {
                flows += flow;
            }
        }
        QVERIFY(demand == engine.totals().demand);
        QVERIFY(supply == engine.totals().supply);
        QCOMPARE(flows + unrouted, demand.requests);
        QVERIFY(engine.takeIntervals().empty());
        QVERIFY(demand.egressMicroUsd > 0);
        // Every usable chip is in exactly one row at every moment.
        std::int64_t usable = 0;
        const Fleet fleet = test::smallFleet();
        for (const Pool& pool : fleet.pools) {
            usable += pool.usableChips();
        }
        QCOMPARE(supply.chipMicros, usable * 30 * kMicrosPerSecond);
    }

    void intervalsDoNotChangeTheRun()
    {
        EngineOptions rare = withThreads(1);
        rare.intervalMicros = 10 * kMicrosPerSecond;
        Engine a = engineOf(test::smallFleet(), withThreads(1)), b = engineOf(test::smallFleet(), rare);
        runTo(a, 20);
        runTo(b, 20);
        QVERIFY(a.totals().demand == b.totals().demand);
        QVERIFY(a.totals().supply == b.totals().supply);
        QCOMPARE(b.takeIntervals().size(), std::size_t{2});
    }

    void nearestSendsByRoundTripAlone()
    {
        Fleet fleet = test::smallFleet();
        EngineOptions options = withThreads(1);
        options.operations.routing = RoutingPolicy::Nearest;
        Engine engine = engineOf(fleet, options);
        runTo(engine, 20);
        const NetworkIndex network(fleet);
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
                for (std::size_t a = 0; a < fleet.areas.size(); ++a) {
                    if (interval->flows[p * fleet.areas.size() + a] == 0) {
                        continue;
                    }
                    const auto rttTo = [&](const Placement& to) {
                        return network.rtt(AreaId(a), fleet[to.pool].region).seconds;
                    };
                    for (const Placement& other : fleet.placements) {
                        if (other.model == fleet.placements[p].model) {
                            QVERIFY(rttTo(fleet.placements[p]) <= rttTo(other));
                        }
                    }
                }
            }
        }
    }

    void boundRequestsStayInTheirZone()
    {
        Fleet fleet = test::smallFleet(30);
        Engine engine = engineOf(fleet, withThreads(1));
        runTo(engine, 20);
        std::int64_t bound = 0;
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t row = 0; row < interval->demand.size(); ++row) {
                const auto& key = interval->layout->demand[row];
                if (key.workload.index() == 1 && interval->demand[row].requests > 0 &&
                    key.placement != Layout::kUnrouted) {
                    bound += interval->demand[row].requests;
                    QCOMPARE(fleet[fleet[interval->layout->placements[key.placement].pool].region].residencyZone,
                             std::string("EU"));
                }
            }
        }
        QVERIFY(bound > 0);
    }

    void aFullPlacementSpillsToTheNext()
    {
        Fleet fleet = test::smallFleet();
        fleet.workloads[0].meanRequestsPerSecond = 2500; // more than large@eastus2 should hold
        fleet.workloads[0].areaShares = {{AreaId(std::size_t{0}), 1.0}};
        Engine engine = engineOf(fleet, withThreads(1));
        runTo(engine, 60);
        std::ignore = engine.takeIntervals();
        std::vector<double> shares;
        for (int i = 0; i < 10; ++i) {
            runTo(engine, 60 + 3 * (i + 1));
            const auto by = requestsByPlacement(engine.takeIntervals());
            shares.push_back(double(by[0]) / double(by[0] + by[1] + by[2]));
        }
        const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
        QVERIFY2(*most < 0.95 && *least > 0.05, qPrintable(QString::number(*most)));
        QVERIFY2(*most - *least < 0.1, qPrintable(QString::number(*most - *least))); // no herd swinging to and fro
    }

    void aPlacementThatDoesNotFitIsNamed()
    {
        Fleet fleet = test::smallFleet();
        fleet.placements[0].tensorParallel = 1;
        fleet.placements[0].precision = Precision::Bf16;
        const auto engine =
            Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), withThreads(1));
        QVERIFY(!engine.ok());
        QVERIFY(engine.error().code == ErrorCode::Infeasible);
        QVERIFY(QString::fromStdString(engine.error().message).contains(QStringLiteral("large@azure/eastus2/H100")));
    }

    void aPlanMovesReplicasAndLosesNothing()
    {
        Fleet fleet = test::smallFleet(4);
        EngineOptions options = withThreads(1);
        options.operations.warmUp = readyAfter(5);
        Engine engine = engineOf(fleet, options);
        runTo(engine, 20);
        Fleet moved = fleet;
        moved.placements[0].replicas -= 8;
        moved.placements[2].replicas += 6;
        Placement added = moved.placements[3];
        added.pool = PoolId(std::size_t{2});
        added.key = "small@" + moved.pools[2].key;
        added.precision = Precision::Bf16;
        added.replicas = 3;
        moved.placements.push_back(added);
        const Status applied = engine.applyPlacements(std::make_shared<const Fleet>(moved));
        QVERIFY2(applied.ok(), applied.ok() ? "" : applied.error().toString().c_str());
        QVERIFY(conserved(engine.totals()));
        auto states = engine.placementStates();
        QCOMPARE(states.size(), moved.placements.size());
        QCOMPARE(states[0].replicas, 12);
        QVERIFY(states[0].drainingReplicas > 0);
        QCOMPARE(states[2].replicas, 10);
        QCOMPARE(states[2].warmingReplicas, 6);
        QCOMPARE(states[5].warmingReplicas, 3);
        QCOMPARE(states[5].replicas, 0);
        QCOMPARE(engine.layout()->placements.size(), moved.placements.size());
        // Nothing reaches the new placement before it is warm.
        std::ignore = engine.takeIntervals();
        runTo(engine, 25);
        QCOMPARE(requestsByPlacement(engine.takeIntervals())[5], 0);
        runTo(engine, 120);
        states = engine.placementStates();
        QCOMPARE(states[0].drainingReplicas, 0);
        QCOMPARE(states[2].replicas, 16);
        QCOMPARE(states[5].replicas, 3);
        QVERIFY(requestsByPlacement(engine.takeIntervals())[5] > 0);
        QVERIFY(conserved(engine.totals()));
        QCOMPARE(engine.totals().demand.lost, 0);
        std::set<Event::Kind> kinds;
        for (const Event& event : engine.takeEvents()) {
            kinds.insert(event.kind);
        }
        QVERIFY(kinds.contains(Event::Kind::PlanApplied));
        QVERIFY(kinds.contains(Event::Kind::ReplicasReady));
        QVERIFY(kinds.contains(Event::Kind::ReplicasDrained));
    }

    void whatWaitsWithNowhereToGoIsLostAndCounted()
    {
        Fleet fleet = test::smallFleet(60);
        EngineOptions options = withThreads(1);
        options.operations.retry.maxAttempts = 1;
        Engine engine = engineOf(fleet, options);
        runTo(engine, 20);
        const auto before = engine.placementStates();
        Fleet without = fleet;
        without.placements[3].replicas = without.placements[4].replicas = 0;
        QVERIFY(before[3].queued + before[4].queued > 0);
        QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(without)).ok());
        QCOMPARE(engine.totals().demand.lost, before[3].queued + before[4].queued);
        QVERIFY(conserved(engine.totals()));
        runTo(engine, 60);
        QVERIFY(conserved(engine.totals()));
        const auto after = engine.placementStates();
        QCOMPARE(after[3].running + after[4].running, 0); // they finished and left
        QCOMPARE(after[3].drainingReplicas, 0);
        // Demand for the model goes on and is shown as refused, not hidden.
        std::ignore = engine.takeIntervals();
        runTo(engine, 61);
        std::int64_t unrouted = 0;
        const auto interval = engine.takeIntervals().at(0);
        for (std::size_t row = 0; row < interval->demand.size(); ++row) {
            if (interval->layout->demand[row].placement == Layout::kUnrouted) {
                unrouted += interval->demand[row].rejected;
            }
        }
        QVERIFY(unrouted > 0);
    }

    void whatWaitsIsTriedElsewhere()
    {
        Fleet fleet = test::smallFleet(60);
        EngineOptions options = withThreads(1);
        options.operations.retry.maxAttempts = 100; // nobody gives up
        Engine engine = engineOf(fleet, options);
        runTo(engine, 20);
        QVERIFY(engine.placementStates()[3].queued > 0);
        const RunTotals before = engine.totals();
        Fleet without = fleet;
        without.placements[3].replicas = 0; // the other placement of the model stays
        QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(without)).ok());
        QVERIFY(engine.totals().demand.retried > before.demand.retried);
        QCOMPARE(engine.totals().demand.lost, 0);
        QVERIFY(conserved(engine.totals()));
        for (int i = 0; i < 100; ++i) {
            engine.step();
            QVERIFY(conserved(engine.totals()));
        }
    }

    void aPlanThatChangesMoreIsRefused()
    {
        const Fleet fleet = test::smallFleet();
        Engine engine = engineOf(fleet, withThreads(1));
        runTo(engine, 2);
        const std::uint64_t before = engine.stateHash();
        Fleet other = fleet;
        other.workloads[0].meanRequestsPerSecond *= 2;
        QVERIFY(!engine.applyPlacements(std::make_shared<const Fleet>(other)).ok());
        other = fleet;
        other.placements[1].tensorParallel = 4;
        QVERIFY(!engine.applyPlacements(std::make_shared<const Fleet>(other)).ok());
        other = fleet;
        other.placements.pop_back();
        QVERIFY(!engine.applyPlacements(std::make_shared<const Fleet>(other)).ok());
        QCOMPARE(engine.stateHash(), before);
    }

    void appliedPlansAreReproducible()
    {
        std::vector<std::uint64_t> hashes;
        for (const int threads : {1, 2}) {
            Fleet fleet = test::smallFleet(4);
            EngineOptions options = withThreads(threads);
            options.operations.warmUp = readyAfter(2);
            Engine engine = engineOf(fleet, options);
            runTo(engine, 5);
            fleet.placements[0].replicas = 5;
            QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(fleet)).ok());
            runTo(engine, 10);
            fleet.placements[0].replicas = 15;
            QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(fleet)).ok());
            runTo(engine, 20);
            hashes.push_back(engine.stateHash());
        }
        QCOMPARE(hashes[0], hashes[1]);
    }

    void theBenchmarkRuns()
    {
        const auto bench = benchmarkFleet(1600, 2, 1);
        QVERIFY(bench.ok());
        QCOMPARE(bench->replicas, 200);
        QVERIFY(std::abs(double(bench->requests) / (200 * 3 * 2) - 1) < 0.15);
        QVERIFY(!benchmarkFleet(10, 2, 1).ok());
        for (const int threads : {2, 8}) {
            QCOMPARE(benchmarkFleet(1600, 2, threads)->stateHash, bench->stateHash);
        }
    }
};

QTEST_APPLESS_MAIN(TestEngine)
#include "tst_engine.moc"

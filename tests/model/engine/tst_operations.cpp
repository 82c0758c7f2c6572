// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/autoscaler.h"
#include "model/engine/capacity.h"
#include "model/engine/engine.h"
#include "model/engine/fault_clock.h"
#include "model/engine/training_run.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <numeric>
#include <random>
#include <set>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;
using runs::runTo;

namespace {

Engine engineOf(const Fleet& fleet, const Operations& operations, int threads = 2, std::uint64_t seed = 42)
{
    EngineOptions options;
    options.threads = threads;
    options.seed = seed;
    options.operations = operations;
    return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
}

Pool poolOf(std::array<std::int32_t, kPricingModels> chips)
{
    Pool pool;
    pool.chips = chips;
    return pool;
}

Fault faultOf(FaultKind kind, double at, double duration)
{
    Fault fault;
    fault.kind = kind;
    fault.atSeconds = at;
    fault.durationSeconds = duration;
    return fault;
}

/// What every pool's chips did in an interval must be what there is.
std::int64_t chipMicrosOf(const Interval& interval, PoolId pool)
{
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < interval.supply.size(); ++i) {
        sum += interval.layout->supply[i].pool == pool ? interval.supply[i].chipMicros : 0;
    }
    return sum;
}

} // namespace

class TestOperations : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void blocksStayInNodesOrTakeWholeOnes()
    {
        ChipMap map(poolOf({20, 4, 0, 8}), {AcceleratorId(std::size_t{0}), 8, 2, {}}, 3);
        QCOMPARE(map.chips(), 32u);
        QCOMPARE(map.nodes(), 4u);
        QCOMPARE(map.racks(), 2u);
        QCOMPARE(map.take(6, 1).value(), 0u);
        QCOMPARE(map.take(4, 2).value(), 8u);   // not over the end of the first node
        QCOMPARE(map.take(2, 3).value(), 6u);   // fills the gap
        QCOMPARE(map.take(16, 4).value(), 16u); // whole nodes only
        QVERIFY(!map.take(8, 5));
        QCOMPARE(map.take(4, 5).value(), 12u);
        map.release(0, 6);
        QCOMPARE(map.take(5, 6).value(), 0u);
        QCOMPARE(map.ownedChips(), std::int64_t{31});
        QVERIFY(map.pricingOf(19) == PricingModel::Reserved && map.pricingOf(20) == PricingModel::Committed);
        QVERIFY(map.pricingOf(24) == PricingModel::Spot);
        QVERIFY(map.range(PricingModel::OnDemand).first == map.range(PricingModel::OnDemand).second);
    }

    void slicesComeInTheirSizes()
    {
        ChipMap map(poolOf({64, 0, 0, 0}), {AcceleratorId(std::size_t{0}), 4, 16, {4, 16, 64}}, 1);
        QCOMPARE(map.taken(5), 16);
        QCOMPARE(map.take(4, 1).value(), 0u);
        QCOMPARE(map.take(5, 2).value(), 16u); // at a multiple of sixteen
        QCOMPARE(map.ownedChips(), std::int64_t{20});
        QVERIFY(!map.take(64, 3));
        QCOMPARE(map.take(4, 3).value(), 4u);
    }

    void overlappingFaultsAddUp()
    {
        ChipMap map(poolOf({16, 0, 0, 0}), {AcceleratorId(std::size_t{0}), 8, 2, {}}, 1);
        QVERIFY(map.take(8, 7));
        std::vector<std::uint32_t> hit;
        map.breakChips(4, 8, hit);
        QVERIFY(hit == std::vector<std::uint32_t>{7});
        map.breakChips(0, 16, hit);
        QCOMPARE(map.brokenChips(), std::int64_t{16});
        map.mendChips(4, 8);
        QCOMPARE(map.brokenChips(), std::int64_t{16});
        map.mendChips(0, 16);
        QCOMPARE(map.brokenChips(), std::int64_t{0});
    }

    void takingAndReleasingNeverLosesOrSharesAChip()
    {
        std::mt19937_64 random(3);
        for (int round = 0; round < 50; ++round) {
            ChipMap map(poolOf({200, 40, 10, 6}), {AcceleratorId(std::size_t{0}), 8, 4, {}}, 2);
            std::vector<std::pair<std::uint32_t, std::int32_t>> held;
            std::vector<int> owners(256);
            for (int step = 0; step < 400; ++step) {
                if (random() % 3 != 0) {
                    const std::int32_t chips = 1 << (random() % 5);
                    if (const auto first = map.take(chips, std::uint32_t(step))) {
                        held.emplace_back(*first, chips);
                        for (std::int32_t i = 0; i < chips; ++i) {
                            QCOMPARE(owners[*first + std::uint32_t(i)]++, 0);
                        }
                    }
                } else if (!held.empty()) {
                    const std::size_t at = random() % held.size();
                    map.release(held[at].first, held[at].second);
                    for (std::int32_t i = 0; i < held[at].second; ++i) {
                        --owners[held[at].first + std::uint32_t(i)];
                    }
                    held.erase(held.begin() + std::ptrdiff_t(at));
                }
                QCOMPARE(map.ownedChips(), std::int64_t{std::accumulate(owners.begin(), owners.end(), 0)});
            }
        }
    }

    void quotaPowerAndTenantsBoundAPool()
    {
        Fleet fleet = test::smallFleet();
        const PoolId pool(std::size_t{0});
        Operations operations;
        PoolOperations how;
        how.pool = pool;
        how.quotaChips = 100;
        operations.pools = {how};
        QCOMPARE(Capacity(fleet, operations, 0).usableChips(pool), std::int64_t{100});
        operations.pools[0].powerLimitWatts =
            50 * fleet[fleet[pool].accelerator].tdpWatts * fleet[fleet[pool].region].pueRatio + 1;
        QCOMPARE(Capacity(fleet, operations, 0).usableChips(pool), std::int64_t{50});
        fleet.pools[0].otherTenantRatio = 0.5;
        operations.pools[0] = {};
        operations.pools[0].pool = pool;
        operations.pools[0].otherTenantAmplitude = 0.4;
        Capacity capacity(fleet, operations, 0);
        std::vector<PoolId> arrived;
        std::int64_t least = 1'000'000, most = 0;
        for (int hour = 0; hour < 24; ++hour) {
            capacity.update(hour * 3600, arrived);
            least = std::min(least, capacity.usableChips(pool));
            most = std::max(most, capacity.usableChips(pool));
        }
        const double total = double(fleet[pool].totalChips());
        QVERIFY(std::abs(double(least) / total - 0.3) < 0.01 && std::abs(double(most) / total - 0.7) < 0.01);
    }

    void chipsComeOnTheirDate()
    {
        Fleet fleet = test::smallFleet();
        fleet.startTimeUtc = "2026-11-30T23:59:30Z";
        const PoolId pool(std::size_t{1});
        CapacityArrival arrival;
        arrival.pool = pool;
        arrival.chips = 64;
        arrival.date = "2026-12-01";
        fleet.arrivals = {arrival};
        arrival.date = "2026-11-01"; // there already
        fleet.arrivals.push_back(arrival);
        Operations operations;
        operations.warmUp = {1, 0, 1e15, 0};
        operations.autoscale = {{PlacementId(std::size_t{1}), 100, 100, 0.7, 300}};
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 29);
        const std::int32_t before = engine.placementStates()[1].replicas;
        QVERIFY(before < 100);
        runTo(engine, 40);
        // Other tenants have their share of what comes, too.
        Pool later = fleet.pools[1];
        later.chips[static_cast<std::size_t>(PricingModel::Reserved)] += 64;
        const std::int64_t now = fleet.pools[1].usableChips(), then = later.usableChips();
        QVERIFY(then > now);
        QCOMPARE(engine.placementStates()[1].replicas, before + (then - now) / fleet.placements[1].tensorParallel);
        for (const auto& interval : engine.takeIntervals()) {
            const std::int64_t chips = interval->begin >= 30 * kMicrosPerSecond ? then : now;
            QCOMPARE(chipMicrosOf(*interval, pool), chips * (interval->end - interval->begin));
        }
        bool said = false;
        for (const Event& event : engine.takeEvents()) {
            said = said || (event.kind == Event::Kind::ChipsArrived && event.at == 30 * kMicrosPerSecond);
        }
        QVERIFY(said);
    }

    void gangsRunCheckpointRestartAndLoseTheirLastSteps()
    {
        TrainingJob job;
        job.checkpointSeconds = 100;
        TrainingOperations how;
        how.checkpointWriteSeconds = 10;
        how.restartSeconds = 50;
        TrainingRun run(job, how, 0);
        run.gather(0);
        run.advance(105);
        QVERIFY(run.state() == TrainingRun::State::Writing);
        QCOMPARE(run.keptSeconds(), 0.0);
        run.advance(150);
        QCOMPARE(run.keptSeconds(), 100.0);
        QCOMPARE(run.unsavedSeconds(), 40.0);
        run.breakDown(150);
        QCOMPARE(run.lostSeconds(), 40.0);
        run.gather(170);
        run.advance(230);
        QVERIFY(run.state() == TrainingRun::State::Running);
        QCOMPARE(run.unsavedSeconds(), 10.0);
        QCOMPARE(run.goodputRatio(), 110.0 / 230);
        QCOMPARE(run.busySeconds(), 160.0);
        QCOMPARE(run.restarts(), 1);
        // However time is cut, the same comes out.
        TrainingRun pieces(job, how, 0);
        pieces.gather(0);
        for (double t = 0; t <= 150; t += 0.25) {
            pieces.advance(t);
        }
        pieces.breakDown(150);
        pieces.gather(170);
        pieces.advance(230);
        QVERIFY(std::abs(pieces.unsavedSeconds() - run.unsavedSeconds()) < 1e-9);
        QVERIFY(std::abs(pieces.busySeconds() - run.busySeconds()) < 1e-9);
    }

    void autoscalingGoesUpAtOnceAndDownWithPatience()
    {
        AutoscaleRule rule;
        rule.minReplicas = 2;
        rule.maxReplicas = 20;
        rule.targetRatio = 0.5;
        rule.scaleDownAfterSeconds = 60;
        Autoscaler scaler(rule, 4);
        QCOMPARE(scaler.wanted(0, 4, 20, 10), 4);
        QCOMPARE(scaler.wanted(5, 4, 500, 10), 4); // looks every ten seconds
        QCOMPARE(scaler.wanted(10, 4, 60, 10), 12);
        QCOMPARE(scaler.wanted(20, 12, 500, 10), 20); // the most
        QCOMPARE(scaler.wanted(30, 20, 30, 10), 20);
        QCOMPARE(scaler.wanted(60, 20, 50, 10), 20);
        QCOMPARE(scaler.wanted(90, 20, 20, 10), 10); // the most asked for in the last minute
        QCOMPARE(scaler.wanted(100, 10, 0, 10), 10);
        QCOMPARE(scaler.wanted(130, 10, 49, 10), 10); // back at its target: patience begins again
        QCOMPARE(scaler.wanted(180, 10, 0, 10), 10);
        QCOMPARE(scaler.wanted(240, 10, 0, 10), 2); // the fewest
    }

    void faultsByRateComeAsOftenAsTheySay()
    {
        const Fleet fleet = test::smallFleet();
        Operations operations;
        operations.faultRates = {{FaultKind::Node, 1000, 2}};
        const Capacity capacity(fleet, operations, 0);
        FaultClock clock(fleet, operations, capacity, 0, 7);
        std::size_t begun = 0, ended = 0;
        double repair = 0;
        std::vector<int> byPool(fleet.pools.size());
        for (int hour = 1; hour <= 20'000; ++hour) {
            for (const FaultClock::Turn& turn : clock.due(hour * 3600.0)) {
                const bool begins = turn.phase == FaultClock::Turn::Phase::Begin;
                ++(begins ? begun : ended);
                if (begins) {
                    repair += turn.fault.durationSeconds / 3600;
                    ++byPool[turn.fault.pool.index()];
                }
            }
        }
        const double nodes = 1024 / 8, expected = 20'000.0 / 1000 * nodes;
        QVERIFY2(std::abs(double(begun) / expected - 1) < 4 / std::sqrt(expected), qPrintable(QString::number(begun)));
        QVERIFY(std::abs(repair / double(begun) / 2 - 1) < 4 / std::sqrt(expected));
        QVERIFY(begun - ended < 20);
        QVERIFY(std::abs(byPool[0] / double(begun) - 0.5) < 0.05); // 512 of 1,024 chips
    }

    void aFaultTakesWhatRunsThereAndIsMended_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<int>("count");
        QTest::newRow("chip") << int(FaultKind::Chip) << 1;
        QTest::newRow("three chips") << int(FaultKind::Chip) << 3;
        QTest::newRow("node") << int(FaultKind::Node) << 1;
        QTest::newRow("rack") << int(FaultKind::Rack) << 2;
        QTest::newRow("zone") << int(FaultKind::Zone) << 1;
        QTest::newRow("region") << int(FaultKind::Region) << 1;
        QTest::newRow("provider") << int(FaultKind::Provider) << 1;
        QTest::newRow("stale control") << int(FaultKind::StaleControl) << 1;
        QTest::newRow("spot wave") << int(FaultKind::SpotWave) << 1;
        QTest::newRow("link cut") << int(FaultKind::LinkCut) << 1;
        QTest::newRow("link slow") << int(FaultKind::LinkSlow) << 1;
    }
    void aFaultTakesWhatRunsThereAndIsMended()
    {
        QFETCH(int, kind);
        QFETCH(int, count);
        const Fleet fleet = test::smallFleet(3);
        Operations operations;
        operations.warmUp = {5, 0, 1e15, 0};
        Fault fault = faultOf(static_cast<FaultKind>(kind), 10, 20);
        fault.count = count;
        fault.pool = PoolId(std::size_t{1}); // where no gang holds the first chips
        fault.region = fleet.pools[1].region;
        fault.provider = fleet[fault.region].provider;
        fault.otherRegion = fleet.pools[0].region;
        fault.unit = fault.kind < FaultKind::Zone ? 0 : -1;
        fault.ratio = fault.kind == FaultKind::LinkSlow ? 5 : 1;
        if (fault.kind == FaultKind::Region || fault.kind == FaultKind::Provider || fault.kind == FaultKind::SpotWave) {
            fault.pool = {};
        }
        operations.faults = {fault};
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 9.9);
        const auto before = engine.placementStates();
        runTo(engine, 12);
        QCOMPARE(engine.faults().size(), std::size_t{1});
        QVERIFY(conserved(engine.totals()));
        std::int64_t replicasBefore = 0, replicas = 0;
        for (std::size_t p = 0; p < before.size(); ++p) {
            replicasBefore += before[p].replicas;
            replicas += engine.placementStates()[p].replicas;
        }
        const bool breaks = fault.kind <= FaultKind::Provider;
        QCOMPARE(replicas < replicasBefore, breaks);
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
                QCOMPARE(chipMicrosOf(*interval, PoolId(p)),
                         fleet.pools[p].usableChips() * (interval->end - interval->begin));
            }
        }
        runTo(engine, 90);
        QVERIFY(engine.faults().empty());
        QVERIFY(conserved(engine.totals()));
        for (std::size_t p = 0; p < before.size(); ++p) {
            QCOMPARE(engine.placementStates()[p].replicas, before[p].replicas); // all are back
        }
        std::set<Event::Kind> kinds;
        for (const Event& event : engine.takeEvents()) {
            kinds.insert(event.kind);
        }
        QVERIFY(kinds.contains(Event::Kind::FaultBegan) && kinds.contains(Event::Kind::FaultEnded));
        if (breaks) {
            const auto& totals = engine.totals().demand;
            QVERIFY(totals.retried + totals.lost + totals.rejected > 0);
        }
    }

    /// Spot chips of Azure go 30 s after the notice; what runs there drains meanwhile, is replaced on other chips, and
    /// may come back on them.
    void spotChipsDrainGoAndComeBack_data()
    {
        QTest::addColumn<bool>("byRate");
        QTest::newRow("wave") << false;
        QTest::newRow("by rate") << true;
    }
    void spotChipsDrainGoAndComeBack()
    {
        QFETCH(bool, byRate);
        Fleet fleet = test::smallFleet();
        fleet.trainingJobs.clear();
        fleet.pools[0].chips = {64, 0, 0, 64};
        fleet.pools[0].otherTenantRatio = 0;
        fleet.placements[0].replicas = 14; // of 8 chips: 7 or more on spot
        fleet.placements[3].replicas = 0;
        Operations operations;
        operations.warmUp = {5, 0, 1e15, 0};
        if (byRate) {
            operations.pools = {{PoolId(std::size_t{0}), 1, {}, {}, 0, 0.5}};
        } else {
            operations.faults = {faultOf(FaultKind::SpotWave, 10, 60)};
            operations.faults[0].provider = ProviderId(std::size_t{0});
        }
        Engine engine = engineOf(fleet, operations);
        std::vector<SimMicros> notices, begins, ends;
        std::int32_t mostDraining = 0, fewest = 14;
        while (engine.now() < 600 * kMicrosPerSecond) {
            engine.step();
            const PlacementState state = engine.placementStates()[0];
            if (!byRate && engine.now() < 40 * kMicrosPerSecond) {
                mostDraining = std::max(mostDraining, state.drainingReplicas);
            }
            if (!byRate && engine.now() > 40 * kMicrosPerSecond && engine.now() < 100 * kMicrosPerSecond) {
                QCOMPARE(state.drainingReplicas, 0); // whatever was left broke down
                fewest = std::min(fewest, state.replicas);
            }
            for (const Event& event : engine.takeEvents()) {
                if (event.kind == Event::Kind::FaultBegan) {
                    (event.text.starts_with("Notice") ? notices : begins).push_back(event.at);
                } else if (event.kind == Event::Kind::FaultEnded) {
                    ends.push_back(event.at);
                }
            }
            QVERIFY(conserved(engine.totals()));
        }
        QVERIFY(!notices.empty() && !begins.empty());
        QCOMPARE(begins.front() - notices.front(), 30 * kMicrosPerSecond);
        if (byRate) {
            return;
        }
        QCOMPARE(notices.size(), std::size_t{1});
        QCOMPARE(begins.size(), std::size_t{1});
        QCOMPARE(ends.front() - begins.front(), 60 * kMicrosPerSecond);
        QVERIFY(mostDraining > 0);
        QCOMPARE(fewest, 8); // what the reserved chips hold
        QCOMPARE(engine.placementStates()[0].replicas, 14);
        const auto& totals = engine.totals().demand;
        // Answers of 200 tokens are through in far less than half a minute: hardly any needed another attempt.
        QVERIFY2(double(totals.retried) < 0.002 * double(totals.requests), qPrintable(QString::number(totals.retried)));
    }

    void aNoticeCanBeCalledOff()
    {
        const Fleet fleet = test::smallFleet();
        Engine engine = engineOf(fleet, {});
        Fault wave = faultOf(FaultKind::SpotWave, 0, 60);
        wave.pool = PoolId(std::size_t{0});
        const std::uint32_t number = engine.inject(wave).value();
        runTo(engine, 5);
        QCOMPARE(engine.faults().size(), std::size_t{1});
        engine.mend(number);
        runTo(engine, 60);
        QVERIFY(engine.faults().empty());
        for (const auto& interval : engine.takeIntervals()) {
            for (const auto& row : interval->layout->supply) {
                QVERIFY(row.use != Use::Down);
            }
        }
    }

    void aRegionAwaySendsItsRequestsElsewhere()
    {
        const Fleet fleet = test::smallFleet();
        Operations operations;
        Fault fault = faultOf(FaultKind::Region, 20, 1000);
        fault.region = fleet.pools[0].region;
        operations.faults = {fault};
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 60);
        std::int64_t there = 0, elsewhere = 0;
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t row = 0; interval->begin >= 25 * kMicrosPerSecond && row < interval->demand.size();
                 ++row) {
                const auto& of = interval->layout->demand[row];
                if (of.placement != Layout::kUnrouted) {
                    const bool gone = fleet[interval->layout->placements[of.placement].pool].region == fault.region;
                    (gone ? there : elsewhere) += interval->demand[row].requests;
                }
            }
        }
        QCOMPARE(there, 0);
        QVERIFY(elsewhere > 1000);
        QCOMPARE(engine.totals().demand.lost, 0); // all were tried again
        QVERIFY(engine.totals().demand.retried > 0);
    }

    void aMendedFaultEndsBeforeItsTime()
    {
        const Fleet fleet = test::smallFleet();
        Engine engine = engineOf(fleet, {});
        runTo(engine, 5);
        Fault fault = faultOf(FaultKind::Node, 0, 1000);
        fault.pool = PoolId(std::size_t{0});
        const auto number = engine.inject(fault);
        QVERIFY(number.ok());
        runTo(engine, 6);
        QCOMPARE(engine.faults().size(), std::size_t{1});
        engine.mend(*number);
        QVERIFY(engine.faults().empty());
        engine.mend(*number); // nothing happens
        runTo(engine, 1100);
        QVERIFY(conserved(engine.totals()));
        Fault nonsense = faultOf(FaultKind::Region, 0, 10);
        QVERIFY(!engine.inject(nonsense).ok());
    }

    void trainingStopsAndRestartsWhenItLosesAChip()
    {
        const Fleet fleet = test::smallFleet();
        QVERIFY(!fleet.trainingJobs.empty());
        Operations operations;
        TrainingOperations how;
        how.job = fleet.trainingJobs[0].name;
        how.restartSeconds = 10;
        operations.training = {how};
        Fault fault = faultOf(FaultKind::Region, 30, 20);
        fault.region = fleet[fleet.trainingJobs[0].pool].region;
        operations.faults = {fault};
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 29);
        QVERIFY(engine.trainingStates()[0].phase == TrainingState::Phase::Running);
        QCOMPARE(engine.trainingStates()[0].goodputRatio, 1.0);
        runTo(engine, 40);
        QVERIFY(engine.trainingStates()[0].phase == TrainingState::Phase::Waiting);
        QCOMPARE(engine.trainingStates()[0].chipsHeld, 0);
        QVERIFY(engine.trainingStates()[0].lostSeconds > 29);
        runTo(engine, 55);
        QVERIFY(engine.trainingStates()[0].phase == TrainingState::Phase::Restarting);
        runTo(engine, 70);
        QVERIFY(engine.trainingStates()[0].phase == TrainingState::Phase::Running);
        QCOMPARE(engine.trainingStates()[0].restarts, 1);
    }

    /// A gang on spot chips writes a checkpoint when it is told that they go, if the notice is long enough.
    void trainingSavesWhatItCanBeforeSpotChipsGo_data()
    {
        QTest::addColumn<double>("writeSeconds");
        QTest::addColumn<double>("lostSeconds");
        QTest::newRow("in time") << 20.0 << 10.0; // what it did after the checkpoint
        QTest::newRow("just in time") << 30.0 << 0.0;
        QTest::newRow("too long") << 45.0 << 90.0; // all since it began
    }
    void trainingSavesWhatItCanBeforeSpotChipsGo()
    {
        QFETCH(double, writeSeconds);
        QFETCH(double, lostSeconds);
        Fleet fleet = test::smallFleet();
        fleet.pools[0].chips = {0, 0, 0, 512};
        fleet.trainingJobs[0].chips = 64;
        Operations operations;
        TrainingOperations how;
        how.job = fleet.trainingJobs[0].name;
        how.checkpointWriteSeconds = writeSeconds;
        how.restartSeconds = 10;
        operations.training = {how};
        Fault wave = faultOf(FaultKind::SpotWave, 60, 60);
        wave.pool = PoolId(std::size_t{0});
        operations.faults = {wave};
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 61);
        const bool inTime = writeSeconds <= 30;
        QCOMPARE(engine.trainingStates()[0].phase,
                 inTime ? TrainingState::Phase::Writing : TrainingState::Phase::Running);
        runTo(engine, 89);
        QVERIFY(engine.trainingStates()[0].phase != TrainingState::Phase::Waiting); // until they go
        QCOMPARE(engine.trainingStates()[0].chipsHeld, 64);
        runTo(engine, 91);
        const TrainingState gone = engine.trainingStates()[0];
        QCOMPARE(gone.phase, TrainingState::Phase::Waiting);
        QCOMPARE(gone.chipsHeld, 0);
        QCOMPARE(gone.restarts, 1);
        QVERIFY2(std::abs(gone.lostSeconds - lostSeconds) < 0.2, qPrintable(QString::number(gone.lostSeconds)));
        QVERIFY(std::abs(gone.keptSeconds - (inTime ? 60 : 0)) < 0.2);
        runTo(engine, 170); // they are back after a minute, then it restarts
        QCOMPARE(engine.trainingStates()[0].phase, TrainingState::Phase::Running);
        bool said = false;
        for (const Event& event : engine.takeEvents()) {
            said = said || event.text.starts_with("Training writes a checkpoint");
        }
        QCOMPARE(said, inTime);
    }

    void replicasFollowTheLoad()
    {
        Fleet fleet = test::smallFleet(4);
        for (Placement& placement : fleet.placements) {
            placement.replicas = std::max(1, placement.replicas / 4);
        }
        Operations operations;
        operations.warmUp = {5, 0, 1e15, 0};
        for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
            operations.autoscale.push_back({PlacementId(p), 1, 60, 0.6, 30});
        }
        Engine engine = engineOf(fleet, operations);
        runTo(engine, 120);
        std::int32_t replicas = 0, before = 0;
        for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
            replicas += engine.placementStates()[p].replicas;
            before += fleet.placements[p].replicas;
        }
        QVERIFY2(replicas > before * 3 / 2, qPrintable(QStringLiteral("%1 from %2").arg(replicas).arg(before)));
        QVERIFY(conserved(engine.totals()));
        // What is lost by the beginning is made up for: the last minute meets its service level better.
        std::int64_t early = 0, earlyMet = 0, late = 0, lateMet = 0;
        for (const auto& interval : engine.takeIntervals()) {
            for (const DemandTotals& row : interval->demand) {
                (interval->begin < 60 * kMicrosPerSecond ? early : late) += row.completed;
                (interval->begin < 60 * kMicrosPerSecond ? earlyMet : lateMet) += row.sloMet;
            }
        }
        QVERIFY(double(lateMet) / double(late) >= double(earlyMet) / double(early));
    }

    void aStormOfEverythingConservesAndDoesNotDependOnThreads()
    {
        const Fleet fleet = test::smallFleet(6);
        Operations operations;
        operations.routing = RoutingPolicy::LatencyAware;
        operations.warmUp = {3, 0, 1e15, 0};
        for (const FaultKind kind : {FaultKind::Chip, FaultKind::Node, FaultKind::Rack, FaultKind::Zone,
                                     FaultKind::Region, FaultKind::Provider}) {
            operations.faultRates.push_back({kind,
                                             kind == FaultKind::Chip       ? 10.0
                                             : kind == FaultKind::Provider ? 0.1
                                                                           : 0.5,
                                             0.002});
        }
        for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
            operations.autoscale.push_back({PlacementId(p), 0, 40, 0.5, 5});
        }
        std::vector<std::uint64_t> hashes;
        for (const int threads : {1, 2, 8}) {
            Engine engine = engineOf(fleet, operations, threads, 11);
            for (int second = 1; second <= 60; ++second) {
                runTo(engine, second);
                QVERIFY(conserved(engine.totals()));
            }
            QVERIFY(engine.totals().demand.retried > 0);
            hashes.push_back(engine.stateHash());
            for (const auto& interval : engine.takeIntervals()) {
                for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
                    QVERIFY(chipMicrosOf(*interval, PoolId(p)) >=
                            fleet.pools[p].usableChips() * (interval->end - interval->begin));
                }
            }
        }
        QCOMPARE(hashes[1], hashes[0]);
        QCOMPARE(hashes[2], hashes[0]);
    }

    void nonsenseIsRefusedBeforeTheClockStarts_data()
    {
        QTest::addColumn<int>("what");
        for (int what = 0; what < 10; ++what) {
            QTest::newRow(std::to_string(what).c_str()) << what;
        }
    }
    void nonsenseIsRefusedBeforeTheClockStarts()
    {
        QFETCH(int, what);
        Operations o;
        const PlacementId first(std::size_t{0});
        switch (what) {
        case 0:
            o.probes = 0;
            break;
        case 1:
            o.autoscale = {{first, 5, 2, 0.7, 1}};
            break;
        case 2:
            o.autoscale = {{first, 1, 2, 0.7, 1}, {first, 1, 3, 0.7, 1}};
            break;
        case 3:
            o.faults = {faultOf(FaultKind::Region, 1, 1)};
            break;
        case 4:
            o.faultRates = {{FaultKind::SpotWave, 1, 1}};
            break;
        case 5:
            o.workloads = {{}};
            break;
        case 6:
            o.spotNotices = {{ProviderId(std::size_t{0}), -1}};
            break;
        case 7:
            o.spotNotices = {{ProviderId(std::size_t{9}), 30}};
            break;
        case 8:
            o.spotNotices = {{{}, 30}, {{}, 20}};
            break;
        default:
            o.warmUp.weightBytesPerSecond = 0;
            break;
        }
        EngineOptions options;
        options.operations = o;
        const auto engine =
            Engine::create(std::make_shared<const Fleet>(test::smallFleet()), test::smallCalibration(), options);
        QVERIFY(!engine.ok());
        QVERIFY(!engine.error().message.empty());
    }
};

QTEST_APPLESS_MAIN(TestOperations)
#include "tst_operations.moc"

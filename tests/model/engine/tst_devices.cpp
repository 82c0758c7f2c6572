// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/devices.h"
#include "model/fleet/process_clock.h"
#include "model/serving/power.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::runTo;

namespace {

constexpr SimMicros kWindow = 100'000;

PoolId pool(std::size_t index)
{
    return PoolId(index);
}

/// An interval a window, so that what is counted can be set beside each view.
Engine engineOf(const Fleet& fleet, const Operations& operations = {}, int threads = 1, std::uint64_t seed = 42)
{
    EngineOptions options;
    options.threads = threads;
    options.seed = seed;
    options.operations = operations;
    options.windowMicros = options.intervalMicros = kWindow;
    return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
}

std::int64_t chipsOf(const Interval& interval, PoolId id, Use use)
{
    std::int64_t micros = 0;
    for (std::size_t i = 0; i < interval.supply.size(); ++i) {
        const Layout::SupplyRow& row = interval.layout->supply[i];
        micros += row.pool == id && row.use == use ? interval.supply[i].chipMicros : 0;
    }
    return micros / (interval.end - interval.begin);
}

Fault faultOf(FaultKind kind, PoolId id, std::int32_t count, std::int32_t unit = -1)
{
    Fault fault;
    fault.kind = kind;
    fault.pool = id;
    fault.count = count;
    fault.unit = unit;
    fault.durationSeconds = 1e6;
    return fault;
}

bool same(float a, float b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool equal(const DeviceView& a, const DeviceView& b)
{
    if (a.chips.size() != b.chips.size() || a.slices.size() != b.slices.size() || a.at != b.at) {
        return false;
    }
    for (std::size_t i = 0; i < a.chips.size(); ++i) {
        const Device &x = a.chips[i], &y = b.chips[i];
        if (x.owner != y.owner || x.state != y.state || x.number != y.number || x.slot != y.slot || x.xid != y.xid ||
            x.slice != y.slice || !same(x.utilizationRatio, y.utilizationRatio) || !same(x.watts, y.watts) ||
            !same(x.celsius, y.celsius) || !same(float(x.hbmUsedBytes), float(y.hbmUsedBytes))) {
            return false;
        }
    }
    return true;
}

} // namespace

class TestDevices : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// Whatever happens, chips by chip are the chips of the supply rows, to the last one.
    void countsAreTheLedgers()
    {
        Fleet fleet = test::smallFleet();
        fleet.pools[1].otherTenantRatio = 0.3;
        fleet.arrivals = {{pool(0), "2026-01-06", 40, PricingModel::Committed, {}}};
        fleet.startTimeUtc = "2026-01-05T23:59:30Z"; // they come after half a minute
        Operations operations;
        operations.pools = {{pool(1), 2, std::nullopt, std::nullopt, 0.5, 20}, {pool(2), 3, {}, {}, 0, 0}};
        operations.layouts = {{AcceleratorId(std::size_t{1}), 4, 4, {4, 16, 64, 256}}};
        operations.faultRates = {{FaultKind::Node, 0.2, 0.01}, {FaultKind::Chip, 2, 0.02}};
        Engine engine = engineOf(fleet, operations);
        int compared = 0;
        std::int64_t mostDown = 0;
        std::set<std::int64_t> awaited;
        for (int step = 0; step < 900; ++step) {
            engine.step();
            bool changed = false;
            for (const Event& event : engine.takeEvents()) {
                // What finished within the window was still booked for all of it.
                changed = changed || event.kind == Event::Kind::ReplicasDrained;
            }
            const auto intervals = engine.takeIntervals();
            QCOMPARE(intervals.size(), std::size_t{1});
            for (std::size_t p = 0; p < fleet.pools.size() && !changed; ++p) {
                const DeviceCounts counts = engine.devices(pool(p)).counts();
                QCOMPARE(counts.serving, chipsOf(*intervals[0], pool(p), Use::Serving));
                QCOMPARE(counts.training, chipsOf(*intervals[0], pool(p), Use::Training));
                QCOMPARE(counts.idle, chipsOf(*intervals[0], pool(p), Use::Idle));
                QCOMPARE(counts.down, chipsOf(*intervals[0], pool(p), Use::Down));
                QCOMPARE(counts.all(), fleet.pools[p].totalChips() + (p == 0 ? 40 : 0));
                mostDown = std::max(mostDown, counts.down);
                ++compared;
                if (p == 0) {
                    awaited.insert(counts.notArrived);
                }
            }
        }
        QVERIFY(compared > 2400);
        QVERIFY(mostDown > 8);
        QVERIFY(awaited == (std::set<std::int64_t>{0, 40}));
    }

    /// The estimate of how busy each replica is, against work as the engine counts it; power likewise.
    void busyAndPowerAreThePoolsOnes_data()
    {
        QTest::addColumn<double>("demand");
        QTest::newRow("hardly any load") << 1.5;
        QTest::newRow("busy") << 9.0;
    }
    void busyAndPowerAreThePoolsOnes()
    {
        QFETCH(double, demand);
        Engine engine = engineOf(test::smallFleet(demand));
        runTo(engine, 120);
        (void)engine.takeIntervals();
        std::vector<double> busy(3), watts(3), work(3), chips(3), joules(3);
        constexpr int kSteps = 1200;
        for (int step = 0; step < kSteps; ++step) {
            engine.step();
            for (std::size_t p = 0; p < 3; ++p) {
                const DeviceView view = engine.devices(pool(p));
                busy[p] += view.utilizationRatio() / kSteps;
                watts[p] += view.powerWatts() / kSteps;
            }
        }
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t i = 0; i < interval->supply.size(); ++i) {
                const Layout::SupplyRow& row = interval->layout->supply[i];
                const SupplyTotals& sums = interval->supply[i];
                work[row.pool.index()] += double(sums.workMicros);
                chips[row.pool.index()] += double(sums.chipMicros);
                joules[row.pool.index()] += double(sums.energyMillijoules) * 1e-3;
            }
        }
        for (std::size_t p = 0; p < 3; ++p) {
            const double utilization = work[p] / chips[p], power = joules[p] / (kSteps * 0.1);
            qInfo("pool %zu: busy %.4f, counted %.4f; %.0f W, counted %.0f W", p, busy[p], utilization, watts[p],
                  power);
            QVERIFY(std::abs(busy[p] - utilization) < 0.005 + 0.05 * utilization);
            QVERIFY(std::abs(watts[p] / power - 1) < 0.02);
        }
    }

    /// Where nothing is estimated the energy rate is exact.
    void idlePowerIsExact()
    {
        Fleet fleet = test::smallFleet(1e-6);
        Engine engine = engineOf(fleet);
        runTo(engine, 5);
        const auto intervals = engine.takeIntervals();
        for (std::size_t p = 0; p < 3; ++p) {
            double joules = 0;
            for (std::size_t i = 0; i < intervals.back()->supply.size(); ++i) {
                const bool here = intervals.back()->layout->supply[i].pool == pool(p);
                joules += here ? double(intervals.back()->supply[i].energyMillijoules) * 1e-3 : 0;
            }
            QVERIFY(std::abs(engine.devices(pool(p)).powerWatts() / (joules / 0.1) - 1) < 1e-5);
        }
    }

    void ownersStandWhereTheyAre()
    {
        Engine engine = engineOf(test::smallFleet());
        runTo(engine, 30);
        const DeviceView view = engine.devices(pool(0));
        QCOMPARE(view.chips.size(), std::size_t{512});
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::set<std::uint32_t>> nodesOfReplica;
        std::map<std::pair<std::uint32_t, std::uint32_t>, int> chipsOfReplica;
        for (std::size_t i = 0; i < view.chips.size(); ++i) {
            const Device& device = view.chips[i];
            if (device.owner == Device::Owner::Replica) {
                nodesOfReplica[{device.number, device.slot}].insert(view.nodeOf(i));
                ++chipsOfReplica[{device.number, device.slot}];
                QVERIFY(device.state == Device::State::Working);
                QVERIFY(device.utilizationRatio >= 0 && device.utilizationRatio < 1.2f);
                QVERIFY(device.hbmUsedBytes > 0 && device.hbmUsedBytes <= view.hbmBytes);
            }
            QVERIFY(device.watts >= float(0.3 * 700) - 0.01f && device.watts < 850);
            QVERIFY(device.celsius >= 43.4f && device.celsius < 85);
            QCOMPARE(view.rackOf(i), std::uint32_t(i / 32));
        }
        QCOMPARE(chipsOfReplica.size(), std::size_t{28});
        for (const auto& [replica, nodes] : nodesOfReplica) {
            QCOMPARE(nodes.size(), std::size_t{1});
            QCOMPARE((chipsOfReplica[replica]), replica.first == 0 ? 8 : 1);
        }
        // Weights at fp8 over eight chips, and no more than the cache on top.
        const auto large = std::find_if(view.chips.begin(), view.chips.end(),
                                        [](const Device& d) { return d.owner == Device::Owner::Replica; });
        QVERIFY(large->hbmUsedBytes >= 70.6e9 / 8);
        const auto gang = std::count_if(view.chips.begin(), view.chips.end(),
                                        [](const Device& d) { return d.owner == Device::Owner::Training; });
        QCOMPARE(gang, std::ptrdiff_t{256});
        const auto nodes = groupsOf(view, DeviceUnit::Node);
        const auto racks = groupsOf(view, DeviceUnit::Rack);
        const auto zones = groupsOf(view, DeviceUnit::Zone);
        QCOMPARE(nodes.size(), std::size_t{64});
        QCOMPARE(racks.size(), std::size_t{16});
        QCOMPARE(zones.size(), std::size_t{1});
        QVERIFY(std::abs(zones[0].watts * view.pueRatio - view.powerWatts()) < 1);
        QVERIFY(std::abs(zones[0].utilizationRatio - view.utilizationRatio()) < 1e-9);
    }

    void brokenChipsSayWhy()
    {
        Engine engine = engineOf(test::smallFleet());
        runTo(engine, 1);
        QVERIFY(engine.inject(faultOf(FaultKind::Chip, pool(0), 32, 0)).ok());
        QVERIFY(engine.inject(faultOf(FaultKind::Node, pool(0), 1, 8)).ok());
        QVERIFY(engine.inject(faultOf(FaultKind::Chip, pool(2), 4, 0)).ok());
        engine.step();
        const DeviceView view = engine.devices(pool(0));
        int lost = 0, memory = 0;
        for (std::size_t i = 0; i < 32; ++i) {
            QVERIFY(view.chips[i].state == Device::State::Down && view.chips[i].cause == FaultKind::Chip);
            QCOMPARE(view.chips[i].watts, 0.0f);
            QVERIFY(std::isnan(view.chips[i].celsius));
            ++(view.chips[i].xid == 79 ? lost : memory);
            QVERIFY(view.chips[i].xid == 79 || view.chips[i].xid == 48);
        }
        QVERIFY(lost > memory && memory > 0);
        for (std::size_t i = 64; i < 72; ++i) {
            QVERIFY(view.chips[i].state == Device::State::Down && view.chips[i].cause == FaultKind::Node);
            QCOMPARE(int(view.chips[i].xid), 0);
        }
        QCOMPARE(view.counts().down, std::int64_t{40});
        const DeviceView tpus = engine.devices(pool(2));
        QVERIFY(tpus.chips[0].state == Device::State::Down);
        QCOMPARE(int(tpus.chips[0].xid), 0); // XIDs are NVIDIA's
    }

    void warmingAndDraining()
    {
        Fleet fleet = test::smallFleet(1.5);
        Engine engine = engineOf(fleet);
        runTo(engine, 30);
        fleet.placements[0].replicas = 12;
        fleet.placements[1].replicas = 14;
        QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(fleet)).ok());
        const auto has = [&](PoolId id, Device::State state) {
            const DeviceView view = engine.devices(id);
            return std::count_if(view.chips.begin(), view.chips.end(),
                                 [&](const Device& d) { return d.state == state; });
        };
        QCOMPARE(has(pool(0), Device::State::Draining) % 8, std::ptrdiff_t{0});
        QVERIFY(has(pool(0), Device::State::Draining) > 0);
        QCOMPARE(has(pool(1), Device::State::Warming), std::ptrdiff_t{48});
    }

    void slicesHaveTheirShapes()
    {
        QVERIFY((sliceShape("TPU v5p", 64) == std::array{4, 4, 4}));
        QVERIFY((sliceShape("TPU v6e", 32) == std::array{4, 8, 1}));
        QVERIFY((sliceShape("TPU7x", 9216) == std::array{16, 16, 36}));
        QVERIFY(!sliceShape("TPU v5p", 7) && !sliceShape("H100", 8));
        Fleet fleet = test::smallFleet();
        fleet.accelerators[1].name = "TPU v5p";
        Operations operations;
        operations.layouts = {{AcceleratorId(std::size_t{1}), 4, 16, {4, 16, 64, 256}}};
        Engine engine = engineOf(fleet, operations);
        engine.step();
        const DeviceView view = engine.devices(pool(2));
        QCOMPARE(view.slices.size(), std::size_t{10});
        for (const Slice& slice : view.slices) {
            QCOMPARE(slice.chips, 16u);
            QCOMPARE(slice.first % 16, 0u);
            QVERIFY((slice.shape == std::array{2, 2, 4}));
            // Eight asked for; the rest of the slice is nobody's.
            QVERIFY(view.chips[slice.first + 7].owner == Device::Owner::Replica);
            QVERIFY(view.chips[slice.first + 8].owner == Device::Owner::Nobody);
            QCOMPARE(view.chips[slice.first + 8].slice, view.chips[slice.first].slice);
        }
        QCOMPARE(view.counts().serving, std::int64_t{80});
        QCOMPARE(view.counts().idle, std::int64_t{176});
    }

    void sameOnAnyThreadsAndWithoutAnEffect()
    {
        const Fleet fleet = test::smallFleet();
        Engine one = engineOf(fleet, {}, 1), two = engineOf(fleet, {}, 2);
        for (int step = 0; step < 100; ++step) {
            one.step();
            two.step();
            (void)two.devices(pool(0));
        }
        QVERIFY(equal(one.devices(pool(0)), two.devices(pool(0))));
        QVERIFY(equal(one.devices(pool(0)), one.clone().devices(pool(0))));
        QCOMPARE(one.stateHash(), two.stateHash());
    }

    /// 100,000 chips at work, by the processor's clock: other load on the machine does not count.
    void hundredThousandChipsInFiftyMilliseconds()
    {
        Fleet fleet = test::smallFleet(300);
        fleet.pools[0].chips = {100'000, 0, 0, 0};
        fleet.placements[0].replicas = 11'000;
        fleet.placements[3].replicas = 8'000;
        Engine engine = engineOf(fleet, {}, 2);
        runTo(engine, 6);
        double best = 1e9;
        for (int i = 0; i < 5; ++i) {
            const double start = processCpuSeconds();
            const DeviceView view = engine.devices(pool(0));
            best = std::min(best, processCpuSeconds() - start);
            QCOMPARE(view.counts().all(), std::int64_t{100'000});
        }
        qInfo("%.1f ms", best * 1e3);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        QVERIFY(best < 0.05);
#endif
    }
};

QTEST_GUILESS_MAIN(TestDevices)
#include "tst_devices.moc"

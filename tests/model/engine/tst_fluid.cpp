// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_engine.h"
#include "model/fleet/process_clock.h"
#include "model/proto/shipped.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <array>
#include <cmath>

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;
using runs::Sums;

namespace {

FluidEngine fluidOf(const Fleet& fleet, const Calibration& calibration, EngineOptions options = {})
{
    return FluidEngine::create(std::make_shared<const Fleet>(fleet), calibration, options).value();
}

bool near(double fluid, double real, double ratio, const char* what)
{
    const bool ok = std::abs(fluid / real - 1) <= ratio;
    if (!ok) {
        qWarning("%s: fluid %g, per request %g", what, fluid, real);
    }
    return ok;
}

} // namespace

class TestFluid : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// The bounds docs/fidelity.md states.
    void agreesWithPerRequest_data()
    {
        QTest::addColumn<bool>("sample");
        QTest::addColumn<double>("load");
        QTest::addColumn<bool>("regionOut");
        QTest::newRow("sample fleet") << true << 1.0 << false;
        QTest::newRow("sample fleet, half the load") << true << 0.5 << false;
        QTest::newRow("sample fleet without us-central1") << true << 1.0 << true;
        QTest::newRow("small fleet") << false << 4.0 << false;
    }
    void agreesWithPerRequest()
    {
        QFETCH(bool, sample);
        QFETCH(double, load);
        QFETCH(bool, regionOut);
        const Fleet fleet = sample ? runs::eighthOfTheSample(load) : test::smallFleet(load);
        const Calibration calibration = sample ? proto::shippedCalibration().value() : test::smallCalibration();
        EngineOptions options;
        options.settleSeconds = sample ? 60 : 120;
        constexpr SimMicros kFrom = 300 * kMicrosPerSecond, kEnd = 900 * kMicrosPerSecond; // ten minutes are compared
        if (regionOut) {
            Fault fault;
            fault.kind = FaultKind::Region;
            for (std::size_t r = 0; r < fleet.regions.size(); ++r) {
                fault.region = fleet.regions[r].code == "us-central1" ? RegionId(r) : fault.region;
            }
            fault.durationSeconds = 1e6;
            options.operations.faults = {fault};
        }
        Engine real = Engine::create(std::make_shared<const Fleet>(fleet), calibration, options).value();
        while (real.now() < kEnd) {
            real.step();
        }
        FluidEngine fluid = fluidOf(fleet, calibration, options);
        while (fluid.now() < kEnd) {
            fluid.step(kEnd);
        }
        const Sums a = runs::sumOf(real.takeIntervals(), kFrom), b = runs::sumOf(fluid.takeIntervals(), kFrom);
        const auto number = [](auto count) { return static_cast<double>(count); };
        // Few requests make their own noise: the small fleet has 150,000 of them.
        const double counts = 0.01;
        QVERIFY(near(number(b.demand.requests), number(a.demand.requests), counts, "requests"));
        QVERIFY(near(number(b.demand.completed), number(a.demand.completed), counts, "completed"));
        QVERIFY(near(number(b.demand.tokensIn), number(a.demand.tokensIn), counts, "tokens in"));
        QVERIFY(near(number(b.demand.tokensOut), number(a.demand.tokensOut), counts, "tokens out"));
        QVERIFY(near(b.microUsd(), a.microUsd(), 0.005, "spend"));
        QVERIFY(near(number(b.supply.energyMillijoules), number(a.supply.energyMillijoules), 0.02, "energy"));
        QVERIFY(std::abs(b.utilization() - a.utilization()) <= 0.03);
        QVERIFY(near(b.at(Latency::Ttft, 0.5), a.at(Latency::Ttft, 0.5), 0.10, "TTFT p50"));
        QVERIFY(near(b.at(Latency::Ttft, 0.95), a.at(Latency::Ttft, 0.95), 0.15, "TTFT p95"));
        QVERIFY(near(b.at(Latency::Itl, 0.5), a.at(Latency::Itl, 0.5), 0.10, "ITL p50"));
        QVERIFY(near(b.at(Latency::EndToEnd, 0.5), a.at(Latency::EndToEnd, 0.5), 0.10, "end to end p50"));
        QVERIFY(std::abs(b.sloRatio() - a.sloRatio()) <= 0.01);
        QVERIFY(conserved(fluid.totals()));
    }

    void requestsAreConserved_data()
    {
        QTest::addColumn<double>("scale");
        QTest::addColumn<double>("settle");
        QTest::newRow("usual") << 1.0 << 0.0;
        QTest::newRow("usual, settled") << 1.0 << 60.0;
        QTest::newRow("far too much") << 60.0 << 60.0;
    }
    void requestsAreConserved()
    {
        QFETCH(double, scale);
        QFETCH(double, settle);
        EngineOptions options;
        options.settleSeconds = settle;
        Fault fault;
        fault.kind = FaultKind::Region;
        fault.region = RegionId(0);
        fault.atSeconds = 600;
        fault.durationSeconds = 600;
        options.operations.faults = {fault};
        FluidEngine fluid = fluidOf(test::smallFleet(scale), test::smallCalibration(), options);
        constexpr SimMicros kEnd = 1850 * kMicrosPerSecond; // the last step is a short one
        DemandTotals demand;
        SupplyTotals supply;
        SimMicros end = 0;
        while (fluid.now() < kEnd) {
            fluid.step(kEnd);
            QVERIFY(conserved(fluid.totals()));
            for (const auto& interval : fluid.takeIntervals()) {
                QCOMPARE(interval->begin, end);
                end = interval->end;
                for (std::size_t row = 0; row < interval->demand.size(); ++row) {
                    demand += interval->demand[row];
                    QCOMPARE(interval->latencies[row][0].count(), interval->demand[row].completed);
                    QCOMPARE(interval->latencies[row][2].count(), interval->demand[row].completed);
                }
                for (const SupplyTotals& row : interval->supply) {
                    supply += row;
                }
            }
        }
        QCOMPARE(end, kEnd);
        const RunTotals totals = fluid.totals();
        QVERIFY(supply == totals.supply);
        QCOMPARE(demand.completed, totals.demand.completed);
        QVERIFY((totals.demand.rejected > 0) == (scale > 50));
        QVERIFY(totals.demand.retried > 0); // the region's
        std::int64_t usable = 0;
        for (const Pool& pool : test::smallFleet().pools) {
            usable += pool.usableChips();
        }
        QCOMPARE(supply.chipMicros, usable * kEnd);
    }

    void theSameRunTwiceIsTheSame()
    {
        const auto hashAfterAnHour = [](double scale) {
            FluidEngine fluid = fluidOf(test::smallFleet(scale), test::smallCalibration());
            while (fluid.now() < 3600 * kMicrosPerSecond) {
                fluid.step(3600 * kMicrosPerSecond);
            }
            return fluid.stateHash();
        };
        QCOMPARE(hashAfterAnHour(1), hashAfterAnHour(1));
        QVERIFY(hashAfterAnHour(1) != hashAfterAnHour(1.01));
    }

    void whatItCannotShowIsRefused_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("recorded trace") << 0;
        QTest::newRow("work that may wait") << 1;
        QTest::newRow("stale control plane") << 2;
    }
    void whatItCannotShowIsRefused()
    {
        QFETCH(int, what);
        EngineOptions options;
        WorkloadOperations how;
        how.workload = WorkloadId(0);
        how.trace = what == 0 ? "azure" : "";
        how.deferSeconds = what == 1 ? 60 : 0;
        options.operations.workloads = {how};
        Fault stale;
        stale.kind = FaultKind::StaleControl;
        stale.durationSeconds = 60;
        if (what == 2) {
            options.operations.faults = {stale};
        }
        const auto fluid =
            FluidEngine::create(std::make_shared<const Fleet>(test::smallFleet()), test::smallCalibration(), options);
        QVERIFY(!fluid.ok());
        QVERIFY(fluid.error().message.find("fluid mode cannot show") != std::string::npos);
        QVERIFY(!fluid.error().advice.empty());
    }

    void autoscalingFollowsTheDay()
    {
        EngineOptions options;
        options.operations.autoscale = {{PlacementId(0), 1, 40, 0.7, 300}};
        FluidEngine fluid = fluidOf(test::smallFleet(6), test::smallCalibration(), options);
        std::int32_t least = 1000, most = 0;
        while (fluid.now() < 86'400 * kMicrosPerSecond) {
            fluid.step(86'400 * kMicrosPerSecond);
            const std::int32_t replicas = fluid.placementStates()[0].replicas;
            least = std::min(least, replicas);
            most = std::max(most, replicas);
        }
        QVERIFY2(most > least, "the load swings over the day");
    }

    void aDayOfTheSampleFleetIsQuick()
    {
        FluidEngine fluid = fluidOf(proto::shippedSample().value(), proto::shippedCalibration().value());
        constexpr SimMicros kDay = 86'400 * kMicrosPerSecond;
        const double start = processCpuSeconds();
        while (fluid.now() < kDay) {
            fluid.step(kDay);
        }
        const double seconds = processCpuSeconds() - start;
        qInfo("a day of the sample fleet: %.2f s of processor time", seconds);
        QVERIFY2(seconds < 10, "a day takes seconds even on a busy machine");
        QVERIFY(conserved(fluid.totals()));
    }
};

QTEST_GUILESS_MAIN(TestFluid)
#include "tst_fluid.moc"

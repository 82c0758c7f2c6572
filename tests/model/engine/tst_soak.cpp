// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/time_machine.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <random>

/// A small fleet for a long time, while everything that can be done to it is done at random. What matters most is that
/// the sanitizers have nothing to say: tests/README.md tells how to run this under them.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using runs::conserved;

namespace {

// ThreadSanitizer takes ten times as long, and what it looks for shows in any hour.
#ifdef __SANITIZE_THREAD__
constexpr double kUsualHours = 2, kShortHours = 0.25;
#else
constexpr double kUsualHours = 24, kShortHours = 1;
#endif

/// Simulated; ISOBAR_SOAK_HOURS says otherwise, where there is less time.
double longHours()
{
    bool said = false;
    const double hours = qEnvironmentVariable("ISOBAR_SOAK_HOURS").toDouble(&said);
    return said ? hours : kUsualHours;
}

constexpr SimMicros kSecond = kMicrosPerSecond;

Operations everything(const Fleet& fleet)
{
    Operations operations;
    operations.warmUp = {20, 10, 1e10, 30};
    operations.faultRates = {{FaultKind::Chip, 5000, 0.2}, {FaultKind::Node, 2000, 0.3},
                             {FaultKind::Rack, 500, 0.3},  {FaultKind::Zone, 40, 0.1},
                             {FaultKind::Region, 30, 0.1}, {FaultKind::Provider, 40, 0.05}};
    for (std::size_t p = 0; p < fleet.placements.size(); p += 2) {
        operations.autoscale.push_back({PlacementId(p), 0, 30, 0.3, 60});
    }
    operations.pools = {{PoolId(std::size_t{0}), 3, 500, 3e5, 0, 0.05}, {PoolId(std::size_t{1}), 2, {}, {}, 0.5, 0.1}};
    WorkloadOperations chat, waits;
    chat.workload = WorkloadId(std::size_t{0});
    chat.turnsPerSession = 4;
    chat.gaps = GapLaw::Weibull;
    waits.workload = WorkloadId(std::size_t{2});
    waits.deferSeconds = 120;
    waits.routing = RoutingPolicy::LatencyAware;
    operations.workloads = {chat, waits};
    operations.spotNotices = {{{}, 20}};
    operations.surges = {{{}, 600, 900, 4}};
    return operations;
}

/// A run in which somebody meddles about once a minute; goes on where it was sent back to.
class Soak {
public:
    Soak(int threads, std::uint64_t seed)
        : m_fleet(test::smallFleet(0.08))
        , m_random(seed)
        , m_machine(engineOf(m_fleet, threads, seed), {std::size_t{64} << 20, 40, INFINITY})
    {
    }

    void runTo(double seconds)
    {
        const auto end = static_cast<SimMicros>(seconds * kSecond);
        while (m_machine.now() < end) {
            const SimMicros next = m_machine.now() + kSecond * std::int64_t(1 + m_random() % 120);
            while (m_machine.now() < std::min(next, end)) {
                m_machine.step();
            }
            take();
            if (m_machine.now() < end) {
                meddle();
            }
        }
    }

    /// What was handed out adds up to the totals, and every request is somewhere.
    [[nodiscard]] bool addsUp() const
    {
        auto [demand, supply] = runs::totalsOf(m_intervals);
        const RunTotals t = m_machine.engine().totals();
        const bool whole = m_intervals.back()->end == m_machine.now();
        demand.requests += m_machine.engine().waiting() - demand.retried;
        return conserved(t) && whole && demand == t.demand && supply == t.supply;
    }
    [[nodiscard]] bool chipsAddUp() const
    {
        // Training, serving, idle and broken chips are never fewer than there are; draining ones may come on top.
        for (const auto& interval : m_intervals) {
            std::vector<std::int64_t> byPool(m_fleet.pools.size());
            for (std::size_t row = 0; row < interval->supply.size(); ++row) {
                byPool[interval->layout->supply[row].pool.index()] += interval->supply[row].chipMicros;
                if (interval->supply[row].chipMicros < 0 || interval->supply[row].energyMillijoules < 0) {
                    return false;
                }
            }
            const SimMicros time = interval->end - interval->begin;
            if (byPool[0] < m_fleet.pools[0].usableChips() * time ||
                byPool[2] < m_fleet.pools[2].usableChips() * time) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] const Engine& engine() const { return m_machine.engine(); }
    [[nodiscard]] int seeks() const { return m_seeks; }
    [[nodiscard]] int plans() const { return m_plans; }
    [[nodiscard]] int faults() const { return m_faults; }

private:
    static Engine engineOf(const Fleet& fleet, int threads, std::uint64_t seed)
    {
        EngineOptions options;
        options.threads = threads;
        options.seed = seed;
        options.windowMicros = kSecond / 4;
        options.intervalMicros = kSecond;
        options.operations = everything(fleet);
        return Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
    }

    void take()
    {
        for (auto& interval : m_machine.takeIntervals()) {
            m_intervals.push_back(std::move(interval));
        }
        std::ignore = m_machine.takeEvents();
    }

    void meddle()
    {
        switch (m_random() % 8) {
        case 0:
        case 1:
        case 2:
        case 3: {
            Fault fault;
            fault.kind = static_cast<FaultKind>(m_random() % kFaultKinds);
            fault.durationSeconds = double(m_random() % 600);
            fault.pool = PoolId(m_random() % m_fleet.pools.size());
            fault.region = m_fleet[fault.pool].region;
            fault.provider = m_fleet[fault.region].provider;
            fault.otherRegion = RegionId((fault.region.index() + 1) % m_fleet.regions.size());
            fault.count = 1 + int(m_random() % 2);
            fault.ratio = fault.kind == FaultKind::LinkSlow ? 1 + double(m_random() % 9) : double(m_random() % 5) / 4;
            m_faults += m_machine.inject(fault).ok();
            break;
        }
        case 4:
            if (const auto active = m_machine.engine().faults(); !active.empty()) {
                m_machine.mend(active[m_random() % active.size()].first);
            }
            break;
        case 5:
        case 6: {
            Fleet next = *m_machine.engine().fleet();
            Placement& changed = next.placements[m_random() % next.placements.size()];
            changed.replicas = int(m_random() % 25);
            if (next.placements.size() < 12) { // and now and then a further one
                Placement more = changed;
                more.key += "#" + std::to_string(next.placements.size());
                more.replicas = 2;
                next.placements.push_back(more);
            }
            m_plans += m_machine.applyPlacements(std::make_shared<const Fleet>(next)).ok();
            break;
        }
        default: {
            const SimMicros back = kSecond * std::int64_t(m_random() % 120);
            const auto to = m_machine.rewind(std::max(m_machine.earliest(), m_machine.now() - back));
            if (to.ok()) {
                ++m_seeks;
                while (!m_intervals.empty() && m_intervals.back()->begin >= *to) {
                    m_intervals.pop_back();
                }
            }
            break;
        }
        }
    }

    Fleet m_fleet;
    std::mt19937_64 m_random;
    TimeMachine m_machine;
    std::vector<std::shared_ptr<const Interval>> m_intervals;
    int m_seeks = 0, m_plans = 0, m_faults = 0;
};

} // namespace

class TestSoak : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aDayOfEverythingConserves()
    {
        const double hours = longHours();
        Soak soak(2, 5);
        for (int part = 1; part <= 12; ++part) {
            soak.runTo(hours * 3600 * part / 12);
            QVERIFY2(soak.addsUp(), qPrintable(QString::number(part)));
        }
        QVERIFY(soak.chipsAddUp());
        QVERIFY2(soak.faults() > hours && soak.plans() > hours / 5 && soak.seeks() > hours / 5,
                 qPrintable(QStringLiteral("%1 %2 %3").arg(soak.faults()).arg(soak.plans()).arg(soak.seeks())));
        const auto& totals = soak.engine().totals().demand;
        QVERIFY(totals.requests > 3 * 3600 * hours && totals.completed > totals.requests / 2);
        QVERIFY(totals.retried > 0);
    }

    void meddlingIsTheSameOnOneThreadAndOnMany()
    {
        Soak one(1, 9), two(2, 9), eight(8, 9);
        for (Soak* soak : {&one, &two, &eight}) {
            soak->runTo(kShortHours * 3600);
            QVERIFY(soak->addsUp());
        }
        QCOMPARE(two.engine().stateHash(), one.engine().stateHash());
        QCOMPARE(eight.engine().stateHash(), one.engine().stateHash());
    }

    /// Thirty times what it is made for: what does not fit is refused, what is held does not grow, the rest misses its
    /// service level.
    void tooMuchDemandIsRefusedInBoundedMemory()
    {
        EngineOptions options;
        options.threads = 2;
        Engine engine =
            Engine::create(std::make_shared<const Fleet>(test::smallFleet(30)), test::smallCalibration(), options)
                .value();
        const auto runTo = [&](double seconds) {
            while (double(engine.now()) < seconds * kSecond) {
                engine.step();
                std::ignore = engine.takeIntervals();
            }
        };
        runTo(40);
        const std::size_t memory = engine.memoryBytes();
        const RunTotals before = engine.totals();
        runTo(120);
        const RunTotals t = engine.totals();
        QVERIFY2(engine.memoryBytes() < memory * 5 / 4, qPrintable(QString::number(engine.memoryBytes() / 1e6)));
        QVERIFY(t.inFlight < before.inFlight * 5 / 4);
        QVERIFY(conserved(t));
        const std::int64_t come = t.demand.requests - before.demand.requests;
        QVERIFY(t.demand.rejected - before.demand.rejected > come / 2);
        QVERIFY(t.demand.completed > before.demand.completed); // it goes on working
        QVERIFY(t.demand.sloMet - before.demand.sloMet < (t.demand.completed - before.demand.completed) / 2);
        QVERIFY(t.supply.workMicros - before.supply.workMicros > 0);
    }
};

int main(int argc, char** argv)
{
    qputenv("QTEST_FUNCTION_TIMEOUT", "3600000"); // ms: a day under a sanitizer takes more than the usual five minutes
    TestSoak test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_soak.moc"

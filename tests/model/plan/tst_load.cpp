// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/plan/load.h"
#include "tests/model/plan/steady_interval.h"
#include "tests/support/small_fleet.h"

#include <QTest>

using namespace isobar;
using namespace isobar::plan;

namespace {

using Intervals = std::vector<std::shared_ptr<const aggregate::Interval>>;
constexpr aggregate::SimMicros kSecond = aggregate::kMicrosPerSecond;

constexpr std::size_t kEast = 0, kEurope = 1, kCentral = 2; // placements of "large", by their pool
constexpr std::size_t kChat = 0, kAssistant = 1;            // workloads of "large"

} // namespace

/// The traffic of a placement, by hand.
class TestLoad : public QObject {
    Q_OBJECT

    Fleet m_fleet = test::smallFleet();

    /// 10 seconds: 300 chat requests at the east, 60 chat and 40 of the assistant in Europe, 5 of nobody's.
    static aggregate::Interval interval(const Fleet& fleet)
    {
        auto layout = std::make_shared<aggregate::Layout>();
        layout->areas = fleet.areas.size();
        for (const Placement& p : fleet.placements) {
            layout->placements.push_back({p.model, p.pool});
        }
        layout->demand = {{aggregate::Layout::kUnrouted, WorkloadId(kChat)},
                          {kEast, WorkloadId(kChat)},
                          {kEast, WorkloadId(kAssistant)},
                          {kEurope, WorkloadId(kChat)},
                          {kEurope, WorkloadId(kAssistant)}};
        aggregate::Interval out;
        out.begin = 50 * kSecond;
        out.end = 60 * kSecond;
        out.layout = layout;
        out.demand.resize(5);
        out.demand[0].requests = 5;
        out.demand[1].requests = 300;
        out.demand[3].requests = 60;
        out.demand[4].requests = 40;
        out.latencies.resize(5);
        out.flows.assign(fleet.placements.size() * layout->areas, 0);
        out.flows[kEast * 3 + 0] = 240; // New York
        out.flows[kEast * 3 + 2] = 60;  // Tokyo
        out.flows[kEurope * 3 + 1] = 100;
        return out;
    }

private Q_SLOTS:
    void ratesLengthsAndAreas()
    {
        m_fleet.workloads[kAssistant].inputTokens.mean = 1800; // chat: 800
        m_fleet.workloads[kAssistant].outputTokens.mean = 450; // chat: 200
        const Intervals all{std::make_shared<const aggregate::Interval>(interval(m_fleet))};
        const Load load = loadOf(m_fleet, all);
        QCOMPARE(load.placements.size(), m_fleet.placements.size());
        const PlacementLoad& east = load.placements[kEast];
        QCOMPARE(east.requestsPerSecond, 30.0);
        QCOMPARE(east.meanInputTokens, 800.0);
        QVERIFY(east.areaShares == (std::vector<double>{0.8, 0, 0.2}));
        QCOMPARE(east.workloads.size(), std::size_t(1)); // the assistant sent nothing
        QCOMPARE(east.workloads[0].second, 30.0);
        const PlacementLoad& europe = load.placements[kEurope];
        QCOMPARE(europe.requestsPerSecond, 10.0);
        QCOMPARE(europe.meanInputTokens, 0.6 * 800 + 0.4 * 1800);
        QCOMPARE(europe.meanOutputTokens, 0.6 * 200 + 0.4 * 450);
        QVERIFY(europe.areaShares == (std::vector<double>{0, 1, 0}));
        QVERIFY(europe.workloads ==
                (std::vector<std::pair<WorkloadId, double>>{{WorkloadId(kChat), 6}, {WorkloadId(kAssistant), 4}}));
    }

    void aSecondIntervalIsAveragedOverItsTime()
    {
        aggregate::Interval quiet = interval(m_fleet);
        quiet.begin = 60 * kSecond;
        quiet.end = 90 * kSecond;
        for (auto& row : quiet.demand) {
            row = {};
        }
        std::fill(quiet.flows.begin(), quiet.flows.end(), 0);
        const Intervals all{std::make_shared<const aggregate::Interval>(interval(m_fleet)),
                            std::make_shared<const aggregate::Interval>(quiet)};
        QCOMPARE(loadOf(m_fleet, all).placements[kEast].requestsPerSecond, 7.5); // 300 over 40 s
    }

    /// What stands idle is planned for with its model's own lengths.
    void noTraffic()
    {
        m_fleet = test::smallFleet();
        m_fleet.workloads[kAssistant].inputTokens.mean = 1800;
        for (const Intervals& all :
             {Intervals{}, Intervals{std::make_shared<const aggregate::Interval>(interval(m_fleet))}}) {
            const PlacementLoad central = loadOf(m_fleet, all).placements[kCentral];
            QCOMPARE(central.requestsPerSecond, 0.0);
            QCOMPARE(central.meanInputTokens, (30 * 800.0 + 6 * 1800.0) / 36); // by the workloads' mean rates
            QCOMPARE(central.meanOutputTokens, 200.0);
            QVERIFY(central.areaShares == (std::vector<double>{0, 0, 0}));
        }
    }

    /// Facts are counted for a model in a pool: two placements of it there share them by replicas.
    void twoPlacementsOfAModelInAPool()
    {
        m_fleet = test::smallFleet();
        const Intervals all{std::make_shared<const aggregate::Interval>(interval(m_fleet))};
        Placement second = m_fleet.placements[kEast];
        second.key += " b";
        second.replicas = 5;
        m_fleet.placements[kEast].replicas = 15;
        m_fleet.placements.push_back(second);
        const Load load = loadOf(m_fleet, all);
        QCOMPARE(load.placements[kEast].requestsPerSecond, 22.5);
        QCOMPARE(load.placements.back().requestsPerSecond, 7.5);
        QCOMPARE(load.placements.back().meanInputTokens, load.placements[kEast].meanInputTokens);
        QVERIFY(load.placements.back().areaShares == load.placements[kEast].areaShares);
    }

    /// The rates of all placements are the demand.
    void nothingIsLost()
    {
        m_fleet = test::smallFleet();
        const Load load = loadOf(m_fleet, Intervals{test::steadyInterval(m_fleet)});
        double requests = 0, demand = 0;
        for (const PlacementLoad& p : load.placements) {
            requests += p.requestsPerSecond;
            double parts = 0, shares = 0;
            for (const auto& row : p.workloads) {
                parts += row.second;
            }
            for (const double share : p.areaShares) {
                shares += share;
            }
            QVERIFY(std::abs(parts - p.requestsPerSecond) < 1e-9);
            QVERIFY(std::abs(shares - 1) < 1e-9);
        }
        for (const Workload& w : m_fleet.workloads) {
            demand += w.meanRequestsPerSecond;
        }
        QVERIFY(std::abs(requests - demand) < 0.01);
    }
};

QTEST_GUILESS_MAIN(TestLoad)
#include "tst_load.moc"

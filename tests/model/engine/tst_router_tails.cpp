// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "tests/model/engine/queue_fleet.h"

#include <QTest>
#include <array>
#include <cmath>

/// Routers that choose among placements, against what is known of such queues: with many equal servers, at load r,
/// drawing one leaves each a queue of its own, the emptier of d of them leaves a share r^((d^k - 1) / (d - 1)) with k
/// or more (Mitzenmacher 1996; Vvedenskaya et al. 1996), and whoever knows an idle one sends there.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using namespace isobar::engine::queueing;

namespace {

constexpr int kServers = 400;
constexpr double kLoad = 0.8, kRate = kServers * kLoad / kMeanService;
/// In a server and its queue of four batches of one.
constexpr int kMost = 5;

/// As many placements as servers, side by side, each of one replica with a batch of one.
Fleet sideBySide()
{
    Fleet fleet = rowOfQueues({kServers}, 1, kRate, 1);
    const Placement one = fleet.placements[0];
    fleet.placements.clear();
    for (int i = 0; i < kServers; ++i) {
        fleet.placements.push_back(one);
        fleet.placements.back().key += "#" + std::to_string(i);
        fleet.placements.back().replicas = 1;
    }
    return fleet;
}

struct Outcome {
    double waiting = 0, halfWidth = 0; ///< requests, over time
    double refusedRatio = 0;           ///< of all requests: their queue was full
};

/// `freshEverySeconds`: gateways hear of the load only so often; 0 = at the end of every window.
Outcome run(RoutingPolicy routing, int probes, double freshEverySeconds = 0)
{
    constexpr double kWarmUp = 50 * kMeanService, kSeconds = 200 * kMeanService;
    Operations operations;
    operations.routing = routing;
    operations.probes = probes;
    operations.retry.maxAttempts = 1;
    // They begin and end within windows, and so take effect at the end of those: one window a time makes news.
    for (double at = kWindow / 2; freshEverySeconds > 0 && at < kWarmUp + kSeconds; at += freshEverySeconds) {
        Fault stale;
        stale.kind = FaultKind::StaleControl;
        stale.atSeconds = at;
        stale.durationSeconds = freshEverySeconds - kWindow;
        operations.faults.push_back(stale);
    }
    Engine engine = engineOf(sideBySide(), operations, exponentialJobs(kRate, kWarmUp + kSeconds + 100, 8)).value();
    const auto [waiting, halfWidth] = meanOverTime(engine, kWarmUp, kSeconds, [](const Engine& e) {
        double all = 0;
        for (const PlacementState& state : e.placementStates()) {
            all += double(state.queued);
        }
        return all;
    });
    const RunTotals totals = engine.totals();
    return {waiting, halfWidth, double(totals.demand.rejected) / double(totals.demand.requests)};
}

/// Of all servers together, when the share of those with k or more requests is `share(k)`.
template <class Share> double waitingOf(const Share& share)
{
    double waiting = 0;
    for (int k = 2; k <= kMost; ++k) {
        waiting += kServers * share(k);
    }
    return waiting;
}

} // namespace

class TestRouterTails : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void choicesHaveTheirTails_data()
    {
        QTest::addColumn<int>("choices");
        QTest::newRow("one of two") << 2;
        QTest::newRow("one of three") << 3;
    }
    /// LatencyAware prefers what is idle, and of what is busy the emptiest: with one request a server, the emptiest of
    /// d.
    void choicesHaveTheirTails()
    {
        QFETCH(int, choices);
        const Outcome outcome = run(RoutingPolicy::LatencyAware, choices);
        const double exact =
            waitingOf([choices](int k) { return std::pow(kLoad, (std::pow(choices, k) - 1) / (choices - 1)); });
        // Views are up to a hundredth of a service time old, and there are 400, not infinitely many.
        QVERIFY2(std::abs(outcome.waiting - exact) < outcome.halfWidth + 0.05 * exact,
                 qPrintable(told(outcome.waiting, outcome.halfWidth, exact)));
        QVERIFY2(outcome.halfWidth < 0.1 * exact, qPrintable(told(outcome.waiting, outcome.halfWidth, exact)));
    }

    /// Drawn by size, and so evenly: each server is an M/M/1 queue of five places.
    void drawingOneLeavesSingleQueues()
    {
        const Outcome outcome = run(RoutingPolicy::Weighted, 1);
        const double all = (1 - std::pow(kLoad, kMost + 1)) / (1 - kLoad);
        const double exact =
            waitingOf([all](int k) { return (std::pow(kLoad, k) - std::pow(kLoad, kMost + 1)) / (1 - kLoad) / all; });
        QVERIFY2(std::abs(outcome.waiting - exact) < outcome.halfWidth + 0.02 * exact,
                 qPrintable(told(outcome.waiting, outcome.halfWidth, exact)));
        const double lost = std::pow(kLoad, kMost) / all;
        QVERIFY2(std::abs(outcome.refusedRatio / lost - 1) < 0.1, qPrintable(told(outcome.refusedRatio, 0, lost)));
    }

    /// With a fifth of four hundred idle, nobody need wait who knows of one (join the idle queue).
    void freePlacesAreFound()
    {
        const Outcome outcome = run(RoutingPolicy::LeastInFlight, 1);
        const double ofTwo = waitingOf([](int k) { return std::pow(kLoad, std::exp2(k) - 1); });
        QVERIFY2(outcome.waiting < 0.1 * ofTwo, qPrintable(told(outcome.waiting, outcome.halfWidth, 0)));
        QVERIFY(outcome.refusedRatio == 0);
    }

    /// News that come seldom (Mitzenmacher, "How useful is old information?", 2000): all gateways send where it was
    /// empty, which is full long before they hear of it. Who looks at two is hurt less than who looks at all; both end
    /// up worse than who looks at none.
    void oldNewsMakeAHerd()
    {
        const double none = run(RoutingPolicy::Weighted, 1).refusedRatio;
        double lastOfAll = 0, lastOfTwo = 0;
        for (const double services : {1.0, 3.0, 10.0}) {
            const double ofAll = run(RoutingPolicy::LeastInFlight, 1, services * kMeanService).refusedRatio;
            const double ofTwo = run(RoutingPolicy::LatencyAware, 2, services * kMeanService).refusedRatio;
            const QString what = QStringLiteral("every %1 service times: all %2, two %3, none %4")
                                     .arg(services)
                                     .arg(ofAll)
                                     .arg(ofTwo)
                                     .arg(none);
            QVERIFY2(ofAll > lastOfAll && ofTwo > lastOfTwo, qPrintable(what)); // the older, the worse
            QVERIFY2(ofAll > ofTwo, qPrintable(what));
            QVERIFY2(services > 5 || ofTwo < 0.5 * none, qPrintable(what)); // still of use
            QVERIFY2(services < 2 || ofAll > none, qPrintable(what));
            QVERIFY2(services < 5 || (ofTwo > none && ofAll > 2 * none), qPrintable(what)); // of none any more
            lastOfAll = ofAll;
            lastOfTwo = ofTwo;
        }
    }

    /// Weighing draws nothing from news, so it does not matter how old they are.
    void drawingOneNeedsNoNews()
    {
        const double fresh = run(RoutingPolicy::Weighted, 1).waiting;
        QCOMPARE(run(RoutingPolicy::Weighted, 1, 10 * kMeanService).waiting, fresh);
    }
};

QTEST_APPLESS_MAIN(TestRouterTails)
#include "tst_router_tails.moc"

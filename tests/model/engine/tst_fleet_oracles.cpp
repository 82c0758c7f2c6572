// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/engine/lengths.h"
#include "tests/model/engine/queue_fleet.h"
#include "tests/model/serving/exact_queues.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <array>
#include <cmath>

/// The whole fleet, from demand to replicas, against answers that are known without it.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;
using namespace isobar::engine::queueing;

namespace {

double waitingAtFirst(const Engine& engine)
{
    return double(engine.placementStates()[0].queued);
}

} // namespace

class TestFleetOracles : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// With places for all the fleet is an M/G/inf station: however long jobs are, as many are there as a Poisson law
    /// of mean rate x stay has, at every moment. Started at work it is so from the first moment on.
    void aStartAtWorkIsInEquilibrium_data()
    {
        QTest::addColumn<double>("cv");
        QTest::newRow("all alike") << 0.0;
        QTest::newRow("usual") << 1.0;
        QTest::newRow("heavy tail") << 3.0;
    }
    void aStartAtWorkIsInEquilibrium()
    {
        QFETCH(double, cv);
        constexpr int kRuns = 300;
        constexpr double kRate = 20;
        const auto fleet = std::make_shared<const Fleet>(rowOfQueues({1}, 4000, kRate, cv));
        const double stay = kIteration * LengthTable(fleet->workloads[0].outputTokens).mean();
        constexpr std::array kMoments{-0.9, 0.0, 1.0, 5.0,
                                      20.0}; // of the clock, which begins at -1 s: after a window first
        std::array<double, kMoments.size()> sums{}, squares{};
        std::int64_t completedSoon = 0;
        for (int run = 0; run < kRuns; ++run) {
            EngineOptions options;
            options.threads = 1;
            options.settleSeconds = 1;
            options.seed = static_cast<std::uint64_t>(run);
            Engine engine = Engine::create(fleet, constantIterations(), options).value();
            for (std::size_t i = 0; i < kMoments.size(); ++i) {
                while (double(engine.now()) < kMoments[i] * kMicrosPerSecond) {
                    engine.step();
                }
                const RunTotals totals = engine.totals();
                QCOMPARE(totals.demand.requests, totals.demand.completed + totals.inFlight);
                const auto there = double(totals.inFlight);
                sums[i] += there;
                squares[i] += there * there;
                if (kMoments[i] == 5.0) {
                    completedSoon += totals.demand.completed;
                }
            }
        }
        const double expected = kRate * stay;
        for (std::size_t i = 0; i < kMoments.size(); ++i) {
            const double mean = sums[i] / kRuns, variance = squares[i] / kRuns - mean * mean;
            QVERIFY2(std::abs(mean - expected) < 4 * std::sqrt(expected / kRuns) + kRate * 2 * kIteration,
                     qPrintable(QStringLiteral("at %1 s: %2, not %3").arg(kMoments[i]).arg(mean).arg(expected)));
            QVERIFY2(std::abs(variance / expected - 1) < 4 * std::sqrt(2.0 / kRuns),
                     qPrintable(QStringLiteral("at %1 s: variance %2").arg(kMoments[i]).arg(variance)));
        }
        // As many leave as come (a Poisson stream again), from the start.
        const double leave = kRate * 5 * kRuns;
        QVERIFY2(std::abs(double(completedSoon) - leave) < 4 * std::sqrt(leave),
                 qPrintable(QString::number(double(completedSoon) / leave)));
    }

    /// Requests waiting in one region's one replica, by Little's law from the mean wait.
    void oneReplicaIsTheQueueItShouldBe_data()
    {
        QTest::addColumn<int>("servers");
        QTest::addColumn<double>("load");
        QTest::newRow("M/M/4 at 0.6") << 4 << 0.6;
        QTest::newRow("M/M/10 at 0.8") << 10 << 0.8;
        QTest::newRow("M/M/30 at 0.9") << 30 << 0.9;
    }
    void oneReplicaIsTheQueueItShouldBe()
    {
        QFETCH(int, servers);
        QFETCH(double, load);
        const double rate = servers * load / kMeanService, seconds = 4e6 / servers;
        auto engine = engineOf(rowOfQueues({1}, servers, rate, 1), RoutingPolicy::Nearest,
                               exponentialJobs(rate, seconds + 1000, 3));
        QVERIFY2(engine.ok(), engine.ok() ? "" : engine.error().message.c_str());
        // Rounding up to whole tokens adds half an iteration; a job that finds a free place waits for the iteration's
        // end: both below a thousandth of the service time.
        const auto [waiting, halfWidth] = meanOverTime(*engine, 50 * kMeanService, seconds, waitingAtFirst);
        const double exact = rate * kMeanService * serving::test::mmcMeanWait(servers, load);
        const double iterations = rate * kIteration;
        QVERIFY2(std::abs(waiting - exact) < halfWidth + 0.02 * exact + iterations,
                 qPrintable(told(waiting, halfWidth, exact)));
        QVERIFY2(halfWidth < 0.35 * exact, qPrintable(told(waiting, halfWidth, exact)));
        // The places to wait, four batches, are as good as infinitely many.
        QVERIFY(double(engine->totals().demand.rejected) < 1e-3 * double(engine->totals().demand.requests));
    }

    /// The same with arrivals and lengths as the engine draws them; one replica in its batch of one, so Pollaczek and
    /// Khinchine apply. Its queue of four makes it a loss system, so it is compared at a load where that hardly counts.
    void drawnDemandIsPoisson()
    {
        const double load = 0.2, rate = load / kMeanService;
        auto engine = engineOf(rowOfQueues({1}, 1, rate, 0), RoutingPolicy::Nearest);
        QVERIFY(engine.ok());
        const auto [waiting, halfWidth] = meanOverTime(*engine, 50 * kMeanService, 300'000, waitingAtFirst);
        const double exact = rate * kMeanService * serving::test::mg1MeanWait(load, 0);
        QVERIFY2(std::abs(waiting - exact) < halfWidth + 0.02 * exact, qPrintable(told(waiting, halfWidth, exact)));
        QVERIFY2(halfWidth < 0.2 * exact, qPrintable(told(waiting, halfWidth, exact)));
    }

    /// A placement gives each request to the emptier of two of its replicas: with many of them, the shares with k or
    /// more requests fall doubly exponentially, load^(2^k - 1), where drawing one would give load^k.
    void theEmptierOfTwoHasItsTails()
    {
        const int replicas = 400;
        const double load = 0.8, rate = replicas * load / kMeanService;
        auto engine =
            engineOf(rowOfQueues({replicas}, 1, rate, 1), RoutingPolicy::Nearest, exponentialJobs(rate, 3'500, 8));
        QVERIFY(engine.ok());
        const auto [waiting, halfWidth] = meanOverTime(*engine, 50 * kMeanService, 2'500, waitingAtFirst);
        double exact = 0;
        for (int k = 2; k < 6; ++k) {
            exact += replicas * std::pow(load, std::exp2(k) - 1);
        }
        // Views are up to a hundredth of a service time old, and there are 400, not infinitely many.
        QVERIFY2(std::abs(waiting - exact) < halfWidth + 0.05 * exact, qPrintable(told(waiting, halfWidth, exact)));
        QVERIFY(waiting < 0.5 * replicas * load * load / (1 - load)); // far from what drawing one gives
    }

    /// Round trips straight from the measured links, without the index the engine uses.
    void nearestSendsEverythingByRoundTrip()
    {
        Fleet fleet = test::smallFleet();
        for (UserArea& area : fleet.areas) {
            area.at = fleet[area.rttProxy].at; // users stand where was measured: nothing is estimated
        }
        EngineOptions options;
        options.threads = 1;
        options.operations.routing = RoutingPolicy::Nearest;
        Engine engine = Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
        while (engine.now() < 30 * kMicrosPerSecond) {
            engine.step();
        }
        const auto rtt = [&](std::size_t area, std::size_t placement) {
            const RegionId from = fleet.areas[area].rttProxy, to = fleet[fleet.placements[placement].pool].region;
            for (const auto& link : fleet.links) {
                if ((link.from == from && link.to == to) || (link.from == to && link.to == from)) {
                    return link.rttSeconds;
                }
            }
            return 0.0;
        };
        std::vector<std::int64_t> flows(fleet.placements.size() * fleet.areas.size());
        for (const auto& interval : engine.takeIntervals()) {
            for (std::size_t i = 0; i < flows.size(); ++i) {
                flows[i] += interval->flows[i];
            }
        }
        for (std::size_t model = 0; model < fleet.models.size(); ++model) {
            for (std::size_t area = 0; area < fleet.areas.size(); ++area) {
                std::size_t nearest = fleet.placements.size();
                for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
                    const bool serves = fleet.placements[p].model == ModelId(model);
                    if (serves && (nearest == fleet.placements.size() || rtt(area, p) < rtt(area, nearest))) {
                        nearest = p;
                    }
                }
                for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
                    if (fleet.placements[p].model == ModelId(model)) {
                        QCOMPARE(flows[p * fleet.areas.size() + area] > 0, p == nearest);
                    }
                }
            }
        }
    }

    /// In proportion to free places is water-filling: all placements get equally full, whatever their sizes, which is
    /// the least the fullest can be. The least is found by trying every split.
    void freePlacesFillLikeWater()
    {
        const std::vector<std::int32_t> sizes{4, 9, 17};
        const std::int32_t batch = 40;
        const double load = 0.7, rate = 30 * batch * load / kMeanService;
        auto engine = engineOf(rowOfQueues(sizes, batch, rate, 0), RoutingPolicy::LeastInFlight);
        QVERIFY(engine.ok());
        std::array<double, 3> inFlight{};
        std::ignore = meanOverTime(*engine, 20 * kMeanService, 400, [&](const Engine& e) {
            const auto states = e.placementStates();
            for (std::size_t p = 0; p < 3; ++p) {
                inFlight[p] += double(states[p].running + states[p].queued);
            }
            return 0.0;
        });
        const double all = inFlight[0] + inFlight[1] + inFlight[2];
        double measured = 0, best = 1e9;
        for (std::size_t p = 0; p < 3; ++p) {
            measured = std::max(measured, inFlight[p] / all / sizes[p]);
        }
        for (int first = 0; first <= 300; ++first) {
            for (int second = 0; first + second <= 300; ++second) {
                const std::array<int, 3> split{first, second, 300 - first - second};
                double fullest = 0;
                for (std::size_t p = 0; p < 3; ++p) {
                    fullest = std::max(fullest, split[p] / 300.0 / sizes[p]);
                }
                best = std::min(best, fullest);
            }
        }
        QVERIFY2(std::abs(measured / best - 1) < 0.02, qPrintable(told(measured, 0, best)));
    }

    /// Nearest first, the rest to the next: where load lies is what the cheapest transport of it is when each takes
    /// what it does. Whoever comes later in the row gets something only when all before are filled to where they begin
    /// to send on, and nobody is beyond full.
    void spillIsTheCheapestTransport_data()
    {
        QTest::addColumn<double>("load");
        QTest::newRow("fits the first") << 0.12;
        QTest::newRow("fills the first, and part of the second") << 0.4;
        QTest::newRow("reaches the third") << 0.75;
    }
    void spillIsTheCheapestTransport()
    {
        QFETCH(double, load);
        const std::vector<std::int32_t> sizes{10, 10, 10};
        const std::int32_t batch = 40;
        const double busy = 30 * batch * load; // Erlangs
        auto engine = engineOf(rowOfQueues(sizes, batch, busy / kMeanService, 0), RoutingPolicy::NearestWithSpill);
        QVERIFY(engine.ok());
        std::array<double, 3> inFlight{};
        double samples = 0;
        std::ignore = meanOverTime(*engine, 60 * kMeanService, 400, [&](const Engine& e) {
            const auto states = e.placementStates();
            for (std::size_t p = 0; p < 3; ++p) {
                inFlight[p] += double(states[p].running + states[p].queued);
            }
            ++samples;
            return 0.0;
        });
        // The cheapest transport of `busy` when each place takes no more than `capacity`: by trying all splits.
        const auto cheapest = [&](double capacity) {
            double least = 1e9;
            for (int a = 0; a <= 200; ++a) {
                for (int b = 0; a + b <= 200; ++b) {
                    const std::array<double, 3> part{a / 200.0 * busy, b / 200.0 * busy, (200 - a - b) / 200.0 * busy};
                    if (*std::max_element(part.begin(), part.end()) <= capacity * (1 + 1e-9)) {
                        least = std::min(least, 0.01 * part[1] + 0.02 * part[2]);
                    }
                }
            }
            return least;
        };
        const double measured = (0.01 * inFlight[1] + 0.02 * inFlight[2]) / samples;
        const double held = *std::max_element(inFlight.begin(), inFlight.end()) / samples;
        QVERIFY2(held <= 10 * batch, qPrintable(QString::number(held)));
        QVERIFY2(std::abs(measured - cheapest(held)) < 0.02 * 0.01 * busy + 0.15 * cheapest(held),
                 qPrintable(told(measured, held, cheapest(held))));
    }
};

QTEST_APPLESS_MAIN(TestFleetOracles)
#include "tst_fleet_oracles.moc"

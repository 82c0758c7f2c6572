// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/demand_source.h"
#include "model/engine/engine.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <numeric>

using namespace isobar;
using namespace isobar::engine;

namespace {

Workload steadyWorkload(double rate, double burstiness)
{
    Workload w;
    w.name = "test";
    w.meanRequestsPerSecond = rate;
    w.burstiness = burstiness;
    return w;
}

/// With one candidate, placement 0, next door.
DemandSource sourceOf(const Workload& workload, std::uint64_t seed, double startHour = 0,
                      const WorkloadOperations& operations = {}, DemandSource::Options options = {},
                      std::shared_ptr<const DemandTrace> trace = nullptr)
{
    const auto table = std::make_shared<const LengthTable>(LengthDistribution{100, 1, 1000});
    options.workload = WorkloadId(std::size_t{0});
    options.area = AreaId(std::size_t{0});
    DemandSource source(options, DemandShape(workload, operations, 1, startHour),
                        GapLawDraw(operations.gaps, workload.burstiness), Random(seed, 1, 0), table, table,
                        std::move(trace));
    source.addCandidate({}, 0);
    return source;
}

/// What everybody has known for long.
LoadBoard boardOf(const std::vector<ReportedLoad>& loads)
{
    LoadBoard board;
    for (const ReportedLoad& load : loads) {
        board.add(load);
    }
    return board;
}

Way wayTo(std::uint32_t placement, double oneWaySeconds)
{
    Way way;
    way.placement = placement;
    way.oneWaySeconds = oneWaySeconds;
    return way;
}

DemandSource::Options with(RoutingPolicy policy)
{
    DemandSource::Options options;
    options.policy = policy;
    return options;
}

/// Shares of `n` requests by placement, all drawn in one window.
std::vector<double> sharesOf(DemandSource& source, const LoadBoard& board)
{
    source.clearCounts();
    source.draw(0, 1, board);
    std::vector<double> shares(board.placements());
    double sum = 0;
    for (const DemandSource::Candidate& c : source.candidates()) {
        shares[c.way.placement] = double(c.routed);
        sum += double(c.routed);
    }
    for (double& share : shares) {
        share /= sum;
    }
    return shares;
}

} // namespace

class TestDemand : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ongoingLengthsAreThoseThatAreMet_data()
    {
        QTest::addColumn<double>("mean");
        QTest::addColumn<double>("cv");
        QTest::addColumn<int>("maximum");
        QTest::newRow("all alike") << 300.0 << 0.0 << 1000;
        QTest::newRow("two tokens") << 2.0 << 0.0 << 2;
        QTest::newRow("usual") << 300.0 << 1.0 << 8192;
        QTest::newRow("heavy tail") << 2000.0 << 2.5 << 131'072;
        QTest::newRow("mostly single tokens") << 1.2 << 1.0 << 50;
    }
    void ongoingLengthsAreThoseThatAreMet()
    {
        QFETCH(double, mean);
        QFETCH(double, cv);
        QFETCH(int, maximum);
        const LengthTable table({mean, cv, maximum});
        // The slow way: stays of L - 1 steps laid end to end, looked at at random.
        Random random(4, 5, 6);
        constexpr int kDraws = 400'000;
        std::vector<double> upTo;
        std::vector<std::uint32_t> lengths;
        double sum = 0;
        for (int i = 0; i < kDraws; ++i) {
            lengths.push_back(table.draw(random.bits()));
            upTo.push_back(sum += lengths.back() - 1.0);
        }
        const OngoingLengths ongoing(table);
        QVERIFY(ongoing.any());
        std::vector<double> met, drawn, restMet, restDrawn;
        for (int i = 0; i < kDraws; ++i) {
            const double at = random.uniform() * sum;
            const auto which = std::upper_bound(upTo.begin(), upTo.end() - 1, at) - upTo.begin();
            met.push_back(lengths[std::size_t(which)]);
            restMet.push_back(std::ceil(upTo[std::size_t(which)] - at));
            const OngoingLengths::Length length = ongoing.draw(random);
            QVERIFY(length.given >= 1 && length.given < length.tokens && length.tokens <= std::uint32_t(maximum));
            drawn.push_back(length.tokens);
            restDrawn.push_back(length.tokens - length.given);
        }
        const auto agree = [&](std::vector<double>& a, std::vector<double>& b, double most) {
            std::sort(a.begin(), a.end());
            std::sort(b.begin(), b.end());
            // The greatest distance of the two laws (Kolmogorov-Smirnov): 1.95 sqrt(2 / n) one time in a thousand.
            double distance = 0;
            for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
                const double value = std::min(a[i], b[j]);
                while (i < a.size() && a[i] == value) {
                    ++i;
                }
                while (j < b.size() && b[j] == value) {
                    ++j;
                }
                distance = std::max(distance, std::abs(double(i) - double(j)) / kDraws);
            }
            return distance < most;
        };
        QVERIFY(agree(met, drawn, 0.01));
        QVERIFY(agree(restMet, restDrawn, 0.01));
    }

    void lengthsFollowTheirDistribution_data()
    {
        QTest::addColumn<double>("mean");
        QTest::addColumn<double>("cv");
        QTest::addColumn<int>("maximum");
        QTest::newRow("all alike") << 300.0 << 0.0 << 1000;
        QTest::newRow("narrow") << 300.0 << 0.3 << 100'000;
        QTest::newRow("usual, cut far out") << 800.0 << 1.0 << 100'000;
        QTest::newRow("cut where it matters") << 800.0 << 1.0 << 1500;
        QTest::newRow("heavy tail") << 2000.0 << 2.5 << 131'072;
        QTest::newRow("mostly single tokens") << 1.2 << 1.0 << 50;
    }
    void lengthsFollowTheirDistribution()
    {
        QFETCH(double, mean);
        QFETCH(double, cv);
        QFETCH(int, maximum);
        const LengthTable table({mean, cv, maximum});
        // The exact mean of what is left after the cut, by integrating over the normal density.
        const double sigma = std::sqrt(std::log1p(cv * cv)), mu = std::log(mean) - sigma * sigma / 2;
        double exact = 0, weight = 0;
        for (double z = -8; z <= 8; z += 1e-4) {
            const double density = std::exp(-z * z / 2);
            exact += density * std::clamp(std::exp(mu + sigma * z), 1.0, double(maximum));
            weight += density;
        }
        exact /= weight;
        QVERIFY2(std::abs(table.mean() / exact - 1) < 2e-3,
                 qPrintable(QStringLiteral("%1 against %2").arg(table.mean()).arg(exact)));
        // And what is drawn has that mean, in whole tokens within bounds.
        Random random(1, 2, 3);
        double sum = 0, squares = 0;
        constexpr int kDraws = 400'000;
        for (int i = 0; i < kDraws; ++i) {
            const std::uint32_t length = table.draw(random.bits());
            QVERIFY(length >= 1 && length <= std::uint32_t(maximum));
            sum += length;
            squares += double(length) * length;
        }
        const double drawn = sum / kDraws;
        const double error = std::sqrt((squares / kDraws - drawn * drawn) / kDraws);
        QVERIFY(std::abs(drawn - exact) < 4 * error + 2e-3 * exact + (mean < 10 ? 0.05 : 0));
    }

    void gapsHaveTheirMeanAndVariation_data()
    {
        QTest::addColumn<double>("cv");
        QTest::newRow("regular") << 0.0;
        QTest::newRow("smoother than Poisson") << 0.5;
        QTest::newRow("Poisson") << 1.0;
        QTest::newRow("bursty") << 2.0;
        QTest::newRow("very bursty") << 4.0;
    }
    void gapsHaveTheirMeanAndVariation()
    {
        QFETCH(double, cv);
        DemandSource source = sourceOf(steadyWorkload(50, cv), 9);
        std::vector<double> times;
        for (int window = 0; window < 40'000; ++window) {
            source.draw(window * 0.1, (window + 1) * 0.1, boardOf({{0, 10, 0}}));
            for (const Arrival& a : source.outboxFor(0)) {
                QVERIFY(a.seconds >= window * 0.1 - 1e-9 && a.seconds < (window + 1) * 0.1 + 1e-9);
                times.push_back(a.seconds);
            }
        }
        QVERIFY(std::is_sorted(times.begin(), times.end()));
        double sum = 0, squares = 0;
        for (std::size_t i = 1; i < times.size(); ++i) {
            sum += times[i] - times[i - 1];
            squares += (times[i] - times[i - 1]) * (times[i] - times[i - 1]);
        }
        const double n = double(times.size() - 1), mean = sum / n;
        const double measured = std::sqrt(std::max(0.0, squares / n - mean * mean)) / mean;
        QVERIFY(std::abs(mean * 50 - 1) < 0.03);
        QVERIFY2(std::abs(measured - cv) < 0.03 * std::max(1.0, cv), qPrintable(QString::number(measured)));
    }

    void theDayGoesUpAndDown()
    {
        Workload w = steadyWorkload(20, 1);
        w.diurnalAmplitude = 0.5;
        w.peakLocalHour = 15;
        DemandSource source = sourceOf(w, 4, 3); // starts at 3:00 local time
        QVERIFY(std::abs(source.rate(0) - 10) < 1e-9);
        QVERIFY(std::abs(source.rate(12 * 3600) - 30) < 1e-9);
        double mean = 0;
        for (int hour = 0; hour < 24; ++hour) {
            mean += source.rate(hour * 3600) / 24;
        }
        QVERIFY(std::abs(mean - 20) < 1e-9);
    }

    void nothingServesNothingIsRouted()
    {
        DemandSource source = sourceOf(steadyWorkload(100, 1), 1);
        source.draw(0, 10, boardOf({{0, 0, 0}}));
        QVERIFY(source.unrouted() > 800);
        QVERIFY(source.outboxFor(0).empty());
    }

    void candidatesAreKeptNearestFirst()
    {
        DemandSource source = sourceOf(steadyWorkload(100, 1), 1);
        source.addCandidate(wayTo(1, 0.05), 0);
        source.addCandidate(wayTo(2, 0.02), 0);
        source.addCandidate(wayTo(3, 0.02), 0);
        std::vector<std::uint32_t> order;
        for (const DemandSource::Candidate& c : source.candidates()) {
            order.push_back(c.way.placement);
        }
        QVERIFY(order == (std::vector<std::uint32_t>{0, 2, 3, 1}));
    }

    void nearestSendsToTheNearestThatServes_data()
    {
        QTest::addColumn<QList<double>>("places");
        QTest::addColumn<QList<double>>("expected");
        QTest::newRow("nearest serves") << QList<double>{10, 10, 10} << QList<double>{1, 0, 0};
        QTest::newRow("nearest is away") << QList<double>{0, 10, 10} << QList<double>{0, 1, 0};
        QTest::newRow("only the last") << QList<double>{0, 0, 10} << QList<double>{0, 0, 1};
    }
    void nearestSendsToTheNearestThatServes()
    {
        QFETCH(QList<double>, places);
        QFETCH(QList<double>, expected);
        std::vector<ReportedLoad> loads;
        for (const double p : places) {
            loads.push_back({5, p, 1});
        }
        std::vector<double> cumulative;
        QVERIFY(routeShares(RoutingPolicy::Nearest, loads, cumulative));
        double last = 0;
        for (qsizetype i = 0; i < 3; ++i) {
            QCOMPARE(cumulative[std::size_t(i)] - last, expected[i]);
            last = cumulative[std::size_t(i)];
        }
    }

    void spillGoesOnToTheNext()
    {
        const std::vector<ReportedLoad> loads{{0, 10, 0.25}, {0, 10, 0.5}, {0, 30, 1.0}};
        std::vector<double> c;
        QVERIFY(routeShares(RoutingPolicy::NearestWithSpill, loads, c));
        // 0.75 stay at the first, half of the rest at the second, the remaining 0.125 by size over all fifty places.
        QCOMPARE(c[0], 0.75 + 0.125 * 0.2);
        QCOMPARE(c[1], c[0] + 0.125 + 0.125 * 0.2);
        QCOMPARE(c[2], 1.0);
    }

    void sharesByPlacesAndByFreePlaces()
    {
        const std::vector<ReportedLoad> loads{{10, 30, 0}, {5, 10, 0}};
        std::vector<double> c;
        QVERIFY(routeShares(RoutingPolicy::Weighted, loads, c));
        QCOMPARE(c[0], 0.75);
        QVERIFY(routeShares(RoutingPolicy::LeastInFlight, loads, c));
        QCOMPARE(c[0], 0.8);
        // All full: by size.
        QVERIFY(routeShares(RoutingPolicy::LeastInFlight, std::vector<ReportedLoad>{{90, 30, 0}, {50, 10, 0}}, c));
        QCOMPARE(c[0], 0.75);
    }

    void policiesPreferInTheirOrder()
    {
        Way near = wayTo(0, 0.01), cheap = wayTo(1, 0.05), reserved = wayTo(2, 0.08);
        near.usdPerMillionTokens = 3;
        near.payRank = 2;
        cheap.usdPerMillionTokens = 1;
        cheap.payRank = 3;
        reserved.usdPerMillionTokens = 2;
        QVERIFY(prefers(RoutingPolicy::NearestWithSpill, near, cheap) && !prefers(RoutingPolicy::Nearest, cheap, near));
        QVERIFY(prefers(RoutingPolicy::CheapestWithinSlo, cheap, reserved));
        QVERIFY(prefers(RoutingPolicy::ReservedFirst, reserved, near));
        QVERIFY(prefers(RoutingPolicy::ReservedFirst, near, cheap)); // on-demand before spot
        cheap.meetsSlo = false;                                      // however cheap
        QVERIFY(prefers(RoutingPolicy::CheapestWithinSlo, near, cheap));
        QVERIFY(!prefers(RoutingPolicy::CheapestWithinSlo, near, near));
    }

    void latencyAwareTakesTheQuickerOfTheProbedThatAreNotHot()
    {
        const std::vector<Probe> cold{{0.5, 0.3}, {0.2, 0.4}}, oneHot{{0.95, 0.1}, {0.2, 0.4}},
            allHot{{0.95, 0.1}, {0.9, 0.4}};
        QCOMPARE(bestProbe(cold), std::size_t{0});
        QCOMPARE(bestProbe(oneHot), std::size_t{1});
        QCOMPARE(bestProbe(allHot), std::size_t{1});
        // Two equal placements, one of which answers in a tenth of the time: with d = 2 it is left only when it was
        // not probed at all, one time in four.
        DemandSource source = sourceOf(steadyWorkload(20'000, 1), 3, 0, {}, with(RoutingPolicy::LatencyAware));
        source.addCandidate(wayTo(1, 0), 0);
        const auto shares = sharesOf(source, boardOf({{0, 1e9, 0, 0.5}, {0, 1e9, 0, 0.05}}));
        QVERIFY2(std::abs(shares[0] - 0.25) < 0.02, qPrintable(QString::number(shares[0])));
    }

    void newsAreAsOldAsTheNetworkMakesThem()
    {
        DemandSource source = sourceOf(steadyWorkload(1000, 1), 3, 0, {}, with(RoutingPolicy::Nearest));
        source.addCandidate(wayTo(1, 0.25), 0);             // three windows of 0.1 s away
        LoadBoard board = boardOf({{0, 0, 0}, {0, 10, 0}}); // the near one is away
        std::vector<bool> gone;
        for (int window = 0; window < 6; ++window) {
            source.clearCounts();
            source.draw(window * 0.1, (window + 1) * 0.1, board);
            gone.push_back(source.unrouted() > 0);
            board.publish({{0, 0, 0}, {0, 0, 0}}, {}); // from the first window on, the far one too
        }
        QVERIFY(gone == (std::vector<bool>{false, false, false, false, true, true}));
        // A frozen view does not change at all.
        LoadBoard frozen = boardOf({{0, 10, 0}});
        frozen.publish({{0, 0, 0}}, {true});
        QCOMPARE(frozen.seen(0, 0).places, 10.0);
    }

    void theWeekendIsQuieterAndTheYearGrows()
    {
        QCOMPARE(hourOfWeekUtc("2026-11-23T00:00:00Z"), 0.0); // a Monday
        QCOMPARE(hourOfWeekUtc("2026-11-29T23:30:00Z"), 167.5);
        QCOMPARE(hourOfWeekUtc("2024-02-29T12:00:00Z"), 3 * 24 + 12.0); // a leap day, Thursday
        WorkloadOperations operations;
        operations.weekendRatio = 0.25;
        DemandSource source = sourceOf(steadyWorkload(100, 1), 1, 119, operations); // Friday 23:00
        QCOMPARE(source.rate(0), 100.0);
        QCOMPARE(source.rate(3600), 25.0);
        QCOMPARE(source.rate(49 * 3600 - 1), 25.0);
        QCOMPARE(source.rate(49 * 3600), 100.0); // Monday
        operations.weekendRatio = 1;
        operations.growthPerYearRatio = 1;
        source = sourceOf(steadyWorkload(100, 1), 1, 0, operations);
        QVERIFY(std::abs(source.rate(365.0 * 86'400) - 200) < 1e-9);
        QVERIFY(std::abs(source.rate(365.0 * 43'200) - 100 * std::sqrt(2)) < 1e-9);
    }

    void surgesLastAndTheRatioStays()
    {
        WorkloadOperations operations;
        operations.demandRatio = 1.3;
        const DemandShape shape(steadyWorkload(100, 1), operations, 0.5, 0,
                                {{WorkloadId(), 60, 30, 2}, {WorkloadId(std::size_t{0}), 80, 100, 0.5}});
        const auto near = [&](double seconds, double rate) {
            return std::abs(shape.requestsPerSecond(seconds) - rate) < 1e-9;
        };
        QVERIFY(near(0, 65));
        QVERIFY(near(59.9, 65));
        QVERIFY(near(60, 130));
        QVERIFY(near(85, 65)); // both at once: twice and half
        QVERIFY(near(90, 32.5));
        QVERIFY(near(180, 65));
    }

    void theDocumentsDemandReachesTheEngine()
    {
        // Drawn requests of a quiet minute, of one with 30 % more, and of one in which they double.
        const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
        const auto requests = [&](const Operations& operations) {
            EngineOptions options;
            options.operations = operations;
            options.threads = 1;
            options.settleSeconds = 30;
            auto engine = Engine::create(fleet, test::smallCalibration(), options);
            std::int64_t count = 0;
            while (engine->now() < 60 * aggregate::kMicrosPerSecond) {
                engine->step();
            }
            for (const auto& interval : engine->takeIntervals()) {
                for (const auto& row : interval->demand) {
                    count += row.requests - row.retried;
                }
            }
            return static_cast<double>(count);
        };
        Operations more, surge;
        more.demandRatio = 1.3;
        surge.surges = {{WorkloadId(), 30, 1000, 2}}; // half of the minute, by the clock, not by the settling
        const double usual = requests({});
        QVERIFY(std::abs(requests(more) / usual - 1.3) < 0.06);
        QVERIFY(std::abs(requests(surge) / usual - 1.5) < 0.06);
    }

    void weibullGapsHaveTheirMeanAndVariation_data()
    {
        QTest::addColumn<double>("cv");
        QTest::newRow("smoother than Poisson") << 0.5;
        QTest::newRow("bursty") << 2.0;
        QTest::newRow("very bursty") << 3.0;
    }
    void weibullGapsHaveTheirMeanAndVariation()
    {
        QFETCH(double, cv);
        const GapLawDraw gaps(GapLaw::Weibull, cv);
        Random random(7, 1, 0);
        double sum = 0, squares = 0;
        constexpr int kDraws = 2'000'000;
        for (int i = 0; i < kDraws; ++i) {
            const double gap = gaps.draw(random);
            sum += gap;
            squares += gap * gap;
        }
        const double mean = sum / kDraws, measured = std::sqrt(squares / kDraws - mean * mean) / mean;
        QVERIFY2(std::abs(mean - 1) < 0.01, qPrintable(QString::number(mean)));
        QVERIFY2(std::abs(measured / cv - 1) < 0.03, qPrintable(QString::number(measured)));
    }

    void aTraceIsFollowedScaledShiftedAndRepeated()
    {
        auto trace = std::make_shared<DemandTrace>();
        trace->requests = {{0, 11, 1}, {1.5, 12, 2}, {9.9, 13, 3}};
        trace->lengthSeconds = 10;
        DemandSource::Options options;
        options.traceShiftSeconds = 9;
        options.traceScale = 2;
        options.clockZeroSeconds = 5; // the engine settles for five seconds before the clock's zero
        DemandSource source = sourceOf(steadyWorkload(1, 1), 1, 0, {}, options, trace);
        std::vector<std::pair<double, std::uint32_t>> seen;
        for (int window = 0; window < 200; ++window) {
            source.draw(window * 0.1, (window + 1) * 0.1, boardOf({{0, 10, 0}}));
            for (const Arrival& a : source.outboxFor(0)) {
                seen.emplace_back(std::round((a.seconds - 5) * 1e6) / 1e6, a.inputTokens);
            }
        }
        // At the clock's zero the trace stands at 9 s; the engine's own zero is five seconds before that.
        const std::vector<std::pair<double, std::uint32_t>> expected{{0.9, 13}, {0.9, 13}, {1, 11},    {1, 11},
                                                                     {2.5, 12}, {2.5, 12}, {10.9, 13}, {10.9, 13},
                                                                     {11, 11},  {11, 11},  {12.5, 12}, {12.5, 12}};
        QVERIFY(seen == expected);
        // Half of a trace is every other request, on average.
        options.traceScale = 0.5;
        options.clockZeroSeconds = options.traceShiftSeconds = 0;
        auto many = std::make_shared<DemandTrace>();
        for (int i = 0; i < 10'000; ++i) {
            many->requests.push_back({i * 1e-3, 1, 1});
        }
        many->lengthSeconds = 10;
        DemandSource half = sourceOf(steadyWorkload(1, 1), 1, 0, {}, options, many);
        half.draw(0, 10, boardOf({{0, 10, 0}}));
        QVERIFY(std::abs(double(half.candidates()[0].routed) - 5000) < 4 * 50);
    }

    void workThatMayWaitWaitsForRoomAndNotForEver()
    {
        DemandSource::Options options;
        options.deferSeconds = 30;
        DemandSource source = sourceOf(steadyWorkload(10, 0), 1, 0, {}, options); // every 0.1 s
        const auto run = [&](double from, double to, const ReportedLoad& load) {
            std::int64_t sent = 0;
            for (double t = from; t < to - 0.05; t += 0.1) {
                source.draw(t, t + 0.1, boardOf({load}));
                for (const Arrival& a : source.outboxFor(0)) {
                    ++sent;
                    if (a.waitedSeconds < 0 || a.waitedSeconds > 30.2) {
                        return std::int64_t{-1};
                    }
                }
            }
            return sent;
        };
        QCOMPARE(run(0, 10, {100, 100, 1}), std::int64_t{0}); // full: nothing goes
        const std::int64_t held = source.waiting();
        QVERIFY(held >= 99 && held <= 101);
        const std::int64_t sent = run(10, 11, {60, 100, 0}); // ten places are free: a few a window
        QVERIFY(sent > 0 && sent <= 20);
        const std::int64_t forced = run(11, 60, {100, 100, 1}); // and after half a minute each goes, room or not
        QVERIFY(forced > 250 && source.waiting() <= 301);
    }

    void turnsOfASessionGoWhereItIs()
    {
        DemandSource::Options options = with(RoutingPolicy::Weighted);
        options.turnsPerSession = 5;
        DemandSource source = sourceOf(steadyWorkload(1000, 1), 3, 0, {}, options);
        source.addCandidate(wayTo(1, 0), 0);
        source.draw(0, 5, boardOf({{0, 10, 0}, {0, 0, 0}})); // all sessions begin at 0
        // Then 1 has far more places: new sessions go there, four turns out of five still to 0.
        source.clearCounts();
        source.draw(5, 5.05, boardOf({{0, 1, 0}, {0, 1e6, 0}}));
        const double first = double(source.candidates()[0].routed), all = first + double(source.candidates()[1].routed);
        QVERIFY2(std::abs(first / all - 0.8) < 0.12, qPrintable(QString::number(first / all)));
        // When 0 goes away its sessions move and stay.
        source.draw(6, 7, boardOf({{0, 0, 0}, {0, 10, 0}}));
        source.clearCounts();
        source.draw(7, 7.05, boardOf({{0, 1e6, 0}, {0, 1, 0}}));
        QVERIFY(source.candidates()[1].routed > source.candidates()[0].routed);
    }

    void whatFailsIsTriedElsewhereAfterAPause()
    {
        DemandSource::Options options = with(RoutingPolicy::Nearest);
        options.retry = {3, 0.5, 10};
        DemandSource source = sourceOf(steadyWorkload(1e-9, 1), 3, 0, {}, options);
        source.addCandidate(wayTo(1, 0.05), 0);
        Bounce bounce;
        bounce.inputTokens = 77;
        bounce.askedSeconds = 1;
        bounce.failedSeconds = 2;
        source.takeBack(bounce);
        QCOMPARE(source.waiting(), std::int64_t{1});
        const LoadBoard board = boardOf({{0, 10, 0}, {0, 10, 0}});
        source.draw(2, 2.1, board);
        QCOMPARE(source.waiting(), std::int64_t{1});
        source.draw(2.4, 2.6, board);
        QCOMPARE(source.waiting(), std::int64_t{0});
        QCOMPARE(source.outboxFor(0).size(), std::size_t{0}); // it cools down
        QCOMPARE(source.outboxFor(1).size(), std::size_t{1});
        const Arrival again = source.outboxFor(1).front();
        QCOMPARE(again.inputTokens, 77u);
        QCOMPARE(int(again.attempt), 2);
        QVERIFY(std::abs(again.seconds - 2.55) < 1e-9 && std::abs(again.waitedSeconds - 1.5f) < 1e-6f);
        // Twice as long before the third attempt; and a placement that is cooling is better than none.
        bounce.attempt = 2;
        bounce.placement = 1;
        bounce.failedSeconds = 3;
        source.takeBack(bounce);
        source.draw(3.9, 4.1, board);
        QCOMPARE(source.outboxFor(0).size(), std::size_t{1});
        QVERIFY(std::abs(source.outboxFor(0).front().seconds - 4) < 1e-9);
    }

    void spillSettlesWithoutSwinging()
    {
        // A placement asked for twice what it can hold, whose requests stay eight seconds, seen one window late.
        ReportedLoad load{0, 100, 0};
        const double wanted = 2 * 100 / 8.0; // a second
        double lowest = 1, highest = 0, seen = 0;
        for (int window = 0; window < 3000; ++window) {
            const double before = load.inFlight;
            load.inFlight += 0.1 * (wanted * (1 - load.spillRatio) - load.inFlight / 8);
            ReportedLoad late = load;
            late.inFlight = seen;
            load.spillRatio = nextSpillRatio(late);
            seen = before;
            if (window > 600) {
                lowest = std::min(lowest, load.spillRatio);
                highest = std::max(highest, load.spillRatio);
            }
        }
        QVERIFY(highest - lowest < 0.02);
        QVERIFY(load.inFlight > 60 && load.inFlight < 100);
    }
};

QTEST_APPLESS_MAIN(TestDemand)
#include "tst_demand.moc"

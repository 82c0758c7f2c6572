// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/pool_cost.h"
#include "model/plan/planner.h"
#include "model/proto/shipped.h"
#include "tests/model/plan/steady_interval.h"
#include "tests/support/small_fleet.h"

#include <QElapsedTimer>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <random>

using namespace isobar;
using namespace isobar::plan;

namespace {

const PoolId kEast(std::size_t{0}), kEurope(std::size_t{1}), kCentral(std::size_t{2});
const PlacementId kLargeEast(std::size_t{0}), kLargeEurope(std::size_t{1}), kLargeCentral(std::size_t{2}),
    kSmallEast(std::size_t{3});

Planner plannerOf(const Fleet& fleet, const Calibration& calibration)
{
    const std::vector<std::shared_ptr<const aggregate::Interval>> seen{test::steadyInterval(fleet)};
    return {std::make_shared<const Fleet>(fleet), std::make_shared<const Calibration>(calibration),
            loadOf(fleet, seen)};
}

Planner plannerOf(const Fleet& fleet)
{
    return plannerOf(fleet, test::smallCalibration());
}

QByteArray words(const Assessment& a)
{
    QByteArray out;
    for (const Reason& reason : a.reasons) {
        out += QByteArray::fromStdString(reason.text) + "; ";
    }
    return out;
}

bool says(const Assessment& a, Verdict verdict, const char* text)
{
    return std::any_of(a.reasons.begin(), a.reasons.end(),
                       [&](const Reason& r) { return r.verdict == verdict && r.text.find(text) != std::string::npos; });
}

std::vector<double> numbers(const Figures& f)
{
    return {f.spendUsdPerDay, f.usdPerMillionTokens, f.ttftP95Seconds,     f.itlSeconds, f.capacityRequestsPerSecond,
            f.fromUsedRatio,  f.toUsedRatio,         double(f.toFreeChips)};
}

bool same(const Figures& a, const Figures& b)
{
    const auto x = numbers(a), y = numbers(b);
    return std::equal(x.begin(), x.end(), y.begin(),
                      [](double p, double q) { return p == q || (std::isnan(p) && std::isnan(q)); });
}

/// The whole fleet's chips for a day, pool by pool.
double spendUsdPerDay(Fleet fleet, std::vector<Placement> placements)
{
    fleet.placements = std::move(placements);
    double usd = 0;
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        std::array<double, kPricingModels> prices{};
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            const auto price = priceOf(fleet, PoolId(i), PricingModel(p));
            prices[p] = price ? price->usdPerChipHour : 0;
        }
        usd += 24 * poolCost(fleet.pools[i], prices, usedChips(fleet, PoolId(i))).totalUsdPerHour();
    }
    return usd;
}

bool near(double a, double b)
{
    return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

Fleet with(Fleet fleet, const std::vector<Placement>& placements)
{
    fleet.placements = placements;
    return fleet;
}

} // namespace

/// What a move would do, before anyone makes it.
class TestPlanner : public QObject {
    Q_OBJECT

    const Fleet m_small = test::smallFleet();
    const Fleet m_sample = proto::shippedSample().value();
    const Calibration m_calibration = proto::shippedCalibration().value();

    /// What holds for every assessment. Empty when it does.
    static QByteArray broken(const Planner& planner, const Move& asked, const Assessment& a)
    {
        const Fleet& fleet = planner.fleet();
        const std::vector<Placement> after = Planner::placementsAfter(fleet, a);
        if ((a.verdict == Verdict::Yes) != a.reasons.empty()) {
            return "verdict and reasons disagree";
        }
        if (!a.reasons.empty() && a.verdict != a.reasons.front().verdict) {
            return "the worst reason is not first";
        }
        if (!near(a.baseline.spendUsdPerDay, spendUsdPerDay(fleet, fleet.placements))) {
            return "baseline spend";
        }
        if (!near(a.scenario.spendUsdPerDay, spendUsdPerDay(fleet, after))) {
            return "scenario spend";
        }
        const Fleet moved = with(fleet, after);
        if (const Status valid = validate(moved); !valid.ok()) {
            return "invalid: " + QByteArray::fromStdString(valid.error().toString());
        }
        if (usedChips(moved, asked.to) > std::max(fleet[asked.to].usableChips(), usedChips(fleet, asked.to))) {
            return "more chips than there are";
        }
        if (a.verdict == Verdict::No) {
            return !same(a.baseline, a.scenario) ? "a refusal changed a figure"
                   : after != fleet.placements   ? "a refusal moved something"
                                                 : "";
        }
        if (a.move.replicas < 1 || a.move.replicas > asked.replicas || a.replicasAdded < 1) {
            return "replicas";
        }
        std::int64_t left = 0, added = 0;
        for (std::size_t i = 0; i < after.size(); ++i) {
            const std::int32_t before = i < fleet.placements.size() ? fleet.placements[i].replicas : 0;
            const std::int32_t change = after[i].replicas - before;
            if (i < fleet.placements.size() &&
                (after[i].key != fleet.placements[i].key || after[i].pool != fleet.placements[i].pool)) {
                return "a placement lost its position";
            }
            if (PlacementId(i) == asked.from) {
                left = -change;
            } else if (change != 0) {
                if (after[i].pool != asked.to || after[i].model != fleet[asked.from].model) {
                    return "something else moved";
                }
                added += change;
            }
        }
        if (left != a.move.replicas || added != a.replicasAdded) {
            return "replicas were not conserved";
        }
        const std::int64_t chips = usedChips(moved, asked.to) - usedChips(fleet, asked.to);
        if (chips != a.chipsNeeded || a.scenario.toFreeChips != a.baseline.toFreeChips - chips) {
            return "chips needed";
        }
        return "";
    }

private Q_SLOTS:
    void aPlainMove()
    {
        const Planner planner = plannerOf(m_small);
        const Assessment a = planner.assess({kLargeEurope, kEast, 2});
        // 8 x 8 + 4 of 512 - used 424 = 88 free: fits; what stands there already is added to
        QVERIFY2(a.verdict != Verdict::No || says(a, Verdict::No, "stay in EU"), words(a));
        Fleet free = m_small;
        free.workloads[1].residencyBound = false;
        const Assessment b = plannerOf(free).assess({kLargeEurope, kEast, 2});
        QVERIFY2(b.verdict != Verdict::No, words(b));
        QCOMPARE(b.replicasAdded, 2); // the same chip
        QCOMPARE(b.chipsNeeded, 16);
        QCOMPARE(b.target->key, m_small.placements[0].key);
        QCOMPARE(b.baseline.toFreeChips, 88);
        QCOMPARE(b.scenario.toFreeChips, 72);
        QCOMPARE(broken(plannerOf(free), {kLargeEurope, kEast, 2}, b), QByteArray());
        QVERIFY(near(b.scenario.capacityRequestsPerSecond, b.baseline.capacityRequestsPerSecond));
    }

    /// What is now does not depend on what is asked.
    void theBaselineIsTheSameWhateverTheMove()
    {
        const Planner planner = plannerOf(m_small);
        const Figures first = planner.assess({kLargeEast, kEurope, 1}).baseline;
        for (const std::int32_t replicas : {1, 5, 20}) {
            QVERIFY(same(planner.assess({kLargeEast, kEurope, replicas}).baseline, first));
        }
        const Figures other = planner.assess({kLargeEast, kCentral, 3}).baseline;
        QCOMPARE(other.spendUsdPerDay, first.spendUsdPerDay);
        QCOMPARE(other.usdPerMillionTokens, first.usdPerMillionTokens);
        QCOMPARE(other.ttftP95Seconds, first.ttftP95Seconds);
        QCOMPARE(other.itlSeconds, first.itlSeconds);
        QCOMPARE(other.capacityRequestsPerSecond, first.capacityRequestsPerSecond);
        QCOMPARE(other.fromUsedRatio, first.fromUsedRatio);
    }

    void refusals_data()
    {
        QTest::addColumn<QString>("change");
        QTest::addColumn<int>("from");
        QTest::addColumn<int>("to");
        QTest::addColumn<int>("replicas");
        QTest::addColumn<QString>("text");
        QTest::newRow("already there") << "" << 0 << 0 << 1 << "already there";
        QTest::newRow("nothing asked") << "" << 0 << 1 << 0 << "no replicas to move";
        QTest::newRow("fewer than none") << "" << 0 << 1 << -3 << "no replicas to move";
        QTest::newRow("no build") << "cuda only" << 0 << 2 << 1 << "needs a XLA build of large";
        QTest::newRow("no ROCm build") << "rocm there" << 3 << 2 << 1 << "needs a ROCm build of small";
        QTest::newRow("residency") << "" << 1 << 0 << 1 << "data of EU users must stay in EU";
        QTest::newRow("no free chips") << "full" << 0 << 1 << 2 << "0 chips free, needs 16";
        QTest::newRow("less than a replica free") << "nearly full" << 0 << 1 << 2 << "4 chips free, needs 16";
        QTest::newRow("does not fit memory") << "tiny memory" << 0 << 2 << 1 << "needs 141.2 GB of memory";
    }
    void refusals()
    {
        QFETCH(QString, change);
        QFETCH(int, from);
        QFETCH(int, to);
        QFETCH(int, replicas);
        QFETCH(QString, text);
        Fleet fleet = m_small;
        if (change == QLatin1String("cuda only")) {
            fleet.models[0].runtimes = {"cuda"};
        } else if (change == QLatin1String("rocm there")) {
            fleet.accelerators[1].runtimeFamily = "rocm";
            fleet.models[0].runtimes.push_back("rocm");
        } else if (change == QLatin1String("full")) {
            fleet.trainingJobs.push_back({"fine-tune", kEurope, 256 - 64 - 64 - 4, 1800, {}});
        } else if (change == QLatin1String("nearly full")) {
            fleet.trainingJobs.push_back({"fine-tune", kEurope, 256 - 64 - 64 - 4 - 4, 1800, {}});
        } else if (change == QLatin1String("tiny memory")) {
            fleet.accelerators[1].hbmBytes = 4e9; // 32 of them hold 76.8 GB
            fleet.placements.erase(fleet.placements.begin() + 2);
        }
        QVERIFY2(validate(fleet).ok(), validate(fleet).ok() ? "" : validate(fleet).error().message.c_str());
        const Planner planner = plannerOf(fleet);
        const Move move{PlacementId(std::size_t(from)), PoolId(std::size_t(to)), replicas};
        const Assessment a = planner.assess(move);
        QCOMPARE(a.verdict, Verdict::No);
        QVERIFY2(says(a, Verdict::No, text.toUtf8().constData()), words(a));
        QCOMPARE(broken(planner, move, a), QByteArray());
    }

    /// Users of a bound workload who are served elsewhere do not keep these replicas where they are.
    void residencyBindsOnlyTheUsersServedHere()
    {
        Fleet fleet = m_small;
        fleet.workloads[1].areaShares = {{AreaId(std::size_t{0}), 0.5}, {AreaId(std::size_t{1}), 0.5}}; // US and EU
        const Planner planner = plannerOf(fleet);
        const Assessment within = planner.assess({kLargeEast, kCentral, 2}); // US to US
        QVERIFY2(!says(within, Verdict::No, "stay in"), words(within));
        QVERIFY(says(planner.assess({kLargeEast, kEurope, 2}), Verdict::No, "data of US users must stay in US"));
        QVERIFY(says(planner.assess({kLargeEurope, kCentral, 2}), Verdict::No, "data of EU users must stay in EU"));
        // The small model serves nobody bound.
        QVERIFY(!says(planner.assess({kSmallEast, kEurope, 2}), Verdict::No, "stay in"));
    }

    void aPartFits()
    {
        Fleet fleet = m_small;
        fleet.trainingJobs.push_back({"fine-tune", kEurope, 256 - 64 - 64 - 4 - 30, 1800, {}}); // 30 left: 3 replicas
        const Planner planner = plannerOf(fleet);
        const Move move{kLargeEast, kEurope, 5};
        const Assessment a = planner.assess(move);
        QCOMPARE(a.verdict, Verdict::Tight);
        QCOMPARE(a.move.replicas, 3);
        QCOMPARE(a.replicasAdded, 3);
        QCOMPARE(a.chipsNeeded, 24);
        QCOMPARE(a.scenario.toFreeChips, 6);
        QVERIFY2(says(a, Verdict::Tight, "fits 3 of 5 replicas: 30 chips free, all need 40"), words(a));
        QVERIFY2(says(a, Verdict::Tight, "leaves 6 of 192 chips free in azure/westeurope/H100"), words(a));
        QCOMPARE(broken(planner, move, a), QByteArray());
    }

    /// A slower chip needs more replicas for the same load.
    void anotherChipNeedsOtherNumbers()
    {
        const Planner planner = plannerOf(m_small);
        const Move move{kLargeEast, kCentral, 4};
        const Assessment a = planner.assess(move);
        QVERIFY2(a.verdict != Verdict::No, words(a));
        QVERIFY2(a.replicasAdded > 4, qPrintable(QString::number(a.replicasAdded)));
        QCOMPARE(broken(planner, move, a), QByteArray());
        // Enough that nothing is lost, but not a replica more.
        const auto perReplica = [&](const Placement& p) {
            const auto model =
                serving::buildIterationModel(m_small[p.model], m_small[m_small[p.pool].accelerator], p.precision,
                                             p.tensorParallel, p.maxBatch, test::smallCalibration());
            return serving::steadyState(*model, 0, 800, 200).capacityRequestsPerSecond;
        };
        const double east = perReplica(m_small.placements[0]), central = perReplica(m_small.placements[2]);
        QCOMPARE(a.replicasAdded, std::int32_t(std::ceil(4 * east / central)));
        QVERIFY(near(a.scenario.capacityRequestsPerSecond - a.baseline.capacityRequestsPerSecond,
                     a.replicasAdded * central - 4 * east));
    }

    /// There and back is as before: figures, and what stands where.
    void thereAndBack_data()
    {
        QTest::addColumn<int>("replicas");
        QTest::newRow("some") << 3;
        QTest::newRow("all") << 8;
    }
    void thereAndBack()
    {
        QFETCH(int, replicas);
        Fleet fleet = m_small;
        fleet.placements.erase(fleet.placements.begin() + 1); // nothing of "large" in Europe yet
        const PlacementId small(std::size_t{2});
        fleet.placements.pop_back(); // nor of "small"
        const Planner before = plannerOf(fleet);
        const Assessment there = before.assess({small, kEurope, replicas});
        QVERIFY2(there.verdict != Verdict::No, words(there));
        const Fleet moved = with(fleet, Planner::placementsAfter(fleet, there));
        QCOMPARE(moved.placements.size(), fleet.placements.size() + 1);
        const Planner after = plannerOf(moved);
        const PlacementId target(moved.placements.size() - 1);
        const Assessment back = after.assess({target, kEast, moved.placements.back().replicas});
        QVERIFY2(back.verdict != Verdict::No, words(back));
        const std::vector<Placement> again = Planner::placementsAfter(moved, back);
        QCOMPARE(again.size(), moved.placements.size());
        QCOMPARE(again.back().replicas, 0);
        QVERIFY(again[small.index()] == fleet.placements[small.index()]);
        QVERIFY(near(back.scenario.spendUsdPerDay, there.baseline.spendUsdPerDay));
        QVERIFY(near(back.scenario.capacityRequestsPerSecond, there.baseline.capacityRequestsPerSecond));
    }

    /// An empty placement left by an undone move is used again, with the chips it had, not a second one beside it.
    void anEmptyPlacementIsUsedAgain()
    {
        Fleet fleet = m_small;
        fleet.placements[4].replicas = 0; // small@westeurope
        fleet.placements[4].tensorParallel = 4;
        const Planner planner = plannerOf(fleet);
        const Move move{kSmallEast, kEurope, 8};
        const Assessment a = planner.assess(move);
        QVERIFY2(a.verdict != Verdict::No, words(a));
        QCOMPARE(a.target->tensorParallel, 4);
        QCOMPARE(a.chipsNeeded, std::int64_t{a.replicasAdded} * 4);
        QCOMPARE(Planner::placementsAfter(fleet, a).size(), fleet.placements.size());
        QCOMPARE(broken(planner, move, a), QByteArray());
    }

    /// Without traffic there is capacity and cost, but no latency and no cost per token.
    void aModelWithoutTraffic()
    {
        Fleet fleet = m_small;
        for (Workload& workload : fleet.workloads) {
            workload.meanRequestsPerSecond = workload.model == ModelId(std::size_t{1}) ? 0 : 10;
        }
        fleet.placements.pop_back(); // small stands in the east only
        const Planner planner = plannerOf(fleet);
        const Move move{kSmallEast, kEurope, 4};
        const Assessment a = planner.assess(move);
        QVERIFY2(a.verdict != Verdict::No, words(a));
        QCOMPARE(broken(planner, move, a), QByteArray());
        QVERIFY(std::isnan(a.baseline.ttftP95Seconds) && std::isnan(a.scenario.ttftP95Seconds));
        QVERIFY(std::isnan(a.scenario.usdPerMillionTokens));
        if (a.replicasAdded == a.move.replicas && a.target->tensorParallel == 1) {
            QVERIFY(near(a.scenario.capacityRequestsPerSecond, a.baseline.capacityRequestsPerSecond));
        }
    }

    void assessBest_data()
    {
        QTest::addColumn<QList<int>>("pools");
        QTest::newRow("all") << QList<int>{0, 1, 2};
        QTest::newRow("all, another order") << QList<int>{2, 1, 0};
        QTest::newRow("here and the TPUs") << QList<int>{0, 2};
        QTest::newRow("only here") << QList<int>{0};
    }
    void assessBest()
    {
        QFETCH(QList<int>, pools);
        const Planner planner = plannerOf(m_small);
        for (const std::int32_t replicas : {1, 4, 18}) {
            std::vector<PoolId> ids;
            Verdict best = Verdict::No;
            double cheapest = INFINITY;
            for (const int pool : pools) {
                ids.emplace_back(std::size_t(pool));
                best = std::min(best, planner.assess({kLargeEast, ids.back(), replicas}).verdict);
            }
            for (const PoolId pool : ids) {
                const Assessment a = planner.assess({kLargeEast, pool, replicas});
                cheapest = a.verdict == best ? std::min(cheapest, a.scenario.spendUsdPerDay) : cheapest;
            }
            const auto chosen = planner.assessBest(kLargeEast, replicas, ids);
            QVERIFY(chosen.ok());
            QCOMPARE(chosen->verdict, best);
            QCOMPARE(chosen->scenario.spendUsdPerDay, cheapest);
        }
        QCOMPARE(planner.assessBest(kLargeEast, 1, {}).error().code, ErrorCode::NotFound);
    }

    /// Any move over the small fleet and the sample, one after the other, keeps the fleet valid and the books straight.
    void randomMoves_data()
    {
        QTest::addColumn<bool>("sample");
        QTest::addColumn<int>("moves");
        QTest::newRow("small fleet") << false << 400;
        QTest::newRow("sample fleet") << true << 200;
    }
    void randomMoves()
    {
        QFETCH(bool, sample);
        QFETCH(int, moves);
        std::mt19937 random(3);
        Fleet fleet = sample ? m_sample : m_small;
        std::array<int, 3> verdicts{};
        for (int i = 0; i < moves; ++i) {
            const Planner planner = plannerOf(fleet, sample ? m_calibration : test::smallCalibration());
            const PlacementId from(random() % fleet.placements.size());
            const Move move{from, PoolId(random() % fleet.pools.size()),
                            1 + std::int32_t(random() % std::size_t(fleet[from].replicas + 1))};
            const Assessment a = planner.assess(move);
            ++verdicts[std::size_t(a.verdict)];
            const QByteArray wrong = broken(planner, move, a);
            QVERIFY2(wrong.isEmpty(), wrong + ": " + QByteArray::fromStdString(fleet[from].key) + " to " +
                                          QByteArray::fromStdString(fleet[move.to].key) + ", move " +
                                          QByteArray::number(i) + "; " + words(a));
            // Some moves are carried out, so that odd fleets are met too; most start from the same.
            fleet.placements = i % 4 == 0 ? Planner::placementsAfter(fleet, a) : fleet.placements;
            if (i % 40 == 39) {
                fleet = sample ? m_sample : m_small;
            }
        }
        qInfo("yes %d, tight %d, no %d", verdicts[0], verdicts[1], verdicts[2]);
        QVERIFY(verdicts[0] + verdicts[1] > moves / 20 && verdicts[2] > 0);
    }

    /// A drag asks for every pool. Says how long; asserts only that it is far from being felt twice over.
    void speedOverAllPoolsOfTheSample()
    {
        QElapsedTimer timer;
        timer.start();
        const Planner planner = plannerOf(m_sample, m_calibration);
        qInfo("planner of %zu pools, %zu placements: %.1f ms", m_sample.pools.size(), m_sample.placements.size(),
              double(timer.nsecsElapsed()) * 1e-6);
        double slowest = 0, sum = 0;
        for (std::size_t from = 0; from < m_sample.placements.size(); ++from) {
            timer.restart();
            for (std::size_t pool = 0; pool < m_sample.pools.size(); ++pool) {
                const Assessment a = planner.assess(
                    {PlacementId(from), PoolId(pool), std::max(1, m_sample.placements[from].replicas / 2)});
                QVERIFY(a.verdict == Verdict::No || a.target);
            }
            const double ms = double(timer.nsecsElapsed()) * 1e-6;
            slowest = std::max(slowest, ms);
            sum += ms;
        }
        qInfo("one placement against all pools: mean %.1f ms, slowest %.1f ms",
              sum / double(m_sample.placements.size()), slowest);
        QVERIFY2(slowest < 2000, "a drag would stutter");
    }
};

QTEST_GUILESS_MAIN(TestPlanner)
#include "tst_planner.moc"

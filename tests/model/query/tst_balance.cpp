// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/balance.h"
#include "model/query/query.h"
#include "tests/model/query/random_intervals.h"
#include "tests/support/small_fleet.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace isobar;
using namespace isobar::query;
using aggregate::Use;

namespace {

using Figures = std::vector<double>;

bool near(double a, double b, double tolerance = 1e-12)
{
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance * std::max({1.0, std::abs(a), std::abs(b)});
}

/// All pairs, as Gini defined it.
double slowGini(const Figures& x)
{
    double pairs = 0;
    for (const double a : x) {
        for (const double b : x) {
            pairs += std::abs(a - b);
        }
    }
    const auto n = double(x.size());
    return pairs / (2 * n * n * (std::accumulate(x.begin(), x.end(), 0.0) / n));
}

/// Hand-made facts: two regions of azure (US, EU) and one of gcp (US) serve "large", nothing else does anything.
struct Made {
    Fleet fleet = test::smallFleet();
    std::shared_ptr<aggregate::Layout> layout = std::make_shared<aggregate::Layout>();
    aggregate::Interval interval;

    static constexpr std::int64_t kSecond = aggregate::kMicrosPerSecond;

    Made()
    {
        layout->areas = fleet.areas.size();
        interval.begin = 0;
        interval.end = 10 * kSecond;
        for (std::size_t w = 0; w < fleet.workloads.size(); ++w) {
            demand(aggregate::Layout::kUnrouted, w, 0, 0, 0);
        }
    }
    /// A placement of the model with so many chips, working so much.
    std::uint32_t place(std::size_t model, std::size_t pool, std::int64_t chips, double utilization)
    {
        const auto number = static_cast<std::uint32_t>(layout->placements.size());
        layout->placements.push_back({ModelId(model), PoolId(pool)});
        supply(pool, Use::Serving, chips, number).workMicros = std::llround(double(chips * 10 * kSecond) * utilization);
        return number;
    }
    aggregate::SupplyTotals& supply(std::size_t pool, Use use, std::int64_t chips, std::uint32_t placement = 0)
    {
        layout->supply.push_back({PoolId(pool), use, placement});
        aggregate::SupplyTotals totals;
        totals.chipMicros = chips * 10 * kSecond;
        totals.costMicroUsd[0] = chips * 1000;
        interval.supply.push_back(totals);
        return interval.supply.back();
    }
    aggregate::DemandTotals& demand(std::uint32_t placement, std::size_t workload, std::int64_t completed,
                                    std::int64_t rejected, std::int64_t tokens)
    {
        layout->demand.push_back({placement, WorkloadId(workload)});
        aggregate::DemandTotals totals;
        totals.completed = completed;
        totals.rejected = rejected;
        totals.requests = completed + rejected;
        totals.tokensIn = tokens / 2;
        totals.tokensOut = tokens - tokens / 2;
        interval.demand.push_back(totals);
        return interval.demand.back();
    }
    [[nodiscard]] Balance balance()
    {
        interval.layout = layout;
        const std::vector<std::shared_ptr<const aggregate::Interval>> all{
            std::make_shared<const aggregate::Interval>(interval)};
        return balanceOf(fleet, all);
    }
};

const NPlusOne* find(const Balance& balance, ModelId model, TierId tier, Dimension lost)
{
    for (const NPlusOne& row : balance.nPlusOne) {
        if (row.model == model && row.tier == tier && row.lost == lost) {
            return &row;
        }
    }
    return nullptr;
}

} // namespace

class TestBalance : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void closedForms_data()
    {
        QTest::addColumn<QList<double>>("figures");
        QTest::addColumn<double>("maxMean");
        QTest::addColumn<double>("jain");
        QTest::addColumn<double>("gini");
        QTest::addColumn<double>("hhi");
        QTest::newRow("even") << QList<double>{3, 3, 3, 3} << 1.0 << 1.0 << 0.0 << 0.25;
        QTest::newRow("all in one") << QList<double>{0, 0, 7, 0, 0} << 5.0 << 0.2 << 0.8 << 1.0;
        QTest::newRow("half of them") << QList<double>{5, 0, 5, 0} << 2.0 << 0.5 << 0.5 << 0.5;
        // n figures 1, 2, … n: Gini (n - 1) / (3 n), Jain 3 (n + 1) / (2 (2 n + 1)), max/mean 2 n / (n + 1).
        QTest::newRow("steps") << QList<double>{4, 1, 3, 2} << 1.6 << 15.0 / 18 << 0.25 << 30.0 / 100;
        QTest::newRow("one") << QList<double>{0.3} << 1.0 << 1.0 << 0.0 << 1.0;
    }
    void closedForms()
    {
        QFETCH(QList<double>, figures);
        QFETCH(double, maxMean);
        QFETCH(double, jain);
        QFETCH(double, gini);
        QFETCH(double, hhi);
        const Spread spread = spreadOf(Figures(figures.begin(), figures.end()));
        QVERIFY(near(spread.maxOverMean, maxMean));
        QVERIFY(near(spread.jain, jain));
        QVERIFY(near(spread.gini, gini));
        QVERIFY(near(spread.hhi, hhi));
        QVERIFY(near(spread.effectiveNumber, 1 / hhi));
        QCOMPARE(spread.count, std::size_t(figures.size()));
    }

    void undefinedWhereThereIsNothing()
    {
        for (const Figures& figures : {Figures{}, Figures{0, 0}}) {
            const Spread spread = spreadOf(figures);
            QVERIFY(std::isnan(spread.maxOverMean) && std::isnan(spread.jain) && std::isnan(spread.gini));
            QVERIFY(std::isnan(spread.hhi) && std::isnan(spread.effectiveNumber) && spread.lorenz.empty());
        }
        const Spread some = spreadOf(Figures{NAN, 2, NAN, 2});
        QCOMPARE(some.count, std::size_t{2});
        QVERIFY(near(some.jain, 1));
    }

    void propertiesOfRandomFigures()
    {
        std::mt19937 random(7);
        for (int round = 0; round < 500; ++round) {
            const auto n = std::uniform_int_distribution<std::size_t>(1, 60)(random);
            Figures x(n);
            for (double& figure : x) {
                figure = round % 3 == 0 ? double(random() % 5) : std::lognormal_distribution<double>(0, 3)(random);
            }
            x[random() % n] = 1; // not all zero
            const Spread s = spreadOf(x);
            const double least = 1 / double(n);
            QVERIFY(s.maxOverMean >= 1 - 1e-12 && s.maxOverMean <= double(n) + 1e-9);
            QVERIFY(s.jain >= least - 1e-12 && s.jain <= 1 + 1e-12);
            QVERIFY(s.gini >= 0 && s.gini <= 1 - least + 1e-12);
            QVERIFY(s.hhi >= least - 1e-12 && s.hhi <= 1 + 1e-12);
            QVERIFY(near(s.jain * s.hhi * double(n), 1, 1e-9)); // the two are one another's reciprocal, but for n
            QVERIFY(near(s.gini, slowGini(x), 1e-9));

            Figures shuffled = x;
            std::shuffle(shuffled.begin(), shuffled.end(), random);
            const Spread again = spreadOf(shuffled);
            QVERIFY(again.maxOverMean == s.maxOverMean && again.jain == s.jain && again.gini == s.gini &&
                    again.hhi == s.hhi && again.lorenz == s.lorenz);
            for (double& figure : shuffled) {
                figure *= 1e12;
            }
            const Spread scaled = spreadOf(shuffled);
            QVERIFY(near(scaled.maxOverMean, s.maxOverMean) && near(scaled.jain, s.jain) && near(scaled.gini, s.gini) &&
                    near(scaled.hhi, s.hhi));

            // The curve is convex, ends where it must, and encloses the Gini index with the diagonal.
            QCOMPARE(s.lorenz.size(), n + 1);
            QVERIFY(s.lorenz.front() == (LorenzPoint{0, 0}) && near(s.lorenz.back().share, 1));
            double area = 0, slope = 0;
            for (std::size_t i = 1; i <= n; ++i) {
                const double rise = s.lorenz[i].share - s.lorenz[i - 1].share;
                QVERIFY(rise >= slope - 1e-12);
                slope = rise;
                area += (s.lorenz[i].share + s.lorenz[i - 1].share) / 2 / double(n);
            }
            QVERIFY(near(1 - 2 * area, s.gini, 1e-9));
        }
    }

    void figuresOfAScope()
    {
        Made made;
        const std::uint32_t us = made.place(0, 0, 100, 0.5), eu = made.place(0, 1, 60, 0.25);
        made.supply(0, Use::Idle, 40);
        made.supply(0, Use::Training, 50).workMicros = 30 * 10 * Made::kSecond; // waited for the rest
        made.supply(0, Use::Down, 10);
        made.demand(us, 0, 900, 100, 3'000'000);
        made.demand(eu, 1, 300, 0, 1'000'000);
        const Balance b = made.balance();
        QCOMPARE(b.to, 10 * Made::kSecond);
        QVERIFY(near(b.fleet.chips, 260));
        QVERIFY(near(b.fleet.utilizationRatio, (50 + 15 + 30) / 260.0));
        QVERIFY(near(b.fleet.demandToSupplyRatio, (65 * 1300.0 / 1200 + 50) / 250));
        const BalanceRow* east = b.regions.find("azure/eastus2");
        QVERIFY(east != nullptr);
        QVERIFY(near(east->chips, 200));
        QVERIFY(near(east->utilizationRatio, 0.4));
        QVERIFY(near(east->demandToSupplyRatio, (50 / 0.9 + 50) / 190));
        QCOMPARE(b.regions.rows.size(), std::size_t{2});
        QCOMPARE(b.providers.rows.size(), std::size_t{1});
        QVERIFY(near(b.providers.spend.effectiveNumber, 1));
        QVERIFY(near(b.regions.chips.hhi, (200.0 * 200 + 60 * 60) / (260 * 260)));
        QVERIFY(near(b.regions.utilization.maxOverMean, 0.4 / 0.325));
        QVERIFY(near(b.models.find("large")->chips, 160));
    }

    void revenueAndMargin()
    {
        Made made;
        const std::uint32_t large = made.place(0, 0, 100, 0.5), small = made.place(1, 1, 60, 0.25);
        made.demand(large, 0, 10, 0, 4'000'000).egressMicroUsd = 700;
        made.demand(small, 2, 10, 0, 2'000'000);
        Balance b = made.balance();
        // 0.6 USD a million in, 0.9 out.
        QVERIFY(near(b.fleet.revenueUsd, 4.5));
        QVERIFY(near(b.fleet.marginUsd, 4.5 - 0.1007 - 0.06));
        QVERIFY(near(b.models.find("large")->marginUsd, 3 - 0.1007));
        QVERIFY(near(b.regions.find("azure/westeurope")->marginUsd, 1.5 - 0.06));
        QCOMPARE(b.fleet.unpricedTokens, std::int64_t{0});
        // Without a price the tokens earn nothing that is known, and neither do their chips count.
        made.fleet.models[1].usdPerMillionOutputTokens.reset();
        b = made.balance();
        QVERIFY(near(b.fleet.revenueUsd, 3));
        QVERIFY(near(b.fleet.marginUsd, 3 - 0.1007));
        QVERIFY(std::isnan(b.models.find("small")->marginUsd));
        QCOMPARE(b.fleet.unpricedTokens, std::int64_t{2'000'000});
    }

    /// Against the query's measures, on facts nobody simulated; parts add up.
    void agreesWithTheQuery()
    {
        const Fleet fleet = test::smallFleet();
        test::RandomFacts facts(fleet, 11);
        for (int round = 0; round < 20; ++round) {
            test::Intervals intervals = facts.intervals(8, aggregate::kMicrosPerSecond);
            for (auto& interval : intervals) { // gangs that ran all the time
                aggregate::Interval copy = *interval;
                for (std::size_t i = 0; i < copy.supply.size(); ++i) {
                    if (copy.layout->supply[i].use == Use::Training) {
                        copy.supply[i].workMicros = copy.supply[i].chipMicros;
                    }
                }
                interval = std::make_shared<const aggregate::Interval>(std::move(copy));
            }
            const Balance b = balanceOf(fleet, intervals);
            Query q;
            q.to = intervals.back()->end;
            q.measures = {Measure::SpendUsd, Measure::Utilization, Measure::Accelerators, Measure::Requests};
            for (const ScopeBalance* scope : {&b.providers, &b.regions, &b.models}) {
                q.by = {scope->by};
                const Table table = run(q, fleet, intervals).value();
                for (const BalanceRow& row : scope->rows) {
                    const Row* same = table.find({row.key});
                    QVERIFY(same != nullptr);
                    QVERIFY(near(row.spendUsd, same->values[0], 1e-9));
                    QVERIFY(near(row.utilizationRatio, same->values[1], 1e-9));
                    QVERIFY(near(row.chips, same->values[2], 1e-9));
                    QVERIFY(near(double(row.requests), same->values[3]));
                }
            }
            double spend = 0, revenue = 0, margin = 0;
            for (const BalanceRow& row : b.regions.rows) {
                spend += row.spendUsd;
                revenue += row.revenueUsd;
                margin += std::isnan(row.marginUsd) ? 0 : row.marginUsd;
            }
            QVERIFY(near(spend, b.fleet.spendUsd, 1e-9));
            QVERIFY(near(revenue, b.fleet.revenueUsd, 1e-9));
            QVERIFY(near(margin, b.fleet.marginUsd, 1e-9));
        }
    }

    void theRestCarriesTheLoadOrNot()
    {
        // Capacities 200, 100 and 100 thousand tokens a second; demand 100, 25 and 25 thousand.
        Made made;
        const std::uint32_t east = made.place(0, 0, 200, 0.5), west = made.place(0, 1, 100, 0.25),
                            central = made.place(0, 2, 100, 0.25);
        made.demand(east, 0, 100, 0, 1'000'000);
        made.demand(west, 0, 25, 0, 250'000);
        made.demand(central, 0, 25, 0, 250'000);
        const TierId normal(std::size_t{1});
        Balance b = made.balance();
        const NPlusOne* region = find(b, ModelId(std::size_t{0}), normal, Dimension::Region);
        QVERIFY(region != nullptr);
        QCOMPARE(region->worst, std::string("azure/eastus2"));
        QVERIFY(near(region->demandTokensPerSecond, 150'000));
        QVERIFY(near(region->leftTokensPerSecond, 200'000));
        QVERIFY(near(region->headroomRatio, 0.25));
        QVERIFY(region->carries());
        const NPlusOne* provider = find(b, ModelId(std::size_t{0}), normal, Dimension::Provider);
        QCOMPARE(provider->worst, std::string("azure"));
        QVERIFY(near(provider->headroomRatio, -0.5));
        QVERIFY(!provider->carries());

        // A tier served before it does not feel it; what is bound to the EU has no other region there.
        made.demand(west, 1, 10, 0, 1000);
        b = made.balance();
        const NPlusOne* bound = find(b, ModelId(std::size_t{0}), TierId(std::size_t{0}), Dimension::Region);
        QCOMPARE(bound->worst, std::string("azure/westeurope"));
        QVERIFY(near(bound->demandTokensPerSecond, 100));
        QVERIFY(std::isinf(bound->headroomRatio) && !bound->carries());
        QVERIFY(find(b, ModelId(std::size_t{1}), normal, Dimension::Region) == nullptr); // no traffic
    }

    void whatWasRefusedIsAskedForToo()
    {
        Made made;
        const std::uint32_t east = made.place(0, 0, 100, 1), west = made.place(0, 1, 100, 0);
        made.demand(east, 0, 100, 50, 1'000'000);
        made.demand(west, 0, 0, 0, 0);
        const Balance b = made.balance();
        const NPlusOne* row = find(b, ModelId(std::size_t{0}), TierId(std::size_t{1}), Dimension::Region);
        QVERIFY(near(row->demandTokensPerSecond, 150'000));
        // The placement that stood still counts as its like.
        QVERIFY(near(row->leftTokensPerSecond, 100'000));
        QVERIFY(near(row->headroomRatio, -0.5));
        QVERIFY(near(b.regions.find("azure/eastus2")->demandToSupplyRatio, 1.5));
    }

    void nothingAtAll()
    {
        const Balance b = balanceOf(test::smallFleet(), {});
        QVERIFY(b.regions.rows.empty() && b.nPlusOne.empty());
        QVERIFY(std::isnan(b.fleet.utilizationRatio));
        QVERIFY(Made().balance().nPlusOne.empty());
    }
};

QTEST_GUILESS_MAIN(TestBalance)
#include "tst_balance.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/pool_cost.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <numeric>
#include <random>

using namespace isobar;

namespace {

constexpr std::array<double, kPricingModels> kPrices{2.0, 2.5, 4.0, 1.5};
constexpr std::size_t kReserved = 0, kCommitted = 1, kOnDemand = 2, kSpot = 3;

Pool poolOf(std::array<std::int32_t, kPricingModels> chips, double otherTenants = 0)
{
    Pool pool;
    pool.chips = chips;
    pool.otherTenantRatio = otherTenants;
    return pool;
}

/// Chip by chip: each used chip takes the first free one in order of pricing; what is held and paid for idles.
double slowTotal(const Pool& pool, std::int64_t used)
{
    std::vector<std::size_t> held;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        held.insert(held.end(), std::size_t(pool.chips[p]), p);
    }
    double usd = 0;
    for (std::size_t i = 0; i < held.size(); ++i) {
        const bool works = std::int64_t(i) < used;
        usd += works || held[i] == kReserved || held[i] == kCommitted ? kPrices[held[i]] : 0;
    }
    return usd + double(std::max<std::int64_t>(0, used - std::int64_t(held.size()))) * kPrices[kOnDemand];
}

} // namespace

/// What a pool costs, by hand.
class TestPoolCost : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void workFillsWhatIsPaidAnyway_data()
    {
        using Usd = std::array<double, kPricingModels>;
        QTest::addColumn<qint64>("usedChips");
        QTest::addColumn<QList<double>>("usedUsd");
        QTest::addColumn<QList<double>>("idleUsd");
        const auto row = [](const char* name, qint64 used, Usd usedUsd, Usd idleUsd) {
            QTest::newRow(name) << used << QList<double>(usedUsd.begin(), usedUsd.end())
                                << QList<double>(idleUsd.begin(), idleUsd.end());
        };
        // 10 reserved at 2.0, 20 committed at 2.5, 30 on demand at 4.0, 40 spot at 1.5
        row("idle", 0, {0, 0, 0, 0}, {20, 50, 0, 0});
        row("half the reserved", 5, {10, 0, 0, 0}, {10, 50, 0, 0});
        row("all reserved", 10, {20, 0, 0, 0}, {0, 50, 0, 0});
        row("into committed", 18, {20, 20, 0, 0}, {0, 30, 0, 0});
        row("into on-demand", 35, {20, 50, 20, 0}, {0, 0, 0, 0});
        row("into spot", 70, {20, 50, 120, 15}, {0, 0, 0, 0});
        row("full", 100, {20, 50, 120, 60}, {0, 0, 0, 0});
        row("beyond, charged as on-demand", 103, {20, 50, 132, 60}, {0, 0, 0, 0});
    }
    void workFillsWhatIsPaidAnyway()
    {
        QFETCH(qint64, usedChips);
        QFETCH(QList<double>, usedUsd);
        QFETCH(QList<double>, idleUsd);
        const PoolCost cost = poolCost(poolOf({10, 20, 30, 40}), kPrices, usedChips);
        QCOMPARE(QList<double>(cost.usedUsdPerHour.begin(), cost.usedUsdPerHour.end()), usedUsd);
        QCOMPARE(QList<double>(cost.idleUsdPerHour.begin(), cost.idleUsdPerHour.end()), idleUsd);
        QCOMPARE(cost.totalUsdPerHour(), std::accumulate(usedUsd.begin(), usedUsd.end(), 0.0) +
                                             std::accumulate(idleUsd.begin(), idleUsd.end(), 0.0));
    }

    /// A quarter of every kind is other tenants': neither ours to use nor ours to pay.
    void otherTenantsChipsAreNeitherUsedNorPaid()
    {
        const Pool pool = poolOf({40, 40, 40, 40}, 0.25);
        QCOMPARE(pool.usableChips(), 120);
        const PoolCost idle = poolCost(pool, kPrices, 0);
        QCOMPARE(idle.idleUsdPerHour[kReserved], 30 * 2.0);
        QCOMPARE(idle.idleUsdPerHour[kCommitted], 30 * 2.5);
        QCOMPARE(idle.totalUsdPerHour(), 135.0);
        const PoolCost some = poolCost(pool, kPrices, 35); // 30 reserved, 5 committed
        QCOMPARE(some.usedUsdPerHour[kReserved], 60.0);
        QCOMPARE(some.usedUsdPerHour[kCommitted], 12.5);
        const PoolCost beyond = poolCost(pool, kPrices, 130);
        QCOMPARE(beyond.usedUsdPerHour[kOnDemand], (30 + 10) * 4.0);
        QCOMPARE(beyond.usedUsdPerHour[kSpot], 45.0);
    }

    void aPoolOfOthersOnly()
    {
        const Pool pool = poolOf({8, 8, 8, 8}, 1);
        QCOMPARE(pool.usableChips(), 0);
        QCOMPARE(poolCost(pool, kPrices, 0).totalUsdPerHour(), 0.0);
        QCOMPARE(poolCost(pool, kPrices, 3).totalUsdPerHour(), 12.0);
    }

    void anEmptyPool()
    {
        QCOMPARE(poolCost(poolOf({0, 0, 0, 0}), kPrices, 0).totalUsdPerHour(), 0.0);
        QCOMPARE(poolCost(poolOf({0, 0, 0, 0}), kPrices, 2).totalUsdPerHour(), 8.0);
    }

    void agreesWithChipByChip()
    {
        std::mt19937 random(1);
        for (int i = 0; i < 500; ++i) {
            const auto chips = [&random] { return std::int32_t(random() % 50); };
            const Pool pool = poolOf({chips(), chips(), chips(), chips()});
            const std::int64_t used = std::int64_t(random() % std::size_t(pool.totalChips() + 20));
            const double fast = poolCost(pool, kPrices, used).totalUsdPerHour();
            QVERIFY2(std::abs(fast - slowTotal(pool, used)) < 1e-9, qPrintable(QString::number(i)));
        }
    }

    /// Another chip at work never makes a pool cheaper, and costs at most the dearest price.
    void costGrowsWithUse()
    {
        const Pool pool = poolOf({16, 8, 24, 32}, 0.2);
        double before = poolCost(pool, kPrices, 0).totalUsdPerHour();
        for (std::int64_t used = 1; used < 100; ++used) {
            const double now = poolCost(pool, kPrices, used).totalUsdPerHour();
            QVERIFY(now >= before - 1e-9 && now <= before + 4.0 + 1e-9);
            before = now;
        }
    }

    void usedChipsArePlacementsAndTraining()
    {
        const Fleet fleet = test::smallFleet();
        QCOMPARE(usedChips(fleet, PoolId(std::size_t{0})), 20 * 8 + 8 * 1 + 256);
        QCOMPARE(usedChips(fleet, PoolId(std::size_t{1})), 8 * 8 + 4 * 1);
        QCOMPARE(usedChips(fleet, PoolId(std::size_t{2})), 10 * 8);
    }
};

QTEST_GUILESS_MAIN(TestPoolCost)
#include "tst_pool_cost.moc"

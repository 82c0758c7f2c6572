// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/ledger.h"
#include "model/fleet/lookup.h"
#include "model/fleet/pool_cost.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <map>
#include <random>

using namespace isobar;
using namespace isobar::engine;
using aggregate::SupplyTotals;
using aggregate::Use;

namespace {

std::vector<std::int64_t> chipsOf(const Fleet& fleet)
{
    std::vector<std::int64_t> chips;
    for (const Placement& p : fleet.placements) {
        chips.push_back(p.chips());
    }
    return chips;
}

/// Pools as the fleet describes them: gangs at work, for so long by now, and nothing broken.
std::vector<Ledger::PoolNow> poolsOf(const Fleet& fleet, aggregate::SimMicros trainedMicros)
{
    std::vector<Ledger::PoolNow> pools;
    for (const Pool& pool : fleet.pools) {
        pools.emplace_back().otherTenantRatio = pool.otherTenantRatio;
    }
    for (const TrainingJob& job : fleet.trainingJobs) {
        pools[job.pool.index()].trainingChips += job.chips;
        pools[job.pool.index()].trainingBusyChipMicros += job.chips * trainedMicros;
    }
    return pools;
}

Ledger ledgerOf(const Fleet& fleet)
{
    Ledger ledger(fleet);
    for (const Placement& p : fleet.placements) {
        ledger.addPlacement(p.pool);
    }
    return ledger;
}

constexpr aggregate::SimMicros kHour = 3'600'000'000;

} // namespace

class TestLedger : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anHourCostsWhatThePoolsCost()
    {
        const Fleet fleet = test::smallFleet();
        Ledger ledger = ledgerOf(fleet);
        const std::vector<std::int64_t> chips = chipsOf(fleet), work(chips.size(), 0);
        ledger.pass(kHour, chips, work, poolsOf(fleet, kHour));
        std::vector<std::array<std::int64_t, kPricingModels>> byPool(fleet.pools.size());
        std::vector<std::int64_t> chipMicros(fleet.pools.size());
        const auto rows = ledger.open();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t pool = ledger.layoutRows()[i].pool.index();
            chipMicros[pool] += rows[i].chipMicros;
            for (std::size_t p = 0; p < kPricingModels; ++p) {
                byPool[pool][p] += rows[i].costMicroUsd[p];
            }
        }
        for (std::size_t pool = 0; pool < fleet.pools.size(); ++pool) {
            constexpr std::array<double, kPricingModels> kUsd{2.0, 2.5, 4.0, 1.5};
            std::array<double, kPricingModels> usd{};
            for (std::size_t p = 0; p < kPricingModels; ++p) {
                usd[p] = kUsd[p] - (fleet.pools[pool].accelerator.index() == 1 ? 0.25 : 0.0);
            }
            const PoolCost cost = poolCost(fleet.pools[pool], usd, usedChips(fleet, PoolId(pool)));
            for (std::size_t p = 0; p < kPricingModels; ++p) {
                const double expected = (cost.usedUsdPerHour[p] + cost.idleUsdPerHour[p]) * 1e6;
                QVERIFY2(std::abs(double(byPool[pool][p]) - expected) < 10, qPrintable(QString::number(expected)));
            }
            // Serving, training and idle chips are all the usable ones.
            QCOMPARE(chipMicros[pool], fleet.pools[pool].usableChips() * kHour);
        }
    }

    void anySplitOfTimeAddsUpExactly()
    {
        const Fleet fleet = test::smallFleet();
        Ledger whole = ledgerOf(fleet), split = ledgerOf(fleet);
        const std::vector<std::int64_t> chips = chipsOf(fleet);
        std::vector<std::int64_t> work(chips.size(), 0);
        std::vector<SupplyTotals> wholeSum(whole.layoutRows().size()), splitSum(wholeSum.size());
        std::mt19937_64 random(1);
        const auto close = [](Ledger& ledger, std::vector<SupplyTotals>& sum) {
            const auto rows = ledger.open();
            for (std::size_t i = 0; i < rows.size(); ++i) {
                sum[i] += rows[i];
            }
            ledger.close();
        };
        for (int window = 0; window < 5000; ++window) {
            for (std::size_t p = 0; p < work.size(); ++p) {
                work[p] += std::uniform_int_distribution<std::int64_t>(0, chips[p] * 100'000)(random);
            }
            whole.pass(100'000, chips, work, poolsOf(fleet, (window + 1) * std::int64_t{100'000}));
            split.pass(100'000, chips, work, poolsOf(fleet, (window + 1) * std::int64_t{100'000}));
            if (std::uniform_int_distribution<int>(0, 9)(random) == 0) {
                close(split, splitSum);
            }
        }
        close(whole, wholeSum);
        close(split, splitSum);
        QVERIFY(wholeSum == splitSum);
    }

    void energyIsIdlePlusWorkTimesPue()
    {
        const Fleet fleet = test::smallFleet();
        Ledger ledger = ledgerOf(fleet);
        const std::vector<std::int64_t> chips = chipsOf(fleet);
        std::vector<std::int64_t> work(chips.size(), 0);
        work[0] = chips[0] * kHour / 2; // half busy
        ledger.pass(kHour, chips, work, poolsOf(fleet, kHour));
        const auto rows = ledger.open();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto& layout = ledger.layoutRows()[i];
            if (layout.use != Use::Serving || layout.placement != 0) {
                continue;
            }
            const double joules = 160 * 3600 * 700 * (0.3 + 0.7 * 0.5) * 1.18;
            QVERIFY(std::abs(double(rows[i].energyMillijoules) / (joules * 1e3) - 1) < 1e-9);
            const double grams = joules / 3.6e6 * 380;
            QVERIFY(std::abs(double(rows[i].carbonMicrograms) / (grams * 1e6) - 1) < 1e-9);
        }
    }

    // However chips move and work comes, what the rows of a pool add up to is what the pool as a whole drew and cost:
    // all its usable chips idling all the time, plus power in proportion to work; and its price at each moment. No row
    // keeps back a whole millijoule or micro-dollar, so neither do pools, providers nor the fleet.
    void joulesAndDollarsAreConserved()
    {
        const Fleet fleet = test::smallFleet();
        Ledger ledger = ledgerOf(fleet);
        const std::vector<std::int64_t> most = chipsOf(fleet);
        std::vector<std::int64_t> chips(most.size()), work(most.size(), 0);
        struct Tally {
            long double millijoules = 0, rows = 0;
            std::array<long double, kPricingModels> microUsd{};
            std::int64_t ledgerMillijoules = 0;
            std::array<std::int64_t, kPricingModels> ledgerMicroUsd{};
        };
        std::vector<Tally> pools(fleet.pools.size());
        std::mt19937_64 random(7);
        const auto collect = [&] {
            const auto rows = ledger.open();
            for (std::size_t i = 0; i < rows.size(); ++i) {
                Tally& pool = pools[ledger.layoutRows()[i].pool.index()];
                pool.ledgerMillijoules += rows[i].energyMillijoules;
                for (std::size_t p = 0; p < kPricingModels; ++p) {
                    pool.ledgerMicroUsd[p] += rows[i].costMicroUsd[p];
                }
            }
            ledger.close();
        };
        std::int64_t passed = 0;
        for (int window = 0; window < 3000; ++window) {
            const std::int64_t micros = std::uniform_int_distribution<std::int64_t>(1, 2'000'000)(random);
            std::vector<std::int64_t> serving(pools.size());
            for (std::size_t i = 0; i < chips.size(); ++i) {
                if (window % 7 == 0) {
                    chips[i] = std::uniform_int_distribution<std::int64_t>(0, most[i])(random);
                }
                serving[fleet.placements[i].pool.index()] += chips[i];
                const std::int64_t worked = std::uniform_int_distribution<std::int64_t>(0, chips[i] * micros)(random);
                work[i] += worked;
                const Pool& pool = fleet[fleet.placements[i].pool];
                const long double watts = fleet[pool.accelerator].tdpWatts * fleet[pool.region].pueRatio;
                pools[fleet.placements[i].pool.index()].millijoules += 0.7L * watts * worked / 1e3L;
            }
            for (std::size_t i = 0; i < pools.size(); ++i) {
                const Pool& pool = fleet.pools[i];
                std::int64_t training = 0;
                for (const TrainingJob& job : fleet.trainingJobs) {
                    training += job.pool.index() == i ? job.chips : 0;
                }
                const std::int64_t used = serving[i] + training;
                QVERIFY(used <= pool.usableChips());
                const long double watts = fleet[pool.accelerator].tdpWatts * fleet[pool.region].pueRatio;
                pools[i].millijoules +=
                    watts * micros / 1e3L * (0.3L * pool.usableChips() + 0.7L * training); // a gang is always at work
                std::array<double, kPricingModels> usd{};
                for (std::size_t p = 0; p < kPricingModels; ++p) {
                    usd[p] = priceOf(fleet, PoolId(i), static_cast<PricingModel>(p))->usdPerChipHour;
                }
                const PoolCost cost = poolCost(pool, usd, used);
                for (std::size_t p = 0; p < kPricingModels; ++p) {
                    pools[i].microUsd[p] +=
                        (static_cast<long double>(cost.usedUsdPerHour[p]) + cost.idleUsdPerHour[p]) / 3600 * micros;
                }
            }
            passed += micros;
            ledger.pass(micros, chips, work, poolsOf(fleet, passed));
            if (window % 11 == 0) {
                collect();
            }
        }
        collect();
        for (const auto& row : ledger.layoutRows()) {
            pools[row.pool.index()].rows += 1;
        }
        const auto conserved = [](const Tally& t) {
            // Each row lags by less than one unit; doubles add a part in 10^12.
            const auto within = [&](long double expected, std::int64_t booked) {
                return expected >= 0 && booked <= expected * (1 + 1e-12L) && booked > expected * (1 - 1e-12L) - t.rows;
            };
            bool all = t.millijoules > 0 && within(t.millijoules, t.ledgerMillijoules);
            for (std::size_t p = 0; p < kPricingModels; ++p) {
                all = all && within(t.microUsd[p], t.ledgerMicroUsd[p]);
            }
            return all;
        };
        std::map<std::size_t, Tally> providers;
        Tally fleetWide;
        for (std::size_t i = 0; i < pools.size(); ++i) {
            QVERIFY2(conserved(pools[i]), qPrintable(QString::number(i)));
            for (Tally* sum : {&providers[fleet[fleet.pools[i].region].provider.index()], &fleetWide}) {
                sum->millijoules += pools[i].millijoules;
                sum->rows += pools[i].rows;
                sum->ledgerMillijoules += pools[i].ledgerMillijoules;
                for (std::size_t p = 0; p < kPricingModels; ++p) {
                    sum->microUsd[p] += pools[i].microUsd[p];
                    sum->ledgerMicroUsd[p] += pools[i].ledgerMicroUsd[p];
                }
            }
        }
        QVERIFY(providers.size() > 1);
        for (const auto& [provider, tally] : providers) {
            QVERIFY2(conserved(tally), qPrintable(QString::number(provider)));
        }
        QVERIFY(conserved(fleetWide));
    }

    void brokenChipsStandStillAndCostWhatIsPaidAnyway()
    {
        const Fleet fleet = test::smallFleet();
        Ledger ledger = ledgerOf(fleet);
        const std::vector<std::int64_t> chips = chipsOf(fleet), work(chips.size(), 0);
        auto pools = poolsOf(fleet, kHour);
        const PoolId pool = fleet.placements[0].pool;
        const auto reserved = static_cast<std::size_t>(PricingModel::Reserved);
        pools[pool.index()].downChips[reserved] = 3;
        QVERIFY(ledger.addDown(pool) && !ledger.addDown(pool));
        Ledger whole = ledgerOf(fleet);
        whole.pass(kHour, chips, work, poolsOf(fleet, kHour));
        ledger.pass(kHour, chips, work, pools);
        std::array<std::int64_t, 2> chipMicros{}, microUsd{}, millijoules{}; // of the pool: with a fault, without
        for (const Ledger* each : {&ledger, &whole}) {
            const std::size_t side = each == &whole ? 1 : 0;
            const auto rows = each->open();
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (each->layoutRows()[i].pool == pool) {
                    chipMicros[side] += rows[i].chipMicros;
                    microUsd[side] += rows[i].costMicroUsd[reserved];
                    millijoules[side] += rows[i].energyMillijoules;
                }
            }
        }
        QCOMPARE(ledger.open().back().chipMicros, 3 * kHour);
        QCOMPARE(ledger.open().back().energyMillijoules, 0);
        QVERIFY(ledger.open().back().costMicroUsd[reserved] > 0);
        QCOMPARE(chipMicros[0], chipMicros[1]);
        QVERIFY(std::abs(microUsd[0] - microUsd[1]) <= 1); // a row more to round
        QVERIFY(millijoules[0] < millijoules[1]);
    }

    void moreChipsThanThereAreLeaveNothingIdle()
    {
        const Fleet fleet = test::smallFleet();
        Ledger ledger = ledgerOf(fleet);
        std::vector<std::int64_t> chips = chipsOf(fleet);
        chips[0] = 1000; // replicas that finish while others warm up
        ledger.pass(kHour, chips, std::vector<std::int64_t>(chips.size(), 0), poolsOf(fleet, kHour));
        for (std::size_t i = 0; i < ledger.layoutRows().size(); ++i) {
            if (ledger.layoutRows()[i].use == Use::Idle && ledger.layoutRows()[i].pool == fleet.placements[0].pool) {
                QCOMPARE(ledger.open()[i].chipMicros, 0);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestLedger)
#include "tst_ledger.moc"

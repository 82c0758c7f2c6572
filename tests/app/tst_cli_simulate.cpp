// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "tests/app/cli_run.h"

#include <cmath>

using namespace isobar;
using namespace isobar::test;

namespace {

constexpr int kSeconds = 20;
constexpr double kSumTolerance = 1e-9;

} // namespace

/// `simulate`: the same numbers on any number of threads, parts that sum to the whole, and both as a loop by hand.
class TestCliSimulate : public QObject {
    Q_OBJECT

    Workplace m_place;
    Json m_run; ///< seed 3, one thread

    [[nodiscard]] Json simulate(const QStringList& more) const
    {
        return document(QStringList{QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"),
                                    QStringLiteral("%1s").arg(kSeconds), QStringLiteral("--json")} +
                        more);
    }
    [[nodiscard]] static Json withoutTime(Json run)
    {
        for (const char* key : {"wall_seconds", "realtime_factor", "peak_rss_bytes"}) {
            run.erase(key);
        }
        return run;
    }
    [[nodiscard]] static std::int64_t count(const Json& row, const char* key) { return row[key].get<std::int64_t>(); }
    [[nodiscard]] static bool conserved(const Json& row)
    {
        return count(row, "requests") ==
               count(row, "completed") + count(row, "rejected") + count(row, "lost") + count(row, "in_flight");
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        m_run =
            simulate({QStringLiteral("--seed"), QStringLiteral("3"), QStringLiteral("--threads"), QStringLiteral("1")});
        QVERIFY(
            hasKeys(m_run, {"simulated_seconds", "wall_seconds", "realtime_factor", "requests", "completed", "rejected",
                            "lost", "in_flight", "tokens_in", "tokens_out", "cost_usd", "energy_joules", "carbon_grams",
                            "slo_attainment_ratio", "utilization_ratio", "state_hash", "by_provider"}));
    }

    void sameNumbersOnTwoThreads()
    {
        const Json two =
            simulate({QStringLiteral("--seed"), QStringLiteral("3"), QStringLiteral("--threads"), QStringLiteral("2")});
        QVERIFY(!two.is_discarded());
        QVERIFY2(withoutTime(two) == withoutTime(m_run), two.dump(1).c_str());
    }

    void anotherSeedIsAnotherRun()
    {
        const Json other = simulate({QStringLiteral("--seed"), QStringLiteral("4")});
        QVERIFY(hasKeys(other, {"state_hash"}));
        QVERIFY(other["state_hash"] != m_run["state_hash"]);
    }

    void requestsAreConserved()
    {
        QVERIFY(count(m_run, "requests") > 1000);
        QVERIFY(count(m_run, "completed") > 0);
        QVERIFY(conserved(m_run));
        for (const Json& row : m_run["by_provider"]) {
            QVERIFY2(conserved(row), row.dump().c_str());
        }
    }

    void providersSumToTheWhole_data()
    {
        QTest::addColumn<QString>("key");
        for (const char* key : {"requests", "completed", "rejected", "lost", "in_flight", "tokens_in", "tokens_out",
                                "cost_usd", "energy_joules", "carbon_grams", "accelerators"}) {
            QTest::newRow(key) << QString(QLatin1String(key));
        }
    }
    void providersSumToTheWhole()
    {
        QFETCH(QString, key);
        const std::string name = key.toStdString();
        // In millionths, which every figure is a whole number of.
        std::int64_t sum = 0;
        for (const Json& row : m_run["by_provider"]) {
            if (row[name].is_number()) {
                sum += std::llround(row[name].get<double>() * 1e6);
            }
        }
        QCOMPARE(sum, std::llround(m_run[name].get<double>() * 1e6));
    }

    void utilizationOfTheWholeIsTheChipWeightedMean()
    {
        double used = 0, held = 0;
        for (const Json& row : m_run["by_provider"]) {
            if (row["utilization_ratio"].is_number()) {
                used += row["utilization_ratio"].get<double>() * row["accelerators"].get<double>();
                held += row["accelerators"].get<double>();
            }
        }
        QVERIFY(held > 0);
        QVERIFY(std::abs(used / held - m_run["utilization_ratio"].get<double>()) < kSumTolerance);
    }

    /// The reference: the engine in a plain loop, its integers summed by hand.
    void agreesWithTheEngineItself()
    {
        const auto fleet = proto::shippedSample();
        const auto calibration = proto::shippedCalibration();
        QVERIFY(fleet.ok() && calibration.ok());
        engine::EngineOptions options;
        options.seed = 3;
        auto engine = engine::Engine::create(std::make_shared<const Fleet>(*fleet), *calibration, options);
        QVERIFY(engine.ok());
        while (engine->now() < kSeconds * aggregate::kMicrosPerSecond) {
            engine->step();
        }
        std::int64_t requests = 0, tokensOut = 0, microUsd = 0, millijoules = 0, micrograms = 0;
        for (const auto& interval : engine->takeIntervals()) {
            for (const auto& row : interval->demand) {
                requests += row.requests;
                tokensOut += row.tokensOut;
                microUsd += row.egressMicroUsd;
            }
            for (const auto& row : interval->supply) {
                for (const std::int64_t cost : row.costMicroUsd) {
                    microUsd += cost;
                }
                millijoules += row.energyMillijoules;
                micrograms += row.carbonMicrograms;
            }
        }
        QCOMPARE(m_run["requests"].get<std::int64_t>(), requests);
        QCOMPARE(m_run["tokens_out"].get<std::int64_t>(), tokensOut);
        QCOMPARE(std::llround(m_run["cost_usd"].get<double>() * 1e6), microUsd);
        QCOMPARE(std::llround(m_run["energy_joules"].get<double>() * 1e3), millijoules);
        QCOMPARE(std::llround(m_run["carbon_grams"].get<double>() * 1e6), micrograms);
        QCOMPARE(m_run["in_flight"].get<std::int64_t>(), engine->totals().inFlight);
        QCOMPARE(m_run["state_hash"].get<std::string>(),
                 QStringLiteral("%1").arg(engine->stateHash(), 16, 16, QLatin1Char('0')).toStdString());
    }

    /// What is recorded is shown beside runs of the window, which start at work. The reference: the engine, counted by
    /// hand.
    void aRecordedRunStartsAtWork()
    {
        const Json run = simulate({QStringLiteral("--seed"), QStringLiteral("3"), QStringLiteral("--history")});
        QVERIFY(hasKeys(run, {"settle_seconds", "in_flight_at_start"}));
        QCOMPARE(run["settle_seconds"].get<double>(), engine::kUsualSettleSeconds);
        engine::EngineOptions options;
        options.seed = 3;
        options.settleSeconds = engine::kUsualSettleSeconds;
        const auto fleet = proto::shippedSample();
        const auto calibration = proto::shippedCalibration();
        QVERIFY(fleet.ok() && calibration.ok());
        auto engine = engine::Engine::create(std::make_shared<const Fleet>(*fleet), *calibration, options);
        QVERIFY(engine.ok());
        while (engine->now() < kSeconds * aggregate::kMicrosPerSecond) {
            engine->step();
        }
        const engine::RunTotals totals = engine->totals();
        QVERIFY(totals.inFlightAtStart > 1000);
        QCOMPARE(run["in_flight_at_start"].get<std::int64_t>(), totals.inFlightAtStart);
        QCOMPARE(run["requests"].get<std::int64_t>(), totals.demand.requests);
        QCOMPARE(run["in_flight"].get<std::int64_t>(), totals.inFlight);
        std::int64_t atStart = 0;
        for (const Json& row : run["by_provider"]) {
            QVERIFY2(conserved(row), row.dump().c_str());
            atStart += count(row, "in_flight_at_start");
        }
        QCOMPARE(atStart, totals.inFlightAtStart);
        QVERIFY(conserved(run));

        QCOMPARE(count(m_run, "in_flight_at_start"), std::int64_t{0});
        const Json empty = simulate({QStringLiteral("--seed"), QStringLiteral("3"), QStringLiteral("--history"),
                                     QStringLiteral("--settle"), QStringLiteral("0")});
        QCOMPARE(empty["state_hash"].get<std::string>(), m_run["state_hash"].get<std::string>());

        // Recorded first, the run at work has no ramp; the one from an empty fleet, recorded second, is little else.
        const auto growth = [this](const char* number) {
            const Json halves =
                document({QStringLiteral("query"), m_place.store, QStringLiteral("--measure"),
                          QStringLiteral("tokens_per_second"), QStringLiteral("--by"), QStringLiteral("time"),
                          QStringLiteral("--bucket"), QStringLiteral("10s"), QStringLiteral("--run"),
                          QLatin1String(number), QStringLiteral("--format"), QStringLiteral("json")});
            return halves["rows"][1][1].get<double>() / halves["rows"][0][1].get<double>();
        };
        QVERIFY2(growth("1") < 1.3, qPrintable(QString::number(growth("1"))));
        QVERIFY2(growth("2") > 1.7, qPrintable(QString::number(growth("2"))));
    }

    void theTextSaysHowItStarted()
    {
        const auto said = [this](const char* settle) {
            return cli({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), QStringLiteral("1s"),
                        QStringLiteral("--settle"), QLatin1String(settle)})
                .out;
        };
        QVERIFY(said("0").contains("empty: in the first minutes the fleet fills up"));
        QVERIFY(said("1").contains("requests were in flight when the clock started"));
    }

    void theTextHasTheSameState()
    {
        const Ran ran = cli({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"),
                             QString::number(kSeconds), QStringLiteral("--seed"), QStringLiteral("3")});
        QCOMPARE(ran.exitCode, 0);
        QVERIFY(ran.out.contains(QByteArray::fromStdString(m_run["state_hash"].get<std::string>())));
        QVERIFY2(ran.err.isEmpty(), "no progress bar where there is no terminal");
    }
};

QTEST_GUILESS_MAIN(TestCliSimulate)
#include "tst_cli_simulate.moc"

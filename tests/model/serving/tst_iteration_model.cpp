// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/iteration_model.h"
#include "model/serving/power.h"
#include "model/serving/replica.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <random>

using namespace isobar;
using namespace isobar::serving;

namespace {

/// One replica under a Poisson stream for a while: what steadyState claims to know.
struct Measured {
    double batch = 0, itl = 0, ttftMedian = 0, ttftP95 = 0, perSecond = 0;
};

Measured simulate(const IterationModel& model, double rate, double input, double output)
{
    std::mt19937_64 random(3);
    const double sigma = std::sqrt(std::log(2.0)); // coefficient of variation 1
    std::lognormal_distribution<double> in(std::log(input) - sigma * sigma / 2, sigma);
    std::lognormal_distribution<double> out(std::log(output) - sigma * sigma / 2, sigma);
    const IterationTimes times(model);
    Replica replica(times, 4 * static_cast<std::size_t>(model.maxBatch));
    ReplicaLog log;
    double now = 0, batch = 0;
    constexpr int kRequests = 40'000;
    for (int i = 0; i < kRequests; ++i) {
        now += std::exponential_distribution<double>(rate)(random);
        replica.enqueue(
            {now, 1 + static_cast<std::uint32_t>(in(random)), 1 + static_cast<std::uint32_t>(out(random)), 0, 0}, log);
        batch += double(replica.running());
    }
    Measured m;
    std::vector<double> ttft;
    double decode = 0, tokens = 0;
    for (const Completion& c : log.completed) {
        ttft.push_back(c.firstTokenSeconds - c.request.arrivalSeconds);
        decode += c.finishSeconds - c.firstTokenSeconds;
        tokens += c.request.outputTokens - 1.0;
    }
    std::sort(ttft.begin(), ttft.end());
    m.batch = batch / kRequests;
    m.itl = decode / tokens;
    m.ttftMedian = ttft[ttft.size() / 2];
    m.ttftP95 = ttft[ttft.size() * 95 / 100];
    m.perSecond = double(log.completed.size()) / now;
    return m;
}

IterationModel largeOnH100(std::int32_t maxBatch = 64)
{
    const Fleet fleet = test::smallFleet();
    auto model = buildIterationModel(fleet.models[0], fleet.accelerators[0], Precision::Fp8, 8, maxBatch,
                                     test::smallCalibration());
    return model.value();
}

} // namespace

class TestIterationModel : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void termsFromArchitectureAndDatasheet()
    {
        const Fleet fleet = test::smallFleet();
        const ServedModel& llama = fleet.models[0];
        const IterationModel m = largeOnH100();
        const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); };
        // 70.6 GB of fp8 weights over eight chips of 3.35 TB/s at 65 %.
        QVERIFY(near(m.denseWeightSeconds, 70.6e9 / (8 * 3.35e12 * 0.65)));
        QVERIFY(near(m.perContextTokenSeconds, 2 * llama.kvValuesPerToken / (8 * 3.35e12 * 0.8)));
        QVERIFY(near(m.perTokenComputeSeconds, 2 * 70.6e9 / (8 * 1979e12 * 0.5)));
        QVERIFY(near(m.perPrefillTokenSquaredSeconds, 2.0 * 80 * 8192 / (8 * 989e12 * 0.5)));
        QVERIFY(near(m.perTokenCommunicationSeconds, 2.0 * 80 * 2 * 7 / 8 * 8192 * 2 / (450e9 * 0.6)));
        QVERIFY(near(m.fixedSeconds, 2e-3 + 80 * 1e-5 + 2 * 80 * 8e-6));
        // Llama-70B keeps 327,680 bytes a token in bf16.
        QCOMPARE(m.kvCapacityTokens, std::int64_t((8 * (80e9 * 0.9 - 1.2e9) - 70.6e9) / 327'680));
        QCOMPARE(m.maxBatch, 64);
    }

    void collectivesOverPcieTakeTheSoonerProtocol()
    {
        const Fleet fleet = test::smallFleet();
        AcceleratorType card = fleet.accelerators[0];
        const auto on = [&](double link) {
            card.interconnectBytesPerSecond = link;
            return buildIterationModel(fleet.models[0], card, Precision::Fp8, 2, 64, test::smallCalibration()).value();
        };
        const IterationModel pcie = on(64e9), nvlink = on(450e9);
        QCOMPARE(nvlink.collectiveSetupSeconds, 0.0);
        // 160 all-reduces of 8 us at least, of 2 x 8192 bytes a token over half or all of 38.4 GB/s.
        const double latency = 160 * 8e-6, perToken = 160 * 2 * 8192.0 / (64e9 * 0.6);
        for (const double tokens : {1.0, 7.0, 50.0, 94.0, 500.0, 8192.0}) {
            const IterationLoad prompt{0, 0, 1, tokens, 0};
            IterationModel without = pcie;
            without.fixedSeconds -= latency;
            without.perTokenCommunicationSeconds = without.collectiveSetupSeconds = 0;
            const double collectives = pcie.seconds(prompt) - without.seconds(prompt);
            const double sooner = std::min(latency + 2 * tokens * perToken, 6 * latency + tokens * perToken);
            QVERIFY2(std::abs(collectives / sooner - 1) < 1e-9, qPrintable(QString::number(tokens)));
        }
    }

    void aMeasuredCacheSize()
    {
        // An 8B model on a 24 GiB card at 0.9: 41,408 tokens measured.
        const Fleet fleet = test::smallFleet();
        AcceleratorType card = fleet.accelerators[0];
        card.hbmBytes = 24.0 * 1024 * 1024 * 1024;
        Calibration calibration = test::smallCalibration();
        ServedModel model = fleet.models[1];
        model.totalParameters = 8.03e9;
        const auto m = buildIterationModel(model, card, Precision::Bf16, 1, 64, calibration);
        QVERIFY(m.ok());
        QVERIFY(std::abs(double(m->kvCapacityTokens) / 41'408 - 1) < 0.1);
    }

    void expertsAreReadAsTheBatchTouchesThem()
    {
        const Fleet fleet = test::smallFleet();
        ServedModel mixture = fleet.models[1];
        mixture.totalParameters = 40e9;
        mixture.expertParameters = 36e9;
        mixture.activeParameters = 6e9;
        mixture.experts = 64;
        mixture.expertsPerToken = 4;
        const auto m =
            buildIterationModel(mixture, fleet.accelerators[0], Precision::Fp8, 1, 64, test::smallCalibration());
        QVERIFY(m.ok());
        const double one = m->decodeSeconds(1, 0) - m->fixedSeconds - m->perSequenceSeconds;
        QVERIFY(std::abs(one - (m->denseWeightSeconds + m->expertWeightSeconds * 4 / 64)) < 1e-12);
        QVERIFY(m->decodeSeconds(2, 0) > m->decodeSeconds(1, 0));
    }

    void aLatentCacheIsCopiedNotDivided()
    {
        const Fleet fleet = test::smallFleet();
        ServedModel latent = fleet.models[0];
        latent.kvValuesPerToken = 61 * 576;
        const auto one =
            buildIterationModel(latent, fleet.accelerators[0], Precision::Fp8, 2, 64, test::smallCalibration());
        const auto four =
            buildIterationModel(latent, fleet.accelerators[0], Precision::Fp8, 8, 64, test::smallCalibration());
        QCOMPARE(one->perContextTokenSeconds, four->perContextTokenSeconds);
    }

    void whatCannotBeServedIsRefusedInWords_data()
    {
        QTest::addColumn<int>("model");
        QTest::addColumn<int>("accelerator");
        QTest::addColumn<bool>("fp8");
        QTest::addColumn<int>("ways");
        QTest::addColumn<QString>("says");
        QTest::newRow("does not fit") << 0 << 0 << false << 1 << QStringLiteral("141.2 GB");
        QTest::newRow("no fp8 units") << 0 << 1 << true << 8 << QStringLiteral("no fp8 units");
    }
    void whatCannotBeServedIsRefusedInWords()
    {
        QFETCH(int, model);
        QFETCH(int, accelerator);
        QFETCH(bool, fp8);
        QFETCH(int, ways);
        QFETCH(QString, says);
        const Fleet fleet = test::smallFleet();
        const auto m = buildIterationModel(fleet.models[static_cast<std::size_t>(model)],
                                           fleet.accelerators[static_cast<std::size_t>(accelerator)],
                                           fp8 ? Precision::Fp8 : Precision::Bf16, ways, 64, test::smallCalibration());
        QVERIFY(!m.ok());
        QVERIFY(m.error().code == ErrorCode::Infeasible);
        QVERIFY2(QString::fromStdString(m.error().message).contains(says), m.error().message.c_str());
        QVERIFY(!m.error().advice.empty());
    }

    void withoutAnEfficiencyNothingIsGuessed()
    {
        const Fleet fleet = test::smallFleet();
        const auto m = buildIterationModel(fleet.models[0], fleet.accelerators[0], Precision::Fp8, 8, 64, {});
        QVERIFY(!m.ok());
        QVERIFY(m.error().code == ErrorCode::NotFound);
    }

    void steadyStateAgainstASimulatedReplica_data()
    {
        QTest::addColumn<double>("share");
        QTest::newRow("a tenth of capacity") << 0.1;
        QTest::newRow("half") << 0.5;
        QTest::newRow("three quarters") << 0.75;
    }
    void steadyStateAgainstASimulatedReplica()
    {
        QFETCH(double, share);
        const IterationModel model = largeOnH100();
        const double rate = share * steadyState(model, 0, 800, 200).capacityRequestsPerSecond;
        const SteadyState s = steadyState(model, rate, 800, 200);
        const Measured m = simulate(model, rate, 800, 200);
        qInfo("share %.2f: batch %.2f / %.2f, ITL %.4f / %.4f, TTFT %.3f / %.3f, p95 %.3f / %.3f", share, s.meanBatch,
              m.batch, s.itlSeconds, m.itl, s.ttftSeconds, m.ttftMedian, s.ttftP95Seconds, m.ttftP95);
        QVERIFY(std::abs(s.utilizationRatio - share) < 1e-9);
        QVERIFY(std::abs(s.meanBatch / m.batch - 1) < 0.08);
        QVERIFY(std::abs(s.itlSeconds / m.itl - 1) < 0.05);
        QVERIFY(std::abs(s.ttftSeconds / m.ttftMedian - 1) < 0.2);
        QVERIFY(std::abs(s.ttftP95Seconds / m.ttftP95 - 1) < 0.25);
    }

    void capacityIsWhatAnOverloadedReplicaReaches()
    {
        const IterationModel model = largeOnH100();
        const double capacity = steadyState(model, 0, 800, 200).capacityRequestsPerSecond;
        const Measured m = simulate(model, 1.5 * capacity, 800, 200);
        QVERIFY2(std::abs(m.perSecond / capacity - 1) < 0.06,
                 qPrintable(QStringLiteral("%1 against %2").arg(m.perSecond).arg(capacity)));
        QVERIFY(steadyState(model, 1.5 * capacity, 800, 200).utilizationRatio > 1.49);
    }

    void moreLoadIsNeverFaster()
    {
        const IterationModel model = largeOnH100();
        const double capacity = steadyState(model, 0, 800, 200).capacityRequestsPerSecond;
        SteadyState last = steadyState(model, 0, 800, 200);
        for (double share = 0.02; share < 1.3; share += 0.02) {
            const SteadyState s = steadyState(model, share * capacity, 800, 200);
            QVERIFY(s.itlSeconds >= last.itlSeconds * (1 - 1e-9));
            QVERIFY(s.ttftSeconds >= last.ttftSeconds * (1 - 1e-9));
            QVERIFY(s.ttftP95Seconds >= s.ttftSeconds);
            last = s;
        }
    }

    void gridIntensityFallsBackToItsCountry()
    {
        const Fleet fleet = test::smallFleet();
        QCOMPARE(gridIntensity(fleet, RegionId(std::size_t{0})).gramsCo2PerKwh, 380.0);
        const GridAnswer estimated = gridIntensity(fleet, RegionId(std::size_t{2}));
        QCOMPARE(estimated.gramsCo2PerKwh, 380.0); // the other US region
        QVERIFY(estimated.basis == Basis::Estimated);
    }
};

QTEST_APPLESS_MAIN(TestIterationModel)
#include "tst_iteration_model.moc"

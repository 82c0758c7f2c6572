// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"
#include "model/serving/calibrate.h"

#include <QTest>

#include <cmath>
#include <numeric>
#include <random>

using namespace isobar;
using namespace isobar::serving;

namespace {

ServedModel dense(const char* name, int layers, int hidden, int heads, double parameters)
{
    ServedModel m;
    m.name = name;
    m.layers = layers;
    m.hiddenSize = hidden;
    m.attentionHeads = heads;
    m.kvHeads = 8;
    m.headDimension = 128;
    m.totalParameters = m.activeParameters = parameters;
    m.kvValuesPerToken = 2.0 * layers * 8 * 128;
    return m;
}

AcceleratorType chip(const char* name, double scale)
{
    AcceleratorType a;
    a.name = name;
    a.bf16FlopsPerSecond = 1e15 * scale;
    a.fp8FlopsPerSecond = 2e15 * scale;
    a.hbmBytes = 80e9 * scale;
    a.hbmBytesPerSecond = 3.3e12 * scale;
    a.interconnectBytesPerSecond = 4.5e11 * scale;
    return a;
}

Efficiency truth(const char* accelerator, Precision precision, double shift)
{
    Efficiency e;
    e.accelerator = accelerator;
    e.precision = precision;
    e.computeRatio = 0.55 * shift;
    e.bandwidthRatio = 0.75 * shift;
    e.attentionBandwidthRatio = 0.62 * shift;
    e.stepOverheadSeconds = 2e-3;
    e.layerOverheadSeconds = 4e-5;
    e.sequenceOverheadSeconds = 5e-5;
    e.allReduceLatencySeconds = 9e-6;
    e.interconnectRatio = 0.45;
    e.prefillAttentionRatio = 0.3;
    e.exposedRatio = 0.2;
    e.reserveBytes = 1.2e9;
    e.memoryRatio = 0.9;
    return e;
}

/// Benchmarks as the formula has them, each time off by exp(normal(0, noise)).
struct Bench {
    Measurements measured;
    Calibration calibration;
    std::vector<EngineSetup> setups;
    std::vector<std::size_t> rows;
};

Bench bench(double noise, unsigned seed = 5)
{
    Bench b;
    b.measured.models = {dense("small", 32, 4096, 32, 8e9), dense("middle", 64, 5120, 64, 32e9),
                         dense("large", 80, 8192, 64, 70e9)};
    b.measured.accelerators = {chip("one", 1), chip("two", 2.3)};
    b.measured.engines = {"quick", "slow"};
    for (const Precision p : {Precision::Bf16, Precision::Fp8}) {
        b.calibration.efficiencies.push_back(truth("one", p, 1));
        b.calibration.efficiencies.push_back(truth("two", p, 1.15));
    }
    b.measured.builds = {"quick 1", "slow 1"};
    b.setups = {{1 / 1.1, 1.2, 0.03, 3e-6}, {1.1, 1 / 1.2, 0.012, 1e-6}};
    for (std::size_t model = 0; model < 3; ++model) {
        for (std::size_t accelerator = 0; accelerator < 2; ++accelerator) {
            for (std::size_t engine = 0; engine < 2; ++engine) {
                for (const Precision precision : {Precision::Bf16, Precision::Fp8}) {
                    for (const int ways : {1, 2, 8}) {
                        for (const double clients : {1, 4, 16, 64}) {
                            for (const auto& [in, out] : {std::pair{1024, 1024}, {8192, 256}, {256, 2048}}) {
                                b.measured.observations.push_back({model,
                                                                   accelerator,
                                                                   engine,
                                                                   engine,
                                                                   precision,
                                                                   {ways, 1, 1},
                                                                   clients,
                                                                   double(in),
                                                                   double(out),
                                                                   0.8,
                                                                   3,
                                                                   0,
                                                                   1,
                                                                   1});
                            }
                        }
                    }
                }
            }
        }
    }
    const auto unusable = prepare(b.measured); // some do not fit into the memory
    std::mt19937_64 random(seed);
    std::normal_distribution<double> off(0, 1);
    for (std::size_t r = 0; r < b.measured.observations.size(); ++r) {
        if (std::any_of(unusable.begin(), unusable.end(), [&](const UnusableRow& u) { return u.row == r; })) {
            continue;
        }
        Observation& o = b.measured.observations[r];
        const auto p = predict(b.measured, r, b.calibration, b.setups[o.engine]);
        o.ttftSeconds = p->ttftSeconds * std::exp(noise * off(random));
        o.tpotSeconds = p->tpotSeconds * std::exp(noise * off(random));
        b.rows.push_back(r);
    }
    return b;
}

FitOptions rowsOnly()
{
    FitOptions options;
    options.priorWeight = 1e-4;
    options.maxSteps = 400;
    return options;
}

/// The coefficients as the builds together have them, their setups being 1 on (geometric) average: what rows tell. How
/// much of it is the chip's and how much the software's only priors decide.
struct Gauge {
    double time = 1, overhead = 1;
    explicit Gauge(const CalibrationFit& fit)
    {
        for (const EngineSetup& b : fit.builds) {
            time *= std::pow(b.timeRatio, 1.0 / double(fit.builds.size()));
            overhead *= std::pow(b.overheadRatio, 1.0 / double(fit.builds.size()));
        }
    }
    [[nodiscard]] Efficiency of(Efficiency e) const
    {
        for (double Efficiency::*ratio :
             {&Efficiency::computeRatio, &Efficiency::bandwidthRatio, &Efficiency::attentionBandwidthRatio,
              &Efficiency::interconnectRatio, &Efficiency::expertBandwidthRatio}) {
            e.*ratio /= time;
        }
        e.allReduceLatencySeconds *= time;
        for (double Efficiency::*seconds :
             {&Efficiency::stepOverheadSeconds, &Efficiency::layerOverheadSeconds, &Efficiency::sequenceOverheadSeconds,
              &Efficiency::expertLayerOverheadSeconds}) {
            e.*seconds *= time * overhead;
        }
        return e;
    }
};

void compareWithin(double found, double expected, double ratio, const char* what)
{
    QVERIFY2(std::abs(found / expected - 1) <= ratio,
             qPrintable(QStringLiteral("%1: %2, expected %3").arg(QLatin1String(what)).arg(found).arg(expected)));
}

} // namespace

class CalibrateTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsTheCoefficientsRowsWereMadeWith()
    {
        const Bench b = bench(0);
        QVERIFY(b.rows.size() > 300);
        const auto fit = fitCalibration(b.measured, b.rows, rowsOnly(), JobContext{});
        QVERIFY2(fit.ok(), fit.ok() ? "" : fit.error().toString().c_str());
        QCOMPARE(fit->rows, b.rows.size());
        const Gauge gauge(*fit);
        for (const Efficiency& expected : b.calibration.efficiencies) {
            const Efficiency* row = fit->calibration.find(expected.accelerator, expected.precision);
            QVERIFY(row != nullptr);
            QCOMPARE(row->accelerator, expected.accelerator);
            const Efficiency corrected = gauge.of(*row);
            const Efficiency* found = &corrected;
            compareWithin(found->computeRatio, expected.computeRatio, 0.02, "compute");
            compareWithin(found->bandwidthRatio, expected.bandwidthRatio, 0.02, "bandwidth");
            compareWithin(found->attentionBandwidthRatio, expected.attentionBandwidthRatio, 0.02, "attention");
            compareWithin(found->stepOverheadSeconds, expected.stepOverheadSeconds, 0.02, "step");
            compareWithin(found->layerOverheadSeconds, expected.layerOverheadSeconds, 0.02, "layer");
            compareWithin(found->sequenceOverheadSeconds, expected.sequenceOverheadSeconds, 0.02, "sequence");
            compareWithin(found->allReduceLatencySeconds, expected.allReduceLatencySeconds, 0.02, "all-reduce");
            compareWithin(found->interconnectRatio, expected.interconnectRatio, 0.02, "interconnect");
        }
        for (std::size_t i = 0; i < b.setups.size(); ++i) {

            compareWithin(fit->builds[i].timeRatio / gauge.time, b.setups[i].timeRatio, 0.02, "build's time");
            compareWithin(fit->builds[i].overheadRatio / gauge.overhead, b.setups[i].overheadRatio, 0.03,
                          "build's overheads");
            compareWithin(fit->builds[i].firstTokenSeconds, b.setups[i].firstTokenSeconds, 0.05, "first token");
        }
    }

    void heldOutErrorsAreTheNoise()
    {
        // The mean of |exp(n) - 1| for small n is noise * sqrt(2 / pi).
        constexpr double kNoise = 0.05;
        const Bench b = bench(kNoise);
        const double expected = kNoise * std::sqrt(2 / M_PI);
        for (const HoldOut how : {HoldOut::Nothing, HoldOut::Alternate, HoldOut::Model}) {
            const auto predictions = crossPredict(b.measured, b.rows, how, FitOptions{}, JobContext{});
            QVERIFY(predictions.ok());
            QCOMPARE(predictions->size(), b.rows.size());
            const ErrorRow error = errorOf(b.measured, *predictions, "all");
            const double slack = how == HoldOut::Model ? 1.6 : 1.15;
            QVERIFY2(error.tpot.mean > expected / slack && error.tpot.mean < expected * slack,
                     qPrintable(QString::number(error.tpot.mean)));
            QVERIFY(error.tpot.median < error.tpot.mean);
        }
    }

    void aFewWildRowsDoNotMoveTheFit()
    {
        Bench b = bench(0.02);
        for (std::size_t i = 0; i < b.rows.size(); i += 25) {
            b.measured.observations[b.rows[i]].tpotSeconds *= 20;
        }
        const auto fit = fitCalibration(b.measured, b.rows, FitOptions{}, JobContext{});
        QVERIFY(fit.ok());
        std::vector<double> errors;
        for (std::size_t i = 0; i < b.rows.size(); ++i) {
            const Observation& o = b.measured.observations[b.rows[i]];
            const auto p = predict(b.measured, b.rows[i], fit->calibration, fit->builds[o.build]);
            QVERIFY(p.ok());
            if (i % 25 != 0) {
                errors.push_back(std::abs(p->tpotSeconds / o.tpotSeconds - 1));
            }
        }
        QVERIFY(std::accumulate(errors.begin(), errors.end(), 0.0) / double(errors.size()) < 0.06);
    }

    void foldsHoldBackWhatTheySay()
    {
        // What was held out is made absurd: predictions of the other rows' folds change, its own must not.
        Bench b = bench(0);
        const auto before = crossPredict(b.measured, b.rows, HoldOut::Accelerator, FitOptions{}, JobContext{});
        for (Observation& o : b.measured.observations) {
            o.tpotSeconds *= o.accelerator == 0 ? 7 : 1;
        }
        const auto after = crossPredict(b.measured, b.rows, HoldOut::Accelerator, FitOptions{}, JobContext{});
        QVERIFY(before.ok() && after.ok());
        QCOMPARE(before->size(), after->size());
        bool othersMoved = false;
        for (std::size_t i = 0; i < before->size(); ++i) {
            const bool held = b.measured.observations[(*before)[i].row].accelerator == 0;
            QCOMPARE((*before)[i].fold, held ? std::string("one") : std::string("two"));
            const double ratio = (*after)[i].predicted.tpotSeconds / (*before)[i].predicted.tpotSeconds;
            if (held) {
                QCOMPARE(ratio, 1.0);
            } else {
                othersMoved = othersMoved || ratio > 2;
            }
        }
        QVERIFY(othersMoved);
    }

    void oneAcceleratorAloneLeavesNothingToLearnFrom()
    {
        Bench b = bench(0);
        std::erase_if(b.rows, [&](std::size_t r) { return b.measured.observations[r].accelerator == 1; });
        const auto predictions = crossPredict(b.measured, b.rows, HoldOut::Accelerator, FitOptions{}, JobContext{});
        QVERIFY(predictions.ok());
        QVERIFY(predictions->empty());
        QVERIFY(std::isnan(errorOf(b.measured, *predictions, "all").tpot.mean));
    }

    void throughputKeepsLittlesLaw()
    {
        const Bench b = bench(0);
        for (const std::size_t r : b.rows) {
            const Observation& o = b.measured.observations[r];
            const auto p = predict(b.measured, r, b.calibration, b.setups[o.engine]);
            QVERIFY(p.ok());
            const double output = b.measured.mixes[r].meanOutputTokens;
            const double residence = p->ttftSeconds + (output - 1) * p->tpotSeconds;
            compareWithin(p->outputTokensPerSecond / output * residence, o.concurrency, 1e-12, "clients");
        }
    }

    void theMeanEngineIsWhatTheCoefficientsStandFor()
    {
        const Bench b = bench(0.05);
        const auto fit = fitCalibration(b.measured, b.rows, FitOptions{}, JobContext{});
        QVERIFY(fit.ok());
        compareWithin(fit->meanEngine.timeRatio, 1, 0.01, "mean engine");
        compareWithin(fit->meanEngine.overheadRatio, 1, 0.01, "mean engine's overheads");
        QVERIFY(fit->engines[0].timeRatio < 1 && fit->engines[1].timeRatio > 1);
    }

    void expertsHaveCoefficientsOfTheirOwn()
    {
        // Mixtures whose experts reach half of what other weights do, beside dense models: told apart, both exactly.
        Bench b = bench(0);
        ServedModel mixture = dense("mixture", 48, 4096, 32, 12e9);
        mixture.experts = 128;
        mixture.expertsPerToken = 8;
        mixture.expertParameters = 90e9;
        mixture.totalParameters = 102e9;
        mixture.activeParameters = 12e9 + 90e9 / 16;
        b.measured.models.push_back(mixture);
        for (Efficiency& e : b.calibration.efficiencies) {
            e.expertComputeRatio = 0.3;
            e.expertBandwidthRatio = 0.35;
            e.expertLayerOverheadSeconds = 6e-5;
        }
        const std::size_t before = b.measured.observations.size();
        for (std::size_t r = 0; r < before; ++r) {
            Observation o = b.measured.observations[r];
            if (o.model == 2 && o.layout.tensorParallel == 8) {
                o.model = 3;
                b.measured.observations.push_back(o);
            }
        }
        QVERIFY(b.measured.observations.size() > before);
        QVERIFY(!prepare(b.measured).empty());
        for (std::size_t r = 0; r < b.measured.observations.size(); ++r) {
            Observation& o = b.measured.observations[r];
            if (r >= before) {
                b.rows.push_back(r);
            }
            const auto p = predict(b.measured, r, b.calibration, b.setups[o.engine]);
            o.ttftSeconds = p.ok() ? p->ttftSeconds : 1;
            o.tpotSeconds = p.ok() ? p->tpotSeconds : 1;
        }
        const auto fit = fitCalibration(b.measured, b.rows, rowsOnly(), JobContext{});
        QVERIFY(fit.ok());
        QVERIFY(fit->calibration.find("one", Precision::Bf16) != nullptr);
        const Efficiency one = Gauge(*fit).of(*fit->calibration.find("one", Precision::Bf16));
        compareWithin(one.bandwidthRatio, 0.75, 0.03, "dense bandwidth");
        compareWithin(one.expertBandwidthRatio, 0.35, 0.03, "experts' bandwidth");
        compareWithin(one.expertLayerOverheadSeconds, 6e-5, 0.1, "experts' overhead");
    }

    void badRowsAreNamed_data()
    {
        QTest::addColumn<int>("what");
        QTest::newRow("negative time") << 0;
        QTest::newRow("not a number") << 1;
        QTest::newRow("no clients") << 2;
        QTest::newRow("one token of answer") << 3;
        QTest::newRow("no such model") << 4;
        QTest::newRow("too large for the memory") << 5;
    }
    void badRowsAreNamed()
    {
        QFETCH(int, what);
        Bench b = bench(0);
        const std::size_t row = b.rows[7];
        Observation& o = b.measured.observations[row];
        switch (what) {
        case 0:
            o.tpotSeconds = -1;
            break;
        case 1:
            o.ttftSeconds = std::nan("");
            break;
        case 2:
            o.concurrency = 0;
            break;
        case 3:
            o.outputTokens = 1;
            break;
        case 4:
            o.model = 99;
            break;
        default:
            b.measured.models[o.model].totalParameters = 1e12;
        }
        const auto found = prepare(b.measured);
        QVERIFY(!found.empty());
        QVERIFY(std::any_of(found.begin(), found.end(), [&](const UnusableRow& u) { return u.row == row; }));
        for (const UnusableRow& u : found) {
            QVERIFY(!u.reason.empty());
        }
    }

    void noRowsAreAnError()
    {
        const Bench b = bench(0);
        const auto fit = fitCalibration(b.measured, {}, FitOptions{}, JobContext{});
        QVERIFY(!fit.ok());
        QCOMPARE(fit.error().code, ErrorCode::InvalidValue);
    }

    void stopsWhenAsked()
    {
        const Bench b = bench(0);
        std::stop_source stop;
        stop.request_stop();
        const auto fit = fitCalibration(b.measured, b.rows, FitOptions{}, JobContext{stop.get_token(), {}});
        QVERIFY(!fit.ok());
        QCOMPARE(fit.error().code, ErrorCode::Cancelled);
    }

    void theFileReadsBackExactly()
    {
        const Bench b = bench(0.1);
        auto fit = fitCalibration(b.measured, b.rows, FitOptions{}, JobContext{});
        QVERIFY(fit.ok());
        fit->calibration.sources = {{"bench", "made for a test", "2026-01-01"}};
        for (Efficiency& e : fit->calibration.efficiencies) {
            e.errorRatio = 0.1;
            e.provenance = {SourceId{0}, Basis::Measured};
        }
        const std::string text = proto::writeCalibrationText(fit->calibration);
        const auto back = proto::parseCalibrationText(text, "bench.textproto");
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().toString().c_str());
        QCOMPARE(back->efficiencies.size(), std::size_t{8}); // two chips at two precisions, any other at all four
        for (std::size_t i = 0; i < back->efficiencies.size(); ++i) {
            QCOMPARE(back->efficiencies[i].computeRatio, fit->calibration.efficiencies[i].computeRatio);
            QCOMPARE(back->efficiencies[i].accelerator, fit->calibration.efficiencies[i].accelerator);
        }
        QCOMPARE(proto::writeCalibrationText(*back), text);
    }
};

QTEST_GUILESS_MAIN(CalibrateTest)
#include "tst_calibrate.moc"

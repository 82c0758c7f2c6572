// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/system_spec.h"
#include "model/replay/measured_runs.h"
#include "model/serving/run_fit.h"
#include "tests/support/test_support.h"

#include <QTest>
#include <cmath>

using namespace isobar;
using namespace isobar::serving;

/// Real vLLM servers, request by request.
class TestMeasuredRuns : public QObject {
    Q_OBJECT

    static std::string percent(const char* what, double error) { return what + std::to_string(100 * error) + " %"; }

private Q_SLOTS:
    void ranksOfAMixtureShareTheirExperts()
    {
        ingest::VllmSettings settings;
        settings.dataParallel = 2;
        settings.expertParallel = true;
        settings.maxSequences = 128;
        settings.kvCacheTokens = 1000;
        ServedModel dense;
        const MeasuredRun apart = replay::measuredRun("run", {}, settings, dense);
        QCOMPARE(apart.servers, 2);
        QCOMPARE(apart.layout.expertParallel, 1);
        QCOMPARE(apart.maxBatch, 128);
        ServedModel mixture;
        mixture.expertParameters = 1e9;
        const MeasuredRun together = replay::measuredRun("run", {}, settings, mixture);
        QCOMPARE(together.servers, 1);
        QCOMPARE(together.layout.attentionDataParallel, 2);
        QCOMPARE(together.layout.expertParallel, 2);
        QCOMPARE(together.maxBatch, 256);
        QCOMPARE(together.policy.maxBatchedTokens, 4096);
        QCOMPARE(together.kvCacheTokens.value_or(0), std::int64_t{2000});
    }

    void aCardIsPredictedFromAnotherModelOnIt()
    {
        ISOBAR_NEED_DATA(folder, "perf/vllm_runs");
        ISOBAR_NEED_DATA(systems, "perf/aiconfigurator/systems");
        ISOBAR_NEED_DATA(models, "models/configs");
        const auto spec = ingest::findSystemSpec(systems, "RTX PRO 6000");
        QVERIFY2(spec.ok(), spec.ok() ? "" : spec.error().toString().c_str());
        std::vector<MeasuredRun> runs;
        for (const char* name : {"Llama-3.1-8B", "Qwen3-32B"}) {
            auto run =
                replay::readMeasuredRun(folder / (std::string("vllm_real_RTXPRO6000_") + name + ".jsonl"), models, {});
            QVERIFY2(run.ok(), run.ok() ? "" : run.error().toString().c_str());
            runs.push_back(std::move(*run));
        }
        const auto check = [&](std::span<const MeasuredRun> fitted, const MeasuredRun& run, double mean, double p99) {
            const auto fit = fitRuns(spec->accelerator, fitted, {}, {});
            QVERIFY2(fit.ok(), fit.ok() ? "" : fit.error().toString().c_str());
            const RunComparison c = compareRun(run, replayRun(run, spec->accelerator, fit->efficiency, {}).value());
            QCOMPARE(c.ttft.measured.size(), std::size_t{300});
            QVERIFY2(std::abs(c.ttft.meanError()) < mean, percent("TTFT ", c.ttft.meanError()).c_str());
            QVERIFY2(std::abs(c.tpot.meanError()) < mean, percent("TPOT ", c.tpot.meanError()).c_str());
            QVERIFY2(std::abs(c.ttft.p99Error()) < p99, percent("TTFT p99 ", c.ttft.p99Error()).c_str());
            QVERIFY2(std::abs(c.tpot.p99Error()) < p99, percent("TPOT p99 ", c.tpot.p99Error()).c_str());
        };
        check(runs, runs[0], 0.02, 0.05);
        check(runs, runs[1], 0.02, 0.05);
        check(std::span(runs).first(1), runs[1], 0.05, 0.1);
        check(std::span(runs).last(1), runs[0], 0.05, 0.1);
    }
};

QTEST_APPLESS_MAIN(TestMeasuredRuns)
#include "tst_measured_runs.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/run_fit.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

using namespace isobar;
using namespace isobar::serving;

namespace {

AcceleratorType card()
{
    AcceleratorType chip = test::smallFleet().accelerators[0];
    chip.name = "card";
    chip.interconnectBytesPerSecond = 64e9;
    return chip;
}

MeasuredRun randomRun(std::uint64_t seed, std::size_t requests, double perSecond, std::int32_t tensorParallel = 1)
{
    std::mt19937_64 random(seed);
    MeasuredRun run;
    run.name = "drawn";
    run.model = test::smallFleet().models[1];
    run.layout.tensorParallel = tensorParallel;
    run.maxBatch = 24;
    run.policy.maxBatchedTokens = 512;
    double now = 0;
    for (std::size_t i = 0; i < requests; ++i) {
        now += std::exponential_distribution<double>(perSecond)(random);
        run.requests.push_back({now,
                                std::uniform_int_distribution<std::uint32_t>(1, 1500)(random),
                                std::uniform_int_distribution<std::uint32_t>(1, 200)(random),
                                {}});
    }
    return run;
}

Efficiency truth()
{
    Efficiency e = likelyEfficiency(card(), Precision::Bf16);
    e.computeRatio = 0.6;
    e.bandwidthRatio = 0.7;
    e.attentionBandwidthRatio = 0.75;
    e.stepOverheadSeconds = 1.5e-3;
    e.sequenceOverheadSeconds = 4e-5;
    return e;
}

/// Measures a run with efficiencies that are known.
MeasuredRun measuredWith(const Efficiency& efficiency, MeasuredRun run)
{
    const std::vector<RequestTimes> times = replayRun(run, card(), efficiency, {}).value();
    for (std::size_t i = 0; i < times.size(); ++i) {
        run.requests[i].measured = times[i];
    }
    return run;
}

/// vLLM's loop, iteration by iteration, with a KV cache that never fills: what the engine took in before the last
/// iteration ended (asynchronous), or before this one starts, joins in turn.
std::vector<RequestTimes> slowly(const MeasuredRun& run, const IterationModel& model)
{
    struct Sequence {
        std::size_t number = 0;
        std::uint32_t through = 0, given = 0; ///< of its prompt, of its answer
    };
    std::vector<RequestTimes> out(run.requests.size());
    std::vector<double> seen(out.size()), first(out.size());
    std::vector<Sequence> batch;
    std::deque<std::size_t> taken, ready;
    std::size_t next = 0;
    const std::size_t total = run.requests.size();
    for (double now = 0; next < total || !batch.empty() || !taken.empty() || !ready.empty();) {
        if (batch.empty() && ready.empty() && taken.empty()) {
            now = std::max(now, run.requests[next].arrivalSeconds);
            seen[next] = now;
            ready.push_back(next++);
        } else if (batch.empty() && ready.empty()) {
            std::swap(ready, taken); // nothing is under way that they could be late for
        }
        IterationLoad load;
        double budget = run.policy.maxBatchedTokens;
        const auto part = [&](Sequence& s) {
            const std::uint32_t left = run.requests[s.number].inputTokens - s.through;
            const auto tokens = static_cast<std::uint32_t>(std::min<double>(budget, left));
            const double begin = s.through, end = double{begin} + tokens;
            load.prompts += 1;
            load.promptTokens += tokens;
            load.promptTokensSquared += end * end - begin * begin;
            s.through += tokens;
            budget -= tokens;
        };
        std::vector<bool> decodes;
        for (Sequence& s : batch) {
            decodes.push_back(s.given > 0);
            if (s.given > 0) {
                load.sequences += 1;
                load.contextTokens += run.requests[s.number].inputTokens + s.given;
                budget -= 1;
            }
        }
        for (Sequence& s : batch) {
            if (s.given == 0 && budget > 0) {
                part(s);
            }
        }
        while (budget > 0 && !ready.empty() && batch.size() < std::size_t(run.maxBatch)) {
            batch.push_back({ready.front(), 0, 0});
            ready.pop_front();
            part(batch.back());
        }
        const double end = now + model.seconds(load);
        for (Sequence& s : batch) {
            const MeasuredRequest& r = run.requests[s.number];
            if (s.through < r.inputTokens) {
                continue;
            }
            first[s.number] = s.given == 0 ? end : first[s.number];
            if (++s.given == r.outputTokens) {
                out[s.number].ttft = first[s.number] - seen[s.number];
                out[s.number].endToEnd = end - seen[s.number];
                out[s.number].tpot = r.outputTokens > 1 ? (end - first[s.number]) / (r.outputTokens - 1) : NAN;
            }
        }
        std::erase_if(batch, [&](const Sequence& s) { return s.given == run.requests[s.number].outputTokens; });
        ready.insert(ready.end(), taken.begin(), taken.end());
        taken.clear();
        for (; next < total && run.requests[next].arrivalSeconds < end; ++next) {
            seen[next] = end;
            (run.asynchronous ? taken : ready).push_back(next);
        }
        now = end;
    }
    return out;
}

bool near(double a, double b, double tolerance)
{
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance * std::abs(b);
}

} // namespace

class TestRunFit : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aReplayIsTheLoopIterationByIteration_data()
    {
        QTest::addColumn<bool>("asynchronous");
        QTest::addColumn<double>("perSecond");
        QTest::newRow("one ahead, idle in between") << true << 1.0;
        QTest::newRow("one ahead, loaded") << true << 8.0;
        QTest::newRow("one ahead, queue grows") << true << 80.0;
        QTest::newRow("step by step, loaded") << false << 8.0;
        QTest::newRow("step by step, queue grows") << false << 80.0;
    }
    void aReplayIsTheLoopIterationByIteration()
    {
        QFETCH(bool, asynchronous);
        QFETCH(double, perSecond);
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            MeasuredRun run = randomRun(seed, 120, perSecond, 1 + int(seed % 2));
            run.asynchronous = asynchronous;
            const auto fast = replayRun(run, card(), truth(), {});
            QVERIFY2(fast.ok(), fast.ok() ? "" : fast.error().toString().c_str());
            const auto slow = slowly(run, modelOf(run, card(), truth()).value());
            for (std::size_t i = 0; i < slow.size(); ++i) {
                const std::string where = "seed " + std::to_string(seed) + ", request " + std::to_string(i);
                QVERIFY2(near((*fast)[i].ttft, slow[i].ttft, 1e-6), where.c_str());
                QVERIFY2(near((*fast)[i].tpot, slow[i].tpot, 1e-6), where.c_str());
                QVERIFY2(near((*fast)[i].endToEnd, slow[i].endToEnd, 1e-6), where.c_str());
            }
        }
    }

    void whatCannotBeServedIsNotANumber()
    {
        MeasuredRun run = randomRun(1, 4, 1);
        run.requests[1].outputTokens = 0;
        run.requests[2].inputTokens = 1'000'000'000;
        const auto times = replayRun(run, card(), truth(), {});
        QVERIFY(times.ok());
        QVERIFY((*times)[0].ttft > 0 && (*times)[3].ttft > 0);
        QVERIFY(std::isnan((*times)[1].ttft) && std::isnan((*times)[2].endToEnd));
    }

    void serversOnTheirOwnShareTheLoad()
    {
        MeasuredRun run = randomRun(1, 200, 40);
        const auto total = [&run] {
            const std::vector<RequestTimes> times = replayRun(run, card(), truth(), {}).value();
            double sum = 0;
            for (const RequestTimes& t : times) {
                sum += t.endToEnd;
            }
            return sum;
        };
        const double one = total();
        run.servers = 4;
        QVERIFY(total() < one / 2);
    }

    void theToldCacheIsUsed()
    {
        MeasuredRun run = randomRun(1, 10, 1);
        run.kvCacheTokens = 12'345;
        QCOMPARE(modelOf(run, card(), truth()).value().kvCapacityTokens, std::int64_t{12'345});
    }

    void quantilesLieBetweenValues()
    {
        const TimeSummary s = summaryOf({4, 1, 3, 2, 5});
        QCOMPARE(s.mean, 3.0);
        QCOMPARE(s.p50, 3.0);
        QCOMPARE(s.p90, 4.6);
        QVERIFY(std::isnan(summaryOf({}).mean));
    }

    void aFitFindsTheTimesItWasMeasuredWith()
    {
        const std::vector<MeasuredRun> runs{measuredWith(truth(), randomRun(1, 300, 12)),
                                            measuredWith(truth(), randomRun(2, 300, 3, 2))};
        const auto fit = fitRuns(card(), runs, {}, {});
        QVERIFY2(fit.ok(), fit.ok() ? "" : fit.error().toString().c_str());
        for (const MeasuredRun& run : runs) {
            const RunComparison c = compareRun(run, replayRun(run, card(), fit->efficiency, {}).value());
            for (const RunQuantity* q : {&c.ttft, &c.tpot}) {
                QVERIFY2(std::abs(q->meanError()) < 0.01, std::to_string(q->meanError()).c_str());
            }
            QVERIFY2(std::abs(c.tpot.p99Error()) < 0.02, std::to_string(c.tpot.p99Error()).c_str());
        }
        // Far from where it began.
        const RunComparison before =
            compareRun(runs[0], replayRun(runs[0], card(), likelyEfficiency(card(), Precision::Bf16), {}).value());
        QVERIFY(std::abs(before.tpot.meanError()) > 0.1);
        QVERIFY(fitRuns(card(), runs, {}, {}).value().efficiency.computeRatio == fit->efficiency.computeRatio);
    }

    void whatNoRunTellsStaysLikely()
    {
        const std::vector<MeasuredRun> runs{measuredWith(truth(), randomRun(1, 200, 8))};
        const Efficiency likely = likelyEfficiency(card(), Precision::Bf16);
        const Efficiency fitted = fitRuns(card(), runs, {}, {}).value().efficiency;
        QVERIFY(near(fitted.interconnectRatio, likely.interconnectRatio, 1e-12));
        QVERIFY(near(fitted.allReduceLatencySeconds, likely.allReduceLatencySeconds, 1e-12));
        QVERIFY(!near(fitted.bandwidthRatio, likely.bandwidthRatio, 1e-3));
    }

    void memoryFollowsTheToldCache()
    {
        MeasuredRun run = randomRun(1, 100, 8);
        run.kvCacheTokens = 100'000;
        run.memoryRatio = 0.92;
        run = measuredWith(truth(), run);
        const Efficiency fitted = fitRuns(card(), std::span(&run, 1), {}, {}).value().efficiency;
        QCOMPARE(fitted.memoryRatio, 0.92);
        run.kvCacheTokens.reset();
        QVERIFY(near(double(modelOf(run, card(), fitted).value().kvCapacityTokens), 100'000, 1e-4));
    }

    void oneRequestIsEnough()
    {
        const MeasuredRun run = measuredWith(truth(), randomRun(1, 1, 1));
        QVERIFY(fitRuns(card(), std::span(&run, 1), {}, {}).ok());
    }

    void refusals()
    {
        MeasuredRun unmeasured = randomRun(1, 10, 1);
        for (MeasuredRequest& r : unmeasured.requests) {
            r.measured = {NAN, NAN, NAN};
        }
        QVERIFY(fitRuns(card(), std::span(&unmeasured, 1), {}, {}).error().message.find("first token") !=
                std::string::npos);
        QVERIFY(!fitRuns(card(), {}, {}, {}).ok());
        std::vector<MeasuredRun> mixed(2, measuredWith(truth(), randomRun(1, 10, 1)));
        mixed[1].precision = Precision::Fp8;
        QVERIFY(fitRuns(card(), mixed, {}, {}).error().message.find("fp8") != std::string::npos);
        std::stop_source stop;
        stop.request_stop();
        QVERIFY(fitRuns(card(), std::span(mixed).first(1), {}, JobContext{stop.get_token(), {}}).error().code ==
                ErrorCode::Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestRunFit)
#include "tst_run_fit.moc"

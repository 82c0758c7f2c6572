// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/closed_loop.h"

#include <QTest>

#include <cmath>
#include <deque>
#include <vector>

using namespace isobar;
using namespace isobar::serving;

namespace {

IterationModel model()
{
    IterationModel m;
    m.fixedSeconds = 5e-3;
    m.perSequenceSeconds = 1e-5;
    m.perContextTokenSeconds = 2e-8;
    m.denseWeightSeconds = 1e-2;
    m.perTokenComputeSeconds = 3e-5;
    m.perPrefillTokenSquaredSeconds = 1e-10;
    return m;
}

struct Means {
    double ttft = 0, tpot = 0;
};

/// The same loop told slowly: an actual clock, one iteration after another, every sequence on its own. Lengths fixed.
Means slowly(const BenchmarkRun& run, const SchedulerRules& rules, const IterationModel& m)
{
    struct Request {
        double sent = 0, prefilled = 0, context = 0, left = 0, first = -1;
    };
    std::deque<Request> waiting;
    std::vector<Request> admitted;
    const double requests = run.clients * run.requestsPerClient;
    double left = requests, now = 0, ttft = 0, tpot = 0;
    const auto send = [&] {
        if (left > 0) {
            --left;
            waiting.push_back({.sent = now});
        }
    };
    for (double i = 0; i < run.clients; ++i) {
        send();
    }
    while (!waiting.empty() || !admitted.empty()) {
        IterationLoad load;
        double decoding = 0;
        for (const Request& r : admitted) {
            decoding += r.first >= 0 ? 1 : 0;
        }
        double budget = rules.tokenBudget - (rules.mixesPrompts ? decoding : 0);
        const double needs = run.inputTokens + rules.reservedOutputRatio * run.outputTokens;
        while (!waiting.empty()) {
            double unread = 0;
            for (const Request& r : admitted) {
                unread += run.inputTokens - r.prefilled;
            }
            if (unread >= budget || (!admitted.empty() && needs * double(admitted.size() + 1) > run.kvCapacityTokens)) {
                break;
            }
            admitted.push_back(waiting.front());
            waiting.pop_front();
        }
        std::vector<std::size_t> begun;
        for (std::size_t i = 0; i < admitted.size() && budget > 0; ++i) {
            Request& r = admitted[i];
            const double part = std::min(budget, run.inputTokens - r.prefilled);
            if (part > 0) {
                const double end = r.prefilled + part;
                load.prompts += 1;
                load.promptTokens += part;
                load.promptTokensSquared += end * end - r.prefilled * r.prefilled;
                r.prefilled = end;
                budget -= part;
                if (end >= run.inputTokens) {
                    begun.push_back(i);
                }
            }
        }
        const bool decodes = rules.mixesPrompts || load.prompts == 0;
        if (decodes) {
            for (const Request& r : admitted) {
                load.sequences += r.first >= 0 ? 1 : 0;
                load.contextTokens += r.first >= 0 ? r.context : 0;
            }
        }
        now += m.seconds(load);
        std::vector<Request> still;
        for (std::size_t i = 0; i < admitted.size(); ++i) {
            Request r = admitted[i];
            if (std::find(begun.begin(), begun.end(), i) != begun.end()) {
                r.first = now;
                r.context = run.inputTokens;
                r.left = run.outputTokens - 1;
                ttft += now - r.sent;
            } else if (r.first >= 0 && decodes) {
                r.context += 1;
                r.left -= 1;
                if (r.left == 0) {
                    tpot += (now - r.first) / (run.outputTokens - 1);
                    send();
                    continue;
                }
            }
            still.push_back(r);
        }
        admitted = still;
    }
    return {ttft / requests, tpot / requests};
}

} // namespace

class ClosedLoopTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void agreesWithAClock_data()
    {
        QTest::addColumn<double>("clients");
        QTest::addColumn<double>("input");
        QTest::addColumn<double>("output");
        QTest::addColumn<double>("room");
        QTest::addColumn<bool>("mixes");
        QTest::newRow("alone") << 1.0 << 700.0 << 40.0 << 1e9 << true;
        QTest::newRow("a few") << 7.0 << 700.0 << 90.0 << 1e9 << true;
        QTest::newRow("prompts longer than the budget") << 5.0 << 5000.0 << 60.0 << 1e9 << true;
        QTest::newRow("many, prompts apart") << 40.0 << 900.0 << 120.0 << 1e9 << false;
        QTest::newRow("waiting for memory") << 12.0 << 1000.0 << 100.0 << 5600.0 << true;
        QTest::newRow("a request that is too long runs alone") << 3.0 << 1000.0 << 100.0 << 500.0 << true;
    }
    void agreesWithAClock()
    {
        QFETCH(double, clients);
        QFETCH(double, input);
        QFETCH(double, output);
        QFETCH(double, room);
        QFETCH(bool, mixes);
        const BenchmarkRun run{clients, 4, input, output, 1, room};
        const SchedulerRules rules{2048, mixes, 1};
        const IterationModel m = model();
        const IterationMix mix = runClosedLoop(run, rules);
        const Means expected = slowly(run, rules, m);
        // Loads of nearly the same size are put together: exact where times are linear in them.
        QVERIFY2(std::abs(secondsOf(mix.tpot, m) / expected.tpot - 1) < 0.01,
                 qPrintable(QStringLiteral("%1, expected %2").arg(secondsOf(mix.tpot, m)).arg(expected.tpot)));
        QVERIFY2(std::abs(secondsOf(mix.ttft, m) / expected.ttft - 1) < 0.01,
                 qPrintable(QStringLiteral("%1, expected %2").arg(secondsOf(mix.ttft, m)).arg(expected.ttft)));
        QCOMPARE(mix.meanInputTokens, input);
        QCOMPARE(mix.meanOutputTokens, output);
    }

    void lengthsLieBetweenTheirBounds()
    {
        const IterationMix mix = runClosedLoop({50, 20, 1000, 400, 0.8, 1e9}, {});
        QVERIFY(std::abs(mix.meanInputTokens - 900) < 10);
        QVERIFY(std::abs(mix.meanOutputTokens - 360) < 4);
        double steps = 0;
        for (const WeightedLoad& l : mix.tpot) {
            steps += l.weight;
        }
        QVERIFY(std::abs(steps - 1) < 1e-9); // one iteration a token where prompts run beside
    }

    void enginesAreToldApart()
    {
        QVERIFY(schedulerRules("vllm").mixesPrompts);
        QVERIFY(!schedulerRules("SGLang").mixesPrompts);
        QCOMPARE(schedulerRules("trtllm").reservedOutputRatio, 1.0);
        QVERIFY(schedulerRules("an engine nobody knows").tokenBudget > 0);
    }
};

QTEST_GUILESS_MAIN(ClosedLoopTest)
#include "tst_closed_loop.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/timeline.h"

#include <QTest>

#include <cmath>
#include <numeric>
#include <random>

using namespace isobar;
using replay::Timeline;
using serving::Outcome;

namespace {

Outcome served(double arrival, double start, double first, double finish, std::uint32_t outputTokens)
{
    Outcome outcome;
    outcome.inputTokens = 10, outcome.outputTokens = outputTokens;
    outcome.arrivalSeconds = arrival, outcome.startSeconds = start;
    outcome.firstTokenSeconds = first, outcome.finishSeconds = finish;
    return outcome;
}

std::vector<Outcome> randomOutcomes(std::uint64_t seed, double span, int count)
{
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> unit(0, 1);
    std::vector<Outcome> all;
    for (int i = 0; i < count; ++i) {
        const double arrival = unit(random) * span;
        const double start = arrival + (i % 3 == 0 ? 0 : unit(random) * span / 50);
        const double first = start + unit(random) * span / 500;
        const auto tokens = static_cast<std::uint32_t>(1 + random() % 300);
        all.push_back(served(arrival, start, first, tokens == 1 ? first : first + unit(random) * span / 20, tokens));
        if (i % 17 == 0) {
            all.back().refusal = serving::Refusal::TooLong;
            all.back().startSeconds = all.back().firstTokenSeconds = all.back().finishSeconds = NAN;
        }
    }
    return all;
}

double overlap(double begin, double end, double from, double to)
{
    return std::max(0.0, std::min(end, to) - std::max(begin, from));
}

double sum(const std::vector<double>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0);
}

} // namespace

/// The course over time against counting every stretch by itself, and what must be conserved.
class TestTimeline : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void agreesWithASlowCount_data()
    {
        QTest::addColumn<double>("expected");
        QTest::newRow("as long as expected") << 1100.0;
        QTest::newRow("ten times longer than expected") << 110.0;
        QTest::newRow("a million times longer") << 0.0011;
        QTest::newRow("nothing expected") << 0.0;
    }
    void agreesWithASlowCount()
    {
        QFETCH(double, expected);
        const std::vector<Outcome> outcomes = randomOutcomes(7, 1000, 4000);
        Timeline timeline(expected);
        for (const Outcome& outcome : outcomes) {
            timeline(outcome);
        }
        const Timeline::Curves curves = timeline.curves();
        const double width = curves.stretchSeconds;
        QVERIFY(curves.running.size() <= Timeline::kStretches);
        QVERIFY(curves.running.size() > Timeline::kStretches / 3);
        for (std::size_t i = 0; i < curves.running.size(); ++i) {
            const double from = static_cast<double>(i) * width, to = from + width;
            double waiting = 0, running = 0, arrivals = 0;
            for (const Outcome& o : outcomes) {
                arrivals += o.arrivalSeconds >= from && o.arrivalSeconds < to ? 1 : 0;
                if (o.completed()) {
                    waiting += overlap(o.arrivalSeconds, o.startSeconds, from, to);
                    running += overlap(o.startSeconds, o.finishSeconds, from, to);
                }
            }
            QVERIFY(std::abs(curves.waiting[i] - waiting / width) < 1e-6);
            QVERIFY(std::abs(curves.running[i] - running / width) < 1e-6);
            QVERIFY(std::abs(curves.arrivalsPerSecond[i] - arrivals / width) < 1e-6);
        }
    }

    void nothingIsLost()
    {
        const std::vector<Outcome> outcomes = randomOutcomes(8, 5000, 3000);
        Timeline timeline(100);
        double stayed = 0, tokens = 0;
        for (const Outcome& o : outcomes) {
            timeline(o);
            stayed += o.completed() ? o.endToEndSeconds() : 0;
            tokens += o.completed() ? o.outputTokens : 0;
        }
        const Timeline::Curves curves = timeline.curves();
        const double width = curves.stretchSeconds;
        QVERIFY(std::abs((sum(curves.waiting) + sum(curves.running)) * width / stayed - 1) < 1e-9); // Little's law
        QVERIFY(std::abs(sum(curves.outputTokensPerSecond) * width / tokens - 1) < 1e-9);
        QVERIFY(std::abs(sum(curves.arrivalsPerSecond) * width - static_cast<double>(outcomes.size())) < 1e-6);
    }

    void whatIsStillInFlightWaits()
    {
        Timeline timeline(10);
        timeline(served(0, 0, 1, 4, 10));
        timeline.unfinished(2, 4);
        timeline.unfinished(3, 4);
        const Timeline::Curves curves = timeline.curves();
        QVERIFY(std::abs(sum(curves.waiting) * curves.stretchSeconds - 3) < 1e-9);
        QVERIFY(std::abs(sum(curves.running) * curves.stretchSeconds - 4) < 1e-9);
        QVERIFY(std::abs(sum(curves.arrivalsPerSecond) * curves.stretchSeconds - 3) < 1e-9);
    }

    void oneRequestOfOneToken()
    {
        Timeline timeline(0);
        timeline(served(0, 0, 0.5, 0.5, 1));
        const Timeline::Curves curves = timeline.curves();
        QVERIFY(std::abs(sum(curves.outputTokensPerSecond) * curves.stretchSeconds - 1) < 1e-12);
        QCOMPARE(sum(curves.waiting), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestTimeline)
#include "tst_timeline.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/random.h"
#include "model/serving/replay.h"
#include "tests/model/serving/statistics.h"

#include <QTest>
#include <cstdio>
#include <stdexcept>
#include <string>

/// Queues made of replicas, run to means with confidence intervals, and compared with exact values.
namespace isobar::serving::test {

using engine::Random;

// Sanitizers and builds without optimization take ten to fifty times as long. They run a hundredth of the jobs and only
// ask whether the intervals, then wide, hold the exact value.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr bool kFullLength = false;
#else
constexpr bool kFullLength = true;
#endif

/// Service times of mean 1 as whole tokens: `tokens` of them on average, `tokenSeconds` each.
struct ServiceLaw {
    enum class Shape { Constant, Exponential, Hyperexponential, LogNormal };
    Shape shape = Shape::Exponential;
    double cv2 = 1;      ///< squared coefficient of variation; given for the last two shapes
    double tokens = 1e6; ///< rounding up to a whole one changes the second moment by 1 / tokens^2 at most

    /// Rounding up adds half a token to a smooth law's mean.
    [[nodiscard]] double tokenSeconds() const { return 1 / (shape == Shape::Constant ? tokens : tokens + 0.5); }
    [[nodiscard]] std::uint32_t draw(Random& random) const
    {
        double size = 1;
        switch (shape) {
        case Shape::Constant:
            return static_cast<std::uint32_t>(tokens);
        case Shape::Exponential:
            size = random.exponential();
            break;
        case Shape::Hyperexponential: {
            // Two exponentials with equal shares of the work.
            const double first = (1 + std::sqrt((cv2 - 1) / (cv2 + 1))) / 2;
            size = random.exponential() / (2 * (random.uniform() < first ? first : 1 - first));
            break;
        }
        case Shape::LogNormal: {
            const double variance = std::log(1 + cv2);
            size = std::exp(std::sqrt(variance) * random.normal() - variance / 2);
            break;
        }
        }
        return static_cast<std::uint32_t>(std::ceil(std::max(size * tokens, 1e-9)));
    }
};

/// A replica that is a queue: every iteration takes `tokenSeconds`, whatever is in it, for up to `servers` sequences.
inline IterationModel serversModel(double tokenSeconds, int servers)
{
    IterationModel m;
    m.fixedSeconds = tokenSeconds;
    m.maxBatch = servers;
    m.kvCapacityTokens = std::int64_t{1} << 42;
    return m;
}

/// A replica that shares one processor evenly: an iteration takes `tokenSeconds` a sequence.
inline IterationModel sharingModel(double tokenSeconds)
{
    IterationModel m;
    m.perTokenComputeSeconds = tokenSeconds;
    m.maxBatch = 4096;
    m.kvCapacityTokens = std::int64_t{1} << 42;
    return m;
}

/// The wait in a queue with one server, by Lindley's recursion: a control variate, as its mean is known.
class Lindley {
public:
    /// The wait of the one that arrives `gap` after the last.
    double arrive(double gap, double service)
    {
        const double wait = std::max(0.0, m_work - gap);
        m_work = wait + service;
        return wait;
    }

private:
    double m_work = 0;
};

/// The laws every run obeys: each request comes out once, with its tokens; the number in flight, integrated over time,
/// is the sum of the stays.
class Conservation {
public:
    explicit Conservation(double seconds)
        : m_flight(seconds / 4096)
    {
    }
    void arrive(double seconds, std::uint32_t tokens)
    {
        m_flight.arrive(seconds);
        ++m_inside;
        m_tokens += tokens;
    }
    void leave(double arrival, double finish, std::uint32_t tokens)
    {
        m_flight.leave(finish);
        --m_inside;
        m_tokens -= tokens;
        m_stay += finish - arrival;
    }
    [[nodiscard]] std::int64_t inside() const { return m_inside; }
    void verify() const
    {
        const FlightIntegral::Total flight = m_flight.total();
        if (m_inside != 0 || m_tokens != 0 || flight.left != 0 || flight.fewest < 0) {
            throw std::runtime_error("requests or tokens were lost or made");
        }
        if (!(std::abs(flight.area - m_stay) <= 1e-9 * m_stay)) {
            throw std::runtime_error("Little's law does not hold");
        }
    }

private:
    FlightIntegral m_flight;
    std::int64_t m_inside = 0, m_tokens = 0;
    double m_stay = 0;
};

/// How many requests a replication has: the first `warmUp` only fill the system.
struct Length {
    std::uint32_t warmUp = 0, counted = 0;
    [[nodiscard]] std::uint32_t all() const { return warmUp + counted; }
};

/// Feeds one replica with `length` requests of one prompt token. `job(random, request)` sets what is not the clock and
/// returns the gap since the last arrival; `arrived(request, accepted)`; `done(completion)`. A request's tag is its
/// number.
template <class Job, class Arrived, class Done>
void feed(const IterationModel& model, std::size_t queueLimit, double requestsPerSecond, Length length, Random& random,
          Job&& job, Arrived&& arrived, Done&& done, const BatchPolicy& policy = {})
{
    const IterationTimes times(model, policy);
    Replica replica(times, queueLimit);
    ReplicaLog log;
    Conservation conservation(length.all() / requestsPerSecond);
    const auto take = [&] {
        for (const Completion& completion : log.completed) {
            conservation.leave(completion.request.arrivalSeconds, completion.finishSeconds,
                               completion.request.outputTokens);
            done(completion);
        }
        log.completed.clear();
        log.started.clear();
    };
    double now = 0;
    for (std::uint32_t number = 0; number < length.all(); ++number) {
        Request request;
        request.tag = number;
        now += job(random, request);
        request.arrivalSeconds = now;
        const bool accepted = replica.enqueue(request, log) == Replica::Admission::Accepted;
        if (accepted) {
            conservation.arrive(now, request.outputTokens);
        }
        take();
        if (conservation.inside() != static_cast<std::int64_t>(replica.inFlight())) {
            throw std::runtime_error("the replica and its log differ in what is in flight");
        }
        arrived(request, accepted);
    }
    replica.advance(std::numeric_limits<double>::max(), log);
    take();
    conservation.verify();
}

/// The same for a group of replicas behind a router. `arrived(number, gap, tokens)`; `done(outcome)`.
template <class Arrived, class Done>
void feedGroup(ReplicaGroup& group, const ServiceLaw& law, double requestsPerSecond, Length length, Random& random,
               Arrived&& arrived, Done&& done)
{
    Conservation conservation(length.all() / requestsPerSecond);
    const auto sink = [&](const Outcome& outcome) {
        conservation.leave(outcome.arrivalSeconds, outcome.finishSeconds, outcome.outputTokens);
        done(outcome);
    };
    double now = 0;
    for (std::uint32_t number = 0; number < length.all(); ++number) {
        const double gap = random.exponential() / requestsPerSecond;
        const std::uint32_t tokens = law.draw(random);
        now += gap;
        conservation.arrive(now, tokens);
        arrived(number, gap, tokens);
        group.arrive(now, 1, tokens, sink);
    }
    group.drain(sink);
    conservation.verify();
}

/// The exact value of one quantity, and what the replicas gave.
struct Comparison {
    std::string law, quantity;
    double exact = 0;
    Estimate measured;
    std::string control; ///< which quantity of known mean steadied the estimate; empty: none
    double requests = 0;
    double biasRatio = 0;         ///< by how much, relative to `exact`, iterations can shift the value at most
    double toleranceRatio = 0.01; ///< that half the 99 % interval must stay below, relative to `exact`
};

/// All comparisons of one program. Each interval holds the exact value at a confidence such that all do together at
/// 99 % (Bonferroni over kFamily); and of the plain 99 % intervals no more miss it than chance explains.
class Comparisons {
public:
    static constexpr double kConfidence = 0.99;
    static constexpr int kFamily = 120; ///< comparisons of all programs together, at most

    void verify(const Comparison& c)
    {
        m_all.push_back(c);
        const double half = c.measured.halfWidth(kConfidence), bias = c.biasRatio * c.exact;
        const double off = std::abs(c.measured.mean - c.exact);
        m_missed += off > half + bias ? 1 : 0;
        const std::string text = line(c);
        QVERIFY2(c.biasRatio < 0.001, text.c_str());
        QVERIFY2(off <= c.measured.halfWidth(1 - (1 - kConfidence) / kFamily) + bias, text.c_str());
        if (kFullLength) {
            QVERIFY2(half < c.toleranceRatio * c.exact, text.c_str());
        }
    }
    /// Prints the table that docs/fidelity.md shows.
    void finish() const
    {
        std::printf("| queue | quantity | exact | measured | 99 %% interval | control | requests |\n"
                    "|---|---|---:|---:|---:|---|---:|\n");
        for (const Comparison& c : m_all) {
            std::printf("%s\n", line(c).c_str());
        }
        std::printf("%d of %zu intervals miss the exact value\n", m_missed, m_all.size());
        std::fflush(stdout);
        QVERIFY(m_all.size() <= kFamily / 2); // two programs
        QVERIFY(m_missed <= mostMisses(m_all.size()));
    }

private:
    static std::string line(const Comparison& c)
    {
        char text[400];
        std::snprintf(text, sizeof text, "| %s | %s | %.6g | %.6g | ± %.2f %% | %s | %.3g M |", c.law.c_str(),
                      c.quantity.c_str(), c.exact, c.measured.mean, 100 * c.measured.halfWidth(kConfidence) / c.exact,
                      c.control.c_str(), c.requests / 1e6);
        return text;
    }
    /// The smallest m with P(Binomial(n, 1 %) > m) < 0.1 %.
    static int mostMisses(std::size_t n)
    {
        double term = std::pow(kConfidence, double(n)), inside = term;
        int m = 0;
        for (; inside < 0.999; ++m) {
            term *= (double(n) - m) / (m + 1) * (1 - kConfidence) / kConfidence;
            inside += term;
        }
        return m;
    }
    std::vector<Comparison> m_all;
    int m_missed = 0;
};

/// Replications 0, 1, 2, … each have a stream of their own, of the seed: 1, or ISOBAR_ORACLE_SEED's.
inline Random replicationRandom(std::uint64_t experiment, std::uint64_t replication)
{
    static const std::uint64_t seed = std::max(1, qEnvironmentVariableIntValue("ISOBAR_ORACLE_SEED"));
    return Random(seed, experiment, replication);
}

constexpr int kReplications = 40;

/// `requests` in all counted, over kReplications, each after `warmUp`.
inline Length lengthOf(double requests, std::uint32_t warmUp)
{
    const double counted = requests / kReplications / (kFullLength ? 1 : 100);
    return {warmUp, static_cast<std::uint32_t>(counted)};
}

} // namespace isobar::serving::test

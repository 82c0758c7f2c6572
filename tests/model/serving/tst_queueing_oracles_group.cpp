// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/model/serving/exact_queues.h"
#include "tests/model/serving/queueing_oracle.h"

using namespace isobar;
using namespace isobar::serving;
using namespace isobar::serving::test;
using Shape = ServiceLaw::Shape;

namespace {

/// A group of `replicas` with one server each. The law's token is the iteration.
ReplicaGroup groupOf(const ServiceLaw& law, const GroupOptions& options)
{
    auto group = ReplicaGroup::create(serversModel(law.tokenSeconds(), 1), options);
    if (!group.ok()) {
        throw std::runtime_error(group.error().toString());
    }
    return std::move(*group);
}

} // namespace

/// Groups of replicas behind a router, as queues with a known answer. Each replica is a server with exponential
/// service.
class TestQueueingOraclesGroup : public QObject {
    Q_OBJECT
    Comparisons m_comparisons;

private Q_SLOTS:
    void cleanupTestCase() { m_comparisons.finish(); }

    // Each arrival to the shortest queue, and each in turn: few replicas, whose exact values are known.
    void fewReplicas_data()
    {
        QTest::addColumn<int>("policy");
        QTest::addColumn<int>("replicas");
        QTest::addColumn<double>("load");
        QTest::addColumn<double>("exactStay");
        QTest::addColumn<double>("requests");
        constexpr int kShortest = int(RouterPolicy::LeastInFlight), kTurn = int(RouterPolicy::RoundRobin);
        // Two queues by the balance equations of exact_queues.h, which gives the first two of these; three and four by
        // the same on more dimensions.
        QTest::newRow("shortest of 2, load 0.5") << kShortest << 2 << 0.5 << 1.426321 << 2e6;
        QTest::newRow("shortest of 2, load 0.8") << kShortest << 2 << 0.8 << 2.955737 << 2e6;
        QTest::newRow("shortest of 2, load 0.9") << kShortest << 2 << 0.9 << 5.474912 << 2e6;
        QTest::newRow("shortest of 3, load 0.5") << kShortest << 3 << 0.5 << 1.244836 << 2e6;
        QTest::newRow("shortest of 3, load 0.8") << kShortest << 3 << 0.8 << 2.285548 << 2e6;
        QTest::newRow("shortest of 3, load 0.9") << kShortest << 3 << 0.9 << 3.981924 << 2e6;
        QTest::newRow("shortest of 4, load 0.5") << kShortest << 4 << 0.5 << 1.158151 << 2e6;
        QTest::newRow("shortest of 4, load 0.8") << kShortest << 4 << 0.8 << 1.953134 << 2e6;
        QTest::newRow("shortest of 4, load 0.9") << kShortest << 4 << 0.9 << 3.235058 << 2e6;
        for (const int replicas : {2, 4}) {
            QTest::addRow("%d in turn, load 0.9", replicas)
                << kTurn << replicas << 0.9 << 1 + roundRobinMeanWait(replicas, 0.9) << 12e6;
        }
    }
    void fewReplicas()
    {
        QFETCH(int, policy);
        QFETCH(int, replicas);
        QFETCH(double, load);
        QFETCH(double, exactStay);
        QFETCH(double, requests);
        const ServiceLaw law{Shape::Exponential, 1, 1e6};
        const double tick = law.tokenSeconds(), fastWait = load / (1 - load) / replicas;
        Replications stays({fastWait, 1 / (load * replicas), 1});
        const Length length =
            lengthOf(requests, static_cast<std::uint32_t>(200 * replicas / ((1 - load) * (1 - load))));
        for (int replication = 0; replication < kReplications; ++replication) {
            const auto number = std::uint64_t(replication);
            Random random = replicationRandom(experiment(), number);
            ReplicaGroup group = groupOf(law, {std::size_t(replicas), static_cast<RouterPolicy>(policy), number});
            Lindley fast;
            double stay = 0, fastWaits = 0, gaps = 0, service = 0;
            feedGroup(
                group, law, load * replicas, length, random,
                [&](std::uint32_t arrival, double gap, std::uint32_t tokens) {
                    const double w = fast.arrive(gap, tokens * tick / replicas);
                    if (arrival >= length.warmUp) {
                        fastWaits += w;
                        gaps += gap;
                        service += tokens * tick;
                    }
                },
                [&](const Outcome& outcome) {
                    stay += outcome.number >= length.warmUp ? outcome.endToEndSeconds() : 0;
                });
            const double n = length.counted;
            stays.add(stay / n, {fastWaits / n, gaps / n, service / n});
        }
        m_comparisons.verify({QTest::currentDataTag(), "mean stay", exactStay, stays.estimate(),
                              "M/M/1 of all servers' speed; gap, service", double(length.all()) * kReplications,
                              2 / law.tokens});
    }

    void theShorterOfTwoByItsBalanceEquations() { QVERIFY(std::abs(shorterOfTwoMeanStay(0.9, 180) - 5.474912) < 5e-6); }

    // Very many replicas: the fixed point of infinitely many. N differ from it by about load^2 / (2 (1 - load) N)
    // requests each where two are drawn (Gast and Van Houdt, 2017), less where more are.
    void drawnReplicas_data()
    {
        QTest::addColumn<int>("choices");
        QTest::addColumn<double>("load");
        QTest::addColumn<int>("replicas");
        QTest::addColumn<double>("warmUpSeconds");
        QTest::addColumn<double>("batchSeconds");
        QTest::newRow("1 drawn, load 0.9") << 1 << 0.9 << 300 << 4000.0 << 5000.0;
        QTest::newRow("2 drawn, load 0.9") << 2 << 0.9 << 4000 << 100.0 << 60.0;
        QTest::newRow("3 drawn, load 0.9") << 3 << 0.9 << 4000 << 100.0 << 60.0;
        QTest::newRow("5 drawn, load 0.9") << 5 << 0.9 << 4000 << 100.0 << 60.0;
        QTest::newRow("2 drawn, load 0.95") << 2 << 0.95 << 4000 << 200.0 << 100.0;
        QTest::newRow("2 drawn, load 0.99") << 2 << 0.99 << 10'000 << 700.0 << 160.0;
    }
    void drawnReplicas()
    {
        QFETCH(int, choices);
        QFETCH(double, load);
        QFETCH(int, replicas);
        QFETCH(double, warmUpSeconds);
        QFETCH(double, batchSeconds);
        constexpr std::uint32_t kBatches = 20; // of one run: to fill as many systems anew would take longer
        const ServiceLaw law{Shape::Exponential, 1, 1e6};
        const double rate = load * replicas, exact = powerOfDMeanStay(choices, load);
        // The controls: by how much service exceeded gaps in each half of a batch and in the half before it.
        const auto half = static_cast<std::uint32_t>(batchSeconds * rate / 2 / (kFullLength ? 1 : 100));
        const Length length{static_cast<std::uint32_t>(warmUpSeconds * rate), 2 * half * kBatches};
        const std::uint32_t first = length.warmUp - half;
        std::vector<double> excess(2 * kBatches + 1), stay(kBatches);
        Random random = replicationRandom(experiment(), 0);
        ReplicaGroup group = groupOf(law, {std::size_t(replicas), RouterPolicy::PowerOfD, 1, std::size_t(choices)});
        feedGroup(
            group, law, rate, length, random,
            [&](std::uint32_t arrival, double gap, std::uint32_t tokens) {
                if (arrival >= first) {
                    excess[(arrival - first) / half] += tokens * law.tokenSeconds() - gap * rate;
                }
            },
            [&](const Outcome& outcome) {
                if (outcome.number >= length.warmUp) {
                    stay[(outcome.number - length.warmUp) / (2 * half)] += outcome.endToEndSeconds();
                }
            });
        Replications stays({0, 0, 0});
        for (std::size_t i = 0; i < kBatches; ++i) {
            stays.add(stay[i] / (2 * half), {excess[2 * i] / half, excess[2 * i + 1] / half, excess[2 * i + 2] / half});
        }
        const double bias = choices == 1 ? 0 : load * load / (2 * (1 - load) * replicas) / (load * exact);
        m_comparisons.verify({std::string(QTest::currentDataTag()) + ", " + std::to_string(replicas) + " replicas",
                              "mean stay", exact, stays.estimate(), "service less gaps", double(length.all()), bias});
    }

private:
    /// A stream for each data row.
    static std::uint64_t experiment() { return qHash(QLatin1String(QTest::currentDataTag()), 0); }
};

QTEST_APPLESS_MAIN(TestQueueingOraclesGroup)
#include "tst_queueing_oracles_group.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replica.h"
#include "tests/model/serving/slow_replica.h"

#include <QTest>
#include <algorithm>
#include <array>
#include <random>

using namespace isobar;
using namespace isobar::serving;
using namespace isobar::serving::test;

namespace {

void byTag(std::vector<Completion>& all)
{
    std::sort(all.begin(), all.end(),
              [](const Completion& a, const Completion& b) { return a.request.tag < b.request.tag; });
}

/// A way to set up a replica; in it, traces that keep it busy do or do not preempt and find prefixes.
struct Regime {
    const char* name;
    bool preempts, hits;
    void (*change)(Random&, IterationModel&, BatchPolicy&);
};

void shrinkCache(Random& random, IterationModel& model)
{
    model.kvCapacityTokens = integer(random, 100, 500);
}

void chunk(Random& random, const IterationModel& model, BatchPolicy& policy)
{
    policy.maxBatchedTokens = model.maxBatch + static_cast<std::int32_t>(integer(random, 0, 100));
}

const std::array kRegimes{
    Regime{"default", true, false, [](Random&, IterationModel&, BatchPolicy&) {}},
    Regime{"room for all", false, false,
           [](Random&, IterationModel& model, BatchPolicy&) { model.kvCapacityTokens = 40'000; }},
    Regime{"one whole prompt an iteration", false, false,
           [](Random&, IterationModel& model, BatchPolicy& policy) {
               model.kvCapacityTokens /= 4;
               policy = {.maxBatchedTokens = 0, .kvBlockTokens = 1, .admission = BatchPolicy::Admission::Reserve};
           }},
    Regime{"reserved in blocks, chunks", false, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               policy.admission = BatchPolicy::Admission::Reserve;
               policy.kvBlockTokens = static_cast<std::int32_t>(integer(random, 1, 40));
               shrinkCache(random, model);
               chunk(random, model, policy);
           }},
    Regime{"small chunks", true, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) { chunk(random, model, policy); }},
    Regime{"whole prompts, preemption", true, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               policy.maxBatchedTokens = 0;
           }},
    Regime{"preemption storms", true, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               policy.kvBlockTokens = static_cast<std::int32_t>(integer(random, 1, 40));
               chunk(random, model, policy);
           }},
    Regime{"blocks of one token", true, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               policy.kvBlockTokens = 1;
           }},
    Regime{"prefix cache", true, true,
           [](Random& random, IterationModel&, BatchPolicy& policy) {
               policy.prefixBlockTokens = 16 * static_cast<std::int32_t>(integer(random, 1, 2));
           }},
    Regime{"prefix cache, small", true, true,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               chunk(random, model, policy);
               policy.kvBlockTokens = static_cast<std::int32_t>(integer(random, 1, 8));
               policy.prefixBlockTokens = policy.kvBlockTokens * static_cast<std::int32_t>(integer(random, 1, 4));
           }},
    Regime{"prefix cache, whole prompts", true, true,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               policy = {.maxBatchedTokens = 0, .kvBlockTokens = 4, .prefixBlockTokens = 8};
           }},
    Regime{"the urgent take places", true, false,
           [](Random&, IterationModel& model, BatchPolicy& policy) {
               model.kvCapacityTokens = 40'000;
               policy.preemptsLessUrgent = true;
           }},
    Regime{"the urgent take places, small cache, chunks", true, false,
           [](Random& random, IterationModel& model, BatchPolicy& policy) {
               shrinkCache(random, model);
               policy.kvBlockTokens = static_cast<std::int32_t>(integer(random, 1, 40));
               chunk(random, model, policy);
               policy.preemptsLessUrgent = true;
           }},
    Regime{"the urgent take places, prefix cache", true, true,
           [](Random& random, IterationModel&, BatchPolicy& policy) {
               policy.maxBatchedTokens = integer(random, 0, 1) == 0 ? 0 : policy.maxBatchedTokens;
               policy.prefixBlockTokens = 16 * static_cast<std::int32_t>(integer(random, 1, 2));
               policy.preemptsLessUrgent = true;
           }},
};

} // namespace

class TestReplica : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreesWithTheTokenByTokenReplica_data()
    {
        QTest::addColumn<int>("regime");
        QTest::addColumn<int>("requests");
        QTest::addColumn<int>("rounds");
        for (std::size_t i = 0; i < kRegimes.size(); ++i) {
            const auto row = [&](const char* what, int requests, int rounds) {
                QTest::newRow(
                    qPrintable(QStringLiteral("%1, %2").arg(QLatin1String(kRegimes[i].name), QLatin1String(what))))
                    << static_cast<int>(i) << requests << rounds;
            };
            row("single requests", 1, 100);
            row("a handful", 6, 400);
            row("busy", 60, 120);
            row("long traces", 400, 10);
        }
    }
    void agreesWithTheTokenByTokenReplica()
    {
        QFETCH(int, regime);
        QFETCH(int, requests);
        QFETCH(int, rounds);
        Random random(static_cast<std::uint64_t>(1000 * regime + requests));
        std::size_t rejectedInAll = 0;
        std::int64_t preempted = 0, hits = 0;
        for (int round = 0; round < rounds; ++round) {
            IterationModel model = randomModel(random);
            BatchPolicy policy;
            kRegimes[static_cast<std::size_t>(regime)].change(random, model, policy);
            // Every fifth is a loss system: nothing waits.
            const auto limit = static_cast<std::size_t>(round % 5 == 4 ? 0 : 4 * model.maxBatch);
            const std::vector<HashedRequest> trace =
                randomHashes(random, randomTrace(random, requests),
                             policy.prefixBlockTokens > 0 ? std::uint32_t(policy.prefixBlockTokens) : 32);

            std::vector<std::uint32_t> slowRejected, fastRejected;
            SlowReplica reference(model, limit, policy);
            std::vector<Completion> slow = reference.run(trace, slowRejected);

            const IterationTimes times(model, policy);
            Replica replica(times, limit);
            ReplicaLog log, aside;
            for (const HashedRequest& hashed : trace) {
                // Time cut anywhere must not matter.
                replica.advance(hashed.request.arrivalSeconds - uniform(random, 0, 1), log);
                if (replica.enqueue(hashed.request, log, hashed.hashes) != Replica::Admission::Accepted) {
                    fastRejected.push_back(hashed.request.tag);
                }
                QVERIFY(replica.running() <= std::size_t(model.maxBatch));
                QVERIFY(replica.heldBlocks() <= times.kvBlocks());
                if (integer(random, 0, 15) == 0) { // nor must copies
                    const Replica copy = replica;
                    QCOMPARE(copy.hash(0), replica.hash(0));
                    replica.advance(1e9, aside);
                    replica = copy;
                }
            }
            replica.advance(1e9, log);
            QVERIFY(slowRejected == fastRejected);
            rejectedInAll += fastRejected.size();
            QCOMPARE(log.completed.size(), slow.size());
            QCOMPARE(log.started.size(), slow.size());
            QCOMPARE(log.preemptions, reference.preemptions);
            byTag(slow);
            byTag(log.completed);
            for (std::size_t i = 0; i < slow.size(); ++i) {
                QCOMPARE(log.completed[i].request.tag, slow[i].request.tag);
                QVERIFY(close(log.completed[i].startSeconds, slow[i].startSeconds));
                QVERIFY(close(log.completed[i].firstTokenSeconds, slow[i].firstTokenSeconds));
                QVERIFY(close(log.completed[i].finishSeconds, slow[i].finishSeconds));
                QCOMPARE(log.completed[i].prefixHitTokens, slow[i].prefixHitTokens);
                hits += slow[i].prefixHitTokens;
            }
            preempted += log.preemptions;
            QCOMPARE(replica.inFlight(), std::size_t{0});
            QCOMPARE(replica.heldBlocks(), 0);
            QCOMPARE(reference.freeAtTheEnd, times.kvBlocks());
            QCOMPARE(replica.nextEventSeconds(), Replica::kNever);
        }
        // The traces do reach what the regime is about.
        QVERIFY(requests < 60 || rejectedInAll > 0);
        QVERIFY(requests < 60 || (preempted > 0) == kRegimes[static_cast<std::size_t>(regime)].preempts);
        QVERIFY(requests < 60 || (hits > 0) == kRegimes[static_cast<std::size_t>(regime)].hits);
    }

    void prefilledElsewhereAgreesToo()
    {
        Random random(99);
        std::int64_t preempted = 0;
        for (int round = 0; round < 300; ++round) {
            const IterationModel model = randomModel(random);
            std::vector<HashedRequest> trace;
            for (const Request& request : randomTrace(random, 60)) {
                trace.push_back({request});
                if (request.outputTokens > 1 && integer(random, 0, 2) > 0) {
                    trace.back().firstTokenSeconds = request.arrivalSeconds * 0.99;
                }
            }
            std::vector<std::uint32_t> rejected;
            SlowReplica reference(model, 1000);
            std::vector<Completion> slow = reference.run(trace, rejected);
            const IterationTimes times(model);
            Replica replica(times, 1000);
            ReplicaLog log;
            for (const HashedRequest& hashed : trace) {
                if (hashed.firstTokenSeconds < 0) {
                    replica.enqueue(hashed.request, log);
                } else {
                    replica.enqueuePrefilled(hashed.request.arrivalSeconds, hashed.request, hashed.firstTokenSeconds,
                                             hashed.firstTokenSeconds, log);
                }
            }
            replica.advance(1e9, log);
            QCOMPARE(log.completed.size(), slow.size());
            byTag(slow);
            byTag(log.completed);
            for (std::size_t i = 0; i < slow.size(); ++i) {
                QVERIFY(close(log.completed[i].firstTokenSeconds, slow[i].firstTokenSeconds));
                QVERIFY(close(log.completed[i].finishSeconds, slow[i].finishSeconds));
            }
            QCOMPARE(log.preemptions, reference.preemptions);
            QCOMPARE(replica.heldBlocks(), 0);
            preempted += log.preemptions;
        }
        QVERIFY(preempted > 0);
    }

    void batchAndCacheAreNeverExceeded()
    {
        Random random(77);
        for (int round = 0; round < 200; ++round) {
            const IterationModel model = randomModel(random);
            const IterationTimes times(model);
            Replica replica(times, 20);
            ReplicaLog log;
            std::size_t accepted = 0;
            for (const Request& request : randomTrace(random, 100)) {
                accepted += replica.enqueue(request, log) == Replica::Admission::Accepted ? 1 : 0;
                QVERIFY(replica.running() <= std::size_t(model.maxBatch));
                // Those that were preempted wait beside the twenty.
                QVERIFY(replica.queued() <= 20 + std::size_t(model.maxBatch));
                QVERIFY(replica.heldBlocks() <= times.kvBlocks());
                QCOMPARE(accepted, log.completed.size() + replica.inFlight());
            }
        }
    }

    void aRequestLongerThanTheCacheIsRefused()
    {
        IterationModel model = constantModel(0.01, 4);
        model.kvCapacityTokens = 100;
        const IterationTimes times(model, {.kvBlockTokens = 1});
        Replica replica(times, 4);
        ReplicaLog log;
        QVERIFY(replica.enqueue({0, 60, 41, 0, 0}, log) == Replica::Admission::TooLong);
        QVERIFY(replica.enqueue({0, 60, 40, 0, 0}, log) == Replica::Admission::Accepted);
    }

    void requestsCanJoinAtTheEndOfTheIteration()
    {
        const IterationTimes times(constantModel(1, 2));
        Replica replica(times, 4);
        ReplicaLog log;
        QCOMPARE(replica.boundaryAfter(3.5), 3.5); // idle
        replica.enqueue({3.5, 1, 5, 0, 0}, log);
        QCOMPARE(replica.boundaryAfter(3.5), 4.5);
        QCOMPARE(replica.boundaryAfter(4.2), 4.5);
        replica.advance(4.5, log);
        QCOMPARE(replica.boundaryAfter(4.5), 5.5); // a boundary belongs to the iteration that starts there
        QCOMPARE(replica.boundaryAfter(7.6), 8.5);
        QCOMPARE(replica.boundaryAfter(8.4), 8.5);
        replica.enqueue({7.6, 1, 1, 1, 0}, log);
        replica.advance(20, log);
        QCOMPARE(log.completed.size(), std::size_t{2});
        QCOMPARE(log.completed[1].startSeconds, 8.5);
    }

    void urgentRequestsOvertakeWaitingOnes()
    {
        const IterationTimes times(constantModel(1, 1));
        Replica replica(times, 10);
        ReplicaLog log;
        replica.enqueue({0.0, 1, 1, 0, 2}, log);
        replica.enqueue({0.1, 1, 1, 1, 2}, log);
        replica.enqueue({0.2, 1, 1, 2, 0}, log);
        replica.advance(10, log);
        QCOMPARE(log.completed.size(), std::size_t{3});
        QCOMPARE(log.completed[1].request.tag, 2u);
        QCOMPARE(log.completed[2].finishSeconds, 3.0);
    }

    void takingTheQueueLeavesTheBatch()
    {
        const IterationTimes times(constantModel(1, 1));
        Replica replica(times, 10);
        ReplicaLog log;
        for (std::uint32_t i = 0; i < 5; ++i) {
            replica.enqueue({0.1 * i, 10, 5, i, 5 - i}, log);
        }
        const std::vector<Request> waiting = replica.takeQueue();
        QCOMPARE(waiting.size(), std::size_t{4});
        QCOMPARE(waiting.front().tag, 4u);
        QCOMPARE(waiting.back().tag, 1u);
        replica.advance(100, log);
        QCOMPARE(log.completed.size(), std::size_t{1});
        QCOMPARE(log.completed[0].finishSeconds, 5.0);
    }

    // One place, constant service: M/D/1, whose mean wait is rho / (2 (1 - rho)) services.
    void waitsOfConstantService_data()
    {
        QTest::addColumn<double>("load");
        QTest::addColumn<double>("expected");
        QTest::newRow("rho 0.5") << 0.5 << 0.5;
        QTest::newRow("rho 0.8") << 0.8 << 2.0;
    }
    void waitsOfConstantService()
    {
        QFETCH(double, load);
        QFETCH(double, expected);
        double sum = 0;
        constexpr int kSeeds = 5;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            sum += meanWait(constantModel(1, 1), load, seed, [](Random&) { return 1u; });
        }
        QVERIFY2(std::abs(sum / kSeeds / expected - 1) < 0.01, qPrintable(QString::number(sum / kSeeds)));
    }

    // Answers of geometric length make service nearly exponential: M/M/1 (Wq = rho / (1 - rho)) and M/M/10.
    void waitsOfExponentialService_data()
    {
        QTest::addColumn<int>("places");
        QTest::addColumn<double>("load");
        QTest::addColumn<double>("expected");
        QTest::newRow("one place, rho 0.8") << 1 << 0.8 << 4.0;
        QTest::newRow("ten places, rho 0.8") << 10 << 0.8 << 0.2045900754;
        QTest::newRow("ten places, rho 0.9") << 10 << 0.9 << 0.6687315241;
    }
    void waitsOfExponentialService()
    {
        QFETCH(int, places);
        QFETCH(double, load);
        QFETCH(double, expected);
        constexpr double kTokens = 2000; // iterations a service: joining at a boundary costs half of one
        double sum = 0;
        constexpr int kSeeds = 8;
        for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
            sum += meanWait(constantModel(1 / kTokens, places), load * places, seed, [](Random& random) {
                return static_cast<std::uint32_t>(
                    std::ceil(std::exponential_distribution<double>(1 / kTokens)(random)));
            });
        }
        QVERIFY2(std::abs(sum / kSeeds / expected - 1) < 0.02, qPrintable(QString::number(sum / kSeeds)));
    }

    void littlesLaw()
    {
        Random random(5);
        IterationModel model = constantModel(0.01, 32);
        model.perContextTokenSeconds = 1e-7;
        model.perTokenComputeSeconds = 1e-5;
        const IterationTimes times(model);
        Replica replica(times, 1000);
        ReplicaLog log;
        double now = 0, last = 0, area = 0;
        for (int i = 0; i < 20'000; ++i) {
            now += std::exponential_distribution<double>(8.0)(random);
            replica.enqueue({now, integer(random, 1, 500), integer(random, 1, 300), 0, 0}, log);
        }
        replica.advance(1e9, log);
        // Area under the number in the system, by its own events.
        std::vector<std::pair<double, int>> changes;
        double stay = 0;
        for (const Completion& c : log.completed) {
            changes.emplace_back(c.request.arrivalSeconds, 1);
            changes.emplace_back(c.finishSeconds, -1);
            stay += c.finishSeconds - c.request.arrivalSeconds;
        }
        std::sort(changes.begin(), changes.end());
        int inside = 0;
        for (const auto& [when, change] : changes) {
            area += inside * (when - last);
            last = when;
            inside += change;
        }
        QCOMPARE(log.completed.size(), std::size_t{20'000});
        QVERIFY(std::abs(area - stay) <= 1e-6 * stay);
    }

private:
    template <class Output>
    static double meanWait(const IterationModel& model, double rate, std::uint64_t seed, Output output)
    {
        Random random(seed);
        const IterationTimes times(model);
        Replica replica(times, 1'000'000);
        ReplicaLog log;
        double now = 0, waits = 0;
        std::size_t counted = 0;
        const auto count = [&] {
            for (const Completion& c : log.completed) {
                waits += c.startSeconds - c.request.arrivalSeconds;
            }
            counted += log.completed.size();
            log.completed.clear();
            log.started.clear();
        };
        for (int i = 0; i < 500'000; ++i) {
            now += std::exponential_distribution<double>(rate)(random);
            replica.enqueue({now, 1, output(random), 0, 0}, log);
            count();
        }
        replica.advance(1e12, log);
        count();
        return waits / double(counted);
    }
};

QTEST_APPLESS_MAIN(TestReplica)
#include "tst_replica.moc"

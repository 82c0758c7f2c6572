// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replica.h"
#include "tests/model/serving/slow_replica.h"

#include <QTest>
#include <algorithm>
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

} // namespace

class TestReplica : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void agreesWithTheTokenByTokenReplica_data()
    {
        QTest::addColumn<int>("requests");
        QTest::addColumn<int>("rounds");
        QTest::newRow("single requests") << 1 << 500;
        QTest::newRow("a handful") << 6 << 1500;
        QTest::newRow("busy") << 60 << 400;
        QTest::newRow("long traces") << 500 << 30;
    }
    void agreesWithTheTokenByTokenReplica()
    {
        QFETCH(int, requests);
        QFETCH(int, rounds);
        Random random(static_cast<std::uint64_t>(requests));
        int rejectedInAll = 0;
        for (int round = 0; round < rounds; ++round) {
            const IterationModel model = randomModel(random);
            const auto limit = static_cast<std::size_t>(4 * model.maxBatch);
            const std::vector<Request> trace = randomTrace(random, requests);

            std::vector<std::uint32_t> slowRejected, fastRejected;
            std::vector<Completion> slow = SlowReplica(model, limit).run(trace, slowRejected);

            const IterationTimes times(model);
            Replica replica(times, limit);
            ReplicaLog log;
            for (const Request& request : trace) {
                // Time cut anywhere must not matter.
                replica.advance(request.arrivalSeconds - uniform(random, 0, 1), log);
                if (replica.enqueue(request, log) != Replica::Admission::Accepted) {
                    fastRejected.push_back(request.tag);
                }
            }
            replica.advance(1e9, log);
            QVERIFY(slowRejected == fastRejected);
            rejectedInAll += static_cast<int>(fastRejected.size());
            QCOMPARE(log.completed.size(), slow.size());
            QCOMPARE(log.started.size(), slow.size());
            byTag(slow);
            byTag(log.completed);
            for (std::size_t i = 0; i < slow.size(); ++i) {
                QCOMPARE(log.completed[i].request.tag, slow[i].request.tag);
                QVERIFY(close(log.completed[i].startSeconds, slow[i].startSeconds));
                QVERIFY(close(log.completed[i].firstTokenSeconds, slow[i].firstTokenSeconds));
                QVERIFY(close(log.completed[i].finishSeconds, slow[i].finishSeconds));
            }
            QCOMPARE(replica.inFlight(), std::size_t{0});
            QCOMPARE(replica.reservedTokens(), 0);
            QCOMPARE(replica.nextEventSeconds(), Replica::kNever);
        }
        QVERIFY(requests < 60 || rejectedInAll > 0); // the traces do reach the limits
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
                QVERIFY(replica.queued() <= 20);
                QVERIFY(replica.reservedTokens() <= model.kvCapacityTokens);
                QCOMPARE(accepted, log.completed.size() + replica.inFlight());
            }
        }
    }

    void aRequestLongerThanTheCacheIsRefused()
    {
        IterationModel model = constantModel(0.01, 4);
        model.kvCapacityTokens = 100;
        const IterationTimes times(model);
        Replica replica(times, 4);
        ReplicaLog log;
        QVERIFY(replica.enqueue({0, 60, 41, 0, 0}, log) == Replica::Admission::TooLong);
        QVERIFY(replica.enqueue({0, 60, 40, 0, 0}, log) == Replica::Admission::Accepted);
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

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"
#include "tests/model/serving/slow_replica.h"

#include <QTest>
#include <array>
#include <map>
#include <numeric>

using namespace isobar;
using namespace isobar::serving;
using namespace isobar::serving::test;

namespace {

std::vector<Outcome> replayAll(const IterationModel& model, const GroupOptions& options,
                               const std::vector<Request>& trace)
{
    auto group = ReplicaGroup::create(model, options);
    std::vector<Outcome> outcomes;
    if (!group.ok()) {
        qWarning("%s", group.error().toString().c_str());
        return outcomes;
    }
    InOrder sink([&](const Outcome& outcome) { outcomes.push_back(outcome); });
    for (const Request& request : trace) {
        group->arrive(request.arrivalSeconds, request.inputTokens, request.outputTokens, sink);
    }
    group->drain(sink);
    if (group->inFlight() != 0 || sink.held() != 0) {
        qWarning("%zu in flight, %zu held", group->inFlight(), sink.held());
        outcomes.clear();
    }
    return outcomes;
}

bool same(double a, double b)
{
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool same(const Outcome& a, const Outcome& b)
{
    return a.number == b.number && a.replica == b.replica && a.refusal == b.refusal &&
           same(a.startSeconds, b.startSeconds) && same(a.firstTokenSeconds, b.firstTokenSeconds) &&
           same(a.finishSeconds, b.finishSeconds);
}

constexpr std::array kPolicies{RouterPolicy::RoundRobin, RouterPolicy::Random, RouterPolicy::LeastInFlight,
                               RouterPolicy::PowerOfTwo, RouterPolicy::PowerOfD};

} // namespace

class TestReplay : public QObject {
    Q_OBJECT

    static void policies()
    {
        QTest::addColumn<int>("policy");
        for (const RouterPolicy policy : kPolicies) {
            QTest::newRow(routerPolicyName(policy)) << static_cast<int>(policy);
        }
    }

private Q_SLOTS:
    void oneReplicaIsTheTokenByTokenReplica()
    {
        Random random(11);
        int refusedInAll = 0;
        for (int round = 0; round < 600; ++round) {
            const IterationModel model = randomModel(random);
            std::vector<Request> trace = randomTrace(random, 40);
            for (Request& request : trace) {
                request.priority = 0; // replays have one class
            }
            std::vector<std::uint32_t> slowRefused;
            std::vector<Completion> slow = SlowReplica(model, 1'000'000).run(trace, slowRefused);
            std::sort(slow.begin(), slow.end(),
                      [](const Completion& a, const Completion& b) { return a.request.tag < b.request.tag; });
            const auto outcomes = replayAll(
                model,
                {.replicas = 1, .router = kPolicies[static_cast<std::size_t>(round) % kPolicies.size()], .seed = 1},
                trace);
            QCOMPARE(outcomes.size(), trace.size());
            auto expected = slow.begin();
            std::vector<std::uint32_t> refused;
            for (const Outcome& outcome : outcomes) {
                if (!outcome.completed()) {
                    refused.push_back(outcome.number);
                    continue;
                }
                QVERIFY(expected != slow.end());
                QCOMPARE(outcome.number, expected->request.tag);
                QVERIFY(close(outcome.startSeconds, expected->startSeconds));
                QVERIFY(close(outcome.firstTokenSeconds, expected->firstTokenSeconds));
                QVERIFY(close(outcome.finishSeconds, expected->finishSeconds));
                ++expected;
            }
            QVERIFY(expected == slow.end());
            QVERIFY(refused == slowRefused);
            refusedInAll += static_cast<int>(refused.size());
        }
        QVERIFY(refusedInAll > 0);
    }

    // Whatever the router chose, each replica must have served what it got as it would have alone.
    void everyReplicaOfAGroupIsOneToo_data() { policies(); }
    void everyReplicaOfAGroupIsOneToo()
    {
        QFETCH(int, policy);
        Random random(12);
        for (int round = 0; round < 100; ++round) {
            const IterationModel model = randomModel(random);
            const std::vector<Request> trace = randomTrace(random, 300);
            const auto outcomes =
                replayAll(model, {.replicas = 3, .router = static_cast<RouterPolicy>(policy), .seed = 9}, trace);
            QCOMPARE(outcomes.size(), trace.size());
            std::map<std::uint32_t, std::vector<Request>> byReplica;
            for (const Outcome& outcome : outcomes) {
                if (outcome.completed()) {
                    QVERIFY(outcome.replica < 3);
                    Request request = trace[outcome.number];
                    request.priority = 0;
                    byReplica[outcome.replica].push_back(request);
                }
            }
            for (const auto& [replica, requests] : byReplica) {
                std::vector<std::uint32_t> refused;
                for (const Completion& done : SlowReplica(model, 1'000'000).run(requests, refused)) {
                    QVERIFY(close(outcomes[done.request.tag].finishSeconds, done.finishSeconds));
                    QVERIFY(close(outcomes[done.request.tag].firstTokenSeconds, done.firstTokenSeconds));
                }
                QVERIFY(refused.empty());
            }
        }
    }

    void requestsTokensAndTimeAreConserved_data() { policies(); }
    void requestsTokensAndTimeAreConserved()
    {
        QFETCH(int, policy);
        Random random(13);
        IterationModel model = constantModel(0.01, 16);
        model.perContextTokenSeconds = 1e-6;
        model.perTokenComputeSeconds = 1e-4;
        model.kvCapacityTokens = 4000;
        std::vector<Request> trace = randomTrace(random, 5000);
        trace[7].inputTokens = 0;
        trace[8].outputTokens = 0;
        trace[9].inputTokens = 4001;
        const auto outcomes =
            replayAll(model, {.replicas = 4, .router = static_cast<RouterPolicy>(policy), .seed = 3}, trace);
        QCOMPARE(outcomes.size(), trace.size());
        QVERIFY(outcomes[7].refusal == Refusal::NoTokens && outcomes[8].refusal == Refusal::NoTokens);
        QVERIFY(outcomes[9].refusal == Refusal::TooLong && std::isnan(outcomes[9].finishSeconds));
        double stay = 0;
        std::vector<std::pair<double, int>> changes;
        std::size_t completed = 0;
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            const Outcome& outcome = outcomes[i];
            QCOMPARE(std::size_t{outcome.number}, i);
            QCOMPARE(outcome.inputTokens, trace[i].inputTokens);
            QCOMPARE(outcome.outputTokens, trace[i].outputTokens);
            QCOMPARE(outcome.arrivalSeconds, trace[i].arrivalSeconds);
            if (!outcome.completed()) {
                continue;
            }
            ++completed;
            QVERIFY(outcome.queueSeconds() >= 0 && outcome.ttftSeconds() > outcome.queueSeconds());
            if (outcome.outputTokens > 1) {
                QVERIFY(outcome.itlSeconds() > 0);
                QVERIFY(close(outcome.ttftSeconds() + outcome.itlSeconds() * (outcome.outputTokens - 1),
                              outcome.endToEndSeconds()));
            } else {
                QVERIFY(std::isnan(outcome.itlSeconds()));
                QCOMPARE(outcome.finishSeconds, outcome.firstTokenSeconds);
            }
            stay += outcome.endToEndSeconds();
            changes.emplace_back(outcome.arrivalSeconds, 1);
            changes.emplace_back(outcome.finishSeconds, -1);
        }
        QCOMPARE(completed, trace.size() - 3);
        // Little's law: the area under the number in the system is the sum of the stays.
        std::sort(changes.begin(), changes.end());
        double area = 0, last = 0;
        int inside = 0;
        for (const auto& [when, change] : changes) {
            area += inside * (when - last);
            last = when;
            inside += change;
        }
        QCOMPARE(inside, 0);
        QVERIFY(std::abs(area - stay) <= 1e-9 * stay);
    }

    void theSameSeedGivesTheSameReplay_data() { policies(); }
    void theSameSeedGivesTheSameReplay()
    {
        QFETCH(int, policy);
        Random random(14);
        const IterationModel model = randomModel(random);
        const std::vector<Request> trace = randomTrace(random, 2000);
        const auto a = replayAll(model, {.replicas = 5, .router = static_cast<RouterPolicy>(policy), .seed = 1}, trace);
        const auto b = replayAll(model, {.replicas = 5, .router = static_cast<RouterPolicy>(policy), .seed = 1}, trace);
        const auto c = replayAll(model, {.replicas = 5, .router = static_cast<RouterPolicy>(policy), .seed = 2}, trace);
        const auto equal = [](const Outcome& x, const Outcome& y) { return same(x, y); };
        QVERIFY(!a.empty() && std::equal(a.begin(), a.end(), b.begin(), b.end(), equal));
        const bool draws = policy == int(RouterPolicy::Random) || policy == int(RouterPolicy::PowerOfTwo) ||
                           policy == int(RouterPolicy::PowerOfD);
        QCOMPARE(std::equal(a.begin(), a.end(), c.begin(), c.end(), equal), !draws);
    }

    void routersChooseAsTheySay()
    {
        std::array<std::size_t, 3> load{2, 1, 1};
        const auto inFlight = [&](std::size_t replica) { return load[replica]; };
        Router turns(RouterPolicy::RoundRobin, 3, 1);
        for (const std::size_t expected : {0u, 1u, 2u, 0u}) {
            QCOMPARE(turns.pick(inFlight), std::size_t{expected});
        }
        Router least(RouterPolicy::LeastInFlight, 3, 1);
        for (const std::size_t expected : {1u, 2u, 1u, 2u}) { // equals in turn
            QCOMPARE(least.pick(inFlight), std::size_t{expected});
        }
        // Of every pair the less loaded: the most loaded of all is never picked, the others about evenly.
        load = {5, 1, 1};
        Router two(RouterPolicy::PowerOfTwo, 3, 1);
        Router any(RouterPolicy::Random, 3, 1);
        std::array<int, 3> picked{}, drawn{};
        for (int i = 0; i < 3000; ++i) {
            ++picked[two.pick(inFlight)];
            ++drawn[any.pick(inFlight)];
        }
        QCOMPARE(picked[0], 0);
        QVERIFY(std::abs(picked[1] - 1500) < 150);
        for (const int count : drawn) {
            QVERIFY(std::abs(count - 1000) < 130); // five standard deviations
        }
        // Of every three of five the least loaded: the two most loaded are never picked.
        std::array<std::size_t, 5> five{1, 9, 2, 8, 1};
        std::array<int, 5> chosen{}, of{};
        Router three(RouterPolicy::PowerOfD, 5, 1, 3), alike(RouterPolicy::PowerOfD, 5, 1, 4);
        for (int i = 0; i < 5000; ++i) {
            ++chosen[three.pick([&](std::size_t replica) { return five[replica]; })];
            ++of[alike.pick([](std::size_t) { return 1; })];
        }
        QCOMPARE(chosen[1] + chosen[3], 0);
        // 2 only when neither 0 nor 4 is drawn, one time in ten; 0 and 4 share the rest.
        QVERIFY(std::abs(chosen[2] - 500) < 110);
        QVERIFY(std::abs(chosen[0] - 2250) < 180);
        for (const int count : of) {
            QVERIFY(std::abs(count - 1000) < 150);
        }
        for (const RouterPolicy policy : kPolicies) {
            Router alone(policy, 1, 1);
            QCOMPARE(alone.pick([](std::size_t) { return std::size_t{3}; }), std::size_t{0});
            QVERIFY(routerPolicyByName(routerPolicyName(policy)) == policy);
            QVERIFY(routerPolicyNames().find(routerPolicyName(policy)) != std::string::npos);
        }
        QVERIFY(!routerPolicyByName("nearest"));
    }

    // Knowing more of the queues makes the wait shorter: nothing, two of them, all of them.
    void betterRoutersWaitLess()
    {
        Random random(15);
        std::vector<Request> trace;
        double now = 0;
        for (int i = 0; i < 200'000; ++i) {
            now += std::exponential_distribution<double>(8 * 0.8)(random); // 8 replicas, load 0.8
            const auto tokens = std::ceil(std::exponential_distribution<double>(1.0 / 1000)(random));
            trace.push_back({now, 1, static_cast<std::uint32_t>(tokens), 0, 0});
        }
        const IterationModel model = constantModel(1e-3, 1);
        const auto meanWait = [&](RouterPolicy policy) {
            double wait = 0;
            for (const Outcome& outcome : replayAll(model, {.replicas = 8, .router = policy, .seed = 4}, trace)) {
                wait += outcome.queueSeconds();
            }
            return wait / double(trace.size());
        };
        const double any = meanWait(RouterPolicy::Random);
        const double two = meanWait(RouterPolicy::PowerOfTwo);
        const double least = meanWait(RouterPolicy::LeastInFlight);
        // Random splitting makes eight M/M/1 queues: rho / (1 - rho) = 4 services.
        QVERIFY2(std::abs(any / 4 - 1) < 0.1, qPrintable(QString::number(any)));
        QVERIFY2(two < 0.5 * any, qPrintable(QString::number(two)));
        QVERIFY2(least < 0.8 * two, qPrintable(QString::number(least)));
    }

    void impossibleGroupsAreErrors()
    {
        const IterationModel good = constantModel(0.01, 4);
        QVERIFY(ReplicaGroup::create(good, {.replicas = 1, .router = RouterPolicy::Random}).ok());
        QVERIFY(!ReplicaGroup::create(good, {.replicas = 0, .router = RouterPolicy::Random}).ok());
        QVERIFY(!ReplicaGroup::create(good, {ReplicaGroup::kMaxReplicas + 1, RouterPolicy::Random, 0}).ok());
        const auto broken = [&](auto change) {
            IterationModel model = good;
            change(model);
            return ReplicaGroup::create(model, {.replicas = 1, .router = RouterPolicy::Random});
        };
        QVERIFY(!broken([](IterationModel& m) { m.maxBatch = 0; }).ok());
        QVERIFY(!broken([](IterationModel& m) { m.fixedSeconds = 0; }).ok());
        QVERIFY(!broken([](IterationModel& m) { m.fixedSeconds = -1; }).ok());
        QVERIFY(!broken([](IterationModel& m) { m.perContextTokenSeconds = -1e-9; }).ok());
        const auto backwards = broken([](IterationModel& m) { m.perTokenComputeSeconds = std::nan(""); });
        QVERIFY(!backwards.ok());
        QVERIFY(backwards.error().code == ErrorCode::InvalidValue && !backwards.error().advice.empty());
    }

    void outcomesComeBackInOrder()
    {
        std::vector<std::uint32_t> numbers(1000), seen;
        std::iota(numbers.begin(), numbers.end(), 0u);
        Random random(16);
        std::shuffle(numbers.begin(), numbers.end(), random);
        InOrder ordered([&](const Outcome& outcome) { seen.push_back(outcome.number); });
        for (const std::uint32_t number : numbers) {
            Outcome outcome;
            outcome.number = number;
            ordered(outcome);
        }
        QCOMPARE(seen.size(), numbers.size());
        QVERIFY(std::is_sorted(seen.begin(), seen.end()));
        QCOMPARE(ordered.held(), std::size_t{0});
    }

    void memoryIsThatOfTheRequestsInFlight()
    {
        // A router that never asks must not leave a quiet replica's outcomes unreported for long.
        auto group = ReplicaGroup::create(constantModel(1e-3, 8), {.replicas = 4, .router = RouterPolicy::RoundRobin});
        QVERIFY(group.ok());
        std::size_t reported = 0, most = 0;
        InOrder sink([&](const Outcome&) { ++reported; });
        for (std::size_t i = 0; i < 20'000; ++i) {
            group->arrive(0.01 * double(i), 10, 5, sink);
            most = std::max(most, i + 1 - reported);
        }
        QVERIFY2(most < 300, qPrintable(QString::number(most)));
        group->drain(sink);
        QCOMPARE(reported, std::size_t{20'000});
    }
};

QTEST_APPLESS_MAIN(TestReplay)
#include "tst_replay.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"
#include "tests/model/serving/slow_replica.h"

#include <QTest>
#include <limits>
#include <map>
#include <set>

using namespace isobar;
using namespace isobar::serving;
using namespace isobar::serving::test;

namespace {

struct Replayed {
    std::map<std::uint32_t, Outcome> outcomes; ///< by number
    std::int64_t preemptions = 0;
    std::size_t left = 0;
    bool once = true; ///< every request had one outcome
};

Replayed replayAll(const IterationModel& model, const GroupOptions& options, const std::vector<HashedRequest>& trace)
{
    Replayed replayed;
    auto group = ReplicaGroup::create(model, options);
    if (!group.ok()) {
        qWarning("%s", group.error().toString().c_str());
        return replayed;
    }
    const auto sink = [&](const Outcome& outcome) {
        replayed.once = replayed.outcomes.emplace(outcome.number, outcome).second && replayed.once;
    };
    for (const auto& [request, hashes, elsewhere] : trace) {
        group->arrive({request.arrivalSeconds, request.inputTokens, request.outputTokens, request.priority, hashes},
                      sink);
    }
    group->drain(sink);
    replayed.left = group->inFlight();
    replayed.preemptions = group->preemptions();
    return replayed;
}

std::vector<HashedRequest> plain(const std::vector<Request>& trace)
{
    std::vector<HashedRequest> all;
    for (const Request& request : trace) {
        all.push_back({request});
    }
    return all;
}

bool served(const IterationModel& model, const Request& request, const BatchPolicy& policy = {})
{
    return std::int64_t{request.inputTokens} + request.outputTokens <=
           model.kvCapacityTokens / policy.kvBlockTokens * policy.kvBlockTokens;
}

} // namespace

/// Layouts of a group beyond equal replicas behind a router: prefill apart, data-parallel ranks, prefixes, tiers.
class TestReplayLayouts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    // Two prefill replicas in turn, three that answer: each of the five must have done what it got as it would alone.
    void prefillApartIsSlowReplicasInARow()
    {
        Random random(21);
        std::int64_t preemptions = 0;
        for (int round = 0; round < 300; ++round) {
            IterationModel model = randomModel(random);
            GroupOptions options{.replicas = 3, .router = RouterPolicy::RoundRobin};
            options.prefill = {.replicas = 2,
                               .kvBytesPerToken = 1000,
                               .linkBytesPerSecond = uniform(random, 1e4, 1e7),
                               .linkLatencySeconds = uniform(random, 0, 0.1)};
            options.policy.maxBatchedTokens = model.maxBatch + static_cast<std::int32_t>(integer(random, 0, 500));
            std::vector<HashedRequest> trace = plain(randomTrace(random, 80));
            if (round % 2 == 0) {
                options.policy.prefixBlockTokens = 32;
                std::vector<Request> bare;
                for (const HashedRequest& hashed : trace) {
                    bare.push_back(hashed.request);
                }
                trace = randomHashes(random, bare, 32);
            }
            const Replayed replayed = replayAll(model, options, trace);
            QVERIFY(replayed.once);
            QCOMPARE(replayed.left, std::size_t{0});
            QCOMPARE(replayed.outcomes.size(), trace.size());

            std::array<std::vector<HashedRequest>, 2> prompts;
            std::size_t turn = 0;
            for (const HashedRequest& hashed : trace) {
                if (served(model, hashed.request)) {
                    prompts[turn++ % 2].push_back(hashed);
                    prompts[(turn - 1) % 2].back().request.outputTokens = 1;
                }
            }
            std::vector<HashedRequest> transfers;
            std::vector<std::uint32_t> rejected;
            for (std::size_t pool = 0; pool < 2; ++pool) {
                SlowReplica slow(model, 1000, options.policy);
                for (const Completion& done : slow.run(prompts[pool], rejected)) {
                    const Outcome& outcome = replayed.outcomes.at(done.request.tag);
                    QVERIFY(close(outcome.startSeconds, done.startSeconds));
                    QVERIFY(close(outcome.firstTokenSeconds, done.finishSeconds));
                    QCOMPARE(outcome.prefixHitTokens, done.prefixHitTokens);
                    Request request = trace[done.request.tag].request;
                    if (request.outputTokens == 1) {
                        QCOMPARE(outcome.finishSeconds, outcome.firstTokenSeconds);
                        QCOMPARE(std::size_t{outcome.replica}, 3 + pool);
                        continue;
                    }
                    request.arrivalSeconds =
                        done.finishSeconds + options.prefill.linkLatencySeconds +
                        request.inputTokens * options.prefill.kvBytesPerToken / options.prefill.linkBytesPerSecond;
                    transfers.push_back({request, {}, done.finishSeconds});
                }
            }
            std::sort(transfers.begin(), transfers.end(), [](const HashedRequest& a, const HashedRequest& b) {
                return a.request.arrivalSeconds < b.request.arrivalSeconds;
            });
            std::array<std::vector<HashedRequest>, 3> answers;
            for (std::size_t i = 0; i < transfers.size(); ++i) {
                QCOMPARE(std::size_t{replayed.outcomes.at(transfers[i].request.tag).replica}, i % 3);
                answers[i % 3].push_back(transfers[i]);
            }
            std::int64_t slowPreemptions = 0;
            for (const std::vector<HashedRequest>& part : answers) {
                SlowReplica slow(model, 1000, options.policy);
                for (const Completion& done : slow.run(part, rejected)) {
                    QVERIFY(close(replayed.outcomes.at(done.request.tag).finishSeconds, done.finishSeconds));
                }
                slowPreemptions += slow.preemptions;
            }
            QVERIFY(rejected.empty());
            QCOMPARE(replayed.preemptions, slowPreemptions); // a prompt alone grows no more
            preemptions += slowPreemptions;
        }
        QVERIFY(preemptions > 0);
    }

    void aFasterLinkDelaysSecondTokensLess()
    {
        IterationModel model = constantModel(0.01, 8);
        const auto itl = [&](double bytesPerSecond) {
            GroupOptions options;
            options.prefill = {.replicas = 1, .kvBytesPerToken = 1e5, .linkBytesPerSecond = bytesPerSecond};
            return replayAll(model, options, {{{0, 1000, 2, 0, 0}}}).outcomes.at(0);
        };
        // First token after one iteration, then 1e8 bytes over the link, then the second token's iteration.
        QVERIFY(close(itl(1e9).firstTokenSeconds, 0.01));
        QVERIFY(close(itl(1e9).finishSeconds, 0.01 + 0.1 + 0.01));
        QVERIFY(close(itl(1e10).finishSeconds, 0.01 + 0.01 + 0.01));
    }

    void dataParallelRanksAreReplicasInOne()
    {
        Random random(22);
        for (int round = 0; round < 200; ++round) {
            const IterationModel model = randomModel(random);
            const std::vector<HashedRequest> trace = plain(randomTrace(random, 150));
            const Replayed replayed =
                replayAll(model, {.replicas = 2, .router = RouterPolicy::RoundRobin, .dataParallel = 3}, trace);
            QVERIFY(replayed.once);
            QCOMPARE(replayed.outcomes.size(), trace.size());
            // The two in turn; within each the rank with the fewest in flight, the first of equals.
            const IterationTimes times(model);
            std::vector<Replica> ranks;
            for (int i = 0; i < 6; ++i) {
                ranks.emplace_back(times, 100'000);
            }
            std::vector<ReplicaLog> logs(6);
            std::size_t turn = 0;
            for (const HashedRequest& hashed : trace) {
                if (!served(model, hashed.request)) {
                    QVERIFY(replayed.outcomes.at(hashed.request.tag).refusal == Refusal::TooLong);
                    continue;
                }
                const std::size_t replica = turn++ % 2;
                std::size_t best = 3 * replica;
                for (std::size_t rank = 3 * replica; rank < 3 * replica + 3; ++rank) {
                    ranks[rank].advance(hashed.request.arrivalSeconds, logs[rank]);
                    best = ranks[rank].inFlight() < ranks[best].inFlight() ? rank : best;
                }
                ranks[best].enqueue(hashed.request, logs[best]);
            }
            for (std::size_t rank = 0; rank < 6; ++rank) {
                ranks[rank].advance(1e9, logs[rank]);
                for (const Completion& done : logs[rank].completed) {
                    const Outcome& outcome = replayed.outcomes.at(done.request.tag);
                    QCOMPARE(std::size_t{outcome.replica}, rank / 3);
                    QVERIFY(close(outcome.finishSeconds, done.finishSeconds));
                }
            }
        }
    }

    void prefixesAndTiersReachTheReplicas()
    {
        Random random(23);
        std::int64_t hits = 0;
        for (int round = 0; round < 100; ++round) {
            const IterationModel model = randomModel(random);
            GroupOptions options;
            options.policy.prefixBlockTokens = 16;
            const std::vector<HashedRequest> trace = randomHashes(random, randomTrace(random, 100), 16);
            const Replayed replayed = replayAll(model, options, trace);
            std::vector<std::uint32_t> rejected;
            SlowReplica slow(model, 100'000, options.policy);
            for (const Completion& done : slow.run(trace, rejected)) {
                const Outcome& outcome = replayed.outcomes.at(done.request.tag);
                QCOMPARE(outcome.prefixHitTokens, done.prefixHitTokens);
                QVERIFY(close(outcome.finishSeconds, done.finishSeconds));
                hits += done.prefixHitTokens;
            }
            QCOMPARE(replayed.preemptions, slow.preemptions);
            QCOMPARE(replayed.outcomes.size(), trace.size());
        }
        QVERIFY(hits > 0);
    }

    void timesThatRunBackwardsAreRefused()
    {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const double infinite = std::numeric_limits<double>::infinity();
        std::vector<HashedRequest> trace;
        for (const double seconds : {-1.0, 5.0, 4.9, nan, infinite, 5.0, 6.0}) {
            trace.push_back({{seconds, 10, 10, 0, 0}});
        }
        for (const std::size_t prefill : {0u, 1u}) {
            GroupOptions options;
            options.prefill.replicas = prefill;
            const Replayed replayed = replayAll(constantModel(0.01, 4), options, trace);
            std::set<std::uint32_t> refused;
            for (const auto& [number, outcome] : replayed.outcomes) {
                if (!outcome.completed()) {
                    QVERIFY(outcome.refusal == Refusal::BadTime);
                    refused.insert(number);
                }
            }
            QCOMPARE(replayed.outcomes.size(), trace.size());
            QVERIFY((refused == std::set<std::uint32_t>{0, 2, 3, 4}));
        }
    }

    void impossibleLayoutsAreErrors()
    {
        const auto broken = [](auto change, IterationModel model = constantModel(0.01, 64)) {
            GroupOptions options;
            change(options, model);
            const auto group = ReplicaGroup::create(model, options);
            return !group.ok() && group.error().code == ErrorCode::InvalidValue && !group.error().advice.empty();
        };
        using Model = IterationModel;
        using Options = GroupOptions;
        QVERIFY(!broken([](Options&, Model&) {}));
        QVERIFY(broken([](Options& o, Model&) { o.dataParallel = 0; }));
        QVERIFY(broken([](Options& o, Model&) { o.dataParallel = o.replicas = 1000; }));
        QVERIFY(broken([](Options& o, Model&) { o.choices = 0; }));
        QVERIFY(broken([](Options& o, Model&) { o.choices = Router::kMaxChoices + 1; }));
        QVERIFY(broken([](Options& o, Model&) { o.policy.maxBatchedTokens = 63; }));
        QVERIFY(broken([](Options& o, Model&) { o.policy.maxBatchedTokens = -1; }));
        QVERIFY(broken([](Options& o, Model&) { o.policy.kvBlockTokens = 0; }));
        QVERIFY(broken([](Options& o, Model&) { o.policy.prefixBlockTokens = 24; }));
        QVERIFY(broken([](Options& o, Model&) {
            o.policy.prefixBlockTokens = 16;
            o.policy.admission = BatchPolicy::Admission::Reserve;
        }));
        QVERIFY(broken([](Options&, Model& m) { m.kvCapacityTokens = 15; }));
        QVERIFY(broken([](Options& o, Model&) { o.prefill = {.replicas = 1, .linkBytesPerSecond = 0}; }));
        QVERIFY(broken([](Options& o, Model&) { o.prefill = {.replicas = 1, .linkLatencySeconds = -1}; }));
        QVERIFY(broken([](Options& o, Model&) { o.prefill = {.replicas = 1, .kvBytesPerToken = -1}; }));
        QVERIFY(broken([](Options& o, Model&) {
            o.prefill.replicas = 1;
            o.policy.admission = BatchPolicy::Admission::Reserve;
        }));
    }
};

QTEST_APPLESS_MAIN(TestReplayLayouts)
#include "tst_replay_layouts.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/crew.h"
#include "model/engine/latency_counts.h"

#include <QTest>
#include <atomic>
#include <map>
#include <random>
#include <thread>

/// What engines are made of that knows nothing of fleets.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;

class TestEngineParts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aCrewDoesEverythingOnce_data()
    {
        QTest::addColumn<int>("threads");
        QTest::newRow("one") << 1;
        QTest::newRow("two") << 2;
        QTest::newRow("more than there are processors") << 9;
    }
    /// Loops of all lengths, right after one another and after pauses in which helpers fall asleep.
    void aCrewDoesEverythingOnce()
    {
        QFETCH(int, threads);
        Crew crew(threads);
        std::vector<int> done(1000); // not atomic: run() returns when all have been written
        for (std::size_t loop = 0; loop < 3000; ++loop) {
            const std::size_t count = loop % 17 == 0 ? 1000 : loop % 40;
            crew.run(count, [&](std::size_t i) { ++done[i]; });
            for (std::size_t i = 0; i < done.size(); ++i) {
                QCOMPARE(done[i], i < count ? 1 : 0);
                done[i] = 0;
            }
            if (loop % 500 == 0) {
                std::this_thread::yield();
            }
        }
    }
    /// Clones of an engine share its crew; of two that work at once one does without.
    void aCrewServesTwoMasters()
    {
        Crew crew(3);
        std::atomic<std::int64_t> sum = 0;
        const auto master = [&] {
            for (int loop = 0; loop < 2000; ++loop) {
                crew.run(20, [&](std::size_t i) { sum += std::int64_t(i); });
            }
        };
        {
            const std::jthread other(master);
            master();
        }
        QCOMPARE(sum.load(), std::int64_t{2 * 2000 * 190});
    }

    /// Against counting at once, with more answers than are kept uncounted, and counts added in bulk.
    void latenciesAreCounted()
    {
        std::mt19937_64 random(5);
        LatencyCounts counts;
        for (const int answers : {0, 1, 700, 5000, 3}) {
            std::array<std::map<std::size_t, std::uint32_t>, kLatencies> slow;
            for (int i = 0; i < answers; ++i) {
                const std::size_t ttft = random() % Sketch::kBuckets, toEnd = 400 + random() % 48;
                const std::size_t itl = random() % 3 == 0 ? LatencyCounts::kNone : random() % 7;
                counts.add(ttft, itl, toEnd);
                ++slow[0][ttft];
                ++slow[2][toEnd];
                if (itl != LatencyCounts::kNone) {
                    ++slow[1][itl];
                }
                if (i % 100 == 0) {
                    counts.add(Latency::Itl, 447, 1'000'000);
                    counts.add(Latency::Itl, 446, 0);
                    slow[1][447] += 1'000'000;
                }
            }
            std::array<std::vector<LatencyCounts::Bucket>, kLatencies> taken;
            counts.takeInto(taken);
            for (std::size_t kind = 0; kind < kLatencies; ++kind) {
                QCOMPARE(taken[kind].size(), slow[kind].size());
                std::size_t at = 0;
                for (const auto& [bucket, count] : slow[kind]) { // ascending
                    QCOMPARE(std::size_t{taken[kind][at].bucket}, bucket);
                    QCOMPARE(taken[kind][at++].count, count);
                }
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestEngineParts)
#include "tst_engine_parts.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/interval.h"
#include "model/aggregate/time_buckets.h"

#include <QTest>
#include <random>

using namespace isobar;
using namespace isobar::aggregate;

namespace {

std::shared_ptr<const Layout> layoutOf(std::size_t placements)
{
    auto layout = std::make_shared<Layout>();
    layout->areas = 2;
    for (std::size_t p = 0; p < placements; ++p) {
        layout->placements.push_back({ModelId(p), PoolId(p)});
        layout->demand.push_back({static_cast<std::uint32_t>(p), WorkloadId(std::size_t{0})});
        layout->supply.push_back({PoolId(p), Use::Serving, static_cast<std::uint32_t>(p)});
    }
    return layout;
}

std::shared_ptr<const Interval> randomInterval(std::mt19937_64& random, std::shared_ptr<const Layout> layout,
                                               SimMicros begin, SimMicros end)
{
    const auto number = [&](std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random); };
    auto interval = std::make_shared<Interval>();
    interval->begin = begin;
    interval->end = end;
    interval->demand.resize(layout->demand.size());
    interval->latencies.resize(layout->demand.size());
    for (std::size_t row = 0; row < layout->demand.size(); ++row) {
        interval->demand[row] = {number(99), number(99),      number(9),       number(9),
                                 number(99), number(1 << 20), number(1 << 20), number(1000)};
        for (auto& kind : interval->latencies[row]) {
            Sketch sketch;
            for (int i = 0; i < number(5); ++i) {
                sketch.addToBucket(static_cast<std::size_t>(number(447)), 1 + number(300));
            }
            kind = SparseSketch::of(sketch);
        }
    }
    interval->supply.resize(layout->supply.size());
    for (SupplyTotals& row : interval->supply) {
        row = {number(1 << 30),
               number(1 << 30),
               {number(99), number(99), number(99), number(99)},
               number(1 << 20),
               number(1 << 20)};
    }
    interval->flows.resize(layout->placements.size() * layout->areas);
    for (auto& flow : interval->flows) {
        flow = number(50);
    }
    interval->layout = std::move(layout);
    return interval;
}

/// The slow way: every number of every interval added on its own.
struct Reference {
    std::vector<DemandTotals> demand;
    std::vector<SupplyTotals> supply;
    std::vector<std::int64_t> flows;
    std::vector<std::array<Sketch, kLatencies>> latencies;

    void add(const Interval& interval)
    {
        demand.resize(std::max(demand.size(), interval.demand.size()));
        supply.resize(std::max(supply.size(), interval.supply.size()));
        flows.resize(std::max(flows.size(), interval.flows.size()));
        latencies.resize(std::max(latencies.size(), interval.latencies.size()));
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            demand[i] += interval.demand[i];
            for (std::size_t k = 0; k < kLatencies; ++k) {
                interval.latencies[i][k].addTo(latencies[i][k]);
            }
        }
        for (std::size_t i = 0; i < interval.supply.size(); ++i) {
            supply[i] += interval.supply[i];
        }
        for (std::size_t i = 0; i < interval.flows.size(); ++i) {
            flows[i] += interval.flows[i];
        }
    }
    [[nodiscard]] bool equals(const Interval& sum) const
    {
        bool same = sum.demand == demand && sum.supply == supply && sum.flows == flows &&
                    sum.latencies.size() == latencies.size();
        for (std::size_t i = 0; same && i < latencies.size(); ++i) {
            for (std::size_t k = 0; k < kLatencies; ++k) {
                same = same && sum.latencies[i][k] == SparseSketch::of(latencies[i][k]);
            }
        }
        return same;
    }
};

Reference referenceOf(const std::vector<std::shared_ptr<const Interval>>& intervals)
{
    Reference all;
    for (const auto& interval : intervals) {
        all.add(*interval);
    }
    return all;
}

constexpr SimMicros kSecond = kMicrosPerSecond;

} // namespace

class TestHistory : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void mergingEqualsAddingEveryNumber()
    {
        std::mt19937_64 random(3);
        for (int round = 0; round < 50; ++round) {
            std::vector<std::shared_ptr<const Interval>> parts;
            for (int i = 0; i < 7; ++i) {
                // The layout grows on the way, as it does when placements are added.
                parts.push_back(randomInterval(random, layoutOf(i < 4 ? 2 : 3), i * kSecond, (i + 1) * kSecond));
            }
            const Reference expected = referenceOf(parts);
            Interval one = *parts.front();
            for (std::size_t i = 1; i < parts.size(); ++i) {
                one.merge(*parts[i]);
            }
            QVERIFY(expected.equals(one));
            QVERIFY(expected.equals(sumOf(parts)));
            QCOMPARE(one.layout->placements.size(), std::size_t{3});
            QCOMPARE(one.begin, 0);
            QCOMPARE(one.end, 7 * kSecond);
        }
    }

    /// As after a run went back in time: what was cut off is appended again, finer than it was kept.
    void truncatingAndAppendingAgainKeepsTotals()
    {
        std::mt19937_64 random(17);
        const auto layout = layoutOf(2);
        std::vector<std::shared_ptr<const Interval>> all;
        for (int i = 0; i < 9'000; ++i) {
            all.push_back(randomInterval(random, layout, i * kSecond, (i + 1) * kSecond));
        }
        History history;
        std::size_t at = 0;
        for (const int turn : {9'000, 8'999, 8'930, 8'400, 9'000, 2'400, 3'000, 600, 9'000}) {
            // Where tiers have a boundary, whatever their age.
            const std::size_t back = static_cast<std::size_t>(turn) < at ? static_cast<std::size_t>(turn) : at;
            history.truncate(static_cast<SimMicros>(back) * kSecond);
            QCOMPARE(history.end(), static_cast<SimMicros>(back) * kSecond);
            const std::size_t until = std::max(static_cast<std::size_t>(turn), back + 45);
            for (at = back; at < std::min(until, all.size()); ++at) {
                history.append(all[at]);
            }
            const Reference expected = referenceOf({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at)});
            for (const SimMicros bucket : {SimMicros{0}, 10 * kSecond, 60 * kSecond, 600 * kSecond}) {
                const auto parts = history.range(0, history.end(), bucket);
                for (std::size_t i = 1; i < parts.size(); ++i) {
                    QCOMPARE(parts[i]->begin, parts[i - 1]->end);
                }
                QVERIFY(expected.equals(sumOf(parts)));
            }
        }
        history.truncate(0);
        QVERIFY(history.empty());
        history.append(all[0]);
        QCOMPARE(history.end(), SimMicros{kSecond});
    }

    void truncatingInsideAnIntervalDropsItWhole()
    {
        std::mt19937_64 random(19);
        const auto layout = layoutOf(1);
        History history;
        for (int i = 0; i < 3'000; ++i) {
            history.append(randomInterval(random, layout, i * kSecond, (i + 1) * kSecond));
        }
        history.truncate(1'030 * kSecond); // kept by the minute there
        QCOMPARE(history.end(), SimMicros{1'020 * kSecond});
        for (const SimMicros bucket : {SimMicros{0}, 10 * kSecond}) {
            QCOMPARE(history.range(0, 3'000 * kSecond, bucket).back()->end, SimMicros{1'020 * kSecond});
        }
    }

    void tiersKeepTotalsExactly_data()
    {
        QTest::addColumn<qint64>("width");
        QTest::addColumn<int>("count");
        QTest::newRow("an interval a second for nine hours") << qint64(kSecond) << 32'400;
        QTest::newRow("seconds split in two") << qint64(kSecond / 2) << 9'000;
        QTest::newRow("a width that divides no tier") << qint64(7 * kSecond) << 5'000;
        QTest::newRow("wider than the first tier") << qint64(30 * kSecond) << 2'000;
    }
    void tiersKeepTotalsExactly()
    {
        QFETCH(qint64, width);
        QFETCH(int, count);
        std::mt19937_64 random(5);
        const auto layout = layoutOf(1);
        History history;
        std::vector<std::shared_ptr<const Interval>> all;
        for (int i = 0; i < count; ++i) {
            all.push_back(randomInterval(random, layout, i * width, (i + 1) * width));
            history.append(all.back());
        }
        QVERIFY(referenceOf(all).equals(sumOf(history.intervals())));
        QCOMPARE(history.begin(), 0);
        QCOMPARE(history.end(), count * width);
        for (std::size_t i = 1; i < history.intervals().size(); ++i) {
            QCOMPARE(history.intervals()[i]->begin, history.intervals()[i - 1]->end);
        }
        // Each row equals the sum of the appended ones it covers, not only the grand total.
        std::size_t at = 0;
        for (const auto& row : history.intervals()) {
            Reference expected;
            for (; at < all.size() && all[at]->end <= row->end; ++at) {
                expected.add(*all[at]);
            }
            QVERIFY(expected.equals(*row));
        }
        const double hours = double(count) * double(width) / (3600.0 * kSecond);
        const double seconds = double(kSecond) / double(width);
        // Twice: an interval that lies across a boundary stays as it is, beside the sum of the whole ones.
        QVERIFY(double(history.intervals().size()) <= 2 * (130 * std::max(1.0, seconds) + 120 + 370 + 6 * hours));
    }

    void boundariesDoNotDependOnTheEnd()
    {
        std::mt19937_64 random(9);
        const auto layout = layoutOf(1);
        History history;
        for (int i = 0; i < 2'000; ++i) {
            history.append(randomInterval(random, layout, i * kSecond, (i + 1) * kSecond));
        }
        for (const auto& interval : history.intervals()) {
            const SimMicros width = interval->end - interval->begin;
            QVERIFY(width == kSecond || width == 10 * kSecond || width == 60 * kSecond);
            QCOMPARE(interval->begin % width, 0);
            QVERIFY(width > kSecond || interval->begin >= 1'870 * kSecond);
        }
        // The last two minutes are there second by second.
        QCOMPARE(history.range(1'880 * kSecond, 2'000 * kSecond).size(), std::size_t{120});
    }

    void wideSumsStandForWhatTheySumUp_data()
    {
        QTest::addColumn<qint64>("first"); // where the history begins, in its steps
        QTest::addColumn<qint64>("width");
        QTest::addColumn<int>("count");
        QTest::newRow("seconds") << qint64(0) << qint64(kSecond) << 8'000;
        QTest::newRow("from the middle of a minute, before the clock's zero")
            << qint64(-95) << qint64(kSecond) << 5'000;
        QTest::newRow("steps of 7 s, which meet few boundaries") << qint64(3) << qint64(7 * kSecond) << 3'000;
        QTest::newRow("ten minutes, for three days") << qint64(1) << qint64(600 * kSecond) << 433;
    }
    void wideSumsStandForWhatTheySumUp()
    {
        QFETCH(qint64, first);
        QFETCH(qint64, width);
        QFETCH(int, count);
        std::mt19937_64 random(17);
        const auto small = layoutOf(1), large = layoutOf(2);
        History history;
        for (int i = 0; i < count; ++i) {
            const SimMicros begin = (first + i) * width;
            history.append(randomInterval(random, i < count / 2 ? small : large, begin, begin + width));
        }
        std::size_t fewest = history.intervals().size();
        for (int i = 0; i < 60; ++i) {
            const auto instant = [&] {
                return std::uniform_int_distribution<SimMicros>(history.begin() - 9 * kSecond,
                                                                history.end() + 9 * kSecond)(random);
            };
            const SimMicros from = i == 0 ? history.begin() : instant(), to = i == 0 ? history.end() : instant();
            const SimMicros bucket = std::array<SimMicros, 6>{0, 1, 10, 60, 1'800, 3'600}[std::size_t(i % 6)] * kSecond;
            const auto fine = history.range(from, to), few = history.range(from, to, bucket);
            QVERIFY(few.size() <= fine.size());
            QCOMPARE(few.empty(), fine.empty());
            if (fine.empty()) {
                continue;
            }
            fewest = std::min(fewest, i == 0 ? few.size() : fewest);
            QCOMPARE(few.front()->begin, fine.front()->begin);
            QCOMPARE(few.back()->end, fine.back()->end);
            auto at = fine.begin();
            for (std::size_t k = 0; k < few.size(); ++k) {
                QVERIFY(k == 0 || few[k]->begin == few[k - 1]->end);
                Reference expected;
                std::size_t parts = 0;
                for (; at != fine.end() && (*at)->end <= few[k]->end; ++at, ++parts) {
                    expected.add(**at);
                }
                QVERIFY(expected.equals(*few[k]));
                // A sum lies in one bucket of time.
                QVERIFY(parts == 1 || bucket == 0 ||
                        floorTo(few[k]->begin, bucket) == floorTo(few[k]->end - 1, bucket));
            }
        }
        QVERIFY(width == 7 * kSecond || fewest * 4 < history.intervals().size());
    }

    void rangeTakesWhatOverlaps_data()
    {
        QTest::addColumn<qint64>("from");
        QTest::addColumn<qint64>("to");
        QTest::addColumn<int>("expected");
        QTest::newRow("all") << qint64(0) << qint64(10) << 10;
        QTest::newRow("half-open") << qint64(2) << qint64(4) << 2;
        QTest::newRow("empty range") << qint64(3) << qint64(3) << 0;
        QTest::newRow("before") << qint64(-5) << qint64(0) << 0;
        QTest::newRow("after") << qint64(10) << qint64(20) << 0;
    }
    void rangeTakesWhatOverlaps()
    {
        QFETCH(qint64, from);
        QFETCH(qint64, to);
        QFETCH(int, expected);
        std::mt19937_64 random(1);
        History history;
        QVERIFY(history.range(0, kSecond).empty());
        for (int i = 0; i < 10; ++i) {
            history.append(randomInterval(random, layoutOf(1), i * kSecond, (i + 1) * kSecond));
        }
        QCOMPARE(int(history.range(from * kSecond, to * kSecond).size()), expected);
        if (expected > 0) {
            QCOMPARE(history.range(from * kSecond + 1, from * kSecond + 2).size(), std::size_t{1});
        }
        history.clear();
        QVERIFY(history.empty());
        QCOMPARE(history.end(), 0);
    }
};

QTEST_APPLESS_MAIN(TestHistory)
#include "tst_history.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/live_rollup.h"
#include "model/aggregate/time_buckets.h"
#include "model/query/query.h"
#include "model/query/row_keys.h"
#include "random_intervals.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <cmath>

using namespace isobar;
using namespace isobar::aggregate;
using query::Dimension;
using query::Measure;
using test::Intervals;

namespace {

constexpr SimMicros kSecond = kMicrosPerSecond;

struct Kept {
    RollUpBy by;
    std::optional<Dimension> dimension; ///< nothing: the total
};
constexpr std::array<Kept, 10> kKept{{{RollUpBy::Total, std::nullopt},
                                      {RollUpBy::Provider, Dimension::Provider},
                                      {RollUpBy::Region, Dimension::Region},
                                      {RollUpBy::Pool, Dimension::Pool},
                                      {RollUpBy::Accelerator, Dimension::Accelerator},
                                      {RollUpBy::Model, Dimension::Model},
                                      {RollUpBy::Workload, Dimension::Workload},
                                      {RollUpBy::Tier, Dimension::Tier},
                                      {RollUpBy::Pricing, Dimension::Pricing},
                                      {RollUpBy::Area, Dimension::Area}}};
constexpr std::array<Measure, kGauges> kMeasureOf{
    Measure::RequestsPerSecond, Measure::TokensPerSecond,   Measure::SloAttainment, Measure::Utilization,
    Measure::PowerWatts,        Measure::CarbonGramsPerDay, Measure::SpendUsdPerDay};

bool near(double a, double b, double tolerance)
{
    return std::abs(a - b) <= tolerance * std::max({1e-9, std::abs(a), std::abs(b)});
}

} // namespace

class TestLiveRollUp : public QObject {
    Q_OBJECT

    Fleet m_fleet = test::smallFleet();

    /// The measure of one entity over some intervals, asked the general way; NaN where there is none.
    double asked(const Kept& kept, std::size_t entity, Measure measure, const Intervals& intervals) const
    {
        query::Query q;
        q.measures = {measure};
        q.from = intervals.front()->begin;
        q.to = intervals.back()->end;
        if (kept.dimension) {
            q.by = {*kept.dimension};
        }
        const auto table = query::run(q, m_fleet, intervals);
        std::vector<std::string> keys;
        if (kept.dimension) {
            keys = {query::RowKeys(m_fleet).name(*kept.dimension, std::uint32_t(entity))};
        }
        const query::Row* row = table.value().find(keys);
        const bool ratio = measure == Measure::SloAttainment || measure == Measure::Utilization;
        return row != nullptr ? row->values[0] : ratio ? std::nan("") : 0; // who has no rows has no requests
    }

    static bool samePoints(const std::vector<LiveRollUp::Point>& a, const std::vector<LiveRollUp::Point>& b)
    {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
            return x.begin == y.begin && x.end == y.end && near(x.mean, y.mean, 1e-12) && x.min == y.min &&
                   x.max == y.max && x.last == y.last;
        });
    }

    std::size_t entities(const Kept& kept) const
    {
        switch (kept.by) {
        case RollUpBy::Provider:
            return m_fleet.providers.size();
        case RollUpBy::Region:
            return m_fleet.regions.size();
        case RollUpBy::Pool:
            return m_fleet.pools.size();
        case RollUpBy::Model:
            return m_fleet.models.size();
        case RollUpBy::Pricing:
            return kCharges;
        default:
            return 1;
        }
    }

private Q_SLOTS:
    void agreesWithQuestionsToEverySecond()
    {
        for (std::uint32_t seed = 1; seed <= 3; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            const Intervals all = random.intervals(150, kSecond, -17 * kSecond);
            LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
            for (const auto& interval : all) {
                rollUp.append(*interval);
            }
            for (int i = 0; i < 40; ++i) {
                const Kept& kept = kKept[random.below(kKept.size())];
                const auto gauge = Gauge(random.below(kGauges));
                const std::size_t entity = random.below(entities(kept));
                const SimMicros from = SimMicros(random.below(140)) * kSecond - 20 * kSecond;
                const SimMicros to = from + SimMicros(1 + random.below(150)) * kSecond;
                const std::size_t pixels = 2 + random.below(80);
                const auto points = rollUp.series(kept.by, entity, gauge, from, to, pixels);
                QVERIFY(points.size() <= pixels);
                if (!LiveRollUp::keeps(kept.by, gauge)) {
                    QVERIFY(points.empty());
                    continue;
                }
                const Measure measure = kMeasureOf[std::size_t(gauge)];
                for (const auto& point : points) {
                    Intervals part;
                    double min = INFINITY, max = -INFINITY, last = 0;
                    for (const auto& interval : all) {
                        if (interval->begin >= point.begin && interval->end <= point.end) {
                            part.push_back(interval);
                            const double value = asked(kept, entity, measure, {interval});
                            if (!std::isnan(value)) {
                                min = std::min(min, value);
                                max = std::max(max, value);
                                last = value;
                            }
                        }
                    }
                    const bool same =
                        near(point.min, min, 1e-6) && near(point.max, max, 1e-6) && near(point.last, last, 1e-6);
                    QVERIFY2(same,
                             qPrintable(QStringLiteral("by %1, entity %2, %3: %4 to %5, last %6, not %7 to %8, last %9")
                                            .arg(int(kept.by))
                                            .arg(entity)
                                            .arg(QLatin1String(query::info(measure).name.data()))
                                            .arg(point.min)
                                            .arg(point.max)
                                            .arg(point.last)
                                            .arg(min)
                                            .arg(max)
                                            .arg(last)));
                    QVERIFY(near(point.mean, asked(kept, entity, measure, part), 1e-12));
                }
                // Nothing in the range is left out.
                for (const auto& interval : all) {
                    const bool wanted = interval->end > from && interval->begin < to &&
                                        !std::isnan(asked(kept, entity, measure, {interval}));
                    const bool shown = std::any_of(points.begin(), points.end(), [&](const auto& p) {
                        return p.begin <= interval->begin && interval->end <= p.end;
                    });
                    QVERIFY(!wanted || shown);
                }
            }
        }
    }

    void aSpikeOfASecondIsSeenInAYear()
    {
        auto layout = std::make_shared<Layout>();
        layout->areas = 0;
        layout->demand = {{Layout::kUnrouted, WorkloadId(std::size_t{0})}};
        LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        // Ten-minute intervals for a year, with one second of 5,000 requests in it.
        SimMicros at = 0;
        std::int64_t requests = 0;
        const auto append = [&](SimMicros length, std::int64_t count) {
            Interval interval;
            interval.begin = at;
            interval.end = at += length;
            interval.layout = layout;
            interval.demand.resize(1);
            interval.demand[0].requests = count;
            requests += count;
            rollUp.append(interval);
        };
        while (at < 365 * kMicrosPerDay) {
            if (at == 100 * kMicrosPerDay) {
                append(kSecond, 5'000);
                append(599 * kSecond, 599);
            } else {
                append(600 * kSecond, 600);
            }
        }
        for (const std::size_t pixels : {2, 60, 1920}) {
            const auto points = rollUp.series(RollUpBy::Total, 0, Gauge::RequestsPerSecond, 0, at, pixels);
            QVERIFY(points.size() <= pixels && points.size() * 10 > std::min<std::size_t>(pixels, 365));
            double most = 0, sum = 0;
            SimMicros covered = 0;
            for (const auto& point : points) {
                most = std::max(most, point.max);
                sum += point.mean * double(point.end - point.begin) * 1e-6;
                QCOMPARE(point.begin, covered);
                covered = point.end;
                QVERIFY(near(point.min, 1, 1e-6) && near(point.last, 1, 1e-6));
            }
            QVERIFY(near(most, 5'000, 1e-6));
            QVERIFY(near(sum, double(requests), 1e-9));
            QCOMPARE(covered, at);
        }
    }

    void chargesAddUpToAllMoney()
    {
        test::RandomFacts random(m_fleet, 4);
        const Intervals all = random.intervals(20, kSecond);
        LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        std::int64_t microUsd = 0;
        for (const auto& interval : all) {
            rollUp.append(*interval);
            for (const SupplyTotals& row : interval->supply) {
                for (const std::int64_t cost : row.costMicroUsd) {
                    microUsd += cost;
                }
            }
            for (const DemandTotals& row : interval->demand) {
                microUsd += row.egressMicroUsd;
            }
        }
        double perDay = 0;
        for (std::size_t pricing = 0; pricing < kCharges; ++pricing) {
            const auto points = rollUp.series(RollUpBy::Pricing, pricing, Gauge::SpendUsdPerDay, 0, 20 * kSecond, 2);
            QCOMPARE(points.size(), std::size_t{2}); // of ten seconds each
            perDay += (points[0].mean + points[1].mean) / 2;
        }
        QVERIFY(near(perDay, double(microUsd) * 1e-6 / 20 * 86'400, 1e-12));
    }

    /// What is cut off and comes anew, as a seek does, is as if nothing had been cut.
    void goingBackLeavesNoTrace()
    {
        test::RandomFacts random(m_fleet, 8);
        const Intervals all = random.intervals(500, kSecond, -7 * kSecond);
        const auto fleet = std::make_shared<const Fleet>(m_fleet);
        LiveRollUp straight(fleet), cut(fleet);
        History history;
        for (const auto& interval : all) {
            straight.append(*interval);
        }
        std::size_t next = 0;
        for (const std::size_t until : {450, 500}) {
            for (; next < until; ++next) {
                cut.append(*all[next]);
                history.append(all[next]);
            }
            const LiveRollUp before = cut; // a picture of it, which must not change with it
            const auto pictured =
                before.series(RollUpBy::Total, 0, Gauge::PowerWatts, -7 * kSecond, all.back()->end, 1000);
            // As far as the seconds reach; the history is cut where its intervals are.
            const SimMicros at = all[until - 1]->end - SimMicros(1 + random.below(90)) * kSecond;
            history.truncate(at);
            QCOMPARE(history.end(), at);
            cut.truncate(at, history);
            QCOMPARE(cut.end(), at);
            for (const RollUpBy by : {RollUpBy::Total, RollUpBy::Provider, RollUpBy::Model}) {
                for (const auto& point : cut.series(by, 0, Gauge::PowerWatts, -7 * kSecond, all.back()->end, 1000)) {
                    QVERIFY(point.end <= at);
                }
            }
            next = std::size_t(std::find_if(all.begin(), all.end(), [at](const auto& i) { return i->begin == at; }) -
                               all.begin());
            for (; next < until; ++next) {
                cut.append(*all[next]);
                history.append(all[next]);
            }
            const auto still =
                before.series(RollUpBy::Total, 0, Gauge::PowerWatts, -7 * kSecond, all.back()->end, 1000);
            QVERIFY(samePoints(pictured, still));
        }
        for (const Kept& kept : kKept) {
            for (std::size_t gauge = 0; gauge < kGauges; ++gauge) {
                for (const std::size_t pixels : {2, 10, 600}) {
                    const auto ask = [&](const LiveRollUp& rollUp) {
                        return rollUp.series(kept.by, 0, Gauge(gauge), -7 * kSecond, all.back()->end, pixels);
                    };
                    QVERIFY(samePoints(ask(straight), ask(cut)));
                }
            }
        }
    }

    /// Farther back than seconds are kept, sums are still exact.
    void goingFarBackKeepsTheSums()
    {
        test::RandomFacts random(m_fleet, 9);
        const Intervals all = random.intervals(1'200, kSecond);
        LiveRollUp cut(std::make_shared<const Fleet>(m_fleet));
        History history;
        for (const auto& interval : all) {
            cut.append(*interval);
            history.append(interval);
        }
        const SimMicros at = 330 * kSecond;
        history.truncate(at);
        QCOMPARE(history.end(), at);
        cut.truncate(at, history);
        const auto points = cut.series(RollUpBy::Total, 0, Gauge::PowerWatts, 0, at, 2);
        double joules = 0, expected = 0;
        for (const auto& point : points) {
            joules += point.mean * double(point.end - point.begin) * 1e-6;
        }
        for (const auto& interval : all) {
            for (const SupplyTotals& row : interval->supply) {
                expected += interval->end <= at ? double(row.energyMillijoules) * 1e-3 : 0;
            }
        }
        QCOMPARE(points.back().end, at);
        QVERIFY(near(joules, expected, 1e-9));
    }

    void nothingIsAskedOfNothing()
    {
        LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        QVERIFY(rollUp.series(RollUpBy::Total, 0, Gauge::Utilization, 0, kSecond, 100).empty());
        test::RandomFacts random(m_fleet, 4);
        for (const auto& interval : random.intervals(5, kSecond)) {
            rollUp.append(*interval);
        }
        QVERIFY(rollUp.series(RollUpBy::Total, 0, Gauge::Utilization, kSecond, kSecond, 100).empty());
        QVERIFY(rollUp.series(RollUpBy::Total, 1, Gauge::Utilization, 0, kSecond, 100).empty());
        QVERIFY(rollUp.series(RollUpBy::Total, 0, Gauge::Utilization, 60 * kSecond, 90 * kSecond, 100).empty());
    }

    void aGapIsAGap()
    {
        test::RandomFacts random(m_fleet, 4);
        LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        for (const SimMicros begin : {SimMicros(0), 7'205 * kSecond}) {
            for (const auto& interval : random.intervals(10, kSecond, begin)) {
                rollUp.append(*interval);
            }
        }
        const auto points = rollUp.series(RollUpBy::Total, 0, Gauge::PowerWatts, 0, 8'000 * kSecond, 1000);
        QVERIFY(points.size() >= 2);
        QCOMPARE(points[0].end, 10 * kSecond);
        QCOMPARE(points[1].begin, 7'205 * kSecond);
    }
};

QTEST_APPLESS_MAIN(TestLiveRollUp)
#include "tst_live_rollup.moc"

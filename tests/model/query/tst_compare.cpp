// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"
#include "tests/model/query/random_intervals.h"
#include "tests/model/query/slow_query.h"
#include "tests/support/small_fleet.h"

#include <QTest>

#include <numeric>

using namespace isobar;
using namespace isobar::query;
using aggregate::SimMicros;
using test::Intervals;
using test::same;

namespace {

constexpr SimMicros kSecond = aggregate::kMicrosPerSecond;
constexpr SimMicros kHour = 3600 * kSecond;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Keys = std::vector<std::string>;

/// Adds up sums of the reference.
void merge(test::SlowSums& to, const test::SlowSums& from)
{
    for (const auto field :
         {&test::SlowSums::requests, &test::SlowSums::completed, &test::SlowSums::rejected, &test::SlowSums::lost,
          &test::SlowSums::retried, &test::SlowSums::sloMet, &test::SlowSums::tokensIn, &test::SlowSums::tokensOut,
          &test::SlowSums::egressMicroUsd, &test::SlowSums::chipMicroUsd, &test::SlowSums::trainingMicroUsd,
          &test::SlowSums::pricedTokens, &test::SlowSums::unpricedTokens, &test::SlowSums::pricedMicroUsd,
          &test::SlowSums::pricedChipMicros, &test::SlowSums::chipMicros, &test::SlowSums::busyMicros,
          &test::SlowSums::millijoules, &test::SlowSums::micrograms}) {
        to.*field += from.*field;
    }
    to.revenuePicoUsd += from.revenuePicoUsd;
    for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
        to.latencies[kind].merge(from.latencies[kind]);
    }
    to.seconds = from.seconds; // of one bucket, or of the whole range: the same
}

std::string secondsText(SimMicros at)
{
    return QString::number(double(at) / 1e6, 'g', 15).toStdString();
}

} // namespace

/// Compare, top, fill and time zones, each against an answer made by hand from the slow reference.
class TestCompare : public QObject {
    Q_OBJECT

    const Fleet m_fleet = test::fleetWithAnUnpricedModel();

    /// A question that can be asked, by time or not.
    Query randomQuestion(test::RandomFacts& random, SimMicros width) const
    {
        static const std::vector<std::pair<std::vector<Measure>, std::vector<Dimension>>> kSensible{
            {{Measure::Requests, Measure::SloAttainment, Measure::TtftP95, Measure::TokensPerSecond},
             {Dimension::Provider, Dimension::Region, Dimension::Model, Dimension::Workload, Dimension::Tier}},
            {{Measure::SpendUsd, Measure::Utilization, Measure::Accelerators, Measure::CarbonGramsPerDay},
             {Dimension::Provider, Dimension::Pool, Dimension::Accelerator, Dimension::Model, Dimension::Use}},
            {{Measure::UsdPerMillionTokens, Measure::OutputTokens, Measure::ItlP50, Measure::Headroom},
             {Dimension::Region, Dimension::Pool, Dimension::Model}},
            {{Measure::SpendUsd, Measure::SpendUsdPerDay}, {Dimension::Pricing, Dimension::Provider, Dimension::Use}},
            {{Measure::Requests, Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Region}}};
        const auto& [measures, by] = kSensible[random.below(kSensible.size())];
        Query q;
        for (std::size_t i = 0, n = 1 + random.below(measures.size()); i < n; ++i) {
            q.measures.push_back(measures[(i + random.below(2)) % measures.size()]);
        }
        for (std::size_t i = 0, n = random.below(3); i < n; ++i) {
            q.by.push_back(by[random.below(by.size())]);
        }
        if (random.below(2) == 0) {
            q.by.insert(q.by.begin() + std::ptrdiff_t(random.below(q.by.size() + 1)), Dimension::Time);
            q.bucketMicros = width * SimMicros(1 + random.below(3));
        }
        return q;
    }

    static std::size_t timeOf(const Query& q)
    {
        return std::size_t(std::find(q.by.begin(), q.by.end(), Dimension::Time) - q.by.begin());
    }

    test::SlowTable slow(Query q, const Fleet& fleet, const Intervals& all) const
    {
        return test::SlowQuery(q, fleet).answer(all);
    }

    /// What no facts amount to there.
    static double nothing(Measure measure, const Query& q, const Intervals& all, SimMicros label)
    {
        test::SlowSums none;
        for (const auto& interval : all) {
            const bool inRange = interval->begin < q.to && interval->end > q.from;
            const bool here =
                timeOf(q) == q.by.size() || (interval->begin >= label && interval->begin < label + q.bucketMicros);
            none.seconds += inRange && here ? double(interval->end - interval->begin) / 1e6 : 0;
        }
        return none.seconds > 0 ? test::slowValue(measure, none) : kNaN;
    }

    static SimMicros labelOf(const Query& q, const Keys& keys)
    {
        return timeOf(q) == q.by.size() ? 0 : SimMicros(std::llround(std::stod(keys[timeOf(q)]) * 1e6));
    }

private Q_SLOTS:
    void comparesWithThePreviousPeriod()
    {
        int rows = 0, onlyNow = 0, onlyBase = 0;
        for (std::uint32_t seed = 0; seed < 200; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            const Intervals all = random.intervals(12, kSecond);
            Query q = randomQuestion(random, kSecond);
            const bool byTime = timeOf(q) < q.by.size();
            const SimMicros buckets = byTime ? q.bucketMicros : kSecond;
            q.from = 6 * kSecond;
            q.to = q.from + buckets * SimMicros(1 + random.below(std::size_t(6 * kSecond / buckets)));
            q.compare = Compare::PreviousPeriod;
            const auto table = query::run(q, m_fleet, all);
            QVERIFY2(table.ok(), qPrintable(QString::number(seed)));
            const SimMicros length = q.to - q.from;
            QCOMPARE(table->baseFrom, q.from - length);
            QCOMPARE(table->baseTo, q.from);
            Query before = q;
            before.from -= length;
            before.to = q.from;
            // Buckets of the period before are moved on to where those they stand beside are.
            Intervals moved;
            for (const auto& interval : all) {
                aggregate::Interval copy = *interval;
                copy.begin += length;
                copy.end += length;
                moved.push_back(std::make_shared<const aggregate::Interval>(std::move(copy)));
            }
            const test::SlowTable now = slow(q, m_fleet, all), base = slow(q, m_fleet, moved);
            std::set<Keys> keys;
            for (const auto& [key, sums] : now) {
                keys.insert(key);
            }
            for (const auto& [key, sums] : base) {
                keys.insert(key);
            }
            QCOMPARE(table->rows.size(), keys.size());
            for (const Keys& key : keys) {
                const Row* row = table->find(key);
                QVERIFY(row != nullptr);
                QCOMPARE(row->present, now.count(key) == 1);
                QCOMPARE(row->inBase, base.count(key) == 1);
                onlyNow += row->present && !row->inBase;
                onlyBase += !row->present && row->inBase;
                for (std::size_t i = 0; i < q.measures.size(); ++i) {
                    const Measure m = q.measures[i];
                    const double a =
                        row->present ? test::slowValue(m, now.at(key)) : nothing(m, q, all, labelOf(q, key));
                    const double b =
                        row->inBase ? test::slowValue(m, base.at(key)) : nothing(m, q, moved, labelOf(q, key));
                    QVERIFY(same(row->values[i], a) && same(row->base[i], b) && same(row->delta[i], a - b));
                    ++rows;
                }
            }
        }
        QVERIFY2(rows > 500 && onlyNow > 10 && onlyBase > 0,
                 qPrintable(QStringLiteral("%1 %2 %3").arg(rows).arg(onlyNow).arg(onlyBase)));
    }

    /// Another run may be of a fleet that has things under other numbers, has others, and lacks some.
    void comparesWithAnotherFleetByName()
    {
        Fleet other = m_fleet;
        std::swap(other.models.front().name, other.models.back().name); // numbers differ
        other.workloads.back().name = "only in the other";
        for (std::uint32_t seed = 0; seed < 60; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            test::RandomFacts randomBase(other, seed + 1000);
            const Intervals all = random.intervals(6, kSecond);
            const Intervals others = randomBase.intervals(5, kSecond, 2 * kSecond);
            Query q = randomQuestion(random, kSecond);
            q.to = 6 * kSecond;
            q.compare = Compare::Other;
            q.baseFrom = 0;
            const auto table = query::run(q, m_fleet, all, {other, others});
            QVERIFY(table.ok());
            const test::SlowTable now = slow(q, m_fleet, all), base = slow(q, other, others);
            std::set<Keys> keys;
            for (const auto& [key, sums] : now) {
                keys.insert(key);
            }
            for (const auto& [key, sums] : base) {
                keys.insert(key);
            }
            QCOMPARE(table->rows.size(), keys.size());
            for (const Row& row : table->rows) {
                QVERIFY(keys.count(row.keys) == 1);
                for (std::size_t i = 0; i < q.measures.size(); ++i) {
                    if (row.present) {
                        QVERIFY(same(row.values[i], test::slowValue(q.measures[i], now.at(row.keys))));
                    }
                    if (row.inBase) {
                        QVERIFY(same(row.base[i], test::slowValue(q.measures[i], base.at(row.keys))));
                    }
                }
            }
        }
        // A name that only the other has may be filtered by; one that neither has may not.
        Query q;
        q.measures = {Measure::Requests};
        q.to = kSecond;
        q.compare = Compare::Other;
        q.where = {{Dimension::Workload, {"only in the other"}}};
        const Intervals all = test::RandomFacts(other, 1).intervals(1, kSecond);
        const auto table = query::run(q, m_fleet, all, {other, all});
        QVERIFY(table.ok() && table->rows.size() <= 1);
        q.where = {{Dimension::Workload, {"nowhere"}}};
        QCOMPARE(query::run(q, m_fleet, all, {other, all}).error().code, ErrorCode::NotFound);
        QVERIFY(!query::run(q, m_fleet, all).ok());
    }

    /// Nothing recorded is not nothing done.
    void whatWasNotRecordedIsNotZero()
    {
        const Intervals all = test::RandomFacts(m_fleet, 3).intervals(4, kSecond);
        Query q;
        q.measures = {Measure::Requests, Measure::Utilization};
        q.to = 4 * kSecond;
        q.compare = Compare::PreviousPeriod;
        const auto table = query::run(q, m_fleet, all);
        QVERIFY(table.ok());
        QCOMPARE(table->baseFrom, table->baseTo);
        QVERIFY(std::isnan(table->rows.at(0).base[0]) && std::isnan(table->rows.at(0).delta[0]));
    }

    /// The best N of the reference, and everything else added up by it: ratios and percentiles of sums.
    void theRemainderMakesTotalsAddUp()
    {
        int remainders = 0;
        for (std::uint32_t seed = 0; seed < 300; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            const Intervals all = random.intervals(8, kSecond);
            Query q = randomQuestion(random, kSecond);
            q.to = 8 * kSecond;
            q.top = 1 + random.below(4);
            if (random.below(2) == 0) {
                q.topBy = q.measures.back();
            }
            const auto table = query::run(q, m_fleet, all);
            QVERIFY(table.ok());

            const std::size_t time = timeOf(q);
            Query whole = q;
            whole.measures.insert(whole.measures.begin(), q.topBy.value_or(q.measures.front()));
            if (time < q.by.size()) {
                whole.by.erase(whole.by.begin() + std::ptrdiff_t(time));
                whole.bucketMicros = 0;
            }
            struct Ranked {
                bool nameless;
                double value;
                Keys keys;
            };
            std::vector<Ranked> ranking;
            const auto plain = query::run(
                [&] {
                    Query p = whole;
                    p.top = 0;
                    return p;
                }(),
                m_fleet, all);
            for (const Row& row : plain->rows) { // in the fleet's order, which settles ties
                const test::SlowTable reference = slow(whole, m_fleet, all);
                const double value = test::slowValue(whole.measures[0], reference.at(row.keys));
                const bool nameless = std::count(row.keys.begin(), row.keys.end(), test::kNoName) > 0;
                ranking.push_back({nameless, std::isnan(value) ? -1e300 : value, row.keys});
            }
            std::stable_sort(ranking.begin(), ranking.end(), [](const Ranked& a, const Ranked& b) {
                return a.nameless != b.nameless ? b.nameless : a.value > b.value + 1e-9 * std::abs(b.value);
            });
            std::set<Keys> kept;
            for (std::size_t i = 0; i < std::min(q.top, ranking.size()); ++i) {
                kept.insert(ranking[i].keys);
            }
            test::SlowTable expected;
            for (const auto& [keys, sums] : slow(q, m_fleet, all)) {
                Keys group = keys;
                if (time < q.by.size()) {
                    group.erase(group.begin() + std::ptrdiff_t(time));
                }
                Keys key = keys;
                for (std::size_t i = 0; i < key.size() && kept.count(group) == 0; ++i) {
                    key[i] = i == time ? key[i] : std::string(kRemainderName);
                }
                merge(expected[key], sums);
            }
            QVERIFY2(table->rows.size() == expected.size(), qPrintable(QString::number(seed)));
            for (const auto& [keys, sums] : expected) {
                const Row* row = table->find(keys);
                QVERIFY(row != nullptr);
                remainders += row->remainder;
                for (std::size_t i = 0; i < q.measures.size(); ++i) {
                    QVERIFY(same(row->values[i], test::slowValue(q.measures[i], sums)));
                }
            }
        }
        QVERIFY(remainders > 100);
    }

    void partsWithTheRemainderSumToTheWholeExactly()
    {
        const Intervals all = test::RandomFacts(m_fleet, 21).intervals(9, kSecond);
        for (const Dimension by : {Dimension::Pool, Dimension::Model, Dimension::Workload, Dimension::Region}) {
            for (const std::size_t top : {1, 2, 3}) {
                Query q;
                q.measures = {Measure::Requests, Measure::OutputTokens};
                q.to = 9 * kSecond;
                const Row whole = query::run(q, m_fleet, all)->rows.at(0);
                q.by = {by, Dimension::Time};
                q.bucketMicros = 2 * kSecond;
                q.top = top;
                const auto table = query::run(q, m_fleet, all);
                for (std::size_t i = 0; i < 2; ++i) {
                    double sum = 0;
                    for (const Row& row : table->rows) {
                        sum += row.values[i];
                    }
                    QCOMPARE(sum, whole.values[i]); // whole numbers: to the last unit
                }
            }
        }
    }

    void topsAreInOrderOfRank()
    {
        const Intervals all = test::RandomFacts(m_fleet, 22).intervals(5, kSecond);
        Query q;
        q.measures = {Measure::SpendUsd};
        q.by = {Dimension::Pool};
        q.to = 5 * kSecond;
        q.top = 3;
        const auto table = query::run(q, m_fleet, all);
        QCOMPARE(table->rows.size(), std::size_t(4));
        QVERIFY(table->rows[0].values[0] >= table->rows[1].values[0]);
        QVERIFY(table->rows[1].values[0] >= table->rows[2].values[0]);
        QVERIFY(table->rows[3].remainder && table->rows[3].keys[0] == kRemainderName);
        q.top = 1000; // more than there are: nothing is left over
        const auto whole = query::run(q, m_fleet, all);
        for (const Row& row : whole->rows) {
            QVERIFY(!row.remainder);
        }
    }

    /// Chips that idle are of no model: who asks for the top models wants no place spent on them.
    void whatHasNoNameTakesNoPlaceOfWhatHas()
    {
        const Intervals all = test::RandomFacts(m_fleet, 23).intervals(5, kSecond);
        Query q;
        q.measures = {Measure::SpendUsd};
        q.by = {Dimension::Model};
        q.to = 5 * kSecond;
        const auto whole = query::run(q, m_fleet, all);
        QVERIFY(whole.ok());
        const std::size_t models = whole->rows.size() - 1; // and a row of idle chips
        const Row* idle = whole->find({test::kNoName});
        QVERIFY(models > 1 && idle != nullptr && idle->values[0] > 0);
        for (q.top = 1; q.top <= models; ++q.top) {
            const auto table = query::run(q, m_fleet, all);
            QVERIFY(table.ok());
            QVERIFY(table->find({test::kNoName}) == nullptr);
            QVERIFY(table->rows.back().remainder && table->rows.size() == q.top + 1);
        }
        const auto table = query::run(q, m_fleet, all); // a place more than models: it is as good as a remainder
        QCOMPARE(table->rows.back().keys[0], std::string(test::kNoName));
        QVERIFY(!table->rows.back().remainder);
        q.top = 1;
        q.where = {{Dimension::Model, {test::kNoName}}}; // asked for by name, it is all there is
        const auto asked = query::run(q, m_fleet, all);
        QVERIFY(asked.ok());
        QCOMPARE(asked->rows.at(0).keys[0], std::string(test::kNoName));
    }

    /// Every bucket of the range for every group, those without facts marked.
    void gapsAreFilled()
    {
        for (std::uint32_t seed = 0; seed < 100; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            Intervals all;
            for (const auto& interval : random.intervals(20, kSecond, 5 * kSecond)) {
                if (random.below(3) > 0) {
                    all.push_back(interval); // the others were never recorded
                }
            }
            Query q = randomQuestion(random, kSecond);
            if (timeOf(q) == q.by.size()) {
                q.by.push_back(Dimension::Time);
                q.bucketMicros = 2 * kSecond;
            }
            q.to = 30 * kSecond;
            q.fill = true;
            const auto table = query::run(q, m_fleet, all);
            QVERIFY(table.ok());
            const test::SlowTable reference = slow(q, m_fleet, all);
            const std::size_t time = timeOf(q);
            std::set<Keys> expected;
            for (const auto& [keys, sums] : reference) {
                for (SimMicros at = 0; at < q.to; at += q.bucketMicros) {
                    Keys key = keys;
                    key[time] = secondsText(at);
                    expected.insert(key);
                }
            }
            QCOMPARE(table->rows.size(), expected.size());
            for (const Row& row : table->rows) {
                QVERIFY(expected.count(row.keys) == 1);
                QCOMPARE(row.present, reference.count(row.keys) == 1);
                for (std::size_t i = 0; i < q.measures.size(); ++i) {
                    if (row.present) {
                        QVERIFY(same(row.values[i], test::slowValue(q.measures[i], reference.at(row.keys))));
                    } else if (q.measures[i] == Measure::Requests || q.measures[i] == Measure::SpendUsd) {
                        QCOMPARE(row.values[i], 0.0);
                    } else if (q.measures[i] == Measure::SloAttainment || q.measures[i] == Measure::Utilization ||
                               q.measures[i] == Measure::TtftP95) {
                        QVERIFY(std::isnan(row.values[i]));
                    }
                }
            }
        }
        Query q;
        q.measures = {Measure::Requests};
        q.by = {Dimension::Time};
        q.bucketMicros = 1;
        q.to = 365 * 24 * kHour;
        q.fill = true;
        QCOMPARE(query::run(q, m_fleet, {}).error().code, ErrorCode::InvalidValue); // too many
        q.bucketMicros = 24 * kHour;
        QCOMPARE(query::run(q, m_fleet, {})->rows.size(), std::size_t(365));
        q.by = {};
        QVERIFY(!query::run(q, m_fleet, {}).ok());
    }

    void daysOfAZone_data()
    {
        QTest::addColumn<QString>("start");
        QTest::addColumn<QString>("zone");
        QTest::addColumn<QStringList>("days");
        QTest::addColumn<QList<int>>("hours");
        const QString berlin = QStringLiteral("Europe/Berlin");
        QTest::newRow("the clock is put forward")
            << QStringLiteral("2026-03-27T23:00:00Z") << berlin
            << QStringList{QStringLiteral("2026-03-28T00:00:00+01:00"), QStringLiteral("2026-03-29T00:00:00+01:00"),
                           QStringLiteral("2026-03-30T00:00:00+02:00")}
            << QList<int>{24, 23, 24};
        QTest::newRow("the clock is put back")
            << QStringLiteral("2026-10-23T22:00:00Z") << berlin
            << QStringList{QStringLiteral("2026-10-24T00:00:00+02:00"), QStringLiteral("2026-10-25T00:00:00+02:00"),
                           QStringLiteral("2026-10-26T00:00:00+01:00")}
            << QList<int>{24, 25, 24};
        QTest::newRow("a fixed offset") << QStringLiteral("2026-03-28T18:30:00Z") << QStringLiteral("+05:30")
                                        << QStringList{QStringLiteral("2026-03-29T00:00:00+05:30"),
                                                       QStringLiteral("2026-03-30T00:00:00+05:30")}
                                        << QList<int>{24, 24};
    }
    void daysOfAZone()
    {
        QFETCH(QString, start);
        QFETCH(QString, zone);
        QFETCH(QStringList, days);
        QFETCH(QList<int>, hours);
        Fleet fleet = m_fleet;
        fleet.startTimeUtc = start.toStdString();
        const int length = std::accumulate(hours.begin(), hours.end(), 0);
        const Intervals all = test::RandomFacts(fleet, 31).intervals(std::size_t(length) * 2, kHour / 2);
        aggregate::History history;
        for (const auto& interval : all) {
            history.append(interval);
        }
        Query q;
        q.measures = {Measure::Requests, Measure::RequestsPerSecond};
        q.by = {Dimension::Time};
        q.bucketMicros = 24 * kHour;
        q.to = length * kHour;
        q.zone = zone.toStdString();
        const auto table = query::run(q, fleet, all);
        QVERIFY(table.ok());
        QCOMPARE(table->rows.size(), std::size_t(days.size()));
        SimMicros at = 0;
        for (int day = 0; day < days.size(); ++day) {
            const Row& row = table->rows[std::size_t(day)];
            QCOMPARE(QString::fromStdString(row.keys[0]), days[day]);
            Query one;
            one.measures = q.measures;
            one.from = at;
            one.to = at += hours[day] * kHour;
            const auto alone = query::run(one, fleet, all);
            QCOMPARE(row.values[0], alone->rows.at(0).values[0]);
            QVERIFY(same(row.values[1], row.values[0] / (hours[day] * 3600.0)));
        }
        // The widest sums of a history are cut at midnight too.
        const auto wide = query::runOver(q, fleet, history);
        QVERIFY(wide.ok());
        QCOMPARE(wide->rows.size(), table->rows.size());
        for (std::size_t i = 0; i < table->rows.size(); ++i) {
            QVERIFY(wide->rows[i].keys == table->rows[i].keys && wide->rows[i].values == table->rows[i].values);
        }
        // Hours: one for each that passes, also the one that comes twice.
        q.bucketMicros = kHour;
        QCOMPARE(query::run(q, fleet, all)->rows.size(), std::size_t(length));
    }

    /// Yesterday of a day is the calendar's, however long either is.
    void thePreviousDayIsTheCalendars()
    {
        Fleet fleet = m_fleet;
        fleet.startTimeUtc = "2026-10-23T22:00:00Z"; // midnight in Berlin; the 25th has 25 hours
        const Intervals all = test::RandomFacts(fleet, 32).intervals(24 + 25 + 24, kHour);
        const auto ask = [&](int from, int to, bool byTime) {
            Query q;
            q.measures = {Measure::Requests};
            q.from = from * kHour;
            q.to = to * kHour;
            q.zone = "Europe/Berlin";
            q.compare = Compare::PreviousPeriod;
            if (byTime) {
                q.by = {Dimension::Time};
                q.bucketMicros = 6 * kHour;
            }
            return query::run(q, fleet, all).value();
        };
        const Table of25th = ask(24, 49, false), of26th = ask(49, 73, false);
        QCOMPARE(of25th.baseFrom, SimMicros(0));
        QCOMPARE(of25th.baseTo, 24 * kHour);
        QCOMPARE(of26th.baseFrom, 24 * kHour);
        QCOMPARE(of26th.baseTo, 49 * kHour);
        QCOMPARE(of26th.rows[0].base[0], of25th.rows[0].values[0]);
        const Table quarters = ask(49, 73, true), before = ask(24, 49, true);
        QCOMPARE(quarters.rows.size(), std::size_t(4));
        for (std::size_t i = 0; i < 4; ++i) {
            QCOMPARE(quarters.rows[i].base[0], before.rows[i].values[0]);
        }
    }

    void weeksBeginOnMondays()
    {
        Fleet fleet = m_fleet;
        fleet.startTimeUtc = "2026-11-21T12:00:00Z"; // a Saturday
        const Intervals all = test::RandomFacts(fleet, 33).intervals(10 * 24, kHour);
        Query q;
        q.measures = {Measure::Requests};
        q.by = {Dimension::Time};
        q.bucketMicros = 7 * 24 * kHour;
        q.to = 240 * kHour;
        q.zone = "UTC";
        const auto table = query::run(q, fleet, all);
        QCOMPARE(table->rows.size(), std::size_t(3));
        QCOMPARE(table->rows[0].keys[0], std::string("2026-11-16T00:00:00+00:00"));
        QCOMPARE(table->rows[1].keys[0], std::string("2026-11-23T00:00:00+00:00"));
        QCOMPARE(table->rows[2].keys[0], std::string("2026-11-30T00:00:00+00:00"));
    }

    void refusesZonesAndWidthsThatAreNone()
    {
        Query q;
        q.measures = {Measure::Requests};
        q.by = {Dimension::Time};
        q.bucketMicros = kHour;
        q.to = kHour;
        q.zone = "berlin";
        const auto unknown = query::run(q, m_fleet, {});
        QCOMPARE(unknown.error().code, ErrorCode::NotFound);
        QVERIFY(unknown.error().advice.find("Europe/Berlin") != std::string::npos);
        q.zone = "UTC";
        q.bucketMicros = 7 * kHour;
        QCOMPARE(query::run(q, m_fleet, {}).error().code, ErrorCode::InvalidValue);
    }
};

QTEST_GUILESS_MAIN(TestCompare)
#include "tst_compare.moc"

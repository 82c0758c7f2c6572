// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/course.h"
#include "tests/model/query/random_intervals.h"
#include "tests/support/small_fleet.h"

#include <QTest>

#include <cmath>
#include <ctime>

using namespace isobar;
using namespace isobar::query;
using aggregate::SimMicros;
using test::Intervals;

namespace {

constexpr SimMicros kSecond = aggregate::kMicrosPerSecond;

bool near(double a, double b)
{
    return std::abs(a - b) <= 2e-6 * std::max({1e-9, std::abs(a), std::abs(b)});
}

} // namespace

/// A course is held against the same question asked of every interval by itself.
class TestCourse : public QObject {
    Q_OBJECT

    const Fleet m_fleet = test::smallFleet();

    double asked(const CourseQuestion& question, const std::string& key, const Intervals& intervals) const
    {
        Query q;
        q.measures = {question.measure};
        q.where = question.where;
        q.from = intervals.front()->begin;
        q.to = intervals.back()->end;
        if (question.by) {
            q.by = {*question.by};
        }
        const auto table = query::run(q, m_fleet, intervals);
        const Row* row = table.value().find(question.by ? std::vector<std::string>{key} : std::vector<std::string>{});
        return row != nullptr ? row->values[0] : std::nan("");
    }

    /// Every point says what its intervals do; what is not there is 0 or nothing.
    QByteArray wrongIn(const Course& course, const CourseQuestion& question, const Intervals& all) const
    {
        for (const CourseLine& line : course.lines) {
            if (line.points.size() > std::max<std::size_t>(2, question.pixels)) {
                return "too many points";
            }
            for (const CoursePoint& point : line.points) {
                Intervals part;
                double min = INFINITY, max = -INFINITY, last = 0;
                for (const auto& interval : all) {
                    if (interval->begin >= point.begin && interval->end <= point.end) {
                        part.push_back(interval);
                        const double value = asked(question, line.key, {interval});
                        if (std::isfinite(value)) {
                            min = std::min(min, value);
                            max = std::max(max, value);
                            last = value;
                        }
                    }
                }
                double mean = part.empty() ? 0 : asked(question, line.key, part);
                if (course.fromRollUp && std::isnan(mean)) { // no facts there: nothing was requested or paid
                    mean = min = max = 0;
                }
                // A roll-up counts an interval without facts as 0, a table has no row for it.
                const bool sparse = course.fromRollUp && min != point.min && point.min == 0;
                const bool lastIsNothing = course.fromRollUp && point.last == 0;
                if (!near(mean, point.mean) || !near(max, point.max) || (!sparse && !near(min, point.min)) ||
                    (!lastIsNothing && !near(last, point.last))) {
                    return QByteArray(line.key.c_str()) + " at " + QByteArray::number(qlonglong(point.begin)) + ": " +
                           QByteArray::number(point.mean) + " " + QByteArray::number(point.min) + " " +
                           QByteArray::number(point.max) + " " + QByteArray::number(point.last) + ", not " +
                           QByteArray::number(mean) + " " + QByteArray::number(min) + " " + QByteArray::number(max) +
                           " " + QByteArray::number(last);
                }
            }
        }
        return {};
    }

private Q_SLOTS:
    void saysWhatItsIntervalsDo()
    {
        struct Case {
            Measure measure;
            std::optional<Dimension> by;
            std::vector<Filter> where;
            bool kept; ///< by the roll-ups
        };
        const std::vector<Case> cases{
            {Measure::TokensPerSecond, Dimension::Provider, {}, true},
            {Measure::Utilization, Dimension::Pool, {}, true},
            {Measure::Headroom, {}, {}, true},
            {Measure::Headroom, Dimension::Region, {}, true},
            {Measure::SpendUsdPerDay, Dimension::Pricing, {}, true},
            {Measure::SpendUsdPerDay, Dimension::Model, {}, true},
            {Measure::RequestsPerSecond, Dimension::Area, {}, true},
            {Measure::RequestsPerSecond, Dimension::Workload, {}, true},
            {Measure::SloAttainment, {}, {{Dimension::Model, {m_fleet.models[0].name}}}, true},
            {Measure::PowerWatts,
             Dimension::Provider,
             {{Dimension::Provider, {m_fleet.providers[0].key, "(none)"}}},
             true},
            {Measure::RequestsPerSecond, {}, {{Dimension::Provider, {"(none)"}}}, true},
            {Measure::TtftP95, Dimension::Provider, {}, false},
            {Measure::ItlP95, {}, {}, false},
            {Measure::Utilization, Dimension::Use, {}, false},
            {Measure::TokensPerSecond, Dimension::Model, {{Dimension::Provider, {m_fleet.providers[0].key}}}, false},
            {Measure::UsdPerMillionTokens, {}, {}, false},
        };
        for (std::uint32_t seed = 1; seed <= 3; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            const Intervals all = random.intervals(100, kSecond, -9 * kSecond);
            aggregate::LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
            aggregate::History history;
            for (const auto& interval : all) {
                rollUp.append(*interval);
                history.append(interval);
            }
            for (const Case& one : cases) {
                for (const std::size_t pixels : {2, 7, 300}) {
                    const CourseQuestion question{one.measure, one.by, one.where, 3 * kSecond, 83 * kSecond, pixels};
                    const QByteArray name = info(one.measure).name.data();
                    const auto course = courseOf(question, m_fleet, &rollUp, history);
                    QVERIFY2(course.ok(), name);
                    QCOMPARE(course->fromRollUp, one.kept && !(one.by == Dimension::Use));
                    QVERIFY2(!course->lines.empty() || (!one.where.empty() && one.where[0].values[0] == "(none)"),
                             name);
                    const QByteArray wrong = wrongIn(*course, question, all);
                    QVERIFY2(wrong.isEmpty(), name + " " + wrong);
                    // The history says the same, in the same order.
                    const auto slow = courseOf(question, m_fleet, nullptr, history);
                    QVERIFY(slow.ok() && !slow->fromRollUp);
                    const QByteArray wrongThere = wrongIn(*slow, question, all);
                    QVERIFY2(wrongThere.isEmpty(), name + " " + wrongThere);
                    std::vector<std::string> keys, slowKeys;
                    for (const CourseLine& line : course->lines) {
                        keys.push_back(line.key);
                    }
                    for (const CourseLine& line : slow->lines) {
                        slowKeys.push_back(line.key);
                    }
                    QCOMPARE(keys, slowKeys);
                }
            }
        }
    }

    void theFirstSecondsSpikeIsSeenAfterHours()
    {
        test::RandomFacts random(m_fleet, 5);
        const Intervals few = random.intervals(60, kSecond);
        aggregate::LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        aggregate::History history;
        const SimMicros hours = 3 * 3600 * kSecond;
        for (SimMicros at = 0; at < hours; at += kSecond) {
            auto interval = std::make_shared<aggregate::Interval>(*few[std::size_t(at / kSecond) % few.size()]);
            interval->begin = at;
            interval->end = at + kSecond;
            if (at == 100 * kSecond) {
                interval->demand.back().tokensOut += 1'000'000'000;
            }
            rollUp.append(*interval);
            history.append(std::move(interval));
        }
        const CourseQuestion question{Measure::TokensPerSecond, {}, {}, 0, hours, 300};
        const auto course = courseOf(question, m_fleet, &rollUp, history);
        QVERIFY(course.ok() && course->fromRollUp);
        double most = 0, sum = 0;
        for (const CoursePoint& point : course->lines.at(0).points) {
            most = std::max(most, point.max);
            sum += point.mean * double(point.end - point.begin) * 1e-6;
        }
        QVERIFY(most > 1e9);
        Query q;
        q.measures = {Measure::InputTokens, Measure::OutputTokens};
        q.to = hours;
        const auto table = runOver(q, m_fleet, history);
        QVERIFY(near(sum, table->rows[0].values[0] + table->rows[0].values[1]));

        // Charts over hours are read from the roll-ups because that is many times faster. In turn, processor time.
        CourseQuestion wide = question;
        wide.by = Dimension::Provider;
        double fast = INFINITY, slow = INFINITY;
        for (int i = 0; i < 5; ++i) {
            for (const bool kept : {true, false}) {
                const std::clock_t start = std::clock();
                QVERIFY(courseOf(wide, m_fleet, kept ? &rollUp : nullptr, history).ok());
                double& best = kept ? fast : slow;
                best = std::min(best, double(std::clock() - start));
            }
        }
        QVERIFY2(fast * 3 < slow, qPrintable(QStringLiteral("%1 against %2 ticks").arg(fast).arg(slow)));
    }

    void nothingAndNonsense()
    {
        const aggregate::History history;
        const aggregate::LiveRollUp rollUp(std::make_shared<const Fleet>(m_fleet));
        CourseQuestion question;
        question.to = kSecond;
        for (const auto* from : {&rollUp, static_cast<const aggregate::LiveRollUp*>(nullptr)}) {
            const auto course = courseOf(question, m_fleet, from, history);
            QVERIFY(course.ok() && course->lines.empty());
        }
        question.by = Dimension::Time;
        QVERIFY(!courseOf(question, m_fleet, &rollUp, history).ok());
        question.by = std::nullopt;
        question.where = {{Dimension::Model, {"no such model"}}};
        const auto refused = courseOf(question, m_fleet, &rollUp, history);
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::NotFound);
    }
};

QTEST_APPLESS_MAIN(TestCourse)
#include "tst_course.moc"

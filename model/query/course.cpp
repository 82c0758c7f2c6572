// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/course.h"

#include "model/aggregate/time_buckets.h"
#include "model/query/row_keys.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::query {
namespace {

using aggregate::Gauge;
using aggregate::LiveRollUp;
using aggregate::RollUpBy;
using aggregate::SimMicros;

std::optional<Gauge> gaugeOf(Measure measure)
{
    switch (measure) {
    case Measure::RequestsPerSecond:
        return Gauge::RequestsPerSecond;
    case Measure::TokensPerSecond:
        return Gauge::TokensPerSecond;
    case Measure::SloAttainment:
        return Gauge::SloAttainment;
    case Measure::Utilization:
    case Measure::Headroom:
        return Gauge::Utilization;
    case Measure::PowerWatts:
        return Gauge::PowerWatts;
    case Measure::CarbonGramsPerDay:
        return Gauge::CarbonGramsPerDay;
    case Measure::SpendUsdPerDay:
        return Gauge::SpendUsdPerDay;
    default:
        return std::nullopt;
    }
}

std::optional<RollUpBy> rollUpBy(Dimension dimension)
{
    switch (dimension) {
    case Dimension::Provider:
        return RollUpBy::Provider;
    case Dimension::Region:
        return RollUpBy::Region;
    case Dimension::Pool:
        return RollUpBy::Pool;
    case Dimension::Accelerator:
        return RollUpBy::Accelerator;
    case Dimension::Model:
        return RollUpBy::Model;
    case Dimension::Workload:
        return RollUpBy::Workload;
    case Dimension::Tier:
        return RollUpBy::Tier;
    case Dimension::Pricing:
        return RollUpBy::Pricing;
    case Dimension::Area:
        return RollUpBy::Area;
    case Dimension::Use:
    case Dimension::Time:
        break;
    }
    return std::nullopt;
}

CoursePoint pointOf(const LiveRollUp::Point& point, Measure measure)
{
    if (measure == Measure::Headroom) { // what is left of utilization
        return {point.begin, point.end, 1 - point.mean, 1 - point.max, 1 - point.min, 1 - point.last};
    }
    return {point.begin, point.end, point.mean, point.min, point.max, point.last};
}

void dropEmptyLines(Course& course, const CourseQuestion& question)
{
    const bool ratio = info(question.measure).unit == "ratio";
    std::erase_if(course.lines, [&](const CourseLine& line) {
        const bool any = std::any_of(line.points.begin(), line.points.end(),
                                     [](const CoursePoint& point) { return point.max != 0 || point.min != 0; });
        return line.points.empty() || (question.by && !ratio && !any);
    });
}

/// Nothing where the roll-ups do not keep it.
Result<std::optional<Course>> fromRollUp(const CourseQuestion& question, const Fleet& fleet, const LiveRollUp& rollUp)
{
    const std::optional<Course> notKept;
    const auto gauge = gaugeOf(question.measure);
    if (!gauge || question.where.size() > 1 ||
        (question.by && !question.where.empty() && question.where.front().dimension != *question.by)) {
        return notKept;
    }
    const std::optional<Dimension> dimension =
        question.where.empty() ? question.by : std::optional(question.where.front().dimension);
    // Several values of a filter add up to one line that is not kept.
    if (!question.by && dimension && question.where.front().values.size() != 1) {
        return notKept;
    }
    const auto by = dimension ? rollUpBy(*dimension) : std::optional(RollUpBy::Total);
    if (!by || !LiveRollUp::keeps(*by, *gauge)) {
        return notKept;
    }
    const RowKeys keys(fleet);
    std::vector<std::uint32_t> wanted;
    if (!question.where.empty()) {
        ISOBAR_TRY_ASSIGN(wanted, keys.resolve(*dimension, question.where.front().values));
    } else {
        for (std::uint32_t entity = 0; entity < rollUp.entities(*by); ++entity) {
            wanted.push_back(entity);
        }
        wanted.push_back(RowKeys::kNone);
    }
    Course course;
    course.fromRollUp = true;
    for (const std::uint32_t entity : wanted) {
        const std::size_t number = entity == RowKeys::kNone ? LiveRollUp::kNoEntity : entity;
        CourseLine line{question.by ? keys.name(*question.by, entity) : std::string(), {}};
        for (const auto& point : rollUp.series(*by, number, *gauge, question.from, question.to, question.pixels)) {
            line.points.push_back(pointOf(point, question.measure));
        }
        course.lines.push_back(std::move(line));
    }
    dropEmptyLines(course, question);
    return std::optional(std::move(course));
}

/// When a row's bucket begins, and whose row it is.
std::pair<SimMicros, std::string> keyOf(const Row& row)
{
    return {static_cast<SimMicros>(std::llround(std::stod(row.keys[0]) * aggregate::kMicrosPerSecond)),
            row.keys.size() > 1 ? row.keys[1] : std::string()};
}

Result<Course> fromHistory(const CourseQuestion& question, const Fleet& fleet, const aggregate::History& history)
{
    Course course;
    const auto intervals = history.range(question.from, question.to);
    if (intervals.empty()) {
        return course;
    }
    Query wide;
    wide.measures = {question.measure};
    wide.by = {Dimension::Time};
    if (question.by) {
        wide.by.push_back(*question.by);
    }
    wide.where = question.where;
    wide.from = question.from;
    wide.to = question.to;
    wide.bucketMicros = aggregate::widthForPixels(question.from, question.to, question.pixels);
    ISOBAR_TRY_ASSIGN(const Table means, runOver(wide, fleet, history));
    Query fine = wide;
    fine.bucketMicros = 1; // each interval by itself
    ISOBAR_TRY_ASSIGN(const Table single, run(fine, fleet, intervals));
    std::map<SimMicros, std::pair<SimMicros, SimMicros>> covered; // by where the wide bucket begins
    for (const auto& interval : intervals) {
        const SimMicros bucket = aggregate::floorTo(interval->begin, wide.bucketMicros);
        covered.try_emplace(bucket, interval->begin, interval->end).first->second.second = interval->end;
    }
    std::map<std::string, std::size_t> lines;
    std::map<std::pair<std::size_t, SimMicros>, CoursePoint> points; // by line, then where the wide bucket begins
    for (const Row& row : means.rows) {
        const auto [begin, name] = keyOf(row);
        const auto [line, isNew] = lines.try_emplace(name, course.lines.size());
        if (isNew) {
            course.lines.push_back({name, {}});
        }
        if (std::isfinite(row.values[0])) {
            const auto [from, to] = covered[begin];
            points[{line->second, begin}] = {from, to, row.values[0], INFINITY, -INFINITY, 0};
        }
    }
    for (const Row& row : single.rows) {
        const auto [begin, name] = keyOf(row);
        const auto line = lines.find(name);
        const double value = row.values[0];
        if (line == lines.end() || !std::isfinite(value)) {
            continue;
        }
        const auto found = points.find({line->second, aggregate::floorTo(begin, wide.bucketMicros)});
        if (found != points.end()) {
            CoursePoint& point = found->second;
            point.min = std::min(point.min, value);
            point.max = std::max(point.max, value);
            point.last = value;
        }
    }
    for (const auto& [key, point] : points) {
        if (point.min <= point.max) {
            course.lines[key.first].points.push_back(point);
        }
    }
    dropEmptyLines(course, question);
    // The first bucket may lack who has facts later only: names are put in the fleet's order.
    if (question.by) {
        const RowKeys keys(fleet);
        std::map<std::string, std::size_t> order;
        for (std::uint32_t i = 0; i < keys.size(*question.by); ++i) {
            order.emplace(keys.name(*question.by, i), i);
        }
        const auto place = [&order](const CourseLine& line) {
            const auto found = order.find(line.key);
            return found == order.end() ? order.size() : found->second;
        };
        std::stable_sort(course.lines.begin(), course.lines.end(),
                         [&place](const CourseLine& a, const CourseLine& b) { return place(a) < place(b); });
    }
    return course;
}

} // namespace

Result<Course> courseOf(const CourseQuestion& question, const Fleet& fleet, const LiveRollUp* rollUp,
                        const aggregate::History& history)
{
    if (question.by == Dimension::Time) {
        return Error{ErrorCode::InvalidValue, "a course is by time already", "give another dimension, or none"};
    }
    if (question.from >= question.to) {
        return Course{};
    }
    if (rollUp != nullptr) {
        ISOBAR_TRY_ASSIGN(auto kept, fromRollUp(question, fleet, *rollUp));
        if (kept) {
            return *std::move(kept);
        }
    }
    return fromHistory(question, fleet, history);
}

} // namespace isobar::query

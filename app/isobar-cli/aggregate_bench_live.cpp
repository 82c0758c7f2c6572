// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/aggregate_bench.h"

#include "model/aggregate/live_rollup.h"
#include "model/aggregate/time_buckets.h"
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "model/query/course.h"
#include "model/query/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace isobar::cli {
namespace {

using namespace aggregate;
using query::Dimension;
using query::Measure;
using Clock = std::chrono::steady_clock;
using Intervals = std::vector<std::shared_ptr<const Interval>>;

constexpr SimMicros kSimulatedSeconds = 120;
/// Long enough that the history has all its tiers.
constexpr SimMicros kHistorySeconds = 7 * 3600;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Real seconds of the sample fleet, settled.
Result<Intervals> simulate(const std::shared_ptr<const Fleet>& fleet)
{
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    engine::EngineOptions options;
    options.settleSeconds = engine::kUsualSettleSeconds;
    ISOBAR_TRY_ASSIGN(engine::Engine engine, engine::Engine::create(fleet, calibration, options));
    Intervals all;
    while (engine.now() < kSimulatedSeconds * kMicrosPerSecond) {
        engine.step();
        for (auto& interval : engine.takeIntervals()) {
            all.push_back(std::move(interval));
        }
    }
    return all;
}

/// The same interval at another time.
std::shared_ptr<const Interval> movedTo(const Interval& interval, SimMicros begin)
{
    auto moved = std::make_shared<Interval>(interval);
    moved->end = begin + (interval.end - interval.begin);
    moved->begin = begin;
    return moved;
}

/// Every counter and every latency sketch of every row is a series.
std::int64_t seriesOf(const Interval& interval)
{
    constexpr std::size_t kDemandCounters = 8, kSupplyCounters = 4 + kPricingModels;
    return static_cast<std::int64_t>(interval.demand.size() * (kDemandCounters + kLatencies) +
                                     interval.supply.size() * kSupplyCounters + interval.flows.size());
}

struct DashboardQuestion {
    std::string name;
    std::vector<Measure> measures;
    std::vector<Dimension> by;
    std::size_t pixels = 0; ///< above 0: in so many buckets at most, else in those of the range
};

std::vector<DashboardQuestion> dashboardQuestions()
{
    const std::vector<Measure> kpis{
        Measure::SpendUsdPerDay, Measure::UsdPerMillionTokens, Measure::SloAttainment, Measure::Utilization,
        Measure::Headroom,       Measure::CarbonGramsPerDay,   Measure::Accelerators};
    const std::vector<Measure> map{Measure::Accelerators,    Measure::Utilization,      Measure::RequestsPerSecond,
                                   Measure::TokensPerSecond, Measure::SloAttainment,    Measure::TtftP95,
                                   Measure::SpendUsdPerDay,  Measure::CarbonGramsPerDay};
    std::vector<Measure> all;
    for (const query::MeasureInfo& info : query::measures()) {
        all.push_back(info.measure);
    }
    return {
        {"key figures", kpis, {}},
        {"course of the key figures", kpis, {Dimension::Time}},
        {"map", map, {Dimension::Region}},
        {"flows", {Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Region}},
        {"throughput", {Measure::TokensPerSecond}, {Dimension::Time, Dimension::Provider}},
        {"latency", {Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {Dimension::Time}, 400},
        {"share",
         {Measure::SpendUsdPerDay, Measure::Accelerators, Measure::TokensPerSecond, Measure::Utilization},
         {Dimension::Provider}},
        {"every measure", all, {}},
        {"every measure by model", all, {Dimension::Model}},
        {"latencies by model",
         {Measure::TtftP95, Measure::ItlP95, Measure::EndToEndP95},
         {Dimension::Time, Dimension::Model}},
        {"pools and models", {Measure::Utilization, Measure::RequestsPerSecond}, {Dimension::Pool, Dimension::Model}},
        {"utilization by region and model",
         {Measure::Utilization, Measure::Accelerators, Measure::TokensPerSecond},
         {Dimension::Region, Dimension::Model}},
        {"from users to models",
         {Measure::RequestsPerSecond},
         {Dimension::Area, Dimension::Provider, Dimension::Model}},
        {"where the money goes", {Measure::SpendUsdPerDay}, {Dimension::Provider, Dimension::Region, Dimension::Model}},
        {"spend by model over time", {Measure::SpendUsdPerDay}, {Dimension::Time, Dimension::Model}},
        {"spend by pricing", {Measure::SpendUsdPerDay}, {Dimension::Provider, Dimension::Pricing}},
        {"spend by pricing over time", {Measure::SpendUsdPerDay}, {Dimension::Time, Dimension::Pricing}}};
}

/// Charts of 1,200 pixels over all there is: from the roll-ups, and for the ratio as much from the history.
Result<Json> benchmarkCourses(const Fleet& fleet, const LiveRollUp& rollUp, const History& history, int repeats)
{
    struct Chart {
        const char* name;
        Measure measure;
        std::optional<Dimension> by;
    };
    Json all = Json::array();
    for (const auto& [name, measure, by] :
         {Chart{"throughput by provider", Measure::TokensPerSecond, Dimension::Provider},
          Chart{"utilization by pool", Measure::Utilization, Dimension::Pool},
          Chart{"spend by model", Measure::SpendUsdPerDay, Dimension::Model},
          Chart{"SLO attainment", Measure::SloAttainment, std::nullopt}}) {
        const query::CourseQuestion question{measure, by, {}, history.begin(), history.end(), 1'200};
        std::array<double, 2> best{1e300, 1e300};
        std::size_t points = 0;
        for (int i = 0; i < repeats; ++i) {
            for (const std::size_t way : {0, 1}) {
                const auto start = Clock::now();
                const auto course = query::courseOf(question, fleet, way == 0 ? &rollUp : nullptr, history);
                best[way] = std::min(best[way], secondsSince(start));
                if (!course.ok()) {
                    return course.error();
                }
                if (way == 0) {
                    points = 0;
                    for (const query::CourseLine& line : course->lines) {
                        points += line.points.size();
                    }
                }
            }
        }
        all.push_back({{"name", name},
                       {"seconds", best[0]},
                       {"history_seconds", best[1]},
                       {"ratio", best[1] / best[0]},
                       {"points", points}});
    }
    return all;
}

} // namespace

Result<Json> benchmarkLive(const AggregateBenchOptions& options)
{
    ISOBAR_TRY_ASSIGN(Fleet sample, proto::shippedSample());
    const auto fleet = std::make_shared<const Fleet>(std::move(sample));
    ISOBAR_TRY_ASSIGN(const Intervals seconds, simulate(fleet));
    History history;
    LiveRollUp rollUp(fleet);
    double appending = 0;
    std::int64_t updates = 0;
    for (SimMicros at = 0; at < kHistorySeconds;) { // roll-ups by dimension and the sums of the history, both
        // Made beforehand, so that only the history's own work is timed.
        Intervals some;
        for (const auto& interval : seconds) {
            some.push_back(movedTo(*interval, at++ * kMicrosPerSecond));
            updates += seriesOf(*interval);
        }
        const auto start = Clock::now();
        for (auto& interval : some) {
            rollUp.append(*interval);
            history.append(std::move(interval));
        }
        appending += secondsSince(start);
    }
    Json live;
    live["fleet"] = fleet->name;
    live["series"] = seriesOf(*seconds.back());
    live["history_seconds"] = kHistorySeconds;
    live["history_intervals"] = history.intervals().size();
    live["append_seconds"] = appending;
    live["updates_per_second"] = static_cast<double>(updates) / appending;
    double worst = 0;
    // The widths the dashboard's charts choose.
    struct Range {
        const char* name;
        SimMicros length, bucket;
    };
    for (const auto& [rangeName, length, bucket] :
         {Range{"5 min", 300, 10}, Range{"1 h", 3600, 60}, Range{"all", kHistorySeconds, 600}}) {
        for (const bool filtered : {false, true}) {
            for (const DashboardQuestion& question : dashboardQuestions()) {
                query::Query q;
                q.measures = question.measures;
                q.by = question.by;
                q.to = history.end();
                q.from = q.to - length * kMicrosPerSecond;
                q.bucketMicros =
                    question.pixels > 0 ? widthForPixels(q.from, q.to, question.pixels) : bucket * kMicrosPerSecond;
                if (filtered) {
                    q.where = {{Dimension::Model, {fleet->models.front().name}}};
                }
                double best = 1e300;
                std::size_t rows = 0;
                for (int i = 0; i < options.repeats; ++i) {
                    const auto start = Clock::now();
                    const auto table = query::runOver(q, *fleet, history);
                    best = std::min(best, secondsSince(start));
                    if (!table.ok()) {
                        return table.error();
                    }
                    rows = table->rows.size();
                }
                worst = std::max(worst, best);
                live["questions"].push_back({{"name", question.name},
                                             {"range", rangeName},
                                             {"filtered", filtered},
                                             {"seconds", best},
                                             {"rows", rows}});
            }
        }
    }
    live["worst_question_seconds"] = worst;
    ISOBAR_TRY_ASSIGN(live["courses"], benchmarkCourses(*fleet, rollUp, history, options.repeats));
    return live;
}

} // namespace isobar::cli

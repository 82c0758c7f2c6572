// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;
using query::Dimension;
using query::Measure;

query::Query questionOf(const ViewContext& context, std::vector<Measure> measures, std::vector<Dimension> by)
{
    query::Query q;
    q.measures = std::move(measures);
    q.by = std::move(by);
    q.where = context.filters();
    q.from = context.from();
    q.to = context.now;
    q.bucketMicros = bucketMicros(context);
    return q;
}

Result<query::Table> answer(const query::Query& question, const ViewContext& context)
{
    return context.history.empty() ? query::run(question, *context.fleet, context.intervals)
                                   : query::runOver(question, *context.fleet, context.history);
}

query::Table tableOf(const query::Query& question, const ViewContext& context)
{
    auto table = answer(question, context);
    Q_ASSERT(table.ok());
    return table.ok() ? std::move(table).value() : query::Table{question.by, question.measures, {}, 0, 0};
}

QString durationWords(SimMicros length)
{
    const double seconds = static_cast<double>(length) * 1e-6;
    return seconds < 120    ? QStringLiteral("%1 s").arg(std::lround(seconds))
           : seconds < 7200 ? QStringLiteral("%1 min").arg(std::lround(seconds / 60))
                            : QStringLiteral("%1 h").arg(std::lround(seconds / 3600));
}

} // namespace

SimMicros bucketMicros(const ViewContext& context)
{
    static constexpr std::array<SimMicros, 12> kSeconds{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600};
    SimMicros coarsest = 0;
    const SimMicros from = context.from();
    for (const auto& interval : context.intervals) {
        if (interval->end > from) {
            coarsest = std::max(coarsest, interval->end - interval->begin);
        }
    }
    for (const SimMicros seconds : kSeconds) {
        const SimMicros width = seconds * aggregate::kMicrosPerSecond;
        if (width >= coarsest && width * 100 >= context.now - from) {
            return width;
        }
    }
    return kSeconds.back() * aggregate::kMicrosPerSecond;
}

query::Table ask(const ViewContext& context, std::vector<Measure> measures, std::vector<Dimension> by)
{
    return tableOf(questionOf(context, std::move(measures), std::move(by)), context);
}

Comparison compare(const ViewContext& context, const std::vector<Measure>& measures)
{
    query::Query now = questionOf(context, measures, {});
    const SimMicros length = now.to - now.from;
    if (length <= 0 || context.intervals.empty()) {
        return {};
    }
    query::Query before = now;
    const bool reaches = context.intervals.front()->begin <= now.from - length;
    QString versus;
    if (reaches) {
        before.to = now.from;
        before.from = now.from - length;
        versus = QStringLiteral("previous ") + durationWords(length);
    } else {
        // Whole seconds, so that the halves are cut where intervals are.
        const SimMicros half = length / 2 / aggregate::kMicrosPerSecond * aggregate::kMicrosPerSecond;
        if (half <= 0) {
            return {};
        }
        now.from = now.to - half;
        before.to = now.from;
        before.from = now.from - half;
        versus = QStringLiteral("%1 before").arg(durationWords(half));
    }
    return {tableOf(now, context), tableOf(before, context), versus};
}

double valueOf(const query::Table& table, const std::vector<std::string>& keys, Measure measure)
{
    const query::Row* row = table.find(keys);
    const auto column = std::find(table.measures.begin(), table.measures.end(), measure);
    if (row == nullptr || column == table.measures.end()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return row->values[static_cast<std::size_t>(column - table.measures.begin())];
}

Result<query::Table> viewTable(View view, const ViewContext& context)
{
    const auto run = [&context](std::vector<Measure> measures, std::vector<Dimension> by) {
        return answer(questionOf(context, std::move(measures), std::move(by)), context);
    };
    switch (view) {
    case View::Overview:
        return run({Measure::SpendUsdPerDay, Measure::UsdPerMillionTokens, Measure::SloAttainment, Measure::Utilization,
                    Measure::Headroom, Measure::CarbonGramsPerDay, Measure::Accelerators, Measure::RequestsPerSecond,
                    Measure::TokensPerSecond, Measure::TtftP50, Measure::TtftP95, Measure::ItlP50},
                   {});
    case View::Map:
        return run({Measure::Accelerators, Measure::Utilization, Measure::RequestsPerSecond, Measure::TokensPerSecond,
                    Measure::SloAttainment, Measure::TtftP95, Measure::SpendUsdPerDay, Measure::CarbonGramsPerDay},
                   {Dimension::Region});
    case View::Throughput:
        return run({Measure::TokensPerSecond}, {Dimension::Time, Dimension::Provider});
    case View::Latency:
        return run({Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {Dimension::Time});
    case View::Share:
        return run({Measure::SpendUsdPerDay, Measure::Accelerators, Measure::TokensPerSecond, Measure::Utilization},
                   {Dimension::Provider});
    }
    return Error{ErrorCode::Internal, "unknown view"};
}

} // namespace isobar::ui

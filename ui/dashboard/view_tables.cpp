// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"

#include "model/aggregate/time_buckets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;
using query::Dimension;
using query::Measure;

bool isCountOfRequests(Measure measure)
{
    return measure == Measure::Requests || measure == Measure::RequestsPerSecond;
}

bool holds(const std::vector<Dimension>& by, Dimension dimension)
{
    return std::find(by.begin(), by.end(), dimension) != by.end();
}

/// The widest interval that history keeps in the context's range; 0 without any.
SimMicros coarsestKept(const ViewContext& context)
{
    SimMicros coarsest = 0;
    for (const auto& interval : context.intervals) {
        if (interval->end > context.from()) {
            coarsest = std::max(coarsest, interval->end - interval->begin);
        }
    }
    return coarsest;
}

/// The question with the context's filters, as far as they can be asked with it: user areas narrow only what is asked
/// by area, and that only counts requests of whole placements, of all service levels.
query::Query questionOf(const ViewContext& context, std::vector<Measure> measures, std::vector<Dimension> by,
                        std::size_t pixels = 0)
{
    query::Query q;
    const bool byArea = holds(by, Dimension::Area);
    q.where = context.filters();
    std::erase_if(q.where, [byArea](const query::Filter& filter) {
        return byArea ? filter.dimension == Dimension::Tier || filter.dimension == Dimension::Workload
                      : filter.dimension == Dimension::Area;
    });
    q.measures = std::move(measures);
    q.by = std::move(by);
    q.from = context.from();
    q.to = context.now;
    // One width all along: a percentile of a second jumps more than one of ten does.
    q.bucketMicros = pixels > 0 ? std::max(aggregate::widthForPixels(q.from, q.to, pixels), coarsestKept(context))
                                : bucketMicros(context);
    return q;
}

Result<query::Table> answerAll(const query::Query& question, const ViewContext& context)
{
    if (question.compare == query::Compare::Other) {
        const SimMicros width = holds(question.by, Dimension::Time) ? question.bucketMicros : 0;
        const auto base = context.compared->history.range(question.from, question.to, width);
        const auto now =
            context.history.empty() ? context.intervals : context.history.range(question.from, question.to, width);
        return query::run(question, *context.fleet, now, {*context.compared->fleet, base});
    }
    return context.history.empty() ? query::run(question, *context.fleet, context.intervals)
                                   : query::runOver(question, *context.fleet, context.history);
}

/// Whether a measure is counted by what the question filters by: chips and money belong to no service level.
bool isCounted(Measure measure, const query::Query& question)
{
    const query::Facts facts = query::info(measure).facts;
    return std::none_of(question.where.begin(), question.where.end(), [&](const query::Filter& filter) {
        const bool ofRequests = filter.dimension == Dimension::Tier || filter.dimension == Dimension::Workload;
        return (ofRequests && (facts == query::Facts::Supply || facts == query::Facts::Both)) ||
               (filter.dimension == Dimension::Area && !isCountOfRequests(measure));
    });
}

/// The answer with NaN for the measures that the filters cannot narrow.
Result<query::Table> answer(const query::Query& question, const ViewContext& context)
{
    query::Query sub = question;
    std::erase_if(sub.measures, [&question](Measure m) { return !isCounted(m, question); });
    if (sub.measures.size() == question.measures.size()) {
        return answerAll(question, context);
    }
    query::Table table{question.by, question.measures, {}, question.from, question.to};
    if (sub.measures.empty()) {
        return table;
    }
    ISOBAR_TRY_ASSIGN(query::Table counted, answerAll(sub, context));
    table.from = counted.from;
    table.to = counted.to;
    table.compare = counted.compare;
    table.baseFrom = counted.baseFrom;
    table.baseTo = counted.baseTo;
    for (query::Row& row : counted.rows) {
        query::Row full{std::move(row.keys), {}};
        std::size_t at = 0;
        for (const Measure measure : question.measures) {
            const bool isKnown = isCounted(measure, question);
            constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
            full.values.push_back(isKnown ? row.values[at] : kUnknown);
            if (counted.compare != query::Compare::Nothing) {
                full.base.push_back(isKnown ? row.base[at] : kUnknown);
                full.delta.push_back(isKnown ? row.delta[at] : kUnknown);
            }
            at += isKnown ? 1 : 0;
        }
        full.present = row.present;
        full.inBase = row.inBase;
        table.rows.push_back(std::move(full));
    }
    return table;
}

query::Table tableOf(const query::Query& question, const ViewContext& context)
{
    auto table = answer(question, context);
    Q_ASSERT(table.ok());
    return table.ok() ? std::move(table).value() : query::Table{question.by, question.measures, {}, 0, 0};
}

} // namespace

SimMicros bucketMicros(const ViewContext& context)
{
    static constexpr std::array<SimMicros, 12> kSeconds{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600};
    const SimMicros coarsest = coarsestKept(context), from = context.from();
    for (const SimMicros seconds : kSeconds) {
        const SimMicros width = seconds * aggregate::kMicrosPerSecond;
        if (width >= coarsest && width * 100 >= context.now - from) {
            return width;
        }
    }
    return kSeconds.back() * aggregate::kMicrosPerSecond;
}

query::Table ask(const ViewContext& context, std::vector<Measure> measures, std::vector<Dimension> by,
                 std::size_t pixels)
{
    return tableOf(questionOf(context, std::move(measures), std::move(by), pixels), context);
}

Comparison compare(const ViewContext& context, const std::vector<Measure>& measures)
{
    if (context.selection.compare == Comparing::Run || context.selection.compare == Comparing::Baseline) {
        const auto with = comparedWith(context);
        return with ? Comparison{ask(context, measures, {}), ask(with->context, measures, {}), with->name}
                    : Comparison{ask(context, measures, {}), {}, {}};
    }
    query::Query now = questionOf(context, measures, {});
    const SimMicros length = now.to - now.from;
    if (length <= 0 || context.intervals.empty()) {
        return {};
    }
    now.compare = query::Compare::PreviousPeriod;
    const bool reaches = context.intervals.front()->begin <= now.from - length;
    QString versus;
    if (reaches) {
        versus = QStringLiteral("previous ") + durationWords(length);
    } else {
        // Whole seconds, so that the halves are cut where intervals are.
        const SimMicros half = length / 2 / aggregate::kMicrosPerSecond * aggregate::kMicrosPerSecond;
        if (half <= 0) {
            return {};
        }
        now.from = now.to - half;
        versus = QStringLiteral("%1 before").arg(durationWords(half));
    }
    query::Table compared = tableOf(now, context);
    query::Table before{compared.by, compared.measures, {}, compared.baseFrom, compared.baseTo};
    for (const query::Row& row : compared.rows) {
        if (row.inBase) {
            before.rows.push_back({row.keys, row.base});
        }
    }
    return {std::move(compared), std::move(before), versus};
}

QString durationWords(SimMicros length)
{
    const double seconds = static_cast<double>(length) * 1e-6;
    return seconds < 120    ? QStringLiteral("%1 s").arg(std::lround(seconds))
           : seconds < 7200 ? QStringLiteral("%1 min").arg(std::lround(seconds / 60))
                            : QStringLiteral("%1 h").arg(std::lround(seconds / 3600));
}

QString waitingText()
{
    return QStringLiteral("The clock has not run yet: press play");
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
    const auto with = comparedWith(context);
    const auto run = [&](std::vector<Measure> measures, std::vector<Dimension> by, std::size_t pixels = 0) {
        query::Query question = questionOf(context, std::move(measures), std::move(by), pixels);
        if (with) {
            const bool earlier = context.selection.compare == Comparing::PreviousPeriod;
            question.compare = earlier ? query::Compare::PreviousPeriod : query::Compare::Other;
            question.baseFrom = question.from;
            question.bucketMicros = std::max(question.bucketMicros, bucketMicros(with->context));
        }
        return answer(question, context);
    };
    switch (view) {
    case View::Overview:
    case View::Summary:
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
        return run({Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {Dimension::Time}, kLatencyPixels);
    case View::ThroughputByModel:
        return run({Measure::TokensPerSecond}, {Dimension::Time, Dimension::Model});
    case View::Spend:
        return run({Measure::SpendUsdPerDay}, {Dimension::Time, Dimension::Provider});
    case View::SpendByModel:
        return run({Measure::SpendUsdPerDay}, {Dimension::Time, Dimension::Model});
    case View::TtftDistribution:
        return run({Measure::Completed, Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {});
    case View::LoadHeat:
        return run({Measure::Utilization, Measure::Accelerators, Measure::TokensPerSecond},
                   {Dimension::Region, Dimension::Model});
    case View::LoadSpread:
        return run({Measure::Accelerators, Measure::Utilization}, {Dimension::Region});
    case View::Flows:
        return run({Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Provider, Dimension::Model});
    case View::SpendTree:
        return run({Measure::SpendUsdPerDay}, {Dimension::Provider, Dimension::Region, Dimension::Model});
    case View::Margin:
        return run({Measure::RevenueUsdPerDay, Measure::MarginUsdPerDay, Measure::MarginRatio,
                    Measure::RevenueUsdPerMillionTokens, Measure::UsdPerMillionTokens, Measure::TokensPerSecond,
                    Measure::UnpricedTokens},
                   {Dimension::Model});
    case View::Commitments:
    case View::Concentration:
    case View::Share:
        return run({Measure::SpendUsdPerDay, Measure::Accelerators, Measure::TokensPerSecond, Measure::Utilization},
                   {Dimension::Provider});
    }
    return Error{ErrorCode::Internal, "unknown view"};
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/course.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

/// What a stack over time shows.
struct Stack {
    View view;
    Measure measure;
    Dimension by;
    const char* unit;
};
constexpr std::array kStacks{
    Stack{View::Throughput, Measure::TokensPerSecond, Dimension::Provider, "tokens/s, input and output"},
    Stack{View::ThroughputByModel, Measure::TokensPerSecond, Dimension::Model, "tokens/s, input and output"},
    Stack{View::Spend, Measure::SpendUsdPerDay, Dimension::Provider, "USD a day"},
    Stack{View::SpendByModel, Measure::SpendUsdPerDay, Dimension::Model, "USD a day"},
};

double startEpochSeconds(const ViewContext& context)
{
    return static_cast<double>(context.timeAt(0).toMSecsSinceEpoch()) / 1000;
}

TimeChartData frame(const ViewContext& context, View view, const QString& unit)
{
    TimeChartData data = timeFrame(context, viewTitle(view));
    data.unitNote = unit;
    data.brushable = true;
    return data;
}

struct Layer {
    QString name;
    QColor color;
    std::map<double, double> values; ///< by time
    double sum = 0;
};

/// The layers of a stack, largest first, at most kMostLayers and one for the rest.
std::vector<Layer> layersOf(const ViewContext& context, const Stack& stack)
{
    const query::Table table = ask(context, {stack.measure}, {Dimension::Time, stack.by});
    const double start = startEpochSeconds(context);
    std::map<std::string, Layer> byKey;
    for (const query::Row& row : table.rows) {
        if (std::isfinite(row.values[0])) {
            Layer& layer = byKey[row.keys[1]];
            layer.values[start + std::stod(row.keys[0])] += row.values[0];
            layer.sum += row.values[0];
        }
    }
    std::vector<Layer> layers;
    const auto take = [&](const std::string& key, const QString& name, const QColor& color) {
        if (const auto found = byKey.find(key); found != byKey.end() && found->second.sum > 0) {
            layers.push_back(std::move(found->second));
            layers.back().name = name;
            layers.back().color = color;
        }
    };
    if (stack.by == Dimension::Provider) {
        for (const Provider& provider : context.fleet->providers) {
            take(provider.key, QString::fromStdString(provider.name), theme().provider(provider.key));
        }
    } else {
        for (std::size_t i = 0; i < context.fleet->models.size(); ++i) {
            const std::string& name = context.fleet->models[i].name;
            take(name, QString::fromStdString(name), theme().category(i));
        }
        take("(none)", QStringLiteral("Idle and training"), theme().faint);
    }
    if (layers.size() > kMostLayers + 1) {
        std::stable_sort(layers.begin(), layers.end(), [](const Layer& a, const Layer& b) { return a.sum > b.sum; });
        Layer& rest = layers[kMostLayers];
        rest.name = QStringLiteral("Other");
        rest.color = theme().muted;
        for (std::size_t i = kMostLayers + 1; i < layers.size(); ++i) {
            for (const auto& [time, value] : layers[i].values) {
                rest.values[time] += value;
            }
        }
        layers.resize(kMostLayers + 1);
    }
    return layers;
}

/// The least and the most of any second in each pixel, where the roll-ups keep it: a peak too short for a bucket is
/// still seen above the stack.
void addPeaks(TimeChartData& data, const ViewContext& context, Measure measure)
{
    if (!context.rollUp || context.selection.compare != Comparing::Nothing) {
        return;
    }
    const query::CourseQuestion question{measure, {}, context.filters(), context.from(), context.now, kChartPixels};
    // Without a history: what is not kept is not worked out either.
    const auto course = query::courseOf(question, *context.fleet, context.rollUp.get(), {});
    if (!course.ok() || course->lines.empty()) {
        return;
    }
    TimeBand band{QStringLiteral("least and most of a second"), theme().muted, {}, {}, {}};
    const double start = startEpochSeconds(context);
    for (const query::CoursePoint& point : course->lines.front().points) {
        band.times.push_back(start + static_cast<double>(point.begin) * 1e-6); // as the layers' values stand
        band.low.push_back(point.min);
        band.high.push_back(point.max);
    }
    data.bands.push_back(std::move(band));
}

/// How a measure went in what the range is compared with, drawn over the range.
TimeSeries ghostOf(const ViewContext& context, const ComparedWith& with, const QString& what, Measure measure,
                   std::size_t pixels = 0)
{
    TimeSeries ghost{what + with.name, theme().muted, {}, {}, true};
    ghost.ghost = true;
    const double start = startEpochSeconds(context);
    for (const query::Row& row : ask(with.context, {measure}, {Dimension::Time}, pixels).rows) {
        ghost.times.push_back(start + std::stod(row.keys[0]) + with.shiftSeconds);
        ghost.values.push_back(row.values[0]);
    }
    return ghost;
}

/// A sample stands for all of its bucket: the last one reaches to the end of what is shown.
void reachEnd(TimeSeries& series, double end)
{
    if (!series.times.isEmpty() && series.times.back() < end) {
        series.times.push_back(end);
        series.values.push_back(series.values.back());
    }
}

TimeChartData stackChart(const ViewContext& context, const Stack& stack)
{
    TimeChartData data = frame(context, stack.view, QLatin1String(stack.unit));
    data.stacked = true;
    const std::vector<Layer> layers = layersOf(context, stack);
    std::set<double> times;
    for (const Layer& layer : layers) {
        for (const auto& [time, value] : layer.values) {
            times.insert(time);
        }
    }
    for (const Layer& layer : layers) {
        TimeSeries series{layer.name, layer.color, {}, {}, false};
        for (const double time : times) { // one grid for all: who is not there at a time adds nothing to the stack
            const auto found = layer.values.find(time);
            series.times.push_back(time);
            series.values.push_back(found == layer.values.end() ? 0 : found->second);
        }
        reachEnd(series, data.to);
        data.series.push_back(std::move(series));
    }
    addPeaks(data, context, stack.measure);
    for (std::size_t figure = 0; figure < kKpiCount; ++figure) {
        if (kpiRules()[figure].measure == stack.measure) {
            addTarget(data, figure, context);
        }
    }
    if (const auto with = comparedWith(context)) {
        data.series.push_back(ghostOf(context, *with, {}, stack.measure));
    }
    return data;
}

/// The service level of everything the filters leave, when it is one.
std::optional<TierId> onlyTier(const ViewContext& context)
{
    const SelectionState& state = context.selection;
    if (state.tier) {
        return state.tier;
    }
    std::set<TierId> tiers;
    for (std::size_t i = 0; i < context.fleet->workloads.size(); ++i) {
        const Workload& workload = context.fleet->workloads[i];
        if ((!state.model || workload.model == *state.model) && (!state.workload || *state.workload == WorkloadId(i))) {
            tiers.insert(workload.tier);
        }
    }
    return tiers.size() == 1 ? std::optional(*tiers.begin()) : std::nullopt;
}

} // namespace

TimeChartData timeFrame(const ViewContext& context, const QString& title)
{
    TimeChartData data;
    data.title = title;
    data.emptyText = waitingText();
    const double start = startEpochSeconds(context);
    data.from = start + static_cast<double>(context.from()) * 1e-6;
    data.to = start + static_cast<double>(context.now) * 1e-6;
    for (const engine::Event& event : context.events) {
        const double at = start + static_cast<double>(event.at) * 1e-6;
        if (at >= data.from && at <= data.to) {
            data.events.push_back({at, eventKind(event.kind), QString::fromStdString(event.text)});
        }
    }
    return data;
}

TimeEvent::Kind eventKind(engine::Event::Kind kind)
{
    using Kind = engine::Event::Kind;
    switch (kind) {
    case Kind::PlanApplied:
        return TimeEvent::Kind::Plan;
    case Kind::ReplicasReady:
    case Kind::ReplicasDrained:
    case Kind::Scaled:
    case Kind::ChipsArrived:
        return TimeEvent::Kind::Scaling;
    case Kind::QueueBuilding:
    case Kind::FaultBegan:
    case Kind::ChipsLacking:
        return TimeEvent::Kind::Trouble;
    case Kind::FaultEnded:
    case Kind::Training:
        break;
    }
    return TimeEvent::Kind::Note;
}

TimeChartData timeChart(View view, const ViewContext& context)
{
    const auto stack =
        std::find_if(kStacks.begin(), kStacks.end(), [view](const Stack& each) { return each.view == view; });
    return stack == kStacks.end() ? latencyChart(context) : stackChart(context, *stack);
}

TimeChartData throughputChart(const ViewContext& context)
{
    return timeChart(View::Throughput, context);
}

TimeChartData latencyChart(const ViewContext& context)
{
    TimeChartData data = frame(context, View::Latency, QStringLiteral("s, network included"));
    const std::vector<Measure> measures{Measure::TtftP50, Measure::TtftP95, Measure::TtftP99};
    const query::Table table = ask(context, measures, {Dimension::Time}, kLatencyPixels);
    const double start = startEpochSeconds(context);
    const std::array<std::pair<const char*, QColor>, 3> kinds{
        {{"p50", theme().accent}, {"p95", theme().caution}, {"p99", theme().trouble}}};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        TimeSeries series{QLatin1String(kinds[kind].first), kinds[kind].second, {}, {}, kind == 2};
        for (const query::Row& row : table.rows) {
            series.times.push_back(start + std::stod(row.keys[0]));
            series.values.push_back(row.values[kind]);
        }
        reachEnd(series, data.to);
        if (!series.times.isEmpty()) {
            data.series.push_back(std::move(series));
        }
    }
    if (data.series.size() == kinds.size()) {
        data.bands.push_back({QStringLiteral("p50 to p99"), theme().accent, data.series[0].times, data.series[0].values,
                              data.series[2].values});
    }
    if (const auto tier = onlyTier(context)) {
        data.target = (*context.fleet)[*tier].ttftSeconds;
        data.targetLabel = QStringLiteral("SLO ") + seconds(*data.target).joined();
    }
    if (const auto with = comparedWith(context)) {
        data.series.push_back(ghostOf(context, *with, QStringLiteral("p95, "), Measure::TtftP95, kLatencyPixels));
    }
    return data;
}

} // namespace isobar::ui

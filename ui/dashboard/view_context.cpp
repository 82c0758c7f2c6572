// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/session/session.h"

#include <QLocale>

#include <algorithm>
#include <array>
#include <set>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;

struct ViewInfo {
    View view;
    const char* name;
    const char* title;
};
constexpr std::array kViews{
    ViewInfo{View::Overview, "overview", "Overview"},
    ViewInfo{View::Map, "map", "Fleet map"},
    ViewInfo{View::Throughput, "throughput", "Throughput by provider"},
    ViewInfo{View::Latency, "latency", "Time to first token"},
    ViewInfo{View::Share, "share", "Share by provider"},
    ViewInfo{View::ThroughputByModel, "throughput-by-model", "Throughput by model"},
    ViewInfo{View::Spend, "spend", "Spend by provider"},
    ViewInfo{View::SpendByModel, "spend-by-model", "Spend by model"},
    ViewInfo{View::TtftDistribution, "ttft-distribution", "Distribution of time to first token"},
    ViewInfo{View::LoadHeat, "load-heat", "Utilization by region and model"},
    ViewInfo{View::LoadSpread, "load-spread", "Load spread (Lorenz)"},
    ViewInfo{View::Flows, "flows", "From users to models"},
    ViewInfo{View::SpendTree, "spend-tree", "Where the money goes"},
    ViewInfo{View::Commitments, "commitments", "Commitments"},
    ViewInfo{View::Concentration, "concentration", "Concentration"},
    ViewInfo{View::Margin, "margin", "Revenue and margin by model"},
    ViewInfo{View::Summary, "summary", "Summary"},
};
constexpr auto kAllViews = [] {
    std::array<View, kViews.size()> views{};
    for (std::size_t i = 0; i < kViews.size(); ++i) {
        views[i] = kViews[i].view;
    }
    return views;
}();

const ViewInfo& infoOf(View view)
{
    return kViews[static_cast<std::size_t>(view)];
}

/// Ids of one fleet as those of another, by name. False where there is no such thing.
template <class Id, class Rows, class Name>
bool translate(std::optional<Id>& id, const Rows& from, const Rows& to, const Name& name)
{
    if (!id) {
        return true;
    }
    const auto same =
        std::find_if(to.begin(), to.end(), [&](const auto& row) { return name(row) == name(from[id->index()]); });
    id = Id(static_cast<std::size_t>(same - to.begin()));
    return same != to.end();
}

/// The filters of `state` in another fleet; nothing where one of them names what it does not have.
std::optional<SelectionState> translated(SelectionState state, const Fleet& from, const Fleet& to)
{
    const auto key = [](const auto& row) { return row.key; };
    const auto name = [](const auto& row) { return row.name; };
    if (!translate(state.provider, from.providers, to.providers, key) ||
        !translate(state.model, from.models, to.models, name) || !translate(state.tier, from.tiers, to.tiers, name) ||
        !translate(state.workload, from.workloads, to.workloads, name) ||
        !translate(state.area, from.areas, to.areas, name)) {
        return std::nullopt;
    }
    std::set<RegionId> regions;
    for (std::size_t i = 0; i < to.regions.size(); ++i) {
        const bool wanted = std::any_of(state.regions.begin(), state.regions.end(),
                                        [&](RegionId id) { return regionKey(from, id) == regionKey(to, RegionId(i)); });
        if (wanted) {
            regions.insert(RegionId(i));
        }
    }
    if (regions.empty() != state.regions.empty()) {
        return std::nullopt;
    }
    state.regions = std::move(regions);
    return state;
}

} // namespace

std::span<const View> allViews()
{
    return kAllViews;
}

QString viewName(View view)
{
    return QLatin1String(infoOf(view).name);
}

QString viewTitle(View view)
{
    return QLatin1String(infoOf(view).title);
}

std::optional<View> viewByName(const QString& name)
{
    for (const ViewInfo& row : kViews) {
        if (name == QLatin1String(row.name)) {
            return row.view;
        }
    }
    return std::nullopt;
}

std::optional<ExportFormat> exportFormatByName(const QString& name)
{
    static constexpr std::array<std::pair<const char*, ExportFormat>, 4> kFormats{{{"png", ExportFormat::Png},
                                                                                   {"svg", ExportFormat::Svg},
                                                                                   {"pdf", ExportFormat::Pdf},
                                                                                   {"csv", ExportFormat::Csv}}};
    for (const auto& [key, format] : kFormats) {
        if (name.compare(QLatin1String(key), Qt::CaseInsensitive) == 0) {
            return format;
        }
    }
    return std::nullopt;
}

SimMicros ViewContext::from() const
{
    return shownSpan(selection, {intervals.empty() ? now : intervals.front()->begin, now}).from;
}

QDateTime ViewContext::timeAt(SimMicros at) const
{
    return simulatedTime(*fleet, at);
}

QString ViewContext::footer() const
{
    const QLocale english(QLocale::English);
    const QDateTime begin = timeAt(from()), end = timeAt(now);
    const QString day = QStringLiteral("d MMM yyyy"), clock = QStringLiteral("HH:mm:ss");
    const QString range = begin.date() == end.date()
                              ? english.toString(begin, clock) + QStringLiteral("–") + english.toString(end, clock) +
                                    QStringLiteral(" UTC, ") + english.toString(end, day)
                              : english.toString(begin, day + QLatin1Char(' ') + clock) + QStringLiteral(" – ") +
                                    english.toString(end, day + QLatin1Char(' ') + clock) + QStringLiteral(" UTC");
    const QString under =
        scenario.empty() ? QString() : QStringLiteral(" · scenario: %1").arg(QString::fromStdString(scenario));
    return QStringLiteral("%1 · simulated%2 · seed %3 · %4 · data %5")
        .arg(QString::fromStdString(fleet->name), under, QString::number(seed), range,
             QString::fromStdString(fleet->dataDate));
}

std::vector<query::Filter> ViewContext::filters() const
{
    std::vector<query::Filter> where;
    if (!selection.regions.empty()) {
        query::Filter regions{query::Dimension::Region, {}};
        for (const RegionId id : selection.regions) {
            regions.values.push_back(regionKey(*fleet, id));
        }
        where.push_back(std::move(regions));
    }
    if (selection.model) {
        where.push_back({query::Dimension::Model, {(*fleet)[*selection.model].name}});
    }
    if (selection.provider) {
        where.push_back({query::Dimension::Provider, {(*fleet)[*selection.provider].key}});
    }
    if (selection.tier) {
        where.push_back({query::Dimension::Tier, {(*fleet)[*selection.tier].name}});
    }
    if (selection.workload) {
        where.push_back({query::Dimension::Workload, {(*fleet)[*selection.workload].name}});
    }
    if (selection.area) {
        where.push_back({query::Dimension::Area, {(*fleet)[*selection.area].name}});
    }
    return where;
}

QSet<int> ViewContext::selectedPlaces() const
{
    QSet<int> selected;
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (holdsSelection(places[i], selection)) {
            selected.insert(static_cast<int>(i));
        }
    }
    return selected;
}

ViewContext contextOf(std::shared_ptr<const Fleet> fleet, std::vector<Place> places, const aggregate::History& history,
                      const SelectionState& selection, std::uint64_t seed)
{
    ViewContext context;
    context.places = std::move(places);
    context.fleet = std::move(fleet);
    context.selection = selection;
    context.seed = seed;
    const TimeSpan shown = shownSpan(selection, {history.begin(), history.end()});
    context.now = shown.to;
    context.history = history;
    // As much again before it, to compare with.
    const SimMicros length = std::max<SimMicros>(shown.to - shown.from, 1);
    context.intervals = history.range(shown.from - length, shown.to);
    return context;
}

ViewContext contextOf(Session& session, const KpiTargets& targets)
{
    ViewContext context = contextOf(session.fleetPointer(), session.places(), session.history(),
                                    session.selection().state(), session.seed());
    context.events = session.events();
    context.scenario = session.scenarioName();
    context.rollUp = session.rollUpCopy();
    context.compared = session.compared().stretch();
    context.targets = targets;
    return context;
}

std::optional<ViewContext> previousPeriod(const ViewContext& context)
{
    const SimMicros from = context.from(), length = context.now - from;
    if (length <= 0 || context.intervals.empty() || context.intervals.front()->begin > from - length) {
        return std::nullopt;
    }
    ViewContext before = context;
    before.selection.span = TimeSpan{from - length, from};
    before.selection.compare = Comparing::Nothing;
    before.now = from;
    return before;
}

std::optional<std::pair<ViewContext, ViewContext>> halvesOf(const ViewContext& context)
{
    if (context.intervals.empty()) {
        return std::nullopt;
    }
    const SimMicros known = context.now - std::max(context.from(), context.intervals.front()->begin);
    const SimMicros half = known / 2 / aggregate::kMicrosPerSecond * aggregate::kMicrosPerSecond;
    if (half <= 0) {
        return std::nullopt;
    }
    std::pair<ViewContext, ViewContext> halves{context, context};
    const SimMicros middle = context.now - half;
    halves.first.selection.span = TimeSpan{middle - half, middle};
    halves.first.now = middle;
    halves.second.selection.span = TimeSpan{middle, context.now};
    halves.first.selection.compare = halves.second.selection.compare = Comparing::Nothing;
    return halves;
}

std::optional<ComparedWith> comparedWith(const ViewContext& context)
{
    const SimMicros from = context.from(), length = context.now - from;
    switch (context.selection.compare) {
    case Comparing::Nothing:
        break;
    case Comparing::PreviousPeriod:
        if (auto before = previousPeriod(context)) {
            return ComparedWith{*std::move(before), QStringLiteral("previous ") + durationWords(length),
                                static_cast<double>(length) * 1e-6};
        }
        break;
    case Comparing::Run:
    case Comparing::Baseline:
        if (context.compared && context.compared->fleet && length > 0) {
            ComparedWith with{context, context.compared->name, 0};
            ViewContext& base = with.context;
            auto selection = translated(context.selection, *context.fleet, *context.compared->fleet);
            base.fleet = context.compared->fleet;
            base.history = context.compared->history;
            base.intervals = base.history.range(from, context.now);
            if (!selection || base.intervals.empty()) {
                return std::nullopt;
            }
            base.selection = *std::move(selection);
            base.selection.span = TimeSpan{from, context.now};
            base.selection.compare = Comparing::Nothing;
            base.rollUp.reset();
            base.compared.reset();
            base.events.clear();
            return with;
        }
        break;
    }
    return std::nullopt;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/views.h"
#include "ui/session/session.h"

#include <QLocale>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;

struct ViewInfo {
    View view;
    const char* name;
    const char* title;
};
constexpr std::array<ViewInfo, 5> kViews{{{View::Overview, "overview", "Overview"},
                                          {View::Map, "map", "Fleet map"},
                                          {View::Throughput, "throughput", "Throughput by provider"},
                                          {View::Latency, "latency", "Time to first token"},
                                          {View::Share, "share", "Share by provider"}}};

const ViewInfo& infoOf(View view)
{
    return kViews[static_cast<std::size_t>(view)];
}

} // namespace

std::span<const View> allViews()
{
    static constexpr std::array<View, 5> views{View::Overview, View::Map, View::Throughput, View::Latency, View::Share};
    return views;
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
    const SimMicros first = intervals.empty() ? now : intervals.front()->begin;
    if (selection.rangeSeconds <= 0) {
        return first;
    }
    return std::max(first, now - static_cast<SimMicros>(selection.rangeSeconds * 1e6));
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
    return QStringLiteral("%1 · simulated · seed %2 · %3 · data %4")
        .arg(QString::fromStdString(fleet->name))
        .arg(seed)
        .arg(range, QString::fromStdString(fleet->dataDate));
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
    context.now = history.end();
    context.seed = seed;
    const auto range = static_cast<SimMicros>(selection.rangeSeconds * 1e6);
    context.history = history;
    context.intervals = history.range(range > 0 ? context.now - 2 * range : history.begin(), context.now);
    return context;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

} // namespace

ShareData providerShare(const ViewContext& context)
{
    ShareData data;
    data.title = viewTitle(View::Share);
    data.unitNote = QStringLiteral("of spend");
    const query::Table table = ask(context, {Measure::SpendUsdPerDay}, {Dimension::Provider});
    double total = 0, hhi = 0;
    for (const query::Row& row : table.rows) {
        total += std::isfinite(row.values[0]) ? row.values[0] : 0;
    }
    for (const Provider& provider : context.fleet->providers) {
        const double spend = valueOf(table, {provider.key}, Measure::SpendUsdPerDay);
        if (!std::isfinite(spend)) {
            continue;
        }
        const double share = total > 0 ? spend / total : 0;
        hhi += share * share;
        data.rows.push_back({QString::fromStdString(provider.key), QString::fromStdString(provider.name),
                             theme().provider(provider.key), spend,
                             percent(share, 1).joined() + QStringLiteral("  ") + dollarsPerDay(spend).joined(), false});
    }
    if (const auto with = comparedWith(context)) {
        const query::Table before = ask(with->context, {Measure::SpendUsdPerDay}, {Dimension::Provider});
        data.beforeName = with->name;
        for (ShareRow& row : data.rows) {
            const double spend = valueOf(before, {row.key.toStdString()}, Measure::SpendUsdPerDay);
            row.before = std::isfinite(spend) ? std::optional(spend) : std::nullopt;
        }
    }
    std::stable_sort(data.rows.begin(), data.rows.end(),
                     [](const ShareRow& a, const ShareRow& b) { return a.value > b.value; });
    if (!table.rows.empty()) {
        data.totalText = dollarsPerDay(total).joined();
        data.footnote = QStringLiteral("Concentration (HHI) %1; 1 is one provider alone").arg(grouped(hhi, 2));
    } else {
        data.footnote = waitingText();
    }
    return data;
}

ShareData hottestPlaces(const MapScene& scene, std::size_t shown)
{
    std::vector<const MapMarker*> markers;
    for (const MapMarker& marker : scene.markers) {
        markers.push_back(&marker);
    }
    std::stable_sort(markers.begin(), markers.end(),
                     [](const MapMarker* a, const MapMarker* b) { return a->utilization > b->utilization; });
    markers.resize(std::min(shown, markers.size()));
    ShareData data;
    data.title = QStringLiteral("Hottest places");
    data.unitNote = QStringLiteral("utilization");
    for (const MapMarker* marker : markers) {
        const auto largest = std::max_element(marker->slices.begin(), marker->slices.end(),
                                              [](const MapSlice& a, const MapSlice& b) { return a.value < b.value; });
        QString name = marker->name + QStringLiteral(", ") + largest->label;
        if (marker->slices.size() > 1) {
            name += QStringLiteral(" +%1").arg(marker->slices.size() - 1);
        }
        data.rows.push_back({QString::number(marker->id), name, largest->color, marker->utilization,
                             percent(marker->utilization, 0).joined(), marker->trouble});
    }
    return data;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

constexpr double kPoorAttainment = 0.90;

/// What the map needs of each region, in one query; the map shows the whole world whatever regions are selected.
struct RegionFigures {
    double accelerators = 0, utilization = 0, requestsPerSecond = 0, sloAttainment = 1, ttftP95 = 0, spendPerDay = 0;
};

ViewContext wholeWorld(const ViewContext& context)
{
    ViewContext world = context;
    world.selection.regions.clear();
    return world;
}

std::vector<RegionFigures> regionFigures(const ViewContext& world)
{
    const query::Table table = ask(world,
                                   {Measure::Accelerators, Measure::Utilization, Measure::RequestsPerSecond,
                                    Measure::SloAttainment, Measure::TtftP95, Measure::SpendUsdPerDay},
                                   {Dimension::Region});
    std::map<std::string, const query::Row*> byKey;
    for (const query::Row& row : table.rows) {
        byKey[row.keys[0]] = &row;
    }
    std::vector<RegionFigures> figures(world.fleet->regions.size());
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const auto found = byKey.find(regionKey(*world.fleet, RegionId(i)));
        if (found != byKey.end()) {
            const auto& v = found->second->values;
            figures[i] = {v[0], v[1], v[2], v[3], v[4], v[5]};
        }
    }
    return figures;
}

/// Chips of a region that the filter leaves: all of its pools', or those of one model's placements.
double chipsOf(const ViewContext& context, RegionId region)
{
    const Fleet& fleet = *context.fleet;
    if (context.selection.provider && fleet[region].provider != *context.selection.provider) {
        return 0;
    }
    double chips = 0;
    if (context.selection.model) {
        for (const Placement& placement : fleet.placements) {
            const bool counts = placement.model == *context.selection.model && fleet[placement.pool].region == region;
            chips += counts ? static_cast<double>(placement.chips()) : 0;
        }
        return chips;
    }
    for (const Pool& pool : fleet.pools) {
        chips += pool.region == region ? static_cast<double>(pool.usableChips()) : 0;
    }
    return chips;
}

MapMarker markerOf(const ViewContext& context, const std::vector<RegionFigures>& figures, std::size_t index)
{
    const Fleet& fleet = *context.fleet;
    const Place& place = context.places[index];
    MapMarker marker;
    marker.id = static_cast<int>(index);
    marker.name = QString::fromStdString(place.name);
    marker.at = place.at;
    double held = 0, busy = 0, worstAttainment = 1;
    for (const RegionId id : place.regions) {
        const Region& region = fleet[id];
        const double chips = chipsOf(context, id);
        if (chips <= 0) {
            continue;
        }
        const RegionFigures& f = figures[id.index()];
        const Provider& provider = fleet[region.provider];
        marker.regions.push_back(QString::fromStdString(provider.name + ' ' + region.code));
        marker.size += chips;
        if (f.accelerators > 0 && std::isfinite(f.utilization)) {
            held += f.accelerators;
            busy += f.accelerators * f.utilization;
        }
        worstAttainment = std::isfinite(f.sloAttainment) ? std::min(worstAttainment, f.sloAttainment) : worstAttainment;
        const QString label = QString::fromStdString(provider.name);
        const auto same = std::find_if(marker.slices.begin(), marker.slices.end(),
                                       [&label](const MapSlice& s) { return s.label == label; });
        if (same != marker.slices.end()) {
            same->value += chips;
        } else {
            marker.slices.push_back({label, theme().provider(provider.key), chips});
        }
    }
    marker.utilization = held > 0 ? busy / held : 0;
    marker.trouble = marker.utilization > kHotUtilization || worstAttainment < kPoorAttainment;
    marker.label = marker.name + QLatin1Char(' ') + percent(marker.utilization, 0).joined();
    return marker;
}

} // namespace

MapScene mapScene(const ViewContext& context)
{
    const ViewContext world = wholeWorld(context);
    const Fleet& fleet = *world.fleet;
    const std::vector<RegionFigures> figures = regionFigures(world);
    MapScene scene;
    std::vector<int> placeOfRegion(fleet.regions.size(), -1);
    for (std::size_t i = 0; i < world.places.size(); ++i) {
        for (const RegionId id : world.places[i].regions) {
            placeOfRegion[id.index()] = static_cast<int>(i);
        }
        MapMarker marker = markerOf(world, figures, i);
        if (marker.size > 0) {
            scene.markers.push_back(std::move(marker));
        }
    }
    std::map<std::string, int> placeOfKey;
    for (std::size_t i = 0; i < fleet.regions.size(); ++i) {
        placeOfKey[regionKey(fleet, RegionId(i))] = placeOfRegion[i];
    }
    std::map<std::string, std::size_t> areaOfName;
    for (std::size_t i = 0; i < fleet.areas.size(); ++i) {
        areaOfName[fleet.areas[i].name] = i;
        scene.areas.push_back({static_cast<int>(i), QString::fromStdString(fleet.areas[i].name), fleet.areas[i].at, 0});
    }
    std::map<std::pair<int, int>, MapFlow> flows;
    for (const query::Row& row : ask(world, {Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Region}).rows) {
        const auto area = areaOfName.find(row.keys[0]);
        const auto place = placeOfKey.find(row.keys[1]);
        if (area == areaOfName.end() || place == placeOfKey.end()) {
            continue;
        }
        scene.areas[area->second].requestsPerSecond += row.values[0];
        MapFlow& flow = flows[{static_cast<int>(area->second), place->second}];
        flow.area = static_cast<int>(area->second);
        flow.marker = place->second;
        flow.requestsPerSecond += row.values[0];
    }
    for (auto& [key, flow] : flows) {
        const auto marker = std::find_if(scene.markers.begin(), scene.markers.end(),
                                         [id = flow.marker](const MapMarker& m) { return m.id == id; });
        if (marker != scene.markers.end()) {
            flow.state = marker->trouble ? MapFlow::State::Slow : MapFlow::State::Fine;
            scene.flows.push_back(flow);
        }
    }
    return scene;
}

QString placeTooltip(const ViewContext& context, std::size_t place)
{
    const ViewContext world = wholeWorld(context);
    const Fleet& fleet = *world.fleet;
    if (place >= world.places.size()) {
        return {};
    }
    const std::vector<RegionFigures> figures = regionFigures(world);
    const auto muted = [](const QString& text) {
        return QStringLiteral("<span style='color:%1'>%2</span>").arg(theme().muted.name(), text);
    };
    QString rows;
    double requests = 0, spend = 0, worstTtft = 0;
    QStringList carbon;
    int count = 0;
    for (const RegionId id : world.places[place].regions) {
        const double chips = chipsOf(world, id);
        if (chips <= 0) {
            continue;
        }
        const Region& region = fleet[id];
        const Provider& provider = fleet[region.provider];
        double used = 0;
        for (const Placement& placement : fleet.placements) {
            used += fleet[placement.pool].region == id &&
                            (!world.selection.model || placement.model == *world.selection.model)
                        ? static_cast<double>(placement.chips())
                        : 0;
        }
        for (const TrainingJob& job : fleet.trainingJobs) {
            used += fleet[job.pool].region == id && !world.selection.model ? job.chips : 0;
        }
        const RegionFigures& f = figures[id.index()];
        requests += std::isfinite(f.requestsPerSecond) ? f.requestsPerSecond : 0;
        spend += std::isfinite(f.spendPerDay) ? f.spendPerDay : 0;
        worstTtft = std::isfinite(f.ttftP95) ? std::max(worstTtft, f.ttftP95) : worstTtft;
        if (region.gridGramsCo2ePerKwh) {
            carbon << grouped(*region.gridGramsCo2ePerKwh, 0);
        }
        ++count;
        rows +=
            QStringLiteral(
                "<tr><td style='color:%1'>■&nbsp;</td><td>%2 %3</td><td align='right'>&nbsp;&nbsp;%4 / %5</td></tr>")
                .arg(theme().provider(provider.key).name(), QString::fromStdString(provider.name).toHtmlEscaped(),
                     muted(QString::fromStdString(region.code).toHtmlEscaped()), grouped(used, 0), grouped(chips, 0));
    }
    carbon.removeDuplicates();
    QString html =
        QStringLiteral("<b>%1</b> %2<table cellspacing='2'>%3</table>")
            .arg(QString::fromStdString(world.places[place].name).toHtmlEscaped(),
                 muted(count == 1 ? QStringLiteral("1 region") : QStringLiteral("%1 regions").arg(count)), rows);
    QStringList facts{compact(requests).joined() + QStringLiteral(" req/s"), dollarsPerDay(spend).joined()};
    if (worstTtft > 0) {
        facts.prepend(QStringLiteral("TTFT p95 ") + seconds(worstTtft).joined());
    }
    if (!carbon.isEmpty()) {
        facts << carbon.join(QStringLiteral(" / ")).replace(QLatin1Char(' '), QChar::Nbsp) + QChar::Nbsp +
                     QStringLiteral("gCO₂e/kWh");
    }
    return html + muted(QStringLiteral("chips placed / usable<br>")) + muted(facts.join(QStringLiteral(" · ")));
}

} // namespace isobar::ui

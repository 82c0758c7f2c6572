// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "model/query/balance.h"
#include "ui/dashboard/view_tables.h"
#include "ui/map/color_scale.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

constexpr double kPoorAttainment = 0.90;
constexpr double kIdleUtilization = 0.30;

/// What the map needs of each region, in one query; the map shows the whole world whatever regions and user area are
/// selected: those stand out.
struct RegionFigures {
    double accelerators = 0, utilization = 0, requestsPerSecond = 0, sloAttainment = 1, ttftP95 = 0, spendPerDay = 0;
    double usdPerMillionTokens = 0;
};

ViewContext wholeWorld(const ViewContext& context)
{
    ViewContext world = context;
    world.selection.regions.clear();
    world.selection.area.reset();
    return world;
}

/// By region of `fleet`, which may be another than the context's: regions are known by their keys.
std::vector<RegionFigures> regionFigures(const ViewContext& world, const Fleet& fleet)
{
    const query::Table table =
        ask(world,
            {Measure::Accelerators, Measure::Utilization, Measure::RequestsPerSecond, Measure::SloAttainment,
             Measure::TtftP95, Measure::SpendUsdPerDay, Measure::UsdPerMillionTokens},
            {Dimension::Region});
    std::map<std::string, const query::Row*> byKey;
    for (const query::Row& row : table.rows) {
        byKey[row.keys[0]] = &row;
    }
    std::vector<RegionFigures> figures(fleet.regions.size());
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const auto found = byKey.find(regionKey(fleet, RegionId(i)));
        if (found != byKey.end()) {
            const auto& v = found->second->values;
            figures[i] = {v[0], v[1], v[2], v[3], v[4], v[5], v[6]};
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

void addSlice(std::vector<MapSlice>& slices, const QString& label, const QColor& color, double chips)
{
    const auto same =
        std::find_if(slices.begin(), slices.end(), [&label](const MapSlice& s) { return s.label == label; });
    if (same != slices.end()) {
        same->value += chips;
    } else {
        slices.push_back({label, color, chips});
    }
}

std::vector<MapSlice>& slicesOf(MapMarker& marker, MapSplit split)
{
    return marker.otherSlices[static_cast<std::size_t>(split) - 1];
}

/// A region's chips by model and by accelerator.
void addParts(const ViewContext& context, RegionId region, MapMarker& marker)
{
    const Fleet& fleet = *context.fleet;
    const auto& only = context.selection.model;
    double placed = 0, usable = 0;
    for (const Placement& placement : fleet.placements) {
        if (fleet[placement.pool].region != region || (only && placement.model != *only)) {
            continue;
        }
        const auto chips = static_cast<double>(placement.chips());
        placed += chips;
        addSlice(slicesOf(marker, MapSplit::Model), QString::fromStdString(fleet[placement.model].name),
                 theme().category(placement.model.index()), chips);
        if (only) {
            const AcceleratorId type = fleet[placement.pool].accelerator;
            addSlice(slicesOf(marker, MapSplit::Accelerator), QString::fromStdString(fleet[type].name),
                     theme().category(type.index()), chips);
        }
    }
    if (only) {
        return;
    }
    for (const TrainingJob& job : fleet.trainingJobs) {
        if (fleet[job.pool].region == region) {
            placed += job.chips;
            addSlice(slicesOf(marker, MapSplit::Model), QStringLiteral("Training"), theme().muted, job.chips);
        }
    }
    for (const Pool& pool : fleet.pools) {
        if (pool.region == region) {
            usable += static_cast<double>(pool.usableChips());
            addSlice(slicesOf(marker, MapSplit::Accelerator), QString::fromStdString(fleet[pool.accelerator].name),
                     theme().category(pool.accelerator.index()), static_cast<double>(pool.usableChips()));
        }
    }
    if (usable > placed) {
        addSlice(slicesOf(marker, MapSplit::Model), QStringLiteral("Free"), theme().faint, usable - placed);
    }
}

/// What the figures of a marker's regions come to: the worst of them, but for chips.
struct Scales {
    const std::vector<RegionFigures>& figures;
    const std::vector<RegionFigures>*earlier, *later; ///< what the trend is between; null = not known
    const std::vector<RegionFigures>* base;           ///< of what the selection compares with; null = nothing
    const query::ScopeBalance* balance;               ///< null = not known
};

double& measureOf(MapMarker& marker, MapMeasure which)
{
    return marker.measures[static_cast<std::size_t>(which)];
}

void takeWorst(MapMarker& marker, MapMeasure which, double value)
{
    double& now = measureOf(marker, which);
    now = worseOf(which, now, value);
}

double utilizationOf(const std::vector<RegionFigures>& figures, const std::vector<RegionId>& regions)
{
    double held = 0, busy = 0;
    for (const RegionId id : regions) {
        const RegionFigures& f = figures[id.index()];
        if (f.accelerators > 0 && std::isfinite(f.utilization)) {
            held += f.accelerators;
            busy += f.accelerators * f.utilization;
        }
    }
    return held > 0 ? busy / held : std::numeric_limits<double>::quiet_NaN();
}

MapMarker markerOf(const ViewContext& context, const Scales& scales, std::size_t index)
{
    const Fleet& fleet = *context.fleet;
    const Place& place = context.places[index];
    MapMarker marker;
    marker.id = static_cast<int>(index);
    marker.name = QString::fromStdString(place.name);
    marker.at = place.at;
    std::vector<RegionId> shown;
    for (const RegionId id : place.regions) {
        const Region& region = fleet[id];
        const double chips = chipsOf(context, id);
        if (chips <= 0) {
            continue;
        }
        shown.push_back(id);
        const RegionFigures& f = scales.figures[id.index()];
        const Provider& provider = fleet[region.provider];
        marker.regions.push_back(QString::fromStdString(provider.name + ' ' + region.code));
        marker.size += chips;
        addSlice(marker.slices, QString::fromStdString(provider.name), theme().provider(provider.key), chips);
        addParts(context, id, marker);
        takeWorst(marker, MapMeasure::Utilization, f.accelerators > 0 ? f.utilization : 0);
        takeWorst(marker, MapMeasure::SloAttainment, f.requestsPerSecond > 0 ? f.sloAttainment : std::nan(""));
        takeWorst(marker, MapMeasure::UsdPerMillionTokens, f.usdPerMillionTokens);
        if (region.gridGramsCo2ePerKwh) {
            takeWorst(marker, MapMeasure::CarbonIntensity, *region.gridGramsCo2ePerKwh);
        }
        const query::BalanceRow* row = scales.balance != nullptr ? scales.balance->find(regionKey(fleet, id)) : nullptr;
        takeWorst(marker, MapMeasure::DemandToSupply, row != nullptr ? row->demandToSupplyRatio : std::nan(""));
        const bool misses = f.requestsPerSecond > 0 && f.sloAttainment < kPoorAttainment;
        const MarkerState state = misses                             ? MarkerState::MissesSlo
                                  : f.utilization > kHotUtilization  ? MarkerState::Hot
                                  : f.utilization < kIdleUtilization ? MarkerState::Idle
                                                                     : MarkerState::Fine;
        takeWorst(marker, MapMeasure::State, static_cast<double>(state));
        addSlice(slicesOf(marker, MapSplit::State), stateName(state), stateColor(state, theme()), chips);
    }
    const double utilization = utilizationOf(scales.figures, shown);
    marker.utilization = std::isfinite(utilization) ? utilization : 0;
    if (scales.earlier != nullptr) {
        marker.trend = utilizationOf(*scales.later, shown) - utilizationOf(*scales.earlier, shown);
    }
    if (scales.base != nullptr) {
        marker.ghost = utilizationOf(*scales.base, shown);
    }
    marker.trouble =
        marker.utilization > kHotUtilization || marker.measure(MapMeasure::SloAttainment) < kPoorAttainment;
    marker.label = marker.name + QLatin1Char(' ') + percent(marker.utilization, 0).joined();
    return marker;
}

/// Round trips of a fleet; kept, for they take longer to work out than everything else here.
std::shared_ptr<const NetworkIndex> networkOf(const std::shared_ptr<const Fleet>& fleet)
{
    struct Kept {
        std::weak_ptr<const Fleet> fleet;
        std::shared_ptr<const NetworkIndex> index;
    };
    thread_local Kept kept;
    if (kept.index == nullptr || kept.fleet.lock() != fleet) {
        kept = {fleet, std::make_shared<const NetworkIndex>(*fleet)};
    }
    return kept.index;
}

/// Of each model, the regions that have a placement of it.
std::vector<std::vector<RegionId>> homesOf(const Fleet& fleet)
{
    std::vector<std::vector<RegionId>> homes(fleet.models.size());
    for (const Placement& placement : fleet.placements) {
        std::vector<RegionId>& regions = homes[placement.model.index()];
        const RegionId region = fleet[placement.pool].region;
        if (placement.chips() > 0 && std::find(regions.begin(), regions.end(), region) == regions.end()) {
            regions.push_back(region);
        }
    }
    return homes;
}

void addAreas(const ViewContext& world, const NetworkIndex& network, MapScene& scene)
{
    const Fleet& fleet = *world.fleet;
    for (std::size_t i = 0; i < fleet.areas.size(); ++i) {
        const AreaId id(i);
        MapArea area{static_cast<int>(i), QString::fromStdString(fleet.areas[i].name), fleet.areas[i].at, 0, {}};
        for (const MapMarker& marker : scene.markers) {
            MapRtt nearest{marker.id, std::numeric_limits<double>::infinity(), false};
            for (const RegionId region : world.places[static_cast<std::size_t>(marker.id)].regions) {
                const RttAnswer rtt = network.rtt(id, region);
                if (rtt.seconds < nearest.seconds) {
                    nearest.seconds = rtt.seconds;
                    nearest.measured = rtt.basis == Basis::Measured;
                }
            }
            area.rtt.push_back(nearest);
        }
        scene.areas.push_back(std::move(area));
    }
}

/// Requests of each area to each place and the answers' tokens, which of them are slow, and which were served elsewhere
/// than at the nearest place that runs their model.
void addFlows(const ViewContext& world, MapScene& scene)
{
    const Fleet& fleet = *world.fleet;
    const std::shared_ptr<const NetworkIndex> network = networkOf(world.fleet);
    addAreas(world, *network, scene);
    const std::vector<std::vector<RegionId>> homes = homesOf(fleet);
    struct Where {
        int place;
        RegionId region;
    };
    std::map<std::string, Where> whereOfKey;
    std::vector<int> placeOf(fleet.regions.size(), -1);
    for (std::size_t i = 0; i < world.places.size(); ++i) {
        for (const RegionId id : world.places[i].regions) {
            whereOfKey[regionKey(fleet, id)] = {static_cast<int>(i), id};
            placeOf[id.index()] = static_cast<int>(i);
        }
    }
    std::set<int> shown;
    for (const MapMarker& marker : scene.markers) {
        shown.insert(marker.id);
    }
    std::map<std::string, std::size_t> areaOfName, modelOfName;
    for (std::size_t i = 0; i < fleet.areas.size(); ++i) {
        areaOfName[fleet.areas[i].name] = i;
    }
    for (std::size_t i = 0; i < fleet.models.size(); ++i) {
        modelOfName[fleet.models[i].name] = i;
    }
    // Areas count requests only: what a flow keeps of its promises, and how long its answers are, is what its models do
    // in the mean where it ends.
    struct There {
        double kept = 1, tokensPerRequest = 0;
    };
    std::map<std::pair<std::string, std::string>, There> thereBy; ///< by region and model
    for (const query::Row& row : ask(world, {Measure::SloAttainment, Measure::OutputTokens, Measure::Requests},
                                     {Dimension::Region, Dimension::Model})
                                     .rows) {
        There& there = thereBy[{row.keys[0], row.keys[1]}];
        there.kept = std::isfinite(row.values[0]) ? row.values[0] : 1.0;
        const double tokens = row.values[1] / row.values[2];
        there.tokensPerRequest = std::isfinite(tokens) ? tokens : 0;
    }
    struct Sum {
        double rate = 0, kept = 0, tokens = 0;
    };
    std::map<std::pair<int, int>, Sum> sums;
    std::map<std::pair<int, int>, double> spills;
    const query::Table table =
        ask(world, {Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Region, Dimension::Model});
    for (const query::Row& row : table.rows) {
        const auto area = areaOfName.find(row.keys[0]);
        const auto where = whereOfKey.find(row.keys[1]);
        const auto model = modelOfName.find(row.keys[2]);
        const double rate = row.values[0];
        if (area == areaOfName.end() || where == whereOfKey.end() || !(rate > 0)) {
            continue;
        }
        scene.areas[area->second].requestsPerSecond += rate;
        Sum& sum = sums[{static_cast<int>(area->second), where->second.place}];
        sum.rate += rate;
        const auto there = thereBy.find({row.keys[1], row.keys[2]});
        sum.kept += rate * (there != thereBy.end() ? there->second.kept : 1.0);
        sum.tokens += rate * (there != thereBy.end() ? there->second.tokensPerRequest : 0.0);
        const AreaId from(area->second);
        const auto& regions = model != modelOfName.end() ? homes[model->second] : std::vector<RegionId>{};
        const auto nearest = std::min_element(regions.begin(), regions.end(), [&](RegionId a, RegionId b) {
            return network->rtt(from, a).seconds < network->rtt(from, b).seconds;
        });
        if (nearest != regions.end() && placeOf[nearest->index()] != where->second.place &&
            network->rtt(from, *nearest).seconds < network->rtt(from, where->second.region).seconds) {
            spills[{placeOf[nearest->index()], where->second.place}] += rate;
        }
    }
    for (const auto& [key, sum] : sums) {
        if (shown.count(key.second) == 0) {
            continue;
        }
        const bool missed = sum.kept / sum.rate < kPoorAttainment;
        scene.flows.push_back(
            {key.first, key.second, sum.rate, missed ? MapFlow::State::Slow : MapFlow::State::Fine, sum.tokens});
    }
    for (const auto& [key, rate] : spills) {
        if (shown.count(key.first) > 0 && shown.count(key.second) > 0) {
            scene.spills.push_back({key.first, key.second, rate});
        }
    }
}

/// The intervals of the range, sums in place of what they sum up: how wide they are makes no difference to a balance.
std::vector<std::shared_ptr<const aggregate::Interval>> wholeIntervals(const ViewContext& context)
{
    constexpr aggregate::SimMicros kHour = 3600 * aggregate::kMicrosPerSecond;
    std::vector<std::shared_ptr<const aggregate::Interval>> inRange;
    for (const auto& interval : context.intervals) {
        if (interval->begin >= context.from()) {
            inRange.push_back(interval);
        }
    }
    if (inRange.empty() || context.history.empty()) {
        return inRange;
    }
    return context.history.range(inRange.front()->begin, inRange.back()->end, kHour);
}

} // namespace

MapScene mapScene(const ViewContext& context)
{
    const ViewContext world = wholeWorld(context);
    const std::vector<RegionFigures> figures = regionFigures(world, *world.fleet);
    const std::optional<ViewContext> previous = previousPeriod(world);
    const std::optional<ComparedWith> with = comparedWith(world);
    std::vector<RegionFigures> earlier, later, base;
    if (previous) {
        earlier = regionFigures(*previous, *world.fleet);
    } else if (const auto halves = halvesOf(world)) { // as the key figures do
        earlier = regionFigures(halves->first, *world.fleet);
        later = regionFigures(halves->second, *world.fleet);
    }
    if (with) {
        base =
            world.selection.compare == Comparing::PreviousPeriod ? earlier : regionFigures(with->context, *world.fleet);
    }
    const auto inRange = wholeIntervals(world);
    std::optional<query::Balance> balance;
    if (!inRange.empty() && !world.selection.model && !world.selection.provider) {
        balance = query::balanceOf(*world.fleet, inRange);
    }
    const Scales scales{figures, earlier.empty() ? nullptr : &earlier, later.empty() ? &figures : &later,
                        with ? &base : nullptr, balance ? &balance->regions : nullptr};
    MapScene scene;
    if (with) {
        scene.comparedName = with->name;
    }
    scene.utcSeconds = static_cast<double>(world.timeAt(world.now).toMSecsSinceEpoch()) * 1e-3;
    ViewContext unfiltered = world;
    unfiltered.selection.model.reset();
    unfiltered.selection.provider.reset();
    for (std::size_t i = 0; i < world.places.size(); ++i) {
        MapMarker marker = markerOf(world, scales, i);
        if (marker.size <= 0 && (world.selection.model || world.selection.provider)) {
            marker = markerOf(unfiltered, scales, i); // stays on the map, stepping back
            marker.faded = true;
            marker.trouble = false;
            marker.utilization = 0;
            marker.label = marker.name;
            marker.measures = MapMarker::unknownMeasures();
        }
        if (marker.size > 0) {
            scene.markers.push_back(std::move(marker));
        }
    }
    addFlows(world, scene);
    return scene;
}

QString placeTooltip(const ViewContext& context, std::size_t place)
{
    const ViewContext world = wholeWorld(context);
    const Fleet& fleet = *world.fleet;
    if (place >= world.places.size()) {
        return {};
    }
    const std::vector<RegionFigures> figures = regionFigures(world, *world.fleet);
    const auto muted = [](const QString& text) {
        return QStringLiteral("<span style='color:%1'>%2</span>").arg(theme().muted.name(), text);
    };
    QString rows;
    double requests = 0, spend = 0, worstTtft = 0, worstAttainment = 1;
    QStringList carbon;
    std::vector<RegionId> shown;
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
        shown.push_back(id);
        requests += std::isfinite(f.requestsPerSecond) ? f.requestsPerSecond : 0;
        worstAttainment = f.requestsPerSecond > 0 ? std::min(worstAttainment, f.sloAttainment) : worstAttainment;
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
    const double utilization = utilizationOf(figures, shown);
    if (std::isfinite(utilization)) {
        facts.prepend(QStringLiteral("utilization ") + percent(utilization, 0).joined());
    }
    // Why the map marks it: as markerOf() decides.
    QStringList why;
    if (utilization > kHotUtilization) {
        why << QStringLiteral("! busier than %1").arg(percent(kHotUtilization, 0).joined());
    }
    if (worstAttainment < kPoorAttainment) {
        why << QStringLiteral("! %1 of requests keep their promise, less than %2")
                   .arg(percent(worstAttainment, 1).joined(), percent(kPoorAttainment, 0).joined());
    }
    QString marked;
    for (const QString& reason : why) {
        marked += QStringLiteral("<br><span style='color:%1'>%2</span>").arg(theme().trouble.name(), reason);
    }
    return html + muted(QStringLiteral("chips placed / usable<br>")) + muted(facts.join(QStringLiteral(" · "))) +
           marked;
}

} // namespace isobar::ui

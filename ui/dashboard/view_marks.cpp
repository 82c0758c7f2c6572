// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "model/query/balance.h"
#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

constexpr std::size_t kMostHeatRows = 18, kMostAreas = 9, kMostModels = 9;
constexpr double kHotDemandToSupply = 1;

QString text(const std::string& s)
{
    return QString::fromStdString(s);
}

/// The keys of a dimension by weight, heaviest first.
std::vector<std::string> ranked(const std::map<std::string, double>& weights)
{
    std::vector<std::string> keys;
    for (const auto& [key, weight] : weights) {
        keys.push_back(key);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [&](const std::string& a, const std::string& b) { return weights.at(a) > weights.at(b); });
    return keys;
}

QColor modelColor(const Fleet& fleet, const std::string& name)
{
    for (std::size_t i = 0; i < fleet.models.size(); ++i) {
        if (fleet.models[i].name == name) {
            return theme().category(i);
        }
    }
    return theme().faint;
}

std::vector<LorenzEntry> lorenzEntries(const ViewContext& context)
{
    std::vector<LorenzEntry> entries;
    for (const query::Row& row :
         ask(context, {Measure::Accelerators, Measure::Utilization}, {Dimension::Region}).rows) {
        if (std::isfinite(row.values[0]) && row.values[0] > 0 && std::isfinite(row.values[1])) {
            entries.push_back({text(row.keys[0]), text(row.keys[0]), row.values[0], row.values[0] * row.values[1]});
        }
    }
    return entries;
}

} // namespace

HeatMapData loadHeat(const ViewContext& context)
{
    auto data = framed<HeatMapData>(View::LoadHeat);
    data.kind = ValueKind::Ratio;
    data.from = 0;
    data.to = 1;
    data.trouble = kHotUtilization;
    const query::Table table =
        ask(context, {Measure::Utilization, Measure::Accelerators}, {Dimension::Region, Dimension::Model});
    std::map<std::string, double> chipsByRegion, chipsByModel;
    for (const query::Row& row : table.rows) {
        if (row.keys[1] != "(none)" && row.values[1] > 0) {
            chipsByRegion[row.keys[0]] += row.values[1];
            chipsByModel[row.keys[1]] += row.values[1];
        }
    }
    std::vector<std::string> regions = ranked(chipsByRegion);
    const std::size_t all = regions.size();
    regions.resize(std::min(all, kMostHeatRows));
    data.unitNote = regions.size() < all
                        ? QStringLiteral("chips that serve; the %1 largest of %2 regions").arg(regions.size()).arg(all)
                        : QStringLiteral("chips that serve");
    std::map<std::string, std::size_t> rowOf, columnOf;
    for (const std::string& region : regions) {
        rowOf[region] = data.rows.size();
        data.rows.push_back({text(region), text(region)});
    }
    for (const std::string& model : ranked(chipsByModel)) {
        columnOf[model] = data.columns.size();
        data.columns.push_back({text(model), text(model)});
    }
    const auto cellsOf = [&](const query::Table& of) {
        QVector<double> cells(static_cast<qsizetype>(data.rows.size() * data.columns.size()),
                              std::numeric_limits<double>::quiet_NaN());
        for (const query::Row& row : of.rows) {
            const auto at = rowOf.find(row.keys[0]);
            const auto column = columnOf.find(row.keys[1]);
            if (at != rowOf.end() && column != columnOf.end()) {
                cells[static_cast<qsizetype>(at->second * data.columns.size() + column->second)] = row.values[0];
            }
        }
        return cells;
    };
    data.values = cellsOf(table);
    if (const auto with = comparedWith(context)) {
        data.before = cellsOf(ask(with->context, {Measure::Utilization}, {Dimension::Region, Dimension::Model}));
        data.beforeName = with->name;
    }
    return data;
}

LorenzData loadSpread(const ViewContext& context)
{
    auto data = framed<LorenzData>(View::LoadSpread, QStringLiteral("share of load over share of capacity, by region"));
    data.entries = lorenzEntries(context);
    data.nowName = QStringLiteral("now");
    if (const auto with = comparedWith(context)) {
        data.before = lorenzEntries(with->context);
        data.beforeName = with->name;
    } else if (const auto before = previousPeriod(context)) { // one number more does not crowd it: always
        data.before = lorenzEntries(*before);
        data.beforeName = QStringLiteral("before");
    }
    return data;
}

SankeyData flowsOf(const ViewContext& context)
{
    auto data = framed<SankeyData>(View::Flows, QStringLiteral("requests/s"));
    data.kind = ValueKind::Plain;
    const Fleet& fleet = *context.fleet;
    const auto tableOf = [](const ViewContext& of) {
        return ask(of, {Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Provider, Dimension::Model});
    };
    const query::Table table = tableOf(context);
    query::Table before;
    if (const auto with = comparedWith(context)) {
        before = tableOf(with->context);
        data.beforeName = with->name;
    }
    std::array<std::map<std::string, double>, 3> weights;
    for (const query::Table* of : {&table, &std::as_const(before)}) {
        for (const query::Row& row : of->rows) { // what is no more has a node too, of no weight
            for (std::size_t c = 0; c < weights.size(); ++c) {
                weights[c][row.keys[c]] += of == &table ? row.values[0] : 0;
            }
        }
    }
    std::array<std::map<std::string, int>, 3> nodeOf;
    static constexpr std::array<const char*, 3> kTitles{"User area", "Provider", "Model"};
    for (std::size_t c = 0; c < weights.size(); ++c) {
        SankeyColumn column{QLatin1String(kTitles[c]), {}};
        const std::size_t most = c == 0 ? kMostAreas : c == 1 ? fleet.providers.size() : kMostModels;
        const std::vector<std::string> keys = ranked(weights[c]);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (i >= most && keys.size() > most + 1) { // one for all the rest; never a rest of one
                nodeOf[c][keys[i]] = static_cast<int>(most);
                if (i == most) {
                    column.nodes.push_back({QStringLiteral("(other)"),
                                            QStringLiteral("%1 others").arg(keys.size() - most), theme().faint});
                }
                continue;
            }
            nodeOf[c][keys[i]] = static_cast<int>(column.nodes.size());
            QString name = text(keys[i]);
            QColor color = theme().flow;
            if (c == 1) {
                color = theme().provider(keys[i]);
                for (const Provider& provider : fleet.providers) {
                    name = provider.key == keys[i] ? text(provider.name) : name;
                }
            } else if (c == 2) {
                color = modelColor(fleet, keys[i]);
            }
            column.nodes.push_back({text(keys[i]), name, color});
        }
        data.columns.push_back(std::move(column));
    }
    std::map<std::array<int, 3>, SankeyPath> paths;
    bool flows = false;
    for (const query::Table* of : {&table, &std::as_const(before)}) {
        for (const query::Row& row : of->rows) {
            if (std::isfinite(row.values[0]) && row.values[0] > 0) {
                SankeyPath& path = paths[{nodeOf[0][row.keys[0]], nodeOf[1][row.keys[1]], nodeOf[2][row.keys[2]]}];
                (of == &table ? path.value : path.before) += row.values[0];
                flows = flows || of == &table;
            }
        }
    }
    for (auto& [nodes, path] : paths) {
        path.nodes = {nodes[0], nodes[1], nodes[2]};
        data.paths.push_back(std::move(path));
    }
    if (!flows) {
        data.paths.clear();
        data.columns.clear();
    }
    return data;
}

TreemapData spendTree(const ViewContext& context)
{
    auto data = framed<TreemapData>(View::SpendTree, QStringLiteral("USD a day; provider, region, model"));
    data.rootName = QStringLiteral("All providers");
    data.kind = ValueKind::UsdPerDay;
    /// What is only there in what it is compared with has no area, but counts in its group's change.
    struct Leaf {
        double now = 0, before = 0;
    };
    std::map<std::vector<std::string>, Leaf> leaves;
    const auto take = [&leaves](const ViewContext& of, double Leaf::*which) {
        for (const query::Row& row :
             ask(of, {Measure::SpendUsdPerDay}, {Dimension::Provider, Dimension::Region, Dimension::Model}).rows) {
            if (row.values[0] > 0) {
                leaves[row.keys].*which += row.values[0];
            }
        }
    };
    take(context, &Leaf::now);
    if (const auto with = comparedWith(context)) {
        take(with->context, &Leaf::before);
        data.beforeName = with->name;
    }
    for (const Provider& provider : context.fleet->providers) {
        TreemapNode group{text(provider.key), text(provider.name), theme().provider(provider.key), 0, {}, {}};
        std::map<std::string, std::size_t> regionAt;
        for (const auto& [keys, spend] : leaves) {
            if (keys[0] != provider.key) {
                continue;
            }
            if (regionAt.count(keys[1]) == 0) {
                regionAt[keys[1]] = group.children.size();
                const std::size_t slash = keys[1].find('/');
                group.children.push_back({text(keys[1]),
                                          text(slash == std::string::npos ? keys[1] : keys[1].substr(slash + 1)),
                                          group.color,
                                          0,
                                          {},
                                          {}});
            }
            const bool idle = keys[2] == "(none)";
            TreemapNode& region = group.children[regionAt[keys[1]]];
            region.value += spend.now;
            region.children.push_back({text(keys[2]),
                                       idle ? QStringLiteral("Idle and training") : text(keys[2]),
                                       group.color,
                                       spend.now,
                                       {},
                                       {},
                                       spend.before});
        }
        for (const TreemapNode& region : group.children) {
            group.value += region.value;
        }
        if (group.value > 0) {
            data.nodes.push_back(std::move(group));
        }
    }
    return data;
}

std::vector<BalanceFigure> balanceFigures(const ViewContext& context)
{
    const auto intervals = intervalsOf(context);
    if (intervals.empty()) {
        return {};
    }
    const query::Balance balance = query::balanceOf(*context.fleet, intervals);
    std::vector<BalanceFigure> figures;
    const auto& regions = balance.regions;
    const auto formula = [&context](const char* words, const std::string& of = {}) {
        return QString::fromUtf8(words) + (of.empty() ? QString() : QStringLiteral("<br>Here: ") + text(of)) +
               QStringLiteral("<br>") + context.footer().toHtmlEscaped();
    };
    // A town says more than a region's code; the code is in the explanation.
    const auto shortName = [&context](const std::string& key) {
        const Fleet& fleet = *context.fleet;
        if (const RegionId region = findRegion(fleet, key); region.valid()) {
            return text(fleet[region].location);
        }
        const ProviderId provider = findProvider(fleet, key);
        return text(provider.valid() ? fleet[provider].name : key);
    };
    figures.push_back({QStringLiteral("Max / mean utilization"), grouped(regions.utilization.maxOverMean, 2),
                       regions.utilization.maxOverMean > 1.5,
                       formula("Utilization of the busiest region over the mean of all regions; 1 is even.")});
    const auto worst = std::max_element(
        regions.rows.begin(), regions.rows.end(), [](const query::BalanceRow& a, const query::BalanceRow& b) {
            const auto rank = [](const query::BalanceRow& row) {
                return std::isfinite(row.demandToSupplyRatio) ? row.demandToSupplyRatio : -1;
            };
            return rank(a) < rank(b);
        });
    if (worst != regions.rows.end() && std::isfinite(worst->demandToSupplyRatio)) {
        figures.push_back(
            {QStringLiteral("Worst demand/supply"),
             grouped(worst->demandToSupplyRatio, 2) + QStringLiteral("  ") + shortName(worst->key),
             worst->demandToSupplyRatio > kHotDemandToSupply,
             formula("Work asked for over chips in order, of the region where it is highest; above 1 more "
                     "is asked than there is.",
                     worst->key)});
    }
    // The Gini stands in the Lorenz chart alone, where each region counts by its capacity: one screen has one Gini.
    figures.push_back({QStringLiteral("Jain's index"), grouped(regions.utilization.jain, 2), false,
                       formula("Of the regions' utilization x, each region counting alike: (Σx)² / (n Σx²), 1 is even "
                               "(Jain, Chiu and Hawe 1984).")});
    for (const Dimension lost : {Dimension::Region, Dimension::Provider}) {
        const query::NPlusOne* hardest = nullptr;
        for (const query::NPlusOne& row : balance.nPlusOne) {
            if (row.lost == lost && (hardest == nullptr || row.headroomRatio < hardest->headroomRatio)) {
                hardest = &row;
            }
        }
        if (hardest != nullptr) {
            const bool carries = hardest->carries();
            figures.push_back(
                {lost == Dimension::Region ? QStringLiteral("N+1 region") : QStringLiteral("N+1 provider"),
                 carries ? QStringLiteral("met") : QStringLiteral("not met: ") + shortName(hardest->worst), !carries,
                 formula("Whether what is left carries each model and tier when the worst region, or "
                         "provider, goes; an estimate from the capacity seen.",
                         hardest->worst)});
        }
    }
    return figures;
}

} // namespace isobar::ui

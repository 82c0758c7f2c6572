// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

/// How a figure is written, and what its change means.
struct KpiRule {
    Measure measure;
    const char* title;
    Figure (*figure)(double);
    bool points; ///< change in percentage points, not percent
    KpiData::Direction up;
    KpiData::Direction down;
};

using Direction = KpiData::Direction;
const std::array<KpiRule, 6> kRules{{
    {Measure::SpendUsdPerDay, "Spend", dollarsPerDay, false, Direction::Worse, Direction::Better},
    {Measure::UsdPerMillionTokens, "Cost per million tokens", dollars, false, Direction::Worse, Direction::Better},
    {Measure::SloAttainment, "SLO attainment", [](double v) { return percent(v, 2); }, true, Direction::Better,
     Direction::Worse},
    {Measure::Utilization, "Utilization", [](double v) { return percent(v, 1); }, true, Direction::Neutral,
     Direction::Neutral},
    {Measure::Headroom, "Headroom", [](double v) { return percent(v, 1); }, true, Direction::Neutral,
     Direction::Neutral},
    {Measure::CarbonGramsPerDay, "Carbon", tonnesPerDay, false, Direction::Worse, Direction::Better},
}};

/// What the figure should reach; nothing where no target is set.
std::optional<double> targetOf(Measure measure)
{
    return measure == Measure::SloAttainment ? std::optional(0.95) : std::nullopt;
}

void describeChange(KpiData& kpi, const KpiRule& rule, const Comparison& comparison, const ViewContext& context)
{
    const double value = valueOf(comparison.now, {}, rule.measure);
    const double before = valueOf(comparison.before, {}, rule.measure);
    kpi.direction = Direction::None;
    if (!std::isfinite(before) || !std::isfinite(value)) {
        const bool narrowed = context.selection.tier || context.selection.workload;
        kpi.change = narrowed && !std::isfinite(value) ? QStringLiteral("not counted by tier or workload")
                                                       : QStringLiteral("nothing earlier to compare");
        return;
    }
    const double difference = value - before;
    const double relative = before != 0 ? difference / std::abs(before) : 0;
    const QString text = rule.points ? signedPoints(difference) : signedPercent(relative);
    const bool changed = text != signedPoints(0);
    kpi.direction = !changed ? Direction::None : difference > 0 ? rule.up : rule.down;
    kpi.up = difference > 0;
    kpi.change = text + QStringLiteral(" vs ") + comparison.versus;
}

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

std::vector<KpiData> kpis(const ViewContext& context)
{
    std::vector<Measure> measures;
    for (const KpiRule& rule : kRules) {
        measures.push_back(rule.measure);
    }
    std::vector<Measure> withChips = measures;
    withChips.push_back(Measure::Accelerators);
    const query::Table now = ask(context, withChips, {});
    const Comparison comparison = compare(context, measures);
    const query::Table course = ask(context, measures, {Dimension::Time});
    std::vector<KpiData> tiles;
    for (std::size_t i = 0; i < kRules.size(); ++i) {
        const KpiRule& rule = kRules[i];
        const double value = valueOf(now, {}, rule.measure);
        KpiData kpi;
        kpi.title = QLatin1String(rule.title);
        const Figure figure = std::isfinite(value) ? rule.figure(value) : Figure{QStringLiteral("–"), {}};
        kpi.value = figure.value;
        kpi.unit = figure.unit;
        if (rule.measure == Measure::UsdPerMillionTokens && std::isfinite(value)) {
            kpi.unit = figure.unit + QStringLiteral("/ Mtok");
        }
        if (rule.measure == Measure::Utilization) {
            const double chips = valueOf(now, {}, Measure::Accelerators);
            if (std::isfinite(chips)) {
                kpi.notes << QStringLiteral("of ") + grouped(chips, 0) + QStringLiteral(" chips");
            }
        }
        if (rule.measure == Measure::Headroom) {
            kpi.notes << QStringLiteral("of chip time");
        }
        describeChange(kpi, rule, comparison, context);
        for (const query::Row& row : course.rows) {
            if (std::isfinite(row.values[i])) {
                kpi.spark.push_back(row.values[i]);
            }
        }
        const query::MeasureInfo& m = query::info(rule.measure);
        kpi.explanation =
            QStringLiteral("%1 [%2]\n%3\n%4\nClick for its source and parts")
                .arg(QString::fromUtf8(m.title.data(), static_cast<int>(m.title.size())),
                     QString::fromUtf8(m.unit.data(), static_cast<int>(m.unit.size())),
                     QString::fromUtf8(m.formula.data(), static_cast<int>(m.formula.size())), context.footer());
        if (const auto target = targetOf(rule.measure)) {
            kpi.notes << QStringLiteral("target ") + percent(*target, 0).joined();
            kpi.warning = std::isfinite(value) && value < *target;
        }
        tiles.push_back(std::move(kpi));
    }
    return tiles;
}

QString kpiExplanation(std::size_t tile, const ViewContext& context)
{
    const KpiRule& rule = kRules[tile];
    const query::MeasureInfo& m = query::info(rule.measure);
    const auto text = [](std::string_view bytes) {
        return QString::fromUtf8(bytes.data(), static_cast<int>(bytes.size())).toHtmlEscaped();
    };
    const auto shown = [&rule](double value) {
        return std::isfinite(value) ? rule.figure(value).joined().toHtmlEscaped() : QStringLiteral("–");
    };
    const QString muted = theme().muted.name();
    const query::Table parts = ask(context, {rule.measure}, {Dimension::Provider});
    QString rows;
    for (const Provider& provider : context.fleet->providers) {
        const double value = valueOf(parts, {provider.key}, rule.measure);
        if (std::isfinite(value)) {
            rows += QStringLiteral(
                        "<tr><td style='color:%1'>■&nbsp;</td><td>%2</td><td align='right'>&nbsp;&nbsp;%3</td></tr>")
                        .arg(theme().provider(provider.key).name(), text(provider.name), shown(value));
        }
    }
    const bool adds = rule.measure == Measure::SpendUsdPerDay || rule.measure == Measure::CarbonGramsPerDay;
    const double whole = valueOf(ask(context, {rule.measure}, {}), {}, rule.measure);
    rows += QStringLiteral("<tr><td></td><td><b>%1</b></td><td align='right'>&nbsp;&nbsp;<b>%2</b></td></tr>")
                .arg(adds ? QStringLiteral("Sum") : QStringLiteral("All together"), shown(whole));
    const auto target = targetOf(rule.measure);
    return QStringLiteral(
               "<p><b>%1</b> <span style='color:%2'>%3</span></p><p>%4</p>%5<table cellspacing='3'>%6</table>"
               "<p style='color:%2'>%7</p>")
        .arg(text(m.title), muted, text(m.unit), text(m.formula),
             target ? QStringLiteral("<p>Target: %1</p>").arg(shown(*target)) : QString(), rows,
             QStringLiteral("Source: ") + context.footer().toHtmlEscaped());
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

const QString kWaiting = QStringLiteral("The clock has not run yet: press play");

double startEpochSeconds(const ViewContext& context)
{
    return static_cast<double>(context.timeAt(0).toMSecsSinceEpoch()) / 1000;
}

TimeChartData frame(const ViewContext& context, View view, const QString& unit)
{
    TimeChartData data;
    data.title = viewTitle(view);
    data.unitNote = unit;
    data.emptyText = kWaiting;
    const double start = startEpochSeconds(context);
    data.from = start + static_cast<double>(context.from()) * 1e-6;
    data.to = start + static_cast<double>(context.now) * 1e-6;
    return data;
}

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

void describeChange(KpiData& kpi, const KpiRule& rule, const Comparison& comparison)
{
    const double value = valueOf(comparison.now, {}, rule.measure);
    const double before = valueOf(comparison.before, {}, rule.measure);
    kpi.direction = Direction::None;
    if (!std::isfinite(before) || !std::isfinite(value)) {
        kpi.change = QStringLiteral("nothing earlier to compare");
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

TimeChartData throughputChart(const ViewContext& context)
{
    TimeChartData data = frame(context, View::Throughput, QStringLiteral("tokens/s, input and output"));
    data.stacked = true;
    const query::Table table = ask(context, {Measure::TokensPerSecond}, {Dimension::Time, Dimension::Provider});
    const double start = startEpochSeconds(context);
    for (const Provider& provider : context.fleet->providers) {
        TimeSeries series{QString::fromStdString(provider.name), theme().provider(provider.key), {}, {}, false};
        for (const query::Row& row : table.rows) {
            if (row.keys[1] == provider.key) {
                series.times.push_back(start + std::stod(row.keys[0]));
                series.values.push_back(row.values[0]);
            }
        }
        if (std::any_of(series.values.begin(), series.values.end(), [](double v) { return v > 0; })) {
            data.series.push_back(std::move(series));
        }
    }
    return data;
}

TimeChartData latencyChart(const ViewContext& context)
{
    TimeChartData data = frame(context, View::Latency, QStringLiteral("s, p50, p95 and p99, network included"));
    const query::Table table = ask(context, {Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {Dimension::Time});
    const double start = startEpochSeconds(context);
    const std::array<std::pair<const char*, QColor>, 3> kinds{
        {{"p50", theme().accent}, {"p95", theme().caution}, {"p99", theme().trouble}}};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        TimeSeries series{QLatin1String(kinds[kind].first), kinds[kind].second, {}, {}, kind == 2};
        for (const query::Row& row : table.rows) {
            series.times.push_back(start + std::stod(row.keys[0]));
            series.values.push_back(row.values[kind]);
        }
        if (!series.times.isEmpty()) {
            data.series.push_back(std::move(series));
        }
    }
    return data;
}

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
    std::stable_sort(data.rows.begin(), data.rows.end(),
                     [](const ShareRow& a, const ShareRow& b) { return a.value > b.value; });
    if (!table.rows.empty()) {
        data.totalText = dollarsPerDay(total).joined();
        data.footnote = QStringLiteral("Concentration (HHI) %1; 1 is one provider alone").arg(grouped(hhi, 2));
    } else {
        data.footnote = kWaiting;
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
            kpi.unit += std::isfinite(chips) ? QStringLiteral(" of ") + grouped(chips, 0) + QStringLiteral(" chips")
                                             : QString();
        }
        if (rule.measure == Measure::Headroom) {
            kpi.unit += QStringLiteral(" of chip time");
        }
        describeChange(kpi, rule, comparison);
        for (const query::Row& row : course.rows) {
            if (std::isfinite(row.values[i])) {
                kpi.spark.push_back(row.values[i]);
            }
        }
        const query::MeasureInfo& m = query::info(rule.measure);
        kpi.explanation =
            QStringLiteral("<b>%1</b> [%2]<br>%3<br>%4")
                .arg(QString::fromUtf8(m.title.data(), static_cast<int>(m.title.size())),
                     QString::fromUtf8(m.unit.data(), static_cast<int>(m.unit.size())),
                     QString::fromUtf8(m.formula.data(), static_cast<int>(m.formula.size())).toHtmlEscaped(),
                     context.footer().toHtmlEscaped());
        kpi.warning = rule.measure == Measure::SloAttainment && std::isfinite(value) && value < 0.95;
        tiles.push_back(std::move(kpi));
    }
    return tiles;
}

} // namespace isobar::ui

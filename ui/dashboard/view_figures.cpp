// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>

/// The six key figures: their values, their targets, how they went and why they are what they are.
namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;
using Direction = KpiData::Direction;

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

/// The target in force here. What adds up over the fleet has its target for the whole of it: of a part it says nothing.
std::optional<KpiTarget> targetHere(std::size_t figure, const ViewContext& context)
{
    return kpiRules()[figure].adds && !context.filters().empty() ? std::nullopt : context.targets[figure];
}

/// What the tile says of its target: how the figure stands to it, and where both are on a track from nothing to a
/// little more than the larger, or to 100 %.
void describeTarget(KpiData& kpi, std::size_t figure, double value, const ViewContext& context)
{
    const auto target = targetHere(figure, context);
    if (!target) {
        return;
    }
    kpi.target = targetSign(figure, *target);
    kpi.targetWords = targetWords(figure, *target);
    kpi.standing = standingOf(figure, value, *target);
    kpi.warning = kpi.standing == KpiData::Standing::Missed;
    if (kpi.standing != KpiData::Standing::None) {
        const double track = kpiRules()[figure].points ? 1 : std::max(1e-12, 1.15 * std::max(value, target->value));
        kpi.reached = std::clamp(value / track, 0.0, 1.0);
        kpi.targetAt = std::clamp(target->value / track, 0.0, 1.0);
    }
}

/// What the card says of the target, and why.
QString targetText(std::size_t figure, double value, const ViewContext& context)
{
    if (!context.targets[figure]) {
        return {};
    }
    const KpiTarget& target = *context.targets[figure];
    const QString words = QStringLiteral("<p>Target: %1").arg(targetWords(figure, target).toHtmlEscaped());
    if (!targetHere(figure, context)) {
        return words + QStringLiteral(", of the whole fleet: not held against the part that the filters leave.</p>");
    }
    const QString band = nearBandWords(figure, target).toHtmlEscaped();
    switch (standingOf(figure, value, target)) {
    case KpiData::Standing::Met:
        return words + QStringLiteral(" – met.</p>");
    case KpiData::Standing::Near:
        return words + QStringLiteral(" – near: less than %1 from it, on either side, where one sample after the other "
                                      "would meet and miss it.</p>")
                           .arg(band);
    case KpiData::Standing::Missed:
        return words + QStringLiteral(" – <span style='color:%1'>missed</span> by more than %2.</p>")
                           .arg(theme().trouble.name(), band);
    case KpiData::Standing::None:
        break;
    }
    return words + QStringLiteral(".</p>");
}

} // namespace

std::vector<KpiData> kpis(const ViewContext& context)
{
    std::vector<Measure> measures;
    for (const KpiRule& rule : kpiRules()) {
        measures.push_back(rule.measure);
    }
    std::vector<Measure> withChips = measures;
    withChips.push_back(Measure::Accelerators);
    const query::Table now = ask(context, withChips, {});
    const Comparison comparison = compare(context, measures);
    const query::Table course = ask(context, measures, {Dimension::Time});
    std::vector<KpiData> tiles;
    for (std::size_t i = 0; i < kpiRules().size(); ++i) {
        const KpiRule& rule = kpiRules()[i];
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
            QStringLiteral("%1 [%2]\n%3\n%4\nClick for its source, parts and target")
                .arg(QString::fromUtf8(m.title.data(), static_cast<int>(m.title.size())),
                     QString::fromUtf8(m.unit.data(), static_cast<int>(m.unit.size())),
                     QString::fromUtf8(m.formula.data(), static_cast<int>(m.formula.size())), context.footer());
        describeTarget(kpi, i, value, context);
        tiles.push_back(std::move(kpi));
    }
    return tiles;
}

QString kpiExplanation(std::size_t tile, const ViewContext& context)
{
    const KpiRule& rule = kpiRules()[tile];
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
    return QStringLiteral(
               "<p><b>%1</b> <span style='color:%2'>%3</span></p><p>%4</p>%5<table cellspacing='3'>%6</table>"
               "<p style='color:%2'>%7</p>")
        .arg(text(m.title), muted, text(m.unit), text(m.formula), targetText(tile, whole, context), rows,
             QStringLiteral("Source: ") + context.footer().toHtmlEscaped());
}

TimeChartData kpiCourse(std::size_t tile, const ViewContext& context)
{
    const KpiRule& rule = kpiRules()[tile];
    TimeChartData data = timeFrame(context, QLatin1String(rule.title));
    data.stacked = !rule.points; // amounts from zero: a course that is level looks it
    // In the unit of the tile where the axis has no sign for it: ratios in percent, grams in tonnes.
    const bool scaled = rule.points || rule.measure == Measure::CarbonGramsPerDay;
    const double factor = scaled ? targetField(tile, 0).factor : 1;
    data.unitNote = rule.points                                    ? QStringLiteral("%")
                    : rule.measure == Measure::CarbonGramsPerDay   ? QStringLiteral("tCO₂e / day")
                    : rule.measure == Measure::UsdPerMillionTokens ? QStringLiteral("USD / Mtok")
                                                                   : QStringLiteral("USD a day");
    const double start = static_cast<double>(context.timeAt(0).toMSecsSinceEpoch()) / 1000;
    TimeSeries line{QLatin1String(rule.title), theme().accent, {}, {}};
    for (const query::Row& row : ask(context, {rule.measure}, {Dimension::Time}).rows) {
        line.times.push_back(start + std::stod(row.keys[0]));
        line.values.push_back(row.values[0] / factor);
    }
    if (!line.times.isEmpty()) {
        data.series.push_back(std::move(line));
    }
    addTarget(data, tile, context, factor);
    return data;
}

void addTarget(TimeChartData& data, std::size_t figure, const ViewContext& context, double factor)
{
    if (const auto target = targetHere(figure, context)) {
        data.target = target->value / factor;
        data.targetLabel = QStringLiteral("target ") + targetSign(figure, *target);
    }
}

} // namespace isobar::ui

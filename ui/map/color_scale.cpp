// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/color_scale.h"

#include "ui/shell/color.h"
#include "ui/shell/format.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {

QString measureName(MapMeasure measure)
{
    switch (measure) {
    case MapMeasure::Parts:
        return QStringLiteral("Parts");
    case MapMeasure::Utilization:
        return QStringLiteral("Utilization");
    case MapMeasure::DemandToSupply:
        return QStringLiteral("Demand to supply");
    case MapMeasure::SloAttainment:
        return QStringLiteral("SLO attainment");
    case MapMeasure::UsdPerMillionTokens:
        return QStringLiteral("Cost per Mtok");
    case MapMeasure::CarbonIntensity:
        return QStringLiteral("Carbon intensity");
    case MapMeasure::State:
        break;
    }
    return QStringLiteral("State");
}

QString splitName(MapSplit split)
{
    constexpr std::array<const char*, kMapSplits> kNames{"provider", "model", "accelerator", "state"};
    return QLatin1String(kNames[static_cast<std::size_t>(split)]);
}

QString scaleName(ScaleKind kind)
{
    return kind == ScaleKind::Quantile ? QStringLiteral("quantile")
           : kind == ScaleKind::Log    ? QStringLiteral("log")
                                       : QStringLiteral("linear");
}

QString groupFigureName(GroupFigure kind)
{
    return kind == GroupFigure::Worst ? QStringLiteral("worst") : QStringLiteral("p95");
}

QString stateName(MarkerState state)
{
    constexpr std::array<const char*, 4> kNames{"fine", "idle", "hot", "misses SLO"};
    return QLatin1String(kNames[static_cast<std::size_t>(state)]);
}

QColor stateColor(MarkerState state, const Theme& theme)
{
    return state == MarkerState::Fine   ? theme.fine
           : state == MarkerState::Idle ? theme.faint
           : state == MarkerState::Hot  ? theme.caution
                                        : theme.trouble;
}

QString measureText(MapMeasure measure, double value)
{
    if (!std::isfinite(value)) {
        return QStringLiteral("no data");
    }
    switch (measure) {
    case MapMeasure::UsdPerMillionTokens:
        return QLatin1Char('$') + grouped(value, value < 10 ? 2 : 0);
    case MapMeasure::CarbonIntensity:
        return grouped(value, 0) + QStringLiteral(" g/kWh");
    case MapMeasure::DemandToSupply:
        return grouped(value, 2);
    case MapMeasure::State:
        return stateName(static_cast<MarkerState>(std::clamp(static_cast<int>(value), 0, 3)));
    case MapMeasure::SloAttainment:
        return percent(value, value > 0.99 ? 2 : 1).joined();
    default:
        return percent(value, 0).joined();
    }
}

bool lowIsBad(MapMeasure measure)
{
    return measure == MapMeasure::SloAttainment;
}

double worseOf(MapMeasure measure, double a, double b)
{
    if (!std::isfinite(a) || !std::isfinite(b)) {
        return std::isfinite(a) ? a : b;
    }
    return lowIsBad(measure) ? std::min(a, b) : std::max(a, b);
}

ColorScale::ColorScale(MapMeasure measure, ScaleKind kind, std::vector<double> values)
    : m_measure(measure)
    , m_kind(kind)
{
    std::erase_if(values, [](double v) { return !std::isfinite(v); });
    std::sort(values.begin(), values.end());
    m_sorted = std::make_shared<const std::vector<double>>(std::move(values));
    const double width = high() - low();
    for (const double v : *m_sorted) {
        const double share = width > 0 ? (v - low()) / width : 0.5;
        ++m_histogram[std::min(kBins - 1, static_cast<std::size_t>(share * kBins))];
    }
}

double ColorScale::binMiddle(std::size_t bin) const
{
    return low() + (high() - low()) * (static_cast<double>(bin) + 0.5) / kBins;
}

double ColorScale::position(double value) const
{
    const std::vector<double>& sorted = *m_sorted;
    if (!std::isfinite(value) || sorted.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double share = 0.5;
    if (m_kind == ScaleKind::Quantile && sorted.size() > 1 && high() > low()) {
        // The middle of its equals: many places with one figure must not all be at an end.
        const auto below = std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        const auto upTo = std::upper_bound(sorted.begin(), sorted.end(), value) - sorted.begin();
        share = (static_cast<double>(below) + static_cast<double>(upTo)) / 2 / static_cast<double>(sorted.size());
    } else if (m_kind == ScaleKind::Log && high() > 0 && high() > low()) {
        const auto firstPositive = std::upper_bound(sorted.begin(), sorted.end(), 0.0);
        const double least = std::log(*firstPositive), most = std::log(high());
        share = value <= 0 ? 0 : most > least ? (std::log(value) - least) / (most - least) : 1;
    } else if (high() > low()) {
        share = (value - low()) / (high() - low());
    }
    share = std::clamp(share, 0.0, 1.0);
    return lowIsBad(m_measure) ? 1 - share : share;
}

QColor ColorScale::color(double value, const Theme& theme) const
{
    if (!std::isfinite(value)) {
        return mixed(theme.ground, theme.muted, 0.35);
    }
    if (m_measure == MapMeasure::State) {
        return stateColor(static_cast<MarkerState>(std::clamp(static_cast<int>(value), 0, 3)), theme);
    }
    return rampColor(position(value), theme);
}

QColor rampColor(double share, const Theme& theme)
{
    // Blue to yellow on dark ground, pale to deep blue-violet on light: the loud end is far from the ground, and the
    // quiet one is still seen on land.
    static const ColorRamp dark({"#2f4b78", "#3e6f9f", "#5a94b4", "#8fb5a4", "#cac778", "#f6e05e"},
                                Theme::darkTheme().land, 1.6);
    static const ColorRamp highContrast({"#3e6f9f", "#5a94b4", "#8fb5a4", "#cac778", "#f6e05e", "#fffbdc"},
                                        Theme::highContrastTheme().land, 3.1);
    static const ColorRamp light({"#cfdfec", "#a6c4de", "#7aa5cc", "#5280b4", "#375a97", "#232c6e"},
                                 Theme::lightTheme().land, 1.45);
    return (!theme.dark ? light : keepsThreeToOne(theme) ? highContrast : dark).at(share);
}

} // namespace isobar::ui

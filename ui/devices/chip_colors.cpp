// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_colors.h"

#include "ui/shell/color.h"
#include "ui/shell/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using engine::Device;

QString tr(const char* text)
{
    return QCoreApplication::translate("isobar::ui::ChipColors", text);
}

constexpr std::size_t kRampSteps = 256;
constexpr double kColdestCelsius = 25, kHottestCelsius = 85; ///< of the scale of temperatures
constexpr double kGibibyte = 1 << 30;

} // namespace

QString chipMeasureTitle(ChipMeasure measure)
{
    switch (measure) {
    case ChipMeasure::Utilization:
        return tr("Utilization");
    case ChipMeasure::Memory:
        return tr("Memory");
    case ChipMeasure::Power:
        return tr("Power");
    case ChipMeasure::Temperature:
        return tr("Temperature");
    case ChipMeasure::Health:
        return tr("Health");
    }
    return {};
}

double chipValue(const Device& chip, ChipMeasure measure)
{
    switch (measure) {
    case ChipMeasure::Utilization:
        return double{chip.utilizationRatio};
    case ChipMeasure::Memory:
        return chip.hbmUsedBytes;
    case ChipMeasure::Power:
        return double{chip.watts};
    case ChipMeasure::Temperature:
        return double{chip.celsius};
    case ChipMeasure::Health:
        break;
    }
    return NAN;
}

QString chipValueText(double value, ChipMeasure measure)
{
    if (std::isnan(value)) {
        return tr("n/a");
    }
    switch (measure) {
    case ChipMeasure::Utilization:
        return percent(value, 0).joined();
    case ChipMeasure::Memory:
        return grouped(value / kGibibyte, 1) + QStringLiteral(" GiB");
    case ChipMeasure::Power:
        return grouped(value, 0) + QStringLiteral(" W");
    case ChipMeasure::Temperature:
        return grouped(value, 0) + QStringLiteral(" °C");
    case ChipMeasure::Health:
        break;
    }
    return {};
}

ChipClass chipClass(const Device& chip, ChipMeasure measure)
{
    if (chip.owner == Device::Owner::OtherTenant) {
        return ChipClass::OtherTenant;
    }
    switch (chip.state) {
    case Device::State::Down:
        return ChipClass::Down;
    case Device::State::Absent:
        return ChipClass::NotArrived;
    case Device::State::Idle:
    case Device::State::Warming:
    case Device::State::Working:
    case Device::State::Draining:
    case Device::State::Waiting:
        break;
    }
    if (measure != ChipMeasure::Health) {
        return std::isnan(chipValue(chip, measure)) ? ChipClass::Unknown : ChipClass::Valued;
    }
    switch (chip.state) {
    case Device::State::Warming:
        return ChipClass::Warming;
    case Device::State::Working:
        return ChipClass::Working;
    case Device::State::Draining:
        return ChipClass::Draining;
    case Device::State::Waiting:
        return ChipClass::Waiting;
    default:
        return ChipClass::Idle;
    }
}

QString chipClassTitle(ChipClass kind)
{
    switch (kind) {
    case ChipClass::Valued:
        return tr("measured");
    case ChipClass::Idle:
        return tr("idle");
    case ChipClass::Working:
        return tr("working");
    case ChipClass::Warming:
        return tr("warming up");
    case ChipClass::Draining:
        return tr("draining");
    case ChipClass::Waiting:
        return tr("gang waits");
    case ChipClass::Down:
        return tr("down");
    case ChipClass::OtherTenant:
        return tr("other tenants’");
    case ChipClass::NotArrived:
        return tr("not arrived");
    case ChipClass::Unknown:
        return tr("not known");
    }
    return {};
}

QColor chipClassColor(ChipClass kind, const Theme& theme)
{
    const auto of = [&](const char* dark, const char* light) {
        return QColor(QLatin1String(theme.dark ? dark : light));
    };
    switch (kind) {
    case ChipClass::Valued:
        return chipRampColor(0.6, theme);
    case ChipClass::Idle:
        return chipRampColor(0, theme);
    case ChipClass::Working:
        return of("#41B6C4", "#3B86C6");
    case ChipClass::Warming:
        return of("#F0E442", "#C9A800");
    case ChipClass::Draining:
        return of("#9A6BE0", "#8E3B8A");
    case ChipClass::Waiting:
        return of("#A1DAB4", "#6FD08C");
    case ChipClass::Down:
        return theme.trouble;
    case ChipClass::OtherTenant:
        return mixed(theme.panel, theme.faint, keepsThreeToOne(theme) ? 0.35 : 0.75);
    case ChipClass::NotArrived:
        return mixed(theme.panel, theme.line, 0.55);
    case ChipClass::Unknown:
        return mixed(theme.panel, theme.muted, 0.55);
    }
    return {};
}

QColor chipRampColor(double ratio, const Theme& theme)
{
    // YlGnBu of ColorBrewer on dark ground, blue to plum on light. The low end is what idles: it stays quiet.
    static const std::initializer_list<const char*> kDark{"#2A3B55", "#24598C", "#2C7FB8",
                                                          "#41B6C4", "#A1DAB4", "#FFFFCC"};
    static const ColorRamp dark(kDark, Theme::darkTheme().panel, 1.3);
    static const ColorRamp highContrast(kDark, Theme::highContrastTheme().panel, 3.3);
    static const ColorRamp light({"#DCE5F0", "#A9C8E8", "#5B9BD5", "#3B6FB6", "#4B3A8C", "#3A1158"},
                                 Theme::lightTheme().panel, 1.2);
    return (!theme.dark ? light : keepsThreeToOne(theme) ? highContrast : dark).at(ratio);
}

ChipColors colorsOf(const engine::DeviceView& view, ChipMeasure measure, const Theme& theme)
{
    ChipColors out;
    out.measure = measure;
    switch (measure) {
    case ChipMeasure::Utilization:
    case ChipMeasure::Health:
        break;
    case ChipMeasure::Memory:
        out.high = view.hbmBytes;
        break;
    case ChipMeasure::Power:
        out.high = view.tdpWatts;
        break;
    case ChipMeasure::Temperature:
        out.low = kColdestCelsius;
        out.high = kHottestCelsius;
        break;
    }
    if (!(out.high > out.low)) {
        out.high = out.low + 1;
    }
    std::array<QRgb, kRampSteps> ramp{};
    for (std::size_t i = 0; i < kRampSteps; ++i) {
        ramp[i] = chipRampColor(static_cast<double>(i) / (kRampSteps - 1), theme).rgb();
    }
    std::array<QRgb, kChipClasses> plain{};
    for (std::size_t i = 0; i < kChipClasses; ++i) {
        plain[i] = chipClassColor(static_cast<ChipClass>(i), theme).rgb();
    }
    out.chips.resize(view.chips.size());
    out.classes.resize(view.chips.size());
    for (std::size_t i = 0; i < view.chips.size(); ++i) {
        const ChipClass kind = chipClass(view.chips[i], measure);
        out.classes[i] = kind;
        ++out.counts[static_cast<std::size_t>(kind)];
        out.chips[i] = plain[static_cast<std::size_t>(kind)];
        if (kind == ChipClass::Valued) {
            const double ratio =
                std::clamp((chipValue(view.chips[i], measure) - out.low) / (out.high - out.low), 0.0, 1.0);
            out.chips[i] = ramp[static_cast<std::size_t>(ratio * (kRampSteps - 1))];
            ++out.bars[std::min(ChipColors::kBars - 1, static_cast<std::size_t>(ratio * ChipColors::kBars))];
        }
    }
    return out;
}

} // namespace isobar::ui

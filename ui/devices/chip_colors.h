// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"
#include "ui/shell/theme.h"

#include <QColor>
#include <QRgb>
#include <QString>

#include <array>
#include <vector>

namespace isobar::ui {

/// What the chips of a pool are coloured by.
enum class ChipMeasure { Utilization, Memory, Power, Temperature, Health };
inline constexpr std::array<ChipMeasure, 5> kChipMeasures{
    ChipMeasure::Utilization, ChipMeasure::Memory, ChipMeasure::Power, ChipMeasure::Temperature, ChipMeasure::Health};
[[nodiscard]] QString chipMeasureTitle(ChipMeasure measure);

/// A chip's value in SI units (a ratio, bytes, watts; degrees Celsius); NaN where it is not known, and for health.
[[nodiscard]] double chipValue(const engine::Device& chip, ChipMeasure measure);
/// The same as people read it: "61 %", "71 °C", "n/a".
[[nodiscard]] QString chipValueText(double value, ChipMeasure measure);

/// What has no place on a scale of values, or is coloured by its state: the legend's words.
enum class ChipClass : std::uint8_t {
    Valued,
    Idle,
    Working,
    Warming,
    Draining,
    Waiting,
    Down,
    OtherTenant,
    NotArrived,
    Unknown
};
inline constexpr std::size_t kChipClasses = 10;
/// Of chips coloured by value only Valued, Down, OtherTenant, NotArrived and Unknown.
[[nodiscard]] ChipClass chipClass(const engine::Device& chip, ChipMeasure measure);
[[nodiscard]] QString chipClassTitle(ChipClass kind);
[[nodiscard]] QColor chipClassColor(ChipClass kind, const Theme& theme);

/// From least to most: quiet to loud, its lightness falling or rising all the way, so that it reads without hue.
[[nodiscard]] QColor chipRampColor(double ratio, const Theme& theme);

/// The colours of all chips of a pool by one measure, with the scale and the distribution they stand on.
struct ChipColors {
    static constexpr std::size_t kBars = 40;
    ChipMeasure measure = ChipMeasure::Utilization;
    double low = 0, high = 1; ///< ends of the scale
    std::vector<QRgb> chips;  ///< by chip
    std::vector<ChipClass> classes;
    std::array<std::int64_t, kBars> bars{}; ///< chips with a value, by its place on the scale
    std::array<std::int64_t, kChipClasses> counts{};
};
/// Work: linear in chips.
[[nodiscard]] ChipColors colorsOf(const engine::DeviceView& view, ChipMeasure measure, const Theme& theme);

} // namespace isobar::ui

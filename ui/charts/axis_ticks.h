// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>
#include <functional>
#include <vector>

/// Where ticks go and what they say; no widget, no painter.
namespace isobar::ui {

struct Tick {
    double at = 0;
    QString label;
};

/// A value axis: round ticks that cover the data.
struct ValueAxis {
    double lower = 0, upper = 1;
    std::vector<Tick> ticks;
};

/// Round ticks (1, 2, 2.5, 5 × 10ⁿ) covering [low, high], at most `maxTicks` of them (at least two,
/// three where zero lies between). Starts at zero
/// when `fromZero`, or when the data comes near it. All labels share one scale ("0", "0.5 M", "1.0 M").
[[nodiscard]] ValueAxis valueAxis(double low, double high, int maxTicks, bool fromZero);

/// UTC ticks in [from, to] at round clock times: HH:mm:ss below a minute, HH:mm below a day (the date at midnight),
/// then dates, months, years. Two labels never come closer than 14 px, and none reaches more than `overhangPixels`
/// beyond the plot. `labelWidth` measures a label in pixels. Empty when the range is empty.
[[nodiscard]] std::vector<Tick> timeTicks(double from, double to, double widthPixels, double overhangPixels,
                                          const std::function<double(const QString&)>& labelWidth);

/// A moment as a heading, as exact as the range shown asks for: "14:06:31 UTC", "22 Nov 14:06 UTC", "22 Nov 2026".
[[nodiscard]] QString momentText(double utcSeconds, double spanSeconds);

/// A value for a tooltip or a description: as many digits as mean something, "–" for a gap.
[[nodiscard]] QString valueText(double value);

} // namespace isobar::ui

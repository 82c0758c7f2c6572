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

/// The same for a time since a start, in seconds: "30 s", "2:30", "1:05:00", "2 d"; the smallest step is a tenth.
[[nodiscard]] std::vector<Tick> elapsedTicks(double from, double to, double widthPixels, double overhangPixels,
                                             const std::function<double(const QString&)>& labelWidth);
/// "1:05:09", "12.4 s", "3 d 04:00:00".
[[nodiscard]] QString elapsedText(double seconds);

/// Ticks of a logarithmic axis of durations: powers of ten, with 2 and 5 between them where there is room.
struct DurationAxis {
    double lower = 1e-3, upper = 1; ///< seconds, both above zero
    std::vector<Tick> ticks;        ///< "200 ms", "5 s"; where something lies below `lower`, the first says "≤"
};
/// Covers [low, high] seconds, not below `floorSeconds`, with at most `maxTicks` ticks.
[[nodiscard]] DurationAxis durationAxis(double low, double high, double floorSeconds, int maxTicks);

/// A moment as a heading, as exact as the range shown asks for: "14:06:31 UTC", "22 Nov 14:06 UTC", "22 Nov 2026".
[[nodiscard]] QString momentText(double utcSeconds, double spanSeconds);

/// A value for a tooltip or a description: as many digits as mean something, "–" for a gap.
[[nodiscard]] QString valueText(double value);

} // namespace isobar::ui

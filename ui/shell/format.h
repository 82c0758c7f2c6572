// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

/// Numbers for people: human units only here, SI everywhere below. A real minus sign, a thin unit, never more digits
/// than mean something. All are locale-independent (en): a figure reads the same in every export.
namespace isobar::ui {

/// A figure and its unit apart, so that the unit can be drawn in a quieter tone: {"$14.62", "M / day"}.
struct Figure {
    QString value;
    QString unit;
    [[nodiscard]] QString joined() const { return unit.isEmpty() ? value : value + QLatin1Char(' ') + unit; }
};

[[nodiscard]] Figure dollarsPerDay(double usdPerDay);      ///< "$14.62" "M / day"
[[nodiscard]] Figure dollars(double usd);                  ///< "$14.62" "M"
[[nodiscard]] Figure percent(double ratio, int decimals);  ///< 0.9931 -> "99.31" "%"
[[nodiscard]] Figure seconds(double seconds);              ///< "310" "ms", "1.25" "s", "5.3" "min"
[[nodiscard]] Figure count(double value);                  ///< "251,300" ""
[[nodiscard]] Figure compact(double value);                ///< "1.92" "M"
[[nodiscard]] Figure tonnesPerDay(double gramsPerDay);     ///< "1,284" "tCO₂e / day"
[[nodiscard]] Figure watts(double watts);                  ///< "212" "MW"
/// A change with its sign, "+2.1 %" or "−0.22 pt"; "no change" below the last digit shown.
[[nodiscard]] QString signedPercent(double ratio, int decimals = 1);
[[nodiscard]] QString signedPoints(double ratioDifference, int decimals = 2);
/// Digits grouped by thousands, `decimals` after the point, a real minus sign.
[[nodiscard]] QString grouped(double value, int decimals);

} // namespace isobar::ui

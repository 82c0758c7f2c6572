// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/shell/format.h"

/// What a chart's numbers are, so that bars, tips and a screen reader write them alike.
namespace isobar::ui {

enum class ValueKind { Plain, Count, Ratio, Usd, UsdPerDay, Seconds };

/// Plain: "1.92" "M"; Count: "251,300"; Ratio: 0.613 -> "61.3" "%"; the others as their names say.
[[nodiscard]] Figure figureOf(ValueKind kind, double value);
/// The same as one word: "61.3 %", "$14.62 M / day".
[[nodiscard]] QString figureText(ValueKind kind, double value);

} // namespace isobar::ui

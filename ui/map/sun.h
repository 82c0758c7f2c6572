// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"

namespace isobar::ui {

/// Where the sun stands in the zenith. Low-precision formulas of the Astronomical Almanac (as in Meeus, Astronomical
/// Algorithms, chapter 25, shortened): within 0.02 degrees between 1950 and 2050.
[[nodiscard]] LatLon subsolarPoint(double utcSecondsSince1970);

/// Sine of the sun's height over the horizon of a place, given the subsolar point.
[[nodiscard]] double sineOfSunHeight(LatLon subsolar, LatLon place);

} // namespace isobar::ui

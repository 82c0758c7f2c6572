// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/sun.h"

#include "ui/map/projection.h"

#include <cmath>
#include <numbers>

namespace isobar::ui {

LatLon subsolarPoint(double utcSecondsSince1970)
{
    constexpr double kDegree = std::numbers::pi / 180.0;
    const double days = utcSecondsSince1970 / 86400.0 - 10957.5; // since 2000-01-01 12:00
    const double meanLongitude = 280.460 + 0.9856474 * days;
    const double anomaly = (357.528 + 0.9856003 * days) * kDegree;
    const double ecliptic = (meanLongitude + 1.915 * std::sin(anomaly) + 0.020 * std::sin(2 * anomaly)) * kDegree;
    const double tilt = (23.439 - 0.0000004 * days) * kDegree;
    const double declination = std::asin(std::sin(tilt) * std::sin(ecliptic)) / kDegree;
    const double ascension = std::atan2(std::cos(tilt) * std::sin(ecliptic), std::cos(ecliptic)) / kDegree;
    const double sidereal = 280.46061837 + 360.98564736629 * days; // of Greenwich
    const double longitude = ascension - sidereal;
    return {declination, longitude - 360.0 * std::round(longitude / 360.0)};
}

double sineOfSunHeight(LatLon subsolar, LatLon place)
{
    return dot(unitVector(subsolar), unitVector(place));
}

} // namespace isobar::ui

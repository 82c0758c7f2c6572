// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/geo.h"

#include <GeographicLib/Geodesic.hpp>
#include <GeographicLib/GeodesicLine.hpp>

namespace isobar {

double geodesicMetres(LatLon from, LatLon to)
{
    double metres = 0;
    GeographicLib::Geodesic::WGS84().Inverse(from.latitude, from.longitude, to.latitude, to.longitude, metres);
    return metres;
}

std::vector<LatLon> geodesicPath(LatLon from, LatLon to, int points)
{
    const auto line =
        GeographicLib::Geodesic::WGS84().InverseLine(from.latitude, from.longitude, to.latitude, to.longitude);
    std::vector<LatLon> path(static_cast<std::size_t>(points));
    for (int i = 0; i < points; ++i) {
        LatLon& at = path[static_cast<std::size_t>(i)];
        line.Position(line.Distance() * i / (points - 1), at.latitude, at.longitude);
    }
    return path;
}

double estimatedRttSeconds(LatLon from, LatLon to)
{
    constexpr double kFibreMetresPerSecond = 2.0e8;
    constexpr double kDetour = 1.6;
    constexpr double kEquipmentSeconds = 0.002;
    return 2.0 * kDetour * geodesicMetres(from, to) / kFibreMetresPerSecond + kEquipmentSeconds;
}

} // namespace isobar

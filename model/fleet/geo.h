// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <vector>

namespace isobar {

/// A place on the WGS84 ellipsoid, in degrees; longitude in [-180, 180].
struct LatLon {
    double latitude = 0;
    double longitude = 0;
    friend bool operator==(const LatLon&, const LatLon&) = default;
};

/// Length of the geodesic between two places, metres (GeographicLib, error below 1 um).
[[nodiscard]] double geodesicMetres(LatLon from, LatLon to);

/// `points` places evenly spaced along the geodesic, both ends included (points >= 2).
[[nodiscard]] std::vector<LatLon> geodesicPath(LatLon from, LatLon to, int points);

/// Round trip estimated from distance where nothing was measured: light in fibre (2/3 c) over a path 1.6 times the
/// geodesic, plus 2 ms of equipment. A documented estimate: whoever shows it labels it so.
[[nodiscard]] double estimatedRttSeconds(LatLon from, LatLon to);

} // namespace isobar

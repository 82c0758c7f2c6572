// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"

#include <QPointF>
#include <QRectF>

/// The Equal Earth projection (Šavrič, Patterson and Jenny 2018, "The Equal Earth map projection", IJGIS 33(3),
/// equations 1-4) on the unit sphere. The plane's x runs east, y runs NORTH (the viewport flips it).
namespace isobar::ui {

/// Half the width (at the equator) and half the height (at the poles) of the projected world.
inline constexpr double kEqualEarthHalfWidth = 2.7066299836960748;
inline constexpr double kEqualEarthHalfHeight = 1.3173627591574133;

/// Degrees to the plane. Latitude is clamped to [-90, 90]; longitude is taken as it is, so that 181 lies just right of
/// the map's edge.
[[nodiscard]] QPointF projectEqualEarth(LatLon place);

/// The plane to degrees by Newton's method (error below 1e-9 degrees). A point off the map gives a longitude beyond
/// 180; y is clamped to the poles.
[[nodiscard]] LatLon unprojectEqualEarth(QPointF plane);

} // namespace isobar::ui

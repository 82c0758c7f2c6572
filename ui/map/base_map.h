// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"
#include "model/fleet/result.h"
#include "ui/map/projection.h"

#include <QPointF>
#include <QRectF>

#include <string_view>
#include <vector>

/// Land and borders. The file `map/base_map.bin` (made by resources/map/make_base_map.mjs), little endian:
///
///     7 bytes  "ISOBMAP"            1 byte  version, 1
///     u32 polygons, u32 borders, u32 points in all, u32 payload bytes, u32 FNV-1a of the payload
///     payload: each polygon = varint rings, each ring = points;  then each border = points
///     points = varint count, then per point two zigzag varints: longitude and latitude as the difference to the
///              point before (the first to 0), in steps of 180/32767 degrees
///
/// Rings are open (first point not repeated) and already cut at the antimeridian; a polygon's first ring is its outline
/// and the others are holes (fill odd-even). No edge spans more than 180 degrees of longitude.
namespace isobar::ui {

struct GeoPolygon {
    std::vector<std::vector<LatLon>> rings;
};

struct BaseMapData {
    std::vector<GeoPolygon> land;
    std::vector<std::vector<LatLon>> borders;
};

/// Reads the format above. Anything that does not fit it (cut short, altered, of another version) is an error.
[[nodiscard]] Result<BaseMapData> readBaseMap(std::string_view bytes);

/// The same in the projection's plane, with bounds for culling.
struct PlaneLine {
    std::vector<QPointF> points;
    QRectF bounds;
};
struct PlanePolygon {
    std::vector<PlaneLine> rings;
    QRectF bounds;
};
struct BaseMap {
    std::vector<PlanePolygon> land;
    std::vector<PlaneLine> borders;
};

/// In a flat projection.
[[nodiscard]] BaseMap projectBaseMap(const BaseMapData& data, ProjectionKind kind);

/// The same on the sphere, with a bounding cap for culling, for the globe in any turn.
struct SphereLine {
    std::vector<UnitVector> points;
    std::vector<LatLon> places; ///< of rings only: what holds the point behind the globe is found in degrees
    UnitVector middle{};
    double capRadians = 0; ///< no point is further from the middle
};
struct SphereMap {
    std::vector<std::vector<SphereLine>> land; ///< rings of each polygon
    std::vector<SphereLine> borders;
};
[[nodiscard]] SphereMap sphereBaseMap(const BaseMapData& data);

/// The shipped map, read and projected once; empty (a map of sea) when it is missing or damaged. Thread-safe.
[[nodiscard]] const BaseMap& bundledBaseMap(ProjectionKind flat);
[[nodiscard]] const SphereMap& bundledSphereMap();

} // namespace isobar::ui

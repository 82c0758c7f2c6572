// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"

#include <QPointF>
#include <QRectF>
#include <QString>

#include <array>
#include <optional>

/// The map's three projections on the unit sphere. The plane's x runs east, y runs NORTH (the viewport flips it).
namespace isobar::ui {

/// Half the width (at the equator) and half the height (at the poles) of the world in Equal Earth.
inline constexpr double kEqualEarthHalfWidth = 2.7066299836960748;
inline constexpr double kEqualEarthHalfHeight = 1.3173627591574133;
/// Mercator ends where the world is a square, as on all web maps; latitudes beyond are drawn at this edge.
inline constexpr double kMercatorLatitude = 85.0511287798066;

/// Equal Earth (Šavrič, Patterson and Jenny 2018, "The Equal Earth map projection", IJGIS 33(3), equations 1-4).
/// Degrees to the plane. Latitude is clamped to [-90, 90]; longitude is taken as it is, so that 181 lies just right of
/// the map's edge.
[[nodiscard]] QPointF projectEqualEarth(LatLon place);

/// The plane to degrees by Newton's method (error below 1e-9 degrees). A point off the map gives a longitude beyond
/// 180; y is clamped to the poles.
[[nodiscard]] LatLon unprojectEqualEarth(QPointF plane);

/// A place as a unit vector: x towards (0, 0), y towards (0, 90 east), z towards the north pole.
using UnitVector = std::array<double, 3>;
[[nodiscard]] UnitVector unitVector(LatLon place);
[[nodiscard]] LatLon placeOf(const UnitVector& v);
/// Cosine of the angle between two places.
[[nodiscard]] inline double dot(const UnitVector& a, const UnitVector& b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

enum class ProjectionKind : unsigned char { EqualEarth, Mercator, Globe };
inline constexpr std::array kAllProjections{ProjectionKind::EqualEarth, ProjectionKind::Mercator,
                                            ProjectionKind::Globe};
[[nodiscard]] QString projectionName(ProjectionKind kind); ///< "Equal Earth"

/// Which projection, and for the globe (orthographic: seen from far away) which place faces the reader, north up.
struct Projection {
    ProjectionKind kind = ProjectionKind::EqualEarth;
    LatLon facing; ///< of the globe; the others do not use it

    [[nodiscard]] bool isGlobe() const { return kind == ProjectionKind::Globe; }
    /// Always finite. Flat: longitudes beyond 180 lie beyond the edge. Globe: places on the far side lie inside the
    /// disc too; ask `shows`.
    [[nodiscard]] QPointF project(LatLon place) const;
    /// Nothing for a point off the map.
    [[nodiscard]] std::optional<LatLon> unproject(QPointF plane) const;
    /// As `unproject`; for a point off the map the place on its edge: of the same height, or nearest on the globe's
    /// rim.
    [[nodiscard]] LatLon nearest(QPointF plane) const;
    [[nodiscard]] bool shows(LatLon place) const; ///< false only on the globe's far side
    /// Half the world's extent: at the equator and at the top edge.
    [[nodiscard]] double halfWidth() const;
    [[nodiscard]] double halfHeight() const;

    friend bool operator==(const Projection&, const Projection&) = default;
};

/// Turns unit vectors so that the globe's facing place looks at the reader: x right, y up, z towards the reader.
class GlobeTurn {
public:
    explicit GlobeTurn(LatLon facing);
    [[nodiscard]] UnitVector turned(const UnitVector& v) const
    {
        return {dot(m_right, v), dot(m_up, v), dot(m_towards, v)};
    }
    [[nodiscard]] UnitVector back(const UnitVector& turned) const;
    [[nodiscard]] const UnitVector& towards() const { return m_towards; }

private:
    UnitVector m_right, m_up, m_towards;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/projection.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isobar::ui {
namespace {

constexpr double kA1 = 1.340264, kA2 = -0.081106, kA3 = 0.000893, kA4 = 0.003796;
const double kM = std::sqrt(3.0) / 2.0;
constexpr double kDegree = std::numbers::pi / 180.0;

double polynomial(double theta)
{
    const double t2 = theta * theta, t6 = t2 * t2 * t2;
    return theta * (kA1 + kA2 * t2 + t6 * (kA3 + kA4 * t2));
}

double derivative(double theta)
{
    const double t2 = theta * theta, t6 = t2 * t2 * t2;
    return kA1 + 3 * kA2 * t2 + t6 * (7 * kA3 + 9 * kA4 * t2);
}

} // namespace

QPointF projectEqualEarth(LatLon place)
{
    const double latitude = std::clamp(place.latitude, -90.0, 90.0) * kDegree;
    const double theta = std::asin(kM * std::sin(latitude));
    return {place.longitude * kDegree * std::cos(theta) / (kM * derivative(theta)), polynomial(theta)};
}

LatLon unprojectEqualEarth(QPointF plane)
{
    const double y = std::clamp(plane.y(), -kEqualEarthHalfHeight, kEqualEarthHalfHeight);
    double theta = y;
    for (int i = 0; i < 12; ++i) {
        const double step = (polynomial(theta) - y) / derivative(theta);
        theta -= step;
        if (std::abs(step) < 1e-14) {
            break;
        }
    }
    const double latitude = std::asin(std::clamp(std::sin(theta) / kM, -1.0, 1.0));
    return {latitude / kDegree, plane.x() * kM * derivative(theta) / std::cos(theta) / kDegree};
}

UnitVector unitVector(LatLon place)
{
    const double latitude = std::clamp(place.latitude, -90.0, 90.0) * kDegree, longitude = place.longitude * kDegree;
    return {std::cos(latitude) * std::cos(longitude), std::cos(latitude) * std::sin(longitude), std::sin(latitude)};
}

LatLon placeOf(const UnitVector& v)
{
    // atan2 of both: exact near the poles too, where asin loses half the digits.
    return {std::atan2(v[2], std::sqrt(v[0] * v[0] + v[1] * v[1])) / kDegree, std::atan2(v[1], v[0]) / kDegree};
}

GlobeTurn::GlobeTurn(LatLon facing)
    : m_towards(unitVector(facing))
{
    const double longitude = facing.longitude * kDegree;
    m_right = {-std::sin(longitude), std::cos(longitude), 0};
    m_up = {m_towards[1] * m_right[2] - m_towards[2] * m_right[1],
            m_towards[2] * m_right[0] - m_towards[0] * m_right[2],
            m_towards[0] * m_right[1] - m_towards[1] * m_right[0]};
}

UnitVector GlobeTurn::back(const UnitVector& turned) const
{
    UnitVector v;
    for (std::size_t i = 0; i < 3; ++i) {
        v[i] = turned[0] * m_right[i] + turned[1] * m_up[i] + turned[2] * m_towards[i];
    }
    return v;
}

QString projectionName(ProjectionKind kind)
{
    return kind == ProjectionKind::EqualEarth ? QStringLiteral("Equal Earth")
           : kind == ProjectionKind::Mercator ? QStringLiteral("Mercator")
                                              : QStringLiteral("Globe");
}

QPointF Projection::project(LatLon place) const
{
    switch (kind) {
    case ProjectionKind::Mercator: {
        const double latitude = std::clamp(place.latitude, -kMercatorLatitude, kMercatorLatitude) * kDegree;
        return {place.longitude * kDegree, std::asinh(std::tan(latitude))};
    }
    case ProjectionKind::Globe: {
        const UnitVector v = GlobeTurn(facing).turned(unitVector(place));
        return {v[0], v[1]};
    }
    case ProjectionKind::EqualEarth:
        break;
    }
    return projectEqualEarth(place);
}

std::optional<LatLon> Projection::unproject(QPointF plane) const
{
    LatLon place;
    switch (kind) {
    case ProjectionKind::Mercator:
        if (std::abs(plane.y()) > halfHeight() + 1e-12) {
            return std::nullopt;
        }
        place = {std::atan(std::sinh(plane.y())) / kDegree, plane.x() / kDegree};
        break;
    case ProjectionKind::Globe: {
        const double square = plane.x() * plane.x() + plane.y() * plane.y();
        if (square > 1) {
            return std::nullopt;
        }
        return placeOf(GlobeTurn(facing).back({plane.x(), plane.y(), std::sqrt(1 - square)}));
    }
    case ProjectionKind::EqualEarth:
        if (std::abs(plane.y()) > halfHeight() + 1e-12) {
            return std::nullopt;
        }
        place = unprojectEqualEarth(plane);
        break;
    }
    if (std::abs(place.longitude) > 180 + 1e-9) {
        return std::nullopt;
    }
    place.longitude = std::clamp(place.longitude, -180.0, 180.0);
    return place;
}

LatLon Projection::nearest(QPointF plane) const
{
    if (isGlobe()) {
        const double away = std::hypot(plane.x(), plane.y());
        return *unproject(away < 1 ? plane : plane / away * (1 - 1e-9));
    }
    const double y = std::clamp(plane.y(), -halfHeight(), halfHeight());
    LatLon place = kind == ProjectionKind::Mercator ? LatLon{std::atan(std::sinh(y)) / kDegree, plane.x() / kDegree}
                                                    : unprojectEqualEarth({plane.x(), y});
    place.longitude = std::clamp(place.longitude, -180.0, 180.0);
    return place;
}

bool Projection::shows(LatLon place) const
{
    return kind != ProjectionKind::Globe || dot(unitVector(facing), unitVector(place)) > 0;
}

double Projection::halfWidth() const
{
    return kind == ProjectionKind::EqualEarth ? kEqualEarthHalfWidth : isGlobe() ? 1.0 : std::numbers::pi;
}

double Projection::halfHeight() const
{
    return kind == ProjectionKind::EqualEarth ? kEqualEarthHalfHeight : isGlobe() ? 1.0 : std::numbers::pi;
}

} // namespace isobar::ui

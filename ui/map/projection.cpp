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

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isobar::ui {
namespace {

constexpr int kMaxCachedCurves = 8192;
/// How much of the curve is geodesic: all of it would send Tokyo-London over the pole, none of it looks ruled.
constexpr double kGeodesicShare = 0.6;
constexpr double kBow = 0.07;
constexpr double kMaxLongitudeStep = 12;
constexpr double kPointsPerRadian = 25;

/// The great circle, without what lies behind the globe.
FlowCurve globeCurve(LatLon from, LatLon to, const Projection& projection)
{
    const GlobeTurn turn(projection.facing);
    const UnitVector a = turn.turned(unitVector(from)), b = turn.turned(unitVector(to));
    const double angle = std::acos(std::clamp(dot(a, b), -1.0, 1.0)), sine = std::sin(angle);
    const int steps = std::clamp(static_cast<int>(angle * 20), 8, 60);
    FlowCurve pieces;
    bool drawing = false;
    UnitVector before{};
    for (int i = 0; i <= steps; ++i) {
        const double t = static_cast<double>(i) / steps;
        // Antipodes and a place to itself have no one way: the chord, pushed out to the sphere.
        const double u = sine > 1e-9 ? std::sin((1 - t) * angle) / sine : 1 - t;
        const double w = sine > 1e-9 ? std::sin(t * angle) / sine : t;
        const UnitVector v{u * a[0] + w * b[0], u * a[1] + w * b[1], u * a[2] + w * b[2]};
        const bool seen = v[2] >= 0;
        if (i > 0 && seen != drawing) {
            const double cut = before[2] / (before[2] - v[2]);
            const QPointF rim(before[0] + cut * (v[0] - before[0]), before[1] + cut * (v[1] - before[1]));
            if (seen) {
                pieces.push_back({rim});
            } else {
                pieces.back().push_back(rim);
            }
        } else if (seen && i == 0) {
            pieces.emplace_back();
        }
        if (seen) {
            pieces.back().emplace_back(v[0], v[1]);
        }
        drawing = seen;
        before = v;
    }
    return pieces;
}

} // namespace

FlowCurve flowCurve(LatLon from, LatLon to, const Projection& projection)
{
    if (projection.isGlobe()) {
        return globeCurve(from, to, projection);
    }
    // Short ways need few points; a point every 250 km or so looks smooth at every zoom. The sphere's great circle
    // serves: thousands of curves are made while a map is zoomed, and the ellipsoid's differs by less than their bow.
    const UnitVector start = unitVector(from), end = unitVector(to);
    const double angle = std::acos(std::clamp(dot(start, end), -1.0, 1.0)), sine = std::sin(angle);
    const int points = std::clamp(static_cast<int>(angle * kPointsPerRadian), 8, 48);
    struct Step {
        double t;
        LatLon at;
    };
    std::vector<Step> path;
    for (int i = 0; i < points; ++i) {
        const double t = static_cast<double>(i) / (points - 1);
        const double u = sine > 1e-9 ? std::sin((1 - t) * angle) / sine : 1 - t;
        const double w = sine > 1e-9 ? std::sin(t * angle) / sine : t;
        path.push_back({t, placeOf({u * start[0] + w * end[0], u * start[1] + w * end[1], u * start[2] + w * end[2]})});
    }
    path.front().at = from, path.back().at = to;
    for (std::size_t i = 1; i < path.size(); ++i) { // longitudes without jumps
        path[i].at.longitude -= 360.0 * std::round((path[i].at.longitude - path[i - 1].at.longitude) / 360.0);
    }
    for (std::size_t i = 1; i < path.size(); ++i) { // near a pole longitude runs away: more points there
        const Step a = path[i - 1], b = path[i];
        if (std::abs(b.at.longitude - a.at.longitude) > kMaxLongitudeStep) {
            path.insert(
                path.begin() + static_cast<std::ptrdiff_t>(i),
                {(a.t + b.t) / 2, {(a.at.latitude + b.at.latitude) / 2, (a.at.longitude + b.at.longitude) / 2}});
            --i;
        }
    }
    const LatLon first = path.front().at, last = path.back().at;
    const double kmPerDegree = std::cos((first.latitude + last.latitude) / 2 * std::numbers::pi / 180.0);
    const double east = (last.longitude - first.longitude) * kmPerDegree, north = last.latitude - first.latitude;

    FlowCurve pieces(1);
    LatLon previous = first;
    const double firstTurn = 360.0 * std::round(first.longitude / 360.0);
    double shift = -firstTurn;
    bool started = false;
    for (const auto& [t, on] : path) {
        const double bow = kBow * 4 * t * (1 - t);
        LatLon at;
        at.latitude = kGeodesicShare * on.latitude + (1 - kGeodesicShare) * (first.latitude + north * t) + bow * east;
        at.longitude = kGeodesicShare * on.longitude +
                       (1 - kGeodesicShare) * (first.longitude + (last.longitude - first.longitude) * t) -
                       bow * north / std::max(0.2, kmPerDegree);
        at.latitude = std::clamp(at.latitude, -85.0, 85.0);
        const double longitude = at.longitude + shift;
        if (started && std::abs(longitude) > 180.0) { // leaves one edge, comes in at the other
            const double edge = std::copysign(180.0, longitude);
            const double before = previous.longitude + shift;
            const double cut = longitude == before ? 0.0 : std::clamp((edge - before) / (longitude - before), 0.0, 1.0);
            const double latitude = previous.latitude + cut * (at.latitude - previous.latitude);
            pieces.back().push_back(projection.project({latitude, edge}));
            shift -= std::copysign(360.0, longitude);
            pieces.push_back({projection.project({latitude, -edge})});
        }
        pieces.back().push_back(projection.project({at.latitude, at.longitude + shift}));
        previous = at;
        started = true;
    }
    return pieces;
}

const FlowCurve& LayoutCache::curve(LatLon from, LatLon to, const Projection& projection)
{
    if (projection.isGlobe()) { // another one at every turn
        m_turned = globeCurve(from, to, projection);
        return m_turned;
    }
    const std::array<double, 5> key{from.latitude, from.longitude, to.latitude, to.longitude,
                                    static_cast<double>(projection.kind)};
    if (m_curves.size() > kMaxCachedCurves) {
        m_curves.clear();
    }
    auto found = m_curves.find(key);
    if (found == m_curves.end()) {
        found = m_curves.emplace(key, flowCurve(from, to, projection)).first;
    }
    return found->second;
}

} // namespace isobar::ui

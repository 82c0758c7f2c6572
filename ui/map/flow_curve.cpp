// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"
#include "ui/map/projection.h"

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

} // namespace

FlowCurves::Curve flowCurve(LatLon from, LatLon to)
{
    // Short ways need few points; a point every 250 km or so looks smooth at every zoom.
    const double metres = geodesicMetres(from, to);
    const int points = std::clamp(static_cast<int>(metres / 250e3), 8, 48);
    struct Step {
        double t;
        LatLon at;
    };
    std::vector<Step> path;
    for (const LatLon& at : geodesicPath(from, to, points)) {
        const double t = static_cast<double>(path.size()) / (points - 1);
        path.push_back({t, at});
    }
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

    FlowCurves::Curve pieces(1);
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
            pieces.back().push_back(projectEqualEarth({latitude, edge}));
            shift -= std::copysign(360.0, longitude);
            pieces.push_back({projectEqualEarth({latitude, -edge})});
        }
        pieces.back().push_back(projectEqualEarth({at.latitude, at.longitude + shift}));
        previous = at;
        started = true;
    }
    return pieces;
}

const FlowCurves::Curve& FlowCurves::between(LatLon from, LatLon to)
{
    const std::array<double, 4> key{from.latitude, from.longitude, to.latitude, to.longitude};
    if (m_curves.size() > kMaxCachedCurves) {
        m_curves.clear();
    }
    auto found = m_curves.find(key);
    if (found == m_curves.end()) {
        found = m_curves.emplace(key, flowCurve(from, to)).first;
    }
    return found->second;
}

} // namespace isobar::ui

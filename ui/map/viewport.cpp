// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/viewport.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isobar::ui {
namespace {

constexpr double kDegree = std::numbers::pi / 180.0;
constexpr double kGlobeMargin = 1.07; ///< of its radius
constexpr double kMaxTilt = 89.0;     ///< beyond it left and right would change places

/// What a fitted view must show. Antarctica may fall off the bottom of the flat ones.
QRectF inhabitedPlane(const Projection& projection)
{
    if (projection.isGlobe()) {
        return {-kGlobeMargin, -kGlobeMargin, 2 * kGlobeMargin, 2 * kGlobeMargin};
    }
    const bool mercator = projection.kind == ProjectionKind::Mercator;
    const double bottom = projection.project({mercator ? -56.0 : -54.0, 0}).y();
    const double top = projection.project({mercator ? 76.0 : 83.0, 0}).y();
    const double half = 0.968 * projection.halfWidth();
    return {-half, bottom, 2 * half, top - bottom};
}

/// How far north of what stands in the middle below the head the window's centre lies, in plane units.
double headShift(const MapViewport& view)
{
    return view.head / 2 / view.scale;
}

/// The centre may go no further than this, so that the world cannot be lost out of the window.
MapViewport clamped(MapViewport view)
{
    if (view.projection.isGlobe()) {
        view.center = {0, headShift(view)};
        LatLon& facing = view.projection.facing;
        facing.latitude = std::clamp(facing.latitude, -kMaxTilt, kMaxTilt);
        facing.longitude -= 360.0 * std::round(facing.longitude / 360.0);
        return view;
    }
    const QRectF world = inhabitedPlane(view.projection);
    const auto clampAxis = [](double center, double low, double high, double half) {
        const double middle = (low + high) / 2, room = std::max(0.0, (high - low) / 2 - half * 0.8);
        return std::clamp(center, middle - room, middle + room);
    };
    const double shift = headShift(view), freeHeight = view.size.height() - view.head;
    view.center = {clampAxis(view.center.x(), world.left(), world.right(), view.size.width() / 2 / view.scale),
                   shift +
                       clampAxis(view.center.y() - shift, world.top(), world.bottom(), freeHeight / 2 / view.scale)};
    return view;
}

} // namespace

MapViewport MapViewport::fitted(QSizeF size, const Projection& projection, double head)
{
    const QRectF world = inhabitedPlane(projection);
    MapViewport view;
    view.size = size;
    view.projection = projection;
    view.head = head;
    view.scale = std::max(1.0, std::min(size.width() / world.width(), (size.height() - head) / world.height()));
    view.center = world.center() + QPointF(0, headShift(view));
    return view;
}

double MapViewport::zoom() const
{
    return scale / fitted().scale;
}

QRectF MapViewport::visiblePlane(double marginPx) const
{
    const double w = (size.width() + 2 * marginPx) / scale, h = (size.height() + 2 * marginPx) / scale;
    return {center.x() - w / 2, center.y() - h / 2, w, h};
}

MapViewport MapViewport::zoomedAt(QPointF anchor, double factor) const
{
    const double fit = fitted().scale;
    MapViewport view = *this;
    view.scale = std::clamp(scale * factor, fit, fit * kMaxZoom);
    if (projection.isGlobe()) {
        const std::optional<LatLon> under = placeAt(anchor);
        for (int i = 0; under && i < 4; ++i) { // turning is not linear: a few steps bring the place back
            if (view.projection.shows(*under)) {
                view = view.panned(anchor - view.place(*under));
            }
        }
        return view;
    }
    const QPointF under = toPlane(anchor);
    const QPointF moved = view.toScreen(under) - anchor;
    view.center += QPointF(moved.x(), -moved.y()) / view.scale;
    return clamped(view);
}

MapViewport MapViewport::panned(QPointF pixels) const
{
    MapViewport view = *this;
    if (projection.isGlobe()) {
        LatLon& facing = view.projection.facing;
        facing.longitude -= pixels.x() / scale / kDegree / std::max(0.2, std::cos(facing.latitude * kDegree));
        facing.latitude += pixels.y() / scale / kDegree;
    } else {
        view.center += QPointF(-pixels.x(), pixels.y()) / scale;
    }
    return clamped(view);
}

MapViewport MapViewport::resized(QSizeF newSize, double newHead) const
{
    const double oldZoom = zoom();
    MapViewport view = fitted(newSize, projection, newHead);
    if (oldZoom > 1.001) {
        view.scale *= oldZoom;
        view.center = center;
    }
    return clamped(view);
}

MapViewport MapViewport::reprojected(ProjectionKind kind) const
{
    if (kind == projection.kind) {
        return *this;
    }
    const LatLon middle = placeAt(middleOfSight()).value_or(LatLon{20, 0});
    const double oldZoom = zoom();
    MapViewport view = fitted(size, {kind, {}}, head);
    view.scale *= oldZoom;
    return oldZoom > 1.001 || kind == ProjectionKind::Globe ? view.centredOn(middle) : view;
}

MapViewport MapViewport::centredOn(LatLon at) const
{
    MapViewport view = *this;
    if (projection.isGlobe()) {
        view.projection.facing = at;
    } else {
        view.center = projection.project(at) + QPointF(0, headShift(view));
    }
    return clamped(view);
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/viewport.h"

#include "ui/map/projection.h"

#include <algorithm>

namespace isobar::ui {
namespace {

/// What a fitted view must show. Antarctica may fall off the bottom.
QRectF inhabitedPlane()
{
    static const QRectF rect = [] {
        const double bottom = projectEqualEarth({-54, 0}).y(), top = projectEqualEarth({83, 0}).y();
        return QRectF(-2.62, bottom, 5.24, top - bottom);
    }();
    return rect;
}

/// The centre may go no further than this, so that the world cannot be lost out of the window.
MapViewport clamped(MapViewport view)
{
    const QRectF world = inhabitedPlane();
    const auto clampAxis = [](double center, double low, double high, double half) {
        const double middle = (low + high) / 2, room = std::max(0.0, (high - low) / 2 - half * 0.8);
        return std::clamp(center, middle - room, middle + room);
    };
    view.center = {clampAxis(view.center.x(), world.left(), world.right(), view.size.width() / 2 / view.scale),
                   clampAxis(view.center.y(), world.top(), world.bottom(), view.size.height() / 2 / view.scale)};
    return view;
}

} // namespace

MapViewport MapViewport::fitted(QSizeF size)
{
    const QRectF world = inhabitedPlane();
    MapViewport view;
    view.size = size;
    view.scale = std::max(1.0, std::min(size.width() / world.width(), size.height() / world.height()));
    view.center = world.center();
    return view;
}

QPointF MapViewport::place(LatLon at) const
{
    return toScreen(projectEqualEarth(at));
}

double MapViewport::zoom() const
{
    return scale / fitted(size).scale;
}

QRectF MapViewport::visiblePlane(double marginPx) const
{
    const double w = (size.width() + 2 * marginPx) / scale, h = (size.height() + 2 * marginPx) / scale;
    return {center.x() - w / 2, center.y() - h / 2, w, h};
}

MapViewport MapViewport::zoomedAt(QPointF anchor, double factor) const
{
    const double fit = fitted(size).scale;
    const QPointF under = toPlane(anchor);
    MapViewport view = *this;
    view.scale = std::clamp(scale * factor, fit, fit * kMaxZoom);
    const QPointF moved = view.toScreen(under) - anchor;
    view.center += QPointF(moved.x(), -moved.y()) / view.scale;
    return clamped(view);
}

MapViewport MapViewport::panned(QPointF pixels) const
{
    MapViewport view = *this;
    view.center += QPointF(-pixels.x(), pixels.y()) / scale;
    return clamped(view);
}

MapViewport MapViewport::resized(QSizeF newSize) const
{
    const double oldZoom = zoom();
    MapViewport view = fitted(newSize);
    if (oldZoom > 1.001) {
        view.scale *= oldZoom;
        view.center = center;
    }
    return clamped(view);
}

} // namespace isobar::ui

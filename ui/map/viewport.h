// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/projection.h"

#include <QPointF>
#include <QRectF>
#include <QSizeF>

#include <optional>

namespace isobar::ui {

/// Which part of the projected plane is on screen: a value, so a worker can paint what the window showed. Screen points
/// are logical pixels from the top left corner.
struct MapViewport {
    QSizeF size;
    QPointF center;   ///< plane
    double scale = 1; ///< logical pixels a plane unit
    Projection projection;
    double head = 0; ///< logical pixels at the top that something else covers: a fitted world stays below them

    static constexpr double kMaxZoom = 48.0;

    /// The inhabited world (54 degrees south to 83 north; the whole globe) as large as it fits.
    [[nodiscard]] static MapViewport fitted(QSizeF size, const Projection& projection = {}, double head = 0);
    /// The fitted world in this window and projection.
    [[nodiscard]] MapViewport fitted() const { return fitted(size, projection, head); }

    [[nodiscard]] QPointF toScreen(QPointF plane) const
    {
        return {size.width() / 2 + (plane.x() - center.x()) * scale,
                size.height() / 2 - (plane.y() - center.y()) * scale};
    }
    [[nodiscard]] QPointF toPlane(QPointF screen) const
    {
        return {center.x() + (screen.x() - size.width() / 2) / scale,
                center.y() - (screen.y() - size.height() / 2) / scale};
    }
    [[nodiscard]] QPointF place(LatLon at) const { return toScreen(projection.project(at)); }
    /// What lies under a point of the screen; nothing off the map.
    [[nodiscard]] std::optional<LatLon> placeAt(QPointF screen) const { return projection.unproject(toPlane(screen)); }

    /// 1 = the fitted world.
    [[nodiscard]] double zoom() const;
    /// Of the window below its head.
    [[nodiscard]] QPointF middleOfSight() const { return {size.width() / 2, (size.height() + head) / 2}; }
    /// The part of the plane on screen, grown by `marginPx` on all sides.
    [[nodiscard]] QRectF visiblePlane(double marginPx) const;

    /// Zoomed so that the place under `anchor` stays there; clamped to [1, kMaxZoom] and to the map's extent.
    [[nodiscard]] MapViewport zoomedAt(QPointF anchor, double factor) const;
    /// Moved by screen pixels, clamped to the map's extent; the globe turns, and tilts no further than to a pole.
    [[nodiscard]] MapViewport panned(QPointF pixels) const;
    /// The same centre and zoom in a window of another size, or with another head.
    [[nodiscard]] MapViewport resized(QSizeF newSize, double newHead) const;
    [[nodiscard]] MapViewport resized(QSizeF newSize) const { return resized(newSize, head); }
    /// The same part of the world, as near as that goes, in another projection.
    [[nodiscard]] MapViewport reprojected(ProjectionKind kind) const;
    /// The same zoom with a place in the middle, as near as the map's extent allows.
    [[nodiscard]] MapViewport centredOn(LatLon at) const;

    friend bool operator==(const MapViewport&, const MapViewport&) = default;
};

} // namespace isobar::ui

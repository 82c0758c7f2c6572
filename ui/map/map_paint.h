// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/layout.h"
#include "ui/map/map_scene.h"
#include "ui/map/viewport.h"
#include "ui/shell/color.h"
#include "ui/shell/theme.h"

#include <QPainter>
#include <QSet>

#include <optional>

/// Painting of the map, shared by the window and the exports. Everything is vector painting without composition modes,
/// clips or pixmaps, so QSvgGenerator and QPdfWriter take it as it is.
namespace isobar::ui {

/// Whose flows stand out; when both are empty the strongest few do.
struct MapEmphasis {
    QSet<int> markers; ///< ids
    QSet<int> areas;   ///< ids
    [[nodiscard]] bool any() const { return !markers.isEmpty() || !areas.isEmpty(); }
};

struct MapStyleOptions {
    const Theme* theme = nullptr; ///< null = the theme in force
    bool flows = true;
    bool isobars = true;
    bool labels = true;
    bool legend = true;
    bool background = true; ///< off: nothing is painted on the sea
    MapEmphasis emphasis;
    std::optional<MapViewport> viewport; ///< empty = the fitted world
    QString title;                       ///< top left; may be empty
    QString footer;                      ///< bottom line: source, seed, range, date; may be empty
};

/// The whole map as a picture of `logicalSize` at the painter's origin. Main thread or worker (on a QImage).
void paintMap(QPainter& painter, QSizeF logicalSize, const MapScene& scene, const MapStyleOptions& options);

// --- the layers, bottom to top ---------------------------------------------------------------------------------------

/// Sea, graticule, land and borders; lines simplified to `tolerancePx` logical pixels and cut to the window.
void paintBase(QPainter& painter, const MapViewport& view, const Theme& theme, double tolerancePx, bool sea = true);

/// Contour lines with their values; no value is written over `layout`'s donuts, labels or legend, nor `reserved`.
void paintIsobars(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                  const QRectF& reserved, const Theme& theme);

void paintFlows(QPainter& painter, const MapScene& scene, const MapLayout& layout, const MapEmphasis& emphasis,
                const Theme& theme);

void paintAreas(QPainter& painter, const MapScene& scene, const MapLayout& layout, const MapEmphasis& emphasis,
                const Theme& theme);

enum class DropMark { None, Yes, Tight, No };

struct DonutLook {
    bool selected = false;
    bool faded = false;
    DropMark drop = DropMark::None;
};

/// One donut around the painter's (0, 0).
void paintDonut(QPainter& painter, const PlacedMarker& marker, QChar letter, const DonutLook& look, const Theme& theme);
/// Half the side of the square around (0, 0) that paintDonut may touch.
[[nodiscard]] double donutExtent(const PlacedMarker& marker);

/// A label with a thin ground-coloured edge, in a rectangle at (0, 0).
void paintLabel(QPainter& painter, const PlacedMarker& marker, bool faded, const Theme& theme);

/// The line to a label that stands further off; nothing for the others. In map coordinates.
void paintLeader(QPainter& painter, const PlacedMarker& marker, const Theme& theme);

void paintLegend(QPainter& painter, const MapScene& scene, const MapLayout& layout, bool flows, bool isobars,
                 const Theme& theme);

/// Whether a flow is among those that stand out, and whether it steps back.
enum class FlowTone { Resting, Strong, Faded };
[[nodiscard]] FlowTone flowTone(const MapScene& scene, const MapLayout& layout, std::size_t flow,
                                const MapEmphasis& emphasis);

} // namespace isobar::ui

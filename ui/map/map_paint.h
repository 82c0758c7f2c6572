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

/// What the map shows besides donuts, and how donuts are coloured: one value for window, worker and exports.
struct MapLayers {
    bool flows = true;
    bool spills = false; ///< what was served elsewhere than nearest
    bool isobars = true;
    bool night = false;   ///< shade where the sun is down
    int latencyArea = -1; ///< rings of round trip time around this area's id; -1 = none
    MapLook look;
    friend bool operator==(const MapLayers&, const MapLayers&) = default;
};

struct MapStyleOptions {
    const Theme* theme = nullptr; ///< null = the theme in force
    MapLayers layers;
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
void paintBase(QPainter& painter, const MapViewport& view, const Theme& theme, double tolerancePx, bool sea = true,
               bool borders = true);

/// The outline of the world on screen, cut to the window and a little more; the rim of the globe.
[[nodiscard]] QPolygonF worldEdge(const MapViewport& view);

/// A line over the world, left out within `gap` (behind its label), beyond the window and beyond the world's edge.
void drawContour(QPainter& painter, const QPolygonF& line, const MapViewport& view, const QRectF& gap);

/// What the labels of lines keep clear of: the legend, `reserved`, donuts with `margin` pixels around them, their
/// labels.
[[nodiscard]] std::vector<QRectF> occupiedRects(const MapLayout& layout, const QRectF& reserved, double margin);

/// Contour lines with their values; no value is written over `layout`'s donuts, labels or legend, nor `reserved`.
void paintIsobars(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                  const QRectF& reserved, const Theme& theme);

/// Shade where it is night, smooth over twilight. A raster in every output.
void paintNight(QPainter& painter, const MapViewport& view, double utcSeconds, const Theme& theme);

/// Round trip times from a user area over the map: estimated from distance, bent to what is known of the ways to the
/// scene's markers (inverse distance weighting of known over estimated).
class LatencyField {
public:
    LatencyField(const MapScene& scene, const MapArea& area);
    [[nodiscard]] double secondsTo(LatLon place) const;
    [[nodiscard]] bool isMeasured() const { return m_measured; } ///< else every known way is an estimate too

private:
    LatLon m_from;
    std::vector<std::pair<UnitVector, double>> m_known; ///< place, and known over estimated
    bool m_measured = false;
};

void paintLatencyRings(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                       int areaId, const QRectF& reserved, const Theme& theme);

void paintFlows(QPainter& painter, const MapLayout& layout, bool emphasised, const Theme& theme);
void paintSpills(QPainter& painter, const MapLayout& layout, const Theme& theme);
/// Of a request's, an answer's or a moved request's lane. Dots on it are the same, a little brighter.
enum class Lane : unsigned char { Requests, Answers, Spill };
[[nodiscard]] QColor laneColor(Lane lane, const PlacedFlow& flow, bool emphasised, const Theme& theme);

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

/// Of the donuts: which have no part in what is selected. Empty = none.
[[nodiscard]] std::vector<bool> fadedDonuts(const MapScene& scene, const MapLayout& layout,
                                            const MapEmphasis& emphasis);

/// A veil of the ground's colour under a label of that size, so that flows and borders do not strike it through.
void paintLabelGround(QPainter& painter, QSizeF size, const Theme& theme);

/// A label with a thin ground-coloured edge, in a rectangle at (0, 0).
void paintLabel(QPainter& painter, const PlacedMarker& marker, bool faded, const Theme& theme);

/// The line to a label that stands further off; nothing for the others. In map coordinates.
void paintLeader(QPainter& painter, const PlacedMarker& marker, const Theme& theme);

void paintLegend(QPainter& painter, const MapLayout& layout, const MapLook& look, const Theme& theme);

/// Everything between land and donuts, in its order: night, contour lines, latency rings, flows.
void paintLayers(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                 const MapEmphasis& emphasis, const MapLayers& layers, const QRectF& reserved, const Theme& theme);

} // namespace isobar::ui

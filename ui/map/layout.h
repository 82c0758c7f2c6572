// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_scene.h"
#include "ui/map/viewport.h"

#include <QLineF>
#include <QPolygonF>
#include <QRectF>
#include <QSet>

#include <array>
#include <map>
#include <vector>

/// Where everything of a scene goes on screen at one viewport: markers gathered into clusters or moved apart, labels
/// that never collide, flows joined per cluster. Pure functions of values; the widget, the export, the hit tests and
/// the screen reader use the same layout.
namespace isobar::ui {

/// One donut: a marker, or a cluster of markers that would cover each other.
struct PlacedMarker {
    std::vector<int> members; ///< indices into scene.markers, the largest first
    QPointF anchor;           ///< the true place (a cluster's centre by size)
    QPointF at;               ///< where it is drawn; differs from the anchor when moved out of another's way
    double radius = 0;        ///< of the donut, without ring and halo
    std::vector<MapSlice> slices;
    double size = 0;
    double utilization = 0; ///< used over total of all members
    bool trouble = false;
    bool fanned = false; ///< stands on the circle of a fanned out cluster
    QString title;       ///< "Frankfurt" or "Frankfurt +3"
    QString note;        ///< what the label says behind the title, "64 %"
    bool labelled = false;
    QRectF labelRect;
    QLineF leader; ///< from the donut to a label that stands further off; null otherwise

    [[nodiscard]] bool isCluster() const { return members.size() > 1; }
    /// Donut, utilization ring and half the line: what nothing else may cover.
    [[nodiscard]] double outerRadius() const { return radius + 4.5; }
};

struct PlacedFlow {
    int area = -1;                 ///< index into scene.areas
    int placed = -1;               ///< index into MapLayout::placed
    std::vector<QPolygonF> pieces; ///< from the area to the marker; two or more where it leaves the map's edge
    double length = 0;             ///< pixels
    double requestsPerSecond = 0;
    MapFlow::State state = MapFlow::State::Fine;
    double strength = 0; ///< 0-1, the rate against the largest
};

struct LegendEntry {
    QString label;
    QChar letter; ///< stands in the donut of a marker that is this provider's alone
    QColor color;
};

struct MapLayout {
    std::vector<PlacedMarker> placed; ///< largest first
    std::vector<int> placedOfMarker;  ///< marker index -> index into placed
    std::vector<QPointF> areas;
    std::vector<PlacedFlow> flows; ///< weakest first, so that the strong ones are painted on top
    std::vector<LegendEntry> legend;
    QRectF fanDisc;    ///< around the members of a fanned out cluster; empty = none
    QRectF legendRect; ///< empty when there is no legend

    [[nodiscard]] bool hasUnwellFlows() const; ///< slow or lost ones: they are dashed
    [[nodiscard]] bool onFan(QPointF point) const;
    /// The donut under a point, -1 for none.
    [[nodiscard]] int hit(QPointF at) const;
    /// The user area under a point, -1 for none.
    [[nodiscard]] int hitArea(QPointF at) const;
    [[nodiscard]] QChar letterOf(const QString& provider) const;
};

/// Flow curves in the projection's plane, kept between layouts: they depend on their two places alone.
class FlowCurves {
public:
    using Curve = std::vector<std::vector<QPointF>>;
    [[nodiscard]] const Curve& between(LatLon from, LatLon to);

private:
    std::map<std::array<double, 4>, Curve> m_curves;
};

struct LayoutOptions {
    bool flows = true;
    bool isobars = true; ///< only what the legend says
    bool labels = true;
    bool legend = true;
    QRectF reserved;       ///< no label here (the buttons)
    QSet<int> important;   ///< marker ids whose labels go first (selected, focused)
    int fannedMarker = -1; ///< the cluster holding this marker id is fanned out on a circle
    bool cluster = true;   ///< off: every marker at its own place
};

[[nodiscard]] MapLayout layoutMap(const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                                  FlowCurves& curves);

/// What the legend's second line says.
[[nodiscard]] QString legendKey(bool flows, bool isobars, bool unwell);

/// A letter for each provider, all different: "Azure" A, "Google Cloud" G, "AWS" W. Names of several words or of mixed
/// case choose before acronyms do.
[[nodiscard]] std::vector<LegendEntry> legendOf(const MapScene& scene);

/// A gentle curve: half geodesic, half straight, bowed a little to the left of its direction so that the way
/// there and the way back are two lines. Cut at the antimeridian. Plane coordinates.
[[nodiscard]] FlowCurves::Curve flowCurve(LatLon from, LatLon to);

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/color_scale.h"
#include "ui/map/map_scene.h"
#include "ui/map/viewport.h"

#include <QLineF>
#include <QPolygonF>
#include <QRectF>
#include <QSet>

#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

/// Where everything of a scene goes on screen at one viewport: markers gathered into clusters or moved apart, labels
/// that never collide, flows joined per cluster. Pure functions of values; the widget, the export, the hit tests and
/// the screen reader use the same layout.
namespace isobar::ui {

/// One donut: a marker, or a cluster of markers that would cover each other.
struct PlacedMarker {
    std::vector<int> members; ///< indices into scene.markers, the largest first (of very many, only that one is placed)
    QPointF anchor;           ///< the true place (a cluster's centre by size)
    QPointF at;               ///< where it is drawn; differs from the anchor when moved out of another's way
    double radius = 0;        ///< of the donut, without ring and halo
    std::vector<MapSlice> slices;
    double size = 0;
    double ghost = std::numeric_limits<double>::quiet_NaN(); ///< utilization in what is compared with; NaN = none
    double utilization = 0; ///< of the group as MapLook::group says: a mean would hide the worst
    double value = 0;       ///< of the measure that colours it, likewise; NaN = not known
    bool trouble = false;
    bool faded = false;  ///< all members are
    bool fanned = false; ///< stands on the circle of a fanned out cluster
    QString title;       ///< "Frankfurt" or "Frankfurt +3"
    QString note;        ///< what the label says behind the title, "64 %"
    bool labelled = false;
    QRectF labelRect;
    QLineF leader; ///< from the donut to a label that stands further off; null otherwise

    [[nodiscard]] bool isCluster() const { return members.size() > 1; }
    /// Donut, utilization ring and half the line: what nothing else may cover.
    [[nodiscard]] double outerRadius() const { return radius + kRingReach; }
    static constexpr double kRingReach = 4.5;
};

/// Whether a flow stands out or steps back. Without a selection the strongest few stand out, and what is unwell.
enum class FlowTone : unsigned char { Resting, Strong, Faded };

/// One lane of a flow: requests, the answers to them, or requests that were served elsewhere than nearest.
struct PlacedFlow {
    int area = -1;                 ///< index into scene.areas; -1 of what was served elsewhere
    int marker = -1;               ///< index into scene.markers, the one most requests go to
    int placed = -1;               ///< index into MapLayout::placed; -1 behind the globe
    int from = -1;                 ///< of what was served elsewhere: index into placed of the nearest
    std::vector<QPolygonF> pieces; ///< in the direction of motion; two or more where it leaves the map's edge
    double length = 0;             ///< pixels
    double requestsPerSecond = 0;
    double tokensPerSecond = 0; ///< of the answers
    MapFlow::State state = MapFlow::State::Fine;
    double strength = 0; ///< 0-1, against the largest of its kind
    FlowTone tone = FlowTone::Resting;
};

struct LegendEntry {
    QString label;
    QChar letter; ///< stands in the donut of a marker that is this provider's alone
    QColor color;
    QRectF rect = {}; ///< in the window, once the legend is placed; empty where there was no room
};

struct MapLayout {
    std::vector<PlacedMarker> placed; ///< largest first
    std::vector<int> placedOfMarker;  ///< marker index -> index into placed
    std::vector<QPointF> areas;
    std::vector<PlacedFlow> flows;   ///< weakest first, so that the strong ones are painted on top
    std::vector<PlacedFlow> answers; ///< of the flows that stand out: the lanes back, weakest first
    std::vector<PlacedFlow> spills;  ///< weakest first
    std::size_t moreFlows = 0;       ///< that are not drawn, the weakest
    double moreShare = 0;            ///< of all requests
    double mostRequestsPerSecond = 0, mostTokensPerSecond = 0, mostSpilledPerSecond = 0; ///< the widest of each kind
    std::vector<LegendEntry> legend;
    QStringList legendLines;         ///< what the legend says under its entries
    std::optional<ColorScale> scale; ///< of the measure that colours the donuts, none for their parts
    QRectF fanDisc;                  ///< around the members of a fanned out cluster; empty = none
    QRectF legendRect;               ///< empty when there is no legend

    [[nodiscard]] bool hasUnwellFlows() const; ///< slow or lost ones: they are dashed
    [[nodiscard]] bool onFan(QPointF point) const;
    /// The donut under a point, -1 for none.
    [[nodiscard]] int hit(QPointF at) const;
    /// The user area under a point, -1 for none.
    [[nodiscard]] int hitArea(QPointF at) const;
    /// The entry of the legend under a point, -1 for none.
    [[nodiscard]] int hitLegend(QPointF at) const;
    [[nodiscard]] QChar letterOf(const QString& provider) const;
};

/// A curve on the plane: two or more pieces where it leaves the map's edge or goes behind the globe, possibly none.
using FlowCurve = std::vector<std::vector<QPointF>>;

/// What one layout leaves to the next. Of one scene at a time: forget() when it changes.
class LayoutCache {
public:
    void forget()
    {
        m_markers.clear(), m_turns.clear(), m_legend.clear();
        m_indices.clear();
        m_cells.clear();
        m_parts = {}, m_columns = {}, m_values = {}, m_scale = {};
    }

    /// Flow curves depend on their two places alone.
    [[nodiscard]] const FlowCurve& curve(LatLon from, LatLon to, const Projection& projection);
    /// The markers on the plane; behind the globe they are at `nowhere`.
    [[nodiscard]] const std::vector<QPointF>& markers(const MapScene& scene, const Projection& projection);
    static constexpr QPointF kNowhere{1e7, 1e7};
    [[nodiscard]] static bool isNowhere(QPointF plane) { return plane.x() > 1e6; }

    /// The markers' slices with their labels as numbers: summing them is what takes longest in a large scene.
    struct Parts {
        std::vector<MapSlice> kinds;                      ///< label and colour of each
        std::vector<std::size_t> first;                   ///< of each marker; one more at the end
        std::vector<std::pair<std::uint32_t, double>> of; ///< kind and value
    };
    [[nodiscard]] const Parts& parts(const MapScene& scene, MapSplit split);
    [[nodiscard]] const std::vector<LegendEntry>& legend(const MapScene& scene, MapSplit split);

    /// What gathering reads of every marker, side by side in memory: there may be 100,000 of them.
    struct Columns {
        std::vector<double> size, utilization, ghost;
        std::vector<unsigned char> trouble, faded;
        double maxSize = 1;
        bool anyGhost = false;
    };
    [[nodiscard]] const Columns& columns(const MapScene& scene);
    /// The place of a marker's id in the scene, -1 for none.
    [[nodiscard]] int indexOf(const MapScene& scene, int markerId);
    /// The markers' figures of one measure.
    [[nodiscard]] const std::vector<double>& values(const MapScene& scene, MapMeasure measure);
    [[nodiscard]] const ColorScale& scale(const MapScene& scene, MapMeasure measure, ScaleKind kind);

    /// Very many markers, gathered by the cells of a grid on the plane.
    struct Cells {
        double side = 0;
        int left = 0, low = 0, columns = 0, rows = 0; ///< the cells covered, counted in sides from the plane's middle
        struct Cell {
            QPointF anchor; ///< the markers' mean by size
            double weight = 0, size = 0;
            double utilization = std::numeric_limits<double>::quiet_NaN(); ///< this and the next two: the worst there
            double ghost = std::numeric_limits<double>::quiet_NaN();
            double value = std::numeric_limits<double>::quiet_NaN();
            bool trouble = false, faded = true;
            std::uint32_t first = 0, end = 0; ///< in `members`
        };
        static constexpr std::uint32_t kEmpty = 0xffffffffu;
        std::vector<std::uint32_t> at; ///< row by row: the index of its cell, or kEmpty
        std::vector<Cell> cells;
        std::vector<int> members;  ///< cell by cell, the largest first
        std::vector<double> parts; ///< cell by cell, a sum for each kind
    };
    /// Cells of this side that cover `window` (on the plane) and some way around it. Kept for the sides used last: to
    /// pan, and to zoom there and back, costs nothing. Time otherwise: two passes over the markers.
    [[nodiscard]] const Cells& cells(const MapScene& scene, const Projection& projection, const MapLook& look,
                                     double side, const QRectF& window);
    [[nodiscard]] double textWidth(const QString& text);

private:
    std::map<std::array<double, 5>, FlowCurve> m_curves;
    FlowCurve m_turned;
    std::vector<QPointF> m_markers;
    std::vector<UnitVector> m_turns;
    Projection m_projection;
    std::optional<Parts> m_parts;
    MapSplit m_split = MapSplit::Provider;
    std::vector<LegendEntry> m_legend; ///< of m_parts
    std::optional<Columns> m_columns;
    std::unordered_map<int, int> m_indices; ///< by id
    std::optional<std::vector<double>> m_values;
    MapMeasure m_measure = MapMeasure::Parts;
    std::optional<ColorScale> m_scale;
    std::vector<std::unique_ptr<const Cells>> m_cells; ///< the one used last in front
    Projection m_cellsProjection;
    std::pair<MapMeasure, MapSplit> m_cellsLook{};
    std::unordered_map<QString, double> m_widths;
};

struct LayoutOptions {
    bool flows = true;
    bool spills = false;
    bool isobars = true; ///< only what the legend says
    bool labels = true;
    bool legend = true;
    bool legendLines = true;    ///< off: one row, for windows too low for what the legend explains
    QRectF reserved;            ///< no label here (the buttons)
    QSet<int> important;        ///< marker ids whose labels go first (selected, focused)
    QSet<int> markers;          ///< ids whose flows are all drawn
    QSet<int> areas;            ///< ids whose flows are all drawn
    std::size_t flowLimit = 36; ///< healthy flows drawn at most, the strongest, and a third as many slow ones; 0 = all
    MapLook look;
    int latencyArea = -1;  ///< only what the legend says
    int fannedMarker = -1; ///< the cluster holding this marker id is fanned out on a circle
    bool cluster = true;   ///< off: every marker at its own place
};

[[nodiscard]] MapLayout layoutMap(const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                                  LayoutCache& cache);

/// What the legend says about sizes, rings, contour lines and the widths of arcs, with their units.
[[nodiscard]] QStringList legendLines(const MapLayout& layout, const MapScene& scene, const LayoutOptions& options);

/// A letter for each provider, all different: "Azure" A, "Google Cloud" G, "AWS" W. Names of several words or of mixed
/// case choose before acronyms do.
[[nodiscard]] std::vector<LegendEntry> legendOf(const MapScene& scene, MapSplit split = MapSplit::Provider);

/// A gentle curve: half geodesic, half straight, bowed a little to the left of its direction so that the way
/// there and the way back are two lines. Cut at the antimeridian. On the globe: the great circle, as far as it is in
/// sight. Plane coordinates.
[[nodiscard]] FlowCurve flowCurve(LatLon from, LatLon to, const Projection& projection = {});

// --- the steps, for layoutMap ----------------------------------------------------------------------------------------

/// Labels of donuts that stand already.
void placeLabels(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                 LayoutCache& cache);
void placeFlows(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                LayoutCache& cache);
void placeSpills(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                 LayoutCache& cache);

} // namespace isobar::ui

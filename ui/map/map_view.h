// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/backdrop.h"
#include "ui/map/frame_meter.h"
#include "ui/map/layout.h"
#include "ui/map/map_scene.h"

#include <QElapsedTimer>
#include <QHash>
#include <QPixmap>
#include <QPointer>
#include <QTimer>
#include <QVariantAnimation>
#include <QWidget>

#include <functional>
#include <map>
#include <memory>

class QAction;
class QMenu;
class QMimeData;
class QToolButton;

namespace isobar::ui {

class FloatPanel;
class MapFinder;
class MapTable;

/// Where a map looks, apart from its window's size: what Back and Undo remember.
struct MapPose {
    ProjectionKind projection = ProjectionKind::EqualEarth;
    QPointF center; ///< on the plane: what stands in the middle below the buttons
    LatLon facing;  ///< of a globe
    double zoom = 1;
};

/// What a place says to a workload that hovers over it.
struct DropAnswer {
    enum class Verdict { Yes, Tight, No } verdict = Verdict::No;
    QString headline;
    QStringList lines;
};

/// The mime type of a dragged placement.
inline const QString kPlacementMime = QStringLiteral("application/x-isobar-placement");

/// The fleet on a world map: donuts, flows, contour lines; pan, zoom, hover, click, keyboard and drop. Shows a MapScene
/// and knows nothing of where it comes from. A click on a cluster zooms in until it splits; all signals speak of single
/// markers.
class MapView : public QWidget {
    Q_OBJECT
public:
    explicit MapView(QWidget* parent = nullptr);
    ~MapView() override;

    /// May come 30 times a second; contour lines and arcs follow at most twice a second unless their number changes.
    void setScene(MapScene scene);
    [[nodiscard]] const MapScene& scene() const { return *m_scene; }

    void setSelectedMarkers(QSet<int> ids); ///< their flows stand out, the rest steps back
    void setSelectedAreas(QSet<int> ids);

    void setFlowing(bool on);         ///< dots run along the flows (while visible, at most 30 a second)
    void advanceFlow(double seconds); ///< moves the dots by hand, for measurements and pictures
    void setFlowsShown(bool on);
    void setSpillsShown(bool on); ///< requests served elsewhere than nearest, from region to region
    void setIsobarsShown(bool on);
    void setNightShown(bool on); ///< shade where the scene's time has the sun down
    void setRingsShown(bool on); ///< rings of latency around the user area clicked last, or the largest one
    void setLook(const MapLook& look);
    void setProjection(ProjectionKind kind);
    void setTableShown(bool on); ///< the same places as a sortable table
    void setPerformanceShown(bool on);
    [[nodiscard]] bool flowsShown() const { return m_layers.flows; }
    [[nodiscard]] bool spillsShown() const { return m_layers.spills; }
    [[nodiscard]] bool isobarsShown() const { return m_layers.isobars; }
    [[nodiscard]] bool nightShown() const { return m_layers.night; }
    [[nodiscard]] bool ringsShown() const { return m_layers.latencyArea >= 0; }
    [[nodiscard]] bool tableShown() const;
    [[nodiscard]] bool performanceShown() const { return m_performance != nullptr; }
    [[nodiscard]] const MapLayers& layers() const { return m_layers; }
    [[nodiscard]] ProjectionKind projection() const { return m_view.projection.kind; }

    [[nodiscard]] const FrameMeter& frameMeter() const { return m_meter; }
    void resetFrameMeter() { m_meter.reset(); }
    void setFlowLimit(std::size_t limit); ///< healthy flows drawn at most, 0 = all

    [[nodiscard]] const MapViewport& viewport() const { return m_view; }
    void setViewport(const MapViewport& view);
    void resetView();
    [[nodiscard]] MapPose pose() const;
    void setPose(const MapPose& pose); ///< flies there; no poseSettled() for it
    /// Flies to a place, so near that it stands alone, and chooses it as a click does.
    void goTo(int markerId);

    /// Html for a marker's panel; without one the marker's name and parts are shown.
    std::function<QString(int markerId)> tooltipProvider;
    /// Asked once a marker when a drag enters; without one every drag is refused.
    std::function<DropAnswer(int markerId, const QMimeData* data)> dropProvider;

    /// Options for paintMap that make a picture of what the window shows.
    [[nodiscard]] MapStyleOptions styleOptions() const;

    /// Where everything is now (recomputed when needed).
    [[nodiscard]] const MapLayout& layoutNow() const;
    /// The rectangle of a marker (or of the cluster it is in), in widget coordinates; empty when outside the window.
    [[nodiscard]] QRect markerRect(int id) const;
    /// "Frankfurt, 4 regions, 12,345 accelerators, utilization 64 %, rank 3 of 48, trend up 2 points".
    [[nodiscard]] QString markerDescription(int index) const;
    /// Paints the slow layers for the present state before it returns, for pictures and measurements.
    void finishRendering();

    [[nodiscard]] QSize sizeHint() const override { return {960, 460}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {320, 200}; }

Q_SIGNALS:
    void markerClicked(int id, Qt::KeyboardModifiers modifiers);
    void markerActivated(int id); ///< double click or Enter
    void backgroundClicked();
    void markerHovered(int id); ///< -1 = none, or a cluster
    void areaClicked(int id, Qt::KeyboardModifiers modifiers);
    void placementDropped(int markerId, const QMimeData* data);
    void flowsShownChanged(bool on);
    void isobarsShownChanged(bool on);
    void projectionChanged(isobar::ui::ProjectionKind kind);
    void performanceShownChanged(bool on);
    /// The view has come to rest after somebody moved it: once a gesture.
    void poseSettled();
    /// A part's name in the legend was clicked: "Azure".
    void partClicked(isobar::ui::MapSplit split, const QString& label);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void moveEvent(QMoveEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    /// The buttons and menus on the map; actions so that wide and narrow windows share them.
    struct Tools {
        QWidget* row = nullptr;
        MapFinder* finder = nullptr; ///< where there is room, or when asked for
        QToolButton* find = nullptr; ///< asks for it
        QAction* flows = nullptr;
        QAction* spills = nullptr;
        QAction* isobars = nullptr;
        QAction* night = nullptr;
        QAction* rings = nullptr;
        QAction* table = nullptr;
        QMenu* color = nullptr;
        QMenu* projection = nullptr;
        std::vector<QToolButton*> wide;   ///< only where there is room
        std::vector<QToolButton*> middle; ///< not in a very narrow window
        std::vector<QToolButton*> camera;
        QToolButton* tableButton = nullptr;
        QToolButton* colorButton = nullptr;
        QToolButton* projectionButton = nullptr;
        QToolButton* more = nullptr;
    };
    struct Press {
        QPointF at;
        MapViewport view;
        bool panning = false;
        bool active = false;
    };

    void buildTools();
    void arrangeTools();
    void enterFinder();
    void updateTools();
    void layersChanged();
    void restyle();
    void invalidateLayout();
    [[nodiscard]] LayoutOptions layoutOptions() const;
    [[nodiscard]] QRectF reservedForTools() const;
    void refreshBackdrop();
    [[nodiscard]] BackdropRequest backdropRequest() const;
    void updateFlowTimer();
    void applyView(const MapViewport& view);
    void flyTo(const MapViewport& target);
    void zoomInto(int placed);
    void hoverAt(QPointF at);
    void rehover();
    void showPanelFor(int placed, QPointF at);
    void walk(int key);
    void focusMarker(int index);
    void endDrag();
    [[nodiscard]] QString panelHtml(int placed) const;
    [[nodiscard]] DropMark dropMarkOf(const PlacedMarker& placed) const;
    [[nodiscard]] const MapMarker& markerAt(int index) const
    {
        return m_scene->markers[static_cast<std::size_t>(index)];
    }
    [[nodiscard]] int placedOf(int markerId) const;
    [[nodiscard]] bool contains(const PlacedMarker& placed, const QSet<int>& ids) const;
    void poseMoved();
    void poseRested();

    // painting, map_view_paint.cpp
    void paintBackdropLayer(QPainter& painter);
    void paintDots(QPainter& painter);
    void paintDotsOn(QPainter& painter, const PlacedFlow& flow, Lane lane, double phase, int& room);
    void paintMarkers(QPainter& painter);
    void paintFan(QPainter& painter);
    void paintFrame(QPainter& painter);
    void paintLabels(QPainter& painter);
    void paintPulse(QPainter& painter);
    const QPixmap& sprite(std::size_t key, QSizeF size, const std::function<void(QPainter&)>& paint);
    [[nodiscard]] const QPixmap* keptSprite(std::size_t key);
    QPixmap donutSprite(const PlacedMarker& placed, const DonutLook& look, double& budgetSeconds);

    std::shared_ptr<const MapScene> m_scene; ///< shared with the worker: never null, never altered
    MapViewport m_view;
    MapEmphasis m_emphasis;
    MapLayers m_layers;
    bool m_flowing = false;
    std::size_t m_flowLimit;

    mutable std::shared_ptr<const MapLayout> m_layout;
    mutable bool m_layoutDirty = true;
    mutable LayoutCache m_cache;
    mutable std::vector<int> m_ranks; ///< of the markers; empty = to be made
    mutable FrameMeter m_meter;

    Backdrop m_backdrop;
    QTimer m_sceneTimer; ///< throttles backdrops that only follow the scene
    QTimer m_flowTimer;
    QElapsedTimer m_clock;
    QElapsedTimer m_sinceSync;
    double m_flowSeconds = 0;
    QVariantAnimation m_flight;
    QTimer m_restTimer; ///< the pose is told once it has not changed for a while
    MapPose m_restedAt;
    QHash<std::size_t, QPixmap> m_sprites, m_oldSprites; ///< old: not used since the others were begun
    bool m_spritesLeft = false;                          ///< this frame's budget did not suffice
    bool m_everySprite = false;                          ///< the next frame paints all it needs, however many

    Press m_press;
    int m_hovered = -1;   ///< index into the layout
    int m_focusedId = -1; ///< marker id the keyboard is at
    QPointF m_pointer;
    QPointer<FloatPanel> m_panel;
    Tools m_tools;
    MapTable* m_table = nullptr; ///< made when first shown
    PerformanceMeter* m_performance = nullptr;

    bool m_dragging = false;
    int m_fannedId = -1;
    QTimer m_fanTimer;                   ///< a cluster opens when a drag rests on it, not when one passes over it
    int m_restingId = -1;                ///< first member of the cluster a drag rests on
    std::map<int, DropAnswer> m_answers; ///< by marker id, while a drag is over the map
};

} // namespace isobar::ui

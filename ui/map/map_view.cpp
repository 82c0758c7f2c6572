// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_view.h"

#include "ui/map/float_panel.h"
#include "ui/map/map_accessible.h"
#include "ui/map/map_table.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"

#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kFanRestMs = 250;
constexpr QSize kTalkingLegend{860, 400}; ///< logical pixels; in a smaller map the pointer asks, for the world needs it
constexpr double kBesideLegend = 370;     ///< logical pixels from the left that it needs to itself
constexpr LatLon kEastOfLegend{-23.5, -46.6}; ///< São Paulo: the nearest place to it with much to show
constexpr int kFrameMs = 33;
constexpr int kSceneBackdropMs = 500;
constexpr int kFlightMs = 240;
constexpr int kRestMs = 400;
constexpr double kSamePlace = 1e-3;     ///< of the plane's unit (the earth's radius), of a degree, of the zoom
constexpr QPointF kNowhere(-1e4, -1e4); ///< where the pointer is when it is not over the map

} // namespace

MapView::MapView(QWidget* parent)
    : QWidget(parent)
    , m_scene(std::make_shared<const MapScene>())
    , m_view(MapViewport::fitted(QSizeF(sizeHint())))
    , m_flowLimit(LayoutOptions{}.flowLimit)
    , m_pointer(kNowhere)
{
    installMapAccessibility();
    setObjectName(QStringLiteral("mapView"));
    setAccessibleName(QStringLiteral("Fleet map"));
    setAccessibleDescription(
        QStringLiteral("Arrow keys walk between places, Enter opens one, T shows all as a table, slash finds one, plus "
                       "and minus zoom, "
                       "0 shows the world; with Shift or Control the arrow keys move the map"));
    setAttribute(Qt::WA_OpaquePaintEvent);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAcceptDrops(true);
    m_panel = new FloatPanel(this);
    buildTools();
    restyle();

    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &MapView::restyle);
    connect(&m_backdrop, &Backdrop::ready, this, qOverload<>(&QWidget::update));
    m_sceneTimer.setSingleShot(true);
    m_sceneTimer.setInterval(kSceneBackdropMs);
    connect(&m_sceneTimer, &QTimer::timeout, this, &MapView::refreshBackdrop);
    m_fanTimer.setSingleShot(true);
    m_fanTimer.setInterval(kFanRestMs);
    connect(&m_fanTimer, &QTimer::timeout, this, [this] {
        m_fannedId = m_restingId;
        m_panel->hide();
        invalidateLayout();
        update();
    });
    m_flowTimer.setInterval(kFrameMs);
    connect(&m_flowTimer, &QTimer::timeout, this, [this] {
        // A late tick moves the dots a little, not a jump: at most a tenth of a second.
        advanceFlow(std::min(0.1, static_cast<double>(m_clock.restart()) / 1000.0));
    });
    m_restTimer.setSingleShot(true);
    m_restTimer.setInterval(kRestMs);
    connect(&m_restTimer, &QTimer::timeout, this, &MapView::poseRested);
    m_restedAt = pose();
    m_flight.setDuration(kFlightMs);
    m_flight.setEasingCurve(QEasingCurve::OutCubic);
}

MapView::~MapView()
{
    delete m_panel; // it may have moved to the window
}

void MapView::restyle()
{
    const Theme& t = theme();
    m_tools.row->setStyleSheet(
        QStringLiteral("QToolButton { background: %1; color: %2; border: 1px solid %3; border-radius: 7px;"
                       " padding: 3px 9px; min-width: 8px; font-size: 12px; }"
                       "QLineEdit { background: %1; color: %5; border: 1px solid %3; border-radius: 7px;"
                       " padding: 3px 9px; font-size: 12px; }"
                       "QLineEdit:focus { border-color: %6; }"
                       "QToolButton:hover { background: %4; color: %5; }"
                       "QToolButton:focus { border-color: %6; }"
                       "QToolButton:checked { border-color: %6; color: %5; }"
                       "QToolButton::menu-indicator { image: none; width: 0; }")
            .arg(mixed(t.ground, t.panel, 0.8).name(), t.muted.name(), t.line.name(), t.raised.name(), t.text.name(),
                 t.accent.name()));
    m_tools.find->setIcon(icon(QStringLiteral("search"), t.muted));
    arrangeTools();
    m_sprites.clear();
    m_oldSprites.clear();
    m_everySprite = true;
    invalidateLayout();
    if (!m_backdrop.current().picture.isNull()) {
        m_backdrop.renderNow(backdropRequest()); // at once: half a window in the other theme looks broken
    }
    update();
}

void MapView::setScene(MapScene scene)
{
    const bool otherShape = scene.markers.size() != m_scene->markers.size() ||
                            scene.flows.size() != m_scene->flows.size() || scene.areas.size() != m_scene->areas.size();
    m_scene = std::make_shared<const MapScene>(std::move(scene));
    m_cache.forget();
    m_ranks.clear();
    if (tableShown()) {
        m_table->setScene(*m_scene, m_layers.look.measure);
    }
    invalidateLayout();
    if (otherShape) {
        m_sceneTimer.stop();
        refreshBackdrop();
    } else if (!m_sceneTimer.isActive()) {
        m_sceneTimer.start();
    }
    if (!m_dragging) {
        rehover();
        if (m_hovered >= 0 && m_panel->isVisible()) {
            showPanelFor(m_hovered, m_pointer); // its figures changed
        }
    }
    updateFlowTimer();
    update();
}

void MapView::setSelectedMarkers(QSet<int> ids)
{
    if (ids != m_emphasis.markers) {
        m_emphasis.markers = std::move(ids);
        invalidateLayout();
        refreshBackdrop();
        update();
    }
}

void MapView::setSelectedAreas(QSet<int> ids)
{
    if (ids != m_emphasis.areas) {
        m_emphasis.areas = std::move(ids);
        if (ringsShown() && m_emphasis.areas.size() == 1) {
            m_layers.latencyArea = *m_emphasis.areas.begin();
        }
        invalidateLayout();
        refreshBackdrop();
        update();
    }
}

void MapView::setFlowing(bool on)
{
    m_flowing = on;
    updateFlowTimer();
    update();
}

void MapView::advanceFlow(double seconds)
{
    m_flowSeconds += seconds;
    update();
}

void MapView::updateFlowTimer()
{
    const bool any = (m_layers.flows && !m_scene->flows.empty()) || (m_layers.spills && !m_scene->spills.empty());
    const bool run = m_flowing && any && isVisible();
    if (run && !m_flowTimer.isActive()) {
        m_clock.start();
        m_flowTimer.start();
    } else if (!run) {
        m_flowTimer.stop();
    }
}

void MapView::setViewport(const MapViewport& view)
{
    m_flight.stop();
    applyView(view.resized(m_view.size, m_view.head));
}

void MapView::resetView()
{
    flyTo(m_view.fitted());
}

void MapView::applyView(const MapViewport& view)
{
    if (view == m_view) {
        return;
    }
    m_view = view;
    poseMoved();
    invalidateLayout();
    rehover();
    refreshBackdrop();
    update();
}

MapPose MapView::pose() const
{
    return {m_view.projection.kind, m_view.toPlane(m_view.middleOfSight()), m_view.projection.facing, m_view.zoom()};
}

void MapView::setPose(const MapPose& to)
{
    m_flight.stop();
    m_restTimer.stop();
    m_restedAt = to;
    setProjection(to.projection);
    MapViewport target = MapViewport::fitted(m_view.size, {to.projection, to.facing}, m_view.head);
    target.scale *= to.zoom;
    if (to.zoom > 1.001) {
        target.center += to.center - target.toPlane(target.middleOfSight());
    }
    flyTo(target.panned({})); // within the map's extent
}

void MapView::poseMoved()
{
    m_restTimer.start();
}

/// Rests only when no button is held and nothing flies.
void MapView::poseRested()
{
    if (m_press.active || m_flight.state() == QAbstractAnimation::Running) {
        m_restTimer.start();
        return;
    }
    const MapPose now = pose();
    const auto near = [](double a, double b) { return std::abs(a - b) < kSamePlace; };
    const bool globe = now.projection == ProjectionKind::Globe;
    const bool same =
        now.projection == m_restedAt.projection && std::abs(now.zoom / m_restedAt.zoom - 1) < kSamePlace &&
        (globe ? near(now.facing.latitude, m_restedAt.facing.latitude) &&
                     near(now.facing.longitude, m_restedAt.facing.longitude)
               : near(now.center.x(), m_restedAt.center.x()) && near(now.center.y(), m_restedAt.center.y()));
    m_restedAt = now;
    if (!same) {
        Q_EMIT poseSettled();
    }
}

/// The donut under the resting pointer is another one when the layout changed.
void MapView::rehover()
{
    const int hit = layoutNow().hit(m_pointer);
    if (hit < 0 && m_hovered >= 0) {
        m_panel->hide();
    }
    m_hovered = hit;
}

void MapView::flyTo(const MapViewport& target)
{
    m_flight.stop();
    m_flight.disconnect(this);
    const MapViewport from = m_view;
    connect(&m_flight, &QVariantAnimation::valueChanged, this, [this, from, target](const QVariant& value) {
        const double t = value.toDouble();
        if (t >= 1) {
            applyView(target);
            return;
        }
        MapViewport view = target;
        view.scale = from.scale * std::pow(target.scale / from.scale, t);
        // The centre moves with the scale, so that a place under the pointer stays there all the way.
        const double share = std::abs(target.scale - from.scale) < 1e-9
                                 ? t
                                 : (1 / from.scale - 1 / view.scale) / (1 / from.scale - 1 / target.scale);
        view.center = from.center + (target.center - from.center) * share;
        const LatLon start = from.projection.facing, end = target.projection.facing;
        const double east = end.longitude - start.longitude; // the shorter way around
        view.projection.facing = {start.latitude + (end.latitude - start.latitude) * t,
                                  start.longitude + (east - 360.0 * std::round(east / 360.0)) * t};
        applyView(view);
    });
    m_flight.setStartValue(0.0);
    m_flight.setEndValue(1.0);
    m_flight.start();
}

void MapView::invalidateLayout()
{
    m_layoutDirty = true;
}

LayoutOptions MapView::layoutOptions() const
{
    LayoutOptions options;
    options.flows = m_layers.flows;
    options.spills = m_layers.spills;
    options.isobars = m_layers.isobars;
    options.look = m_layers.look;
    options.latencyArea = m_layers.latencyArea;
    options.legendLines =
        width() >= kTalkingLegend.width() && height() >= kTalkingLegend.height() &&
        (m_view.projection.isGlobe() ||
         MapViewport::fitted(size(), m_view.projection, m_view.head).place(kEastOfLegend).x() > kBesideLegend);
    options.flowLimit = m_flowLimit;
    options.reserved = reservedForTools();
    options.important = options.markers = m_emphasis.markers;
    options.areas = m_emphasis.areas;
    if (m_focusedId >= 0 && hasFocus()) {
        options.important.insert(m_focusedId);
    }
    options.fannedMarker = m_fannedId;
    return options;
}

QRectF MapView::reservedForTools() const
{
    return QRectF(m_tools.row->geometry()).adjusted(-4, -4, 4, 4);
}

const MapLayout& MapView::layoutNow() const
{
    if (m_layoutDirty) {
        QElapsedTimer clock;
        clock.start();
        m_layout = std::make_shared<const MapLayout>(layoutMap(*m_scene, m_view, layoutOptions(), m_cache));
        m_layoutDirty = false;
        m_meter.add(FrameLayer::Layout, static_cast<double>(clock.nsecsElapsed()) * 1e-9);
    }
    return *m_layout;
}

BackdropRequest MapView::backdropRequest() const
{
    BackdropRequest request;
    request.scene = m_scene;
    request.view = m_view;
    static_cast<void>(layoutNow()); // makes it
    request.layout = m_layout;
    request.emphasis = m_emphasis;
    request.layers = m_layers;
    request.reserved = reservedForTools();
    request.theme = theme();
    request.devicePixelRatio = devicePixelRatioF();
    return request;
}

void MapView::refreshBackdrop()
{
    if (!m_backdrop.current().picture.isNull() && isVisible()) {
        m_backdrop.renderSoon(backdropRequest());
    } else if (!m_backdrop.current().picture.isNull()) {
        m_sceneTimer.start(); // hidden: the next show paints it
    }
}

void MapView::finishRendering()
{
    m_flight.stop();
    m_sceneTimer.stop();
    m_everySprite = true;
    m_backdrop.renderNow(backdropRequest());
    update();
}

MapStyleOptions MapView::styleOptions() const
{
    MapStyleOptions options;
    options.theme = &theme();
    options.layers = m_layers;
    options.emphasis = m_emphasis;
    options.viewport = m_view.resized(m_view.size, 0); // a picture has no buttons
    return options;
}

int MapView::placedOf(int markerId) const
{
    const MapLayout& layout = layoutNow();
    const int index = m_cache.indexOf(*m_scene, markerId);
    return index >= 0 ? layout.placedOfMarker[static_cast<std::size_t>(index)] : -1;
}

QRect MapView::markerRect(int id) const
{
    const int placed = placedOf(id);
    if (placed < 0) {
        return {};
    }
    const PlacedMarker& m = layoutNow().placed[static_cast<std::size_t>(placed)];
    const double r = m.outerRadius();
    const QRect box = QRectF(m.at.x() - r, m.at.y() - r, 2 * r, 2 * r).toAlignedRect();
    return rect().contains(m.at.toPoint()) ? box : QRect();
}

QString MapView::markerDescription(int index) const
{
    const MapMarker& m = markerAt(index);
    const auto regions = std::max<qsizetype>(1, m.regions.size());
    QString text = QStringLiteral("%1, %2 %3, %4 accelerators, utilization %5")
                       .arg(m.name)
                       .arg(regions)
                       .arg(regions == 1 ? QStringLiteral("region") : QStringLiteral("regions"), count(m.size).joined(),
                            percent(m.utilization, 0).joined());
    if (m_layers.look.measure != MapMeasure::Parts && m_layers.look.measure != MapMeasure::Utilization) {
        text += QStringLiteral(", %1 %2").arg(measureName(m_layers.look.measure).toLower(),
                                              measureText(m_layers.look.measure, m.measure(m_layers.look.measure)));
    }
    if (m_ranks.size() != m_scene->markers.size()) {
        m_ranks = markerRanks(*m_scene, m_layers.look.measure);
    }
    text += QStringLiteral(", rank %1 of %2").arg(m_ranks[static_cast<std::size_t>(index)]).arg(m_ranks.size());
    if (const QString trend = trendWords(m.trend); !trend.isEmpty()) {
        text += QStringLiteral(", trend ") + trend;
    }
    return m.trouble ? text + QStringLiteral(", trouble") : text;
}

bool MapView::contains(const PlacedMarker& placed, const QSet<int>& ids) const
{
    return !ids.isEmpty() && std::any_of(placed.members.begin(), placed.members.end(),
                                         [&](int member) { return ids.contains(markerAt(member).id); });
}

// --- window ----------------------------------------------------------------------------------------------------------

void MapView::resizeEvent(QResizeEvent*)
{
    if (m_flight.state() == QAbstractAnimation::Running) {
        m_flight.setCurrentTime(m_flight.duration()); // to where it was going, not half way
    }
    m_flight.stop();
    m_view = m_view.resized(QSizeF(size()));
    arrangeTools();
    if (!m_restTimer.isActive()) {
        m_restedAt = pose(); // another window, not another look
    }
    invalidateLayout();
}

void MapView::moveEvent(QMoveEvent*)
{
    m_panel->hide(); // it is the window's, not the map's: it would stay where the map was
}

void MapView::showEvent(QShowEvent*)
{
    updateFlowTimer();
    refreshBackdrop();
}

void MapView::hideEvent(QHideEvent*)
{
    m_flowTimer.stop();
    m_panel->hide();
}

} // namespace isobar::ui

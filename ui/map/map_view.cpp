// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_view.h"

#include "ui/map/float_panel.h"
#include "ui/map/map_accessible.h"
#include "ui/map/projection.h"
#include "ui/shell/format.h"

#include <QApplication>
#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QMouseEvent>
#include <QToolButton>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kFanRestMs = 250;
constexpr int kFrameMs = 33;
constexpr int kSceneBackdropMs = 500;
constexpr double kKeyZoom = 1.5;
constexpr int kFlightMs = 240;
constexpr QPointF kNowhere(-1e4, -1e4); ///< where the pointer is when it is not over the map

QString escaped(const QString& text)
{
    return text.toHtmlEscaped();
}

QString row(const QString& left, const QString& right, const QString& leftColor, const QString& rightColor)
{
    return QStringLiteral(
               "<tr><td style='padding-right:18px;color:%3'>%1</td><td align='right' style='color:%4'>%2</td></tr>")
        .arg(left, right, leftColor, rightColor);
}

} // namespace

MapView::MapView(QWidget* parent)
    : QWidget(parent)
    , m_view(MapViewport::fitted(QSizeF(sizeHint())))
    , m_pointer(kNowhere)
{
    installMapAccessibility();
    setObjectName(QStringLiteral("mapView"));
    setAccessibleName(QStringLiteral("Fleet map"));
    setAccessibleDescription(
        QStringLiteral("Arrow keys walk between places, Enter opens one, plus and minus zoom, 0 shows the world"));
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
    m_flight.setDuration(kFlightMs);
    m_flight.setEasingCurve(QEasingCurve::OutCubic);
}

MapView::~MapView()
{
    delete m_panel; // it may have moved to the window
}

void MapView::buildTools()
{
    m_tools = new QWidget(this);
    m_tools->setObjectName(QStringLiteral("mapTools"));
    m_tools->setCursor(Qt::ArrowCursor);
    auto* row = new QHBoxLayout(m_tools);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    const auto add = [&](const QString& text, const QString& name, const QString& tip) {
        auto* button = new QToolButton(m_tools);
        button->setText(text);
        button->setObjectName(name);
        button->setAccessibleName(tip);
        button->setToolTip(tip);
        button->setFocusPolicy(Qt::TabFocus);
        row->addWidget(button);
        return button;
    };
    m_flowsButton = add(QStringLiteral("Flows"), QStringLiteral("mapFlows"), QStringLiteral("Flows"));
    m_isobarsButton = add(QStringLiteral("Isobars"), QStringLiteral("mapIsobars"), QStringLiteral("Isobars"));
    m_flowsButton->setToolTip(QStringLiteral("Requests from user areas to regions"));
    m_isobarsButton->setToolTip(QStringLiteral("Contour lines of demand to supply"));
    for (QToolButton* button : {m_flowsButton, m_isobarsButton}) {
        button->setCheckable(true);
        button->setChecked(true);
    }
    connect(m_flowsButton, &QToolButton::toggled, this, &MapView::setFlowsShown);
    connect(m_isobarsButton, &QToolButton::toggled, this, &MapView::setIsobarsShown);
    const auto zoomAtMiddle = [this](double factor) { flyTo(m_view.zoomedAt(QRectF(rect()).center(), factor)); };
    connect(add(QStringLiteral("+"), QStringLiteral("mapZoomIn"), QStringLiteral("Zoom in")), &QToolButton::clicked,
            this, [zoomAtMiddle] { zoomAtMiddle(1.6); });
    connect(add(QString(QChar(0x2212)), QStringLiteral("mapZoomOut"), QStringLiteral("Zoom out")),
            &QToolButton::clicked, this, [zoomAtMiddle] { zoomAtMiddle(1 / 1.6); });
    connect(add(QStringLiteral("World"), QStringLiteral("mapReset"), QStringLiteral("Show the world")),
            &QToolButton::clicked, this, &MapView::resetView);
}

void MapView::restyle()
{
    const Theme& t = theme();
    m_tools->setStyleSheet(
        QStringLiteral("QToolButton { background: %1; color: %2; border: 1px solid %3; border-radius: 7px;"
                       " padding: 3px 9px; min-width: 8px; font-size: 12px; }"
                       "QToolButton:hover { background: %4; color: %5; }"
                       "QToolButton:focus { border-color: %6; }"
                       "QToolButton:checked { border-color: %6; color: %5; }")
            .arg(mixed(t.ground, t.panel, 0.8).name(), t.muted.name(), t.line.name(), t.raised.name(), t.text.name(),
                 t.accent.name()));
    m_tools->adjustSize();
    m_tools->move(width() - m_tools->width() - 10, 10);
    m_sprites.clear();
    invalidateLayout();
    if (!m_backdrop.current().picture.isNull()) {
        m_backdrop.renderNow(backdropRequest()); // at once: half a window in the other theme looks broken
    }
    update();
}

void MapView::setScene(MapScene scene)
{
    const bool otherShape = scene.markers.size() != m_scene.markers.size() ||
                            scene.flows.size() != m_scene.flows.size() || scene.areas.size() != m_scene.areas.size();
    m_scene = std::move(scene);
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

void MapView::setFlowsShown(bool on)
{
    if (on == m_showFlows) {
        return;
    }
    m_showFlows = on;
    m_flowsButton->setChecked(on);
    invalidateLayout();
    refreshBackdrop();
    updateFlowTimer();
    update();
    Q_EMIT flowsShownChanged(on);
}

void MapView::setIsobarsShown(bool on)
{
    if (on == m_showIsobars) {
        return;
    }
    m_showIsobars = on;
    m_isobarsButton->setChecked(on);
    invalidateLayout();
    refreshBackdrop();
    update();
    Q_EMIT isobarsShownChanged(on);
}

void MapView::updateFlowTimer()
{
    const bool run = m_flowing && m_showFlows && isVisible() && !m_scene.flows.empty();
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
    applyView(view.resized(QSizeF(size())));
}

void MapView::resetView()
{
    flyTo(MapViewport::fitted(QSizeF(size())));
}

void MapView::applyView(const MapViewport& view)
{
    if (view == m_view) {
        return;
    }
    m_view = view;
    invalidateLayout();
    rehover();
    refreshBackdrop();
    update();
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

const MapLayout& MapView::layoutNow() const
{
    if (m_layoutDirty) {
        LayoutOptions options;
        options.flows = m_showFlows;
        options.isobars = m_showIsobars;
        options.reserved = QRectF(m_tools->geometry()).adjusted(-4, -4, 4, 4);
        options.important = m_emphasis.markers;
        if (m_focusedId >= 0 && hasFocus()) {
            options.important.insert(m_focusedId);
        }
        options.fannedMarker = m_fannedId;
        m_layout = layoutMap(m_scene, m_view, options, m_curves);
        m_layoutDirty = false;
    }
    return m_layout;
}

BackdropRequest MapView::backdropRequest() const
{
    BackdropRequest request;
    request.scene = m_scene;
    request.view = m_view;
    request.layout = layoutNow();
    request.emphasis = m_emphasis;
    request.flows = m_showFlows;
    request.isobars = m_showIsobars;
    request.reserved = QRectF(m_tools->geometry()).adjusted(-4, -4, 4, 4);
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
    m_backdrop.renderNow(backdropRequest());
    update();
}

MapStyleOptions MapView::styleOptions() const
{
    MapStyleOptions options;
    options.theme = &theme();
    options.flows = m_showFlows;
    options.isobars = m_showIsobars;
    options.emphasis = m_emphasis;
    options.viewport = m_view;
    return options;
}

int MapView::placedOf(int markerId) const
{
    const MapLayout& layout = layoutNow();
    for (std::size_t i = 0; i < m_scene.markers.size(); ++i) {
        if (m_scene.markers[i].id == markerId) {
            return layout.placedOfMarker[i];
        }
    }
    return -1;
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
    return m.trouble ? text + QStringLiteral(", trouble") : text;
}

bool MapView::contains(const PlacedMarker& placed, const QSet<int>& ids) const
{
    return std::any_of(placed.members.begin(), placed.members.end(),
                       [&](int member) { return ids.contains(markerAt(member).id); });
}

// --- window ----------------------------------------------------------------------------------------------------------

void MapView::resizeEvent(QResizeEvent*)
{
    m_flight.stop();
    m_view = m_view.resized(QSizeF(size()));
    m_tools->move(width() - m_tools->width() - 10, 10);
    invalidateLayout();
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

// --- pointer ---------------------------------------------------------------------------------------------------------

void MapView::wheelEvent(QWheelEvent* event)
{
    const double notches = event->angleDelta().y() / 120.0;
    if (notches != 0) {
        m_flight.stop();
        applyView(m_view.zoomedAt(event->position(), std::pow(1.25, notches)));
        hoverAt(event->position());
    }
    event->accept();
}

void MapView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        m_flight.stop();
        m_press = {event->position(), m_view, false, true};
    }
}

void MapView::mouseMoveEvent(QMouseEvent* event)
{
    m_pointer = event->position();
    if (m_press.active && event->buttons().testFlag(Qt::LeftButton)) {
        const QPointF moved = event->position() - m_press.at;
        if (!m_press.panning && moved.manhattanLength() >= QApplication::startDragDistance()) {
            m_press.panning = true;
            m_panel->hide();
            setCursor(Qt::ClosedHandCursor);
        }
        if (m_press.panning) {
            applyView(m_press.view.panned(moved));
        }
        return;
    }
    hoverAt(event->position());
}

void MapView::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || !m_press.active) {
        return;
    }
    const bool panned = m_press.panning;
    m_press = {};
    unsetCursor();
    if (panned) {
        hoverAt(event->position());
        return;
    }
    const MapLayout& layout = layoutNow();
    const int hit = layout.hit(event->position());
    if (hit >= 0) {
        const PlacedMarker& placed = layout.placed[static_cast<std::size_t>(hit)];
        if (placed.isCluster()) {
            zoomInto(hit);
        } else {
            m_focusedId = markerAt(placed.members.front()).id;
            Q_EMIT markerClicked(m_focusedId, event->modifiers());
        }
        return;
    }
    const int area = m_showFlows ? layout.hitArea(event->position()) : -1;
    if (area >= 0) {
        Q_EMIT areaClicked(m_scene.areas[static_cast<std::size_t>(area)].id, event->modifiers());
    } else if (!layout.legendRect.contains(event->position())) {
        Q_EMIT backgroundClicked();
    }
}

void MapView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton) {
        return;
    }
    const int hit = layoutNow().hit(event->position());
    if (hit < 0) {
        flyTo(m_view.zoomedAt(event->position(), event->modifiers().testFlag(Qt::ShiftModifier) ? 0.5 : 2.0));
    } else if (!layoutNow().placed[static_cast<std::size_t>(hit)].isCluster()) {
        Q_EMIT markerActivated(markerAt(layoutNow().placed[static_cast<std::size_t>(hit)].members.front()).id);
    }
}

void MapView::leaveEvent(QEvent*)
{
    hoverAt(kNowhere);
}

void MapView::zoomInto(int placedIndex)
{
    const PlacedMarker placed = layoutNow().placed[static_cast<std::size_t>(placedIndex)];
    QRectF bounds;
    for (const int member : placed.members) {
        bounds |= QRectF(projectEqualEarth(markerAt(member).at), QSizeF(1e-9, 1e-9));
    }
    const double fit = 0.45 * std::min(width() / bounds.width(), height() / bounds.height());
    MapViewport target = m_view;
    target.center = bounds.center();
    target.scale = std::clamp(fit, 1.8 * m_view.scale, 4.0 * m_view.scale);
    target.scale = std::min(target.scale, MapViewport::fitted(m_view.size).scale * MapViewport::kMaxZoom);
    flyTo(target);
}

void MapView::hoverAt(QPointF at)
{
    m_pointer = at;
    const MapLayout& layout = layoutNow();
    const int hit = layout.hit(at);
    const int area = hit < 0 && m_showFlows ? layout.hitArea(at) : -1;
    if (hit != m_hovered) {
        m_hovered = hit;
        const bool single = hit >= 0 && !layout.placed[static_cast<std::size_t>(hit)].isCluster();
        Q_EMIT markerHovered(single ? markerAt(layout.placed[static_cast<std::size_t>(hit)].members.front()).id : -1);
        update();
    }
    if (!m_press.panning) {
        if (hit >= 0 || area >= 0) {
            setCursor(Qt::PointingHandCursor);
        } else {
            unsetCursor();
        }
    }
    if (hit >= 0) {
        showPanelFor(hit, at);
    } else if (area >= 0) {
        const MapArea& a = m_scene.areas[static_cast<std::size_t>(area)];
        m_panel->showAt(QStringLiteral("<b>%1</b> <span style='color:%3'>user area</span><br>%2 requests/s")
                            .arg(escaped(a.name), count(a.requestsPerSecond).joined(), theme().muted.name()),
                        at.toPoint());
    } else {
        m_panel->hide();
    }
}

void MapView::showPanelFor(int placed, QPointF at)
{
    m_panel->showAt(panelHtml(placed), at.toPoint());
}

QString MapView::panelHtml(int placedIndex) const
{
    const PlacedMarker& placed = layoutNow().placed[static_cast<std::size_t>(placedIndex)];
    const Theme& t = theme();
    if (!placed.isCluster() && tooltipProvider) {
        return tooltipProvider(markerAt(placed.members.front()).id);
    }
    QString rows;
    QString head;
    if (placed.isCluster()) {
        constexpr std::size_t kShown = 10;
        head = QStringLiteral("<b>%1 places</b> <span style='color:%3'>%2 accelerators</span>")
                   .arg(placed.members.size())
                   .arg(count(placed.size).joined(), t.muted.name());
        for (std::size_t i = 0; i < std::min(kShown, placed.members.size()); ++i) {
            const MapMarker& m = markerAt(placed.members[i]);
            rows +=
                row(escaped(m.name) + (m.trouble ? QStringLiteral(" !") : QString()),
                    percent(m.utilization, 0).joined(), t.text.name(), m.trouble ? t.trouble.name() : t.muted.name());
        }
        if (placed.members.size() > kShown) {
            rows += row(QStringLiteral("and %1 more").arg(placed.members.size() - kShown), {}, t.muted.name(),
                        t.muted.name());
        }
    } else {
        const MapMarker& m = markerAt(placed.members.front());
        head = QStringLiteral("<b>%1</b> <span style='color:%3'>utilization %2</span>")
                   .arg(escaped(m.name), percent(m.utilization, 0).joined(), t.muted.name());
        for (const MapSlice& slice : placed.slices) {
            rows +=
                row(QStringLiteral("<span style='color:%1'>■</span> %2").arg(slice.color.name(), escaped(slice.label)),
                    count(slice.value).joined(), t.text.name(), t.text.name());
        }
    }
    return QStringLiteral("%1<table cellspacing='0' cellpadding='1' style='margin-top:4px'>%2</table>")
               .arg(head, rows) +
           (placed.isCluster() ? QStringLiteral("<span style='color:%1'>Click to zoom in</span>").arg(t.faint.name())
                               : QString());
}

// --- keyboard --------------------------------------------------------------------------------------------------------

void MapView::keyPressEvent(QKeyEvent* event)
{
    const QPointF middle = QRectF(rect()).center();
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        flyTo(m_view.zoomedAt(middle, kKeyZoom));
        return;
    case Qt::Key_Minus:
        flyTo(m_view.zoomedAt(middle, 1 / kKeyZoom));
        return;
    case Qt::Key_0:
        resetView();
        return;
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Down:
        walk(event->key());
        return;
    case Qt::Key_Escape:
        m_panel->hide();
        event->ignore(); // the window may have a use for it
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space: {
        const int placed = placedOf(m_focusedId);
        if (placed < 0) {
            break;
        }
        if (layoutNow().placed[static_cast<std::size_t>(placed)].isCluster()) {
            zoomInto(placed);
        } else if (event->key() == Qt::Key_Space) {
            Q_EMIT markerClicked(m_focusedId, event->modifiers());
        } else {
            Q_EMIT markerActivated(m_focusedId);
        }
        return;
    }
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

/// To the nearest donut in the arrow's quarter; sideways distance counts double.
void MapView::walk(int key)
{
    const MapLayout& layout = layoutNow();
    const int from = placedOf(m_focusedId);
    int best = -1;
    if (from < 0) {
        best = layout.placed.empty() ? -1 : 0;
    } else {
        const QPointF way = key == Qt::Key_Left    ? QPointF(-1, 0)
                            : key == Qt::Key_Right ? QPointF(1, 0)
                            : key == Qt::Key_Up    ? QPointF(0, -1)
                                                   : QPointF(0, 1);
        double nearest = 1e18;
        for (std::size_t i = 0; i < layout.placed.size(); ++i) {
            const QPointF d = layout.placed[i].at - layout.placed[static_cast<std::size_t>(from)].at;
            const double along = QPointF::dotProduct(d, way), across = std::abs(d.x() * way.y() - d.y() * way.x());
            if (static_cast<int>(i) != from && along > 0 && across <= 1.2 * along && along + 2 * across < nearest) {
                nearest = along + 2 * across;
                best = static_cast<int>(i);
            }
        }
    }
    if (best < 0) {
        return;
    }
    m_focusedId = markerAt(layout.placed[static_cast<std::size_t>(best)].members.front()).id;
    const QPointF at = layout.placed[static_cast<std::size_t>(best)].at;
    const QRectF inside = QRectF(rect()).adjusted(30, 30, -30, -30);
    invalidateLayout();
    if (!inside.contains(at)) {
        flyTo(m_view.panned(QRectF(rect()).center() - at));
        m_panel->hide();
    } else {
        showPanelFor(placedOf(m_focusedId), at);
    }
    update();
}

void MapView::focusOutEvent(QFocusEvent* event)
{
    m_panel->hide();
    invalidateLayout();
    update();
    QWidget::focusOutEvent(event);
}

} // namespace isobar::ui

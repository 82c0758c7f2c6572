// SPDX-License-Identifier: GPL-3.0-or-later
// What MapView does with pointer and keyboard.
#include "ui/map/float_panel.h"
#include "ui/map/map_finder.h"
#include "ui/map/map_view.h"
#include "ui/shell/format.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kKeyZoom = 1.5;
constexpr double kKeyPan = 0.2;     ///< of the window's smaller side
constexpr double kFarRadians = 0.3; ///< a place with no other so near is alone at any zoom
constexpr double kAlonePx = 90;     ///< from a place that was looked for to the next one
constexpr double kFoundZoom = 3, kNearestZoom = 16;
constexpr QPointF kNowhere(-1e4, -1e4); ///< where the pointer is when it is not over the map

QPointF wayOf(int key)
{
    return key == Qt::Key_Left    ? QPointF(-1, 0)
           : key == Qt::Key_Right ? QPointF(1, 0)
           : key == Qt::Key_Up    ? QPointF(0, -1)
                                  : QPointF(0, 1);
}

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
    const int area = m_layers.flows || ringsShown() ? layout.hitArea(event->position()) : -1;
    if (area >= 0) {
        if (ringsShown()) {
            m_layers.latencyArea = m_scene->areas[static_cast<std::size_t>(area)].id;
            layersChanged();
        }
        Q_EMIT areaClicked(m_scene->areas[static_cast<std::size_t>(area)].id, event->modifiers());
    } else if (const int entry = layout.hitLegend(event->position()); entry >= 0) {
        const QString label = layout.legend[static_cast<std::size_t>(entry)].label; // who hears may change the scene
        Q_EMIT partClicked(m_layers.look.split, label);
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
        bounds |= QRectF(m_view.projection.project(markerAt(member).at), QSizeF(1e-9, 1e-9));
    }
    const double fit = 0.45 * std::min(width() / bounds.width(), height() / bounds.height());
    MapViewport target = m_view;
    if (!m_view.projection.isGlobe()) {
        target.center = bounds.center();
    } else if (const auto middle = m_view.projection.unproject(bounds.center())) {
        target = target.centredOn(*middle);
    }
    target.scale = std::clamp(fit, 1.8 * m_view.scale, 4.0 * m_view.scale);
    target.scale = std::min(target.scale, m_view.fitted().scale * MapViewport::kMaxZoom);
    flyTo(target);
}

void MapView::hoverAt(QPointF at)
{
    m_pointer = at;
    const MapLayout& layout = layoutNow();
    const int hit = layout.hit(at);
    const int area = hit < 0 && (m_layers.flows || ringsShown()) ? layout.hitArea(at) : -1;
    if (hit != m_hovered) {
        m_hovered = hit;
        const bool single = hit >= 0 && !layout.placed[static_cast<std::size_t>(hit)].isCluster();
        Q_EMIT markerHovered(single ? markerAt(layout.placed[static_cast<std::size_t>(hit)].members.front()).id : -1);
        update();
    }
    if (!m_press.panning) {
        if (hit >= 0 || area >= 0 || layout.hitLegend(at) >= 0) {
            setCursor(Qt::PointingHandCursor);
        } else {
            unsetCursor();
        }
    }
    if (hit >= 0) {
        showPanelFor(hit, at);
    } else if (area >= 0) {
        const MapArea& a = m_scene->areas[static_cast<std::size_t>(area)];
        m_panel->showAt(QStringLiteral("<b>%1</b> <span style='color:%3'>user area</span><br>%2 requests/s")
                            .arg(escaped(a.name), count(a.requestsPerSecond).joined(), theme().muted.name()),
                        at.toPoint());
    } else if (layout.legendLines.isEmpty() && layout.legendRect.contains(at)) {
        QStringList lines;
        for (const QString& line : legendLines(layout, *m_scene, layoutOptions())) {
            lines += escaped(line).replace(QStringLiteral(" · "), QStringLiteral("<br>"));
        }
        m_panel->showAt(lines.join(QStringLiteral("<br>")), at.toPoint());
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
        std::vector<int> largest = placed.members; // of very many only the first is in order
        std::partial_sort(largest.begin(),
                          largest.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, largest.size())),
                          largest.end(), [this](int a, int b) { return markerAt(a).size > markerAt(b).size; });
        head = QStringLiteral("<b>%1 places</b> <span style='color:%3'>%2 accelerators</span>")
                   .arg(placed.members.size())
                   .arg(count(placed.size).joined(), t.muted.name());
        for (std::size_t i = 0; i < std::min(kShown, placed.members.size()); ++i) {
            const MapMarker& m = markerAt(largest[i]);
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
    const QPointF middle = m_view.middleOfSight();
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
        if ((event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier)) != 0) {
            const QPointF way = wayOf(event->key());
            flyTo(m_view.panned(-way * kKeyPan * std::min(width(), height())));
        } else {
            walk(event->key());
        }
        return;
    case Qt::Key_T:
        setTableShown(!tableShown());
        return;
    case Qt::Key_Slash:
        enterFinder();
        return;
    case Qt::Key_Escape:
        if (tableShown()) {
            setTableShown(false);
            return;
        }
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

/// To the nearest place in the arrow's quarter; sideways distance counts double. Flat maps go on at the other edge
/// where there is none; on the globe directions are those of the compass at the place, and it turns to what is behind.
void MapView::walk(int key)
{
    const MapLayout& layout = layoutNow();
    int from = -1;
    for (std::size_t i = 0; i < m_scene->markers.size(); ++i) {
        from = m_scene->markers[i].id == m_focusedId ? static_cast<int>(i) : from;
    }
    if (from < 0) {
        if (!layout.placed.empty()) {
            focusMarker(layout.placed.front().members.front());
        }
        return;
    }
    const QPointF way = wayOf(key);
    const LatLon here = markerAt(from).at;
    const int home = layout.placedOfMarker[static_cast<std::size_t>(from)];
    const GlobeTurn turn(here);
    int best = -1;
    double nearest = 1e18;
    const auto consider = [&](QPointF d, int index) {
        const double along = QPointF::dotProduct(d, way), across = std::abs(d.x() * way.y() - d.y() * way.x());
        if (along > 0 && across <= 1.2 * along && along + 2 * across < nearest) {
            nearest = along + 2 * across;
            best = index;
        }
    };
    if (m_view.projection.isGlobe()) {
        for (std::size_t i = 0; i < m_scene->markers.size(); ++i) {
            const int placed = layout.placedOfMarker[i];
            if (static_cast<int>(i) != from && (placed < 0 || placed != home)) {
                const UnitVector v = turn.turned(unitVector(m_scene->markers[i].at));
                const double away = std::acos(std::clamp(v[2], -1.0, 1.0)), flat = std::hypot(v[0], v[1]);
                consider(QPointF(v[0], -v[1]) * (flat > 0 ? away / flat : 0), static_cast<int>(i));
            }
        }
    } else if (home >= 0) {
        const QPointF start = layout.placed[static_cast<std::size_t>(home)].at;
        for (const bool around : {false, true}) {
            for (std::size_t i = 0; i < layout.placed.size(); ++i) {
                if (static_cast<int>(i) == home) {
                    continue;
                }
                const int index = layout.placed[i].members.front();
                const LatLon at = markerAt(index).at;
                const double turns = around ? 360.0 * way.x() : 0.0; // what lies beyond that edge
                consider(layout.placed[i].at - start +
                             (m_view.place({at.latitude, at.longitude + turns}) - m_view.place(at)),
                         index);
            }
            if (best >= 0 || way.x() == 0) {
                break;
            }
        }
    }
    if (best >= 0) {
        focusMarker(best);
    }
}

void MapView::focusMarker(int index)
{
    m_focusedId = markerAt(index).id;
    invalidateLayout();
    const int placed = placedOf(m_focusedId);
    const QPointF at = placed >= 0 ? layoutNow().placed[static_cast<std::size_t>(placed)].at : QPointF();
    if (placed < 0 || !QRectF(rect()).adjusted(30, 30, -30, -30).contains(at)) {
        flyTo(m_view.centredOn(markerAt(index).at));
        m_panel->hide();
    } else {
        showPanelFor(placed, at);
    }
    update();
}

void MapView::goTo(int markerId)
{
    const int index = m_cache.indexOf(*m_scene, markerId);
    if (index < 0) {
        return;
    }
    setTableShown(false);
    setFocus(Qt::OtherFocusReason);
    arrangeTools();
    m_focusedId = markerId;
    invalidateLayout();
    const LatLon at = markerAt(index).at;
    const UnitVector here = unitVector(at);
    double nearest = kFarRadians; // to the next place; on the plane it is about as far
    for (const MapMarker& other : m_scene->markers) {
        if (other.id != markerId) {
            nearest = std::min(nearest, std::acos(std::clamp(dot(here, unitVector(other.at)), -1.0, 1.0)));
        }
    }
    const double world = m_view.fitted().scale;
    const double alone = kAlonePx / std::max(nearest, 1e-6);
    MapViewport target = m_view;
    target.scale = std::clamp(alone, std::max(kFoundZoom * world, m_view.scale), kNearestZoom * world);
    flyTo(target.centredOn(at));
    Q_EMIT markerClicked(markerId, Qt::NoModifier);
}

void MapView::focusOutEvent(QFocusEvent* event)
{
    m_panel->hide();
    invalidateLayout();
    update();
    QWidget::focusOutEvent(event);
}

} // namespace isobar::ui

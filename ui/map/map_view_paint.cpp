// SPDX-License-Identifier: GPL-3.0-or-later
// What MapView paints every frame: the backdrop's picture, dots on the flows, donuts and labels as cached sprites.
#include "ui/map/map_paint.h"
#include "ui/map/map_view.h"

#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kDotSpeed = 46;    ///< pixels a second
constexpr double kDotSpacing = 150; ///< pixels between dots of the strongest flow
constexpr int kMaxDots = 420;
constexpr qsizetype kMaxSprites = 4000;
constexpr double kPulsesPerSecond = 0.6, kPulseReach = 9;
constexpr int kMaxPulses = 24;
constexpr double kTurningTolerance = 2.0; ///< pixels
constexpr qint64 kSyncPauseMs = 120;

} // namespace

const QPixmap& MapView::sprite(std::size_t key, QSizeF size, const std::function<void(QPainter&)>& paint)
{
    auto found = m_sprites.find(key);
    if (found == m_sprites.end()) {
        if (m_sprites.size() > kMaxSprites) {
            m_sprites.clear();
        }
        const double dpr = devicePixelRatioF();
        QPixmap pixmap((size * dpr).toSize().expandedTo(QSize(1, 1)));
        pixmap.setDevicePixelRatio(dpr);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(painter);
        painter.end();
        found = m_sprites.insert(key, pixmap);
    }
    return *found;
}

void MapView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const MapLayout& layout = layoutNow(); // counts itself
    m_meter.begin();
    paintBackdropLayer(painter);
    m_meter.lap(FrameLayer::Backdrop);
    if (m_layers.flows || ringsShown()) {
        if (m_flowing && m_layers.flows) {
            paintDots(painter);
        }
        paintAreas(painter, *m_scene, layout, m_emphasis, theme());
    }
    m_meter.lap(FrameLayer::Dots);
    if (m_flowing) {
        paintPulse(painter);
    }
    paintMarkers(painter);
    m_meter.lap(FrameLayer::Donuts);
    paintLabels(painter);
    m_meter.lap(FrameLayer::Labels);
    if (!layout.legendRect.isEmpty()) {
        std::size_t key = qHashMulti(1, layout.legendRect.width(), m_layers.flows, m_layers.isobars,
                                     layout.hasUnwellFlows(), m_scene->legendNote, layout.moreFlows,
                                     std::lround(100 * layout.moreShare), static_cast<int>(m_layers.look.scale));
        for (const LegendEntry& entry : layout.legend) {
            key = qHashMulti(key, entry.label, entry.color.rgb());
        }
        if (layout.scale) {
            key = qHashMulti(key, static_cast<int>(layout.scale->measure()), layout.scale->low(), layout.scale->high());
            key = qHashRange(layout.scale->histogram().begin(), layout.scale->histogram().end(), key);
        }
        painter.drawPixmap(layout.legendRect.topLeft(), sprite(key, layout.legendRect.size(), [&](QPainter& p) {
                               MapLayout atOrigin = layout;
                               atOrigin.legendRect = QRectF(QPointF(), layout.legendRect.size());
                               paintLegend(p, *m_scene, atOrigin, m_layers, theme());
                           }));
    }
    paintFrame(painter);
    m_meter.lap(FrameLayer::Overlay);
    m_meter.end();
}

/// Rings that leave what is in trouble: two of them, half a way apart.
void MapView::paintPulse(QPainter& painter)
{
    const Theme& t = theme();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setBrush(Qt::NoBrush);
    int rings = 0;
    for (const PlacedMarker& m : layoutNow().placed) {
        if (!m.trouble || m.faded || !rect().contains(m.at.toPoint()) || ++rings > kMaxPulses) {
            continue;
        }
        const double phase = std::fmod(m_flowSeconds * kPulsesPerSecond + 0.37 * m.members.front(), 1.0);
        painter.setPen(QPen(mixed(t.trouble, t.ground, 0.25 + 0.75 * phase), 1));
        const double r = m.outerRadius() + 4 + kPulseReach * phase;
        painter.drawEllipse(m.at, r, r);
    }
}

void MapView::paintBackdropLayer(QPainter& painter)
{
    const BackdropImage& now = m_backdrop.current();
    const QSize pixels = (m_view.size * devicePixelRatioF()).toSize();
    if (now.picture.isNull() || now.picture.size() != pixels) {
        // The first picture and one after a resize are painted at once; while the size keeps changing, by the worker.
        if (now.picture.isNull() || !m_sinceSync.isValid() || m_sinceSync.elapsed() > kSyncPauseMs) {
            m_backdrop.renderNow(backdropRequest());
            m_sinceSync.start();
        } else if (!m_backdrop.busy()) {
            m_backdrop.renderSoon(backdropRequest());
        }
    }
    const BackdropImage& image = m_backdrop.current();
    if (image.view == m_view) {
        painter.drawImage(QPointF(), image.picture);
        return;
    }
    m_meter.lap(FrameLayer::Backdrop);
    if (m_view.projection.isGlobe() || image.view.projection.kind != m_view.projection.kind) {
        // A picture of a globe in another turn cannot be moved into place: the land is painted at once, with less
        // detail.
        paintBase(painter, m_view, theme(), kTurningTolerance, true, false);
        m_meter.lap(FrameLayer::Backdrop);
        if (m_layers.flows) {
            paintFlows(painter, *m_scene, layoutNow(), m_emphasis, theme());
        }
        m_meter.lap(FrameLayer::Arcs);
        return;
    }
    painter.fillRect(rect(), theme().ground);
    const QPointF corner = m_view.toScreen(image.view.toPlane(QPointF()));
    const double grown = m_view.scale / image.view.scale;
    if (std::abs(grown - 1) < 1e-6) {
        painter.drawImage(corner.toPoint(), image.picture);
    } else {
        painter.drawImage(QRectF(corner, image.view.size * grown), image.picture);
    }
}

void MapView::paintDots(QPainter& painter)
{
    const MapLayout& layout = layoutNow();
    const Theme& t = theme();
    const auto dot = [&](const QColor& color, double radius) -> const QPixmap& {
        return sprite(qHashMulti(2, color.rgba(), radius), QSizeF(8, 8), [&](QPainter& p) {
            p.setRenderHint(QPainter::Antialiasing, true);
            p.setPen(Qt::NoPen);
            p.setBrush(color);
            p.drawEllipse(QPointF(4, 4), radius, radius);
        });
    };
    const QRectF window = QRectF(rect()).adjusted(-4, -4, 4, 4);
    int dots = 0;
    // The strongest first: when there are too many, the faint ones go without.
    for (std::size_t back = layout.flows.size(); back-- > 0 && dots < kMaxDots;) {
        const PlacedFlow& flow = layout.flows[back];
        const FlowTone tone = flowTone(*m_scene, layout, back, m_emphasis);
        if (tone == FlowTone::Faded || flow.state == MapFlow::State::Lost || flow.length < 24) {
            continue;
        }
        const QColor color = flow.state == MapFlow::State::Slow             ? t.caution
                             : tone == FlowTone::Strong && m_emphasis.any() ? mixed(t.accent, t.text, 0.3)
                             : tone == FlowTone::Strong                     ? t.text
                                                                            : mixed(t.flow, t.text, 0.25);
        const double radius = tone == FlowTone::Strong ? 2.2 : 1.5;
        const QPixmap head = dot(color, radius), tail = dot(mixed(t.land, color, 0.55), radius * 0.75);
        // Rate is told by how close the dots follow each other.
        const double spacing = kDotSpacing / (0.35 + 0.65 * std::sqrt(flow.strength));
        const double speed = flow.state == MapFlow::State::Slow ? 0.4 * kDotSpeed : kDotSpeed;
        double next = std::fmod(m_flowSeconds * speed + 37.0 * static_cast<double>(back), spacing);
        double before = 0;
        for (const QPolygonF& piece : flow.pieces) {
            for (qsizetype i = 1; i < piece.size(); ++i) {
                const QPointF step = piece[i] - piece[i - 1];
                const double length = std::hypot(step.x(), step.y());
                while (next <= before + length && length > 0 && dots < kMaxDots) {
                    const QPointF at = piece[i - 1] + step * ((next - before) / length);
                    if (window.contains(at)) {
                        painter.drawPixmap(at - step * (4.5 / length) - QPointF(4, 4), tail);
                        painter.drawPixmap(at - QPointF(4, 4), head);
                        ++dots;
                    }
                    next += spacing;
                }
                before += length;
            }
        }
    }
}

void MapView::paintMarkers(QPainter& painter)
{
    const MapLayout& layout = layoutNow();
    const Theme& t = theme();
    const QRectF window = QRectF(rect()).adjusted(-30, -30, 30, 30);
    const double dpr = devicePixelRatioF();
    const int focused = m_focusedId >= 0 && hasFocus() ? placedOf(m_focusedId) : -1;
    painter.setRenderHint(QPainter::Antialiasing, true);
    for (const PlacedMarker& m : layout.placed) { // a thin line to the true place of what was moved
        if (!m.fanned && std::hypot(m.at.x() - m.anchor.x(), m.at.y() - m.anchor.y()) > m.outerRadius()) {
            painter.setPen(QPen(t.faint, 1));
            painter.drawLine(m.anchor, m.at);
        }
    }
    for (std::size_t back = layout.placed.size(); back-- > 0;) { // small ones below
        const PlacedMarker& m = layout.placed[back];
        if (m.fanned && (back + 1 == layout.placed.size() || !layout.placed[back + 1].fanned)) {
            paintFan(painter); // the fanned ones come last, over everything
        }
        if (!window.contains(m.at)) {
            continue;
        }
        DonutLook look;
        look.selected = contains(m, m_emphasis.markers);
        look.faded = !m_dragging && (m.faded || (!m_emphasis.markers.isEmpty() && !look.selected));
        look.drop = dropMarkOf(m);
        const QChar letter = m.slices.empty() ? QChar() : layout.letterOf(m.slices.front().label);
        std::size_t key =
            qHashMulti(3, std::lround(m.radius * 8), std::lround(std::clamp(m.utilization, 0.0, 1.0) * 200),
                       (look.selected ? 1 : 0) | (look.faded ? 2 : 0) | (m.trouble ? 4 : 0),
                       static_cast<int>(look.drop), m.members.size(), letter.unicode());
        for (const MapSlice& slice : m.slices) {
            key = qHashMulti(key, slice.color.rgb(), std::lround(200 * slice.value / std::max(1.0, m.size)));
        }
        const double extent = donutExtent(m);
        const QPixmap& donut = sprite(key, QSizeF(2 * extent, 2 * extent), [&](QPainter& p) {
            p.translate(extent, extent);
            paintDonut(p, m, letter, look, t);
        });
        // On whole device pixels, so that the sprite stays sharp.
        const QPointF corner = m.at - QPointF(extent, extent);
        painter.drawPixmap(QPointF(std::round(corner.x() * dpr) / dpr, std::round(corner.y() * dpr) / dpr), donut);
        if (static_cast<int>(back) == m_hovered || static_cast<int>(back) == focused) {
            painter.setPen(QPen(static_cast<int>(back) == focused ? t.accent : t.text, 1.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(m.at, m.outerRadius() + 2.5, m.outerRadius() + 2.5);
        }
    }
}

void MapView::paintLabels(QPainter& painter)
{
    const Theme& t = theme();
    const double dpr = devicePixelRatioF();
    for (const PlacedMarker& m : layoutNow().placed) {
        if (!m.labelled) {
            continue;
        }
        const bool faded = (!m_dragging && !m_emphasis.markers.isEmpty() && !contains(m, m_emphasis.markers)) ||
                           dropMarkOf(m) == DropMark::No;
        const QPixmap& label = sprite(qHashMulti(4, faded, m.trouble, m.title, m.note), m.labelRect.size(),
                                      [&](QPainter& p) { paintLabel(p, m, faded, t); });
        paintLeader(painter, m, t);
        painter.drawPixmap(
            QPointF(std::round(m.labelRect.left() * dpr) / dpr, std::round(m.labelRect.top() * dpr) / dpr), label);
    }
}

void MapView::paintFan(QPainter& painter)
{
    const MapLayout& layout = layoutNow();
    const Theme& t = theme();
    painter.setPen(QPen(t.flow, 1));
    painter.setBrush(t.raised);
    painter.drawEllipse(layout.fanDisc.adjusted(0.5, 0.5, -0.5, -0.5));
    painter.setPen(QPen(t.faint, 1));
    for (const PlacedMarker& m : layout.placed) {
        if (m.fanned) {
            painter.drawLine(m.anchor, m.at);
        }
    }
    painter.setBrush(t.faint);
    painter.drawEllipse(layout.fanDisc.center(), 2, 2);
}

/// The card's rounded corners and its line.
void MapView::paintFrame(QPainter& painter)
{
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const double r = Theme::kPanelRadius;
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme().ground);
    const QRectF all(rect());
    for (const QPointF& corner : {all.topLeft(), all.topRight(), all.bottomLeft(), all.bottomRight()}) {
        const QPointF inward(corner.x() > 0 ? -r : r, corner.y() > 0 ? -r : r);
        QPainterPath path;
        path.addRect(QRectF(corner, corner + inward).normalized());
        QPainterPath round;
        round.addEllipse(corner + inward, r, r);
        painter.drawPath(path.subtracted(round));
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(hasFocus() ? mixed(theme().line, theme().accent, 0.6) : theme().line, 1));
    painter.drawRoundedRect(box, r, r);
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
// What MapView paints every frame: the backdrop's picture, dots on the flows, donuts and labels as cached sprites.
#include "model/fleet/process_clock.h"
#include "ui/map/map_paint.h"
#include "ui/map/map_view.h"

#include <QPainterPath>
#include <QStaticText>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kDotSpeed = 46;    ///< pixels a second
constexpr double kDotSpacing = 150; ///< pixels between dots of the strongest flow
constexpr int kMaxDots = 420;
constexpr qsizetype kMaxSprites = 4000;
/// Processor time for new pictures in one frame, which is overrun by less than one picture; until the next frames other
/// donuts are plain, and other labels are not there.
constexpr double kNewDonutsSeconds = 1.5e-3, kNewLabelsSeconds = 0.7e-3;
constexpr double kLabelEdge = 1.5;
constexpr double kPulsesPerSecond = 0.6, kPulseReach = 9;
constexpr int kMaxPulses = 24;
constexpr double kTurningTolerance = 2.0; ///< pixels
constexpr qint64 kSyncPauseMs = 120;

/// What paintLabel() paints, for the screen: the edge is the same text a little to all sides, which is ten times as
/// fast as the stroke around its outline that exports take.
void paintLabelOnScreen(QPainter& painter, const PlacedMarker& marker, bool faded, const Theme& theme)
{
    const QFont f = font(TextRole::Secondary);
    const QFontMetricsF metrics(f);
    const double baseline = (marker.labelRect.height() + metrics.ascent() - metrics.descent()) / 2;
    const QString gap = marker.note.isEmpty() ? QString() : QStringLiteral(" ");
    const double noteX = 1 + metrics.horizontalAdvance(marker.title + gap);
    paintLabelGround(painter, marker.labelRect.size(), theme);
    painter.setFont(f);
    painter.setPen(theme.ground);
    QStaticText all(marker.title + gap + marker.note);
    all.setTextFormat(Qt::PlainText);
    all.prepare({}, f);
    const QPointF corner(1, baseline - metrics.ascent());
    for (const QPointF& side : {QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1), QPointF(0.7, 0.7),
                                QPointF(-0.7, 0.7), QPointF(0.7, -0.7), QPointF(-0.7, -0.7)}) {
        painter.drawStaticText(corner + side * kLabelEdge, all);
    }
    painter.setPen(faded ? theme.faint : theme.text);
    painter.drawText(QPointF(1, baseline), marker.title);
    painter.setPen(faded ? theme.faint : marker.trouble ? theme.trouble : theme.muted);
    painter.drawText(QPointF(noteX, baseline), marker.note);
}

} // namespace

/// One painted before, or null.
const QPixmap* MapView::keptSprite(std::size_t key)
{
    auto found = m_sprites.find(key);
    if (found != m_sprites.end()) {
        return &*found;
    }
    const auto old = m_oldSprites.find(key);
    return old != m_oldSprites.end() ? &*m_sprites.insert(key, *old) : nullptr;
}

const QPixmap& MapView::sprite(std::size_t key, QSizeF size, const std::function<void(QPainter&)>& paint)
{
    if (const QPixmap* kept = keptSprite(key)) {
        return *kept;
    }
    if (m_sprites.size() > kMaxSprites) {
        m_oldSprites = std::exchange(m_sprites, {});
    }
    const double dpr = devicePixelRatioF();
    QPixmap pixmap((size * dpr).toSize().expandedTo(QSize(1, 1)));
    pixmap.setDevicePixelRatio(dpr);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paint(painter);
    painter.end();
    return *m_sprites.insert(key, pixmap);
}

/// The picture of a donut. Once the frame's budget of new ones is spent: of one like it, without parts and figures.
QPixmap MapView::donutSprite(const PlacedMarker& m, const DonutLook& look, double& budgetSeconds)
{
    const QChar letter = m.slices.empty() ? QChar() : layoutNow().letterOf(m.slices.front().label);
    const int flags = (look.selected ? 1 : 0) | (look.faded ? 2 : 0) | (m.trouble ? 4 : 0);
    std::size_t key = qHashMulti(3, std::lround(m.radius * 8), std::lround(std::clamp(m.utilization, 0.0, 1.0) * 200),
                                 flags, static_cast<int>(look.drop), m.members.size(), letter.unicode());
    for (const MapSlice& slice : m.slices) {
        key = qHashMulti(key, slice.color.rgb(), std::lround(200 * slice.value / std::max(1.0, m.size)));
    }
    if (const QPixmap* kept = keptSprite(key)) {
        return *kept;
    }
    if (budgetSeconds > 0 || m_everySprite || m.slices.empty()) {
        const double before = threadCpuSeconds(), extent = donutExtent(m);
        const QPixmap painted = sprite(key, QSizeF(2 * extent, 2 * extent), [&](QPainter& p) {
            p.translate(extent, extent);
            paintDonut(p, m, letter, look, theme());
        });
        budgetSeconds -= threadCpuSeconds() - before;
        return painted;
    }
    m_spritesLeft = true;
    PlacedMarker plain;
    plain.radius = 2 * std::round(m.radius / 2);
    plain.trouble = m.trouble;
    plain.slices = {*std::max_element(m.slices.begin(), m.slices.end(),
                                      [](const MapSlice& a, const MapSlice& b) { return a.value < b.value; })};
    const double extent = donutExtent(plain);
    return sprite(qHashMulti(5, plain.radius, plain.slices.front().color.rgb(), flags, static_cast<int>(look.drop)),
                  QSizeF(2 * extent, 2 * extent), [&](QPainter& p) {
                      p.translate(extent, extent);
                      paintDonut(p, plain, QChar(), look, theme());
                  });
}

void MapView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (tableShown()) {
        painter.fillRect(rect(), theme().panel);
        paintFrame(painter);
        return;
    }
    const MapLayout& layout = layoutNow(); // counts itself
    m_meter.begin();
    paintBackdropLayer(painter);
    m_meter.lap(FrameLayer::Backdrop);
    if (m_flowing) {
        paintDots(painter);
    }
    if (m_layers.flows || ringsShown()) {
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
        std::size_t key = qHashMulti(1, layout.legendRect.width(), layout.legendRect.height(),
                                     static_cast<int>(m_layers.look.scale), static_cast<int>(m_layers.look.group));
        key = qHashRange(layout.legendLines.begin(), layout.legendLines.end(), key);
        for (const LegendEntry& entry : layout.legend) {
            key = qHashMulti(key, entry.label, entry.color.rgb());
        }
        if (layout.scale) {
            key = qHashMulti(key, static_cast<int>(layout.scale->measure()), layout.scale->low(), layout.scale->high());
            key = qHashRange(layout.scale->histogram().begin(), layout.scale->histogram().end(), key);
        }
        painter.drawPixmap(layout.legendRect.topLeft(), sprite(key, layout.legendRect.size(), [&](QPainter& p) {
                               p.translate(-layout.legendRect.topLeft());
                               paintLegend(p, layout, m_layers.look, theme());
                           }));
    }
    paintFrame(painter);
    m_everySprite = false;
    if (std::exchange(m_spritesLeft, false)) {
        QTimer::singleShot(0, this, qOverload<>(&QWidget::update)); // the rest of them
    }
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
            paintFlows(painter, layoutNow(), m_emphasis.any(), theme());
        }
        if (m_layers.spills) {
            paintSpills(painter, layoutNow(), theme());
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

/// Dots that run the way of a lane; at most `room` of them, which shrinks.
void MapView::paintDotsOn(QPainter& painter, const PlacedFlow& flow, Lane lane, double phase, int& room)
{
    if (flow.tone == FlowTone::Faded || flow.state == MapFlow::State::Lost || flow.length < 24) {
        return;
    }
    const Theme& t = theme();
    const bool strong = flow.tone == FlowTone::Strong;
    const auto dot = [&](const QColor& color, double radius) -> QPixmap {
        return sprite(qHashMulti(2, color.rgba(), radius), QSizeF(8, 8), [&](QPainter& p) {
            p.setRenderHint(QPainter::Antialiasing, true);
            p.setPen(Qt::NoPen);
            p.setBrush(color);
            p.drawEllipse(QPointF(4, 4), radius, radius);
        });
    };
    const QColor color = flow.state == MapFlow::State::Slow ? t.caution
                         : lane == Lane::Answers            ? mixed(t.accent, t.text, 0.35)
                         : lane == Lane::Spill              ? t.text
                         : strong && m_emphasis.any()       ? mixed(t.accent, t.text, 0.3)
                         : strong                           ? t.text
                                                            : mixed(t.flow, t.text, 0.25);
    const double radius = strong ? 2.2 : 1.5;
    const QPixmap head = dot(color, radius), tail = dot(mixed(t.land, color, 0.55), radius * 0.75);
    // Rate is told by how close the dots follow each other.
    const double spacing = kDotSpacing / (0.35 + 0.65 * std::sqrt(flow.strength));
    const double speed = flow.state == MapFlow::State::Slow ? 0.4 * kDotSpeed : kDotSpeed;
    const QRectF window = QRectF(rect()).adjusted(-4, -4, 4, 4);
    double next = std::fmod(m_flowSeconds * speed + phase, spacing);
    double before = 0;
    for (const QPolygonF& piece : flow.pieces) {
        for (qsizetype i = 1; i < piece.size(); ++i) {
            const QPointF step = piece[i] - piece[i - 1];
            const double length = std::hypot(step.x(), step.y());
            while (next <= before + length && length > 0 && room > 0) {
                const QPointF at = piece[i - 1] + step * ((next - before) / length);
                if (window.contains(at)) {
                    painter.drawPixmap(at - step * (4.5 / length) - QPointF(4, 4), tail);
                    painter.drawPixmap(at - QPointF(4, 4), head);
                    --room;
                }
                next += spacing;
            }
            before += length;
        }
    }
}

void MapView::paintDots(QPainter& painter)
{
    const MapLayout& layout = layoutNow();
    int room = kMaxDots;
    // The strongest first: when there are too many, the faint ones go without.
    const auto run = [&](const std::vector<PlacedFlow>& flows, Lane lane) {
        for (std::size_t back = flows.size(); back-- > 0 && room > 0;) {
            paintDotsOn(painter, flows[back], lane, 37.0 * static_cast<double>(back), room);
        }
    };
    run(layout.spills, Lane::Spill);
    run(layout.answers, Lane::Answers);
    run(layout.flows, Lane::Requests);
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
    const std::vector<bool> faded = fadedDonuts(*m_scene, layout, m_emphasis);
    std::vector<QPixmap> donuts(layout.placed.size());
    double budget = kNewDonutsSeconds;
    for (std::size_t i = 0; i < layout.placed.size(); ++i) { // the budget goes to the large ones
        const PlacedMarker& m = layout.placed[i];
        if (window.contains(m.at)) {
            DonutLook look;
            look.selected = contains(m, m_emphasis.markers);
            look.faded = !m_dragging && (m.faded || (!faded.empty() && faded[i]));
            look.drop = dropMarkOf(m);
            donuts[i] = donutSprite(m, look, budget);
        }
    }
    for (std::size_t back = layout.placed.size(); back-- > 0;) { // small ones below
        const PlacedMarker& m = layout.placed[back];
        if (m.fanned && (back + 1 == layout.placed.size() || !layout.placed[back + 1].fanned)) {
            paintFan(painter); // the fanned ones come last, over everything
        }
        const QPixmap& donut = donuts[back];
        if (donut.isNull()) {
            continue;
        }
        const double extent = donut.deviceIndependentSize().width() / 2;
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
    const MapLayout& layout = layoutNow();
    double budget = kNewLabelsSeconds;
    const std::vector<bool> stepsBack = fadedDonuts(*m_scene, layout, m_emphasis);
    for (std::size_t i = 0; i < layout.placed.size(); ++i) {
        const PlacedMarker& m = layout.placed[i];
        if (!m.labelled) {
            continue;
        }
        const bool faded = (!m_dragging && !stepsBack.empty() && stepsBack[i]) || dropMarkOf(m) == DropMark::No;
        const std::size_t key = qHashMulti(4, faded, m.trouble, m.title, m.note);
        if (keptSprite(key) == nullptr && budget <= 0 && !m_everySprite) {
            m_spritesLeft = true;
            continue;
        }
        const QPixmap& label = sprite(key, m.labelRect.size(), [&](QPainter& p) {
            const double before = threadCpuSeconds();
            paintLabelOnScreen(p, m, faded, t);
            budget -= threadCpuSeconds() - before;
        });
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

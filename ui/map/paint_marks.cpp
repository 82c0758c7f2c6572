// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_paint.h"

#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

constexpr std::size_t kCrowd =
    200;                       ///< more flows than this are all one pixel wide; wide lines cost several times as much
constexpr double kHole = 0.56; ///< of the donut's radius

/// Wider than a pixel: segment by segment, which looks the same and is several times cheaper than one wide polyline.
void drawWide(QPainter& painter, const QPolygonF& line)
{
    for (qsizetype i = 1; i < line.size(); ++i) {
        painter.drawLine(line[i - 1], line[i]);
    }
}

QPainterPath ringSector(double inner, double outer, double startDegrees, double spanDegrees)
{
    QPainterPath path;
    if (spanDegrees >= 359.9) {
        path.addEllipse(QPointF(), outer, outer);
        path.addEllipse(QPointF(), inner, inner);
        return path; // odd-even
    }
    const QRectF big(-outer, -outer, 2 * outer, 2 * outer), small(-inner, -inner, 2 * inner, 2 * inner);
    path.arcMoveTo(big, startDegrees);
    path.arcTo(big, startDegrees, -spanDegrees);
    path.arcTo(small, startDegrees - spanDegrees, spanDegrees);
    path.closeSubpath();
    return path;
}

/// A sign drawn with lines, so that it needs no font: a tick, an exclamation mark or a cross in a disc.
void paintSign(QPainter& painter, QPointF at, double r, DropMark mark, const QColor& color, const QColor& ink)
{
    painter.setPen(QPen(ink, 1.2));
    painter.setBrush(color);
    painter.drawEllipse(at, r, r);
    painter.setPen(QPen(ink, 1.6, Qt::SolidLine, Qt::RoundCap));
    const double s = r * 0.45;
    switch (mark) {
    case DropMark::Yes:
        painter.drawLine(at + QPointF(-s, 0.1 * s), at + QPointF(-0.2 * s, 0.8 * s));
        painter.drawLine(at + QPointF(-0.2 * s, 0.8 * s), at + QPointF(s, -0.8 * s));
        break;
    case DropMark::Tight:
        painter.drawLine(at + QPointF(0, -1.1 * s), at + QPointF(0, 0.2 * s));
        painter.drawPoint(at + QPointF(0, 1.1 * s));
        break;
    case DropMark::No:
        painter.drawLine(at + QPointF(-s, -s), at + QPointF(s, s));
        painter.drawLine(at + QPointF(-s, s), at + QPointF(s, -s));
        break;
    case DropMark::None:
        break;
    }
}

QColor sea(const Theme& theme)
{
    return mixed(theme.ground, theme.land, 0.5);
}

/// 1 for the faint ones of a crowd, up to 4 pixels for the widest that stands out.
double laneWidth(const PlacedFlow& flow, std::size_t ofThem)
{
    const double share = std::sqrt(std::clamp(flow.strength, 0.0, 1.0));
    return flow.tone == FlowTone::Strong ? 1.2 + 2.6 * share : ofThem > kCrowd ? 1.0 : std::max(1.0, 0.8 + 1.6 * share);
}

void drawLane(QPainter& painter, const PlacedFlow& flow, QPen pen)
{
    painter.setPen(pen);
    for (const QPolygonF& piece : flow.pieces) {
        if (pen.widthF() <= 1 || pen.style() != Qt::SolidLine) {
            painter.drawPolyline(piece);
        } else {
            drawWide(painter, piece);
        }
    }
}

/// Points the way in the middle of a lane.
void paintArrow(QPainter& painter, const PlacedFlow& flow, double size, const QColor& color)
{
    const auto longest = std::max_element(flow.pieces.begin(), flow.pieces.end(),
                                          [](const QPolygonF& a, const QPolygonF& b) { return a.size() < b.size(); });
    if (longest == flow.pieces.end() || longest->size() < 2 || flow.length < 40) {
        return;
    }
    const qsizetype i = std::max<qsizetype>(1, longest->size() / 2);
    const QPointF step = (*longest)[i] - (*longest)[i - 1];
    const double length = std::max(1e-6, std::sqrt(QPointF::dotProduct(step, step)));
    const QPointF way = step / length * size, side(-way.y() * 0.6, way.x() * 0.6);
    const QPointF at = (*longest)[i];
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    painter.drawPolygon(QPolygonF({at + way, at - way * 0.7 + side, at - way * 0.7 - side}));
    painter.setBrush(Qt::NoBrush);
}

} // namespace

QColor laneColor(Lane lane, const PlacedFlow& flow, bool emphasised, const Theme& theme)
{
    const double share = std::sqrt(std::clamp(flow.strength, 0.0, 1.0));
    QColor color = mixed(sea(theme), theme.flow, 0.38 + 0.42 * share);
    if (lane == Lane::Answers) {
        color = mixed(sea(theme), theme.accent, emphasised ? 0.6 : 0.45 + 0.2 * share);
    } else if (lane == Lane::Spill) {
        color = mixed(theme.flow, theme.text, flow.tone == FlowTone::Strong ? 0.7 : 0.3);
    } else if (flow.tone == FlowTone::Strong) {
        color = emphasised ? theme.accent : mixed(theme.flow, theme.text, 0.35);
    }
    if (flow.state == MapFlow::State::Slow) {
        color = theme.caution;
    } else if (flow.state == MapFlow::State::Lost) {
        color = theme.trouble;
    }
    return flow.tone == FlowTone::Faded ? mixed(sea(theme), color, flow.state == MapFlow::State::Fine ? 0.22 : 0.4)
                                        : color;
}

void paintFlows(QPainter& painter, const MapLayout& layout, bool emphasised, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setBrush(Qt::NoBrush);
    for (const FlowTone pass : {FlowTone::Faded, FlowTone::Resting, FlowTone::Strong}) {
        for (const PlacedFlow& flow : layout.flows) {
            if (flow.tone != pass) {
                continue;
            }
            QPen pen(laneColor(Lane::Requests, flow, emphasised, theme), laneWidth(flow, layout.flows.size()),
                     Qt::SolidLine, Qt::FlatCap);
            if (pass == FlowTone::Strong && flow.state != MapFlow::State::Fine) { // not by colour alone
                pen.setWidthF(std::min(pen.widthF(), 2.4));
                pen.setDashPattern({flow.state == MapFlow::State::Lost ? 3.0 : 8.0, 2.5});
            }
            drawLane(painter, flow, pen);
            if (pass == FlowTone::Strong && flow.state == MapFlow::State::Lost) {
                const QPolygonF& piece = flow.pieces.front();
                paintSign(painter, piece[piece.size() / 2], 6, DropMark::No, theme.trouble, theme.ground);
                painter.setBrush(Qt::NoBrush);
            } else if (pass == FlowTone::Strong) {
                paintArrow(painter, flow, 3.2 + pen.widthF(), pen.color());
            }
        }
        if (pass == FlowTone::Resting) { // the lanes back, under the requests they answer
            for (const PlacedFlow& answer : layout.answers) {
                const QPen pen(laneColor(Lane::Answers, answer, emphasised, theme),
                               laneWidth(answer, layout.answers.size()), Qt::SolidLine, Qt::FlatCap);
                drawLane(painter, answer, pen);
                paintArrow(painter, answer, 3.2 + pen.widthF(), pen.color());
            }
        }
    }
    painter.restore();
}

void paintSpills(QPainter& painter, const MapLayout& layout, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setBrush(Qt::NoBrush);
    for (const PlacedFlow& flow : layout.spills) {
        const QColor color = laneColor(Lane::Spill, flow, false, theme);
        QPen pen(color, 1.2 + 2.0 * std::sqrt(flow.strength), Qt::SolidLine, Qt::FlatCap);
        pen.setDashPattern({1.2, 2.2});
        drawLane(painter, flow, pen);
        paintArrow(painter, flow, 4 + pen.widthF(), color);
    }
    painter.restore();
}

std::vector<bool> fadedDonuts(const MapScene& scene, const MapLayout& layout, const MapEmphasis& emphasis)
{
    std::vector<bool> faded;
    if (!emphasis.any()) {
        return faded;
    }
    faded.assign(layout.placed.size(), true);
    for (std::size_t i = 0; i < layout.placed.size() && !emphasis.markers.isEmpty(); ++i) {
        const std::vector<int>& members = layout.placed[i].members;
        faded[i] = std::none_of(members.begin(), members.end(), [&](int member) {
            return emphasis.markers.contains(scene.markers[static_cast<std::size_t>(member)].id);
        });
    }
    for (const PlacedFlow& flow : layout.flows) {
        if (flow.placed >= 0 && emphasis.areas.contains(scene.areas[static_cast<std::size_t>(flow.area)].id)) {
            faded[static_cast<std::size_t>(flow.placed)] = false;
        }
    }
    return faded;
}

void paintAreas(QPainter& painter, const MapScene& scene, const MapLayout& layout, const MapEmphasis& emphasis,
                const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    for (std::size_t i = 0; i < layout.areas.size(); ++i) {
        if (LayoutCache::isNowhere(layout.areas[i])) {
            continue;
        }
        const bool chosen = emphasis.areas.contains(scene.areas[i].id);
        const double r = chosen ? 5.5 : 4.0;
        const QColor line = chosen                      ? theme.accent
                            : !emphasis.areas.isEmpty() ? mixed(sea(theme), theme.flow, 0.5)
                                                        : mixed(theme.flow, theme.text, 0.3);
        painter.setPen(QPen(line, chosen ? 1.8 : 1.2));
        painter.setBrush(theme.ground);
        const QPointF c = layout.areas[i];
        painter.drawPolygon(QPolygonF({c + QPointF(0, -r), c + QPointF(r, 0), c + QPointF(0, r), c + QPointF(-r, 0)}));
    }
    painter.restore();
}

double donutExtent(const PlacedMarker& marker)
{
    return std::ceil(marker.outerRadius() + 8);
}

void paintDonut(QPainter& painter, const PlacedMarker& marker, QChar letter, const DonutLook& look, const Theme& theme)
{
    const double r = marker.radius, hole = r * kHole, ring = marker.outerRadius() - 1;
    const bool refused = look.drop == DropMark::No;
    const double strength = refused || look.faded ? 0.38 : 1.0;
    const auto tone = [&](const QColor& color) { return mixed(theme.ground, color, strength); };
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);

    // The ground around it keeps arcs and neighbours off the rings.
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.ground);
    painter.drawEllipse(QPointF(), ring + 1.8, ring + 1.8);
    if (marker.trouble && !refused) {
        painter.setBrush(mixed(theme.ground, theme.trouble, 0.3));
        painter.drawEllipse(QPointF(), ring + 4.5, ring + 4.5);
        painter.setBrush(theme.ground);
        painter.drawEllipse(QPointF(), ring + 1.4, ring + 1.4);
    }
    if (look.selected) {
        painter.setPen(QPen(theme.accent, 2));
        painter.setBrush(theme.ground);
        painter.drawEllipse(QPointF(), ring + 4, ring + 4);
    }

    double total = 0;
    for (const MapSlice& slice : marker.slices) {
        total += std::max(0.0, slice.value);
    }
    double angle = 90;
    for (const MapSlice& slice : marker.slices) {
        const double span = total > 0 ? 360.0 * std::max(0.0, slice.value) / total : 360.0 / marker.slices.size();
        painter.setPen(theme.dark ? QPen(Qt::NoPen) : QPen(tone(slice.color.darker(125)), 0.7));
        painter.setBrush(tone(slice.color));
        painter.drawPath(ringSector(hole, r, angle, span));
        angle -= span;
    }
    if (marker.slices.size() > 1) { // thin gaps between the parts
        painter.setPen(QPen(theme.ground, 1.2, Qt::SolidLine, Qt::FlatCap));
        angle = 90;
        for (const MapSlice& slice : marker.slices) {
            const double a = angle * 3.14159265358979 / 180.0;
            const QPointF way(std::cos(a), -std::sin(a));
            painter.drawLine(way * (hole - 0.3), way * (r + 0.5));
            angle -= total > 0 ? 360.0 * std::max(0.0, slice.value) / total : 360.0 / marker.slices.size();
        }
    }

    // Utilization: clockwise from the top, full circle = 100 %.
    const QRectF ringRect(-ring, -ring, 2 * ring, 2 * ring);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(tone(theme.line), 1.2));
    painter.drawEllipse(QPointF(), ring, ring);
    const double share = std::clamp(marker.utilization, 0.0, 1.0);
    if (share > 0) {
        QColor color = marker.trouble ? theme.trouble : mixed(theme.text, theme.muted, 0.4);
        painter.setPen(QPen(tone(color), 2, Qt::SolidLine, Qt::FlatCap));
        painter.drawArc(ringRect, 90 * 16, -static_cast<int>(std::lround(share * 360 * 16)));
    }

    // What it is compared with: a thinner ring outside, so that the two ends tell the change.
    if (std::isfinite(marker.ghost)) {
        const double ghost = ring + 3;
        const double end = std::clamp(marker.ghost, 0.0, 1.0);
        painter.setPen(QPen(tone(mixed(theme.ground, theme.text, 0.55)), 1, Qt::SolidLine, Qt::FlatCap));
        painter.drawArc(QRectF(-ghost, -ghost, 2 * ghost, 2 * ghost), 90 * 16,
                        -static_cast<int>(std::lround(end * 360 * 16)));
        const double a = end * 2 * 3.14159265358979;
        const QPointF way(std::sin(a), -std::cos(a));
        painter.drawLine(way * (ring - 1), way * (ghost + 1.5));
    }

    // What the middle says: how many places a cluster holds, or whose the donut is.
    const QString middle = marker.isCluster()                              ? QString::number(marker.members.size())
                           : marker.slices.size() == 1 && !letter.isNull() ? QString(letter)
                                                                           : QString();
    if (!middle.isEmpty() && hole >= 4.0) {
        QFont f = font(TextRole::Small);
        f.setPixelSize(std::max(8, static_cast<int>(std::lround(hole * (middle.size() > 1 ? 1.05 : 1.3)))));
        f.setWeight(QFont::DemiBold);
        painter.setFont(f);
        painter.setPen(tone(marker.isCluster() ? theme.text : theme.muted));
        painter.drawText(QRectF(-2 * hole, -2 * hole, 4 * hole, 4 * hole), Qt::AlignCenter, middle);
    }

    const QPointF corner = QPointF(1, -1) * (ring * 0.78 + 1);
    switch (look.drop) {
    case DropMark::Yes:
    case DropMark::Tight:
    case DropMark::No: {
        const QColor color = look.drop == DropMark::Yes     ? theme.fine
                             : look.drop == DropMark::Tight ? theme.caution
                                                            : mixed(theme.ground, theme.trouble, 0.75);
        QPen pen(color, refused ? 1.2 : 2.0);
        if (look.drop != DropMark::Yes) {
            pen.setDashPattern({3, 2});
        }
        painter.setPen(pen);
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(QPointF(), ring + 3, ring + 3);
        paintSign(painter, corner, 6, look.drop, color, theme.ground);
        break;
    }
    case DropMark::None:
        if (marker.trouble) {
            paintSign(painter, corner, 5.5, DropMark::Tight, theme.trouble, theme.ground);
        }
    }
    painter.restore();
}

void paintLeader(QPainter& painter, const PlacedMarker& marker, const Theme& theme)
{
    if (!marker.leader.isNull()) {
        painter.setPen(QPen(theme.ground, 3)); // apart from the arcs it crosses
        painter.drawLine(marker.leader);
        painter.setPen(QPen(theme.text, 1));
        painter.drawLine(marker.leader);
    }
}

void paintLabelGround(QPainter& painter, QSizeF size, const Theme& theme)
{
    constexpr int kVeil = 170; // of 255: a line below stays a hint, not a stroke through the word
    QColor veil = theme.ground;
    veil.setAlpha(kVeil);
    painter.setPen(Qt::NoPen);
    painter.setBrush(veil);
    painter.drawRoundedRect(QRectF(QPointF(0, 1), size - QSizeF(0, 2)), 4, 4);
}

void paintLabel(QPainter& painter, const PlacedMarker& marker, bool faded, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    paintLabelGround(painter, marker.labelRect.size(), theme);
    const QFont f = font(TextRole::Secondary);
    const QFontMetricsF metrics(f);
    const double baseline = (marker.labelRect.height() + metrics.ascent() - metrics.descent()) / 2;
    const QString gap = marker.note.isEmpty() ? QString() : QStringLiteral(" ");
    const double noteX = 1 + metrics.horizontalAdvance(marker.title + gap);
    QPainterPath edge;
    edge.addText(QPointF(1, baseline), f, marker.title + gap + marker.note);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.ground, 3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(edge);
    painter.setFont(f);
    painter.setPen(faded ? theme.faint : theme.text);
    painter.drawText(QPointF(1, baseline), marker.title);
    painter.setPen(faded ? theme.faint : marker.trouble ? theme.trouble : theme.muted);
    painter.drawText(QPointF(noteX, baseline), marker.note);
    painter.restore();
}

namespace {

void paintEntries(QPainter& painter, const MapLayout& layout, const QRectF& box, const Theme& theme)
{
    const QFont names = font(TextRole::Secondary);
    QFont letters = font(TextRole::Small);
    letters.setPixelSize(9);
    letters.setWeight(QFont::DemiBold);
    const QFontMetricsF metrics(names);
    double right = box.left() - 5, baseline = box.top() + 15.5 + metrics.ascent() / 2;
    for (std::size_t i = 0; i < layout.legend.size(); ++i) {
        const LegendEntry& entry = layout.legend[i];
        painter.setFont(names);
        if (entry.rect.isEmpty()) {
            painter.setPen(theme.muted);
            painter.drawText(QPointF(right + 17, baseline), QStringLiteral("+%1").arg(layout.legend.size() - i));
            return;
        }
        const double x = entry.rect.left();
        right = entry.rect.right();
        baseline = entry.rect.top() + 10 + metrics.ascent() / 2;
        painter.setPen(theme.text);
        painter.drawText(QPointF(x + 17, baseline), entry.label);
        const QRectF swatch(x, entry.rect.top() + 5.5, 12, 12);
        painter.setPen(theme.dark ? QPen(Qt::NoPen) : QPen(entry.color.darker(125), 0.7));
        painter.setBrush(entry.color);
        painter.drawRoundedRect(swatch, 2.5, 2.5);
        painter.setFont(letters);
        painter.setPen(entry.color.lightnessF() > 0.42 ? QColor(0x0E, 0x14, 0x20) : QColor(Qt::white));
        painter.drawText(swatch, Qt::AlignCenter, QString(entry.letter));
    }
}

/// The measure's name, how many places have which figure, and the colours those have.
void paintScale(QPainter& painter, const ColorScale& scale, GroupFigure group, const QRectF& box, const Theme& theme)
{
    const QFont names = font(TextRole::Secondary), small = font(TextRole::Small);
    painter.setFont(names);
    painter.setPen(theme.text);
    const QFontMetricsF metrics(names);
    const QString name = measureName(scale.measure());
    painter.drawText(QPointF(box.left() + 12, box.top() + 20), name);
    painter.setFont(small);
    painter.setPen(theme.muted);
    const bool isState = scale.measure() == MapMeasure::State;
    const QString ofGroup = groupFigureName(group) + QStringLiteral(" of a group");
    const QString kind = scale.isEmpty() ? QStringLiteral("no data yet")
                         : isState       ? ofGroup
                                         : scaleName(scale.kind()) + QStringLiteral(" scale, ") + ofGroup;
    painter.drawText(QPointF(box.left() + 12, box.top() + 38), kind);
    const double left =
        box.left() + 32 + std::max(metrics.horizontalAdvance(name), QFontMetricsF(small).horizontalAdvance(kind));
    if (isState) {
        double x = left;
        for (int i = 0; i < 4; ++i) {
            const auto state = static_cast<MarkerState>(i);
            painter.setPen(Qt::NoPen);
            painter.setBrush(stateColor(state, theme));
            painter.drawRoundedRect(QRectF(x, box.top() + 12, 10, 10), 2, 2);
            painter.setPen(theme.muted);
            painter.drawText(QPointF(x + 14, box.top() + 21), stateName(state));
            x += 26 + QFontMetricsF(small).horizontalAdvance(stateName(state));
        }
        return;
    }
    if (scale.isEmpty()) {
        return;
    }
    const double step = 5, bottom = box.top() + 30;
    const int most = *std::max_element(scale.histogram().begin(), scale.histogram().end());
    painter.setPen(Qt::NoPen);
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (std::size_t i = 0; i < ColorScale::kBins; ++i) {
        const double x = left + step * static_cast<double>(i);
        const int places = scale.histogram()[i];
        painter.setBrush(scale.color(scale.binMiddle(i), theme));
        painter.drawRect(QRectF(x, bottom + 2, step, 4));
        if (places > 0) {
            const double height = std::max(2.0, 20.0 * places / most);
            painter.drawRect(QRectF(x, bottom - height, step - 1, height));
        }
    }
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(theme.muted);
    const QRectF texts(left, bottom + 8, step * ColorScale::kBins, 14);
    painter.drawText(texts, Qt::AlignLeft, measureText(scale.measure(), scale.low()));
    painter.drawText(texts, Qt::AlignRight, measureText(scale.measure(), scale.high()));
}

} // namespace

void paintLegend(QPainter& painter, const MapLayout& layout, const MapLook& look, const Theme& theme)
{
    if (layout.legendRect.isEmpty()) {
        return;
    }
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    const QRectF box = layout.legendRect.adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(QPen(theme.line, 1));
    painter.setBrush(mixed(theme.ground, theme.panel, 0.8));
    painter.drawRoundedRect(box, Theme::kControlRadius, Theme::kControlRadius);
    if (layout.scale) {
        paintScale(painter, *layout.scale, look.group, box, theme);
    } else {
        paintEntries(painter, layout, box, theme);
    }
    double y = layout.legendRect.bottom() + 6.5 - 16.0 * static_cast<double>(layout.legendLines.size());
    const QFont key = font(TextRole::Small);
    const QFontMetricsF small(key);
    painter.setFont(key);
    painter.setPen(theme.muted);
    for (const QString& line : layout.legendLines) {
        painter.drawText(QPointF(box.left() + 12, y), small.elidedText(line, Qt::ElideRight, box.width() - 20));
        y += 16;
    }
    painter.restore();
}

void paintLayers(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                 const MapEmphasis& emphasis, const MapLayers& layers, const QRectF& reserved, const Theme& theme)
{
    if (layers.night) {
        paintNight(painter, view, scene.utcSeconds, theme);
    }
    if (layers.isobars) {
        paintIsobars(painter, scene, view, layout, reserved, theme);
    }
    if (layers.latencyArea >= 0) {
        paintLatencyRings(painter, scene, view, layout, layers.latencyArea, reserved, theme);
    }
    if (layers.flows) {
        paintFlows(painter, layout, emphasis.any(), theme);
    }
    if (layers.spills) {
        paintSpills(painter, layout, theme);
    }
}

void paintMap(QPainter& painter, QSizeF logicalSize, const MapScene& scene, const MapStyleOptions& options)
{
    const Theme& colors = options.theme != nullptr ? *options.theme : theme();
    const double footer = options.footer.isEmpty() ? 0 : 24, header = options.title.isEmpty() ? 0 : 34;
    const QSizeF mapSize(logicalSize.width(), std::max(10.0, logicalSize.height() - footer - header));
    painter.save();
    if (options.background) {
        painter.fillRect(QRectF(QPointF(), logicalSize), colors.ground);
    }
    painter.translate(0, header);
    const MapViewport view = options.viewport ? options.viewport->resized(mapSize) : MapViewport::fitted(mapSize);
    LayoutCache cache;
    LayoutOptions layoutOptions;
    layoutOptions.flows = options.layers.flows;
    layoutOptions.spills = options.layers.spills;
    layoutOptions.isobars = options.layers.isobars;
    layoutOptions.labels = options.labels;
    layoutOptions.legend = options.legend;
    layoutOptions.look = options.layers.look;
    layoutOptions.latencyArea = options.layers.latencyArea;
    layoutOptions.important = layoutOptions.markers = options.emphasis.markers;
    layoutOptions.areas = options.emphasis.areas;
    const MapLayout layout = layoutMap(scene, view, layoutOptions, cache);
    const QRectF window(QPointF(), mapSize);

    painter.setClipRect(window);
    paintBase(painter, view, colors, 0.5, options.background);
    paintLayers(painter, scene, view, layout, options.emphasis, options.layers, {}, colors);
    if (options.layers.flows || options.layers.latencyArea >= 0) {
        paintAreas(painter, scene, layout, options.emphasis, colors);
    }
    const std::vector<bool> faded = fadedDonuts(scene, layout, options.emphasis);
    for (auto m = layout.placed.rbegin(); m != layout.placed.rend(); ++m) {
        if (!window.contains(m->at)) {
            continue;
        }
        DonutLook look;
        look.faded = m->faded || (!faded.empty() && faded[static_cast<std::size_t>(&*m - layout.placed.data())]);
        look.selected = std::any_of(m->members.begin(), m->members.end(), [&](int member) {
            return options.emphasis.markers.contains(scene.markers[static_cast<std::size_t>(member)].id);
        });
        painter.save();
        painter.translate(m->at);
        const QChar letter = m->slices.empty() ? QChar() : layout.letterOf(m->slices.front().label);
        paintDonut(painter, *m, letter, look, colors);
        painter.restore();
    }
    for (const PlacedMarker& m : layout.placed) {
        if (m.labelled) {
            paintLeader(painter, m, colors);
            painter.save();
            painter.translate(m.labelRect.topLeft());
            paintLabel(painter, m, false, colors);
            painter.restore();
        }
    }
    if (options.legend) {
        paintLegend(painter, layout, options.layers.look, colors);
    }
    painter.setClipping(false);
    painter.translate(0, -header);
    if (!options.title.isEmpty()) {
        painter.setFont(font(TextRole::Title));
        painter.setPen(colors.text);
        painter.drawText(QPointF(14, 23), options.title);
    }
    if (!options.footer.isEmpty()) {
        painter.setFont(font(TextRole::Small));
        painter.setPen(colors.muted);
        painter.drawText(QPointF(14, logicalSize.height() - 8), options.footer);
    }
    painter.restore();
}

} // namespace isobar::ui

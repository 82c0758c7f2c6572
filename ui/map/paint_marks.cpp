// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_paint.h"

#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

constexpr std::size_t kStrongest = 5;   ///< flows that stand out when nothing is selected
constexpr double kScaleNameWidth = 172; ///< of "quantile scale, worst of a group"
constexpr double kHole = 0.56;          ///< of the donut's radius

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

QColor flowColor(const PlacedFlow& flow, FlowTone tone, bool emphasised, const Theme& theme)
{
    const QColor sea = mixed(theme.ground, theme.land, 0.5);
    QColor color = mixed(sea, theme.flow, 0.38 + 0.42 * std::sqrt(flow.strength));
    if (tone == FlowTone::Strong) {
        color = emphasised ? theme.accent : mixed(theme.flow, theme.text, 0.35);
    }
    if (flow.state == MapFlow::State::Slow) {
        color = theme.caution;
    } else if (flow.state == MapFlow::State::Lost) {
        color = theme.trouble;
    }
    return tone == FlowTone::Faded ? mixed(sea, color, flow.state == MapFlow::State::Fine ? 0.22 : 0.4) : color;
}

} // namespace

FlowTone flowTone(const MapScene& scene, const MapLayout& layout, std::size_t index, const MapEmphasis& emphasis)
{
    const PlacedFlow& flow = layout.flows[index];
    if (emphasis.any()) {
        const auto chosen = [&](int member) {
            return emphasis.markers.contains(scene.markers[static_cast<std::size_t>(member)].id);
        };
        bool touched =
            emphasis.areas.contains(scene.areas[static_cast<std::size_t>(flow.area)].id) || chosen(flow.marker);
        if (!touched && flow.placed >= 0) {
            const PlacedMarker& placed = layout.placed[static_cast<std::size_t>(flow.placed)];
            touched = std::any_of(placed.members.begin(), placed.members.end(), chosen);
        }
        return touched ? FlowTone::Strong : FlowTone::Faded;
    }
    if (flow.state != MapFlow::State::Fine) {
        return FlowTone::Strong;
    }
    // Sorted by state, then rate: the strongest healthy flows are the last ones before the first unhealthy one.
    std::size_t healthyBehind = 0;
    for (std::size_t i = index + 1; i < layout.flows.size() && layout.flows[i].state == MapFlow::State::Fine; ++i) {
        if (++healthyBehind >= kStrongest) {
            return FlowTone::Resting;
        }
    }
    return FlowTone::Strong;
}

void paintFlows(QPainter& painter, const MapScene& scene, const MapLayout& layout, const MapEmphasis& emphasis,
                const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setBrush(Qt::NoBrush);
    for (const FlowTone pass : {FlowTone::Faded, FlowTone::Resting, FlowTone::Strong}) {
        for (std::size_t i = 0; i < layout.flows.size(); ++i) {
            const PlacedFlow& flow = layout.flows[i];
            if (flowTone(scene, layout, i, emphasis) != pass) {
                continue;
            }
            QPen pen(flowColor(flow, pass, emphasis.any(), theme), 1);
            pen.setCosmetic(false);
            pen.setCapStyle(Qt::FlatCap);
            if (pass == FlowTone::Strong) {
                pen.setWidthF(1.2 + 1.2 * std::sqrt(flow.strength));
            }
            painter.setPen(pen);
            for (const QPolygonF& piece : flow.pieces) {
                if (pass != FlowTone::Strong) {
                    painter.drawPolyline(piece);
                } else if (flow.state != MapFlow::State::Fine) { // not by colour alone: dashes, short when lost
                    const bool lost = flow.state == MapFlow::State::Lost;
                    pen.setDashPattern({lost ? 3.0 : 8.0, 2.5});
                    painter.setPen(pen);
                    painter.drawPolyline(piece);
                } else {
                    drawWide(painter, piece);
                }
            }
            if (pass == FlowTone::Strong && flow.state == MapFlow::State::Lost) {
                const QPolygonF& piece = flow.pieces.front();
                paintSign(painter, piece[piece.size() / 2], 6, DropMark::No, theme.trouble, theme.ground);
                painter.setBrush(Qt::NoBrush);
            }
        }
    }
    painter.restore();
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
        painter.setPen(QPen(chosen ? theme.accent : mixed(theme.flow, theme.text, 0.3), chosen ? 1.8 : 1.2));
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

void paintLabel(QPainter& painter, const PlacedMarker& marker, bool faded, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
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
    double x = box.left() + 12;
    const double y = box.top() + 17;
    for (std::size_t i = 0; i < layout.legend.size(); ++i) {
        const LegendEntry& entry = layout.legend[i];
        if (x + metrics.horizontalAdvance(entry.label) + 60 > box.right() && i + 1 < layout.legend.size()) {
            painter.setFont(names);
            painter.setPen(theme.muted);
            painter.drawText(QPointF(x, y + metrics.ascent() / 2 - 1.5),
                             QStringLiteral("+%1").arg(layout.legend.size() - i));
            return;
        }
        const QRectF swatch(x, y - 6, 12, 12);
        painter.setPen(theme.dark ? QPen(Qt::NoPen) : QPen(entry.color.darker(125), 0.7));
        painter.setBrush(entry.color);
        painter.drawRoundedRect(swatch, 2.5, 2.5);
        painter.setFont(letters);
        painter.setPen(entry.color.lightnessF() > 0.42 ? QColor(0x0E, 0x14, 0x20) : QColor(Qt::white));
        painter.drawText(swatch, Qt::AlignCenter, QString(entry.letter));
        painter.setFont(names);
        painter.setPen(theme.text);
        painter.drawText(QPointF(x + 17, y + metrics.ascent() / 2 - 1.5), entry.label);
        x += metrics.horizontalAdvance(entry.label) + 34;
    }
}

/// The measure's name, how many places have which figure, and the colours those have.
void paintScale(QPainter& painter, const ColorScale& scale, const QRectF& box, const Theme& theme)
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
    painter.drawText(QPointF(box.left() + 12, box.top() + 38),
                     scale.isEmpty() ? QStringLiteral("no data yet")
                     : isState       ? QStringLiteral("worst of a group")
                                     : scaleName(scale.kind()) + QStringLiteral(" scale, worst of a group"));
    const double left = box.left() + 32 + std::max(metrics.horizontalAdvance(name), kScaleNameWidth);
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

void paintLegend(QPainter& painter, const MapScene& scene, const MapLayout& layout, const MapLayers& layers,
                 const Theme& theme)
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
        paintScale(painter, *layout.scale, box, theme);
    } else {
        paintEntries(painter, layout, box, theme);
    }
    double y = box.top() + (layout.scale ? 64 : 40);
    const QFont key = font(TextRole::Small);
    const QFontMetricsF small(key);
    painter.setFont(key);
    painter.setPen(theme.muted);
    painter.drawText(QPointF(box.left() + 12, y), small.elidedText(legendKey(layout, layers.flows, layers.isobars),
                                                                   Qt::ElideRight, box.width() - 20));
    if (!scene.legendNote.isEmpty()) {
        y += 17;
        painter.setPen(theme.faint);
        painter.drawText(QPointF(box.left() + 12, y),
                         small.elidedText(scene.legendNote, Qt::ElideRight, box.width() - 20));
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
        paintFlows(painter, scene, layout, emphasis, theme);
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
    layoutOptions.isobars = options.layers.isobars;
    layoutOptions.labels = options.labels;
    layoutOptions.legend = options.legend;
    layoutOptions.look = options.layers.look;
    layoutOptions.important = layoutOptions.markers = options.emphasis.markers;
    layoutOptions.areas = options.emphasis.areas;
    const MapLayout layout = layoutMap(scene, view, layoutOptions, cache);
    const QRectF window(QPointF(), mapSize);

    painter.setClipRect(window);
    paintBase(painter, view, colors, 0.5, options.background);
    paintLayers(painter, scene, view, layout, options.emphasis, options.layers, {}, colors);
    if (options.layers.flows) {
        paintAreas(painter, scene, layout, options.emphasis, colors);
    }
    for (auto m = layout.placed.rbegin(); m != layout.placed.rend(); ++m) {
        if (!window.contains(m->at)) {
            continue;
        }
        DonutLook look;
        look.faded = m->faded;
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
        paintLegend(painter, scene, layout, options.layers, colors);
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

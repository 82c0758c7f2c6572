// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/base_map.h"
#include "ui/map/isobars.h"
#include "ui/map/map_paint.h"
#include "ui/map/paint_globe.h"

#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

namespace isobar::ui {
namespace {

constexpr double kOutside = 8; ///< pixels beyond the window that are still painted

/// Cut to one side of a vertical or horizontal line (Sutherland-Hodgman): SVG output knows no clip, and a zoomed window
/// must not rasterize whole continents.
template <class Inside, class Cross> void clipHalf(QPolygonF& ring, QPolygonF& work, Inside inside, Cross cross)
{
    work.clear();
    for (qsizetype i = 0; i < ring.size(); ++i) {
        const QPointF p = ring[i], q = ring[i + 1 == ring.size() ? 0 : i + 1];
        if (inside(p)) {
            work.append(p);
        }
        if (inside(p) != inside(q)) {
            work.append(cross(p, q));
        }
    }
    ring.swap(work);
}

void clipRing(QPolygonF& ring, QPolygonF& work, const QRectF& r)
{
    const auto atX = [](double x) {
        return
            [x](QPointF p, QPointF q) { return QPointF(x, p.y() + (q.y() - p.y()) * (x - p.x()) / (q.x() - p.x())); };
    };
    const auto atY = [](double y) {
        return
            [y](QPointF p, QPointF q) { return QPointF(p.x() + (q.x() - p.x()) * (y - p.y()) / (q.y() - p.y()), y); };
    };
    clipHalf(
        ring, work, [&r](QPointF p) { return p.x() >= r.left(); }, atX(r.left()));
    clipHalf(
        ring, work, [&r](QPointF p) { return p.x() <= r.right(); }, atX(r.right()));
    clipHalf(
        ring, work, [&r](QPointF p) { return p.y() >= r.top(); }, atY(r.top()));
    clipHalf(
        ring, work, [&r](QPointF p) { return p.y() <= r.bottom(); }, atY(r.bottom()));
}

/// The line on screen without the points nearer than `tolerance` to the one kept before.
void simplified(const PlaneLine& line, const MapViewport& view, double tolerance, QPolygonF& result)
{
    result.clear();
    const double limit = tolerance * tolerance;
    for (const QPointF& p : line.points) {
        const QPointF at = view.toScreen(p);
        if (result.isEmpty()) {
            result.append(at);
            continue;
        }
        const QPointF d = at - result.back();
        if (d.x() * d.x() + d.y() * d.y() >= limit) {
            result.append(at);
        }
    }
}

/// A line of the graticule, without what lies on the globe's far side.
std::vector<QPolygonF> graticuleLine(const MapViewport& view, int from, int to, int step,
                                     const std::function<LatLon(double)>& at)
{
    std::vector<QPolygonF> pieces(1);
    for (int i = from; i <= to; i += step) {
        const LatLon place = at(i);
        if (view.projection.shows(place)) {
            pieces.back().append(view.place(place));
        } else if (!pieces.back().isEmpty()) {
            pieces.emplace_back();
        }
    }
    return pieces;
}

/// The pieces of a polyline that touch the window.
void drawInside(QPainter& painter, const QPolygonF& line, const QRectF& window)
{
    qsizetype start = 0;
    const auto flush = [&](qsizetype end) {
        if (end - start > 1) {
            painter.drawPolyline(line.constData() + start, static_cast<int>(end - start));
        }
    };
    for (qsizetype i = 1; i < line.size(); ++i) {
        const QRectF box = QRectF(line[i - 1], line[i]).normalized().adjusted(-0.01, -0.01, 0.01, 0.01);
        if (!box.intersects(window)) {
            flush(i);
            start = i;
        }
    }
    flush(line.size());
}

} // namespace

QPolygonF worldEdge(const MapViewport& view)
{
    constexpr int kRimPoints = 720; // within a fifth of a pixel of the circle at the greatest zoom
    QPolygonF edge, work;
    if (view.projection.isGlobe()) {
        for (int i = 0; i < kRimPoints; ++i) {
            const double angle = 2 * std::numbers::pi * i / kRimPoints;
            edge.append(view.toScreen({std::cos(angle), std::sin(angle)}));
        }
    } else {
        for (int latitude = -90; latitude <= 90; latitude += 2) {
            edge.append(view.place({static_cast<double>(latitude), 180}));
        }
        for (int latitude = 90; latitude >= -90; latitude -= 2) {
            edge.append(view.place({static_cast<double>(latitude), -180}));
        }
    }
    clipRing(edge, work, QRectF(QPointF(), view.size).adjusted(-kOutside, -kOutside, kOutside, kOutside));
    return edge;
}

void drawContour(QPainter& painter, const QPolygonF& line, const MapViewport& view, const QRectF& gap)
{
    const QRectF around = QRectF(QPointF(), view.size).adjusted(-kOutside, -kOutside, kOutside, kOutside);
    qsizetype start = 0;
    const auto flush = [&](qsizetype end) {
        if (end - start > 1) {
            painter.drawPolyline(line.constData() + start, static_cast<int>(end - start));
        }
    };
    for (qsizetype i = 0; i < line.size(); ++i) {
        if (gap.contains(line[i]) || !around.contains(line[i]) || !view.placeAt(line[i])) {
            flush(i);
            start = i + 1;
        }
    }
    flush(line.size());
}

void paintBase(QPainter& painter, const MapViewport& view, const Theme& theme, double tolerancePx, bool sea,
               bool borders)
{
    const QRectF window = QRectF(QPointF(), view.size);
    const QRectF around = window.adjusted(-kOutside, -kOutside, kOutside, kOutside);
    const QRectF plane = view.visiblePlane(kOutside);
    const bool globe = view.projection.isGlobe();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    if (sea) {
        painter.fillRect(window, theme.ground);
    }
    if (globe) { // the sea of a globe is part of it
        painter.setPen(QPen(theme.border, 1));
        painter.setBrush(mixed(theme.ground, theme.land, 0.22));
        painter.drawEllipse(view.toScreen({}), view.scale, view.scale);
    }

    painter.setPen(QPen(globe ? mixed(theme.graticule, theme.land, 0.5) : theme.graticule, 1));
    painter.setBrush(Qt::NoBrush);
    const int step = view.zoom() > 5 ? 5 : 15;
    for (int longitude = -180; longitude < 180 + (globe ? 0 : step); longitude += step) {
        for (const QPolygonF& line : graticuleLine(view, -90, 90, 2, [&](double latitude) {
                 return LatLon{latitude, static_cast<double>(longitude)};
             })) {
            drawInside(painter, line, around);
        }
    }
    for (int latitude = -90 + step; latitude < 90; latitude += step) {
        for (const QPolygonF& line : graticuleLine(view, -180, 180, 3, [&](double longitude) {
                 return LatLon{static_cast<double>(latitude), longitude};
             })) {
            drawInside(painter, line, around);
        }
    }
    if (!globe) { // where the map ends, and goes on at the other side
        painter.setPen(QPen(theme.border, 1));
        for (const double side : {-180.0, 180.0}) {
            for (const QPolygonF& line : graticuleLine(view, -90, 90, 2, [side](double latitude) {
                     return LatLon{latitude, side};
                 })) {
                drawInside(painter, line, around);
            }
        }
    }
    if (globe) {
        paintGlobe(painter, view, theme, tolerancePx, borders);
        painter.restore();
        return;
    }

    const BaseMap& map = bundledBaseMap(view.projection.kind);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.land);
    QPolygonF ring, work;
    for (const PlanePolygon& polygon : map.land) {
        const double px = std::max(polygon.bounds.width(), polygon.bounds.height()) * view.scale;
        if (px < tolerancePx || !polygon.bounds.intersects(plane)) {
            continue;
        }
        QPainterPath path; // odd-even: the rings behind the first are lakes
        for (const PlaneLine& line : polygon.rings) {
            simplified(line, view, tolerancePx, ring);
            if (!plane.contains(line.bounds)) {
                clipRing(ring, work, around);
            }
            if (ring.size() >= 3) {
                path.addPolygon(ring);
                path.closeSubpath();
            }
        }
        if (!path.isEmpty()) {
            painter.drawPath(path);
        }
    }

    painter.setPen(QPen(theme.border, 1));
    painter.setBrush(Qt::NoBrush);
    for (const PlaneLine& line : map.borders) {
        if (borders && line.bounds.intersects(plane)) {
            simplified(line, view, tolerancePx, ring);
            drawInside(painter, ring, around);
        }
    }
    painter.restore();
}

std::vector<QRectF> occupiedRects(const MapLayout& layout, const QRectF& reserved, double margin)
{
    std::vector<QRectF> taken{reserved, layout.legendRect};
    for (const PlacedMarker& m : layout.placed) {
        const double r = m.outerRadius() + margin;
        taken.push_back({m.at.x() - r, m.at.y() - r, 2 * r, 2 * r});
        if (m.labelled) {
            taken.push_back(m.labelRect);
        }
    }
    return taken;
}

void paintIsobars(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                  const QRectF& reserved, const Theme& theme)
{
    const QRectF window = QRectF(QPointF(), view.size);
    std::vector<QRectF> taken = occupiedRects(layout, reserved, 2);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setFont(font(TextRole::Small));
    const QFontMetricsF metrics(painter.font());
    for (const IsobarLine& line : isobarLines(scene, view)) {
        // The higher the pressure the clearer the line; where more is asked than there is, it is also wider.
        const bool demanding = line.level >= 1;
        painter.setPen(
            QPen(mixed(theme.ground, theme.isobar, std::min(1.0, 0.32 + 0.56 * line.level)), demanding ? 1.8 : 1));
        painter.setBrush(Qt::NoBrush);

        const QString text = QString::number(line.level, 'f', 1);
        const QSizeF size(metrics.horizontalAdvance(text) + 6, metrics.height() - 3);
        // The value stands where a reader looks first: at the bottom of the ring, else top, right, left.
        QRectF label;
        const QRectF bounds = line.points.boundingRect();
        if (bounds.width() > 60 && bounds.height() > 40) {
            std::array<QPointF, 4> best{line.points.front(), line.points.front(), line.points.front(),
                                        line.points.front()};
            for (const QPointF& p : line.points) {
                best[0] = p.y() > best[0].y() ? p : best[0];
                best[1] = p.y() < best[1].y() ? p : best[1];
                best[2] = p.x() > best[2].x() ? p : best[2];
                best[3] = p.x() < best[3].x() ? p : best[3];
            }
            for (const QPointF& p : best) {
                const QRectF rect(p.x() - size.width() / 2, p.y() - size.height() / 2, size.width(), size.height());
                if (window.adjusted(4, 4, -4, -4).contains(rect) && view.placeAt(p) &&
                    std::none_of(taken.begin(), taken.end(), [&](const QRectF& t) { return t.intersects(rect); })) {
                    label = rect;
                    taken.push_back(rect.adjusted(-6, -4, 6, 4));
                    break;
                }
            }
        }
        // The line is left out behind its value instead of being painted over: sea and land differ there.
        drawContour(painter, line.points, view, label);
        if (!label.isNull()) {
            painter.setPen(demanding ? theme.text : theme.muted);
            painter.drawText(label, Qt::AlignCenter, text);
        }
    }
    painter.restore();
}

} // namespace isobar::ui

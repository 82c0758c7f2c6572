// SPDX-License-Identifier: GPL-3.0-or-later
// What lies over the land on demand: night, and rings of latency around a user area.
#include "ui/map/isobars.h"
#include "ui/map/map_paint.h"
#include "ui/map/sun.h"

#include <QFontMetricsF>
#include <QImage>

#include <algorithm>
#include <cmath>
#include <vector>

namespace isobar::ui {
namespace {

constexpr int kNightCell = 6;        ///< pixels of a cell; shades are smoothed over it
constexpr int kBeyond = 2;           ///< cells around the window, so that its edges are smoothed as the rest
constexpr double kTwilight = 0.2079; ///< sine of 12 degrees: the sun that far below the horizon leaves full night

} // namespace

void paintNight(QPainter& painter, const MapViewport& view, double utcSeconds, const Theme& theme)
{
    if (!std::isfinite(utcSeconds)) {
        return;
    }
    const UnitVector sun = unitVector(subsolarPoint(utcSeconds));
    const int columns = static_cast<int>(view.size.width() / kNightCell) + 2 + 2 * kBeyond;
    const int rows = static_cast<int>(view.size.height() / kNightCell) + 2 + 2 * kBeyond;
    const int most = theme.dark ? 120 : 46;
    const QColor ink = theme.dark ? QColor(0, 0, 0) : QColor(24, 34, 70);
    QImage shade(columns, rows, QImage::Format_ARGB32_Premultiplied);
    shade.fill(Qt::transparent);
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x) {
            // Beyond the edge as at it: the shade is cut along the edge at full resolution below.
            const LatLon place = view.projection.nearest(
                view.toPlane(QPointF((x - kBeyond + 0.5) * kNightCell, (y - kBeyond + 0.5) * kNightCell)));
            const double dark = std::clamp(-dot(sun, unitVector(place)) / kTwilight, 0.0, 1.0);
            const int alpha = static_cast<int>(most * dark * (2 - dark));
            shade.setPixel(x, y, qPremultiply(qRgba(ink.red(), ink.green(), ink.blue(), alpha)));
        }
    }
    // Not clipped, which pictures of vectors cannot be: the world's outline is filled with the shade, in a raster.
    const double density = painter.device()->devicePixelRatioF();
    QImage night((view.size * density).toSize(), QImage::Format_ARGB32_Premultiplied);
    night.setDevicePixelRatio(density);
    night.fill(Qt::transparent);
    QPainter filling(&night);
    filling.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    filling.setPen(Qt::NoPen);
    QBrush brush(shade);
    brush.setTransform(
        QTransform::fromTranslate(-kBeyond * kNightCell, -kBeyond * kNightCell).scale(kNightCell, kNightCell));
    filling.setBrush(brush);
    filling.drawPolygon(worldEdge(view));
    filling.end();
    painter.drawImage(QPointF(), night);
}

LatencyField::LatencyField(const MapScene& scene, const MapArea& area)
    : m_from(area.at)
{
    for (const MapRtt& rtt : area.rtt) {
        const auto marker = std::find_if(scene.markers.begin(), scene.markers.end(),
                                         [&rtt](const MapMarker& m) { return m.id == rtt.marker; });
        const double estimate = marker != scene.markers.end() ? estimatedRttSeconds(area.at, marker->at) : 0;
        if (estimate > 0 && rtt.seconds > 0) {
            m_known.push_back({unitVector(marker->at), rtt.seconds / estimate});
            m_measured = m_measured || rtt.measured;
        }
    }
}

double LatencyField::secondsTo(LatLon place) const
{
    // How much longer than estimated the way is, taken from the known ways to places near by.
    const UnitVector at = unitVector(place);
    double sum = 0.02, weights = 0.02; // far from all of them: as estimated
    for (const auto& [v, ratio] : m_known) {
        const double near = 1.0 / (0.0004 + 1 - dot(v, at));
        sum += near * near * 1e-5 * ratio;
        weights += near * near * 1e-5;
    }
    return estimatedRttSeconds(m_from, place) * sum / weights;
}

void paintLatencyRings(QPainter& painter, const MapScene& scene, const MapViewport& view, const MapLayout& layout,
                       int areaId, const QRectF& reserved, const Theme& theme)
{
    const auto area =
        std::find_if(scene.areas.begin(), scene.areas.end(), [areaId](const MapArea& a) { return a.id == areaId; });
    if (area == scene.areas.end()) {
        return;
    }
    const LatencyField field(scene, *area);
    constexpr double kCell = 12;
    const QRectF window(QPointF(), view.size);
    const PressureField grid(window.adjusted(-kCell, -kCell, kCell, kCell), kCell,
                             [&](QPointF at) { return field.secondsTo(view.projection.nearest(view.toPlane(at))); });
    std::vector<QRectF> taken = occupiedRects(layout, reserved, 3);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setFont(font(TextRole::Small));
    const QFontMetricsF metrics(painter.font());
    const auto isFree = [&](const QRectF& rect) {
        return window.adjusted(6, 6, -6, -6).contains(rect) &&
               std::none_of(taken.begin(), taken.end(), [&](const QRectF& t) { return t.intersects(rect); });
    };
    const auto write = [&](const QRectF& rect, const QString& text) {
        taken.push_back(rect.adjusted(-4, -3, 4, 3));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.panel);
        painter.drawRoundedRect(rect, 4, 4);
        painter.setPen(theme.text);
        painter.drawText(rect, Qt::AlignCenter, text);
    };
    if (const QPointF sign = layout.areas[static_cast<std::size_t>(area - scene.areas.begin())];
        !LayoutCache::isNowhere(sign)) { // around whom they are
        painter.setPen(QPen(theme.accent, 1.6));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(sign, 9, 9);
    }
    const QPointF middle = view.place(area->at);
    for (const int ms : {10, 25, 50, 100, 150, 200, 250, 300}) {
        const QString text =
            (field.isMeasured() ? QString() : QStringLiteral("≈ ")) + QString::number(ms) + QStringLiteral(" ms");
        const double strength = std::clamp(0.95 - ms / 420.0, 0.3, 1.0);
        for (const IsobarLine& line : grid.lines(ms * 1e-3)) {
            if (line.points.size() < 8) {
                continue;
            }
            painter.setPen(QPen(mixed(theme.ground, theme.accent, strength), 1));
            painter.setBrush(Qt::NoBrush);
            drawContour(painter, line.points, view, {});
            // The values stand below each other under the area, or as near to that as there is room.
            const QSizeF size(metrics.horizontalAdvance(text) + 8, metrics.height());
            std::vector<std::pair<double, QPointF>> order;
            for (qsizetype i = 0; i < line.points.size(); i += 3) {
                const QPointF from = line.points[i] - middle;
                order.emplace_back(std::abs(std::atan2(from.x(), from.y())), line.points[i]);
            }
            std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
            for (const auto& [turn, at] : order) {
                const QRectF rect(at - QPointF(size.width() / 2, size.height() / 2), size);
                if (view.placeAt(at) && isFree(rect)) {
                    write(rect, text);
                    break;
                }
            }
        }
    }
    painter.restore();
}

} // namespace isobar::ui

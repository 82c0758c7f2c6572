// SPDX-License-Identifier: GPL-3.0-or-later
// Land and borders on the globe: what lies on the far side is pushed out to the rim, so that rings stay closed there.
#include "ui/map/paint_globe.h"
#include "ui/map/base_map.h"
#include "ui/shell/color.h"

#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isobar::ui {
namespace {

constexpr double kRimStep = 0.04; ///< radians between points along the rim

/// Odd-even, in degrees. Rings are cut at the antimeridian and go around by the poles' latitudes, so this is exact.
bool holds(const std::vector<LatLon>& ring, LatLon at)
{
    bool inside = false;
    for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
        const LatLon &a = ring[i], &b = ring[j];
        if ((a.latitude > at.latitude) != (b.latitude > at.latitude) &&
            at.longitude <
                (b.longitude - a.longitude) * (at.latitude - a.latitude) / (b.latitude - a.latitude) + a.longitude) {
            inside = !inside;
        }
    }
    return inside;
}

/// One ring or line on screen.
class RimWalk {
public:
    RimWalk(const MapViewport& view, const GlobeTurn& turn, double tolerance)
        : m_view(view)
        , m_turn(turn)
        , m_limit(tolerance * tolerance)
    {
    }

    /// The ring with its far side along the rim. Empty when nothing of it is in sight.
    const QPolygonF& ring(const std::vector<UnitVector>& points)
    {
        m_line.clear();
        bool seen = false;
        UnitVector before = m_turn.turned(points.back());
        for (const UnitVector& point : points) {
            const UnitVector now = m_turn.turned(point);
            seen = seen || now[2] >= 0;
            if ((before[2] >= 0) != (now[2] >= 0)) {
                const double t = before[2] / (before[2] - now[2]);
                const double angle =
                    std::atan2(before[1] + t * (now[1] - before[1]), before[0] + t * (now[0] - before[0]));
                if (before[2] >= 0) {
                    append(std::cos(angle), std::sin(angle));
                    along(angle, std::atan2(now[1], now[0]));
                } else {
                    along(std::atan2(before[1], before[0]), angle);
                }
            } else if (now[2] < 0) {
                along(std::atan2(before[1], before[0]), std::atan2(now[1], now[0]));
            }
            if (now[2] >= 0) {
                append(now[0], now[1]);
            }
            before = now;
        }
        if (!seen) {
            m_line.clear();
        }
        return m_line;
    }

    void drawLine(QPainter& painter, const std::vector<UnitVector>& points)
    {
        m_line.clear();
        for (const UnitVector& point : points) {
            const UnitVector now = m_turn.turned(point);
            if (now[2] >= 0) {
                append(now[0], now[1]);
            } else {
                flush(painter);
            }
        }
        flush(painter);
    }

private:
    void append(double x, double y)
    {
        const QPointF at = m_view.toScreen({x, y});
        if (!m_line.isEmpty()) {
            const QPointF d = at - m_line.back();
            if (d.x() * d.x() + d.y() * d.y() < m_limit) {
                return;
            }
        }
        m_line.append(at);
    }

    /// From one angle of the rim to another, the shorter way: an edge seen from behind sweeps less than half.
    void along(double from, double to)
    {
        double sweep = to - from;
        sweep -= 2 * std::numbers::pi * std::round(sweep / (2 * std::numbers::pi));
        const int steps = std::max(1, static_cast<int>(std::abs(sweep) / kRimStep));
        for (int i = 1; i <= steps; ++i) {
            const double angle = from + sweep * i / steps;
            append(std::cos(angle), std::sin(angle));
        }
    }

    void flush(QPainter& painter)
    {
        if (m_line.size() > 1) {
            painter.drawPolyline(m_line);
        }
        m_line.clear();
    }

    const MapViewport& m_view;
    const GlobeTurn& m_turn;
    double m_limit;
    QPolygonF m_line;
};

/// Whether a cap may be in the half of the globe that faces the reader.
bool inSight(const SphereLine& line, const GlobeTurn& turn)
{
    const double away = std::acos(std::clamp(dot(line.middle, turn.towards()), -1.0, 1.0));
    return away - line.capRadians < std::numbers::pi / 2;
}

bool onScreen(const SphereLine& line, const GlobeTurn& turn, const MapViewport& view, const QRectF& around)
{
    const UnitVector v = turn.turned(line.middle);
    const double r = 2 * std::sin(std::min(line.capRadians, std::numbers::pi) / 2) * view.scale;
    const QPointF at = view.toScreen({v[0], v[1]});
    return QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r).intersects(around);
}

} // namespace

void paintGlobe(QPainter& painter, const MapViewport& view, const Theme& theme, double tolerancePx, bool borders)
{
    const GlobeTurn turn(view.projection.facing);
    const QRectF around = QRectF(QPointF(), view.size).adjusted(-8, -8, 8, 8);
    const LatLon facing = view.projection.facing;
    const LatLon behind{-facing.latitude, facing.longitude > 0 ? facing.longitude - 180 : facing.longitude + 180};
    RimWalk walk(view, turn, tolerancePx);
    const SphereMap& map = bundledSphereMap();
    for (const auto& rings : map.land) {
        const SphereLine& outline = rings.front();
        const double px = 2 * outline.capRadians * view.scale;
        if (px < tolerancePx || !inSight(outline, turn) || !onScreen(outline, turn, view, around)) {
            continue;
        }
        QPainterPath path; // odd-even: the rings behind the first are lakes
        bool cut = false;
        for (const SphereLine& line : rings) {
            const QPolygonF& ring = walk.ring(line.points);
            if (ring.size() < 3) {
                continue;
            }
            path.addPolygon(ring);
            path.closeSubpath();
            if (holds(line.places, behind)) { // its far side went around the rim: what is in sight is the rest
                path.addEllipse(view.toScreen({}), view.scale, view.scale);
            }
            cut = cut || std::any_of(line.places.begin(), line.places.end(),
                                     [](const LatLon& p) { return std::abs(p.longitude) > 179.98; });
        }
        // Both halves of what the data cut at the antimeridian are grown over the seam.
        painter.setPen(cut ? QPen(theme.land, 1.2) : QPen(Qt::NoPen));
        painter.setBrush(theme.land);
        painter.drawPath(path);
    }
    if (borders) {
        painter.setPen(QPen(theme.border, 1));
        painter.setBrush(Qt::NoBrush);
        for (const SphereLine& line : map.borders) {
            if (inSight(line, turn) && onScreen(line, turn, view, around)) {
                walk.drawLine(painter, line.points);
            }
        }
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
// Where labels go, so that none covers another, a donut, the legend or the buttons.
#include "ui/map/layout.h"

#include "ui/shell/theme.h"

#include <QFontMetricsF>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::ui {
namespace {

constexpr double kEdge = 5;
constexpr double kLeaderStep = 3;     ///< pixels between the points of a leader that are looked at
constexpr double kNear = 16;          ///< further away no donut can be taken for a label's
constexpr std::size_t kInsistent = 6; ///< so many of the largest are labelled even at a distance

double distance(QPointF a, QPointF b)
{
    const double x = a.x() - b.x(), y = a.y() - b.y();
    return std::sqrt(x * x + y * y);
}

/// Rectangles by the cells they touch, so that a question about one place asks only what is near it.
class RectIndex {
public:
    explicit RectIndex(QSizeF window)
        : m_columns(static_cast<int>(window.width() / kCell) + 1)
        , m_rows(static_cast<int>(window.height() / kCell) + 1)
        , m_cells(static_cast<std::size_t>(m_columns) * static_cast<std::size_t>(m_rows))
    {
    }
    void add(const QRectF& rect)
    {
        m_rects.push_back(rect);
        visit(rect, [this](std::vector<std::uint32_t>& cell) {
            cell.push_back(static_cast<std::uint32_t>(m_rects.size() - 1));
            return false;
        });
    }
    /// Whether `f` says yes to the position of any rectangle in the cells that `rect` touches.
    template <typename F> [[nodiscard]] bool any(const QRectF& rect, F&& f) const
    {
        return visit(rect,
                     [&f](const std::vector<std::uint32_t>& cell) { return std::any_of(cell.begin(), cell.end(), f); });
    }
    [[nodiscard]] bool blocks(const QRectF& rect) const
    {
        return any(rect, [&](std::uint32_t index) { return m_rects[index].intersects(rect); });
    }

private:
    static constexpr double kCell = 56;

    /// What lies outside the window is in the cells at its edge.
    template <typename F> bool visit(const QRectF& rect, F&& f) const
    {
        const auto cellOf = [](double at, int count) {
            return static_cast<int>(std::clamp(at / kCell, 0.0, static_cast<double>(count - 1)));
        };
        for (int y = cellOf(rect.top(), m_rows); y <= cellOf(rect.bottom(), m_rows); ++y) {
            for (int x = cellOf(rect.left(), m_columns); x <= cellOf(rect.right(), m_columns); ++x) {
                if (f(m_cells[static_cast<std::size_t>(y * m_columns + x)])) {
                    return true;
                }
            }
        }
        return false;
    }

    int m_columns, m_rows;
    mutable std::vector<std::vector<std::uint32_t>> m_cells;
    std::vector<QRectF> m_rects;
};

QRectF discRect(const PlacedMarker& m)
{
    const double r = m.outerRadius() + 1;
    return {m.at.x() - r, m.at.y() - r, 2 * r, 2 * r};
}

/// From the donut's edge to the nearest point of its label.
QLineF leaderTo(const QRectF& label, const PlacedMarker& m)
{
    const QPointF nearest(std::clamp(m.at.x(), label.left(), label.right()),
                          std::clamp(m.at.y(), label.top() + 2, label.bottom() - 2));
    const double away = std::max(1e-6, distance(nearest, m.at));
    return {m.at + (nearest - m.at) * std::min(1.0, m.outerRadius() / away), nearest};
}

/// Whether a label at a distance, or the line to it, could be taken for this donut's.
bool standsNear(const PlacedMarker& other, const QRectF& label, const QLineF& leader)
{
    if (discRect(other).adjusted(-15, -5, 15, 5).intersects(label)) {
        return true;
    }
    const QPointF way = leader.p2() - leader.p1();
    const double square = std::max(1e-9, QPointF::dotProduct(way, way));
    const double t = std::clamp(QPointF::dotProduct(other.at - leader.p1(), way) / square, 0.0, 1.0);
    return distance(leader.p1() + way * t, other.at) < other.outerRadius() + 2;
}

} // namespace

/// Greedy: important ones first, then by size; eight places each; no room, no label.
void placeLabels(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                 LayoutCache& cache)
{
    const double h = std::ceil(QFontMetricsF(font(TextRole::Secondary)).height()) - 2;
    const QRectF window = QRectF(QPointF(), view.size).adjusted(kEdge, kEdge, -kEdge, -kEdge);
    const auto room = static_cast<std::size_t>(view.size.width() * view.size.height() / 15000.0) + 4;

    RectIndex discs(view.size), taken(view.size), takenOnFan(view.size);
    for (const PlacedMarker& m : layout.placed) {
        discs.add(discRect(m));
        if (m.fanned) {
            takenOnFan.add(discRect(m));
        }
    }
    takenOnFan.add(options.reserved);
    taken.add(options.reserved);
    taken.add(layout.legendRect);

    std::vector<std::size_t> order(layout.placed.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<bool> isFirst;
    for (const PlacedMarker& m : layout.placed) {
        isFirst.push_back(
            m.fanned || m.trouble ||
            (!options.important.isEmpty() && std::any_of(m.members.begin(), m.members.end(), [&](int index) {
                return options.important.contains(scene.markers[static_cast<std::size_t>(index)].id);
            })));
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return isFirst[a] && !isFirst[b]; });
    std::size_t count = 0;
    for (const std::size_t index : order) {
        PlacedMarker& m = layout.placed[index];
        if (count >= room || m.title.isEmpty() || (m.faded && !isFirst[index]) || !window.contains(m.at) ||
            (!m.fanned && layout.onFan(m.at))) {
            continue;
        }
        const double w = cache.textWidth(m.note.isEmpty() ? m.title : m.title + QLatin1Char(' ') + m.note) + 2;
        // The important and the largest may stand further off, on a thin line, when there is no room beside them.
        const bool insists = isFirst[index] || index < kInsistent;
        struct Candidate {
            QPointF corner;
            bool far;
        };
        std::vector<Candidate> candidates;
        for (const double off : {4.0, 18.0, 32.0, 46.0}) {
            const bool far = off > 4.0;
            if (far && !insists) {
                break;
            }
            const double r = m.outerRadius() + off, d = far ? r * 0.8 : r * 0.72;
            const QPointF c = m.at;
            for (const QPointF& corner : {QPointF(c.x() + r, c.y() - h / 2), QPointF(c.x() - r - w, c.y() - h / 2),
                                          QPointF(c.x() - w / 2, c.y() - r - h), QPointF(c.x() - w / 2, c.y() + r),
                                          QPointF(c.x() + d, c.y() - d - h), QPointF(c.x() + d, c.y() + d),
                                          QPointF(c.x() - d - w, c.y() - d - h), QPointF(c.x() - d - w, c.y() + d)}) {
                candidates.push_back({corner, far});
            }
        }
        // A fan stands over everything else: only its own members are in its labels' way.
        const auto isTaken = [&](const QRectF& rect) {
            return m.fanned ? takenOnFan.blocks(rect) : taken.blocks(rect) || discs.blocks(rect);
        };
        for (const Candidate& candidate : candidates) {
            const QRectF rect(candidate.corner, QSizeF(w, h));
            if (!window.contains(rect) || (!m.fanned && layout.fanDisc.intersects(rect)) || isTaken(rect)) {
                continue;
            }
            const QLineF leader = leaderTo(rect, m);
            const QRectF reach = rect.united(QRectF(leader.p1(), leader.p2()).normalized());
            const auto crossesLabel = [&] {
                bool crosses = false;
                const double step = kLeaderStep / std::max(kLeaderStep, leader.length());
                for (double t = 0; t <= 1 && !crosses; t += step) {
                    crosses = taken.blocks(QRectF(leader.pointAt(t) - QPointF(1, 1), QSizeF(2, 2)));
                }
                return crosses;
            };
            const bool free =
                !candidate.far ||
                (!crossesLabel() && !discs.any(reach.adjusted(-kNear, -kNear, kNear, kNear), [&](std::uint32_t i) {
                    const PlacedMarker& other = layout.placed[i];
                    return &other != &m && standsNear(other, rect, leader);
                }));
            if (free) {
                m.labelled = true;
                m.labelRect = rect;
                m.leader = candidate.far ? leader : QLineF();
                for (double t = 0; candidate.far && t < 1; t += 0.2) { // no other label over the line
                    taken.add(QRectF(leader.pointAt(t) - QPointF(2, 2), QSizeF(4, 4)));
                }
                taken.add(rect.adjusted(-2, 0, 2, 0));
                takenOnFan.add(rect.adjusted(-2, 0, 2, 0));
                ++count;
                break;
            }
        }
    }
}

} // namespace isobar::ui

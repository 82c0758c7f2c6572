// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/isobars.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

constexpr double kBackground = 0.06;
constexpr std::size_t kManyMarkers = 2000;
constexpr double kCellDegrees = 2;
constexpr double kReach = 4.0; ///< in sigmas; beyond it a kernel is 3e-4

/// Corner cutting (Chaikin), once: takes the grid out of the line.
QPolygonF smoothed(const QPolygonF& line, bool closed)
{
    QPolygonF result;
    result.reserve(2 * line.size());
    if (!closed) {
        result.append(line.front());
    }
    for (qsizetype i = 0; i + 1 < line.size(); ++i) {
        result.append(line[i] * 0.75 + line[i + 1] * 0.25);
        result.append(line[i] * 0.25 + line[i + 1] * 0.75);
    }
    result.append(closed ? result.front() : line.back());
    return result;
}

} // namespace

PressureField::PressureField(const std::vector<IsobarSource>& sources, QRectF area, double sigma, double cell)
    : m_area(area)
    , m_cell(cell)
    , m_columns(static_cast<int>(std::ceil(area.width() / cell)) + 1)
    , m_rows(static_cast<int>(std::ceil(area.height() / cell)) + 1)
{
    const auto cells = static_cast<std::size_t>(m_columns) * static_cast<std::size_t>(m_rows);
    std::vector<double> supply(cells, 0.0);
    m_values.assign(cells, 0.0);
    double largest = 0;
    for (const IsobarSource& s : sources) {
        largest = std::max(largest, s.supply);
    }
    std::vector<double> across;
    for (const IsobarSource& s : sources) {
        const auto column = [&](double x) { return static_cast<int>(std::floor((x - m_area.left()) / m_cell)); };
        const auto row = [&](double y) { return static_cast<int>(std::floor((y - m_area.top()) / m_cell)); };
        // In doubles first: a source far outside the window must not overflow the cast.
        if (!(s.supply > 0) ||
            !m_area.adjusted(-kReach * sigma, -kReach * sigma, kReach * sigma, kReach * sigma).contains(s.at)) {
            continue;
        }
        const int left = std::max(0, column(s.at.x() - kReach * sigma));
        const int right = std::min(m_columns - 1, column(s.at.x() + kReach * sigma) + 1);
        const int top = std::max(0, row(s.at.y() - kReach * sigma));
        const int bottom = std::min(m_rows - 1, row(s.at.y() + kReach * sigma) + 1);
        across.clear(); // a Gaussian is a product: one exponential a column and one a row
        for (int x = left; x <= right; ++x) {
            const double d = (m_area.left() + x * m_cell - s.at.x()) / sigma;
            across.push_back(std::exp(-0.5 * d * d));
        }
        for (int y = top; y <= bottom; ++y) {
            const double d = (m_area.top() + y * m_cell - s.at.y()) / sigma;
            const double weight = s.supply * std::exp(-0.5 * d * d);
            for (int x = left; x <= right; ++x) {
                const auto index = static_cast<std::size_t>(y * m_columns + x);
                const double here = weight * across[static_cast<std::size_t>(x - left)];
                supply[index] += here;
                m_values[index] += here * s.utilization;
            }
        }
    }
    if (largest > 0) {
        for (std::size_t i = 0; i < cells; ++i) {
            m_values[i] /= kBackground * largest + supply[i];
        }
    }
}

PressureField::PressureField(QRectF area, double cell, const std::function<double(QPointF)>& value)
    : m_area(area)
    , m_cell(cell)
    , m_columns(static_cast<int>(std::ceil(area.width() / cell)) + 1)
    , m_rows(static_cast<int>(std::ceil(area.height() / cell)) + 1)
{
    m_values.reserve(static_cast<std::size_t>(m_columns) * static_cast<std::size_t>(m_rows));
    for (int y = 0; y < m_rows; ++y) {
        for (int x = 0; x < m_columns; ++x) {
            m_values.push_back(value({area.left() + x * cell, area.top() + y * cell}));
        }
    }
}

double PressureField::at(int column, int row) const
{
    return m_values[static_cast<std::size_t>(row * m_columns + column)];
}

std::vector<IsobarLine> PressureField::lines(double level) const
{
    // A crossing is named by its grid edge: 2 * cell for the edge to the right, + 1 for the edge downwards.
    std::vector<std::array<int, 2>> next(2 * m_values.size(), {-1, -1});
    std::vector<int> crossings;
    const auto join = [&](int a, int b) {
        for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
            auto& slots = next[static_cast<std::size_t>(from)];
            if (slots[0] < 0) {
                crossings.push_back(from);
                slots[0] = to;
            } else {
                slots[1] = to;
            }
        }
    };
    for (int y = 0; y + 1 < m_rows; ++y) {
        for (int x = 0; x + 1 < m_columns; ++x) {
            const double a = at(x, y), b = at(x + 1, y), c = at(x + 1, y + 1), d = at(x, y + 1);
            if (std::isnan(a + b + c + d)) {
                continue;
            }
            const int mask = (a >= level ? 1 : 0) | (b >= level ? 2 : 0) | (c >= level ? 4 : 0) | (d >= level ? 8 : 0);
            if (mask == 0 || mask == 15) {
                continue;
            }
            const int cell = y * m_columns + x;
            const int top = 2 * cell, left = 2 * cell + 1, right = 2 * (cell + 1) + 1, bottom = 2 * (cell + m_columns);
            switch (mask) {
            case 1:
            case 14:
                join(left, top);
                break;
            case 2:
            case 13:
                join(top, right);
                break;
            case 4:
            case 11:
                join(right, bottom);
                break;
            case 8:
            case 7:
                join(bottom, left);
                break;
            case 3:
            case 12:
                join(left, right);
                break;
            case 6:
            case 9:
                join(top, bottom);
                break;
            default: { // a saddle: the middle decides which corners belong together
                const bool high = (a + b + c + d) / 4 >= level;
                if ((mask == 5) == high) {
                    join(left, bottom), join(top, right);
                } else {
                    join(left, top), join(right, bottom);
                }
            }
            }
        }
    }
    const auto point = [&](int edge) {
        const int cell = edge / 2, x = cell % m_columns, y = cell / m_columns;
        const bool down = (edge & 1) != 0;
        const double from = at(x, y), to = down ? at(x, y + 1) : at(x + 1, y);
        const double t = std::clamp((level - from) / (to - from), 0.0, 1.0);
        return QPointF(m_area.left() + (x + (down ? 0 : t)) * m_cell, m_area.top() + (y + (down ? t : 0)) * m_cell);
    };
    std::vector<IsobarLine> result;
    std::vector<bool> done(next.size(), false);
    const auto walk = [&](int start, bool closed) {
        IsobarLine line{level, {}, closed};
        int here = start, before = -1;
        while (here >= 0 && !done[static_cast<std::size_t>(here)]) {
            done[static_cast<std::size_t>(here)] = true;
            line.points.append(point(here));
            const auto& slots = next[static_cast<std::size_t>(here)];
            const int onward = slots[0] != before ? slots[0] : slots[1];
            before = here, here = onward;
        }
        if (closed) {
            line.points.append(line.points.front());
        }
        if (line.points.size() > 2) {
            line.points = smoothed(line.points, closed);
            result.push_back(std::move(line));
        }
    };
    for (const int edge : crossings) { // lines that end at the window's edge first, then the rings
        if (next[static_cast<std::size_t>(edge)][1] < 0 && !done[static_cast<std::size_t>(edge)]) {
            walk(edge, false);
        }
    }
    for (const int edge : crossings) {
        if (!done[static_cast<std::size_t>(edge)]) {
            walk(edge, true);
        }
    }
    return result;
}

namespace {

struct Supply {
    LatLon at;
    double size = 0, utilization = 0;
};

/// Each marker, or of very many the sums of cells two degrees wide.
std::vector<Supply> suppliesOf(const MapScene& scene)
{
    std::vector<Supply> supplies;
    if (scene.markers.size() <= kManyMarkers) {
        for (const MapMarker& m : scene.markers) {
            if (m.size > 0 && !m.faded) {
                supplies.push_back({m.at, m.size, m.utilization});
            }
        }
        return supplies;
    }
    std::map<std::pair<int, int>, Supply> cells;
    for (const MapMarker& m : scene.markers) {
        if (m.size > 0 && !m.faded) {
            Supply& cell = cells[{static_cast<int>(std::floor(m.at.latitude / kCellDegrees)),
                                  static_cast<int>(std::floor(m.at.longitude / kCellDegrees))}];
            cell.size += m.size;
            cell.utilization += m.size * m.utilization;
            cell.at.latitude += m.size * m.at.latitude;
            cell.at.longitude += m.size * m.at.longitude;
        }
    }
    for (const auto& [key, cell] : cells) {
        supplies.push_back(
            {{cell.at.latitude / cell.size, cell.at.longitude / cell.size}, cell.size, cell.utilization / cell.size});
    }
    return supplies;
}

/// On the globe the kernels are of the angle between two places. Beyond the rim goes on what is at it, so that lines
/// reach the rim; whoever draws them ends them there.
PressureField onGlobe(const MapScene& scene, const MapViewport& view, double sigmaRadians, double cell)
{
    struct Source {
        UnitVector at;
        double supply, utilization;
    };
    std::vector<Source> sources;
    double largest = 0;
    for (const Supply& s : suppliesOf(scene)) {
        sources.push_back({unitVector(s.at), s.size, s.utilization});
        largest = std::max(largest, s.size);
    }
    const double reach = std::cos(kReach * sigmaRadians);
    return {QRectF(QPointF(), view.size).adjusted(-cell, -cell, cell, cell), cell, [&](QPointF at) {
                if (largest <= 0) {
                    return 0.0;
                }
                const UnitVector v = unitVector(view.projection.nearest(view.toPlane(at)));
                double supply = 0, demand = 0;
                for (const Source& s : sources) {
                    const double cosine = dot(s.at, v);
                    if (cosine > reach) { // chord squared = angle squared for what is near
                        const double weight = s.supply * std::exp((cosine - 1) / (sigmaRadians * sigmaRadians));
                        supply += weight;
                        demand += weight * s.utilization;
                    }
                }
                return demand / (kBackground * largest + supply);
            }};
}

} // namespace

std::vector<IsobarLine> isobarLines(const MapScene& scene, const MapViewport& view)
{
    // About 10 degrees at the whole world; narrower on the ground, wider on the screen, when zoomed in.
    const double zoomed = std::pow(std::max(1.0, view.zoom()), 0.7);
    const double sigma = 0.0305 * 2 * view.projection.halfWidth() * view.scale / zoomed;
    const double cell = std::clamp(sigma / 6, 4.0, 14.0);
    std::vector<IsobarSource> sources;
    if (!view.projection.isGlobe()) {
        for (const Supply& m : suppliesOf(scene)) {
            // Once more beyond either edge, so that the lines do not end at the antimeridian.
            for (const double turn : {0.0, -360.0, 360.0}) {
                sources.push_back({view.place({m.at.latitude, m.at.longitude + turn}), m.size, m.utilization});
            }
        }
    }
    const PressureField field =
        view.projection.isGlobe()
            ? onGlobe(scene, view, 0.165 / zoomed, std::max(cell, 7.0))
            : PressureField(sources, QRectF(QPointF(), view.size).adjusted(-3 * cell, -3 * cell, 3 * cell, 3 * cell),
                            sigma, cell);
    std::vector<IsobarLine> lines;
    for (const double level : {0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2}) {
        auto some = field.lines(level);
        std::move(some.begin(), some.end(), std::back_inserter(lines));
    }
    return lines;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
// Which flows are drawn, and where.
#include "ui/map/layout.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace isobar::ui {
namespace {

/// Flows of one area to the members of one cluster are one line, as bad as its worst.
struct Joined {
    int area = -1;
    int group = -1; ///< the cluster, or the marker alone (below -1) when it is behind the globe
    int marker = -1;
    double rate = 0, largest = -1;
    MapFlow::State state = MapFlow::State::Fine;
    bool chosen = false;
};

std::vector<Joined> joinFlows(const MapLayout& layout, const MapScene& scene, const LayoutOptions& options)
{
    std::unordered_map<int, int> areaOfId, markerOfId;
    for (std::size_t i = 0; i < scene.areas.size(); ++i) {
        areaOfId[scene.areas[i].id] = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < scene.markers.size(); ++i) {
        markerOfId[scene.markers[i].id] = static_cast<int>(i);
    }
    std::vector<Joined> all;
    all.reserve(scene.flows.size());
    for (const MapFlow& flow : scene.flows) {
        const auto area = areaOfId.find(flow.area);
        const auto marker = markerOfId.find(flow.marker);
        if (area == areaOfId.end() || marker == markerOfId.end() || !(flow.requestsPerSecond > 0)) {
            continue;
        }
        const int placed = layout.placedOfMarker[static_cast<std::size_t>(marker->second)];
        all.push_back({area->second, placed >= 0 ? placed : -2 - marker->second, marker->second, flow.requestsPerSecond,
                       flow.requestsPerSecond, flow.state,
                       options.markers.contains(flow.marker) || options.areas.contains(flow.area)});
    }
    std::sort(all.begin(), all.end(), [](const Joined& a, const Joined& b) {
        return std::tie(a.area, a.group, b.largest, a.marker) < std::tie(b.area, b.group, a.largest, b.marker);
    });
    std::vector<Joined> joined;
    for (const Joined& flow : all) {
        if (joined.empty() || joined.back().area != flow.area || joined.back().group != flow.group) {
            joined.push_back(flow);
            continue;
        }
        Joined& into = joined.back(); // the largest came first
        into.rate += flow.rate;
        into.state = std::max(into.state, flow.state);
        into.chosen = into.chosen || flow.chosen;
    }
    return joined;
}

} // namespace

void placeFlows(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                LayoutCache& cache)
{
    std::vector<Joined> joined = joinFlows(layout, scene, options);
    std::stable_sort(joined.begin(), joined.end(), [](const Joined& a, const Joined& b) {
        return std::pair(a.state, a.rate) < std::pair(b.state, b.rate);
    });
    double most = 0, total = 0;
    for (const Joined& j : joined) {
        most = std::max(most, j.rate);
        total += j.rate;
    }
    // The strongest healthy ones and a third as many slow ones, as those stand out; what is lost or chosen is always
    // there.
    std::size_t healthy = 0, slow = 0;
    for (std::size_t back = joined.size(); back-- > 0;) {
        Joined& j = joined[back];
        const bool over = j.state == MapFlow::State::Fine   ? ++healthy > options.flowLimit
                          : j.state == MapFlow::State::Slow ? ++slow > (options.flowLimit + 2) / 3
                                                            : false;
        if (over && !j.chosen && options.flowLimit > 0) {
            ++layout.moreFlows;
            layout.moreShare += j.rate / total;
            j.area = -1;
        }
    }
    const QRectF visible = QRectF(QPointF(), view.size).adjusted(-20, -20, 20, 20);
    for (const Joined& j : joined) {
        if (j.area < 0) {
            continue;
        }
        const LatLon from = scene.areas[static_cast<std::size_t>(j.area)].at;
        const MapMarker& to = scene.markers[static_cast<std::size_t>(j.marker)];
        PlacedFlow flow;
        flow.area = j.area, flow.marker = j.marker, flow.placed = std::max(-1, j.group);
        flow.requestsPerSecond = j.rate, flow.state = j.state;
        flow.strength = most > 0 ? j.rate / most : 0;
        const QPointF shift =
            flow.placed < 0 ? QPointF() : layout.placed[static_cast<std::size_t>(flow.placed)].at - view.place(to.at);
        const FlowCurve& curve = cache.curve(from, to.at, view.projection);
        std::size_t points = 0, done = 0;
        for (const auto& piece : curve) {
            points += piece.size();
        }
        QRectF bounds;
        for (const auto& piece : curve) {
            QPolygonF line;
            line.reserve(static_cast<qsizetype>(piece.size()));
            for (const QPointF& p : piece) { // bent towards where the donut is drawn
                const double t =
                    static_cast<double>(done++) / static_cast<double>(std::max<std::size_t>(points - 1, 1));
                line.append(view.toScreen(p) + shift * t * t);
            }
            for (qsizetype i = 1; i < line.size(); ++i) {
                const QPointF d = line[i] - line[i - 1];
                flow.length += std::sqrt(d.x() * d.x() + d.y() * d.y());
            }
            bounds |= line.boundingRect().adjusted(0, 0, 0.01, 0.01);
            if (line.size() > 1) {
                flow.pieces.push_back(std::move(line));
            }
        }
        if (!flow.pieces.empty() && bounds.intersects(visible) && flow.length > 3) {
            layout.flows.push_back(std::move(flow));
        }
    }
}

} // namespace isobar::ui

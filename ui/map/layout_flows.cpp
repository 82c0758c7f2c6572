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
    double rate = 0, largest = -1, tokens = 0;
    MapFlow::State state = MapFlow::State::Fine;
    bool chosen = false;
};

std::vector<Joined> joinFlows(const MapLayout& layout, const MapScene& scene, const LayoutOptions& options,
                              LayoutCache& cache)
{
    std::unordered_map<int, int> areaOfId;
    for (std::size_t i = 0; i < scene.areas.size(); ++i) {
        areaOfId[scene.areas[i].id] = static_cast<int>(i);
    }
    std::vector<Joined> all;
    all.reserve(scene.flows.size());
    for (const MapFlow& flow : scene.flows) {
        const auto area = areaOfId.find(flow.area);
        const int marker = cache.indexOf(scene, flow.marker);
        if (area == areaOfId.end() || marker < 0 || !(flow.requestsPerSecond > 0)) {
            continue;
        }
        const int placed = layout.placedOfMarker[static_cast<std::size_t>(marker)];
        all.push_back({area->second, placed >= 0 ? placed : -2 - marker, marker, flow.requestsPerSecond,
                       flow.requestsPerSecond, flow.tokensPerSecond, flow.state,
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
        into.tokens += flow.tokens;
        into.state = std::max(into.state, flow.state);
        into.chosen = into.chosen || flow.chosen;
    }
    return joined;
}

constexpr std::size_t kStrongest = 5; ///< healthy flows that stand out when nothing is selected
constexpr double kLaneApart = 5;      ///< pixels between the two lanes on the globe, where both are one great circle

/// A curve on the screen, bent to where its ends are drawn: `atStart` and `atEnd` from their true places.
void place(PlacedFlow& flow, const FlowCurve& curve, const MapViewport& view, QPointF atStart, QPointF atEnd,
           double aside = 0)
{
    std::size_t points = 0, done = 0;
    for (const auto& piece : curve) {
        points += piece.size();
    }
    for (const auto& piece : curve) {
        QPolygonF line;
        line.reserve(static_cast<qsizetype>(piece.size()));
        for (const QPointF& p : piece) {
            const double t = static_cast<double>(done++) / static_cast<double>(std::max<std::size_t>(points - 1, 1));
            line.append(view.toScreen(p) + atStart * (1 - t) * (1 - t) + atEnd * t * t);
        }
        if (aside != 0 && line.size() > 1) {
            const QPointF way = line.back() - line.front();
            const double length = std::max(1.0, std::sqrt(QPointF::dotProduct(way, way)));
            const QPointF left = QPointF(way.y(), -way.x()) / length * aside;
            for (qsizetype i = 0; i < line.size(); ++i) {
                const double t = static_cast<double>(i) / static_cast<double>(line.size() - 1);
                line[i] += left * (4 * t * (1 - t));
            }
        }
        for (qsizetype i = 1; i < line.size(); ++i) {
            const QPointF d = line[i] - line[i - 1];
            flow.length += std::sqrt(d.x() * d.x() + d.y() * d.y());
        }
        if (line.size() > 1) {
            flow.pieces.push_back(std::move(line));
        }
    }
}

bool isSeen(const PlacedFlow& flow, const MapViewport& view)
{
    QRectF bounds;
    for (const QPolygonF& piece : flow.pieces) {
        bounds |= piece.boundingRect().adjusted(0, 0, 0.01, 0.01);
    }
    return flow.length > 3 && bounds.intersects(QRectF(QPointF(), view.size).adjusted(-20, -20, 20, 20));
}

/// One end of a lane: its true place, and from there to where its sign stands.
struct End {
    LatLon at;
    QPointF shift;
};

End markerEnd(const MapLayout& layout, const MapScene& scene, int marker, int placed, const MapViewport& view)
{
    const LatLon at = scene.markers[static_cast<std::size_t>(marker)].at;
    return {at, placed < 0 ? QPointF() : layout.placed[static_cast<std::size_t>(placed)].at - view.place(at)};
}

End areaEnd(const MapLayout& layout, const MapScene& scene, int area, const MapViewport& view)
{
    const LatLon at = scene.areas[static_cast<std::size_t>(area)].at;
    const QPointF sign = layout.areas[static_cast<std::size_t>(area)];
    return {at, LayoutCache::isNowhere(sign) ? QPointF() : sign - view.place(at)};
}

/// Adds a lane where it is seen. A lane that goes `back` keeps off the other one where both would be one line.
void addLane(std::vector<PlacedFlow>& lanes, PlacedFlow lane, const End& from, const End& to, const MapViewport& view,
             LayoutCache& cache, bool back)
{
    const double aside = back && view.projection.isGlobe() ? kLaneApart : 0;
    place(lane, cache.curve(from.at, to.at, view.projection), view, from.shift, to.shift, aside);
    if (isSeen(lane, view)) {
        lanes.push_back(std::move(lane));
    }
}

void setTones(MapLayout& layout, const MapScene& scene, const LayoutOptions& options)
{
    const bool any = !options.markers.isEmpty() || !options.areas.isEmpty();
    std::size_t healthy = 0;
    for (std::size_t back = layout.flows.size(); back-- > 0;) { // the strongest last
        PlacedFlow& flow = layout.flows[back];
        if (any) {
            const auto chosen = [&](int member) {
                return options.markers.contains(scene.markers[static_cast<std::size_t>(member)].id);
            };
            bool touched =
                options.areas.contains(scene.areas[static_cast<std::size_t>(flow.area)].id) || chosen(flow.marker);
            if (!touched && !options.markers.isEmpty() && flow.placed >= 0) {
                const PlacedMarker& placed = layout.placed[static_cast<std::size_t>(flow.placed)];
                touched = std::any_of(placed.members.begin(), placed.members.end(), chosen);
            }
            flow.tone = touched ? FlowTone::Strong : FlowTone::Faded;
        } else if (flow.state != MapFlow::State::Fine || ++healthy <= kStrongest) {
            flow.tone = FlowTone::Strong;
        }
    }
}

/// The lanes back of the flows that stand out: all of them would be a thicket.
void placeAnswers(MapLayout& layout, const MapScene& scene, const MapViewport& view, LayoutCache& cache)
{
    for (const PlacedFlow& flow : layout.flows) {
        if (flow.tone != FlowTone::Strong || !(flow.tokensPerSecond > 0) || flow.state == MapFlow::State::Lost) {
            continue;
        }
        PlacedFlow answer;
        answer.area = flow.area, answer.marker = flow.marker, answer.placed = flow.placed;
        answer.tokensPerSecond = flow.tokensPerSecond;
        answer.tone = FlowTone::Strong;
        answer.strength = flow.tokensPerSecond / layout.mostTokensPerSecond;
        addLane(layout.answers, std::move(answer), markerEnd(layout, scene, flow.marker, flow.placed, view),
                areaEnd(layout, scene, flow.area, view), view, cache, true);
    }
    std::stable_sort(layout.answers.begin(), layout.answers.end(),
                     [](const PlacedFlow& a, const PlacedFlow& b) { return a.strength < b.strength; });
}

} // namespace

void placeFlows(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                LayoutCache& cache)
{
    std::vector<Joined> joined = joinFlows(layout, scene, options, cache);
    std::stable_sort(joined.begin(), joined.end(), [](const Joined& a, const Joined& b) {
        return std::pair(a.state, a.rate) < std::pair(b.state, b.rate);
    });
    double& most = layout.mostRequestsPerSecond;
    double total = 0;
    for (const Joined& j : joined) {
        most = std::max(most, j.rate);
        layout.mostTokensPerSecond = std::max(layout.mostTokensPerSecond, j.tokens);
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
    for (const Joined& j : joined) {
        if (j.area < 0) {
            continue;
        }
        PlacedFlow flow;
        flow.area = j.area, flow.marker = j.marker, flow.placed = std::max(-1, j.group);
        flow.requestsPerSecond = j.rate, flow.tokensPerSecond = j.tokens, flow.state = j.state;
        flow.strength = most > 0 ? j.rate / most : 0;
        addLane(layout.flows, std::move(flow), areaEnd(layout, scene, j.area, view),
                markerEnd(layout, scene, j.marker, std::max(-1, j.group), view), view, cache, false);
    }
    setTones(layout, scene, options);
    placeAnswers(layout, scene, view, cache);
}

void placeSpills(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                 LayoutCache& cache)
{
    struct Sum {
        double rate = 0, largest = 0;
        int from = -1, to = -1; ///< markers of the largest
        bool chosen = false;
    };
    std::map<std::pair<int, int>, Sum> sums; // by donut: within one nothing moves
    for (const MapSpill& spill : scene.spills) {
        const int from = cache.indexOf(scene, spill.from), to = cache.indexOf(scene, spill.to);
        if (from < 0 || to < 0 || !(spill.requestsPerSecond > 0)) {
            continue;
        }
        const std::pair ends(layout.placedOfMarker[static_cast<std::size_t>(from)],
                             layout.placedOfMarker[static_cast<std::size_t>(to)]);
        if (ends.first < 0 || ends.second < 0 || ends.first == ends.second) {
            continue;
        }
        Sum& sum = sums[ends];
        sum.rate += spill.requestsPerSecond;
        sum.chosen = sum.chosen || options.markers.contains(spill.from) || options.markers.contains(spill.to);
        if (spill.requestsPerSecond > sum.largest) {
            sum.largest = spill.requestsPerSecond;
            sum.from = from, sum.to = to;
        }
        layout.mostSpilledPerSecond = std::max(layout.mostSpilledPerSecond, sum.rate);
    }
    std::vector<std::pair<std::pair<int, int>, Sum>> order(sums.begin(), sums.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.second.rate > b.second.rate; });
    const bool any = !options.markers.isEmpty() || !options.areas.isEmpty();
    std::size_t count = 0;
    for (const auto& [ends, sum] : order) {
        if (++count > options.flowLimit && options.flowLimit > 0 && !sum.chosen) {
            continue;
        }
        PlacedFlow flow;
        flow.marker = sum.to, flow.placed = ends.second, flow.from = ends.first;
        flow.requestsPerSecond = sum.rate;
        flow.strength = sum.rate / layout.mostSpilledPerSecond;
        flow.tone = sum.chosen ? FlowTone::Strong : any ? FlowTone::Faded : FlowTone::Resting;
        addLane(layout.spills, std::move(flow), markerEnd(layout, scene, sum.from, ends.first, view),
                markerEnd(layout, scene, sum.to, ends.second, view), view, cache, true);
    }
    std::reverse(layout.spills.begin(), layout.spills.end());
}

} // namespace isobar::ui

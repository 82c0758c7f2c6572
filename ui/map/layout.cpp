// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QFontMetricsF>
#include <QLineF>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace isobar::ui {
namespace {

/// Two donuts closer than this share of their reach are gathered; further apart they are moved.
constexpr double kMergeShare = 0.5;
/// A donut is moved at most this share of its reach from its true place.
constexpr double kMaxShift = 1.6;
constexpr double kEdge = 5;
constexpr std::size_t kInsistent = 6; ///< so many of the largest are labelled even at a distance

double distance(QPointF a, QPointF b)
{
    // Not std::hypot: its care for overflow costs ten times as much and screens are small.
    const double x = a.x() - b.x(), y = a.y() - b.y();
    return std::sqrt(x * x + y * y);
}

/// The largest donut at this window size and zoom.
double largestRadius(const MapViewport& view)
{
    const double base = std::clamp(0.0112 * std::min(view.size.width(), 2.1 * view.size.height()), 8.0, 17.0);
    // In steps, so that the cached pictures of donuts serve while a zoom is under way.
    const double steps = std::floor(2 * std::log2(std::max(1.0, view.zoom())) + 1e-6) / 2;
    return base * std::clamp(1.0 + 0.16 * steps, 1.0, 1.5);
}

struct Builder {
    const MapScene& scene;
    const MapViewport& view;
    double maxSize = 1;
    double maxRadius = 12;
    std::vector<QPointF> anchors;

    Builder(const MapScene& s, const MapViewport& v)
        : scene(s)
        , view(v)
        , maxRadius(largestRadius(v))
    {
        for (const MapMarker& m : scene.markers) {
            maxSize = std::max(maxSize, m.size);
            anchors.push_back(view.place(m.at));
        }
    }

    [[nodiscard]] double radiusOf(double size) const
    {
        const double share = std::sqrt(std::clamp(size, 0.0, 4 * maxSize) / maxSize);
        return maxRadius * std::min(1.3, 0.42 + 0.58 * share);
    }

    [[nodiscard]] PlacedMarker gathered(std::vector<int> members) const
    {
        std::sort(members.begin(), members.end(), [this](int a, int b) {
            const double x = marker(a).size, y = marker(b).size;
            return x != y ? x > y : a < b;
        });
        PlacedMarker placed;
        double used = 0, weight = 0;
        for (const int index : members) {
            const MapMarker& m = marker(index);
            const double w = std::max(m.size, 1.0);
            placed.anchor += anchors[static_cast<std::size_t>(index)] * w;
            weight += w;
            placed.size += m.size;
            used += m.size * m.utilization;
            placed.trouble = placed.trouble || m.trouble;
            for (const MapSlice& slice : m.slices) {
                const auto same = std::find_if(placed.slices.begin(), placed.slices.end(),
                                               [&slice](const MapSlice& s) { return s.label == slice.label; });
                if (same != placed.slices.end()) {
                    same->value += slice.value;
                } else {
                    placed.slices.push_back(slice);
                }
            }
        }
        const MapMarker& first = marker(members.front());
        placed.anchor /= weight;
        placed.at = placed.anchor;
        placed.radius = radiusOf(placed.size);
        placed.utilization = placed.size > 0 ? used / placed.size : first.utilization;
        placed.title = first.name;
        if (members.size() > 1) {
            placed.title += QStringLiteral(" +%1").arg(members.size() - 1);
            placed.note = percent(placed.utilization, 0).joined();
        } else if (first.label.startsWith(first.name)) {
            placed.note = first.label.mid(first.name.size()).trimmed();
        } else if (!first.label.isEmpty()) {
            placed.title = first.label;
        }
        placed.members = std::move(members);
        return placed;
    }

    [[nodiscard]] const MapMarker& marker(int index) const { return scene.markers[static_cast<std::size_t>(index)]; }
};

/// Joins the closest pair until none is closer than `share` of their reach. Quadratic per join: a fleet has some
/// hundreds of places.
void gatherClose(std::vector<PlacedMarker>& placed, const Builder& builder, double share)
{
    while (true) {
        double best = 1;
        std::size_t one = 0, other = 0;
        for (std::size_t i = 0; i < placed.size(); ++i) {
            for (std::size_t j = i + 1; j < placed.size(); ++j) {
                const double reach = share * (placed[i].outerRadius() + placed[j].outerRadius());
                const double closeness = distance(placed[i].at, placed[j].at) / reach;
                if (closeness < best) {
                    best = closeness, one = i, other = j;
                }
            }
        }
        if (one == other) {
            return;
        }
        std::vector<int> members = placed[one].members;
        members.insert(members.end(), placed[other].members.begin(), placed[other].members.end());
        placed[one] = builder.gathered(std::move(members));
        placed.erase(placed.begin() + static_cast<std::ptrdiff_t>(other));
    }
}

/// Moves overlapping donuts apart a little, the small ones more than the large ones.
void spread(std::vector<PlacedMarker>& placed)
{
    for (int round = 0; round < 40; ++round) {
        bool moved = false;
        for (std::size_t i = 0; i < placed.size(); ++i) {
            for (std::size_t j = i + 1; j < placed.size(); ++j) {
                PlacedMarker &a = placed[i], &b = placed[j];
                const double apart = distance(a.at, b.at), need = a.outerRadius() + b.outerRadius() + 1.5;
                if (apart >= need) {
                    continue;
                }
                const QPointF way = apart > 1e-6 ? (b.at - a.at) / apart : QPointF(1, 0);
                const double push = (need - apart) * 0.5, total = a.radius * a.radius + b.radius * b.radius;
                a.at -= way * push * (b.radius * b.radius / total);
                b.at += way * push * (a.radius * a.radius / total);
                moved = true;
            }
        }
        for (PlacedMarker& m : placed) {
            const double away = distance(m.at, m.anchor), limit = kMaxShift * m.outerRadius();
            if (away > limit) {
                m.at = m.anchor + (m.at - m.anchor) * (limit / away);
            }
        }
        if (!moved) {
            return;
        }
    }
}

/// Returns the disc the members stand on; empty when no cluster holds the marker.
QRectF fanOut(std::vector<PlacedMarker>& placed, const Builder& builder, int markerId)
{
    const auto cluster = std::find_if(placed.begin(), placed.end(), [&](const PlacedMarker& m) {
        return m.isCluster() && std::any_of(m.members.begin(), m.members.end(),
                                            [&](int index) { return builder.marker(index).id == markerId; });
    });
    if (cluster == placed.end()) {
        return {};
    }
    const PlacedMarker center = *cluster;
    placed.erase(cluster);
    std::vector<PlacedMarker> members;
    double around = 0;
    for (const int index : center.members) {
        members.push_back(builder.gathered({index}));
        around += 2 * members.back().outerRadius() + 6;
    }
    const double ring = std::max(around / (2 * std::numbers::pi), 2.6 * builder.maxRadius);
    const double reach = ring + builder.maxRadius + 12;
    const QSizeF size = builder.view.size;
    const auto inside = [reach](double at, double length) {
        return length > 2 * reach ? std::clamp(at, reach, length - reach) : length / 2;
    };
    const QPointF middle(inside(center.at.x(), size.width()), inside(center.at.y(), size.height()));
    double angle = -std::numbers::pi / 2;
    for (PlacedMarker& m : members) {
        const double half = (2 * m.outerRadius() + 6) / around * std::numbers::pi;
        angle += half;
        m.at = middle + QPointF(std::cos(angle), std::sin(angle)) * ring;
        m.fanned = true;
        m.anchor = middle;
        angle += half;
        placed.push_back(std::move(m));
    }
    return {middle.x() - reach, middle.y() - reach, 2 * reach, 2 * reach};
}

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

/// Greedy: important ones first, then by size; eight places each; no room, no label.
void placeLabels(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options)
{
    const QFontMetricsF strong(font(TextRole::Secondary));
    const QRectF window = QRectF(QPointF(), view.size).adjusted(kEdge, kEdge, -kEdge, -kEdge);
    const auto room = static_cast<std::size_t>(view.size.width() * view.size.height() / 15000.0) + 4;

    std::vector<QRectF> taken;
    std::vector<QRectF> takenOnFan{options.reserved};
    for (const PlacedMarker& m : layout.placed) {
        taken.push_back(discRect(m));
        if (m.fanned) {
            takenOnFan.push_back(discRect(m));
        }
    }
    taken.push_back(options.reserved);
    taken.push_back(layout.legendRect);

    std::vector<std::size_t> order(layout.placed.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto first = [&](const PlacedMarker& m) {
        return m.fanned || m.trouble || std::any_of(m.members.begin(), m.members.end(), [&](int index) {
                   return options.important.contains(scene.markers[static_cast<std::size_t>(index)].id);
               });
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return first(layout.placed[a]) > first(layout.placed[b]); });
    std::size_t count = 0;
    for (const std::size_t index : order) {
        PlacedMarker& m = layout.placed[index];
        if (count >= room || m.title.isEmpty() || !window.contains(m.at) || (!m.fanned && layout.onFan(m.at))) {
            continue;
        }
        const double w = strong.horizontalAdvance(m.note.isEmpty() ? m.title : m.title + QLatin1Char(' ') + m.note) + 2;
        const double h = std::ceil(strong.height()) - 2;
        // The important and the largest may stand further off, on a thin line, when there is no room beside them.
        const bool insists = first(m) || index < kInsistent;
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
        const std::vector<QRectF>& obstacles = m.fanned ? takenOnFan : taken;
        for (const Candidate& candidate : candidates) {
            const QRectF rect(candidate.corner, QSizeF(w, h));
            const QLineF leader = leaderTo(rect, m);
            const auto blocks = [&](const QRectF& t) { return t.intersects(rect); };
            const bool free =
                window.contains(rect) && (m.fanned || !layout.fanDisc.intersects(rect)) &&
                std::none_of(obstacles.begin(), obstacles.end(), blocks) &&
                (!candidate.far || std::none_of(layout.placed.begin(), layout.placed.end(), [&](const PlacedMarker& o) {
                    return &o != &m && standsNear(o, rect, leader);
                }));
            if (free) {
                m.labelled = true;
                m.labelRect = rect;
                m.leader = candidate.far ? leader : QLineF();
                for (double t = 0; candidate.far && t < 1; t += 0.2) { // no other label over the line
                    taken.push_back(QRectF(leader.pointAt(t) - QPointF(2, 2), QSizeF(4, 4)));
                }
                taken.push_back(rect.adjusted(-2, 0, 2, 0));
                takenOnFan.push_back(taken.back());
                ++count;
                break;
            }
        }
    }
}

void placeFlows(MapLayout& layout, const MapScene& scene, const MapViewport& view, FlowCurves& curves)
{
    std::map<int, int> areaOfId, markerOfId;
    for (std::size_t i = 0; i < scene.areas.size(); ++i) {
        areaOfId[scene.areas[i].id] = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < scene.markers.size(); ++i) {
        markerOfId[scene.markers[i].id] = static_cast<int>(i);
    }
    // Flows of one area to the members of one cluster are one line, as bad as its worst.
    struct Joined {
        double rate = 0, largest = -1;
        int marker = -1;
        MapFlow::State state = MapFlow::State::Fine;
    };
    std::map<std::pair<int, int>, Joined> joined;
    for (const MapFlow& flow : scene.flows) {
        const auto area = areaOfId.find(flow.area);
        const auto marker = markerOfId.find(flow.marker);
        if (area == areaOfId.end() || marker == markerOfId.end() || !(flow.requestsPerSecond > 0)) {
            continue;
        }
        const int placed = layout.placedOfMarker[static_cast<std::size_t>(marker->second)];
        Joined& j = joined[{area->second, placed}];
        j.rate += flow.requestsPerSecond;
        j.state = std::max(j.state, flow.state);
        if (flow.requestsPerSecond > j.largest) {
            j.largest = flow.requestsPerSecond, j.marker = marker->second;
        }
    }
    double most = 0;
    for (const auto& [key, j] : joined) {
        most = std::max(most, j.rate);
    }
    const QRectF visible = QRectF(QPointF(), view.size).adjusted(-20, -20, 20, 20);
    for (const auto& [key, j] : joined) {
        const LatLon from = scene.areas[static_cast<std::size_t>(key.first)].at;
        const MapMarker& to = scene.markers[static_cast<std::size_t>(j.marker)];
        const QPointF shift = layout.placed[static_cast<std::size_t>(key.second)].at - view.place(to.at);
        PlacedFlow flow;
        flow.area = key.first, flow.placed = key.second;
        flow.requestsPerSecond = j.rate, flow.state = j.state;
        flow.strength = most > 0 ? j.rate / most : 0;
        const FlowCurves::Curve& curve = curves.between(from, to.at);
        std::size_t total = 0, done = 0;
        for (const auto& piece : curve) {
            total += piece.size();
        }
        QRectF bounds;
        for (const auto& piece : curve) {
            QPolygonF line;
            line.reserve(static_cast<qsizetype>(piece.size()));
            for (const QPointF& p : piece) { // bent towards where the donut is drawn
                const double t = static_cast<double>(done++) / static_cast<double>(std::max<std::size_t>(total - 1, 1));
                line.append(view.toScreen(p) + shift * t * t);
            }
            for (qsizetype i = 1; i < line.size(); ++i) {
                flow.length += distance(line[i - 1], line[i]);
            }
            bounds |= line.boundingRect().adjusted(0, 0, 0.01, 0.01);
            flow.pieces.push_back(std::move(line));
        }
        if (bounds.intersects(visible) && flow.length > 3) {
            layout.flows.push_back(std::move(flow));
        }
    }
    std::stable_sort(layout.flows.begin(), layout.flows.end(), [](const PlacedFlow& a, const PlacedFlow& b) {
        return std::pair(a.state, a.requestsPerSecond) < std::pair(b.state, b.requestsPerSecond);
    });
}

} // namespace

bool MapLayout::hasUnwellFlows() const
{
    return !flows.empty() && flows.back().state != MapFlow::State::Fine; // sorted by state
}

bool MapLayout::onFan(QPointF point) const
{
    return !fanDisc.isEmpty() && distance(point, fanDisc.center()) < fanDisc.width() / 2;
}

int MapLayout::hit(QPointF at) const
{
    int best = -1;
    double nearest = 1;
    const bool fan = onFan(at);
    for (std::size_t i = 0; i < placed.size(); ++i) {
        if (fan && !placed[i].fanned) {
            continue; // covered
        }
        const double share = distance(placed[i].at, at) / std::max(9.0, placed[i].outerRadius() + 1.5);
        if (share < nearest) {
            nearest = share, best = static_cast<int>(i);
        }
    }
    if (best < 0) { // the label belongs to its donut
        for (std::size_t i = 0; i < placed.size(); ++i) {
            if ((!fan || placed[i].fanned) && placed[i].labelled && placed[i].labelRect.contains(at)) {
                return static_cast<int>(i);
            }
        }
    }
    return best;
}

int MapLayout::hitArea(QPointF at) const
{
    for (std::size_t i = 0; i < areas.size(); ++i) {
        if (distance(areas[i], at) < 8) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

QChar MapLayout::letterOf(const QString& provider) const
{
    for (const LegendEntry& entry : legend) {
        if (entry.label == provider) {
            return entry.letter;
        }
    }
    return {};
}

QString legendKey(bool flows, bool isobars, bool unwell)
{
    QString key = QStringLiteral("size: accelerators · ring: utilization");
    if (flows) {
        key += QStringLiteral(" · ◇ user area · arc: requests/s");
    }
    if (flows && unwell) {
        key += QStringLiteral(", dashed: slow or lost");
    }
    if (isobars) {
        key += QStringLiteral(" · contour: demand to supply");
    }
    return key;
}

std::vector<LegendEntry> legendOf(const MapScene& scene)
{
    std::vector<LegendEntry> legend;
    std::map<QString, double> sizes;
    for (const MapMarker& m : scene.markers) {
        for (const MapSlice& slice : m.slices) {
            if (sizes.find(slice.label) == sizes.end()) {
                legend.push_back({slice.label, QChar(), slice.color});
            }
            sizes[slice.label] += slice.value;
        }
    }
    std::sort(legend.begin(), legend.end(), [](const LegendEntry& a, const LegendEntry& b) {
        const bool acronymA = a.label == a.label.toUpper(), acronymB = b.label == b.label.toUpper();
        return acronymA != acronymB ? acronymB : a.label < b.label;
    });
    QString used;
    for (LegendEntry& entry : legend) {
        for (const QChar c : entry.label + QStringLiteral("0123456789")) {
            if (c.isLetterOrNumber() && !used.contains(c.toUpper())) {
                entry.letter = c.toUpper();
                used += entry.letter;
                break;
            }
        }
    }
    std::stable_sort(legend.begin(), legend.end(),
                     [&sizes](const LegendEntry& a, const LegendEntry& b) { return sizes[a.label] > sizes[b.label]; });
    return legend;
}

MapLayout layoutMap(const MapScene& scene, const MapViewport& view, const LayoutOptions& options, FlowCurves& curves)
{
    MapLayout layout;
    const Builder builder(scene, view);
    for (std::size_t i = 0; i < scene.markers.size(); ++i) {
        layout.placed.push_back(builder.gathered({static_cast<int>(i)}));
    }
    const auto bySize = [](const PlacedMarker& a, const PlacedMarker& b) { return a.size > b.size; };
    std::stable_sort(layout.placed.begin(), layout.placed.end(), bySize);
    if (options.cluster) {
        gatherClose(layout.placed, builder, kMergeShare);
        spread(layout.placed);
        // What could not be moved out of the way far enough is gathered after all.
        gatherClose(layout.placed, builder, 0.86);
        spread(layout.placed);
        if (options.fannedMarker >= 0) {
            layout.fanDisc = fanOut(layout.placed, builder, options.fannedMarker);
        }
        std::stable_sort(layout.placed.begin(), layout.placed.end(), [](const PlacedMarker& a, const PlacedMarker& b) {
            return a.fanned != b.fanned ? a.fanned : a.size > b.size;
        });
    }
    layout.placedOfMarker.assign(scene.markers.size(), -1);
    for (std::size_t i = 0; i < layout.placed.size(); ++i) {
        for (const int member : layout.placed[i].members) {
            layout.placedOfMarker[static_cast<std::size_t>(member)] = static_cast<int>(i);
        }
    }
    layout.legend = legendOf(scene);
    // Slices in the legend's order everywhere: the place on the ring tells the provider as well as the colour does.
    for (PlacedMarker& m : layout.placed) {
        std::stable_sort(m.slices.begin(), m.slices.end(), [&layout](const MapSlice& a, const MapSlice& b) {
            const auto rank = [&layout](const MapSlice& s) {
                return std::find_if(layout.legend.begin(), layout.legend.end(),
                                    [&s](const LegendEntry& e) { return e.label == s.label; });
            };
            return rank(a) < rank(b);
        });
    }
    for (const MapArea& area : scene.areas) {
        layout.areas.push_back(view.place(area.at));
    }
    if (options.flows) {
        placeFlows(layout, scene, view, curves);
    }
    if (options.legend && !layout.legend.empty()) {
        const QFontMetricsF small(font(TextRole::Secondary)), key(font(TextRole::Small));
        double width = 0;
        for (const LegendEntry& entry : layout.legend) {
            width += small.horizontalAdvance(entry.label) + 34;
        }
        width = std::max(
            width, key.horizontalAdvance(legendKey(options.flows, options.isobars, layout.hasUnwellFlows())) + 24);
        width = std::min(std::max(width, key.horizontalAdvance(scene.legendNote) + 24), view.size.width() - 20);
        const double height = scene.legendNote.isEmpty() ? 52 : 68;
        layout.legendRect = QRectF(10, view.size.height() - height - 10, width, height);
    }
    if (options.labels) {
        placeLabels(layout, scene, view, options);
    }
    return layout;
}

} // namespace isobar::ui

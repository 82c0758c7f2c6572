// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QFontMetricsF>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <queue>
#include <tuple>

namespace isobar::ui {
namespace {

/// Two donuts closer than this share of their reach are gathered; further apart they are moved.
constexpr double kMergeShare = 0.5;
/// A donut is moved at most this share of its reach from its true place.
constexpr double kMaxShift = 1.6;
constexpr std::size_t kMaxWidths = 4000; ///< of texts that are kept
/// Scenes of more markers than this are first gathered on a grid of this many pixels.
constexpr std::size_t kManyMarkers = 600;
constexpr double kGridPx = 34;
/// Clusters of more members than this keep only the largest in its place.
constexpr std::size_t kSortedMembers = 400;

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
    const LayoutOptions& options;
    const LayoutCache::Parts& parts;
    const ColorScale* scale;
    std::vector<std::size_t> rankOfKind; ///< where a kind of part stands in the legend
    double maxSize = 1;
    double maxRadius = 12;
    const std::vector<LegendEntry>& legend;
    std::vector<QPointF> anchors;
    mutable std::vector<double> sums;

    Builder(const MapScene& s, const MapViewport& v, const LayoutOptions& o, LayoutCache& cache,
            const std::vector<LegendEntry>& entries, const ColorScale* colors)
        : scene(s)
        , view(v)
        , options(o)
        , parts(cache.parts(s, o.look.split))
        , scale(colors)
        , maxRadius(largestRadius(v))
        , legend(entries)
        , sums(parts.kinds.size())
    {
        const std::vector<QPointF>& plane = cache.markers(s, v.projection);
        anchors.reserve(plane.size());
        for (std::size_t i = 0; i < plane.size(); ++i) {
            maxSize = std::max(maxSize, scene.markers[i].size);
            anchors.push_back(LayoutCache::isNowhere(plane[i]) ? LayoutCache::kNowhere : v.toScreen(plane[i]));
        }
        for (const MapSlice& kind : parts.kinds) {
            rankOfKind.push_back(rankOf(kind.label));
        }
    }

    /// Where a part stands in the legend.
    [[nodiscard]] std::size_t rankOf(const QString& label) const
    {
        const auto entry =
            std::find_if(legend.begin(), legend.end(), [&label](const LegendEntry& e) { return e.label == label; });
        return static_cast<std::size_t>(entry - legend.begin());
    }

    [[nodiscard]] double radiusOf(double size) const
    {
        const double share = std::sqrt(std::clamp(size, 0.0, 4 * maxSize) / maxSize);
        return maxRadius * std::min(1.3, 0.42 + 0.58 * share);
    }

    /// Slices in the legend's order everywhere: the place on the ring tells the kind as well as the colour does.
    [[nodiscard]] std::vector<MapSlice> slicesOf(const std::vector<int>& members) const
    {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (const int index : members) {
            const auto at = static_cast<std::size_t>(index);
            for (std::size_t k = parts.first[at]; k < parts.first[at + 1]; ++k) {
                sums[parts.of[k].first] += parts.of[k].second;
            }
        }
        std::vector<std::pair<std::size_t, std::size_t>> order;
        for (std::size_t kind = 0; kind < sums.size(); ++kind) {
            if (sums[kind] > 0) {
                order.emplace_back(rankOfKind[kind], kind);
            }
        }
        std::sort(order.begin(), order.end());
        std::vector<MapSlice> slices;
        slices.reserve(order.size());
        for (const auto& [rank, kind] : order) {
            slices.push_back(parts.kinds[kind]);
            slices.back().value = sums[kind];
        }
        return slices;
    }

    [[nodiscard]] bool isLarger(int a, int b) const
    {
        const double x = marker(a).size, y = marker(b).size;
        return x != y ? x > y : a < b;
    }

    [[nodiscard]] PlacedMarker gathered(std::vector<int> members) const
    {
        PlacedMarker placed;
        placed.value = std::numeric_limits<double>::quiet_NaN();
        placed.faded = true;
        for (const int index : members) {
            const MapMarker& m = marker(index);
            const double w = std::max(m.size, 1.0);
            placed.anchor += anchors[static_cast<std::size_t>(index)] * w;
            placed.weight += w;
            placed.size += m.size;
            placed.utilization = std::max(placed.utilization, m.utilization);
            placed.value = worseOf(options.look.measure, placed.value, m.measure(options.look.measure));
            placed.trouble = placed.trouble || m.trouble;
            placed.faded = placed.faded && m.faded;
        }
        placed.anchor /= placed.weight;
        placed.slices = slicesOf(members);
        placed.members = std::move(members);
        finish(placed);
        return placed;
    }

    /// Two donuts as one, from what they are: their members, which may be very many, are not looked at again.
    [[nodiscard]] PlacedMarker joined(PlacedMarker a, PlacedMarker b) const
    {
        if (a.members.size() < b.members.size()) {
            std::swap(a, b);
        }
        a.anchor = (a.anchor * a.weight + b.anchor * b.weight) / (a.weight + b.weight);
        a.weight += b.weight;
        a.size += b.size;
        a.utilization = std::max(a.utilization, b.utilization);
        a.value = worseOf(options.look.measure, a.value, b.value);
        a.trouble = a.trouble || b.trouble;
        a.faded = a.faded && b.faded;
        for (const MapSlice& slice : b.slices) {
            const auto same = std::find_if(a.slices.begin(), a.slices.end(),
                                           [&slice](const MapSlice& s) { return s.label == slice.label; });
            if (same != a.slices.end()) {
                same->value += slice.value;
            } else {
                a.slices.push_back(slice);
            }
        }
        std::sort(a.slices.begin(), a.slices.end(),
                  [this](const MapSlice& x, const MapSlice& y) { return rankOf(x.label) < rankOf(y.label); });
        if (isLarger(b.members.front(), a.members.front())) {
            std::swap(a.members.front(), b.members.front());
        }
        a.members.insert(a.members.end(), b.members.begin(), b.members.end());
        finish(a);
        return a;
    }

    /// What follows from a donut's sums.
    void finish(PlacedMarker& placed) const
    {
        const auto larger = [this](int a, int b) { return isLarger(a, b); };
        std::vector<int>& members = placed.members;
        if (members.size() <= kSortedMembers) {
            std::sort(members.begin(), members.end(), larger);
        } else {
            std::iter_swap(members.begin(), std::min_element(members.begin(), members.end(), larger));
        }
        const MapMeasure measure = options.look.measure;
        const MapMarker& first = marker(members.front());
        placed.at = placed.anchor;
        placed.radius = radiusOf(placed.size);
        if (scale != nullptr) {
            for (MapSlice& slice : placed.slices) {
                slice.color = scale->color(placed.value, theme());
            }
        }
        placed.title = first.name;
        placed.note.clear();
        if (members.size() > 1) {
            placed.title += QStringLiteral(" +%1").arg(members.size() - 1);
        }
        if (measure != MapMeasure::Parts) {
            placed.note = measureText(measure, placed.value);
        } else if (members.size() > 1) {
            placed.note = percent(placed.utilization, 0).joined();
        } else if (first.label.startsWith(first.name)) {
            placed.note = first.label.mid(first.name.size()).trimmed();
        } else if (!first.label.isEmpty()) {
            placed.title = first.label;
        }
        if (members.size() > 1 && !placed.note.isEmpty()) {
            placed.note.prepend(QStringLiteral("worst "));
        }
    }

    [[nodiscard]] const MapMarker& marker(int index) const { return scene.markers[static_cast<std::size_t>(index)]; }

    /// One donut for each marker, or for each cell of a grid where there are very many.
    [[nodiscard]] std::vector<PlacedMarker> start() const
    {
        std::vector<PlacedMarker> placed;
        if (!options.cluster || scene.markers.size() <= kManyMarkers) {
            for (std::size_t i = 0; i < scene.markers.size(); ++i) {
                if (!LayoutCache::isNowhere(anchors[i])) {
                    placed.push_back(gathered({static_cast<int>(i)}));
                }
            }
            return placed;
        }
        const auto columns = static_cast<int>(view.size.width() / kGridPx) + 3;
        const auto rows = static_cast<int>(view.size.height() / kGridPx) + 3;
        std::vector<std::vector<int>> cells(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
        for (std::size_t i = 0; i < anchors.size(); ++i) {
            const int x = static_cast<int>(std::clamp(anchors[i].x() / kGridPx, -1.0, 1e6)) + 1;
            const int y = static_cast<int>(std::clamp(anchors[i].y() / kGridPx, -1.0, 1e6)) + 1;
            if (x < columns && y < rows && anchors[i].x() > -kGridPx && anchors[i].y() > -kGridPx) {
                cells[static_cast<std::size_t>(y * columns + x)].push_back(static_cast<int>(i));
            }
        }
        for (std::vector<int>& members : cells) {
            if (!members.empty()) {
                placed.push_back(gathered(std::move(members)));
            }
        }
        return placed;
    }
};

/// Joins the closest pair until none is closer than `share` of their reach. Every pair is looked at once, then those
/// of each newly joined: O(n^2) checks of a distance and a heap of the few that are close.
void gatherClose(std::vector<PlacedMarker>& placed, const Builder& builder, double share)
{
    struct Pair {
        double closeness;
        std::size_t one, other;
        bool operator>(const Pair& b) const
        {
            return std::tie(closeness, one, other) > std::tie(b.closeness, b.one, b.other);
        }
    };
    std::priority_queue<Pair, std::vector<Pair>, std::greater<>> close;
    std::vector<bool> gone(placed.size(), false);
    const auto look = [&](std::size_t i, std::size_t j) {
        const double reach = share * (placed[i].outerRadius() + placed[j].outerRadius());
        const QPointF d = placed[i].at - placed[j].at;
        const double square = d.x() * d.x() + d.y() * d.y();
        if (square < reach * reach) {
            close.push({std::sqrt(square) / reach, i, j});
        }
    };
    for (std::size_t i = 0; i < placed.size(); ++i) {
        for (std::size_t j = i + 1; j < placed.size(); ++j) {
            look(i, j);
        }
    }
    while (!close.empty()) {
        const Pair pair = close.top();
        close.pop();
        if (gone[pair.one] || gone[pair.other]) {
            continue;
        }
        gone[pair.one] = gone[pair.other] = true;
        placed.push_back(builder.joined(std::move(placed[pair.one]), std::move(placed[pair.other])));
        gone.push_back(false);
        for (std::size_t i = 0; i + 1 < placed.size(); ++i) {
            if (!gone[i]) {
                look(i, placed.size() - 1);
            }
        }
    }
    std::size_t index = 0;
    std::erase_if(placed, [&](const PlacedMarker&) { return gone[index++]; });
}

/// Moves overlapping donuts apart a little, the small ones more than the large ones.
void spread(std::vector<PlacedMarker>& placed)
{
    std::vector<std::pair<std::size_t, std::size_t>> neighbours; // none other can ever meet
    for (std::size_t i = 0; i < placed.size(); ++i) {
        for (std::size_t j = i + 1; j < placed.size(); ++j) {
            const double reach = (1 + kMaxShift) * (placed[i].outerRadius() + placed[j].outerRadius()) + 2;
            const QPointF d = placed[i].anchor - placed[j].anchor;
            if (d.x() * d.x() + d.y() * d.y() < reach * reach) {
                neighbours.emplace_back(i, j);
            }
        }
    }
    for (int round = 0; round < 40; ++round) {
        bool moved = false;
        for (const auto& [i, j] : neighbours) {
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
        if (!moved) {
            return;
        }
        for (PlacedMarker& m : placed) {
            const double away = distance(m.at, m.anchor), limit = kMaxShift * m.outerRadius();
            if (away > limit) {
                m.at = m.anchor + (m.at - m.anchor) * (limit / away);
            }
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

QString legendKey(const MapLayout& layout, bool flows, bool isobars)
{
    QString key = QStringLiteral("size: accelerators · ring: utilization");
    if (flows && !layout.flows.empty()) {
        key += QStringLiteral(" · ◇ user area · arc: requests/s");
        if (layout.moreFlows > 0) {
            key +=
                QStringLiteral(" (%1 more carry %2)").arg(layout.moreFlows).arg(percent(layout.moreShare, 0).joined());
        }
        key += layout.hasUnwellFlows() ? QStringLiteral(", dashed: slow or lost") : QString();
    }
    if (isobars) {
        key += QStringLiteral(" · contour: demand to supply");
    }
    return key;
}

namespace {

std::vector<LegendEntry> legendOfParts(const LayoutCache::Parts& parts)
{
    std::vector<LegendEntry> legend;
    std::vector<double> sizes(parts.kinds.size(), 0.0);
    for (const auto& [kind, value] : parts.of) {
        sizes[kind] += value;
    }
    std::vector<std::size_t> order(parts.kinds.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto label = [&parts](std::size_t kind) -> const QString& { return parts.kinds[kind].label; };
    std::sort(order.begin(), order.end(), [&label](std::size_t a, std::size_t b) {
        const bool acronymA = label(a) == label(a).toUpper(), acronymB = label(b) == label(b).toUpper();
        return acronymA != acronymB ? acronymB : label(a) < label(b);
    });
    QString used;
    std::vector<std::pair<double, LegendEntry>> entries;
    for (const std::size_t kind : order) {
        LegendEntry entry{label(kind), QChar(), parts.kinds[kind].color};
        for (const QChar c : entry.label + QStringLiteral("0123456789")) {
            if (c.isLetterOrNumber() && !used.contains(c.toUpper())) {
                entry.letter = c.toUpper();
                used += entry.letter;
                break;
            }
        }
        entries.emplace_back(sizes[kind], std::move(entry));
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto& [size, entry] : entries) {
        legend.push_back(std::move(entry));
    }
    return legend;
}

QRectF placeLegend(const MapLayout& layout, const MapScene& scene, const MapViewport& view,
                   const LayoutOptions& options, LayoutCache& cache)
{
    if (!options.legend || layout.legend.empty()) {
        return {};
    }
    const QFontMetricsF key(font(TextRole::Small));
    double width = 14;
    for (const LegendEntry& entry : layout.legend) {
        width += cache.textWidth(entry.label) + 34;
    }
    width = std::max(width, layout.scale ? 360.0 : 0.0);
    width = std::max(width, key.horizontalAdvance(legendKey(layout, options.flows, options.isobars)) + 24);
    width = std::min(std::max(width, key.horizontalAdvance(scene.legendNote) + 24), view.size.width() - 20);
    const double height = (layout.scale ? 76 : 52) + (scene.legendNote.isEmpty() ? 0 : 16);
    return {10, view.size.height() - height - 10, width, height};
}

} // namespace

std::vector<LegendEntry> legendOf(const MapScene& scene, MapSplit split)
{
    LayoutCache cache;
    return legendOfParts(cache.parts(scene, split));
}

const std::vector<QPointF>& LayoutCache::markers(const MapScene& scene, const Projection& projection)
{
    const bool same = m_markers.size() == scene.markers.size();
    if (same && projection == m_projection) {
        return m_markers;
    }
    m_projection = projection;
    m_markers.clear();
    m_markers.reserve(scene.markers.size());
    if (!projection.isGlobe()) {
        for (const MapMarker& m : scene.markers) {
            m_markers.push_back(projection.project(m.at));
        }
        return m_markers;
    }
    if (m_turns.size() != scene.markers.size()) {
        m_turns.clear();
        for (const MapMarker& m : scene.markers) {
            m_turns.push_back(unitVector(m.at));
        }
    }
    const GlobeTurn turn(projection.facing);
    for (const UnitVector& v : m_turns) {
        const UnitVector t = turn.turned(v);
        m_markers.push_back(t[2] > 0 ? QPointF(t[0], t[1]) : kNowhere);
    }
    return m_markers;
}

const LayoutCache::Parts& LayoutCache::parts(const MapScene& scene, MapSplit split)
{
    if (m_parts && m_split == split && m_parts->first.size() == scene.markers.size() + 1) {
        return *m_parts;
    }
    m_split = split;
    m_parts.emplace();
    std::unordered_map<QString, std::uint32_t> kindOf;
    for (const MapMarker& m : scene.markers) {
        m_parts->first.push_back(m_parts->of.size());
        for (const MapSlice& slice : m.slicesBy(split)) {
            const auto [at, isNew] = kindOf.emplace(slice.label, static_cast<std::uint32_t>(m_parts->kinds.size()));
            if (isNew) {
                m_parts->kinds.push_back({slice.label, slice.color, 0});
            }
            m_parts->of.emplace_back(at->second, slice.value);
        }
    }
    m_parts->first.push_back(m_parts->of.size());
    return *m_parts;
}

double LayoutCache::textWidth(const QString& text)
{
    auto found = m_widths.find(text);
    if (found == m_widths.end()) {
        if (m_widths.size() > kMaxWidths) {
            m_widths.clear();
        }
        static const QFontMetricsF metrics(font(TextRole::Secondary));
        found = m_widths.emplace(text, metrics.horizontalAdvance(text)).first;
    }
    return found->second;
}

MapLayout layoutMap(const MapScene& scene, const MapViewport& view, const LayoutOptions& options, LayoutCache& cache)
{
    MapLayout layout;
    layout.legend = legendOfParts(cache.parts(scene, options.look.split));
    const bool measured = options.look.measure != MapMeasure::Parts;
    if (measured) {
        std::vector<double> values;
        values.reserve(scene.markers.size());
        for (const MapMarker& m : scene.markers) {
            values.push_back(m.measure(options.look.measure));
        }
        layout.scale.emplace(options.look.measure, options.look.scale, std::move(values));
    }
    const Builder builder(scene, view, options, cache, layout.legend, measured ? &*layout.scale : nullptr);
    layout.placed = builder.start();
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
    for (const MapArea& area : scene.areas) {
        layout.areas.push_back(view.projection.shows(area.at) ? view.place(area.at) : LayoutCache::kNowhere);
    }
    if (options.flows) {
        placeFlows(layout, scene, view, options, cache);
    }
    layout.legendRect = placeLegend(layout, scene, view, options, cache);
    if (options.labels) {
        placeLabels(layout, scene, view, options, cache);
    }
    return layout;
}

} // namespace isobar::ui

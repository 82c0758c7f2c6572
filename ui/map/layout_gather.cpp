// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout_gather.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <queue>
#include <tuple>
#include <unordered_map>

namespace isobar::ui {
namespace {

/// Two donuts closer than this share of their reach are gathered; further apart they are moved.
constexpr double kMergeShare = 0.5;
/// What could not be moved out of the way as far as this is gathered after all.
constexpr double kTightShare = 0.86;
/// A donut is moved at most this share of its reach from its true place.
constexpr double kMaxShift = 1.6;
/// Scenes of more markers than this are first gathered on a grid of at least this many pixels.
constexpr std::size_t kManyMarkers = 600;
constexpr double kGridPx = 34;
/// Clusters of more members than this keep only the largest in its place.
constexpr std::size_t kSortedMembers = 64;
constexpr std::size_t kCrowd = 400; ///< donuts
constexpr int kRounds = 40, kCrowdRounds = 10;
constexpr double kMostRadius = 1.3; ///< of a group, against the largest place alone
constexpr double kQuantile = 0.95;

/// The largest donut at this window size and zoom.
double largestRadius(const MapViewport& view)
{
    const double base = std::clamp(0.0112 * std::min(view.size.width(), 2.1 * view.size.height()), 8.0, 17.0);
    // In steps, so that the cached pictures of donuts serve while a zoom is under way.
    const double steps = std::floor(2 * std::log2(std::max(1.0, view.zoom())) + 1e-6) / 2;
    return base * std::clamp(1.0 + 0.16 * steps, 1.0, 1.5);
}

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Where a donut would stand, with the sums of its members. What it says is worked out once it does: most drafts are
/// joined with another.
struct Draft {
    std::vector<int> members; ///< the largest first, the others in no order
    QPointF anchor, at;
    double weight = 0, size = 0, radius = 0;
    double utilization = kUnknown, ghost = kUnknown, value = kUnknown; ///< the worst
    bool trouble = false, faded = true, fanned = false;
    std::size_t parts = 0; ///< where its sums of parts begin in Builder::sums

    [[nodiscard]] double outerRadius() const { return radius + PlacedMarker::kRingReach; }
};

struct Builder {
    const MapScene& scene;
    const MapViewport& view;
    const LayoutOptions& options;
    const LayoutCache::Parts& parts;
    const LayoutCache::Columns& columns;
    const std::vector<double>& values;
    const std::vector<QPointF>& plane;
    const std::vector<LegendEntry>& legend;
    const ColorScale* scale;
    std::vector<std::size_t> rankOfKind; ///< where a kind of part stands in the legend
    double maxRadius;
    LayoutCache& cache;
    mutable std::vector<double> sums; ///< of each draft's parts, one for each kind

    Builder(const MapScene& s, const MapViewport& v, const LayoutOptions& o, LayoutCache& c, const MapLayout& layout)
        : scene(s)
        , view(v)
        , options(o)
        , parts(c.parts(s, o.look.split))
        , columns(c.columns(s))
        , values(c.values(s, o.look.measure))
        , plane(c.markers(s, v.projection))
        , legend(layout.legend)
        , scale(layout.scale ? &*layout.scale : nullptr)
        , maxRadius(largestRadius(v))
        , cache(c)
    {
        for (const MapSlice& kind : parts.kinds) {
            const auto entry = std::find_if(legend.begin(), legend.end(),
                                            [&kind](const LegendEntry& e) { return e.label == kind.label; });
            rankOfKind.push_back(static_cast<std::size_t>(entry - legend.begin()));
        }
    }

    [[nodiscard]] const MapMarker& marker(int index) const { return scene.markers[static_cast<std::size_t>(index)]; }
    [[nodiscard]] double sizeOf(int index) const { return columns.size[static_cast<std::size_t>(index)]; }

    [[nodiscard]] double radiusOf(double size) const
    {
        const double share = std::sqrt(std::clamp(size, 0.0, 4 * columns.maxSize) / columns.maxSize);
        return maxRadius * std::min(kMostRadius, 0.42 + 0.58 * share);
    }
    /// No donut reaches further.
    [[nodiscard]] double widestReach() const { return kMostRadius * maxRadius + PlacedMarker::kRingReach; }

    [[nodiscard]] bool isLarger(int a, int b) const
    {
        const double x = sizeOf(a), y = sizeOf(b);
        return x != y ? x > y : a < b;
    }

    [[nodiscard]] Draft single(std::size_t index) const
    {
        Draft draft;
        draft.members = {static_cast<int>(index)};
        draft.size = columns.size[index];
        draft.weight = std::max(draft.size, 1.0);
        draft.at = draft.anchor = view.toScreen(plane[index]);
        draft.radius = radiusOf(draft.size);
        draft.utilization = columns.utilization[index], draft.ghost = columns.ghost[index];
        draft.value = values[index];
        draft.trouble = columns.trouble[index] != 0, draft.faded = columns.faded[index] != 0;
        draft.parts = sums.size();
        sums.resize(sums.size() + parts.kinds.size());
        for (std::size_t k = parts.first[index]; k < parts.first[index + 1]; ++k) {
            sums[draft.parts + parts.of[k].first] += parts.of[k].second;
        }
        return draft;
    }

    [[nodiscard]] Draft joined(Draft a, Draft b) const
    {
        if (a.members.size() < b.members.size()) {
            std::swap(a, b);
        }
        a.anchor = (a.anchor * a.weight + b.anchor * b.weight) / (a.weight + b.weight);
        a.at = a.anchor;
        a.weight += b.weight;
        a.size += b.size;
        a.radius = radiusOf(a.size);
        a.utilization = worseOf(MapMeasure::Utilization, a.utilization, b.utilization);
        a.ghost = worseOf(MapMeasure::Utilization, a.ghost, b.ghost);
        a.value = worseOf(options.look.measure, a.value, b.value);
        a.trouble = a.trouble || b.trouble, a.faded = a.faded && b.faded;
        for (std::size_t kind = 0; kind < parts.kinds.size(); ++kind) {
            sums[a.parts + kind] += sums[b.parts + kind];
        }
        if (isLarger(b.members.front(), a.members.front())) {
            std::swap(a.members.front(), b.members.front());
        }
        a.members.insert(a.members.end(), b.members.begin(), b.members.end());
        return a;
    }

    /// Slices in the legend's order everywhere: the place on the ring tells the kind as well as the colour does.
    [[nodiscard]] std::vector<MapSlice> slicesOf(const Draft& draft) const
    {
        std::vector<std::pair<std::size_t, std::size_t>> order;
        for (std::size_t kind = 0; kind < parts.kinds.size(); ++kind) {
            if (sums[draft.parts + kind] > 0) {
                order.emplace_back(rankOfKind[kind], kind);
            }
        }
        std::sort(order.begin(), order.end());
        std::vector<MapSlice> slices;
        slices.reserve(order.size());
        for (const auto& [rank, kind] : order) {
            slices.push_back(parts.kinds[kind]);
            slices.back().value = sums[draft.parts + kind];
        }
        return slices;
    }

    [[nodiscard]] PlacedMarker placed(Draft draft) const
    {
        PlacedMarker donut;
        std::vector<int>& members = draft.members;
        if (members.size() <= kSortedMembers) {
            std::sort(members.begin(), members.end(), [this](int a, int b) { return isLarger(a, b); });
        }
        donut.anchor = draft.anchor, donut.at = draft.at;
        donut.radius = draft.radius, donut.size = draft.size;
        donut.fanned = draft.fanned;
        donut.trouble = draft.trouble, donut.faded = draft.faded;
        const MapMeasure measure = options.look.measure;
        const GroupFigure kind = options.look.group;
        // The worst is known already; the p95 takes another look at the members.
        const auto figure = [&](double worst, const std::vector<double>& figures, MapMeasure of) {
            return kind == GroupFigure::Worst || members.size() == 1
                       ? worst
                       : groupFigure(members, figures, columns.size, of, kind);
        };
        const double busy = figure(draft.utilization, columns.utilization, MapMeasure::Utilization);
        donut.utilization = std::isfinite(busy) ? std::max(0.0, busy) : 0;
        donut.value = kUnknown;
        if (columns.anyGhost) {
            donut.ghost = figure(draft.ghost, columns.ghost, MapMeasure::Utilization);
        }
        if (measure != MapMeasure::Parts) {
            donut.value = figure(draft.value, values, measure);
        }
        donut.slices = slicesOf(draft);
        if (scale != nullptr) {
            for (MapSlice& slice : donut.slices) {
                slice.color = scale->color(donut.value, theme());
            }
        }
        const MapMarker& first = marker(members.front());
        donut.title = first.name;
        if (members.size() > 1) {
            donut.title += QStringLiteral(" +%1").arg(members.size() - 1);
        }
        if (measure != MapMeasure::Parts) {
            donut.note = measureText(measure, donut.value);
        } else if (members.size() > 1) {
            donut.note = percent(donut.utilization, 0).joined();
        } else if (first.label.startsWith(first.name)) {
            donut.note = first.label.mid(first.name.size()).trimmed();
        } else if (!first.label.isEmpty()) {
            donut.title = first.label;
        }
        if (members.size() > 1 && !donut.note.isEmpty()) {
            donut.note.prepend(groupFigureName(kind) + QLatin1Char(' '));
        }
        donut.members = std::move(members);
        return donut;
    }

    /// One draft for each marker, or for each cell of a grid where there are very many.
    [[nodiscard]] std::vector<Draft> start() const
    {
        if (options.cluster && scene.markers.size() > kManyMarkers) {
            return cells();
        }
        std::vector<Draft> drafts;
        for (std::size_t i = 0; i < scene.markers.size(); ++i) {
            if (!LayoutCache::isNowhere(plane[i])) {
                drafts.push_back(single(i));
            }
        }
        return drafts;
    }

    /// The markers in and near the window, gathered by cell. Cells lie on the plane and grow in steps of half a
    /// doubling: panning and a little zooming leave every marker in its cell.
    [[nodiscard]] std::vector<Draft> cells() const
    {
        const double step = std::exp2(std::floor(2 * std::log2(view.scale)) / 2);
        const double side = kGridPx / step;
        const QRectF window = view.visiblePlane(kGridPx);
        const LayoutCache::Cells& grid = cache.cells(scene, view.projection, options.look, side, window);
        const auto cellOf = [side](double at) { return static_cast<int>(std::floor(at / side)); };
        const int left = cellOf(window.left()), right = cellOf(window.right());
        std::vector<Draft> drafts;
        for (int row = cellOf(window.top()); row <= cellOf(window.bottom()); ++row) {
            for (int column = left; column <= right; ++column) {
                const std::uint32_t at =
                    grid.at[static_cast<std::size_t>(row - grid.low) * static_cast<std::size_t>(grid.columns) +
                            static_cast<std::size_t>(column - grid.left)];
                if (at == LayoutCache::Cells::kEmpty) {
                    continue;
                }
                const LayoutCache::Cells::Cell& cell = grid.cells[at];
                Draft& draft = drafts.emplace_back();
                draft.members.assign(grid.members.begin() + cell.first, grid.members.begin() + cell.end);
                draft.at = draft.anchor = view.toScreen(cell.anchor);
                draft.weight = cell.weight, draft.size = cell.size;
                draft.radius = radiusOf(cell.size);
                draft.utilization = cell.utilization, draft.ghost = cell.ghost, draft.value = cell.value;
                draft.trouble = cell.trouble, draft.faded = cell.faded;
                draft.parts = sums.size();
                const auto parted = grid.parts.begin() + static_cast<std::ptrdiff_t>(at * parts.kinds.size());
                sums.insert(sums.end(), parted, parted + static_cast<std::ptrdiff_t>(parts.kinds.size()));
            }
        }
        return drafts;
    }
};

/// Calls `f` with the positions of every two points that are at most `reach` apart in x, in the order of x.
template <typename Point, typename F> void sweep(std::size_t count, Point&& pointOf, double reach, F&& f)
{
    std::vector<std::pair<double, std::size_t>> order;
    order.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        order.emplace_back(pointOf(i).x(), i);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t b = a + 1; b < count && order[b].first - order[a].first < reach; ++b) {
            f(std::min(order[a].second, order[b].second), std::max(order[a].second, order[b].second));
        }
    }
}

double widestReach(const std::vector<Draft>& drafts)
{
    double widest = 0;
    for (const Draft& draft : drafts) {
        widest = std::max(widest, draft.outerRadius());
    }
    return 2 * widest;
}

/// Joins the closest pair until none is closer than `share` of their reach: a heap of the few that are close.
void gatherClose(std::vector<Draft>& drafts, const Builder& builder, double share)
{
    struct Pair {
        double closeness;
        std::size_t one, other;
        bool operator>(const Pair& b) const
        {
            return std::tie(closeness, one, other) > std::tie(b.closeness, b.one, b.other);
        }
    };
    struct Disc { // what is read of a draft again and again, side by side
        QPointF at;
        double reach;
        bool gone;
    };
    std::priority_queue<Pair, std::vector<Pair>, std::greater<>> close;
    std::vector<Disc> discs;
    for (const Draft& draft : drafts) {
        discs.push_back({draft.at, share * draft.outerRadius(), false});
    }
    const auto look = [&](std::size_t i, std::size_t j) {
        const double reach = discs[i].reach + discs[j].reach;
        const QPointF d = discs[i].at - discs[j].at;
        const double square = d.x() * d.x() + d.y() * d.y();
        if (square < reach * reach) {
            close.push({std::sqrt(square) / reach, i, j});
        }
    };
    sweep(
        drafts.size(), [&](std::size_t i) { return drafts[i].at; }, share * widestReach(drafts), look);
    // By squares as wide as any two can reach, so that what is joined looks only around itself.
    const double square = std::max(1.0, 2 * share * builder.widestReach());
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> bySquare;
    const auto squareAt = [](int column, int row) {
        return std::uint64_t{static_cast<std::uint32_t>(column)} << 32 | static_cast<std::uint32_t>(row);
    };
    const auto along = [square](double at) { return static_cast<int>(std::floor(at / square)); };
    const auto keep = [&](std::size_t i) {
        bySquare[squareAt(along(discs[i].at.x()), along(discs[i].at.y()))].push_back(i);
    };
    for (std::size_t i = 0; i < discs.size() && !close.empty(); ++i) {
        keep(i);
    }
    while (!close.empty()) {
        const Pair pair = close.top();
        close.pop();
        if (discs[pair.one].gone || discs[pair.other].gone) {
            continue;
        }
        discs[pair.one].gone = discs[pair.other].gone = true;
        drafts.push_back(builder.joined(std::move(drafts[pair.one]), std::move(drafts[pair.other])));
        const std::size_t made = discs.size();
        discs.push_back({drafts.back().at, share * drafts.back().outerRadius(), false});
        const int column = along(discs[made].at.x()), row = along(discs[made].at.y());
        for (int y = row - 1; y <= row + 1; ++y) {
            for (int x = column - 1; x <= column + 1; ++x) {
                const auto there = bySquare.find(squareAt(x, y));
                if (there == bySquare.end()) {
                    continue;
                }
                std::erase_if(there->second, [&discs](std::size_t i) { return discs[i].gone; });
                for (const std::size_t i : there->second) {
                    look(i, made);
                }
            }
        }
        keep(made);
    }
    std::size_t index = 0;
    std::erase_if(drafts, [&](const Draft&) { return discs[index++].gone; });
}

/// Moves overlapping donuts apart a little, the small ones more than the large ones.
void spread(std::vector<Draft>& drafts, int rounds)
{
    std::vector<std::uint64_t> neighbours; // two numbers in one: no others can ever meet
    sweep(
        drafts.size(), [&](std::size_t i) { return drafts[i].anchor; }, (1 + kMaxShift) * widestReach(drafts) + 2,
        [&](std::size_t i, std::size_t j) {
            const double reach = (1 + kMaxShift) * (drafts[i].outerRadius() + drafts[j].outerRadius()) + 2;
            const QPointF d = drafts[i].anchor - drafts[j].anchor;
            if (d.x() * d.x() + d.y() * d.y() < reach * reach) {
                neighbours.push_back(std::uint64_t{i} << 32 | j);
            }
        });
    std::sort(neighbours.begin(), neighbours.end());
    struct Disc { // what is read again and again, side by side
        QPointF at, anchor;
        double reach, square, limit;
    };
    std::vector<Disc> discs;
    for (const Draft& m : drafts) {
        discs.push_back({m.at, m.anchor, m.outerRadius(), m.radius * m.radius, kMaxShift * m.outerRadius()});
    }
    for (int round = 0; round < rounds; ++round) {
        bool moved = false;
        for (const std::uint64_t pair : neighbours) {
            Disc &a = discs[pair >> 32], &b = discs[pair & 0xffffffffu];
            const double need = a.reach + b.reach + 1.5;
            const QPointF d = b.at - a.at;
            const double square = d.x() * d.x() + d.y() * d.y();
            if (square >= need * need) {
                continue;
            }
            const double apart = std::sqrt(square);
            const QPointF way = apart > 1e-6 ? d / apart : QPointF(1, 0);
            const double push = (need - apart) * 0.5, total = a.square + b.square;
            a.at -= way * push * (b.square / total);
            b.at += way * push * (a.square / total);
            moved = true;
        }
        if (!moved) {
            break;
        }
        for (Disc& m : discs) {
            const QPointF d = m.at - m.anchor;
            const double square = d.x() * d.x() + d.y() * d.y();
            if (square > m.limit * m.limit) {
                m.at = m.anchor + d * (m.limit / std::sqrt(square));
            }
        }
    }
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        drafts[i].at = discs[i].at;
    }
}

/// Returns the disc the members stand on; empty when no cluster holds the marker.
QRectF fanOut(std::vector<Draft>& drafts, const Builder& builder, int markerId)
{
    const auto cluster = std::find_if(drafts.begin(), drafts.end(), [&](const Draft& m) {
        return m.members.size() > 1 && std::any_of(m.members.begin(), m.members.end(),
                                                   [&](int index) { return builder.marker(index).id == markerId; });
    });
    if (cluster == drafts.end()) {
        return {};
    }
    Draft center = std::move(*cluster);
    drafts.erase(cluster);
    std::sort(center.members.begin(), center.members.end(), [&](int a, int b) { return builder.isLarger(a, b); });
    std::vector<Draft> members;
    double around = 0;
    for (const int index : center.members) {
        members.push_back(builder.single(static_cast<std::size_t>(index)));
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
    for (Draft& m : members) {
        const double half = (2 * m.outerRadius() + 6) / around * std::numbers::pi;
        angle += half;
        m.at = middle + QPointF(std::cos(angle), std::sin(angle)) * ring;
        m.fanned = true;
        m.anchor = middle;
        angle += half;
        drafts.push_back(std::move(m));
    }
    return {middle.x() - reach, middle.y() - reach, 2 * reach, 2 * reach};
}

} // namespace

double groupFigure(const std::vector<int>& members, const std::vector<double>& figures,
                   const std::vector<double>& sizes, MapMeasure measure, GroupFigure kind)
{
    double worst = std::numeric_limits<double>::quiet_NaN();
    if (kind == GroupFigure::Worst || members.size() == 1) {
        for (const int index : members) {
            worst = worseOf(measure, worst, figures[static_cast<std::size_t>(index)]);
        }
        return worst;
    }
    std::vector<std::pair<double, double>> known; // badness, weight
    double total = 0;
    for (const int index : members) {
        const auto at = static_cast<std::size_t>(index);
        if (std::isfinite(figures[at])) {
            known.emplace_back(lowIsBad(measure) ? -figures[at] : figures[at], std::max(1.0, sizes[at]));
            total += known.back().second;
        }
    }
    if (known.empty()) {
        return worst;
    }
    // The first in order of badness up to which 95 % of the weight lies, without putting all in order.
    auto low = known.begin(), high = known.end();
    double before = 0;
    while (high - low > 1) {
        const auto middle = low + (high - low) / 2;
        std::nth_element(low, middle, high);
        double sum = 0;
        for (auto it = low; it != middle; ++it) {
            sum += it->second;
        }
        if (before + sum >= kQuantile * total) {
            high = middle;
        } else {
            before += sum;
            low = middle;
        }
    }
    return lowIsBad(measure) ? -low->first : low->first;
}

void placeMarkers(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                  LayoutCache& cache)
{
    const Builder builder(scene, view, options, cache, layout);
    std::vector<Draft> drafts = builder.start();
    std::stable_sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) { return a.size > b.size; });
    if (options.cluster) {
        // A crowd never comes to rest: a few rounds bring what can be had.
        const int rounds = drafts.size() > kCrowd ? kCrowdRounds : kRounds;
        gatherClose(drafts, builder, kMergeShare);
        spread(drafts, rounds);
        gatherClose(drafts, builder, kTightShare);
        spread(drafts, rounds);
        if (options.fannedMarker >= 0) {
            layout.fanDisc = fanOut(drafts, builder, options.fannedMarker);
        }
        std::stable_sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) {
            return a.fanned != b.fanned ? a.fanned : a.size > b.size;
        });
    }
    layout.placed.reserve(drafts.size());
    layout.placedOfMarker.assign(scene.markers.size(), -1);
    for (Draft& draft : drafts) {
        for (const int member : draft.members) {
            layout.placedOfMarker[static_cast<std::size_t>(member)] = static_cast<int>(layout.placed.size());
        }
        layout.placed.push_back(builder.placed(std::move(draft)));
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

namespace isobar::ui {
namespace {

/// The worst ratio of sides in a row of areas between `least` and `most`, `sum` in all, along a side.
double worstRatio(double least, double most, double sum, double side)
{
    const double s2 = sum * sum, w2 = side * side;
    return std::max(w2 * most / s2, s2 / (w2 * least));
}

bool usable(const SankeyData& data, const SankeyPath& path)
{
    if (!(path.value > 0) || !std::isfinite(path.value) ||
        path.nodes.size() != static_cast<qsizetype>(data.columns.size())) {
        return false;
    }
    for (std::size_t c = 0; c < data.columns.size(); ++c) {
        const int node = path.nodes[static_cast<qsizetype>(c)];
        if (node < 0 || node >= static_cast<int>(data.columns[c].nodes.size())) {
            return false;
        }
    }
    return true;
}

/// rank[c][n]: the place of node n in column c from the top; -1 without value.
using Ranks = std::vector<std::vector<int>>;
/// Value flowing between neighbouring columns: links[c][{from, to}].
using Links = std::vector<std::map<std::pair<int, int>, double>>;

/// How much value crosses how much other value, between all columns.
double crossings(const Links& links, const Ranks& rank)
{
    double sum = 0;
    for (std::size_t c = 0; c < links.size(); ++c) {
        for (auto a = links[c].begin(); a != links[c].end(); ++a) {
            for (auto b = std::next(a); b != links[c].end(); ++b) {
                const int left = rank[c][static_cast<std::size_t>(a->first.first)] -
                                 rank[c][static_cast<std::size_t>(b->first.first)];
                const int right = rank[c + 1][static_cast<std::size_t>(a->first.second)] -
                                  rank[c + 1][static_cast<std::size_t>(b->first.second)];
                if ((left < 0 && right > 0) || (left > 0 && right < 0)) {
                    sum += std::min(a->second, b->second);
                }
            }
        }
    }
    return sum;
}

/// Sorts the nodes of column c by the mean place of their neighbours in the column before or after.
void sortByNeighbours(const Links& links, Ranks& rank, std::size_t c, bool before)
{
    const auto& between = before ? links[c - 1] : links[c];
    const std::vector<int>& other = before ? rank[c - 1] : rank[c + 1];
    std::vector<double> weight(rank[c].size(), 0), place(rank[c].size(), 0);
    for (const auto& [ends, value] : between) {
        const auto mine = static_cast<std::size_t>(before ? ends.second : ends.first);
        const auto theirs = static_cast<std::size_t>(before ? ends.first : ends.second);
        weight[mine] += value;
        place[mine] += value * other[theirs];
    }
    std::vector<int> order;
    for (std::size_t n = 0; n < rank[c].size(); ++n) {
        if (rank[c][n] >= 0) {
            order.push_back(static_cast<int>(n));
        }
    }
    const auto mean = [&](int n) {
        const auto i = static_cast<std::size_t>(n);
        return weight[i] > 0 ? place[i] / weight[i] : 0;
    };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        const double ma = mean(a), mb = mean(b);
        return ma != mb ? ma < mb : rank[c][static_cast<std::size_t>(a)] < rank[c][static_cast<std::size_t>(b)];
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
        rank[c][static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    }
}

Ranks fewestCrossings(const Links& links, const std::vector<std::vector<double>>& values)
{
    Ranks rank;
    for (const std::vector<double>& column : values) {
        std::vector<int> order(column.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&column](int a, int b) {
            return column[static_cast<std::size_t>(a)] > column[static_cast<std::size_t>(b)];
        });
        std::vector<int> places(column.size(), -1);
        for (std::size_t i = 0; i < order.size(); ++i) {
            const auto n = static_cast<std::size_t>(order[i]);
            places[n] = column[n] > 0 ? static_cast<int>(i) : -1;
        }
        rank.push_back(std::move(places));
    }
    Ranks best = rank;
    double least = crossings(links, rank);
    for (int sweep = 0; sweep < 8; ++sweep) {
        for (std::size_t i = 1; i < rank.size(); ++i) {
            const bool forth = sweep % 2 == 0;
            sortByNeighbours(links, rank, forth ? i : rank.size() - 1 - i, forth);
        }
        const double now = crossings(links, rank);
        if (now < least) {
            least = now, best = rank;
        }
    }
    return best;
}

} // namespace

std::vector<QRectF> squarify(const std::vector<double>& values, const QRectF& area)
{
    std::vector<QRectF> rects(values.size());
    std::vector<std::size_t> order;
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isfinite(values[i]) && values[i] > 0) {
            order.push_back(i);
            total += values[i];
        }
    }
    if (order.empty() || area.isEmpty()) {
        return rects;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
    const double scale = area.width() * area.height() / total;
    QRectF left = area;
    for (std::size_t start = 0; start < order.size();) {
        const double side = std::min(left.width(), left.height());
        double sum = values[order[start]] * scale;
        const double most = sum;
        std::size_t end = start + 1;
        double worst = worstRatio(most, most, sum, side);
        for (; end < order.size(); ++end) {
            const double next = values[order[end]] * scale;
            const double ratio = worstRatio(next, most, sum + next, side);
            if (ratio > worst) {
                break;
            }
            worst = ratio, sum += next;
        }
        const bool last = end == order.size();
        const bool upright = left.width() >= left.height(); // the row stands at the left edge
        const double thick = last ? std::max(left.width(), left.height()) : sum / side;
        double at = upright ? left.top() : left.left();
        for (std::size_t i = start; i < end; ++i) {
            const double far = upright ? left.bottom() : left.right();
            // The last one ends on the edge: rounding must not leave a slit.
            const double length = i + 1 == end ? far - at : values[order[i]] * scale / thick;
            rects[order[i]] = upright ? QRectF(left.left(), at, thick, length) : QRectF(at, left.top(), length, thick);
            at += length;
        }
        if (upright) {
            left.setLeft(left.left() + thick);
        } else {
            left.setTop(left.top() + thick);
        }
        start = end;
    }
    return rects;
}

LorenzCurve lorenzCurve(const std::vector<LorenzEntry>& entries)
{
    LorenzCurve curve;
    double capacity = 0, load = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const LorenzEntry& e = entries[i];
        if (std::isfinite(e.capacity) && e.capacity > 0 && std::isfinite(e.load) && e.load >= 0) {
            curve.order.push_back(static_cast<int>(i));
            capacity += e.capacity;
            load += e.load;
        }
    }
    if (!(capacity > 0) || !(load > 0)) {
        curve.order.clear();
        return curve;
    }
    const auto loading = [&entries](int i) {
        return entries[static_cast<std::size_t>(i)].load / entries[static_cast<std::size_t>(i)].capacity;
    };
    std::stable_sort(curve.order.begin(), curve.order.end(), [&](int a, int b) { return loading(a) < loading(b); });
    curve.points.append({0, 0});
    double x = 0, y = 0, twiceArea = 0;
    for (const int i : curve.order) {
        const double dx = entries[static_cast<std::size_t>(i)].capacity / capacity;
        const double dy = entries[static_cast<std::size_t>(i)].load / load;
        twiceArea += dx * (2 * y + dy);
        x += dx, y += dy;
        curve.points.append({x, y});
    }
    curve.points.back() = {1, 1};
    curve.gini = std::max(0.0, 1 - twiceArea);
    return curve;
}

double herfindahl(const std::vector<ConcentrationRow>& rows)
{
    double sum = 0;
    for (const ConcentrationRow& row : rows) {
        sum += std::isfinite(row.share) ? row.share * row.share : 0;
    }
    return sum;
}

double histogramQuantile(const QVector<double>& edges, const QVector<double>& counts, double ratio, bool logarithmic)
{
    const qsizetype n = std::min(counts.size(), edges.size() - 1);
    double total = 0;
    for (qsizetype i = 0; i < n; ++i) {
        total += counts[i];
    }
    double left = std::clamp(ratio, 0.0, 1.0) * total;
    for (qsizetype i = 0; i < n && total > 0; ++i) {
        if (counts[i] > 0 && left <= counts[i]) {
            const double share = left / counts[i];
            return logarithmic && edges[i] > 0 ? edges[i] * std::pow(edges[i + 1] / edges[i], share)
                                               : edges[i] + (edges[i + 1] - edges[i]) * share;
        }
        left -= counts[i];
    }
    // Rounding may leave a crumb: then it is the upper end of the last bin in use.
    for (qsizetype i = n; i-- > 0;) {
        if (counts[i] > 0) {
            return edges[i + 1];
        }
    }
    return std::numeric_limits<double>::quiet_NaN();
}

SankeyPlaces placeSankey(const SankeyData& data, const QRectF& area, double nodeWidth, double gap)
{
    SankeyPlaces out;
    const std::size_t columns = data.columns.size();
    if (columns < 2 || area.isEmpty()) {
        return out;
    }
    std::vector<std::vector<double>> values;
    for (const SankeyColumn& column : data.columns) {
        values.emplace_back(column.nodes.size(), 0.0);
    }
    Links links(columns - 1);
    double total = 0;
    for (const SankeyPath& path : data.paths) {
        if (!usable(data, path)) {
            continue;
        }
        total += path.value;
        for (std::size_t c = 0; c < columns; ++c) {
            const int node = path.nodes[static_cast<qsizetype>(c)];
            values[c][static_cast<std::size_t>(node)] += path.value;
            if (c + 1 < columns) {
                links[c][{node, path.nodes[static_cast<qsizetype>(c) + 1]}] += path.value;
            }
        }
    }
    if (!(total > 0)) {
        return out;
    }
    std::size_t most = 1;
    for (const std::vector<double>& column : values) {
        most = std::max<std::size_t>(most, static_cast<std::size_t>(std::count_if(column.begin(), column.end(),
                                                                                  [](double v) { return v > 0; })));
    }
    // Gaps give way before values do: never more than a third of the height.
    const double gaps = most > 1 ? std::min(gap, area.height() / 3 / static_cast<double>(most - 1)) : 0;
    out.scale = (area.height() - gaps * static_cast<double>(most - 1)) / total;

    const Ranks rank = fewestCrossings(links, values);
    std::vector<std::vector<double>> top(columns);
    for (std::size_t c = 0; c < columns; ++c) {
        std::vector<int> order;
        for (std::size_t n = 0; n < rank[c].size(); ++n) {
            if (rank[c][n] >= 0) {
                order.push_back(static_cast<int>(n));
            }
        }
        std::sort(order.begin(), order.end(), [&](int a, int b) {
            return rank[c][static_cast<std::size_t>(a)] < rank[c][static_cast<std::size_t>(b)];
        });
        top[c].assign(rank[c].size(), 0);
        const double used = total * out.scale + gaps * static_cast<double>(order.size() - 1);
        double y = area.top() + (area.height() - used) / 2;
        const double x =
            area.left() + (area.width() - nodeWidth) * static_cast<double>(c) / static_cast<double>(columns - 1);
        for (const int n : order) {
            const double value = values[c][static_cast<std::size_t>(n)];
            top[c][static_cast<std::size_t>(n)] = y;
            out.nodes.push_back({static_cast<int>(c), n, value, QRectF(x, y, nodeWidth, value * out.scale)});
            y += value * out.scale + gaps;
        }
    }

    const auto colorColumn = static_cast<std::size_t>(std::clamp(data.colorColumn, 0, static_cast<int>(columns) - 1));
    std::map<std::tuple<int, int, int, int>, std::size_t> known;
    for (std::size_t p = 0; p < data.paths.size(); ++p) {
        const SankeyPath& path = data.paths[p];
        if (!usable(data, path)) {
            continue;
        }
        const int color = path.nodes[static_cast<qsizetype>(colorColumn)];
        for (std::size_t c = 0; c + 1 < columns; ++c) {
            const int from = path.nodes[static_cast<qsizetype>(c)], to = path.nodes[static_cast<qsizetype>(c) + 1];
            const auto [at, isNew] = known.try_emplace({static_cast<int>(c), from, to, color}, out.ribbons.size());
            if (isNew) {
                out.ribbons.push_back({static_cast<int>(c), from, to, color, 0, 0, 0, {}});
            }
            out.ribbons[at->second].value += path.value;
            out.ribbons[at->second].paths.push_back(static_cast<int>(p));
        }
    }
    // On either side of a node ribbons lie in the order of where they lead, so that they do not cross at the node.
    const auto place = [&](int column, int node) {
        return rank[static_cast<std::size_t>(column)][static_cast<std::size_t>(node)];
    };
    const auto colorPlace = [&](const SankeyRibbon& r) { return place(static_cast<int>(colorColumn), r.color); };
    std::vector<std::size_t> order(out.ribbons.size());
    std::iota(order.begin(), order.end(), 0);
    for (const bool leftSide : {true, false}) {
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            const SankeyRibbon &ra = out.ribbons[a], &rb = out.ribbons[b];
            const auto key = [&](const SankeyRibbon& r) {
                return leftSide ? std::make_tuple(r.column, r.from, place(r.column + 1, r.to), colorPlace(r))
                                : std::make_tuple(r.column, r.to, place(r.column, r.from), colorPlace(r));
            };
            return key(ra) < key(rb);
        });
        std::vector<std::vector<double>> next = top;
        for (const std::size_t i : order) {
            SankeyRibbon& r = out.ribbons[i];
            double& y = leftSide ? next[static_cast<std::size_t>(r.column)][static_cast<std::size_t>(r.from)]
                                 : next[static_cast<std::size_t>(r.column) + 1][static_cast<std::size_t>(r.to)];
            (leftSide ? r.leftTop : r.rightTop) = y;
            y += r.value * out.scale;
        }
    }
    return out;
}

} // namespace isobar::ui

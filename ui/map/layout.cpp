// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"

#include "ui/map/layout_gather.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QFontMetricsF>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::ui {
namespace {

/// Narrow rather than flat: west of South America there is nothing to cover.
constexpr double kLegendWidth = 360;
constexpr std::size_t kMaxWidths = 4000; ///< of texts that are kept

double distance(QPointF a, QPointF b)
{
    // Not std::hypot: its care for overflow costs ten times as much and screens are small.
    const double x = a.x() - b.x(), y = a.y() - b.y();
    return std::sqrt(x * x + y * y);
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

int MapLayout::hitLegend(QPointF at) const
{
    for (std::size_t i = 0; i < legend.size() && !scale; ++i) {
        if (legend[i].rect.contains(at)) {
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

QStringList legendLines(const MapLayout& layout, const MapScene& scene, const LayoutOptions& options)
{
    QString marks = QStringLiteral("size: accelerators · ring: utilization");
    if (std::any_of(layout.placed.begin(), layout.placed.end(), [](const PlacedMarker& m) { return m.isCluster(); })) {
        marks += QStringLiteral(", of a group its ") + groupFigureName(options.look.group);
    }
    if (!scene.comparedName.isEmpty()) {
        marks += QStringLiteral(" · thin ring: ") + scene.comparedName;
    }
    if (options.isobars) {
        marks += QStringLiteral(" · contour: demand to supply");
    }
    const auto around = std::find_if(scene.areas.begin(), scene.areas.end(),
                                     [&options](const MapArea& area) { return area.id == options.latencyArea; });
    if (around != scene.areas.end()) {
        marks += QStringLiteral(" · blue lines: round trip from ") + around->name;
    }
    if ((options.flows && !layout.flows.empty()) || around != scene.areas.end()) {
        marks += QStringLiteral(" · ◇ user area");
    }
    QStringList lines{marks};
    QStringList arcs;
    if (options.flows && !layout.flows.empty()) {
        QString out = QStringLiteral("arc out: requests/s, widest ") + compact(layout.mostRequestsPerSecond).joined();
        if (layout.moreFlows > 0) {
            out +=
                QStringLiteral(" (%1 more carry %2)").arg(layout.moreFlows).arg(percent(layout.moreShare, 0).joined());
        }
        arcs << out;
        if (!layout.answers.empty()) {
            arcs << QStringLiteral("arc back: answer tokens/s, widest ") + compact(layout.mostTokensPerSecond).joined();
        }
        if (layout.hasUnwellFlows()) {
            arcs << QStringLiteral("dashed: slow or lost");
        }
    }
    if (options.spills) {
        arcs << (layout.spills.empty() ? QStringLiteral("nothing is served elsewhere than nearest")
                                       : QStringLiteral("dotted: served elsewhere than nearest, requests/s, widest ") +
                                             compact(layout.mostSpilledPerSecond).joined());
    }
    if (!arcs.isEmpty()) {
        lines << arcs.join(QStringLiteral(" · "));
    }
    if (!scene.legendNote.isEmpty()) {
        lines << scene.legendNote;
    }
    return lines;
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

constexpr double kLegendLine = 16, kEntryRow = 22, kScaleRow = 50;
constexpr int kMostEntryRows = 3;

/// A line too long for the window goes on in the next one, at a dot between two of its statements.
QStringList wrapped(const QStringList& lines, const QFontMetricsF& metrics, double width)
{
    const QString dot = QStringLiteral(" · ");
    QStringList result;
    for (const QString& line : lines) {
        QString now;
        for (const QString& part : line.split(dot)) {
            if (!now.isEmpty() && metrics.horizontalAdvance(now + dot + part) > width) {
                result << now;
                now.clear();
            }
            now += now.isEmpty() ? part : dot + part;
        }
        result << now;
    }
    return result;
}

void placeLegend(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                 LayoutCache& cache)
{
    if (!options.legend || layout.legend.empty()) {
        return;
    }
    const QFontMetricsF key(font(TextRole::Small));
    const double most = view.size.width() - 20;
    const bool oneRow = !options.legendLines;
    const double wanted = oneRow && !layout.scale ? most : std::min(most, kLegendWidth);
    if (!oneRow) {
        layout.legendLines = wrapped(legendLines(layout, scene, options), key, wanted - 24);
    }
    double width = layout.scale ? wanted : 0;
    for (const QString& line : layout.legendLines) {
        width = std::max(width, key.horizontalAdvance(line) + 24);
    }
    // Entries in rows, from the legend's corner for now; what the last row has no room for is counted behind it.
    constexpr double kCount = 43;
    double x = 12;
    int row = 0;
    for (std::size_t i = 0; i < layout.legend.size() && !layout.scale; ++i) {
        LegendEntry& entry = layout.legend[i];
        const double room = cache.textWidth(entry.label) + 17;
        const bool mayFollow = !oneRow && row + 1 < kMostEntryRows;
        if (x > 12 && x + room + (mayFollow || i + 1 == layout.legend.size() ? 0 : kCount) > wanted - 12) {
            if (!mayFollow) {
                break;
            }
            ++row;
            x = 12;
        }
        entry.rect = {x, 6 + row * kEntryRow, room, kEntryRow};
        x += room + 17;
        width = std::max(width, std::min(entry.rect.right() + 12, wanted));
    }
    width = std::min(width, most);
    const double height = (layout.scale ? kScaleRow : 4 + kEntryRow * (row + 1)) +
                          kLegendLine * static_cast<double>(layout.legendLines.size()) + (oneRow ? 6 : 8);
    layout.legendRect = {10, view.size.height() - height - 10, width, height};
    for (LegendEntry& entry : layout.legend) {
        if (!entry.rect.isEmpty()) {
            entry.rect.translate(layout.legendRect.topLeft());
        }
    }
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
    m_legend.clear();
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

const std::vector<LegendEntry>& LayoutCache::legend(const MapScene& scene, MapSplit split)
{
    const Parts& all = parts(scene, split);
    if (m_legend.empty()) {
        m_legend = legendOfParts(all);
    }
    return m_legend;
}

const LayoutCache::Columns& LayoutCache::columns(const MapScene& scene)
{
    if (!m_columns || m_columns->size.size() != scene.markers.size()) {
        m_columns.emplace();
        for (const MapMarker& m : scene.markers) {
            m_columns->size.push_back(m.size);
            m_columns->utilization.push_back(m.utilization);
            m_columns->ghost.push_back(m.ghost);
            m_columns->anyGhost = m_columns->anyGhost || std::isfinite(m.ghost);
            m_columns->trouble.push_back(m.trouble ? 1 : 0);
            m_columns->faded.push_back(m.faded ? 1 : 0);
            m_columns->maxSize = std::max(m_columns->maxSize, m.size);
        }
    }
    return *m_columns;
}

int LayoutCache::indexOf(const MapScene& scene, int markerId)
{
    if (m_indices.empty()) {
        m_indices.reserve(scene.markers.size());
        for (std::size_t i = 0; i < scene.markers.size(); ++i) {
            m_indices.emplace(scene.markers[i].id, static_cast<int>(i));
        }
    }
    const auto found = m_indices.find(markerId);
    return found != m_indices.end() ? found->second : -1;
}

const std::vector<double>& LayoutCache::values(const MapScene& scene, MapMeasure measure)
{
    if (!m_values || m_measure != measure || m_values->size() != scene.markers.size()) {
        m_measure = measure;
        m_values.emplace();
        for (const MapMarker& m : scene.markers) {
            m_values->push_back(m.measure(measure));
        }
    }
    return *m_values;
}

const ColorScale& LayoutCache::scale(const MapScene& scene, MapMeasure measure, ScaleKind kind)
{
    if (!m_scale || m_scale->measure() != measure || m_scale->kind() != kind) {
        m_scale.emplace(measure, kind, values(scene, measure));
    }
    return *m_scale;
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

namespace {

/// Where a user area's sign stands: users often are where a place is, and the donut must not cover them.
QPointF besideDonuts(QPointF at, const MapLayout& layout)
{
    constexpr double kSign = 6, kCovered = 3;
    for (const PlacedMarker& m : layout.placed) {
        const double away = distance(m.at, at);
        if (away < m.outerRadius() + kCovered) {
            const QPointF way = away > 1 ? (at - m.at) / away : QPointF(-0.7, 0.7);
            return m.at + way * (m.outerRadius() + kSign);
        }
    }
    return at;
}

} // namespace

MapLayout layoutMap(const MapScene& scene, const MapViewport& view, const LayoutOptions& options, LayoutCache& cache)
{
    MapLayout layout;
    layout.legend = cache.legend(scene, options.look.split);
    if (options.look.measure != MapMeasure::Parts) {
        layout.scale = cache.scale(scene, options.look.measure, options.look.scale);
    }
    placeMarkers(layout, scene, view, options, cache);
    for (const MapArea& area : scene.areas) {
        layout.areas.push_back(view.projection.shows(area.at) ? besideDonuts(view.place(area.at), layout)
                                                              : LayoutCache::kNowhere);
    }
    if (options.flows) {
        placeFlows(layout, scene, view, options, cache);
    }
    if (options.spills) {
        placeSpills(layout, scene, view, options, cache);
    }
    placeLegend(layout, scene, view, options, cache);
    if (options.labels) {
        placeLabels(layout, scene, view, options, cache);
    }
    return layout;
}

} // namespace isobar::ui

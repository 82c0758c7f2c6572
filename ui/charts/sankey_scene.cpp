// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/change_marks.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/mark_layout.h"
#include "ui/charts/titled_scene.h"

#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace isobar::ui {
namespace {

constexpr double kNode = 9, kLabelGap = 6, kLabelRow = 15;
constexpr double kNarrow = 460; ///< pixels

SankeyData noted(SankeyData data)
{
    data.unitNote = comparedNote(data.unitNote, QStringLiteral("outline:"), data.beforeName);
    return data;
}

class SankeyScene final : public TitledScene {
public:
    SankeyScene(const SankeyData& data, QSizeF size)
        : TitledScene(noted(data), size)
        , m_data(data)
    {
        const bool titles = m_body.height() > 120;
        QRectF area = m_body.adjusted(0, titles ? 20 : 2, 0, -2);
        // Words first where there is little room: ribbons without names tell nothing.
        const double most = area.width() < kNarrow ? 0.3 : 0.24;
        m_side = std::min(std::floor(widestName()) + kLabelGap + 2, area.width() * most);
        area.adjust(m_side, 0, -m_side, 0);
        m_places = placeSankey(data, area, kNode, area.height() > 200 ? 9 : 5);
        if (m_places.nodes.empty()) {
            return;
        }
        m_titles = titles;
        for (const SankeyNodePlace& n : m_places.nodes) {
            m_total += n.column == 0 ? n.value : 0;
        }
        makeLinks();
        makeNodes();
        summarizeNodes();
    }

    [[nodiscard]] int markAt(QPointF point) const override
    {
        for (int i = static_cast<int>(m_marks.size()) - 1; i >= 0; --i) {
            const auto k = static_cast<std::size_t>(i);
            if (k >= m_linkPaths.size()) { // a node: a little larger than it looks
                if (m_marks[k].rect.adjusted(-3, -1, 3, 1).contains(point)) {
                    return i;
                }
            } else if (m_marks[k].rect.contains(point) && m_linkPaths[k].contains(point)) {
                return i;
            }
        }
        return -1;
    }

    void paintState(QPainter& p, const MarkState& state) const override
    {
        const Theme& t = theme();
        std::vector<int> lit = state.selected;
        if (state.hovered >= 0) {
            lit = {state.hovered};
        } else if (state.current >= 0) {
            lit = {state.current};
        }
        if (!lit.empty()) {
            // Everything steps back, then what leads through the mark comes forward again.
            QColor veil = t.panel;
            veil.setAlphaF(0.62F);
            p.fillRect(QRectF(m_side, m_body.top() + (m_titles ? 18 : 0), m_body.width() - 2 * m_side, m_body.height()),
                       veil);
            paintWays(p, lit);
            paintNodes(p);
            paintLabels(p, true);
        }
        if (state.current >= 0 && state.current < static_cast<int>(m_marks.size())) {
            p.setBrush(Qt::NoBrush);
            p.setPen(QPen(t.accent, 2));
            const auto k = static_cast<std::size_t>(state.current);
            if (k < m_linkPaths.size()) {
                p.drawPath(m_linkPaths[k]);
            } else {
                p.drawRoundedRect(m_marks[k].rect.adjusted(-2, -2, 2, 2), 2, 2);
            }
        }
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        if (m_titles) {
            const double last = static_cast<double>(m_data.columns.size()) - 1;
            for (std::size_t c = 0; c < m_data.columns.size(); ++c) {
                const double x = m_side + (m_body.width() - 2 * m_side) * static_cast<double>(c) / last;
                const QRectF words(c == 0 ? 0 : x - 80, m_body.top(), c == 0 ? m_side + kNode : 160, 15);
                const bool end = static_cast<double>(c) == last;
                drawLine(p, end ? QRectF(x - kNode, m_body.top(), m_side + kNode, 15) : words, font(TextRole::Small),
                         t.muted, m_data.columns[c].title,
                         c == 0 ? Qt::AlignRight | Qt::AlignVCenter
                         : end  ? Qt::AlignLeft | Qt::AlignVCenter
                                : Qt::AlignCenter);
            }
        }
        p.setPen(Qt::NoPen);
        for (const SankeyRibbon& r : m_places.ribbons) {
            QColor fill = ribbonColor(r);
            fill.setAlphaF(t.dark ? 0.42F : 0.38F);
            p.setBrush(fill);
            p.drawPath(shape(r, 0, r.value));
        }
        paintNodes(p);
        paintLabels(p, false);
    }

private:
    [[nodiscard]] double widestName() const
    {
        // Values with their change take more room than most names.
        double widest =
            m_data.beforeName.isEmpty() ? 40 : textWidth(font(TextRole::Small), QStringLiteral("88.88 k  −88.8 %")) + 2;
        for (const std::size_t c : {std::size_t{0}, m_data.columns.size() - 1}) {
            if (c < m_data.columns.size()) {
                for (const SankeyNode& node : m_data.columns[c].nodes) {
                    widest = std::max(widest, textWidth(font(TextRole::Small), node.name));
                }
            }
        }
        return widest;
    }

    [[nodiscard]] const SankeyNode& node(int column, int index) const
    {
        return m_data.columns[static_cast<std::size_t>(column)].nodes[static_cast<std::size_t>(index)];
    }

    [[nodiscard]] QColor ribbonColor(const SankeyRibbon& r) const
    {
        const int column = std::clamp(m_data.colorColumn, 0, static_cast<int>(m_data.columns.size()) - 1);
        const QColor color = node(column, r.color).color;
        return color.isValid() ? color : theme().flow;
    }

    [[nodiscard]] double columnX(int column, bool right) const
    {
        const double last = static_cast<double>(m_data.columns.size()) - 1;
        return m_side + (m_body.width() - 2 * m_side - kNode) * column / last + (right ? kNode : 0);
    }

    /// The ribbon from `offset` below its upper edge on, `value` wide.
    [[nodiscard]] QPainterPath shape(const SankeyRibbon& r, double offset, double value) const
    {
        const double x0 = columnX(r.column, true), x1 = columnX(r.column + 1, false), mid = (x0 + x1) / 2;
        const double y0 = r.leftTop + offset * m_places.scale, y1 = r.rightTop + offset * m_places.scale;
        const double thick = value * m_places.scale;
        QPainterPath path(QPointF(x0, y0));
        path.cubicTo(mid, y0, mid, y1, x1, y1);
        path.lineTo(x1, y1 + thick);
        path.cubicTo(mid, y1 + thick, mid, y0 + thick, x0, y0 + thick);
        path.closeSubpath();
        return path;
    }

    /// One mark for all that flows between two nodes, whatever its colour.
    void makeLinks()
    {
        std::map<std::tuple<int, int, int>, std::vector<std::size_t>> links;
        for (std::size_t i = 0; i < m_places.ribbons.size(); ++i) {
            const SankeyRibbon& r = m_places.ribbons[i];
            links[{r.column, r.from, r.to}].push_back(i);
        }
        for (const auto& [ends, ribbons] : links) {
            const auto [column, from, to] = ends;
            double value = 0;
            std::vector<int> paths;
            QPainterPath outline;
            for (const std::size_t i : ribbons) {
                const SankeyRibbon& r = m_places.ribbons[i];
                value += r.value;
                paths.insert(paths.end(), r.paths.begin(), r.paths.end());
                outline.addPath(shape(r, 0, r.value));
            }
            ChartMark mark;
            mark.key = SankeyChart::linkKey(column, node(column, from).key, node(column + 1, to).key);
            mark.name = node(column, from).name + QStringLiteral(" → ") + node(column + 1, to).name;
            mark.value = figureText(m_data.kind, value);
            mark.rect = outline.boundingRect();
            mark.note = figureText(ValueKind::Ratio, value / m_total) + QStringLiteral(" of all");
            if (!m_data.beforeName.isEmpty()) {
                addChange(mark.tip, m_data.kind, value, before(column, from, to), m_data.beforeName);
            }
            m_marks.push_back(std::move(mark));
            m_linkPaths.push_back(outline);
            m_through.push_back(std::move(paths));
        }
    }

    void makeNodes()
    {
        for (const SankeyNodePlace& n : m_places.nodes) {
            ChartMark mark;
            mark.key = SankeyChart::nodeKey(n.column, node(n.column, n.index).key);
            mark.name = node(n.column, n.index).name;
            mark.value = figureText(m_data.kind, n.value);
            mark.rect = n.rect;
            mark.color = node(n.column, n.index).color;
            int rank = 1, count = 0;
            for (const SankeyNodePlace& other : m_places.nodes) {
                count += other.column == n.column;
                rank += other.column == n.column && other.value > n.value;
            }
            mark.note = QStringLiteral("%1 of all, rank %2 of %3")
                            .arg(figureText(ValueKind::Ratio, n.value / m_total))
                            .arg(rank)
                            .arg(count);
            std::vector<int> paths;
            for (std::size_t k = 0; k < m_data.paths.size(); ++k) {
                if (m_data.paths[k].nodes.value(n.column, -1) == n.index) {
                    paths.push_back(static_cast<int>(k));
                }
            }
            if (!m_data.beforeName.isEmpty()) {
                const double before = this->before(n.column, n.index, kAny);
                m_nodeChanges.push_back({before, changeOf(m_data.kind, n.value, before)});
                addChange(mark.tip, m_data.kind, n.value, before, m_data.beforeName);
            }
            m_marks.push_back(std::move(mark));
            m_through.push_back(std::move(paths));
        }
    }

    static constexpr int kAny = -1;

    /// What flowed through a node, and on to a node of the next column, in what this is compared with.
    [[nodiscard]] double before(int column, int from, int to) const
    {
        double sum = 0;
        for (const SankeyPath& path : m_data.paths) {
            if (path.nodes.value(column, kAny) == from && (to == kAny || path.nodes.value(column + 1, kAny) == to)) {
                sum += std::isfinite(path.before) ? path.before : 0;
            }
        }
        return sum;
    }

    void summarizeNodes()
    {
        QStringList parts;
        for (std::size_t c = 0; c < m_data.columns.size(); ++c) {
            const SankeyNodePlace* largest = nullptr;
            for (const SankeyNodePlace& n : m_places.nodes) {
                if (n.column == static_cast<int>(c) && (largest == nullptr || n.value > largest->value)) {
                    largest = &n;
                }
            }
            parts << m_data.columns[c].title + QStringLiteral(": ") + node(largest->column, largest->index).name +
                         QLatin1Char(' ') + figureText(m_data.kind, largest->value);
        }
        m_summary = QStringLiteral("%1 in all; largest ").arg(figureText(m_data.kind, m_total)) +
                    parts.join(QStringLiteral("; "));
    }

    /// The part of every ribbon that leads through one of the marks, end to end.
    void paintWays(QPainter& p, const std::vector<int>& lit) const
    {
        std::vector<bool> on(m_data.paths.size(), false);
        for (const int mark : lit) {
            if (mark >= 0 && mark < static_cast<int>(m_through.size())) {
                for (const int path : m_through[static_cast<std::size_t>(mark)]) {
                    on[static_cast<std::size_t>(path)] = true;
                }
            }
        }
        p.setPen(Qt::NoPen);
        for (const SankeyRibbon& r : m_places.ribbons) {
            double value = 0;
            for (const int path : r.paths) {
                value += on[static_cast<std::size_t>(path)] ? m_data.paths[static_cast<std::size_t>(path)].value : 0;
            }
            if (value > 0) {
                QColor fill = ribbonColor(r);
                fill.setAlphaF(0.85F);
                p.setBrush(fill);
                p.drawPath(shape(r, 0, value));
            }
        }
    }

    void paintNodes(QPainter& p) const
    {
        const Theme& t = theme();
        p.setPen(Qt::NoPen);
        for (const SankeyNodePlace& n : m_places.nodes) {
            const QColor color = node(n.column, n.index).color;
            p.setBrush(color.isValid() ? readableOn(color, t.panel) : t.muted);
            p.drawRect(n.rect);
        }
        for (std::size_t i = 0; i < m_nodeChanges.size(); ++i) {
            // As high as it was, from the same upper edge; where that is to be seen.
            QRectF was = m_places.nodes[i].rect.adjusted(-2.5, 0.5, 1.5, 0);
            const double height = std::min(m_nodeChanges[i].before * m_places.scale, m_body.bottom() - was.top());
            if (m_nodeChanges[i].change.seen() && std::abs(height - was.height()) >= 2) {
                was.setHeight(height);
                drawBeforeOutline(p, was);
            }
        }
    }

    /// The value, with its change where both fit.
    [[nodiscard]] QString valueLine(const SankeyNodePlace& place, double width) const
    {
        const QString value = figureText(m_data.kind, place.value);
        if (m_nodeChanges.empty()) {
            return value;
        }
        const Change& change = m_nodeChanges[static_cast<std::size_t>(&place - m_places.nodes.data())].change;
        const QString both = value + QStringLiteral("  ") + change.text;
        return change.seen() && textWidth(font(TextRole::Small), both) <= width ? both : value;
    }

    /// The veil of a highlight covers only what lies between the outer columns.
    void paintLabels(QPainter& p, bool innerOnly) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const int last = static_cast<int>(m_data.columns.size()) - 1;
        // The larger ones first; a label that would touch another one gives way.
        std::vector<const SankeyNodePlace*> order;
        for (const SankeyNodePlace& n : m_places.nodes) {
            order.push_back(&n);
        }
        std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->value > b->value; });
        struct Taken {
            int column;
            double y, height;
        };
        std::vector<Taken> taken;
        const auto isFree = [&taken](int column, double y, double height) {
            return std::none_of(taken.begin(), taken.end(), [&](const Taken& other) {
                return other.column == column && std::abs(other.y - y) < (other.height + height) / 2 - 1;
            });
        };
        for (const SankeyNodePlace* n : order) {
            double y = std::clamp(n->rect.center().y(), m_body.top() + kLabelRow / 2 + (m_titles ? 16 : 0),
                                  m_body.bottom() - kLabelRow / 2);
            double high = kLabelRow;
            if (!isFree(n->column, y, high)) {
                continue;
            }
            if (innerOnly && (n->column == 0 || n->column == last)) {
                continue;
            }
            const QString name = node(n->column, n->index).name;
            if (n->column == 0 || n->column == last) {
                const bool left = n->column == 0;
                const QRectF words(left ? 0 : n->rect.right() + kLabelGap, y - kLabelRow / 2, m_side - kLabelGap,
                                   kLabelRow);
                const auto side = left ? Qt::AlignRight : Qt::AlignLeft;
                // A name that is too long takes two lines, where its node is as high as that; the value comes next.
                const int rows = std::max(1, static_cast<int>(n->rect.height() / kLabelRow));
                QStringList lines = brokenText(small, name, words.width());
                if (lines.isEmpty() || lines.size() > rows) {
                    lines = {middleElided(small, name, words.width())};
                }
                const auto names = static_cast<int>(lines.size());
                if (rows > names) {
                    lines << valueLine(*n, words.width());
                }
                for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
                    const double down = 14 * (i - (static_cast<double>(lines.size()) - 1) / 2);
                    drawLine(p, words.translated(0, down), small, i < names ? t.text : t.muted, lines[i],
                             side | Qt::AlignVCenter);
                }
            } else {
                const double room = columnX(n->column + 1, false) - n->rect.right() - kLabelGap;
                if (room < 40) {
                    continue;
                }
                // On a small card of its own: words over ribbons of every colour must stay readable.
                QStringList lines = brokenText(small, name, room - 8);
                high = kLabelRow + 13 * (static_cast<double>(lines.size()) - 1);
                const double inside = std::min(y, m_body.bottom() - high / 2);
                if (lines.isEmpty() || !isFree(n->column, inside, high)) {
                    lines = {middleElided(small, name, room - 8)};
                    high = kLabelRow;
                } else {
                    y = inside;
                }
                double wide = 0;
                for (const QString& line : lines) {
                    wide = std::max(wide, textWidth(small, line));
                }
                const QRectF card(n->rect.right() + 4, y - high / 2, wide + 8, high);
                QColor ground = t.panel;
                ground.setAlphaF(0.86F);
                p.setPen(Qt::NoPen);
                p.setBrush(ground);
                p.drawRoundedRect(card, 4, 4);
                QRectF line = card.adjusted(4, 0, -3, kLabelRow - high);
                for (const QString& words : lines) {
                    drawLine(p, line, small, t.text, words);
                    line.translate(0, 13);
                }
            }
            taken.push_back({n->column, y, high});
        }
    }

    SankeyData m_data;
    SankeyPlaces m_places;
    struct NodeChange {
        double before = 0;
        Change change;
    };
    std::vector<NodeChange> m_nodeChanges; ///< one a node; empty when nothing is compared
    double m_side = 0, m_total = 0;
    bool m_titles = false;
    std::vector<QPainterPath> m_linkPaths;   ///< of the first marks, which are the links
    std::vector<std::vector<int>> m_through; ///< paths that lead through each mark
};

} // namespace

std::unique_ptr<MarkScene> sankeyScene(const SankeyData& data, QSizeF size)
{
    return std::make_unique<SankeyScene>(data, size);
}

} // namespace isobar::ui

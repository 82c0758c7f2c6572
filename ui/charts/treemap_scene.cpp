// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/change_marks.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/mark_layout.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kCrumbRow = 18, kStrip = 17;

double valueOf(const TreemapNode& node)
{
    if (node.children.empty()) {
        return std::isfinite(node.value) && node.value > 0 ? node.value : 0;
    }
    double sum = 0;
    for (const TreemapNode& child : node.children) {
        sum += valueOf(child);
    }
    return sum;
}

double beforeOf(const TreemapNode& node)
{
    double sum = node.children.empty() && std::isfinite(node.before) ? node.before : 0;
    for (const TreemapNode& child : node.children) {
        sum += beforeOf(child);
    }
    return sum;
}

TreemapData noted(TreemapData data)
{
    data.unitNote = comparedNote(data.unitNote, QStringLiteral("▲▼ vs"), data.beforeName);
    data.nodes.clear(); // only the words are wanted
    return data;
}

class TreemapScene final : public TitledScene {
public:
    TreemapScene(const TreemapData& data, const QStringList& path, QSizeF size)
        : TitledScene(noted(data), size)
        , m_kind(data.kind)
        , m_beforeName(data.beforeName)
    {
        const std::vector<TreemapNode>* level = &data.nodes;
        QColor color;
        std::vector<std::pair<QString, QStringList>> crumbs{{data.rootName, {}}};
        for (const QString& key : path) {
            const auto at =
                std::find_if(level->begin(), level->end(), [&key](const TreemapNode& n) { return n.key == key; });
            if (at == level->end()) {
                break;
            }
            color = at->color.isValid() ? at->color : color;
            crumbs.emplace_back(at->name, crumbs.back().second + QStringList{key});
            level = &at->children;
        }
        for (const TreemapNode& node : data.nodes) {
            m_all += valueOf(node);
        }
        QRectF area = m_body;
        if (crumbs.size() > 1) { // at the top there is nothing to go back to
            area.setTop(area.top() + kCrumbRow + 2);
        }
        placeLevel(*level, crumbs.back().second, color, area);
        if (m_marks.empty()) {
            return;
        }
        if (crumbs.size() > 1) {
            placeCrumbs(crumbs);
        }
    }

    void paintState(QPainter& p, const MarkState& state) const override
    {
        MarkScene::paintState(p, state);
        if (state.hovered >= 0 && m_looks[static_cast<std::size_t>(state.hovered)].kind == Look::Crumb) {
            const QRectF& r = m_marks[static_cast<std::size_t>(state.hovered)].rect;
            p.setPen(QPen(theme().accent, 1));
            p.drawLine(r.bottomLeft(), r.bottomRight());
        }
    }

protected:
    void paintBody(QPainter& p) const override
    {
        for (std::size_t i = 0; i < m_marks.size(); ++i) {
            switch (m_looks[i].kind) {
            case Look::Group:
                paintStrip(p, m_marks[i], m_looks[i]);
                break;
            case Look::Cell:
                paintCell(p, m_marks[i], m_looks[i].change);
                break;
            case Look::Crumb:
                paintCrumb(p, m_marks[i], m_looks[i].here);
                break;
            }
        }
    }

private:
    struct Look {
        enum Kind { Group, Cell, Crumb } kind = Cell;
        QRectF strip{};    ///< a group's words
        bool here = false; ///< the crumb of the level shown
        Change change{};
    };

    void add(const TreemapNode& node, const QString& way, const QStringList& path, double value, double whole, int rank,
             std::size_t of, const QRectF& rect, const QColor& color, Look look)
    {
        ChartMark mark;
        mark.key = TreemapChart::pathKey(path);
        mark.name = way.isEmpty() ? node.name : way + QStringLiteral(" › ") + node.name;
        mark.value = figureText(m_kind, value);
        mark.note =
            QStringLiteral("%1 of %2, rank %3 of %4")
                .arg(figureText(ValueKind::Ratio, value / whole), way.isEmpty() ? QStringLiteral("what is shown") : way)
                .arg(rank)
                .arg(of);
        if (!node.note.isEmpty()) {
            mark.tip.push_back({QColor(), node.note, QString(), false});
        }
        if (!m_beforeName.isEmpty()) {
            look.change = changeOf(m_kind, value, beforeOf(node));
            addChange(mark.tip, m_kind, value, beforeOf(node), m_beforeName);
        }
        if (whole < m_all) {
            mark.tip.push_back(
                {QColor(), QStringLiteral("Of all"), figureText(ValueKind::Ratio, value / m_all), false});
        }
        mark.rect = rect;
        mark.color = color;
        m_marks.push_back(std::move(mark));
        m_looks.push_back(std::move(look));
    }

    void placeLevel(const std::vector<TreemapNode>& level, const QStringList& path, const QColor& inherited,
                    const QRectF& area)
    {
        const Theme& t = theme();
        std::vector<double> values;
        double total = 0;
        for (const TreemapNode& node : level) {
            values.push_back(valueOf(node));
            total += values.back();
        }
        m_summary = total > 0 ? QStringLiteral("%1 in all").arg(figureText(m_kind, total)) : m_emptyText;
        const std::vector<QRectF> rects = squarify(values, area);
        QStringList said;
        for (const std::size_t i : byValue(values)) {
            const TreemapNode& node = level[i];
            const int rank = rankOf(values, values[i]);
            const QRectF rect = rects[i].adjusted(0, 0, -2, -2); // the gap between groups
            QColor color = node.color.isValid() ? node.color : inherited;
            color = color.isValid() ? color : t.flow;
            const QStringList own = path + QStringList{node.key};
            if (said.size() < 5) {
                said << node.name + QLatin1Char(' ') + figureText(m_kind, values[i]);
            }
            const bool strip = !node.children.empty() && rect.height() > 3 * kStrip && rect.width() > 60;
            const auto known =
                static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](double v) { return v > 0; }));
            if (!strip) {
                add(node, {}, own, values[i], total, rank, known, rect, shade(color, rank, known, inherited.isValid()),
                    {Look::Cell});
                continue;
            }
            const QRectF words(rect.left(), rect.top(), rect.width(), kStrip);
            add(node, {}, own, values[i], total, rank, known, rect, mixed(t.panel, color, 0.25), {Look::Group, words});
            placeChildren(node, own, color, rect.adjusted(2, kStrip, 0, 0), values[i]);
        }
        if (total > 0) {
            m_summary += QStringLiteral(": ") + said.join(QStringLiteral("; "));
        }
    }

    void placeChildren(const TreemapNode& group, const QStringList& path, const QColor& color, const QRectF& area,
                       double whole)
    {
        std::vector<double> values;
        for (const TreemapNode& child : group.children) {
            values.push_back(valueOf(child));
        }
        const std::vector<QRectF> rects = squarify(values, area);
        for (const std::size_t i : byValue(values)) {
            const QRectF rect = rects[i].adjusted(0, 0, -1, -1);
            if (rect.width() < 1 || rect.height() < 1) {
                continue; // less than a pixel: the group stands for it
            }
            const int rank = rankOf(values, values[i]);
            add(group.children[i], group.name, path + QStringList{group.children[i].key}, values[i], whole, rank,
                values.size(), rect, shade(color, rank, values.size(), true), {Look::Cell});
        }
    }

    /// Those with a value, largest first.
    static std::vector<std::size_t> byValue(const std::vector<double>& values)
    {
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (values[i] > 0) {
                order.push_back(i);
            }
        }
        std::stable_sort(order.begin(), order.end(),
                         [&values](std::size_t a, std::size_t b) { return values[a] > values[b]; });
        return order;
    }

    static int rankOf(const std::vector<double>& values, double value)
    {
        return 1 + static_cast<int>(
                       std::count_if(values.begin(), values.end(), [value](double other) { return other > value; }));
    }

    /// Within one colour the larger ones are the stronger ones: size and tone say the same.
    static QColor shade(const QColor& color, int rank, std::size_t of, bool within)
    {
        const double place = of > 1 ? static_cast<double>(rank - 1) / static_cast<double>(of - 1) : 0;
        return mixed(theme().panel, color, within ? 0.86 - 0.34 * place : 0.86);
    }

    void placeCrumbs(const std::vector<std::pair<QString, QStringList>>& crumbs)
    {
        double x = 0;
        for (std::size_t i = 0; i < crumbs.size(); ++i) {
            const bool here = i + 1 == crumbs.size();
            const double width = std::ceil(textWidth(font(TextRole::Secondary), crumbs[i].first)) + 2;
            ChartMark mark;
            mark.key = TreemapChart::pathKey(crumbs[i].second);
            mark.name = here ? crumbs[i].first : QStringLiteral("Back to ") + crumbs[i].first;
            mark.rect = QRectF(x, m_body.top() - 2, std::min(width, m_body.width() - x), kCrumbRow);
            mark.clickable = !here;
            if (mark.rect.width() > 8) {
                m_marks.push_back(std::move(mark));
                m_looks.push_back({Look::Crumb, {}, here});
            }
            x += width + 16;
        }
    }

    void paintStrip(QPainter& p, const ChartMark& mark, const Look& look) const
    {
        const Theme& t = theme();
        p.setPen(Qt::NoPen);
        p.setBrush(mark.color);
        p.drawRoundedRect(mark.rect, 3, 3);
        const QRectF words = look.strip.adjusted(6, 0, -6, 0);
        const double value = textWidth(font(TextRole::Small), mark.value) + changeWidth(look.change);
        const bool both = textWidth(font(TextRole::Small), mark.name) + value + 10 <= words.width();
        const QColor ink = readableOn(t.text, mark.color, 4.5);
        if (both) {
            drawLine(p, words.adjusted(words.width() - value, 0, 0, 0), font(TextRole::Small), ink, mark.value);
            paintChange(p, {words.right() - changeWidth(look.change), words.center().y()}, look.change, ink);
        }
        drawLine(p, both ? words.adjusted(0, 0, -value - 8, 0) : words, font(TextRole::Small), ink, mark.name);
    }

    /// An arrow and how much, after a value.
    static double changeWidth(const Change& change)
    {
        return change.seen() ? kArrow + 12 + textWidth(font(TextRole::Small), change.text) : 0;
    }
    static void paintChange(QPainter& p, QPointF left, const Change& change, const QColor& ink)
    {
        if (change.seen()) {
            drawChange(p, left + QPointF(8 + kArrow / 2, 0), kArrow, change.way, ink);
            drawLine(p, QRectF(left.x() + 12 + kArrow, left.y() - 8, 200, 16), font(TextRole::Small), ink, change.text);
        }
    }

    void paintCell(QPainter& p, const ChartMark& mark, const Change& change) const
    {
        p.setPen(Qt::NoPen);
        p.setBrush(mark.color);
        p.drawRoundedRect(mark.rect, 2, 2);
        const QFont face = font(TextRole::Secondary), small = font(TextRole::Small);
        const QRectF words = mark.rect.adjusted(6, 4, -5, -3);
        const QString name = mark.name.mid(mark.name.lastIndexOf(QStringLiteral(" › ")) +
                                           (mark.name.contains(QStringLiteral(" › ")) ? 3 : 0));
        const QColor ink = inkOn(mark.color);
        // Words fit or vanish; a name cut to less than half says nothing.
        if (words.height() < 13 || std::min(textWidth(face, name), 64.0) > words.width() ||
            textWidth(face, name) > 2 * words.width()) {
            // Smaller, closer to the edge and in two lines before none.
            const QRectF narrow = mark.rect.adjusted(3, 2, -2, -1);
            const QStringList lines = brokenText(small, name, narrow.width());
            if (!lines.isEmpty() && narrow.height() >= 13 * static_cast<double>(lines.size())) {
                QRectF row(narrow.left(), narrow.top(), narrow.width() + 1, 13);
                for (const QString& line : lines) {
                    drawLine(p, row, small, ink, line);
                    row.translate(0, 13);
                }
                if (row.bottom() <= narrow.bottom()) {
                    drawChange(p, {narrow.left() + kArrow / 2, row.center().y()}, kArrow, change.way, ink);
                }
            } else if (std::min(mark.rect.width(), mark.rect.height()) >= 10) { // no words, but which way it went
                drawChange(p, mark.rect.center(), kArrow, change.way, ink);
            }
            return;
        }
        drawLine(p, QRectF(words.left(), words.top(), words.width(), 15), face, ink, name);
        if (words.height() < 30 || textWidth(small, mark.value) > words.width()) {
            if (textWidth(face, name) + kArrow + 6 <= words.width()) {
                drawChange(p, {words.right() - kArrow / 2, words.top() + 8}, kArrow, change.way, ink);
            }
            return;
        }
        const QRectF second(words.left(), words.top() + 15, words.width(), 14);
        const double used = drawLine(p, second, small, ink, mark.value);
        if (used + changeWidth(change) <= words.width()) {
            paintChange(p, {second.left() + used, second.center().y()}, change, ink);
        } else if (words.height() >= 45) {
            paintChange(p, {second.left() - 8, second.center().y() + 15}, change, ink);
        }
    }

    void paintCrumb(QPainter& p, const ChartMark& mark, bool here) const
    {
        const Theme& t = theme();
        const QString name = mark.clickable ? mark.name.mid(8) : mark.name; // without "Back to "
        drawLine(p, mark.rect, font(TextRole::Secondary), here ? t.text : t.accent, name);
        if (!here) {
            drawLine(p, QRectF(mark.rect.right() + 4, mark.rect.top(), 10, mark.rect.height()),
                     font(TextRole::Secondary), t.muted, QStringLiteral("›"));
        }
    }

    static constexpr double kArrow = 7;

    ValueKind m_kind;
    QString m_beforeName;
    double m_all = 0;
    std::vector<Look> m_looks; ///< one a mark
};

} // namespace

std::unique_ptr<MarkScene> treemapScene(const TreemapData& data, const QStringList& path, QSizeF size)
{
    return std::make_unique<TreemapScene>(data, path, size);
}

} // namespace isobar::ui

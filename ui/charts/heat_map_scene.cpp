// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/change_marks.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr double kLegend = 30, kLowLegend = 14, kGap = 6, kNameRow = 13;
constexpr int kBins = 24;
constexpr double kLeaning = 15; ///< a column at least so wide has room for a name that leans; pixels
constexpr double kDegree = 3.14159265358979323846 / 180;
constexpr double kArrow = 8, kArrowRoom = 11; ///< of the largest change; pixels
constexpr double kLeastChange = 0.005;        ///< what is less is not pointed at

HeatMapData noted(HeatMapData data)
{
    data.unitNote = comparedNote(data.unitNote, QStringLiteral("▲▼ vs"), data.beforeName);
    return data;
}

class HeatMapScene final : public TitledScene {
public:
    HeatMapScene(const HeatMapData& data, QSizeF size)
        : TitledScene(noted(data), size)
        , m_data(data)
        , m_scale(data.values, data.scale, data.from, data.to)
        , m_rows(static_cast<int>(data.rows.size()))
        , m_columns(static_cast<int>(data.columns.size()))
    {
        if (m_rows == 0 || m_columns == 0) {
            return;
        }
        layOut();
        makeMarks();
    }

    [[nodiscard]] int markAt(QPointF point) const override
    {
        if (m_marks.empty() || !m_grid.contains(point)) {
            return -1;
        }
        const int column = std::min(m_columns - 1, static_cast<int>((point.x() - m_grid.left()) / m_cellWidth));
        const int row = std::min(m_rows - 1, static_cast<int>((point.y() - m_grid.top()) / m_cellHeight));
        return row * m_columns + column;
    }

    void paintState(QPainter& p, const MarkState& state) const override
    {
        MarkScene::paintState(p, state);
        // The names of the row and the column that are read.
        const int mark = state.hovered >= 0 ? state.hovered : state.current;
        if (mark < 0 || mark >= static_cast<int>(m_marks.size())) {
            return;
        }
        const Theme& t = theme();
        const QRectF cell = m_marks[static_cast<std::size_t>(mark)].rect;
        p.setPen(QPen(t.accent, 2));
        p.drawLine(QPointF(m_grid.left() - 3, cell.top()), QPointF(m_grid.left() - 3, cell.bottom()));
        p.drawLine(QPointF(cell.left(), m_grid.top() - 3), QPointF(cell.right(), m_grid.top() - 3));
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        p.setRenderHint(QPainter::Antialiasing, false);
        const double space = std::min(m_cellWidth, m_cellHeight) > 7 ? 1 : 0; // the grid between cells
        for (std::size_t i = 0; i < m_marks.size(); ++i) {
            const QRectF cell = m_marks[i].rect.adjusted(0, 0, -space, -space);
            const double value = m_data.values.value(static_cast<qsizetype>(i), NAN);
            if (!std::isfinite(value)) {
                p.fillRect(cell, mixed(t.panel, t.line, 0.35));
                continue;
            }
            p.fillRect(cell, m_marks[i].color);
        }
        p.setRenderHint(QPainter::Antialiasing);
        paintValues(p);
        paintNames(p);
        if (m_legend.height() > 0) {
            paintLegend(p);
        }
    }

private:
    void layOut()
    {
        const QFont small = font(TextRole::Small);
        double rowNames = 0, columnNames = 0;
        for (const HeatMapLine& row : m_data.rows) {
            rowNames = std::max(rowNames, textWidth(small, row.name));
        }
        for (const HeatMapLine& column : m_data.columns) {
            columnNames = std::max(columnNames, textWidth(small, column.name));
        }
        const double left = std::min(std::ceil(rowNames) + 8, m_body.width() * 0.3);
        const bool legend = m_body.height() >= 130;
        const double width = m_body.width() - left;
        // Names of columns lie in one line or two; else they lean, and where columns are too narrow for that they
        // stand.
        bool lying = columnNames + 8 <= width / m_columns;
        double top = 18;
        if (!lying) {
            m_nameLines.clear();
            for (const HeatMapLine& column : m_data.columns) {
                m_nameLines.push_back(brokenText(small, column.name, width / m_columns - 4));
            }
            lying = std::none_of(m_nameLines.begin(), m_nameLines.end(),
                                 [](const QStringList& lines) { return lines.isEmpty(); });
            m_turn = lying ? 0 : width / m_columns >= kLeaning ? 45 : 90;
            const double high = std::ceil(columnNames * std::sin(m_turn * kDegree)) + (m_turn < 90 ? 12 : 6);
            top = lying ? 2 * kNameRow + 5 : std::min({high, m_body.height() * 0.42, 110.0});
        }
        if (!lying && width / m_columns < 11) {
            top = 4; // no room for any name
        }
        m_showColumns = top > 4;
        // Where rows are low the distribution over the colour scale gives its room to them.
        const bool low = (m_body.height() - top - kLegend - kGap) / m_rows < kNameRow;
        const double legendHeight = low ? kLowLegend : kLegend;
        m_grid = QRectF(m_body.left() + left, m_body.top() + top, width,
                        m_body.height() - top - (legend ? legendHeight + kGap : 0));
        m_cellWidth = m_grid.width() / m_columns, m_cellHeight = m_grid.height() / m_rows;
        if (legend) {
            m_legend = QRectF(m_grid.left(), m_grid.bottom() + kGap, std::min(m_grid.width(), 260.0), legendHeight);
        }
    }

    void makeMarks()
    {
        std::vector<double> known;
        for (const double v : m_data.values) {
            if (std::isfinite(v)) {
                known.push_back(v);
            }
        }
        std::sort(known.begin(), known.end());
        m_marks.reserve(static_cast<std::size_t>(m_rows) * static_cast<std::size_t>(m_columns));
        double highest = -std::numeric_limits<double>::infinity();
        QString highestName;
        for (int r = 0; r < m_rows; ++r) {
            for (int c = 0; c < m_columns; ++c) {
                const HeatMapLine& row = m_data.rows[static_cast<std::size_t>(r)];
                const HeatMapLine& column = m_data.columns[static_cast<std::size_t>(c)];
                const double value = m_data.values.value(r * m_columns + c, NAN);
                ChartMark mark;
                mark.key = HeatMapChart::cellKey(row.key, column.key);
                mark.name = row.name + QStringLiteral(", ") + column.name;
                // Whole pixels: cells of equal colour touch without seams.
                const double x0 = std::round(m_grid.left() + c * m_cellWidth);
                const double x1 = std::round(m_grid.left() + (c + 1) * m_cellWidth);
                const double y0 = std::round(m_grid.top() + r * m_cellHeight);
                const double y1 = std::round(m_grid.top() + (r + 1) * m_cellHeight);
                mark.rect = QRectF(x0, y0, x1 - x0, y1 - y0);
                const double before = m_data.before.value(r * m_columns + c, NAN);
                m_changes.push_back(changeOf(m_data.kind, value, before));
                m_largestChange = std::max(m_largestChange, m_changes.back().size);
                addChange(mark.tip, m_data.kind, value, before, m_data.beforeName);
                if (std::isfinite(value)) {
                    mark.value = figureText(m_data.kind, value);
                    const auto above = known.end() - std::upper_bound(known.begin(), known.end(), value);
                    mark.note = QStringLiteral("rank %1 of %2").arg(above + 1).arg(known.size());
                    mark.color = heatColor(m_scale.share(value));
                    if (value > highest) {
                        highest = value, highestName = mark.name;
                    }
                } else {
                    mark.value = QStringLiteral("not there");
                    mark.clickable = false;
                }
                m_marks.push_back(std::move(mark));
            }
        }
        m_summary = known.empty() ? m_emptyText
                                  : QStringLiteral("%1 rows, %2 columns; highest %3, %4; lowest %5")
                                        .arg(m_rows)
                                        .arg(m_columns)
                                        .arg(highestName, figureText(m_data.kind, highest),
                                             figureText(m_data.kind, known.front()));
    }

    void paintValues(QPainter& p) const
    {
        const QFont small = font(TextRole::Small);
        // All values or none: a few alone would look like the important ones.
        bool fits = m_cellHeight >= 16;
        const double beside = m_largestChange > kLeastChange ? kArrowRoom : 0;
        for (std::size_t i = 0; fits && i < m_marks.size(); ++i) {
            const double value = m_data.values.value(static_cast<qsizetype>(i), NAN);
            fits = !std::isfinite(value) || textWidth(small, cellText(value)) + 6 + 2 * beside <= m_cellWidth;
        }
        for (std::size_t i = 0; i < m_marks.size(); ++i) {
            const double value = m_data.values.value(static_cast<qsizetype>(i), NAN);
            if (!std::isfinite(value)) {
                continue;
            }
            const QRectF& cell = m_marks[i].rect;
            const QColor ink = inkOn(m_marks[i].color);
            const bool trouble = m_data.trouble && value >= *m_data.trouble;
            if (fits) {
                QFont face = small;
                face.setWeight(trouble ? QFont::DemiBold : QFont::Normal);
                drawLine(p, cell, face, ink, cellText(value), Qt::AlignCenter);
            }
            const bool room = std::min(cell.width(), cell.height()) >= kArrow + 1;
            if (const Change& change = m_changes[i]; room && change.seen() && change.size > kLeastChange) {
                // The larger the change the larger the arrow, beside the value or in its place.
                const double size = std::max(3.5, kArrow * std::sqrt(change.size / m_largestChange));
                const double x = fits ? cell.center().x() - textWidth(small, cellText(value)) / 2 - kArrowRoom / 2
                                      : cell.center().x();
                drawChange(p, {x, cell.center().y()}, size, change.way, ink);
            }
            if (trouble && cell.width() >= 8 && cell.height() >= 8) {
                p.setPen(Qt::NoPen); // a corner turned down: a shape besides the colour
                p.setBrush(theme().trouble);
                const double size = std::min({8.0, cell.width() / 2, cell.height() / 2});
                const QPointF corner(cell.right() - 1, cell.top());
                p.drawPolygon(QPolygonF{corner - QPointF(size, 0), corner, corner + QPointF(0, size)});
            }
        }
    }

    [[nodiscard]] QString cellText(double value) const
    {
        // Ratios as whole percent without the sign: the title names the unit.
        return m_data.kind == ValueKind::Ratio ? percent(value, 0).value : figureText(m_data.kind, value);
    }

    void paintNames(QPainter& p) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        // Where rows are lower than words, every n-th is named.
        const int rowStep = std::max(1, static_cast<int>(std::ceil((kNameRow - 1) / m_cellHeight)));
        for (int r = 0; r < m_rows; r += rowStep) {
            const QRectF cell = m_marks[static_cast<std::size_t>(r * m_columns)].rect;
            const QRectF words(m_body.left(), cell.center().y() - 8, m_grid.left() - m_body.left() - 7, 16);
            drawLine(p, words, small, t.muted,
                     middleElided(small, m_data.rows[static_cast<std::size_t>(r)].name, words.width()));
        }
        for (int c = 0; c < m_columns && m_showColumns; ++c) {
            const QRectF cell = m_marks[static_cast<std::size_t>(c)].rect;
            const QString& name = m_data.columns[static_cast<std::size_t>(c)].name;
            if (m_turn == 0) {
                const QStringList lines =
                    m_nameLines.empty() ? QStringList(name) : m_nameLines[static_cast<std::size_t>(c)];
                double y = m_grid.top() - 2 - kNameRow * static_cast<double>(lines.size());
                for (const QString& line : lines) {
                    drawLine(p, QRectF(cell.left(), y, cell.width(), kNameRow), small, t.muted, line, Qt::AlignCenter);
                    y += kNameRow;
                }
                continue;
            }
            const double slope = m_turn * kDegree, high = m_grid.top() - m_body.top() - 5;
            p.save();
            if (m_turn < 90) { // down to its column, from over the row names on
                const double room =
                    std::min((high - 6) / std::sin(slope), (cell.center().x() - m_body.left()) / std::cos(slope));
                p.translate(cell.center().x() + 2, m_grid.top() - 5);
                p.rotate(m_turn);
                drawLine(p, QRectF(-room, -8, room, 16), small, t.muted, middleElided(small, name, room),
                         Qt::AlignRight | Qt::AlignVCenter);
            } else {
                p.translate(cell.center().x(), m_grid.top() - 5);
                p.rotate(-m_turn);
                drawLine(p, QRectF(0, -8, high, 16), small, t.muted, middleElided(small, name, high));
            }
            p.restore();
        }
    }

    void paintLegend(QPainter& p) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const auto end = [&](double value) {
            return m_data.kind == ValueKind::Ratio ? percent(value, 0).joined() : figureText(m_data.kind, value);
        };
        const QString low = end(m_scale.low()), high = end(m_scale.high());
        const double lowWidth = textWidth(small, low) + 7, highWidth = textWidth(small, high) + 7;
        const QRectF bar(m_legend.left() + lowWidth, m_legend.bottom() - 9, m_legend.width() - lowWidth - highWidth, 7);
        if (bar.width() < 40) {
            return;
        }
        const QRectF words(m_legend.left(), bar.center().y() - 8, m_legend.width(), 16);
        drawLine(p, words, small, t.muted, low);
        drawLine(p, words, small, t.muted, high, Qt::AlignRight | Qt::AlignVCenter);
        const std::vector<int> counts = m_scale.distribution(kBins);
        const int most = std::max(1, *std::max_element(counts.begin(), counts.end()));
        p.setRenderHint(QPainter::Antialiasing, false);
        for (int bin = 0; bin < kBins; ++bin) {
            const double x0 = std::round(bar.left() + bar.width() * bin / kBins);
            const double x1 = std::round(bar.left() + bar.width() * (bin + 1) / kBins);
            p.fillRect(QRectF(x0, bar.top(), x1 - x0, bar.height()),
                       heatColor(m_scale.share(m_scale.legendValue((bin + 0.5) / kBins))));
            if (const int n = counts[static_cast<std::size_t>(bin)]; n > 0 && m_legend.height() >= kLegend) {
                const double height = std::max(1.0, std::round(16.0 * n / most));
                p.fillRect(QRectF(x0, bar.top() - 2 - height, x1 - x0 - 1, height), t.faint);
            }
        }
        p.setRenderHint(QPainter::Antialiasing);
    }

    HeatMapData m_data;
    HeatScale m_scale;
    int m_rows, m_columns;
    QRectF m_grid, m_legend;
    std::vector<Change> m_changes; ///< one a mark
    double m_largestChange = 0;
    std::vector<QStringList> m_nameLines; ///< of the columns, where some take two
    double m_cellWidth = 1, m_cellHeight = 1;
    double m_turn = 0; ///< of the columns' names; degrees
    bool m_showColumns = true;
};

} // namespace

std::unique_ptr<MarkScene> heatMapScene(const HeatMapData& data, QSizeF size)
{
    return std::make_unique<HeatMapScene>(data, size);
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axis_ticks.h"
#include "ui/charts/change_marks.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

/// The unit note also says what the lines across the bars are.
BarsData noted(BarsData data)
{
    const bool compared =
        std::any_of(data.rows.begin(), data.rows.end(), [](const BarRow& row) { return row.before.has_value(); });
    if (compared) {
        data.unitNote = comparedNote(data.unitNote, QStringLiteral("line:"), data.beforeName);
    }
    return data;
}

class BarsScene final : public TitledScene {
public:
    BarsScene(const BarsData& data, QSizeF size)
        : TitledScene(noted(data), size)
        , m_kind(data.kind)
        , m_target(data.target)
        , m_targetLabel(data.targetLabel)
        , m_beforeName(data.beforeName)
        , m_rows(data.rows)
    {
        m_rows.erase(std::remove_if(m_rows.begin(), m_rows.end(),
                                    [](const BarRow& row) { return !std::isfinite(row.value) && !row.before; }),
                     m_rows.end());
        if (m_rows.empty()) {
            return;
        }
        if (data.sorted) {
            std::stable_sort(m_rows.begin(), m_rows.end(), [](const BarRow& a, const BarRow& b) {
                return a.remainder != b.remainder ? b.remainder : a.value > b.value;
            });
        }
        const double foot = m_target && !m_targetLabel.isEmpty() ? 15 : 0;
        const double room = m_body.height() - foot;
        foldRest(data.maxRows, std::max<std::size_t>(2, static_cast<std::size_t>(room / 18)));
        const double pitch = std::clamp(room / static_cast<double>(m_rows.size()), 12.0, 36.0);
        layOutColumns();
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            addMark(i, QRectF(m_body.left(), m_body.top() + pitch * static_cast<double>(i), m_body.width(), pitch));
        }
        summarize(QStringLiteral("%1 bars").arg(m_rows.size()));
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            paintRow(p, m_rows[i], m_marks[i].rect);
        }
        const double zero = std::round(at(0)) + 0.5, bottom = m_marks.back().rect.bottom();
        p.setPen(QPen(m_low < 0 ? t.muted : t.line, 1));
        p.drawLine(QPointF(zero, m_body.top()), QPointF(zero, bottom));
        if (m_target && std::isfinite(*m_target)) {
            const double x = std::round(at(*m_target)) + 0.5;
            p.setPen(QPen(t.trouble, 1, Qt::DashLine));
            p.drawLine(QPointF(x, m_body.top()), QPointF(x, bottom));
            const double width = textWidth(font(TextRole::Small), m_targetLabel);
            drawLine(
                p, QRectF(std::clamp(x - width / 2, m_body.left(), m_body.right() - width), bottom + 1, width + 1, 14),
                font(TextRole::Small), t.muted, m_targetLabel);
        }
    }

private:
    /// What does not fit becomes one row, which says how many it stands for.
    void foldRest(int wanted, std::size_t fits)
    {
        const std::size_t most = wanted > 0 ? std::min(fits, static_cast<std::size_t>(wanted)) : fits;
        if (m_rows.size() <= most) {
            return;
        }
        BarRow rest;
        rest.key = QStringLiteral("other");
        rest.remainder = true;
        double before = 0;
        bool compared = false;
        const auto first = m_rows.begin() + static_cast<std::ptrdiff_t>(most) - 1;
        for (auto row = first; row != m_rows.end(); ++row) {
            rest.value += std::isfinite(row->value) ? row->value : 0;
            before += row->before.value_or(0);
            compared = compared || row->before.has_value();
        }
        rest.name = QStringLiteral("Other (%1)").arg(m_rows.end() - first);
        if (compared) {
            rest.before = before;
        }
        m_rows.erase(first, m_rows.end());
        m_rows.push_back(std::move(rest));
    }

    void layOutColumns()
    {
        double names = 0, values = 0;
        for (const BarRow& row : m_rows) {
            names = std::max(names, textWidth(font(TextRole::Secondary), row.name));
            values = std::max(values, figureWidth(figureOf(m_kind, row.value)));
            for (const double v : {row.value, row.before.value_or(0)}) {
                if (std::isfinite(v)) {
                    m_low = std::min(m_low, v), m_high = std::max(m_high, v);
                }
            }
        }
        if (m_target && std::isfinite(*m_target)) {
            m_low = std::min(m_low, *m_target), m_high = std::max(m_high, *m_target);
        }
        if (m_low == m_high) {
            m_high = 1;
        }
        const double left = std::min(std::ceil(names) + 10, m_body.width() * 0.38);
        m_bars = QRectF(m_body.left() + left, 0, std::max(20.0, m_body.width() - left - std::ceil(values) - 10), 1);
    }

    [[nodiscard]] double at(double value) const
    {
        return m_bars.left() + m_bars.width() * (value - m_low) / (m_high - m_low);
    }

    void addMark(std::size_t i, const QRectF& rect)
    {
        const BarRow& row = m_rows[i];
        ChartMark mark;
        mark.key = row.key;
        mark.name = row.name;
        mark.value = figureText(m_kind, row.value);
        if (!row.note.isEmpty()) {
            mark.tip.push_back({QColor(), row.note, QString()});
        }
        if (row.before) {
            addChange(mark.tip, m_kind, row.value, *row.before, m_beforeName);
        }
        mark.note = QStringLiteral("rank %1 of %2").arg(i + 1).arg(m_rows.size());
        mark.rect = rect;
        mark.color = row.color;
        m_marks.push_back(std::move(mark));
    }

    void paintRow(QPainter& p, const BarRow& row, const QRectF& rect) const
    {
        const Theme& t = theme();
        const double y = rect.center().y(), thick = std::min(18.0, std::round(rect.height() * 0.62));
        const QColor color = row.color.isValid() ? row.color : row.remainder ? t.muted : t.accent;
        const QColor edge = readableOn(color, t.panel);
        drawLine(p, QRectF(rect.left(), y - 8, m_bars.left() - rect.left() - 8, 16), font(TextRole::Secondary), t.text,
                 row.name);
        drawFigure(p, QRectF(m_bars.right() + 4, y - 8, rect.right() - m_bars.right() - 4, 16),
                   figureOf(m_kind, row.value), t.text);
        const double zero = at(0);
        if (std::isfinite(row.value)) {
            const double end = at(row.value);
            QRectF bar(std::min(zero, end), y - thick / 2, std::abs(end - zero), thick);
            if (row.value != 0 && bar.width() < 2) { // never nothing for something
                bar.setWidth(2);
            }
            p.setPen(Qt::NoPen);
            p.setBrush(row.remainder ? mixed(t.panel, color, 0.2) : color);
            p.drawRect(bar);
            if (row.remainder) {
                drawHatch(p, bar, mixed(t.panel, edge, 0.8), 5);
            }
            if (row.remainder || edge != color) {
                p.setBrush(Qt::NoBrush);
                p.setPen(QPen(edge, 1));
                p.drawRect(bar.adjusted(0.5, 0.5, -0.5, -0.5));
            }
        }
        if (row.before && std::isfinite(*row.before)) {
            drawBeforeLine(p, at(*row.before), y - thick / 2 - 2, y + thick / 2 + 2);
        }
    }

    ValueKind m_kind;
    std::optional<double> m_target;
    QString m_targetLabel, m_beforeName;
    std::vector<BarRow> m_rows;
    double m_low = 0, m_high = 0;
    QRectF m_bars; ///< left and right end of the value axis
};

} // namespace

std::unique_ptr<MarkScene> barsScene(const BarsData& data, QSizeF size)
{
    return std::make_unique<BarsScene>(data, size);
}

} // namespace isobar::ui

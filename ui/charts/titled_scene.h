// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_paint.h"
#include "ui/charts/heat_colors.h"
#include "ui/charts/mark_scene.h"
#include "ui/shell/theme.h"

#include <QPainter>

/// What the scenes of the mark charts have in common: title, legend and, where there is nothing to draw, the words for
/// it.
namespace isobar::ui {

class TitledScene : public MarkScene {
public:
    void paint(QPainter& painter) const final
    {
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing);
        m_header.paint(painter, {});
        if (m_marks.empty()) {
            drawEmptyText(painter, m_body, m_emptyText);
        } else {
            paintBody(painter);
        }
        painter.restore();
    }

protected:
    template <typename Data>
    TitledScene(const Data& data, QSizeF size, std::vector<ChartLegendEntry> legend = {})
        : m_header(data.title, data.unitNote, std::move(legend), size.width(), size.height() < 160 ? 1 : 2)
        , m_body(0, m_header.height() + 6, size.width(), std::max(10.0, size.height() - m_header.height() - 6))
        , m_emptyText(data.emptyText)
    {
        m_summary = data.emptyText;
    }

    virtual void paintBody(QPainter& painter) const = 0;

    /// "name value" of the first marks, and how many there are.
    void summarize(const QString& lead)
    {
        if (m_marks.empty()) {
            return;
        }
        QStringList parts;
        for (std::size_t i = 0; i < m_marks.size() && i < 5; ++i) {
            parts << m_marks[i].name + QLatin1Char(' ') + m_marks[i].value;
        }
        m_summary = lead + (lead.isEmpty() ? QString() : QStringLiteral(": ")) + parts.join(QStringLiteral("; "));
        if (m_marks.size() > 5) {
            m_summary += QStringLiteral("; and %1 more").arg(m_marks.size() - 5);
        }
    }

    ChartHeader m_header;
    QRectF m_body; ///< below the header
    QString m_emptyText;
};

/// Figure and quieter unit on one line, right-aligned in `rect`; returns the width used.
double drawFigure(QPainter& painter, const QRectF& rect, const Figure& figure, const QColor& color,
                  TextRole role = TextRole::Secondary);
[[nodiscard]] double figureWidth(const Figure& figure, TextRole role = TextRole::Secondary);
/// Diagonal lines within a rectangle: what is left over, unused or not there. Drawn as lines, which every file format
/// has.
void drawHatch(QPainter& painter, const QRectF& rect, const QColor& color, double pitch = 5);

} // namespace isobar::ui

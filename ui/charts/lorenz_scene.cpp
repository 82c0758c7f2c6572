// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_layout.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

std::vector<ChartLegendEntry> legendOf(const LorenzData& data)
{
    if (data.before.empty()) {
        return {};
    }
    return {{data.nowName, theme().accent}, {data.beforeName, theme().muted, true}};
}

class LorenzScene final : public TitledScene {
public:
    LorenzScene(const LorenzData& data, QSizeF size)
        : TitledScene(data, size, legendOf(data))
        , m_now(lorenzCurve(data.entries))
        , m_before(lorenzCurve(data.before))
        , m_nowName(data.nowName)
        , m_beforeName(data.beforeName)
    {
        const double left = std::ceil(textWidth(font(TextRole::Small), QStringLiteral("100 %"))) + 7;
        m_plot = m_body.adjusted(left, 6, -10, -20);
        double loads = 0, capacities = 0;
        for (const int i : m_now.order) {
            loads += data.entries[static_cast<std::size_t>(i)].load;
            capacities += data.entries[static_cast<std::size_t>(i)].capacity;
        }
        for (std::size_t k = 0; k < m_now.order.size(); ++k) {
            const LorenzEntry& e = data.entries[static_cast<std::size_t>(m_now.order[k])];
            const QPointF from = place(m_now.points[static_cast<qsizetype>(k)]);
            const QPointF to = place(m_now.points[static_cast<qsizetype>(k) + 1]);
            ChartMark mark;
            mark.key = e.key;
            mark.name = e.name;
            const double relative = (e.load / loads) / (e.capacity / capacities);
            mark.value = QStringLiteral("%1 × the average load").arg(grouped(relative, 2));
            mark.note = QStringLiteral("rank %1 of %2 by load over capacity")
                            .arg(m_now.order.size() - k)
                            .arg(m_now.order.size());
            mark.tip = {
                {QColor(), QStringLiteral("Share of load"), figureText(ValueKind::Ratio, e.load / loads)},
                {QColor(), QStringLiteral("Share of capacity"), figureText(ValueKind::Ratio, e.capacity / capacities)}};
            mark.rect = QRectF(from.x(), m_plot.top(), std::max(1.0, to.x() - from.x()), m_plot.height());
            m_marks.push_back(std::move(mark));
        }
        if (!m_marks.empty()) {
            m_summary = giniText(true) + QStringLiteral("; most loaded: ") + m_marks.back().name +
                        QStringLiteral(", ") + m_marks.back().value;
        }
    }

    void paintState(QPainter& p, const MarkState& state) const override
    {
        const Theme& t = theme();
        const auto piece = [&](int mark, const QColor& color, double width) {
            if (mark < 0 || mark >= static_cast<int>(m_marks.size())) {
                return;
            }
            const QPointF a = place(m_now.points[mark]), b = place(m_now.points[mark + 1]);
            p.setPen(QPen(mixed(t.panel, color, 0.5), 1));
            for (const QPointF& end : {a, b}) {
                p.drawLine(QPointF(end.x(), end.y()), QPointF(end.x(), m_plot.bottom()));
            }
            p.setPen(QPen(color, width, Qt::SolidLine, Qt::FlatCap));
            p.drawLine(a, b);
            p.setPen(Qt::NoPen);
            p.setBrush(color);
            p.drawEllipse(a, 2.5, 2.5);
            p.drawEllipse(b, 2.5, 2.5);
        };
        for (const int mark : state.selected) {
            piece(mark, t.text, 3);
        }
        piece(state.hovered, t.text, 3);
        piece(state.current, t.accent, 4);
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const int steps = m_plot.height() > 90 ? 4 : 2;
        for (int i = 0; i <= steps; ++i) {
            const double share = static_cast<double>(i) / steps;
            const double y = std::round(m_plot.bottom() - m_plot.height() * share) + 0.5;
            p.setPen(QPen(t.line, 1));
            p.drawLine(QPointF(m_plot.left(), y), QPointF(m_plot.right(), y));
            const QString label = percent(share, 0).joined();
            drawLine(p, QRectF(m_body.left(), y - 8, m_plot.left() - m_body.left() - 7, 16), small, t.muted, label,
                     Qt::AlignRight | Qt::AlignVCenter);
            const double x = m_plot.left() + m_plot.width() * share;
            if (i > 0) {
                drawLine(p, QRectF(x - 40, m_plot.bottom() + 4, i == steps ? 50 : 80, 16), small, t.muted, label,
                         (i == steps ? Qt::AlignRight : Qt::AlignHCenter) | Qt::AlignVCenter);
            }
        }
        // Between the curve and the line of equal load: the Gini coefficient is twice this area.
        QPolygonF shade;
        for (const QPointF& point : m_now.points) {
            shade.append(place(point));
        }
        const QPolygonF curve = shade;
        p.setPen(Qt::NoPen);
        p.setBrush(mixed(t.panel, t.accent, 0.2));
        p.drawPolygon(shade);
        p.setBrush(Qt::NoBrush);
        p.setPen(QPen(t.faint, 1, Qt::DashLine));
        p.drawLine(place({0, 0}), place({1, 1}));
        if (!m_before.points.isEmpty()) {
            QPolygonF before;
            for (const QPointF& point : m_before.points) {
                before.append(place(point));
            }
            p.setPen(QPen(t.muted, 1, Qt::DashLine));
            p.drawPolyline(before);
        }
        p.setPen(QPen(t.accent, 1.6));
        p.drawPolyline(curve);
        // In the corner above the curve there is always room.
        const QRectF corner(m_plot.left() + 10, m_plot.top() + 6, m_plot.width() * 0.6, 18);
        drawLine(p, corner, font(TextRole::Strong), t.text, giniText(false));
        if (!m_before.points.isEmpty() && m_plot.height() > 100) {
            drawLine(p, corner.translated(0, 17), small, t.muted,
                     grouped(m_before.gini, 2) + QLatin1Char(' ') + m_beforeName);
        }
    }

private:
    [[nodiscard]] QPointF place(const QPointF& share) const
    {
        return {m_plot.left() + share.x() * m_plot.width(), m_plot.bottom() - share.y() * m_plot.height()};
    }
    [[nodiscard]] QString giniText(bool both) const
    {
        QString text = QStringLiteral("Gini ") + grouped(m_now.gini, 2);
        if (both && !m_before.points.isEmpty()) {
            text += QStringLiteral(" %1, %2 %3").arg(m_nowName, grouped(m_before.gini, 2), m_beforeName);
        }
        return text;
    }

    LorenzCurve m_now, m_before;
    QString m_nowName, m_beforeName;
    QRectF m_plot;
};

} // namespace

std::unique_ptr<MarkScene> lorenzScene(const LorenzData& data, QSizeF size)
{
    return std::make_unique<LorenzScene>(data, size);
}

} // namespace isobar::ui

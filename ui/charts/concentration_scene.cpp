// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/change_marks.h"
#include "ui/charts/mark_layout.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

/// Below 0.15 unconcentrated, above 0.25 highly concentrated: U.S. Horizontal Merger Guidelines of 2010, section 5.3.
QString levelOf(double hhi)
{
    return hhi < 0.15    ? QStringLiteral("unconcentrated")
           : hhi <= 0.25 ? QStringLiteral("moderately concentrated")
                         : QStringLiteral("highly concentrated");
}

ConcentrationData noted(ConcentrationData data)
{
    data.unitNote = comparedNote(data.unitNote, QStringLiteral("line:"), data.beforeName);
    return data;
}

class ConcentrationScene final : public TitledScene {
public:
    ConcentrationScene(const ConcentrationData& data, const QString& lostKey, QSizeF size)
        : TitledScene(noted(data), size)
        , m_data(data)
    {
        std::stable_sort(m_data.rows.begin(), m_data.rows.end(),
                         [](const ConcentrationRow& a, const ConcentrationRow& b) { return a.share > b.share; });
        for (std::size_t i = 0; i < m_data.rows.size(); ++i) {
            m_lost = m_data.rows[i].key == lostKey ? static_cast<int>(i) : m_lost;
            for (const double share : {m_data.rows[i].share, m_data.rows[i].shareBefore.value_or(0)}) {
                m_largest = std::max(m_largest, std::isfinite(share) ? share : 0);
            }
        }
        if (m_data.limit) {
            m_largest = std::max(m_largest, *m_data.limit);
        }
        if (!(m_largest > 0)) {
            return;
        }
        m_hhi = herfindahl(m_data.rows);
        m_footer = m_body.height() >= 170 ? 58 : m_body.height() >= 80 ? 20 : 0;
        const double head = 20;
        if (m_body.height() - m_footer - head < 14 * static_cast<double>(m_data.rows.size())) {
            m_footer = 0; // all providers before the hint
        }
        const double room = m_body.height() - m_footer - head;
        const double pitch = std::clamp(room / static_cast<double>(m_data.rows.size()), 14.0, 68.0);
        const auto fits = static_cast<std::size_t>(std::max(1.0, std::floor((room + 0.5) / pitch)));
        m_names = 0;
        for (const ConcentrationRow& row : m_data.rows) {
            m_names = std::max(m_names, textWidth(font(TextRole::Secondary), row.name));
        }
        m_names = std::min(std::ceil(m_names) + 22, m_body.width() * 0.36);
        for (std::size_t i = 0; i < std::min(fits, m_data.rows.size()); ++i) {
            addMark(i,
                    QRectF(m_body.left(), m_body.top() + head + pitch * static_cast<double>(i), m_body.width(), pitch));
        }
        QStringList lossy;
        for (const ConcentrationRow& row : m_data.rows) {
            if (!carried(row)) {
                lossy << row.name;
            }
        }
        m_summary =
            indexText() + QStringLiteral(", ") + levelOf(m_hhi) +
            (lossy.isEmpty() ? QStringLiteral("; any one may be lost")
                             : QStringLiteral("; not enough is left without ") + lossy.join(QStringLiteral(", ")));
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const QRectF head(m_body.left(), m_body.top() - 2, m_body.width(), 16);
        const QString index = indexText();
        const double used = drawLine(p, head, font(TextRole::Secondary), t.text, index);
        const bool wide = m_body.width() > 330;
        const double heading = wide ? drawLine(p, head, small, t.muted, QStringLiteral("if lost, left ÷ demand"),
                                               Qt::AlignRight | Qt::AlignVCenter)
                                    : 0;
        drawLine(p, head.adjusted(used + 8, 0.5, -heading - 10, 0.5), small, t.muted, levelOf(m_hhi));
        const QRectF bars = barsRect(m_marks.front().rect);
        for (std::size_t i = 0; i < m_marks.size(); ++i) {
            paintRow(p, i);
        }
        if (m_data.limit) {
            const double x = std::round(bars.left() + bars.width() * *m_data.limit / m_largest) + 0.5;
            p.setPen(QPen(t.trouble, 1, Qt::DashLine));
            p.drawLine(QPointF(x, m_marks.front().rect.top() + 1), QPointF(x, m_marks.back().rect.bottom() - 1));
        }
        if (m_footer > 0) {
            paintWhatIf(p, QRectF(m_body.left(), m_marks.back().rect.bottom() + (m_footer > 50 ? 6 : 0), m_body.width(),
                                  m_footer));
        }
    }

private:
    static constexpr double kShare = 52, kRatio = 62;

    [[nodiscard]] QString indexText() const { return QStringLiteral("HHI ") + grouped(m_hhi, 2); }

    static bool carried(const ConcentrationRow& row) { return row.remainingCapacity >= row.demand; }

    static QString ratioText(const ConcentrationRow& row)
    {
        if (!(row.demand > 0)) {
            return QStringLiteral("–");
        }
        return (carried(row) ? QString() : QStringLiteral("!  ")) + grouped(row.remainingCapacity / row.demand, 2) +
               QStringLiteral(" ×");
    }

    [[nodiscard]] QRectF barsRect(const QRectF& row) const
    {
        return {row.left() + m_names, row.top(), row.width() - m_names - kShare - kRatio, row.height()};
    }

    void addMark(std::size_t i, const QRectF& rect)
    {
        const ConcentrationRow& row = m_data.rows[i];
        ChartMark mark;
        mark.key = row.key;
        mark.name = QStringLiteral("Without ") + row.name;
        mark.value = carried(row) ? QStringLiteral("enough is left") : QStringLiteral("not enough is left");
        mark.tip = {{row.color, row.name, figureText(ValueKind::Ratio, row.share), true},
                    {QColor(), QStringLiteral("Capacity left"), figureText(m_data.kind, row.remainingCapacity)},
                    {QColor(), QStringLiteral("Demand then"), figureText(m_data.kind, row.demand)}};
        if (row.shareBefore) {
            addChange(mark.tip, ValueKind::Ratio, row.share, *row.shareBefore, m_data.beforeName);
        }
        if (!row.verdict.isEmpty()) {
            mark.tip.push_back({QColor(), row.verdict, QString()});
        }
        mark.note = QStringLiteral("share %1, rank %2 of %3")
                        .arg(figureText(ValueKind::Ratio, row.share))
                        .arg(i + 1)
                        .arg(m_data.rows.size());
        mark.rect = rect;
        mark.color = row.color;
        m_marks.push_back(std::move(mark));
    }

    void paintRow(QPainter& p, std::size_t i) const
    {
        const Theme& t = theme();
        const ConcentrationRow& row = m_data.rows[i];
        const QRectF rect = m_marks[i].rect;
        const bool lost = static_cast<int>(i) == m_lost;
        const double y = rect.center().y();
        const QRectF words(rect.left(), y - 8, m_names - 8, 16);
        QFont face = font(TextRole::Secondary);
        face.setStrikeOut(lost);
        drawSwatch(p, QPointF(words.left() + 4, y), row.color);
        drawLine(p, words.adjusted(14, 0, 0, 0), face, lost ? t.muted : t.text, row.name);
        const QRectF bars = barsRect(rect);
        const double thick = std::clamp(std::round(rect.height() / 3), 8.0, 20.0);
        const QRectF track(bars.left(), std::round(y - thick / 2), bars.width(), thick);
        const double share = std::isfinite(row.share) ? std::clamp(row.share / m_largest, 0.0, 1.0) : 0;
        const QRectF bar(track.left(), track.top(), std::max(2.0, track.width() * share), track.height());
        const QColor edge = readableOn(row.color, t.panel);
        p.setPen(Qt::NoPen);
        p.setBrush(trackColor(t));
        p.drawRoundedRect(track, 2, 2);
        if (lost) {
            p.setBrush(t.panel);
            p.drawRoundedRect(bar, 2, 2);
            drawHatch(p, bar.adjusted(1, 1, -1, -1), edge, 4);
        } else {
            p.setBrush(row.color);
            p.drawRoundedRect(bar, 2, 2);
        }
        if (lost || edge != row.color) {
            p.setBrush(Qt::NoBrush);
            p.setPen(QPen(edge, 1));
            p.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 1.5, 1.5);
        }
        if (row.shareBefore && std::isfinite(*row.shareBefore)) {
            drawBeforeLine(p, track.left() + track.width() * *row.shareBefore / m_largest, track.top() - 2,
                           track.bottom() + 2);
        }
        drawFigure(p, QRectF(bars.right() + 2, y - 9, kShare - 2, 18), percent(row.share, 1), lost ? t.muted : t.text);
        drawLine(p, QRectF(rect.right() - kRatio + 4, y - 9, kRatio - 4, 18), font(TextRole::Secondary),
                 carried(row) ? t.text : t.trouble, ratioText(row), Qt::AlignRight | Qt::AlignVCenter);
    }

    /// Capacity and demand on one scale: what is left when the one picked is lost, and by how much it is too little.
    void paintWhatIf(QPainter& p, const QRectF& rect) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        if (m_lost < 0) {
            const QString ask = QStringLiteral("Point at a provider to take it away.");
            const double used = drawLine(p, QRectF(rect.left(), rect.top() + 2, rect.width(), 18), small, t.muted, ask);
            const QString limit =
                m_data.limit ? QStringLiteral("Dashed: limit of %1").arg(figureText(ValueKind::Ratio, *m_data.limit))
                             : QString();
            if (used + 12 + textWidth(small, limit) <= rect.width()) {
                drawLine(p, QRectF(rect.left(), rect.top() + 2, rect.width(), 18), small, t.muted, limit,
                         Qt::AlignRight | Qt::AlignVCenter);
            }
            return;
        }
        const ConcentrationRow& row = m_data.rows[static_cast<std::size_t>(m_lost)];
        const double gap = row.remainingCapacity - row.demand;
        QString said = QStringLiteral("Without %1: ").arg(row.name);
        said += carried(row) ? QStringLiteral("%1 %2 to spare").arg(figureText(m_data.kind, gap), m_data.capacityUnit)
                             : QStringLiteral("short by %1 %2").arg(figureText(m_data.kind, -gap), m_data.capacityUnit);
        if (!row.verdict.isEmpty()) {
            said += QStringLiteral(" · ") + row.verdict;
        }
        drawLine(p, QRectF(rect.left(), rect.top() + 3, rect.width(), 16), font(TextRole::Secondary),
                 carried(row) ? t.text : t.trouble, carried(row) ? said : QStringLiteral("!  ") + said);
        if (rect.height() < 50) {
            return;
        }
        const double most = std::max({row.remainingCapacity, row.demand, 1e-300});
        const double left = m_names, width = rect.width() - left - kRatio - 10;
        const auto line = [&](double y, const QString& name, double value, const QColor& color) {
            drawLine(p, QRectF(rect.left(), y, left - 8, 14), small, t.muted, name);
            p.setPen(Qt::NoPen);
            p.setBrush(color);
            p.drawRoundedRect(QRectF(rect.left() + left, y + 4, std::max(2.0, width * value / most), 6), 2, 2);
            drawLine(p, QRectF(rect.right() - kRatio - 8, y, kRatio + 8, 14), small, t.text,
                     figureText(m_data.kind, value), Qt::AlignRight | Qt::AlignVCenter);
        };
        line(rect.top() + 21, QStringLiteral("Left"), row.remainingCapacity, t.accent);
        line(rect.top() + 36, QStringLiteral("Demand"), row.demand, carried(row) ? t.muted : t.trouble);
    }

    ConcentrationData m_data;
    int m_lost = -1;
    double m_largest = 0, m_hhi = 0, m_names = 0, m_footer = 0;
};

} // namespace

std::unique_ptr<MarkScene> concentrationScene(const ConcentrationData& data, const QString& lostKey, QSizeF size)
{
    return std::make_unique<ConcentrationScene>(data, lostKey, size);
}

} // namespace isobar::ui

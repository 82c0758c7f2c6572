// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axis_ticks.h"
#include "ui/charts/change_marks.h"
#include "ui/charts/titled_scene.h"

#include <QDateTime>
#include <QTimeZone>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kAxis = 18, kDot = 4;
constexpr double kTail = 28; ///< over which a bar without an end fades; pixels

QString monthOf(double utcSeconds)
{
    static const QLocale english(QLocale::English, QLocale::UnitedStates);
    return english.toString(QDateTime::fromSecsSinceEpoch(static_cast<qint64>(utcSeconds), QTimeZone::utc()),
                            QStringLiteral("MMM yyyy"));
}

QString dayOf(double utcSeconds)
{
    static const QLocale english(QLocale::English, QLocale::UnitedStates);
    return english.toString(QDateTime::fromSecsSinceEpoch(static_cast<qint64>(utcSeconds), QTimeZone::utc()),
                            QStringLiteral("d MMM yyyy"));
}

/// When a contract ends, in words; no date is made up where none is known.
QString endOf(const CommitmentRow& row, QString (*words)(double))
{
    return row.open ? QStringLiteral("no end") : words(row.end);
}

/// Wide: name, time line, covered, used and unused side by side. Narrow: the words above the time line. Dense, where
/// the rows would not fit so: name, time line and use in one low line.
class CommitmentsScene final : public TitledScene {
public:
    CommitmentsScene(const CommitmentsData& data, QSizeF size)
        : TitledScene(data, size)
        , m_data(data)
    {
        if (data.rows.empty()) {
            return;
        }
        findRange();
        m_wide = m_body.width() >= 640;
        const double top = m_body.top() + (m_wide ? 16 : 0);
        const double room = m_body.bottom() - kAxis - top;
        m_dense = !m_wide && room < 31 * static_cast<double>(data.rows.size());
        const double least = m_wide ? 20 : m_dense ? 14 : 31, most = m_wide ? 84 : m_dense ? 26 : 60;
        const double pitch = std::clamp(room / static_cast<double>(data.rows.size()), least, most);
        m_shown = std::min(data.rows.size(), static_cast<std::size_t>(std::max(1.0, std::floor(room / pitch))));
        if (m_shown < data.rows.size()) { // the last line says how many there are more
            m_shown = std::max<std::size_t>(
                1, std::min(m_shown, static_cast<std::size_t>(std::max(1.0, std::floor((room - 14) / pitch)))));
        }
        if (m_wide) {
            double names = 0;
            for (const CommitmentRow& row : data.rows) {
                names = std::max(
                    {names, textWidth(font(TextRole::Body), row.name), textWidth(font(TextRole::Small), row.kind)});
            }
            const double left = std::min(std::ceil(names) + 26, m_body.width() * 0.24);
            m_line = QRectF(m_body.left() + left, top, m_body.width() - left - 4 * kColumn - 6, 1);
        } else {
            double names = 0;
            for (const CommitmentRow& row : data.rows) {
                names = std::max(names, textWidth(font(TextRole::Small), row.name));
            }
            m_names = m_dense ? std::min(std::ceil(names) + 20, m_body.width() * 0.34) : 0;
            m_use = !m_dense ? 0 : m_body.width() >= kRoomForBoth ? kBoth : kUse;
            if (m_dense) { // the header names what the rows have room for
                m_header =
                    ChartHeader(data.title, m_use == kUse ? QStringLiteral("used") : QStringLiteral("covered · used"),
                                {}, size.width(), size.height() < 160 ? 1 : 2);
            }
            m_line = QRectF(m_body.left() + m_names, top, m_body.width() - m_names - m_use, 1);
        }
        m_axisTop = top + pitch * static_cast<double>(m_shown);
        for (std::size_t i = 0; i < m_shown; ++i) {
            addMarks(data.rows[i], QRectF(m_body.left(), top + pitch * static_cast<double>(i), m_body.width(), pitch));
        }
        // Arrivals lie on top of their rows, and so come last.
        m_marks.insert(m_marks.end(), std::make_move_iterator(m_arrivals.begin()),
                       std::make_move_iterator(m_arrivals.end()));
        m_arrivals.clear();
        summarize(QStringLiteral("%1 contracts").arg(data.rows.size()));
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const auto ticks = timeTicks(m_from, m_to, m_line.width(), 10,
                                     [&small](const QString& text) { return textWidth(small, text); });
        for (const Tick& tick : ticks) {
            const double x = std::round(at(tick.at)) + 0.5;
            upright(p, x, t.line);
            drawLine(p, QRectF(x - 60, m_axisTop + 2, 120, 16), small, t.muted, tick.label, Qt::AlignCenter);
        }
        if (m_wide) {
            const double right = m_body.right();
            const QRectF head(0, m_body.top() - 2, 0, 15);
            const auto heading = [&](double end, const char* words) {
                drawLine(p, QRectF(end - kColumn + 6, head.top(), kColumn - 6, head.height()), small, t.muted,
                         QLatin1String(words), Qt::AlignRight | Qt::AlignVCenter);
            };
            heading(right - 3 * kColumn, "Expires");
            heading(right - 2 * kColumn, "Covers");
            heading(right - kColumn, "Used");
            heading(right, "Unused / day");
        }
        for (std::size_t i = 0; i < m_shown; ++i) {
            paintRow(p, m_data.rows[i], m_marks[i].rect);
        }
        if (m_data.now > m_from && m_data.now < m_to) {
            const double x = std::round(at(m_data.now)) + 0.5;
            upright(p, x, t.accent);
            // Above the rows where there is a line of headings; else below, unless a date stands there.
            const bool clear = m_wide || std::none_of(ticks.begin(), ticks.end(), [&](const Tick& tick) {
                                   return std::abs(at(tick.at) - x) < 18 + textWidth(small, tick.label) / 2;
                               });
            if (clear) {
                drawLine(p, QRectF(x - 30, m_wide ? m_body.top() - 2 : m_axisTop + 2, 60, 16), small, t.accent,
                         QStringLiteral("now"), Qt::AlignCenter);
            }
        }
        for (std::size_t i = m_shown; i < m_marks.size(); ++i) {
            drawArrival(p, m_marks[i].rect.center());
        }
        if (m_shown < m_data.rows.size()) {
            drawLine(p, QRectF(m_body.left(), m_body.bottom() - 14, m_body.width(), 14), small, t.muted,
                     QStringLiteral("and %1 more").arg(m_data.rows.size() - m_shown),
                     Qt::AlignRight | Qt::AlignVCenter);
        }
    }

private:
    static constexpr double kColumn = 84, kUse = 46, kBoth = 88;
    static constexpr double kRoomForBoth = 300; ///< covered and used side by side; pixels

    void findRange()
    {
        m_from = m_data.from, m_to = m_data.to;
        if (m_to > m_from) {
            return;
        }
        m_from = m_data.rows.front().start, m_to = m_data.rows.front().end;
        for (const CommitmentRow& row : m_data.rows) {
            m_from = std::min(m_from, row.start), m_to = std::max(m_to, row.end);
            for (const CapacityArrival& a : row.arrivals) {
                m_to = std::max(m_to, a.time);
            }
        }
        const double room = 0.03 * (m_to - m_from);
        m_from -= room, m_to += room;
        if (!(m_to > m_from)) {
            m_to = m_from + 86400;
        }
    }

    [[nodiscard]] double at(double time) const
    {
        return m_line.left() + m_line.width() * std::clamp((time - m_from) / (m_to - m_from), 0.0, 1.0);
    }

    [[nodiscard]] QRectF barRect(const CommitmentRow& row, const QRectF& rect) const
    {
        const double thick = m_dense ? 8 : 10;
        const double y = m_wide || m_dense ? rect.center().y() - thick / 2 : rect.bottom() - 14;
        const double x0 = at(row.start), x1 = at(row.end);
        return {x0, std::round(y), std::max(2.0, x1 - x0), thick};
    }

    void addMarks(const CommitmentRow& row, const QRectF& rect)
    {
        ChartMark mark;
        mark.key = row.key;
        mark.name = row.name + QLatin1Char(' ') + row.kind;
        mark.value = QStringLiteral("%1 used").arg(figureText(ValueKind::Ratio, row.utilization));
        mark.note = (row.open ? QStringLiteral("no end published") : QStringLiteral("expires ") + dayOf(row.end)) +
                    (row.trouble ? QStringLiteral(", needs a look") : QString());
        mark.tip = {{QColor(), QStringLiteral("Covers of use"), figureText(ValueKind::Ratio, row.coverage)},
                    {QColor(), QStringLiteral("Used of what is paid"), figureText(ValueKind::Ratio, row.utilization)}};
        if (row.utilizationBefore) {
            addChange(mark.tip, ValueKind::Ratio, row.utilization, *row.utilizationBefore, m_data.beforeName);
        }
        if (row.unusedUsdPerDay) {
            mark.tip.push_back(
                {QColor(), QStringLiteral("Paid and unused"), figureText(ValueKind::UsdPerDay, *row.unusedUsdPerDay)});
        }
        mark.tip.push_back(
            {QColor(), QStringLiteral("Runs"), dayOf(row.start) + QStringLiteral(" – ") + endOf(row, dayOf)});
        mark.rect = rect;
        mark.color = row.color;
        m_marks.push_back(std::move(mark));
        const QRectF bar = barRect(row, rect);
        for (std::size_t i = 0; i < row.arrivals.size(); ++i) {
            const CapacityArrival& a = row.arrivals[i];
            if (a.time < m_from || a.time > m_to) {
                continue;
            }
            ChartMark arrival;
            arrival.key = row.key + QStringLiteral("/arrival/%1").arg(i);
            arrival.name = a.text;
            arrival.value = dayOf(a.time);
            arrival.note = QStringLiteral("capacity from ") + row.name;
            arrival.rect = QRectF(at(a.time) - kDot - 2, bar.center().y() - kDot - 2, 2 * kDot + 4, 2 * kDot + 4);
            arrival.clickable = false;
            m_arrivals.push_back(std::move(arrival));
        }
    }

    void paintRow(QPainter& p, const CommitmentRow& row, const QRectF& rect) const
    {
        const Theme& t = theme();
        const QRectF bar = barRect(row, rect);
        // How long: the outline. How well used: the filled part of its height; the rest, paid for nothing, is hatched.
        const double used = std::isfinite(row.utilization) ? std::clamp(row.utilization, 0.0, 1.0) : 0;
        const QColor edge = readableOn(row.color, t.panel);
        p.setPen(Qt::NoPen);
        p.setBrush(mixed(t.panel, row.color, 0.25));
        p.drawRoundedRect(bar, 2, 2);
        drawHatch(p, bar.adjusted(1, 1, -1, -bar.height() * used - 0.5), mixed(t.panel, edge, 0.7), 4);
        p.setPen(Qt::NoPen);
        p.setBrush(row.color);
        p.drawRoundedRect(QRectF(bar.left(), bar.bottom() - bar.height() * used, bar.width(), bar.height() * used), 1.5,
                          1.5);
        p.setBrush(Qt::NoBrush);
        p.setPen(QPen(edge, 1));
        p.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
        if (row.open) { // goes on: an edge would look like the day it ends
            const QRectF tail = QRectF(bar.right() - kTail, bar.top(), kTail, bar.height()).intersected(bar);
            QLinearGradient fade(tail.topLeft(), tail.topRight());
            QColor clear = t.panel;
            clear.setAlpha(0);
            fade.setColorAt(0, clear);
            fade.setColorAt(1, t.panel);
            p.fillRect(tail.adjusted(0, -0.5, 1, 0.5), fade);
        }
        m_wide    ? paintWideWords(p, row, rect, bar)
        : m_dense ? paintDenseWords(p, row, rect)
                  : paintNarrowWords(p, row, rect);
    }

    void paintWideWords(QPainter& p, const CommitmentRow& row, const QRectF& rect, const QRectF& bar) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const bool two = rect.height() >= 31;
        const double y = rect.center().y();
        const QRectF words(rect.left() + 16, y - (two ? 16 : 8), m_line.left() - rect.left() - 26, 16);
        drawSwatch(p, QPointF(rect.left() + 4, words.center().y()), row.color);
        const double name = drawLine(p, words, font(TextRole::Body), t.text, row.name);
        drawLine(p, two ? words.translated(0, 16) : words.adjusted(name + 6, 0, 0, 0), small, t.muted, row.kind);
        paintArrivalWords(p, row, rect, bar);
        const QColor ink = row.trouble ? t.trouble : t.text;
        const double right = rect.right();
        const auto cell = [&](double edge) { return QRectF(edge - kColumn + 6, y - 9, kColumn - 6, 18); };
        drawLine(p, cell(right - 3 * kColumn), font(TextRole::Secondary), t.text, endOf(row, monthOf),
                 Qt::AlignRight | Qt::AlignVCenter);
        drawFigure(p, cell(right - 2 * kColumn), percent(row.coverage, 0), t.text);
        Figure used = percent(row.utilization, 0);
        used.value = row.trouble ? QStringLiteral("!  ") + used.value : used.value;
        drawFigure(p, cell(right - kColumn), used, ink);
        if (row.unusedUsdPerDay) {
            drawFigure(p, cell(right), dollars(*row.unusedUsdPerDay), *row.unusedUsdPerDay > 0 ? ink : t.muted);
        }
    }

    /// What arrives, under the bar, where a row is high enough; words that would touch others are left to the tip.
    void paintArrivalWords(QPainter& p, const CommitmentRow& row, const QRectF& rect, const QRectF& bar) const
    {
        if (rect.height() < 42) {
            return;
        }
        const QFont small = font(TextRole::Small);
        double taken = m_line.left() - 1;
        for (const CapacityArrival& a : row.arrivals) {
            const double width = textWidth(small, a.text);
            double x = std::max(at(a.time) - 5, m_line.left());
            if (const double now = at(m_data.now); now > x - 3 && now < x + width) { // not through the words
                x = now + 4;
            }
            if (a.time >= m_from && a.time <= m_to && x > taken && x + width <= m_line.right() + 10) {
                drawLine(p, QRectF(x, bar.bottom() + 3, width + 1, 14), small, theme().muted, a.text);
                taken = x + width + 10;
            }
        }
    }

    /// A line of the time axis: the whole way down, or, where words stand above the bars, beside the bars only.
    void upright(QPainter& p, double x, const QColor& color) const
    {
        p.setPen(QPen(color, 1));
        if (m_wide || m_dense) {
            p.drawLine(QPointF(x, m_line.top()), QPointF(x, m_axisTop));
            return;
        }
        for (std::size_t i = 0; i < m_shown; ++i) {
            const QRectF bar = barRect(m_data.rows[i], m_marks[i].rect);
            p.drawLine(QPointF(x, bar.top() - 3), QPointF(x, bar.bottom() + 3));
        }
    }

    void paintNarrowWords(QPainter& p, const CommitmentRow& row, const QRectF& rect) const
    {
        const Theme& t = theme();
        const QRectF words(rect.left(), rect.bottom() - 31, rect.width(), 16);
        drawSwatch(p, QPointF(words.left() + 4, words.center().y()), row.color);
        const QFont face = font(TextRole::Secondary);
        double used = drawLine(p, words, face, t.muted, QStringLiteral(" · ") + endOf(row, monthOf),
                               Qt::AlignRight | Qt::AlignVCenter);
        const QString use = coverAndUse(row, words.width() >= kRoomForBoth);
        used += drawLine(p, words.adjusted(0, 0, -used, 0), face, row.trouble ? t.trouble : t.text, use,
                         Qt::AlignRight | Qt::AlignVCenter);
        const double name = drawLine(p, words.adjusted(14, 0, -used - 8, 0), face, t.text, row.name);
        if (14 + name + 40 < words.width() - used) {
            drawLine(p, words.adjusted(14 + name + 6, 0, -used - 8, 0), font(TextRole::Small), t.muted, row.kind);
        }
    }

    void paintDenseWords(QPainter& p, const CommitmentRow& row, const QRectF& rect) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const double y = rect.center().y();
        drawSwatch(p, QPointF(rect.left() + 4, y), row.color);
        drawLine(p, QRectF(rect.left() + 13, y - 7, m_names - 17, 14), small, t.text, row.name);
        drawLine(p, QRectF(rect.right() - m_use, y - 7, m_use, 14), small, row.trouble ? t.trouble : t.text,
                 coverAndUse(row, m_use > kUse), Qt::AlignRight | Qt::AlignVCenter);
    }

    /// "100 % · 95 %": what the contract covers and what of it is used; the use alone where there is no room for both.
    [[nodiscard]] static QString coverAndUse(const CommitmentRow& row, bool both)
    {
        return (row.trouble ? QStringLiteral("! ") : QString()) +
               (both ? percent(row.coverage, 0).joined() + QStringLiteral(" · ") : QString()) +
               percent(row.utilization, 0).joined();
    }

    static void drawArrival(QPainter& p, QPointF c)
    {
        p.setPen(QPen(theme().panel, 1));
        p.setBrush(theme().text);
        p.drawPolygon(QPolygonF{{c.x(), c.y() - kDot - 1},
                                {c.x() + kDot + 1, c.y()},
                                {c.x(), c.y() + kDot + 1},
                                {c.x() - kDot - 1, c.y()}});
    }

    CommitmentsData m_data;
    std::vector<ChartMark> m_arrivals;
    double m_from = 0, m_to = 1, m_axisTop = 0;
    QRectF m_line; ///< left and right end of the time line; top of the rows
    std::size_t m_shown = 0;
    bool m_wide = false, m_dense = false;
    double m_names = 0, m_use = 0; ///< widths before and behind the line of a dense one
};

} // namespace

std::unique_ptr<MarkScene> commitmentsScene(const CommitmentsData& data, QSizeF size)
{
    return std::make_unique<CommitmentsScene>(data, size);
}

} // namespace isobar::ui

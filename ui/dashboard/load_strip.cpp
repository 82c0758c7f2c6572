// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/load_strip.h"

#include "ui/charts/chart_paint.h"
#include "ui/charts/event_marks.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace isobar::ui {

namespace {

constexpr int kMostMarkLines = 8, kMostSaid = 40;
constexpr double kMarkReach = 8, kCountBelow = 11; ///< of a mark: from it to the mouse, to its count; pixels

} // namespace

LoadStrip::LoadStrip(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Load so far"));
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
}

void LoadStrip::setHistory(QVector<double> values, QVector<Mark> marks, const QString& spanText)
{
    m_values = std::move(values);
    m_marks = std::move(marks);
    m_spanText = spanText;
    EventGroup all;
    for (const Mark& mark : m_marks) {
        all.events.push_back({mark.at, mark.kind, mark.text});
    }
    setAccessibleDescription((QStringList(spanText) + eventLines(all, kMostSaid)).join(QStringLiteral("; ")));
    update();
}

void LoadStrip::setRecorded(Recorded recorded)
{
    m_recorded = std::move(recorded);
    update();
}

QRectF LoadStrip::area() const
{
    return QRectF(rect()).adjusted(2, 6, -2, -6);
}

std::vector<EventGroup> LoadStrip::groups() const
{
    const QRectF inside = area();
    std::vector<TimeEvent> events;
    for (const Mark& mark : m_marks) {
        events.push_back({inside.left() + inside.width() * mark.at, mark.kind, mark.text});
    }
    return gatherEvents(std::move(events), kEventApart);
}

void LoadStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = this->area();
    painter.setPen(QPen(theme().line, 1));
    painter.drawLine(area.bottomLeft(), area.bottomRight());
    double top = 0;
    for (const double value : m_values) {
        top = std::isfinite(value) ? std::max(top, value) : top;
    }
    for (const QPointF& point : m_recorded.line) {
        top = std::max(top, point.y());
    }
    if ((m_values.size() < 2 && m_recorded.line.isEmpty()) || top <= 0) {
        drawLine(painter, area, ui::font(TextRole::Small), theme().faint, tr("The load of this run will be drawn here"),
                 Qt::AlignCenter);
        return;
    }
    const auto at = [&area, top](double share, double value) {
        return QPointF(area.left() + area.width() * share, area.bottom() - (area.height() - 3) * value / (top * 1.1));
    };
    if (!m_recorded.line.isEmpty()) {
        QPolygonF earlier;
        for (const QPointF& point : m_recorded.line) {
            earlier << at(point.x(), point.y());
        }
        painter.setPen(QPen(theme().faint, 1, Qt::DashLine));
        painter.drawPolyline(earlier);
        if (m_recorded.shownAt >= 0) {
            const double x = area.left() + area.width() * m_recorded.shownAt;
            painter.setPen(QPen(theme().text, 1));
            painter.drawLine(QPointF(x, area.top() - 4), QPointF(x, area.bottom()));
        }
        const bool left = m_recorded.runningTo > 0.5;
        drawLine(painter, area, ui::font(TextRole::Small), theme().muted, tr("recorded"),
                 left ? Qt::AlignLeft | Qt::AlignTop : Qt::AlignRight | Qt::AlignTop);
    }
    QPolygonF line;
    const double share = m_recorded.runningTo - m_recorded.runningFrom;
    for (int i = 0; i < m_values.size() && m_values.size() > 1; ++i) {
        if (std::isfinite(m_values[i])) {
            line << at(m_recorded.runningFrom + share * i / static_cast<double>(m_values.size() - 1), m_values[i]);
        }
    }
    if (line.isEmpty()) {
        return;
    }
    QPolygonF fill = line;
    fill << QPointF(line.back().x(), area.bottom()) << QPointF(line.front().x(), area.bottom());
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(theme().panel, theme().accent, 0.15));
    painter.drawPolygon(fill);
    painter.setPen(QPen(theme().accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(line);
    for (const EventGroup& group : groups()) {
        const double x = group.time, y = area.top() + 3;
        painter.setPen(QPen(eventColor(group.kind), 1));
        painter.drawLine(QPointF(x, y), QPointF(x, area.bottom()));
        drawEventMark(painter, QPointF(x, y), group.kind);
        drawEventCount(painter, QPointF(x, y + kCountBelow), group);
    }
    painter.setPen(QPen(theme().panel, 2));
    painter.setBrush(theme().accent);
    painter.drawEllipse(line.back(), 4, 4);
}

void LoadStrip::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || !rect().contains(event->pos())) {
        return;
    }
    const double at = std::clamp(event->position().x() / width(), 0.0, 1.0);
    const bool beyond = m_values.size() < 2 || at > m_recorded.runningTo;
    if (!m_recorded.line.isEmpty() && (beyond || event->modifiers().testFlag(Qt::ShiftModifier))) {
        Q_EMIT recordedClicked(at);
    } else if (m_values.size() > 1) {
        Q_EMIT clicked(at);
    }
}

bool LoadStrip::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const bool beyond = static_cast<double>(help->pos().x()) > m_recorded.runningTo * width();
        QString text = m_recorded.line.isEmpty() ? m_spanText + tr("; click to go there")
                       : beyond                  ? m_recorded.text + tr("; click to look at it, play to come back")
                                : m_spanText + tr("; click to go there, Shift+click to look at the recorded run");
        for (const EventGroup& group : groups()) {
            if (std::abs(group.time - help->pos().x()) < kMarkReach) {
                text = eventLines(group, kMostMarkLines).join(QLatin1Char('\n'));
            }
        }
        QToolTip::showText(help->globalPos(), text, this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/event_marks.h"

#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <QPainter>
#include <QPolygonF>

#include <algorithm>
#include <utility>

namespace isobar::ui {
namespace {

constexpr double kBadgeHeight = 13, kBadgeSide = 3;
constexpr std::size_t kMostCounted = 99;

int weight(TimeEvent::Kind kind)
{
    switch (kind) {
    case TimeEvent::Kind::Trouble:
        return 3;
    case TimeEvent::Kind::Plan:
        return 2;
    case TimeEvent::Kind::Scaling:
        return 1;
    case TimeEvent::Kind::Note:
        break;
    }
    return 0;
}

} // namespace

std::vector<EventGroup> gatherEvents(std::vector<TimeEvent> events, double apart)
{
    std::stable_sort(events.begin(), events.end(),
                     [](const TimeEvent& a, const TimeEvent& b) { return a.time < b.time; });
    std::vector<EventGroup> groups;
    for (TimeEvent& event : events) {
        if (groups.empty() || event.time - groups.back().time > apart) {
            groups.push_back({event.time, event.kind, {}});
        }
        EventGroup& group = groups.back();
        if (weight(event.kind) > weight(group.kind)) {
            group.kind = event.kind;
        }
        group.events.push_back(std::move(event));
    }
    return groups;
}

QStringList eventLines(const EventGroup& group, int most)
{
    std::vector<std::pair<QString, int>> counted; // few: looked through, and so in the order of time
    for (const TimeEvent& event : group.events) {
        const auto same = std::find_if(counted.begin(), counted.end(),
                                       [&event](const auto& line) { return line.first == event.text; });
        if (same != counted.end()) {
            ++same->second;
        } else {
            counted.emplace_back(event.text, 1);
        }
    }
    QStringList lines;
    int left = static_cast<int>(group.events.size());
    for (const auto& [text, times] : counted) {
        // A last line that says "and 1 more" has room for that one.
        if (lines.size() + 1 >= most && static_cast<std::size_t>(lines.size()) + 1 < counted.size()) {
            lines << QStringLiteral("and %1 more").arg(left);
            break;
        }
        lines << (times > 1 ? text + QStringLiteral(" ×%1").arg(times) : text);
        left -= times;
    }
    return lines;
}

QColor eventColor(TimeEvent::Kind kind)
{
    const Theme& t = theme();
    switch (kind) {
    case TimeEvent::Kind::Trouble:
        return t.trouble;
    case TimeEvent::Kind::Scaling:
        return t.accent;
    case TimeEvent::Kind::Plan:
        return t.text;
    case TimeEvent::Kind::Note:
        return t.muted;
    }
    return t.muted;
}

void drawEventMark(QPainter& painter, QPointF foot, TimeEvent::Kind kind)
{
    painter.setPen(QPen(theme().panel, 1));
    painter.setBrush(eventColor(kind));
    const QPointF c = foot - QPointF(0, 4);
    switch (kind) {
    case TimeEvent::Kind::Trouble:
        painter.drawPolygon(QPolygonF{{c.x(), c.y() - 5}, {c.x() + 5, c.y() + 4}, {c.x() - 5, c.y() + 4}});
        break;
    case TimeEvent::Kind::Scaling:
        painter.drawRect(QRectF(c.x() - 3.5, c.y() - 3.5, 7, 7));
        break;
    case TimeEvent::Kind::Plan:
        painter.drawPolygon(QPolygonF{{c.x(), c.y() - 5}, {c.x() + 5, c.y()}, {c.x(), c.y() + 5}, {c.x() - 5, c.y()}});
        break;
    case TimeEvent::Kind::Note:
        painter.drawEllipse(c, 3.5, 3.5);
        break;
    }
}

void drawEventCount(QPainter& painter, QPointF center, const EventGroup& group)
{
    const std::size_t count = group.events.size();
    if (count < 2) {
        return;
    }
    const QString words = count > kMostCounted ? QStringLiteral("%1+").arg(kMostCounted) : QString::number(count);
    const QFont small = font(TextRole::Small);
    const double width = std::max(kBadgeHeight, textWidth(small, words) + 2 * kBadgeSide);
    const QRectF badge(center.x() - width / 2, center.y() - kBadgeHeight / 2, width, kBadgeHeight);
    painter.setPen(QPen(eventColor(group.kind), 1));
    painter.setBrush(theme().panel);
    painter.drawRoundedRect(badge, kBadgeHeight / 2, kBadgeHeight / 2);
    drawLine(painter, badge, small, theme().text, words, Qt::AlignCenter);
}

} // namespace isobar::ui

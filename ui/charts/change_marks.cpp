// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/change_marks.h"

#include "ui/shell/theme.h"

#include <QPainter>

#include <cmath>

namespace isobar::ui {

Change changeOf(ValueKind kind, double now, double before)
{
    if (!std::isfinite(now) || !std::isfinite(before) || (now == 0 && before == 0)) {
        return {};
    }
    const bool ratio = kind == ValueKind::Ratio;
    Change change;
    if (!ratio && before == 0) {
        change.size = 1, change.text = QStringLiteral("new");
    } else if (!ratio && now == 0) {
        change.size = 1, change.text = QStringLiteral("gone");
    } else {
        const double difference = ratio ? now - before : (now - before) / std::abs(before);
        change.size = std::abs(difference);
        change.text = ratio ? signedPoints(difference, 1) : signedPercent(difference);
    }
    const bool same = change.text == signedPoints(0, 1);
    change.way = same ? Change::Way::Same : now > before ? Change::Way::More : Change::Way::Less;
    return change;
}

void drawChange(QPainter& painter, QPointF center, double size, Change::Way way, const QColor& color)
{
    if (way != Change::Way::More && way != Change::Way::Less) {
        return;
    }
    const double half = size / 2, tip = way == Change::Way::More ? -half * 0.9 : half * 0.9;
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    painter.drawPolygon(
        QPolygonF{center + QPointF(0, tip), center + QPointF(half, -tip), center + QPointF(-half, -tip)});
}

void drawBeforeLine(QPainter& painter, double x, double top, double bottom)
{
    const double at = std::round(x) + 0.5;
    for (const QPen& pen : {QPen(theme().panel, 3), QPen(theme().text, 1)}) {
        painter.setPen(pen);
        painter.drawLine(QPointF(at, top), QPointF(at, bottom));
    }
}

void drawBeforeOutline(QPainter& painter, const QRectF& rect)
{
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme().muted, 1));
    painter.drawRect(rect);
}

QString comparedNote(const QString& unitNote, const QString& how, const QString& beforeName)
{
    if (beforeName.isEmpty()) {
        return unitNote;
    }
    return (unitNote.isEmpty() ? QString() : unitNote + QStringLiteral(" · ")) + how + QLatin1Char(' ') + beforeName;
}

void addChange(std::vector<ValueTip::Row>& tip, ValueKind kind, double now, double before, const QString& beforeName)
{
    const Change change = changeOf(kind, now, before);
    if (change.way == Change::Way::Unknown) {
        return;
    }
    QString name = beforeName.isEmpty() ? QStringLiteral("before") : beforeName;
    name[0] = name[0].toUpper();
    tip.push_back({QColor(), name, figureText(kind, before)});
    tip.push_back({QColor(), QStringLiteral("Change"), change.text});
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {
constexpr double kUnitGap = 3;
} // namespace

double figureWidth(const Figure& figure, TextRole role)
{
    return textWidth(font(role), figure.value) +
           (figure.unit.isEmpty() ? 0 : kUnitGap + textWidth(font(role), figure.unit));
}

double drawFigure(QPainter& painter, const QRectF& rect, const Figure& figure, const QColor& color, TextRole role)
{
    const Qt::Alignment right = Qt::AlignRight | Qt::AlignVCenter;
    double used = 0;
    if (!figure.unit.isEmpty()) {
        used = drawLine(painter, rect, font(role), theme().muted, figure.unit, right) + kUnitGap;
    }
    return used + drawLine(painter, rect.adjusted(0, 0, -used, 0), font(role), color, figure.value, right);
}

void drawHatch(QPainter& painter, const QRectF& rect, const QColor& color, double pitch)
{
    painter.setPen(QPen(color, 1));
    // Each line x + y = s, cut at the sides.
    const double end = rect.right() + rect.bottom();
    for (double s = std::ceil((rect.left() + rect.top()) / pitch) * pitch; s < end; s += pitch) {
        const double x0 = std::max(rect.left(), s - rect.bottom()), x1 = std::min(rect.right(), s - rect.top());
        if (x1 > x0) {
            painter.drawLine(QPointF(x0, s - x0), QPointF(x1, s - x1));
        }
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/value_tip.h"

#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <QAccessible>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {
constexpr int kShadow = 3, kPad = 10, kRow = 18, kMaxWidth = 340;
} // namespace

ValueTip::ValueTip(QWidget* window)
    : QWidget(window)
{
    setObjectName(QStringLiteral("valueTip"));
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    hide();
}

ValueTip& ValueTip::of(QPointer<ValueTip>& tip, const QWidget* chart)
{
    if (tip == nullptr || tip->parentWidget() != chart->window()) {
        delete tip;
        tip = new ValueTip(chart->window());
    }
    return *tip;
}

void ValueTip::sayFor(QWidget* chart) const
{
    QAccessibleValueChangeEvent said(chart, text().replace(QLatin1Char('\n'), QStringLiteral(", ")));
    QAccessible::updateAccessibility(&said);
}

void ValueTip::setContent(const QString& heading, const QString& unitNote, std::vector<Row> rows)
{
    m_heading = heading, m_unitNote = unitNote, m_rows = std::move(rows);
    double width = textWidth(ui::font(TextRole::Strong), m_heading) +
                   (m_unitNote.isEmpty() ? 0 : 12 + textWidth(ui::font(TextRole::Small), m_unitNote));
    for (const Row& row : m_rows) {
        width = std::max(width, 13 + textWidth(ui::font(TextRole::Secondary), row.name) + 20 +
                                    textWidth(ui::font(TextRole::Secondary), row.value) * (row.strong ? 1.08 : 1.0));
    }
    const int inner = std::min(kMaxWidth, static_cast<int>(std::ceil(width)) + 1);
    resize(inner + 2 * (kPad + kShadow), kRow * (1 + static_cast<int>(m_rows.size())) + 2 * (kPad - 2 + kShadow));
    update();
}

void ValueTip::showAt(QPoint point)
{
    const QRect room = parentWidget()->rect();
    int x = point.x() + 14, y = point.y() - height() / 2;
    if (x + width() > room.right()) {
        x = point.x() - 14 - width();
    }
    x = std::clamp(x, 0, std::max(0, room.width() - width()));
    y = std::clamp(y, 0, std::max(0, room.height() - height()));
    move(x, y);
    show();
    raise();
}

QString ValueTip::text() const
{
    QString all = m_heading + (m_unitNote.isEmpty() ? QString() : QStringLiteral(" ") + m_unitNote);
    for (const Row& row : m_rows) {
        all += QLatin1Char('\n') + row.name + (row.value.isEmpty() ? QString() : QStringLiteral(": ") + row.value);
    }
    return all;
}

void ValueTip::paintEvent(QPaintEvent*)
{
    const Theme& t = theme();
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow);
    p.setPen(Qt::NoPen);
    for (int i = kShadow; i > 0; --i) {
        p.setBrush(QColor(0, 0, 0, t.dark ? 36 : 12));
        p.drawRoundedRect(box.adjusted(-i, -i + 1, i, i), 8 + i, 8 + i);
    }
    p.setBrush(t.raised);
    p.setPen(QPen(t.line, 1));
    p.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
    QRectF line(box.left() + kPad, box.top() + kPad - 2, box.width() - 2 * kPad, kRow);
    const double used = drawLine(p, line, ui::font(TextRole::Strong), t.text, m_heading);
    drawLine(p, line.adjusted(used + 12, 0, 0, 0), ui::font(TextRole::Small), t.muted, m_unitNote,
             Qt::AlignRight | Qt::AlignVCenter);
    for (const Row& row : m_rows) {
        line.translate(0, kRow);
        QFont face = ui::font(TextRole::Secondary);
        face.setWeight(row.strong ? QFont::DemiBold : QFont::Normal);
        if (row.color.isValid()) {
            drawSwatch(p, QPointF(line.left() + 4, line.center().y()), row.color);
        }
        const double value = drawLine(p, line, face, t.text, row.value, Qt::AlignRight | Qt::AlignVCenter);
        drawLine(p, line.adjusted(13, 0, -value - 8, 0), face, row.strong ? t.text : t.muted, row.name);
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_scene.h"

#include "ui/shell/theme.h"

#include <QPainter>

namespace isobar::ui {

int MarkScene::markAt(QPointF point) const
{
    for (int i = static_cast<int>(m_marks.size()) - 1; i >= 0; --i) {
        if (m_marks[static_cast<std::size_t>(i)].rect.contains(point)) {
            return i;
        }
    }
    return -1;
}

void MarkScene::paintState(QPainter& painter, const MarkState& state) const
{
    const Theme& t = theme();
    const auto outline = [&](int mark, const QColor& color, double width) {
        if (mark >= 0 && mark < static_cast<int>(m_marks.size())) {
            painter.setPen(QPen(color, width));
            painter.drawRoundedRect(m_marks[static_cast<std::size_t>(mark)].rect.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
        }
    };
    painter.setBrush(Qt::NoBrush);
    for (const int mark : state.selected) {
        outline(mark, t.text, 2);
    }
    outline(state.hovered, t.text, 1);
    outline(state.current, t.accent, 2);
}

} // namespace isobar::ui

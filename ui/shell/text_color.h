// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QWidget>

namespace isobar::ui {

/// Words in a colour that says something (trouble, fine). A palette would not do: the style sheet's own colour goes
/// before it. Nothing happens where the colour is the same, as it is for almost every figure of a running fleet:
/// setting a style sheet anew costs as much as a changed one.
inline void setTextColor(QWidget* widget, const QColor& color)
{
    const QString sheet = QStringLiteral("color: %1").arg(color.name());
    if (widget->styleSheet() != sheet) {
        widget->setStyleSheet(sheet);
    }
}

} // namespace isobar::ui

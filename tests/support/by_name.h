// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QPushButton>
#include <QString>
#include <QWidget>

/// Widgets found as a person finds them: by what they are called or what stands on them. Null when there is none.
namespace isobar::ui::test {

template <class Widget> [[nodiscard]] Widget* named(const QWidget& parent, const QString& accessibleName)
{
    for (Widget* widget : parent.findChildren<Widget*>()) {
        if (widget->accessibleName() == accessibleName) {
            return widget;
        }
    }
    return nullptr;
}

[[nodiscard]] inline QPushButton* button(const QWidget& parent, const QString& text)
{
    for (QPushButton* candidate : parent.findChildren<QPushButton*>()) {
        if (candidate->text() == text) {
            return candidate;
        }
    }
    return nullptr;
}

} // namespace isobar::ui::test

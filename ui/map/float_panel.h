// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLabel>

namespace isobar::ui {

/// A small raised card with rich text that follows the pointer and never leaves its window. Takes no mouse events.
class FloatPanel : public QLabel {
    Q_OBJECT
public:
    explicit FloatPanel(QWidget* owner);

    /// Shows `html` beside `at` (in the owner's coordinates); an empty text hides it.
    void showAt(const QString& html, QPoint at);

private:
    void restyle();

    QWidget* m_owner;
};

} // namespace isobar::ui

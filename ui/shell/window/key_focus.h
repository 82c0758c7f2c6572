// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QObject>
#include <QPointer>

class QAction;
class QWidget;

namespace isobar::ui {

/// What Space, Enter and Alt+Down do in a window whose clock plays and pauses on Space. Who came to a control by keys
/// presses it with Space or Enter, and opens its menu with Alt+Down; who clicked last, or has the focus on what has no
/// use for Space, plays and pauses. Fields where one types keep their keys in any case.
class KeyFocus : public QObject {
    Q_OBJECT
public:
    /// `play` is what has Space for its shortcut. Both live as long as this.
    KeyFocus(QWidget& window, QAction& play);
    /// Whether the focus was moved by keys since the last click.
    [[nodiscard]] bool isByKeys() const { return m_byKeys; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    bool keyPressed(QObject* watched, int key, Qt::KeyboardModifiers modifiers);

    QWidget& m_window;
    QAction& m_play;
    bool m_byKeys = false;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/key_focus.h"

#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QKeyEvent>
#include <QToolButton>

namespace isobar::ui {

KeyFocus::KeyFocus(QWidget& window, QAction& play)
    : m_window(window)
    , m_play(play)
{
    qApp->installEventFilter(this);
}

bool KeyFocus::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
    case QEvent::MouseButtonPress:
        m_byKeys = false;
        return false;
    case QEvent::ShortcutOverride: {
        const auto* key = static_cast<QKeyEvent*>(event);
        const QWidget* focused = m_window.focusWidget();
        if (watched == focused && m_byKeys && key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier) {
            event->accept(); // a key for the control; if it has no use for it, the window gets it below
            return true;
        }
        return false;
    }
    case QEvent::KeyPress: {
        const auto* key = static_cast<QKeyEvent*>(event);
        return !key->isAutoRepeat() && keyPressed(watched, key->key(), key->modifiers());
    }
    default:
        return false;
    }
}

bool KeyFocus::keyPressed(QObject* watched, int key, Qt::KeyboardModifiers modifiers)
{
    switch (key) {
    case Qt::Key_Tab:
    case Qt::Key_Backtab:
    case Qt::Key_F6:
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Up:
    case Qt::Key_Home:
    case Qt::Key_End:
        m_byKeys = true;
        return false;
    case Qt::Key_Down:
        m_byKeys = true;
        if (auto* button = qobject_cast<QToolButton*>(watched);
            button != nullptr && modifiers == Qt::AltModifier && button->menu() != nullptr) {
            button->showMenu();
            return true;
        }
        return false;
    case Qt::Key_Space:
        if (watched == &m_window && modifiers == Qt::NoModifier && m_byKeys) { // nobody below had a use for it
            m_play.trigger();
            return true;
        }
        return false;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (auto* button = qobject_cast<QAbstractButton*>(watched);
            button != nullptr && button->window() == &m_window && modifiers == Qt::NoModifier) {
            button->click();
            return true;
        }
        return false;
    default:
        return false;
    }
}

} // namespace isobar::ui

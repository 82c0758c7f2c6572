// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QFrame>

class QComboBox;
class QLabel;
class QPushButton;
class QToolButton;

namespace isobar::ui {

class CommandRegistry;

/// Where you are, what is filtered (a chip each, that a click takes off), and the badge that never leaves the screen.
class TopBar : public QFrame {
    Q_OBJECT
public:
    TopBar(Session& session, CommandRegistry& commands, QWidget* parent = nullptr);

Q_SIGNALS:
    void searchRequested();

private:
    void fillModels();
    void showSelection();
    void showChips();
    void restyle();

    Session& m_session;
    QLabel* m_icon;
    QToolButton* m_world;
    QComboBox* m_model;
    QComboBox* m_tier;
    QComboBox* m_range;
    QToolButton* m_compare;
    QWidget* m_chips; ///< one button for each filter in force
    QLabel* m_badge;
    QPushButton* m_search;
};

} // namespace isobar::ui

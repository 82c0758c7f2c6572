// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QFrame>

#include <vector>

class QComboBox;
class QHBoxLayout;
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

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;

private:
    void fillModels();
    void showSelection();
    void showCompare();
    void showChips();
    void restyle();
    /// Lays out what there is room for: see kSteps in the source.
    void fit();
    void arrange(int step);
    [[nodiscard]] int neededWidth(int step) const;
    [[nodiscard]] static QString searchText(int step);
    [[nodiscard]] int boxLength(const QComboBox* box, int step) const;

    Session& m_session;
    QHBoxLayout* m_row;
    QHBoxLayout* m_below; ///< chips, and the badge where the first row is full
    QLabel* m_icon;
    QToolButton* m_world;
    QComboBox* m_model;
    QComboBox* m_tier;
    QComboBox* m_range;
    QToolButton* m_compare;
    QWidget* m_chips; ///< one button for each filter in force
    QLabel* m_badge;
    QPushButton* m_search;
    std::vector<QToolButton*> m_shortcuts; ///< commands that the menus have too
    int m_step = -1;                       ///< of kSteps
};

} // namespace isobar::ui

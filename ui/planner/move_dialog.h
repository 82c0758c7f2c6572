// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/plan/planner.h"

#include <QDialog>

#include <memory>
#include <vector>

class QSpinBox;
class QTableWidget;
class QPushButton;

namespace isobar::ui {

class MoveTable;
class Session;

/// The same move as a drag, by keyboard: every pool with its verdict, the best first, and the figures of the chosen.
class MoveDialog : public QDialog {
    Q_OBJECT
public:
    MoveDialog(Session& session, PlacementId placement, int replicas, QWidget* parent = nullptr);

private:
    void assessAll();
    void showChosen();
    void moveChosen();

    Session& m_session;
    PlacementId m_placement;
    std::shared_ptr<const plan::Planner> m_planner;
    std::vector<plan::Assessment> m_assessments; ///< by row
    QSpinBox* m_replicas;
    QTableWidget* m_targets;
    MoveTable* m_table;
    QPushButton* m_move;
};

} // namespace isobar::ui

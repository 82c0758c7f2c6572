// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QDialog>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace isobar::ui {

/// Runs the fleet ahead in the fluid mode: how far, then how far it is, with Cancel. Says that it estimates.
class FastForwardDialog : public QDialog {
    Q_OBJECT
public:
    explicit FastForwardDialog(Session& session, QWidget* parent = nullptr);
    void reject() override; ///< while it runs: cancels the run, and closes when that has ended

private:
    void start();
    void follow();

    Session& m_session;
    QComboBox* m_howFar;
    QLabel* m_words;
    QProgressBar* m_progress;
    QPushButton* m_start;
    QPushButton* m_cancel;
    aggregate::SimMicros m_from = 0;
    bool m_asked = false, m_running = false;
};

} // namespace isobar::ui

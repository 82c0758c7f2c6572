// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QFrame>

class QComboBox;
class QLabel;
class QToolButton;

namespace isobar::ui {

/// The clock: play, pause, step, speed; the simulated time; what the machine really sustains; and the load so far.
class TimeBar : public QFrame {
    Q_OBJECT
public:
    explicit TimeBar(Session& session, QWidget* parent = nullptr);

    /// The speeds offered, simulated seconds a real second.
    static const QList<int>& speeds();

Q_SIGNALS:
    void playToggled();
    void stepRequested();

private:
    void showClock();
    void showButtons();
    void showHistory();
    void showRecorded();
    [[nodiscard]] std::pair<aggregate::SimMicros, aggregate::SimMicros> axis() const;
    [[nodiscard]] aggregate::SimMicros timeOn(double at) const;
    void restyle();
    void resizeEvent(QResizeEvent* event) override;

    Session& m_session;
    QToolButton* m_play;
    QToolButton* m_step;
    QComboBox* m_speed;
    QLabel* m_date;
    QLabel* m_time;
    class LoadStrip* m_strip;
    class ElidedLabel* m_pace;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"
#include "ui/shell/window/main_window.h"

#include <QObject>

#include <functional>

namespace isobar::app {

/// Does something once, when a window's first frame is on screen.
class AfterFirstFrame : public QObject {
public:
    AfterFirstFrame(QWidget& window, std::function<void()> work);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void go();
    std::function<void()> m_work;
};

/// Measures a start from the process's own start time, as the kernel keeps it, to the first painted frame and to the
/// first live numbers; prints both and quits. Does nothing when not enabled.
class StartTimer : public QObject {
public:
    StartTimer(ui::MainWindow& window, ui::Session& session, bool enabled);

private:
    double m_firstFrameSeconds = 0;
    AfterFirstFrame m_firstFrame;
};

} // namespace isobar::app

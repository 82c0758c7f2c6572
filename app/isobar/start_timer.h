// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"
#include "ui/shell/window/main_window.h"

#include <QObject>

namespace isobar::app {

/// Measures a start from the process's own start time, as the kernel keeps it, to the first painted frame and to the
/// first live numbers; prints both and quits. Does nothing when not enabled.
class StartTimer : public QObject {
public:
    StartTimer(ui::MainWindow& window, ui::Session& session, bool enabled);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    double m_firstFrameSeconds = 0;
};

} // namespace isobar::app

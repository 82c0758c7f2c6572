// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QGuiApplication>

namespace isobar::ui {

/// The pointer says "wait" while this lives: for what takes longer than a tenth of a second and cannot be left to run
/// beside the window.
class WaitCursor {
public:
    WaitCursor() { QGuiApplication::setOverrideCursor(Qt::WaitCursor); }
    ~WaitCursor() { QGuiApplication::restoreOverrideCursor(); }
    WaitCursor(const WaitCursor&) = delete;
    WaitCursor& operator=(const WaitCursor&) = delete;
};

} // namespace isobar::ui

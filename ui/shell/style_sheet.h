// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>

namespace isobar::ui {

/// Shows every window, those of now and those to come, by this sheet. The first one is the application's. A later one
/// differs by its colours alone and is laid over it, window by window: a new sheet of the application is applied to
/// each widget once for every widget around it, ten times as much work in a window with all rooms open.
void useStyleSheet(const QString& sheet);

} // namespace isobar::ui

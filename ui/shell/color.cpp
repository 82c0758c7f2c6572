// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/color.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {

QColor mixed(const QColor& from, const QColor& to, double share)
{
    const double w = std::clamp(share, 0.0, 1.0);
    const auto channel = [w](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * w)); };
    return QColor(channel(from.red(), to.red()), channel(from.green(), to.green()), channel(from.blue(), to.blue()));
}

} // namespace isobar::ui

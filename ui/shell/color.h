// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>

namespace isobar::ui {

/// `share` (0-1) of the way from one colour to another, opaque. Opaque fills paint several times faster than
/// translucent ones, so a tint is mixed here instead of blended at every frame.
[[nodiscard]] QColor mixed(const QColor& from, const QColor& to, double share);

} // namespace isobar::ui

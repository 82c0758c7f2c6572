// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace isobar::ui {

/// Makes MapView tell screen readers of its markers: each is a button with a name, a rectangle and a press action.
/// Safe to call more than once.
void installMapAccessibility();

} // namespace isobar::ui

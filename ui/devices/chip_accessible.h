// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace isobar::ui {

/// Makes every ChipGrid tell screen readers of its chips as a tree: its nodes and slices with their figures, and in
/// each its chips with name, value, rectangle and a press action. Made when asked for: a reader that walks one node of
/// 100,000 chips costs that node. Safe to call more than once.
void installChipAccessibility();

} // namespace isobar::ui

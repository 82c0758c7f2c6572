// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace isobar::ui {

/// Makes every MarkChart tell screen readers of its marks: each is a list item with name, value, rank, rectangle and a
/// press action. Safe to call more than once.
void installMarkAccessibility();

} // namespace isobar::ui

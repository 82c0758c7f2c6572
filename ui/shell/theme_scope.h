// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/shell/theme.h"

namespace isobar::ui {

/// Paints in a theme, on this thread alone, while it lives: a picture made beside the GUI thread keeps the theme it was
/// asked for in, whatever the window changes to meanwhile; paper is painted in the light one. The theme must outlive
/// it; darkTheme() and the like do.
class ThemeScope {
public:
    explicit ThemeScope(const Theme& theme);
    ~ThemeScope();
    ThemeScope(const ThemeScope&) = delete;
    ThemeScope& operator=(const ThemeScope&) = delete;

private:
    const Theme* m_before;
};

} // namespace isobar::ui

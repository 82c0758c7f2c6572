// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/shell/theme.h"

#include <memory>

class QApplication;

namespace isobar::cli {

/// Qt for painting into files: always on the offscreen platform, as no window is ever shown, so the same picture comes
/// out with and without a display. Make one only where something is painted.
class Headless {
public:
    explicit Headless(ui::ThemeChoice theme);
    ~Headless();
    Headless(const Headless&) = delete;
    Headless& operator=(const Headless&) = delete;

private:
    std::unique_ptr<QApplication> m_application;
};

} // namespace isobar::cli

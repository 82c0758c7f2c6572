// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/headless.h"

#include <QApplication>

namespace isobar::cli {
namespace {

// QApplication keeps references to these for as long as it lives.
int argumentCount = 1;
char programName[] = "isobar-cli";
char* arguments[] = {programName, nullptr};

} // namespace

Headless::Headless(ui::ThemeChoice theme)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    m_application = std::make_unique<QApplication>(argumentCount, arguments);
    ui::applyTheme(theme);
}

Headless::~Headless() = default;

} // namespace isobar::cli

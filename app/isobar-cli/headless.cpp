// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/headless.h"

#include "app/isobar-cli/output.h"

#include <QApplication>

namespace isobar::cli {
namespace {

// QApplication keeps references to these for as long as it lives.
int argumentCount = 1;
char programName[] = "isobar-cli";
char* arguments[] = {programName, nullptr};

/// Qt remarks on its surroundings (no runtime folder, no fonts for a script) on standard error, which here holds
/// nothing but this program's errors. What fails comes back as a value; only what ends the program is said here.
void onQtMessage(QtMsgType type, const QMessageLogContext&, const QString& message)
{
    if (type == QtCriticalMsg || type == QtFatalMsg) {
        printError(message.toStdString());
    }
}

} // namespace

Headless::Headless(ui::ThemeChoice theme)
{
    qInstallMessageHandler(onQtMessage);
    qputenv("QT_QPA_PLATFORM", "offscreen");
    m_application = std::make_unique<QApplication>(argumentCount, arguments);
    ui::applyTheme(theme);
}

Headless::~Headless() = default;

} // namespace isobar::cli

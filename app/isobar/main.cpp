// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar/start_timer.h"
#include "ui/session/session.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"
#include "ui/shell/window/main_window.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QSettings>

#include <algorithm>
#include <cstdio>
#include <string_view>

/// isobar [STORE]: the window on a store or a recording, or on the bundled sample fleet.
int main(int argc, char** argv)
{
    using namespace isobar;
    using isobar::app::AfterFirstFrame;
    using isobar::app::StartTimer;
    // Help and version need no display.
    const bool asksOnly = std::any_of(argv + 1, argv + argc, [](const char* argument) {
        const std::string_view text(argument);
        return text == "-h" || text == "--help" || text == "--help-all" || text == "-v" || text == "--version";
    });
    if (asksOnly) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("Isobar"));
    QApplication::setOrganizationName(QStringLiteral("Isobar"));
    QApplication::setApplicationVersion(QStringLiteral(ISOBAR_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("io.github.isobar.Isobar"));
    QApplication::setWindowIcon(ui::appIcon());

    QCommandLineParser parser;
    parser.setApplicationDescription(
        QStringLiteral("Where AI models run across clouds, how evenly, at what cost, live."));
    parser.addHelpOption();
    parser.addVersionOption();
    parser.addPositionalArgument(
        QStringLiteral("STORE"),
        QStringLiteral("A store or a recording to open; without one, the bundled sample fleet."),
        QStringLiteral("[STORE]"));
    const QCommandLineOption paused(QStringLiteral("paused"), QStringLiteral("Start with the clock standing still."));
    parser.addOption(paused);
    const QCommandLineOption timeStart(
        QStringLiteral("time-start"),
        QStringLiteral("Print the time to the first frame and to the first live numbers, then quit."));
    parser.addOption(timeStart);
    parser.process(app);
    if (parser.positionalArguments().size() > 1) {
        std::fputs("isobar: at most one store can be opened; see isobar --help\n", stderr);
        return 2;
    }

    ui::applyTheme(static_cast<ui::ThemeChoice>(QSettings().value(QStringLiteral("theme"), 0).toInt()));
    ui::Session session;
    ui::MainWindow window(session);
    StartTimer startTimer(window, session, parser.isSet(timeStart));
    window.show();
    // The first frame is on screen before the fleet is read: a slow disk shows a window, not nothing.
    const AfterFirstFrame opener(window, [&] {
        const QStringList stores = parser.positionalArguments();
        const Status opened = stores.isEmpty() ? session.openSample() : session.open(stores.front().toStdString());
        if (!opened) {
            window.say(opened.error());
            if (const Status sample = session.openSample(); !sample) {
                window.say(sample.error());
                return;
            }
        }
        if (!parser.isSet(paused) && !session.isRecording()) {
            session.play();
            window.showTourOnce();
        }
    });
    return QApplication::exec();
}

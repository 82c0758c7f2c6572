// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"
#include "ui/session/session.h"
#include "ui/shell/command_registry.h"
#include "ui/shell/theme.h"

#include <QMainWindow>

class QLabel;
class QStackedWidget;
class QToolButton;

namespace isobar::ui {

class CommandPalette;
class DataPage;
class DevicePage;
class OverviewPage;
class ReplayPage;

/// The frame around the rooms: rail, top bar, menus, message bar. It wires; what there is to know lives in the rooms.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(Session& session, QWidget* parent = nullptr);
    ~MainWindow() override;

    [[nodiscard]] OverviewPage& overview() { return *m_overview; }
    [[nodiscard]] ReplayPage& replay() { return *m_replay; }
    [[nodiscard]] DevicePage& devices() { return *m_devices; }
    [[nodiscard]] CommandRegistry& commands() { return m_commands; }
    /// Says something in the message bar: what went wrong and what to do, or what was done.
    void say(const Error& error);
    void say(const QString& text);

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void addCommands();
    void buildMenus();
    QWidget* buildRail();
    void showRoom(int room);
    void openStore();
    void saveStoreAs();
    void exportView(View view);
    void chooseTheme(ThemeChoice choice);
    void restoreSettings();
    void updateTitle();

    Session& m_session;
    CommandRegistry m_commands;
    OverviewPage* m_overview;
    DataPage* m_data;
    ReplayPage* m_replay;
    DevicePage* m_devices;
    QStackedWidget* m_rooms;
    std::vector<QToolButton*> m_railButtons;
    QWidget* m_messageBar;
    QLabel* m_message;
    CommandPalette* m_palette;
    ThemeChoice m_themeChoice = ThemeChoice::System;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"
#include "ui/session/session.h"
#include "ui/shell/command_registry.h"
#include "ui/shell/theme.h"

#include <QMainWindow>
#include <QPointer>
#include <QTimer>

class QLabel;
class QStackedWidget;
class QToolButton;

namespace isobar::ui {

class BoardPage;
class CommandPalette;
class DataPage;
class DevicePage;
class ExplorerPage;
class OverviewPage;
class ReplayPage;
class Tour;

/// The frame around the rooms: rail, top bar, menus, message bar. It wires; what there is to know lives in the rooms.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(Session& session, QWidget* parent = nullptr);
    ~MainWindow() override;

    [[nodiscard]] OverviewPage& overview() { return *m_overview; }
    [[nodiscard]] ReplayPage& replay() { return *m_replay; }
    [[nodiscard]] DevicePage& devices() { return *m_devices; }
    [[nodiscard]] ExplorerPage& explorer() { return *m_explorer; }
    [[nodiscard]] BoardPage& boards() { return *m_boards; }
    [[nodiscard]] CommandRegistry& commands() { return m_commands; }
    /// Shows the tour when it was never shown, once there is something to see.
    void showTourOnce();
    /// The tour under way; null when there is none.
    [[nodiscard]] Tour* tour() const;
    /// Full screen, nothing but boards, one after the other; Esc leaves.
    void setPresenting(bool on);
    [[nodiscard]] bool isPresenting() const { return m_presenting; }
    /// Says something in the message bar: what went wrong and what to do, or what was done.
    void say(const Error& error);
    void say(const QString& text);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void addCommands();
    void addDashboardCommands();
    void startTour();
    void exportSummary();
    void showUndoTexts();
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
    ExplorerPage* m_explorer;
    BoardPage* m_boards;
    QStackedWidget* m_rooms;
    QWidget* m_topBar = nullptr;
    QWidget* m_rail = nullptr;
    std::vector<QToolButton*> m_railButtons;
    std::vector<QWidget*> m_railRooms; ///< what each shows
    QWidget* m_messageBar;
    QLabel* m_message;
    CommandPalette* m_palette;
    ThemeChoice m_themeChoice = ThemeChoice::System;
    QTimer m_rotation; ///< while presenting
    QPointer<Tour> m_tour;
    bool m_presenting = false, m_wasMaximized = false;
    int m_roomBefore = 0;
};

} // namespace isobar::ui

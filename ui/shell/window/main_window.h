// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"
#include "ui/session/session.h"
#include "ui/shell/command_registry.h"
#include "ui/shell/theme.h"

#include <QMainWindow>
#include <QPointer>
#include <QTimer>

#include <array>
#include <memory>

class QLabel;
class QMenu;
class QPushButton;
class QStackedWidget;
class QToolButton;

namespace isobar::ui {

class BoardPage;
class CommandPalette;
struct Destination;
class DataPage;
class DevicePage;
class ExplorerPage;
class KeyFocus;
class OverviewPage;
class ReplayPage;
class Tour;

/// What the window holds one of at a time.
enum class Room : std::uint8_t { Overview, Data, Replay, Devices, Boards, Explorer };
inline constexpr std::size_t kRoomCount = 6;

/// The frame around the rooms: rail, top bar, menus, message bar. It wires; what there is to know lives in the rooms.
/// The overview is there from the start; the others are made when somebody first goes there, or asks for them here, so
/// that the first frame waits for none of them.
class MainWindow : public QMainWindow {
    Q_OBJECT
public:
    explicit MainWindow(Session& session, QWidget* parent = nullptr);
    ~MainWindow() override;

    [[nodiscard]] OverviewPage& overview() { return *m_overview; }
    DataPage& data();
    ReplayPage& replay();
    DevicePage& devices();
    ExplorerPage& explorer();
    BoardPage& boards();
    void showRoom(Room room);
    [[nodiscard]] Room room() const { return m_room; }
    [[nodiscard]] CommandRegistry& commands() { return m_commands; }
    /// When it was never shown, and once there is something to see: shows the tour, or, to whoever has begun something
    /// by then, offers it in the message bar.
    void showTourOnce();
    /// The tour under way; null when there is none.
    [[nodiscard]] Tour* tour() const;
    /// Full screen, nothing but boards, one after the other; Esc leaves.
    void setPresenting(bool on);
    [[nodiscard]] bool isPresenting() const { return m_presenting; }
    /// Writes what is open as a new store, with its boards and targets, and goes on in it; says how that went.
    void saveStoreTo(const QString& path);
    /// Says something in the message bar: what went wrong and what to do, or what was done.
    void say(const Error& error);
    void say(const QString& text);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void addCommands();
    void addDashboardCommands();
    void addMapCommands();
    /// Filters, what is compared with, and the map, at the end of the View menu.
    void addMapMenus(QMenu* view);
    void startTour();
    void offerTour();
    /// Whether a tour would come between somebody and what they do.
    [[nodiscard]] bool isBusy() const;
    void exportSummary();
    void showUndoTexts();
    void buildMenus();
    QWidget* buildRail();
    /// Puts a page that was just made where its room is.
    void addPage(Room room, QWidget* page);
    void openPalette();
    /// Places, boards, models, providers, user areas and pools of what is open.
    [[nodiscard]] std::vector<Destination> destinations();
    void openStore();
    void saveStoreAs();
    void exportView(View view);
    void chooseTheme(ThemeChoice choice);
    void restoreSettings();
    void updateTitle();

    Session& m_session;
    CommandRegistry m_commands;
    QStringList m_mapCommands; ///< as their menu has them; an empty one parts them
    std::unique_ptr<KeyFocus> m_keyFocus;
    OverviewPage* m_overview = nullptr;
    DataPage* m_data = nullptr; ///< these are made when first needed
    ReplayPage* m_replay = nullptr;
    DevicePage* m_devices = nullptr;
    ExplorerPage* m_explorer = nullptr;
    BoardPage* m_boards = nullptr;
    QStackedWidget* m_rooms;
    std::array<QWidget*, kRoomCount> m_pages{};
    Room m_room = Room::Overview;
    QWidget* m_topBar = nullptr;
    QWidget* m_rail = nullptr;
    std::vector<QToolButton*> m_railButtons;
    std::vector<Room> m_railRooms; ///< what each shows
    QWidget* m_messageBar;
    QLabel* m_message;
    QPushButton* m_offer;                ///< in the message bar, while the tour is offered there
    CommandPalette* m_palette = nullptr; ///< made when first opened
    ThemeChoice m_themeChoice = ThemeChoice::System;
    QTimer m_rotation; ///< while presenting
    QPointer<Tour> m_tour;
    bool m_presenting = false, m_wasMaximized = false;
    bool m_awaitsTour = false, m_acted = false; ///< the tour is still to come; somebody pressed something since
    Room m_roomBefore = Room::Overview;
};

} // namespace isobar::ui

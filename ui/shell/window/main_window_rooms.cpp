// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/overview_page.h"
#include "ui/data/data_page.h"
#include "ui/devices/device_page.h"
#include "ui/explorer/explorer_page.h"
#include "ui/map/map_view.h"
#include "ui/replay/replay_page.h"
#include "ui/shell/command_palette.h"
#include "ui/shell/wait_cursor.h"
#include "ui/shell/window/main_window.h"

#include <QStackedWidget>
#include <QToolButton>

#include <optional>

/// The rooms of the window: made when first needed, wired where they are made, one shown at a time.
namespace isobar::ui {

void MainWindow::addPage(Room room, QWidget* page)
{
    m_pages[static_cast<std::size_t>(room)] = page;
    m_rooms->addWidget(page);
}

DataPage& MainWindow::data()
{
    if (m_data == nullptr) {
        m_data = new DataPage(m_session);
        addPage(Room::Data, m_data);
        connect(m_data, &DataPage::replayRequested, this, [this](const QString& trace) {
            showRoom(Room::Replay);
            replay().openTrace({m_session.store()->path(), trace.toStdString()});
        });
        connect(m_data, &DataPage::imported, this, &MainWindow::updateTitle);
    }
    return *m_data;
}

ReplayPage& MainWindow::replay()
{
    if (m_replay == nullptr) {
        m_replay = new ReplayPage(m_session);
        addPage(Room::Replay, m_replay);
    }
    return *m_replay;
}

DevicePage& MainWindow::devices()
{
    if (m_devices == nullptr) {
        m_devices = new DevicePage(m_session);
        addPage(Room::Devices, m_devices);
        connect(m_devices, &DevicePage::pathChanged, &m_commands, &CommandRegistry::refresh);
    }
    return *m_devices;
}

ExplorerPage& MainWindow::explorer()
{
    if (m_explorer == nullptr) {
        m_explorer = new ExplorerPage(m_session);
        addPage(Room::Explorer, m_explorer);
        connect(m_explorer, &ExplorerPage::saveRequested, this, &MainWindow::saveStoreAs);
    }
    return *m_explorer;
}

BoardPage& MainWindow::boards()
{
    if (m_boards == nullptr) {
        m_boards = new BoardPage(m_session, m_overview->targets());
        addPage(Room::Boards, m_boards);
        connect(m_boards, &BoardPage::problem, this, qOverload<const Error&>(&MainWindow::say));
        connect(m_boards, &BoardPage::presentRequested, this, [this] { setPresenting(true); });
        connect(&m_rotation, &QTimer::timeout, m_boards, &BoardPage::showNext);
        m_boards->load();
    }
    return *m_boards;
}

void MainWindow::showRoom(Room room)
{
    std::optional<WaitCursor> busy;
    if (m_pages[static_cast<std::size_t>(room)] == nullptr) {
        busy.emplace(); // the first time, the room is made
    }
    switch (room) {
    case Room::Overview:
        break;
    case Room::Data:
        data();
        break;
    case Room::Replay:
        replay();
        break;
    case Room::Devices:
        devices();
        break;
    case Room::Boards:
        boards();
        break;
    case Room::Explorer:
        explorer();
        break;
    }
    m_room = room;
    m_rooms->setCurrentWidget(m_pages[static_cast<std::size_t>(room)]);
    for (std::size_t i = 0; i < m_railButtons.size(); ++i) {
        m_railButtons[i]->setChecked(m_railRooms[i] == room);
    }
    m_commands.refresh();
}

void MainWindow::openPalette()
{
    if (m_palette == nullptr) {
        m_palette = new CommandPalette(m_commands, this);
        m_palette->destinations = [this] { return destinations(); };
    }
    m_palette->open();
}

std::vector<Destination> MainWindow::destinations()
{
    if (!m_session.isOpen()) {
        return {};
    }
    std::vector<Destination> list;
    const Fleet& fleet = m_session.fleet();
    const auto text = [](const std::string& s) { return QString::fromStdString(s); };
    const auto filter = [this](auto member, auto id) {
        return [this, member, id] {
            SelectionState state = m_session.selection().state();
            state.*member = id;
            m_session.selection().set(state);
        };
    };
    for (std::size_t i = 0; i < m_session.places().size(); ++i) {
        // With who is there: several places of one name lie side by side.
        const Place& place = m_session.places()[i];
        QStringList providers;
        for (const RegionId region : place.regions) {
            providers << text(fleet[fleet[region].provider].name);
        }
        providers.removeDuplicates();
        list.push_back({tr("Place: %1 · %2").arg(text(place.name), providers.join(QStringLiteral(", "))), [this, i] {
                            showRoom(Room::Overview);
                            // Choosing what is chosen would take it off again.
                            if (!holdsSelection(m_session.places()[i], m_session.selection().state())) {
                                m_overview->map().goTo(static_cast<int>(i));
                            }
                        }});
    }
    const Result<std::vector<Board>> kept = keptBoards(m_session); // without making their page
    for (std::size_t i = 0; i < (kept.ok() ? kept->size() : 0); ++i) {
        list.push_back({tr("Board: %1").arg((*kept)[i].name), [this, i] {
                            showRoom(Room::Boards);
                            boards().showBoard(static_cast<int>(i));
                        }});
    }
    for (std::size_t i = 0; i < fleet.models.size(); ++i) {
        list.push_back({tr("Model: %1").arg(text(fleet.models[i].name)), filter(&SelectionState::model, ModelId(i))});
    }
    for (std::size_t i = 0; i < fleet.providers.size(); ++i) {
        list.push_back(
            {tr("Provider: %1").arg(text(fleet.providers[i].name)), filter(&SelectionState::provider, ProviderId(i))});
    }
    for (std::size_t i = 0; i < fleet.areas.size(); ++i) {
        list.push_back({tr("Users in: %1").arg(text(fleet.areas[i].name)), filter(&SelectionState::area, AreaId(i))});
    }
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        list.push_back({tr("Pool: %1").arg(text(fleet.pools[i].key)), [this, i] {
                            devices().open(DevicePath::of(m_session.fleet(), PoolId(i)));
                            showRoom(Room::Devices);
                        }});
    }
    return list;
}

} // namespace isobar::ui

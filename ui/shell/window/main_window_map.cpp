// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/overview_page.h"
#include "ui/map/color_scale.h"
#include "ui/map/map_view.h"
#include "ui/shell/window/compare_menu.h"
#include "ui/shell/window/main_window.h"

#include <QKeyEvent>
#include <QMenu>

/// What the map's own buttons and the top bar do, as commands: in the menus and the palette too, and by keys.
namespace isobar::ui {

void MainWindow::addMapCommands()
{
    MapView& map = m_overview->map();
    const auto add = [this](const QString& id, const QString& title, std::function<void()> run,
                            std::function<bool()> checked) {
        m_commands.add({id,
                        title,
                        {},
                        [this, run = std::move(run)] {
                            showRoom(Room::Overview); // where the map is
                            run();
                        },
                        {},
                        std::move(checked)});
        m_mapCommands << id;
    };
    const auto layer = [&](const char* id, const QString& title, bool (MapView::*shown)() const,
                           void (MapView::*turn)(bool)) {
        add(
            QLatin1String(id), title, [&map, shown, turn] { (map.*turn)(!(map.*shown)()); },
            [&map, shown] { return (map.*shown)(); });
    };
    layer("map.spill", tr("Spill on the map"), &MapView::spillsShown, &MapView::setSpillsShown);
    layer("map.rings", tr("Latency rings on the map"), &MapView::ringsShown, &MapView::setRingsShown);
    layer("map.night", tr("Day and night on the map"), &MapView::nightShown, &MapView::setNightShown);
    layer("map.table", tr("Map as a table"), &MapView::tableShown, &MapView::setTableShown);
    m_mapCommands << QString();
    for (const ProjectionKind kind : kAllProjections) {
        add(
            QStringLiteral("map.projection.%1").arg(static_cast<int>(kind)),
            tr("Projection: %1").arg(projectionName(kind)), [&map, kind] { map.setProjection(kind); },
            [&map, kind] { return map.projection() == kind; });
    }
    m_mapCommands << QString();
    for (std::size_t i = 0; i < kMapMeasures; ++i) {
        const auto measure = static_cast<MapMeasure>(i);
        const QString what = measure == MapMeasure::Parts ? tr("parts of the donut") : measureName(measure);
        add(
            QStringLiteral("map.measure.%1").arg(i), tr("Map colour: %1").arg(what),
            [&map, measure] {
                MapLook look = map.layers().look;
                look.measure = measure;
                map.setLook(look);
            },
            [&map, measure] { return map.layers().look.measure == measure; });
    }
    m_mapCommands << QString();
    for (std::size_t i = 0; i < kMapSplits; ++i) {
        const auto split = static_cast<MapSplit>(i);
        add(
            QStringLiteral("map.split.%1").arg(i), tr("Split donuts by %1").arg(splitName(split)),
            [&map, split] {
                MapLook look = map.layers().look;
                look.split = split;
                map.setLook(look);
            },
            [&map, split] { return map.layers().look.split == split; });
    }
    m_mapCommands << QString();
    add(QStringLiteral("map.world"), tr("Show the world on the map"), [&map] { map.resetView(); }, {});
    m_commands.add({QStringLiteral("map.focus"),
                    tr("Go to the map"),
                    QKeySequence(Qt::Key_F6),
                    [this, &map] {
                        showRoom(Room::Overview);
                        map.setFocus(Qt::ShortcutFocusReason);
                    },
                    {},
                    {}});
    m_commands.add({QStringLiteral("view.noFilters"),
                    tr("Clear all filters"),
                    QKeySequence(tr("Ctrl+0")),
                    [this] {
                        SelectionState state;
                        state.rangeSeconds = m_session.selection().state().rangeSeconds;
                        m_session.selection().set(state);
                    },
                    [this] {
                        const SelectionState& state = m_session.selection().state();
                        return state.isFiltered() || state.span || state.compare != Comparing::Nothing;
                    },
                    {}});
    m_commands.add({QStringLiteral("view.compare"), tr("Compare with previous period"), QKeySequence(),
                    [this] {
                        SelectionState state = m_session.selection().state();
                        const bool off = state.compare == Comparing::PreviousPeriod;
                        state.compare = off ? Comparing::Nothing : Comparing::PreviousPeriod;
                        state.compareRun = 0;
                        m_session.selection().set(state);
                    },
                    [this] { return m_session.isOpen(); },
                    [this] { return m_session.selection().state().compare == Comparing::PreviousPeriod; }});
}

void MainWindow::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && m_room == Room::Devices) { // nobody below had a level to go back to
        m_commands.action(QStringLiteral("map.focus"))->trigger();
    } else {
        QMainWindow::keyPressEvent(event);
    }
}

void MainWindow::addMapMenus(QMenu* view)
{
    connect(view, &QMenu::aboutToShow, &m_commands, &CommandRegistry::refresh); // the map has switches of its own
    view->addSeparator();
    view->addAction(m_commands.action(QStringLiteral("view.noFilters")));
    view->addAction(m_commands.action(QStringLiteral("view.compare")));
    auto* compare = new CompareMenu(m_session, view);
    compare->setTitle(tr("Compare with"));
    view->addMenu(compare);
    QMenu* map = view->addMenu(tr("Map"));
    map->addAction(m_commands.action(QStringLiteral("map.focus")));
    map->addSeparator();
    for (const QString& id : m_mapCommands) {
        id.isEmpty() ? static_cast<void>(map->addSeparator()) : map->addAction(m_commands.action(id));
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_view.h"
#include "ui/planner/placement_drag.h"
#include "ui/session/session.h"

#include <QObject>

#include <map>
#include <memory>

namespace isobar::ui {

class MoveTable;

/// Answers the map while a placement is dragged over it, and carries the move out when it is dropped. One planner, on
/// one state of the fleet, serves one drag, so every region is judged alike.
class DropPlanner : public QObject {
    Q_OBJECT
public:
    DropPlanner(Session& session, MapView& map, MoveTable& table, QObject* parent = nullptr);

    /// A drag begins: takes the load of now. Called by whoever starts the drag.
    void begin();
    void end();

    /// The best move of this drag to a place; NotFound where the place holds no pool.
    [[nodiscard]] Result<plan::Assessment> assess(int place, const PlacementDrag& drag);
    [[nodiscard]] DropAnswer answer(int place, const QMimeData* data);

private:
    void showHovered(int place);
    void drop(int place, const QMimeData* data);

    Session& m_session;
    MapView& m_map;
    MoveTable& m_table;
    std::shared_ptr<const plan::Planner> m_planner;
    std::map<int, plan::Assessment> m_assessed; ///< of the drag in progress, by place
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QUndoCommand>

namespace isobar::ui {

/// One change of the placements, kept as values: undo and redo put one or the other list in force.
class PlacementCommand : public QUndoCommand {
public:
    PlacementCommand(Session& session, std::vector<Placement> before, std::vector<Placement> after, const QString& text)
        : QUndoCommand(text)
        , m_session(session)
        , m_before(std::move(before))
        , m_after(std::move(after))
    {
    }
    void undo() override { m_session.usePlacements(m_before); }
    void redo() override { m_session.usePlacements(m_after); }

private:
    Session& m_session;
    std::vector<Placement> m_before, m_after;
};

} // namespace isobar::ui

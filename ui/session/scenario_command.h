// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QUndoCommand>

namespace isobar::ui {

/// One change of the list of scenarios, kept as values. It is done when it is pushed.
class ScenarioCommand : public QUndoCommand {
public:
    ScenarioCommand(Session& session, std::vector<store::Scenario> before, std::vector<store::Scenario> after,
                    const QString& text)
        : QUndoCommand(text)
        , m_session(session)
        , m_before(std::move(before))
        , m_after(std::move(after))
    {
    }
    void undo() override { use(m_before); }
    void redo() override
    {
        if (std::exchange(m_isDone, false)) {
            return;
        }
        use(m_after);
    }

private:
    void use(const std::vector<store::Scenario>& list)
    {
        if (const Status used = m_session.useScenarios(list); !used.ok()) {
            Q_EMIT m_session.problem(used.error());
        }
    }

    Session& m_session;
    std::vector<store::Scenario> m_before, m_after;
    bool m_isDone = true;
};

} // namespace isobar::ui

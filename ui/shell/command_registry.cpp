// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/command_registry.h"

namespace isobar::ui {

void CommandRegistry::add(Command command)
{
    Q_ASSERT(!m_actions.contains(command.id));
    auto* action = new QAction(command.title, this);
    action->setObjectName(command.id);
    action->setShortcut(command.shortcut);
    action->setCheckable(static_cast<bool>(command.checked));
    connect(action, &QAction::triggered, this, [this, run = command.run] {
        run();
        refresh();
    });
    m_actions.insert(command.id, action);
    m_commands.push_back(std::move(command));
}

QAction* CommandRegistry::action(const QString& id) const
{
    return m_actions.value(id);
}

void CommandRegistry::refresh()
{
    for (const Command& command : m_commands) {
        QAction* action = m_actions.value(command.id);
        action->setEnabled(!command.enabled || command.enabled());
        if (command.checked) {
            action->setChecked(command.checked());
        }
    }
}

} // namespace isobar::ui

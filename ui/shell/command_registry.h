// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>
#include <QHash>
#include <QKeySequence>
#include <QObject>

#include <functional>
#include <vector>

namespace isobar::ui {

/// One thing a user can do. Menus, buttons, shortcuts, the palette and the tests all read the same entry.
struct Command {
    QString id;    ///< "file.import", stable
    QString title; ///< "Import…"
    QKeySequence shortcut;
    std::function<void()> run;
    std::function<bool()> enabled; ///< empty = always
    std::function<bool()> checked; ///< empty = not a switch
    QString otherNames{};          ///< words the palette finds it by as well: "presentation slides"
};

/// All commands of a window. Actions are views of entries; call refresh() when what enables them may have changed.
class CommandRegistry : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    void add(Command command);
    [[nodiscard]] QAction* action(const QString& id) const; ///< null when there is none
    [[nodiscard]] const std::vector<Command>& commands() const { return m_commands; }
    void refresh();

private:
    std::vector<Command> m_commands;
    QHash<QString, QAction*> m_actions;
};

} // namespace isobar::ui

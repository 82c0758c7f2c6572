// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/kpi_targets.h"

#include <QObject>

namespace isobar::ui {

class Session;

/// The targets of the key figures, as set by whoever uses the program. They live where the boards live: in the open
/// store, with the bundled sample in the settings. One for the whole window: every board and the overview show them.
class KpiTargetBook : public QObject {
    Q_OBJECT
public:
    explicit KpiTargetBook(Session& session, QObject* parent = nullptr);

    [[nodiscard]] const KpiTargets& targets() const { return m_targets; }
    /// Sets one, or takes it away; one step of undo.
    void set(std::size_t figure, const std::optional<isobar::ui::KpiTarget>& target);
    /// Puts targets in force and keeps them; what undo and redo call.
    void use(const KpiTargets& targets);
    /// Writes them where they live; when what is open has moved to another store.
    void keep();

Q_SIGNALS:
    void changed();
    void problem(const isobar::Error& error);

private:
    void load();

    Session& m_session;
    KpiTargets m_targets = usualTargets();
};

} // namespace isobar::ui

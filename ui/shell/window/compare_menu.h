// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QMenu>

namespace isobar::ui {

/// What figures and charts can be set against: nothing, the previous period, the baseline, any run the open store
/// remembers. A choice goes into the selection.
class CompareMenu : public QMenu {
    Q_OBJECT
public:
    explicit CompareMenu(Session& session, QWidget* parent = nullptr);

private:
    void fill();

    Session& m_session;
};

/// What the switch says: "Compare", "Compare: run 3".
[[nodiscard]] QString compareText(const SelectionState& state);

} // namespace isobar::ui

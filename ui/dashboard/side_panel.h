// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"
#include "ui/session/session.h"

#include <QFrame>

class QLabel;
class QStackedWidget;

namespace isobar::ui {

class MoveTable;
class RegionPanel;
class ShareBars;

/// Right of the map: the share by provider, and below it the reasons (balance, hottest places, events) or, where a
/// place is selected, its placements and the figures of a move.
class SidePanel : public QFrame {
    Q_OBJECT
public:
    explicit SidePanel(Session& session, QWidget* parent = nullptr);

    void showContext(const ViewContext& context, const MapScene& scene);
    [[nodiscard]] RegionPanel& regionPanel() { return *m_regionPanel; }
    [[nodiscard]] MoveTable& moveTable() { return *m_moveTable; }
    [[nodiscard]] ShareBars& share() { return *m_share; }
    /// Its lists scroll: what is in it must not make the page, and the map beside it, higher.
    [[nodiscard]] bool hasHeightForWidth() const override { return false; }

Q_SIGNALS:
    void placeChosen(int place);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void showBalance(const ViewContext& context);
    void showEvents(std::size_t most);
    void fitWorld();

    Session& m_session;
    ShareBars* m_share;
    QStackedWidget* m_stack;
    QWidget* m_world; ///< the first page: shares and reasons
    QLabel* m_balance;
    ShareBars* m_hottest;
    ShareData m_places; ///< as many of the hottest as are shown where there is room
    QLabel* m_events;
    RegionPanel* m_regionPanel;
    MoveTable* m_moveTable;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/planner/placement_card.h"
#include "ui/session/session.h"

#include <QWidget>

#include <vector>

class QLabel;
class QSlider;
class QVBoxLayout;

namespace isobar::ui {

class DropPlanner;

/// The pools and placements of the selected place: what runs there, how full it is, and where work is dragged from.
class RegionPanel : public QWidget {
    Q_OBJECT
public:
    explicit RegionPanel(Session& session, QWidget* parent = nullptr);

    /// Who answers while a card is dragged; must outlive the panel.
    void setDropPlanner(DropPlanner* planner) { m_dropPlanner = planner; }
    /// The share of a placement's replicas that a drag takes, 0-1.
    [[nodiscard]] double dragShare() const;
    [[nodiscard]] const std::vector<PlacementCard*>& cards() const { return m_cards; }

Q_SIGNALS:
    void moveRequested(isobar::PlacementId placement, int replicas);
    void devicesRequested(isobar::PoolId pool);

private:
    void rebuild();
    void followTabOrder();
    void showLoad();
    void startDrag(PlacementCard* card);
    [[nodiscard]] int dragReplicas(PlacementId placement) const;

    Session& m_session;
    DropPlanner* m_dropPlanner = nullptr;
    QLabel* m_title;
    QLabel* m_shareText;
    QSlider* m_share;
    QVBoxLayout* m_list;
    QWidget* m_content;
    std::vector<PlacementCard*> m_cards;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/kpi_target_book.h"
#include "ui/dashboard/views.h"
#include "ui/session/session.h"

#include <QWidget>

#include <memory>
#include <vector>

class QGridLayout;

namespace isobar::ui {

class DropPlanner;
class KpiRow;
class MapView;
class OutageBanner;
class SidePanel;
class TimeBar;
class ViewWidget;

/// The first screen: six figures, the map, the reasons, four charts, the clock. Everything on it follows the session's
/// selection and is a function of one ViewContext.
class OverviewPage : public QWidget {
    Q_OBJECT
public:
    explicit OverviewPage(Session& session, QWidget* parent = nullptr);

    [[nodiscard]] MapView& map() { return *m_map; }
    [[nodiscard]] SidePanel& side() { return *m_side; }
    [[nodiscard]] TimeBar& timeBar() { return *m_timeBar; }
    [[nodiscard]] KpiRow& figures() { return *m_figures; }
    /// What the figures should reach, here and on every board.
    [[nodiscard]] KpiTargetBook& targets() { return m_targets; }
    [[nodiscard]] OutageBanner& outage() { return *m_outage; }
    [[nodiscard]] const std::vector<std::unique_ptr<ViewWidget>>& charts() const { return m_charts; }
    /// What the page shows now; what an export of it uses.
    [[nodiscard]] ViewContext context() const;
    /// Draws what is so now; while the page is hidden, when it is shown again.
    void refresh();
    /// Takes the largest region away, of those selected if any are, and watches what happens; undoable.
    void loseRegion();

Q_SIGNALS:
    void exportRequested(isobar::ui::View view);
    void devicesRequested(isobar::PoolId pool);
    void placeRequested(std::size_t place); ///< its devices: double click or Enter on the map

protected:
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void selectPlace(int place, bool add);
    void selectPart(MapSplit split, const QString& label);
    void followCamera();
    void showMove(PlacementId placement, int replicas);
    QWidget* withMenu(QWidget* chart, View view);
    void layOutCharts(int columns);

    Session& m_session;
    KpiTargetBook m_targets;
    KpiRow* m_figures;
    OutageBanner* m_outage;
    MapView* m_map;
    SidePanel* m_side;
    std::vector<std::unique_ptr<ViewWidget>> m_charts;
    QGridLayout* m_chartGrid = nullptr;
    int m_chartColumns = 0;
    TimeBar* m_timeBar;
    DropPlanner* m_dropPlanner;
    bool m_stale = false;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"
#include "ui/session/session.h"

#include <QElapsedTimer>
#include <QWidget>

#include <vector>

namespace isobar::ui {

class DropPlanner;
class KpiTile;
class MapView;
class SidePanel;
class TimeBar;
class TimeChart;

/// The first screen: six figures, the map, the reasons, two charts, the clock. Everything on it follows the session's
/// selection and is a function of one ViewContext.
class OverviewPage : public QWidget {
    Q_OBJECT
public:
    explicit OverviewPage(Session& session, QWidget* parent = nullptr);

    [[nodiscard]] MapView& map() { return *m_map; }
    [[nodiscard]] SidePanel& side() { return *m_side; }
    [[nodiscard]] TimeBar& timeBar() { return *m_timeBar; }
    /// What the page shows now; what an export of it uses.
    [[nodiscard]] ViewContext context() const;
    void refresh();

Q_SIGNALS:
    void exportRequested(isobar::ui::View view);
    void devicesRequested(isobar::PoolId pool);
    void placeRequested(std::size_t place); ///< its devices: double click or Enter on the map

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void selectPlace(int place, bool add);
    void showMove(PlacementId placement, int replicas);
    QWidget* withMenu(QWidget* chart, View view);

    Session& m_session;
    std::vector<KpiTile*> m_tiles;
    MapView* m_map;
    SidePanel* m_side;
    TimeChart* m_throughput;
    TimeChart* m_latency;
    TimeBar* m_timeBar;
    DropPlanner* m_dropPlanner;
};

} // namespace isobar::ui

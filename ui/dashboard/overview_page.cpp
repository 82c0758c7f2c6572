// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/overview_page.h"

#include "ui/charts/kpi_tile.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/side_panel.h"
#include "ui/dashboard/time_bar.h"
#include "ui/map/map_view.h"
#include "ui/planner/drop_planner.h"
#include "ui/planner/move_dialog.h"
#include "ui/planner/region_panel.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {

OverviewPage::OverviewPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_map(new MapView)
    , m_side(new SidePanel(session))
    , m_throughput(new TimeChart)
    , m_latency(new TimeChart)
    , m_timeBar(new TimeBar(session))
    , m_dropPlanner(new DropPlanner(session, *m_map, m_side->moveTable(), this))
{
    auto* tiles = new QHBoxLayout;
    tiles->setSpacing(Theme::kGutter);
    for (int i = 0; i < 6; ++i) {
        m_tiles.push_back(new KpiTile);
        KpiTile* tile = m_tiles.back();
        tiles->addWidget(tile, 1);
        connect(tile, &KpiTile::clicked, this, [tile] { // a click explains the figure, and needs no patience
            QToolTip::showText(tile->mapToGlobal(QPoint(8, tile->height())), tile->data().explanation, tile);
        });
    }
    auto* charts = new QHBoxLayout;
    charts->setSpacing(Theme::kGutter);
    charts->addWidget(withMenu(m_throughput, View::Throughput), 1);
    charts->addWidget(withMenu(m_latency, View::Latency), 1);
    auto* left = new QVBoxLayout;
    left->setSpacing(Theme::kGutter);
    left->addWidget(withMenu(m_map, View::Map), 7);
    left->addLayout(charts, 3);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(Theme::kGutter);
    middle->addLayout(left, 1);
    middle->addWidget(m_side);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(Theme::kGutter, Theme::kGutter, Theme::kGutter, Theme::kGutter);
    page->setSpacing(Theme::kGutter);
    page->addLayout(tiles);
    page->addLayout(middle, 1);
    page->addWidget(m_timeBar);
    withMenu(&m_side->share(), View::Share);

    m_side->regionPanel().setDropPlanner(m_dropPlanner);
    m_map->tooltipProvider = [this](int place) { return placeTooltip(context(), static_cast<std::size_t>(place)); };
    connect(m_map, &MapView::markerClicked, this, [this](int place, Qt::KeyboardModifiers modifiers) {
        selectPlace(place, modifiers.testFlag(Qt::ShiftModifier) || modifiers.testFlag(Qt::ControlModifier));
    });
    connect(m_map, &MapView::markerActivated, this, [this](int place) {
        if (place >= 0 && static_cast<std::size_t>(place) < m_session.places().size()) {
            Q_EMIT placeRequested(static_cast<std::size_t>(place));
        }
    });
    connect(m_map, &MapView::backgroundClicked, this, [this] {
        SelectionState state = m_session.selection().state();
        state.regions.clear();
        m_session.selection().set(state);
    });
    connect(m_side, &SidePanel::placeChosen, this, [this](int place) { selectPlace(place, false); });
    connect(&m_side->share(), &ShareBars::rowClicked, this, [this](const QString& key) {
        SelectionState state = m_session.selection().state();
        for (std::size_t i = 0; i < m_session.fleet().providers.size(); ++i) {
            if (QString::fromStdString(m_session.fleet().providers[i].key) == key) {
                state.provider =
                    state.provider == ProviderId(i) ? std::optional<ProviderId>() : std::optional(ProviderId(i));
            }
        }
        m_session.selection().set(state);
    });
    connect(&m_side->regionPanel(), &RegionPanel::moveRequested, this, &OverviewPage::showMove);
    connect(&m_side->regionPanel(), &RegionPanel::devicesRequested, this, &OverviewPage::devicesRequested);
    connect(m_timeBar, &TimeBar::playToggled, &m_session,
            [this] { m_session.isPlaying() ? m_session.pause() : m_session.play(); });
    connect(m_timeBar, &TimeBar::stepRequested, &m_session, [this] { m_session.stepBy(10); });
    connect(&m_session, &Session::opened, this, &OverviewPage::refresh);
    connect(&m_session, &Session::historyChanged, this, &OverviewPage::refresh);
    connect(&m_session, &Session::placementsChanged, this, &OverviewPage::refresh);
    connect(&m_session.selection(), &Selection::changed, this, &OverviewPage::refresh);
    connect(&m_session, &Session::clockChanged, this, [this] { m_map->setFlowing(m_session.isPlaying()); });
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &OverviewPage::refresh);
}

QWidget* OverviewPage::withMenu(QWidget* chart, View view)
{
    chart->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(chart, &QWidget::customContextMenuRequested, this, [this, chart, view](const QPoint& at) {
        QMenu menu;
        menu.addAction(tr("Export %1…").arg(viewTitle(view).toLower()), this,
                       [this, view] { Q_EMIT exportRequested(view); });
        menu.exec(chart->mapToGlobal(at));
    });
    return chart;
}

ViewContext OverviewPage::context() const
{
    return contextOf(m_session.fleetPointer(), m_session.places(), m_session.history(), m_session.selection().state(),
                     m_session.seed());
}

void OverviewPage::refresh()
{
    if (!m_session.isOpen()) {
        return;
    }
    const ViewContext now = context();
    const std::vector<KpiData> figures = kpis(now);
    for (std::size_t i = 0; i < m_tiles.size(); ++i) {
        m_tiles[i]->setData(figures[i]);
    }
    MapScene scene = mapScene(now);
    m_side->showContext(now, scene);
    m_throughput->setData(throughputChart(now));
    m_latency->setData(latencyChart(now));
    m_map->setScene(std::move(scene));
    m_map->setSelectedMarkers(now.selectedPlaces());
}

void OverviewPage::resizeEvent(QResizeEvent* event)
{
    // A width of its own, not its content's: the map must not move when a figure gains a digit.
    m_side->setFixedWidth(std::clamp(width() * 23 / 100, 330, 440));
    QWidget::resizeEvent(event);
}

void OverviewPage::selectPlace(int place, bool add)
{
    if (place < 0 || static_cast<std::size_t>(place) >= m_session.places().size()) {
        return;
    }
    SelectionState state = m_session.selection().state();
    const auto& regions = m_session.places()[static_cast<std::size_t>(place)].regions;
    const std::set<RegionId> chosen(regions.begin(), regions.end());
    if (!add) {
        state.regions = state.regions == chosen ? std::set<RegionId>{} : chosen;
    } else {
        state.regions.insert(chosen.begin(), chosen.end());
    }
    m_session.selection().set(state);
}

void OverviewPage::showMove(PlacementId placement, int replicas)
{
    MoveDialog dialog(m_session, placement, replicas, this);
    dialog.exec();
}

} // namespace isobar::ui

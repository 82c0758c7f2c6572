// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/overview_page.h"

#include "ui/charts/share_bars.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/outage.h"
#include "ui/dashboard/side_panel.h"
#include "ui/dashboard/time_bar.h"
#include "ui/dashboard/view_widget.h"
#include "ui/map/map_view.h"
#include "ui/planner/drop_planner.h"
#include "ui/planner/move_dialog.h"
#include "ui/planner/region_panel.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QMenu>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kNarrow = 1000; ///< below it the charts stand in two rows
constexpr int kLeastMap = 250, kLeastChart = 160;
constexpr double kWidest = 4000; ///< all charts: the window is never narrower than they need

} // namespace

OverviewPage::OverviewPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_targets(session)
    , m_figures(new KpiRow)
    , m_outage(new OutageBanner(session))
    , m_map(new MapView)
    , m_side(new SidePanel(session))
    , m_timeBar(new TimeBar(session))
    , m_dropPlanner(new DropPlanner(session, *m_map, m_side->moveTable(), this))
{
    m_chartGrid = new QGridLayout;
    m_chartGrid->setSpacing(Theme::kGutter);
    for (const View view : overviewCharts(kWidest)) {
        m_charts.push_back(std::make_unique<ViewWidget>(view, session, this));
        withMenu(m_charts.back()->widget(), view)->setMinimumHeight(kLeastChart);
    }
    layOutCharts(static_cast<int>(m_charts.size()));
    m_map->setMinimumHeight(kLeastMap);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(Theme::kGutter);
    middle->addWidget(withMenu(m_map, View::Map), 1);
    middle->addWidget(m_side);
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(Theme::kGutter);
    column->addWidget(m_figures);
    column->addWidget(m_outage);
    column->addLayout(middle, 7);
    column->addLayout(m_chartGrid, 3);
    auto* scroll = new QScrollArea; // in a low window the charts are scrolled to; nothing is squeezed, the clock stays
    scroll->setWidget(body);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus); // it follows the focus of what is in it
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(Theme::kGutter, Theme::kGutter, Theme::kGutter, Theme::kGutter);
    page->setSpacing(Theme::kGutter);
    page->addWidget(scroll, 1);
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
    connect(m_map, &MapView::areaClicked, this, [this](int area) {
        SelectionState state = m_session.selection().state();
        const AreaId id(static_cast<std::size_t>(area));
        state.area = state.area == id ? std::optional<AreaId>() : std::optional(id);
        m_session.selection().set(state);
    });
    connect(m_map, &MapView::partClicked, this, &OverviewPage::selectPart);
    followCamera();
    connect(m_map, &MapView::backgroundClicked, this, [this] {
        SelectionState state = m_session.selection().state();
        state.regions.clear();
        state.area.reset();
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
    connect(m_figures, &KpiRow::targetChosen, &m_targets, &KpiTargetBook::set);
    connect(&m_targets, &KpiTargetBook::changed, this, &OverviewPage::refresh);
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
    return contextOf(m_session, m_targets.targets());
}

void OverviewPage::refresh()
{
    if (!m_session.isOpen()) {
        return;
    }
    if (!isVisible()) {
        m_stale = true; // a room that is not looked at costs nothing
        return;
    }
    m_stale = false;
    const ViewContext now = context();
    m_figures->show(now);
    MapScene scene = mapScene(now);
    m_side->showContext(now, scene);
    for (const auto& chart : m_charts) {
        chart->show(now);
    }
    m_map->setScene(std::move(scene));
    m_map->setSelectedMarkers(now.selectedPlaces());
    const auto& area = now.selection.area;
    m_map->setSelectedAreas(area ? QSet<int>{static_cast<int>(area->index())} : QSet<int>{});
}

void OverviewPage::loseRegion()
{
    const auto region = largestRegion(m_session.fleet(), m_session.selection().state());
    if (region && !m_session.isRecording()) {
        m_outage->lose(*region);
    }
}

void OverviewPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_stale) {
        refresh();
    }
}

void OverviewPage::resizeEvent(QResizeEvent* event)
{
    // A width of its own, not its content's: the map must not move when a figure gains a digit.
    m_side->setFixedWidth(std::clamp(width() * 23 / 100, 330, 440));
    layOutCharts(width() < kNarrow ? 2 : static_cast<int>(m_charts.size()));
    QWidget::resizeEvent(event);
}

/// A click on the legend shows one provider, or one model, at a time; a second one shows all again.
void OverviewPage::selectPart(MapSplit split, const QString& label)
{
    SelectionState state = m_session.selection().state();
    const Fleet& fleet = m_session.fleet();
    const auto toggle = [&label](const auto& all, auto& chosen) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (QString::fromStdString(all[i].name) == label) {
                const typename std::decay_t<decltype(chosen)>::value_type id(i);
                chosen = chosen == id ? std::nullopt : std::optional(id);
            }
        }
    };
    if (split == MapSplit::Provider) {
        toggle(fleet.providers, state.provider);
    } else if (split == MapSplit::Model) {
        toggle(fleet.models, state.model);
    }
    m_session.selection().set(state);
}

/// The map's gestures are steps of the selection's way back; going back moves the map.
void OverviewPage::followCamera()
{
    const auto cameraNow = [this] {
        const MapPose pose = m_map->pose();
        return MapCamera{static_cast<int>(pose.projection), pose.center, pose.facing, pose.zoom};
    };
    m_session.selection().restoreCamera(cameraNow());
    connect(m_map, &MapView::poseSettled, this, [this, cameraNow] { m_session.selection().setCamera(cameraNow()); });
    connect(&m_session.selection(), &Selection::cameraChanged, m_map, [this, cameraNow] {
        const MapCamera& camera = m_session.selection().camera();
        if (camera != cameraNow()) {
            m_map->setPose({static_cast<ProjectionKind>(camera.projection), camera.center, camera.facing, camera.zoom});
        }
    });
}

void OverviewPage::layOutCharts(int columns)
{
    if (columns == m_chartColumns) {
        return;
    }
    m_chartColumns = columns;
    for (int i = 0; i < static_cast<int>(m_charts.size()); ++i) {
        m_chartGrid->addWidget(m_charts[static_cast<std::size_t>(i)]->widget(), i / columns, i % columns);
    }
    for (int i = 0; i < static_cast<int>(m_charts.size()); ++i) {
        m_chartGrid->setColumnStretch(i, i < columns ? 1 : 0);
    }
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

// SPDX-License-Identifier: GPL-3.0-or-later
// MapView's layers and the buttons and menus that switch them.
#include "ui/map/float_panel.h"
#include "ui/map/map_finder.h"
#include "ui/map/map_table.h"
#include "ui/map/map_view.h"

#include <QActionGroup>
#include <QHBoxLayout>
#include <QMenu>
#include <QToolButton>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kWide = 1060, kMiddle = 520; ///< logical pixels of the map
constexpr int kMargin = 10;
constexpr int kBelowTools = 6; ///< from the buttons to the fitted world, which keeps a margin of its own

QString inSentence(MapMeasure measure)
{
    QString name = measureName(measure);
    if (!name.startsWith(QStringLiteral("SLO"))) {
        name[0] = name[0].toLower();
    }
    return name;
}

} // namespace

void MapView::buildTools()
{
    m_tools.row = new QWidget(this);
    m_tools.row->setObjectName(QStringLiteral("mapTools"));
    m_tools.row->setCursor(Qt::ArrowCursor);
    auto* row = new QHBoxLayout(m_tools.row);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    m_tools.finder = new MapFinder([this]() -> const MapScene& { return *m_scene; }, this, m_tools.row);
    m_tools.finder->setObjectName(QStringLiteral("mapFinder"));
    row->addWidget(m_tools.finder);
    connect(m_tools.finder, &MapFinder::placeChosen, this, &MapView::goTo);
    connect(m_tools.finder, &MapFinder::unfocused, this, &MapView::arrangeTools);
    connect(m_tools.finder, &MapFinder::left, this, [this] {
        setFocus();
        arrangeTools();
    });
    const auto add = [&](const QString& text, const QString& name, const QString& tip) {
        auto* button = new QToolButton(m_tools.row);
        button->setText(text);
        button->setObjectName(name);
        button->setAccessibleName(tip);
        button->setToolTip(tip);
        button->setFocusPolicy(Qt::TabFocus);
        row->addWidget(button);
        return button;
    };
    m_tools.find = add({}, QStringLiteral("mapFind"), QStringLiteral("Find a place (/)"));
    connect(m_tools.find, &QToolButton::clicked, this, &MapView::enterFinder);
    const auto toggle = [&](const QString& text, const QString& name, const QString& tip, bool on) {
        auto* action = new QAction(text, this);
        action->setCheckable(true);
        action->setChecked(on);
        action->setToolTip(tip);
        QToolButton* button = add(text, name, text);
        button->setDefaultAction(action);
        button->setAccessibleName(text);
        return std::pair(action, button);
    };
    const auto [flows, flowsButton] = toggle(QStringLiteral("Flows"), QStringLiteral("mapFlows"),
                                             QStringLiteral("Requests from user areas to regions"), true);
    const auto [spills, spillsButton] =
        toggle(QStringLiteral("Spill"), QStringLiteral("mapSpills"),
               QStringLiteral("Requests served elsewhere than at the nearest place that runs their model"), false);
    const auto [isobars, isobarsButton] = toggle(QStringLiteral("Isobars"), QStringLiteral("mapIsobars"),
                                                 QStringLiteral("Contour lines of demand to supply"), true);
    const auto [rings, ringsButton] =
        toggle(QStringLiteral("Latency rings"), QStringLiteral("mapRings"),
               QStringLiteral("Round trip times around a user area; click an area to choose it"), false);
    const auto [night, nightButton] = toggle(QStringLiteral("Day/night"), QStringLiteral("mapNight"),
                                             QStringLiteral("Shade where it is night at the simulated time"), false);
    m_tools.flows = flows, m_tools.isobars = isobars, m_tools.rings = rings, m_tools.night = night;
    m_tools.spills = spills;
    connect(flows, &QAction::toggled, this, &MapView::setFlowsShown);
    connect(spills, &QAction::toggled, this, &MapView::setSpillsShown);
    connect(isobars, &QAction::toggled, this, &MapView::setIsobarsShown);
    connect(rings, &QAction::toggled, this, &MapView::setRingsShown);
    connect(night, &QAction::toggled, this, &MapView::setNightShown);

    const auto choices = [this](QMenu* menu, const QStringList& names, int chosen,
                                const std::function<void(int)>& choose) {
        auto* group = new QActionGroup(menu);
        for (int i = 0; i < names.size(); ++i) {
            QAction* action = menu->addAction(names[i]);
            action->setCheckable(true);
            action->setChecked(i == chosen);
            action->setData(i);
            group->addAction(action);
        }
        connect(group, &QActionGroup::triggered, this,
                [choose](const QAction* action) { choose(action->data().toInt()); });
    };
    m_tools.color = new QMenu(QStringLiteral("Colour"), this);
    QStringList measures{QStringLiteral("Parts of the donut")}, splits, scales;
    for (std::size_t i = 1; i < kMapMeasures; ++i) {
        measures << measureName(static_cast<MapMeasure>(i));
    }
    for (std::size_t i = 0; i < kMapSplits; ++i) {
        splits << QStringLiteral("By ") + splitName(static_cast<MapSplit>(i));
    }
    for (int i = 0; i < 3; ++i) {
        scales << scaleName(static_cast<ScaleKind>(i));
        scales.back()[0] = scales.back()[0].toUpper();
    }
    m_tools.color->addSection(QStringLiteral("Colour by"));
    choices(m_tools.color, measures, 0, [this](int i) {
        MapLook look = m_layers.look;
        look.measure = static_cast<MapMeasure>(i);
        setLook(look);
    });
    choices(m_tools.color->addMenu(QStringLiteral("Split donuts")), splits, 0, [this](int i) {
        MapLook look = m_layers.look;
        look.split = static_cast<MapSplit>(i);
        setLook(look);
    });
    choices(m_tools.color->addMenu(QStringLiteral("Scale")), scales, 0, [this](int i) {
        MapLook look = m_layers.look;
        look.scale = static_cast<ScaleKind>(i);
        setLook(look);
    });
    choices(m_tools.color->addMenu(QStringLiteral("A group shows its")),
            {QStringLiteral("Worst"), QStringLiteral("p95 of its accelerators")}, 0, [this](int i) {
                MapLook look = m_layers.look;
                look.group = static_cast<GroupFigure>(i);
                setLook(look);
            });
    m_tools.projection = new QMenu(QStringLiteral("Projection"), this);
    QStringList projections;
    for (const ProjectionKind kind : kAllProjections) {
        projections << projectionName(kind);
    }
    choices(m_tools.projection, projections, 0,
            [this](int i) { setProjection(kAllProjections[static_cast<std::size_t>(i)]); });
    const auto withMenu = [](QToolButton* button, QMenu* menu) {
        button->setMenu(menu);
        button->setPopupMode(QToolButton::InstantPopup);
        return button;
    };
    m_tools.colorButton =
        withMenu(add({}, QStringLiteral("mapColor"), QStringLiteral("What the donuts' colours tell")), m_tools.color);
    m_tools.projectionButton =
        withMenu(add({}, QStringLiteral("mapProjection"), QStringLiteral("Projection of the map")), m_tools.projection);
    const auto [table, tableButton] = toggle(QStringLiteral("Table"), QStringLiteral("mapTableButton"),
                                             QStringLiteral("The same places as a table (T)"), false);
    m_tools.table = table;
    connect(table, &QAction::toggled, this, &MapView::setTableShown);

    auto* more = new QMenu(this);
    more->addActions({flows, spills, isobars, rings, night, table});
    more->addSeparator();
    more->addMenu(m_tools.color);
    more->addMenu(m_tools.projection);
    m_tools.more =
        withMenu(add(QStringLiteral("⋯"), QStringLiteral("mapMore"), QStringLiteral("More of the map")), more);
    m_tools.tableButton = tableButton;
    m_tools.wide = {spillsButton, ringsButton, nightButton, m_tools.projectionButton};
    m_tools.middle = {flowsButton, isobarsButton};

    const auto zoomAtMiddle = [this](double factor) { flyTo(m_view.zoomedAt(m_view.middleOfSight(), factor)); };
    const auto camera = [&](const QString& text, const QString& name, const QString& tip, auto act) {
        m_tools.camera.push_back(add(text, name, tip));
        connect(m_tools.camera.back(), &QToolButton::clicked, this, act);
    };
    camera(QStringLiteral("+"), QStringLiteral("mapZoomIn"), QStringLiteral("Zoom in"),
           [zoomAtMiddle] { zoomAtMiddle(1.6); });
    camera(QString(QChar(0x2212)), QStringLiteral("mapZoomOut"), QStringLiteral("Zoom out"),
           [zoomAtMiddle] { zoomAtMiddle(1 / 1.6); });
    camera(QStringLiteral("World"), QStringLiteral("mapReset"), QStringLiteral("Show the world"),
           [this] { resetView(); });
    updateTools();
}

/// Which buttons there is room for; the others are in the menu behind the dots. A table needs few of them.
void MapView::arrangeTools()
{
    const bool wide = width() >= kWide, table = tableShown();
    m_tools.finder->setVisible(wide || m_tools.finder->hasFocus());
    m_tools.find->setVisible(m_tools.finder->isHidden());
    for (QToolButton* button : m_tools.wide) {
        button->setVisible(wide && !table);
    }
    for (QToolButton* button : m_tools.middle) {
        button->setVisible(width() >= kMiddle && !table && (wide || m_tools.finder->isHidden()));
    }
    m_tools.colorButton->setVisible(wide || table);
    m_tools.tableButton->setVisible(wide || table);
    for (QToolButton* button : m_tools.camera) {
        button->setVisible(!table);
    }
    m_tools.more->setVisible(!wide && !table);
    m_tools.row->adjustSize();
    m_tools.row->move(width() - m_tools.row->width() - kMargin, kMargin);
    m_view = m_view.resized(m_view.size, m_tools.row->geometry().bottom() + kBelowTools);
    if (m_table != nullptr) {
        m_table->setGeometry(rect().adjusted(1, m_tools.row->geometry().bottom() + kMargin, -1, -1));
    }
    if (m_performance != nullptr) {
        m_performance->move(kMargin, m_tools.row->geometry().bottom() + kMargin);
    }
}

/// Buttons and menus say what is.
void MapView::updateTools()
{
    const MapLook& look = m_layers.look;
    m_tools.colorButton->setText(
        QStringLiteral("Colour: %1 ▾")
            .arg(look.measure == MapMeasure::Parts ? splitName(look.split) : inSentence(look.measure)));
    m_tools.projectionButton->setText(projectionName(m_view.projection.kind) + QStringLiteral(" ▾"));
    const auto check = [](const QList<QAction*>& actions, int chosen) {
        for (QAction* action : actions) {
            if (action->isCheckable()) {
                action->setChecked(action->data().toInt() == chosen);
            }
        }
    };
    check(m_tools.color->actions(), static_cast<int>(look.measure));
    for (QAction* action : m_tools.color->actions()) {
        if (action->menu() != nullptr) {
            check(action->menu()->actions(),
                  action->text().startsWith(QStringLiteral("Split"))   ? static_cast<int>(look.split)
                  : action->text().startsWith(QStringLiteral("Scale")) ? static_cast<int>(look.scale)
                                                                       : static_cast<int>(look.group));
        }
    }
    check(m_tools.projection->actions(), static_cast<int>(m_view.projection.kind));
    m_tools.flows->setChecked(m_layers.flows);
    m_tools.spills->setChecked(m_layers.spills);
    m_tools.isobars->setChecked(m_layers.isobars);
    m_tools.night->setChecked(m_layers.night);
    m_tools.rings->setChecked(ringsShown());
    m_tools.table->setChecked(tableShown());
    arrangeTools();
}

void MapView::enterFinder()
{
    m_tools.finder->show();
    m_tools.finder->setFocus(Qt::ShortcutFocusReason);
    arrangeTools();
}

void MapView::layersChanged()
{
    m_ranks.clear();
    updateTools();
    invalidateLayout();
    refreshBackdrop();
    updateFlowTimer();
    update();
}

void MapView::setFlowsShown(bool on)
{
    if (on != m_layers.flows) {
        m_layers.flows = on;
        layersChanged();
        Q_EMIT flowsShownChanged(on);
    }
}

void MapView::setSpillsShown(bool on)
{
    if (on != m_layers.spills) {
        m_layers.spills = on;
        layersChanged();
    }
}

void MapView::setIsobarsShown(bool on)
{
    if (on != m_layers.isobars) {
        m_layers.isobars = on;
        layersChanged();
        Q_EMIT isobarsShownChanged(on);
    }
}

void MapView::setNightShown(bool on)
{
    if (on != m_layers.night) {
        m_layers.night = on;
        layersChanged();
    }
}

void MapView::setRingsShown(bool on)
{
    if (on == ringsShown()) {
        return;
    }
    m_layers.latencyArea = -1;
    if (on && !m_scene->areas.empty()) {
        const auto largest =
            std::max_element(m_scene->areas.begin(), m_scene->areas.end(), [](const MapArea& a, const MapArea& b) {
                return a.requestsPerSecond < b.requestsPerSecond;
            });
        m_layers.latencyArea = largest->id;
    }
    layersChanged();
}

void MapView::setLook(const MapLook& look)
{
    if (look == m_layers.look) {
        return;
    }
    m_layers.look = look;
    if (tableShown()) {
        m_table->setScene(*m_scene, look.measure);
    }
    layersChanged();
}

void MapView::setProjection(ProjectionKind kind)
{
    if (kind == m_view.projection.kind) {
        return;
    }
    m_flight.stop();
    m_view = m_view.reprojected(kind);
    m_panel->hide();
    m_hovered = -1;
    poseMoved();
    layersChanged();
    Q_EMIT projectionChanged(kind);
}

void MapView::setFlowLimit(std::size_t limit)
{
    m_flowLimit = limit;
    layersChanged();
}

bool MapView::tableShown() const
{
    return m_table != nullptr && !m_table->isHidden();
}

void MapView::setTableShown(bool on)
{
    if (on == tableShown()) {
        return;
    }
    if (m_table == nullptr) {
        m_table = new MapTable(this);
        connect(m_table, &MapTable::markerActivated, this, &MapView::markerActivated);
    }
    m_panel->hide();
    m_table->setVisible(on);
    if (on) {
        m_table->setScene(*m_scene, m_layers.look.measure);
        m_table->selectMarker(m_focusedId);
        m_table->raise();
        m_table->setFocus();
    } else {
        setFocus();
    }
    updateTools();
    m_tools.row->raise();
}

void MapView::setPerformanceShown(bool on)
{
    if (on == performanceShown()) {
        return;
    }
    delete m_performance;
    m_performance = nullptr;
    if (on) {
        m_meter.reset();
        m_performance = new PerformanceMeter(m_meter, this);
        arrangeTools(); // below the buttons, however far to the left they reach
        m_performance->show();
    }
    Q_EMIT performanceShownChanged(on);
}

} // namespace isobar::ui

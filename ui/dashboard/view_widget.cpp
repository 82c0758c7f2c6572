// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_widget.h"

#include "ui/charts/mark_charts.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_chart.h"
#include "ui/session/session.h"
#include "ui/shell/theme.h"

#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

constexpr double kWideEnoughForFour = 1280, kWideEnoughForThree = 1000;

/// The entity of that key, as an id; nothing when there is none.
template <class Id, class Entities, class Key>
std::optional<Id> idOf(const Entities& entities, const QString& wanted, Key key)
{
    for (std::size_t i = 0; i < entities.size(); ++i) {
        if (QString::fromStdString(key(i)) == wanted) {
            return Id(i);
        }
    }
    return std::nullopt;
}

/// Takes the filter where it is not, and off where it is: a second click is the way back.
template <class T> void toggle(std::optional<T>& filter, std::optional<T> chosen)
{
    if (chosen) {
        filter = filter == chosen ? std::nullopt : chosen;
    }
}

struct Filters {
    Session& session;

    void provider(const QString& key) const
    {
        const Fleet& fleet = session.fleet();
        SelectionState state = session.selection().state();
        toggle(state.provider,
               idOf<ProviderId>(fleet.providers, key, [&](std::size_t i) { return fleet.providers[i].key; }));
        session.selection().set(state);
    }
    void model(const QString& name) const
    {
        SelectionState state = session.selection().state();
        setModel(state, name);
        session.selection().set(state);
    }
    void region(const QString& key) const
    {
        SelectionState state = session.selection().state();
        setRegion(state, key);
        session.selection().set(state);
    }
    void regionAndModel(const QString& region, const QString& model) const
    {
        SelectionState state = session.selection().state();
        const SelectionState before = state;
        state.regions.clear();
        state.model.reset();
        setRegion(state, region);
        setModel(state, model);
        if (state == before) { // a second click is the way back
            state.regions.clear();
            state.model.reset();
        }
        session.selection().set(state);
    }
    void area(const QString& name) const
    {
        const Fleet& fleet = session.fleet();
        SelectionState state = session.selection().state();
        toggle(state.area, idOf<AreaId>(fleet.areas, name, [&](std::size_t i) { return fleet.areas[i].name; }));
        session.selection().set(state);
    }
    void span(double fromUtc, double toUtc) const
    {
        const double start = static_cast<double>(session.timeAt(0).toMSecsSinceEpoch()) / 1000;
        SelectionState state = session.selection().state();
        // Whole seconds: history is kept in them.
        state.span = TimeSpan{static_cast<aggregate::SimMicros>(fromUtc - start) * aggregate::kMicrosPerSecond,
                              (static_cast<aggregate::SimMicros>(toUtc - start) + 1) * aggregate::kMicrosPerSecond};
        session.selection().set(state);
    }

private:
    void setRegion(SelectionState& state, const QString& key) const
    {
        const Fleet& fleet = session.fleet();
        if (const auto id =
                idOf<RegionId>(fleet.regions, key, [&](std::size_t i) { return regionKey(fleet, RegionId(i)); })) {
            const std::set<RegionId> chosen{*id};
            state.regions = state.regions == chosen ? std::set<RegionId>{} : chosen;
        }
    }
    void setModel(SelectionState& state, const QString& name) const
    {
        const Fleet& fleet = session.fleet();
        toggle(state.model, idOf<ModelId>(fleet.models, name, [&](std::size_t i) { return fleet.models[i].name; }));
    }
};

/// The share bars in a panel of their own.
class SharePanel : public QFrame {
public:
    explicit SharePanel(QWidget* parent)
        : QFrame(parent)
        , bars(new ShareBars)
    {
        setProperty("panel", true);
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(1, 4, 1, 1);
        bars->setFilling(true);
        column->addWidget(bars);
    }
    ShareBars* bars;
};

QString keyOf(const Fleet& fleet, std::optional<ProviderId> provider)
{
    return provider ? QString::fromStdString(fleet[*provider].key) : QString();
}

} // namespace

bool isOverTime(View view)
{
    return view == View::Throughput || view == View::ThroughputByModel || view == View::Spend ||
           view == View::SpendByModel || view == View::Latency;
}

bool isChart(View view)
{
    return view != View::Overview && view != View::Map && view != View::Summary;
}

std::vector<View> overviewCharts(double width)
{
    if (width >= kWideEnoughForFour) {
        return {View::Throughput, View::Latency, View::LoadSpread, View::Commitments};
    }
    return width >= kWideEnoughForThree ? std::vector{View::Throughput, View::Latency, View::LoadSpread}
                                        : std::vector{View::Throughput, View::Latency};
}

std::unique_ptr<MarkScene> markScene(View view, const ViewContext& context, QSizeF size)
{
    switch (view) {
    case View::LoadHeat:
        return heatMapScene(loadHeat(context), size);
    case View::LoadSpread:
        return lorenzScene(loadSpread(context), size);
    case View::Flows:
        return sankeyScene(flowsOf(context), size);
    case View::SpendTree:
        return treemapScene(spendTree(context), {}, size);
    case View::Commitments:
        return commitmentsScene(commitments(context), size);
    case View::Concentration:
        return concentrationScene(concentration(context), {}, size);
    default:
        return distributionScene(ttftHistogram(context), size);
    }
}

ViewWidget::ViewWidget(View view, Session& session, QWidget* parent)
    : m_view(view)
{
    const Filters filters{session};
    const auto own = [this, parent](auto* chart) {
        m_widget = chart;
        chart->setParent(parent);
        return chart;
    };
    if (isOverTime(view)) {
        auto* chart = own(new TimeChart);
        m_show = [chart, view](const ViewContext& context) { chart->setData(timeChart(view, context)); };
        Selection& selection = session.selection();
        QObject::connect(chart, &TimeChart::rangeBrushed, chart, [chart, filters](double from, double to) {
            filters.span(from, to);
            chart->clearBrush(); // the chart now shows what was brushed
        });
        QObject::connect(chart, &TimeChart::crosshairMoved, &selection,
                         [&selection](double at) { selection.setMoment(at); });
        QObject::connect(chart, &TimeChart::crosshairCleared, &selection, [&selection] { selection.setMoment({}); });
        QObject::connect(&selection, &Selection::momentChanged, chart, [chart, &selection] {
            selection.moment() ? chart->setCrosshair(*selection.moment()) : chart->clearCrosshair();
        });
        return;
    }
    switch (view) {
    case View::LoadHeat: {
        auto* chart = own(new HeatMapChart);
        m_show = [chart](const ViewContext& context) { chart->setData(loadHeat(context)); };
        QObject::connect(
            chart, &HeatMapChart::cellClicked, chart,
            [filters](const QString& region, const QString& model) { filters.regionAndModel(region, model); });
        break;
    }
    case View::LoadSpread: {
        auto* chart = own(new LorenzChart);
        m_show = [chart](const ViewContext& context) { chart->setData(loadSpread(context)); };
        QObject::connect(chart, &MarkChart::markClicked, chart, [filters](const QString& key) { filters.region(key); });
        break;
    }
    case View::Flows: {
        auto* chart = own(new SankeyChart);
        m_show = [chart](const ViewContext& context) { chart->setData(flowsOf(context)); };
        QObject::connect(chart, &SankeyChart::nodeClicked, chart, [filters](int column, const QString& key) {
            column == 0 ? filters.area(key) : column == 1 ? filters.provider(key) : filters.model(key);
        });
        break;
    }
    case View::SpendTree: {
        auto* chart = own(new TreemapChart);
        m_show = [chart](const ViewContext& context) { chart->setData(spendTree(context)); };
        QObject::connect(chart, &TreemapChart::leafClicked, chart, [filters](const QStringList& path) {
            if (path.size() == 3) {
                filters.regionAndModel(path[1], path[2]);
            }
        });
        break;
    }
    case View::Commitments: {
        auto* chart = own(new CommitmentsChart);
        m_show = [chart, &session](const ViewContext& context) {
            chart->setData(commitments(context));
            const QString key = keyOf(*context.fleet, context.selection.provider);
            chart->setSelectedKeys(key.isEmpty() ? QStringList() : QStringList(key));
        };
        QObject::connect(chart, &MarkChart::markClicked, chart,
                         [filters](const QString& key) { filters.provider(key); });
        break;
    }
    case View::Concentration: {
        auto* chart = own(new ConcentrationChart);
        m_show = [chart](const ViewContext& context) { chart->setData(concentration(context)); };
        break; // a click there asks "what if": it takes nothing out of view
    }
    case View::TtftDistribution: {
        auto* chart = own(new DistributionChart);
        m_show = [chart](const ViewContext& context) { chart->setData(ttftHistogram(context)); };
        break;
    }
    case View::Margin: {
        auto* panel = own(new SharePanel(nullptr));
        m_show = [panel](const ViewContext& context) {
            panel->bars->setData(marginByModel(context));
            const auto model = context.selection.model;
            panel->bars->setSelectedKey(model ? QString::fromStdString((*context.fleet)[*model].name) : QString());
        };
        QObject::connect(panel->bars, &ShareBars::rowClicked, panel,
                         [filters](const QString& key) { filters.model(key); });
        break;
    }
    default: {
        auto* panel = own(new SharePanel(nullptr));
        m_show = [panel](const ViewContext& context) {
            panel->bars->setData(providerShare(context));
            panel->bars->setSelectedKey(keyOf(*context.fleet, context.selection.provider));
        };
        QObject::connect(panel->bars, &ShareBars::rowClicked, panel,
                         [filters](const QString& key) { filters.provider(key); });
        break;
    }
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/live_rollup.h"
#include "model/engine/live_engine.h"
#include "model/fleet/places.h"
#include "model/query/query.h"
#include "ui/charts/chart_data.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/mark_data.h"
#include "ui/dashboard/kpi_targets.h"
#include "ui/map/map_scene.h"
#include "ui/session/compared_run.h"
#include "ui/session/selection.h"
#include "ui/shell/export_picture.h"

#include <QDateTime>
#include <QSet>

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

/// What every view shows, as a function of one context: the window, its exports and the command line all call these,
/// so they all show the same numbers.
namespace isobar::ui {

class Session;

enum class View {
    Overview,
    Map,
    Throughput,
    Latency,
    Share,
    ThroughputByModel,
    Spend,
    SpendByModel,
    TtftDistribution,
    LoadHeat,
    LoadSpread,
    Flows,
    SpendTree,
    Commitments,
    Concentration,
    Margin,
    Summary,
};
[[nodiscard]] std::span<const View> allViews();
[[nodiscard]] QString viewName(View view);  ///< "overview", as typed on the command line
[[nodiscard]] QString viewTitle(View view); ///< "Overview"
[[nodiscard]] std::optional<View> viewByName(const QString& name);

/// Everything a view depends on. Values and shared immutable data: it can outlive the session it was taken from.
struct ViewContext {
    std::shared_ptr<const Fleet> fleet;
    std::vector<Place> places;
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals; ///< of the range and the one before it
    std::shared_ptr<const aggregate::LiveRollUp> rollUp; ///< of the same run: peaks of long ranges; null = none drawn
    aggregate::History history;        ///< what they are of, asked where there is one: it has sums of long ranges
    std::vector<engine::Event> events; ///< what happened, marked on charts over time; may be left empty
    SelectionState selection;
    aggregate::SimMicros now = 0; ///< end of the range
    std::uint64_t seed = 0;
    std::string scenario;                            ///< it runs under; "" = the fleet as it stands
    std::shared_ptr<const ComparedStretch> compared; ///< where the selection compares with a recorded run
    KpiTargets targets = usualTargets();             ///< of the key figures

    /// Start of the range: the last selection.rangeSeconds, or all there is.
    [[nodiscard]] aggregate::SimMicros from() const;
    [[nodiscard]] QDateTime timeAt(aggregate::SimMicros at) const;
    /// "Simulated · scenario: Today · seed 42 · 14:00:00-14:05:00 UTC, 22 Nov 2026 · data 2026-11-22"
    [[nodiscard]] QString footer() const;
    [[nodiscard]] std::vector<query::Filter> filters() const; ///< of the selection
    [[nodiscard]] QSet<int> selectedPlaces() const;           ///< positions in `places`, the markers' ids
};

/// One line of "Balance".
struct BalanceFigure {
    QString name, value;
    bool trouble = false;
    QString explanation; ///< formula and source
};

/// Takes the context of a history at its end. `places` as gatherPlaces() gives them: too slow to gather at every frame.
[[nodiscard]] ViewContext contextOf(std::shared_ptr<const Fleet> fleet, std::vector<Place> places,
                                    const aggregate::History& history, const SelectionState& selection,
                                    std::uint64_t seed);

/// What is open, at the moment that is shown, with all that the views draw of it.
[[nodiscard]] ViewContext contextOf(Session& session, const KpiTargets& targets);

/// The range just before this one and as long; nothing where history does not reach back that far.
[[nodiscard]] std::optional<ViewContext> previousPeriod(const ViewContext& context);
/// The first and the second half of what is known of the range, cut at a whole second; nothing below two seconds.
[[nodiscard]] std::optional<std::pair<ViewContext, ViewContext>> halvesOf(const ViewContext& context);

/// What the selection sets the range against, as a context of its own: ask it what the range is asked.
struct ComparedWith {
    ViewContext context;     ///< its fleet may be another: join by names
    QString name;            ///< "previous 5 min", "run 3", "baseline (run 3)"
    double shiftSeconds = 0; ///< from its times to those of the range
};
/// The previous period, or the same times of a recorded run; nothing where the selection compares with nothing, or
/// nothing is known there, or what is filtered by does not exist there.
[[nodiscard]] std::optional<ComparedWith> comparedWith(const ViewContext& context);

/// The numbers behind a view. Where a filter narrows what a measure is not counted by (spend by service level), the
/// measure is undefined (NaN), not taken for the whole.
[[nodiscard]] Result<query::Table> viewTable(View view, const ViewContext& context);
/// What its CSV holds: viewTable(), or for commitments, concentration and distribution rows of their own.
[[nodiscard]] Result<std::string> viewCsv(View view, const ViewContext& context);

// What the widgets draw, built from the same tables.
[[nodiscard]] MapScene mapScene(const ViewContext& context);
/// Lines or stacked layers over time; for Throughput, ThroughputByModel, Spend, SpendByModel and Latency. Stacks have
/// at most `kMostLayers` layers and one for all others, so their top is the total.
[[nodiscard]] TimeChartData timeChart(View view, const ViewContext& context);
inline constexpr std::size_t kMostLayers = 8;
[[nodiscard]] TimeEvent::Kind eventKind(engine::Event::Kind kind); ///< how an event is marked
[[nodiscard]] TimeChartData throughputChart(const ViewContext& context);
[[nodiscard]] TimeChartData latencyChart(const ViewContext& context);
[[nodiscard]] HeatMapData loadHeat(const ViewContext& context); ///< utilization of region x model; keys are theirs
[[nodiscard]] DistributionData ttftHistogram(const ViewContext& context);
[[nodiscard]] LorenzData loadSpread(const ViewContext& context); ///< by region: busy chips over chips
[[nodiscard]] SankeyData flowsOf(const ViewContext& context);    ///< requests/s: user area, provider, model
[[nodiscard]] TreemapData spendTree(const ViewContext& context); ///< USD/d: provider, region, model or idle
[[nodiscard]] CommitmentsData commitments(const ViewContext& context);
[[nodiscard]] ConcentrationData concentration(const ViewContext& context);
[[nodiscard]] ShareData providerShare(const ViewContext& context);
/// USD/d of revenue by model, the highest first, with margin beside it; what earns nothing for want of a price is
/// named.
[[nodiscard]] ShareData marginByModel(const ViewContext& context);
/// How evenly the load lies: max / mean utilization, the worst demand to supply, Jain's index, N+1.
[[nodiscard]] std::vector<BalanceFigure> balanceFigures(const ViewContext& context);
/// The places with the highest utilization, hottest first; keys are marker ids.
[[nodiscard]] ShareData hottestPlaces(const MapScene& scene, std::size_t count);
[[nodiscard]] std::vector<KpiData> kpis(const ViewContext& context); ///< the six of the top row

/// Why a figure of kpis() is what it is, as rich text: formula, target, its parts by provider and their sum, source.
[[nodiscard]] QString kpiExplanation(std::size_t tile, const ViewContext& context);
/// How a figure of kpis() went over the range, with its target as a line.
[[nodiscard]] TimeChartData kpiCourse(std::size_t tile, const ViewContext& context);

/// The tooltip of a place on the map, as rich text.
[[nodiscard]] QString placeTooltip(const ViewContext& context, std::size_t place);

/// Draws a view as a picture of this logical size (background included). `record` is for painting beside the GUI thread.
void paintView(QPainter& painter, View view, const ViewContext& context, QSizeF size,
               const PlotRecorder& record = recordPlot);

enum class ExportFormat { Png, Svg, Pdf, Csv };
[[nodiscard]] std::optional<ExportFormat> exportFormatByName(const QString& name);

/// Where an export runs: on the GUI thread, unstopped, or in an ExportJob (export_job.h).
struct ExportPlace {
    PlotRecorder record = recordPlot;
    std::stop_token stop{};
};

/// The summary as one page of A4, landscape, in the light theme.
Status exportSummary(const QString& path, const ViewContext& context, const ExportPlace& place = {});

/// Writes a view to a file, whole or not at all. `scale` multiplies the pixels of a PNG.
Status exportView(View view, ExportFormat format, const QString& path, QSizeF size, double scale,
                  const ViewContext& context, const ExportPlace& place = {});

} // namespace isobar::ui

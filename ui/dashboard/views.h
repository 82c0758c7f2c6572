// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/live_engine.h"
#include "model/fleet/places.h"
#include "model/query/query.h"
#include "ui/charts/chart_data.h"
#include "ui/map/map_scene.h"
#include "ui/session/selection.h"
#include "ui/shell/export_picture.h"

#include <QDateTime>
#include <QSet>

#include <memory>
#include <optional>
#include <span>
#include <vector>

/// What every view shows, as a function of one context: the window, its exports and the command line all call these,
/// so they all show the same numbers.
namespace isobar::ui {

enum class View { Overview, Map, Throughput, Latency, Share };
[[nodiscard]] std::span<const View> allViews();
[[nodiscard]] QString viewName(View view);  ///< "overview", as typed on the command line
[[nodiscard]] QString viewTitle(View view); ///< "Overview"
[[nodiscard]] std::optional<View> viewByName(const QString& name);

/// Everything a view depends on. Values and shared immutable data: it can outlive the session it was taken from.
struct ViewContext {
    std::shared_ptr<const Fleet> fleet;
    std::vector<Place> places;
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals; ///< of the range and the one before it
    aggregate::History history; ///< what they are of, asked where there is one: it has sums of long ranges
    SelectionState selection;
    aggregate::SimMicros now = 0; ///< end of the range
    std::uint64_t seed = 0;

    /// Start of the range: the last selection.rangeSeconds, or all there is.
    [[nodiscard]] aggregate::SimMicros from() const;
    [[nodiscard]] QDateTime timeAt(aggregate::SimMicros at) const;
    /// "Simulated · seed 42 · 14:00:00-14:05:00 UTC, 22 Nov 2026 · data 2026-11-22"
    [[nodiscard]] QString footer() const;
    [[nodiscard]] std::vector<query::Filter> filters() const; ///< of the selection
    [[nodiscard]] QSet<int> selectedPlaces() const;           ///< positions in `places`, the markers' ids
};

/// Takes the context of a history at its end. `places` as gatherPlaces() gives them: too slow to gather at every frame.
[[nodiscard]] ViewContext contextOf(std::shared_ptr<const Fleet> fleet, std::vector<Place> places,
                                    const aggregate::History& history, const SelectionState& selection,
                                    std::uint64_t seed);

/// The numbers behind a view; what its CSV holds.
[[nodiscard]] Result<query::Table> viewTable(View view, const ViewContext& context);

// What the widgets draw, built from the same tables.
[[nodiscard]] MapScene mapScene(const ViewContext& context);
[[nodiscard]] TimeChartData throughputChart(const ViewContext& context);
[[nodiscard]] TimeChartData latencyChart(const ViewContext& context);
[[nodiscard]] ShareData providerShare(const ViewContext& context);
/// The places with the highest utilization, hottest first; keys are marker ids.
[[nodiscard]] ShareData hottestPlaces(const MapScene& scene, std::size_t count);
[[nodiscard]] std::vector<KpiData> kpis(const ViewContext& context); ///< the six of the top row

/// The tooltip of a place on the map, as rich text.
[[nodiscard]] QString placeTooltip(const ViewContext& context, std::size_t place);

/// Draws a view as a picture of this logical size (background included).
void paintView(QPainter& painter, View view, const ViewContext& context, QSizeF size);

enum class ExportFormat { Png, Svg, Pdf, Csv };
[[nodiscard]] std::optional<ExportFormat> exportFormatByName(const QString& name);

/// Writes a view to a file, whole or not at all. `scale` multiplies the pixels of a PNG.
Status exportView(View view, ExportFormat format, const QString& path, QSizeF size, double scale,
                  const ViewContext& context);

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_paint.h"
#include "ui/charts/event_marks.h"
#include "ui/charts/prepared_series.h"

#include <QSize>
#include <QStringList>

class QCustomPlot;

/// How a QCustomPlot looks here: the one place that styles it, for the window and for export.
namespace isobar::ui {

/// Fills and styles `plot` (axes, grid, graphs, target line) for a plot area of `size` pixels in the theme in force.
/// Replaces every graph; items on the layer "hover" stay. Does not replot. Lines are one pixel wide, because wider
/// antialiased ones cost hundreds of times more.
void fillTimePlot(QCustomPlot& plot, const PreparedChart& chart, const TimeChartData& data, QSize size);

/// What happened in the range shown, gathered for a plot area so many pixels wide.
[[nodiscard]] std::vector<EventGroup> eventsShown(const PreparedChart& chart, const TimeChartData& data, int plotWidth);

/// Title, units and legend above the plot; series and bands named in `hidden` are struck out.
[[nodiscard]] ChartHeader timeHeader(const TimeChartData& data, double width, int maxLegendRows,
                                     const QStringList& hidden = {});

/// Layer for what follows the mouse; buffered, so that it repaints without the graphs.
inline constexpr char kHoverLayer[] = "hover";

} // namespace isobar::ui

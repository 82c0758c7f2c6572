// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/charts/mark_scene.h"
#include "ui/charts/prepared_series.h"

#include <QPainter>
#include <QPicture>
#include <QSizeF>
#include <functional>
#include <memory>

/// The charts as pictures, for a file or paper: the same painters as on screen, in the theme in force, as vectors.
/// `size` is in logical pixels from the painter's origin; `footer` says where the numbers are from (seed, range, data
/// date) and stands below the panel; without one the panel fills the size, as a part of a page. On any thread, but
/// for the recording of plots; needs a QApplication (the offscreen platform will do).
namespace isobar::ui {

/// Records the plot of a chart over time, without title and legend. QCustomPlot is a widget: GUI thread only.
[[nodiscard]] QPicture recordPlot(const PreparedChart& chart, const TimeChartData& data, QSize size);
/// How a painter beside the GUI thread gets at a plot: by recordPlot() on that thread.
using PlotRecorder = std::function<QPicture(const PreparedChart&, const TimeChartData&, QSize)>;

void paintTimeChart(QPainter& painter, QSizeF size, const TimeChartData& data, const QString& footer,
                    const PlotRecorder& record = recordPlot);
void paintPercentileChart(QPainter& painter, QSizeF size, const PercentileChartData& data, const QString& footer);
/// A chart made of marks: `makeScene` is a scene of mark_scene.h for its data, or MarkChart::makeScene as it stands.
void paintMarkChart(QPainter& painter, QSizeF size, const std::function<std::unique_ptr<MarkScene>(QSizeF)>& makeScene,
                    const QString& footer);
/// One panel with several sections below each other.
void paintShareBars(QPainter& painter, QSizeF size, const std::vector<ShareData>& sections, const QString& footer);

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

#include <QPainter>
#include <QSizeF>

/// The charts as pictures, for a file or paper: the same painters as on screen, in the theme in force, as vectors.
/// `size` is in logical pixels from the painter's origin; `footer` says where the numbers are from (seed, range, data
/// date) and stands below the panel; without one the panel fills the size, as a part of a page. Main thread only; needs
/// a QApplication (the offscreen platform will do).
namespace isobar::ui {

void paintTimeChart(QPainter& painter, QSizeF size, const TimeChartData& data, const QString& footer);
void paintPercentileChart(QPainter& painter, QSizeF size, const PercentileChartData& data, const QString& footer);
/// One panel with several sections below each other.
void paintShareBars(QPainter& painter, QSizeF size, const std::vector<ShareData>& sections, const QString& footer);

} // namespace isobar::ui

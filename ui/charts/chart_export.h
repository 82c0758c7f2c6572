// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/charts/mark_scene.h"

#include <QPainter>
#include <QSizeF>
#include <functional>
#include <memory>

/// The charts as pictures, for a file or paper: the same painters as on screen, in the theme in force, as vectors.
/// `size` is in logical pixels from the painter's origin; `footer` says where the numbers are from (seed, range, data
/// date) and stands below the panel; without one the panel fills the size, as a part of a page. Main thread only; needs
/// a QApplication (the offscreen platform will do).
namespace isobar::ui {

void paintTimeChart(QPainter& painter, QSizeF size, const TimeChartData& data, const QString& footer);
void paintPercentileChart(QPainter& painter, QSizeF size, const PercentileChartData& data, const QString& footer);
/// A chart made of marks: `makeScene` is a scene of mark_scene.h for its data, or MarkChart::makeScene as it stands.
void paintMarkChart(QPainter& painter, QSizeF size, const std::function<std::unique_ptr<MarkScene>(QSizeF)>& makeScene,
                    const QString& footer);
/// One panel with several sections below each other.
void paintShareBars(QPainter& painter, QSizeF size, const std::vector<ShareData>& sections, const QString& footer);

} // namespace isobar::ui

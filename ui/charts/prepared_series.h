// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

/// What a time chart really draws: sorted, trimmed to the range shown, stacked. Pure; the window, the tooltip and every
/// export start from the same values.
namespace isobar::ui {

struct PreparedSeries {
    QString name;
    QColor color;
    bool dashed = false;
    QVector<double> times;
    QVector<double> values;                ///< as drawn: in a stack the sum up to and with this series; NaN = gap
    QVector<double> loneTimes, loneValues; ///< samples between two gaps, which no line would show
};

struct PreparedChart {
    std::vector<PreparedSeries> series;
    bool stacked = false;
    double from = 0, to = 1;
    double low = 0, high = 0; ///< extent of what is drawn, the target included
    bool empty = true;        ///< no finite value in the range
};

/// O(samples) for series on one time grid; stacks on differing grids are interpolated onto their union.
[[nodiscard]] PreparedChart prepareChart(const TimeChartData& data);

/// The value of `series` at a time as given (not stacked): a sample or the straight line between two; NaN in gaps and
/// outside.
[[nodiscard]] double valueAt(const TimeSeries& series, double time);

/// The time of the sample of `chart` nearest to `time`; NaN without samples.
[[nodiscard]] double nearestSampleTime(const PreparedChart& chart, double time);

} // namespace isobar::ui

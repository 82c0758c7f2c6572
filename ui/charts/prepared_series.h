// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

/// What a time chart really draws: sorted, trimmed to the range shown, stacked. Pure; the window, the tooltip and every
/// export start from the same values.
namespace isobar::ui {

struct PreparedSeries {
    QString name;
    QColor color;
    bool dashed = false, ghost = false, rightAxis = false;
    bool stacked = false; ///< one of the layers of a stack
    QVector<double> times;
    QVector<double> values;                ///< as drawn: in a stack the sum up to and with this series; NaN = gap
    QVector<double> loneTimes, loneValues; ///< samples between two gaps, which no line would show
};

struct PreparedBand {
    QString name;
    QColor color;
    QVector<double> times, low, high; ///< NaN in both = gap
};

struct PreparedChart {
    std::vector<PreparedSeries> series;
    std::vector<PreparedBand> bands;
    bool stacked = false;
    double from = 0, to = 1;
    double low = 0, high = 0; ///< extent of what is drawn, the target included; of the left axis
    double rightLow = 0, rightHigh = 0;
    bool hasRight = false; ///< something is measured on the right axis
    bool empty = true;     ///< no finite value in the range
};

/// O(samples) for series on one time grid; stacks on differing grids are interpolated onto their union.
[[nodiscard]] PreparedChart prepareChart(const TimeChartData& data);

/// The value of `series` at a time as given (not stacked): a sample or the straight line between two; NaN in gaps and
/// outside.
[[nodiscard]] double valueAt(const TimeSeries& series, double time);

/// The height at which `series` is drawn at a time; NaN in gaps and outside.
[[nodiscard]] double heightAt(const PreparedSeries& series, double time);
[[nodiscard]] double heightAt(const QVector<double>& times, const QVector<double>& values, double time);

struct Samples {
    QVector<double> times, values;
};

/// Fewer samples that draw alike, one pass for both. `line`: of each of `columns` equal steps of [from, to] the first,
/// lowest, highest and last one, in order, so that no spike is lost; a gap within a column is kept as one; at most
/// 5 × (columns + 2). `middle`: one a column, midway between the lowest and the highest: where an area ends under a
/// line that is drawn on top of it; a column with a gap is a gap. Samples that are few already, at most four a column,
/// come back as they are. O(samples), about 1 ns each.
struct Outline {
    Samples line, middle;
};
[[nodiscard]] Outline outlineOf(const QVector<double>& times, const QVector<double>& values, double from, double to,
                                int columns);

/// The time of the sample of `chart` nearest to `time`; NaN without samples.
[[nodiscard]] double nearestSampleTime(const PreparedChart& chart, double time);

} // namespace isobar::ui

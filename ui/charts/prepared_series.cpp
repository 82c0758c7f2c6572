// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/prepared_series.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

namespace isobar::ui {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Linear between samples; `outside` beyond the ends. `times` ascend.
double interpolated(const QVector<double>& times, const QVector<double>& values, double time, double outside)
{
    const auto it = std::lower_bound(times.begin(), times.end(), time);
    if (it == times.end()) {
        return outside;
    }
    const qsizetype i = it - times.begin();
    if (*it == time) {
        return values[i];
    }
    if (i == 0) {
        return outside;
    }
    const double share = (time - times[i - 1]) / (times[i] - times[i - 1]);
    return values[i - 1] + (values[i] - values[i - 1]) * share;
}

/// The samples of one series, ascending, without unusable times, anything not finite as NaN.
void copySorted(const TimeSeries& in, PreparedSeries& out)
{
    const qsizetype n = std::min(in.times.size(), in.values.size());
    std::vector<qsizetype> order;
    order.reserve(static_cast<std::size_t>(n));
    for (qsizetype i = 0; i < n; ++i) {
        if (std::isfinite(in.times[i])) {
            order.push_back(i);
        }
    }
    const auto earlier = [&in](qsizetype a, qsizetype b) { return in.times[a] < in.times[b]; };
    if (!std::is_sorted(order.begin(), order.end(), earlier)) {
        std::stable_sort(order.begin(), order.end(), earlier);
    }
    out.times.reserve(static_cast<qsizetype>(order.size()));
    out.values.reserve(static_cast<qsizetype>(order.size()));
    for (const qsizetype i : order) {
        out.times.append(in.times[i]);
        out.values.append(std::isfinite(in.values[i]) ? in.values[i] : kNaN);
    }
}

/// Cuts at the edges of the range, on the line rather than at a sample: an SVG does not clip what hangs over.
void trim(PreparedSeries& s, double from, double to)
{
    const auto first = std::lower_bound(s.times.begin(), s.times.end(), from);
    const auto last = std::upper_bound(s.times.begin(), s.times.end(), to);
    QVector<double> times, values;
    times.reserve(last - first + 2);
    values.reserve(last - first + 2);
    const auto edge = [&](double at) {
        const double value = interpolated(s.times, s.values, at, kNaN);
        if (std::isfinite(value)) {
            times.append(at);
            values.append(value);
        }
    };
    if (first != s.times.end() && *first > from) {
        edge(from);
    }
    for (auto it = first; it < last; ++it) {
        times.append(*it);
        values.append(s.values[it - s.times.begin()]);
    }
    if (last != s.times.begin() && *std::prev(last) < to) {
        edge(to);
    }
    s.times = std::move(times);
    s.values = std::move(values);
}

void stack(std::vector<PreparedSeries>& series)
{
    const bool oneGrid = std::all_of(series.begin(), series.end(),
                                     [&series](const PreparedSeries& s) { return s.times == series.front().times; });
    if (!oneGrid) {
        QVector<double> grid;
        for (const PreparedSeries& s : series) {
            QVector<double> both;
            both.reserve(grid.size() + s.times.size());
            std::set_union(grid.begin(), grid.end(), s.times.begin(), s.times.end(), std::back_inserter(both));
            grid = std::move(both);
        }
        grid.erase(std::unique(grid.begin(), grid.end()), grid.end());
        for (PreparedSeries& s : series) {
            QVector<double> values;
            values.reserve(grid.size());
            for (const double t : grid) {
                values.append(interpolated(s.times, s.values, t, 0)); // not there yet, or not any more: nothing
            }
            s.times = grid;
            s.values = std::move(values);
        }
    }
    // A gap in one layer makes the sum unknown, in every layer: a stack that closed over it would understate the total.
    const qsizetype n = series.front().times.size();
    for (qsizetype i = 0; i < n; ++i) {
        double sum = 0;
        for (const PreparedSeries& s : series) {
            sum += s.values[i];
        }
        double below = std::isfinite(sum) ? 0 : kNaN;
        for (PreparedSeries& s : series) {
            below += s.values[i];
            s.values[i] = below;
        }
    }
}

void findLoneSamples(PreparedSeries& s)
{
    const qsizetype n = s.values.size();
    const auto gap = [&s, n](qsizetype i) { return i < 0 || i >= n || std::isnan(s.values[i]); };
    for (qsizetype i = 0; i < n; ++i) {
        if (!gap(i) && gap(i - 1) && gap(i + 1)) {
            s.loneTimes.append(s.times[i]);
            s.loneValues.append(s.values[i]);
        }
    }
}

} // namespace

PreparedChart prepareChart(const TimeChartData& data)
{
    PreparedChart chart;
    chart.stacked = data.stacked;
    double first = std::numeric_limits<double>::infinity(), last = -first;
    for (const TimeSeries& in : data.series) {
        PreparedSeries out;
        out.name = in.name, out.color = in.color, out.dashed = in.dashed;
        copySorted(in, out);
        if (!out.times.isEmpty()) {
            first = std::min(first, out.times.front());
            last = std::max(last, out.times.back());
        }
        chart.series.push_back(std::move(out));
    }
    chart.from = data.from, chart.to = data.to;
    if (!(chart.to > chart.from) || !std::isfinite(chart.to - chart.from)) {
        chart.from = first <= last ? first : 0;
        chart.to = first <= last ? last : 1;
    }
    if (chart.from == chart.to) { // one sample: a minute around it
        chart.from -= 30, chart.to += 30;
    }
    for (PreparedSeries& s : chart.series) {
        trim(s, chart.from, chart.to);
    }
    if (chart.stacked && !chart.series.empty()) {
        stack(chart.series);
    }
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (PreparedSeries& s : chart.series) {
        findLoneSamples(s);
        for (const double v : s.values) {
            if (!std::isnan(v)) {
                low = std::min(low, v), high = std::max(high, v);
            }
        }
    }
    chart.empty = !(low <= high);
    if (!chart.empty) {
        if (data.target && std::isfinite(*data.target)) {
            // A little beyond the target, so that its line is not the frame and its words find room.
            const double room = 0.12 * std::max(std::abs(*data.target - low), std::abs(high - *data.target));
            low = std::min(low, *data.target), high = std::max(high, *data.target + room);
        }
        chart.low = low, chart.high = high;
    }
    return chart;
}

double valueAt(const TimeSeries& series, double time)
{
    if (series.times.size() != series.values.size()) {
        return kNaN;
    }
    const double value = interpolated(series.times, series.values, time, kNaN);
    return std::isfinite(value) ? value : kNaN;
}

double nearestSampleTime(const PreparedChart& chart, double time)
{
    double best = kNaN;
    for (const PreparedSeries& s : chart.series) {
        const auto it = std::lower_bound(s.times.begin(), s.times.end(), time);
        for (const auto candidate : {it, it == s.times.begin() ? it : std::prev(it)}) {
            if (candidate != s.times.end() && !(std::abs(*candidate - time) >= std::abs(best - time))) {
                best = *candidate;
            }
        }
    }
    return best;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/prepared_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

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

bool ascending(const QVector<double>& times)
{
    return std::adjacent_find(times.begin(), times.end(), [](double a, double b) { return !(a <= b); }) ==
               times.end() &&
           (times.isEmpty() || (std::isfinite(times.front()) && std::isfinite(times.back())));
}

/// The samples of one series, ascending, without unusable times, anything not finite as NaN. What is in order already
/// is shared, not copied.
void copySorted(const QVector<double>& times, const QVector<double>& values, PreparedSeries& out)
{
    if (times.size() == values.size() && ascending(times)) {
        out.times = times;
        out.values = values;
        if (std::any_of(values.begin(), values.end(), [](double v) { return std::isinf(v); })) {
            std::replace_if(
                out.values.begin(), out.values.end(), [](double v) { return std::isinf(v); }, kNaN);
        }
        return;
    }
    const qsizetype n = std::min(times.size(), values.size());
    std::vector<qsizetype> order;
    order.reserve(static_cast<std::size_t>(n));
    for (qsizetype i = 0; i < n; ++i) {
        if (std::isfinite(times[i])) {
            order.push_back(i);
        }
    }
    const auto earlier = [&times](qsizetype a, qsizetype b) { return times[a] < times[b]; };
    if (!std::is_sorted(order.begin(), order.end(), earlier)) {
        std::stable_sort(order.begin(), order.end(), earlier);
    }
    out.times.reserve(static_cast<qsizetype>(order.size()));
    out.values.reserve(static_cast<qsizetype>(order.size()));
    for (const qsizetype i : order) {
        out.times.append(times[i]);
        out.values.append(std::isfinite(values[i]) ? values[i] : kNaN);
    }
}

/// Cuts at the edges of the range, on the line rather than at a sample: an SVG does not clip what hangs over.
void trim(PreparedSeries& s, double from, double to)
{
    if (s.times.isEmpty() || (s.times.front() >= from && s.times.back() <= to)) {
        return;
    }
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

void stack(const std::vector<PreparedSeries*>& series)
{
    const bool oneGrid = std::all_of(series.begin(), series.end(),
                                     [&series](const PreparedSeries* s) { return s->times == series.front()->times; });
    if (!oneGrid) {
        QVector<double> grid;
        for (const PreparedSeries* s : series) {
            QVector<double> both;
            both.reserve(grid.size() + s->times.size());
            std::set_union(grid.begin(), grid.end(), s->times.begin(), s->times.end(), std::back_inserter(both));
            grid = std::move(both);
        }
        grid.erase(std::unique(grid.begin(), grid.end()), grid.end());
        for (PreparedSeries* s : series) {
            QVector<double> values;
            values.reserve(grid.size());
            for (const double t : grid) {
                values.append(interpolated(s->times, s->values, t, 0)); // not there yet, or not any more: nothing
            }
            s->times = grid;
            s->values = std::move(values);
        }
    }
    // A gap in one layer makes the sum unknown, in every layer: a stack that closed over it would understate the total.
    const qsizetype n = series.front()->times.size();
    for (qsizetype i = 0; i < n; ++i) {
        double sum = 0;
        for (const PreparedSeries* s : series) {
            sum += s->values[i];
        }
        double below = std::isfinite(sum) ? 0 : kNaN;
        for (PreparedSeries* s : series) {
            below += s->values[i];
            s->values[i] = below;
        }
    }
}

struct Extent {
    double low = std::numeric_limits<double>::infinity(), high = -low;

    void take(const QVector<double>& values)
    {
        for (const double v : values) {
            if (!std::isnan(v)) {
                low = std::min(low, v), high = std::max(high, v);
            }
        }
    }
    [[nodiscard]] bool any() const { return low <= high; }
};

void findLoneSamples(PreparedSeries& s)
{
    const QVector<double>& values = std::as_const(s.values);
    const qsizetype n = values.size();
    const auto gap = [&values, n](qsizetype i) { return i < 0 || i >= n || std::isnan(values[i]); };
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
        out.name = in.name, out.color = in.color, out.dashed = in.dashed, out.ghost = in.ghost,
        out.rightAxis = in.rightAxis;
        out.stacked = data.stacked && !in.ghost && !in.rightAxis;
        copySorted(in.times, in.values, out);
        if (!out.times.isEmpty()) {
            first = std::min(first, out.times.front());
            last = std::max(last, out.times.back());
        }
        chart.series.push_back(std::move(out));
    }
    std::vector<std::pair<PreparedSeries, PreparedSeries>> bands;
    for (const TimeBand& in : data.bands) {
        auto& [low, high] = bands.emplace_back();
        copySorted(in.times, in.low, low);
        copySorted(in.times, in.high, high);
        if (!low.times.isEmpty()) {
            first = std::min(first, low.times.front());
            last = std::max(last, low.times.back());
        }
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
    std::vector<PreparedSeries*> layers;
    for (PreparedSeries& s : chart.series) {
        if (s.stacked) {
            layers.push_back(&s);
        }
    }
    if (!layers.empty()) {
        stack(layers);
    }
    Extent left, right;
    for (std::size_t i = 0; i < bands.size(); ++i) {
        auto& [low, high] = bands[i];
        trim(low, chart.from, chart.to);
        trim(high, chart.from, chart.to);
        // Where only one end is known there is no band.
        const qsizetype n = std::min(low.values.size(), high.values.size());
        for (qsizetype k = 0; k < n; ++k) {
            if (std::isnan(low.values[k]) != std::isnan(high.values[k])) {
                low.values[k] = high.values[k] = kNaN;
            }
        }
        left.take(low.values);
        left.take(high.values);
        chart.bands.push_back(
            {data.bands[i].name, data.bands[i].color, low.times, low.values.mid(0, n), high.values.mid(0, n)});
    }
    for (PreparedSeries& s : chart.series) {
        findLoneSamples(s);
        (s.rightAxis ? right : left).take(s.values);
    }
    chart.hasRight = right.any();
    if (chart.hasRight) {
        chart.rightLow = right.low, chart.rightHigh = right.high;
        if (!left.any()) {
            left.low = 0, left.high = 1;
        }
    }
    double low = left.low, high = left.high;
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

double heightAt(const QVector<double>& times, const QVector<double>& values, double time)
{
    const double value = interpolated(times, values, time, kNaN);
    return std::isfinite(value) ? value : kNaN;
}

double heightAt(const PreparedSeries& series, double time)
{
    return heightAt(series.times, series.values, time);
}

Samples envelope(const QVector<double>& times, const QVector<double>& values, double from, double to, int columns)
{
    const qsizetype n = times.size();
    if (columns < 1 || !(to > from) || n <= 4 * static_cast<qsizetype>(columns)) {
        return {times, values};
    }
    Samples out;
    out.times.reserve(5 * (columns + 2));
    out.values.reserve(5 * (columns + 2));
    const double scale = columns / (to - from);
    const auto put = [&](qsizetype i) {
        out.times.append(times[i]);
        out.values.append(values[i]);
    };
    for (qsizetype i = 0; i < n;) {
        const double column = std::floor((times[i] - from) * scale);
        qsizetype first = -1, lowest = -1, highest = -1, last = -1, gap = -1, end = i;
        for (; end < n && std::floor((times[end] - from) * scale) <= column; ++end) {
            const double v = values[end];
            if (std::isnan(v)) {
                gap = end;
                continue;
            }
            first = first < 0 ? end : first;
            lowest = lowest < 0 || v < values[lowest] ? end : lowest;
            highest = highest < 0 || v > values[highest] ? end : highest;
            last = end;
        }
        std::array<qsizetype, 5> kept{first, lowest, highest, last, gap};
        std::sort(kept.begin(), kept.end());
        qsizetype previous = -1;
        for (const qsizetype k : kept) {
            if (k > previous) {
                put(k);
                previous = k;
            }
        }
        i = end;
    }
    return out;
}

Samples middleLine(const QVector<double>& times, const QVector<double>& values, double from, double to, int columns)
{
    const qsizetype n = times.size();
    if (columns < 1 || !(to > from) || n <= 4 * static_cast<qsizetype>(columns)) {
        return {times, values};
    }
    Samples out;
    const double scale = columns / (to - from);
    for (qsizetype i = 0; i < n;) {
        const double column = std::floor((times[i] - from) * scale);
        double low = std::numeric_limits<double>::infinity(), high = -low;
        qsizetype end = i;
        for (; end < n && std::floor((times[end] - from) * scale) <= column; ++end) {
            low = std::isnan(values[end]) ? kNaN : std::min(values[end], low);
            high = std::max(high, values[end]);
        }
        // The first and the last one reach the edges.
        out.times.append(i == 0 ? times[0] : end == n ? times[n - 1] : (times[i] + times[end - 1]) / 2);
        out.values.append((low + high) / 2);
        i = end;
    }
    return out;
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

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
    const double* const at = times.constData();
    bool falls = false;
    for (qsizetype i = 1; i < times.size(); ++i) { // to the end whatever is found: the compiler makes it a few at once
        falls |= !(at[i - 1] <= at[i]);
    }
    return !falls && (times.isEmpty() || (std::isfinite(times.front()) && std::isfinite(times.back())));
}

/// What charts ask of a stretch of values.
struct Scan {
    double low = std::numeric_limits<double>::infinity(), high = -low; ///< of those that are numbers
    bool odd = false;                                                  ///< one is not finite

    [[nodiscard]] bool any() const { return low <= high; }
    void take(const Scan& other)
    {
        low = std::min(low, other.low), high = std::max(high, other.high);
        odd = odd || other.odd;
    }
};

/// O(values), in four chains: none waits for the one before.
Scan scan(const double* values, qsizetype n)
{
    constexpr qsizetype kChains = 4;
    constexpr double kFar = std::numeric_limits<double>::infinity();
    std::array<double, kChains> low{kFar, kFar, kFar, kFar}, high{-kFar, -kFar, -kFar, -kFar}, rest{};
    qsizetype i = 0;
    for (; i + kChains <= n; i += kChains) {
        for (qsizetype k = 0; k < kChains; ++k) {
            const double v = values[i + k];
            const auto c = static_cast<std::size_t>(k);
            low[c] = v < low[c] ? v : low[c];
            high[c] = v > high[c] ? v : high[c];
            rest[c] += v - v; // 0, or NaN for what is not finite
        }
    }
    Scan found;
    for (; i < n; ++i) {
        rest[0] += values[i] - values[i];
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
    }
    for (std::size_t c = 0; c < low.size(); ++c) {
        found.take({low[c], high[c], std::isnan(rest[c])});
    }
    return found;
}

Scan scan(const QVector<double>& values)
{
    return scan(values.constData(), values.size());
}

/// The samples of one series, ascending, without unusable times, anything not finite as NaN. What is in order already
/// is shared, not copied.
void copySorted(const QVector<double>& times, const QVector<double>& values, PreparedSeries& out)
{
    if (times.size() == values.size() && ascending(times)) {
        out.times = times;
        out.values = values;
        if (const Scan found = scan(values); std::isinf(found.low) || std::isinf(found.high)) {
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
    const qsizetype n = series.front()->times.size();
    for (std::size_t layer = 1; layer < series.size(); ++layer) {
        const double* const below = std::as_const(*series[layer - 1]).values.constData();
        const double* const own = std::as_const(*series[layer]).values.constData();
        QVector<double> sum(n);
        double* const out = sum.data();
        for (qsizetype i = 0; i < n; ++i) {
            out[i] = below[i] + own[i];
        }
        series[layer]->values = std::move(sum);
    }
    // A gap in one layer makes the sum unknown, in every layer: a stack that closed over it would understate the total.
    if (!scan(series.back()->values).odd) {
        return;
    }
    const QVector<double> top = series.back()->values;
    for (PreparedSeries* s : series) {
        for (qsizetype i = 0; i < n; ++i) {
            if (!std::isfinite(top[i])) {
                s->values[i] = kNaN;
            }
        }
    }
}

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

/// The end of the samples of the column that the one at `begin` lies in: in steps that double, then by halves, because
/// columns hold about equally many.
qsizetype endOfColumn(const double* times, qsizetype begin, qsizetype n, double from, double scale)
{
    const double next = std::floor((times[begin] - from) * scale) + 1;
    const auto inside = [&](double time) { return (time - from) * scale < next; };
    qsizetype last = begin, step = 1;
    while (last + step < n && inside(times[last + step])) {
        last += step;
        step *= 2;
    }
    return std::partition_point(times + last, times + std::min(last + step, n), inside) - times;
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
    Scan left, right;
    for (std::size_t i = 0; i < bands.size(); ++i) {
        auto& [low, high] = bands[i];
        trim(low, chart.from, chart.to);
        trim(high, chart.from, chart.to);
        // Where only one end is known there is no band.
        const qsizetype n = std::min(low.values.size(), high.values.size());
        if (scan(low.values).odd || scan(high.values).odd) {
            for (qsizetype k = 0; k < n; ++k) {
                if (std::isnan(low.values[k]) != std::isnan(high.values[k])) {
                    low.values[k] = high.values[k] = kNaN;
                }
            }
        }
        left.take(scan(low.values));
        left.take(scan(high.values));
        chart.bands.push_back(
            {data.bands[i].name, data.bands[i].color, low.times, low.values.mid(0, n), high.values.mid(0, n)});
    }
    for (PreparedSeries& s : chart.series) {
        const Scan found = scan(s.values);
        if (found.odd || s.values.size() == 1) { // between numbers no sample is alone
            findLoneSamples(s);
        }
        (s.rightAxis ? right : left).take(found);
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

Outline outlineOf(const QVector<double>& times, const QVector<double>& values, double from, double to, int columns)
{
    const qsizetype n = std::min(times.size(), values.size());
    if (columns < 1 || !(to > from) || n <= 4 * static_cast<qsizetype>(columns)) {
        return {{times, values}, {times, values}};
    }
    Outline out;
    for (Samples* samples : {&out.line, &out.middle}) {
        const qsizetype most = (samples == &out.line ? 5 : 1) * (static_cast<qsizetype>(columns) + 2);
        samples->times.reserve(most);
        samples->values.reserve(most);
    }
    const double* const at = times.constData();
    const double* const value = values.constData();
    const double scale = columns / (to - from);
    std::array<qsizetype, 5> kept{};
    for (qsizetype begin = 0, end = 0; begin < n; begin = end) {
        end = endOfColumn(at, begin, n, from, scale);
        const Scan found = scan(value + begin, end - begin);
        const auto first = [&](double wanted) { return std::find(value + begin, value + end, wanted) - value; };
        std::size_t count = 0;
        if (found.any()) {
            const qsizetype lowest = first(found.low), highest = first(found.high);
            kept = {begin, std::min(lowest, highest), std::max(lowest, highest), end - 1};
            count = 4;
        }
        if (found.odd) {
            const auto isGap = [value](qsizetype i) { return !std::isfinite(value[i]); };
            qsizetype gap = end - 1;
            while (!isGap(gap)) {
                --gap;
            }
            if (found.any()) { // the first and the last are those that are known
                for (; isGap(kept[0]); ++kept[0]) {
                }
                for (; isGap(kept[3]); --kept[3]) {
                }
            }
            kept[count++] = gap;
            std::sort(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(count));
        }
        qsizetype previous = -1;
        for (std::size_t k = 0; k < count; ++k) {
            if (kept[k] > previous) {
                previous = kept[k];
                out.line.times.append(at[previous]);
                out.line.values.append(value[previous]);
            }
        }
        // The first and the last one reach the edges.
        out.middle.times.append(begin == 0 ? at[0] : end == n ? at[n - 1] : (at[begin] + at[end - 1]) / 2);
        out.middle.values.append(found.odd ? kNaN : (found.low + found.high) / 2);
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

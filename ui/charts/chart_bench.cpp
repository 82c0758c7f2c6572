// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_bench.h"

#include "model/fleet/process_clock.h"
#include "ui/charts/time_chart.h"
#include "ui/shell/theme.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QGridLayout>
#include <QImage>

#include <algorithm>
#include <cmath>
#include <random>

namespace isobar::ui {
namespace {

constexpr int kCharts = 6;
constexpr double kStart = 1795348800;

/// Noise around a daily wave with a spike now and then: what decimation finds hardest.
QVector<double> wave(int samples, double level, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 0.08);
    QVector<double> values(samples);
    for (int i = 0; i < samples; ++i) {
        values[i] = level + 0.3 * std::sin(i * 12.56 / samples) + noise(random) + (random() % 5000 == 0 ? 1.5 : 0);
    }
    return values;
}

/// The samples of a chart are shared by its series: `samples` in all.
TimeChartData chartOf(int kind, int samples)
{
    static const char* const kKeys[] = {"azure", "gcp", "aws"};
    TimeChartData data;
    data.title = QStringLiteral("Chart");
    data.stacked = kind % 3 == 1;
    const int series = kind % 3 == 0 ? 1 : kind % 3 == 1 ? 3 : 2;
    const int each = samples / series;
    QVector<double> times(each);
    for (int i = 0; i < each; ++i) {
        times[i] = kStart + 86400.0 * i / each;
    }
    if (kind % 3 == 2) {
        data.bands.push_back({QStringLiteral("p50 to p99"), theme().accent, times, wave(each, 1, 7), wave(each, 3, 8)});
    }
    for (int s = 0; s < (kind % 3 == 2 ? 1 : series); ++s) {
        TimeSeries one;
        one.name = QLatin1String(kKeys[s]), one.color = theme().provider(kKeys[s]);
        one.times = times, one.values = wave(each, 2, static_cast<unsigned>(10 * kind + s));
        data.series.push_back(std::move(one));
    }
    return data;
}

double median(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace

ChartsBench benchmarkCharts(QSize size, int samples, int frames)
{
    QWidget board;
    board.resize(size);
    auto* grid = new QGridLayout(&board);
    std::vector<TimeChart*> charts;
    std::vector<TimeChartData> data;
    for (int i = 0; i < kCharts; ++i) {
        charts.push_back(new TimeChart(&board));
        grid->addWidget(charts.back(), i / 3, i % 3);
        data.push_back(chartOf(i, samples));
        charts.back()->setData(data.back());
    }
    board.show();
    QCoreApplication::processEvents();
    QImage picture(size, QImage::Format_ARGB32_Premultiplied);
    QElapsedTimer clock;
    std::vector<double> repaints, updates, repaintsCpu, updatesCpu;
    for (int frame = 0; frame < frames; ++frame) {
        double cpu = threadCpuSeconds();
        clock.start();
        for (TimeChart* chart : charts) {
            chart->redraw();
        }
        board.render(&picture);
        repaints.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
        repaintsCpu.push_back(threadCpuSeconds() - cpu);

        for (TimeChartData& one : data) { // as if a second had passed: the last sample is another one
            for (TimeSeries& s : one.series) {
                s.values.back() += 0.01;
            }
        }
        cpu = threadCpuSeconds();
        clock.start();
        for (std::size_t i = 0; i < charts.size(); ++i) {
            charts[i]->setData(data[i]);
            charts[i]->redraw();
        }
        board.render(&picture);
        updates.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
        updatesCpu.push_back(threadCpuSeconds() - cpu);
    }
    return {median(repaints), median(updates), median(repaintsCpu), median(updatesCpu), kCharts, samples, frames};
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/time_plot.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kRightMargin = 16, kTopMargin = 8, kBottomMargin = 22, kLabelGap = 7;

QSharedPointer<QCPAxisTicker> fixedTicks(const std::vector<Tick>& ticks)
{
    auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    for (const Tick& tick : ticks) {
        ticker->addTick(tick.at, tick.label);
    }
    ticker->setSubTickCount(0);
    return ticker;
}

void styleAxis(QCPAxis* axis, bool grid)
{
    const Theme& t = theme();
    axis->setBasePen(grid ? QPen(Qt::NoPen) : QPen(t.line, 1));
    axis->setTickPen(QPen(t.line, 1)); // of no length; a NoPen comes back black from a recording
    axis->setSubTickPen(Qt::NoPen);
    axis->setSubTicks(false);
    axis->setTickLength(0, 0);
    axis->setTickLabelFont(font(TextRole::Small));
    axis->setTickLabelColor(t.muted);
    axis->setTickLabelPadding(kLabelGap);
    axis->setLabel(QString());
    axis->grid()->setVisible(grid);
    axis->grid()->setPen(QPen(t.line, 1));
    axis->grid()->setZeroLinePen(Qt::NoPen);
    axis->grid()->setSubGridVisible(false);
    axis->grid()->setAntialiased(false);
}

void setSamples(QCPGraph* graph, const QVector<double>& times, const QVector<double>& values)
{
    QVector<QCPGraphData> samples(times.size());
    for (qsizetype i = 0; i < times.size(); ++i) {
        samples[i] = QCPGraphData(times[i], values[i]);
    }
    graph->data()->set(samples, true);
}

void addGraphs(QCustomPlot& plot, const PreparedChart& chart, bool zeroBased)
{
    const Theme& t = theme();
    QCPGraph* below = nullptr;
    for (const PreparedSeries& s : chart.series) {
        QCPGraph* graph = plot.addGraph();
        setSamples(graph, s.times, s.values);
        graph->setAntialiased(true);
        graph->setAntialiasedFill(true);
        graph->setSelectable(QCP::stNone);
        const QColor line = readableOn(s.color, t.panel);
        graph->setPen(QPen(line, 1, s.dashed ? Qt::DashLine : Qt::SolidLine));
        if (chart.stacked) {
            graph->setBrush(mixed(t.panel, s.color, 0.82));
            if (below != nullptr) {
                graph->setChannelFillGraph(below);
            }
            below = graph;
        } else if (chart.series.size() == 1 && zeroBased) {
            graph->setBrush(mixed(t.panel, s.color, 0.14)); // area means amount, so only when it starts at zero
        }
        if (!s.loneTimes.isEmpty()) {
            QCPGraph* dots = plot.addGraph();
            setSamples(dots, s.loneTimes, s.loneValues);
            dots->setLineStyle(QCPGraph::lsNone);
            dots->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, line, line, 4));
            dots->setAntialiasedScatters(true);
            dots->setSelectable(QCP::stNone);
        }
    }
}

void addTarget(QCustomPlot& plot, const PreparedChart& chart, const TimeChartData& data, const ValueAxis& axis,
               int plotHeight)
{
    if (!data.target || !std::isfinite(*data.target)) {
        return;
    }
    const Theme& t = theme();
    if (!data.targetLabel.isEmpty()) {
        auto* label = new QCPItemText(&plot);
        label->setObjectName(QStringLiteral("targetLabel"));
        label->setText(data.targetLabel);
        label->setFont(font(TextRole::Small));
        label->setColor(t.muted);
        label->setBrush(t.panel); // lines may pass behind the words
        label->setSelectable(false);
        // Above the line, or below it where the plot ends; clear of the dashes either way.
        const bool above = (axis.upper - *data.target) * plotHeight > 20 * (axis.upper - axis.lower);
        label->setPadding(above ? QMargins(4, 0, 2, 0) : QMargins(4, 2, 2, 0));
        label->setPositionAlignment(Qt::AlignRight | (above ? Qt::AlignBottom : Qt::AlignTop));
        label->position->setCoords(chart.to, *data.target);
    }
    // After the label, and so above its ground: the dashes run on to the edge.
    auto* line = new QCPItemLine(&plot);
    line->setObjectName(QStringLiteral("target"));
    line->setPen(QPen(t.trouble, 1, Qt::DashLine));
    line->setAntialiased(false);
    line->setSelectable(false);
    line->start->setCoords(chart.from, *data.target);
    line->end->setCoords(chart.to, *data.target);
}

void removeItems(QCustomPlot& plot)
{
    for (int i = plot.itemCount() - 1; i >= 0; --i) {
        if (plot.item(i)->layer()->name() != QLatin1String(kHoverLayer)) {
            plot.removeItem(i);
        }
    }
}

} // namespace

void fillTimePlot(QCustomPlot& plot, const PreparedChart& chart, const TimeChartData& data, QSize size)
{
    plot.clearGraphs();
    removeItems(plot);
    plot.xAxis2->setVisible(false);
    plot.yAxis2->setVisible(false);
    plot.setNotAntialiasedElements(QCP::aeAxes | QCP::aeGrid);
    styleAxis(plot.xAxis, false);
    styleAxis(plot.yAxis, true);
    if (chart.empty) {
        plot.xAxis->setTicker(fixedTicks({}));
        plot.yAxis->setTicker(fixedTicks({}));
        return;
    }
    const int plotHeight = std::max(20, size.height() - kTopMargin - kBottomMargin);
    const ValueAxis values = valueAxis(chart.low, chart.high, std::clamp(plotHeight / 26, 2, 6), chart.stacked);
    const QFont small = font(TextRole::Small);
    double labelWidth = 0;
    for (const Tick& tick : values.ticks) {
        labelWidth = std::max(labelWidth, textWidth(small, tick.label));
    }
    const int leftMargin = static_cast<int>(std::ceil(labelWidth)) + kLabelGap + 2;
    // Margins are set, not found: they must not jump from frame to frame, and the ticks need the width before layout.
    plot.axisRect()->setAutoMargins(QCP::msNone);
    plot.axisRect()->setMargins(QMargins(leftMargin, kTopMargin, kRightMargin, kBottomMargin));
    plot.axisRect()->setMinimumSize(10, 10);
    const int plotWidth = std::max(20, size.width() - leftMargin - kRightMargin);
    const auto ticksOf = data.elapsed ? elapsedTicks : timeTicks;
    plot.xAxis->setTicker(fixedTicks(ticksOf(chart.from, chart.to, plotWidth, kRightMargin,
                                             [&small](const QString& text) { return textWidth(small, text); })));
    plot.yAxis->setTicker(fixedTicks(values.ticks));
    plot.xAxis->setRange(chart.from, chart.to);
    const double pad = (values.upper - values.lower) * 0.02; // a line on the top tick keeps its upper half
    plot.yAxis->setRange(values.lower, values.upper + pad);
    addGraphs(plot, chart, values.lower == 0);
    addTarget(plot, chart, data, values, plotHeight);
}

} // namespace isobar::ui

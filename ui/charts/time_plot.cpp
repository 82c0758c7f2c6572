// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/time_plot.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/event_marks.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <iterator>

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

/// What many samples a pixel become: an envelope of upright lines, which needs no antialiasing and is drawn many times
/// faster without; an area below it ends at a plain line, since filling up to thousands of spikes costs more than all
/// else.
bool isDense(const QVector<double>& times, int columns)
{
    return times.size() > 4 * static_cast<qsizetype>(columns);
}

QCPGraph* addGraph(QCustomPlot& plot, const Samples& shown, bool dense, bool right = false)
{
    QCPGraph* graph = plot.addGraph(plot.xAxis, right ? plot.yAxis2 : plot.yAxis);
    setSamples(graph, shown.times, shown.values);
    graph->setAdaptiveSampling(false); // done already
    graph->setAntialiased(!dense);
    graph->setAntialiasedFill(!dense);
    graph->setSelectable(QCP::stNone);
    return graph;
}

/// The edge of an area, without a line of its own.
QCPGraph* addEdge(QCustomPlot& plot, const Samples& middle, bool dense)
{
    QCPGraph* graph = addGraph(plot, middle, dense);
    graph->setPen(Qt::NoPen);
    return graph;
}

/// Bands lie behind every line; the quieter tint leaves lines and grid readable.
void addBands(QCustomPlot& plot, const PreparedChart& chart, int columns)
{
    const Theme& t = theme();
    for (const PreparedBand& band : chart.bands) {
        const bool dense = isDense(band.times, columns);
        const Outline high = outlineOf(band.times, band.high, chart.from, chart.to, columns);
        QCPGraph* low = addEdge(plot, outlineOf(band.times, band.low, chart.from, chart.to, columns).middle, dense);
        QCPGraph* edge = addEdge(plot, high.middle, dense);
        edge->setBrush(mixed(t.panel, band.color, 0.22));
        edge->setChannelFillGraph(low);
        addGraph(plot, high.line, dense)->setPen(QPen(mixed(t.panel, band.color, 0.55), 0));
    }
}

void addGraphs(QCustomPlot& plot, const PreparedChart& chart, bool zeroBased, int columns)
{
    const Theme& t = theme();
    QCPGraph* below = nullptr;
    for (const PreparedSeries& s : chart.series) {
        // An area means an amount, so a lone line has one only when it starts at zero.
        const bool lone = chart.series.size() == 1 && zeroBased && !s.ghost && !s.rightAxis && chart.bands.empty();
        const bool area = s.stacked || lone, dense = isDense(s.times, columns);
        const Outline shown = outlineOf(s.times, s.values, chart.from, chart.to, columns);
        QCPGraph* edge = area && dense ? addEdge(plot, shown.middle, dense) : nullptr;
        // Over filled areas what is compared with lies on a ground of its own: no one colour is seen on all of them.
        const bool overAreas = s.ghost && !dense && chart.stacked;
        if (overAreas) {
            addGraph(plot, shown.line, dense, s.rightAxis)->setPen(QPen(t.panel, 3));
        }
        QCPGraph* graph = addGraph(plot, shown.line, dense, s.rightAxis);
        edge = edge != nullptr ? edge : graph;
        const QColor line = overAreas ? t.text
                            : s.ghost ? readableOn(mixed(t.panel, s.color, 0.6), t.panel)
                                      : readableOn(s.color, t.panel);
        graph->setPen(QPen(line, dense ? 0 : 1, s.dashed || s.ghost ? Qt::DashLine : Qt::SolidLine));
        if (area) {
            edge->setBrush(mixed(t.panel, s.color, s.stacked ? 0.82 : 0.14));
        }
        if (s.stacked) {
            if (below != nullptr) {
                edge->setChannelFillGraph(below);
            }
            below = edge;
        }
        if (!s.loneTimes.isEmpty()) {
            const Samples single = outlineOf(s.loneTimes, s.loneValues, chart.from, chart.to, columns).line;
            QCPGraph* dots = addGraph(plot, single, isDense(s.loneTimes, columns), s.rightAxis);
            dots->setLineStyle(QCPGraph::lsNone);
            dots->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, line, line, 4));
            dots->setAntialiasedScatters(true);
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

/// A mark on the time axis for what happened, each kind with its own shape; where marks would lie over each other, one
/// with their count.
class EventsItem : public QCPAbstractItem {
public:
    EventsItem(QCustomPlot* plot, std::vector<EventGroup> groups)
        : QCPAbstractItem(plot)
        , m_groups(std::move(groups))
    {
        setObjectName(QStringLiteral("events"));
        setSelectable(false);
        setClipToAxisRect(false);
    }
    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

protected:
    void draw(QCPPainter* painter) override
    {
        const QRect area = parentPlot()->axisRect()->rect();
        for (const EventGroup& group : m_groups) {
            const double x = std::round(parentPlot()->xAxis->coordToPixel(group.time));
            painter->setAntialiasing(false);
            painter->setPen(QPen(mixed(theme().panel, eventColor(group.kind), 0.5), 1, Qt::DotLine));
            painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
            painter->setAntialiasing(true);
            drawEventMark(*painter, QPointF(x, area.bottom() + 1), group.kind);
            drawEventCount(*painter, QPointF(x, area.bottom() - kCountAbove), group);
        }
    }

private:
    static constexpr double kCountAbove = 17; ///< of a count's middle over the axis; pixels

    std::vector<EventGroup> m_groups;
};

void addEvents(QCustomPlot& plot, const PreparedChart& chart, const TimeChartData& data, int plotWidth)
{
    std::vector<EventGroup> shown = eventsShown(chart, data, plotWidth);
    if (!shown.empty()) {
        new EventsItem(&plot, std::move(shown)); // owned by the plot
    }
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

std::vector<EventGroup> eventsShown(const PreparedChart& chart, const TimeChartData& data, int plotWidth)
{
    std::vector<TimeEvent> shown;
    std::copy_if(data.events.begin(), data.events.end(), std::back_inserter(shown),
                 [&chart](const TimeEvent& e) { return e.time >= chart.from && e.time <= chart.to; });
    return gatherEvents(std::move(shown), kEventApart * (chart.to - chart.from) / std::max(1, plotWidth));
}

ChartHeader timeHeader(const TimeChartData& data, double width, int maxLegendRows, const QStringList& hidden)
{
    std::vector<ChartLegendEntry> legend;
    for (const TimeSeries& s : data.series) {
        legend.push_back({s.name, s.color, s.dashed || s.ghost, hidden.contains(s.name)});
    }
    for (const TimeBand& b : data.bands) {
        legend.push_back({b.name, mixed(theme().panel, b.color, 0.4), false, hidden.contains(b.name)});
    }
    QString unit = data.unitNote;
    if (!data.rightUnitNote.isEmpty()) {
        unit += QStringLiteral(", right ") + data.rightUnitNote;
    }
    return {data.title, unit, std::move(legend), width, maxLegendRows};
}

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
    int rightMargin = kRightMargin;
    plot.yAxis2->setVisible(chart.hasRight);
    if (chart.hasRight) {
        const ValueAxis right = valueAxis(chart.rightLow, chart.rightHigh, std::clamp(plotHeight / 26, 2, 6), false);
        styleAxis(plot.yAxis2, false);
        plot.yAxis2->setBasePen(Qt::NoPen);
        plot.yAxis2->setTicker(fixedTicks(right.ticks));
        const double pad = (right.upper - right.lower) * 0.02;
        plot.yAxis2->setRange(right.lower, right.upper + pad);
        double rightWidth = 0;
        for (const Tick& tick : right.ticks) {
            rightWidth = std::max(rightWidth, textWidth(small, tick.label));
        }
        rightMargin = std::max(kRightMargin, static_cast<int>(std::ceil(rightWidth)) + kLabelGap + 2);
    }
    // Margins are set, not found: they must not jump from frame to frame, and the ticks need the width before layout.
    plot.axisRect()->setAutoMargins(QCP::msNone);
    plot.axisRect()->setMargins(QMargins(leftMargin, kTopMargin, rightMargin, kBottomMargin));
    plot.axisRect()->setMinimumSize(10, 10);
    const int plotWidth = std::max(20, size.width() - leftMargin - rightMargin);
    const auto ticksOf = data.elapsed ? elapsedTicks : timeTicks;
    plot.xAxis->setTicker(fixedTicks(ticksOf(chart.from, chart.to, plotWidth, kRightMargin,
                                             [&small](const QString& text) { return textWidth(small, text); })));
    plot.yAxis->setTicker(fixedTicks(values.ticks));
    plot.xAxis->setRange(chart.from, chart.to);
    const double pad = (values.upper - values.lower) * 0.02; // a line on the top tick keeps its upper half
    plot.yAxis->setRange(values.lower, values.upper + pad);
    const int columns = qRound(plotWidth * plot.bufferDevicePixelRatio()); // of the screen's own pixels
    addBands(plot, chart, columns);
    addGraphs(plot, chart, values.lower == 0, columns);
    addTarget(plot, chart, data, values, plotHeight);
    addEvents(plot, chart, data, plotWidth);
}

} // namespace isobar::ui

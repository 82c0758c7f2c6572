// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/time_chart.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/change_marks.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/time_plot.h"
#include "ui/shell/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {

/// The vertical line at one moment and a dot on each series.
class CrosshairItem : public QCPAbstractItem {
public:
    struct Mark {
        double value;
        QColor color;
        bool rightAxis = false;
    };

    explicit CrosshairItem(QCustomPlot* plot)
        : QCPAbstractItem(plot)
    {
        setSelectable(false);
        setClipToAxisRect(false); // a dot on the top line stays whole
    }
    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

    std::optional<double> time;
    std::vector<Mark> marks;
    std::optional<std::pair<double, double>> brush;

protected:
    void draw(QCPPainter* painter) override
    {
        const QCustomPlot* plot = parentPlot();
        const QRect area = plot->axisRect()->rect();
        if (brush) {
            drawBrush(painter, area);
        }
        if (!time || *time < plot->xAxis->range().lower || *time > plot->xAxis->range().upper) {
            return;
        }
        const double x = plot->xAxis->coordToPixel(*time);
        painter->setAntialiasing(false);
        painter->setPen(QPen(theme().faint, 1));
        painter->drawLine(QPointF(std::round(x), area.top()), QPointF(std::round(x), area.bottom()));
        painter->setAntialiasing(true);
        for (const Mark& mark : marks) {
            painter->setPen(QPen(theme().panel, 1));
            painter->setBrush(mark.color);
            const QCPAxis* axis = mark.rightAxis ? plot->yAxis2 : plot->yAxis;
            painter->drawEllipse(QPointF(x, axis->coordToPixel(mark.value)), 3.5, 3.5);
        }
    }

private:
    /// What is outside of the brushed range steps back.
    void drawBrush(QCPPainter* painter, const QRect& area) const
    {
        const QCPAxis* axis = parentPlot()->xAxis;
        const double left = std::clamp<double>(axis->coordToPixel(brush->first), area.left(), area.right() + 1);
        const double right = std::clamp<double>(axis->coordToPixel(brush->second), area.left(), area.right() + 1);
        QColor veil = theme().panel;
        veil.setAlpha(150);
        painter->setAntialiasing(false);
        painter->fillRect(QRectF(area.left(), area.top(), left - area.left(), area.height()), veil);
        painter->fillRect(QRectF(right, area.top(), area.right() + 1 - right, area.height()), veil);
        painter->setPen(QPen(theme().accent, 1));
        for (const double x : {left, right}) {
            painter->drawLine(QPointF(std::round(x), area.top()), QPointF(std::round(x), area.bottom()));
        }
    }
};

namespace {

constexpr int kSide = Theme::kPadding, kTop = 10, kBottom = 4;
constexpr double kBrushSlack = 4; // pixels: less is a click
constexpr double kEventReach = 6; // pixels
constexpr int kMostEventLines = 6;

/// What is left when the legend has hidden some; samples are shared, not copied.
TimeChartData without(const TimeChartData& data, const QStringList& hidden)
{
    TimeChartData shown = data;
    const auto gone = [&hidden](const auto& one) { return hidden.contains(one.name); };
    shown.series.erase(std::remove_if(shown.series.begin(), shown.series.end(), gone), shown.series.end());
    shown.bands.erase(std::remove_if(shown.bands.begin(), shown.bands.end(), gone), shown.bands.end());
    return shown;
}

/// The first and the last number of a series; NaN where there is none.
std::pair<double, double> endsOf(const TimeSeries& series)
{
    const auto known = [](double v) { return std::isfinite(v); };
    const auto first = std::find_if(series.values.begin(), series.values.end(), known);
    const auto last = std::find_if(series.values.rbegin(), series.values.rend(), known);
    return first == series.values.end() ? std::pair<double, double>(NAN, NAN) : std::pair(*first, *last);
}

/// Of each series the latest value, its rank and its trend over the range; what happened.
QString described(const TimeChartData& data, const PreparedChart& chart)
{
    if (chart.empty) {
        return data.emptyText;
    }
    QStringList parts;
    const auto count =
        std::count_if(data.series.begin(), data.series.end(), [](const TimeSeries& s) { return !s.ghost; });
    for (const TimeSeries& s : data.series) {
        const auto [first, last] = endsOf(s);
        QString part = s.name + QLatin1Char(' ') + valueText(s.values.isEmpty() ? NAN : s.values.back());
        if (!s.ghost && count > 1 && std::isfinite(last)) {
            const auto above =
                std::count_if(data.series.begin(), data.series.end(), [last = last](const TimeSeries& other) {
                    return !other.ghost && endsOf(other).second > last;
                });
            part += QStringLiteral(", rank %1 of %2").arg(above + 1).arg(count);
        }
        if (const Change trend = changeOf(ValueKind::Plain, last, first); trend.way != Change::Way::Unknown) {
            part += QStringLiteral(", ") + trend.text + QStringLiteral(" over the range");
        }
        parts << part;
    }
    if (!data.events.empty()) {
        parts << QStringLiteral("events: %1, last: %2").arg(data.events.size()).arg(data.events.back().text);
    }
    return QStringLiteral("%1, latest: %2").arg(data.unitNote, parts.join(QStringLiteral("; ")));
}

} // namespace

TimeChart::TimeChart(QWidget* parent)
    : QFrame(parent)
    , m_plot(new QCustomPlot(this))
{
    setProperty("panel", true);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    m_plot->setObjectName(QStringLiteral("plot"));
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setAttribute(Qt::WA_NoMousePropagation, false); // or the wheel would end here, see eventFilter()
    m_plot->setInteractions(QCP::Interactions());
    m_plot->addLayer(QLatin1String(kHoverLayer), m_plot->layer(QStringLiteral("overlay")), QCustomPlot::limAbove);
    m_plot->layer(QLatin1String(kHoverLayer))->setMode(QCPLayer::lmBuffered);
    m_crosshair = new CrosshairItem(m_plot);
    m_crosshair->setLayer(QLatin1String(kHoverLayer));
    m_plot->installEventFilter(this);
    connect(m_plot, &QCustomPlot::afterReplot, this, [this] { m_replotQueued = false; });
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &TimeChart::rebuild);
    rebuild();
}

TimeChart::~TimeChart()
{
    delete m_tip;
}

void TimeChart::setData(TimeChartData data)
{
    m_data = std::move(data);
    m_shown = without(m_data, m_hidden);
    m_chart = prepareChart(m_shown);
    setAccessibleName(m_data.title);
    setAccessibleDescription(described(m_data, m_chart));
    rebuild();
}

void TimeChart::redraw()
{
    m_plot->replot(QCustomPlot::rpImmediateRefresh);
}

QString TimeChart::hoverText() const
{
    return m_moment && m_tip != nullptr ? m_tip->text() : QString();
}

ChartHeader TimeChart::header() const
{
    return timeHeader(m_data, width() - 2.0 * kSide, height() < 180 ? 1 : 2, m_hidden);
}

void TimeChart::rebuild()
{
    const int top = kTop + static_cast<int>(std::ceil(header().height()));
    m_plot->setGeometry(kSide - 2, top, std::max(10, width() - 2 * kSide + 4), std::max(10, height() - top - kBottom));
    m_plot->setVisible(!m_chart.empty);
    m_plot->setBackground(QBrush(theme().panel));
    m_replotQueued = true; // what follows need not draw the crosshair: all is drawn anew
    fillTimePlot(*m_plot, m_chart, m_shown, m_plot->size());
    if (m_chart.empty) {
        m_pointerX.reset();
        clearMoment();
    } else if (m_pointerX) {
        showMoment(m_plot->xAxis->pixelToCoord(*m_pointerX));
    } else if (m_moment) {
        showMoment(*m_moment);
    } else {
        placeCrosshair();
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
    update();
}

void TimeChart::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter p(this);
    const ChartHeader head = header();
    head.paint(p, QPointF(kSide, kTop));
    if (m_chart.empty) {
        drawEmptyText(p, QRectF(rect()).adjusted(kSide, kTop + head.height(), -kSide, -kTop), m_data.emptyText);
    }
    if (hasFocus()) {
        p.setRenderHint(QPainter::Antialiasing);
        p.setPen(QPen(theme().accent, 1));
        p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
    }
}

void TimeChart::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    rebuild();
}

void TimeChart::hideEvent(QHideEvent* event)
{
    m_pointerX.reset();
    clearMoment();
    QFrame::hideEvent(event);
}

void TimeChart::focusInEvent(QFocusEvent* event)
{
    QFrame::focusInEvent(event);
    update();
}

void TimeChart::focusOutEvent(QFocusEvent* event)
{
    if (!m_pointerX) {
        clearMoment();
    }
    QFrame::focusOutEvent(event);
    update();
}

void TimeChart::keyPressEvent(QKeyEvent* event)
{
    const std::optional<double> before = m_moment;
    switch (event->key()) {
    case Qt::Key_Left:
        stepMoment(-1);
        break;
    case Qt::Key_Right:
        stepMoment(+1);
        break;
    case Qt::Key_PageUp:
        stepMoment(-10);
        break;
    case Qt::Key_PageDown:
        stepMoment(+10);
        break;
    case Qt::Key_Home:
        showMoment(m_chart.from);
        break;
    case Qt::Key_End:
        showMoment(m_chart.to);
        break;
    case Qt::Key_Escape:
        if (m_brushStartX || m_brush) {
            m_brushStartX.reset();
            clearBrush();
            Q_EMIT brushCleared();
            break;
        }
        if (m_moment) {
            clearMoment();
            break;
        }
        QFrame::keyPressEvent(event);
        break;
    default:
        if (const int digit = event->key() - Qt::Key_1; digit >= 0 && digit < 9) {
            const auto names = legendNames();
            if (digit < names.size()) {
                toggleSeries(names[digit], event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier));
                break;
            }
        }
        QFrame::keyPressEvent(event);
    }
    if (m_moment && m_moment != before) {
        m_tip->sayFor(this);
    }
}

QStringList TimeChart::legendNames() const
{
    QStringList names;
    for (const TimeSeries& s : m_data.series) {
        names << s.name;
    }
    for (const TimeBand& b : m_data.bands) {
        names << b.name;
    }
    return names;
}

QRectF TimeChart::legendRect(const QString& name) const
{
    const QRectF rect = header().entryRect(name);
    return rect.isEmpty() ? rect : rect.translated(kSide, kTop);
}

void TimeChart::mouseMoveEvent(QMouseEvent* event)
{
    const QString name = header().entryAt(event->position() - QPointF(kSide, kTop));
    setCursor(name.isEmpty() ? Qt::ArrowCursor : Qt::PointingHandCursor);
    QFrame::mouseMoveEvent(event);
}

void TimeChart::mousePressEvent(QMouseEvent* event)
{
    setFocus(Qt::MouseFocusReason);
    const QString name = header().entryAt(event->position() - QPointF(kSide, kTop));
    if (event->button() == Qt::LeftButton && !name.isEmpty()) {
        toggleSeries(name, event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier));
        return;
    }
    QFrame::mousePressEvent(event);
}

/// Hides or shows one; `alone` hides all others, and shows them again when it was alone already.
void TimeChart::toggleSeries(const QString& name, bool alone)
{
    QStringList hidden = m_hidden;
    QStringList others = legendNames();
    others.removeAll(name);
    if (alone) {
        const bool wasAlone =
            !hidden.contains(name) &&
            std::all_of(others.begin(), others.end(), [&](const QString& n) { return hidden.contains(n); });
        hidden = wasAlone ? QStringList() : others;
    } else if (hidden.contains(name)) {
        hidden.removeAll(name);
    } else {
        hidden << name;
    }
    setHiddenSeries(hidden);
    Q_EMIT hiddenSeriesChanged(m_hidden);
}

void TimeChart::setHiddenSeries(const QStringList& names)
{
    if (names != m_hidden) {
        m_hidden = names;
        setData(TimeChartData(m_data));
    }
}

void TimeChart::setCrosshair(double time)
{
    m_linked = time;
    placeCrosshair();
}

void TimeChart::clearCrosshair()
{
    m_linked.reset();
    placeCrosshair();
}

void TimeChart::setBrush(double from, double to)
{
    m_brush = std::minmax(from, to);
    placeCrosshair();
}

void TimeChart::clearBrush()
{
    m_brush.reset();
    placeCrosshair();
}

void TimeChart::endBrush(double x)
{
    const double start = *m_brushStartX;
    m_brushStartX.reset();
    if (std::abs(x - start) < kBrushSlack) { // a click, not a drag
        if (m_brush) {
            clearBrush();
            Q_EMIT brushCleared();
        }
        return;
    }
    const auto [from, to] = std::minmax({m_plot->xAxis->pixelToCoord(start), m_plot->xAxis->pixelToCoord(x)});
    setBrush(from, to);
    Q_EMIT rangeBrushed(from, to);
}

bool TimeChart::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_plot) {
        return QFrame::eventFilter(watched, event);
    }
    const auto plotX = [this, event] {
        const QRect area = m_plot->axisRect()->rect();
        return std::clamp<double>(static_cast<QMouseEvent*>(event)->position().x(), area.left(), area.right() + 1);
    };
    switch (event->type()) {
    case QEvent::Wheel: // the plot would keep it, though it does nothing with it: it scrolls the board
        event->ignore();
        return true;
    case QEvent::MouseMove:
        m_pointerX = plotX();
        if (m_brushStartX && std::abs(*m_pointerX - *m_brushStartX) >= kBrushSlack) {
            m_brush =
                std::minmax(m_plot->xAxis->pixelToCoord(*m_brushStartX), m_plot->xAxis->pixelToCoord(*m_pointerX));
        }
        showMoment(m_plot->xAxis->pixelToCoord(*m_pointerX));
        break;
    case QEvent::Leave:
        m_pointerX.reset();
        clearMoment();
        break;
    case QEvent::MouseButtonPress:
        setFocus(Qt::MouseFocusReason);
        if (m_data.brushable && static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton) {
            m_brushStartX = plotX();
        }
        break;
    case QEvent::MouseButtonRelease:
        if (m_brushStartX && static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton) {
            endBrush(plotX());
        }
        break;
    default:
        break;
    }
    return QFrame::eventFilter(watched, event);
}

void TimeChart::stepMoment(int samples)
{
    // The union of all series' samples would be exact; the longest series is what people mean by "the next one".
    const auto longest = std::max_element(
        m_chart.series.begin(), m_chart.series.end(),
        [](const PreparedSeries& a, const PreparedSeries& b) { return a.times.size() < b.times.size(); });
    if (longest == m_chart.series.end() || longest->times.isEmpty()) {
        return;
    }
    const QVector<double>& times = longest->times;
    const double now = m_moment.value_or(times.back());
    const qsizetype i = std::lower_bound(times.begin(), times.end(), now) - times.begin();
    showMoment(times[std::clamp<qsizetype>(m_moment ? i + samples : times.size() - 1, 0, times.size() - 1)]);
}

void TimeChart::showMoment(double time)
{
    const double at = nearestSampleTime(m_chart, time);
    if (m_chart.empty || !isVisible() || !std::isfinite(at)) {
        return;
    }
    const bool moved = !m_moment || *m_moment != at;
    m_moment = at;
    placeCrosshair();
    std::vector<ValueTip::Row> rows;
    double total = NAN; // the top of the stack as drawn
    for (std::size_t i = 0; i < m_shown.series.size(); ++i) {
        const TimeSeries& given = m_shown.series[i];
        const PreparedSeries& drawn = m_chart.series[i];
        rows.push_back({given.color, given.name, valueText(valueAt(given, at)), false});
        if (drawn.stacked) {
            total = heightAt(drawn, at);
        }
    }
    if (m_chart.stacked) { // from the top down, as they lie
        std::reverse(rows.begin(), rows.end());
        if (rows.size() > 1) {
            rows.push_back({QColor(), QStringLiteral("Total"), valueText(total), true});
        }
    }
    for (const PreparedBand& band : m_chart.bands) {
        const double low = heightAt(band.times, band.low, at), high = heightAt(band.times, band.high, at);
        rows.push_back({band.color, band.name, valueText(low) + QStringLiteral(" – ") + valueText(high), false});
    }
    addEvents(rows, time, at);
    ValueTip& tip = ValueTip::of(m_tip, this);
    tip.setContent(m_data.elapsed ? elapsedText(at) : momentText(at, m_chart.to - m_chart.from), m_data.unitNote,
                   std::move(rows));
    const QPoint point(static_cast<int>(m_plot->xAxis->coordToPixel(at)), m_plot->height() / 2);
    tip.showAt(m_plot->mapTo(window(), point));
    if (moved) {
        Q_EMIT crosshairMoved(at);
    }
}

/// What happened is said where the mouse, or the sample it stands for, is near a mark or an event within it.
void TimeChart::addEvents(std::vector<ValueTip::Row>& rows, double pointed, double sample) const
{
    const int width = m_plot->axisRect()->width();
    const double reach = kEventReach * (m_chart.to - m_chart.from) / std::max(1, width);
    const auto isNear = [&](double time) {
        return std::abs(time - pointed) <= reach || std::abs(time - sample) <= reach;
    };
    for (const EventGroup& group : eventsShown(m_chart, m_shown, width)) {
        if (std::none_of(group.events.begin(), group.events.end(),
                         [&isNear](const TimeEvent& e) { return isNear(e.time); })) {
            continue;
        }
        const bool one = group.events.size() == 1;
        if (!one) {
            rows.push_back(
                {eventColor(group.kind), QStringLiteral("%1 events").arg(group.events.size()), QString(), true});
        }
        for (const QString& line : eventLines(group, kMostEventLines)) {
            rows.push_back({one ? eventColor(group.kind) : QColor(), line, QString(), one});
        }
    }
}

/// The line and dots of the moment, or of the linked chart's moment, and the brush.
void TimeChart::placeCrosshair()
{
    m_crosshair->time = m_chart.empty ? std::nullopt : crosshair();
    m_crosshair->brush = m_brush;
    m_crosshair->marks.clear();
    if (m_crosshair->time) {
        for (const PreparedSeries& drawn : m_chart.series) {
            if (const double height = heightAt(drawn, *m_crosshair->time); std::isfinite(height)) {
                m_crosshair->marks.push_back({height, readableOn(drawn.color, theme().panel), drawn.rightAxis});
            }
        }
    }
    if (isVisible() && !m_replotQueued) { // with new graphs not yet drawn a layer alone would draw them all
        m_plot->layer(QLatin1String(kHoverLayer))->replot();
    }
}

void TimeChart::clearMoment()
{
    if (!m_moment) {
        return;
    }
    m_moment.reset();
    placeCrosshair();
    if (m_tip != nullptr) {
        m_tip->hide();
    }
    Q_EMIT crosshairCleared();
}

} // namespace isobar::ui

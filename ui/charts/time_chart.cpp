// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/time_chart.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/time_plot.h"
#include "ui/charts/value_tip.h"
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
    };

    explicit CrosshairItem(QCustomPlot* plot)
        : QCPAbstractItem(plot)
    {
        setSelectable(false);
        setClipToAxisRect(false); // a dot on the top line stays whole
        setVisible(false);
    }
    double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

    double time = 0;
    std::vector<Mark> marks;

protected:
    void draw(QCPPainter* painter) override
    {
        const QCustomPlot* plot = parentPlot();
        const QRect area = plot->axisRect()->rect();
        const double x = plot->xAxis->coordToPixel(time);
        painter->setAntialiasing(false);
        painter->setPen(QPen(theme().faint, 1));
        painter->drawLine(QPointF(std::round(x), area.top()), QPointF(std::round(x), area.bottom()));
        painter->setAntialiasing(true);
        for (const Mark& mark : marks) {
            painter->setPen(QPen(theme().panel, 1));
            painter->setBrush(mark.color);
            painter->drawEllipse(QPointF(x, plot->yAxis->coordToPixel(mark.value)), 3.5, 3.5);
        }
    }
};

namespace {

constexpr int kSide = Theme::kPadding, kTop = 10, kBottom = 4;

ChartHeader headerOf(const TimeChartData& data, QSize size)
{
    std::vector<ChartLegendEntry> legend;
    for (const TimeSeries& s : data.series) {
        legend.push_back({s.name, s.color, s.dashed});
    }
    return {data.title, data.unitNote, std::move(legend), size.width() - 2.0 * kSide, size.height() < 180 ? 1 : 2};
}

QString described(const TimeChartData& data, const PreparedChart& chart)
{
    if (chart.empty) {
        return data.emptyText;
    }
    QStringList parts;
    for (const TimeSeries& s : data.series) {
        parts << s.name + QLatin1Char(' ') + valueText(s.values.isEmpty() ? NAN : s.values.back());
    }
    return QStringLiteral("%1, latest: %2").arg(data.unitNote, parts.join(QStringLiteral(", ")));
}

} // namespace

TimeChart::TimeChart(QWidget* parent)
    : QFrame(parent)
    , m_plot(new QCustomPlot(this))
{
    setProperty("panel", true);
    setFocusPolicy(Qt::StrongFocus);
    m_plot->setObjectName(QStringLiteral("plot"));
    m_plot->setFocusPolicy(Qt::NoFocus);
    m_plot->setInteractions(QCP::Interactions());
    m_plot->addLayer(QLatin1String(kHoverLayer), m_plot->layer(QStringLiteral("overlay")), QCustomPlot::limAbove);
    m_plot->layer(QLatin1String(kHoverLayer))->setMode(QCPLayer::lmBuffered);
    m_crosshair = new CrosshairItem(m_plot);
    m_crosshair->setLayer(QLatin1String(kHoverLayer));
    m_plot->installEventFilter(this);
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
    m_chart = prepareChart(m_data);
    setAccessibleName(m_data.title);
    setAccessibleDescription(described(m_data, m_chart));
    rebuild();
}

QString TimeChart::hoverText() const
{
    return m_moment && m_tip != nullptr ? m_tip->text() : QString();
}

void TimeChart::rebuild()
{
    const int top = kTop + static_cast<int>(std::ceil(headerOf(m_data, size()).height()));
    m_plot->setGeometry(kSide - 2, top, std::max(10, width() - 2 * kSide + 4), std::max(10, height() - top - kBottom));
    m_plot->setVisible(!m_chart.empty);
    m_plot->setBackground(QBrush(theme().panel));
    fillTimePlot(*m_plot, m_chart, m_data, m_plot->size());
    if (m_chart.empty) {
        m_pointerX.reset();
        clearMoment();
    } else if (m_pointerX) {
        showMoment(m_plot->xAxis->pixelToCoord(*m_pointerX));
    } else if (m_moment) {
        showMoment(*m_moment);
    }
    m_plot->replot(QCustomPlot::rpQueuedReplot);
    update();
}

void TimeChart::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter p(this);
    const ChartHeader header = headerOf(m_data, size());
    header.paint(p, QPointF(kSide, kTop));
    if (m_chart.empty) {
        drawEmptyText(p, QRectF(rect()).adjusted(kSide, kTop + header.height(), -kSide, -kTop), m_data.emptyText);
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
        if (m_moment) {
            clearMoment();
            break;
        }
        [[fallthrough]];
    default:
        QFrame::keyPressEvent(event);
    }
}

bool TimeChart::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_plot) {
        if (event->type() == QEvent::MouseMove) {
            m_pointerX = static_cast<QMouseEvent*>(event)->position().x();
            const QRect area = m_plot->axisRect()->rect();
            m_pointerX = std::clamp<double>(*m_pointerX, area.left(), area.right());
            showMoment(m_plot->xAxis->pixelToCoord(*m_pointerX));
        } else if (event->type() == QEvent::Leave) {
            m_pointerX.reset();
            clearMoment();
        } else if (event->type() == QEvent::MouseButtonPress) {
            setFocus(Qt::MouseFocusReason);
        }
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
    m_moment = at;
    m_crosshair->time = at;
    m_crosshair->marks.clear();
    std::vector<ValueTip::Row> rows;
    double total = NAN; // the top of the stack as drawn
    for (std::size_t i = 0; i < m_data.series.size(); ++i) {
        const TimeSeries& given = m_data.series[i];
        const PreparedSeries& drawn = m_chart.series[i];
        const double value = valueAt(given, at);
        rows.push_back({given.color, given.name, valueText(value), false});
        const double height = valueAt({{}, {}, drawn.times, drawn.values}, at);
        total = height;
        if (std::isfinite(height)) {
            m_crosshair->marks.push_back({height, readableOn(given.color, theme().panel)});
        }
    }
    if (m_chart.stacked) { // from the top down, as they lie
        std::reverse(rows.begin(), rows.end());
        if (rows.size() > 1) {
            rows.push_back({QColor(), QStringLiteral("Total"), valueText(total), true});
        }
    }
    m_crosshair->setVisible(true);
    m_plot->layer(QLatin1String(kHoverLayer))->replot();

    if (m_tip == nullptr || m_tip->parentWidget() != window()) {
        delete m_tip;
        m_tip = new ValueTip(window());
    }
    m_tip->setContent(m_data.elapsed ? elapsedText(at) : momentText(at, m_chart.to - m_chart.from), m_data.unitNote,
                      std::move(rows));
    const QPoint point(static_cast<int>(m_plot->xAxis->coordToPixel(at)), m_plot->height() / 2);
    m_tip->showAt(m_plot->mapTo(window(), point));
}

void TimeChart::clearMoment()
{
    if (!m_moment) {
        return;
    }
    m_moment.reset();
    m_crosshair->setVisible(false);
    m_plot->layer(QLatin1String(kHoverLayer))->replot();
    if (m_tip != nullptr) {
        m_tip->hide();
    }
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/percentile_chart.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/value_tip.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace isobar::ui {
namespace {

constexpr double kNines = 3; ///< the axis ends at p99.9
constexpr std::array kTicked{0.0, 0.5, 0.9, 0.95, 0.99, 0.999};
constexpr std::array kMarked{0.5, 0.9, 0.95, 0.99};
constexpr double kFloorSeconds = 1e-4; ///< shorter is of no interest, and zero has no logarithm
constexpr double kMostDecades = 5;
constexpr double kFarTarget = 100, kSnapPixels = 3, kNameGap = 5;
constexpr double kLabelGap = 7, kTop = 8, kBottom = 22, kRight = 14;
constexpr int kSide = Theme::kPadding, kPanelTop = 10, kPanelBottom = 4;

double placeOf(double ratio)
{
    return std::min(-std::log10(std::max(1 - ratio, 1e-12)), kNines) / kNines;
}

struct PlotLayout {
    QRectF plot;
    DurationAxis axis;
    bool hasTarget = false, empty = true;
    [[nodiscard]] double x(double ratio) const { return plot.left() + placeOf(ratio) * plot.width(); }
    [[nodiscard]] double y(double seconds) const
    {
        const double share = std::log(std::max(seconds, axis.lower) / axis.lower) / std::log(axis.upper / axis.lower);
        return plot.bottom() - share * plot.height();
    }
    /// A percentile that the axis names where one is near: those are what people aim at.
    [[nodiscard]] double ratioAt(double xAt) const
    {
        for (const double ratio : kTicked) {
            if (std::abs(x(ratio) - xAt) <= kSnapPixels) {
                return ratio;
            }
        }
        const double place = std::clamp((xAt - plot.left()) / plot.width(), 0.0, 1.0);
        return 1 - std::pow(10.0, -place * kNines);
    }
};

PlotLayout layOut(const QRectF& area, const PercentileChartData& data)
{
    PlotLayout layout;
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const PercentileCurve& curve : data.curves) {
        for (qsizetype i = 0; i < curve.seconds.size(); ++i) {
            if (std::isfinite(curve.seconds[i]) && curve.ratios[i] <= 0.999 + 1e-9) {
                layout.empty = false;
                low = std::min(low, curve.seconds[i]);
                high = std::max(high, curve.seconds[i]);
            }
        }
    }
    if (layout.empty) {
        return layout;
    }
    if (data.target && *data.target > 0 && *data.target <= std::max(high, kFloorSeconds) * kFarTarget &&
        *data.target * kFarTarget >= low) {
        layout.hasTarget = true;
        low = std::min(low, *data.target);
        high = std::max(high, *data.target);
    }
    const double floor = std::max(kFloorSeconds, high * std::pow(10.0, -kMostDecades));
    const double height = std::max(20.0, area.height() - kTop - kBottom);
    layout.axis = durationAxis(low, high, floor, std::clamp(static_cast<int>(height / 22), 2, 8));
    const QFont small = font(TextRole::Small);
    double widest = 0;
    for (const Tick& tick : layout.axis.ticks) {
        widest = std::max(widest, textWidth(small, tick.label));
    }
    layout.plot = area.adjusted(std::ceil(widest) + kLabelGap, kTop, -kRight, -kBottom);
    layout.plot.setHeight(height);
    return layout;
}

void paintAxes(QPainter& painter, const PlotLayout& layout)
{
    const Theme& t = theme();
    const QFont small = font(TextRole::Small);
    for (const Tick& tick : layout.axis.ticks) {
        const double y = std::round(layout.y(tick.at)) + 0.5;
        painter.setPen(QPen(t.line, 1));
        painter.drawLine(QPointF(layout.plot.left(), y), QPointF(layout.plot.right(), y));
        drawLine(painter, QRectF(0, y - 8, layout.plot.left() - kLabelGap, 16), small, t.muted, tick.label,
                 Qt::AlignRight | Qt::AlignVCenter);
    }
    // Where two names would touch, the one that says less gives way.
    std::vector<std::pair<double, double>> taken;
    for (const double ratio : {0.5, 0.99, 0.999, 0.9, 0.95, 0.0}) {
        const QString name = percentileName(ratio);
        const double width = textWidth(small, name), left = layout.x(ratio) - width / 2;
        if (std::any_of(taken.begin(), taken.end(), [&](const auto& other) {
                return left < other.second + kNameGap && left + width > other.first - kNameGap;
            })) {
            continue;
        }
        taken.emplace_back(left, left + width);
        drawLine(painter, QRectF(left, layout.plot.bottom() + 5, width + 1, 16), small, t.muted, name);
    }
}

void paintCurve(QPainter& painter, const PlotLayout& layout, const PercentileCurve& curve)
{
    const Theme& t = theme();
    const QColor color = readableOn(curve.color, t.panel);
    QPolygonF line;
    for (qsizetype i = 0; i < curve.seconds.size(); ++i) {
        if (std::isfinite(curve.seconds[i]) && curve.ratios[i] <= 0.999 + 1e-9) {
            line.append(QPointF(layout.x(curve.ratios[i]), layout.y(curve.seconds[i])));
        }
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1, curve.dashed ? Qt::DashLine : Qt::SolidLine));
    painter.drawPolyline(line);
    if (curve.dashed) {
        return;
    }
    painter.setPen(QPen(t.panel, 1));
    painter.setBrush(color);
    for (const double ratio : kMarked) {
        const auto at = std::lower_bound(curve.ratios.begin(), curve.ratios.end(), ratio - 1e-9);
        if (at != curve.ratios.end()) {
            painter.drawEllipse(QPointF(layout.x(ratio), layout.y(curve.seconds[at - curve.ratios.begin()])), 3, 3);
        }
    }
}

/// The quantile of a curve at a ratio, or at the next one it knows.
double secondsAt(const PercentileCurve& curve, double ratio)
{
    const auto at = std::lower_bound(curve.ratios.begin(), curve.ratios.end(), ratio - 1e-9);
    return at == curve.ratios.end() ? std::numeric_limits<double>::quiet_NaN()
                                    : curve.seconds[at - curve.ratios.begin()];
}

QString described(const PercentileChartData& data)
{
    if (data.curves.empty()) {
        return data.emptyText;
    }
    QStringList parts;
    for (const PercentileCurve& curve : data.curves) {
        QStringList values;
        for (const double ratio : kMarked) {
            values << percentileName(ratio) + QLatin1Char(' ') + seconds(secondsAt(curve, ratio)).joined();
        }
        parts << curve.name + QStringLiteral(": ") + values.join(QStringLiteral(", "));
    }
    if (data.target) {
        parts << data.targetLabel;
    }
    return parts.join(QStringLiteral("; "));
}

} // namespace

const QVector<double>& percentileGrid()
{
    static const QVector<double> grid = [] {
        constexpr int kSteps = 180;
        QVector<double> all;
        for (int i = 0; i < kSteps; ++i) {
            all.append(1 - std::pow(10.0, -kNines * i / kSteps));
        }
        for (const double ratio : kTicked) {
            all.append(ratio);
        }
        std::sort(all.begin(), all.end());
        // What differs by rounding alone is one ratio; the exact one of the two is kept.
        const auto same = [](double a, double b) { return std::abs(a - b) < 1e-9; };
        QVector<double> distinct;
        for (const double ratio : all) {
            const bool ticked = std::find(kTicked.begin(), kTicked.end(), ratio) != kTicked.end();
            if (distinct.isEmpty() || !same(distinct.back(), ratio)) {
                distinct.append(ratio);
            } else if (ticked) {
                distinct.back() = ratio;
            }
        }
        return distinct;
    }();
    return grid;
}

QString percentileName(double ratio)
{
    const double percent = ratio * 100;
    const int decimals = std::abs(percent - std::round(percent)) < 1e-6 ? 0 : percent < 99 ? 1 : percent < 99.8 ? 2 : 3;
    QString text = grouped(percent, decimals);
    while (decimals > 1 && text.endsWith(QLatin1Char('0'))) {
        text.chop(1);
    }
    return QLatin1Char('p') + text;
}

ChartHeader percentileHeader(const PercentileChartData& data, double width, int maxLegendRows)
{
    std::vector<ChartLegendEntry> legend;
    for (const PercentileCurve& curve : data.curves) {
        legend.push_back({curve.name, curve.color, curve.dashed});
    }
    return {data.title, data.unitNote, std::move(legend), width, maxLegendRows};
}

void paintPercentilePlot(QPainter& painter, const QRectF& area, const PercentileChartData& data,
                         std::optional<double> reading)
{
    const Theme& t = theme();
    const PlotLayout inner = layOut(QRectF(QPointF(), area.size()), data);
    if (inner.empty) {
        drawEmptyText(painter, area, data.emptyText);
        return;
    }
    painter.save();
    painter.translate(area.topLeft());
    painter.setRenderHint(QPainter::Antialiasing);
    paintAxes(painter, inner);
    if (inner.hasTarget) {
        const double y = std::round(inner.y(*data.target)) + 0.5;
        const QFont small = font(TextRole::Small);
        const double width = textWidth(small, data.targetLabel) + 4;
        const bool above = y - 16 > inner.plot.top();
        drawLine(painter, QRectF(inner.plot.left() + 4, above ? y - 15 : y + 2, width, 13), small, t.muted,
                 data.targetLabel);
        painter.setPen(QPen(t.trouble, 1, Qt::DashLine));
        painter.drawLine(QPointF(inner.plot.left(), y), QPointF(inner.plot.right(), y));
    }
    for (auto curve = data.curves.rbegin(); curve != data.curves.rend(); ++curve) {
        paintCurve(painter, inner, *curve);
    }
    if (reading) {
        const double x = std::round(inner.x(*reading)) + 0.5;
        painter.setPen(QPen(t.faint, 1));
        painter.drawLine(QPointF(x, inner.plot.top()), QPointF(x, inner.plot.bottom()));
        painter.setPen(QPen(t.panel, 1));
        for (auto curve = data.curves.rbegin(); curve != data.curves.rend(); ++curve) {
            if (const double at = secondsAt(*curve, *reading); std::isfinite(at)) {
                painter.setBrush(readableOn(curve->color, t.panel));
                painter.drawEllipse(QPointF(inner.x(*reading), inner.y(at)), 3.5, 3.5);
            }
        }
    }
    painter.restore();
}

PercentileChart::PercentileChart(QWidget* parent)
    : QFrame(parent)
{
    setProperty("panel", true);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

PercentileChart::~PercentileChart()
{
    delete m_tip;
}

void PercentileChart::setData(PercentileChartData data)
{
    m_data = std::move(data);
    setAccessibleName(m_data.title);
    setAccessibleDescription(described(m_data));
    read(m_data.curves.empty() ? std::nullopt : m_reading);
    update();
}

QString PercentileChart::hoverText() const
{
    return m_reading && m_tip != nullptr ? m_tip->text() : QString();
}

QRectF PercentileChart::plotArea() const
{
    const ChartHeader header = percentileHeader(m_data, width() - 2.0 * kSide, height() < 180 ? 1 : 2);
    return QRectF(rect()).adjusted(kSide, kPanelTop + std::ceil(header.height()), -kSide, -kPanelBottom);
}

void PercentileChart::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter p(this);
    percentileHeader(m_data, width() - 2.0 * kSide, height() < 180 ? 1 : 2).paint(p, QPointF(kSide, kPanelTop));
    paintPercentilePlot(p, plotArea(), m_data, m_reading);
    if (hasFocus()) {
        p.setRenderHint(QPainter::Antialiasing);
        p.setBrush(Qt::NoBrush);
        p.setPen(QPen(theme().accent, 1));
        p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
    }
}

void PercentileChart::mouseMoveEvent(QMouseEvent* event)
{
    const QRectF area = plotArea();
    m_byPointer = true;
    const PlotLayout layout = layOut(QRectF(QPointF(), area.size()), m_data);
    if (!layout.empty) {
        read(layout.ratioAt(event->position().x() - area.left()));
    }
}

void PercentileChart::mousePressEvent(QMouseEvent* event)
{
    setFocus(Qt::MouseFocusReason);
    QFrame::mousePressEvent(event);
}

void PercentileChart::leaveEvent(QEvent* event)
{
    m_byPointer = false;
    read(std::nullopt);
    QFrame::leaveEvent(event);
}

void PercentileChart::hideEvent(QHideEvent* event)
{
    read(std::nullopt);
    QFrame::hideEvent(event);
}

void PercentileChart::focusInEvent(QFocusEvent* event)
{
    QFrame::focusInEvent(event);
    update();
}

void PercentileChart::focusOutEvent(QFocusEvent* event)
{
    if (!m_byPointer) {
        read(std::nullopt);
    }
    QFrame::focusOutEvent(event);
    update();
}

void PercentileChart::keyPressEvent(QKeyEvent* event)
{
    const std::optional<double> before = m_reading;
    switch (event->key()) {
    case Qt::Key_Left:
        stepReading(-1);
        break;
    case Qt::Key_Right:
        stepReading(+1);
        break;
    case Qt::Key_Home:
        read(kTicked.front());
        break;
    case Qt::Key_End:
        read(kTicked.back());
        break;
    case Qt::Key_Escape:
        if (m_reading) {
            read(std::nullopt);
            break;
        }
        [[fallthrough]];
    default:
        QFrame::keyPressEvent(event);
    }
    if (m_reading && m_reading != before) {
        m_tip->sayFor(this);
    }
}

/// To the next percentile that the axis names.
void PercentileChart::stepReading(int marks)
{
    if (!m_reading) {
        read(0.5);
        return;
    }
    if (marks > 0) {
        const auto next =
            std::find_if(kTicked.begin(), kTicked.end(), [this](double r) { return r > *m_reading + 1e-9; });
        read(next == kTicked.end() ? kTicked.back() : *next);
    } else {
        const auto next =
            std::find_if(kTicked.rbegin(), kTicked.rend(), [this](double r) { return r < *m_reading - 1e-9; });
        read(next == kTicked.rend() ? kTicked.front() : *next);
    }
}

void PercentileChart::read(std::optional<double> ratio)
{
    const bool shown = ratio && !m_data.curves.empty() && isVisible();
    if (!shown) {
        m_reading.reset();
        if (m_tip != nullptr) {
            m_tip->hide();
        }
        update();
        return;
    }
    const QVector<double>& grid = percentileGrid();
    const auto above = std::lower_bound(grid.begin(), grid.end(), *ratio);
    qsizetype at = std::min<qsizetype>(above - grid.begin(), grid.size() - 1);
    if (at > 0 && placeOf(*ratio) - placeOf(grid[at - 1]) < placeOf(grid[at]) - placeOf(*ratio)) {
        --at;
    }
    m_reading = grid[at];
    std::vector<ValueTip::Row> rows;
    for (const PercentileCurve& curve : m_data.curves) {
        rows.push_back({curve.color, curve.name, seconds(secondsAt(curve, *m_reading)).joined(), false});
    }
    ValueTip& tip = ValueTip::of(m_tip, this);
    tip.setContent(percentileName(*m_reading), m_data.title, std::move(rows));
    const QRectF area = plotArea();
    const PlotLayout layout = layOut(QRectF(QPointF(), area.size()), m_data);
    tip.showAt(mapTo(window(), QPointF(area.left() + layout.x(*m_reading), area.center().y()).toPoint()));
    update();
}

} // namespace isobar::ui

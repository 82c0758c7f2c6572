// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/charts/chart_paint.h"

#include <QFrame>
#include <QPointer>
#include <optional>

namespace isobar::ui {

class ValueTip;

/// The quantiles worth drawing: evenly spaced on the chart's axis, the marked ones among them exactly.
[[nodiscard]] const QVector<double>& percentileGrid();
/// "p50", "p99.9".
[[nodiscard]] QString percentileName(double ratio);

[[nodiscard]] ChartHeader percentileHeader(const PercentileChartData& data, double width, int maxLegendRows);
/// Axes, curves, marks and target in `area`, as the widget and exports draw them; a line with dots at `reading`.
void paintPercentilePlot(QPainter& painter, const QRectF& area, const PercentileChartData& data,
                         std::optional<double> reading);

/// Distributions of durations, several over each other: percentiles to the right, stretched towards the tail (each nine
/// as wide as the one before), durations upwards on a logarithmic axis. The first curve carries marks at p50, p90, p95
/// and p99. Hovering, or the arrow keys, reads a percentile of every curve.
class PercentileChart final : public QFrame {
    Q_OBJECT
public:
    explicit PercentileChart(QWidget* parent = nullptr);
    ~PercentileChart() override;

    void setData(PercentileChartData data);
    [[nodiscard]] const PercentileChartData& data() const { return m_data; }
    /// What is read off under the mouse or by key; empty when nothing is.
    [[nodiscard]] QString hoverText() const;

    [[nodiscard]] QSize sizeHint() const override { return {320, 200}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {220, 130}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    [[nodiscard]] QRectF plotArea() const;
    void read(std::optional<double> ratio);
    void stepReading(int marks);

    PercentileChartData m_data;
    std::optional<double> m_reading;
    bool m_byPointer = false;
    QPointer<ValueTip> m_tip; ///< a child of the window, made when first needed
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/prepared_series.h"

#include <QFrame>
#include <QPointer>
#include <optional>

class QCustomPlot;

namespace isobar::ui {

class ValueTip;
class CrosshairItem;

/// A panel with a title, a small legend and lines or stacked areas over UTC time. Hovering, or the arrow keys, shows
/// the values of one moment. Draws what it is given; does not zoom or pan, since the time range belongs to the session.
class TimeChart : public QFrame {
    Q_OBJECT
public:
    explicit TimeChart(QWidget* parent = nullptr);
    ~TimeChart() override;

    /// Cheap enough for every snapshot: O(samples), one queued replot.
    void setData(TimeChartData data);
    [[nodiscard]] const TimeChartData& data() const { return m_data; }

    /// The moment under the mouse or chosen by key, as text ("14:06:31 UTC …"); empty when none is.
    [[nodiscard]] QString hoverText() const;

    [[nodiscard]] QSize sizeHint() const override { return {420, 200}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {240, 140}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void rebuild();
    void showMoment(double time);
    void clearMoment();
    void stepMoment(int samples);

    TimeChartData m_data;
    PreparedChart m_chart;
    QCustomPlot* m_plot;
    CrosshairItem* m_crosshair;       ///< owned by the plot
    QPointer<ValueTip> m_tip;         ///< a child of the window, made when first needed
    std::optional<double> m_pointerX; ///< plot pixels; kept so that new data updates what is under the mouse
    std::optional<double> m_moment;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_paint.h"
#include "ui/charts/prepared_series.h"
#include "ui/charts/value_tip.h"

#include <QFrame>
#include <QPointer>
#include <QStringList>
#include <optional>
#include <utility>

class QCustomPlot;

namespace isobar::ui {

class CrosshairItem;

/// A panel with a title, a small legend and lines, bands or stacked areas over UTC time. Hovering, or the arrow keys,
/// shows the values of one moment, here and in every chart linked to it. Draws what it is given; does not zoom or pan:
/// a brushed range is reported, and the time range belongs to the session. A click on a legend entry hides or shows its
/// series, with Shift or Ctrl it shows that one alone; so do the digits 1 to 9.
class TimeChart : public QFrame {
    Q_OBJECT
public:
    explicit TimeChart(QWidget* parent = nullptr);
    ~TimeChart() override;

    /// Cheap enough for every snapshot: O(samples), one queued replot.
    void setData(TimeChartData data);
    [[nodiscard]] const TimeChartData& data() const { return m_data; }

    /// Draws the plot at once instead of with the next event.
    void redraw();

    /// The moment under the mouse or chosen by key, as text ("14:06:31 UTC …"); empty when none is.
    [[nodiscard]] QString hoverText() const;

    /// Follows the crosshair of another chart, without a tip and without a signal. Connect crosshairMoved() here.
    void setCrosshair(double time);
    void clearCrosshair();
    [[nodiscard]] std::optional<double> crosshair() const { return m_moment ? m_moment : m_linked; }
    /// The range brushed, shaded until cleared; set by the owner to show one brushed elsewhere (no signal).
    void setBrush(double from, double to);
    void clearBrush();
    [[nodiscard]] std::optional<std::pair<double, double>> brush() const { return m_brush; }
    /// Series and bands hidden by the legend, by name; kept over setData().
    void setHiddenSeries(const QStringList& names);
    [[nodiscard]] const QStringList& hiddenSeries() const { return m_hidden; }
    /// Where a legend entry is, in widget coordinates; empty when there is none of that name.
    [[nodiscard]] QRectF legendRect(const QString& name) const;

    [[nodiscard]] QSize sizeHint() const override { return {420, 200}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {240, 140}; }

Q_SIGNALS:
    void crosshairMoved(double time); ///< UTC seconds, by mouse or key
    void crosshairCleared();
    void rangeBrushed(double from, double to); ///< UTC seconds, from < to; on release
    void brushCleared();                       ///< by Esc or a click beside it
    void hiddenSeriesChanged(const QStringList& names);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void rebuild();
    [[nodiscard]] ChartHeader header() const;
    void showMoment(double time);
    void addEvents(std::vector<ValueTip::Row>& rows, double pointed, double sample) const;
    void placeCrosshair();
    void toggleSeries(const QString& name, bool alone);
    void endBrush(double x);
    [[nodiscard]] QStringList legendNames() const;
    void clearMoment();
    void stepMoment(int samples);

    TimeChartData m_data, m_shown; ///< as given; without what the legend hides
    PreparedChart m_chart;
    QCustomPlot* m_plot;
    CrosshairItem* m_crosshair;       ///< owned by the plot
    QPointer<ValueTip> m_tip;         ///< a child of the window, made when first needed
    std::optional<double> m_pointerX; ///< plot pixels; kept so that new data updates what is under the mouse
    std::optional<double> m_moment;
    std::optional<double> m_linked;      ///< the moment of another chart
    std::optional<double> m_brushStartX; ///< plot pixels, while the button is down
    std::optional<std::pair<double, double>> m_brush;
    QStringList m_hidden;
    bool m_replotQueued = false; ///< the plot will be drawn with the next event
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

#include <QFrame>

namespace isobar::ui {

/// One key figure: title, figure with a quieter unit, change in words, and a sparkline where there is room; where it
/// has a target, a track with both and a mark: tick, half ring or triangle for met, near or missed. Six fit into 1,180
/// px. A button to mouse, keyboard and screen reader.
class KpiTile : public QFrame {
    Q_OBJECT
public:
    explicit KpiTile(QWidget* parent = nullptr);

    void setData(KpiData data);
    [[nodiscard]] const KpiData& data() const { return m_data; }

    [[nodiscard]] QSize sizeHint() const override { return {230, 86}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {150, 82}; }

Q_SIGNALS:
    void clicked();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    KpiData m_data;
    bool m_hovered = false, m_pressed = false;
};

/// The tile's content in `rect`, as the widget and exports draw it.
void paintKpi(QPainter& painter, const QRectF& rect, const KpiData& data);

} // namespace isobar::ui

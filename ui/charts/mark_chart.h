// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_scene.h"

#include <QFrame>
#include <QPixmap>
#include <QPointer>
#include <QStringList>
#include <optional>

namespace isobar::ui {

class ValueTip;

/// A panel with a chart made of marks: the mouse hovers and clicks them, arrow keys walk to the nearest one in that
/// direction, Enter clicks, Esc leaves; a screen reader finds each with name, value and rank. What a click means is up
/// to the owner. The picture is cached, so that hovering repaints no chart.
class MarkChart : public QFrame {
    Q_OBJECT
public:
    ~MarkChart() override;

    [[nodiscard]] const std::vector<ChartMark>& marks() const { return scene().marks(); }
    /// Where a mark is, in widget coordinates; empty when there is no such key.
    [[nodiscard]] QRectF markRect(const QString& key) const;
    [[nodiscard]] QString hoveredKey() const;
    /// The mark that the keys are on; empty before the first arrow key.
    [[nodiscard]] QString currentKey() const;
    /// The tip shown, as text; empty when there is none.
    [[nodiscard]] QString hoverText() const;
    /// Outlined until changed: what a filter elsewhere has picked.
    void setSelectedKeys(const QStringList& keys);
    [[nodiscard]] const QStringList& selectedKeys() const { return m_selectedKeys; }

    [[nodiscard]] QSize sizeHint() const override { return {420, 240}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {240, 140}; }

    /// The chart as it stands (drilled into, one lost), laid out for a size: for chart_export.h.
    [[nodiscard]] virtual std::unique_ptr<MarkScene> makeScene(QSizeF size) const = 0;

    /// Moves the keyboard to a mark and says it; out of range: to none.
    void setCurrentMark(int mark);
    /// As a click on it or Enter would.
    void activateMark(int mark);

Q_SIGNALS:
    void markClicked(const QString& key);
    void markHovered(const QString& key); ///< empty: none any more

protected:
    explicit MarkChart(QWidget* parent);

    /// After markClicked(); for the signals of the chart at hand.
    virtual void markActivated(const ChartMark& mark) { Q_UNUSED(mark); }
    virtual void markEntered(const QString& key) { Q_UNUSED(key); }
    /// Esc or Backspace, with nothing hovered: true when used (a drill-down goes up).
    virtual bool goBack() { return false; }
    /// To be called when the data changed: lays out anew at the next paint, keeps keyboard and selection by key.
    void changed(const QString& title, const QString& unitNote);
    /// The picture changed, the data did not.
    void relayout();
    [[nodiscard]] const MarkScene& scene() const;

    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    [[nodiscard]] QRectF inside() const;
    void setHovered(int mark);
    void showTip(int mark);
    void step(int dx, int dy);
    [[nodiscard]] int indexOf(const QString& key) const;

    mutable std::unique_ptr<MarkScene> m_scene; ///< laid out when first needed
    mutable QSizeF m_sceneSize;
    QPixmap m_canvas;
    MarkState m_state;
    QString m_currentKey;
    QStringList m_selectedKeys;
    int m_pressed = -1;
    QPointer<ValueTip> m_tip; ///< a child of the window, made when first needed
};

} // namespace isobar::ui

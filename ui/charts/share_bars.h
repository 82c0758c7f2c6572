// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

#include <QRectF>
#include <QWidget>

class QPainter;

namespace isobar::ui {

/// Where the parts of a share section lie for a given width; one layout for painting, for hit testing and for export.
struct ShareLayout {
    QRectF title;
    std::vector<QRectF> rows; ///< as many as there is room for, from the first; the total says how many there are not
    QRectF total, footnote;   ///< empty where there is none, or no room
    double height = 0;
};
/// With a height given, fills it: rows stand closer or wider; where even the closest do not fit, the footnote goes, and
/// then the last rows.
[[nodiscard]] ShareLayout layOutShare(const ShareData& data, double width, double height = 0);
/// The least height that shows every row and the footnote, as close as they can be read.
[[nodiscard]] double closestShareHeight(const ShareData& data, double width);

struct ShareState {
    int hovered = -1, current = -1; ///< rows; current is drawn with a focus ring
    QString selectedKey;
};
void paintShare(QPainter& painter, QPointF topLeft, const ShareLayout& layout, const ShareData& data,
                const ShareState& state);

/// Rows of name, value and bar: who has how much of something. A section of a panel, without a frame of its own. Bars
/// share one scale, rounded up from the largest row, and the track shows it. Rows are picked by mouse or by keys; what
/// picking means is up to the owner, who sets the selected key.
class ShareBars : public QWidget {
    Q_OBJECT
public:
    explicit ShareBars(QWidget* parent = nullptr);

    void setData(ShareData data);
    [[nodiscard]] const ShareData& data() const { return m_data; }
    void setSelectedKey(const QString& key);
    /// Whether it takes the height it is given and lays its rows out in it, rather than asking for what they like;
    /// false at first.
    void setFilling(bool on);
    [[nodiscard]] QString selectedKey() const { return m_state.selectedKey; }
    [[nodiscard]] QString hoveredKey() const;
    /// The rectangle of a row in widget coordinates; empty when there is no such key.
    [[nodiscard]] QRect rowRect(const QString& key) const;

    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;
    [[nodiscard]] bool hasHeightForWidth() const override { return !m_filling; }
    /// What its rows like; filling, the least in which one of them and the total can be read.
    [[nodiscard]] int heightForWidth(int width) const override;

Q_SIGNALS:
    void rowClicked(const QString& key);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    [[nodiscard]] int rowAt(QPointF point) const;
    [[nodiscard]] ShareLayout currentLayout() const;
    void setHovered(int row);

    ShareData m_data;
    ShareState m_state;
    int m_current = 0, m_pressed = -1;
    bool m_filling = false;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/devices/chip_colors.h"
#include "ui/devices/chip_layout.h"

#include <QImage>
#include <QWidget>

#include <functional>
#include <memory>
#include <optional>

namespace isobar::ui {

/// The heat grid: every chip of a pool as a square in its node, rack or slice. Wheel and drag zoom and pan; a click or
/// Enter selects; arrows walk. Painted by spans into a picture, so that 100,000 chips are a frame.
class ChipGrid : public QWidget {
    Q_OBJECT
public:
    explicit ChipGrid(QWidget* parent = nullptr);
    ~ChipGrid() override;

    /// Shows a pool; another one is shown whole, the same one where it is looked at. Null shows nothing.
    void setView(std::shared_ptr<const engine::DeviceView> view, ChipMeasure measure);
    [[nodiscard]] const std::shared_ptr<const engine::DeviceView>& view() const { return m_view; }
    [[nodiscard]] const ChipColors& colors() const { return m_colors; }
    [[nodiscard]] const ChipLayout& chipLayout() const { return m_layout; }

    /// Words for a chip, for those who do not see it and for the tip; one line.
    std::function<QString(std::uint32_t chip)> describe;
    /// Words for a node or a slice, for those who do not see it.
    std::function<QString(const ChipLayout::Block& block)> describeBlock;
    /// The words over a slice; empty = none.
    std::function<QString(std::uint32_t slice)> sliceTitle;
    bool flatSlices = false; ///< of the chips shown: see closedAxes

    void setCursorChip(std::optional<std::uint32_t> chip); ///< where arrows walk from; brought into view
    [[nodiscard]] std::optional<std::uint32_t> cursorChip() const { return m_cursor; }
    [[nodiscard]] std::optional<std::uint32_t> hoveredChip() const { return m_hovered; }
    void showAll();
    /// Zooms so that the block of a chip fills a good part of the widget.
    void showBlockOf(std::uint32_t chip);
    void zoomAt(QPointF at, double factor);
    void panBy(QPointF pixels);
    [[nodiscard]] double pixelsPerChip() const { return m_scale; }
    [[nodiscard]] QRectF chipPixels(std::uint32_t chip) const;
    [[nodiscard]] std::optional<std::uint32_t> chipUnder(QPointF at) const;

    [[nodiscard]] QSize sizeHint() const override { return {900, 600}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {300, 200}; }

Q_SIGNALS:
    void hovered(std::optional<std::uint32_t> chip);
    void walkedTo(std::uint32_t chip);   ///< by keys
    void chipChosen(std::uint32_t chip); ///< click or Enter
    void leaveRequested();               ///< Escape

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool event(QEvent* event) override;

private:
    void paintChips();
    void paintOverlay(QPainter& painter);
    void paintSlices(QPainter& painter, const QRectF& seen);
    void paintRacks(QPainter& painter, const QRectF& seen);
    void paintMarks(QPainter& painter, const QRectF& seen);
    [[nodiscard]] QPointF toPlane(QPointF pixels) const { return pixels / m_scale + m_origin; }
    [[nodiscard]] QRectF toPixels(const QRectF& plane) const;
    [[nodiscard]] double fittingScale() const;
    void setScale(double scale);
    void keepInSight();
    void changed();
    void hover(std::optional<std::uint32_t> chip);
    void walk(int dx, int dy);
    void walkTo(std::uint32_t chip);
    void bringIntoView(std::uint32_t chip);

    std::shared_ptr<const engine::DeviceView> m_view;
    ChipColors m_colors;
    ChipLayout m_layout;
    QImage m_picture;
    bool m_stale = true; ///< the picture is not what should be seen
    bool m_fits = true;  ///< all of it is shown; stays so on resize
    double m_scale = 4;  ///< pixels a chip
    QPointF m_origin;    ///< of the plane, at the top left pixel
    std::optional<std::uint32_t> m_cursor, m_hovered;
    QPointF m_pressedAt, m_draggedFrom;
    bool m_pressed = false, m_dragging = false;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_grid.h"

#include "ui/devices/chip_accessible.h"
#include "ui/shell/theme.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kMargin = 18, kLargest = 96;
constexpr double kDragStart = 4; ///< pixels a press may move and still be a click
constexpr double kBlockShare = 0.45;

/// Between chips, in pixels: none while they are a few pixels small.
int gapOf(double pixelsPerChip)
{
    return pixelsPerChip >= 5 ? std::max(1, static_cast<int>(pixelsPerChip / 12)) : 0;
}

void announce(QWidget* widget, const QString& text)
{
    widget->setAccessibleDescription(text);
    QAccessibleEvent event(widget, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
    if (QAccessible::isActive() && widget->hasFocus()) { // and the chip itself has the focus now
        QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(widget);
        if (QAccessibleInterface* chip = grid != nullptr ? grid->focusChild() : nullptr) {
            QAccessibleEvent focused(chip, QAccessible::Focus);
            QAccessible::updateAccessibility(&focused);
        }
    }
}

/// A title in that room; none where only its first letters would be left, hundreds of times over.
QString shortened(const QString& title, const QFontMetricsF& metrics, double room)
{
    constexpr int kTelling = 7; // letters, with the dots
    const QString text = metrics.elidedText(title, Qt::ElideRight, room);
    return text == title || text.size() >= kTelling ? text : QString();
}

} // namespace

ChipGrid::ChipGrid(QWidget* parent)
    : QWidget(parent)
{
    installChipAccessibility();
    setAccessibleName(tr("Chips"));
    setWhatsThis(tr("Arrow keys walk from chip to chip, Page Up and Down from node to node, Enter opens a node or a "
                    "chip, plus and minus zoom, 0 shows all, T shows the table, Escape goes back"));
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        if (m_view) {
            m_colors = colorsOf(*m_view, m_colors.measure, theme());
        }
        changed();
    });
}

ChipGrid::~ChipGrid() = default;

void ChipGrid::setView(std::shared_ptr<const engine::DeviceView> view, ChipMeasure measure)
{
    if (view == m_view && measure == m_colors.measure) {
        return;
    }
    const bool another = !m_view || !view || view->pool != m_view->pool || view->chips.size() != m_view->chips.size();
    // Slices come and go: then blocks stand elsewhere.
    const auto sameSlices = [&] {
        return std::equal(view->slices.begin(), view->slices.end(), m_view->slices.begin(), m_view->slices.end(),
                          [](const engine::Slice& a, const engine::Slice& b) {
                              return a.first == b.first && a.chips == b.chips && a.shape == b.shape;
                          });
    };
    const bool rearranged = another || !sameSlices();
    m_view = std::move(view);
    if (!m_view) {
        m_colors = {};
        m_layout = {};
        m_cursor.reset();
        m_hovered.reset();
        changed();
        return;
    }
    m_colors = colorsOf(*m_view, measure, theme());
    if (rearranged) {
        m_layout = layoutOf(*m_view, std::max(0.2, width() / std::max(1.0, double(height()))));
    }
    if (another) {
        m_cursor.reset();
        m_hovered.reset();
        showAll();
    }
    changed();
}

void ChipGrid::changed()
{
    m_stale = true;
    update();
}

QRectF ChipGrid::toPixels(const QRectF& plane) const
{
    return {(plane.topLeft() - m_origin) * m_scale, plane.size() * m_scale};
}

QRectF ChipGrid::chipPixels(std::uint32_t chip) const
{
    return toPixels(m_layout.chipRect(chip));
}

std::optional<std::uint32_t> ChipGrid::chipUnder(QPointF at) const
{
    return m_view ? m_layout.chipAt(toPlane(at)) : std::nullopt;
}

double ChipGrid::fittingScale() const
{
    if (m_layout.size.isEmpty()) {
        return 1;
    }
    const double wide = std::max(10.0, width() - 2 * kMargin), high = std::max(10.0, height() - 2 * kMargin);
    return std::min({wide / m_layout.size.width(), high / m_layout.size.height(), kLargest / 2});
}

void ChipGrid::setScale(double scale)
{
    m_scale = std::clamp(scale, fittingScale(), std::max(kLargest, fittingScale()));
}

/// Nothing is shown where there is nothing, unless all fits.
void ChipGrid::keepInSight()
{
    const QSizeF seen = QSizeF(width(), height()) / m_scale;
    const double margin = kMargin / m_scale;
    const auto keep = [margin](double at, double all, double part) {
        return all + 2 * margin <= part ? (all - part) / 2 : std::clamp(at, -margin, all + margin - part);
    };
    m_origin = {keep(m_origin.x(), m_layout.size.width(), seen.width()),
                keep(m_origin.y(), m_layout.size.height(), seen.height())};
}

void ChipGrid::showAll()
{
    m_fits = true;
    m_scale = fittingScale();
    keepInSight();
    changed();
}

void ChipGrid::showBlockOf(std::uint32_t chip)
{
    if (!m_view || chip >= m_layout.blockOf.size()) {
        return;
    }
    const QRectF block = m_layout.blocks[m_layout.blockOf[chip]].rect;
    m_fits = false;
    setScale(std::min(width() * kBlockShare / block.width(), height() * kBlockShare / block.height()));
    m_origin = block.center() - QPointF(width(), height()) / 2 / m_scale;
    keepInSight();
    changed();
}

void ChipGrid::zoomAt(QPointF at, double factor)
{
    const QPointF under = toPlane(at);
    setScale(m_scale * factor);
    m_fits = m_scale <= fittingScale();
    m_origin = under - at / m_scale;
    keepInSight();
    changed();
}

void ChipGrid::panBy(QPointF pixels)
{
    m_origin -= pixels / m_scale;
    keepInSight();
    changed();
}

void ChipGrid::setCursorChip(std::optional<std::uint32_t> chip)
{
    if (chip && (!m_view || *chip >= m_view->chips.size())) {
        chip.reset();
    }
    m_cursor = chip;
    if (chip) {
        bringIntoView(*chip);
        announce(this, describe ? describe(*chip) : QString());
    }
    update();
}

void ChipGrid::bringIntoView(std::uint32_t chip)
{
    const QRectF at = chipPixels(chip);
    const QRectF inner = QRectF(rect()).adjusted(kMargin, kMargin, -kMargin, -kMargin);
    if (!inner.contains(at) && !m_fits) {
        m_origin = m_layout.chipRect(chip).center() - QPointF(width(), height()) / 2 / m_scale;
        keepInSight();
        changed();
    }
}

/// Chips as spans of a row of pixels, copied to the rows below: nothing here is per pixel and per chip but a fill.
void ChipGrid::paintChips()
{
    const double ratio = devicePixelRatioF();
    const QSize pixels = (QSizeF(size()) * ratio).toSize();
    if (m_picture.size() != pixels) {
        m_picture = QImage(pixels, QImage::Format_RGB32);
    }
    m_picture.setDevicePixelRatio(ratio);
    m_picture.fill(theme().panel.rgb());
    m_stale = false;
    if (!m_view) {
        return;
    }
    const double scale = m_scale * ratio;
    const int wide = pixels.width(), high = pixels.height();
    const int gap = gapOf(scale);
    auto* const bits = reinterpret_cast<QRgb*>(m_picture.bits());
    const auto stride = m_picture.bytesPerLine() / static_cast<qsizetype>(sizeof(QRgb));
    const QRectF seen(m_origin, QSizeF(size()) / m_scale);
    const auto edge = [scale](double plane, double origin) {
        return static_cast<int>(std::floor((plane - origin) * scale));
    };
    std::vector<int> lefts, rights;
    for (const ChipLayout::Unit& unit : m_layout.units) {
        if (!unit.rect.intersects(seen)) {
            continue;
        }
        for (std::uint32_t b = unit.firstBlock; b < unit.firstBlock + unit.blocks; ++b) {
            const ChipLayout::Block& block = m_layout.blocks[b];
            if (!block.rect.intersects(seen)) {
                continue;
            }
            const std::uint32_t layerChips = std::uint32_t{block.wide} * block.high;
            for (std::uint32_t layer = 0; layer * layerChips < block.chips; ++layer) {
                const double left =
                    block.rect.x() + (layer % block.layersAcross) * (block.wide + ChipLayout::kLayerGap);
                const double top = block.rect.y() + std::floor(double(layer) / block.layersAcross) *
                                                        (block.high + ChipLayout::kLayerGap);
                lefts.clear();
                rights.clear();
                for (std::uint32_t x = 0; x < block.wide; ++x) {
                    const int begin = edge(left + x, m_origin.x());
                    lefts.push_back(std::clamp(begin, 0, wide));
                    rights.push_back(std::clamp(std::max(begin + 1, edge(left + x + 1, m_origin.x()) - gap), 0, wide));
                }
                for (std::uint32_t y = 0; y < block.high; ++y) {
                    const int begin = edge(top + y, m_origin.y());
                    const int first = std::clamp(begin, 0, high);
                    const int last = std::clamp(std::max(begin + 1, edge(top + y + 1, m_origin.y()) - gap), 0, high);
                    if (first >= last) {
                        continue;
                    }
                    const std::uint32_t base = block.first + layer * layerChips + y * block.wide;
                    const std::uint32_t row = std::min<std::uint32_t>(
                        block.wide, block.first + block.chips > base ? block.first + block.chips - base : 0);
                    for (std::uint32_t x = 0; x < row; ++x) {
                        const QRgb color = m_colors.chips[base + x];
                        for (int line = first; line < last; ++line) {
                            std::fill(bits + line * stride + lefts[x], bits + line * stride + rights[x], color);
                        }
                    }
                }
            }
        }
    }
}

void ChipGrid::paintRacks(QPainter& painter, const QRectF& seen)
{
    const double room = ChipLayout::kUnitGap * m_scale;
    const QFontMetricsF metrics(ui::font(TextRole::Small));
    if (room < metrics.height()) {
        return;
    }
    painter.setFont(ui::font(TextRole::Small));
    painter.setPen(theme().muted);
    const double above = ChipLayout::kUnitGap;
    for (const ChipLayout::Unit& unit : m_layout.units) {
        if (unit.rack == engine::Device::kNone || !unit.rect.adjusted(0, -above, 0, 0).intersects(seen)) {
            continue;
        }
        const QRectF at = toPixels(unit.rect);
        const QString text = shortened(tr("Rack %1").arg(unit.rack), metrics, at.width() + room * 0.7);
        painter.drawText(QPointF(at.left(), at.top() - 4), text);
    }
}

void ChipGrid::paintSlices(QPainter& painter, const QRectF& seen)
{
    const Theme& t = theme();
    const std::uint32_t hoveredSlice = m_hovered ? m_view->chips[*m_hovered].slice : engine::Device::kNone;
    const QFontMetricsF metrics(ui::font(TextRole::Small));
    const double room = ChipLayout::kUnitGap * m_scale;
    painter.setFont(ui::font(TextRole::Small));
    for (const ChipLayout::Unit& unit : m_layout.units) {
        const ChipLayout::Block& block = m_layout.blocks[unit.firstBlock];
        if (block.slice == engine::Device::kNone ||
            !unit.rect.adjusted(-1, -ChipLayout::kUnitGap, 1, 1).intersects(seen)) {
            continue;
        }
        const engine::Slice& slice = m_view->slices[block.slice];
        const QRectF at = toPixels(block.rect);
        // A slice is taken, freed and lost as a whole: one outline.
        const double space = std::clamp(m_scale * 0.3, 1.0, 5.0);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(block.slice == hoveredSlice ? t.accent : t.faint, 1));
        painter.drawRect(at.adjusted(-space, -space, space, space).toRect());
        if (m_scale >= 9 && slice.shape[0] > 0) {
            const auto closed = closedAxes(slice.shape, flatSlices);
            const double stub = m_scale * 0.32;
            painter.setPen(QPen(t.muted, 1));
            const std::uint32_t layerChips = std::uint32_t{block.wide} * block.high;
            for (std::uint32_t layer = 0; layer * layerChips < block.chips; ++layer) {
                const QRectF first = chipPixels(block.first + layer * layerChips);
                for (std::uint32_t y = 0; closed[0] && y < block.high; ++y) { // rows that close to rings
                    const double line = first.center().y() + y * m_scale;
                    const double right = first.left() + block.wide * m_scale;
                    painter.drawLine(QLineF(first.left() - stub, line, first.left(), line));
                    painter.drawLine(QLineF(right, line, right + stub, line));
                }
                for (std::uint32_t x = 0; closed[1] && x < block.wide; ++x) {
                    const double line = first.center().x() + x * m_scale;
                    const double bottom = first.top() + block.high * m_scale;
                    painter.drawLine(QLineF(line, first.top() - stub, line, first.top()));
                    painter.drawLine(QLineF(line, bottom, line, bottom + stub));
                }
            }
        }
        if (room >= metrics.height() + space && sliceTitle) {
            painter.setPen(t.muted);
            const QString text = shortened(sliceTitle(block.slice), metrics, at.width() + room * 0.7);
            painter.drawText(QPointF(at.left() - space, at.top() - space - 3), text);
        }
    }
}

/// A cross on chips that are down, so that it is not told by colour alone.
void ChipGrid::paintMarks(QPainter& painter, const QRectF& seen)
{
    if (m_scale < 9 || m_colors.counts[static_cast<std::size_t>(ChipClass::Down)] == 0) {
        return;
    }
    painter.setPen(QPen(theme().panel, 1));
    for (const ChipLayout::Unit& unit : m_layout.units) {
        if (!unit.rect.intersects(seen)) {
            continue;
        }
        for (std::uint32_t b = unit.firstBlock; b < unit.firstBlock + unit.blocks; ++b) {
            const ChipLayout::Block& block = m_layout.blocks[b];
            for (std::uint32_t chip = block.first; chip < block.first + block.chips; ++chip) {
                if (m_colors.classes[chip] == ChipClass::Down) {
                    const double inset = m_scale * 0.28;
                    const QRectF at = chipPixels(chip).adjusted(inset, inset, -inset, -inset);
                    painter.drawLine(at.topLeft(), at.bottomRight());
                    painter.drawLine(at.topRight(), at.bottomLeft());
                }
            }
        }
    }
}

void ChipGrid::paintOverlay(QPainter& painter)
{
    const QRectF seen(m_origin, QSizeF(size()) / m_scale);
    paintRacks(painter, seen);
    paintSlices(painter, seen);
    paintMarks(painter, seen);
    painter.setBrush(Qt::NoBrush);
    const double gap = gapOf(m_scale);
    const auto frame = [&](const QRectF& rect, const QColor& color, int width) {
        painter.setPen(QPen(color, width));
        painter.drawRect(rect.toAlignedRect().adjusted(-1, -1, 0, 0));
    };
    if (m_cursor && *m_cursor < m_layout.blockOf.size()) {
        frame(toPixels(m_layout.blocks[m_layout.blockOf[*m_cursor]].rect).adjusted(-3, -3, 3 - gap, 3 - gap),
              theme().accent, 1);
        frame(chipPixels(*m_cursor).adjusted(0, 0, -gap, -gap), hasFocus() ? theme().text : theme().accent, 2);
    }
    if (m_hovered && m_hovered != m_cursor && *m_hovered < m_layout.blockOf.size()) {
        frame(chipPixels(*m_hovered).adjusted(0, 0, -gap, -gap), theme().text, 1);
    }
}

void ChipGrid::paintEvent(QPaintEvent*)
{
    if (m_stale || m_picture.size() != (QSizeF(size()) * devicePixelRatioF()).toSize()) {
        paintChips();
    }
    QPainter painter(this);
    painter.drawImage(QPoint(0, 0), m_picture);
    if (m_view) {
        paintOverlay(painter);
    }
    if (hasFocus()) {
        painter.setPen(QPen(theme().accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void ChipGrid::resizeEvent(QResizeEvent*)
{
    if (!m_view) {
        return;
    }
    if (m_fits) {
        m_layout = layoutOf(*m_view, std::max(0.2, width() / std::max(1.0, double(height()))));
        m_scale = fittingScale();
    }
    setScale(m_scale);
    keepInSight();
    changed();
}

void ChipGrid::wheelEvent(QWheelEvent* event)
{
    zoomAt(event->position(), std::pow(1.2, event->angleDelta().y() / 120.0));
    event->accept();
}

void ChipGrid::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        m_pressed = true;
        m_pressedAt = m_draggedFrom = event->position();
    } else {
        QWidget::mousePressEvent(event);
    }
}

void ChipGrid::mouseMoveEvent(QMouseEvent* event)
{
    if (m_pressed) {
        const QPointF moved = event->position() - m_pressedAt;
        m_dragging = m_dragging || std::hypot(moved.x(), moved.y()) > kDragStart;
        if (m_dragging) {
            setCursor(Qt::ClosedHandCursor);
            panBy(event->position() - m_draggedFrom);
            m_draggedFrom = event->position();
            return;
        }
    }
    hover(chipUnder(event->position()));
}

void ChipGrid::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || !m_pressed) {
        QWidget::mouseReleaseEvent(event);
        return;
    }
    m_pressed = false;
    unsetCursor();
    if (m_dragging) {
        m_dragging = false;
        return;
    }
    if (const auto chip = chipUnder(event->position())) {
        setCursorChip(chip);
        Q_EMIT chipChosen(*chip);
    }
}

void ChipGrid::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (const auto chip = chipUnder(event->position()); chip && event->button() == Qt::LeftButton) {
        showBlockOf(*chip);
    }
}

void ChipGrid::hover(std::optional<std::uint32_t> chip)
{
    if (chip != m_hovered) {
        m_hovered = chip;
        update();
        Q_EMIT hovered(chip);
    }
}

void ChipGrid::leaveEvent(QEvent*)
{
    hover(std::nullopt);
}

void ChipGrid::focusInEvent(QFocusEvent*)
{
    update();
}

void ChipGrid::focusOutEvent(QFocusEvent*)
{
    update();
}

void ChipGrid::walkTo(std::uint32_t chip)
{
    setCursorChip(chip);
    Q_EMIT walkedTo(chip);
}

/// To the next chip in a direction, across gaps.
void ChipGrid::walk(int dx, int dy)
{
    if (!m_cursor) {
        walkTo(0);
        return;
    }
    const QPointF from = m_layout.chipRect(*m_cursor).center();
    const double most = dx != 0 ? m_layout.size.width() : m_layout.size.height();
    for (double step = 0.5; step <= most; step += 0.25) {
        const auto chip = m_layout.chipAt(from + QPointF(dx * step, dy * step));
        if (chip && chip != m_cursor) {
            walkTo(*chip);
            return;
        }
    }
}

void ChipGrid::keyPressEvent(QKeyEvent* event)
{
    if (!m_view || m_view->chips.empty()) {
        QWidget::keyPressEvent(event);
        return;
    }
    const auto last = static_cast<std::uint32_t>(m_view->chips.size() - 1);
    const auto toBlock = [&](int by) {
        const int block = m_cursor ? static_cast<int>(m_layout.blockOf[*m_cursor]) + by : 0;
        walkTo(m_layout
                   .blocks[static_cast<std::size_t>(std::clamp(block, 0, static_cast<int>(m_layout.blocks.size()) - 1))]
                   .first);
    };
    const QPointF middle = QPointF(width(), height()) / 2;
    switch (event->key()) {
    case Qt::Key_Left:
        walk(-1, 0);
        break;
    case Qt::Key_Right:
        walk(1, 0);
        break;
    case Qt::Key_Up:
        walk(0, -1);
        break;
    case Qt::Key_Down:
        walk(0, 1);
        break;
    case Qt::Key_Home:
        walkTo(0);
        break;
    case Qt::Key_End:
        walkTo(last);
        break;
    case Qt::Key_PageDown:
        toBlock(1);
        break;
    case Qt::Key_PageUp:
        toBlock(-1);
        break;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoomAt(m_cursor ? chipPixels(*m_cursor).center() : middle, 1.25);
        break;
    case Qt::Key_Minus:
        zoomAt(m_cursor ? chipPixels(*m_cursor).center() : middle, 1 / 1.25);
        break;
    case Qt::Key_0:
        showAll();
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_cursor) {
            Q_EMIT chipChosen(*m_cursor);
        } else {
            walkTo(0);
        }
        break;
    case Qt::Key_Escape:
        Q_EMIT leaveRequested();
        break;
    default:
        QWidget::keyPressEvent(event);
    }
}

bool ChipGrid::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const auto chip = chipUnder(help->pos());
        if (chip && describe) {
            QString text = describe(*chip).toHtmlEscaped();
            text.replace(QStringLiteral("; "), QStringLiteral("<br>"));
            QToolTip::showText(help->globalPos(), QStringLiteral("<p style='white-space:pre'>%1</p>").arg(text), this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

} // namespace isobar::ui

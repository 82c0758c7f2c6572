// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/torus_view.h"

#include "ui/devices/chip_layout.h"
#include "ui/devices/device_words.h"
#include "ui/shell/color.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr std::size_t kMostWired = 300; ///< beyond it links would be a blur
constexpr double kMargin = 14, kStub = 0.55;

} // namespace

TorusView::TorusView(QWidget* parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

void TorusView::clear()
{
    m_chips.clear();
    setVisible(false);
}

void TorusView::show(std::shared_ptr<const engine::DeviceView> view, std::uint32_t index, const ChipColors& colors,
                     bool flat)
{
    if (!view || index >= view->slices.size() || view->slices[index].shape[0] == 0) {
        clear();
        return;
    }
    const engine::Slice& slice = view->slices[index];
    m_shape = slice.shape;
    m_closed = closedAxes(m_shape, flat);
    m_chips.assign(colors.chips.begin() + slice.first, colors.chips.begin() + slice.first + slice.chips);
    const bool rings = std::any_of(m_closed.begin(), m_closed.end(), [](bool closed) { return closed; });
    setAccessibleName(tr("Slice of %1 chips, %2: %3")
                          .arg(slice.chips)
                          .arg(shapeText(slice), rings ? tr("a torus, its axes close to rings")
                                                       : tr("a mesh, its axes do not close to rings")));
    setToolTip(accessibleName());
    setVisible(true);
    update();
}

void TorusView::paintEvent(QPaintEvent*)
{
    if (m_chips.empty()) {
        return;
    }
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int nx = m_shape[0], ny = m_shape[1], nz = m_shape[2];
    // x to the right, y down, z away: up and to the right.
    const QPointF ex(1, 0), ey(0, 1), ez(nz > 1 ? 0.62 : 0, nz > 1 ? -0.42 : 0);
    const auto at = [&](double x, double y, double z) { return ex * x + ey * y + ez * z; };
    QRectF bounds;
    for (const double x : {-kStub, nx - 1 + kStub}) {
        for (const double y : {-kStub, ny - 1 + kStub}) {
            for (const double z : {-kStub, nz - 1 + kStub}) {
                bounds = bounds.united(QRectF(at(x, y, z) - QPointF(0.3, 0.3), QSizeF(0.6, 0.6)));
            }
        }
    }
    const QRectF area = QRectF(rect()).adjusted(kMargin, kMargin, -kMargin, -kMargin);
    const double scale = std::min({area.width() / bounds.width(), area.height() / bounds.height(), 34.0});
    const QPointF origin = area.center() - bounds.center() * scale;
    const auto pixel = [&](double x, double y, double z) { return origin + at(x, y, z) * scale; };
    const auto color = [&](int x, int y, int z) {
        return QColor(
            m_chips[(static_cast<std::size_t>(z) * static_cast<std::size_t>(ny) + static_cast<std::size_t>(y)) *
                        static_cast<std::size_t>(nx) +
                    static_cast<std::size_t>(x)]);
    };
    const bool wired = m_chips.size() <= kMostWired;
    const double side = std::max(2.0, scale * (nz > 1 ? 0.36 : 0.55));
    for (int z = nz; z-- > 0;) { // the nearest layer last
        if (wired) {
            painter.setPen(QPen(mixed(theme().panel, theme().muted, nz > 1 ? 0.45 : 0.7), 1));
            for (int y = 0; y < ny; ++y) {
                painter.drawLine(pixel(m_closed[0] ? -kStub : 0, y, z),
                                 pixel(m_closed[0] ? nx - 1 + kStub : nx - 1, y, z));
            }
            for (int x = 0; x < nx; ++x) {
                painter.drawLine(pixel(x, m_closed[1] ? -kStub : 0, z),
                                 pixel(x, m_closed[1] ? ny - 1 + kStub : ny - 1, z));
            }
            if (nz > 1) {
                for (int y = 0; y < ny; ++y) {
                    for (int x = 0; x < nx; ++x) {
                        const double back = z == nz - 1 ? (m_closed[2] ? kStub : 0) : 1;
                        const double front = z == 0 && m_closed[2] ? kStub : 0;
                        painter.drawLine(pixel(x, y, z - front), pixel(x, y, z + back));
                    }
                }
            }
        }
        painter.setPen(side > 6 ? QPen(theme().panel, 1) : QPen(Qt::NoPen));
        for (int y = 0; y < ny; ++y) {
            for (int x = 0; x < nx; ++x) {
                painter.setBrush(color(x, y, z));
                const QPointF middle = pixel(x, y, z);
                painter.drawRect(QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side));
            }
        }
    }
}

} // namespace isobar::ui

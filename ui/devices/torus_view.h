// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/devices/chip_colors.h"

#include <QWidget>

#include <memory>

namespace isobar::ui {

/// One slice as it is wired: a grid of two or three axes, with a stub at both ends of every axis that closes to a
/// ring. Seen from above and the side, the nearest layer in front.
class TorusView : public QWidget {
    Q_OBJECT
public:
    explicit TorusView(QWidget* parent = nullptr);
    /// Null or a slice of unknown shape shows nothing. `flat`: see closedAxes.
    void show(std::shared_ptr<const engine::DeviceView> view, std::uint32_t slice, const ChipColors& colors, bool flat);
    void clear();
    [[nodiscard]] bool isEmpty() const { return m_chips.empty(); }
    [[nodiscard]] QSize sizeHint() const override { return {290, 190}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::array<std::int32_t, 3> m_shape{};
    std::array<bool, 3> m_closed{};
    std::vector<QRgb> m_chips; ///< x fastest, then y, then z
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/devices/chip_colors.h"

#include <QWidget>

#include <optional>

namespace isobar::ui {

/// The scale of the colours with the distribution of the chips on it, and what has no place on the scale.
class ChipLegend : public QWidget {
    Q_OBJECT
public:
    explicit ChipLegend(QWidget* parent = nullptr);
    void setColors(const ChipColors& colors);
    /// Marks a value on the scale: that of the chip pointed at.
    void setMark(std::optional<double> value);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    [[nodiscard]] bool hasScale() const { return m_colors.measure != ChipMeasure::Health; }
    [[nodiscard]] std::vector<ChipClass> rows() const;

    ChipColors m_colors; ///< without the chips
    std::optional<double> m_mark;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_data.h"
#include "ui/shell/color.h"

#include <QColor>
#include <vector>

/// Colour for amounts: one scale of even perceived steps, quiet at the low end, in the theme in force.
namespace isobar::ui {

/// 0 (near the panel) to 1 (far from it). Lightness runs one way and steps are even in OKLab, so it reads the same with
/// any colour vision and in grey.
[[nodiscard]] QColor heatColor(double share);
/// Black or white of the theme's tint, whichever is read better on `fill`: at least 4.5:1 on any.
[[nodiscard]] QColor inkOn(const QColor& fill);

/// Where a value lies on a colour scale, 0 to 1; made once for a set of values.
class HeatScale {
public:
    HeatScale(const QVector<double>& values, HeatMapData::Scale scale, std::optional<double> from,
              std::optional<double> to);
    [[nodiscard]] double share(double value) const; ///< NaN for a value that is not finite
    [[nodiscard]] double low() const { return m_low; }
    [[nodiscard]] double high() const { return m_high; }
    /// The value at `at` (0-1) along the legend, whose steps are even in value (of ratio when logarithmic).
    [[nodiscard]] double legendValue(double at) const;
    /// How many values lie in each of `bins` steps of the legend.
    [[nodiscard]] std::vector<int> distribution(int bins) const;

private:
    [[nodiscard]] double along(double value) const;
    std::vector<double> m_sorted;
    HeatMapData::Scale m_scale;
    double m_low = 0, m_high = 1;
};

} // namespace isobar::ui

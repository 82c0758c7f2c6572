// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/layout.h"

#include <QPolygonF>
#include <QRectF>

#include <functional>
#include <vector>

/// Contour lines of load pressure, drawn like a weather map's isobars.
namespace isobar::ui {

struct IsobarSource {
    QPointF at;             ///< screen
    double supply = 0;      ///< accelerators
    double utilization = 0; ///< demand to supply
};

struct IsobarLine {
    double level = 0;
    QPolygonF points; ///< screen; first = last when closed
    bool closed = false;
};

/// Pressure at a point: sum(K_i supply_i utilization_i) / (0.06 max(supply) + sum(K_i supply_i)), K_i a Gaussian of
/// width `sigma` around source i. It is the local demand-to-supply ratio, weighted by size, and falls to 0 where
/// nothing is.
class PressureField {
public:
    /// Sampled every `cell` pixels over `area`.
    PressureField(const std::vector<IsobarSource>& sources, QRectF area, double sigma, double cell);
    /// Any other field; NaN = undefined there, where no line goes.
    PressureField(QRectF area, double cell, const std::function<double(QPointF)>& value);

    [[nodiscard]] double at(int column, int row) const;
    [[nodiscard]] int columns() const { return m_columns; }
    [[nodiscard]] int rows() const { return m_rows; }

    /// The contour lines of one level by marching squares, smoothed once; deterministic.
    [[nodiscard]] std::vector<IsobarLine> lines(double level) const;

private:
    QRectF m_area;
    double m_cell;
    int m_columns = 0, m_rows = 0;
    std::vector<double> m_values;
};

/// The lines of a scene at a viewport. Flat maps measure distance on the plane and wrap at the antimeridian, the globe
/// measures it on the sphere. Levels 0.2, 0.4, 0.5 … 1.0, 1.2.
[[nodiscard]] std::vector<IsobarLine> isobarLines(const MapScene& scene, const MapViewport& view);

} // namespace isobar::ui

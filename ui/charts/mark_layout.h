// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_data.h"

#include <QPointF>
#include <QRectF>
#include <vector>

/// The arithmetic of the mark charts: no widget, no painter, no theme.
namespace isobar::ui {

/// One rectangle a value, in proportion to it, together filling `area` exactly, as square as may be (Bruls, Huizing and
/// van Wijk, "Squarified treemaps", 2000). Values that are not above zero get an empty rectangle. Order as given.
[[nodiscard]] std::vector<QRectF> squarify(const std::vector<double>& values, const QRectF& area);

/// Entries from the least to the most loaded by load over capacity, as cumulated shares. Entries without capacity are
/// left out. The Gini coefficient is 1 − Σ (xᵢ − xᵢ₋₁)(yᵢ + yᵢ₋₁): 0 when all are loaded alike.
struct LorenzCurve {
    std::vector<int> order;  ///< entries, as they follow each other along the curve
    QVector<QPointF> points; ///< order.size() + 1, from (0, 0) to (1, 1); empty without load or capacity
    double gini = 0;
};
[[nodiscard]] LorenzCurve lorenzCurve(const std::vector<LorenzEntry>& entries);

/// Σ shareᵢ², of shares that need not add up to 1; not finite ones count as nothing.
[[nodiscard]] double herfindahl(const std::vector<ConcentrationRow>& rows);

/// The value below which `ratio` of the counts lie, straight within a bin (by logarithm when `logarithmic`); NaN
/// without counts.
[[nodiscard]] double histogramQuantile(const QVector<double>& edges, const QVector<double>& counts, double ratio,
                                       bool logarithmic);

/// A Sankey diagram in `area`. Nodes of a column stand over each other, apart by `gap`; every height is value ×
/// `scale`, one scale for all, so a node is as high as the ribbons on either side of it.
struct SankeyNodePlace {
    int column = 0, index = 0; ///< in the data
    double value = 0;
    QRectF rect;
};
/// What flows from one node to one of the next column by way of one node of the colour column.
struct SankeyRibbon {
    int column = 0, from = 0, to = 0, color = 0; ///< `column` is the left one
    double value = 0;
    double leftTop = 0, rightTop = 0; ///< y; the ribbon is value × scale high on both sides
    std::vector<int> paths;           ///< in the data
};
struct SankeyPlaces {
    double scale = 0;
    std::vector<SankeyNodePlace> nodes; ///< those with a value, column by column, from the top down
    std::vector<SankeyRibbon> ribbons;
};
[[nodiscard]] SankeyPlaces placeSankey(const SankeyData& data, const QRectF& area, double nodeWidth, double gap);

} // namespace isobar::ui

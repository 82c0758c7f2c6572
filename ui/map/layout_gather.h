// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/layout.h"

/// The first step of a layout: which donuts there are and where they stand.
namespace isobar::ui {

/// Markers gathered into clusters, moved apart and, where one is asked for, fanned out; what is fanned first, then the
/// largest. Time: O(n log n) for n donuts on screen; of very many markers a pass over all where LayoutCache keeps no
/// cells of this zoom.
void placeMarkers(MapLayout& layout, const MapScene& scene, const MapViewport& view, const LayoutOptions& options,
                  LayoutCache& cache);

/// The figure of a group: the worst of its members', or the one that 95 % of its accelerators are no worse than.
/// Members whose figure is NaN are left out; NaN when there is no other. Time: O(members).
[[nodiscard]] double groupFigure(const std::vector<int>& members, const std::vector<double>& figures,
                                 const std::vector<double>& sizes, MapMeasure measure, GroupFigure kind);

} // namespace isobar::ui

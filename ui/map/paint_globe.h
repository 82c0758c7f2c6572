// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/viewport.h"
#include "ui/shell/theme.h"

#include <QPainter>

namespace isobar::ui {

/// The half of the land that faces the reader, without sea and graticule; for viewports of the globe.
void paintGlobe(QPainter& painter, const MapViewport& view, const Theme& theme, double tolerancePx, bool borders);

} // namespace isobar::ui

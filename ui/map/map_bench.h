// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_scene.h"
#include "ui/shell/theme.h"

#include <QSize>

namespace isobar::ui {

/// A made-up fleet of realistic shape: 71 regions of five providers in 48 places, 24 user areas, some 220 flows.
/// The same every time. `theme` gives the providers' colours.
[[nodiscard]] MapScene syntheticMapScene(const Theme& theme);

struct MapFrameStats {
    int frames = 0;
    double p50Seconds = 0; ///< one whole frame of the window's thread: layout, paint, and handing work to the worker
    double p99Seconds = 0;
    double backdropSeconds = 0; ///< median of the worker's picture of land, contour lines and arcs
    int regions = 0;
    int places = 0;
    int flows = 0;
};

/// Paints `frames` live frames of the synthetic scene at `size` while it is panned, zoomed and left to flow in turn,
/// with a new scene every fifth frame. Needs a QApplication; runs on its thread.
[[nodiscard]] MapFrameStats benchmarkMap(QSize size, int frames);

} // namespace isobar::ui

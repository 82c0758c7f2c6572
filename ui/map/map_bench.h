// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/frame_meter.h"
#include "ui/map/map_scene.h"
#include "ui/map/projection.h"
#include "ui/shell/theme.h"

#include <QSize>

namespace isobar::ui {

/// A made-up fleet of realistic shape: 71 regions of five providers in 48 places, 24 user areas, some 220 flows.
/// The same every time. `theme` gives the providers' colours.
[[nodiscard]] MapScene syntheticMapScene(const Theme& theme);

/// What is measured: the shape of the sample fleet; 300 places with 2,000 arcs, all drawn; 100,000 places.
enum class MapBenchCase { Sample, Large, Points };
/// Places scattered around those of syntheticMapScene, and areas around its areas. The same every time.
[[nodiscard]] MapScene scatteredMapScene(const Theme& theme, int places, int flows);

struct MapFrameStats {
    int frames = 0;
    double p50Seconds = 0; ///< one whole frame of the window's thread: layout, paint, and handing work to the worker
    double p99Seconds = 0;
    double cpuP50Seconds = 0, cpuP99Seconds = 0; ///< the same in CPU time of the window's thread
    double backdropSeconds = 0;                  ///< median of the worker's picture of land, contour lines and arcs
    int regions = 0;
    int places = 0;
    int flows = 0;
    std::array<double, kFrameLayers> layerSeconds{}; ///< median of each FrameLayer
};

/// Paints `frames` live frames of a made-up scene at `size` while it is panned, zoomed and left to flow in turn,
/// with a new scene every fifth frame. Needs a QApplication; runs on its thread.
[[nodiscard]] MapFrameStats benchmarkMap(QSize size, int frames, MapBenchCase which = MapBenchCase::Sample,
                                         ProjectionKind projection = ProjectionKind::EqualEarth);

} // namespace isobar::ui

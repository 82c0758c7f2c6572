// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"

#include <QSize>

namespace isobar::ui {

/// A made-up pool in nodes of eight and racks of four nodes, most of it idle, some of it busy, a little of it down.
/// The same every time.
[[nodiscard]] engine::DeviceView syntheticDevices(std::uint32_t chips);

struct DeviceFrameStats {
    int frames = 0, chips = 0;
    double p50Seconds = 0, p99Seconds = 0;       ///< of one frame of the window's thread
    double cpuP50Seconds = 0, cpuP99Seconds = 0; ///< of the processor
    double updateSeconds = 0; ///< median of taking over new chips: colours, distribution, layout if need be
};
/// Paints frames of the heat grid at `size` while it is still, panned and zoomed in turn, with new chips every eighth
/// frame, which count in the frame. Needs a QApplication; runs on its thread.
[[nodiscard]] DeviceFrameStats benchmarkDevices(QSize size, int frames, std::uint32_t chips = 100'000);

} // namespace isobar::ui

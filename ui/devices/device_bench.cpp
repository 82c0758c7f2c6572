// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/device_bench.h"

#include "model/fleet/process_clock.h"
#include "ui/devices/chip_grid.h"

#include <QElapsedTimer>
#include <QImage>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr double kTdpWatts = 700, kHbmBytes = 80e9;
constexpr int kPhaseFrames = 15; ///< still, panned, zoomed in, zoomed out

} // namespace

engine::DeviceView syntheticDevices(std::uint32_t chips)
{
    using engine::Device;
    engine::DeviceView view;
    view.pool = PoolId(0);
    view.chipsPerNode = 8;
    view.nodesPerRack = 4;
    view.hbmBytes = kHbmBytes;
    view.tdpWatts = kTdpWatts;
    view.chips.resize(chips);
    for (std::uint32_t i = 0; i < chips; ++i) {
        Device& chip = view.chips[i];
        const std::uint32_t draw = i / 8 * 2'654'435'761u >> 8;
        chip.number = draw % 40;
        chip.slot = i / 8;
        chip.owner = draw % 3 == 0 ? Device::Owner::Replica : Device::Owner::Nobody;
        chip.state = draw % 211 == 0 ? Device::State::Down
                     : draw % 3 == 0 ? Device::State::Working
                                     : Device::State::Idle;
        chip.utilizationRatio =
            chip.state == Device::State::Working ? static_cast<float>(0.2 + 0.8 * ((draw >> 4) % 1000) / 1000.0) : 0;
        chip.watts = static_cast<float>(kTdpWatts * (0.3 + 0.7 * double{chip.utilizationRatio}));
        chip.celsius = static_cast<float>(30 + 45 * double{chip.watts} / kTdpWatts);
        chip.hbmUsedBytes = kHbmBytes * double{chip.utilizationRatio};
        if (chip.state == Device::State::Down) {
            chip.watts = 0;
            chip.celsius = std::numeric_limits<float>::quiet_NaN();
        }
    }
    return view;
}

DeviceFrameStats benchmarkDevices(QSize size, int frames, std::uint32_t chips)
{
    const auto view = std::make_shared<const engine::DeviceView>(syntheticDevices(chips));
    const auto later = std::make_shared<const engine::DeviceView>(*view);
    ChipGrid grid;
    grid.resize(size);
    grid.setAttribute(Qt::WA_DontShowOnScreen);
    grid.show();
    grid.setView(view, ChipMeasure::Utilization);
    QImage screen(size, QImage::Format_RGB32);
    grid.render(&screen);

    DeviceFrameStats stats;
    stats.frames = std::max(1, frames);
    stats.chips = static_cast<int>(chips);
    std::vector<double> seconds, cpus, updates;
    QElapsedTimer clock;
    for (int i = 0; i < stats.frames; ++i) {
        const int phase = i / kPhaseFrames % 4;
        const double cpu = threadCpuSeconds();
        clock.start();
        if (i % 8 == 0) {
            grid.setView(i / 8 % 2 == 0 ? later : view, ChipMeasure::Utilization);
            updates.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
        }
        if (phase == 1) {
            grid.panBy(QPointF(i % 2 == 0 ? 11 : -7, 3));
        } else if (phase >= 2) {
            grid.zoomAt(QPointF(size.width() * 0.4, size.height() * 0.6), phase == 2 ? 1.12 : 1 / 1.12);
        }
        grid.render(&screen);
        seconds.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
        cpus.push_back(threadCpuSeconds() - cpu);
    }
    const auto quantile = [](std::vector<double>& of, std::size_t percent) {
        std::sort(of.begin(), of.end());
        return of[std::min(of.size() - 1, of.size() * percent / 100)];
    };
    stats.p50Seconds = quantile(seconds, 50);
    stats.p99Seconds = quantile(seconds, 99);
    stats.cpuP50Seconds = quantile(cpus, 50);
    stats.cpuP99Seconds = quantile(cpus, 99);
    stats.updateSeconds = quantile(updates, 50);
    return stats;
}

} // namespace isobar::ui

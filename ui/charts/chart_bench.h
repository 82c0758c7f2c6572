// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSize>

namespace isobar::ui {

/// How long a board of six time charts takes. Seconds of wall time, the median of the frames.
struct ChartsBench {
    double repaintSeconds = 0; ///< every chart drawn anew from the samples it has, into one picture
    double updateSeconds = 0;  ///< the same with new samples in every chart
    double repaintCpuSeconds = 0, updateCpuSeconds = 0; ///< of the processor
    int charts = 0, samples = 0, frames = 0;            ///< samples: of each chart
};

/// Six charts of `samples` points each (lines, a stack, a band) on `size` pixels, painted in software. Needs a
/// QApplication; main thread only.
[[nodiscard]] ChartsBench benchmarkCharts(QSize size, int samples, int frames);

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <ctime>

namespace isobar::ui {

/// Processor time this thread has used, in seconds: what a benchmark states where other programs run too.
[[nodiscard]] inline double threadCpuSeconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <ctime>
#include <sys/resource.h>

/// What a benchmark states where other programs run too: processor time instead of the clock on the wall, and memory.
namespace isobar {

/// Processor time a POSIX clock has counted, in seconds.
[[nodiscard]] inline double cpuSeconds(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
/// Of this process, all its threads.
[[nodiscard]] inline double processCpuSeconds()
{
    return cpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
}
/// Of the calling thread.
[[nodiscard]] inline double threadCpuSeconds()
{
    return cpuSeconds(CLOCK_THREAD_CPUTIME_ID);
}

/// The most memory this process has had resident so far.
[[nodiscard]] inline std::int64_t peakRssBytes()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

} // namespace isobar

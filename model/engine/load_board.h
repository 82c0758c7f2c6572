// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/routing.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace isobar::engine {

/// What placements have reported, for gateways that hear of it as late as the network makes it. One writer between two
/// windows, many readers within one.
class LoadBoard {
public:
    /// Reports are kept for so many windows: the age of the oldest view anyone may have.
    static constexpr std::size_t kMostWindows = 16;

    /// A further placement; `load` is what everybody has heard of it so far.
    void add(const ReportedLoad& load)
    {
        for (auto& window : m_windows) {
            window.push_back(load);
        }
    }
    /// The end of a window: `loads` by placement. A frozen placement's gateways keep what they know of it.
    void publish(const std::vector<ReportedLoad>& loads, const std::vector<bool>& frozen)
    {
        const std::size_t last = m_newest;
        m_newest = (m_newest + 1) % kMostWindows;
        for (std::size_t p = 0; p < loads.size(); ++p) {
            m_windows[m_newest][p] = p < frozen.size() && frozen[p] ? m_windows[last][p] : loads[p];
        }
    }
    /// As a gateway sees it whose news are `windows` windows older than the last report.
    [[nodiscard]] const ReportedLoad& seen(std::size_t placement, std::size_t windows) const
    {
        return m_windows[(m_newest + kMostWindows - std::min(windows, kMostWindows - 1)) % kMostWindows][placement];
    }
    [[nodiscard]] std::size_t placements() const { return m_windows[0].size(); }

private:
    std::vector<std::vector<ReportedLoad>> m_windows{kMostWindows};
    std::size_t m_newest = 0;
};

} // namespace isobar::engine

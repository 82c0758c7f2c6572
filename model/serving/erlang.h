// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace isobar::serving {

/// Probability of waiting with `servers` and `load` Erlangs (load < servers), by the recursion of Erlang B.
[[nodiscard]] inline double erlangC(int servers, double load)
{
    double blocking = 1;
    for (int n = 1; n <= servers; ++n) {
        blocking = load * blocking / (n + load * blocking);
    }
    const double free = 1 - load / servers;
    return blocking / (free + blocking - free * blocking);
}

} // namespace isobar::serving

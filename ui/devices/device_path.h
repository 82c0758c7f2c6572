// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <cstdint>
#include <optional>

namespace isobar::ui {

/// Where one is between the world and a chip; each level only with those above it.
struct DevicePath {
    std::optional<std::size_t> place; ///< of Session::places(): regions of several providers, in place of one
    std::optional<ProviderId> provider;
    std::optional<RegionId> region;
    std::optional<PoolId> pool;
    std::optional<std::uint32_t> node, chip;
    friend bool operator==(const DevicePath&, const DevicePath&) = default;

    static DevicePath of(const Fleet& fleet, RegionId region)
    {
        return {{}, fleet[region].provider, region, {}, {}, {}};
    }
    static DevicePath of(const Fleet& fleet, PoolId pool)
    {
        DevicePath path = of(fleet, fleet[pool].region);
        path.pool = pool;
        return path;
    }
    /// One level up; the world stays.
    [[nodiscard]] DevicePath up() const
    {
        DevicePath path = *this;
        if (path.chip) {
            path.chip.reset();
        } else if (path.node) {
            path.node.reset();
        } else if (path.pool) {
            path.pool.reset();
        } else if (path.region) {
            path.region.reset();
            if (path.place) {
                path.provider.reset();
            }
        } else {
            path.provider.reset();
            path.place.reset();
        }
        return path;
    }
};

} // namespace isobar::ui

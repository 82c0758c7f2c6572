// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <array>

namespace isobar {

/// What a pool's chips cost by the hour when `usedChips` of them work, by how they are paid for.
/// Reserved and committed chips are paid whether used or not; on-demand and spot chips only while used. Work fills
/// reserved chips first, then committed, on-demand and spot. Chips other tenants use are neither used nor paid.
struct PoolCost {
    std::array<double, kPricingModels> usedUsdPerHour{};
    std::array<double, kPricingModels> idleUsdPerHour{};
    [[nodiscard]] double totalUsdPerHour() const;
};

/// `usdPerChipHour` by pricing model, as priceOf() answers it. Chips beyond the usable ones are charged as on-demand.
[[nodiscard]] PoolCost poolCost(const Pool& pool, const std::array<double, kPricingModels>& usdPerChipHour,
                                std::int64_t usedChips);

/// Chips of a pool in use: placements and training gangs.
[[nodiscard]] std::int64_t usedChips(const Fleet& fleet, PoolId pool);

} // namespace isobar

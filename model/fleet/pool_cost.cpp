// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/pool_cost.h"

#include <algorithm>
#include <numeric>

namespace isobar {

double PoolCost::totalUsdPerHour() const
{
    return std::accumulate(usedUsdPerHour.begin(), usedUsdPerHour.end(), 0.0) +
           std::accumulate(idleUsdPerHour.begin(), idleUsdPerHour.end(), 0.0);
}

PoolCost poolCost(const Pool& pool, const std::array<double, kPricingModels>& usdPerChipHour, std::int64_t usedChips)
{
    const double usableRatio =
        pool.totalChips() > 0 ? static_cast<double>(pool.usableChips()) / static_cast<double>(pool.totalChips()) : 0;
    PoolCost cost;
    double left = static_cast<double>(usedChips);
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        const double held = pool.chips[p] * usableRatio;
        const double used = std::min(left, held);
        left -= used;
        cost.usedUsdPerHour[p] = used * usdPerChipHour[p];
        const auto pricing = static_cast<PricingModel>(p);
        if (pricing == PricingModel::Reserved || pricing == PricingModel::Committed) {
            cost.idleUsdPerHour[p] = (held - used) * usdPerChipHour[p];
        }
    }
    const auto onDemand = static_cast<std::size_t>(PricingModel::OnDemand);
    cost.usedUsdPerHour[onDemand] += left * usdPerChipHour[onDemand];
    return cost;
}

std::int64_t usedChips(const Fleet& fleet, PoolId pool)
{
    std::int64_t chips = 0;
    for (const Placement& placement : fleet.placements) {
        chips += placement.pool == pool ? placement.chips() : 0;
    }
    for (const TrainingJob& job : fleet.trainingJobs) {
        chips += job.pool == pool ? job.chips : 0;
    }
    return chips;
}

} // namespace isobar

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/fleet.h"

#include <cmath>
#include <numeric>

namespace isobar {

double bytesPerValue(Precision precision)
{
    switch (precision) {
    case Precision::Bf16:
        return 2.0;
    case Precision::Fp8:
        return 1.0;
    case Precision::Fp4:
    case Precision::Int4:
        return 0.5 + 1.0 / 16; // one byte of scale for 16 values (NVFP4), two for 32 (int4)
    }
    return 2.0;
}

const char* precisionName(Precision precision)
{
    switch (precision) {
    case Precision::Bf16:
        return "bf16";
    case Precision::Fp8:
        return "fp8";
    case Precision::Fp4:
        return "fp4";
    case Precision::Int4:
        return "int4";
    }
    return "unknown";
}

const char* pricingModelName(PricingModel model)
{
    switch (model) {
    case PricingModel::Reserved:
        return "reserved";
    case PricingModel::Committed:
        return "committed";
    case PricingModel::OnDemand:
        return "on-demand";
    case PricingModel::Spot:
        return "spot";
    }
    return "unknown";
}

std::int64_t Pool::totalChips() const
{
    return std::accumulate(chips.begin(), chips.end(), std::int64_t{0});
}

std::int64_t Pool::usableChips() const
{
    const auto total = static_cast<double>(totalChips());
    // 1e-9: a ratio such as 0.1 of 80 chips must leave 72, although 80 * (1 - 0.1) may come out just below it.
    return static_cast<std::int64_t>(std::floor(total * (1.0 - otherTenantRatio) + 1e-9));
}

std::string regionKey(const Fleet& fleet, RegionId region)
{
    const Region& r = fleet[region];
    return fleet[r.provider].key + "/" + r.code;
}

} // namespace isobar

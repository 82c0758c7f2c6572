// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/power.h"

namespace isobar::serving {

GridAnswer gridIntensity(const Fleet& fleet, RegionId id)
{
    const Region& region = fleet[id];
    if (region.gridGramsCo2ePerKwh) {
        return {*region.gridGramsCo2ePerKwh, region.carbon.basis};
    }
    const auto meanOf = [&](auto alike, double& mean) {
        double sum = 0;
        int known = 0;
        for (const Region& other : fleet.regions) {
            if (other.gridGramsCo2ePerKwh && alike(other)) {
                sum += *other.gridGramsCo2ePerKwh;
                ++known;
            }
        }
        mean = known > 0 ? sum / known : 0;
        return known > 0;
    };
    GridAnswer answer;
    if (!meanOf([&](const Region& r) { return r.countryIso2 == region.countryIso2; }, answer.gramsCo2PerKwh) &&
        !meanOf([&](const Region& r) { return r.provider == region.provider; }, answer.gramsCo2PerKwh)) {
        meanOf([](const Region&) { return true; }, answer.gramsCo2PerKwh);
    }
    return answer;
}

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

namespace isobar {

/// Regions of several clouds so close that a map shows them as one.
struct Place {
    std::string name;              ///< "Frankfurt"
    LatLon at;                     ///< mean of its regions
    std::vector<RegionId> regions; ///< in the fleet's order
};

/// Every region belongs to one place. Regions closer than `withinMetres` to one already in a place join it.
[[nodiscard]] std::vector<Place> gatherPlaces(const Fleet& fleet, double withinMetres = 80e3);

} // namespace isobar

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"

#include <span>
#include <vector>

namespace isobar::plan {

/// The traffic a placement carries, in the mean over a stretch of time.
struct PlacementLoad {
    double requestsPerSecond = 0;
    double meanInputTokens = 0, meanOutputTokens = 0;
    std::vector<double> areaShares;                       ///< by AreaId; sum to 1 where there is traffic
    std::vector<std::pair<WorkloadId, double>> workloads; ///< requests a second of each
};

/// By PlacementId of the fleet it was taken for.
struct Load {
    std::vector<PlacementLoad> placements;
};

/// What the live fleet carried over `intervals` (as History::range gives them). Lengths are the workloads' means,
/// weighted by the requests seen. Placements without traffic get their model's mean lengths and no rate.
[[nodiscard]] Load loadOf(const Fleet& fleet, std::span<const std::shared_ptr<const aggregate::Interval>> intervals);

} // namespace isobar::plan

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <string>
#include <vector>

namespace isobar::plan {

/// What operations do to a fleet, a line each, most telling first: what breaks when, demand, policies, scaling,
/// warm-up, limits, training. Whatever differs from the defaults is in one of them. Empty for none. They must be valid
/// for the fleet.
[[nodiscard]] std::vector<std::string> scenarioWords(const Operations& operations, const Fleet& fleet);

} // namespace isobar::plan

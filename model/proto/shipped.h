// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

#include <string>
#include <string_view>
#include <vector>

/// What ships inside the programs, parsed. An error here is a broken build and says so.
namespace isobar::proto {

[[nodiscard]] Result<Fleet> shippedSample();
[[nodiscard]] Result<Calibration> shippedCalibration();

/// How the sample fleet is run and what may happen to it: isobar.v1.Operations documents, in the order people see them.
struct ShippedScenario {
    std::string name, file;
    std::string_view document; ///< lives as long as the program
};
[[nodiscard]] std::vector<ShippedScenario> shippedScenarios();

} // namespace isobar::proto

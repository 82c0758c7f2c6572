// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

/// What ships inside the programs, parsed. An error here is a broken build and says so.
namespace isobar::proto {

[[nodiscard]] Result<Fleet> shippedSample();
[[nodiscard]] Result<Calibration> shippedCalibration();

} // namespace isobar::proto

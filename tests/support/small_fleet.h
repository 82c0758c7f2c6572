// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

/// A fleet small enough to reason about: three regions of two providers, two accelerators, two models, three areas.
namespace isobar::test {

/// Valid by isobar::validate. About 60 requests a second at demandScale 1, at which it is comfortably loaded.
///   pools      azure/eastus2/H100 (512), azure/westeurope/H100 (256), gcp/us-central1/TPU-v5p (256)
///   placements large@eastus2 x 20, large@westeurope x 8, large@us-central1 x 10, small@eastus2 x 8, small@westeurope x
///   4 areas      New York (US), Frankfurt (EU), Tokyo (JP); the workload "eu assistant" is bound to its zone one
///   training gang in azure/eastus2/H100
[[nodiscard]] Fleet smallFleet(double demandScale = 1);

/// Generic efficiencies for bf16 and fp8.
[[nodiscard]] Calibration smallCalibration();

} // namespace isobar::test

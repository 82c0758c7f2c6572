// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

/// What chips draw and what that emits. The only place where figures of power that no fleet carries are kept.
namespace isobar::serving {

/// Share of its rated power a chip draws while it holds a model and does nothing. ESTIMATED: an idle H100 SXM with
/// weights loaded reports 100-140 W of 700 W, the rest of the server (fans, CPUs, network) about as much again.
inline constexpr double kIdlePowerRatio = 0.3;

/// Watts of one chip at the meter of the data centre: idle share plus the rest in proportion to work, times PUE.
[[nodiscard]] inline double chipWatts(const AcceleratorType& accelerator, const Region& region, double workRatio)
{
    return accelerator.tdpWatts * (kIdlePowerRatio + (1 - kIdlePowerRatio) * workRatio) * region.pueRatio;
}

struct GridAnswer {
    double gramsCo2PerKwh = 0;
    Basis basis = Basis::Estimated;
};

/// Carbon intensity of a region's grid. Where it is not known: the mean of the known regions of its country, else of
/// its provider, else of all (Estimated); 0 when none is known.
[[nodiscard]] GridAnswer gridIntensity(const Fleet& fleet, RegionId region);

} // namespace isobar::serving

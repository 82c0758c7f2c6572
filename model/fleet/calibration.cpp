// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/calibration.h"

namespace isobar {

const Efficiency* Calibration::find(const std::string& accelerator, Precision precision) const
{
    const Efficiency* generic = nullptr;
    for (const Efficiency& row : efficiencies) {
        if (row.precision != precision) {
            continue;
        }
        if (row.accelerator == accelerator) {
            return &row;
        }
        if (row.accelerator.empty()) {
            generic = &row;
        }
    }
    return generic;
}

} // namespace isobar

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/shipped.h"

#include "model/proto/fleet_text.h"
#include "resources/embedded.h"

namespace isobar::proto {

Result<Fleet> shippedSample()
{
    return parseFleetText(resources::file("sample/sample_fleet.textproto"), "sample_fleet.textproto");
}

Result<Calibration> shippedCalibration()
{
    return parseCalibrationText(resources::file("calibration/coefficients.textproto"), "coefficients.textproto");
}

} // namespace isobar::proto

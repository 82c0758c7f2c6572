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

std::vector<ShippedScenario> shippedScenarios()
{
    std::vector<ShippedScenario> scenarios;
    for (const auto& [name, file] :
         {std::pair{"Today", "today"}, std::pair{"Region outage", "region_outage"},
          std::pair{"Demand +30 % and burst", "demand_and_burst"}, std::pair{"Spot reclaim wave", "spot_wave"}}) {
        const std::string path = std::string("sample/scenarios/") + file + ".textproto";
        scenarios.push_back({name, std::string(file) + ".textproto", resources::file(path)});
    }
    return scenarios;
}

} // namespace isobar::proto

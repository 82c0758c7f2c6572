// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "fleet.pb.h"
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

#include <functional>

/// Between documents, which refer by key, and values, which refer by position. Private to this room.
namespace isobar::proto {

/// Where the n-th entry of a repeated field of the document stands, 1-based; {0, 0} when that is not known.
struct Position {
    std::int64_t line = 0, column = 0;
};
using Locator = std::function<Position(const char* field, int index)>;

/// The document as values, not yet validated; errors name the file, the entity and, by `locate`, its line.
[[nodiscard]] Result<Fleet> fleetFromProto(const v1::Fleet& document, const std::string& fileName,
                                           const Locator& locate);
[[nodiscard]] Result<Calibration> calibrationFromProto(const v1::Calibration& document, const std::string& fileName,
                                                       const Locator& locate);

/// `fleet` must have all its ids in range (isobar::validate).
[[nodiscard]] v1::Fleet fleetToProto(const Fleet& fleet);
[[nodiscard]] v1::Calibration calibrationToProto(const Calibration& calibration);

} // namespace isobar::proto

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

#include <string>
#include <string_view>

/// Fleet and calibration to and from isobar.v1 documents. Keys become ids and back; every unknown key, out-of-range
/// number or duplicate is an error with the entity's name, every syntax error one with line and column.
namespace isobar::proto {

/// Protobuf text. `fileName` only names the file in errors. The result has passed isobar::validate.
[[nodiscard]] Result<Fleet> parseFleetText(std::string_view text, const std::string& fileName);
[[nodiscard]] std::string writeFleetText(const Fleet& fleet);

/// The same document in protobuf's binary form.
[[nodiscard]] Result<Fleet> parseFleetBinary(std::string_view bytes, const std::string& fileName);
[[nodiscard]] std::string writeFleetBinary(const Fleet& fleet);

[[nodiscard]] Result<Calibration> parseCalibrationText(std::string_view text, const std::string& fileName);
[[nodiscard]] std::string writeCalibrationText(const Calibration& calibration);

/// True when the first bytes look like a fleet document in text form (used to recognise files).
[[nodiscard]] bool looksLikeFleetText(std::string_view head);

} // namespace isobar::proto

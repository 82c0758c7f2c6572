// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string_view>

/// The files Isobar ships (sample fleet, base map, calibration, fonts, icons), carried inside the programs.
namespace isobar::resources {

/// The bytes of a shipped file named by its path below resources/, e.g. "sample/sample_fleet.textproto".
/// Empty when there is no such file. The view lives as long as the program.
[[nodiscard]] std::string_view file(std::string_view path);

} // namespace isobar::resources

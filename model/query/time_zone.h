// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/time_buckets.h"
#include "model/fleet/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Clocks on walls. Instants are microseconds since 1970 UTC.
namespace isobar::query {

/// The offsets in force over [from, to) in a zone: "UTC", a fixed offset such as "+05:30" or "-0800", or a name of the
/// system's time zone database such as "Europe/Berlin". Not empty; ascending. NotFound, with names like it, when there
/// is no such zone.
[[nodiscard]] Result<std::vector<aggregate::OffsetChange>> offsetsOf(const std::string& zone, std::int64_t from,
                                                                     std::int64_t to);

/// "2026-03-29T00:00:00+01:00": an instant (whole seconds of it) as that clock shows it.
[[nodiscard]] std::string localTimeText(std::int64_t micros, const std::vector<aggregate::OffsetChange>& offsets);

/// Microseconds since 1970 of "2026-11-22", "2026-11-22T14:00" or "2026-11-22T14:00:00", with Z, an offset such as
/// +01:00, or neither: then as `zone` (as above; "" is UTC) shows it. A time that the clock jumped over is the instant
/// of the jump, one that it showed twice is the first. InvalidValue when it is no such time.
[[nodiscard]] Result<std::int64_t> parseTime(std::string_view text, const std::string& zone);

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace isobar::ingest {

/// Nanoseconds since 1970 of "2023-11-16 18:15:46.6805900", with or without a zone (none means UTC).
[[nodiscard]] std::optional<std::int64_t> parseTimestampNanoseconds(std::string_view text);

} // namespace isobar::ingest

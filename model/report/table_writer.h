// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"

#include <filesystem>
#include <string>
#include <string_view>

/// Tables as documents. The unit is in every column's name; numbers keep full precision; undefined cells are empty. A
/// table that compares has three columns for a measure: NAME, NAME_base, NAME_delta. One that compares or is filled
/// ends with `facts`, which tells where a row has some: both, range, base or none. Times are `time_seconds` since the
/// fleet's start, or with a zone `time`, ISO 8601 by its clock.
namespace isobar::report {

/// RFC 4180, LF line ends, one header line.
[[nodiscard]] std::string toCsv(const query::Table& table);

/// {"from_seconds", "to_seconds", "columns": [{name, unit, formula}], "rows": [[...]]}; undefined cells are null. Where
/// it compares also "base_from_seconds" and "base_to_seconds", with a zone "time_zone".
[[nodiscard]] std::string toJson(const query::Table& table);

/// Writes a whole file or nothing: a temporary file beside it, then a rename. A link's target is what is replaced; a
/// pipe or device is written to as it is. Errors: NotWritable, DiskFull.
Status writeFile(const std::filesystem::path& path, std::string_view bytes);

} // namespace isobar::report

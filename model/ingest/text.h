// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Small questions about text that comes from outside. Nothing here allocates unless it returns a string.
namespace isobar::ingest {

/// Without leading and trailing spaces and tabs.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Finite decimal numbers only ("0.5", "1e3"), with nothing before or after; no "nan", no "inf".
[[nodiscard]] std::optional<double> parseNumber(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parseInteger(std::string_view text);

/// True for valid UTF-8 without control characters.
[[nodiscard]] bool isPrintableUtf8(std::string_view text);

/// `text` for a message: at most `maxBytes` bytes of it, cut between characters (then "…" follows), with whatever is
/// not printable UTF-8 replaced by '?'.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t maxBytes = 80);

[[nodiscard]] bool equalIgnoringCase(std::string_view a, std::string_view b);
[[nodiscard]] std::string lowercase(std::string_view text);

} // namespace isobar::ingest

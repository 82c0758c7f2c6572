// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

/// What is typed on the command line, as values. The check functions answer "" or what is wrong, as CLI11 wants it.
namespace isobar::cli {

/// "90s", "5m", "1h", "1d", "1.5h" or plain seconds: whole seconds from one second to a year, as the engine hands out
/// whole seconds.
[[nodiscard]] std::optional<std::int64_t> parseDuration(const std::string& text);
[[nodiscard]] std::string checkDuration(const std::string& text);

/// "1600x900": each side from 16 to 16384.
[[nodiscard]] std::optional<std::pair<int, int>> parseSize(const std::string& text);
[[nodiscard]] std::string checkSize(const std::string& text);

/// What query::parseCompare reads.
[[nodiscard]] std::string checkCompare(const std::string& text);
inline constexpr const char* kCompareHelp = "previous: just before, and as long; baseline: the newest recorded run "
                                            "without a scenario; N or run:N: that recorded "
                                            "run; of a run, the same times";

inline constexpr int kMaxThreads = 256;
inline constexpr std::uint64_t kDefaultSeed = 42; ///< the window's, so that both show the same numbers

} // namespace isobar::cli

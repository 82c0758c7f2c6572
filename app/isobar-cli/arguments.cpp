// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/arguments.h"

#include "model/query/recorded.h"

#include <charconv>

namespace isobar::cli {
namespace {

constexpr int kMinSide = 16, kMaxSide = 16'384;

std::optional<int> side(const char* first, const char* last)
{
    int value = 0;
    const auto [end, error] = std::from_chars(first, last, value);
    return error == std::errc{} && end == last && value >= kMinSide && value <= kMaxSide ? std::optional(value)
                                                                                         : std::nullopt;
}

} // namespace

std::optional<std::int64_t> parseDuration(const std::string& text)
{
    return query::parseDuration(text);
}

std::string checkDuration(const std::string& text)
{
    return parseDuration(text)
               ? ""
               : "'" + text + "' is not a duration of whole seconds up to 366 days; write 90s, 5m, 1h or 1d";
}

std::string checkCompare(const std::string& text)
{
    return query::parseCompare(text)
               ? ""
               : "'" + text + "' is no comparison; write previous, baseline, or a run: 3 or run:3";
}

std::optional<std::pair<int, int>> parseSize(const std::string& text)
{
    const std::size_t cross = text.find('x');
    if (cross == std::string::npos) {
        return std::nullopt;
    }
    const auto width = side(text.data(), text.data() + cross);
    const auto height = side(text.data() + cross + 1, text.data() + text.size());
    return width && height ? std::optional(std::pair{*width, *height}) : std::nullopt;
}

std::string checkSize(const std::string& text)
{
    return parseSize(text) ? "" : "'" + text + "' is not a size; write WxH, e.g. 1600x900, each side from 16 to 16384";
}

} // namespace isobar::cli

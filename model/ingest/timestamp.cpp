// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/timestamp.h"

#include <algorithm>
#include <chrono>

namespace isobar::ingest {

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count)
{
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Seconds east of UTC of "", "Z", "+02:00", "+0200", "+02"; absent when it is none of them.
std::optional<int> zoneSeconds(std::string_view text)
{
    if (text.empty() || text == "Z") {
        return 0;
    }
    const auto hours = digits(text, 1, 2);
    std::string_view rest = text.substr(std::min<std::size_t>(3, text.size()));
    if (rest.starts_with(':')) {
        rest.remove_prefix(1);
    }
    const auto minutes = rest.empty() ? std::optional<int>(0) : digits(rest, 0, 2);
    if ((text[0] != '+' && text[0] != '-') || !hours || !minutes || *hours > 14 || *minutes > 59 || rest.size() > 2) {
        return std::nullopt;
    }
    return (text[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

} // namespace

std::optional<std::int64_t> parseTimestampNanoseconds(std::string_view text)
{
    const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
        (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    // Within the years that int64 nanoseconds reach.
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59 || *year < 1971 || *year > 2260) {
        return std::nullopt;
    }
    text.remove_prefix(19);
    std::int64_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        std::int64_t unit = kNanosecondsPerSecond / 10;
        std::size_t count = 0;
        for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count, unit /= 10) {
            fraction += (text[count] - '0') * unit; // beyond nanoseconds the unit is 0
        }
        if (count == 0) {
            return std::nullopt;
        }
        text.remove_prefix(count);
    }
    const auto zone = zoneSeconds(text);
    if (!zone) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = days * 86400 + *hour * 3600 + *minute * 60 + *second - *zone;
    return seconds * kNanosecondsPerSecond + fraction;
}

} // namespace isobar::ingest

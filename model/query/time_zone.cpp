// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/time_zone.h"

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>

namespace isobar::query {
namespace {

using aggregate::OffsetChange;
constexpr std::int64_t kSecond = 1'000'000;

/// Reads `digits` digits at the front of `text` and takes them off; nothing when they are not there.
std::optional<int> takeNumber(std::string_view& text, std::size_t digits)
{
    if (text.size() < digits) {
        return std::nullopt;
    }
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return std::nullopt;
        }
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char wanted)
{
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// Seconds of "+05:30", "-0800", "+02"; nothing when it is no offset up to 18 hours.
std::optional<std::int32_t> fixedOffset(std::string_view text)
{
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, west ? '-' : '+')) {
        return std::nullopt;
    }
    const auto hours = takeNumber(text, 2);
    if (!hours || *hours > 18) {
        return std::nullopt;
    }
    std::optional<int> minutes = 0;
    if (!text.empty()) {
        take(text, ':');
        minutes = takeNumber(text, 2);
    }
    if (!minutes || *minutes > 59 || !text.empty()) {
        return std::nullopt;
    }
    const std::int32_t seconds = (*hours * 60 + *minutes) * 60;
    return west ? -seconds : seconds;
}

std::string lowered(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return out;
}

Error noSuchZone(const std::string& zone)
{
    Error error{ErrorCode::NotFound, fmt::format("there is no time zone '{}'", zone),
                "write UTC, an offset such as +01:00, or a name such as Europe/Berlin"};
    error.text = zone;
    std::string like;
    int found = 0;
    for (const date::time_zone& known : date::get_tzdb().zones) {
        if (found < 5 && !zone.empty() && lowered(known.name()).find(lowered(zone)) != std::string::npos) {
            like += (found++ > 0 ? ", " : "") + known.name();
        }
    }
    error.advice += like.empty() ? "" : "; there are: " + like;
    return error;
}

date::sys_seconds secondsOf(std::int64_t micros)
{
    return date::sys_seconds(std::chrono::seconds(aggregate::floorTo(micros, kSecond) / kSecond));
}

} // namespace

Result<std::vector<OffsetChange>> offsetsOf(const std::string& zone, std::int64_t from, std::int64_t to)
{
    if (zone == "UTC" || zone == "Z") {
        return std::vector<OffsetChange>{{from, 0}};
    }
    if (const auto fixed = fixedOffset(zone)) {
        return std::vector<OffsetChange>{{from, *fixed}};
    }
    try {
        const auto& zones = date::get_tzdb().zones;
        const auto found =
            std::find_if(zones.begin(), zones.end(), [&zone](const date::time_zone& z) { return z.name() == zone; });
        if (found == zones.end()) {
            return noSuchZone(zone);
        }
        std::vector<OffsetChange> changes;
        for (date::sys_seconds at = secondsOf(from); changes.empty() || at < secondsOf(to) + std::chrono::seconds(1);) {
            const date::sys_info info = found->get_info(at);
            const std::int64_t begin = std::max(info.begin, secondsOf(from)).time_since_epoch().count() * kSecond;
            const auto offset = static_cast<std::int32_t>(info.offset.count());
            if (changes.empty() || changes.back().offsetSeconds != offset) { // else only the name changed
                changes.push_back({begin, offset});
            }
            at = info.end;
        }
        return changes;
    } catch (const std::exception& error) { // the database is not there, or cannot be read
        return Error{ErrorCode::NotFound, fmt::format("time zones cannot be read: {}", error.what()),
                     "install the tzdata package, or write an offset such as +01:00"};
    }
}

std::string localTimeText(std::int64_t micros, const std::vector<OffsetChange>& offsets)
{
    const std::int64_t local = aggregate::localOf(micros, offsets);
    const std::int64_t offset = (local - micros) / kSecond;
    const date::sys_seconds shown = secondsOf(local);
    const auto day = date::floor<date::days>(shown);
    const date::year_month_day ymd(day);
    const date::hh_mm_ss time(shown - day);
    const std::int64_t minutes = std::abs(offset) / 60;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", static_cast<int>(ymd.year()),
                       static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count(), offset < 0 ? '-' : '+', minutes / 60,
                       minutes % 60);
}

Result<std::int64_t> parseTime(std::string_view text, const std::string& zone)
{
    Error wrong{ErrorCode::InvalidValue, fmt::format("'{}' is not a time", text),
                "write 2026-11-22, 2026-11-22T14:00 or 2026-11-22T14:00:00Z"};
    wrong.text = text;
    std::string_view rest = text;
    const auto year = takeNumber(rest, 4);
    const bool dash = take(rest, '-');
    const auto month = takeNumber(rest, 2);
    const bool dash2 = take(rest, '-');
    const auto day = takeNumber(rest, 2);
    if (!year || !dash || !month || !dash2 || !day) {
        return wrong;
    }
    const date::year_month_day date{date::year(*year), date::month(static_cast<unsigned>(*month)),
                                    date::day(static_cast<unsigned>(*day))};
    std::optional<int> hour = 0, minute = 0, second = 0;
    if (take(rest, 'T') || take(rest, ' ')) {
        hour = takeNumber(rest, 2);
        minute = take(rest, ':') ? takeNumber(rest, 2) : std::nullopt;
        second = take(rest, ':') ? takeNumber(rest, 2) : second;
    }
    if (!date.ok() || !hour || *hour > 23 || !minute || *minute > 59 || !second || *second > 59) {
        return wrong;
    }
    const std::int64_t local = date::sys_days(date).time_since_epoch().count() * aggregate::kMicrosPerDay +
                               ((std::int64_t{*hour} * 60 + *minute) * 60 + *second) * kSecond;
    if (rest == "Z") {
        return local;
    }
    if (!rest.empty()) {
        const auto fixed = fixedOffset(rest);
        return fixed ? Result<std::int64_t>(local - *fixed * kSecond) : Result<std::int64_t>(wrong);
    }
    ISOBAR_TRY_ASSIGN(const auto offsets, offsetsOf(zone.empty() ? "UTC" : zone, local - 2 * aggregate::kMicrosPerDay,
                                                    local + 2 * aggregate::kMicrosPerDay));
    return aggregate::firstInstantOf(local, offsets);
}

} // namespace isobar::query

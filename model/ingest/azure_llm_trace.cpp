// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

/// Azure's public LLM inference traces: TIMESTAMP (UTC, to 100 ns), ContextTokens, GeneratedTokens, one request a
/// row. The trace keeps the name of its file. Rows out of order are sorted into place (repaired); rows whose time or
/// token counts make no sense are quarantined. Two equal rows are two requests. The published files end without a
/// line end, so the last row is not suspect for that.
namespace isobar::ingest {

namespace {

constexpr std::int64_t kMaxTokens = 100'000'000;
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

struct Timed {
    std::int64_t nanoseconds = 0;
    std::int32_t inputTokens = 0, outputTokens = 0;
};

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

Status readAzureLlmTrace(const std::filesystem::path& path, const FileIdentity& identity, Intake& intake)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(path));
    CsvReader::Record record;
    ISOBAR_TRY_ASSIGN(const bool any, reader.next(record));
    if (!any) {
        return noRows(path);
    }
    ISOBAR_TRY_ASSIGN(const Header header,
                      Header::read(record, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, {}, path.string()));
    const std::size_t timeColumn = *header.column("TIMESTAMP");
    const std::size_t inputColumn = *header.column("ContextTokens");
    const std::size_t outputColumn = *header.column("GeneratedTokens");

    std::vector<Timed> rows;
    std::int64_t outOfOrder = 0;
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        ISOBAR_TRY(intake.row(reader.position()));
        ISOBAR_TRY_ASSIGN(const bool fits, checkShape(record, header.width(), false, intake));
        if (!fits) {
            continue;
        }
        const auto time = parseTimestampNanoseconds(trimmed(record.fields[timeColumn]));
        if (!time) {
            ISOBAR_TRY(intake.quarantine(
                record.line, timeColumn + 1, "timestamp",
                fmt::format("'{}' is not a time (YYYY-MM-DD hh:mm:ss.fffffff)", clipped(record.fields[timeColumn])),
                record.raw));
            continue;
        }
        const auto tokens = [&](std::size_t column) {
            const auto count = parseInteger(trimmed(record.fields[column]));
            return count && *count >= 1 && *count <= kMaxTokens ? count : std::nullopt;
        };
        const auto input = tokens(inputColumn), output = tokens(outputColumn);
        if (!input || !output) {
            const std::size_t column = input ? outputColumn : inputColumn;
            ISOBAR_TRY(intake.quarantine(
                record.line, column + 1, "token-count",
                fmt::format("'{}' is not a number of tokens from 1 to {}", clipped(record.fields[column]), kMaxTokens),
                record.raw));
            continue;
        }
        if (*time < latest) {
            ++outOfOrder;
            intake.notice(record.line, timeColumn + 1, "out-of-order", [&] {
                return fmt::format("earlier than the row before it, sorted into place: {}", clipped(record.raw));
            });
        }
        latest = std::max(latest, *time);
        rows.push_back({*time, static_cast<std::int32_t>(*input), static_cast<std::int32_t>(*output)});
    }
    if (rows.empty()) { // nothing to store; whatever there was is in quarantine
        return Done{};
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Timed& a, const Timed& b) { return a.nanoseconds < b.nanoseconds; });
    std::vector<store::TraceRequest> requests;
    requests.reserve(rows.size());
    for (const Timed& row : rows) {
        const std::int64_t sinceFirst = row.nanoseconds - rows.front().nanoseconds;
        requests.push_back(
            {static_cast<double>(sinceFirst) / kNanosecondsPerSecond, row.inputTokens, row.outputTokens});
    }
    using Outcome = store::Store::ImportWriter::Outcome;
    const store::TraceDetails details{
        .name = clipped(path.stem().string()), .format = formatName(Format::AzureLlmTrace), .sha256 = identity.sha256};
    std::size_t done = 0;
    ISOBAR_TRY_ASSIGN(const Outcome outcome,
                      intake.writer().putTrace(details, [&](store::TraceBlock& block) -> Result<bool> {
                          while (done < requests.size() && block.requests.size() < store::TraceBlock::kMaxRequests) {
                              block.requests.push_back(requests[done++]);
                          }
                          return done < requests.size();
                      }));
    const auto taken = static_cast<std::int64_t>(rows.size());
    if (outcome == Outcome::Unchanged) {
        intake.unchanged(taken);
    } else {
        intake.repaired(outOfOrder);
        intake.accepted(taken - outOfOrder);
    }
    return Done{};
}

} // namespace isobar::ingest

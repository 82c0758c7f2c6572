// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/recorded.h"

#include "model/aggregate/time_buckets.h"
#include "model/query/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace isobar::query {
namespace {

using aggregate::SimMicros;
constexpr std::size_t kUsualBuckets = 100; ///< at most so many when no width is given
constexpr double kLongestSeconds = 366.0 * 86'400;

double seconds(SimMicros at)
{
    return static_cast<double>(at) * 1e-6;
}

/// What `nameOf` says of each, with `between` in between.
template <class Items, class NameOf>
std::string listed(const Items& items, std::string_view between, const NameOf& nameOf)
{
    std::string list;
    for (const auto& item : items) {
        list += list.empty() ? "" : between;
        list += nameOf(item);
    }
    return list;
}

Result<store::HistoryRun> findRun(const std::vector<store::HistoryRun>& runs, std::int64_t wanted)
{
    if (runs.empty()) {
        return Error{ErrorCode::NotFound, "no run has been recorded in this store",
                     "record one with: isobar-cli simulate STORE --history"};
    }
    const auto found =
        wanted == 0 ? runs.end() - 1
                    : std::find_if(runs.begin(), runs.end(), [wanted](const auto& run) { return run.id == wanted; });
    if (found != runs.end()) {
        return *found;
    }
    return Error{ErrorCode::NotFound, fmt::format("there is no run {}", wanted),
                 "there are: " +
                     listed(runs, ", ", [](const store::HistoryRun& run) { return std::to_string(run.id); })};
}

/// A duration since the run's start, or a time by the clock, as simulated time.
Result<SimMicros> simulatedTime(const std::string& text, const store::HistoryRun& run, const std::string& zone)
{
    if (text == "0") {
        return SimMicros{0};
    }
    if (const auto duration = parseDuration(text)) {
        return *duration * aggregate::kMicrosPerSecond;
    }
    auto at = parseTime(text, zone);
    if (!at.ok()) {
        Error error = at.error();
        error.advice += ", or how long after the run's start: 90s, 5m, 1h, 1d";
        return error;
    }
    ISOBAR_TRY_ASSIGN(const std::int64_t start, parseTime(run.startTimeUtc, "UTC"));
    return *at - start;
}

Result<Query> questionOf(const RecordedQuestion& asked, const store::HistoryRun& run)
{
    Query question;
    question.measures = asked.measures;
    question.by = asked.by;
    question.where = asked.where;
    question.from = run.begin;
    question.to = run.end;
    question.zone = asked.zone;
    if (!asked.from.empty()) {
        ISOBAR_TRY_ASSIGN(question.from, simulatedTime(asked.from, run, asked.zone));
    }
    if (!asked.to.empty()) {
        ISOBAR_TRY_ASSIGN(question.to, simulatedTime(asked.to, run, asked.zone));
    }
    if (question.from >= run.end || question.to <= run.begin || question.from >= question.to) {
        return Error{
            ErrorCode::InvalidValue,
            fmt::format("nothing is recorded from {} s to {} s{}", seconds(question.from), seconds(question.to),
                        run.id > 0 ? fmt::format(" of run {}", run.id) : std::string()),
            fmt::format("it has {} s to {} s after {}", seconds(run.begin), seconds(run.end), run.startTimeUtc)};
    }
    question.bucketMicros = asked.bucketSeconds == 0
                                ? aggregate::widthForPixels(question.from, question.to, kUsualBuckets)
                                : asked.bucketSeconds * aggregate::kMicrosPerSecond;
    question.fill = asked.fill;
    question.top = asked.top;
    question.topBy = asked.topBy;
    question.compare = asked.compare.compare;
    question.baseFrom = question.from;
    return question;
}

/// The table, unless nothing is known of what it is compared with: a column of blanks answers nobody's question.
Result<Table> compared(Result<Table> table, const Query& question, const store::HistoryRun& of)
{
    if (!table.ok() || table->compare == Compare::Nothing || table->baseFrom < table->baseTo) {
        return table;
    }
    const std::string has = fmt::format("it has {} s to {} s", seconds(of.begin), seconds(of.end));
    return question.compare == Compare::PreviousPeriod
               ? Error{ErrorCode::NotFound,
                       fmt::format("nothing is recorded of the period before {} s", seconds(question.from)),
                       has + "; give --from and --to"}
               : Error{ErrorCode::NotFound,
                       fmt::format("run {} has nothing from {} s to {} s to compare with", of.id,
                                   seconds(question.from), seconds(question.to)),
                       has};
}

/// `running` set against a run of the store, at the same times of each.
Result<Table> againstRun(const store::Store& store, const std::vector<store::HistoryRun>& runs, const Query& question,
                         const RecordedQuestion& asked, std::int64_t self, const Base& now)
{
    ISOBAR_TRY_ASSIGN(const auto other,
                      asked.compare.run == 0 ? store::newestBaseline(runs, self) : findRun(runs, asked.compare.run));
    ISOBAR_TRY_ASSIGN(const auto base, store::readHistory(store, other.id, question.from, question.to));
    return compared(run(question, now.fleet, now.intervals, {*base.fleet, base.intervals}), question, other);
}

bool needsQuotes(const std::string& text)
{
    return text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      std::string_view("-_=./:,+%@").find(c) != std::string_view::npos;
           });
}

} // namespace

Result<Table> askRecorded(const store::Store& store, const RecordedQuestion& asked)
{
    ISOBAR_TRY_ASSIGN(const auto runs, store::historyRuns(store));
    ISOBAR_TRY_ASSIGN(const auto run, findRun(runs, asked.run));
    ISOBAR_TRY_ASSIGN(const Query question, questionOf(asked, run));
    SimMicros readFrom = question.from;
    if (question.compare == Compare::PreviousPeriod) {
        // By a zone's clock it may begin a little earlier.
        readFrom = std::max(run.begin, question.from - (question.to - question.from) - aggregate::kMicrosPerDay);
    }
    ISOBAR_TRY_ASSIGN(const auto now, store::readHistory(store, run.id, readFrom, question.to));
    return question.compare == Compare::Other
               ? againstRun(store, runs, question, asked, run.id, {*now.fleet, now.intervals})
               : compared(query::run(question, *now.fleet, now.intervals), question, run);
}

Result<Table> askHistory(const Fleet& fleet, const aggregate::History& history, const RecordedQuestion& asked,
                         const store::Store* store)
{
    if (history.empty()) {
        return Error{ErrorCode::NotFound, "the clock has not run yet", "press play"};
    }
    store::HistoryRun run;
    run.startTimeUtc = fleet.startTimeUtc;
    run.begin = history.begin();
    run.end = history.end();
    ISOBAR_TRY_ASSIGN(const Query question, questionOf(asked, run));
    if (question.compare == Compare::Other && store == nullptr) {
        return Error{ErrorCode::InvalidValue, "there is no recorded run to compare with", "save the fleet as a store"};
    }
    if (question.compare != Compare::Other) {
        return compared(runOver(question, fleet, history), question, run);
    }
    ISOBAR_TRY_ASSIGN(const auto runs, store::historyRuns(*store));
    return againstRun(*store, runs, question, asked, asked.run, {fleet, history.range(question.from, question.to)});
}

std::optional<CompareChoice> parseCompare(std::string_view text)
{
    if (text == "previous") {
        return CompareChoice{Compare::PreviousPeriod, 0};
    }
    if (text == "baseline") {
        return CompareChoice{Compare::Other, 0};
    }
    constexpr std::string_view kRun = "run:";
    text.remove_prefix(text.substr(0, kRun.size()) == kRun ? kRun.size() : 0);
    CompareChoice choice{Compare::Other, 0};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, choice.run);
    return error == std::errc{} && rest == end && choice.run > 0 ? std::optional(choice) : std::nullopt;
}

std::string compareText(const CompareChoice& choice)
{
    switch (choice.compare) {
    case Compare::Nothing:
        return {};
    case Compare::PreviousPeriod:
        return "previous";
    case Compare::Other:
        break;
    }
    return choice.run == 0 ? "baseline" : fmt::format("run:{}", choice.run);
}

std::vector<std::string> argumentsOf(const RecordedQuestion& question)
{
    std::vector<std::string> all;
    const auto add = [&all](const char* name, std::string value) {
        all.emplace_back(name);
        all.push_back(std::move(value));
    };
    add("--measure", listed(question.measures, ",", [](Measure measure) { return info(measure).name; }));
    if (!question.by.empty()) {
        add("--by", listed(question.by, ",", dimensionName));
    }
    for (const Filter& filter : question.where) {
        for (const std::string& value : filter.values) {
            add("--where", std::string(dimensionName(filter.dimension)) + "=" + value);
        }
    }
    if (!question.from.empty()) {
        add("--from", question.from);
    }
    if (!question.to.empty()) {
        add("--to", question.to);
    }
    if (question.bucketSeconds > 0) {
        add("--bucket", fmt::format("{}s", question.bucketSeconds));
    }
    if (question.compare.compare != Compare::Nothing) {
        add("--compare", compareText(question.compare));
    }
    if (question.top > 0) {
        add("--top", std::to_string(question.top));
    }
    if (question.topBy) {
        add("--top-by", std::string(info(*question.topBy).name));
    }
    if (question.fill) {
        all.emplace_back("--fill");
    }
    if (!question.zone.empty()) {
        add("--tz", question.zone);
    }
    if (question.run > 0) {
        add("--run", std::to_string(question.run));
    }
    return all;
}

std::string shellLine(const std::vector<std::string>& arguments)
{
    std::string line;
    for (const std::string& argument : arguments) {
        line += line.empty() ? "" : " ";
        if (!needsQuotes(argument)) {
            line += argument;
            continue;
        }
        line += '\'';
        for (const char c : argument) {
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += '\'';
    }
    return line;
}

std::optional<std::int64_t> parseDuration(std::string_view text)
{
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const std::string unit(rest, text.data() + text.size());
    const double factor = unit.empty() || unit == "s" ? 1
                          : unit == "m"               ? 60
                          : unit == "h"               ? 3'600
                          : unit == "d"               ? 86'400
                                                      : 0;
    const double seconds = value * factor;
    if (error != std::errc{} || !(seconds >= 1 && seconds <= kLongestSeconds) || seconds != std::floor(seconds)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(seconds);
}

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "model/store/history.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Questions to what a store remembers, as `isobar-cli query` and the explorer ask them.
namespace isobar::query {

/// What a comparison is with, as it is typed.
struct CompareChoice {
    Compare compare = Compare::Nothing;
    std::int64_t run = 0; ///< with Compare::Other; 0: the baseline, the newest other run that ran no scenario
    friend bool operator==(const CompareChoice&, const CompareChoice&) = default;
};
/// "previous", "baseline", "run:3" or "3"; nothing when it is none of these.
[[nodiscard]] std::optional<CompareChoice> parseCompare(std::string_view text);
/// The same as text: "previous", "baseline", "run:3"; "" of Compare::Nothing.
[[nodiscard]] std::string compareText(const CompareChoice& choice);

struct RecordedQuestion {
    std::int64_t run = 0; ///< 0: the one recorded last
    std::vector<Measure> measures;
    std::vector<Dimension> by;
    std::vector<Filter> where;
    /// How long after the run's start ("0", "90s", "1h") or a time by the clock ("2026-11-22T14:00Z"); "": all there
    /// is.
    std::string from, to;
    std::int64_t bucketSeconds = 0; ///< 0: such that the range has at most a hundred
    CompareChoice compare = {};     ///< with a run: with the same times of it
    std::size_t top = 0;            ///< as in Query
    std::optional<Measure> topBy = {};
    bool fill = false;
    std::string zone = {};
};

/// Errors: as run(); NotFound when there is no such run, or nothing to compare with: before the range, or at its times
/// of the other run; InvalidValue for times that cannot be read or at which nothing was recorded.
[[nodiscard]] Result<Table> askRecorded(const store::Store& store, const RecordedQuestion& question);

/// The same of a history at hand, that of a running fleet; `question.run` is what it is recorded as, if it is: no
/// baseline for itself. A comparison with a run reads it from `store`; InvalidValue without one.
[[nodiscard]] Result<Table> askHistory(const Fleet& fleet, const aggregate::History& history,
                                       const RecordedQuestion& question, const store::Store* store = nullptr);

/// What to write behind `isobar-cli query STORE` to ask the same; with `--format csv` it prints report::toCsv() of
/// askRecorded(), byte for byte. Arguments as the program gets them, not quoted.
[[nodiscard]] std::vector<std::string> argumentsOf(const RecordedQuestion& question);

/// Arguments as one line for a POSIX shell, quoted where need be.
[[nodiscard]] std::string shellLine(const std::vector<std::string>& arguments);

/// "90s", "5m", "1h", "1d", "1.5h" or plain seconds: whole seconds, from one to those of 366 days.
[[nodiscard]] std::optional<std::int64_t> parseDuration(std::string_view text);

} // namespace isobar::query

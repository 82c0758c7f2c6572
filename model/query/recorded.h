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

struct RecordedQuestion {
    std::int64_t run = 0; ///< 0: the one recorded last
    std::vector<Measure> measures;
    std::vector<Dimension> by;
    std::vector<Filter> where;
    /// How long after the run's start ("0", "90s", "1h") or a time by the clock ("2026-11-22T14:00Z"); "": all there
    /// is.
    std::string from, to;
    std::int64_t bucketSeconds = 0;     ///< 0: such that the range has at most a hundred
    Compare compare = Compare::Nothing; ///< Other: with the same times of `baseRun`
    std::int64_t baseRun = 0;
    std::size_t top = 0; ///< as in Query
    std::optional<Measure> topBy = {};
    bool fill = false;
    std::string zone = {};
};

/// Errors: as run(); NotFound when there is no such run or nothing before the range to compare with; InvalidValue for
/// times that cannot be read or at which nothing was recorded.
[[nodiscard]] Result<Table> askRecorded(const store::Store& store, const RecordedQuestion& question);

/// The same of a history at hand, that of a running fleet; `run` does not count. A comparison with another run reads it
/// from `store`; InvalidValue without one.
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

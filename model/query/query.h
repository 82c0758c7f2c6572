// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/query/measures.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One question: these measures, by these dimensions, over this range, with these filters, compared with that. The
/// window, the exports and the command line all ask it here, so they all get the same numbers.
namespace isobar::query {

struct Filter {
    Dimension dimension;
    std::vector<std::string>
        values; ///< names as in the table ("gcp", "azure/eastus2", "Llama-3.1-70B", "(none)"); any of them
};

/// What a table shows beside each value.
enum class Compare : std::uint8_t {
    Nothing,
    PreviousPeriod, ///< the same intervals, just before the range and as long; with a zone, by its clock
    Other           ///< other intervals: another run, scenario or the baseline, from Query::baseFrom on and as long
};

struct Query {
    std::vector<Measure> measures;
    std::vector<Dimension> by;             ///< at most four
    std::vector<Filter> where;             ///< all of them
    aggregate::SimMicros from = 0;         ///< start of the range, simulated
    aggregate::SimMicros to = 0;           ///< end of the range, exclusive
    aggregate::SimMicros bucketMicros = 0; ///< width of a bucket when `by` has Time; an interval counts where it begins

    Compare compare = Compare::Nothing;
    aggregate::SimMicros baseFrom = 0; ///< for Compare::Other: where its range begins, by its own clock

    /// Above 0: only that many groups, those with most of `topBy` over the whole range, and one more for all others,
    /// so that totals are as without it. A group that is "(none)" of something takes a place only where there are fewer
    /// groups with names than places.
    std::size_t top = 0;
    std::optional<Measure> topBy = {}; ///< the first measure when not given

    bool fill = false; ///< by time: a row for every bucket of the range, also where there is no fact

    /// "": buckets lie on multiples of their width since the fleet's start. Else a zone of time_zone.h: they lie on its
    /// clock, as aggregate::localBuckets cuts them, and keys say what it shows.
    std::string zone = {};
};

inline constexpr std::string_view kRemainderName = "(other)";

struct Row {
    std::vector<std::string> keys; ///< one per dimension; time as seconds since the fleet's start, or by a zone's clock
    std::vector<double> values;    ///< one per measure; NaN = undefined there
    std::vector<double> base = {}; ///< when compared: the same of what it is compared with
    std::vector<double> delta = {}; ///< when compared: values - base
    bool present = true;            ///< there are facts in the range; else counts are 0 and quotients NaN
    bool inBase = false;            ///< there are facts in what it is compared with
    bool remainder = false;         ///< all that did not make it into the top
};

struct Table {
    std::vector<Dimension> by;
    std::vector<Measure> measures;
    std::vector<Row> rows;                 ///< in the fleet's order (time ascending), only groups that have facts
    aggregate::SimMicros from = 0, to = 0; ///< the range really covered: history may begin later or be coarser; empty
                                           ///< (from == to) where there is none
    Compare compare = Compare::Nothing;
    aggregate::SimMicros baseFrom = 0, baseTo = 0; ///< the same of what it is compared with, by its own clock
    std::string zone = {};                         ///< of the times in keys
    bool filled = false;                           ///< see Query::fill
    /// The row with these keys, null when there is none.
    [[nodiscard]] const Row* find(const std::vector<std::string>& keys) const;
};

/// What Compare::Other compares with; its fleet may be another: things are the same when their names are.
struct Base {
    const Fleet& fleet;
    std::span<const std::shared_ptr<const aggregate::Interval>> intervals;
};

/// Rows are in the fleet's order (time ascending); of a top, in order of rank, after a time that comes first. A row is
/// there when either side has facts: where a side covered the time without any, it shows what no facts amount to, and
/// where it covered nothing, NaN; of a filled row the counts are 0.
///
/// Fails when a name does not exist (saying which do), when a measure cannot be split that way (spend by tier), when
/// there are more than four dimensions, a zone is unknown, or filling makes more than five million rows. `intervals` as
/// History::range gives them, ascending; those that overlap the range count whole. Time: O(rows of all intervals).
[[nodiscard]] Result<Table> run(const Query& query, const Fleet& fleet,
                                std::span<const std::shared_ptr<const aggregate::Interval>> intervals);
[[nodiscard]] Result<Table> run(const Query& query, const Fleet& fleet,
                                std::span<const std::shared_ptr<const aggregate::Interval>> intervals,
                                const Base& base);

/// The same over a history, which reads as few of its intervals as cover the range.
[[nodiscard]] Result<Table> runOver(const Query& query, const Fleet& fleet, const aggregate::History& history);

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/query/measures.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

/// One question: these measures, by these dimensions, over this range, with these filters. The window, the exports and
/// the command line all ask it here, so they all get the same numbers.
namespace isobar::query {

struct Filter {
    Dimension dimension;
    std::vector<std::string>
        values; ///< names as in the table ("gcp", "azure/eastus2", "Llama-3.1-70B", "(none)"); any of them
};

struct Query {
    std::vector<Measure> measures;
    std::vector<Dimension> by;             ///< at most four
    std::vector<Filter> where;             ///< all of them
    aggregate::SimMicros from = 0;         ///< start of the range, simulated
    aggregate::SimMicros to = 0;           ///< end of the range, exclusive
    aggregate::SimMicros bucketMicros = 0; ///< width of a bucket when `by` has Time; an interval counts where it begins
};

struct Row {
    std::vector<std::string> keys; ///< one per dimension; time as seconds since the fleet's start
    std::vector<double> values;    ///< one per measure; NaN = undefined there
};

struct Table {
    std::vector<Dimension> by;
    std::vector<Measure> measures;
    std::vector<Row> rows;                 ///< in the fleet's order (time ascending), only groups that have facts
    aggregate::SimMicros from = 0, to = 0; ///< the range really covered: history may begin later or be coarser; empty
                                           ///< (from == to) where there is none
    /// The row with these keys, null when there is none.
    [[nodiscard]] const Row* find(const std::vector<std::string>& keys) const;
};

/// Fails when a name does not exist (saying which do), when a measure cannot be split that way (spend by tier), or when
/// there are more than four dimensions. `intervals` as History::range gives them; those that overlap the range count
/// whole. Time: O(rows of all intervals).
[[nodiscard]] Result<Table> run(const Query& query, const Fleet& fleet,
                                std::span<const std::shared_ptr<const aggregate::Interval>> intervals);

/// The same over a history, which reads as few of its intervals as cover the range.
[[nodiscard]] Result<Table> runOver(const Query& query, const Fleet& fleet, const aggregate::History& history);

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/live_rollup.h"
#include "model/query/query.h"

/// How one measure went over a range, in as many points as a chart has pixels: the mean of each with the least, the
/// greatest and the last value in it, so that a spike of a second is seen in a chart of a week.
namespace isobar::query {

struct CourseQuestion {
    Measure measure = Measure::RequestsPerSecond; ///< a rate or a ratio; of counts, extremes are those of an interval
    std::optional<Dimension> by = {};             ///< a line for each of them; not Time
    std::vector<Filter> where = {};
    aggregate::SimMicros from = 0, to = 0; ///< of simulated time; points at the ends count whole
    std::size_t pixels = 100;              ///< at most so many points a line, or two
};

struct CoursePoint {
    aggregate::SimMicros begin = 0, end = 0; ///< time that facts were counted in
    double mean = 0;                         ///< the measure over that time, as query::run answers it
    double min = 0, max = 0, last = 0;       ///< of its intervals: of a second in the roll-ups, else as they are kept
};

struct CourseLine {
    std::string key; ///< its name; "" where Course::by is not given
    std::vector<CoursePoint> points;
};

struct Course {
    /// In the fleet's order; with a dimension, only those that have anything but zeros (a ratio of 0 is something).
    std::vector<CourseLine> lines;
    bool fromRollUp = false;       ///< else from the history: extremes are of intervals as coarse as are kept there
};

/// Answered from the live roll-ups where they keep it: one of their measures, whole or by one dimension, with no filter
/// or one on that dimension. Anything else from the history, in two passes. `rollUp` may be null; both are of one run.
/// Errors: as query::run(). Time from the roll-ups: O(lines x buckets).
[[nodiscard]] Result<Course> courseOf(const CourseQuestion& question, const Fleet& fleet,
                                      const aggregate::LiveRollUp* rollUp, const aggregate::History& history);

} // namespace isobar::query

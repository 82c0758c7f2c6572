// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "model/query/time_zone.h"

#include <vector>

namespace isobar::query {

/// Where the buckets of a query by time begin, and which of them an instant counts in. Simulated microseconds.
class TimeCut {
public:
    using SimMicros = aggregate::SimMicros;

    /// The bucket an interval counts in that begins there, named by its begin (on the side of what is asked about).
    [[nodiscard]] SimMicros labelOf(SimMicros begin) const;
    /// All buckets that overlap [from, to).
    [[nodiscard]] std::vector<SimMicros> labels(SimMicros from, SimMicros to) const;
    /// As a key of a row: seconds since the fleet's start, or with a zone what its clock shows.
    [[nodiscard]] std::string text(SimMicros label) const;
    /// No bucket has an edge between its multiples, nor the range; for History::range.
    [[nodiscard]] SimMicros granule() const;

private:
    friend struct TimeCuts;
    SimMicros m_width = 0, m_shift = 0, m_earliest = 0;
    SimMicros m_start = 0;                    ///< what simulated time 0 is, since 1970
    std::vector<SimMicros> m_edges, m_labels; ///< with a zone: the same number of both
    std::vector<aggregate::OffsetChange> m_offsets;
};

/// The cuts of both sides of a query, and the range of what it is compared with (from == to: nothing).
struct TimeCuts {
    TimeCut now, base;
    aggregate::SimMicros baseFrom = 0, baseTo = 0;

    /// [coveredFrom, coveredTo): what the intervals of the query's range cover. Errors: a zone that does not exist, a
    /// width that it cannot be cut into, a range that makes too many buckets or too long a period to have a previous
    /// one.
    static Result<TimeCuts> of(const Query& query, const Fleet& fleet, aggregate::SimMicros coveredFrom,
                               aggregate::SimMicros coveredTo);
};

inline constexpr aggregate::SimMicros kMostBuckets = 1'000'000;

} // namespace isobar::query

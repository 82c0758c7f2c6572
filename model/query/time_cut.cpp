// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/time_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace isobar::query {

using aggregate::SimMicros;

namespace {

constexpr SimMicros kLongest = 10'000 * 365 * aggregate::kMicrosPerDay; ///< of a range, and how far from the start

Error tooLong(const char* what)
{
    return Error{ErrorCode::InvalidValue, fmt::format("the range is too long {}", what),
                 "give a shorter one, or wider buckets"};
}

} // namespace

SimMicros TimeCut::labelOf(SimMicros begin) const
{
    if (m_edges.empty()) {
        return std::max(m_earliest, aggregate::floorTo(begin + m_shift, m_width));
    }
    const auto after = std::upper_bound(m_edges.begin(), m_edges.end(), begin);
    return m_labels[after == m_edges.begin() ? 0 : static_cast<std::size_t>(after - m_edges.begin()) - 1];
}

std::vector<SimMicros> TimeCut::labels(SimMicros from, SimMicros to) const
{
    std::vector<SimMicros> all;
    if (m_edges.empty()) {
        for (SimMicros at = aggregate::floorTo(from, m_width); at < to; at += m_width) {
            all.push_back(at);
        }
        return all;
    }
    for (std::size_t i = 0; i + 1 < m_edges.size(); ++i) {
        if (m_edges[i] < to && m_edges[i + 1] > from) {
            all.push_back(m_labels[i]);
        }
    }
    return all;
}

std::string TimeCut::text(SimMicros label) const
{
    return m_offsets.empty() ? fmt::format("{}", static_cast<double>(label) * 1e-6)
                             : localTimeText(m_start + label, m_offsets);
}

SimMicros TimeCut::granule() const
{
    SimMicros granule = m_edges.empty() ? std::gcd(m_width, m_shift) : 0;
    for (const SimMicros edge : m_edges) {
        granule = std::gcd(granule, edge);
    }
    return granule;
}

Result<TimeCuts> TimeCuts::of(const Query& query, const Fleet& fleet, SimMicros coveredFrom, SimMicros coveredTo)
{
    const bool byTime = std::find(query.by.begin(), query.by.end(), Dimension::Time) != query.by.end();
    const bool compared = query.compare != Compare::Nothing && query.from < query.to;
    TimeCuts cuts;
    if (compared &&
        (query.from < -kLongest || query.to > kLongest || query.baseFrom > kLongest || query.baseFrom < -kLongest)) {
        return tooLong("to be compared with another");
    }
    const SimMicros length = compared ? query.to - query.from : 0;
    cuts.baseFrom = query.compare == Compare::PreviousPeriod ? query.from - length : query.baseFrom;
    cuts.now.m_width = cuts.base.m_width = query.bucketMicros;
    cuts.now.m_earliest = std::numeric_limits<SimMicros>::min();

    const SimMicros first = query.fill ? std::min(coveredFrom, query.from) : coveredFrom;
    const SimMicros last = query.fill ? std::max(coveredTo, query.to) : coveredTo;
    if (byTime && (query.fill || !query.zone.empty()) && first < last &&
        (last > kLongest || first < -kLongest || (last - first) / query.bucketMicros >= kMostBuckets)) {
        return tooLong("for buckets of that width");
    }
    if (!query.zone.empty()) {
        // Without a start, simulated time 0 is 1970.
        auto start = parseTime(fleet.startTimeUtc.empty() ? "1970-01-01" : fleet.startTimeUtc, "UTC");
        if (!start.ok()) {
            return start.error();
        }
        const SimMicros margin = (byTime ? query.bucketMicros : 0) + 2 * aggregate::kMicrosPerDay;
        if (!compared && (first < -kLongest || last > kLongest || query.bucketMicros > kLongest)) {
            return tooLong("for a time zone");
        }
        const SimMicros earliest = *start + (compared ? std::min({first, query.from, cuts.baseFrom}) : first) - margin;
        ISOBAR_TRY_ASSIGN(const auto offsets, offsetsOf(query.zone, earliest, *start + last + margin));
        const auto back = [&, at = *start](SimMicros instant, SimMicros local) {
            return aggregate::firstInstantOf(aggregate::localOf(at + instant, offsets) - local, offsets) - at;
        };
        const SimMicros localLength =
            compared ? aggregate::localOf(*start + query.to, offsets) - aggregate::localOf(*start + query.from, offsets)
                     : 0;
        const bool previous = query.compare == Compare::PreviousPeriod;
        cuts.baseFrom = compared && previous ? back(query.from, localLength) : cuts.baseFrom;
        if (byTime && first < last) {
            auto buckets = aggregate::localBuckets(*start + first, *start + last, query.bucketMicros, offsets);
            for (const std::int64_t edge : buckets.edges) {
                const SimMicros at = edge - *start;
                cuts.now.m_edges.push_back(at);
                cuts.base.m_edges.push_back(previous ? back(at, localLength) : at - query.from + cuts.baseFrom);
            }
            cuts.now.m_labels = cuts.base.m_labels = cuts.now.m_edges;
        }
        cuts.now.m_start = *start;
        cuts.now.m_offsets = offsets;
    }
    if (compared) {
        cuts.baseTo = query.compare == Compare::PreviousPeriod ? query.from : cuts.baseFrom + length;
        cuts.base.m_shift = query.from - cuts.baseFrom;
        if (byTime) {
            cuts.base.m_earliest = aggregate::floorTo(query.from, query.bucketMicros);
        }
    } else {
        cuts.baseFrom = cuts.baseTo = 0;
    }
    return cuts;
}

} // namespace isobar::query

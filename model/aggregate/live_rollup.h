// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/charge.h"
#include "model/fleet/fleet.h"

#include <deque>
#include <span>

namespace isobar::aggregate {

/// What the live roll-ups are kept by, one at a time.
enum class RollUpBy : std::uint8_t { Total, Provider, Region, Pool, Accelerator, Model, Workload, Tier, Pricing, Area };
inline constexpr std::size_t kRollUps = 10;

/// A quotient of counters, watched interval by interval. Units: as in query's measures of these names.
enum class Gauge : std::uint8_t {
    RequestsPerSecond,
    TokensPerSecond,
    SloAttainment,
    Utilization,
    PowerWatts,
    CarbonGramsPerDay,
    SpendUsdPerDay ///< by workload, tier, area: not kept
};
inline constexpr std::size_t kGauges = 7;

/// The live fleet by one dimension at a time, at 1 s, 1 min, 1 h and 1 d: numerator and denominator as integers, and
/// the least, the greatest and the last value of any interval (1 s; kept to seven digits), so that a spike of a second
/// is still seen in a chart of a year. Kept: 1 s for 5 minutes, 1 min for 6 hours, 1 h for two weeks, 1 d for ever
/// (about 25 MB each, 80 kB a day). For other splits and for quantiles there is the History, whose sums are by row.
///
/// A copy shares what is past with the original and costs a few thousand pointers: it may be read on another thread
/// while the original goes on.
class LiveRollUp {
public:
    explicit LiveRollUp(std::shared_ptr<const Fleet> fleet);

    /// `interval` must not begin before the last one ended; a gap is a gap.
    void append(const Interval& interval);
    /// Forgets what lies at `at` and later. `history` is of the same run and was truncated to the same time: where it
    /// is all that is left of a bucket that `at` lies in, extremes are those of its intervals there.
    void truncate(SimMicros at, const History& history);
    [[nodiscard]] SimMicros end() const; ///< of the last interval; 0 when there is none

    /// A stretch of time in which the gauge was defined.
    struct Point {
        SimMicros begin = 0, end = 0;
        double mean = 0;         ///< quotient of the sums
        double min = 0, max = 0; ///< of an interval's quotients
        double last = 0;         ///< of its last interval
    };
    /// At most `pixels` (or two) points over [from, to), ascending; wider ones where finer buckets are no longer kept.
    /// Buckets at the ends count whole. Empty where the gauge is not kept by that dimension. `entity`: the index in the
    /// fleet, 0 for Total, a Charge for Pricing; kNoEntity for what has none (idle chips have no model).
    [[nodiscard]] std::vector<Point> series(RollUpBy by, std::size_t entity, Gauge gauge, SimMicros from, SimMicros to,
                                            std::size_t pixels) const;
    static constexpr std::size_t kNoEntity = static_cast<std::size_t>(-1);
    [[nodiscard]] static bool keeps(RollUpBy by, Gauge gauge);
    /// How many there are to ask for, without kNoEntity.
    [[nodiscard]] std::size_t entities(RollUpBy by) const;
    /// Series that an interval moves on, in each width of bucket.
    [[nodiscard]] std::size_t seriesCount() const { return m_cells; }
    /// Memory of its buckets, in bytes.
    [[nodiscard]] std::size_t bytes() const;

private:
    /// Not the least nor the greatest of nothing.
    struct Cell {
        std::int64_t numerator = 0, denominator = 0;
        float min = 0, max = 0, last = 0;
    };
    struct Bucket {
        SimMicros begin = 0, end = 0; ///< time its intervals cover
        std::vector<Cell> cells;
    };
    /// Counters of one group over one interval.
    struct Sums {
        std::int64_t requests = 0, tokens = 0, sloMet = 0, ended = 0;
        std::int64_t busyMicros = 0, chipMicros = 0, millijoules = 0, micrograms = 0, microUsd = 0;
    };
    using Groups = std::array<std::uint32_t, kRollUps>;

    void useLayout(const Layout& layout);
    [[nodiscard]] Groups groupsOf(PoolId pool) const;
    void addUp(const Interval& interval);
    /// Adds an interval to buckets that are open for it.
    void observe(const Interval& interval, std::span<Bucket* const> open);
    static void merge(Cell& cell, const Cell& later);
    static void observe(Cell& cell, std::int64_t numerator, std::int64_t denominator);
    [[nodiscard]] std::size_t cellOf(RollUpBy by, std::size_t entity, Gauge gauge) const;

    std::shared_ptr<const Fleet> m_fleet;
    std::array<std::uint32_t, kRollUps + 1> m_firstGroup{}; ///< groups of all dimensions in one row
    std::vector<std::uint32_t> m_firstCell;                 ///< by group
    std::size_t m_cells = 0;
    std::vector<Sums> m_sums; ///< by group, of one interval

    std::shared_ptr<const Layout> m_layout; ///< what the three below stand for
    std::vector<Groups> m_demandGroups, m_supplyGroups;

    static constexpr std::size_t kWidths = 4;
    /// By width. All but the last of each are never changed again, and the last only while no copy holds it.
    std::array<std::deque<std::shared_ptr<Bucket>>, kWidths> m_buckets;
};

} // namespace isobar::aggregate

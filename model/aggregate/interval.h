// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/sketch.h"
#include "model/fleet/fleet.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

/// What the live fleet counts, per short interval of simulated time. Every count is an integer, so sums are exact and
/// do not depend on order or thread count. Two fact tables share the dimensions of a placement: demand (requests) and
/// supply (chips, money, energy).
namespace isobar::aggregate {

/// Simulated time in microseconds since the fleet's start time.
using SimMicros = std::int64_t;
inline constexpr SimMicros kMicrosPerSecond = 1'000'000;

/// Requests of one workload at one placement.
struct DemandTotals {
    std::int64_t requests = 0; ///< routed here by the gateway; a retried one counts every time
    std::int64_t completed = 0;
    std::int64_t rejected = 0;  ///< refused: queue full or longer than the KV cache
    std::int64_t lost = 0;      ///< in flight when their replica went away, and not tried again
    std::int64_t sloMet = 0;    ///< of completed: both TTFT and mean ITL within the tier
    std::int64_t tokensIn = 0;  ///< of completed
    std::int64_t tokensOut = 0; ///< of completed
    std::int64_t egressMicroUsd = 0;
    std::int64_t retried = 0; ///< failed here and routed anew: the row it went to, this one perhaps, counts it again
    DemandTotals& operator+=(const DemandTotals& other);
    friend bool operator==(const DemandTotals&, const DemandTotals&) = default;
};

/// Chips of one use of a pool.
struct SupplyTotals {
    std::int64_t chipMicros = 0; ///< chip-microseconds held
    std::int64_t workMicros = 0; ///< chip-microseconds of work, priced at a full batch: utilization's numerator
    std::array<std::int64_t, kPricingModels> costMicroUsd{};
    std::int64_t energyMillijoules = 0; ///< at the meter: idle + dynamic, times PUE
    std::int64_t carbonMicrograms = 0;
    SupplyTotals& operator+=(const SupplyTotals& other);
    friend bool operator==(const SupplyTotals&, const SupplyTotals&) = default;
};

/// Down: out of order, or taken back; held chips that nothing can run on.
enum class Use : std::uint8_t { Serving, Training, Idle, Down };
inline constexpr std::size_t kUses = 4;

/// What the rows of an Interval stand for. Append-only while an engine runs: an older layout is a prefix of a newer.
struct Layout {
    struct PlacementRow {
        ModelId model;
        PoolId pool;
    };
    struct DemandRow {
        std::uint32_t placement = 0; ///< index into `placements`; kUnrouted = no placement could take it
        WorkloadId workload;
    };
    struct SupplyRow {
        PoolId pool;
        Use use = Use::Idle;
        std::uint32_t placement = 0; ///< for Serving: index into `placements`
    };
    static constexpr std::uint32_t kUnrouted = 0xffffffffu;
    std::vector<PlacementRow> placements;
    std::vector<DemandRow> demand;
    std::vector<SupplyRow> supply;
    std::size_t areas = 0;
};

/// The counts of a Sketch, packed: a byte a bucket from the first to the last that is not empty for ordinary counts. A
/// value.
class SparseSketch {
public:
    struct Bucket {
        std::uint16_t bucket = 0;
        std::uint32_t count = 0;
        friend bool operator==(const Bucket&, const Bucket&) = default;
    };
    SparseSketch() = default;
    /// `buckets` ascending by bucket, counts above zero.
    explicit SparseSketch(std::span<const Bucket> buckets);
    [[nodiscard]] static SparseSketch of(const Sketch& sketch);

    [[nodiscard]] bool empty() const { return m_size == 0; }
    [[nodiscard]] std::int64_t count() const;
    [[nodiscard]] std::vector<Bucket> buckets() const;
    /// The first that is not empty, or one before it; kBuckets when all are.
    [[nodiscard]] std::size_t firstBucket() const;
    [[nodiscard]] std::size_t packedBytes() const { return m_size; }
    void addTo(Sketch& sketch) const;
    /// The same to bare counts; returns how many there were.
    std::int64_t addTo(std::span<std::int64_t, Sketch::kBuckets> counts) const;
    void merge(const SparseSketch& other);
    friend bool operator==(const SparseSketch& a, const SparseSketch& b) { return a.bytes() == b.bytes(); }

private:
    friend class SketchPacker;
    explicit SparseSketch(std::span<const std::int64_t, Sketch::kBuckets> counts);
    [[nodiscard]] std::string_view bytes() const { return {m_bytes.get(), m_size}; }
    // A header of four bytes (see interval.cpp), then either the counts of neighbouring buckets, each in 1, 2 or 4
    // bytes, which are added a dozen at a time, or, where that would be long, pairs of LEB128 numbers. Equal counts
    // always make equal bytes. Sketches of one sum share a block of memory: reading them is then one long read.
    std::shared_ptr<const char> m_bytes;
    std::uint32_t m_size = 0;
};

enum class Latency : std::uint8_t { Ttft, Itl, EndToEnd };
inline constexpr std::size_t kLatencies = 3;

/// One stretch of simulated time, [begin, end).
struct Interval {
    SimMicros begin = 0, end = 0;
    std::shared_ptr<const Layout> layout;
    std::vector<DemandTotals> demand;                            ///< by Layout::demand
    std::vector<std::array<SparseSketch, kLatencies>> latencies; ///< by Layout::demand
    std::vector<SupplyTotals> supply;                            ///< by Layout::supply
    std::vector<std::int64_t> flows;                             ///< requests by placement * layout->areas + area

    /// Adds an interval that follows this one; the layouts must be one a prefix of the other.
    void merge(const Interval& next);
};

/// The sum of intervals that follow each other (at least one); layouts as in Interval::merge. Faster than merging one
/// after the other.
[[nodiscard]] Interval sumOf(std::span<const std::shared_ptr<const Interval>> intervals);

/// The past of one run, kept in tiers: as appended (1 s) for two minutes, 10 s for twenty minutes, 60 s for six hours,
/// 600 s for two days, 1 h beyond. Wider sums are made as soon as their time is over, each from the next finer ones,
/// and kept beside what they sum up: a question about a long range reads a few of them. Boundaries are multiples of the
/// tier's width in simulated time, so two runs of one seed keep the same rows; totals over any stretch that ends on
/// such boundaries are exact. A day of the sample fleet fits in 200 MB.
class History {
public:
    /// `interval` must begin where the last one ended.
    void append(std::shared_ptr<const Interval> interval);
    /// Forgets what lies at `at` and later, and an interval that lies across it: end() is then `at` or earlier, and what
    /// is appended next begins there. The rest stays as coarse as it is.
    void truncate(SimMicros at);
    void clear();
    [[nodiscard]] bool empty() const { return m_intervals.empty(); }
    [[nodiscard]] SimMicros begin() const; ///< 0 when empty
    [[nodiscard]] SimMicros end() const;
    /// The intervals that overlap [from, to), oldest first.
    [[nodiscard]] std::vector<std::shared_ptr<const Interval>> range(SimMicros from, SimMicros to) const;
    /// As few intervals as there are that cover the same time, wide sums in place of what they sum up; none lies across
    /// a multiple of `bucketMicros`, unless it was kept or appended so. 0: wide as can be.
    [[nodiscard]] std::vector<std::shared_ptr<const Interval>> range(SimMicros from, SimMicros to,
                                                                     SimMicros bucketMicros) const;
    [[nodiscard]] const std::vector<std::shared_ptr<const Interval>>& intervals() const { return m_intervals; }
    /// Memory of the intervals and sums, without their layouts, in bytes. Linear in what is kept.
    [[nodiscard]] std::size_t bytes() const;

private:
    static constexpr std::size_t kThinnings = 4;
    using Sums = std::vector<std::shared_ptr<const Interval>>;
    void sumUp(std::size_t tier);
    /// The sum of a tier that begins there; null when there is none.
    [[nodiscard]] std::shared_ptr<const Interval> sumAt(std::size_t tier, SimMicros begin) const;
    /// Sums what lies in [doneTo, keepFrom) into buckets of `width`; doneTo moves to the last whole bucket's end.
    void thin(std::size_t tier);
    std::vector<std::shared_ptr<const Interval>> m_intervals;
    std::array<Sums, kThinnings> m_sums; ///< by tier: whole buckets that could be summed up, ascending
    std::array<SimMicros, kThinnings> m_summedTo{}, m_thinnedTo{};
};

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/cube_query.h"

#include <map>
#include <span>
#include <vector>

namespace isobar::aggregate {

/// Sums of a SampleCube kept by some dimensions and by time, in levels of ever wider buckets, so that a long range is
/// answered from a few of them. Updated chunk by chunk; every figure equals what the raw samples give, to the digit.
class CubeRollUp {
public:
    struct Level {
        std::int64_t widthMicros = kMicrosPerHour;
        bool sketches = true; ///< keep those the roll-up is asked to keep: narrow buckets seldom need them
    };
    /// `levels` ascend in width, each a whole multiple of the one before. Fails otherwise.
    static Result<CubeRollUp> create(std::vector<CubeGrouping> by, std::vector<CubeAsk> keep,
                                     std::vector<Level> levels);

    /// Takes in the chunks sealed since the last time. `cube` is always the same one.
    Status update(const SampleCube& cube, int threads = 0, const JobContext& context = {});
    /// How many of the cube's chunks are in.
    [[nodiscard]] std::size_t chunks() const { return m_chunks; }

    /// The sums of [from, to), whole buckets of the finest level that keeps what is asked (`sketches` or not); the
    /// groups put together by `groupOf` (empty: as they are; else `groups` of them). Fails when the range does not end
    /// on such buckets.
    [[nodiscard]] Result<CubeTable> sum(std::int64_t from, std::int64_t to, bool sketches,
                                        std::span<const std::uint32_t> groupOf = {}, std::uint32_t groups = 0) const;

    /// One bucket of a level: nothing is copied. `table` has one bucket of time.
    struct Slice {
        std::int64_t begin = 0;
        const CubeTable* table = nullptr;
    };
    /// Those of a level that have samples and begin in [from, to), ascending.
    [[nodiscard]] std::vector<Slice> slices(std::size_t level, std::int64_t from, std::int64_t to) const;
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] const std::vector<CubeGrouping>& by() const { return m_by; }
    [[nodiscard]] const std::vector<CubeAsk>& kept() const { return m_keep; }
    [[nodiscard]] const std::vector<Level>& levels() const { return m_levels; }

private:
    CubeRollUp() = default;
    std::vector<CubeGrouping> m_by;
    std::vector<CubeAsk> m_keep;
    std::vector<Level> m_levels;
    std::vector<std::map<std::int64_t, CubeTable>> m_slices; ///< by level, then begin
    std::size_t m_groups = 0;                                ///< known after the first chunk
    std::size_t m_chunks = 0;
};

/// Like ask() for the roll-up's groups and measures over any range: whole buckets from the roll-up, the rest from the
/// raw samples, those the roll-up has not taken in included.
[[nodiscard]] Result<CubeTable> askThrough(const CubeRollUp& rollUp, const SampleCube& cube, std::int64_t from,
                                           std::int64_t to, bool sketches, int threads = 0);

} // namespace isobar::aggregate

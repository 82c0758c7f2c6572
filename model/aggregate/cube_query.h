// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/cube_table.h"
#include "model/aggregate/sample_cube.h"
#include "model/aggregate/time_buckets.h"
#include "model/fleet/job.h"

#include <optional>
#include <vector>

namespace isobar::aggregate {

/// A dimension to group by, as it is or by what its values belong to (a pool's region).
struct CubeGrouping {
    std::size_t dimension = 0;
    std::vector<std::uint32_t> groupOf = {}; ///< by value; kNoGroup leaves it out; empty: every value is a group
    std::uint32_t groups = 0;                ///< of `groupOf`
};

struct CubeFilter {
    std::size_t dimension = 0;
    std::vector<std::uint32_t> values; ///< any of them
};

/// Sum and count are always given.
struct CubeAsk {
    std::size_t measure = 0;
    bool extremes = false; ///< min and max
    bool sketch = false;   ///< for quantiles
};

struct CubeQuery {
    std::int64_t from = std::numeric_limits<std::int64_t>::min(); ///< microseconds
    std::int64_t to = std::numeric_limits<std::int64_t>::max();   ///< exclusive
    std::vector<CubeGrouping> by = {};  ///< cells: the last one fastest, then the bucket of time
    TimeBuckets buckets = {};           ///< none: the range is one
    std::vector<CubeFilter> where = {}; ///< all of them
    std::vector<CubeAsk> ask = {};
};

/// Answers from the raw samples, those that wait for a full chunk included. The same digits on any number of threads
/// (0 = all processors). Fails for a dimension or measure that is not there, a `groupOf` that does not fit its
/// dimension, a table of more than kMostTableBytes, or when cancelled (asked once a chunk).
[[nodiscard]] Result<CubeTable> ask(const SampleCube& cube, const CubeQuery& query, int threads = 0,
                                    const JobContext& context = {});
/// The same over some of the sealed chunks only.
[[nodiscard]] Result<CubeTable> ask(const SampleCube& cube, std::span<const CubeChunk* const> chunks,
                                    const CubeQuery& query, int threads = 0, const JobContext& context = {});

inline constexpr std::uint64_t kMostTableBytes = std::uint64_t{1} << 30;

/// How many groups a grouping makes.
[[nodiscard]] std::size_t groupCount(const SampleCube& cube, std::span<const CubeGrouping> by);

} // namespace isobar::aggregate

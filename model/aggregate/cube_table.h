// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// The answer to a CubeQuery: mergeable sums, so a coarser answer is the sum of finer ones, exactly.
namespace isobar::aggregate {

inline constexpr std::uint32_t kNoGroup = std::numeric_limits<std::uint32_t>::max();

/// One measure by cell, in quanta.
struct CubeCells {
    std::vector<std::int64_t> sums, counts; ///< of the values that are there
    std::vector<std::int64_t> mins, maxs;   ///< empty unless asked for; mean nothing where the count is 0
    /// A window of Sketch's buckets by cell, `sketchWidth` numbers each; no width where no sketch was asked for.
    std::vector<std::uint32_t> sketches;
    std::uint32_t sketchFirst = 0, sketchWidth = 0;

    /// The q-quantile of a cell as Sketch::quantile gives it (within 2 %), in the measure's unit.
    [[nodiscard]] double quantile(std::size_t cell, double q) const;
};

struct CubeTable {
    std::size_t groups = 1, buckets = 1;
    std::vector<CubeCells> columns; ///< one for each CubeAsk

    [[nodiscard]] std::size_t cells() const { return groups * buckets; }
    [[nodiscard]] std::size_t cell(std::size_t group, std::size_t bucket = 0) const { return group * buckets + bucket; }

    /// Adds a table of the same measures: its group g to groupOf[g] (empty: to g; kNoGroup: left out), its bucket b to
    /// firstBucket + b. This table's sketches must reach as far as the other's (`reach`).
    void merge(const CubeTable& other, std::size_t firstBucket = 0, std::span<const std::uint32_t> groupOf = {});
    /// Widens the window of a column's sketches to hold [first, first + width).
    void reach(std::size_t column, std::uint32_t first, std::uint32_t width);
};

/// An empty column of so many cells.
[[nodiscard]] CubeCells emptyCells(std::size_t cells, bool extremes, std::uint32_t sketchFirst,
                                   std::uint32_t sketchWidth);

} // namespace isobar::aggregate

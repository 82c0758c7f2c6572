// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/sketch.h"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace isobar::aggregate {

/// Sketch::bucketOf(quanta * quantum) by table, equal to it for every integer: a logarithm a value would cost more than
/// all the rest of a scan.
class QuantaBuckets {
public:
    /// A quantum of 0 makes one that must not be asked.
    explicit QuantaBuckets(double quantum);

    /// `quanta` up to 2^53.
    [[nodiscard]] std::uint32_t of(std::int64_t quanta) const
    {
        if (quanta <= 0) {
            return 0;
        }
        // A cell is a stretch of doubles whose upper bits agree, 1/64 of a power of two: narrower than a bucket, so at
        // most one bucket ends in it.
        const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(quanta));
        const Cell& cell = m_cells[(bits - kOneBits) >> kShift];
        return cell.bucket + (quanta > cell.last ? 1u : 0u);
    }

private:
    static constexpr unsigned kMantissaBits = 6, kShift = 52 - kMantissaBits;
    static constexpr std::uint64_t kOneBits = 0x3ff0'0000'0000'0000;
    struct Cell {
        std::int64_t last = 0;    ///< the largest integer of the bucket
        std::uint32_t bucket = 0; ///< of the smallest integer in the cell
    };
    std::vector<Cell> m_cells;
};

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/random.h"
#include "model/fleet/fleet.h"

#include <array>
#include <cstdint>
#include <vector>

namespace isobar::engine {

/// Draws token lengths from a LengthDistribution with one table look-up.
///
/// The distribution is log-normal with the given mean and coefficient of variation, then values above `maximum` count
/// as `maximum` and those below 1 as 1, and are rounded: so the mean drawn is the given one less what the cut takes
/// (`mean()` says what is left). Drawn by interpolating its quantiles at 1,024 equal steps and, inside the last step,
/// 1,024 more: within 0.2 % of the exact mean; what is rarer than one in a million is drawn as that.
class LengthTable {
public:
    explicit LengthTable(const LengthDistribution& distribution);

    /// `bits`: 64 random bits.
    [[nodiscard]] std::uint32_t draw(std::uint64_t bits) const
    {
        std::size_t cell = bits >> (64 - kBits);
        const auto* table = &m_body;
        if (cell == kCells - 1) {
            cell = (bits >> (64 - 2 * kBits)) & (kCells - 1);
            table = &m_tail;
        }
        const float low = (*table)[cell], high = (*table)[cell + 1];
        const float part = static_cast<float>(bits & 0xffffffu) * 0x1p-24f;
        return static_cast<std::uint32_t>(low + (high - low) * part + 0.5f);
    }
    /// The mean of what is drawn.
    [[nodiscard]] double mean() const { return m_mean; }

private:
    static constexpr std::size_t kBits = 10, kCells = std::size_t{1} << kBits;
    std::array<float, kCells + 1> m_body{}; ///< quantiles at i / kCells
    std::array<float, kCells + 1> m_tail{}; ///< quantiles at 1 - 1 / kCells + i / kCells^2
    double m_mean = 0;
};

/// The lengths of answers met while they are being given: the longer one is, the more often it is met (the inspection
/// paradox). At a steady pace of tokens one of length L is there for L - 1 steps, so it is met with a chance in
/// proportion to L - 1, and how much of it is out is uniform. Exact for what LengthTable draws, by rejection.
class OngoingLengths {
public:
    /// `table` must outlive it.
    explicit OngoingLengths(const LengthTable& table);

    struct Length {
        std::uint32_t tokens = 2;
        std::uint32_t given = 1; ///< 1 to tokens - 1
    };
    /// Only where some length is above one.
    [[nodiscard]] Length draw(Random& random) const;
    [[nodiscard]] bool any() const { return m_upTo.back() > 0; }

private:
    const LengthTable* m_table;
    std::vector<double> m_upTo;           ///< by cell: cumulative chance, unnormalised, of the envelope
    std::vector<std::uint32_t> m_longest; ///< by cell
};

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <array>
#include <cstdint>

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

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/quanta_buckets.h"

#include <cmath>
#include <limits>

namespace isobar::aggregate {
namespace {

constexpr std::int64_t kMostQuanta = std::int64_t{1} << 53;

} // namespace

QuantaBuckets::QuantaBuckets(double quantum)
{
    if (!(quantum > 0)) {
        return;
    }
    const auto bucketOf = [quantum](std::int64_t quanta) {
        return static_cast<std::uint32_t>(Sketch::bucketOf(static_cast<double>(quanta) * quantum));
    };
    // The largest integer of each bucket, by bisection on the definition itself.
    std::array<std::int64_t, Sketch::kBuckets> last{};
    for (std::uint32_t bucket = 0; bucket < Sketch::kBuckets; ++bucket) {
        std::int64_t low = bucket == 0 ? 0 : last[bucket - 1], high = kMostQuanta + 1;
        while (high - low > 1) {
            const std::int64_t middle = low + (high - low) / 2;
            (bucketOf(middle) <= bucket ? low : high) = middle;
        }
        last[bucket] = low;
    }
    const auto cells = ((std::bit_cast<std::uint64_t>(static_cast<double>(kMostQuanta)) - kOneBits) >> kShift) + 1;
    m_cells.resize(cells);
    for (std::uint64_t i = 0; i < cells; ++i) {
        const double begin = std::bit_cast<double>((i << kShift) + kOneBits);
        const std::uint32_t bucket = bucketOf(static_cast<std::int64_t>(std::ceil(begin)));
        m_cells[i] = {bucket + 1 < Sketch::kBuckets ? last[bucket] : std::numeric_limits<std::int64_t>::max(), bucket};
    }
}

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/sketch.h"

#include <algorithm>
#include <limits>

namespace isobar::aggregate {

void Sketch::merge(const Sketch& other)
{
    for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
        m_counts[bucket] += other.m_counts[bucket];
    }
    m_total += other.m_total;
}

std::int64_t Sketch::rankOf(double q, std::int64_t total)
{
    // A hair less, so that 0.95 of 100 asks for rank 95 although the product may come out just above it.
    const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(total) * (1 - 1e-14));
    return std::clamp(static_cast<std::int64_t>(wanted), std::int64_t{1}, total);
}

double Sketch::quantile(double q) const
{
    return quantile(m_counts, m_total, q);
}

double Sketch::quantile(std::span<const std::int64_t, kBuckets> counts, std::int64_t total, double q, std::size_t from)
{
    if (total == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const std::int64_t rank = rankOf(q, total);
    std::int64_t seen = 0;
    for (std::size_t bucket = from; bucket < kBuckets; ++bucket) {
        seen += counts[bucket];
        if (seen >= rank) {
            return valueOf(bucket);
        }
    }
    return valueOf(kBuckets - 1);
}

} // namespace isobar::aggregate

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace isobar::aggregate {

/// A histogram with logarithmic buckets: any quantile of a duration within kRelativeError, mergeable by adding counts,
/// so the result does not depend on order. Durations below kMinimumSeconds count as that, above the top as the top.
/// (DDSketch's bucket rule with a fixed range; Masson, Rim and Lee, VLDB 2019.)
class Sketch {
public:
    static constexpr double kRelativeError = 0.02;
    static constexpr double kGamma = (1 + kRelativeError) / (1 - kRelativeError);
    static constexpr double kMinimumSeconds = 1e-4;
    static constexpr std::size_t kBuckets = 448; ///< reaches 1e-4 * gamma^447 = about 5,800 s

    /// The bucket of a duration in seconds.
    [[nodiscard]] static std::size_t bucketOf(double seconds)
    {
        if (!(seconds > kMinimumSeconds)) {
            return 0;
        }
        const double position = std::ceil(std::log(seconds / kMinimumSeconds) * kInverseLogGamma);
        return position >= kBuckets - 1 ? kBuckets - 1 : static_cast<std::size_t>(position);
    }
    /// The value that stands for a bucket: within kRelativeError of everything in it.
    [[nodiscard]] static double valueOf(std::size_t bucket)
    {
        return bucket == 0
                   ? kMinimumSeconds
                   : kMinimumSeconds * 2 * std::exp(static_cast<double>(bucket) / kInverseLogGamma) / (kGamma + 1);
    }

    void add(double seconds, std::int64_t times = 1) { addToBucket(bucketOf(seconds), times); }
    void addToBucket(std::size_t bucket, std::int64_t times)
    {
        m_counts[bucket] += times;
        m_total += times;
    }
    void merge(const Sketch& other);
    [[nodiscard]] std::span<const std::int64_t, kBuckets> counts() const { return m_counts; }
    [[nodiscard]] std::int64_t count() const { return m_total; }
    [[nodiscard]] std::int64_t bucketCount(std::size_t bucket) const { return m_counts[bucket]; }
    /// The q-quantile (0-1) in seconds; NaN when empty. Nearest rank: the smallest value with rank >= q * count.
    [[nodiscard]] double quantile(double q) const;
    /// The same of bare counts, `total` in all, none before bucket `from`.
    [[nodiscard]] static double quantile(std::span<const std::int64_t, kBuckets> counts, std::int64_t total, double q,
                                         std::size_t from = 0);
    /// The rank, from 1, of the q-quantile of `total` (above zero) values.
    [[nodiscard]] static std::int64_t rankOf(double q, std::int64_t total);

private:
    friend class SparseSketch;
    static constexpr double kInverseLogGamma = 24.996666311036567; // 1 / ln(1.02 / 0.98); tested against std::log
    std::array<std::int64_t, kBuckets> m_counts{};
    std::int64_t m_total = 0;
};

} // namespace isobar::aggregate

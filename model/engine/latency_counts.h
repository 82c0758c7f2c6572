// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace isobar::engine {

/// Latencies of a demand row's answers in the interval under way, by bucket of aggregate::Sketch. Answers are written
/// down one after another and counted when the interval closes: counters of all rows together are larger than a cache,
/// and each answer would go to three of them.
class LatencyCounts {
public:
    using Bucket = aggregate::SparseSketch::Bucket;
    static constexpr std::size_t kNone = 511; ///< for `itl` of an answer of one token

    void add(std::size_t ttft, std::size_t itl, std::size_t toEnd)
    {
        m_answers.push_back(static_cast<std::uint32_t>(ttft | itl << kBits | toEnd << 2 * kBits));
        if (m_answers.size() >= kMostAnswers) {
            fold();
        }
    }
    void add(aggregate::Latency kind, std::size_t bucket, std::uint32_t times)
    {
        m_counts[static_cast<std::size_t>(kind)].push_back({static_cast<std::uint16_t>(bucket), times});
    }
    /// Moves all there is into `out`, by kind, ascending.
    void takeInto(std::array<std::vector<Bucket>, aggregate::kLatencies>& out)
    {
        fold();
        for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
            out[kind].assign(m_counts[kind].begin(), m_counts[kind].end());
            m_counts[kind].clear();
        }
    }
    [[nodiscard]] std::size_t memoryBytes() const
    {
        std::size_t bytes = m_answers.capacity() * sizeof(std::uint32_t);
        for (const auto& counts : m_counts) {
            bytes += counts.capacity() * sizeof(Bucket);
        }
        return bytes;
    }

private:
    static constexpr int kBits = 9;
    static_assert(aggregate::Sketch::kBuckets < kNone && kNone < std::size_t{1} << kBits);
    static constexpr std::size_t kMostAnswers = 1024;

    /// Makes counts of everything.
    void fold()
    {
        std::array<Tally, aggregate::kLatencies> tallies{};
        for (const std::uint32_t answer : m_answers) {
            for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
                tallies[kind].add(answer >> kBits * static_cast<int>(kind) & kNone, 1);
            }
        }
        m_answers.clear();
        for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
            for (const Bucket& counted : m_counts[kind]) {
                tallies[kind].add(counted.bucket, counted.count);
            }
            m_counts[kind].clear();
            tallies[kind].appendTo(m_counts[kind]);
        }
    }

    /// Counts by bucket, and which are not zero: few are.
    struct Tally {
        static constexpr std::size_t kWord = 64;
        std::array<std::uint32_t, std::size_t{1} << kBits> counts{};
        std::array<std::uint64_t, (std::size_t{1} << kBits) / kWord> filled{};

        void add(std::size_t bucket, std::uint32_t times)
        {
            counts[bucket] += times;
            filled[bucket / kWord] |= std::uint64_t{times > 0} << bucket % kWord;
        }
        void appendTo(std::vector<Bucket>& out) const
        {
            for (std::size_t word = 0; word < filled.size(); ++word) {
                for (std::uint64_t left = filled[word]; left != 0; left &= left - 1) {
                    const std::size_t bucket = word * kWord + static_cast<std::size_t>(std::countr_zero(left));
                    if (bucket != kNone) {
                        out.push_back({static_cast<std::uint16_t>(bucket), counts[bucket]});
                    }
                }
            }
        }
    };

    std::vector<std::uint32_t> m_answers; ///< three buckets each
    std::array<std::vector<Bucket>, aggregate::kLatencies> m_counts;
};

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

namespace isobar::serving {

/// KV blocks for so many tokens.
[[nodiscard]] constexpr std::int64_t blocksFor(std::int64_t tokens, std::int64_t blockTokens)
{
    return (tokens + blockTokens - 1) / blockTokens;
}

/// Counts the blocks that sequences hold while each of the growing ones takes one more token an iteration.
///
/// A sequence of s tokens takes a new block in its next step when s is a multiple of the block size b. All step
/// together, so what matters is the residue of s relative to a common clock, which never changes: a histogram of b
/// counts tells the blocks taken in any number of steps, and the number of steps until none is free, in O(b).
class KvBlocks {
public:
    explicit KvBlocks(std::int32_t blockTokens)
        : m_byResidue(static_cast<std::size_t>(blockTokens))
    {
    }
    [[nodiscard]] std::int64_t held() const { return m_held; }
    void hold(std::int64_t blocks) { m_held += blocks; }
    void release(std::int64_t blocks) { m_held -= blocks; }

    /// A sequence that has `tokens` now starts or stops growing; its blocks are held or released apart from that.
    void startGrowing(std::int64_t tokens) { ++m_byResidue[residue(tokens)], ++m_growing; }
    void stopGrowing(std::int64_t tokens) { --m_byResidue[residue(tokens)], --m_growing; }
    /// Every growing sequence takes `steps` more tokens, and the blocks for them.
    void grow(std::int64_t steps)
    {
        const auto size = static_cast<std::int64_t>(m_byResidue.size());
        m_held += steps / size * m_growing;
        for (std::int64_t left = steps % size; left > 0; --left) {
            m_held += m_byResidue[m_clock];
            m_clock = m_clock + 1 == m_byResidue.size() ? 0 : m_clock + 1;
        }
    }
    /// Steps that `free` blocks are enough for.
    [[nodiscard]] std::int64_t stepsWithin(std::int64_t free) const
    {
        if (m_growing == 0) {
            return std::numeric_limits<std::int64_t>::max();
        }
        std::int64_t steps = free / m_growing * static_cast<std::int64_t>(m_byResidue.size());
        std::int64_t left = free % m_growing;
        // The rest is less than one round takes, so this ends within one.
        for (std::size_t at = m_clock; left >= m_byResidue[at]; ++steps) {
            left -= m_byResidue[at];
            at = at + 1 == m_byResidue.size() ? 0 : at + 1;
        }
        return steps;
    }

private:
    [[nodiscard]] std::size_t residue(std::int64_t tokens) const
    {
        const auto size = static_cast<std::int64_t>(m_byResidue.size());
        const std::int64_t before = static_cast<std::int64_t>(m_clock) - tokens % size;
        return static_cast<std::size_t>(before < 0 ? before + size : before);
    }

    std::int64_t m_held = 0;
    std::int64_t m_growing = 0;
    std::size_t m_clock = 0;                ///< steps so far, modulo the block size
    std::vector<std::uint32_t> m_byResidue; ///< growing sequences by (clock - tokens) modulo the block size
};

} // namespace isobar::serving

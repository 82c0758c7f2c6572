// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace isobar::serving {

/// The KV blocks of a replica by their content: which prefixes are there, who shares them, which go first.
///
/// A prefix block is the work of `kvBlocks` KV blocks and has a hash that stands for everything up to its end. Blocks
/// nobody holds keep their content in a list, those left longest at the front; room is taken from the front, and
/// content there is lost. Of what one sequence leaves at a time its end goes in front of its beginning, since a
/// beginning is of use to more. As in vLLM, but that a prefix block is lost as a whole.
class PrefixCache {
public:
    /// `blocks` KV blocks in all, of which `kvBlocks` make a prefix block.
    PrefixCache(std::int64_t blocks, std::int64_t kvBlocks);

    [[nodiscard]] std::int64_t freeBlocks() const { return m_free; }
    /// How many of `hashes`, from the first on without a gap, are there.
    [[nodiscard]] std::size_t leading(std::span<const std::uint64_t> hashes) const;
    /// KV blocks that acquiring these (which are there) would take out of the free ones.
    [[nodiscard]] std::int64_t idleBlocks(std::span<const std::uint64_t> hashes) const;
    void acquire(std::span<const std::uint64_t> hashes);
    /// Takes free blocks, at most freeBlocks(), for content without a hash.
    void take(std::int64_t blocks);
    /// A holder of `kvBlocks` blocks without a hash has computed this content in them. False, and nothing changes, when
    /// it is there already.
    bool add(std::uint64_t hash);
    /// Gives back what a sequence holds: prefix blocks in their order, and blocks without a hash behind them.
    void release(std::span<const std::uint64_t> hashes, std::int64_t blocks);
    /// Mixes everything that decides the future into `hash`.
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    static constexpr std::uint32_t kNone = 0xffffffffu;
    struct Node {
        std::uint64_t hash = 0;
        std::int64_t blocks = 0;
        std::uint32_t holders = 0;
        std::uint32_t previous = kNone, next = kNone; ///< among the free ones
        bool cached = false;                          ///< has a hash
    };
    std::uint32_t make();
    void discard(std::uint32_t node);
    void append(std::uint32_t node);
    void unlink(std::uint32_t node);
    void appendBlocks(std::int64_t blocks);

    std::int64_t m_kvBlocks;
    std::int64_t m_free = 0;
    std::uint32_t m_first = kNone, m_last = kNone;
    std::uint32_t m_spare = kNone; ///< unused nodes, chained through next
    std::vector<Node> m_nodes;
    std::unordered_map<std::uint64_t, std::uint32_t> m_byHash;
};

} // namespace isobar::serving

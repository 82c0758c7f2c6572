// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/kv_blocks.h"
#include "model/serving/prefix_cache.h"
#include "model/serving/replica.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

/// A part of Replica: only its own sources include it.
namespace isobar::serving {

/// While there is surely room for all, blocks need no counting: tokens bound them well enough. This is for the rest of
/// the time. With a prefix cache, blocks held by several count once.
struct Replica::Exact {
    /// What a request does with the prefix cache.
    struct Prefix {
        std::vector<std::uint64_t> hashes; ///< of its prompt's whole prefix blocks
        std::vector<std::uint64_t> held;   ///< those it holds: found or added
        std::uint32_t hitTokens = 0;       ///< when it started
    };

    explicit Exact(const IterationTimes& times)
        : blocks(times.policy().kvBlockTokens)
        , blockTokens(times.policy().kvBlockTokens)
        , prefixTokens(times.policy().prefixBlockTokens)
        , total(times.kvBlocks())
    {
        if (prefixTokens > 0) {
            cache.emplace(total, prefixTokens / blockTokens);
        }
    }
    [[nodiscard]] std::int64_t free() const { return total - blocks.held(); }
    [[nodiscard]] std::int64_t blocksOf(std::int64_t tokens) const { return blocksFor(tokens, blockTokens); }
    /// Makes the content follow the count: room that is held now is taken.
    void takeHeld()
    {
        if (cache) {
            cache->take(cache->freeBlocks() - free());
        }
    }
    /// Gives back what a record's sequence of so many tokens holds.
    void release(std::uint32_t record, std::int64_t tokens)
    {
        if (!cache) {
            blocks.release(blocksOf(tokens));
            return;
        }
        std::vector<std::uint64_t>& held = prefixes[record].held;
        const std::int64_t before = cache->freeBlocks();
        cache->release(held, blocksOf(tokens) - std::ssize(held) * (prefixTokens / blockTokens));
        held.clear();
        blocks.release(cache->freeBlocks() - before);
    }
    /// Takes the blocks for a prompt, prefix blocks that are there included, or none when they are not to be had.
    bool hold(std::uint32_t record, std::int64_t tokens)
    {
        if (!cache) {
            const std::int64_t wanted = blocksOf(tokens);
            const bool fits = wanted <= free();
            blocks.hold(fits ? wanted : 0);
            return fits;
        }
        Prefix& prefix = prefixes[record];
        const auto hits = std::span(prefix.hashes).first(cache->leading(prefix.hashes));
        const std::int64_t own = blocksOf(tokens) - std::ssize(hits) * (prefixTokens / blockTokens);
        const std::int64_t idle = cache->idleBlocks(hits);
        if (own + idle > free()) {
            return false;
        }
        const std::int64_t before = cache->freeBlocks();
        cache->acquire(hits);
        cache->take(own);
        blocks.hold(before - cache->freeBlocks());
        prefix.held.assign(hits.begin(), hits.end());
        return true;
    }
    /// Tokens of a prompt that need no prefill.
    [[nodiscard]] std::uint32_t hitTokens(std::uint32_t record, std::int64_t tokens) const
    {
        return cache
                   ? static_cast<std::uint32_t>(std::min(std::ssize(prefixes[record].held) * prefixTokens, tokens - 1))
                   : 0;
    }
    /// A prompt is computed from `begin` to `end`: whole prefix blocks in there can be found from now on.
    void computed(std::uint32_t record, std::uint32_t begin, std::uint32_t end)
    {
        if (!cache) {
            return;
        }
        Prefix& prefix = prefixes[record];
        const auto size = static_cast<std::uint32_t>(prefixTokens);
        for (std::size_t i = begin / size; i < prefix.hashes.size() && (i + 1) * size <= end; ++i) {
            if (cache->add(prefix.hashes[i])) {
                prefix.held.push_back(prefix.hashes[i]);
            }
        }
    }

    KvBlocks blocks;
    std::int64_t blockTokens, prefixTokens, total;
    std::optional<PrefixCache> cache;
    std::vector<Prefix> prefixes;        ///< by record, with a prefix cache
    std::vector<std::uint32_t> finished; ///< scratch
};

} // namespace isobar::serving

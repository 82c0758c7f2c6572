// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/prefix_cache.h"
#include "model/serving/mix.h"

#include <algorithm>
#include <cassert>

namespace isobar::serving {

PrefixCache::PrefixCache(std::int64_t blocks, std::int64_t kvBlocks)
    : m_kvBlocks(kvBlocks)
{
    appendBlocks(blocks);
}

std::size_t PrefixCache::leading(std::span<const std::uint64_t> hashes) const
{
    std::size_t count = 0;
    while (count < hashes.size() && m_byHash.contains(hashes[count])) {
        ++count;
    }
    return count;
}

std::int64_t PrefixCache::idleBlocks(std::span<const std::uint64_t> hashes) const
{
    std::int64_t blocks = 0;
    for (const std::uint64_t hash : hashes) {
        const Node& node = m_nodes[m_byHash.at(hash)];
        blocks += node.holders == 0 ? node.blocks : 0;
    }
    return blocks;
}

void PrefixCache::acquire(std::span<const std::uint64_t> hashes)
{
    for (const std::uint64_t hash : hashes) {
        const std::uint32_t node = m_byHash.at(hash);
        if (m_nodes[node].holders++ == 0) {
            unlink(node);
        }
    }
}

void PrefixCache::take(std::int64_t blocks)
{
    assert(blocks <= m_free);
    while (blocks > 0) {
        Node& front = m_nodes[m_first];
        if (front.cached) {
            m_byHash.erase(front.hash);
            front.cached = false;
        }
        const std::int64_t taken = std::min(blocks, front.blocks);
        blocks -= taken;
        front.blocks -= taken;
        m_free -= taken;
        if (front.blocks == 0) {
            const std::uint32_t emptied = m_first;
            unlink(emptied);
            discard(emptied);
        }
    }
}

bool PrefixCache::add(std::uint64_t hash)
{
    const auto [at, isNew] = m_byHash.try_emplace(hash, kNone);
    if (isNew) {
        at->second = make();
        m_nodes[at->second] = {.hash = hash, .blocks = m_kvBlocks, .holders = 1, .cached = true};
    }
    return isNew;
}

void PrefixCache::release(std::span<const std::uint64_t> hashes, std::int64_t blocks)
{
    appendBlocks(blocks);
    for (std::size_t i = hashes.size(); i-- > 0;) {
        const std::uint32_t node = m_byHash.at(hashes[i]);
        if (--m_nodes[node].holders == 0) {
            append(node);
        }
    }
}

std::uint64_t PrefixCache::hash(std::uint64_t hash) const
{
    for (std::uint32_t node = m_first; node != kNone; node = m_nodes[node].next) {
        hash = mix(hash, m_nodes[node].cached ? m_nodes[node].hash : 0);
        hash = mix(hash, static_cast<std::uint64_t>(m_nodes[node].blocks));
    }
    return hash;
}

void PrefixCache::appendBlocks(std::int64_t blocks)
{
    if (blocks == 0) {
        return;
    }
    if (m_last != kNone && !m_nodes[m_last].cached) {
        m_nodes[m_last].blocks += blocks;
        m_free += blocks;
        return;
    }
    const std::uint32_t node = make();
    m_nodes[node] = {.blocks = blocks};
    append(node);
}

std::uint32_t PrefixCache::make()
{
    if (m_spare == kNone) {
        m_nodes.emplace_back();
        return static_cast<std::uint32_t>(m_nodes.size() - 1);
    }
    const std::uint32_t node = m_spare;
    m_spare = m_nodes[node].next;
    return node;
}

void PrefixCache::discard(std::uint32_t node)
{
    m_nodes[node].next = m_spare;
    m_spare = node;
}

void PrefixCache::append(std::uint32_t node)
{
    m_nodes[node].previous = m_last;
    m_nodes[node].next = kNone;
    (m_last == kNone ? m_first : m_nodes[m_last].next) = node;
    m_last = node;
    m_free += m_nodes[node].blocks;
}

void PrefixCache::unlink(std::uint32_t node)
{
    const Node& n = m_nodes[node];
    (n.previous == kNone ? m_first : m_nodes[n.previous].next) = n.next;
    (n.next == kNone ? m_last : m_nodes[n.next].previous) = n.previous;
    m_free -= n.blocks;
}

} // namespace isobar::serving

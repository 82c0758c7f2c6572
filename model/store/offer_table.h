// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace isobar::store {

/// What the store knows of an offer, found by the hash of its key: one probe into one flat array, since an import asks
/// once for every row. 24 bytes an offer, at most two thirds full.
class OfferTable {
public:
    struct Known {
        std::int64_t identity = 0;
        std::int64_t content = 0;
        std::uint64_t idAndSeen = 0; ///< 0 = free
        [[nodiscard]] std::int64_t id() const { return static_cast<std::int64_t>(idAndSeen >> 1); }
        [[nodiscard]] bool seen() const { return (idAndSeen & 1) != 0; } ///< put in the present import
        void markSeen() { idAndSeen |= 1; }
    };

    void reserve(std::size_t count)
    {
        std::size_t slots = 1024;
        while (slots * 2 < count * 3) {
            slots *= 2;
        }
        if (slots > m_slots.size()) {
            rehash(slots);
        }
    }

    /// The entry of `identity`, new and with `id` and `content` when there was none; and whether it is new. `id` is
    /// at least 1. The reference holds until the next call.
    std::pair<Known&, bool> add(std::int64_t identity, std::int64_t content, std::int64_t id)
    {
        reserve(m_count + 1);
        Known& slot = find(identity);
        if (slot.idAndSeen != 0) {
            return {slot, false};
        }
        slot = {identity, content, static_cast<std::uint64_t>(id) << 1};
        ++m_count;
        return {slot, true};
    }

private:
    /// The entry, or the free place where it belongs. Identities are hashes already: their low bits choose the place.
    Known& find(std::int64_t identity)
    {
        const std::size_t mask = m_slots.size() - 1;
        std::size_t place = static_cast<std::size_t>(identity) & mask;
        while (m_slots[place].idAndSeen != 0 && m_slots[place].identity != identity) {
            place = (place + 1) & mask;
        }
        return m_slots[place];
    }

    void rehash(std::size_t slots)
    {
        std::vector<Known> old(slots);
        old.swap(m_slots);
        for (const Known& known : old) {
            if (known.idAndSeen != 0) {
                find(known.identity) = known;
            }
        }
    }

    std::vector<Known> m_slots;
    std::size_t m_count = 0;
};

} // namespace isobar::store

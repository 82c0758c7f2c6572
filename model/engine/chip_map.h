// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace isobar::engine {

/// Which chip of a pool belongs to whom, and which are out of order. Chips are numbered; a node holds chipsPerNode of
/// them in a row, a rack nodesPerRack nodes in a row, and racks go round the zones. Chips are paid for in the order of
/// their numbers: first the reserved ones, then committed, on-demand and spot ones.
///
/// Blocks of chips are given out by first fit. A block no larger than a node stays inside one; a larger one takes whole
/// nodes next to each other. Where slices have fixed sizes a block takes the smallest that holds it, at a multiple of
/// its size: the rest of the slice stays empty but is taken.
class ChipMap {
public:
    static constexpr std::uint32_t kFree = 0xffffffffu;
    ChipMap(const Pool& pool, const AcceleratorLayout& layout, std::int32_t zones);

    /// First chip of a block of `chips`, from now on owned by `owner`; nothing when there is no room in one piece.
    [[nodiscard]] std::optional<std::uint32_t> take(std::int32_t chips, std::uint32_t owner);
    /// Chips a block of `chips` takes: more where slices come in fixed sizes.
    [[nodiscard]] std::int32_t taken(std::int32_t chips) const;
    /// Gives a block back; `first` and `chips` as with take().
    void release(std::uint32_t first, std::int32_t chips);

    /// Breaks or mends [first, first + count); overlapping faults add up. Owners of chips that were working until now
    /// are appended to `hit`, each once a block is not known here: they may come twice.
    void breakChips(std::uint32_t first, std::uint32_t count, std::vector<std::uint32_t>& hit);
    void mendChips(std::uint32_t first, std::uint32_t count);
    /// Chips in there that are free, or get free, are not given out until allow() is called as often. Owners of any of
    /// them are appended to `owners` like with breakChips().
    void cordon(std::uint32_t first, std::uint32_t count, std::vector<std::uint32_t>& owners);
    void allow(std::uint32_t first, std::uint32_t count);

    [[nodiscard]] std::uint32_t chips() const { return static_cast<std::uint32_t>(m_owner.size()); }
    [[nodiscard]] std::uint32_t owner(std::uint32_t chip) const { return m_owner[chip]; }
    [[nodiscard]] bool works(std::uint32_t chip) const { return m_faults[chip] == 0; }
    [[nodiscard]] std::int64_t brokenChips() const { return m_broken; }
    [[nodiscard]] std::int64_t ownedChips() const { return m_owned; }
    /// Chips out of order among those paid for that way.
    [[nodiscard]] std::int64_t brokenBy(PricingModel pricing) const;
    [[nodiscard]] PricingModel pricingOf(std::uint32_t chip) const;
    /// [first, last) of the chips paid for that way.
    [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> range(PricingModel pricing) const;

    [[nodiscard]] std::uint32_t nodes() const;
    [[nodiscard]] std::uint32_t racks() const;
    [[nodiscard]] std::uint32_t chipsPerNode() const { return m_chipsPerNode; }
    [[nodiscard]] std::uint32_t nodesPerRack() const { return m_nodesPerRack; }
    [[nodiscard]] std::int32_t zones() const { return m_zones; }
    [[nodiscard]] std::int32_t zoneOfRack(std::uint32_t rack) const
    {
        return static_cast<std::int32_t>(rack) % m_zones;
    }
    [[nodiscard]] std::uint32_t chipsPerRack() const { return m_chipsPerNode * m_nodesPerRack; }
    [[nodiscard]] std::size_t memoryBytes() const ///< about
    {
        return sizeof *this + m_owner.size() * (sizeof m_owner[0] + sizeof m_faults[0]) + m_cordons.size();
    }

private:
    [[nodiscard]] bool isFree(std::uint32_t first, std::uint32_t count) const;

    std::array<std::uint32_t, kPricingModels> m_end{}; ///< of the chips by how they are paid for
    std::uint32_t m_chipsPerNode, m_nodesPerRack;
    std::int32_t m_zones;
    std::vector<std::int32_t> m_slices;
    std::vector<std::uint32_t> m_owner;  ///< by chip
    std::vector<std::uint16_t> m_faults; ///< by chip: how many hold it down
    std::vector<std::uint8_t> m_cordons; ///< by chip, once there was one
    std::uint32_t m_firstMaybeFree = 0;  ///< all before are owned, broken or cordoned off
    std::int64_t m_broken = 0, m_owned = 0;
};

} // namespace isobar::engine

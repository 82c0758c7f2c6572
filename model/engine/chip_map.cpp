// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/chip_map.h"

#include <algorithm>
#include <limits>

namespace isobar::engine {

ChipMap::ChipMap(const Pool& pool, const AcceleratorLayout& layout, std::int32_t zones)
    : m_chipsPerNode(static_cast<std::uint32_t>(std::max(1, layout.chipsPerNode)))
    , m_nodesPerRack(static_cast<std::uint32_t>(std::max(1, layout.nodesPerRack)))
    , m_zones(std::max(1, zones))
    , m_slices(layout.sliceChips)
{
    std::uint32_t end = 0;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        end += static_cast<std::uint32_t>(std::max(0, pool.chips[p]));
        m_end[p] = end;
    }
    m_owner.assign(end, kFree);
    m_faults.assign(end, 0);
}

std::int32_t ChipMap::taken(std::int32_t chips) const
{
    const auto slice = std::lower_bound(m_slices.begin(), m_slices.end(), chips);
    return slice == m_slices.end() ? chips : *slice;
}

bool ChipMap::isFree(std::uint32_t first, std::uint32_t count) const
{
    for (std::uint32_t chip = first; chip < first + count; ++chip) {
        if (m_owner[chip] != kFree || m_faults[chip] != 0 || (!m_cordons.empty() && m_cordons[chip] != 0)) {
            return false;
        }
    }
    return true;
}

std::optional<std::uint32_t> ChipMap::take(std::int32_t chips, std::uint32_t owner)
{
    const auto count = static_cast<std::uint32_t>(taken(chips));
    while (m_firstMaybeFree < m_owner.size() && !isFree(m_firstMaybeFree, 1)) {
        ++m_firstMaybeFree;
    }
    // Inside a node any place that does not reach over its end; beyond, the start of a node. Slices at multiples of
    // their size.
    const bool sliced = !m_slices.empty();
    const std::uint32_t step = sliced ? count : count >= m_chipsPerNode ? m_chipsPerNode : 1;
    for (std::uint32_t first = m_firstMaybeFree / step * step; first + count <= m_owner.size();) {
        const bool overEnd =
            !sliced && count < m_chipsPerNode && first / m_chipsPerNode != (first + count - 1) / m_chipsPerNode;
        if (overEnd) {
            first = (first / m_chipsPerNode + 1) * m_chipsPerNode;
            continue;
        }
        if (isFree(first, count)) {
            std::fill_n(m_owner.begin() + first, count, owner);
            m_owned += count;
            return first;
        }
        first += step;
    }
    return std::nullopt;
}

void ChipMap::release(std::uint32_t first, std::int32_t chips)
{
    const auto count = static_cast<std::uint32_t>(taken(chips));
    std::fill_n(m_owner.begin() + first, count, kFree);
    m_owned -= count;
    m_firstMaybeFree = std::min(m_firstMaybeFree, first);
}

void ChipMap::breakChips(std::uint32_t first, std::uint32_t count, std::vector<std::uint32_t>& hit)
{
    const std::uint32_t last = std::min<std::uint32_t>(first + count, chips());
    for (std::uint32_t chip = first; chip < last; ++chip) {
        if (m_faults[chip] == std::numeric_limits<std::uint16_t>::max()) {
            continue; // no run has so many faults at once
        }
        if (m_faults[chip]++ == 0) {
            ++m_broken;
            if (m_owner[chip] != kFree && (hit.empty() || hit.back() != m_owner[chip])) {
                hit.push_back(m_owner[chip]);
            }
        }
    }
}

void ChipMap::mendChips(std::uint32_t first, std::uint32_t count)
{
    const std::uint32_t last = std::min<std::uint32_t>(first + count, chips());
    for (std::uint32_t chip = first; chip < last; ++chip) {
        if (m_faults[chip] > 0 && --m_faults[chip] == 0) {
            --m_broken;
            m_firstMaybeFree = std::min(m_firstMaybeFree, chip);
        }
    }
}

void ChipMap::cordon(std::uint32_t first, std::uint32_t count, std::vector<std::uint32_t>& owners)
{
    m_cordons.resize(m_owner.size());
    const std::uint32_t last = std::min<std::uint32_t>(first + count, chips());
    for (std::uint32_t chip = first; chip < last; ++chip) {
        if (m_cordons[chip] < std::numeric_limits<std::uint8_t>::max()) {
            ++m_cordons[chip];
        }
        if (m_owner[chip] != kFree && (owners.empty() || owners.back() != m_owner[chip])) {
            owners.push_back(m_owner[chip]);
        }
    }
}

void ChipMap::allow(std::uint32_t first, std::uint32_t count)
{
    const std::uint32_t last = std::min<std::uint32_t>(first + count, chips());
    for (std::uint32_t chip = first; chip < last && !m_cordons.empty(); ++chip) {
        if (m_cordons[chip] > 0 && --m_cordons[chip] == 0) {
            m_firstMaybeFree = std::min(m_firstMaybeFree, chip);
        }
    }
}

std::int64_t ChipMap::brokenBy(PricingModel pricing) const
{
    if (m_broken == 0) {
        return 0;
    }
    const auto [first, last] = range(pricing);
    return std::count_if(m_faults.begin() + first, m_faults.begin() + last, [](std::uint16_t f) { return f > 0; });
}

PricingModel ChipMap::pricingOf(std::uint32_t chip) const
{
    std::size_t p = 0;
    while (p + 1 < kPricingModels && chip >= m_end[p]) {
        ++p;
    }
    return static_cast<PricingModel>(p);
}

std::pair<std::uint32_t, std::uint32_t> ChipMap::range(PricingModel pricing) const
{
    const auto p = static_cast<std::size_t>(pricing);
    return {p == 0 ? 0 : m_end[p - 1], m_end[p]};
}

std::uint32_t ChipMap::nodes() const
{
    return (chips() + m_chipsPerNode - 1) / m_chipsPerNode;
}

std::uint32_t ChipMap::racks() const
{
    return (nodes() + m_nodesPerRack - 1) / m_nodesPerRack;
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/chip_map.h"
#include "model/fleet/fleet.h"
#include "model/fleet/operations.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace isobar::engine {

/// Chips of all pools: who holds which, and how many there may be. Knows neither requests nor money.
class Capacity {
public:
    /// Whom a block of chips belongs to: a replica in a slot of a placement, or a part of a training gang.
    struct Holder {
        PoolId pool;
        bool training = false;
        std::uint32_t number = 0; ///< of the placement, or of the training job
        std::uint32_t slot = 0;   ///< of the placement
        std::uint32_t first = 0;
        std::int32_t chips = 0; ///< asked for
        bool inUse = false;
    };
    /// Chips of one pool in a row.
    struct Range {
        PoolId pool;
        std::uint32_t first = 0, count = 0;
    };

    /// `startHoursUtc`: hours since 1970-01-01T00:00Z at second zero. Chips that the fleet expects on a later date come
    /// at 00:00 UTC of that date.
    Capacity(const Fleet& fleet, const Operations& operations, double startHoursUtc);

    /// A block for `holder` (pool, whom, chips); its number. Nothing when the pool's limits or its free chips do not
    /// allow it.
    [[nodiscard]] std::optional<std::uint32_t> take(Holder holder);
    void release(std::uint32_t holder);
    void setSlot(std::uint32_t holder, std::uint32_t slot) { m_holders[holder].slot = slot; }
    [[nodiscard]] const Holder& holder(std::uint32_t number) const { return m_holders[number]; }

    /// The share of a pool other tenants use now.
    [[nodiscard]] double otherTenantRatio(PoolId pool) const { return m_pools[pool.index()].tenantsNow; }
    /// Lets the other tenants' share follow the day and lets chips arrive; true when some pool may now hold more than
    /// before. Pools that got chips are appended to `arrived`.
    bool update(double seconds, std::vector<PoolId>& arrived);
    /// The chips this lab may use in a pool now: what other tenants leave, within quota and power limit.
    [[nodiscard]] std::int64_t usableChips(PoolId pool) const { return m_pools[pool.index()].usable; }
    [[nodiscard]] const ChipMap& map(PoolId pool) const { return m_pools[pool.index()].map; }
    [[nodiscard]] std::size_t pools() const { return m_pools.size(); }

    /// Chips out of order, those that have not arrived yet not counted.
    [[nodiscard]] std::int64_t downChips(PoolId pool, PricingModel pricing) const;
    /// Chips that have arrived since the start, by how they are paid for.
    [[nodiscard]] const std::array<std::int32_t, kPricingModels>& arrivedChips(PoolId pool) const
    {
        return m_pools[pool.index()].arrived;
    }
    /// Where the chips stand that a pool still waits for.
    [[nodiscard]] std::vector<Range> toCome(PoolId pool) const;
    /// Numbers of the holders that lose a chip.
    [[nodiscard]] std::vector<std::uint32_t> breakChips(const Range& range);
    void mendChips(const Range& range);
    /// Nobody gets chips in there until allow(); numbers of those who hold some.
    [[nodiscard]] std::vector<std::uint32_t> cordon(const Range& range);
    void allow(const Range& range);

    // Chips by what may fail. `index` counts chips, nodes and racks of a pool.
    [[nodiscard]] Range chipsOf(FaultKind unit, PoolId pool, std::uint32_t index) const;
    [[nodiscard]] std::uint32_t units(FaultKind unit, PoolId pool) const; ///< Chip, Node, Rack
    [[nodiscard]] std::vector<Range> zoneOf(RegionId region, std::int32_t zone) const;
    [[nodiscard]] std::vector<Range> all(RegionId region) const;
    [[nodiscard]] std::vector<Range> all(ProviderId provider) const;
    /// The last `ratio` of a pool's spot chips.
    [[nodiscard]] Range spotOf(PoolId pool, double ratio) const;
    [[nodiscard]] std::span<const PoolId> poolsOf(RegionId region) const { return m_poolsOfRegion[region.index()]; }
    [[nodiscard]] std::int32_t zonesOf(RegionId region) const;

private:
    struct PoolState;
    static void setTenants(PoolState& state, double seconds);
    struct PoolState {
        ChipMap map;
        std::int64_t total = 0, limit = 0; ///< there now; what quota and power allow
        std::array<std::int32_t, kPricingModels> toCome{}, arrived{};
        double otherTenantRatio = 0, otherTenantAmplitude = 0, firstLocalHour = 0;
        std::int64_t usable = 0;
        double tenantsNow = 0;
    };
    struct Delivery {
        double seconds = 0;
        PricingModel pricing = PricingModel::Reserved;
        Range range; ///< out of order until then
    };
    std::vector<PoolState> m_pools;
    std::vector<Delivery> m_deliveries; ///< that are still to come
    std::vector<std::vector<PoolId>> m_poolsOfRegion;
    std::vector<ProviderId> m_providerOfRegion;
    std::vector<Holder> m_holders;
    std::vector<std::uint32_t> m_free; ///< unused entries of m_holders
};

} // namespace isobar::engine

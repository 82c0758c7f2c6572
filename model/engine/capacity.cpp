// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/capacity.h"
#include "model/engine/demand_shape.h"
#include "model/serving/power.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace isobar::engine {
namespace {

/// Other tenants are busiest in the afternoon, as everybody.
constexpr double kTenantsPeakLocalHour = 15;

} // namespace

Capacity::Capacity(const Fleet& fleet, const Operations& operations, double startHoursUtc)
    : m_poolsOfRegion(fleet.regions.size())
{
    for (const Region& region : fleet.regions) {
        m_providerOfRegion.push_back(region.provider);
    }
    for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
        const PoolId id(p);
        Pool pool = fleet[id];
        const Region& region = fleet[pool.region];
        const PoolOperations how = poolOperations(operations, id);
        const std::int64_t there = pool.totalChips();
        std::array<std::int32_t, kPricingModels> toCome{};
        const std::size_t firstDelivery = m_deliveries.size();
        for (const CapacityArrival& arrival : fleet.arrivals) {
            // To the second: the difference of two large numbers of hours is only nearly whole.
            const double seconds = std::round((hoursSince1970Utc(arrival.date) - startHoursUtc) * 3600);
            if (arrival.pool == id && seconds > 0) { // earlier ones are in the pool already
                m_deliveries.push_back({seconds, arrival.pricing, {id, 0, static_cast<std::uint32_t>(arrival.chips)}});
                toCome[static_cast<std::size_t>(arrival.pricing)] += arrival.chips;
            }
        }
        for (std::size_t i = 0; i < kPricingModels; ++i) {
            pool.chips[i] += toCome[i];
        }
        PoolState state{ChipMap(pool, acceleratorLayout(operations, pool.accelerator), how.zones)};
        // Chips to come stand last among those paid for alike, and are out of order until they come.
        std::array<std::uint32_t, kPricingModels> placed{};
        std::vector<std::uint32_t> nobody;
        for (std::size_t i = firstDelivery; i < m_deliveries.size(); ++i) {
            Delivery& delivery = m_deliveries[i];
            std::uint32_t& behind = placed[static_cast<std::size_t>(delivery.pricing)];
            behind += delivery.range.count;
            delivery.range.first = state.map.range(delivery.pricing).second - behind;
            state.map.breakChips(delivery.range.first, delivery.range.count, nobody);
        }
        state.total = there;
        state.toCome = toCome;
        state.limit = how.quotaChips.value_or(std::numeric_limits<std::int32_t>::max());
        if (how.powerLimitWatts) {
            const double watts = serving::chipWatts(fleet[pool.accelerator], region, 1);
            state.limit = std::min(state.limit, static_cast<std::int64_t>(*how.powerLimitWatts / std::max(1.0, watts)));
        }
        state.otherTenantRatio = pool.otherTenantRatio;
        state.otherTenantAmplitude = how.otherTenantAmplitude;
        state.firstLocalHour = startHoursUtc + region.at.longitude / 15;
        setTenants(state, 0);
        m_pools.push_back(std::move(state));
        m_poolsOfRegion[pool.region.index()].push_back(id);
    }
}

void Capacity::setTenants(PoolState& state, double seconds)
{
    double ratio = state.otherTenantRatio;
    if (state.otherTenantAmplitude > 0) {
        const double hour = state.firstLocalHour + seconds / 3600 - kTenantsPeakLocalHour;
        ratio *= 1 + state.otherTenantAmplitude * std::cos(2 * std::numbers::pi * hour / 24);
    }
    state.tenantsNow = std::clamp(ratio, 0.0, 1.0);
    const double left = static_cast<double>(state.total) * (1 - state.tenantsNow);
    // As Pool::usableChips: the hair keeps 0.7 x 10 from being 6.
    state.usable = std::min(state.limit, static_cast<std::int64_t>(std::floor(left + 1e-9)));
}

bool Capacity::update(double seconds, std::vector<PoolId>& arrived)
{
    bool more = false;
    std::erase_if(m_deliveries, [&](const Delivery& delivery) {
        if (delivery.seconds > seconds) {
            return false;
        }
        const auto p = static_cast<std::size_t>(delivery.pricing);
        const auto count = static_cast<std::int32_t>(delivery.range.count);
        PoolState& state = m_pools[delivery.range.pool.index()];
        state.map.mendChips(delivery.range.first, delivery.range.count);
        state.total += count;
        state.toCome[p] -= count;
        state.arrived[p] += count;
        setTenants(state, seconds);
        arrived.push_back(delivery.range.pool);
        more = true;
        return true;
    });
    for (PoolState& state : m_pools) {
        if (state.otherTenantAmplitude > 0) {
            const std::int64_t before = state.usable;
            setTenants(state, seconds);
            more = more || state.usable > before;
        }
    }
    return more;
}

std::int64_t Capacity::downChips(PoolId pool, PricingModel pricing) const
{
    const PoolState& state = m_pools[pool.index()];
    return state.map.brokenBy(pricing) - state.toCome[static_cast<std::size_t>(pricing)];
}

std::vector<Capacity::Range> Capacity::toCome(PoolId pool) const
{
    std::vector<Range> ranges;
    for (const Delivery& delivery : m_deliveries) {
        if (delivery.range.pool == pool) {
            ranges.push_back(delivery.range);
        }
    }
    return ranges;
}

std::optional<std::uint32_t> Capacity::take(Holder holder)
{
    PoolState& state = m_pools[holder.pool.index()];
    // Broken chips are counted as held: it is not known whether this lab's or another tenant's would have been used.
    const std::int64_t left = state.usable - state.map.ownedChips();
    if (state.map.taken(holder.chips) > left) {
        return std::nullopt;
    }
    const std::uint32_t number = m_free.empty() ? static_cast<std::uint32_t>(m_holders.size()) : m_free.back();
    const auto first = state.map.take(holder.chips, number);
    if (!first) {
        return std::nullopt;
    }
    holder.first = *first;
    holder.inUse = true;
    if (m_free.empty()) {
        m_holders.push_back(holder);
    } else {
        m_free.pop_back();
        m_holders[number] = holder;
    }
    return number;
}

void Capacity::release(std::uint32_t number)
{
    Holder& holder = m_holders[number];
    m_pools[holder.pool.index()].map.release(holder.first, holder.chips);
    holder.inUse = false;
    m_free.push_back(number);
}

std::vector<std::uint32_t> Capacity::breakChips(const Range& range)
{
    std::vector<std::uint32_t> hit;
    m_pools[range.pool.index()].map.breakChips(range.first, range.count, hit);
    std::sort(hit.begin(), hit.end());
    hit.erase(std::unique(hit.begin(), hit.end()), hit.end());
    return hit;
}

void Capacity::mendChips(const Range& range)
{
    m_pools[range.pool.index()].map.mendChips(range.first, range.count);
}

std::vector<std::uint32_t> Capacity::cordon(const Range& range)
{
    std::vector<std::uint32_t> owners;
    m_pools[range.pool.index()].map.cordon(range.first, range.count, owners);
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    return owners;
}

void Capacity::allow(const Range& range)
{
    m_pools[range.pool.index()].map.allow(range.first, range.count);
}

Capacity::Range Capacity::chipsOf(FaultKind unit, PoolId pool, std::uint32_t index) const
{
    const ChipMap& map = m_pools[pool.index()].map;
    const std::uint32_t size = unit == FaultKind::Chip   ? 1
                               : unit == FaultKind::Node ? map.chipsPerNode()
                                                         : map.chipsPerRack();
    const std::uint32_t first = std::min(index * size, map.chips());
    return {pool, first, std::min(size, map.chips() - first)};
}

std::uint32_t Capacity::units(FaultKind unit, PoolId pool) const
{
    const ChipMap& map = m_pools[pool.index()].map;
    return unit == FaultKind::Chip ? map.chips() : unit == FaultKind::Node ? map.nodes() : map.racks();
}

std::vector<Capacity::Range> Capacity::zoneOf(RegionId region, std::int32_t zone) const
{
    std::vector<Range> ranges;
    for (const PoolId pool : poolsOf(region)) {
        const ChipMap& map = m_pools[pool.index()].map;
        for (std::uint32_t rack = 0; rack < map.racks(); ++rack) {
            if (map.zoneOfRack(rack) == zone) {
                ranges.push_back(chipsOf(FaultKind::Rack, pool, rack));
            }
        }
    }
    return ranges;
}

std::vector<Capacity::Range> Capacity::all(RegionId region) const
{
    std::vector<Range> ranges;
    for (const PoolId pool : poolsOf(region)) {
        ranges.push_back({pool, 0, m_pools[pool.index()].map.chips()});
    }
    return ranges;
}

std::vector<Capacity::Range> Capacity::all(ProviderId provider) const
{
    std::vector<Range> ranges;
    for (std::size_t r = 0; r < m_poolsOfRegion.size(); ++r) {
        if (m_providerOfRegion[r] == provider) {
            const std::vector<Range> here = all(RegionId(r));
            ranges.insert(ranges.end(), here.begin(), here.end());
        }
    }
    return ranges;
}

Capacity::Range Capacity::spotOf(PoolId pool, double ratio) const
{
    const auto [first, last] = m_pools[pool.index()].map.range(PricingModel::Spot);
    const auto count = static_cast<std::uint32_t>(std::ceil((last - first) * std::clamp(ratio, 0.0, 1.0) - 1e-9));
    return {pool, last - count, count};
}

std::int32_t Capacity::zonesOf(RegionId region) const
{
    std::int32_t zones = 1;
    for (const PoolId pool : poolsOf(region)) {
        zones = std::max(zones, m_pools[pool.index()].map.zones());
    }
    return zones;
}

} // namespace isobar::engine

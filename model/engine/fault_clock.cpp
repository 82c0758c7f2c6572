// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fault_clock.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace isobar::engine {
namespace {

constexpr std::uint64_t kFaultStream = 3, kSpotStream = 5;
/// A spot chip that was taken back is on offer again after so long, in the mean. ESTIMATED.
constexpr double kSpotAwayHours = 1;

} // namespace

FaultClock::FaultClock(const Fleet& fleet, const Operations& operations, const Capacity& capacity,
                       double clockZeroSeconds, std::uint64_t seed)
{
    for (std::size_t p = 0; p < fleet.providers.size(); ++p) {
        m_noticeOfProvider.push_back(spotNoticeSeconds(operations, fleet, ProviderId(p)));
    }
    for (const Region& region : fleet.regions) {
        m_noticeOfRegion.push_back(m_noticeOfProvider[region.provider.index()]);
    }
    for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
        const PoolId pool(p);
        m_noticeOfPool.push_back(m_noticeOfRegion[fleet.pools[p].region.index()]);
        m_pools.push_back({capacity.units(FaultKind::Chip, pool), capacity.units(FaultKind::Node, pool),
                           capacity.units(FaultKind::Rack, pool)});
    }
    for (std::size_t r = 0; r < fleet.regions.size(); ++r) {
        const RegionId region(r);
        if (capacity.poolsOf(region).empty()) {
            continue;
        }
        m_regions.emplace_back(region, capacity.zonesOf(region));
        const ProviderId provider = fleet[region].provider;
        if (std::find(m_providers.begin(), m_providers.end(), provider) == m_providers.end()) {
            m_providers.push_back(provider);
        }
    }
    for (const Fault& fault : operations.faults) {
        inject(fault, clockZeroSeconds + fault.atSeconds);
    }
    for (const FaultRate& rate : operations.faultRates) {
        Rated rated{
            rate, countUnits(rate.kind), {}, 0, 0, Random(seed, kFaultStream, static_cast<std::uint64_t>(rate.kind))};
        if (rate.meanHoursToFailure > 0 && rated.units > 0) {
            rated.nextSeconds = pause(rated);
            m_rated.push_back(rated);
        }
    }
    for (const PoolOperations& how : operations.pools) {
        const auto [first, last] = capacity.map(how.pool).range(PricingModel::Spot);
        if (how.spotReclaimsPerChipHour > 0 && first < last) {
            const FaultRate rate{FaultKind::Chip, 1 / how.spotReclaimsPerChipHour, kSpotAwayHours};
            Rated rated{rate, last - first, how.pool, first, 0, Random(seed, kSpotStream, how.pool.value)};
            rated.nextSeconds = pause(rated);
            m_rated.push_back(rated);
        }
    }
}

double FaultClock::faultsPerSecond() const
{
    double sum = 0;
    for (const Rated& rated : m_rated) {
        sum += static_cast<double>(rated.units) / (rated.rate.meanHoursToFailure * 3600);
    }
    return sum;
}

double FaultClock::pause(Rated& rated)
{
    return rated.random.exponential() * rated.rate.meanHoursToFailure * 3600 / static_cast<double>(rated.units);
}

double FaultClock::noticeOfWave(const Fault& fault) const
{
    return fault.pool.valid()       ? m_noticeOfPool[fault.pool.index()]
           : fault.region.valid()   ? m_noticeOfRegion[fault.region.index()]
           : fault.provider.valid() ? m_noticeOfProvider[fault.provider.index()]
                                    : 0;
}

std::uint32_t FaultClock::inject(const Fault& fault, double seconds)
{
    return add(fault, seconds, fault.kind == FaultKind::SpotWave ? noticeOfWave(fault) : 0);
}

std::uint32_t FaultClock::add(const Fault& fault, double seconds, double noticeSeconds)
{
    Turn turn{m_faults++, Turn::Phase::Notice, noticeSeconds > 0, seconds + noticeSeconds, fault};
    if (turn.announced) {
        m_turns.emplace(seconds, turn);
    }
    turn.phase = Turn::Phase::Begin;
    m_turns.emplace(turn.beginSeconds, turn);
    turn.phase = Turn::Phase::End;
    m_turns.emplace(turn.beginSeconds + fault.durationSeconds, turn);
    return turn.number;
}

std::vector<FaultClock::Turn> FaultClock::due(double seconds)
{
    for (Rated& rated : m_rated) {
        while (rated.nextSeconds <= seconds) {
            const auto unit = static_cast<std::uint64_t>(rated.random.uniform() * static_cast<double>(rated.units));
            Fault fault = victim(rated, std::min(unit, rated.units - 1));
            fault.durationSeconds = rated.random.exponential() * rated.rate.meanHoursToRepair * 3600;
            add(fault, rated.nextSeconds, rated.spotOf.valid() ? m_noticeOfPool[rated.spotOf.index()] : 0);
            rated.nextSeconds += pause(rated);
        }
    }
    std::vector<Turn> due;
    const auto end = m_turns.upper_bound(seconds);
    for (auto turn = m_turns.begin(); turn != end; ++turn) {
        due.push_back(turn->second);
    }
    m_turns.erase(m_turns.begin(), end);
    return due;
}

std::uint64_t FaultClock::countUnits(FaultKind kind) const
{
    std::uint64_t units = 0;
    for (const PoolUnits& pool : m_pools) {
        units += kind == FaultKind::Chip ? pool.chips : kind == FaultKind::Node ? pool.nodes : pool.racks;
    }
    switch (kind) {
    case FaultKind::Chip:
    case FaultKind::Node:
    case FaultKind::Rack:
        return units;
    case FaultKind::Zone:
        units = 0;
        for (const auto& [region, zones] : m_regions) {
            units += static_cast<std::uint64_t>(zones);
        }
        return units;
    case FaultKind::Region:
        return m_regions.size();
    case FaultKind::Provider:
        return m_providers.size();
    default:
        return 0; // validate() lets none of these have a rate
    }
}

Fault FaultClock::victim(const Rated& rated, std::uint64_t unit) const
{
    const FaultKind kind = rated.rate.kind;
    Fault fault;
    fault.kind = kind;
    if (rated.spotOf.valid()) {
        fault.pool = rated.spotOf;
        fault.unit = static_cast<std::int32_t>(rated.firstSpot + unit);
        return fault;
    }
    switch (kind) {
    case FaultKind::Region:
        fault.region = m_regions[unit].first;
        return fault;
    case FaultKind::Provider:
        fault.provider = m_providers[unit];
        return fault;
    case FaultKind::Zone:
        for (const auto& [region, zones] : m_regions) {
            if (unit < static_cast<std::uint64_t>(zones)) {
                fault.region = region;
                fault.count = static_cast<std::int32_t>(unit) + 1;
                return fault;
            }
            unit -= static_cast<std::uint64_t>(zones);
        }
        break;
    default:
        for (std::size_t p = 0; p < m_pools.size(); ++p) {
            const std::uint32_t here = kind == FaultKind::Chip   ? m_pools[p].chips
                                       : kind == FaultKind::Node ? m_pools[p].nodes
                                                                 : m_pools[p].racks;
            if (unit < here) {
                fault.pool = PoolId(p);
                fault.unit = static_cast<std::int32_t>(unit);
                return fault;
            }
            unit -= here;
        }
        break;
    }
    assert(false);
    return fault;
}

std::uint64_t FaultClock::hash(std::uint64_t hash) const
{
    for (const Rated& rated : m_rated) {
        hash = rated.random.hash(mix(hash, std::bit_cast<std::uint64_t>(rated.nextSeconds)));
    }
    for (const auto& [seconds, turn] : m_turns) {
        hash = mix(mix(hash, std::bit_cast<std::uint64_t>(seconds)),
                   std::uint64_t{turn.number} << 2 | static_cast<std::uint64_t>(turn.phase));
    }
    return hash;
}

} // namespace isobar::engine

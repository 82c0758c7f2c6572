// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/row_keys.h"

#include "model/aggregate/charge.h"
#include "model/fleet/suggest.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::query {
namespace {

constexpr std::array<const char*, aggregate::kUses> kUseNames{"serving", "training", "idle", "down"};
constexpr std::array<const char*, aggregate::kCharges> kChargeNames{"reserved", "committed", "on-demand",
                                                                    "spot",     "idle",      "egress"};

void set(RowKeys::Facets& facets, Dimension dimension, std::size_t index)
{
    facets[static_cast<std::size_t>(dimension)] = static_cast<std::uint32_t>(index);
}

RowKeys::Facets empty()
{
    RowKeys::Facets facets;
    facets.fill(RowKeys::kNone);
    return facets;
}

} // namespace

void RowKeys::setPool(Facets& facets, PoolId pool) const
{
    const Pool& p = m_fleet[pool];
    set(facets, Dimension::Pool, pool.index());
    set(facets, Dimension::Region, p.region.index());
    set(facets, Dimension::Provider, m_fleet[p.region].provider.index());
    set(facets, Dimension::Accelerator, p.accelerator.index());
}

RowKeys::Facets RowKeys::demand(const aggregate::Layout& layout, std::size_t row) const
{
    Facets facets = empty();
    const auto& demand = layout.demand[row];
    const Workload& workload = m_fleet[demand.workload];
    set(facets, Dimension::Workload, demand.workload.index());
    set(facets, Dimension::Tier, workload.tier.index());
    set(facets, Dimension::Model, workload.model.index());
    set(facets, Dimension::Pricing, static_cast<std::size_t>(aggregate::Charge::Egress));
    if (demand.placement != aggregate::Layout::kUnrouted) {
        setPool(facets, layout.placements[demand.placement].pool);
    }
    return facets;
}

RowKeys::Facets RowKeys::supply(const aggregate::Layout& layout, std::size_t row,
                                std::optional<PricingModel> pricing) const
{
    Facets facets = empty();
    const auto& supply = layout.supply[row];
    setPool(facets, supply.pool);
    set(facets, Dimension::Use, static_cast<std::size_t>(supply.use));
    if (pricing) {
        set(facets, Dimension::Pricing,
            static_cast<std::size_t>(aggregate::chargeOf(supply.use, static_cast<std::size_t>(*pricing))));
    }
    if (supply.use == aggregate::Use::Serving) {
        set(facets, Dimension::Model, layout.placements[supply.placement].model.index());
    }
    return facets;
}

RowKeys::Facets RowKeys::flow(const aggregate::Layout& layout, std::size_t placement, std::size_t area) const
{
    Facets facets = empty();
    setPool(facets, layout.placements[placement].pool);
    set(facets, Dimension::Model, layout.placements[placement].model.index());
    set(facets, Dimension::Area, area);
    return facets;
}

std::size_t RowKeys::size(Dimension dimension) const
{
    switch (dimension) {
    case Dimension::Provider:
        return m_fleet.providers.size();
    case Dimension::Region:
        return m_fleet.regions.size();
    case Dimension::Pool:
        return m_fleet.pools.size();
    case Dimension::Accelerator:
        return m_fleet.accelerators.size();
    case Dimension::Model:
        return m_fleet.models.size();
    case Dimension::Workload:
        return m_fleet.workloads.size();
    case Dimension::Tier:
        return m_fleet.tiers.size();
    case Dimension::Use:
        return kUseNames.size();
    case Dimension::Pricing:
        return kChargeNames.size();
    case Dimension::Area:
        return m_fleet.areas.size();
    case Dimension::Time:
        return 0;
    }
    return 0;
}

std::string RowKeys::name(Dimension dimension, std::uint32_t index) const
{
    if (index == kNone) {
        return "(none)";
    }
    switch (dimension) {
    case Dimension::Provider:
        return m_fleet.providers[index].key;
    case Dimension::Region:
        return regionKey(m_fleet, RegionId(index));
    case Dimension::Pool:
        return m_fleet.pools[index].key;
    case Dimension::Accelerator:
        return m_fleet.accelerators[index].name;
    case Dimension::Model:
        return m_fleet.models[index].name;
    case Dimension::Workload:
        return m_fleet.workloads[index].name;
    case Dimension::Tier:
        return m_fleet.tiers[index].name;
    case Dimension::Use:
        return kUseNames[index];
    case Dimension::Pricing:
        return kChargeNames[index];
    case Dimension::Area:
        return m_fleet.areas[index].name;
    case Dimension::Time:
        break;
    }
    return {};
}

Result<std::vector<std::uint32_t>> RowKeys::resolve(Dimension dimension, const std::vector<std::string>& names) const
{
    std::vector<std::uint32_t> ids;
    for (const std::string& wanted : names) {
        bool found = wanted == name(dimension, kNone);
        if (found) {
            ids.push_back(kNone);
        }
        for (std::uint32_t i = 0; i < size(dimension) && !found; ++i) {
            if (name(dimension, i) == wanted) {
                ids.push_back(i);
                found = true;
            }
        }
        if (!found) {
            std::vector<std::string> known;
            for (std::uint32_t i = 0; i < size(dimension); ++i) {
                known.push_back(name(dimension, i));
            }
            return Error{ErrorCode::NotFound,
                         fmt::format("no {} is called '{}'", dimensionName(dimension), wanted),
                         suggestNames(wanted, known),
                         {},
                         0,
                         0,
                         wanted};
        }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

} // namespace isobar::query

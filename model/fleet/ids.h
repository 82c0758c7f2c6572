// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

namespace isobar {

/// The position of an entity in its vector of `Fleet`. Strong: a RegionId cannot be passed where a PoolId is meant.
/// Files and the store never hold these numbers but the entities' keys ("azure/eastus").
template <class Tag>
struct Id {
    std::uint32_t value = kNone;

    static constexpr std::uint32_t kNone = 0xffffffffu;
    constexpr Id() = default;
    constexpr explicit Id(std::size_t index) : value(static_cast<std::uint32_t>(index)) {}
    [[nodiscard]] constexpr bool valid() const { return value != kNone; }
    [[nodiscard]] constexpr std::size_t index() const { return value; }
    friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using SourceId = Id<struct SourceTag>;
using ProviderId = Id<struct ProviderTag>;
using RegionId = Id<struct RegionTag>;
using AcceleratorId = Id<struct AcceleratorTag>;
using ModelId = Id<struct ModelTag>;
using PoolId = Id<struct PoolTag>;
using PlacementId = Id<struct PlacementTag>;
using AreaId = Id<struct AreaTag>;
using TierId = Id<struct TierTag>;
using WorkloadId = Id<struct WorkloadTag>;

} // namespace isobar

template <class Tag>
struct std::hash<isobar::Id<Tag>> {
    std::size_t operator()(const isobar::Id<Tag>& id) const noexcept { return std::hash<std::uint32_t>{}(id.value); }
};

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Questions about a valid fleet that its rows answer only in part: what a chip costs where no price was listed, how
/// far two regions are where nobody measured. Every answer says how it was got. No answer is a number typed into code.
namespace isobar {

// --- by key ----------------------------------------------------------------------------------------------------------
// Linear in the number of entities; an id that is not valid when there is none.

[[nodiscard]] ProviderId findProvider(const Fleet& fleet, std::string_view key);
[[nodiscard]] RegionId findRegion(const Fleet& fleet, std::string_view key); ///< "azure/eastus"
[[nodiscard]] AcceleratorId findAccelerator(const Fleet& fleet, std::string_view name);
[[nodiscard]] ModelId findModel(const Fleet& fleet, std::string_view name);
[[nodiscard]] TierId findTier(const Fleet& fleet, std::string_view name);
[[nodiscard]] PoolId findPool(const Fleet& fleet, std::string_view key); ///< "azure/eastus2/H100"
[[nodiscard]] PlacementId findPlacement(const Fleet& fleet, std::string_view key);
[[nodiscard]] AreaId findArea(const Fleet& fleet, std::string_view name);
[[nodiscard]] WorkloadId findWorkload(const Fleet& fleet, std::string_view name);
[[nodiscard]] SourceId findSource(const Fleet& fleet, std::string_view key);

// --- the network -----------------------------------------------------------------------------------------------------

struct RttAnswer {
    double seconds = 0;
    Basis basis = Basis::Estimated;
    friend bool operator==(const RttAnswer&, const RttAnswer&) = default;
};

/// Round trips between all regions and from all user areas to all regions, computed once: O((regions + areas) x
/// regions) time and 16 bytes each. Keeps no reference to the fleet; build a new one when links or places change.
///
/// In this order: the same region or two places within 20 km: 1 ms, estimated; a link in the data: its value and
/// basis; the link between the two stand-in regions (`rttProxy`), corrected by the difference of the distances and
/// never below light in fibre along the geodesic, estimated; `estimatedRttSeconds`, estimated.
/// From a user area it is the round trip to the area's internet exchange, without the user's own last mile.
class NetworkIndex {
public:
    explicit NetworkIndex(const Fleet& fleet);

    [[nodiscard]] RttAnswer rtt(RegionId from, RegionId to) const
    {
        return m_regions[from.index() * m_count + to.index()];
    }
    [[nodiscard]] RttAnswer rtt(AreaId from, RegionId to) const { return m_areas[from.index() * m_count + to.index()]; }

private:
    std::size_t m_count = 0;
    std::vector<RttAnswer> m_regions; ///< row-major, region x region, symmetric
    std::vector<RttAnswer> m_areas;   ///< row-major, area x region
};

// --- prices ----------------------------------------------------------------------------------------------------------

struct PriceAnswer {
    double usdPerChipHour = 0;
    Basis basis = Basis::Estimated;
    SourceId source;
    std::string how; ///< in words, e.g. "median of 4 other regions of aws"
};

/// What one chip of a pool costs by the hour under a pricing model. Where several rows are equally close the cheapest
/// counts (two instance types carry the same chip). In this order:
///   1. a row for this provider, region, accelerator and pricing model: its own basis;
///   2. a row of the whole provider: its own basis;
///   3. the median over the provider's other regions;
///   4. for reserved, committed and spot: this provider's on-demand price (by 1-3) times the median ratio of that
///      pricing model to on-demand over rows of one provider, region and accelerator, of this provider, else of all;
///   5. the median over other providers;
///   6. for reserved, committed and spot, 5's on-demand price times the ratio of 4.
/// 3-6 are Estimated, or Invented where a row they rest on is. Nothing when no row of the accelerator helps.
[[nodiscard]] std::optional<PriceAnswer> priceOf(const Fleet& fleet, PoolId pool, PricingModel pricing);
[[nodiscard]] std::optional<PriceAnswer> priceOf(const Fleet& fleet, RegionId region, AcceleratorId accelerator,
                                                 PricingModel pricing);

struct EgressAnswer {
    double usdPerByte = 0;
    Basis basis = Basis::Estimated;
    SourceId source;
    std::string how;
};

/// What a byte costs that leaves `from` for `to`; `to` not valid = the internet. In this order: within a region
/// nothing; a row for the pair; to another provider or the internet: the region's internet row, else the median of its
/// provider's internet rows, else the median of all; within a provider: the median of its inter-region rows, else as
/// to the internet. Nothing when the fleet has no egress rows that help.
[[nodiscard]] std::optional<EgressAnswer> egressUsdPerByte(const Fleet& fleet, RegionId from, RegionId to = {});

} // namespace isobar

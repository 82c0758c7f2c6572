// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace isobar {
namespace {

template <class IdType, class T, class Member>
IdType findBy(const std::vector<T>& entities, Member member, std::string_view key)
{
    const auto it = std::find_if(entities.begin(), entities.end(), [&](const T& e) { return e.*member == key; });
    return it == entities.end() ? IdType{} : IdType(static_cast<std::size_t>(it - entities.begin()));
}

/// A price found in the rows, and what it rests on.
struct Row {
    double usd = 0;
    Basis basis = Basis::Invented;
    SourceId source;
};

/// Figures derived from others are estimates at best, and invented when one of those was.
Basis derived(Basis from)
{
    return from == Basis::Invented ? Basis::Invented : Basis::Estimated;
}

/// The lower median, so that the answer is one of the rows and has a source. `rows` must not be empty.
Row median(std::vector<Row> rows)
{
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.usd < b.usd; });
    return rows[(rows.size() - 1) / 2];
}

PriceAnswer answer(const Row& row, Basis basis, std::string how)
{
    return {row.usd, basis, row.source, std::move(how)};
}

Row rowOf(const Price& price)
{
    return {price.usdPerChipHour, price.provenance.basis, price.provenance.source};
}

using PlaceKey = std::pair<ProviderId, RegionId>;

/// The cheapest row of each place for one accelerator and pricing model.
std::map<PlaceKey, Row> cheapestByPlace(const Fleet& fleet, AcceleratorId accelerator, PricingModel pricing)
{
    std::map<PlaceKey, Row> out;
    for (const Price& price : fleet.prices) {
        if (price.accelerator == accelerator && price.pricing == pricing) {
            const auto [it, added] = out.try_emplace({price.provider, price.region}, rowOf(price));
            if (!added && price.usdPerChipHour < it->second.usd) {
                it->second = rowOf(price);
            }
        }
    }
    return out;
}

/// Steps 1-3 of `priceOf`.
std::optional<PriceAnswer> priceWithinProvider(const Fleet& fleet, RegionId region, AcceleratorId accelerator,
                                               PricingModel pricing)
{
    const ProviderId provider = fleet[region].provider;
    const auto places = cheapestByPlace(fleet, accelerator, pricing);
    if (const auto it = places.find({provider, region}); it != places.end()) {
        return answer(it->second, it->second.basis, "listed for this region");
    }
    if (const auto it = places.find({provider, RegionId{}}); it != places.end()) {
        return answer(it->second, it->second.basis, "listed for all regions of " + fleet[provider].key);
    }
    std::vector<Row> others;
    for (const auto& [place, row] : places) {
        if (place.first == provider) {
            others.push_back(row);
        }
    }
    if (others.empty()) {
        return std::nullopt;
    }
    const Row middle = median(others);
    return answer(middle, derived(middle.basis),
                  fmt::format("median of {} other region{} of {}", others.size(), others.size() == 1 ? "" : "s",
                              fleet[provider].key));
}

/// Step 5 of `priceOf`.
std::optional<PriceAnswer> priceElsewhere(const Fleet& fleet, ProviderId provider, AcceleratorId accelerator,
                                          PricingModel pricing)
{
    std::vector<Row> others;
    for (const auto& [place, row] : cheapestByPlace(fleet, accelerator, pricing)) {
        if (place.first != provider) {
            others.push_back(row);
        }
    }
    if (others.empty()) {
        return std::nullopt;
    }
    const Row middle = median(others);
    return answer(middle, derived(middle.basis),
                  fmt::format("median of {} price{} at other providers", others.size(), others.size() == 1 ? "" : "s"));
}

/// Median ratio of a pricing model to on-demand over places that list both for one accelerator.
std::optional<Row> ratioToOnDemand(const Fleet& fleet, ProviderId provider, PricingModel pricing)
{
    std::vector<Row> own, all;
    for (std::size_t a = 0; a < fleet.accelerators.size(); ++a) {
        const auto onDemand = cheapestByPlace(fleet, AcceleratorId(a), PricingModel::OnDemand);
        for (const auto& [place, row] : cheapestByPlace(fleet, AcceleratorId(a), pricing)) {
            const auto it = onDemand.find(place);
            if (it == onDemand.end() || it->second.usd <= 0) {
                continue;
            }
            const Basis basis = std::max(row.basis, it->second.basis);
            all.push_back({row.usd / it->second.usd, basis, row.source});
            if (place.first == provider) {
                own.push_back(all.back());
            }
        }
    }
    if (!own.empty()) {
        return median(own);
    }
    return all.empty() ? std::nullopt : std::optional(median(all));
}

/// Steps 4 and 6 of `priceOf`: an on-demand price times a ratio.
std::optional<PriceAnswer> discounted(const Fleet& fleet, const std::optional<PriceAnswer>& onDemand,
                                      ProviderId provider, PricingModel pricing)
{
    if (!onDemand || pricing == PricingModel::OnDemand) {
        return std::nullopt;
    }
    const auto ratio = ratioToOnDemand(fleet, provider, pricing);
    if (!ratio) {
        return std::nullopt;
    }
    return PriceAnswer{onDemand->usdPerChipHour * ratio->usd, derived(std::max(onDemand->basis, ratio->basis)),
                       onDemand->source,
                       fmt::format("on-demand ({}) times the median {} ratio of {:.2f}", onDemand->how,
                                   pricingModelName(pricing), ratio->usd)};
}

std::optional<EgressAnswer> medianEgress(std::vector<Row> rows, std::string how)
{
    if (rows.empty()) {
        return std::nullopt;
    }
    const Row middle = median(std::move(rows));
    return EgressAnswer{middle.usd, derived(middle.basis), middle.source, std::move(how)};
}

} // namespace

ProviderId findProvider(const Fleet& fleet, std::string_view key)
{
    return findBy<ProviderId>(fleet.providers, &Provider::key, key);
}

RegionId findRegion(const Fleet& fleet, std::string_view key)
{
    const auto slash = key.find('/');
    if (slash == std::string_view::npos) {
        return {};
    }
    const ProviderId provider = findProvider(fleet, key.substr(0, slash));
    for (std::size_t i = 0; provider.valid() && i < fleet.regions.size(); ++i) {
        if (fleet.regions[i].provider == provider && fleet.regions[i].code == key.substr(slash + 1)) {
            return RegionId(i);
        }
    }
    return {};
}

AcceleratorId findAccelerator(const Fleet& fleet, std::string_view name)
{
    return findBy<AcceleratorId>(fleet.accelerators, &AcceleratorType::name, name);
}

ModelId findModel(const Fleet& fleet, std::string_view name)
{
    return findBy<ModelId>(fleet.models, &ServedModel::name, name);
}

TierId findTier(const Fleet& fleet, std::string_view name)
{
    return findBy<TierId>(fleet.tiers, &SloTier::name, name);
}

PoolId findPool(const Fleet& fleet, std::string_view key)
{
    return findBy<PoolId>(fleet.pools, &Pool::key, key);
}

PlacementId findPlacement(const Fleet& fleet, std::string_view key)
{
    return findBy<PlacementId>(fleet.placements, &Placement::key, key);
}

AreaId findArea(const Fleet& fleet, std::string_view name)
{
    return findBy<AreaId>(fleet.areas, &UserArea::name, name);
}

WorkloadId findWorkload(const Fleet& fleet, std::string_view name)
{
    return findBy<WorkloadId>(fleet.workloads, &Workload::name, name);
}

SourceId findSource(const Fleet& fleet, std::string_view key)
{
    return findBy<SourceId>(fleet.sources, &Source::key, key);
}

std::optional<PriceAnswer> priceOf(const Fleet& fleet, RegionId region, AcceleratorId accelerator, PricingModel pricing)
{
    const ProviderId provider = fleet[region].provider;
    if (auto found = priceWithinProvider(fleet, region, accelerator, pricing)) {
        return found;
    }
    const auto ownOnDemand = priceWithinProvider(fleet, region, accelerator, PricingModel::OnDemand);
    if (auto found = discounted(fleet, ownOnDemand, provider, pricing)) {
        return found;
    }
    if (auto found = priceElsewhere(fleet, provider, accelerator, pricing)) {
        return found;
    }
    const auto onDemandElsewhere = priceElsewhere(fleet, provider, accelerator, PricingModel::OnDemand);
    return discounted(fleet, onDemandElsewhere, provider, pricing);
}

std::optional<PriceAnswer> priceOf(const Fleet& fleet, PoolId pool, PricingModel pricing)
{
    return priceOf(fleet, fleet[pool].region, fleet[pool].accelerator, pricing);
}

std::optional<EgressAnswer> egressUsdPerByte(const Fleet& fleet, RegionId from, RegionId to)
{
    if (from == to) {
        return EgressAnswer{0, Basis::Estimated, {}, "within one region"};
    }
    const ProviderId provider = fleet[from].provider;
    const bool sameProvider = to.valid() && fleet[to].provider == provider;
    const EgressPrice* internet = nullptr;
    std::vector<Row> providerInternet, allInternet, providerInside;
    for (const EgressPrice& e : fleet.egressPrices) {
        const Row row{e.usdPerByte, e.provenance.basis, e.provenance.source};
        const bool ofProvider = fleet[e.from].provider == provider;
        if (e.to.valid()) {
            if (e.from == from && e.to == to) {
                return EgressAnswer{e.usdPerByte, e.provenance.basis, e.provenance.source, "listed for this pair"};
            }
            if (ofProvider && fleet[e.to].provider == provider) {
                providerInside.push_back(row);
            }
            continue;
        }
        allInternet.push_back(row);
        if (ofProvider) {
            providerInternet.push_back(row);
        }
        if (e.from == from) {
            internet = &e;
        }
    }
    if (sameProvider) {
        if (auto found = medianEgress(providerInside, "median between regions of " + fleet[provider].key)) {
            return found;
        }
    }
    if (internet != nullptr) {
        return EgressAnswer{internet->usdPerByte,
                            sameProvider ? derived(internet->provenance.basis) : internet->provenance.basis,
                            internet->provenance.source, "listed for the internet"};
    }
    if (auto found = medianEgress(providerInternet, "median to the internet from " + fleet[provider].key)) {
        return found;
    }
    return medianEgress(allInternet, "median to the internet from all providers");
}

} // namespace isobar

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/balance.h"
#include "model/query/row_keys.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>

namespace isobar::query {
namespace {

using aggregate::DemandTotals;
using aggregate::Interval;
using aggregate::Layout;
using aggregate::SupplyTotals;
using aggregate::Use;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::int64_t costOf(const SupplyTotals& supply)
{
    return std::accumulate(supply.costMicroUsd.begin(), supply.costMicroUsd.end(), std::int64_t{0});
}

/// Of requests that came, those that were not completed included, per completed one.
double askedPerCompleted(const DemandTotals& d)
{
    return d.completed > 0 ? static_cast<double>(d.completed + d.rejected + d.lost) / static_cast<double>(d.completed)
           : d.rejected + d.lost > 0 ? kNaN
                                     : 1;
}

bool hasPrices(const ServedModel& model)
{
    return model.usdPerMillionInputTokens && model.usdPerMillionOutputTokens;
}

/// What the rows of all intervals add up to: the layouts are prefixes of the last one.
struct Totals {
    std::shared_ptr<const Layout> layout;
    std::vector<DemandTotals> demand;
    std::vector<SupplyTotals> supply;
    std::int64_t micros = 0;
};

Totals sumUp(std::span<const std::shared_ptr<const Interval>> intervals)
{
    Totals facts;
    facts.layout = intervals.back()->layout;
    facts.demand.resize(facts.layout->demand.size());
    facts.supply.resize(facts.layout->supply.size());
    for (const auto& interval : intervals) {
        facts.micros += interval->end - interval->begin;
        for (std::size_t i = 0; i < interval->demand.size(); ++i) {
            facts.demand[i] += interval->demand[i];
        }
        for (std::size_t i = 0; i < interval->supply.size(); ++i) {
            facts.supply[i] += interval->supply[i];
        }
    }
    return facts;
}

/// The integers a BalanceRow is made from.
struct Sums {
    DemandTotals demand;
    std::int64_t chipMicros = 0, downMicros = 0, trainingMicros = 0;
    std::int64_t busyMicros = 0, workMicros = 0; ///< of all, of serving
    std::int64_t costMicroUsd = 0, servingMicroUsd = 0, pricedServingMicroUsd = 0;
    std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> tokensOfPriced; ///< by model: in, out
    std::int64_t unpricedTokens = 0;
    bool anyPriced = false;

    void add(const DemandTotals& row, std::uint32_t model, bool priced)
    {
        demand += row;
        costMicroUsd += row.egressMicroUsd;
        servingMicroUsd += row.egressMicroUsd;
        if (priced) {
            auto& tokens = tokensOfPriced[model];
            tokens.first += row.tokensIn;
            tokens.second += row.tokensOut;
            pricedServingMicroUsd += row.egressMicroUsd;
            anyPriced = anyPriced || row.tokensIn + row.tokensOut > 0;
        } else {
            unpricedTokens += row.tokensIn + row.tokensOut;
        }
    }
    void add(const SupplyTotals& row, Use use, bool priced)
    {
        const std::int64_t cost = costOf(row);
        chipMicros += row.chipMicros;
        costMicroUsd += cost;
        busyMicros += row.workMicros;
        switch (use) {
        case Use::Serving:
            workMicros += row.workMicros;
            servingMicroUsd += cost;
            pricedServingMicroUsd += priced ? cost : 0;
            anyPriced = anyPriced || (priced && row.chipMicros > 0);
            break;
        case Use::Training:
            trainingMicros += row.chipMicros;
            break;
        case Use::Down:
            downMicros += row.chipMicros;
            break;
        case Use::Idle:
            break;
        }
    }
    [[nodiscard]] bool empty() const { return chipMicros == 0 && demand == DemandTotals{}; }

    [[nodiscard]] BalanceRow row(const Fleet& fleet, std::int64_t micros) const
    {
        BalanceRow out;
        out.chips = static_cast<double>(chipMicros) / static_cast<double>(micros);
        if (chipMicros > 0) {
            out.utilizationRatio = static_cast<double>(busyMicros) / static_cast<double>(chipMicros);
        } else {
            out.utilizationRatio = kNaN;
        }
        const std::int64_t inOrder = chipMicros - downMicros;
        out.demandToSupplyRatio =
            inOrder > 0
                ? (static_cast<double>(workMicros) * askedPerCompleted(demand) + static_cast<double>(trainingMicros)) /
                      static_cast<double>(inOrder)
                : kNaN;
        out.requests = demand.requests;
        out.tokensIn = demand.tokensIn;
        out.tokensOut = demand.tokensOut;
        out.spendUsd = static_cast<double>(costMicroUsd) * 1e-6;
        out.servingSpendUsd = static_cast<double>(servingMicroUsd) * 1e-6;
        double microUsd = 0; // a dollar for a million tokens is a micro-dollar for one
        for (const auto& [model, tokens] : tokensOfPriced) {
            microUsd += static_cast<double>(tokens.first) * *fleet.models[model].usdPerMillionInputTokens +
                        static_cast<double>(tokens.second) * *fleet.models[model].usdPerMillionOutputTokens;
        }
        out.revenueUsd = microUsd * 1e-6;
        out.marginUsd = anyPriced ? out.revenueUsd - static_cast<double>(pricedServingMicroUsd) * 1e-6 : kNaN;
        out.unpricedTokens = unpricedTokens;
        return out;
    }
};

template <class Figure> Spread spreadOver(const std::vector<BalanceRow>& rows, Figure figure)
{
    std::vector<double> figures;
    for (const BalanceRow& row : rows) {
        figures.push_back(static_cast<double>(figure(row)));
    }
    return spreadOf(figures);
}

/// One way to split all facts: into providers, regions, models, or not at all.
class Split {
public:
    void add(std::uint32_t index, const DemandTotals& row, std::uint32_t model, bool priced)
    {
        if (index != RowKeys::kNone) {
            m_sums[index].add(row, model, priced);
        }
    }
    void add(std::uint32_t index, const SupplyTotals& row, Use use, bool priced)
    {
        if (index != RowKeys::kNone) {
            m_sums[index].add(row, use, priced);
        }
    }
    [[nodiscard]] ScopeBalance finish(Dimension by, const RowKeys& keys, const Fleet& fleet, std::int64_t micros) const
    {
        ScopeBalance out;
        out.by = by;
        for (const auto& [index, sums] : m_sums) {
            if (!sums.empty()) {
                out.rows.push_back(sums.row(fleet, micros));
                out.rows.back().index = index;
                out.rows.back().key = keys.name(by, index);
            }
        }
        out.utilization = spreadOver(out.rows, [](const BalanceRow& row) { return row.utilizationRatio; });
        out.demandToSupply = spreadOver(out.rows, [](const BalanceRow& row) { return row.demandToSupplyRatio; });
        out.chips = spreadOver(out.rows, [](const BalanceRow& row) { return row.chips; });
        out.spend = spreadOver(out.rows, [](const BalanceRow& row) { return row.spendUsd; });
        out.requests = spreadOver(out.rows, [](const BalanceRow& row) { return row.requests; });
        return out;
    }

private:
    std::map<std::uint32_t, Sums> m_sums; ///< by entity
};

/// What the loss of a part of the fleet does to each model.
class Losses {
public:
    Losses(const Fleet& fleet, const Totals& facts)
        : m_fleet(fleet)
        , m_facts(facts)
        , m_seconds(static_cast<double>(facts.micros) * 1e-6)
        , m_tokens(facts.layout->placements.size())
        , m_capacity(facts.layout->placements.size())
        , m_asked(fleet.workloads.size())
    {
        std::vector<DemandTotals> byWorkload(fleet.workloads.size());
        for (std::size_t i = 0; i < facts.demand.size(); ++i) {
            const Layout::DemandRow& row = facts.layout->demand[i];
            byWorkload[row.workload.index()] += facts.demand[i];
            if (row.placement != Layout::kUnrouted) {
                m_tokens[row.placement] += tokensPerSecond(facts.demand[i]);
            }
        }
        for (std::size_t w = 0; w < byWorkload.size(); ++w) {
            m_asked[w] = askedPerCompleted(byWorkload[w]);
        }
        setCapacities();
    }

    void addTo(std::vector<NPlusOne>& all) const
    {
        for (std::size_t m = 0; m < m_fleet.models.size(); ++m) {
            for (const TierId tier : tiersOf(ModelId(m))) {
                for (const Dimension lost : {Dimension::Region, Dimension::Provider}) {
                    if (auto answer = worstOf(ModelId(m), tier, lost)) {
                        all.push_back(std::move(*answer));
                    }
                }
            }
        }
    }

    [[nodiscard]] std::vector<NPlusOne> ifLost(Dimension lost, std::uint32_t place) const
    {
        std::vector<NPlusOne> all;
        for (std::size_t m = 0; m < m_fleet.models.size(); ++m) {
            for (const TierId tier : tiersOf(ModelId(m))) {
                if (const Asked asked = askedOf(ModelId(m), tier); asked.tokens > 0) {
                    all.push_back(without(ModelId(m), tier, asked, lost, place));
                }
            }
        }
        return all;
    }

private:
    [[nodiscard]] double tokensPerSecond(const DemandTotals& row) const
    {
        return static_cast<double>(row.tokensIn + row.tokensOut) / m_seconds;
    }

    void setCapacities()
    {
        struct Seen {
            double tokens = 0, chips = 0; ///< capacity a second; chips that have it
        };
        std::map<std::pair<std::uint32_t, std::uint32_t>, Seen> ofModelAndChip;
        std::map<std::uint32_t, Seen> ofModel;
        std::vector<double> chips(m_capacity.size());
        const auto chipOf = [&](std::size_t p) {
            return static_cast<std::uint32_t>(m_fleet[m_facts.layout->placements[p].pool].accelerator.index());
        };
        const auto modelOf = [&](std::size_t p) {
            return static_cast<std::uint32_t>(m_facts.layout->placements[p].model.index());
        };
        std::vector<bool> known(m_capacity.size());
        for (std::size_t i = 0; i < m_facts.supply.size(); ++i) {
            const Layout::SupplyRow& row = m_facts.layout->supply[i];
            if (row.use != Use::Serving) {
                continue;
            }
            const std::uint32_t p = row.placement;
            const SupplyTotals& sums = m_facts.supply[i];
            chips[p] = static_cast<double>(sums.chipMicros) / static_cast<double>(m_facts.micros);
            if (sums.workMicros > 0 && m_tokens[p] > 0) {
                known[p] = true;
                m_capacity[p] =
                    m_tokens[p] * static_cast<double>(sums.chipMicros) / static_cast<double>(sums.workMicros);
                for (Seen* seen : {&ofModelAndChip[{modelOf(p), chipOf(p)}], &ofModel[modelOf(p)]}) {
                    seen->tokens += m_capacity[p];
                    seen->chips += chips[p];
                }
            }
        }
        for (std::size_t p = 0; p < m_capacity.size(); ++p) {
            if (!known[p]) {
                const Seen alike = ofModelAndChip[{modelOf(p), chipOf(p)}];
                const Seen seen = alike.chips > 0 ? alike : ofModel[modelOf(p)];
                m_capacity[p] = seen.chips > 0 ? chips[p] * seen.tokens / seen.chips : 0;
            }
        }
    }

    /// Those with traffic of the model, in the order they are served.
    [[nodiscard]] std::vector<TierId> tiersOf(ModelId model) const
    {
        std::vector<TierId> tiers;
        for (const Workload& workload : m_fleet.workloads) {
            if (workload.model == model && std::find(tiers.begin(), tiers.end(), workload.tier) == tiers.end()) {
                tiers.push_back(workload.tier);
            }
        }
        std::sort(tiers.begin(), tiers.end(), [&](TierId a, TierId b) {
            return std::pair(m_fleet[a].priority, a.index()) < std::pair(m_fleet[b].priority, b.index());
        });
        return tiers;
    }

    [[nodiscard]] std::uint32_t placeOf(std::size_t placement, Dimension lost) const
    {
        const RegionId region = m_fleet[m_facts.layout->placements[placement].pool].region;
        return static_cast<std::uint32_t>(lost == Dimension::Region ? region.index()
                                                                    : m_fleet[region].provider.index());
    }
    [[nodiscard]] const std::string& zoneOf(std::size_t placement) const
    {
        return m_fleet[m_fleet[m_facts.layout->placements[placement].pool].region].residencyZone;
    }

    /// Demand of a tier and of what is served before it, a second: in all, and bound to a zone.
    struct Asked {
        double tokens = 0;
        std::map<std::string, double> bound;
    };
    [[nodiscard]] Asked askedOf(ModelId model, TierId tier) const
    {
        Asked asked;
        for (std::size_t i = 0; i < m_facts.demand.size(); ++i) {
            const Layout::DemandRow& row = m_facts.layout->demand[i];
            const Workload& workload = m_fleet[row.workload];
            const double perCompleted = m_asked[row.workload.index()];
            if (workload.model != model || m_fleet[workload.tier].priority > m_fleet[tier].priority ||
                row.placement == Layout::kUnrouted) {
                continue;
            }
            const double tokens = tokensPerSecond(m_facts.demand[i]) * (std::isnan(perCompleted) ? 1 : perCompleted);
            asked.tokens += tokens;
            if (workload.residencyBound) {
                asked.bound[zoneOf(row.placement)] += tokens;
            }
        }
        return asked;
    }

    [[nodiscard]] NPlusOne without(ModelId model, TierId tier, const Asked& asked, Dimension lost,
                                   std::uint32_t place) const
    {
        double left = 0;
        std::map<std::string, double> leftIn;
        for (std::size_t p = 0; p < m_capacity.size(); ++p) {
            if (m_facts.layout->placements[p].model == model && placeOf(p, lost) != place) {
                left += m_capacity[p];
                leftIn[zoneOf(p)] += m_capacity[p];
            }
        }
        const auto headroom = [](double wanted, double there) { // -infinity where nothing is left
            return there > 0 ? 1 - wanted / there : -std::numeric_limits<double>::infinity();
        };
        // Zones are disjoint, and what is not bound goes anywhere: it fits if and only if each zone holds what is
        // bound to it and all together hold everything.
        double ratio = headroom(asked.tokens, left);
        for (const auto& [zone, tokens] : asked.bound) {
            ratio = tokens > 0 ? std::min(ratio, headroom(tokens, leftIn[zone])) : ratio;
        }
        return {model, tier, lost, RowKeys(m_fleet).name(lost, place), asked.tokens, left, ratio};
    }

    [[nodiscard]] std::optional<NPlusOne> worstOf(ModelId model, TierId tier, Dimension lost) const
    {
        const Asked asked = askedOf(model, tier);
        if (asked.tokens <= 0) {
            return std::nullopt;
        }
        std::set<std::uint32_t> places;
        for (std::size_t p = 0; p < m_capacity.size(); ++p) {
            if (m_facts.layout->placements[p].model == model && m_capacity[p] > 0) {
                places.insert(placeOf(p, lost));
            }
        }
        std::optional<NPlusOne> worst;
        for (const std::uint32_t place : places) {
            NPlusOne answer = without(model, tier, asked, lost, place);
            if (!worst || answer.headroomRatio < worst->headroomRatio) {
                worst = std::move(answer);
            }
        }
        return worst;
    }

    const Fleet& m_fleet;
    const Totals& m_facts;
    double m_seconds;
    std::vector<double> m_tokens, m_capacity; ///< by placement, a second
    std::vector<double> m_asked;              ///< by workload: requests asked for per completed one
};

} // namespace

const BalanceRow* ScopeBalance::find(std::string_view key) const
{
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const BalanceRow& row) { return row.key == key; });
    return found == rows.end() ? nullptr : &*found;
}

Balance balanceOf(const Fleet& fleet, std::span<const std::shared_ptr<const aggregate::Interval>> intervals)
{
    Balance out;
    if (intervals.empty()) {
        out.fleet = Sums{}.row(fleet, 1);
        return out;
    }
    out.from = intervals.front()->begin;
    out.to = intervals.back()->end;
    const Totals facts = sumUp(intervals);
    const RowKeys keys(fleet);
    constexpr std::array kScopes{Dimension::Provider, Dimension::Region, Dimension::Model};
    std::array<Split, kScopes.size()> splits;
    Sums whole;
    for (std::size_t i = 0; i < facts.demand.size(); ++i) {
        const RowKeys::Facets facets = keys.demand(*facts.layout, i);
        const std::uint32_t model = facets[static_cast<std::size_t>(Dimension::Model)];
        const bool priced = hasPrices(fleet.models[model]);
        whole.add(facts.demand[i], model, priced);
        for (std::size_t s = 0; s < kScopes.size(); ++s) {
            splits[s].add(facets[static_cast<std::size_t>(kScopes[s])], facts.demand[i], model, priced);
        }
    }
    for (std::size_t i = 0; i < facts.supply.size(); ++i) {
        const RowKeys::Facets facets = keys.supply(*facts.layout, i);
        const std::uint32_t model = facets[static_cast<std::size_t>(Dimension::Model)];
        const bool priced = model != RowKeys::kNone && hasPrices(fleet.models[model]);
        const Use use = facts.layout->supply[i].use;
        whole.add(facts.supply[i], use, priced);
        for (std::size_t s = 0; s < kScopes.size(); ++s) {
            splits[s].add(facets[static_cast<std::size_t>(kScopes[s])], facts.supply[i], use, priced);
        }
    }
    out.fleet = whole.row(fleet, facts.micros);
    out.providers = splits[0].finish(kScopes[0], keys, fleet, facts.micros);
    out.regions = splits[1].finish(kScopes[1], keys, fleet, facts.micros);
    out.models = splits[2].finish(kScopes[2], keys, fleet, facts.micros);
    Losses(fleet, facts).addTo(out.nPlusOne);
    return out;
}

std::vector<NPlusOne> ifLost(const Fleet& fleet, std::span<const std::shared_ptr<const aggregate::Interval>> intervals,
                             Dimension lost, std::uint32_t index)
{
    return intervals.empty() ? std::vector<NPlusOne>() : Losses(fleet, sumUp(intervals)).ifLost(lost, index);
}

} // namespace isobar::query

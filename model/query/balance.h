// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/query/measures.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// How evenly load, chips and money lie over a fleet, what it earns, and whether it survives a loss. Counts are
/// integers until a ratio is taken. Every formula with its source is in docs/measures.md.
namespace isobar::query {

// --- indices of any figures that are not negative --------------------------------------------------------------------
// NaN without figures, or where all are zero. None depends on the order of the figures, nor on their scale.

/// Greatest / mean: 1 = even, n = all in one place.
[[nodiscard]] double maxOverMean(std::span<const double> figures);
/// (sum x)^2 / (n sum x^2): 1 = even, 1/n = all in one place. Jain, Chiu and Hawe, DEC-TR-301, 1984.
[[nodiscard]] double jainIndex(std::span<const double> figures);
/// Mean absolute difference of all pairs / (2 mean): 0 = even, (n - 1)/n = all in one place. Gini, 1912.
[[nodiscard]] double giniIndex(std::span<const double> figures);
/// Sum of squared shares: 1/n = even, 1 = all in one place. Herfindahl 1950, Hirschman 1945.
[[nodiscard]] double herfindahlIndex(std::span<const double> figures);

/// The poorest `population` of the figures hold `share` of their sum.
struct LorenzPoint {
    double population = 0, share = 0;
    friend bool operator==(const LorenzPoint&, const LorenzPoint&) = default;
};
/// n + 1 points from (0, 0) to (1, 1), convex; empty where the indices are NaN. Lorenz, 1905.
[[nodiscard]] std::vector<LorenzPoint> lorenzCurve(std::span<const double> figures);

/// All of them at once.
struct Spread {
    std::size_t count = 0; ///< figures that are defined
    double maxOverMean = 0, jain = 0, gini = 0, hhi = 0;
    double effectiveNumber = 0; ///< 1 / HHI: so many equal ones would be as concentrated. Laakso and Taagepera 1979
    std::vector<LorenzPoint> lorenz;
};
/// Figures that are NaN are left out.
[[nodiscard]] Spread spreadOf(std::span<const double> figures);

// --- the balance of a fleet ------------------------------------------------------------------------------------------

/// One provider, region or model, or all.
struct BalanceRow {
    std::string key;             ///< as in a table; "" for the whole fleet
    std::uint32_t index = 0;     ///< of the entity
    double chips = 0;            ///< in the mean over the range, those down included; of a model, those that serve it
    double utilizationRatio = 0; ///< as Measure::Utilization; NaN without chips
    /// (Work of serving, what was refused or lost counted at the mean cost of what was completed, + chips that training
    /// holds) / chips in order. Above 1 where more is asked for than there is. NaN without chips, or where nothing was
    /// completed.
    double demandToSupplyRatio = 0;
    std::int64_t requests = 0; ///< each as often as it was routed
    std::int64_t tokensIn = 0, tokensOut = 0;
    double spendUsd = 0;        ///< all chips and egress; of a model, those that serve it
    double servingSpendUsd = 0; ///< serving chips and egress
    /// Tokens of models with both prices x price. `marginUsd` = revenueUsd - spend on serving those models; NaN where
    /// no model that serves or earns has prices.
    double revenueUsd = 0, marginUsd = 0;
    std::int64_t unpricedTokens = 0; ///< of models without prices: in no revenue
};

struct ScopeBalance {
    Dimension by = Dimension::Provider; ///< or Region, Model
    std::vector<BalanceRow> rows;       ///< in the fleet's order; those with chips or requests
    Spread utilization, demandToSupply; ///< over rows, each counting alike
    Spread chips, spend, requests;      ///< how concentrated they are
    [[nodiscard]] const BalanceRow* find(std::string_view key) const;
};

/// Whether a model's other replicas carry a tier, and all tiers served before it, when the worst of its regions, or of
/// its providers, goes. Counted in tokens a second: a placement's capacity is what it served / its utilization; one
/// that served nothing counts as the mean, per chip, of the model's placements on such chips, else on any.
/// Requests bound to their residency zone must find room there.
struct NPlusOne {
    ModelId model;
    TierId tier;
    Dimension lost = Dimension::Region; ///< or Provider
    std::string worst;                  ///< the one whose loss hurts most
    double demandTokensPerSecond = 0;   ///< of the tier and those before it; what was refused or lost included
    double leftTokensPerSecond = 0;     ///< capacity that stays
    /// 1 - demand / what is left, of all or of the zone where that is less: below 0 the rest does not carry it.
    /// -infinity where nothing is left.
    double headroomRatio = 0;
    [[nodiscard]] bool carries() const { return headroomRatio >= 0; }
};

struct Balance {
    aggregate::SimMicros from = 0, to = 0; ///< the range covered
    BalanceRow fleet;
    ScopeBalance providers, regions, models;
    std::vector<NPlusOne> nPlusOne; ///< by model, then tier in the order served, region before provider; with traffic
};

/// `intervals` as History::range gives them; each counts whole. Time: O(rows of all intervals).
[[nodiscard]] Balance balanceOf(const Fleet& fleet,
                                std::span<const std::shared_ptr<const aggregate::Interval>> intervals);

/// The same question for one part of the fleet: what carries each model and tier when this region, or provider, goes.
/// `index` is its position in the fleet, `NPlusOne::worst` its name. An estimate: capacity is what was seen.
[[nodiscard]] std::vector<NPlusOne> ifLost(const Fleet& fleet,
                                           std::span<const std::shared_ptr<const aggregate::Interval>> intervals,
                                           Dimension lost, std::uint32_t index);

} // namespace isobar::query

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Every figure Isobar shows, defined once: name, unit, formula. Ratios are kept as numerator and denominator until
/// they are shown, so any grouping of them is exact.
namespace isobar::query {

enum class Measure : std::uint8_t {
    Requests,
    RequestsPerSecond,
    Completed,
    Rejected,
    Lost,
    Retried,
    InputTokens,
    OutputTokens,
    TokensPerSecond,
    SpendUsd,
    SpendUsdPerDay,
    UsdPerMillionTokens,
    RevenueUsd,
    RevenueUsdPerDay,
    RevenueUsdPerMillionTokens,
    MarginUsd,
    MarginUsdPerDay,
    MarginRatio,
    UnpricedTokens,
    SloAttainment,
    Utilization,
    Headroom,
    Accelerators,
    EnergyJoules,
    PowerWatts,
    CarbonGrams,
    CarbonGramsPerDay,
    TtftP50,
    TtftP95,
    TtftP99,
    ItlP50,
    ItlP95,
    EndToEndP50,
    EndToEndP95,
};

enum class Dimension : std::uint8_t {
    Provider,
    Region,
    Pool,
    Accelerator,
    Model,
    Workload,
    Tier,
    Use,
    Pricing, ///< an aggregate::Charge: how chips are paid for, idle chips and egress apart
    Area,
    Time
};

/// Which facts a measure needs: requests, chips, both (a quotient of the two), or latency sketches.
enum class Facts : std::uint8_t { Demand, Supply, Both, Latency };

struct MeasureInfo {
    Measure measure;
    std::string_view name;       ///< as typed on the command line: "spend_usd_per_day"
    std::string_view title;      ///< as shown: "Spend per day"
    std::string_view unit;       ///< of the number in a table: "USD/d", "s", "ratio"
    std::string_view formula;    ///< in words and symbols
    std::string_view prometheus; ///< the name another tool reads, "" where none exists
    Facts facts;
    std::string_view focus = {}; ///< the column of FOCUS 1.2 that holds it, "" where none does
};

struct DimensionInfo {
    Dimension dimension;
    std::string_view name;       ///< as typed on the command line: "region"
    std::string_view prometheus; ///< the label, "" where none exists
    std::string_view focus;      ///< the column of FOCUS 1.2, "" where none is the same
};

[[nodiscard]] std::span<const MeasureInfo> measures();
[[nodiscard]] const MeasureInfo& info(Measure measure);
[[nodiscard]] std::optional<Measure> measureByName(std::string_view name);
[[nodiscard]] std::span<const DimensionInfo> dimensions();
[[nodiscard]] std::string_view dimensionName(Dimension dimension);
[[nodiscard]] std::optional<Dimension> dimensionByName(std::string_view name);

/// Revenue in pico-dollars: tokens by the quadrillion at $1,000 each still fit, which 64 bits would not hold.
__extension__ using PicoUsd = __int128;

/// What a group of facts sums to; every measure is a function of it.
struct Accumulator {
    aggregate::DemandTotals demand;
    aggregate::SupplyTotals supply;
    std::int64_t trainingMicroUsd = 0; ///< of supply.costMicroUsd, what training chips cost
    std::int64_t durationMicros = 0;   ///< length of the range or bucket
    /// Of models that have prices of tokens. Summed up only where a measure asks for it: see asksPrices().
    PicoUsd revenuePicoUsd = 0;
    std::int64_t pricedTokens = 0, pricedServingMicroUsd = 0, pricedChipMicros = 0;
    std::int64_t unpricedTokens = 0;          ///< of the others
    std::vector<aggregate::Sketch> latencies; ///< by aggregate::Latency; empty where none was asked for or seen
};

/// The latency a measure is a quantile of; nothing for other measures.
struct Quantile {
    aggregate::Latency of;
    double ratio;
};
[[nodiscard]] std::optional<Quantile> quantileOf(Measure measure);

/// Whether it needs what models charge for tokens.
[[nodiscard]] bool asksPrices(Measure measure);
/// What a model charges for a token in and one out, to the pico-dollar ($0.000001 a million); nothing where it lacks
/// either price. Integers, so that sums are exact.
struct TokenPrices {
    std::int64_t inputPicoUsd = 0, outputPicoUsd = 0;
};
[[nodiscard]] std::optional<TokenPrices> tokenPrices(const ServedModel& model);

/// NaN when the measure is undefined there (no requests, no chips).
[[nodiscard]] double evaluate(Measure measure, const Accumulator& sums);

} // namespace isobar::query

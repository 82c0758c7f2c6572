// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/measures.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace isobar::query {
namespace {

using aggregate::Latency;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kSecondsPerDay = 86'400;

constexpr std::array<MeasureInfo, 34> kMeasures{{
    {Measure::Requests, "requests", "Requests", "requests",
     "requests routed to a placement, each time they are, plus those no placement could take", "isobar_requests_total",
     Facts::Demand},
    {Measure::RequestsPerSecond, "requests_per_second", "Requests per second", "requests/s",
     "requests / length of the range", "", Facts::Demand},
    {Measure::Completed, "completed", "Completed requests", "requests", "requests whose last token was sent", "",
     Facts::Demand},
    {Measure::Rejected, "rejected", "Rejected requests", "requests",
     "requests refused: queue full, or prompt and answer longer than the replica's KV cache, or no placement could "
     "take them",
     "", Facts::Demand},
    {Measure::Lost, "lost", "Lost requests", "requests",
     "requests in flight when their replica went away, and not tried again", "", Facts::Demand},
    {Measure::Retried, "retried", "Retried requests", "requests",
     "requests that were refused or lost here and routed anew", "", Facts::Demand},
    {Measure::InputTokens, "input_tokens", "Input tokens", "tokens", "prompt tokens of completed requests",
     "isobar_tokens_total{type=\"input\"}", Facts::Demand},
    {Measure::OutputTokens, "output_tokens", "Output tokens", "tokens", "generated tokens of completed requests",
     "isobar_tokens_total{type=\"output\"}", Facts::Demand},
    {Measure::TokensPerSecond, "tokens_per_second", "Tokens per second", "tokens/s",
     "(input + output tokens) / length of the range", "", Facts::Demand},
    {Measure::SpendUsd, "spend_usd", "Spend", "USD",
     "chip-hours x price by pricing model, idle reserved and committed chips included, plus egress",
     "isobar_cost_dollars_total", Facts::Both, "EffectiveCost"},
    {Measure::SpendUsdPerDay, "spend_usd_per_day", "Spend per day", "USD/d", "spend / length of the range x 86,400 s",
     "", Facts::Both},
    {Measure::UsdPerMillionTokens, "usd_per_million_tokens", "Cost per million tokens", "USD/Mtok",
     "(spend - spend on training chips) / (input + output tokens) x 1e6", "", Facts::Both},
    {Measure::RevenueUsd, "revenue_usd", "Revenue", "USD",
     "input tokens x price + output tokens x price, of completed requests to models that have both prices", "",
     Facts::Demand},
    {Measure::RevenueUsdPerDay, "revenue_usd_per_day", "Revenue per day", "USD/d",
     "revenue / length of the range x 86,400 s", "", Facts::Demand},
    {Measure::RevenueUsdPerMillionTokens, "revenue_usd_per_million_tokens", "Revenue per million tokens", "USD/Mtok",
     "revenue / (input + output tokens) of models that have both prices x 1e6", "", Facts::Demand},
    {Measure::MarginUsd, "margin_usd", "Margin", "USD",
     "revenue - spend on chips that serve models that have both prices, and on their egress", "", Facts::Both},
    {Measure::MarginUsdPerDay, "margin_usd_per_day", "Margin per day", "USD/d",
     "margin / length of the range x 86,400 s", "", Facts::Both},
    {Measure::MarginRatio, "margin_ratio", "Margin ratio", "ratio", "margin / revenue", "", Facts::Both},
    {Measure::UnpricedTokens, "unpriced_tokens", "Unpriced tokens", "tokens",
     "input + output tokens of completed requests to models that lack a price: in no revenue", "", Facts::Demand},
    {Measure::SloAttainment, "slo_attainment_ratio", "SLO attainment", "ratio",
     "requests within both TTFT and ITL of their tier / (completed + rejected + lost)", "isobar_slo_attainment_ratio",
     Facts::Demand},
    {Measure::Utilization, "utilization_ratio", "Utilization", "ratio",
     "(work started by serving, priced at a full batch, + chip-time training gangs ran) / chip-time held, chips that "
     "are down included; what other tenants use is left out",
     "isobar_accelerator_usage_ratio", Facts::Supply},
    {Measure::Headroom, "headroom_ratio", "Headroom", "ratio", "1 - utilization", "", Facts::Supply},
    {Measure::Accelerators, "accelerators", "Accelerators", "chips",
     "chip-time held / length of the range: serving, training, idle and down", "", Facts::Supply},
    {Measure::EnergyJoules, "energy_joules", "Energy", "J", "(idle + dynamic power) x PUE x time",
     "isobar_energy_joules_total", Facts::Supply},
    {Measure::PowerWatts, "power_watts", "Power", "W", "energy / length of the range", "isobar_accelerator_power_watts",
     Facts::Supply},
    {Measure::CarbonGrams, "carbon_grams", "Carbon", "gCO2e", "energy x grid intensity of the region", "",
     Facts::Supply},
    {Measure::CarbonGramsPerDay, "carbon_grams_per_day", "Carbon per day", "gCO2e/d",
     "carbon / length of the range x 86,400 s", "", Facts::Supply},
    {Measure::TtftP50, "ttft_p50_seconds", "Time to first token, p50", "s",
     "median of first token time - arrival at the gateway, network included; error 2 %", "isobar_request_ttft_seconds",
     Facts::Latency},
    {Measure::TtftP95, "ttft_p95_seconds", "Time to first token, p95", "s",
     "95th percentile of the same times; error 2 %", "isobar_request_ttft_seconds", Facts::Latency},
    {Measure::TtftP99, "ttft_p99_seconds", "Time to first token, p99", "s",
     "99th percentile of the same times; error 2 %", "isobar_request_ttft_seconds", Facts::Latency},
    {Measure::ItlP50, "itl_p50_seconds", "Inter-token latency, p50", "s",
     "median over requests of (finish - first token) / (output tokens - 1); error 2 %", "isobar_request_itl_seconds",
     Facts::Latency},
    {Measure::ItlP95, "itl_p95_seconds", "Inter-token latency, p95", "s",
     "95th percentile of the same times; error 2 %", "isobar_request_itl_seconds", Facts::Latency},
    {Measure::EndToEndP50, "e2e_p50_seconds", "Whole request, p50", "s",
     "median of last token time - arrival at the gateway; error 2 %", "", Facts::Latency},
    {Measure::EndToEndP95, "e2e_p95_seconds", "Whole request, p95", "s", "95th percentile of the same times; error 2 %",
     "", Facts::Latency},
}};

constexpr std::array<DimensionInfo, 11> kDimensions{{{Dimension::Provider, "provider", "provider", "ProviderName"},
                                                     {Dimension::Region, "region", "region", "RegionId"},
                                                     {Dimension::Pool, "pool", "pool", ""},
                                                     {Dimension::Accelerator, "accelerator", "accelerator", ""},
                                                     {Dimension::Model, "model", "model", ""},
                                                     {Dimension::Workload, "workload", "", ""},
                                                     {Dimension::Tier, "tier", "slo_tier", ""},
                                                     {Dimension::Use, "use", "", ""},
                                                     {Dimension::Pricing, "pricing", "pricing", ""},
                                                     {Dimension::Area, "area", "", ""},
                                                     {Dimension::Time, "time", "", "ChargePeriodStart"}}};

double quotient(double numerator, double denominator)
{
    return denominator > 0 ? numerator / denominator : kNaN;
}

} // namespace

std::span<const MeasureInfo> measures()
{
    return kMeasures;
}

const MeasureInfo& info(Measure measure)
{
    return kMeasures[static_cast<std::size_t>(measure)];
}

std::optional<Measure> measureByName(std::string_view name)
{
    for (const MeasureInfo& row : kMeasures) {
        if (row.name == name) {
            return row.measure;
        }
    }
    return std::nullopt;
}

std::span<const DimensionInfo> dimensions()
{
    return kDimensions;
}

std::string_view dimensionName(Dimension dimension)
{
    return kDimensions[static_cast<std::size_t>(dimension)].name;
}

std::optional<Dimension> dimensionByName(std::string_view name)
{
    for (const DimensionInfo& row : kDimensions) {
        if (row.name == name) {
            return row.dimension;
        }
    }
    return std::nullopt;
}

std::optional<Quantile> quantileOf(Measure measure)
{
    switch (measure) {
    case Measure::TtftP50:
        return Quantile{Latency::Ttft, 0.50};
    case Measure::TtftP95:
        return Quantile{Latency::Ttft, 0.95};
    case Measure::TtftP99:
        return Quantile{Latency::Ttft, 0.99};
    case Measure::ItlP50:
        return Quantile{Latency::Itl, 0.50};
    case Measure::ItlP95:
        return Quantile{Latency::Itl, 0.95};
    case Measure::EndToEndP50:
        return Quantile{Latency::EndToEnd, 0.50};
    case Measure::EndToEndP95:
        return Quantile{Latency::EndToEnd, 0.95};
    default:
        return std::nullopt;
    }
}

bool asksPrices(Measure measure)
{
    return measure >= Measure::RevenueUsd && measure <= Measure::UnpricedTokens;
}

std::optional<TokenPrices> tokenPrices(const ServedModel& model)
{
    if (!model.usdPerMillionInputTokens || !model.usdPerMillionOutputTokens) {
        return std::nullopt;
    }
    // A dollar a million is a million pico-dollars a token.
    return TokenPrices{std::llround(*model.usdPerMillionInputTokens * 1e6),
                       std::llround(*model.usdPerMillionOutputTokens * 1e6)};
}

double evaluate(Measure measure, const Accumulator& sums)
{
    const auto& d = sums.demand;
    const auto& s = sums.supply;
    const double seconds = static_cast<double>(sums.durationMicros) * 1e-6;
    const double tokens = static_cast<double>(d.tokensIn + d.tokensOut);
    const std::int64_t chipCost = std::accumulate(s.costMicroUsd.begin(), s.costMicroUsd.end(), std::int64_t{0});
    const double spend = static_cast<double>(chipCost + d.egressMicroUsd) * 1e-6;
    // Nothing served is nothing earned; but what is served without a price is no revenue of zero.
    const bool earns = sums.pricedTokens > 0 || sums.unpricedTokens == 0;
    const double earned = static_cast<double>(sums.revenuePicoUsd) * 1e-12;
    const double revenue = earns ? earned : kNaN;
    const bool anyPriced = sums.pricedTokens > 0 || sums.pricedChipMicros > 0;
    const double margin = anyPriced ? earned - static_cast<double>(sums.pricedServingMicroUsd) * 1e-6 : kNaN;
    const double utilization = quotient(static_cast<double>(s.workMicros), static_cast<double>(s.chipMicros));
    switch (measure) {
    case Measure::Requests:
        return static_cast<double>(d.requests);
    case Measure::RequestsPerSecond:
        return quotient(static_cast<double>(d.requests), seconds);
    case Measure::Completed:
        return static_cast<double>(d.completed);
    case Measure::Rejected:
        return static_cast<double>(d.rejected);
    case Measure::Lost:
        return static_cast<double>(d.lost);
    case Measure::Retried:
        return static_cast<double>(d.retried);
    case Measure::InputTokens:
        return static_cast<double>(d.tokensIn);
    case Measure::OutputTokens:
        return static_cast<double>(d.tokensOut);
    case Measure::TokensPerSecond:
        return quotient(tokens, seconds);
    case Measure::SpendUsd:
        return spend;
    case Measure::SpendUsdPerDay:
        return quotient(spend * kSecondsPerDay, seconds);
    case Measure::UsdPerMillionTokens:
        return quotient((spend - static_cast<double>(sums.trainingMicroUsd) * 1e-6) * 1e6, tokens);
    case Measure::RevenueUsd:
        return revenue;
    case Measure::RevenueUsdPerDay:
        return quotient(revenue * kSecondsPerDay, seconds);
    case Measure::RevenueUsdPerMillionTokens:
        return quotient(revenue * 1e6, static_cast<double>(sums.pricedTokens));
    case Measure::MarginUsd:
        return margin;
    case Measure::MarginUsdPerDay:
        return quotient(margin * kSecondsPerDay, seconds);
    case Measure::MarginRatio:
        return quotient(margin, revenue);
    case Measure::UnpricedTokens:
        return static_cast<double>(sums.unpricedTokens);
    case Measure::SloAttainment:
        return quotient(static_cast<double>(d.sloMet), static_cast<double>(d.completed + d.rejected + d.lost));
    case Measure::Utilization:
        return utilization;
    case Measure::Headroom:
        return 1 - utilization;
    case Measure::Accelerators:
        return quotient(static_cast<double>(s.chipMicros) * 1e-6, seconds);
    case Measure::EnergyJoules:
        return static_cast<double>(s.energyMillijoules) * 1e-3;
    case Measure::PowerWatts:
        return quotient(static_cast<double>(s.energyMillijoules) * 1e-3, seconds);
    case Measure::CarbonGrams:
        return static_cast<double>(s.carbonMicrograms) * 1e-6;
    case Measure::CarbonGramsPerDay:
        return quotient(static_cast<double>(s.carbonMicrograms) * 1e-6 * kSecondsPerDay, seconds);
    case Measure::TtftP50:
    case Measure::TtftP95:
    case Measure::TtftP99:
    case Measure::ItlP50:
    case Measure::ItlP95:
    case Measure::EndToEndP50:
    case Measure::EndToEndP95:
        break;
    }
    const auto quantile = quantileOf(measure);
    return quantile && !sums.latencies.empty()
               ? sums.latencies[static_cast<std::size_t>(quantile->of)].quantile(quantile->ratio)
               : kNaN;
}

} // namespace isobar::query

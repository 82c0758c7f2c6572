// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "tests/support/small_fleet.h"

#include <QString>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>

/// The reference for query::run: every row of every interval, by names, into plain sums. Slow and obvious.
namespace isobar::test {

inline Fleet fleetWithAnUnpricedModel()
{
    Fleet fleet = smallFleet();
    fleet.models[1].usdPerMillionOutputTokens.reset();
    return fleet;
}

/// But for rounding; undefined is the same as undefined.
inline bool same(double a, double b)
{
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

struct SlowSums {
    std::int64_t requests = 0, completed = 0, rejected = 0, lost = 0, retried = 0, sloMet = 0, tokensIn = 0,
                 tokensOut = 0;
    std::int64_t egressMicroUsd = 0, chipMicroUsd = 0, trainingMicroUsd = 0;
    query::PicoUsd revenuePicoUsd = 0;
    std::int64_t pricedTokens = 0, unpricedTokens = 0, pricedMicroUsd = 0, pricedChipMicros = 0;
    std::int64_t chipMicros = 0, busyMicros = 0, millijoules = 0, micrograms = 0;
    std::array<aggregate::Sketch, aggregate::kLatencies> latencies;
    double seconds = 0;
};

using Names = std::map<query::Dimension, std::string>;

inline constexpr const char* kNoName = "(none)";

inline Names namesOfPool(const Fleet& fleet, PoolId id)
{
    using query::Dimension;
    const Pool& pool = fleet[id];
    return {{Dimension::Provider, fleet[fleet[pool.region].provider].key},
            {Dimension::Region, fleet[fleet[pool.region].provider].key + "/" + fleet[pool.region].code},
            {Dimension::Pool, pool.key},
            {Dimension::Accelerator, fleet[pool.accelerator].name}};
}

/// Why a measure cannot be asked with these dimensions, in terms of what is counted; false = it can.
inline bool cannotBeSplit(query::Measure measure, const std::set<query::Dimension>& used)
{
    using query::Dimension;
    using query::Facts;
    using query::Measure;
    const auto by = [&used](Dimension d) { return used.count(d) > 0; };
    const Facts facts = query::info(measure).facts;
    if (by(Dimension::Pricing) && measure != Measure::SpendUsd && measure != Measure::SpendUsdPerDay) {
        return true;
    }
    if (by(Dimension::Area)) {
        return (measure != Measure::Requests && measure != Measure::RequestsPerSecond) || by(Dimension::Workload) ||
               by(Dimension::Tier) || by(Dimension::Use);
    }
    const bool money = facts == Facts::Supply || facts == Facts::Both;
    const bool needsRequests =
        facts != Facts::Supply && measure != Measure::SpendUsd && measure != Measure::SpendUsdPerDay;
    return (money && (by(Dimension::Workload) || by(Dimension::Tier))) || (needsRequests && by(Dimension::Use));
}

/// Undefined where all that was served has no price.
inline double slowRevenue(const SlowSums& s)
{
    return s.pricedTokens == 0 && s.unpricedTokens > 0 ? std::numeric_limits<double>::quiet_NaN()
                                                       : double(s.revenuePicoUsd) / 1e12;
}

inline double slowMargin(const SlowSums& s)
{
    return s.pricedTokens > 0 || s.pricedChipMicros > 0
               ? double(s.revenuePicoUsd) / 1e12 - double(s.pricedMicroUsd) / 1e6
               : std::numeric_limits<double>::quiet_NaN();
}

inline double slowValue(query::Measure measure, const SlowSums& s)
{
    using query::Measure;
    const auto over = [](double a, double b) { return b > 0 ? a / b : std::numeric_limits<double>::quiet_NaN(); };
    const double tokens = double(s.tokensIn) + double(s.tokensOut);
    const double usd = (double(s.chipMicroUsd) + double(s.egressMicroUsd)) / 1e6;
    switch (measure) {
    case Measure::Requests:
        return double(s.requests);
    case Measure::RequestsPerSecond:
        return over(double(s.requests), s.seconds);
    case Measure::Completed:
        return double(s.completed);
    case Measure::Rejected:
        return double(s.rejected);
    case Measure::Lost:
        return double(s.lost);
    case Measure::Retried:
        return double(s.retried);
    case Measure::InputTokens:
        return double(s.tokensIn);
    case Measure::OutputTokens:
        return double(s.tokensOut);
    case Measure::TokensPerSecond:
        return over(tokens, s.seconds);
    case Measure::SpendUsd:
        return usd;
    case Measure::SpendUsdPerDay:
        return over(usd, s.seconds / 86400);
    case Measure::UsdPerMillionTokens:
        return over(usd - double(s.trainingMicroUsd) / 1e6, tokens / 1e6);
    case Measure::RevenueUsd:
        return slowRevenue(s);
    case Measure::RevenueUsdPerDay:
        return over(slowRevenue(s), s.seconds / 86400);
    case Measure::RevenueUsdPerMillionTokens:
        return over(slowRevenue(s), double(s.pricedTokens) / 1e6);
    case Measure::MarginUsd:
        return slowMargin(s);
    case Measure::MarginUsdPerDay:
        return over(slowMargin(s), s.seconds / 86400);
    case Measure::MarginRatio:
        return over(slowMargin(s), slowRevenue(s));
    case Measure::UnpricedTokens:
        return double(s.unpricedTokens);
    case Measure::SloAttainment:
        return over(double(s.sloMet), double(s.completed + s.rejected + s.lost));
    case Measure::Utilization:
        return over(double(s.busyMicros), double(s.chipMicros));
    case Measure::Headroom:
        return 1 - over(double(s.busyMicros), double(s.chipMicros));
    case Measure::Accelerators:
        return over(double(s.chipMicros) / 1e6, s.seconds);
    case Measure::EnergyJoules:
        return double(s.millijoules) / 1e3;
    case Measure::PowerWatts:
        return over(double(s.millijoules) / 1e3, s.seconds);
    case Measure::CarbonGrams:
        return double(s.micrograms) / 1e6;
    case Measure::CarbonGramsPerDay:
        return over(double(s.micrograms) / 1e6, s.seconds / 86400);
    case Measure::TtftP50:
        return s.latencies[0].quantile(0.5);
    case Measure::TtftP95:
        return s.latencies[0].quantile(0.95);
    case Measure::TtftP99:
        return s.latencies[0].quantile(0.99);
    case Measure::ItlP50:
        return s.latencies[1].quantile(0.5);
    case Measure::ItlP95:
        return s.latencies[1].quantile(0.95);
    case Measure::EndToEndP50:
        return s.latencies[2].quantile(0.5);
    case Measure::EndToEndP95:
        return s.latencies[2].quantile(0.95);
    }
    return 0;
}

/// Keys of a row to its sums.
using SlowTable = std::map<std::vector<std::string>, SlowSums>;

class SlowQuery {
public:
    SlowQuery(const query::Query& question, const Fleet& fleet)
        : m_question(question)
        , m_fleet(fleet)
    {
        for (const query::Measure measure : question.measures) {
            const query::Facts facts = query::info(measure).facts;
            m_asksChips |= facts == query::Facts::Supply || facts == query::Facts::Both;
            m_asksRequests |= facts != query::Facts::Supply;
        }
        m_byArea = std::count(question.by.begin(), question.by.end(), query::Dimension::Area) > 0;
        m_byPricing = std::count(question.by.begin(), question.by.end(), query::Dimension::Pricing) > 0;
        for (const query::Filter& filter : question.where) {
            m_byArea |= filter.dimension == query::Dimension::Area;
            m_byPricing |= filter.dimension == query::Dimension::Pricing;
        }
    }

    SlowTable answer(const std::vector<std::shared_ptr<const aggregate::Interval>>& intervals)
    {
        for (const auto& interval : intervals) {
            if (interval->end <= m_question.from || interval->begin >= m_question.to) {
                continue;
            }
            if (m_question.bucketMicros > 0) {
                const double start = std::floor(double(interval->begin) / double(m_question.bucketMicros)) *
                                     double(m_question.bucketMicros) / 1e6;
                m_time = QString::number(start, 'g', 15).toStdString();
            }
            const double seconds = double(interval->end - interval->begin) / 1e6;
            m_secondsOfTime[m_time] += seconds;
            m_secondsOfAll += seconds;
            addDemand(*interval);
            addSupply(*interval);
        }
        const auto time = std::find(m_question.by.begin(), m_question.by.end(), query::Dimension::Time);
        for (auto& [keys, sums] : m_table) {
            sums.seconds = time == m_question.by.end()
                               ? m_secondsOfAll
                               : m_secondsOfTime[keys[std::size_t(time - m_question.by.begin())]];
        }
        return std::move(m_table);
    }

private:
    /// The sums a row belongs to; null when a filter keeps it out, or it would only make a row of "(none)" without what
    /// was asked for.
    SlowSums* sumsOf(Names names, bool askedFor)
    {
        names[query::Dimension::Time] = m_time;
        const auto nameOf = [&names](query::Dimension d) {
            const auto found = names.find(d);
            return found == names.end() ? std::string(kNoName) : found->second;
        };
        for (const query::Filter& filter : m_question.where) {
            if (std::count(filter.values.begin(), filter.values.end(), nameOf(filter.dimension)) == 0) {
                return nullptr;
            }
        }
        std::vector<std::string> keys;
        for (const query::Dimension dimension : m_question.by) {
            keys.push_back(nameOf(dimension));
            if (keys.back() == kNoName && !askedFor) {
                return nullptr;
            }
        }
        return &m_table[keys];
    }

    void addDemand(const aggregate::Interval& interval)
    {
        using query::Dimension;
        const aggregate::Layout& layout = *interval.layout;
        for (std::size_t i = 0; i < interval.demand.size(); ++i) {
            const auto& row = layout.demand[i];
            const Workload& workload = m_fleet[row.workload];
            const aggregate::DemandTotals& d = interval.demand[i];
            const bool unrouted = row.placement == aggregate::Layout::kUnrouted;
            if (unrouted && d == aggregate::DemandTotals{}) {
                continue;
            }
            if (m_byArea) {
                if (unrouted) {
                    if (SlowSums* sums = sumsOf({{Dimension::Model, m_fleet[workload.model].name}}, true)) {
                        sums->requests += d.requests;
                    }
                }
                continue;
            }
            Names names = unrouted ? Names{} : namesOfPool(m_fleet, layout.placements[row.placement].pool);
            names[Dimension::Workload] = workload.name;
            names[Dimension::Tier] = m_fleet[workload.tier].name;
            names[Dimension::Model] = m_fleet[workload.model].name;
            names[Dimension::Pricing] = "egress";
            if (m_byPricing && d.egressMicroUsd == 0) {
                continue;
            }
            if (SlowSums* sums = sumsOf(names, m_asksRequests)) {
                const ServedModel& model = m_fleet[workload.model];
                if (model.usdPerMillionInputTokens && model.usdPerMillionOutputTokens) {
                    sums->pricedTokens += d.tokensIn + d.tokensOut;
                    sums->revenuePicoUsd +=
                        query::PicoUsd{d.tokensIn} * qRound64(*model.usdPerMillionInputTokens * 1e6);
                    sums->revenuePicoUsd +=
                        query::PicoUsd{d.tokensOut} * qRound64(*model.usdPerMillionOutputTokens * 1e6);
                    sums->pricedMicroUsd += d.egressMicroUsd;
                } else {
                    sums->unpricedTokens += d.tokensIn + d.tokensOut;
                }
                sums->requests += d.requests;
                sums->completed += d.completed;
                sums->rejected += d.rejected;
                sums->retried += d.retried;
                sums->lost += d.lost;
                sums->sloMet += d.sloMet;
                sums->tokensIn += d.tokensIn;
                sums->tokensOut += d.tokensOut;
                sums->egressMicroUsd += d.egressMicroUsd;
                for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
                    interval.latencies[i][kind].addTo(sums->latencies[kind]);
                }
            }
        }
        for (std::size_t p = 0; m_byArea && p < layout.placements.size(); ++p) {
            for (std::size_t a = 0; a < layout.areas; ++a) {
                const std::int64_t requests = interval.flows[p * layout.areas + a];
                Names names = namesOfPool(m_fleet, layout.placements[p].pool);
                names[Dimension::Model] = m_fleet[layout.placements[p].model].name;
                names[Dimension::Area] = m_fleet.areas[a].name;
                if (SlowSums* sums = requests > 0 ? sumsOf(names, true) : nullptr) {
                    sums->requests += requests;
                }
            }
        }
    }

    void addSupply(const aggregate::Interval& interval)
    {
        const aggregate::Layout& layout = *interval.layout;
        for (std::size_t i = 0; !m_byArea && i < interval.supply.size(); ++i) {
            const auto& row = layout.supply[i];
            const aggregate::SupplyTotals& s = interval.supply[i];
            const bool training = row.use == aggregate::Use::Training;
            Names names = namesOfPool(m_fleet, row.pool);
            names[query::Dimension::Use] = std::array{"serving", "training", "idle", "down"}[std::size_t(row.use)];
            if (row.use == aggregate::Use::Serving) {
                names[query::Dimension::Model] = m_fleet[layout.placements[row.placement].model].name;
            }
            if (m_byPricing) {
                for (std::size_t p = 0; p < kPricingModels; ++p) {
                    const std::int64_t cost = s.costMicroUsd[p];
                    names[query::Dimension::Pricing] =
                        row.use == aggregate::Use::Idle ? "idle" : pricingModelName(static_cast<PricingModel>(p));
                    if (SlowSums* sums = cost != 0 ? sumsOf(names, true) : nullptr) {
                        sums->chipMicroUsd += cost;
                    }
                }
                continue;
            }
            if (SlowSums* sums = sumsOf(names, m_asksChips)) {
                for (const std::int64_t cost : s.costMicroUsd) {
                    sums->chipMicroUsd += cost;
                    sums->trainingMicroUsd += training ? cost : 0;
                }
                if (row.use == aggregate::Use::Serving) {
                    const ServedModel& model = m_fleet[layout.placements[row.placement].model];
                    if (model.usdPerMillionInputTokens && model.usdPerMillionOutputTokens) {
                        sums->pricedChipMicros += s.chipMicros;
                        for (const std::int64_t cost : s.costMicroUsd) {
                            sums->pricedMicroUsd += cost;
                        }
                    }
                }
                sums->chipMicros += s.chipMicros;
                sums->busyMicros += s.workMicros;
                sums->millijoules += s.energyMillijoules;
                sums->micrograms += s.carbonMicrograms;
            }
        }
    }

    const query::Query& m_question;
    const Fleet& m_fleet;
    bool m_asksChips = false, m_asksRequests = false, m_byArea = false, m_byPricing = false;
    std::string m_time;
    std::map<std::string, double> m_secondsOfTime;
    double m_secondsOfAll = 0;
    SlowTable m_table;
};

} // namespace isobar::test

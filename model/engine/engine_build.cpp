// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine_impl.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace isobar::engine {
namespace {

/// What a replica of one model meets: means over the model's workloads.
struct Mix {
    double requestsPerSecond = 0, inputTokens = 0, outputTokens = 0;
    double contextTokens = 0;                                       ///< of a running sequence, averaged over time
    double itlLimitSeconds = INFINITY, ttftLimitSeconds = INFINITY; ///< of its strictest tier
};

Mix mixOf(const Fleet& fleet, ModelId model)
{
    Mix mix;
    double residence = 0;
    for (const Workload& w : fleet.workloads) {
        if (w.model != model) {
            continue;
        }
        const double rate = std::max(1e-9, w.meanRequestsPerSecond);
        const double input = LengthTable(w.inputTokens).mean(), output = LengthTable(w.outputTokens).mean();
        const double squaredCv = w.outputTokens.coefficientOfVariation * w.outputTokens.coefficientOfVariation;
        mix.requestsPerSecond += rate;
        mix.inputTokens += rate * input;
        mix.outputTokens += rate * output;
        // Long answers stay longer: E[output^2] / (2 E[output]) tokens of an answer are there on average.
        mix.contextTokens += rate * output * (input + output * (1 + squaredCv) / 2);
        residence += rate * output;
        mix.itlLimitSeconds = std::min(mix.itlLimitSeconds, fleet[w.tier].itlSeconds);
        mix.ttftLimitSeconds = std::min(mix.ttftLimitSeconds, fleet[w.tier].ttftSeconds);
    }
    if (mix.requestsPerSecond > 0) {
        mix.inputTokens /= mix.requestsPerSecond;
        mix.outputTokens /= mix.requestsPerSecond;
        mix.contextTokens /= residence;
    }
    return mix;
}

/// What a replica holds while it meets the strictest service level with a margin.
PlacementRun::Target targetOf(const serving::IterationModel& model, const Mix& mix)
{
    constexpr double kMargin = 0.85, kHighestUtilization = 0.8;
    if (mix.requestsPerSecond <= 0) {
        return {double{1} * model.maxBatch, 0};
    }
    const auto at = [&](double rate) { return serving::steadyState(model, rate, mix.inputTokens, mix.outputTokens); };
    const double most = kHighestUtilization * at(0).capacityRequestsPerSecond;
    // The median TTFT, not a high percentile: that one is made by long prompts, and sending them on helps nobody.
    const auto meets = [&](double rate) {
        const serving::SteadyState s = at(rate);
        return s.itlSeconds <= kMargin * mix.itlLimitSeconds && s.ttftSeconds <= kMargin * mix.ttftLimitSeconds;
    };
    double low = 0, high = most;
    if (!meets(most)) {
        for (int i = 0; i < 30; ++i) {
            const double middle = (low + high) / 2;
            (meets(middle) ? low : high) = middle;
        }
    }
    // Too slow even when idle: filling it up then costs nothing more.
    const double rate = high < most * 1e-3 ? most : high;
    const double places = std::max(1.0, at(rate).meanBatch);
    return {places, places / rate};
}

double utcHour(const std::string& time)
{
    // "2026-11-22T14:30:00Z", as validate() has seen to.
    return time.size() >= 16 ? std::stod(time.substr(11, 2)) + std::stod(time.substr(14, 2)) / 60 : 0;
}

} // namespace

Status Engine::Impl::build()
{
    ISOBAR_TRY(validate(*fleet));
    network = std::make_shared<const NetworkIndex>(*fleet);
    ledger.emplace(*fleet);

    // Whole intervals, so that one ends at the clock's zero.
    settle = static_cast<SimMicros>(std::max(0.0, options.settleSeconds) / kSecondsPerMicro) / options.intervalMicros *
             options.intervalMicros;
    const double startHour = utcHour(fleet->startTimeUtc) - static_cast<double>(settle) * kSecondsPerMicro / 3600;
    auto next = std::make_shared<aggregate::Layout>();
    next->areas = fleet->areas.size();
    for (std::size_t w = 0; w < fleet->workloads.size(); ++w) {
        const WorkloadId id(w);
        const Workload& workload = fleet->workloads[w];
        next->demand.push_back({aggregate::Layout::kUnrouted, id});
        const auto input = std::make_shared<const LengthTable>(workload.inputTokens);
        const auto output = std::make_shared<const LengthTable>(workload.outputTokens);
        for (const auto& [area, share] : workload.areaShares) {
            if (share <= 0 || workload.meanRequestsPerSecond <= 0) {
                continue;
            }
            sources.emplace_back(workload, id, area, share, startHour + (*fleet)[area].utcOffsetHours,
                                 Random(options.seed, kSourceStream, w << 32 | area.value), input, output);
        }
    }
    for (std::size_t p = 0; p < fleet->placements.size(); ++p) {
        ISOBAR_TRY(addPlacement(*next, PlacementId(p)));
        placements[p].setReplicas(fleet->placements[p].replicas, 0, 0);
        loads[p] = placements[p].load(0);
    }
    settleRouting();
    next->supply = ledger->layoutRows();
    layout = std::move(next);
    return Done{};
}

/// Starts the routers where a long-running fleet would have them: the fixed point of the spill ratios with the requests
/// in flight that the rates imply (Little's law). Without it the nearest placements would be flooded for a minute.
void Engine::Impl::settleRouting()
{
    constexpr int kRounds = 400;
    std::vector<double> rates(placements.size());
    std::vector<ReportedLoad> settled = loads;
    for (int round = 0; round < kRounds; ++round) {
        std::fill(rates.begin(), rates.end(), 0);
        for (DemandSource& source : sources) {
            source.addRates(options.routing, settled, rates);
        }
        for (std::size_t p = 0; p < placements.size(); ++p) {
            settled[p].inFlight = rates[p] * placements[p].target().residenceSeconds;
            settled[p].spillRatio = nextSpillRatio(settled[p]);
        }
    }
    for (std::size_t p = 0; p < placements.size(); ++p) {
        loads[p].spillRatio = settled[p].spillRatio;
    }
}

Status Engine::Impl::addPlacement(aggregate::Layout& next, PlacementId id)
{
    const Placement& placement = (*fleet)[id];
    const Pool& pool = (*fleet)[placement.pool];
    const Region& region = (*fleet)[pool.region];
    auto model =
        serving::buildIterationModel((*fleet)[placement.model], (*fleet)[pool.accelerator], placement.precision,
                                     placement.tensorParallel, placement.maxBatch, calibration);
    if (!model.ok()) {
        Error error = model.error();
        error.message = fmt::format("placement {}: {}", placement.key, error.message);
        return error;
    }
    const Mix mix = mixOf(*fleet, placement.model);
    const auto number = static_cast<std::uint32_t>(id.value);
    PlacementRun run(number, *model, placement.tensorParallel, targetOf(*model, mix), mix.contextTokens,
                     Random(options.seed, kPlacementStream, number));
    next.placements.push_back({placement.model, placement.pool});
    demandRows.emplace_back();
    egressClosed.emplace_back();
    rowOfWorkload.emplace_back(fleet->workloads.size());
    for (std::size_t w = 0; w < fleet->workloads.size(); ++w) {
        if (fleet->workloads[w].model == placement.model) {
            rowOfWorkload.back()[w] = run.addRow();
            demandRows.back().push_back(static_cast<std::uint32_t>(next.demand.size()));
            egressClosed.back().push_back(0);
            next.demand.push_back({number, WorkloadId(w)});
        }
    }
    for (std::size_t s = 0; s < sources.size(); ++s) {
        DemandSource& source = sources[s];
        const Workload& workload = (*fleet)[source.workload()];
        const bool allowed = !workload.residencyBound || (*fleet)[source.area()].residencyZone == region.residencyZone;
        if (workload.model != placement.model || !allowed) {
            continue;
        }
        const SloTier& tier = (*fleet)[workload.tier];
        const double rtt = network->rtt(source.area(), pool.region).seconds;
        const std::uint32_t feeder = run.addFeeder(
            {static_cast<std::uint32_t>(s), rowOfWorkload.back()[source.workload().index()],
             static_cast<std::uint32_t>(std::max(0, tier.priority)), rtt, tier.ttftSeconds, tier.itlSeconds});
        source.addCandidate(number, feeder, rtt / 2);
    }
    const auto egress = egressUsdPerByte(*fleet, pool.region);
    egressMicroUsdPerByte.push_back(egress ? egress->usdPerByte * 1e6 : 0);
    ledger->addPlacement(placement.pool);
    placements.push_back(std::move(run));
    loads.emplace_back();
    queueing.push_back(false);
    chips.push_back(0);
    workMicros.push_back(0);
    return Done{};
}

} // namespace isobar::engine

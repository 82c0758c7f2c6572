// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine_impl.h"
#include "model/engine/limits.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace isobar::engine {

Mix Engine::Impl::mixOf(ModelId model) const
{
    Mix mix;
    double residence = 0;
    for (std::size_t i = 0; i < fleet->workloads.size(); ++i) {
        const Workload& w = fleet->workloads[i];
        if (w.model != model) {
            continue;
        }
        const double rate = std::max(1e-9, w.meanRequestsPerSecond);
        const double input = lengths[i].input->mean(), output = lengths[i].output->mean();
        const double squaredCv = w.outputTokens.coefficientOfVariation * w.outputTokens.coefficientOfVariation;
        mix.requestsPerSecond += rate;
        mix.inputTokens += rate * input;
        mix.outputTokens += rate * output;
        // Long answers stay longer: E[output^2] / (2 E[output]) tokens of an answer are there on average.
        mix.contextTokens += rate * output * (input + output * (1 + squaredCv) / 2);
        residence += rate * output;
        mix.itlLimitSeconds = std::min(mix.itlLimitSeconds, (*fleet)[w.tier].itlSeconds);
        mix.ttftLimitSeconds = std::min(mix.ttftLimitSeconds, (*fleet)[w.tier].ttftSeconds);
    }
    if (mix.requestsPerSecond > 0) {
        mix.inputTokens /= mix.requestsPerSecond;
        mix.outputTokens /= mix.requestsPerSecond;
        mix.contextTokens /= residence;
    }
    return mix;
}

namespace {

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

/// The recorded demand of a workload; null for one whose demand is drawn.
Result<std::shared_ptr<const DemandTrace>>
traceOf(const Workload& workload, const WorkloadOperations& how,
        const std::map<std::string, std::shared_ptr<const DemandTrace>>& traces)
{
    if (how.trace.empty()) {
        return std::shared_ptr<const DemandTrace>();
    }
    Error error;
    error.code = ErrorCode::NotFound;
    const auto found = traces.find(how.trace);
    if (found == traces.end() || !found->second) {
        error.message =
            fmt::format("workload {} follows the trace \"{}\", which is not there", workload.name, how.trace);
        error.advice = "import the trace first";
        return error;
    }
    const DemandTrace& trace = *found->second;
    if (trace.requests.empty() || !(trace.lengthSeconds > trace.requests.back().seconds)) {
        error.code = ErrorCode::InvalidValue;
        error.message =
            fmt::format("the trace \"{}\" of workload {} has no requests, or no end", how.trace, workload.name);
        return error;
    }
    return found->second;
}

} // namespace

Status Engine::Impl::build()
{
    ISOBAR_TRY(validate(*fleet));
    ISOBAR_TRY(validate(options.operations, *fleet));
    ISOBAR_TRY(checkLimits(*fleet, options.operations, options.traces));
    network = std::make_shared<const NetworkIndex>(*fleet);
    ledger.emplace(*fleet);

    // Whole intervals, so that one ends at the clock's zero.
    settle = static_cast<SimMicros>(std::max(0.0, options.settleSeconds) / kSecondsPerMicro) / options.intervalMicros *
             options.intervalMicros;
    const double clockZero = static_cast<double>(settle) * kSecondsPerMicro;
    const double startHour = hourOfWeekUtc(fleet->startTimeUtc) - clockZero / 3600;
    auto next = std::make_shared<aggregate::Layout>();
    next->areas = fleet->areas.size();
    std::int64_t areaShares = 0;
    for (const Workload& workload : fleet->workloads) {
        areaShares += static_cast<std::int64_t>(workload.areaShares.size());
    }
    for (std::size_t w = 0; w < fleet->workloads.size(); ++w) {
        const WorkloadId id(w);
        const Workload& workload = fleet->workloads[w];
        next->demand.push_back({aggregate::Layout::kUnrouted, id});
        lengths.push_back({std::make_shared<const LengthTable>(workload.inputTokens),
                           std::make_shared<const LengthTable>(workload.outputTokens)});
        WorkloadOperations how = workloadOperations(options.operations, id);
        how.demandRatio *= options.operations.demandRatio;
        std::vector<DemandSurge> surges = surgesOf(options.operations, id);
        for (DemandSurge& surge : surges) {
            surge.atSeconds += clockZero; // as all of an engine's seconds
        }
        ISOBAR_TRY_ASSIGN(const auto trace, traceOf(workload, how, options.traces));
        DemandSource::Options source;
        source.workload = id;
        source.policy = how.routing.value_or(options.operations.routing);
        source.probes = options.operations.probes;
        source.retry = options.operations.retry;
        source.deferSeconds = how.deferSeconds;
        source.turnsPerSession = how.turnsPerSession;
        source.traceScale = how.traceScale;
        source.traceShiftSeconds = how.traceShiftSeconds;
        source.windowSeconds = static_cast<double>(options.windowMicros) * kSecondsPerMicro;
        source.clockZeroSeconds = clockZero;
        source.mostWaiting = static_cast<std::size_t>(kMostWaitingRequests / std::max<std::int64_t>(1, areaShares));
        for (const auto& [area, share] : workload.areaShares) {
            if (share <= 0 || workload.meanRequestsPerSecond <= 0) {
                continue;
            }
            source.area = area;
            source.share = share;
            const DemandShape shape(workload, how, share, startHour + (*fleet)[area].utcOffsetHours, surges);
            sources.emplace_back(source, shape, GapLawDraw(how.gaps, workload.burstiness),
                                 Random(options.seed, kSourceStream, w << 32 | area.value), lengths[w].input,
                                 lengths[w].output, trace);
        }
    }
    capacity.emplace(*fleet, options.operations, hoursSince1970Utc(fleet->startTimeUtc) - clockZero / 3600);
    faultClock.emplace(*fleet, options.operations, *capacity, clockZero, options.seed);
    ISOBAR_TRY(checkFaultRates(*faultClock));
    poolsNow.resize(fleet->pools.size());
    buildGangs();
    for (std::size_t p = 0; p < fleet->placements.size(); ++p) {
        ISOBAR_TRY(addPlacement(*next, PlacementId(p)));
        wanted[p] = autoscalers[p] ? std::clamp(fleet->placements[p].replicas, autoscalers[p]->rule().minReplicas,
                                                autoscalers[p]->rule().maxReplicas)
                                   : fleet->placements[p].replicas;
        while (placements[p].active() < wanted[p] && startReplica(p, 0)) {
        }
        lacksChips[p] = placements[p].active() < wanted[p];
        placements[p].update(0);
        loads[p] = placements[p].load(0);
    }
    if (settle == 0) {
        settleRouting(); // one that starts at work has its routers settled by that
    }
    next->supply = ledger->layoutRows();
    layout = std::move(next);
    return Done{};
}

/// A gang takes whole nodes, or slices of the largest size that is not too large.
void Engine::Impl::buildGangs()
{
    for (std::size_t j = 0; j < fleet->trainingJobs.size(); ++j) {
        const TrainingJob& job = fleet->trainingJobs[j];
        const AcceleratorLayout how = acceleratorLayout(options.operations, (*fleet)[job.pool].accelerator);
        const auto above = std::upper_bound(how.sliceChips.begin(), how.sliceChips.end(), job.chips);
        const std::int32_t block = how.sliceChips.empty()            ? how.chipsPerNode
                                   : above == how.sliceChips.begin() ? job.chips
                                                                     : *std::prev(above);
        Gang gang{TrainingRun(job, trainingOperations(options.operations, job.name), 0),
                  static_cast<std::uint32_t>(j),
                  job.pool,
                  {},
                  {}};
        for (std::int32_t left = job.chips; left > 0; left -= block) {
            gang.blocks.push_back(std::min(left, block));
        }
        gang.holders.resize(gang.blocks.size());
        gather(gang, 0);
        gangs.push_back(std::move(gang));
    }
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
            source.addRates(settled, rates);
        }
        for (std::size_t p = 0; p < placements.size(); ++p) {
            settled[p].inFlight = rates[p] * placements[p].target().residenceSeconds;
            settled[p].spillRatio = nextSpillRatio(settled[p]);
        }
    }
    for (std::size_t p = 0; p < placements.size(); ++p) {
        loads[p].spillRatio = settled[p].spillRatio;
    }
    for (std::size_t window = 0; window < LoadBoard::kMostWindows; ++window) {
        board.publish(loads, {});
    }
}

double Engine::Impl::warmUpSeconds(PlacementId id) const
{
    const Placement& placement = (*fleet)[id];
    const WarmUpTimes& times = options.operations.warmUp;
    const std::string& family = (*fleet)[(*fleet)[placement.pool].accelerator].runtimeFamily;
    const double weights = (*fleet)[placement.model].totalParameters * bytesPerValue(placement.precision);
    const bool compiles = family == "xla-tpu" || family == "neuron";
    return times.nodeSeconds + times.imageSeconds + weights / times.weightBytesPerSecond +
           (compiles ? times.compileSeconds : 0);
}

Way Engine::Impl::wayTo(PlacementId id, const serving::IterationModel& model, const Workload& workload) const
{
    const Placement& placement = (*fleet)[id];
    const Pool& pool = (*fleet)[placement.pool];
    const SloTier& tier = (*fleet)[workload.tier];
    Way way;
    way.placement = static_cast<std::uint32_t>(id.value);
    const double input = workload.inputTokens.mean, output = workload.outputTokens.mean;
    const serving::SteadyState empty = serving::steadyState(model, 0, input, output);
    way.emptyTtftSeconds = empty.ttftSeconds;
    way.meetsSlo = empty.itlSeconds <= tier.itlSeconds;

    // The chips of a pool are filled in the order of its placements, what is paid for anyway first, as poolCost() has
    // it.
    double usdPerHour = 0;
    std::int64_t total = 0;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        const auto price = priceOf(*fleet, placement.pool, static_cast<PricingModel>(p));
        usdPerHour += pool.chips[p] * (price ? price->usdPerChipHour : 0);
        total += pool.chips[p];
    }
    const double usdPerChipHour = total > 0 ? usdPerHour / static_cast<double>(total) : 0;
    way.usdPerMillionTokens = usdPerChipHour * placement.tensorParallel / 3600 /
                              (empty.capacityRequestsPerSecond * std::max(1.0, input + output)) * 1e6;
    std::int64_t before = 0;
    for (const TrainingJob& job : fleet->trainingJobs) {
        before += job.pool == placement.pool ? job.chips : 0;
    }
    for (std::size_t p = 0; p <= id.index(); ++p) {
        before += fleet->placements[p].pool == placement.pool ? fleet->placements[p].chips() : 0;
    }
    std::int64_t filled = 0;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        filled += pool.chips[p];
        way.payRank = static_cast<std::int32_t>(p);
        if (before <= filled) {
            break;
        }
    }
    return way;
}

Result<serving::IterationModel> Engine::Impl::iterationModel(const Fleet& of, const Placement& placement) const
{
    auto model =
        serving::buildIterationModel(of[placement.model], of[of[placement.pool].accelerator], placement.precision,
                                     placement.tensorParallel, placement.maxBatch, calibration);
    std::int64_t longest = 0;
    for (const Workload& workload : of.workloads) {
        longest = std::max<std::int64_t>(longest, workload.model == placement.model ? workload.inputTokens.maximum : 0);
    }
    const Status usable = model.ok() ? checkPace(*model, longest) : Status(model.error());
    if (!usable.ok()) {
        Error error = usable.error();
        error.message = fmt::format("placement {}: {}", placement.key, error.message);
        return error;
    }
    return model;
}

Status Engine::Impl::addPlacement(aggregate::Layout& next, PlacementId id)
{
    const Placement& placement = (*fleet)[id];
    const Pool& pool = (*fleet)[placement.pool];
    const Region& region = (*fleet)[pool.region];
    ISOBAR_TRY_ASSIGN(const serving::IterationModel model, iterationModel(*fleet, placement));
    const Mix mix = mixOf(placement.model);
    const auto number = static_cast<std::uint32_t>(id.value);
    PlacementRun run(number, model, placement.tensorParallel, targetOf(model, mix), mix.contextTokens,
                     options.operations.retry.maxAttempts, Random(options.seed, kPlacementStream, number));
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
    struct {
        WorkloadId workload;
        Way withoutNetwork;
    } way;
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
            {static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(source.candidates().size()),
             rowOfWorkload.back()[source.workload().index()], static_cast<std::uint32_t>(std::max(0, tier.priority)),
             rtt, tier.ttftSeconds, tier.itlSeconds});
        if (way.workload != source.workload()) { // the sources of a workload stand together
            way = {source.workload(), wayTo(id, model, workload)};
        }
        Way there = way.withoutNetwork;
        there.oneWaySeconds = rtt / 2;
        there.meetsSlo = there.meetsSlo && rtt + there.emptyTtftSeconds <= tier.ttftSeconds;
        source.addCandidate(there, feeder);
    }
    const auto egress = egressUsdPerByte(*fleet, pool.region);
    egressMicroUsdPerByte.push_back(egress ? egress->usdPerByte * 1e6 : 0);
    ledger->addPlacement(placement.pool);
    placements.push_back(std::move(run));
    loads.emplace_back();
    board.add({});
    frozenViews.push_back(false);
    queueing.push_back(false);
    wanted.push_back(0);
    holderOfSlot.emplace_back();
    lacksChips.push_back(false);
    autoscalers.emplace_back();
    for (const AutoscaleRule& rule : options.operations.autoscale) {
        if (rule.placement == id) {
            autoscalers.back().emplace(rule, placement.replicas);
        }
    }
    chips.push_back(0);
    workMicros.push_back(0);
    return Done{};
}

} // namespace isobar::engine

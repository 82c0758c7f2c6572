// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/engine/demand_source.h"
#include "model/engine/ledger.h"
#include "model/engine/placement_run.h"
#include "model/fleet/lookup.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace isobar::engine {
namespace {

using aggregate::DemandTotals;
using aggregate::Interval;
using aggregate::kLatencies;
using aggregate::kMicrosPerSecond;
using aggregate::Layout;
using aggregate::Sketch;
using aggregate::SparseSketch;

constexpr double kSecondsPerMicro = 1e-6;

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

/// Streams of random numbers, by what they are for.
enum Stream : std::uint64_t { kSourceStream = 1, kPlacementStream = 2 };

} // namespace

struct Engine::Impl {
    std::shared_ptr<const Fleet> fleet;
    Calibration calibration;
    EngineOptions options;
    std::unique_ptr<tbb::global_control> moreThreads; ///< when more are asked for than there are processors
    std::unique_ptr<tbb::task_arena> arena;           ///< none on one thread

    SimMicros now = 0, intervalBegin = 0; ///< since the engine's own start
    SimMicros settle = 0;                 ///< the clock's zero, on the same scale
    std::vector<DemandSource> sources;    ///< never resized: placements point into it
    std::vector<std::unique_ptr<PlacementRun>> placements;
    std::vector<std::vector<std::uint32_t>> demandRows;    ///< by placement, its row: the layout's row
    std::vector<std::vector<std::uint32_t>> rowOfWorkload; ///< by placement, workload: its own row
    std::vector<double> egressMicroUsdPerByte;             ///< by placement
    std::vector<std::vector<std::int64_t>> egressClosed;   ///< by placement, its row: micro-dollars of closed intervals
    std::vector<bool> queueing;                            ///< by placement: a QueueBuilding event is out
    std::vector<ReportedLoad> loads;                       ///< by placement
    std::vector<std::int64_t> chips, workMicros;           ///< by placement
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<NetworkIndex> network;
    std::shared_ptr<const Layout> layout;

    RunTotals closed; ///< all closed intervals
    std::vector<std::shared_ptr<const Interval>> intervals;
    std::vector<Event> events;

    /// Calls work(i) for i in [0, count), in parallel.
    template <class Work> void forEach(std::size_t count, const Work& work)
    {
        if (!arena) {
            for (std::size_t i = 0; i < count; ++i) {
                work(i);
            }
            return;
        }
        arena->execute([&] { tbb::parallel_for(std::size_t{0}, count, work); });
    }

    Status build();
    Status addPlacement(Layout& next, PlacementId id);
    void settleRouting();
    void step();
    void closeInterval();
    void watchQueues();
    [[nodiscard]] SimMicros clock() const { return now - settle; }
    [[nodiscard]] std::int64_t inFlight() const;
    [[nodiscard]] Interval openCounts() const;
    [[nodiscard]] RunTotals totals() const;
    [[nodiscard]] std::int64_t egressMicroUsd(std::size_t placement, std::int64_t bytes) const
    {
        return static_cast<std::int64_t>(egressMicroUsdPerByte[placement] * static_cast<double>(bytes));
    }
};

Status Engine::Impl::build()
{
    ISOBAR_TRY(validate(*fleet));
    network = std::make_unique<NetworkIndex>(*fleet);
    ledger = std::make_unique<Ledger>(*fleet);

    // Whole intervals, so that one ends at the clock's zero.
    settle = static_cast<SimMicros>(std::max(0.0, options.settleSeconds) / kSecondsPerMicro) / options.intervalMicros *
             options.intervalMicros;
    const double startHour = utcHour(fleet->startTimeUtc) - static_cast<double>(settle) * kSecondsPerMicro / 3600;
    auto next = std::make_shared<Layout>();
    next->areas = fleet->areas.size();
    for (std::size_t w = 0; w < fleet->workloads.size(); ++w) {
        const WorkloadId id(w);
        const Workload& workload = fleet->workloads[w];
        next->demand.push_back({Layout::kUnrouted, id});
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
        placements[p]->setReplicas(fleet->placements[p].replicas, 0, 0);
        loads[p] = placements[p]->load(0);
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
            settled[p].inFlight = rates[p] * placements[p]->target().residenceSeconds;
            settled[p].spillRatio = nextSpillRatio(settled[p]);
        }
    }
    for (std::size_t p = 0; p < placements.size(); ++p) {
        loads[p].spillRatio = settled[p].spillRatio;
    }
}

Status Engine::Impl::addPlacement(Layout& next, PlacementId id)
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
    auto run = std::make_unique<PlacementRun>(number, *model, placement.tensorParallel, targetOf(*model, mix),
                                              mix.contextTokens, Random(options.seed, kPlacementStream, number));
    next.placements.push_back({placement.model, placement.pool});
    demandRows.emplace_back();
    egressClosed.emplace_back();
    rowOfWorkload.emplace_back(fleet->workloads.size());
    for (std::size_t w = 0; w < fleet->workloads.size(); ++w) {
        if (fleet->workloads[w].model == placement.model) {
            rowOfWorkload.back()[w] = run->addRow();
            demandRows.back().push_back(static_cast<std::uint32_t>(next.demand.size()));
            egressClosed.back().push_back(0);
            next.demand.push_back({number, WorkloadId(w)});
        }
    }
    for (DemandSource& source : sources) {
        const Workload& workload = (*fleet)[source.workload()];
        const bool allowed = !workload.residencyBound || (*fleet)[source.area()].residencyZone == region.residencyZone;
        if (workload.model != placement.model || !allowed) {
            continue;
        }
        const SloTier& tier = (*fleet)[workload.tier];
        const double rtt = network->rtt(source.area(), pool.region).seconds;
        const std::uint32_t feeder = run->addFeeder({&source, rowOfWorkload.back()[source.workload().index()],
                                                     static_cast<std::uint32_t>(std::max(0, tier.priority)), rtt,
                                                     tier.ttftSeconds, tier.itlSeconds});
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

void Engine::Impl::step()
{
    const double begin = static_cast<double>(now) * kSecondsPerMicro;
    const SimMicros until = now + options.windowMicros;
    const double end = static_cast<double>(until) * kSecondsPerMicro;

    forEach(sources.size(), [&](std::size_t i) { sources[i].draw(begin, end, options.routing, loads); });
    forEach(placements.size(), [&](std::size_t i) { placements[i]->serve(end); });

    now = until;
    for (std::size_t p = 0; p < placements.size(); ++p) {
        chips[p] = placements[p]->chips();
        workMicros[p] = placements[p]->workMicros();
        const PlacementRun::Change change = placements[p]->update(end);
        const std::string& key = fleet->placements[p].key;
        if (change.ready > 0) {
            events.push_back(
                {clock(), Event::Kind::ReplicasReady, fmt::format("{} replicas ready: {}", change.ready, key)});
        }
        if (change.drained > 0) {
            events.push_back(
                {clock(), Event::Kind::ReplicasDrained, fmt::format("{} replicas gone: {}", change.drained, key)});
        }
        loads[p] = placements[p]->load(loads[p].spillRatio);
    }
    ledger->pass(options.windowMicros, chips, workMicros);
    watchQueues();
    if (now - intervalBegin >= options.intervalMicros) {
        closeInterval();
    }
}

void Engine::Impl::watchQueues()
{
    for (std::size_t p = 0; p < placements.size(); ++p) {
        const PlacementRun& run = *placements[p];
        const std::int64_t batches = std::int64_t{run.counts().serving} * run.model().maxBatch;
        // Said once when a quarter of a batch waits everywhere; said again only after it has gone down by four.
        if (!queueing[p] && run.queued() > batches / 4 && run.queued() > 0) {
            queueing[p] = true;
            events.push_back({clock(), Event::Kind::QueueBuilding,
                              fmt::format("{} requests wait at {}", run.queued(), fleet->placements[p].key)});
        } else if (queueing[p] && run.queued() <= batches / 16) {
            queueing[p] = false;
        }
    }
}

/// Everything but the sketches of the interval under way.
Interval Engine::Impl::openCounts() const
{
    Interval open;
    open.begin = intervalBegin - settle;
    open.end = clock();
    open.layout = layout;
    open.demand.resize(layout->demand.size());
    open.flows.resize(layout->placements.size() * layout->areas);
    for (std::size_t p = 0; p < placements.size(); ++p) {
        for (std::size_t row = 0; row < demandRows[p].size(); ++row) {
            const PlacementRun::DemandRow& counts = placements[p]->rows()[row];
            DemandTotals& to = open.demand[demandRows[p][row]];
            to = counts.totals;
            to.egressMicroUsd = egressMicroUsd(p, counts.egressBytes) - egressClosed[p][row];
        }
    }
    for (const DemandSource& source : sources) {
        const std::size_t workload = source.workload().index();
        open.demand[workload].requests += source.unrouted();
        open.demand[workload].rejected += source.unrouted();
        for (const DemandSource::Candidate& to : source.candidates()) {
            open.demand[demandRows[to.placement][rowOfWorkload[to.placement][workload]]].requests += to.routed;
            open.flows[to.placement * layout->areas + source.area().index()] += to.routed;
        }
    }
    open.supply = ledger->open();
    return open;
}

void Engine::Impl::closeInterval()
{
    auto interval = std::make_shared<Interval>(openCounts());
    for (const DemandTotals& row : interval->demand) {
        closed.demand += row;
    }
    for (const aggregate::SupplyTotals& row : interval->supply) {
        closed.supply += row;
    }
    interval->latencies.resize(layout->demand.size());
    forEach(placements.size(), [&](std::size_t p) {
        std::vector<SparseSketch::Bucket> buckets;
        std::vector<PlacementRun::DemandRow>& rows = placements[p]->rows();
        for (std::size_t row = 0; row < rows.size(); ++row) {
            for (std::size_t kind = 0; rows[row].totals.completed > 0 && kind < kLatencies; ++kind) {
                auto& dense = rows[row].latencies[kind];
                buckets.clear();
                for (std::size_t bucket = 0; bucket < Sketch::kBuckets; ++bucket) {
                    if (dense[bucket] > 0) {
                        buckets.push_back({static_cast<std::uint16_t>(bucket), dense[bucket]});
                        dense[bucket] = 0;
                    }
                }
                interval->latencies[demandRows[p][row]][kind] = SparseSketch(buckets);
            }
            egressClosed[p][row] = egressMicroUsd(p, rows[row].egressBytes);
            rows[row].totals = {};
        }
    });
    for (DemandSource& source : sources) {
        source.clearCounts();
    }
    ledger->close();
    intervalBegin = now;
    if (now <= settle) {
        closed = {};
        closed.demand.requests = inFlight();
        events.clear();
        return;
    }
    intervals.push_back(std::move(interval));
}

std::int64_t Engine::Impl::inFlight() const
{
    std::int64_t requests = 0;
    for (const auto& placement : placements) {
        requests += placement->inFlight();
    }
    return requests;
}

RunTotals Engine::Impl::totals() const
{
    RunTotals all = closed;
    const Interval open = openCounts();
    for (const DemandTotals& row : open.demand) {
        all.demand += row;
    }
    for (const aggregate::SupplyTotals& row : open.supply) {
        all.supply += row;
    }
    all.inFlight = inFlight();
    return all;
}

Result<Engine> Engine::create(std::shared_ptr<const Fleet> fleet, const Calibration& calibration, EngineOptions options)
{
    auto impl = std::make_unique<Impl>();
    impl->fleet = std::move(fleet);
    impl->calibration = calibration;
    if (options.threads <= 0) {
        options.threads = tbb::this_task_arena::max_concurrency();
    }
    impl->options = options;
    if (options.threads > 1) {
        if (options.threads > tbb::this_task_arena::max_concurrency()) {
            impl->moreThreads = std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism,
                                                                      static_cast<std::size_t>(options.threads));
        }
        impl->arena = std::make_unique<tbb::task_arena>(options.threads);
    }
    ISOBAR_TRY(impl->build());
    return Engine(std::move(impl));
}

Engine::Engine(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

void Engine::step()
{
    m_impl->step();
}

SimMicros Engine::now() const
{
    return m_impl->clock();
}

const EngineOptions& Engine::options() const
{
    return m_impl->options;
}

std::vector<std::shared_ptr<const Interval>> Engine::takeIntervals()
{
    return std::exchange(m_impl->intervals, {});
}

std::vector<Event> Engine::takeEvents()
{
    return std::exchange(m_impl->events, {});
}

Status Engine::applyPlacements(std::shared_ptr<const Fleet> fleet)
{
    Impl& e = *m_impl;
    ISOBAR_TRY(validate(*fleet));
    const auto refuse = [](std::string why) {
        Error error;
        error.code = ErrorCode::InvalidValue;
        error.message = "the plan cannot be applied to the running fleet: " + std::move(why);
        error.advice = "restart the simulation on the new fleet";
        return error;
    };
    if (fleet->pools != e.fleet->pools || fleet->models != e.fleet->models || fleet->regions != e.fleet->regions ||
        fleet->workloads != e.fleet->workloads || fleet->areas != e.fleet->areas || fleet->tiers != e.fleet->tiers ||
        fleet->accelerators != e.fleet->accelerators || fleet->trainingJobs != e.fleet->trainingJobs) {
        return refuse("it changes more than placements");
    }
    if (fleet->placements.size() < e.fleet->placements.size()) {
        return refuse("it drops placements instead of setting their replicas to zero");
    }
    for (std::size_t p = 0; p < e.fleet->placements.size(); ++p) {
        Placement asBefore = fleet->placements[p];
        asBefore.replicas = e.fleet->placements[p].replicas;
        asBefore.provenance = e.fleet->placements[p].provenance;
        if (asBefore != e.fleet->placements[p]) {
            return refuse(fmt::format("it changes how {} is served", e.fleet->placements[p].key));
        }
    }
    // Whatever can fail comes before anything changes.
    for (std::size_t p = e.placements.size(); p < fleet->placements.size(); ++p) {
        const Placement& added = fleet->placements[p];
        const auto model =
            serving::buildIterationModel((*fleet)[added.model], (*fleet)[(*fleet)[added.pool].accelerator],
                                         added.precision, added.tensorParallel, added.maxBatch, e.calibration);
        if (!model.ok()) {
            Error error = model.error();
            error.message = fmt::format("placement {}: {}", added.key, error.message);
            return error;
        }
    }

    const std::size_t before = e.placements.size();
    e.fleet = std::move(fleet);
    if (e.fleet->placements.size() > before) {
        auto next = std::make_shared<Layout>(*e.layout);
        for (std::size_t p = before; p < e.fleet->placements.size(); ++p) {
            ISOBAR_TRY(e.addPlacement(*next, PlacementId(p)));
        }
        next->supply = e.ledger->layoutRows();
        e.layout = std::move(next);
    }
    const double seconds = static_cast<double>(e.now) * kSecondsPerMicro;
    std::int64_t added = 0, removed = 0;
    for (std::size_t p = 0; p < e.placements.size(); ++p) {
        PlacementRun& run = *e.placements[p];
        const std::int32_t active = run.counts().serving + run.counts().warming;
        const std::int32_t wanted = e.fleet->placements[p].replicas;
        if (active == wanted) {
            continue;
        }
        (wanted > active ? added : removed) += std::abs(wanted - active);
        const PlacementRun::Change change = run.setReplicas(wanted, seconds, seconds + e.options.warmUpSeconds);
        if (change.drained > 0) {
            e.events.push_back({e.clock(), Event::Kind::ReplicasDrained,
                                fmt::format("{} replicas gone: {}", change.drained, e.fleet->placements[p].key)});
        }
        e.loads[p] = run.load(e.loads[p].spillRatio);
    }
    e.events.push_back({e.clock(), Event::Kind::PlanApplied,
                        fmt::format("Plan applied: {} replicas warm up, {} finish and leave", added, removed)});
    return Done{};
}

RunTotals Engine::totals() const
{
    return m_impl->totals();
}

std::shared_ptr<const Layout> Engine::layout() const
{
    return m_impl->layout;
}

std::vector<PlacementState> Engine::placementStates() const
{
    std::vector<PlacementState> all;
    all.reserve(m_impl->placements.size());
    for (const auto& run : m_impl->placements) {
        all.push_back(
            {run->counts().serving, run->counts().warming, run->counts().draining, run->running(), run->queued()});
    }
    return all;
}

std::uint64_t Engine::stateHash() const
{
    const Impl& e = *m_impl;
    std::uint64_t hash = mix(0, static_cast<std::uint64_t>(e.now));
    for (const DemandSource& source : e.sources) {
        hash = source.hash(hash);
    }
    for (const auto& run : e.placements) {
        hash = run->hash(hash);
    }
    for (const ReportedLoad& load : e.loads) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(load.spillRatio));
    }
    hash = e.ledger->hash(hash);
    const RunTotals totals = e.totals();
    for (const std::int64_t count : {totals.demand.requests, totals.demand.completed, totals.demand.rejected,
                                     totals.demand.lost, totals.demand.sloMet, totals.demand.tokensIn,
                                     totals.demand.tokensOut, totals.demand.egressMicroUsd, totals.inFlight}) {
        hash = mix(hash, static_cast<std::uint64_t>(count));
    }
    return hash;
}

} // namespace isobar::engine

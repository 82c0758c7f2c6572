// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_impl.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace isobar::engine {

using aggregate::Sketch;

namespace {

/// The first thing asked for that a fluid cannot show.
Status refuseWhatCannotBe(const Fleet& fleet, const Operations& operations)
{
    const auto refuse = [](std::string what) {
        Error error;
        error.code = ErrorCode::InvalidValue;
        error.message = "the fluid mode cannot show " + std::move(what);
        error.advice = "simulate request by request";
        return error;
    };
    for (const WorkloadOperations& how : operations.workloads) {
        if (!how.trace.empty()) {
            return refuse(fmt::format("a recorded trace, which {} follows", fleet[how.workload].name));
        }
        if (how.deferSeconds > 0) {
            return refuse(fmt::format("work that may wait, as that of {}", fleet[how.workload].name));
        }
    }
    for (const Fault& fault : operations.faults) {
        if (fault.kind == FaultKind::StaleControl) {
            return refuse("a stale control plane: its routers are always at their fixed point");
        }
    }
    return Done{};
}

} // namespace

Result<FluidEngine> FluidEngine::create(std::shared_ptr<const Fleet> fleet, const Calibration& calibration,
                                        EngineOptions options)
{
    auto impl = std::make_unique<Impl>();
    impl->startsAtWork = options.settleSeconds > 0;
    options.settleSeconds = 0;
    options.threads = 1;
    options.intervalMicros = kIntervalMicros;
    impl->base.fleet = std::move(fleet);
    impl->base.calibration = calibration;
    impl->base.options = std::move(options);
    ISOBAR_TRY(impl->build());
    return FluidEngine(std::move(impl));
}

Result<FluidEngine> FluidEngine::takeOver(const Engine& engine)
{
    ISOBAR_TRY(refuseWhatCannotBe(*engine.m_impl->fleet, engine.m_impl->options.operations));
    auto impl = std::make_unique<Impl>();
    Engine::Impl& base = impl->base;
    base = *engine.m_impl;
    base.intervals.clear();
    base.events.clear();
    for (const ActiveFault& active : base.activeFaults) {
        Operations one;
        one.faults = {active.fault};
        ISOBAR_TRY(refuseWhatCannotBe(*base.fleet, one));
    }
    if (base.now > base.intervalBegin) {
        base.closeInterval();
    }
    impl->takeRequests();
    return FluidEngine(std::move(impl));
}

Engine FluidEngine::perRequest() const
{
    auto impl = std::make_unique<Engine::Impl>(m_impl->base);
    impl->autoscalers = m_impl->scalers;
    impl->intervals.clear();
    impl->events.clear();
    for (std::size_t p = 0; p < impl->placements.size(); ++p) {
        impl->placements[p].setWorkMicros(impl->workMicros[p]);
    }
    m_impl->fill(*impl);
    return Engine(std::move(impl));
}

void FluidEngine::startAtWork(Engine& engine)
{
    Impl fluid;
    fluid.base = *engine.m_impl;
    fluid.prepare();
    fluid.fill(*engine.m_impl);
    engine.m_impl->countFromHere();
}

void FluidEngine::handOver(Engine& settled) const
{
    Engine::Impl& e = *settled.m_impl;
    e.closeInterval(); // of what was not to be counted
    e.intervals.clear();
    e.events.clear();
    e.closed = m_impl->base.closed;
    aggregate::DemandTotals& demand = e.closed.demand;
    demand.requests = demand.completed + demand.rejected + demand.lost + demand.retried + e.inFlight();
}

FluidEngine::FluidEngine(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}
FluidEngine::FluidEngine(FluidEngine&&) noexcept = default;
FluidEngine& FluidEngine::operator=(FluidEngine&&) noexcept = default;
FluidEngine::~FluidEngine() = default;

void FluidEngine::step(SimMicros end)
{
    m_impl->step(end);
}

SimMicros FluidEngine::now() const
{
    return m_impl->base.clock();
}

std::vector<std::shared_ptr<const aggregate::Interval>> FluidEngine::takeIntervals()
{
    return std::exchange(m_impl->base.intervals, {});
}

std::vector<Event> FluidEngine::takeEvents()
{
    return std::exchange(m_impl->base.events, {});
}

Result<std::uint32_t> FluidEngine::inject(const Fault& fault)
{
    Engine::Impl& e = m_impl->base;
    Operations one;
    one.faults = {fault};
    ISOBAR_TRY(validate(one, *e.fleet));
    ISOBAR_TRY(refuseWhatCannotBe(*e.fleet, one));
    return e.faultClock->inject(fault, static_cast<double>(e.now) * kSecondsPerMicro);
}

void FluidEngine::mend(std::uint32_t fault)
{
    m_impl->base.endFault(fault);
}

RunTotals FluidEngine::totals() const
{
    RunTotals all = m_impl->base.totals();
    all.inFlight = m_impl->inFlight();
    return all;
}

std::shared_ptr<const aggregate::Layout> FluidEngine::layout() const
{
    return m_impl->base.layout;
}

std::vector<PlacementState> FluidEngine::placementStates() const
{
    std::vector<PlacementState> all;
    for (std::size_t p = 0; p < m_impl->places.size(); ++p) {
        const PlacementRun::Counts& counts = m_impl->base.placements[p].counts();
        const Impl::Place& place = m_impl->places[p];
        all.push_back({counts.serving, counts.warming, counts.draining,
                       std::llround(counts.serving * place.state.batch), std::llround(place.queued)});
    }
    return all;
}

std::uint64_t FluidEngine::stateHash() const
{
    const Engine::Impl& e = m_impl->base;
    std::uint64_t hash = mix(0, static_cast<std::uint64_t>(e.now));
    for (const Impl::Place& place : m_impl->places) {
        for (const double value : {place.queued, place.inFlightView, place.workCarry, place.state.batch}) {
            hash = mix(hash, std::bit_cast<std::uint64_t>(value));
        }
        for (const Impl::Row& row : place.rows) {
            hash = mix(hash, static_cast<std::uint64_t>(row.inFlight));
        }
    }
    hash = e.faultClock->hash(e.ledger->hash(hash));
    const aggregate::DemandTotals& demand = e.closed.demand;
    for (const std::int64_t count : {demand.requests, demand.completed, demand.rejected, demand.lost, demand.retried,
                                     demand.sloMet, demand.tokensIn, demand.tokensOut, demand.egressMicroUsd}) {
        hash = mix(hash, static_cast<std::uint64_t>(count));
    }
    return hash;
}

Status FluidEngine::Impl::build()
{
    ISOBAR_TRY(refuseWhatCannotBe(*base.fleet, base.options.operations));
    ISOBAR_TRY(base.build());
    prepare();
    if (startsAtWork) {
        for (std::size_t p = 0; p < places.size(); ++p) {
            std::int64_t here = 0;
            for (std::size_t row = 0; row < places[p].rows.size(); ++row) {
                Row& filled = places[p].rows[row];
                filled.inFlight = std::llround(targetInFlight(places[p], row, base.placements[p].counts().serving));
                here += filled.inFlight;
            }
            base.closed.inFlightAtStartBy.push_back(here);
            base.closed.inFlightAtStart += here;
        }
        base.closed.demand.requests = base.closed.inFlightAtStart;
    }
    return Done{};
}

/// The requests in flight in the base engine become this one's: each is one of its placement, spread over the
/// placement's workloads as their rates have it; one that waits for another attempt goes to the nearest at once.
void FluidEngine::Impl::takeRequests()
{
    std::vector<std::int64_t> taken;
    std::vector<double> queued;
    for (PlacementRun& run : base.placements) {
        queued.push_back(static_cast<double>(run.queued()));
        taken.push_back(run.dropRequests());
    }
    for (DemandSource& source : base.sources) {
        const std::int64_t waiting = source.forgetWaiting();
        if (source.candidates().empty()) {
            source.addUnrouted(waiting);
        } else {
            DemandSource::Candidate& nearest = source.candidates().front();
            nearest.routed += waiting;
            taken[nearest.way.placement] += waiting;
        }
    }
    prepare();
    for (std::size_t p = 0; p < places.size(); ++p) {
        Place& place = places[p];
        place.queued = queued[p];
        std::vector<double> upTo;
        double sum = 0;
        for (std::size_t row = 0; row < place.rows.size(); ++row) {
            constexpr double kLeast = 1e-9; // so that all goes somewhere
            sum += std::max(kLeast, targetInFlight(place, row, base.placements[p].counts().serving));
            upTo.push_back(sum);
        }
        std::int64_t given = 0;
        for (std::size_t row = 0; row < place.rows.size(); ++row) {
            const std::int64_t here =
                row + 1 == place.rows.size() ? taken[p] : std::llround(static_cast<double>(taken[p]) * upTo[row] / sum);
            place.rows[row].inFlight = here - given;
            given = here;
        }
    }
}

/// What the fluid has beside the base engine, for the placements and sources that has now.
void FluidEngine::Impl::prepare()
{
    const Fleet& fleet = *base.fleet;
    const Operations& operations = base.options.operations;
    for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
        const Placement& placement = fleet.placements[p];
        Place place(FluidPlacement(base.placements[p].model(), base.mixOf(placement.model).contextTokens));
        for (std::size_t w = 0; w < fleet.workloads.size(); ++w) {
            if (fleet.workloads[w].model == placement.model) {
                place.fluid.addWork(*base.lengths[w].input, *base.lengths[w].output);
                place.rows.emplace_back();
                place.rows.back().workload = static_cast<std::uint32_t>(w);
            }
        }
        place.rates.resize(place.rows.size());
        places.push_back(std::move(place));
    }
    for (std::size_t s = 0; s < base.sources.size(); ++s) {
        const DemandSource& source = base.sources[s];
        const std::size_t w = source.workload().index();
        policies.push_back(workloadOperations(operations, source.workload()).routing.value_or(operations.routing));
        shares.emplace_back(source.candidates().size());
        carry.emplace_back(source.candidates().size());
        for (std::size_t c = 0; c < source.candidates().size(); ++c) {
            const std::uint32_t p = source.candidates()[c].way.placement;
            places[p].rows[base.rowOfWorkload[p][w]].feeders.emplace_back(s, c);
        }
    }
    sourceCarry.resize(base.sources.size());
    again.resize(base.sources.size());
    loads = base.loads;
    // The base engine's own have no requests to look at.
    scalers = std::exchange(base.autoscalers, std::vector<std::optional<Autoscaler>>(base.autoscalers.size()));
    for (std::size_t bucket = 0; bucket < Sketch::kBuckets; ++bucket) {
        values.push_back(Sketch::valueOf(bucket));
        edges.push_back(values.back() * (Sketch::kGamma + 1) / 2);
    }
    edges.back() = std::numeric_limits<double>::infinity();

    constexpr int kFirstRounds = 400;
    route(static_cast<double>(base.now) * kSecondsPerMicro, kFirstRounds);
}

std::int64_t FluidEngine::Impl::inFlight() const
{
    std::int64_t requests = 0;
    for (const Place& place : places) {
        for (const Row& row : place.rows) {
            requests += row.inFlight;
        }
    }
    return requests;
}

/// What happens at the beginning of a step; true when some placement has more or fewer replicas than in the last.
bool FluidEngine::Impl::operate(double seconds)
{
    std::vector<std::int32_t> before;
    for (std::size_t p = 0; p < places.size(); ++p) {
        base.takeStock(p, seconds);
        before.push_back(base.placements[p].counts().serving);
    }
    base.operate(seconds);
    for (std::size_t p = 0; p < places.size(); ++p) {
        const std::int32_t left = base.placements[p].counts().serving;
        if (left < before[p]) {
            loseReplicas(p, 1 - static_cast<double>(left) / before[p]);
        }
    }
    for (std::size_t p = 0; p < places.size(); ++p) {
        if (!scalers[p]) {
            continue;
        }
        const PlacementRun& run = base.placements[p];
        const std::int32_t next = scalers[p]->wanted(seconds, run.active(), inFlightOf(p), run.target().places);
        if (next != base.wanted[p]) {
            base.say(Event::Kind::Scaled, fmt::format("Scaled from {} to {} replicas: {}", base.wanted[p], next,
                                                      base.fleet->placements[p].key));
            base.wanted[p] = next;
            base.matchWanted(p, seconds);
        }
    }
    bool changed = false;
    for (std::size_t p = 0; p < places.size(); ++p) {
        const std::int32_t now = base.placements[p].counts().serving;
        changed = changed || now != places[p].replicas;
        places[p].replicas = now;
    }
    return changed;
}

/// A share of a placement's replicas has broken down; what they held is tried again, where that is allowed.
void FluidEngine::Impl::loseReplicas(std::size_t placement, double ratio)
{
    Place& place = places[placement];
    place.queued *= 1 - ratio;
    for (std::size_t i = 0; i < place.rows.size(); ++i) {
        Row& row = place.rows[i];
        const std::int64_t gone = std::llround(static_cast<double>(row.inFlight) * ratio);
        row.inFlight -= gone;
        aggregate::DemandTotals& totals = base.placements[placement].rows()[i].totals;
        if (base.options.operations.retry.maxAttempts <= 1) {
            totals.lost += gone;
            continue;
        }
        totals.retried += gone;
        double rate = 0;
        for (const auto& [source, candidate] : row.feeders) {
            rate += base.sources[source].rate(0);
        }
        for (const auto& [source, candidate] : row.feeders) {
            again[source] += rate > 0 ? static_cast<double>(gone) * base.sources[source].rate(0) / rate : 0;
        }
    }
}

void FluidEngine::Impl::step(SimMicros end)
{
    // Steps and intervals end on whole minutes of the clock, wherever the run was taken over.
    const SimMicros minute = (base.clock() / kStepMicros + 1) * kStepMicros;
    const SimMicros until = std::min(end, minute) + base.settle;
    const SimMicros micros = until - base.now;
    if (micros <= 0) {
        return;
    }
    const double begin = static_cast<double>(base.now) * kSecondsPerMicro;
    const double length = static_cast<double>(micros) * kSecondsPerMicro;
    // Demand moves little in a minute, and the routers were settled before; not so when capacity has just changed.
    constexpr int kRounds = 8, kRoundsAfterChange = 100;
    route(begin + length / 2, operate(begin) ? kRoundsAfterChange : kRounds);
    arrive(length);
    for (std::size_t p = 0; p < places.size(); ++p) {
        serve(p, length);
    }
    base.now = until;
    for (std::size_t p = 0; p < places.size(); ++p) {
        base.chips[p] = base.placements[p].chips();
    }
    for (Gang& gang : base.gangs) {
        gang.run.advance(begin + length);
    }
    base.bookPools();
    base.ledger->pass(micros, base.chips, base.workMicros, base.poolsNow);
    if (base.clock() == end || base.clock() % kIntervalMicros == 0) {
        for (std::size_t p = 0; p < places.size(); ++p) {
            countLatencies(p);
        }
        base.closeInterval();
    }
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine_impl.h"
#include "model/engine/fluid_engine.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace isobar::engine {

using aggregate::Interval;
using aggregate::Layout;

namespace {

/// By Event::Kind.
constexpr std::array<std::string_view, 10> kEventKindNames{
    "plan-applied", "replicas-ready", "replicas-drained", "queue-building", "fault-began",
    "fault-ended",  "scaled",         "chips-lacking",    "chips-arrived",  "training"};
static_assert(kEventKindNames.size() == static_cast<std::size_t>(Event::Kind::Training) + 1);

} // namespace

std::string_view eventKindName(Event::Kind kind)
{
    return kEventKindNames[static_cast<std::size_t>(kind)];
}

std::optional<Event::Kind> eventKindByName(std::string_view name)
{
    const auto at = std::find(kEventKindNames.begin(), kEventKindNames.end(), name);
    return at == kEventKindNames.end() ? std::nullopt
                                       : std::optional(static_cast<Event::Kind>(at - kEventKindNames.begin()));
}

Result<Engine> Engine::create(std::shared_ptr<const Fleet> fleet, const Calibration& calibration, EngineOptions options)
{
    auto impl = std::make_unique<Impl>();
    impl->fleet = std::move(fleet);
    impl->calibration = calibration;
    if (options.threads <= 0) {
        options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    }
    impl->options = options;
    impl->crew = std::make_shared<Crew>(options.threads);
    ISOBAR_TRY(impl->build());
    impl->startsAtWork = impl->settle > 0;
    return Engine(std::move(impl));
}

Engine::Engine(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Engine Engine::clone() const
{
    return Engine(std::make_unique<Impl>(*m_impl));
}

void Engine::step()
{
    // Here, not when it is made: whoever makes it may have a window to draw.
    if (std::exchange(m_impl->startsAtWork, false)) {
        FluidEngine::startAtWork(*this);
    }
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
        ISOBAR_TRY(e.iterationModel(*fleet, fleet->placements[p]));
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
        const std::int32_t active = e.placements[p].active();
        e.wanted[p] = e.fleet->placements[p].replicas;
        if (active == e.wanted[p]) {
            continue;
        }
        (e.wanted[p] > active ? added : removed) += std::abs(e.wanted[p] - active);
        e.matchWanted(p, seconds);
        e.loads[p] = e.placements[p].load(e.loads[p].spillRatio);
    }
    e.returnBounced();
    e.tellNews();
    e.events.push_back({e.clock(), Event::Kind::PlanApplied,
                        fmt::format("Plan applied: {} replicas warm up, {} finish and leave", added, removed)});
    return Done{};
}

Result<std::uint32_t> Engine::inject(const Fault& fault)
{
    Impl& e = *m_impl;
    Operations one;
    one.faults = {fault};
    ISOBAR_TRY(validate(one, *e.fleet));
    return e.faultClock->inject(fault, static_cast<double>(e.now) * kSecondsPerMicro);
}

void Engine::mend(std::uint32_t fault)
{
    m_impl->endFault(fault);
}

std::vector<std::pair<std::uint32_t, Fault>> Engine::faults() const
{
    std::vector<std::pair<std::uint32_t, Fault>> all;
    for (const ActiveFault& active : m_impl->activeFaults) {
        all.emplace_back(active.number, active.fault);
    }
    return all;
}

std::vector<TrainingState> Engine::trainingStates() const
{
    std::vector<TrainingState> all;
    for (const Gang& gang : m_impl->gangs) {
        TrainingState state;
        state.phase = static_cast<TrainingState::Phase>(gang.run.state());
        state.keptSeconds = gang.run.keptSeconds();
        state.unsavedSeconds = gang.run.unsavedSeconds();
        state.lostSeconds = gang.run.lostSeconds();
        state.goodputRatio = gang.run.goodputRatio();
        state.restarts = gang.run.restarts();
        for (std::size_t block = 0; block < gang.blocks.size(); ++block) {
            state.chipsHeld += gang.holders[block] ? gang.blocks[block] : 0;
        }
        all.push_back(state);
    }
    return all;
}

RunTotals Engine::totals() const
{
    return m_impl->totals();
}

std::int64_t Engine::waiting() const
{
    return m_impl->waiting();
}

std::shared_ptr<const Fleet> Engine::fleet() const
{
    return m_impl->fleet;
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
        all.push_back({run.counts().serving, run.counts().warming, run.counts().draining, run.running(), run.queued()});
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
        hash = run.hash(hash);
    }
    for (const ReportedLoad& load : e.loads) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(load.spillRatio));
    }
    hash = e.ledger->hash(hash);
    hash = e.faultClock->hash(hash);
    for (const Gang& gang : e.gangs) {
        hash = gang.run.hash(hash);
    }
    for (const auto& scaler : e.autoscalers) {
        hash = scaler ? scaler->hash(hash) : hash;
    }
    const RunTotals totals = e.totals();
    for (const std::int64_t count :
         {totals.demand.requests, totals.demand.completed, totals.demand.rejected, totals.demand.lost,
          totals.demand.sloMet, totals.demand.tokensIn, totals.demand.tokensOut, totals.demand.egressMicroUsd,
          totals.demand.retried, totals.inFlight}) {
        hash = mix(hash, static_cast<std::uint64_t>(count));
    }
    return hash;
}

std::size_t Engine::memoryBytes() const
{
    const Impl& e = *m_impl;
    std::size_t bytes = sizeof e;
    for (const DemandSource& source : e.sources) {
        bytes += source.memoryBytes();
    }
    for (const PlacementRun& run : e.placements) {
        bytes += run.memoryBytes();
    }
    for (const auto& held : e.holderOfSlot) {
        bytes += held.size() * (sizeof held[0] + sizeof(Capacity::Holder));
    }
    for (std::size_t pool = 0; pool < e.capacity->pools(); ++pool) {
        bytes += e.capacity->map(PoolId(pool)).memoryBytes();
    }
    return bytes;
}

} // namespace isobar::engine

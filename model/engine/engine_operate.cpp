// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine_impl.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

/// What happens to a fleet between two windows: faults, scaling, chips that come and go, training gangs.
namespace isobar::engine {
namespace {

constexpr std::uint64_t kVictimStream = 4;

/// "1 chip", "2 chips".
template <class Count> std::string counted(Count count, const char* what)
{
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

} // namespace

void Engine::Impl::operate(double seconds)
{
    for (const FaultClock::Turn& turn : faultClock->due(seconds)) {
        switch (turn.phase) {
        case FaultClock::Turn::Phase::Notice:
            announceFault(turn, seconds);
            break;
        case FaultClock::Turn::Phase::Begin:
            beginFault(turn, seconds);
            break;
        case FaultClock::Turn::Phase::End:
            endFault(turn.number);
            break;
        }
    }
    std::vector<PoolId> arrived;
    chipsFreed = capacity->update(seconds, arrived) || chipsFreed;
    for (const PoolId pool : arrived) {
        say(Event::Kind::ChipsArrived, fmt::format("Chips have arrived: {}", (*fleet)[pool].key));
    }
    autoscale(seconds);
    for (Gang& gang : gangs) {
        gang.run.advance(seconds);
        if (chipsFreed && gang.run.state() == TrainingRun::State::Waiting) {
            gather(gang, seconds);
        }
    }
    if (!chipsFreed) {
        return;
    }
    chipsFreed = false;
    for (std::size_t p = 0; p < placements.size(); ++p) {
        if (lacksChips[p]) {
            matchWanted(p, seconds);
        }
    }
}

std::string Engine::Impl::placeOf(const Fault& fault) const
{
    std::string place = fault.pool.valid()       ? (*fleet)[fault.pool].key
                        : fault.region.valid()   ? regionKey(*fleet, fault.region)
                        : fault.provider.valid() ? (*fleet)[fault.provider].name
                                                 : "everywhere";
    return fault.otherRegion.valid() ? place + " - " + regionKey(*fleet, fault.otherRegion) : place;
}

/// `number` makes the draw of victims differ from fault to fault and nothing else.
std::vector<Capacity::Range> Engine::Impl::rangesOf(const Fault& fault, std::uint64_t number) const
{
    std::vector<Capacity::Range> ranges;
    switch (fault.kind) {
    case FaultKind::Chip:
    case FaultKind::Node:
    case FaultKind::Rack: {
        const std::uint32_t units = capacity->units(fault.kind, fault.pool);
        Random random(options.seed, kVictimStream, number);
        for (std::uint32_t i = 0;
             units > 0 && i < std::min<std::uint32_t>(units, static_cast<std::uint32_t>(fault.count)); ++i) {
            // Those named, else a drawn one and its neighbours: what fails together stands together.
            const std::uint32_t first = fault.unit >= 0
                                            ? static_cast<std::uint32_t>(fault.unit)
                                            : Random::below(static_cast<std::uint32_t>(random.bits()), units);
            if (i == 0) {
                ranges.push_back(capacity->chipsOf(fault.kind, fault.pool, first % units));
                continue;
            }
            const std::uint32_t size = ranges.front().count > 0 ? ranges.front().count : 1;
            const std::uint32_t start = ranges.front().first / size;
            ranges.push_back(capacity->chipsOf(fault.kind, fault.pool, (start + i) % units));
        }
        return ranges;
    }
    case FaultKind::Zone:
        return capacity->zoneOf(fault.region, fault.count - 1);
    case FaultKind::Region:
        return capacity->all(fault.region);
    case FaultKind::Provider:
        return capacity->all(fault.provider);
    case FaultKind::SpotWave:
        for (std::size_t p = 0; p < fleet->pools.size(); ++p) {
            const PoolId pool(p);
            const RegionId region = (*fleet)[pool].region;
            const bool here = fault.pool.valid()     ? fault.pool == pool
                              : fault.region.valid() ? fault.region == region
                                                     : fault.provider == (*fleet)[region].provider;
            if (here) {
                ranges.push_back(capacity->spotOf(pool, fault.ratio));
            }
        }
        return ranges;
    case FaultKind::LinkCut:
    case FaultKind::LinkSlow:
    case FaultKind::StaleControl:
        break;
    }
    return ranges;
}

/// Spot chips are about to go: what serves on them takes nothing more, finishes what it can, and is replaced elsewhere.
/// A training gang saves what it has done, if it can in time, and goes on until they go.
void Engine::Impl::announceFault(const FaultClock::Turn& turn, double seconds)
{
    ActiveFault active{turn.number, turn.fault, rangesOf(turn.fault, turn.number), true};
    std::int64_t replicas = 0;
    for (const Capacity::Range& range : active.broken) {
        for (const std::uint32_t number : capacity->cordon(range)) {
            const Capacity::Holder holder = capacity->holder(number);
            if (holder.training) {
                const std::string& job = fleet->trainingJobs[gangs[holder.number].job].name;
                if (gangs[holder.number].run.notice(seconds, turn.beginSeconds)) {
                    say(Event::Kind::Training,
                        fmt::format("Training writes a checkpoint before its chips go: {}", job));
                }
                continue;
            }
            PlacementRun& run = placements[holder.number];
            if (run.state(holder.slot) == PlacementRun::State::Draining) {
                continue;
            }
            ++replicas;
            run.drain(holder.slot, seconds);
            takeStock(holder.number, seconds); // one with nothing to finish has gone already
        }
    }
    say(Event::Kind::FaultBegan, fmt::format("Notice ({}): {}, {} to drain", faultKindName(turn.fault.kind),
                                             placeOf(turn.fault), counted(replicas, "replica")));
    activeFaults.push_back(std::move(active));
    replaceLost(seconds);
}

/// Elsewhere in the pool, if there is room.
void Engine::Impl::replaceLost(double seconds)
{
    for (std::size_t p = 0; p < placements.size(); ++p) {
        if (placements[p].active() < wanted[p]) {
            matchWanted(p, seconds);
        }
    }
}

void Engine::Impl::beginFault(const FaultClock::Turn& turn, double seconds)
{
    const auto same = [&](const ActiveFault& other) { return other.number == turn.number; };
    const auto announced = std::find_if(activeFaults.begin(), activeFaults.end(), same);
    ActiveFault active{turn.number, turn.fault, {}};
    if (announced != activeFaults.end()) {
        active.broken = std::move(announced->broken);
        activeFaults.erase(announced);
        for (const Capacity::Range& range : active.broken) {
            capacity->allow(range);
        }
    } else if (turn.announced) {
        return; // called off
    } else {
        active.broken = rangesOf(turn.fault, turn.number);
    }
    std::int64_t chipsLost = 0, replicas = 0;
    for (const Capacity::Range& range : active.broken) {
        const std::int64_t before = capacity->map(range.pool).brokenChips();
        replicas += loseHolders(capacity->breakChips(range), seconds);
        chipsLost += capacity->map(range.pool).brokenChips() - before;
        if (ledger->addDown(range.pool)) {
            auto next = std::make_shared<aggregate::Layout>(*layout);
            next->supply = ledger->layoutRows();
            layout = std::move(next);
        }
    }
    activeFaults.push_back(std::move(active));
    followLinks();
    followViews();
    std::string text = fmt::format("Fault ({}): {}", faultKindName(turn.fault.kind), placeOf(turn.fault));
    if (chipsLost > 0) {
        text += fmt::format(", {} down, {} gone", counted(chipsLost, "chip"), counted(replicas, "replica"));
    }
    say(Event::Kind::FaultBegan, std::move(text));
    replaceLost(seconds);
}

void Engine::Impl::endFault(std::uint32_t number)
{
    const auto at = std::find_if(activeFaults.begin(), activeFaults.end(),
                                 [&](const ActiveFault& active) { return active.number == number; });
    if (at == activeFaults.end()) {
        return; // mended before its time
    }
    for (const Capacity::Range& range : at->broken) {
        if (at->announced) {
            capacity->allow(range);
        } else {
            capacity->mendChips(range);
        }
    }
    const Fault fault = at->fault;
    activeFaults.erase(at);
    chipsFreed = true;
    followLinks();
    followViews();
    say(Event::Kind::FaultEnded, fmt::format("Mended ({}): {}", faultKindName(fault.kind), placeOf(fault)));
}

/// Replicas that went.
std::int64_t Engine::Impl::loseHolders(const std::vector<std::uint32_t>& holders, double seconds)
{
    std::int64_t replicas = 0;
    for (const std::uint32_t number : holders) {
        const Capacity::Holder holder = capacity->holder(number);
        capacity->release(number);
        if (!holder.training) {
            placements[holder.number].kill(holder.slot, seconds);
            ++replicas;
            continue;
        }
        Gang& gang = gangs[holder.number];
        std::replace(gang.holders.begin(), gang.holders.end(), std::optional(number), std::optional<std::uint32_t>());
        if (gang.run.state() != TrainingRun::State::Waiting) {
            gang.run.breakDown(seconds);
            say(Event::Kind::Training,
                fmt::format("Training stops: {} has lost chips", fleet->trainingJobs[gang.job].name));
        }
        chipsFreed = true; // it may find others
    }
    return replicas;
}

/// Sets what every source's way to every placement suffers from the links that are cut or slow.
void Engine::Impl::followLinks()
{
    for (DemandSource& source : sources) {
        for (DemandSource::Candidate& candidate : source.candidates()) {
            const RegionId to = (*fleet)[fleet->placements[candidate.way.placement].pool].region;
            const RegionId from = (*fleet)[source.area()].rttProxy;
            double ratio = 1;
            for (const ActiveFault& active : activeFaults) {
                const Fault& fault = active.fault;
                const bool isLink = fault.kind == FaultKind::LinkCut || fault.kind == FaultKind::LinkSlow;
                const bool here = (fault.region == from && fault.otherRegion == to) ||
                                  (fault.region == to && fault.otherRegion == from);
                if (isLink && here) {
                    ratio *= fault.kind == FaultKind::LinkCut ? std::numeric_limits<double>::infinity() : fault.ratio;
                }
            }
            candidate.delayRatio = ratio;
        }
    }
}

void Engine::Impl::followViews()
{
    for (std::size_t p = 0; p < placements.size(); ++p) {
        const RegionId region = (*fleet)[fleet->placements[p].pool].region;
        frozenViews[p] = std::any_of(activeFaults.begin(), activeFaults.end(), [&](const ActiveFault& active) {
            return active.fault.kind == FaultKind::StaleControl &&
                   (!active.fault.region.valid() || active.fault.region == region);
        });
    }
}

/// What became of replicas since the last time, as one event a kind: a region's fate touches many placements.
void Engine::Impl::tellNews()
{
    const auto tell = [this](Event::Kind kind, News::Count& count, const char* what) {
        if (count.replicas > 0) {
            const std::string where = count.placements == 1 ? fleet->placements[count.placement].key
                                                            : fmt::format("{} placements", count.placements);
            say(kind, fmt::format("{} replicas {}: {}", count.replicas, what, where));
        }
        count = {};
    };
    tell(Event::Kind::ReplicasReady, news.ready, "ready");
    tell(Event::Kind::ReplicasDrained, news.gone, "gone");
    tell(Event::Kind::ChipsLacking, news.lacking, "wait for chips");
}

bool Engine::Impl::startReplica(std::size_t placement, double readySeconds)
{
    Capacity::Holder holder;
    holder.pool = fleet->placements[placement].pool;
    holder.number = static_cast<std::uint32_t>(placement);
    holder.chips = fleet->placements[placement].tensorParallel;
    const auto taken = capacity->take(holder);
    if (!taken) {
        return false;
    }
    const std::uint32_t slot = placements[placement].add(readySeconds);
    capacity->setSlot(*taken, slot);
    std::vector<std::uint32_t>& held = holderOfSlot[placement];
    held.resize(std::max<std::size_t>(held.size(), slot + 1));
    held[slot] = *taken;
    return true;
}

void Engine::Impl::freeSlots(std::size_t placement, const std::vector<std::uint32_t>& slots)
{
    for (const std::uint32_t slot : slots) {
        capacity->release(holderOfSlot[placement][slot]);
        chipsFreed = true;
    }
}

/// Starts or removes replicas until there are as many as wanted, or no chips are left.
void Engine::Impl::matchWanted(std::size_t placement, double seconds)
{
    PlacementRun& run = placements[placement];
    if (run.active() > wanted[placement]) {
        freeSlots(placement, run.remove(run.active() - wanted[placement], seconds));
        takeStock(placement, seconds); // the idle ones have gone already
    }
    const double ready = seconds + warmUpSeconds(PlacementId(placement));
    while (run.active() < wanted[placement] && startReplica(placement, ready)) {
    }
    const bool lacks = run.active() < wanted[placement];
    if (lacks && !lacksChips[placement]) {
        news.lacking.add(placement, wanted[placement] - run.active());
    }
    lacksChips[placement] = lacks;
}

/// Notes which replicas have become ready and which have gone.
void Engine::Impl::takeStock(std::size_t placement, double seconds)
{
    const PlacementRun::Change change = placements[placement].update(seconds);
    news.ready.add(placement, change.ready);
    news.gone.add(placement, static_cast<std::int64_t>(change.gone.size()));
    freeSlots(placement, change.gone);
}

void Engine::Impl::gather(Gang& gang, double seconds)
{
    bool all = true;
    for (std::size_t block = 0; block < gang.blocks.size(); ++block) {
        if (!gang.holders[block]) {
            Capacity::Holder holder;
            holder.pool = gang.pool;
            holder.training = true;
            holder.number = gang.job;
            holder.chips = gang.blocks[block];
            gang.holders[block] = capacity->take(holder);
            all = all && gang.holders[block].has_value();
        }
    }
    if (all) {
        gang.run.gather(seconds);
        if (gang.run.state() == TrainingRun::State::Restarting) {
            say(Event::Kind::Training, fmt::format("Training restarts: {}", fleet->trainingJobs[gang.job].name));
        }
    }
}

void Engine::Impl::autoscale(double seconds)
{
    for (std::size_t p = 0; p < placements.size(); ++p) {
        if (!autoscalers[p]) {
            continue;
        }
        const PlacementRun& run = placements[p];
        const std::int32_t next =
            autoscalers[p]->wanted(seconds, run.active(), static_cast<double>(run.inFlight()), run.target().places);
        if (next != wanted[p]) {
            say(Event::Kind::Scaled,
                fmt::format("Scaled from {} to {} replicas: {}", wanted[p], next, fleet->placements[p].key));
            wanted[p] = next;
            matchWanted(p, seconds);
        }
    }
}

void Engine::Impl::bookPools()
{
    for (std::size_t i = 0; i < poolsNow.size(); ++i) {
        const PoolId pool(i);
        Ledger::PoolNow& book = poolsNow[i];
        book.otherTenantRatio = capacity->otherTenantRatio(pool);
        book.arrivedChips = capacity->arrivedChips(pool);
        book.trainingChips = book.trainingBusyChipMicros = 0;
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            book.downChips[p] = capacity->downChips(pool, static_cast<PricingModel>(p));
        }
    }
    for (const Gang& gang : gangs) {
        Ledger::PoolNow& book = poolsNow[gang.pool.index()];
        std::int64_t held = 0, gangChips = 0;
        for (std::size_t block = 0; block < gang.blocks.size(); ++block) {
            held += gang.holders[block] ? gang.blocks[block] : 0;
            gangChips += gang.blocks[block];
        }
        book.trainingChips += held;
        book.trainingBusyChipMicros += std::llround(gang.run.busySeconds() / kSecondsPerMicro) * gangChips;
    }
}

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine_impl.h"

#include <fmt/format.h>

namespace isobar::engine {

using aggregate::DemandTotals;
using aggregate::Interval;
using aggregate::kLatencies;
using aggregate::Layout;
using aggregate::SparseSketch;

namespace {

/// Placements that are served together: so many that their replicas still fit the cache nearest to memory's.
constexpr std::size_t kTogether = 4;

} // namespace

void Engine::Impl::step()
{
    const double begin = static_cast<double>(now) * kSecondsPerMicro;
    const SimMicros until = now + options.windowMicros;
    const double end = static_cast<double>(until) * kSecondsPerMicro;

    operate(begin);
    crew->run(sources.size(), [&](std::size_t i) { sources[i].draw(begin, end, board); });
    crew->run((placements.size() + kTogether - 1) / kTogether, [&](std::size_t group) {
        const std::size_t first = group * kTogether;
        PlacementRun::serve(std::span(placements).subspan(first, std::min(kTogether, placements.size() - first)), end,
                            sources);
    });

    now = until;
    for (std::size_t p = 0; p < placements.size(); ++p) {
        chips[p] = placements[p].chips();
        workMicros[p] = placements[p].workMicros();
        takeStock(p, end);
        loads[p] = placements[p].load(loads[p].spillRatio);
    }
    tellNews();
    board.publish(loads, frozenViews);
    returnBounced();
    bookPools();
    ledger->pass(options.windowMicros, chips, workMicros, poolsNow);
    watchQueues();
    if (now - intervalBegin >= options.intervalMicros) {
        closeInterval();
    }
}

/// In the order of placements, so that it does not depend on threads.
void Engine::Impl::returnBounced()
{
    for (PlacementRun& run : placements) {
        for (const Bounce& bounce : run.bounced()) {
            sources[bounce.source].takeBack(bounce);
        }
        run.bounced().clear();
    }
}

void Engine::Impl::watchQueues()
{
    for (std::size_t p = 0; p < placements.size(); ++p) {
        const PlacementRun& run = placements[p];
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
            const PlacementRun::DemandRow& counts = placements[p].rows()[row];
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
            open.demand[demandRows[to.way.placement][rowOfWorkload[to.way.placement][workload]]].requests += to.routed;
            open.flows[to.way.placement * layout->areas + source.area().index()] += to.routed;
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
    crew->run(placements.size(), [&](std::size_t p) {
        std::array<std::vector<SparseSketch::Bucket>, kLatencies> buckets;
        std::vector<PlacementRun::DemandRow>& rows = placements[p].rows();
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (rows[row].totals.completed > 0) {
                rows[row].latencies.takeInto(buckets);
                for (std::size_t kind = 0; kind < kLatencies; ++kind) {
                    interval->latencies[demandRows[p][row]][kind] = SparseSketch(buckets[kind]);
                }
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
        countFromHere();
        events.clear();
        return;
    }
    intervals.push_back(std::move(interval));
}

void Engine::Impl::countFromHere()
{
    closed = {};
    closed.demand.requests = inFlight(); // totals() adds those that wait
    closed.inFlightAtStart = inFlight() + waiting();
    for (const PlacementRun& placement : placements) {
        closed.inFlightAtStartBy.push_back(placement.inFlight());
    }
}

std::int64_t Engine::Impl::inFlight() const
{
    std::int64_t requests = 0;
    for (const auto& placement : placements) {
        requests += placement.inFlight();
    }
    return requests;
}

std::int64_t Engine::Impl::waiting() const
{
    std::int64_t requests = 0;
    for (const DemandSource& source : sources) {
        requests += source.waiting();
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
    // Each request once, however often it was routed, from the moment it came.
    const std::int64_t notRouted = waiting();
    all.demand.requests += notRouted - all.demand.retried;
    all.inFlight = inFlight() + notRouted;
    return all;
}

} // namespace isobar::engine

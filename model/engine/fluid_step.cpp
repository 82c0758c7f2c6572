// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_impl.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

/// One step of the fluid: where demand goes, how it is served, and what is counted.
namespace isobar::engine {

using aggregate::Latency;
using aggregate::Sketch;

namespace {

/// Requests that may wait in one replica, in batches: as PlacementRun has it.
constexpr double kQueuedBatches = 4;
/// How much of the state a law was made for may change before it is made anew.
constexpr double kLawTolerance = 0.02;

bool nearlyEqual(double a, double b)
{
    return std::abs(a - b) <= kLawTolerance * std::max({std::abs(a), std::abs(b), 1e-9});
}

/// Takes the whole part out of what has gathered.
std::int64_t takeWhole(double& carry)
{
    const double whole = std::floor(carry);
    carry -= whole;
    return static_cast<std::int64_t>(whole);
}

/// The share of a law within `limit`.
double within(const BucketMass& mass, double limit)
{
    double sum = 0;
    for (std::size_t bucket = 0; bucket < mass.size() && Sketch::valueOf(bucket) <= limit; ++bucket) {
        sum += mass[bucket];
    }
    return sum;
}

} // namespace

double FluidEngine::Impl::targetInFlight(const Place& place, std::size_t row, double replicas)
{
    const double rate = place.rows[row].ratePerSecond;
    const double all = std::accumulate(place.rates.begin(), place.rates.end(), 0.0) * replicas;
    FluidPlacement::State moving = place.state;
    moving.queueWaitSeconds = 0;
    const double queued = all > 0 ? place.queued * rate / all : 0;
    return rate * place.state.servedRatio * place.fluid.residenceSeconds(moving, row) + queued +
           place.rows[row].onTheWay;
}

double FluidEngine::Impl::inFlightOf(std::size_t placement) const
{
    double sum = 0;
    for (std::size_t row = 0; row < places[placement].rows.size(); ++row) {
        sum += targetInFlight(places[placement], row, base.placements[placement].counts().serving);
    }
    return sum;
}

/// Sets the shares of a source's candidates; false when none serves.
bool FluidEngine::Impl::shareOut(std::size_t source)
{
    const std::vector<DemandSource::Candidate>& candidates = base.sources[source].candidates();
    view.clear();
    for (const DemandSource::Candidate& candidate : candidates) {
        view.push_back(loads[candidate.way.placement]);
        if (std::isinf(candidate.delayRatio)) {
            view.back().places = 0;
        }
    }
    std::vector<double>& to = shares[source];
    if (!routeShares(policies[source], view, cumulative)) {
        std::fill(to.begin(), to.end(), 0);
        return false;
    }
    double last = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        to[i] = std::max(0.0, cumulative[i] - last);
        last = cumulative[i];
    }
    if (policies[source] == RoutingPolicy::LatencyAware) {
        shareByProbes(source);
    }
    return true;
}

/// The best of d probes in the mean: with the candidates from best to worst, one is taken when every probe falls on it
/// or worse, but not all on worse.
void FluidEngine::Impl::shareByProbes(std::size_t source)
{
    const std::vector<DemandSource::Candidate>& candidates = base.sources[source].candidates();
    std::vector<double>& to = shares[source];
    std::vector<std::size_t> order;
    std::vector<Probe> probes;
    for (std::size_t i = 0; i < to.size(); ++i) {
        const double full = view[i].places > 0 ? view[i].inFlight / view[i].places : INFINITY;
        probes.push_back({full, view[i].ttftSeconds + 2 * candidates[i].way.oneWaySeconds});
        order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return bestProbe(std::array{probes[b], probes[a]}) == 1;
    });
    double left = 1;
    const int most = std::max(1, base.options.operations.probes);
    for (const std::size_t i : order) {
        const double after = std::max(0.0, left - to[i]);
        to[i] = std::pow(left, most) - std::pow(after, most);
        left = after;
    }
}

/// The fixed point of the routers and the load they make, each placement following with a gain that is halved when it
/// swings.
void FluidEngine::Impl::route(double seconds, int rounds)
{
    constexpr double kTolerance = 5e-3, kFirstGain = 0.1, kLeastGain = 0.02, kMostGain = 0.7;
    // Beyond it every router has turned away already.
    constexpr double kFullest = 1.25;
    sourceRates.resize(base.sources.size());
    for (std::size_t s = 0; s < base.sources.size(); ++s) {
        sourceRates[s] = base.sources[s].rate(seconds);
    }
    for (Place& place : places) {
        place.gain = std::max(place.gain, kFirstGain);
    }
    bool settled = false;
    for (int round = 0; round < rounds && !settled; ++round) {
        for (Place& place : places) {
            for (Row& row : place.rows) {
                row.ratePerSecond = row.onTheWay = 0;
            }
        }
        for (std::size_t p = 0; p < places.size(); ++p) {
            const PlacementRun& run = base.placements[p];
            loads[p] = {places[p].inFlightView, run.target().places * run.counts().serving, 0,
                        places[p].state.ttftSeconds + places[p].state.queueWaitSeconds};
            // What a ratio of zero heads for.
            loads[p].spillRatio = nextSpillRatio(loads[p]) / kSpillRise;
        }
        for (std::size_t s = 0; s < base.sources.size(); ++s) {
            if (!shareOut(s)) {
                continue;
            }
            const std::size_t workload = base.sources[s].workload().index();
            for (std::size_t c = 0; c < shares[s].size(); ++c) {
                if (shares[s][c] > 0) {
                    const DemandSource::Candidate& to = base.sources[s].candidates()[c];
                    Row& row = places[to.way.placement].rows[base.rowOfWorkload[to.way.placement][workload]];
                    const double rate = sourceRates[s] * shares[s][c];
                    row.ratePerSecond += rate;
                    row.onTheWay += rate * to.way.oneWaySeconds * to.delayRatio;
                }
            }
        }
        settled = true;
        for (std::size_t p = 0; p < places.size(); ++p) {
            Place& place = places[p];
            const double replicas = base.placements[p].counts().serving;
            for (std::size_t row = 0; row < place.rows.size(); ++row) {
                place.rates[row] = replicas > 0 ? place.rows[row].ratePerSecond / replicas : 0;
            }
            if (round == 0 || place.rates != place.ratesOfState) {
                const double wait = place.state.queueWaitSeconds;
                place.state = place.fluid.steady(place.rates, place.state.batch);
                place.state.queueWaitSeconds = wait;
                place.ratesOfState = place.rates;
            }
            const double size = base.placements[p].target().places * std::max(1.0, replicas);
            const double most = kFullest * size; // which saturation is in any case
            const double heads = place.state.servedRatio < 1 ? most : std::min(most, inFlightOf(p));
            const double change = heads - place.inFlightView;
            settled = settled && std::abs(change) <= kTolerance * size;
            place.gain = change * place.lastChange < 0 ? std::max(kLeastGain, place.gain / 2)
                                                       : std::min(kMostGain, place.gain * 1.2);
            place.lastChange = change;
            place.inFlightView += place.gain * change;
        }
    }
}

/// Routes the requests of a step, in whole ones.
void FluidEngine::Impl::arrive(double length)
{
    for (Place& place : places) {
        for (Row& row : place.rows) {
            row.arrived = 0;
        }
    }
    for (std::size_t s = 0; s < base.sources.size(); ++s) {
        DemandSource& source = base.sources[s];
        const double requests = sourceRates[s] * length + again[s];
        again[s] = 0;
        double shared = 0;
        for (std::size_t c = 0; c < shares[s].size(); ++c) {
            if (shares[s][c] <= 0) {
                continue;
            }
            shared += shares[s][c];
            carry[s][c] += requests * shares[s][c];
            const std::int64_t routed = takeWhole(carry[s][c]);
            DemandSource::Candidate& to = source.candidates()[c];
            to.routed += routed;
            places[to.way.placement].rows[base.rowOfWorkload[to.way.placement][source.workload().index()]].arrived +=
                routed;
        }
        if (shared <= 0) {
            sourceCarry[s] += requests;
            source.addUnrouted(takeWhole(sourceCarry[s]));
        }
    }
}

void FluidEngine::Impl::serve(std::size_t placement, double length)
{
    Place& place = places[placement];
    const PlacementRun& run = base.placements[placement];
    const double replicas = run.counts().serving;
    const double rate = std::accumulate(place.rates.begin(), place.rates.end(), 0.0) * replicas;
    const double limit = kQueuedBatches * replicas * std::max(1, run.model().maxBatch);
    const double before = place.queued, capacity = rate * place.state.capacityRatio;
    double after = rate > 0 ? std::max(0.0, before + (rate - capacity) * length) : 0;
    const double refused = std::max(0.0, after - limit);
    after = std::min(after, limit);
    place.queued = after;
    if (after > 0 && place.state.servedRatio == 1) { // a queue is worked off with full batches
        std::vector<double> full = place.rates;
        for (double& each : full) {
            each *= place.state.capacityRatio;
        }
        place.state = place.fluid.steady(full, place.state.batch);
    }
    place.state.queueWaitSeconds = capacity > 0 ? (before + after) / 2 / capacity : 0;

    const std::int64_t batches = std::int64_t{run.counts().serving} * run.model().maxBatch;
    if (!base.queueing[placement] && after > static_cast<double>(batches) / 4 && after > 0) {
        base.queueing[placement] = true;
        base.say(Event::Kind::QueueBuilding,
                 fmt::format("{} requests wait at {}", std::llround(after), base.fleet->placements[placement].key));
    } else if (base.queueing[placement] && after <= static_cast<double>(batches) / 16) {
        base.queueing[placement] = false;
    }

    const double refusedRatio = rate > 0 ? std::min(1.0, refused / (rate * length)) : 0;
    const double queueGrowth = after - before;
    double work = 0;
    for (std::size_t i = 0; i < place.rows.size(); ++i) {
        Row& row = place.rows[i];
        const FluidPlacement::Work& law = place.fluid.works()[i];
        aggregate::DemandTotals& totals = base.placements[placement].rows()[i].totals;
        row.rejectedCarry += static_cast<double>(row.arrived) * std::min(1.0, refusedRatio + law.tooLongRatio);
        const std::int64_t rejected = std::min(row.arrived, takeWhole(row.rejectedCarry));
        totals.rejected += rejected;
        const std::int64_t accepted = row.arrived - rejected;
        const std::int64_t there = row.inFlight + accepted;
        row.inFlight = std::clamp<std::int64_t>(std::llround(targetInFlight(place, i, replicas)), 0, there);
        const std::int64_t completed = there - row.inFlight;
        const double share = rate > 0 ? row.ratePerSecond / rate : 0;
        const double started = std::max(0.0, static_cast<double>(accepted) - queueGrowth * share);
        work += started * law.prefillWorkSeconds + static_cast<double>(completed) * law.decodeWorkSeconds;
        complete(placement, i, completed);
    }
    place.workCarry += work * base.fleet->placements[placement].tensorParallel / kSecondsPerMicro;
    base.workMicros[placement] += takeWhole(place.workCarry);
}

/// Counts what has been completed, with the latencies the law predicts.
void FluidEngine::Impl::complete(std::size_t placement, std::size_t index, std::int64_t completed)
{
    if (completed <= 0) {
        return;
    }
    Place& place = places[placement];
    Row& row = place.rows[index];
    PlacementRun::DemandRow& out = base.placements[placement].rows()[index];
    const FluidPlacement::Work& law = place.fluid.works()[index];
    const auto count = static_cast<double>(completed);
    out.totals.completed += completed;
    row.inCarry += count * law.input.mean;
    row.outCarry += count * law.output.mean;
    const std::int64_t tokensOut = takeWhole(row.outCarry);
    out.totals.tokensIn += takeWhole(row.inCarry);
    out.totals.tokensOut += tokensOut;
    out.egressBytes += kBytesPerRequest * completed + kBytesPerOutputToken * tokensOut;
}

/// Spreads what a placement has completed in the interval over the latencies the law of the moment predicts.
void FluidEngine::Impl::countLatencies(std::size_t placement)
{
    Place& place = places[placement];
    for (std::size_t index = 0; index < place.rows.size(); ++index) {
        if (base.placements[placement].rows()[index].totals.completed > 0) {
            countLatencies(place, index, base.placements[placement].rows()[index]);
        }
    }
}

void FluidEngine::Impl::countLatencies(Place& place, std::size_t index, PlacementRun::DemandRow& out)
{
    Row& row = place.rows[index];
    const FluidPlacement::Work& law = place.fluid.works()[index];
    const std::int64_t completed = out.totals.completed;
    const auto count = static_cast<double>(completed);
    const bool anew = followLaw(place, index, row);
    const double met = addNetwork(row) * row.itlMetRatio;
    if (anew) {
        place.fluid.endToEndLaw(row.lawOf, index, row.ttft, row.toEnd);
    }
    row.sloCarry += count * met;
    out.totals.sloMet += std::min(completed, takeWhole(row.sloCarry));

    // Points spread evenly over the law, beginning elsewhere in every step: sums over steps fill what one leaves out.
    constexpr double kGolden = 0.6180339887498949;
    const double offset = static_cast<double>(++row.draws) * kGolden;
    const double begin = offset - std::floor(offset);
    const auto spread = [&](const BucketMass& mass, std::int64_t times, Latency kind) {
        double sum = 0;
        std::int64_t last = 0;
        std::size_t end = 0;
        for (std::size_t bucket = 0; bucket < mass.size(); ++bucket) {
            if (mass[bucket] <= 0) {
                continue;
            }
            sum += mass[bucket];
            const auto upTo = std::min(times, static_cast<std::int64_t>(sum * static_cast<double>(times) + begin));
            out.latencies.add(kind, bucket, static_cast<std::uint32_t>(upTo - last));
            last = upTo;
            end = bucket;
        }
        out.latencies.add(kind, end, static_cast<std::uint32_t>(times - last));
    };
    const auto withGaps = static_cast<std::int64_t>(count * (1 - law.output.oneRatio) + begin);
    spread(row.ttft, completed, Latency::Ttft);
    spread(row.itl, std::min(completed, withGaps), Latency::Itl);
    spread(row.toEnd, completed, Latency::EndToEnd);
}

/// Makes the laws of a row anew when its placement's state has moved away from what they were made for; true if so.
bool FluidEngine::Impl::followLaw(const Place& place, std::size_t index, Row& row)
{
    const FluidPlacement::State &s = place.state, &was = row.lawOf;
    const double prompts = s.requestsPerSecond * s.promptAddsSeconds;
    const bool same = !row.here.empty() && nearlyEqual(s.iterationSeconds, was.iterationSeconds) &&
                      nearlyEqual(s.decodeSeconds, was.decodeSeconds) &&
                      std::abs(prompts - was.requestsPerSecond * was.promptAddsSeconds) <= kLawTolerance &&
                      nearlyEqual(s.ttftSeconds + s.queueWaitSeconds, was.ttftSeconds + was.queueWaitSeconds);
    if (same) {
        return false;
    }
    row.lawOf = s;
    place.fluid.ttftLaw(s, index, row.here);
    place.fluid.itlLaw(s, index, row.itl);
    const double single = place.fluid.works()[index].output.oneRatio;
    row.itlMetRatio =
        single + (1 - single) * within(row.itl, (*base.fleet)[base.fleet->workloads[row.workload].tier].itlSeconds);
    return true;
}

/// Adds the round trips of those who send here; the share of the result within the tier's limit.
double FluidEngine::Impl::addNetwork(Row& row)
{
    double met = 0, all = 0;
    const double limit = (*base.fleet)[base.fleet->workloads[row.workload].tier].ttftSeconds;
    row.ttft.assign(Sketch::kBuckets, 0);
    for (const auto& [source, candidate] : row.feeders) {
        all += sourceRates[source] * shares[source][candidate];
    }
    std::size_t first = 0, last = 0;
    for (std::size_t bucket = 0; bucket < row.here.size(); ++bucket) {
        if (row.here[bucket] > 0) {
            first = last == 0 ? bucket : first;
            last = bucket + 1;
        }
    }
    for (const auto& [source, candidate] : row.feeders) {
        const double weight = all > 0 ? sourceRates[source] * shares[source][candidate] / all : 0;
        if (weight < 1e-6) {
            continue;
        }
        const DemandSource::Candidate& from = base.sources[source].candidates()[candidate];
        const double network = 2 * from.way.oneWaySeconds * from.delayRatio;
        std::size_t to = first;
        for (std::size_t bucket = first; bucket < last; ++bucket) {
            const double seconds = values[bucket] + network;
            while (edges[to] < seconds) {
                ++to;
            }
            const double mass = weight * row.here[bucket];
            row.ttft[to] += mass;
            met += seconds <= limit ? mass : 0;
        }
    }
    if (all <= 0) {
        row.ttft = row.here;
        met = within(row.here, limit);
    }
    return met;
}

} // namespace isobar::engine

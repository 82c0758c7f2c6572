// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/placement_run.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace isobar::engine {
namespace {

/// Requests that may wait in one replica, in batches.
constexpr std::size_t kQueuedBatches = 4;
/// Steps between asking for memory and using it.
constexpr std::size_t kAhead = 4;
/// Of the mean TTFT of a window's answers in what is reported: some twenty windows of memory.
constexpr double kTtftGain = 0.05;

} // namespace

PlacementRun::PlacementRun(std::uint32_t number, const serving::IterationModel& model, std::int32_t tensorParallel,
                           Target target, double meanContextTokens, std::int32_t maxAttempts, Random random)
    : m_number(number)
    , m_tensorParallel(tensorParallel)
    , m_target(target)
    , m_times(std::make_shared<const serving::IterationTimes>(model))
    , m_queueLimit(kQueuedBatches * static_cast<std::size_t>(std::max(1, model.maxBatch)))
    , m_random(random)
    , m_maxAttempts(maxAttempts)
{
    // The same full batch as serving::fullBatchWorkSeconds, whose parts are kept for the hot loop.
    const double room = static_cast<double>(model.kvCapacityTokens) / std::max(1.0, meanContextTokens);
    m_fullBatch = std::clamp(room, 1.0, std::max(1.0, double{1} * model.maxBatch));
    m_fullContext = m_fullBatch * meanContextTokens;
    m_fullDecodeSeconds = model.decodeSeconds(m_fullBatch, m_fullContext);
}

double PlacementRun::prefillWorkSeconds(const serving::Request& request) const
{
    return model().mixedSeconds(m_fullBatch, m_fullContext, request.inputTokens) - m_fullDecodeSeconds;
}

double PlacementRun::decodeWorkSeconds(const serving::Request& request) const
{
    return (request.outputTokens - 1.0) * m_fullDecodeSeconds / m_fullBatch;
}

void PlacementRun::addWork(double replicaSeconds)
{
    m_workMicros += std::llround(replicaSeconds * m_tensorParallel * aggregate::kMicrosPerSecond);
}

std::uint32_t PlacementRun::addFeeder(const Feeder& feeder)
{
    m_feeders.push_back(feeder);
    return static_cast<std::uint32_t>(m_feeders.size() - 1);
}

std::uint32_t PlacementRun::addRow()
{
    m_rows.emplace_back();
    return static_cast<std::uint32_t>(m_rows.size() - 1);
}

std::int64_t PlacementRun::chips() const
{
    return std::int64_t{m_tensorParallel} * (m_counts.serving + m_counts.warming + m_counts.draining);
}

std::int64_t PlacementRun::inFlight() const
{
    return m_running + m_queued + static_cast<std::int64_t>(m_onTheWay.size());
}

ReportedLoad PlacementRun::load(double previousSpillRatio) const
{
    ReportedLoad load{static_cast<double>(inFlight()), m_target.places * m_counts.serving, previousSpillRatio,
                      m_recentTtft};
    load.spillRatio = nextSpillRatio(load);
    return load;
}

void PlacementRun::listServing()
{
    m_serving.clear();
    m_counts = {};
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        switch (m_slots[i].state) {
        case State::Empty:
            break;
        case State::Warming:
            ++m_counts.warming;
            break;
        case State::Serving:
            ++m_counts.serving;
            m_serving.push_back(static_cast<std::uint32_t>(i));
            break;
        case State::Draining:
            ++m_counts.draining;
            break;
        }
    }
}

void PlacementRun::refresh(std::uint32_t replica)
{
    const serving::Replica& r = m_replicas[replica];
    m_nextEvent[replica] = r.nextEventSeconds();
    const auto running = static_cast<std::uint32_t>(r.running()), waiting = static_cast<std::uint32_t>(r.queued());
    m_running += std::int64_t{running} - (std::int64_t{m_load[replica]} - m_waiting[replica]);
    m_queued += std::int64_t{waiting} - m_waiting[replica];
    m_load[replica] = running + waiting;
    m_waiting[replica] = waiting;
}

std::uint32_t PlacementRun::tagOf(const Arrival& arrival)
{
    if (arrival.waitedSeconds <= 0 && arrival.attempt == 1) {
        return arrival.feeder;
    }
    if (m_freePasts.empty()) {
        m_freePasts.push_back(static_cast<std::uint32_t>(m_pasts.size()));
        m_pasts.emplace_back();
    }
    const std::uint32_t index = m_freePasts.back();
    m_freePasts.pop_back();
    m_pasts[index] = {arrival.feeder, arrival.waitedSeconds, arrival.attempt};
    return kHasPast | index;
}

PlacementRun::Past PlacementRun::pastOf(std::uint32_t tag) const
{
    return (tag & kHasPast) != 0 ? m_pasts[tag & ~kHasPast] : Past{tag, 0, 1};
}

void PlacementRun::forget(std::uint32_t tag)
{
    if ((tag & kHasPast) != 0) {
        m_freePasts.push_back(tag & ~kHasPast);
    }
}

PlacementRun::Failure PlacementRun::failureOf(serving::Replica::Admission admission)
{
    return admission == serving::Replica::Admission::TooLong ? Failure::TooLong : Failure::QueueFull;
}

void PlacementRun::fail(const serving::Request& request, double now, Failure why)
{
    const Past past = pastOf(request.tag);
    const Feeder& feeder = m_feeders[past.feeder];
    aggregate::DemandTotals& totals = m_rows[feeder.row].totals;
    if (past.attempt >= m_maxAttempts) {
        ++(why == Failure::Lost ? totals.lost : totals.rejected);
    } else {
        ++totals.retried;
        m_bounced.push_back({feeder.source, m_number, request.inputTokens, request.outputTokens,
                             request.arrivalSeconds - feeder.rttSeconds / 2 - past.waitedSeconds,
                             now + feeder.rttSeconds / 2, past.attempt, why != Failure::TooLong});
    }
    forget(request.tag);
}

std::uint32_t PlacementRun::add(double readySeconds)
{
    std::uint32_t slot = m_firstEmpty;
    while (slot < m_slots.size() && m_slots[slot].state != State::Empty) {
        ++slot;
    }
    m_firstEmpty = slot + 1;
    if (slot == m_slots.size()) {
        m_replicas.emplace_back(*m_times, m_queueLimit);
        m_slots.emplace_back();
        m_nextEvent.push_back(serving::Replica::kNever);
        m_load.push_back(0);
        m_waiting.push_back(0);
    }
    m_slots[slot] = {State::Warming, readySeconds};
    ++m_counts.warming;
    return slot;
}

void PlacementRun::empty(std::uint32_t slot)
{
    m_slots[slot].state = State::Empty;
    m_firstEmpty = std::min(m_firstEmpty, slot);
}

std::vector<std::uint32_t> PlacementRun::remove(std::int32_t count, double now)
{
    std::vector<std::uint32_t> gone;
    // Those still warming up go first: they have nothing to finish.
    for (std::size_t i = m_slots.size(); i-- > 0 && count > 0;) {
        if (m_slots[i].state == State::Warming) {
            empty(static_cast<std::uint32_t>(i));
            gone.push_back(static_cast<std::uint32_t>(i));
            --count;
        }
    }
    std::vector<serving::Request> homeless;
    for (std::size_t i = m_slots.size(); i-- > 0 && count > 0;) {
        if (m_slots[i].state == State::Serving) {
            m_slots[i].state = State::Draining;
            --count;
            const std::vector<serving::Request> waiting = m_replicas[i].takeQueue();
            homeless.insert(homeless.end(), waiting.begin(), waiting.end());
            refresh(static_cast<std::uint32_t>(i));
        }
    }
    listServing();
    rehome(homeless, now);
    return gone;
}

void PlacementRun::drain(std::uint32_t slot, double now)
{
    m_slots[slot].state = State::Draining;
    const std::vector<serving::Request> waiting = m_replicas[slot].takeQueue();
    refresh(slot);
    listServing();
    rehome(waiting, now);
}

/// What waited in replicas that take nothing more goes to the others.
void PlacementRun::rehome(std::span<const serving::Request> homeless, double now)
{
    for (const serving::Request& request : homeless) {
        if (m_serving.empty()) {
            fail(request, now, Failure::Lost);
            continue;
        }
        const std::uint32_t replica = emptierOfTwo(m_random.bits());
        const auto admission = m_replicas[replica].enqueueAt(now, request, m_log);
        if (admission != serving::Replica::Admission::Accepted) {
            fail(request, now, failureOf(admission));
        }
        refresh(replica);
    }
    account();
}

void PlacementRun::kill(std::uint32_t slot, double now)
{
    for (const serving::Request& request : m_replicas[slot].takeAll()) {
        fail(request, now, Failure::Lost);
    }
    empty(slot);
    refresh(slot);
    listServing();
}

bool PlacementRun::resume(const Underway& request, double now, std::uint64_t bits)
{
    if (m_serving.empty()) {
        return false;
    }
    const std::uint32_t chosen = emptierOfTwo(bits);
    if (m_load[chosen] >= static_cast<std::uint32_t>(model().maxBatch)) {
        return false;
    }
    const double arrival = request.firstTokenSeconds - request.ttftSeconds;
    const auto admission = m_replicas[chosen].enqueuePrefilled(
        now, {arrival, request.inputTokens, request.outputTokens, request.feeder, m_feeders[request.feeder].priority},
        arrival, request.firstTokenSeconds, m_log, request.givenTokens);
    refresh(chosen);
    return admission == serving::Replica::Admission::Accepted;
}

std::int64_t PlacementRun::dropRequests()
{
    const std::int64_t dropped = inFlight();
    for (std::uint32_t slot = 0; slot < m_replicas.size(); ++slot) {
        if (m_load[slot] > 0) {
            static_cast<void>(m_replicas[slot].takeAll());
            refresh(slot);
        }
    }
    m_onTheWay.clear();
    m_bounced.clear();
    m_pasts.clear();
    m_freePasts.clear();
    return dropped;
}

PlacementRun::Change PlacementRun::update(double now)
{
    Change change;
    if (m_counts.warming == 0 && m_counts.draining == 0) {
        return change;
    }
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        if (m_slots[i].state == State::Warming && m_slots[i].readySeconds <= now) {
            m_slots[i].state = State::Serving;
            ++change.ready;
        } else if (m_slots[i].state == State::Draining && m_load[i] == 0) {
            empty(static_cast<std::uint32_t>(i));
            change.gone.push_back(static_cast<std::uint32_t>(i));
        }
    }
    if (change.ready > 0 || !change.gone.empty()) {
        listServing();
    }
    return change;
}

void PlacementRun::collect(double end, std::span<const DemandSource> sources)
{
    m_now.clear();
    std::size_t kept = 0;
    for (const Arrival& arrival : m_onTheWay) {
        if (arrival.seconds < end) {
            m_now.push_back(arrival);
        } else {
            m_onTheWay[kept++] = arrival;
        }
    }
    m_onTheWay.resize(kept);
    // First where the outboxes are, then what is in them: each of the two waits for memory, but for all of it at once.
    m_sent.clear();
    for (const Feeder& feeder : m_feeders) {
        if (const std::span<const Arrival> sent = sources[feeder.source].outbox(feeder.way); !sent.empty()) {
            serving::prefetchLine(sent.data());
            m_sent.push_back(sent);
        }
    }
    for (const std::span<const Arrival> sent : m_sent) {
        for (const Arrival& arrival : sent) {
            (arrival.seconds < end ? m_now : m_onTheWay).push_back(arrival);
        }
    }
    m_order.clear();
    for (const Arrival& arrival : m_now) {
        m_order.push_back({arrival.seconds, static_cast<std::uint32_t>(m_order.size())});
    }
    std::sort(m_order.begin(), m_order.end(), [this](const Turn& a, const Turn& b) {
        if (a.seconds != b.seconds) {
            return a.seconds < b.seconds;
        }
        const Arrival &first = m_now[a.index], &second = m_now[b.index];
        return std::tie(first.feeder, first.sequence) < std::tie(second.feeder, second.sequence);
    });
}

std::pair<std::uint32_t, std::uint32_t> PlacementRun::twoOf(std::uint64_t bits) const
{
    const auto count = static_cast<std::uint32_t>(m_serving.size());
    return {m_serving[Random::below(static_cast<std::uint32_t>(bits), count)],
            m_serving[Random::below(static_cast<std::uint32_t>(bits >> 32), count)]};
}

std::uint32_t PlacementRun::emptierOfTwo(std::uint64_t bits) const
{
    const auto [a, b] = twoOf(bits);
    return m_load[b] < m_load[a] ? b : a;
}

void PlacementRun::deliver(const Arrival& arrival, std::uint64_t bits)
{
    const Feeder& feeder = m_feeders[arrival.feeder];
    const serving::Request request{arrival.seconds, arrival.inputTokens, arrival.outputTokens, tagOf(arrival),
                                   feeder.priority};
    if (m_serving.empty()) { // its last replica went while the request was on the network
        fail(request, arrival.seconds, Failure::Lost);
        return;
    }
    const std::uint32_t chosen = emptierOfTwo(bits);
    const auto admission = m_replicas[chosen].enqueue(request, m_log);
    if (admission != serving::Replica::Admission::Accepted) {
        fail(request, arrival.seconds, failureOf(admission));
    }
    refresh(chosen);
}

/// A fleet's batches are far larger than any cache, and who is next is known: does serve(step) for all, one after
/// another, and asks for the memory of a step's replica 3, 2 and 1 times kAhead steps before: for the replica, for what
/// that points to, and for what that points to. expect(step) sets the replica; it may turn out to be another.
template <class Expect, class Serve>
void PlacementRun::pipeline(std::span<Step> steps, double end, const Expect& expect, const Serve& serve)
{
    const auto replicaOf = [](const Step& step) -> const serving::Replica& {
        return step.run->m_replicas[step.replica];
    };
    for (std::size_t i = 0; i < steps.size() + 3 * kAhead; ++i) {
        if (i < steps.size()) {
            expect(steps[i]);
            const serving::Replica& replica = replicaOf(steps[i]);
            serving::prefetchLine(&replica);
            serving::prefetchLine(reinterpret_cast<const char*>(&replica) + 64);
        }
        if (const std::size_t at = i - kAhead; at < steps.size()) { // wraps below zero
            replicaOf(steps[at]).prefetchBatch();
        }
        if (const std::size_t at = i - 2 * kAhead; at < steps.size()) {
            replicaOf(steps[at]).prefetchNext(end);
        }
        if (const std::size_t at = i - 3 * kAhead; at < steps.size()) {
            serve(steps[at]);
        }
    }
}

/// What reached the placement in this window, to be delivered; at once when nothing serves.
void PlacementRun::listArrivals(std::vector<Step>& steps)
{
    m_picks.clear();
    for (std::size_t i = 0; i < m_order.size(); ++i) {
        m_picks.push_back(m_random.bits());
    }
    for (std::size_t i = 0; i < m_order.size(); ++i) {
        if (m_serving.empty()) {
            deliver(m_now[m_order[i].index], m_picks[i]);
        } else {
            steps.push_back({this, static_cast<std::uint32_t>(i), 0});
        }
    }
}

/// Replicas with an event until `end`.
void PlacementRun::listDue(double end, std::vector<Step>& steps)
{
    // Without a branch: which of them is as good as random.
    std::size_t found = steps.size();
    steps.resize(found + m_nextEvent.size());
    for (std::size_t i = 0; i < m_nextEvent.size(); ++i) {
        steps[found] = {this, 0, static_cast<std::uint32_t>(i)};
        found += m_nextEvent[i] <= end ? 1 : 0;
    }
    steps.resize(found);
}

void PlacementRun::serve(std::span<PlacementRun> group, double end, std::span<const DemandSource> sources)
{
    std::vector<Step>& steps = group.front().m_steps;
    steps.clear();
    for (PlacementRun& run : group) {
        run.collect(end, sources);
        run.listArrivals(steps);
    }
    pipeline(
        steps, end, [](Step& step) { step.replica = step.run->emptierOfTwo(step.run->m_picks[step.index]); },
        [](const Step& step) {
            PlacementRun& run = *step.run;
            run.deliver(run.m_now[run.m_order[step.index].index], run.m_picks[step.index]);
        });
    steps.clear();
    for (PlacementRun& run : group) {
        run.listDue(end, steps);
    }
    pipeline(
        steps, end, [](const Step&) {},
        [end](const Step& step) {
            step.run->m_replicas[step.replica].advance(end, step.run->m_log);
            step.run->refresh(step.replica);
        });
    for (PlacementRun& run : group) {
        run.account();
    }
}

void PlacementRun::account()
{
    using aggregate::Sketch;
    double ttfts = 0;
    for (const serving::Request& request : m_log.started) {
        addWork(prefillWorkSeconds(request));
    }
    for (const serving::Completion& done : m_log.completed) {
        const Past past = pastOf(done.request.tag);
        const Feeder& feeder = m_feeders[past.feeder];
        DemandRow& row = m_rows[feeder.row];
        const double here = done.firstTokenSeconds - done.request.arrivalSeconds;
        const double ttft = here + feeder.rttSeconds + past.waitedSeconds;
        ttfts += here;
        forget(done.request.tag);
        const double decode = done.finishSeconds - done.firstTokenSeconds;
        const std::uint32_t gaps = done.request.outputTokens - 1;
        const double itl = gaps > 0 ? decode / gaps : 0;
        addWork(decodeWorkSeconds(done.request));
        ++row.totals.completed;
        row.totals.sloMet += ttft <= feeder.ttftLimitSeconds && itl <= feeder.itlLimitSeconds ? 1 : 0;
        row.totals.tokensIn += done.request.inputTokens;
        row.totals.tokensOut += done.request.outputTokens;
        row.egressBytes += kBytesPerRequest + kBytesPerOutputToken * done.request.outputTokens;
        row.latencies.add(Sketch::bucketOf(ttft), gaps > 0 ? Sketch::bucketOf(itl) : LatencyCounts::kNone,
                          Sketch::bucketOf(ttft + decode));
    }
    if (!m_log.completed.empty()) {
        const double mean = ttfts / static_cast<double>(m_log.completed.size());
        m_recentTtft += (m_recentTtft > 0 ? kTtftGain : 1) * (mean - m_recentTtft);
    }
    m_log.started.clear();
    m_log.completed.clear();
}

std::uint64_t PlacementRun::hash(std::uint64_t hash) const
{
    hash = m_random.hash(hash);
    for (std::size_t i = 0; i < m_replicas.size(); ++i) {
        hash = mix(hash, static_cast<std::uint64_t>(m_slots[i].state));
        hash = mix(hash, std::bit_cast<std::uint64_t>(m_slots[i].readySeconds));
        hash = m_replicas[i].hash(hash);
    }
    for (const Arrival& arrival : m_onTheWay) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(arrival.seconds));
        hash = mix(hash, std::uint64_t{arrival.feeder} << 32 | arrival.sequence);
        hash = mix(hash, std::uint64_t{arrival.attempt} << 32 | std::bit_cast<std::uint32_t>(arrival.waitedSeconds));
        hash = mix(hash, std::uint64_t{arrival.inputTokens} << 32 | arrival.outputTokens);
    }
    for (const DemandRow& row : m_rows) {
        hash = mix(hash, static_cast<std::uint64_t>(row.egressBytes));
    }
    for (const Past& past : m_pasts) {
        hash = mix(hash, std::uint64_t{past.attempt} << 32 | std::bit_cast<std::uint32_t>(past.waitedSeconds));
    }
    hash = mix(hash, std::bit_cast<std::uint64_t>(m_recentTtft));
    return mix(hash, static_cast<std::uint64_t>(m_workMicros));
}

std::size_t PlacementRun::memoryBytes() const
{
    std::size_t bytes = sizeof *this + m_rows.size() * sizeof(DemandRow) + m_feeders.size() * sizeof(Feeder) +
                        (m_onTheWay.capacity() + m_now.capacity()) * sizeof(Arrival) +
                        m_pasts.capacity() * sizeof(Past) +
                        m_slots.size() * (sizeof(Slot) + sizeof(double) + 3 * sizeof(std::uint32_t));
    for (const serving::Replica& replica : m_replicas) {
        bytes += replica.memoryBytes();
    }
    for (const DemandRow& row : m_rows) {
        bytes += row.latencies.memoryBytes();
    }
    return bytes;
}

} // namespace isobar::engine

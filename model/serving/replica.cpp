// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replica.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

namespace isobar::serving {
namespace {

/// Whether wrapping count `a` comes before `b`; they are never 2^31 apart.
bool before(std::uint32_t a, std::uint32_t b)
{
    return static_cast<std::int32_t>(a - b) < 0;
}

std::int64_t reservation(const Request& request)
{
    return std::int64_t{request.inputTokens} + request.outputTokens;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value)
{
    // The finalizer of splitmix64 over a running combination.
    std::uint64_t z = (hash ^ value) + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

} // namespace

IterationTimes::IterationTimes(const IterationModel& model)
    : m_model(model)
{
    m_decodeBase.resize(static_cast<std::size_t>(std::max(1, model.maxBatch)) + 1);
    for (std::size_t sequences = 0; sequences < m_decodeBase.size(); ++sequences) {
        m_decodeBase[sequences] = model.decodeSeconds(static_cast<double>(sequences), 0);
    }
}

Replica::Replica(const IterationTimes& times, std::size_t queueLimit)
    : m_times(&times)
    , m_queueLimit(static_cast<std::uint32_t>(queueLimit))
{
}

double Replica::runSeconds(double iterations) const
{
    const auto sequences = static_cast<double>(m_running.size());
    return iterations * m_times->decodeBaseSeconds(m_running.size()) +
           m_times->model().perContextTokenSeconds *
               (iterations * static_cast<double>(m_context) + sequences * iterations * (iterations - 1) / 2);
}

bool Replica::canAdmit() const
{
    if (m_queue.empty() || m_running.size() >= static_cast<std::size_t>(m_times->model().maxBatch)) {
        return false;
    }
    return m_reserved + reservation(m_records[m_queue.front().record].request) <= m_times->model().kvCapacityTokens;
}

Replica::Admission Replica::enqueueAt(double seconds, const Request& request, ReplicaLog& log)
{
    assert(request.inputTokens > 0 && request.outputTokens > 0);
    advance(seconds, log);
    if (reservation(request) > m_times->model().kvCapacityTokens) {
        return Admission::TooLong;
    }
    if (m_queue.size() >= m_queueLimit) {
        return Admission::QueueFull;
    }
    const std::uint64_t order = std::uint64_t{request.priority} << 32 | m_arrivals++;
    m_queue.push_back({order, store(request)});
    std::push_heap(m_queue.begin(), m_queue.end(),
                   [](const Waiting& a, const Waiting& b) { return a.order > b.order; });
    if (m_nextEvent == kNever) {
        startRun(seconds, log);
    } else if (m_prefill == kNone && canAdmit()) {
        shortenRun(seconds);
    }
    return Admission::Accepted;
}

void Replica::shortenRun(double arrival)
{
    // The iteration under way at `arrival` is the last of the run: the smallest k with T(k) > arrival - start.
    // T(k) = k (linear) + k^2 (quadratic); solved for k, then put right by at most a step or two of rounding.
    const double elapsed = arrival - m_runStart;
    const auto sequences = static_cast<double>(m_running.size());
    const double quadratic = m_times->model().perContextTokenSeconds * sequences / 2;
    const double linear = m_times->decodeBaseSeconds(m_running.size()) +
                          m_times->model().perContextTokenSeconds * static_cast<double>(m_context) - quadratic;
    // The stable form of the root: no cancellation when the quadratic term is small or zero.
    const double root = 2 * elapsed / (linear + std::sqrt(linear * linear + 4 * quadratic * elapsed));
    double k = std::clamp(std::floor(root) + 1, 1.0, double{1} * m_runIterations);
    while (k > 1 && runSeconds(k - 1) > elapsed) {
        --k;
    }
    while (k < m_runIterations && runSeconds(k) <= elapsed) {
        ++k;
    }
    m_runIterations = static_cast<std::uint32_t>(k);
    m_nextEvent = m_runStart + runSeconds(k);
}

void Replica::finishRun(ReplicaLog& log)
{
    const double now = m_nextEvent;
    m_tokens += m_runIterations;
    m_context += static_cast<std::int64_t>(m_running.size()) * m_runIterations;
    if (m_prefill != kNone) {
        Record& record = m_records[m_prefill];
        record.firstToken = now;
        m_context += std::int64_t{record.request.inputTokens} + 1;
        pushRunning({m_tokens + record.request.outputTokens - 1, m_prefill});
        m_prefill = kNone;
    }
    while (!m_running.empty() && m_running.front().finishAt == m_tokens) {
        const std::uint32_t record = m_running.front().record;
        popRunning();
        complete(record, now, log);
    }
    startRun(now, log);
}

void Replica::startRun(double now, ReplicaLog& log)
{
    m_runStart = now;
    if (canAdmit()) {
        m_prefill = m_queue.front().record;
        std::pop_heap(m_queue.begin(), m_queue.end(),
                      [](const Waiting& a, const Waiting& b) { return a.order > b.order; });
        m_queue.pop_back();
        Record& record = m_records[m_prefill];
        record.start = now;
        m_reserved += reservation(record.request);
        log.started.push_back(record.request);
        m_runIterations = 1;
        m_nextEvent = now + m_times->model().mixedSeconds(static_cast<double>(m_running.size()),
                                                          static_cast<double>(m_context), record.request.inputTokens);
    } else if (m_running.empty()) {
        assert(m_queue.empty()); // whatever was accepted fits an empty replica
        m_runIterations = 0;
        m_nextEvent = kNever;
    } else {
        m_runIterations = m_running.front().finishAt - m_tokens;
        m_nextEvent = now + runSeconds(m_runIterations);
    }
}

void Replica::complete(std::uint32_t index, double now, ReplicaLog& log)
{
    Record& record = m_records[index];
    m_context -= reservation(record.request);
    m_reserved -= reservation(record.request);
    log.completed.push_back({record.request, record.start, record.firstToken, now});
    record.request.tag = m_freeRecord;
    m_freeRecord = index;
}

std::uint32_t Replica::store(const Request& request)
{
    if (m_freeRecord == kNone) {
        m_records.push_back({request, 0, 0});
        return static_cast<std::uint32_t>(m_records.size() - 1);
    }
    const std::uint32_t index = m_freeRecord;
    m_freeRecord = m_records[index].request.tag;
    m_records[index].request = request;
    return index;
}

void Replica::pushRunning(Running entry)
{
    std::size_t at = m_running.size();
    m_running.push_back(entry);
    while (at > 0 && before(entry.finishAt, m_running[(at - 1) / 2].finishAt)) {
        m_running[at] = m_running[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    m_running[at] = entry;
}

void Replica::popRunning()
{
    const Running last = m_running.back();
    m_running.pop_back();
    const std::size_t size = m_running.size();
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && before(m_running[child + 1].finishAt, m_running[child].finishAt)) {
            ++child;
        }
        if (!before(m_running[child].finishAt, last.finishAt)) {
            break;
        }
        m_running[at] = m_running[child];
        at = child;
    }
    if (size > 0) {
        m_running[at] = last;
    }
}

std::vector<Request> Replica::takeQueue()
{
    std::sort(m_queue.begin(), m_queue.end(), [](const Waiting& a, const Waiting& b) { return a.order < b.order; });
    std::vector<Request> taken;
    for (const Waiting& waiting : m_queue) {
        Record& record = m_records[waiting.record];
        taken.push_back(record.request);
        record.request.tag = m_freeRecord;
        m_freeRecord = waiting.record;
    }
    m_queue.clear();
    return taken;
}

std::uint64_t Replica::hash(std::uint64_t hash) const
{
    for (const double value : {m_nextEvent, m_runStart}) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(value));
    }
    for (const std::int64_t value : {m_context, m_reserved}) {
        hash = mix(hash, static_cast<std::uint64_t>(value));
    }
    hash = mix(hash, std::uint64_t{m_tokens} << 32 | m_runIterations);
    const auto mixRecord = [&](std::uint32_t index) {
        const Record& record = m_records[index];
        hash = mix(hash, std::bit_cast<std::uint64_t>(record.request.arrivalSeconds));
        hash = mix(hash, std::uint64_t{record.request.inputTokens} << 32 | record.request.outputTokens);
        hash = mix(hash, std::uint64_t{record.request.tag} << 32 | record.request.priority);
    };
    for (const Running& running : m_running) {
        hash = mix(hash, running.finishAt);
        mixRecord(running.record);
    }
    for (const Waiting& waiting : m_queue) {
        hash = mix(hash, waiting.order);
        mixRecord(waiting.record);
    }
    if (m_prefill != kNone) {
        mixRecord(m_prefill);
    }
    return hash;
}

} // namespace isobar::serving

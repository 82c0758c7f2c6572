// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replica.h"
#include "model/serving/replica_exact.h"

#include <algorithm>
#include <cmath>

namespace isobar::serving {
namespace {

/// Whether wrapping count `a` comes before `b`; they are never 2^31 apart.
bool before(std::uint32_t a, std::uint32_t b)
{
    return static_cast<std::int32_t>(a - b) < 0;
}

constexpr auto kLater = [](const auto& a, const auto& b) { return a.order > b.order; };

} // namespace

IterationTimes::IterationTimes(const IterationModel& model, const BatchPolicy& policy)
    : m_model(model)
    , m_policy(policy)
{
    const int maxBatch = std::max(1, model.maxBatch);
    if (m_policy.maxBatchedTokens > 0) {
        m_policy.maxBatchedTokens = std::max(m_policy.maxBatchedTokens, maxBatch);
    }
    m_kvBlocks = model.kvCapacityTokens / m_policy.kvBlockTokens;
    m_kvTokens = m_kvBlocks * m_policy.kvBlockTokens;
    m_decodeBase.resize(static_cast<std::size_t>(maxBatch) + 1);
    for (std::size_t sequences = 0; sequences < m_decodeBase.size(); ++sequences) {
        m_decodeBase[sequences] = model.decodeSeconds(static_cast<double>(sequences), 0);
    }
}

Replica::Replica(const IterationTimes& times, std::size_t queueLimit)
    : m_times(&times)
    , m_queueLimit(static_cast<std::uint32_t>(std::min(queueLimit, std::size_t{kNone})))
{
    if (times.policy().prefixBlockTokens > 0) {
        m_exact = std::make_unique<Exact>(times);
    }
}

Replica::ExactHolder::ExactHolder(const ExactHolder& other)
    : std::unique_ptr<Exact>(other ? std::make_unique<Exact>(*other) : nullptr)
{
}

Replica::ExactHolder& Replica::ExactHolder::operator=(const ExactHolder& other)
{
    return *this = ExactHolder(other);
}

Replica::ExactHolder::~ExactHolder() = default;

Replica::Replica(const Replica&) = default;
Replica::Replica(Replica&&) noexcept = default;
Replica& Replica::operator=(const Replica&) = default;
Replica& Replica::operator=(Replica&&) noexcept = default;
Replica::~Replica() = default;

double Replica::runSeconds(double iterations) const
{
    const auto sequences = static_cast<double>(m_decoding);
    return iterations * m_times->decodeBaseSeconds(m_decoding) +
           m_times->model().perContextTokenSeconds *
               (iterations * static_cast<double>(m_context) + sequences * iterations * (iterations - 1) / 2);
}

Replica::Admission Replica::enqueueAt(double seconds, const Request& request, ReplicaLog& log,
                                      std::span<const std::uint64_t> hashes)
{
    return take(seconds, {.request = request}, log, hashes);
}

Replica::Admission Replica::enqueuePrefilled(double seconds, const Request& request, double startSeconds,
                                             double firstTokenSeconds, ReplicaLog& log, std::uint32_t givenTokens)
{
    return take(seconds,
                {.request = request,
                 .start = startSeconds,
                 .firstToken = firstTokenSeconds,
                 .generated = givenTokens | kPrefilledElsewhere},
                log, {});
}

Replica::Admission Replica::take(double seconds, const Record& record, ReplicaLog& log,
                                 std::span<const std::uint64_t> hashes)
{
    advance(seconds, log);
    const Request& request = record.request;
    if (request.inputTokens == 0 || request.outputTokens == 0) {
        return Admission::NoTokens;
    }
    if (std::int64_t{request.inputTokens} + request.outputTokens > m_times->longestTokens()) {
        return Admission::TooLong;
    }
    if (m_queue.size() >= m_queueLimit && (m_queueLimit > 0 || !startsAtOnce(record, seconds))) {
        return Admission::QueueFull;
    }
    const std::uint32_t stored = store(record);
    if (m_exact && m_exact->cache) {
        m_exact->prefixes.resize(m_records.size());
        const std::size_t whole = request.inputTokens / static_cast<std::uint32_t>(m_exact->prefixTokens);
        const auto used = hashes.first(std::min(hashes.size(), whole));
        m_exact->prefixes[stored].hashes.assign(used.begin(), used.end());
        m_exact->prefixes[stored].hitTokens = 0;
    }
    pushWaiting(stored);
    if (m_nextEvent == kNever) {
        startRun(seconds, log);
    } else if (m_decoding == m_running.size() && m_queue.front().record == stored &&
               (mayJoin(m_records[stored]) || urgentWaits())) {
        shortenRun(seconds);
    }
    return Admission::Accepted;
}

bool Replica::mayJoin(const Record& record) const
{
    if (m_running.size() >= static_cast<std::size_t>(m_times->model().maxBatch)) {
        return false;
    }
    if (m_times->policy().admission == BatchPolicy::Admission::Reserve) {
        return m_reserved + blocksFor(std::int64_t{record.request.inputTokens} + record.request.outputTokens,
                                      m_times->policy().kvBlockTokens) <=
               m_times->kvBlocks();
    }
    // Blocks are never fewer than their tokens take; who shares blocks may find room all the same.
    return m_context + record.request.inputTokens <= m_times->kvTokens() || m_times->policy().prefixBlockTokens > 0;
}

bool Replica::startsAtOnce(const Record& record, double seconds) const
{
    if (m_running.size() + m_queue.size() >= static_cast<std::size_t>(m_times->model().maxBatch)) {
        return false;
    }
    const BatchPolicy& policy = m_times->policy();
    const bool reserves = policy.admission == BatchPolicy::Admission::Reserve;
    const auto blocks = [&](const Record& r) {
        const std::int64_t tokens = std::int64_t{r.request.inputTokens} +
                                    (reserves ? r.request.outputTokens : r.generated & ~kPrefilledElsewhere);
        return blocksFor(tokens, policy.kvBlockTokens);
    };
    std::int64_t held = blocks(record);
    for (const Waiting& waiting : m_queue) {
        held += blocks(m_records[waiting.record]);
    }
    const std::int64_t grown = m_runIterations > 1 ? static_cast<std::int64_t>(iterationsUntil(seconds)) - 1 : 0;
    for (std::size_t i = 0; !reserves && i < m_running.size(); ++i) {
        const std::int64_t tokens =
            i < m_decoding ? slots(m_running[i]) + grown : promptTokens(m_records[m_running[i].record]);
        held += blocksFor(tokens, policy.kvBlockTokens);
    }
    return held + (reserves ? m_reserved : 0) <= m_times->kvBlocks();
}

bool Replica::urgentWaits() const
{
    if (!m_times->policy().preemptsLessUrgent || m_queue.empty() ||
        m_running.size() < static_cast<std::size_t>(m_times->model().maxBatch)) {
        return false;
    }
    const std::uint32_t urgent = m_records[m_queue.front().record].request.priority;
    return std::any_of(m_running.begin(), m_running.end(),
                       [&](const Running& running) { return m_records[running.record].request.priority > urgent; });
}

double Replica::iterationsUntil(double seconds) const
{
    // The iteration under way then is the last that counts: the smallest k with T(k) > seconds - start.
    // T(k) = k (linear) + k^2 (quadratic); solved for k, then put right by at most a step or two of rounding.
    const double elapsed = seconds - m_runStart;
    const auto sequences = static_cast<double>(m_decoding);
    const double quadratic = m_times->model().perContextTokenSeconds * sequences / 2;
    const double linear = m_times->decodeBaseSeconds(m_decoding) +
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
    return k;
}

void Replica::shortenRun(double arrival)
{
    const double iterations = iterationsUntil(arrival);
    m_runIterations = static_cast<std::uint32_t>(iterations);
    m_nextEvent = m_runStart + runSeconds(iterations);
}

double Replica::boundaryAfter(double seconds) const
{
    if (m_nextEvent == kNever) {
        return seconds;
    }
    return m_runIterations == 1 ? m_nextEvent : m_runStart + runSeconds(iterationsUntil(seconds));
}

void Replica::finishRun(ReplicaLog& log)
{
    const double now = m_nextEvent;
    ++log.batchChanges;
    m_tokens += m_runIterations;
    m_context += std::int64_t{m_decoding} * m_runIterations;
    if (m_exact) {
        m_exact->blocks.grow(m_runIterations - 1); // the first iteration's were taken when the run started
        m_exact->takeHeld();
    }
    if (m_running.size() > m_decoding) {
        finishPrompts(now);
    }
    if (m_decoding > 0 && m_running.front().at == m_tokens) {
        finishSequences(now, log);
    }
    startRun(now, log);
}

void Replica::finishPrompts(double now)
{
    // All but one that was cut short decode from now on; they stand behind the heap, which grows over them.
    const std::size_t end = m_running.size();
    Running cut;
    std::size_t cuts = 0;
    for (std::size_t i = m_decoding; i < end; ++i) {
        const Running prompt = m_running[i];
        Record& record = m_records[prompt.record];
        const std::int64_t tokens = promptTokens(record);
        if (prompt.at < tokens) {
            cut = prompt;
            cuts = 1;
            continue;
        }
        if (record.generated == 0) {
            record.firstToken = now;
        }
        m_context += tokens + 1;
        if (m_exact) {
            m_exact->blocks.startGrowing(tokens);
        }
        siftUp(m_decoding++, {m_tokens + record.request.outputTokens - record.generated - 1, prompt.record});
    }
    m_running.shrink(m_decoding + cuts);
    if (cuts > 0) {
        m_running.back() = cut;
    }
}

void Replica::finishSequences(double now, ReplicaLog& log)
{
    const std::int64_t blockTokens = m_times->policy().kvBlockTokens;
    while (m_decoding > 0 && m_running.front().at == m_tokens) {
        const std::uint32_t index = m_running.front().record;
        removeDecoding(0);
        const Record& record = m_records[index];
        const std::int64_t tokens = std::int64_t{record.request.inputTokens} + record.request.outputTokens;
        m_context -= tokens;
        Completion& done = log.completed.emplace_back();
        done.request = record.request;
        done.startSeconds = record.start;
        done.firstTokenSeconds = record.firstToken;
        done.finishSeconds = now;
        if (m_times->policy().admission == BatchPolicy::Admission::Reserve) {
            m_reserved -= blocksFor(tokens, blockTokens);
        }
        if (m_exact) {
            m_exact->blocks.stopGrowing(tokens - 1); // the last token needs no slot
            if (m_exact->cache) {
                log.completed.back().prefixHitTokens = m_exact->prefixes[index].hitTokens;
                m_exact->finished.push_back(index);
                continue;
            }
            m_exact->release(index, tokens - 1);
        }
        discard(index);
    }
    if (m_exact && m_exact->cache) {
        // Who leaves first is forgotten first, so the order has to be one: that of (priority, arrival).
        std::vector<std::uint32_t>& finished = m_exact->finished;
        std::sort(finished.begin(), finished.end(),
                  [this](std::uint32_t a, std::uint32_t b) { return orderOf(m_records[a]) < orderOf(m_records[b]); });
        for (const std::uint32_t index : finished) {
            const Request& request = m_records[index].request;
            m_exact->release(index, std::int64_t{request.inputTokens} + request.outputTokens - 1);
            discard(index);
        }
        finished.clear();
    }
}

bool Replica::surelyFits(std::int64_t tokens, std::int64_t sequences) const
{
    const std::int64_t partlyFilled = (m_decoding + sequences) * (m_times->policy().kvBlockTokens - 1);
    return m_context + tokens + partlyFilled <= m_times->kvTokens();
}

void Replica::countExactly()
{
    if (m_exact) {
        return;
    }
    m_exact = std::make_unique<Exact>(*m_times);
    for (std::size_t i = 0; i < m_running.size(); ++i) {
        const std::int64_t tokens = i < m_decoding ? slots(m_running[i]) : promptTokens(m_records[m_running[i].record]);
        m_exact->blocks.hold(m_exact->blocksOf(tokens));
        if (i < m_decoding) {
            m_exact->blocks.startGrowing(tokens);
        }
    }
}

bool Replica::makeRoom(ReplicaLog& log)
{
    const bool prompt = m_running.size() > m_decoding;
    const std::int64_t promptTokensHeld = prompt ? promptTokens(m_records[m_running.back().record]) : 0;
    const bool urgent = urgentWaits();
    if (!m_exact) {
        if (!urgent && surelyFits(promptTokensHeld, prompt)) {
            return false;
        }
        countExactly();
    } else if (!urgent && !m_exact->cache && m_context + promptTokensHeld < m_times->kvTokens() / 2) {
        m_exact.reset(); // far from full
        return false;
    } else {
        m_exact->blocks.grow(1);
    }
    bool preempted = false;
    for (; m_exact->free() < 0; preempted = true) {
        preemptLast(log);
    }
    if (urgent && !preempted) {
        preemptLast(log); // its place is taken in this iteration
    }
    m_exact->takeHeld();
    return preempted;
}

void Replica::preemptLast(ReplicaLog& log)
{
    std::size_t last = 0;
    std::uint64_t latest = 0;
    for (std::size_t i = 0; i < m_running.size(); ++i) {
        if (const std::uint64_t order = orderOf(m_records[m_running[i].record]); order >= latest) {
            latest = order;
            last = i;
        }
    }
    const Running sequence = m_running[last];
    Record& record = m_records[sequence.record];
    if (last < m_decoding) {
        // It was counted with the slot of its next token, but has not taken that yet.
        const std::int64_t tokens = slots(sequence);
        m_context -= tokens;
        m_exact->blocks.stopGrowing(tokens);
        m_exact->blocks.release(m_exact->blocksOf(tokens) - m_exact->blocksOf(tokens - 1));
        m_exact->release(sequence.record, tokens - 1);
        record.generated = record.request.outputTokens - (sequence.at - m_tokens);
        log.preemptedTokens += tokens - 1;
        removeDecoding(last);
    } else {
        m_exact->release(sequence.record, promptTokens(record));
        log.preemptedTokens += sequence.at;
        m_running.pop_back();
    }
    ++log.preemptions;
    pushWaiting(sequence.record);
}

bool Replica::holdBlocks(const Waiting& head, std::int64_t promptsHeld)
{
    const Record& record = m_records[head.record];
    if (m_times->policy().admission == BatchPolicy::Admission::Reserve) {
        const std::int64_t blocks = blocksFor(std::int64_t{record.request.inputTokens} + record.request.outputTokens,
                                              m_times->policy().kvBlockTokens);
        const bool fits = m_reserved + blocks <= m_times->kvBlocks();
        m_reserved += fits ? blocks : 0;
        return fits;
    }
    const std::int64_t tokens = std::int64_t{record.request.inputTokens} + (record.generated & ~kPrefilledElsewhere);
    if (!m_exact) {
        const auto prompts = static_cast<std::int64_t>(m_running.size()) - m_decoding;
        if (surelyFits(promptsHeld + tokens, prompts + 1)) {
            return true;
        }
        countExactly();
    }
    return m_exact->hold(head.record, tokens);
}

void Replica::addPart(std::uint32_t index, std::uint32_t begin, IterationLoad& load, std::int64_t& budget)
{
    const auto tokens =
        static_cast<std::uint32_t>(std::min(promptTokens(m_records[index]) - begin, std::max(std::int64_t{0}, budget)));
    const std::uint32_t end = begin + tokens;
    budget -= tokens;
    load.prompts += 1;
    load.promptTokens += tokens;
    load.promptTokensSquared += static_cast<double>(end) * end - static_cast<double>(begin) * begin;
    m_running.extend() = {end, index};
    if (m_exact) {
        m_exact->computed(index, begin, end);
    }
}

void Replica::join(const Waiting& head, double now, IterationLoad& load, std::int64_t& budget, ReplicaLog& log)
{
    Record& record = m_records[head.record];
    if ((record.generated & kPrefilledElsewhere) != 0) {
        record.generated &= ~kPrefilledElsewhere;
        const std::int64_t tokens = promptTokens(record);
        m_context += tokens;
        if (m_exact) {
            m_exact->blocks.startGrowing(tokens);
        }
        pushDecoding({m_tokens + record.request.outputTokens - record.generated, head.record});
        --budget;
        return;
    }
    const std::uint32_t hits = m_exact ? m_exact->hitTokens(head.record, promptTokens(record)) : 0;
    if (record.start == kNotStarted) {
        record.start = now;
        log.started.push_back(record.request);
        if (hits > 0) {
            m_exact->prefixes[head.record].hitTokens = hits;
        }
    }
    addPart(head.record, hits, load, budget);
}

std::int64_t Replica::iterationsToRun(bool preempted)
{
    const std::int64_t toFinish = m_running.front().at - m_tokens;
    if (preempted || urgentWaits()) {
        return 1; // who waits was kept out of this iteration only
    }
    if (m_times->policy().admission == BatchPolicy::Admission::Reserve) {
        return toFinish;
    }
    if (!m_exact) {
        if (surelyFits((toFinish - 1) * m_decoding, 0)) {
            return toFinish;
        }
        countExactly();
    }
    return std::min(toFinish, 1 + std::min(toFinish, m_exact->blocks.stepsWithin(m_exact->free())));
}

void Replica::startRun(double now, ReplicaLog& log)
{
    const BatchPolicy& policy = m_times->policy();
    const bool whole = policy.maxBatchedTokens == 0;
    m_runStart = now;
    const bool preempted = policy.admission == BatchPolicy::Admission::Optimistic && makeRoom(log);
    if (m_running.size() > m_decoding || (!m_queue.empty() && !preempted)) {
        IterationLoad load;
        std::int64_t budget =
            whole ? std::numeric_limits<std::int64_t>::max() : std::int64_t{policy.maxBatchedTokens} - m_decoding;
        std::int64_t promptsHeld = 0;
        if (m_running.size() > m_decoding) {
            const Running cut = m_running.back();
            m_running.pop_back();
            promptsHeld = promptTokens(m_records[cut.record]);
            addPart(cut.record, cut.at, load, budget);
        }
        const auto places = static_cast<std::size_t>(m_times->model().maxBatch);
        while (!preempted && budget > 0 && !m_queue.empty() && m_running.size() < places &&
               !(whole && load.prompts > 0)) {
            const Waiting head = m_queue.front();
            if (!holdBlocks(head, promptsHeld)) {
                break;
            }
            std::pop_heap(m_queue.begin(), m_queue.end(), kLater);
            m_queue.pop_back();
            join(head, now, load, budget, log);
            promptsHeld += m_running.back().record == head.record && m_running.size() > m_decoding
                               ? promptTokens(m_records[head.record])
                               : 0;
        }
        if (load.prompts > 0) {
            load.sequences = m_decoding;
            load.contextTokens = static_cast<double>(m_context);
            m_runIterations = 1;
            m_nextEvent = now + m_times->model().seconds(load);
            return;
        }
    }
    if (m_decoding == 0) {
        m_runIterations = 0;
        m_nextEvent = kNever;
        return;
    }
    m_runIterations = static_cast<std::uint32_t>(iterationsToRun(preempted));
    m_nextEvent = now + runSeconds(m_runIterations);
}

std::uint32_t Replica::store(const Record& record)
{
    std::uint32_t index = m_freeRecord;
    if (index == kNone) {
        index = static_cast<std::uint32_t>(m_records.size());
        static_cast<void>(m_records.extend());
    } else {
        m_freeRecord = m_records[index].request.tag;
    }
    // Member by member: a copy of the whole reads in one go what has just been written in pieces, and a processor waits
    // with that until the pieces have reached its cache.
    Record& to = m_records[index];
    to.request.arrivalSeconds = record.request.arrivalSeconds;
    to.request.inputTokens = record.request.inputTokens;
    to.request.outputTokens = record.request.outputTokens;
    to.request.tag = record.request.tag;
    to.request.priority = record.request.priority;
    to.start = record.start;
    to.firstToken = record.firstToken;
    to.arrival = m_arrivals++;
    to.generated = record.generated;
    return index;
}

void Replica::discard(std::uint32_t record)
{
    m_records[record].request.tag = m_freeRecord;
    m_freeRecord = record;
}

void Replica::pushWaiting(std::uint32_t record)
{
    const std::uint64_t order = orderOf(m_records[record]);
    static_cast<void>(m_queue.extend());
    std::size_t at = m_queue.size() - 1;
    for (; at > 0 && order < m_queue[(at - 1) / 2].order; at = (at - 1) / 2) {
        m_queue[at].order = m_queue[(at - 1) / 2].order;
        m_queue[at].record = m_queue[(at - 1) / 2].record;
    }
    m_queue[at].order = order;
    m_queue[at].record = record;
}

void Replica::siftUp(std::size_t at, Running entry)
{
    while (at > 0 && before(entry.at, m_running[(at - 1) / 2].at)) {
        m_running[at] = m_running[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    m_running[at] = entry;
}

void Replica::pushDecoding(Running entry)
{
    m_running.extend() = entry;
    m_running.back() = m_running[m_decoding]; // a prompt makes room
    siftUp(m_decoding++, entry);
}

void Replica::removeDecoding(std::size_t at)
{
    const std::size_t size = --m_decoding;
    const Running last = m_running[size];
    m_running[size] = m_running.back(); // a prompt, if any, closes the gap
    m_running.pop_back();
    if (at == size) {
        return;
    }
    if (at > 0 && before(last.at, m_running[(at - 1) / 2].at)) {
        siftUp(at, last);
        return;
    }
    for (std::size_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && before(m_running[child + 1].at, m_running[child].at)) {
            ++child;
        }
        if (!before(m_running[child].at, last.at)) {
            break;
        }
        m_running[at] = m_running[child];
        at = child;
    }
    m_running[at] = last;
}

} // namespace isobar::serving

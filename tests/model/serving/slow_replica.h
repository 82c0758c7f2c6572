// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/replica.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <tuple>
#include <vector>

/// The slow, obvious replica that the fast one is held against, and random models and traces to do it with.
namespace isobar::serving::test {

/// A request and the hashes of its prompt's prefix blocks.
struct HashedRequest {
    Request request;
    std::vector<std::uint64_t> hashes = {};
    double firstTokenSeconds = -1; ///< when its prompt was prefilled elsewhere; it gets here at arrivalSeconds
};

/// KV blocks with names, one by one. A free block keeps its content until it is given out again; the one that has been
/// free longest goes first.
class SlowBlocks {
public:
    SlowBlocks(std::int64_t count, std::int64_t blocksPerPrefix)
        : m_content(static_cast<std::size_t>(count))
        , m_users(static_cast<std::size_t>(count))
        , m_perPrefix(blocksPerPrefix)
    {
        for (std::int64_t block = 0; block < count; ++block) {
            m_free.push_back(block);
        }
    }
    [[nodiscard]] std::int64_t free() const { return std::ssize(m_free); }
    [[nodiscard]] bool has(std::uint64_t hash) const { return m_cached.contains(hash); }
    [[nodiscard]] std::int64_t freeOf(std::uint64_t hash) const
    {
        return m_users[static_cast<std::size_t>(m_cached.at(hash).front())] == 0 ? m_perPrefix : 0;
    }
    std::vector<std::int64_t> share(std::uint64_t hash)
    {
        const std::vector<std::int64_t> blocks = m_cached.at(hash);
        for (const std::int64_t block : blocks) {
            if (m_users[static_cast<std::size_t>(block)]++ == 0) {
                m_free.erase(std::find(m_free.begin(), m_free.end(), block));
            }
        }
        return blocks;
    }
    std::int64_t take()
    {
        const std::int64_t block = m_free.front();
        m_free.pop_front();
        std::uint64_t& content = m_content[static_cast<std::size_t>(block)];
        if (content != 0) { // the prefix block is no longer whole
            const std::uint64_t lost = content;
            for (const std::int64_t part : m_cached.at(lost)) {
                m_content[static_cast<std::size_t>(part)] = 0;
            }
            m_cached.erase(lost);
        }
        m_users[static_cast<std::size_t>(block)] = 1;
        return block;
    }
    void name(const std::vector<std::int64_t>& blocks, std::uint64_t hash)
    {
        if (has(hash)) {
            return; // somebody else computed the same before; this copy has no name
        }
        m_cached[hash] = blocks;
        for (const std::int64_t block : blocks) {
            m_content[static_cast<std::size_t>(block)] = hash;
        }
    }
    void giveBack(const std::vector<std::int64_t>& blocks)
    {
        // Nameless ones first, then the end before the beginning.
        for (const std::int64_t block : blocks) {
            if (m_content[static_cast<std::size_t>(block)] == 0) {
                --m_users[static_cast<std::size_t>(block)];
                m_free.push_back(block);
            }
        }
        for (auto at = blocks.rbegin(); at != blocks.rend(); ++at) {
            if (m_content[static_cast<std::size_t>(*at)] != 0 && --m_users[static_cast<std::size_t>(*at)] == 0) {
                m_free.push_back(*at);
            }
        }
    }

private:
    std::vector<std::uint64_t> m_content; ///< by block; 0: nothing with a name
    std::vector<int> m_users;
    std::deque<std::int64_t> m_free;
    std::map<std::uint64_t, std::vector<std::int64_t>> m_cached;
    std::int64_t m_perPrefix;
};

/// The definition, token by token: every iteration carried out, every sequence and every block visited.
class SlowReplica {
public:
    SlowReplica(const IterationModel& model, std::size_t queueLimit, const BatchPolicy& policy = {})
        : m_model(model)
        , m_policy(policy)
        , m_queueLimit(queueLimit)
        , m_blocks(model.kvCapacityTokens / policy.kvBlockTokens,
                   std::max(1, policy.prefixBlockTokens / policy.kvBlockTokens))
        , m_capacity(m_blocks.free())
    {
        if (m_policy.maxBatchedTokens > 0) {
            m_policy.maxBatchedTokens = std::max(m_policy.maxBatchedTokens, m_model.maxBatch);
        }
    }

    std::vector<Completion> run(const std::vector<Request>& requests, std::vector<std::uint32_t>& rejected)
    {
        std::vector<HashedRequest> hashed;
        for (const Request& request : requests) {
            hashed.push_back({request});
        }
        return run(hashed, rejected);
    }
    std::vector<Completion> run(const std::vector<HashedRequest>& requests, std::vector<std::uint32_t>& rejected)
    {
        std::size_t next = 0;
        double now = 0;
        while (next < requests.size() || !m_batch.empty() || !m_queue.empty()) {
            if (m_batch.empty() && m_queue.empty()) {
                now = requests[next].request.arrivalSeconds;
                arrive(requests[next++], rejected);
                if (m_queue.empty()) {
                    continue; // refused: still idle
                }
            }
            const double end = now + m_model.seconds(makeUp(now));
            // Arrivals before the boundary wait for it.
            while (next < requests.size() && requests[next].request.arrivalSeconds < end) {
                arrive(requests[next++], rejected);
            }
            now = end;
            finish(now);
        }
        freeAtTheEnd = m_blocks.free();
        return m_done;
    }

    std::int64_t preemptions = 0;
    std::int64_t freeAtTheEnd = 0;

private:
    struct Sequence {
        HashedRequest hashed;
        std::uint64_t order = 0; ///< of arrival here
        bool started = false, kvComes = false;
        double start = 0, firstToken = 0;
        std::uint32_t generated = 0;
        std::int64_t through = 0; ///< tokens whose KV is there at the end of the iteration
        std::int64_t toPrefill = 0;
        bool decoding = false;
        std::uint32_t hitTokens = 0;
        std::vector<std::int64_t> blocks = {};

        [[nodiscard]] const Request& request() const { return hashed.request; }
        [[nodiscard]] std::int64_t tokens() const { return std::int64_t{request().inputTokens} + generated; }
        [[nodiscard]] auto rank() const { return std::tuple(request().priority, order); }
    };
    [[nodiscard]] std::int64_t blocksFor(std::int64_t tokens) const
    {
        return (tokens + m_policy.kvBlockTokens - 1) / m_policy.kvBlockTokens;
    }
    [[nodiscard]] bool reserves() const { return m_policy.admission == BatchPolicy::Admission::Reserve; }
    [[nodiscard]] std::int64_t wholeBlocks(const Sequence& s) const
    {
        return blocksFor(std::int64_t{s.request().inputTokens} + s.request().outputTokens);
    }
    void grow(Sequence& s, std::int64_t tokens)
    {
        while (std::ssize(s.blocks) < blocksFor(tokens)) {
            s.blocks.push_back(m_blocks.take());
        }
    }

    std::vector<Sequence>::iterator last()
    {
        return std::max_element(m_batch.begin(), m_batch.end(),
                                [](const Sequence& a, const Sequence& b) { return a.rank() < b.rank(); });
    }
    void preempt(std::vector<Sequence>::iterator sequence)
    {
        m_blocks.giveBack(sequence->blocks);
        sequence->blocks.clear();
        sequence->decoding = false;
        enqueue(*sequence);
        m_batch.erase(sequence);
        ++preemptions;
    }
    /// Who does what in the iteration that starts now.
    IterationLoad makeUp(double now)
    {
        bool preempted = false;
        for (;;) {
            std::int64_t wanted = 0;
            for (const Sequence& s : m_batch) {
                wanted += s.decoding ? std::max<std::int64_t>(0, blocksFor(s.tokens()) - std::ssize(s.blocks)) : 0;
            }
            if (wanted <= m_blocks.free()) {
                break;
            }
            preempt(last());
            preempted = true;
        }
        if (m_policy.preemptsLessUrgent && !preempted && !m_queue.empty() &&
            m_batch.size() == std::size_t(m_model.maxBatch) &&
            last()->request().priority > m_queue.front().request().priority) {
            preempt(last());
        }
        IterationLoad load;
        std::int64_t budget = m_policy.maxBatchedTokens > 0 ? m_policy.maxBatchedTokens : 1'000'000'000;
        for (Sequence& s : m_batch) {
            if (s.decoding) {
                grow(s, s.tokens());
                s.through = s.tokens();
                load.sequences += 1;
                load.contextTokens += double(s.tokens());
                --budget;
            }
        }
        for (Sequence& s : m_batch) { // in the order of their admission
            if (!s.decoding) {
                prefill(s, load, budget);
            }
        }
        while (!preempted && !m_queue.empty() && budget > 0 && m_batch.size() < std::size_t(m_model.maxBatch) &&
               (m_policy.maxBatchedTokens > 0 || load.prompts == 0) && admit(m_queue.front(), now)) {
            Sequence s = m_queue.front();
            m_queue.erase(m_queue.begin());
            if (s.decoding) { // its KV came with it
                load.sequences += 1;
                load.contextTokens += double(s.tokens());
                --budget;
            } else {
                prefill(s, load, budget);
            }
            m_batch.push_back(s);
        }
        return load;
    }
    /// Gives the first in the queue its blocks, if they are there.
    bool admit(Sequence& s, double now)
    {
        std::vector<std::uint64_t> found;
        std::int64_t lying = 0;
        for (std::size_t i = 0; m_policy.prefixBlockTokens > 0 && i < s.hashed.hashes.size(); ++i) {
            const std::uint64_t hash = s.hashed.hashes[i];
            if ((i + 1) * std::size_t(m_policy.prefixBlockTokens) > s.request().inputTokens || !m_blocks.has(hash)) {
                break;
            }
            found.push_back(hash);
            lying += m_blocks.freeOf(hash);
        }
        const std::int64_t own = (reserves() ? wholeBlocks(s) : blocksFor(s.tokens())) -
                                 std::ssize(found) * std::max(1, m_policy.prefixBlockTokens / m_policy.kvBlockTokens);
        if (own + lying > m_blocks.free()) {
            return false;
        }
        for (const std::uint64_t hash : found) {
            const std::vector<std::int64_t> shared = m_blocks.share(hash);
            s.blocks.insert(s.blocks.end(), shared.begin(), shared.end());
        }
        for (std::int64_t i = 0; i < own; ++i) {
            s.blocks.push_back(m_blocks.take());
        }
        s.toPrefill = s.tokens();
        s.through = std::min(std::ssize(found) * m_policy.prefixBlockTokens, s.toPrefill - 1);
        if (!s.started) {
            s.start = now;
            s.started = true;
            s.hitTokens = static_cast<std::uint32_t>(s.through);
        }
        s.decoding = s.kvComes;
        s.kvComes = false;
        return true;
    }
    void prefill(Sequence& s, IterationLoad& load, std::int64_t& budget)
    {
        const std::int64_t begin = s.through, end = std::min(s.toPrefill, begin + budget);
        s.through = end;
        budget -= end - begin;
        load.prompts += 1;
        load.promptTokens += double(end - begin);
        load.promptTokensSquared += double(end) * double(end) - double(begin) * double(begin);
        if (m_policy.prefixBlockTokens == 0) {
            return;
        }
        const std::int64_t size = m_policy.prefixBlockTokens, blocks = size / m_policy.kvBlockTokens;
        for (std::int64_t i = begin / size; i < std::ssize(s.hashed.hashes); ++i) {
            if ((i + 1) * size <= std::min(end, std::int64_t{s.request().inputTokens})) {
                m_blocks.name({s.blocks.begin() + i * blocks, s.blocks.begin() + (i + 1) * blocks},
                              s.hashed.hashes[std::size_t(i)]);
            }
        }
    }
    void finish(double now)
    {
        for (Sequence& s : m_batch) {
            if (!s.decoding && s.through < s.toPrefill) {
                continue;
            }
            s.decoding = true;
            if (++s.generated == 1) {
                s.firstToken = now;
            }
        }
        // Those that leave, in the order of (priority, arrival).
        std::vector<Sequence> left;
        std::erase_if(m_batch, [&](const Sequence& s) {
            const bool done = s.generated == s.request().outputTokens;
            if (done) {
                left.push_back(s);
            }
            return done;
        });
        std::sort(left.begin(), left.end(), [](const Sequence& a, const Sequence& b) { return a.rank() < b.rank(); });
        for (const Sequence& s : left) {
            m_blocks.giveBack(s.blocks);
            m_done.push_back({s.request(), s.start, s.firstToken, now, s.hitTokens});
        }
    }
    void arrive(const HashedRequest& hashed, std::vector<std::uint32_t>& rejected)
    {
        Sequence s{.hashed = hashed, .order = m_arrivals++};
        if (hashed.firstTokenSeconds >= 0) {
            s.kvComes = s.started = true;
            s.start = s.firstToken = hashed.firstTokenSeconds;
            s.generated = 1;
        }
        if (wholeBlocks(s) > m_capacity || (m_queueLimit == 0 ? !startsAtOnce(s) : m_queue.size() >= m_queueLimit)) {
            rejected.push_back(hashed.request.tag);
            return;
        }
        enqueue(s);
    }
    /// A place in the batch and room for the prompt, whoever is already here counted in.
    [[nodiscard]] bool startsAtOnce(const Sequence& s) const
    {
        const auto blocks = [&](const Sequence& other) {
            return reserves() ? wholeBlocks(other) : blocksFor(other.tokens());
        };
        std::int64_t held = blocks(s);
        for (const Sequence& other : m_queue) {
            held += blocks(other);
        }
        for (const Sequence& other : m_batch) {
            held += blocks(other);
        }
        return m_batch.size() + m_queue.size() < std::size_t(m_model.maxBatch) && held <= m_capacity;
    }
    void enqueue(const Sequence& s)
    {
        const auto behind = std::find_if(m_queue.begin(), m_queue.end(),
                                         [&](const Sequence& other) { return other.rank() > s.rank(); });
        m_queue.insert(behind, s);
    }

    IterationModel m_model;
    BatchPolicy m_policy;
    std::size_t m_queueLimit;
    SlowBlocks m_blocks;
    std::int64_t m_capacity;
    std::uint64_t m_arrivals = 0;
    std::vector<Sequence> m_queue;
    std::vector<Sequence> m_batch;
    std::vector<Completion> m_done;
};

using Random = std::mt19937_64;

inline double uniform(Random& random, double from, double to)
{
    return std::uniform_real_distribution<double>(from, to)(random);
}

inline std::uint32_t integer(Random& random, std::uint32_t from, std::uint32_t to)
{
    return std::uniform_int_distribution<std::uint32_t>(from, to)(random);
}

inline IterationModel randomModel(Random& random)
{
    IterationModel m;
    m.fixedSeconds = uniform(random, 1e-4, 1e-2);
    m.perSequenceSeconds = uniform(random, 0, 1e-4);
    m.perContextTokenSeconds = integer(random, 0, 3) == 0 ? 0 : uniform(random, 0, 1e-6);
    m.denseWeightSeconds = uniform(random, 0, 2e-2);
    m.expertWeightSeconds = integer(random, 0, 1) == 0 ? 0 : uniform(random, 0, 2e-2);
    m.expertsTouchedPerToken = uniform(random, 0.01, 0.5);
    m.perTokenComputeSeconds = uniform(random, 0, 1e-4);
    m.perTokenExpertComputeSeconds = integer(random, 0, 1) == 0 ? 0 : uniform(random, 0, 1e-4);
    m.exposedRatio = integer(random, 0, 1) == 0 ? 0 : uniform(random, 0, 1);
    m.collectiveSetupSeconds = integer(random, 0, 1) == 0 ? 0 : uniform(random, 0, 1e-4);
    m.perTokenCommunicationSeconds = uniform(random, 0, 1e-6);
    m.perPrefillTokenSquaredSeconds = uniform(random, 0, 1e-9);
    m.maxBatch = static_cast<std::int32_t>(integer(random, 1, 12));
    m.kvCapacityTokens = integer(random, 200, 4000);
    return m;
}

inline std::vector<Request> randomTrace(Random& random, int count)
{
    std::vector<Request> trace;
    double now = 0;
    const double gap = uniform(random, 0.01, 2.0);
    for (int i = 0; i < count; ++i) {
        now += std::exponential_distribution<double>(1 / gap)(random);
        const std::uint32_t longest = integer(random, 0, 9) == 0 ? 1500 : 200;
        trace.push_back({now, integer(random, 1, longest), integer(random, 1, longest), static_cast<std::uint32_t>(i),
                         integer(random, 0, 2)});
    }
    return trace;
}

/// Prompts that begin like others: each goes on from a place in one of a few long texts.
inline std::vector<HashedRequest> randomHashes(Random& random, const std::vector<Request>& trace, std::uint32_t size)
{
    std::vector<HashedRequest> hashed;
    for (const Request& request : trace) {
        HashedRequest h{request};
        const std::uint64_t text = integer(random, 1, 4);
        const std::uint32_t shared = integer(random, 0, 12);
        const std::uint32_t whole = request.inputTokens / size;
        // Sometimes fewer hashes than blocks, sometimes one for the last, partial block too.
        const std::uint32_t given =
            integer(random, 0, 4) == 0 ? integer(random, 0, whole) : whole + integer(random, 0, 1);
        for (std::uint32_t i = 0; i < given; ++i) {
            h.hashes.push_back(i < shared ? text * 1'000'000 + i : std::uint64_t{request.tag + 10u} * 100'000'000 + i);
        }
        hashed.push_back(std::move(h));
    }
    return hashed;
}

inline bool close(double a, double b)
{
    return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

inline IterationModel constantModel(double seconds, int maxBatch)
{
    IterationModel m;
    m.fixedSeconds = seconds;
    m.maxBatch = maxBatch;
    m.kvCapacityTokens = 1'000'000'000;
    return m;
}

} // namespace isobar::serving::test

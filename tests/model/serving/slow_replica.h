// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/replica.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

/// The slow, obvious replica that the fast one is held against, and random models and traces to do it with.
namespace isobar::serving::test {

/// The definition, token by token: every iteration carried out, every sequence visited.
class SlowReplica {
public:
    SlowReplica(const IterationModel& model, std::size_t queueLimit)
        : m_model(model)
        , m_queueLimit(queueLimit)
    {
    }

    std::vector<Completion> run(const std::vector<Request>& requests, std::vector<std::uint32_t>& rejected)
    {
        std::size_t next = 0;
        double now = 0;
        while (next < requests.size() || !m_batch.empty() || !m_queue.empty()) {
            if (m_batch.empty() && m_queue.empty()) {
                now = requests[next].arrivalSeconds;
                arrive(requests[next++], rejected);
                if (m_queue.empty()) {
                    continue; // refused: still idle
                }
            }
            // Who is there at this boundary.
            double context = 0;
            for (const Sequence& s : m_batch) {
                context += s.request.inputTokens + s.generated;
            }
            const double sequences = double(m_batch.size());
            double duration = m_model.decodeSeconds(sequences, context);
            bool joined = false;
            if (!m_queue.empty() && m_batch.size() < std::size_t(m_model.maxBatch) && fits(m_queue.front())) {
                duration = m_model.mixedSeconds(sequences, context, m_queue.front().inputTokens);
                m_batch.push_back({m_queue.front(), now, 0, 0});
                m_queue.erase(m_queue.begin());
                joined = true;
            }
            const double end = now + duration;
            // Arrivals before the boundary wait for it.
            while (next < requests.size() && requests[next].arrivalSeconds < end) {
                arrive(requests[next++], rejected);
            }
            now = end;
            for (std::size_t i = 0; i < m_batch.size(); ++i) {
                Sequence& s = m_batch[i];
                ++s.generated;
                if (joined && i + 1 == m_batch.size()) {
                    s.firstToken = now;
                }
            }
            std::erase_if(m_batch, [&](const Sequence& s) {
                if (s.generated < s.request.outputTokens) {
                    return false;
                }
                m_done.push_back({s.request, s.start, s.firstToken, now});
                return true;
            });
        }
        return m_done;
    }

private:
    struct Sequence {
        Request request;
        double start = 0, firstToken = 0;
        std::uint32_t generated = 0;
    };
    [[nodiscard]] bool fits(const Request& request) const
    {
        std::int64_t reserved = request.inputTokens + request.outputTokens;
        for (const Sequence& s : m_batch) {
            reserved += s.request.inputTokens + s.request.outputTokens;
        }
        return reserved <= m_model.kvCapacityTokens;
    }
    void arrive(const Request& request, std::vector<std::uint32_t>& rejected)
    {
        if (request.inputTokens + request.outputTokens > m_model.kvCapacityTokens || m_queue.size() >= m_queueLimit) {
            rejected.push_back(request.tag);
            return;
        }
        const auto behind = std::find_if(m_queue.begin(), m_queue.end(),
                                         [&](const Request& other) { return other.priority > request.priority; });
        m_queue.insert(behind, request);
    }

    IterationModel m_model;
    std::size_t m_queueLimit;
    std::vector<Request> m_queue;
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

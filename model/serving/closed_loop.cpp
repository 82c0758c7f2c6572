// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/closed_loop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <queue>
#include <random>

namespace isobar::serving {
namespace {

/// Loads of nearly the same size, as their weighted mean.
class Gathering {
public:
    void add(const IterationLoad& load, double weight)
    {
        // A fifth apart at most: iteration times are smooth in both.
        const auto size = [](double tokens) { return static_cast<int>(4 * std::log2(1 + tokens)); };
        WeightedLoad& sum = m_sums[{size(load.sequences), size(load.promptTokens)}];
        sum.weight += weight;
        sum.load.sequences += weight * load.sequences;
        sum.load.contextTokens += weight * load.contextTokens;
        sum.load.prompts += weight * load.prompts;
        sum.load.promptTokens += weight * load.promptTokens;
        sum.load.promptTokensSquared += weight * load.promptTokensSquared;
    }

    [[nodiscard]] std::vector<WeightedLoad> means(double perWeight) const
    {
        std::vector<WeightedLoad> out;
        for (const auto& [size, sum] : m_sums) {
            const double w = sum.weight;
            out.push_back({w * perWeight,
                           {sum.load.sequences / w, sum.load.contextTokens / w, sum.load.prompts / w,
                            sum.load.promptTokens / w, sum.load.promptTokensSquared / w}});
        }
        return out;
    }

private:
    std::map<std::array<int, 2>, WeightedLoad> m_sums;
};

struct Request {
    double input = 0, output = 0; ///< tokens, whole numbers
    double prefilled = 0;
};

class Loop {
public:
    Loop(const BenchmarkRun& run, const SchedulerRules& rules)
        : m_run(run)
        , m_rules(rules)
        , m_clients(static_cast<std::size_t>(std::clamp(std::round(run.clients), 1.0, 1e6)))
        , m_left(m_clients * static_cast<std::size_t>(std::max(1, run.requestsPerClient)))
        , m_count(m_left)
    {
    }

    IterationMix go()
    {
        for (std::size_t i = 0; i < m_clients; ++i) {
            send();
        }
        while (!m_waiting.empty() || !m_prefilling.empty() || !m_running.empty()) {
            iterate();
        }
        const double requests = static_cast<double>(m_count);
        return {m_ttft.means(1 / requests), m_tpot.means(1 / requests), m_inputTokens / requests,
                m_outputTokens / requests};
    }

private:
    struct Running {
        double finish = 0; ///< when so many decode steps have been done
        Request request;
        friend bool operator<(const Running& a, const Running& b) { return a.finish > b.finish; }
    };

    double drawn(double longest)
    {
        const double u = static_cast<double>(m_random() >> 11) * 0x1p-53;
        return std::max(1.0, std::round(longest * (m_run.shortestRatio + (1 - m_run.shortestRatio) * u)));
    }

    void send()
    {
        if (m_left == 0) {
            return;
        }
        --m_left;
        Request request;
        request.input = drawn(m_run.inputTokens);
        request.output = std::max(2.0, drawn(m_run.outputTokens));
        m_inputTokens += request.input;
        m_outputTokens += request.output;
        m_waiting.push_back(request);
    }

    [[nodiscard]] double reserved(const Request& r) const { return r.input + m_rules.reservedOutputRatio * r.output; }

    /// Admits waiting prompts and takes as much of the admitted as the budget allows.
    void takePrompts(double budget, IterationLoad& load)
    {
        const auto take = [&](Request& r) {
            const double part = std::min(budget, r.input - r.prefilled), end = r.prefilled + part;
            budget -= part;
            load.prompts += 1;
            load.promptTokens += part;
            load.promptTokensSquared += end * end - r.prefilled * r.prefilled;
            r.prefilled = end;
        };
        for (Request& r : m_prefilling) {
            if (budget < 1) {
                return;
            }
            take(r);
        }
        while (budget >= 1 && !m_waiting.empty() &&
               (m_held == 0 || m_held + reserved(m_waiting.front()) <= m_run.kvCapacityTokens)) {
            m_held += reserved(m_waiting.front());
            m_prefilling.push_back(m_waiting.front());
            m_waiting.pop_front();
            take(m_prefilling.back());
        }
    }

    void iterate()
    {
        IterationLoad load;
        const double sequences = static_cast<double>(m_running.size());
        takePrompts(std::max(1.0, m_rules.tokenBudget - (m_rules.mixesPrompts ? sequences : 0)), load);
        const bool decodes = m_rules.mixesPrompts || load.prompts == 0;
        // Nothing else happens until the first sequence ends: so many steps are one load, its context the mean.
        double steps = 1;
        if (load.prompts == 0) {
            steps = m_running.top().finish - m_decoded;
        }
        if (decodes) {
            load.sequences = sequences;
            load.contextTokens = m_context + sequences * (steps - 1) / 2;
        }
        const double unanswered = static_cast<double>(m_waiting.size() + m_prefilling.size());
        if (unanswered > 0) {
            m_ttft.add(load, steps * unanswered);
        }
        if (sequences > 0) {
            m_tpot.add(load, steps * m_shares);
        }
        if (decodes) {
            m_decoded += steps;
            m_context += sequences * steps;
            while (!m_running.empty() && m_running.top().finish <= m_decoded) {
                const Request ended = m_running.top().request;
                m_running.pop();
                m_context -= ended.input + ended.output - 1;
                m_shares -= 1 / (ended.output - 1);
                m_held -= reserved(ended);
                send();
            }
            if (m_running.empty()) { // what rounding left
                m_context = m_shares = 0;
            }
        }
        while (!m_prefilling.empty() && m_prefilling.front().prefilled >= m_prefilling.front().input) {
            const Request begun = m_prefilling.front();
            m_prefilling.pop_front();
            m_running.push({m_decoded + begun.output - 1, begun});
            m_context += begun.input;
            m_shares += 1 / (begun.output - 1);
        }
        if (m_running.empty() && m_prefilling.empty()) {
            m_held = 0;
        }
    }

    BenchmarkRun m_run;
    SchedulerRules m_rules;
    std::size_t m_clients, m_left, m_count;
    std::mt19937_64 m_random{20240917};
    std::deque<Request> m_waiting, m_prefilling;
    std::priority_queue<Running> m_running;
    double m_decoded = 0; ///< decode steps done
    double m_context = 0; ///< tokens of all running sequences
    double m_shares = 0;  ///< sum over running sequences of what one iteration is of their time per output token
    double m_held = 0;    ///< tokens of KV cache promised
    double m_inputTokens = 0, m_outputTokens = 0;
    Gathering m_ttft, m_tpot;
};

} // namespace

SchedulerRules schedulerRules(const std::string& engine)
{
    std::string name = engine;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    SchedulerRules rules;
    if (name.find("sglang") != std::string::npos) {
        rules.mixesPrompts = false;
        rules.tokenBudget = 16384; // prompts prefilled together
    }
    // TensorRT-LLM never evicts, so it makes room for the whole answer; the others count on answers at different
    // stages.
    rules.reservedOutputRatio = name.find("trt") != std::string::npos ? 1 : 0.5;
    return rules;
}

IterationMix runClosedLoop(const BenchmarkRun& run, const SchedulerRules& rules)
{
    return Loop(run, rules).go();
}

double secondsOf(const std::vector<WeightedLoad>& loads, const IterationModel& model)
{
    double sum = 0;
    for (const WeightedLoad& l : loads) {
        sum += l.weight * model.seconds(l.load);
    }
    return sum;
}

} // namespace isobar::serving

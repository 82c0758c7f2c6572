// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/iteration_model.h"

#include <vector>

/// The closed loop of a benchmark: clients that start together, each sending its next request when its last is
/// answered. No clock but the replica's own drives it, so which iterations it runs does not depend on how long they
/// take: the iterations are found once, and any set of coefficients gives their times after that.
namespace isobar::serving {

/// How a runtime forms iterations.
struct SchedulerRules {
    double tokenBudget = 4096;      ///< tokens of one iteration, decoding sequences included; longer prompts are cut
    bool mixesPrompts = true;       ///< prompts beside decoding sequences; false = decoding waits while prompts run
    double reservedOutputRatio = 1; ///< of the answer, what has to find room in the KV cache before a prompt starts
};

/// By the name of a serving engine, whatever its case: what vLLM, SGLang and TensorRT-LLM do unless told otherwise.
/// Another engine is taken to work as vLLM does.
[[nodiscard]] SchedulerRules schedulerRules(const std::string& engine);

struct BenchmarkRun {
    double clients = 1;
    std::int32_t requestsPerClient = 10;
    double inputTokens = 0, outputTokens = 0; ///< the longest, where they vary
    double shortestRatio = 1; ///< lengths are uniform between this share of the longest, and the longest
    double kvCapacityTokens = 0;
};

struct WeightedLoad {
    double weight = 0;
    IterationLoad load;
};

/// The iterations of a run: means over its requests are sums of weight x IterationModel::seconds(load).
struct IterationMix {
    std::vector<WeightedLoad> ttft; ///< from a request's being sent to the end of the iteration with its first token
    std::vector<WeightedLoad> tpot; ///< per token after that
    double meanInputTokens = 0, meanOutputTokens = 0;
};

/// Exact but for loads of nearly the same size, which are put together. Lengths are drawn from a fixed seed. A request
/// too long for the KV cache runs alone.
[[nodiscard]] IterationMix runClosedLoop(const BenchmarkRun& run, const SchedulerRules& rules);

[[nodiscard]] double secondsOf(const std::vector<WeightedLoad>& loads, const IterationModel& model);

} // namespace isobar::serving

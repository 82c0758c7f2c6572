// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/serving/batch_policy.h"
#include "model/serving/iteration_model.h"

#include <optional>
#include <string>
#include <vector>

/// Requests that a real server was measured with, the same requests through a replica of the model, and how far the two
/// are apart.
namespace isobar::serving {

/// What a request took; NaN where it was not measured, or not served. Seconds.
struct RequestTimes {
    double ttft = 0;     ///< from when the engine took the request in, to its first token
    double tpot = 0;     ///< between two tokens of the answer, in the mean; NaN for an answer of one
    double endToEnd = 0; ///< from when the engine took it in, to its last token
};

struct MeasuredRequest {
    double arrivalSeconds = 0; ///< ascending
    std::uint32_t inputTokens = 0, outputTokens = 0;
    RequestTimes measured;
};

/// A server under a load that was recorded.
struct MeasuredRun {
    std::string name;
    ServedModel model;
    Precision precision = Precision::Bf16;
    ReplicaLayout layout;
    std::int32_t servers = 1;    ///< that serve on their own, each request at the one with the fewest in flight
    std::int32_t maxBatch = 256; ///< sequences a server runs at once
    BatchPolicy policy;
    std::optional<std::int64_t> kvCacheTokens; ///< of one server, where it was told
    double kvBytesPerValue = 2;
    double memoryRatio = 0.9; ///< share of memory the server was allowed
    /// Iterations are made up one ahead, as vLLM does to keep the chip busy: what the engine takes in at the end of an
    /// iteration joins the one after the next.
    bool asynchronous = true;
    std::vector<MeasuredRequest> requests;
};

/// The model of one server of the run with a row of efficiencies, its KV cache as told. Errors: those of
/// buildIterationModel and checkBatching.
[[nodiscard]] Result<IterationModel> modelOf(const MeasuredRun& run, const AcceleratorType& accelerator,
                                             const Efficiency& efficiency);

/// The same requests, arrival by arrival. `delays`: seconds that each arrives later, or empty. In the order of the
/// run's requests; what was refused is NaN. Errors: those of modelOf; Cancelled.
[[nodiscard]] Result<std::vector<RequestTimes>> replayRun(const MeasuredRun& run, const AcceleratorType& accelerator,
                                                          const Efficiency& efficiency, const JobContext& job,
                                                          const std::vector<double>& delays = {});

/// The same with a model of one server that is there already.
[[nodiscard]] Result<std::vector<RequestTimes>> replayRun(const MeasuredRun& run, const IterationModel& model,
                                                          const JobContext& job,
                                                          const std::vector<double>& delays = {});

/// Mean and percentiles, these interpolated between the two nearest values. NaN of nothing.
struct TimeSummary {
    std::size_t count = 0;
    double mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0;
};
[[nodiscard]] TimeSummary summaryOf(std::vector<double> seconds);
/// At a share of the values from 0 to 1, these ascending and at least one.
[[nodiscard]] double quantileOf(const std::vector<double>& ascending, double share);

/// One quantity over the requests that have it in both.
struct RunQuantity {
    std::vector<double> measured, simulated; ///< ascending, each
    TimeSummary measuredSummary, simulatedSummary;
    [[nodiscard]] double meanError() const { return simulatedSummary.mean / measuredSummary.mean - 1; }
    [[nodiscard]] double p99Error() const { return simulatedSummary.p99 / measuredSummary.p99 - 1; }
};
struct RunComparison {
    RunQuantity ttft, tpot, endToEnd;
};
[[nodiscard]] RunComparison compareRun(const MeasuredRun& run, const std::vector<RequestTimes>& simulated);

} // namespace isobar::serving

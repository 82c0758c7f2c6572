// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/serving/closed_loop.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// Efficiencies from measured rows, and how far they are off on rows they have not seen. docs/fidelity.md has the
/// formulas and what they reach.
namespace isobar::serving {

/// A replica measured in a closed loop: so many clients, each sending its next request when the last is answered.
struct Observation {
    std::size_t model = 0, accelerator = 0, engine = 0, build = 0; ///< positions in Measurements
    Precision precision = Precision::Bf16;
    ReplicaLayout layout;
    double concurrency = 0;                   ///< requests in the system, waiting or running
    double inputTokens = 0, outputTokens = 0; ///< the longest, where lengths vary
    double shortestRatio = 1;                 ///< of the longest; lengths are uniform in between
    std::int32_t requestsPerClient = 10;
    double kvBytesPerValue = 0;              ///< of the KV cache; 0 = as the efficiencies have it
    double ttftSeconds = 0, tpotSeconds = 0; ///< means over requests; TPOT = (finish - first token) / (output - 1)
};

struct Measurements {
    std::vector<ServedModel> models;
    std::vector<AcceleratorType> accelerators;
    std::vector<std::string> engines; ///< serving software: "vllm"
    std::vector<std::string> builds;  ///< what ran: a version of an engine, as set up for one campaign of measurements
    std::vector<Observation> observations;
    std::vector<IterationMix> mixes; ///< of each observation; made by prepare()
};

/// Positions of the observations that make no sense or that the model refuses: negative times, weights larger than the
/// memory, an accelerator without the precision.
struct UnusableRow {
    std::size_t row = 0;
    std::string reason;
};
/// Finds the iterations each observation's benchmark ran (`mixes`), which the rest of this file needs, and the rows
/// nothing can be said of.
[[nodiscard]] std::vector<UnusableRow> prepare(Measurements& measured);

/// What the software and the client of a measurement add to the replica's own times. Fitted along with the
/// efficiencies so that those need not take it over; not part of a Calibration.
struct EngineSetup {
    double timeRatio = 1;                ///< this engine's iterations against the mean engine's
    double overheadRatio = 1;            ///< the same of the overheads a step, a layer and a sequence
    double firstTokenSeconds = 0.02;     ///< network and client before a first token
    double perPromptTokenSeconds = 1e-6; ///< tokenizing before a first token
};

struct ClosedLoopTimes {
    double ttftSeconds = 0, tpotSeconds = 0, outputTokensPerSecond = 0;
};

/// What the observation would be with these efficiencies and setup; fails as buildIterationModel does.
[[nodiscard]] Result<ClosedLoopTimes> predict(const Measurements& measured, std::size_t row,
                                              const Calibration& calibration, const EngineSetup& setup);

struct FitOptions {
    /// Weight of what is known without the rows (other accelerators, published efficiencies) against them; 1 = a
    /// deviation by a third counts as one row that is off by its usual noise.
    double priorWeight = 1;
    int maxSteps = 80;
};

struct CalibrationFit {
    Calibration calibration; ///< one row an accelerator and precision seen, and a generic one a precision
    EngineSetup meanEngine;
    std::vector<EngineSetup> engines; ///< by position in Measurements; unseen ones are the mean engine
    std::vector<EngineSetup> builds;  ///< by position in Measurements; unseen ones are the engine
    std::size_t rows = 0;             ///< observations fitted to
    int steps = 0;                    ///< of the optimiser
    double cost = 0;                  ///< half the sum of squared, weighted deviations
};

/// Fits to the observations at `rows` (ascending): least squares of log(predicted / measured) of TPOT and, at half the
/// weight, TTFT, robust against outliers (Huber), by Levenberg and Marquardt's method in the logarithms of the
/// coefficients, each kept within physical bounds. Every accelerator's coefficients are drawn towards the generic row
/// of its precision, that towards what precisions have in common, and that towards published figures: a coefficient
/// no row tells about stays where it is likely. The setups of builds are drawn to their engine's and those to the mean
/// engine's alike, so that the efficiencies stand for the mean engine. A precision without rows gets a generic row all
/// the same. Deterministic. Errors: no rows, a row that cannot be predicted (prepare), Cancelled.
[[nodiscard]] Result<CalibrationFit> fitCalibration(const Measurements& measured, std::span<const std::size_t> rows,
                                                    const FitOptions& options, const JobContext& job);

/// Relative errors |predicted / measured - 1|.
struct QuantityError {
    double mean = 0, median = 0;
};
struct ErrorRow {
    std::string name; ///< of the fold or group
    std::size_t rows = 0;
    QuantityError tpot, ttft, throughput;
};

enum class HoldOut { Nothing, Alternate, Build, Accelerator, Model, Engine };

/// Predictions for `rows` (ascending) made without having seen them: fits once a fold, on the rows of the others.
/// Alternate has two folds, every other row of `rows`; the rest have one for each name; Nothing fits and predicts on
/// the same rows.
struct Prediction {
    std::size_t row = 0;
    std::string fold;
    ClosedLoopTimes predicted;
};
[[nodiscard]] Result<std::vector<Prediction>> crossPredict(const Measurements& measured,
                                                           std::span<const std::size_t> rows, HoldOut holdOut,
                                                           const FitOptions& options, const JobContext& job);

/// What was measured, with its throughput: clients x output / (TTFT + (output - 1) TPOT).
[[nodiscard]] ClosedLoopTimes measuredTimes(const Measurements& measured, std::size_t row);

/// Errors of predictions together, named `name`; NaN without any.
[[nodiscard]] ErrorRow errorOf(const Measurements& measured, std::span<const Prediction> predictions, std::string name);

} // namespace isobar::serving

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/measured_run.h"

#include <span>

/// One accelerator's efficiencies from measured runs on it. docs/fidelity.md has what it reaches.
namespace isobar::serving {

struct RunFitOptions {
    /// Weight of what is known without the runs against them; 1 = as sure of both as their spreads say.
    double priorWeight = 1;
    int maxSteps = 40;
};

struct RunFit {
    Efficiency efficiency;
    int steps = 0;
    double cost = 0; ///< half the sum of squared residuals, priors included
};

/// Where an accelerator's efficiencies are likely before any run is seen; the collectives' by its kind of link. A
/// coefficient that no run tells about (those of collectives from servers of one chip) stays there.
[[nodiscard]] Efficiency likelyEfficiency(const AcceleratorType& accelerator, Precision precision);

/// Least squares of logarithms of simulated over measured: means, and twenty quantiles, of the TTFT (at half the
/// weight) and the TPOT of the requests of each run, every run counting alike; with the logarithms of the coefficients
/// drawn towards likelyEfficiency. By Levenberg and Marquardt's method with central differences. As one request more in
/// an iteration moves every later one, a replay is not smooth in its coefficients: residuals are means over replays
/// whose arrivals are delayed by up to an iteration each, always the same delays. Deterministic. The memory of the row:
/// as the runs allowed, and what is left over from the KV cache they report. Errors: InvalidValue without a request
/// that was measured, or for runs of different precisions; those of replayRun.
[[nodiscard]] Result<RunFit> fitRuns(const AcceleratorType& accelerator, std::span<const MeasuredRun> runs,
                                     const RunFitOptions& options, const JobContext& job);

} // namespace isobar::serving

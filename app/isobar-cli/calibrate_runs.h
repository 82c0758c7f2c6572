// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/output.h"
#include "model/serving/run_fit.h"

#include <filesystem>
#include <string>
#include <vector>

/// `calibrate --vllm-run`: one accelerator's efficiencies from measured runs of a server on it.
namespace isobar::cli {

struct RunCalibration {
    std::vector<std::string> runs; ///< files, each with its settings beside it
    std::string accelerator;       ///< by name, among the systems
    std::string systems, models, out;
    bool json = false;
};

/// How far simulated requests are from the measured ones of a run.
struct RunErrors {
    std::string run;
    serving::RunComparison inSample; ///< fitted to all runs
    serving::RunComparison heldOut;  ///< fitted to the other runs; only where there are others of its precision
    bool hasHeldOut = false;
};

struct FittedRuns {
    AcceleratorType accelerator;
    std::vector<serving::MeasuredRun> runs;
    std::vector<serving::RunFit> fits; ///< one a precision
    std::vector<RunErrors> errors;     ///< by run
    Calibration calibration;
};

/// Reads the runs, fits those of each precision together, and predicts each from the others. Errors: those of
/// readMeasuredRun, findSystemSpec and fitRuns.
[[nodiscard]] Result<FittedRuns> fitMeasuredRuns(const std::vector<std::filesystem::path>& runs,
                                                 const std::string& accelerator, const std::filesystem::path& systems,
                                                 const std::filesystem::path& models, const JobContext& job);

/// The whole command; returns its exit code.
[[nodiscard]] int calibrateRuns(const RunCalibration& options);

} // namespace isobar::cli

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/fidelity_plots.h"
#include "model/fleet/calibration.h"
#include "model/fleet/job.h"
#include "model/replay/mlperf_study.h"

#include <filesystem>
#include <string>
#include <vector>

/// The report of how far the serving model is from hardware and from other simulators, by sections.
namespace isobar::cli {

struct FidelitySection {
    std::string title;
    std::string markdown; ///< tables and sentences, without the title
    std::vector<PlotPicture> pictures;
};

/// What a fit to all measured rows gives.
struct FittedRows {
    Calibration calibration;
    std::vector<replay::EngineTime> engines; ///< empty: not fitted here, all are the mean engine
};

/// Measured rows (a table of benchmarks), each predicted without its accelerator, model, engine or neighbours.
[[nodiscard]] Result<FidelitySection> rowsSection(const std::filesystem::path& measured,
                                                  const std::filesystem::path& systems,
                                                  const std::filesystem::path& models, FittedRows& fitted,
                                                  const JobContext& job);

/// MLPerf's results beside what a calibration says.
[[nodiscard]] Result<FidelitySection> mlperfSection(const std::filesystem::path& results, const FittedRows& fitted,
                                                    const std::filesystem::path& systems);

/// Real vLLM servers, request by request: every *.jsonl of the folder that has settings beside it, all on one
/// accelerator.
[[nodiscard]] Result<FidelitySection> runsSection(const std::filesystem::path& runs, const std::string& accelerator,
                                                  const std::filesystem::path& systems,
                                                  const std::filesystem::path& models, const JobContext& job);

/// BLIS, SplitwiseSim and Vidur on the same trace, and what makes the difference.
[[nodiscard]] Result<FidelitySection> peersSection(const std::filesystem::path& azureTrace, const JobContext& job);

/// One row of a table: "| a | b |\n".
[[nodiscard]] std::string tableRow(const std::vector<std::string>& cells);

} // namespace isobar::cli

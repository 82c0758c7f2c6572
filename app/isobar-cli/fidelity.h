// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/fidelity_plots.h"
#include "model/fleet/job.h"

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

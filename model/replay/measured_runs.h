// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/ingest/vllm_run.h"
#include "model/serving/measured_run.h"

#include <filesystem>

/// Runs of a real vLLM server as the serving model takes them.
namespace isobar::replay {

/// A run under its settings. Data-parallel ranks of a dense model serve on their own; those of a mixture of experts
/// share the experts, so together they are one server with all their batches, budgets and caches.
[[nodiscard]] serving::MeasuredRun measuredRun(std::string name, const ingest::VllmRun& run,
                                               const ingest::VllmSettings& settings, const ServedModel& model);

/// The run in a file, its settings from beside it and its model's config.json from `models`. Errors: those of
/// readVllmRun, readVllmSettings and readModelConfig; NotFound without settings or without that model's description.
[[nodiscard]] Result<serving::MeasuredRun> readMeasuredRun(const std::filesystem::path& run,
                                                           const std::filesystem::path& models, const JobContext& job);

} // namespace isobar::replay

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/command.h"
#include "model/fleet/result.h"
#include "model/serving/iteration_model.h"

#include <cstdint>
#include <string>

namespace isobar::cli {

/// What a replica is made of, as typed.
struct ReplayHardware {
    std::string model, accelerator;
    std::string coefficients = {}; ///< a file; empty = the shipped ones
    std::string precision = "bf16";
    std::int32_t tensorParallel = 1;
    std::int32_t maxBatch = 256;
};

/// --model, --accelerator, --tensor-parallel, --max-batch, --precision and --coefficients; the first two required.
void addHardwareOptions(CLI::App& command, ReplayHardware& hardware);

/// Model and accelerator by name, from the bundled sample fleet. Errors: NotFound with the names there are; those of
/// the coefficients file; those of buildIterationModel, Infeasible where the model does not fit among them.
[[nodiscard]] Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware);

} // namespace isobar::cli

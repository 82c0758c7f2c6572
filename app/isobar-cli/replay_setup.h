// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/command.h"
#include "model/fleet/result.h"
#include "model/replay/setup.h"

#include <string>

namespace isobar::cli {

/// What a replica is made of, as typed.
struct ReplayHardware : replay::Hardware {
    std::string precisionName = "bf16"; ///< as typed; stands for `precision`
    std::string coefficients = {};      ///< a file; empty = the shipped ones
};

/// --model, --accelerator, --tensor-parallel, --max-batch, --precision and --coefficients; the first two required.
void addHardwareOptions(CLI::App& command, ReplayHardware& hardware);

/// Model and accelerator are those of the bundled sample fleet. Errors: those of the coefficients file and of
/// replay::buildReplica.
[[nodiscard]] Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware);

} // namespace isobar::cli

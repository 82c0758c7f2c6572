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
    std::string systems = {};           ///< a folder of accelerators' descriptions besides the sample fleet; or empty
    std::string models = {};            ///< the same of models' config.json
};

/// --model, --accelerator, --tensor-parallel, --max-batch, --precision, --coefficients, --systems and --models; the
/// first two required.
void addHardwareOptions(CLI::App& command, ReplayHardware& hardware);

/// Model and accelerator are those of the folders, where they are there, else of the bundled sample fleet. Errors:
/// those of the coefficients file, of a description, and of replay::buildReplica.
[[nodiscard]] Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware);

} // namespace isobar::cli

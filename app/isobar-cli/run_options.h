// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/simulation.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace isobar::cli {

/// How the fleet of a store is run: what simulate, devices and export take alike. Defaults are those of the command.
struct RunOptions {
    std::string store, duration = "1h", scenario;
    std::uint64_t seed = kDefaultSeed;
    int threads = 0;
    std::optional<int> settleSeconds; ///< nothing: engine::kUsualSettleSeconds, unless the command has it otherwise
    std::string settleDefault = {};   ///< then in words, for its help
    bool asInWindow = false;          ///< without --scenario the one that the store's window runs
};

/// Adds STORE first, so what else is positional comes after it.
void addStore(CLI::App& command, RunOptions& options);
/// Adds --for, --seed, --threads, --scenario and --settle.
void addRunOptions(CLI::App& command, RunOptions& options);
[[nodiscard]] SimulationOptions simulationOptions(const RunOptions& options);

} // namespace isobar::cli

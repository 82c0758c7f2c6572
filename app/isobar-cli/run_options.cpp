// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/run_options.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

constexpr int kMaxSettleSeconds = 3600;

} // namespace

void addStore(CLI::App& command, RunOptions& options)
{
    command.add_option("STORE", options.store, "The store")->required();
}

void addRunOptions(CLI::App& command, RunOptions& options)
{
    command.add_option("--for", options.duration, "Simulated time: 90s, 5m, 1h, 1d")
        ->check(checkDuration)
        ->capture_default_str();
    command.add_option("--seed", options.seed, "Of every random draw; the same seed gives the same numbers")
        ->capture_default_str();
    command.add_option("--threads", options.threads, "0 = all processors; never changes a number")
        ->check(CLI::Range(0, kMaxThreads))
        ->capture_default_str();
    command.add_option(
        "--scenario", options.scenario,
        std::string("A scenario of the store (see: scenario list), or a file of operations: routing, scaling, faults "
                    "(isobar.v1.Operations), or baseline: the fleet as it stands; when not given, ") +
            (options.asInWindow ? "what the store's window runs" : "baseline"));
    command
        .add_option("--settle", options.settleSeconds,
                    "Seconds to run before the clock starts, not counted: the fleet then starts at work; 0: empty")
        ->check(CLI::Range(0, kMaxSettleSeconds))
        ->default_str(options.settleDefault.empty() ? fmt::format("{:g}", engine::kUsualSettleSeconds)
                                                    : options.settleDefault);
}

SimulationOptions simulationOptions(const RunOptions& options)
{
    SimulationOptions how;
    how.seconds = *parseDuration(options.duration);
    how.seed = options.seed;
    how.threads = options.threads;
    how.settleSeconds = options.settleSeconds.value_or(engine::kUsualSettleSeconds);
    how.scenario = options.scenario;
    how.asInWindow = options.asInWindow;
    return how;
}

} // namespace isobar::cli

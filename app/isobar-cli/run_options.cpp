// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/run_options.h"

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
    command.add_option("--settle", options.settleSeconds, "Seconds to run before the clock starts, not counted")
        ->check(CLI::Range(0, kMaxSettleSeconds))
        ->capture_default_str();
}

SimulationOptions simulationOptions(const RunOptions& options)
{
    SimulationOptions how;
    how.seconds = *parseDuration(options.duration);
    how.seed = options.seed;
    how.threads = options.threads;
    how.settleSeconds = static_cast<double>(options.settleSeconds);
    how.scenario = options.scenario;
    how.asInWindow = options.asInWindow;
    return how;
}

} // namespace isobar::cli

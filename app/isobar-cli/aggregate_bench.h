// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"

#include <cstdint>

namespace isobar::cli {

struct AggregateBenchOptions {
    std::int64_t rows = 100'000'000; ///< of raw samples
    int threads = 2;
    int repeats = 5; ///< of every question; the fastest counts
    bool samples = true, live = true;
};

/// Questions to made-up raw samples, scanned and from roll-ups, beside this machine's memory bandwidth. Row i of the
/// samples is computed from i by integer arithmetic alone (aggregate_bench.cpp), so that other engines can be given the
/// same rows.
[[nodiscard]] Result<Json> benchmarkSamples(const AggregateBenchOptions& options);

/// Series updates a second into the live history, and every question the dashboard asks, on the sample fleet.
[[nodiscard]] Result<Json> benchmarkLive(const AggregateBenchOptions& options);

void addAggregateBench(CLI::App& bench, Runner& chosen);

} // namespace isobar::cli

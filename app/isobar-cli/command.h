// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <CLI/CLI.hpp>

#include <functional>

/// One subcommand a file. Each adds itself to the command line; parsing one sets `chosen` to what carries it out and
/// answers with the program's exit code. Nothing is done while parsing, so wrong usage never has half an effect.
namespace isobar::cli {

using Runner = std::function<int()>;

inline constexpr int kDone = 0, kFailed = 1, kUsage = 2;

void addSample(CLI::App& app, Runner& chosen);
void addImport(CLI::App& app, Runner& chosen);
void addInfo(CLI::App& app, Runner& chosen);
void addSimulate(CLI::App& app, Runner& chosen);
void addDevices(CLI::App& app, Runner& chosen);
void addReplay(CLI::App& app, Runner& chosen);
void addExport(CLI::App& app, Runner& chosen);
void addCalibrate(CLI::App& app, Runner& chosen);
void addFidelity(CLI::App& app, Runner& chosen);
void addHistory(CLI::App& app, Runner& chosen);
void addScenario(CLI::App& app, Runner& chosen);
void addQuery(CLI::App& app, Runner& chosen);
void addSql(CLI::App& app, Runner& chosen);
void addRepair(CLI::App& app, Runner& chosen);
void addBench(CLI::App& app, Runner& chosen);

} // namespace isobar::cli

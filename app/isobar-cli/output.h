// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

/// The only way out: results on standard output, one-line errors and progress on standard error.
namespace isobar::cli {

using Json = nlohmann::ordered_json;

/// Writes to standard output. Returns kDone also when the reader has gone away (it has all it wanted); kFailed, with
/// an error line, when the output cannot be written, e.g. to a full disk.
[[nodiscard]] int printText(std::string_view text);
/// One document and a line end; NaN is null, bytes that are not UTF-8 are replaced.
[[nodiscard]] int printJson(const Json& document);

/// "isobar-cli: …" on one line of standard error.
void printError(const std::string& message);
/// The same for an error value; returns kFailed.
int fail(const Error& error);

/// 1234567 -> "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);
/// With a fixed number of decimals: 1234.5, 2 -> "1,234.50"; "n/a" when it is not a number.
[[nodiscard]] std::string grouped(double number, int decimals);

/// Ctrl+C (and SIGTERM) as a stop token, so that a long job ends by itself and leaves nothing half done; a second one
/// ends the program at once. Make it before any other thread is started: threads inherit the blocked signals.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    [[nodiscard]] std::stop_token token() const;

private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

/// One line on standard error that is rewritten in place, at most ten times a second; nothing unless that is a
/// terminal. Gone when it ends. May be reported to from any thread.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    void show(const Progress& progress);
    void clear();
    /// What a job takes: stops with `stop`, reports here. The line must outlive the job.
    [[nodiscard]] JobContext job(std::stop_token stop);

private:
    std::mutex m_mutex;
    bool m_terminal = false, m_shown = false;
    std::chrono::steady_clock::time_point m_last{};
};

} // namespace isobar::cli

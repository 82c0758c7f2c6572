// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

/// What every long job (import, export, simulate, optimize) takes: a way to be stopped and a way to say how far it is.
namespace isobar {

struct Progress {
    std::string stage;        ///< e.g. "Reading azure.vms.csv"
    std::int64_t done = 0;    ///< units done of this stage
    std::int64_t total = 0;   ///< 0 = not known
};

/// Both members may be left empty. A job checks `stop` and reports at least every 50 ms, from its own thread.
struct JobContext {
    std::stop_token stop;
    std::function<void(const Progress&)> report;

    [[nodiscard]] bool cancelled() const { return stop.stop_requested(); }
    void progress(const std::string& stage, std::int64_t done, std::int64_t total) const
    {
        if (report) {
            report(Progress{stage, done, total});
        }
    }
};

} // namespace isobar

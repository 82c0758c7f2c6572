// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/stored_demand.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::ui {

Result<decltype(engine::EngineOptions::traces)> storedDemand(const store::Store* store, const Operations& operations)
{
    decltype(engine::EngineOptions::traces) traces;
    for (const WorkloadOperations& workload : operations.workloads) {
        if (workload.trace.empty() || traces.contains(workload.trace) || store == nullptr) {
            continue; // the engine says which trace is not there
        }
        ISOBAR_TRY_ASSIGN(const auto info, store->trace(workload.trace));
        ISOBAR_TRY_ASSIGN(const auto requests, store->loadTrace(workload.trace));
        auto demand = std::make_shared<engine::DemandTrace>();
        demand->requests.reserve(requests.size());
        for (const store::TraceRequest& request : requests) {
            demand->requests.push_back({request.arrivalSeconds,
                                        static_cast<std::uint32_t>(std::max(1, request.inputTokens)),
                                        static_cast<std::uint32_t>(std::max(1, request.outputTokens))});
        }
        // It repeats after its last request, so that no two fall on one moment.
        const double last = requests.empty() ? 0 : requests.back().arrivalSeconds;
        demand->lengthSeconds =
            std::max(info.durationSeconds, std::nextafter(last, std::numeric_limits<double>::max()));
        traces.emplace(workload.trace, std::move(demand));
    }
    return traces;
}

} // namespace isobar::ui

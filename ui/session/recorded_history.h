// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/live_rollup.h"
#include "model/store/history.h"
#include "model/store/store.h"

#include <memory>
#include <optional>
#include <vector>

/// What a store remembers of an earlier run, for the window. Slow: for a worker, on a connection of its own.
namespace isobar::ui {

/// An earlier run of the fleet that is open.
struct RecordedRange {
    store::HistoryRun run;
    struct Load {
        aggregate::SimMicros begin = 0, end = 0;
        double requestsPerSecond = 0;
    };
    std::vector<Load> load; ///< over the whole run, ascending: minutes, of a long run hours, of a short one seconds
};

/// The run recorded last that is of a fleet with the same providers, regions, pools, models … and is not `running`;
/// nothing when there is none.
[[nodiscard]] Result<std::optional<RecordedRange>> findRecorded(const store::Store& store, const Fleet& fleet,
                                                                std::int64_t running);

/// A stretch of a recorded run, as a run that has come so far would have left it.
struct RecordedStretch {
    std::int64_t run = 0;
    aggregate::History history;
    std::shared_ptr<const aggregate::LiveRollUp> rollUp;
};

/// Errors: NotFound where the run is gone or has nothing there.
[[nodiscard]] Result<RecordedStretch> readRecorded(const store::Store& store, const std::shared_ptr<const Fleet>& fleet,
                                                   std::int64_t run, aggregate::SimMicros from,
                                                   aggregate::SimMicros to);

} // namespace isobar::ui

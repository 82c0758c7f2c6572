// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/live_rollup.h"
#include "model/engine/live_engine.h"
#include "model/recording/recording.h"

#include <vector>

namespace isobar::ui {

/// Fills a history from a recording, up to a time that may be moved either way: the same history a run that stands at
/// that time would have left. Main thread; reads a little at a time.
class RecordingPlayer {
public:
    explicit RecordingPlayer(recording::Recording recording);

    [[nodiscard]] const recording::Recording& recording() const { return m_recording; }
    /// The header's, with placements that were added while it was recorded.
    [[nodiscard]] std::shared_ptr<const Fleet> fleet() const { return m_fleet; }

    /// Where the history shall end; within the recording.
    void aim(aggregate::SimMicros at);
    [[nodiscard]] aggregate::SimMicros target() const { return m_target; }
    [[nodiscard]] aggregate::SimMicros position() const { return m_position; }
    [[nodiscard]] bool hasArrived() const { return m_position == m_target; }

    /// Goes on towards the target for about `milliseconds`; true when anything changed. An error ends the recording
    /// where it is: there is nothing behind it that could be shown.
    [[nodiscard]] Result<bool> advance(aggregate::History& history, aggregate::LiveRollUp& rollUp,
                                       std::vector<engine::Event>& events, int milliseconds);
    /// What the window shows beside the history.
    [[nodiscard]] std::shared_ptr<const engine::Snapshot> snapshot(bool paused, double speed) const;

private:
    recording::Recording m_recording;
    std::shared_ptr<const Fleet> m_fleet;
    aggregate::SimMicros m_target = 0, m_position = 0;
    aggregate::SimMicros m_end = 0; ///< of what can be read
    std::shared_ptr<const aggregate::Layout> m_layout;
    engine::RunTotals m_totals; ///< of what the history holds
    // The frame read last.
    aggregate::SimMicros m_frameBegin = 0, m_frameEnd = 0;
    recording::Recording::Stretch m_frame;
};

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/history_rows.h"

#include <chrono>
#include <filesystem>

namespace isobar::store {

/// One run on its way into the store: what goes to which tier when. On one thread; HistoryWriter gives it one. What a
/// failed commit could not write stays here for the next.
class Recorder {
public:
    Recorder(SQLite::Database db, std::filesystem::path path, HistoryWriter::Run run,
             std::chrono::milliseconds hourEvery);

    void add(std::shared_ptr<const aggregate::Interval> interval);
    /// Intervals that are in no committed second block.
    [[nodiscard]] std::size_t uncommitted() const { return m_seconds.size(); }
    /// One transaction. `closing` also ends the minute at hand and brings every tier up to the last second.
    Status commit(bool closing);
    /// Of the run; 0 before the first commit.
    [[nodiscard]] std::int64_t runId() const { return m_run; }

private:
    [[nodiscard]] std::size_t minutesInWholeBlocks() const;
    void writeRows(std::size_t minutes, const aggregate::Interval* hourAtHand);

    SQLite::Database m_db;
    std::filesystem::path m_path;
    HistoryWriter::Run m_of;
    std::chrono::milliseconds m_hourEvery;
    std::int64_t m_run = 0;
    LayoutRows m_layoutRows;
    Summing m_toMinutes, m_toHours, m_minuteBlocks;
    Intervals m_seconds, m_minutes, m_hours; ///< not on the disk in their tier
    bool m_hourIsStale = false, m_caughtUp = false;
    std::chrono::steady_clock::time_point m_hourWritten;
};

} // namespace isobar::store

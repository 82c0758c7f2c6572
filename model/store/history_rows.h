// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/connection.h"
#include "model/store/history.h"
#include "model/store/history_codec.h"

#include <optional>

/// Rows of measured history: what HistoryWriter and the readers share. Internal to the store. All throw
/// SQLite::Exception; those that write want a write transaction open.
namespace isobar::store {

inline constexpr std::int64_t kSecondTier = 1, kMinuteTier = 60, kHourTier = 3600;
/// Minutes go to the disk in blocks of this many.
inline constexpr std::int64_t kMinutesPerBlock = 10;
/// No block of the second tier holds more intervals.
inline constexpr std::size_t kSecondsPerBlock = 60;

/// "2026-11-22T14:00:00Z" as seconds since 1970; 0 when it is not of that form.
[[nodiscard]] std::int64_t unixSeconds(const std::string& timeUtc);

/// Sums intervals to whole buckets of `width`, whose boundaries are whole minutes or hours UTC: `startMicros` is the
/// run's start since 1970. An interval counts where it begins.
class Summing {
public:
    Summing(aggregate::SimMicros width, aggregate::SimMicros startMicros)
        : m_width(width)
        , m_startMicros(startMicros)
    {
    }
    /// Takes the next interval; what it completes is appended to `done`.
    void add(std::shared_ptr<const aggregate::Interval> interval, Intervals& done);
    /// Completes the bucket at hand, even in its middle.
    void close(Intervals& done);
    /// What the bucket at hand holds so far, as one interval or more.
    [[nodiscard]] const Intervals& pending() const { return m_pending; }
    [[nodiscard]] aggregate::SimMicros bucketEnd(aggregate::SimMicros at) const;

private:
    aggregate::SimMicros m_width, m_startMicros;
    Intervals m_pending;
};

[[nodiscard]] std::shared_ptr<const aggregate::Interval> sumToOne(const Intervals& intervals);

/// Adds a run with its fleet; returns its id.
[[nodiscard]] std::int64_t insertRun(SQLite::Database& db, const HistoryWriter::Run& run);

/// How many rows of a layout are in the store.
struct LayoutRows {
    std::size_t placements = 0, demand = 0, supply = 0;
};
/// Adds the rows of `layout` beyond `known`, and moves `known` to its end.
void insertLayout(SQLite::Database& db, std::int64_t run, const Fleet& fleet, const aggregate::Layout& layout,
                  LayoutRows& known);

/// One block; one that begins there already is replaced.
void putBlock(SQLite::Database& db, std::int64_t run, std::int64_t tier,
              std::span<const std::shared_ptr<const aggregate::Interval>> intervals);
/// Minutes as blocks that end where `blocks` do, so that no block lies in two hours.
void putMinutes(SQLite::Database& db, std::int64_t run,
                std::span<const std::shared_ptr<const aggregate::Interval>> minutes, const Summing& blocks);
/// One hour's rows; what was there of it is replaced.
void putHour(SQLite::Database& db, std::int64_t run, const aggregate::Interval& hour);

/// The intervals of a tier that overlap [from, to), without layouts.
[[nodiscard]] Result<std::vector<aggregate::Interval>> readTier(const SQLite::Database& db, std::int64_t run,
                                                                std::int64_t tier, aggregate::SimMicros from,
                                                                aggregate::SimMicros to);

/// Brings minutes and hours of all runs but `except` up to date with their seconds. What cannot be read is left as it
/// is.
void catchUp(SQLite::Database& db, std::int64_t except);

[[nodiscard]] HistoryPolicy readPolicy(const SQLite::Database& db);
/// Deletes what `policy` does not keep.
void prune(SQLite::Database& db, const HistoryPolicy& policy);

} // namespace isobar::store

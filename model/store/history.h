// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/store/store.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What a store remembers of the live fleet, second by second, in three tiers. docs/store.md says what is kept where,
/// for how long, and what survives what.
namespace isobar::store {

/// Second: as counted. Minute and Hour: summed to whole minutes and hours UTC.
enum class HistoryTier : std::uint8_t { Second, Minute, Hour };
inline constexpr std::size_t kHistoryTiers = 3;

/// How much of each tier is kept, in seconds of recorded time, newest first, whatever run it is of; and of how many
/// runs. A week of the sample fleet fits in 200 MB as set here. What no coarser tier has yet is always kept.
struct HistoryPolicy {
    std::int64_t keepSecondsSeconds = 15 * 60;
    std::int64_t keepMinutesSeconds = 86'400;
    std::int64_t keepHoursSeconds = 90 * 86'400;
    std::int64_t keepRuns = 50;
    friend bool operator==(const HistoryPolicy&, const HistoryPolicy&) = default;
};

/// What is there of one tier of a run; begin == end where there is nothing.
struct HistoryExtent {
    aggregate::SimMicros begin = 0, end = 0;
    std::int64_t bytes = 0; ///< of its blocks or sketches, without what SQLite adds
};

/// One recorded run of one fleet.
struct HistoryRun {
    std::int64_t id = 0, scenarioId = 0;
    std::uint64_t seed = 0;
    std::string startTimeUtc;  ///< what simulated time 0 is
    std::string recordedAtUtc; ///< when recording began, by the clock on the wall
    std::int64_t fleetHash = 0;
    std::array<HistoryExtent, kHistoryTiers> tiers;
    aggregate::SimMicros begin = 0, end = 0; ///< over all tiers
};

struct RecordedHistory {
    std::shared_ptr<const Fleet> fleet; ///< as it was when the run began: what the rows' ids refer to
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals;
};

/// The runs in the order they were recorded.
[[nodiscard]] Result<std::vector<HistoryRun>> historyRuns(const Store& store);

/// The newest of `runs` that ran no scenario and has something recorded, `except` left out. NotFound when there is
/// none.
[[nodiscard]] Result<HistoryRun> newestBaseline(const std::vector<HistoryRun>& runs, std::int64_t except);

/// The intervals of a run that overlap [from, to), oldest first, exactly as they were counted or summed. Without `tier`
/// the finest there is of every stretch, each moment once. NotFound when there is no such run.
[[nodiscard]] Result<RecordedHistory> readHistory(const Store& store, std::int64_t run, aggregate::SimMicros from,
                                                  aggregate::SimMicros to,
                                                  std::optional<HistoryTier> tier = std::nullopt);

[[nodiscard]] Result<HistoryPolicy> historyPolicy(const Store& store);
/// Takes effect at once: what is beyond the new policy goes. Each must be at least 1 (seconds of recorded time, runs).
Status setHistoryPolicy(Store& store, const HistoryPolicy& policy);

/// Writes the intervals of one run into a store, on a thread and a connection of its own.
///
/// What is appended is committed once a second; append() only takes a lock for a moment and never waits for the disk.
/// When the disk falls behind by more than `queueLimit` intervals, the oldest waiting ones are summed to minutes, then
/// to hours: totals stay exact, detail is lost, and state() says how much. While the store cannot be written (another
/// program holds it, the disk is full) the writer keeps what it has and tries again every second.
class HistoryWriter {
public:
    struct Run {
        std::shared_ptr<const Fleet> fleet; ///< at the start; placements may be added to later
        std::uint64_t seed = 0;
        std::int64_t scenarioId = 0;
    };
    struct Options {
        std::chrono::milliseconds commitEvery{1000};
        std::chrono::milliseconds hourEvery{10'000}; ///< how often the rows of the hour at hand are brought up to date
        std::size_t queueLimit = 600;
    };
    struct State {
        aggregate::SimMicros acknowledgedThrough = 0; ///< see acknowledgedThrough()
        std::size_t waiting = 0;                      ///< intervals not yet on the disk
        aggregate::SimMicros coarsenedMicros = 0;     ///< time kept in minutes or hours only, because the disk was slow
        aggregate::SimMicros lostMicros = 0;          ///< time not kept at all: a store unwritable for very long
        std::optional<Error> error;                   ///< why the last attempt to write failed; absent when it did not
    };

    /// Adds a run to `store`, which must be writable; only its path is kept. Also brings the minutes and hours of runs
    /// that ended without finish() up to date.
    static Result<std::unique_ptr<HistoryWriter>> start(const Store& store, const Run& run, const Options& options);
    static Result<std::unique_ptr<HistoryWriter>> start(const Store& store, const Run& run);
    /// Tries once to write what waits, then stops.
    ~HistoryWriter();
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    /// `interval` follows the one before; of the run's fleet. Thread-safe.
    void append(std::shared_ptr<const aggregate::Interval> interval);

    /// Everything appended that ends at or before this is on the disk: it is there after the program is killed and,
    /// where the disk keeps its promises, after the power fails. The begin of the first interval before anything is.
    [[nodiscard]] aggregate::SimMicros acknowledgedThrough() const;
    [[nodiscard]] State state() const;
    [[nodiscard]] std::int64_t runId() const;

    /// Waits until all that was appended is on the disk, or says why it could not be written. For those who would
    /// rather wait than lose detail.
    Status drain();
    /// Waits until all that was appended is on the disk and in every tier, or says why it could not be written. What is
    /// appended later begins new minutes and hours.
    Status finish();

    struct Impl;

private:
    explicit HistoryWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isobar::engine {

/// One training job as a gang: it runs on all its chips or on none. It writes a checkpoint now and then, standing still
/// meanwhile; when a chip goes, what was done since the last checkpoint is done again, once all chips are there and it
/// has restarted. When it is told before, it writes one in time, if it can. Goodput is the share of its time that went
/// into steps that were kept.
class TrainingRun {
public:
    enum class State : std::uint8_t { Waiting, Restarting, Running, Writing };

    TrainingRun(const TrainingJob& job, const TrainingOperations& operations, double now);

    /// All its chips are there from `now` on; it restarts, unless it has never begun.
    void gather(double now);
    /// Some of its chips will go at `end`: it writes a checkpoint at once if that is done by then, and goes on until
    /// they go. Whether it begins to write one for that.
    bool notice(double now, double end);
    /// It has lost a chip.
    void breakDown(double now);
    /// Lets time pass until `now`.
    void advance(double now);

    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] double keptSeconds() const { return m_kept; }       ///< in checkpoints
    [[nodiscard]] double unsavedSeconds() const { return m_unsaved; } ///< since the last checkpoint
    [[nodiscard]] double lostSeconds() const { return m_lost; }       ///< done and lost
    [[nodiscard]] double busySeconds() const { return m_busy; }       ///< running or writing
    [[nodiscard]] std::int32_t restarts() const { return m_restarts; }
    /// (kept + unsaved) / time since it was started, as of the last advance; 1 at its start.
    [[nodiscard]] double goodputRatio() const;
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    double m_checkpointEvery, m_writeSeconds, m_restartSeconds;
    State m_state = State::Waiting;
    double m_started, m_at; ///< of the engine's seconds
    double m_due = 0;       ///< end of the state, of those that end by themselves
    double m_kept = 0, m_unsaved = 0, m_lost = 0, m_busy = 0;
    std::int32_t m_restarts = 0;
    bool m_hasRun = false;
};

} // namespace isobar::engine

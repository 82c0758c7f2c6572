// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

namespace isobar::engine {

struct TimeMachineOptions {
    std::size_t memoryBytes = std::size_t{512} << 20; ///< of all checkpoints; one that does not fit is not taken
    std::size_t mostCheckpoints = 96;
    /// Of the time the engine's steps take, what checkpoints may take on top: where cloning is dear they come less
    /// often. Infinite = a checkpoint every ten simulated seconds, whatever it costs.
    double mostCostRatio = 0.08;
};

/// An engine that can go back. It keeps checkpoints (clones) and a log of what was commanded when: to be at a time is
/// to take the last checkpoint before it and to run on from there, giving the commands again. As runs reproduce, what
/// comes out is bit-identical to having stopped there.
///
/// Checkpoints lie on multiples of 10 s of simulated time, and those that grow old on multiples of 60, 600 and 3,600 s:
/// always where aggregate::History, which thins alike, has a boundary. Within the memory allowed the gaps between them
/// grow with age.
///
/// What lies after the present stays known after going back: running on gives the same again. The first command given
/// there drops it.
class TimeMachine {
public:
    explicit TimeMachine(Engine engine, const TimeMachineOptions& options = {});

    [[nodiscard]] const Engine& engine() const { return m_engine; }
    [[nodiscard]] SimMicros now() const { return m_engine.now(); }
    /// A window on; commands of the log that are due come first.
    void step();

    // What changes the run from now on: see Engine. Whatever was commanded later, or now before going back here, and is
    // not done yet, will not be.
    Status applyPlacements(std::shared_ptr<const Fleet> fleet);
    [[nodiscard]] Result<std::uint32_t> inject(const Fault& fault);
    void mend(std::uint32_t fault);

    /// Goes back to the last checkpoint at or before `to`; its time. What it hands out next begins there: whatever was
    /// handed out of later times is void. Then step() to `to`. Fails when there is no such checkpoint.
    [[nodiscard]] Result<SimMicros> rewind(SimMicros to);

    /// The earliest time rewind() can go to; now() when there is no checkpoint.
    [[nodiscard]] SimMicros earliest() const;
    /// The latest time that is known: now() or, after going back, where one came from.
    [[nodiscard]] SimMicros latest() const { return std::max(m_latest, now()); }

    /// As Engine's.
    [[nodiscard]] std::vector<std::shared_ptr<const aggregate::Interval>> takeIntervals();
    [[nodiscard]] std::vector<Event> takeEvents();

    struct Cost {
        std::size_t checkpoints = 0, bytes = 0; ///< now
        double seconds = 0;                     ///< of taking all that were ever taken
        double longestSeconds = 0;
    };
    [[nodiscard]] Cost cost() const;
    [[nodiscard]] std::vector<SimMicros> checkpointTimes() const;

private:
    struct Mend {
        std::uint32_t fault;
    };
    struct Command {
        SimMicros at;
        std::variant<std::shared_ptr<const Fleet>, Fault, Mend> what;
    };
    struct Checkpoint {
        SimMicros at;
        Engine engine;
        std::size_t done;             ///< commands of the log that it has behind it
        std::vector<Event> lastWords; ///< events of this very moment that came before it
        std::size_t bytes;
    };
    void collect();
    void redo(const Command& command);
    void remember(Command command);
    void takeCheckpoint();
    void thinOut();
    [[nodiscard]] bool isDue() const;

    Engine m_engine;
    TimeMachineOptions m_options;
    std::vector<Checkpoint> m_checkpoints; ///< ascending
    std::vector<Command> m_log;            ///< in the order they were given
    std::size_t m_done = 0;                ///< of the log
    SimMicros m_latest = 0;
    SimMicros m_closedTo = 0; ///< end of the last interval
    std::vector<std::shared_ptr<const aggregate::Interval>> m_intervals;
    std::vector<Event> m_events;
    std::vector<Event> m_lastWords; ///< events of now()
    std::size_t m_bytes = 0;
    double m_cloneSeconds = 0, m_longestSeconds = 0, m_lastSeconds = 0;
    double m_stepSeconds = 0; ///< of a simulated second, of late
};

} // namespace isobar::engine

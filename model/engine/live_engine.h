// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace isobar::engine {

/// What the window sees of a running engine: immutable, at most 30 a second.
struct Snapshot {
    std::uint64_t generation = 0; ///< grows with every restart of the engine
    SimMicros now = 0;
    std::uint64_t seed = 0;
    bool paused = true;
    double requestedSpeed = 1; ///< simulated seconds a real second
    double achievedSpeed = 0;  ///< over the last real second; below requestedSpeed the clock falls behind
    RunTotals totals;
    std::shared_ptr<const aggregate::Layout> layout;
    std::vector<PlacementState> placements; ///< by layout->placements
};

/// An Engine on its own thread. Commands go down a queue and are carried out between two windows; snapshots come up.
/// Nothing here ever calls the owner. Thread-safe.
class LiveEngine {
public:
    explicit LiveEngine(Engine engine);
    ~LiveEngine(); ///< stops the thread; waits at most one window

    void play();
    void pause();
    void setSpeed(double simulatedSecondsPerSecond); ///< clamped to [0.1, 10000]
    void stepBy(SimMicros duration);                 ///< runs as fast as it can, then is paused
    /// Replaces the engine (another seed, another fleet), keeping pause and speed; the generation grows.
    void restart(Engine engine);
    void applyPlacements(std::shared_ptr<const Fleet> fleet);

    [[nodiscard]] std::shared_ptr<const Snapshot> latest() const;
    /// Intervals and events since the last call, with the generation they belong to; nothing is ever dropped: after a
    /// restart the first call hands out what the old engine left, the next one the new generation.
    struct Feed {
        std::uint64_t generation = 0;
        std::vector<std::shared_ptr<const aggregate::Interval>> intervals;
        std::vector<Event> events;
        std::vector<Error> errors; ///< commands that could not be carried out
    };
    [[nodiscard]] Feed take();

    struct Impl;

private:
    std::unique_ptr<Impl> m_impl;
};

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"
#include "model/engine/time_machine.h"

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
    double behindSeconds = 0;  ///< simulated: how much further the clock would be had it kept to its speed since play
    std::optional<SimMicros> seekingTo;         ///< while a seek runs on to its time
    SimMicros seekableFrom = 0, seekableTo = 0; ///< where seek() can go back to; how far this run is known
    std::size_t checkpointBytes = 0;            ///< memory of what seek() goes back through, about
    RunTotals totals;
    std::shared_ptr<const Fleet> fleet; ///< with the placements in force
    std::shared_ptr<const aggregate::Layout> layout;
    std::vector<PlacementState> placements;              ///< by layout->placements
    std::vector<std::pair<std::uint32_t, Fault>> faults; ///< under way, with the numbers to mend them by
    std::vector<TrainingState> training;                 ///< by Fleet::trainingJobs
    /// While the fluid mode runs ahead: now is its time.
    struct FastForward {
        SimMicros from = 0, to = 0;
        bool settling = false; ///< it has arrived; the fleet runs request by request, uncounted as yet
    };
    std::optional<FastForward> fastForward;
};

/// An Engine on its own thread. Commands go down a queue and are carried out between two windows; snapshots come up.
/// Nothing here ever calls the owner. Thread-safe.
class LiveEngine {
public:
    explicit LiveEngine(Engine engine, const TimeMachineOptions& checkpoints = {});
    ~LiveEngine(); ///< stops the thread; waits at most one window

    void play();
    void pause();
    void setSpeed(double simulatedSecondsPerSecond); ///< clamped to [0.1, 10000]
    void stepBy(SimMicros duration);                 ///< runs as fast as it can, then is paused
    /// Replaces the engine (another seed, another fleet), keeping pause and speed; the generation grows.
    void restart(Engine engine);
    /// Goes to a simulated time, back through a checkpoint or forward, as fast as it can, then is paused; the state is
    /// the one there was on arriving there. Commands given meanwhile are carried out on arrival, but another seek
    /// replaces this one, and pause() and restart() end it where it is. Going back loses nothing until something is
    /// changed there: see TimeMachine.
    void seek(SimMicros to);

    /// Runs ahead in the fluid mode (FluidEngine), from the next multiple of ten seconds on, and goes on request by
    /// request from there, paused or playing as before. Capacity, faults, scaling and gangs are as the fluid leaves
    /// them; the requests in flight are drawn afresh (FluidEngine::perRequest), and in the last ten seconds the fleet
    /// runs request by request beside the fluid, uncounted. The clock cannot go back to before the end: checkpoints are
    /// of the other mode. Refused, as an error of the feed, for what the fluid cannot show.
    void fastForward(SimMicros duration);
    /// Ends it ten simulated seconds from where it is; pause() does so too.
    void cancelFastForward();

    // What changes the run from now on. What cannot be done comes back as an error of the feed.
    void applyPlacements(std::shared_ptr<const Fleet> fleet);
    void injectFault(const Fault& fault);
    void mendFault(std::uint32_t number); ///< as in Snapshot::faults

    [[nodiscard]] std::shared_ptr<const Snapshot> latest() const;

    /// The chips of a pool, and the generation of the run they are of.
    struct Devices {
        std::uint64_t generation = 0;
        DeviceView view;
    };
    /// Has the chips of a pool made as they are between the next two windows; they come in devices(). Of several pools
    /// asked for at once the last one counts. Nothing is made where nobody asks.
    void askDevices(PoolId pool);
    /// What was made last; null before. A new one is another pointer.
    [[nodiscard]] std::shared_ptr<const Devices> devices() const;
    /// Intervals and events since the last call, with the generation they belong to; nothing is ever dropped: after a
    /// restart the first call hands out what the old engine left, the next one the new generation.
    struct Feed {
        std::uint64_t generation = 0;
        /// Set after going back: what was handed out before of this generation, of this time and later, is void (an
        /// interval ends there, or there was none). The rest of the feed comes after.
        std::optional<SimMicros> rewoundTo;
        /// Of `intervals`, those in these stretches are of the fluid mode: estimates, to be shown as such.
        std::vector<std::pair<SimMicros, SimMicros>> fluid;
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

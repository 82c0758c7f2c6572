// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/demand_shape.h"
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The live fleet, one request at a time. Time goes in windows: first every source draws its requests of the window
/// and routes them on the load reported at the end of the last one, then every pool serves what reached it. Pools and
/// sources do not touch each other inside a window, so they run in parallel; sums are integers, so the result is
/// bit-identical on any number of threads.
namespace isobar::engine {

using aggregate::SimMicros;

/// What the window and the exports settle a fleet for: long enough for requests on the network and in prefill, which a
/// fleet that starts at work does not have.
inline constexpr double kUsualSettleSeconds = 2;

struct EngineOptions {
    std::uint64_t seed = 42;
    int threads = 0;                      ///< 0 = all processors
    SimMicros windowMicros = 100'000;     ///< how stale a router's view of load may be
    SimMicros intervalMicros = 1'000'000; ///< how often totals are handed out
    Operations operations;                ///< valid for the fleet
    /// Recorded demand by name, as WorkloadOperations::trace gives it.
    std::map<std::string, std::shared_ptr<const DemandTrace>> traces;
    /// 0: the fleet starts empty. Above: it starts at work, with the requests in flight of the steady state of its
    /// demand (FluidEngine::startAtWork; they are there from the first step on), and runs so long before the clock's
    /// zero, uncounted.
    double settleSeconds = 0;
};

/// Whole-run sums. requests = completed + rejected + lost + inFlight, always. `requests` are those that were in flight
/// at the clock's zero (none where the fleet starts empty) and all that have come since.
struct RunTotals {
    aggregate::DemandTotals demand;
    aggregate::SupplyTotals supply;
    std::int64_t inFlight = 0;
    std::int64_t inFlightAtStart = 0;
    std::vector<std::int64_t> inFlightAtStartBy; ///< of those, by Layout::placements: the rest waited at a gateway
};

/// The state of one placement now.
struct PlacementState {
    std::int32_t replicas = 0; ///< serving
    std::int32_t warmingReplicas = 0;
    std::int32_t drainingReplicas = 0;
    std::int64_t running = 0; ///< requests in batches
    std::int64_t queued = 0;
};

/// The state of one training job now, by Fleet::trainingJobs.
struct TrainingState {
    enum class Phase : std::uint8_t { Waiting, Restarting, Running, Writing } phase = Phase::Waiting;
    double keptSeconds = 0;    ///< of steps saved in checkpoints
    double unsavedSeconds = 0; ///< of steps since the last one
    double lostSeconds = 0;    ///< of steps done in vain
    double goodputRatio = 1;   ///< (kept + unsaved) / time
    std::int32_t restarts = 0;
    std::int32_t chipsHeld = 0;
};

/// Something a person should see on the time bar.
struct Event {
    SimMicros at = 0;
    enum class Kind : std::uint8_t {
        PlanApplied,
        ReplicasReady,
        ReplicasDrained,
        QueueBuilding,
        FaultBegan,
        FaultEnded,
        Scaled,       ///< by an autoscaling rule
        ChipsLacking, ///< fewer replicas than wanted, for want of chips
        ChipsArrived, ///< on their date
        Training,     ///< a gang has stopped or runs again
    } kind;
    std::string text;
    friend bool operator==(const Event&, const Event&) = default;
};
struct DeviceView;

[[nodiscard]] std::string_view eventKindName(Event::Kind kind); ///< "plan-applied", "fault-began", …
[[nodiscard]] std::optional<Event::Kind> eventKindByName(std::string_view name);

class Engine {
public:
    /// The fleet must be valid. Fails when a placement does not fit its accelerator, naming it.
    static Result<Engine> create(std::shared_ptr<const Fleet> fleet, const Calibration& calibration,
                                 EngineOptions options);
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;
    ~Engine();
    /// A copy that goes on exactly as this one would: a checkpoint. Costs a copy of everything in flight.
    [[nodiscard]] Engine clone() const;

    /// Advances by one window.
    void step();
    [[nodiscard]] SimMicros now() const; ///< below zero while the fleet settles
    [[nodiscard]] const EngineOptions& options() const;

    /// The intervals completed since the last call, oldest first. They are kept until taken.
    [[nodiscard]] std::vector<std::shared_ptr<const aggregate::Interval>> takeIntervals();
    [[nodiscard]] std::vector<Event> takeEvents();

    /// Replaces the placements from now on: new replicas warm up first, removed ones finish what they run.
    /// `fleet` differs from the one in force only in its placements, which may also be appended to.
    Status applyPlacements(std::shared_ptr<const Fleet> fleet);

    /// Breaks something now; refused when it makes no sense for the fleet. Its number, for mend().
    [[nodiscard]] Result<std::uint32_t> inject(const Fault& fault);
    /// Ends a fault before its time; nothing happens when it has ended.
    void mend(std::uint32_t fault);
    /// Those under way, with the numbers to mend them by.
    [[nodiscard]] std::vector<std::pair<std::uint32_t, Fault>> faults() const;
    [[nodiscard]] std::vector<TrainingState> trainingStates() const;

    [[nodiscard]] RunTotals totals() const;
    /// Of the requests in flight, those at no placement: held back by their source, or between two attempts.
    [[nodiscard]] std::int64_t waiting() const;
    [[nodiscard]] std::shared_ptr<const Fleet> fleet() const; ///< with the placements in force
    [[nodiscard]] std::shared_ptr<const aggregate::Layout> layout() const;
    /// By Layout::placements.
    [[nodiscard]] std::vector<PlacementState> placementStates() const;
    /// The chips of a pool as they are now (devices.h). Work: linear in its chips and in the requests on them; nothing
    /// is kept for it, so it costs nothing where it is not asked.
    [[nodiscard]] DeviceView devices(PoolId pool) const;
    /// A hash of everything that decides the future: equal on one thread and on many.
    [[nodiscard]] std::uint64_t stateHash() const;
    /// What a clone takes in memory, about: what clones share is not counted. Work: linear in replicas.
    [[nodiscard]] std::size_t memoryBytes() const;

    struct Impl;

private:
    friend class FluidEngine; // it takes a run over and gives it back
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace isobar::engine

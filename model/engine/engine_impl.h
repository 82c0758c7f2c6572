// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/autoscaler.h"
#include "model/engine/capacity.h"
#include "model/engine/crew.h"
#include "model/engine/demand_source.h"
#include "model/engine/engine.h"
#include "model/engine/fault_clock.h"
#include "model/engine/ledger.h"
#include "model/engine/placement_run.h"
#include "model/engine/training_run.h"
#include "model/fleet/lookup.h"

#include <cmath>
#include <optional>

/// The engine's state, for the files of this room that build it, step it and change it.
namespace isobar::engine {

inline constexpr double kSecondsPerMicro = 1e-6;

/// Streams of random numbers, by what they are for.
enum Stream : std::uint64_t { kSourceStream = 1, kPlacementStream = 2 };

/// How long the requests of a workload are.
struct Lengths {
    std::shared_ptr<const LengthTable> input, output;
};

/// What a replica of one model meets: means over the model's workloads.
struct Mix {
    double requestsPerSecond = 0, inputTokens = 0, outputTokens = 0;
    double contextTokens = 0;                                       ///< of a running sequence, averaged over time
    double itlLimitSeconds = INFINITY, ttftLimitSeconds = INFINITY; ///< of its strictest tier
};

/// A training job and the blocks of chips its gang needs.
struct Gang {
    TrainingRun run;
    std::uint32_t job = 0;
    PoolId pool;
    std::vector<std::int32_t> blocks;                  ///< chips of each
    std::vector<std::optional<std::uint32_t>> holders; ///< of each; none = missing
};

/// Replicas that came, went or wait for chips since it was last told.
struct News {
    struct Count {
        std::int64_t replicas = 0;
        std::size_t placements = 0, placement = 0; ///< how many, and the last of them
        void add(std::size_t where, std::int64_t count)
        {
            if (count > 0) {
                replicas += count;
                ++placements;
                placement = where;
            }
        }
    };
    Count ready, gone, lacking;
};

/// A fault that has begun, or been announced, and not ended.
struct ActiveFault {
    std::uint32_t number = 0;
    Fault fault;
    std::vector<Capacity::Range> broken; ///< cordoned off only, while `announced`
    bool announced = false;
};

/// A value: copying it is a checkpoint, and copies go on alike.
struct Engine::Impl {
    std::shared_ptr<const Fleet> fleet;
    Calibration calibration;
    EngineOptions options;
    /// Shared with clones, which are not run at the same time as one another.
    std::shared_ptr<Crew> crew = std::make_shared<Crew>(1);

    SimMicros now = 0, intervalBegin = 0; ///< since the engine's own start
    SimMicros settle = 0;                 ///< the clock's zero, on the same scale
    std::vector<Lengths> lengths;         ///< by workload; shared with its sources
    std::vector<DemandSource> sources;    ///< by number, as placements name them
    std::vector<PlacementRun> placements;
    std::vector<std::vector<std::uint32_t>> demandRows;    ///< by placement, its row: the layout's row
    std::vector<std::vector<std::uint32_t>> rowOfWorkload; ///< by placement, workload: its own row
    std::vector<double> egressMicroUsdPerByte;             ///< by placement
    std::vector<std::vector<std::int64_t>> egressClosed;   ///< by placement, its row: micro-dollars of closed intervals
    std::vector<bool> queueing;                            ///< by placement: a QueueBuilding event is out
    std::vector<ReportedLoad> loads;                       ///< by placement, as of the last window
    LoadBoard board;                                       ///< the same as gateways have heard of it
    std::vector<bool> frozenViews;                         ///< by placement: gateways hear nothing new
    std::vector<std::int64_t> chips, workMicros;           ///< by placement

    std::optional<Capacity> capacity; ///< like the two below, none only before build()
    std::optional<FaultClock> faultClock;
    std::optional<Ledger> ledger;
    std::vector<std::int32_t> wanted;                     ///< by placement: replicas it should have
    std::vector<std::vector<std::uint32_t>> holderOfSlot; ///< by placement, slot: of its chips
    std::vector<bool> lacksChips;                       ///< by placement: fewer replicas than wanted, for want of chips
    std::vector<std::optional<Autoscaler>> autoscalers; ///< by placement
    std::vector<Gang> gangs;                            ///< by training job
    std::vector<ActiveFault> activeFaults;              ///< in the order they began
    std::vector<Ledger::PoolNow> poolsNow;              ///< by pool
    News news;
    bool chipsFreed = true; ///< some pool may hold more than when it was last asked
    std::shared_ptr<const NetworkIndex> network;
    std::shared_ptr<const aggregate::Layout> layout;

    RunTotals closed;          ///< all closed intervals, and what was in flight when the clock started
    bool startsAtWork = false; ///< it has not run, and is to get what is in flight before it does
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals;
    std::vector<Event> events;

    Status build();
    void buildGangs();
    [[nodiscard]] Mix mixOf(ModelId model) const;
    /// How a replica of a placement of `of` serves; errors name the placement.
    [[nodiscard]] Result<serving::IterationModel> iterationModel(const Fleet& of, const Placement& placement) const;
    // What happens between two windows (engine_operate.cpp).
    void operate(double seconds);
    void announceFault(const FaultClock::Turn& turn, double seconds);
    void beginFault(const FaultClock::Turn& turn, double seconds);
    void replaceLost(double seconds);
    void endFault(std::uint32_t number);
    [[nodiscard]] std::vector<Capacity::Range> rangesOf(const Fault& fault, std::uint64_t number) const;
    [[nodiscard]] std::int64_t loseHolders(const std::vector<std::uint32_t>& holders, double seconds);
    void followLinks();
    void followViews();
    [[nodiscard]] std::string placeOf(const Fault& fault) const;
    bool startReplica(std::size_t placement, double readySeconds);
    void freeSlots(std::size_t placement, const std::vector<std::uint32_t>& slots);
    void matchWanted(std::size_t placement, double seconds);
    void takeStock(std::size_t placement, double seconds);
    void tellNews();
    void gather(Gang& gang, double seconds);
    void autoscale(double seconds);
    void bookPools();
    void say(Event::Kind kind, std::string text) { events.push_back({clock(), kind, std::move(text)}); }
    Status addPlacement(aggregate::Layout& next, PlacementId id);
    void settleRouting();
    /// But for the network.
    [[nodiscard]] Way wayTo(PlacementId id, const serving::IterationModel& model, const Workload& workload) const;
    [[nodiscard]] double warmUpSeconds(PlacementId id) const;
    void returnBounced();
    void step();
    void closeInterval();
    /// Nothing has been counted before this moment but what is in flight in it.
    void countFromHere();
    void watchQueues();
    [[nodiscard]] SimMicros clock() const { return now - settle; }
    /// At placements and on the way there.
    [[nodiscard]] std::int64_t inFlight() const;
    /// Come, but nowhere: held back by their source, or between two attempts.
    [[nodiscard]] std::int64_t waiting() const;
    [[nodiscard]] aggregate::Interval openCounts() const;
    [[nodiscard]] RunTotals totals() const;
    [[nodiscard]] std::int64_t egressMicroUsd(std::size_t placement, std::int64_t bytes) const
    {
        return static_cast<std::int64_t>(egressMicroUsdPerByte[placement] * static_cast<double>(bytes));
    }
};

} // namespace isobar::engine

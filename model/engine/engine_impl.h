// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/demand_source.h"
#include "model/engine/engine.h"
#include "model/engine/ledger.h"
#include "model/engine/placement_run.h"
#include "model/fleet/lookup.h"

#include <optional>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

/// The engine's state, for the files of this room that build it, step it and change it.
namespace isobar::engine {

inline constexpr double kSecondsPerMicro = 1e-6;

/// Streams of random numbers, by what they are for.
enum Stream : std::uint64_t { kSourceStream = 1, kPlacementStream = 2 };

/// A value: copying it is a checkpoint, and copies go on alike.
struct Engine::Impl {
    std::shared_ptr<const Fleet> fleet;
    Calibration calibration;
    EngineOptions options;
    // Shared with clones, which are not run at the same time as one another inside one engine's thread.
    std::shared_ptr<tbb::global_control> moreThreads; ///< when more are asked for than there are processors
    std::shared_ptr<tbb::task_arena> arena;           ///< none on one thread

    SimMicros now = 0, intervalBegin = 0; ///< since the engine's own start
    SimMicros settle = 0;                 ///< the clock's zero, on the same scale
    std::vector<DemandSource> sources;    ///< by number, as placements name them
    std::vector<PlacementRun> placements;
    std::vector<std::vector<std::uint32_t>> demandRows;    ///< by placement, its row: the layout's row
    std::vector<std::vector<std::uint32_t>> rowOfWorkload; ///< by placement, workload: its own row
    std::vector<double> egressMicroUsdPerByte;             ///< by placement
    std::vector<std::vector<std::int64_t>> egressClosed;   ///< by placement, its row: micro-dollars of closed intervals
    std::vector<bool> queueing;                            ///< by placement: a QueueBuilding event is out
    std::vector<ReportedLoad> loads;                       ///< by placement
    std::vector<std::int64_t> chips, workMicros;           ///< by placement
    std::optional<Ledger> ledger;                          ///< none only before build()
    std::shared_ptr<const NetworkIndex> network;
    std::shared_ptr<const aggregate::Layout> layout;

    RunTotals closed; ///< all closed intervals
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals;
    std::vector<Event> events;

    /// Calls work(i) for i in [0, count), in parallel.
    template <class Work> void forEach(std::size_t count, const Work& work)
    {
        if (!arena) {
            for (std::size_t i = 0; i < count; ++i) {
                work(i);
            }
            return;
        }
        arena->execute([&] { tbb::parallel_for(std::size_t{0}, count, work); });
    }

    Status build();
    Status addPlacement(aggregate::Layout& next, PlacementId id);
    void settleRouting();
    void step();
    void closeInterval();
    void watchQueues();
    [[nodiscard]] SimMicros clock() const { return now - settle; }
    [[nodiscard]] std::int64_t inFlight() const;
    [[nodiscard]] aggregate::Interval openCounts() const;
    [[nodiscard]] RunTotals totals() const;
    [[nodiscard]] std::int64_t egressMicroUsd(std::size_t placement, std::int64_t bytes) const
    {
        return static_cast<std::int64_t>(egressMicroUsdPerByte[placement] * static_cast<double>(bytes));
    }
};

} // namespace isobar::engine

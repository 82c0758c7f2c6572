// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"

#include <memory>
#include <vector>

namespace isobar::engine {

/// The fleet as a fluid: rates instead of requests, in steps of a minute. For sweeps over weeks. The same inputs and
/// the same outputs as Engine, in integers of the same meaning, but approximate: demand is its mean, each placement is
/// in the steady state of its rates (fluid_placement.h), and latencies are laws predicted from the lengths of requests.
/// docs/fidelity.md says how far it is from request by request. Whatever shows its results labels them so.
///
/// Honoured as in Engine: demand over day, week and year; every routing policy at its fixed point; pools, limits,
/// arrivals of chips, other tenants; autoscaling with warm-up; faults by schedule, injection and rate; training gangs.
/// Coarser: all of that happens at the beginning of a step; what breaks loses its share of the requests in flight,
/// which are tried again at once; a refused request is rejected at its first attempt; sessions route like the rest.
/// Refused: recorded traces, work that may wait, stale control planes.
class FluidEngine {
public:
    static constexpr SimMicros kStepMicros = 60 * aggregate::kMicrosPerSecond;
    static constexpr SimMicros kIntervalMicros = 5 * kStepMicros;
    /// `options.intervalMicros` and `windowMicros` are not looked at: an interval is five steps. With settleSeconds
    /// above zero the fleet starts at work, else empty. One thread.
    static Result<FluidEngine> create(std::shared_ptr<const Fleet> fleet, const Calibration& calibration,
                                      EngineOptions options);
    /// Goes on with a run where it is, with its requests in flight, its capacity, faults and gangs as they are. The
    /// engine itself is not changed. Its clock must be at zero or later.
    static Result<FluidEngine> takeOver(const Engine& engine);
    /// The way back to request by request: an engine with the capacity, faults, scaling and gangs of this moment, and
    /// the requests in flight that belong to it (startAtWork). Run it on uncounted for a moment, as one settles a fleet
    /// at its start, and this one to the same time; then handOver() gives it what has been counted.
    [[nodiscard]] Engine perRequest() const;
    /// Gives an engine that has not run the requests in flight of a fleet that has long been running: what the steady
    /// state of the demand of that moment holds by Little's law, each with the length and the age of one met under way
    /// (OngoingLengths), its prompt prefilled, its time to first token drawn from the predicted law. As many as a
    /// Poisson law has (an M/G/inf station has just these). Left out, as moments of settling make up for it: those on
    /// the network, those in prefill, and what waits where demand exceeds what can be served. Workloads that follow a
    /// recording start with it, from nothing; work that may wait is taken as not waiting.
    static void startAtWork(Engine& engine);
    /// Makes `settled`, at this time, go on from what has been counted here. What is in flight is what it has in
    /// flight. This engine must stand at the end of an interval.
    void handOver(Engine& settled) const;
    FluidEngine(FluidEngine&&) noexcept;
    FluidEngine& operator=(FluidEngine&&) noexcept;
    ~FluidEngine();

    /// Advances by one step, or by what is left of it until `end`, where the interval ends too.
    void step(SimMicros end);
    [[nodiscard]] SimMicros now() const;
    [[nodiscard]] std::vector<std::shared_ptr<const aggregate::Interval>> takeIntervals();
    [[nodiscard]] std::vector<Event> takeEvents();
    [[nodiscard]] Result<std::uint32_t> inject(const Fault& fault);
    void mend(std::uint32_t fault);
    [[nodiscard]] RunTotals totals() const;
    [[nodiscard]] std::shared_ptr<const aggregate::Layout> layout() const;
    [[nodiscard]] std::vector<PlacementState> placementStates() const;
    [[nodiscard]] std::uint64_t stateHash() const;

    /// To be shown with every result. Measured on the sample fleet and asserted by a test: docs/fidelity.md, Fluid
    /// mode.
    static constexpr const char* kLabel = "fluid approximation, within 1 % of per-request simulation on the sample "
                                          "fleet (energy 2 %, latency percentiles 15 %)";

private:
    struct Impl;
    explicit FluidEngine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace isobar::engine

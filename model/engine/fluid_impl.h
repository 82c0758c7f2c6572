// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine_impl.h"
#include "model/engine/fluid_engine.h"
#include "model/engine/fluid_placement.h"

/// The fluid engine's state. It stands on the state of an Engine in which no request is ever drawn: capacity, faults,
/// gangs, routes, ledger and rows are that engine's own.
namespace isobar::engine {

struct FluidEngine::Impl {
    /// Requests of one workload at one placement.
    struct Row {
        std::uint32_t workload = 0;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> feeders; ///< source, candidate
        double ratePerSecond = 0;                                     ///< routed here
        double onTheWay = 0;                                          ///< requests on the network
        std::int64_t arrived = 0;                                     ///< in this step
        std::int64_t inFlight = 0;
        double inCarry = 0, outCarry = 0, sloCarry = 0, rejectedCarry = 0; ///< what does not make a whole one yet
        // The laws of its latencies, the state they were made for, and how often they have been counted by.
        FluidPlacement::State lawOf;
        BucketMass here, ttft, itl, toEnd; ///< `here`: to the first token without network
        double itlMetRatio = 0;
        std::uint64_t draws = 0;
    };
    struct Place {
        explicit Place(FluidPlacement placement)
            : fluid(std::move(placement))
        {
        }
        FluidPlacement fluid;
        std::vector<Row> rows;                   ///< as the base engine's
        std::vector<double> rates, ratesOfState; ///< by row, per replica: now, and those `state` is for
        FluidPlacement::State state;
        std::int32_t replicas = 0; ///< that served in the last step
        double queued = 0;
        double inFlightView = 0, gain = 0, lastChange = 0; ///< of the routers' fixed point
        double workCarry = 0;
    };

    Engine::Impl base;
    std::vector<Place> places;
    std::vector<RoutingPolicy> policies;            ///< by source
    std::vector<std::vector<double>> shares, carry; ///< by source, candidate
    std::vector<double> sourceRates;                ///< by source: requests a second now
    std::vector<double> sourceCarry;                ///< by source: of requests no placement can take
    std::vector<double> again;                      ///< by source: lost elsewhere, to be routed anew
    std::vector<std::optional<Autoscaler>> scalers; ///< by placement
    std::vector<double> values, edges;              ///< of Sketch's buckets: what stands for one, its upper end
    std::vector<ReportedLoad> loads, view;
    std::vector<double> cumulative;
    bool startsAtWork = false;

    Status build();
    void prepare();
    void takeRequests();
    void fill(Engine::Impl& engine) const;
    void step(SimMicros end);
    bool operate(double seconds);
    void loseReplicas(std::size_t placement, double ratio);
    void route(double seconds, int rounds);
    bool shareOut(std::size_t source);
    void shareByProbes(std::size_t source);
    void arrive(double length);
    void serve(std::size_t placement, double length);
    void complete(std::size_t placement, std::size_t row, std::int64_t completed);
    void countLatencies(std::size_t placement);
    void countLatencies(Place& place, std::size_t index, PlacementRun::DemandRow& out);
    bool followLaw(const Place& place, std::size_t index, Row& row);
    double addNetwork(Row& row);
    /// Requests of a row that are in flight in the present state.
    [[nodiscard]] static double targetInFlight(const Place& place, std::size_t row, double replicas);
    [[nodiscard]] double inFlightOf(std::size_t placement) const;
    [[nodiscard]] std::int64_t inFlight() const;
};

} // namespace isobar::engine

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/calibrate.h"

#include <array>

/// What calibrate.cpp and calibrate_fit.cpp share: the coefficients of a fit.
namespace isobar::serving {

/// A coefficient that is fitted: where it is likely before any row is seen, and where it can be at all.
template <class Owner> struct Coefficient {
    double Owner::*member;
    double likely, least, most;
    double spread; ///< standard deviation of its logarithm around what is likely
    double
        groupSpread; ///< the same around what it is drawn to: a chip around its generic row, a build around its engine
};

// Ratios cannot pass 1; a time of 0 would have no logarithm.
inline constexpr std::array<Coefficient<Efficiency>, 14> kEfficiency{{
    {&Efficiency::computeRatio, 0.6, 0.05, 1, 0.5, 0.3},
    {&Efficiency::bandwidthRatio, 0.7, 0.05, 1, 0.5, 0.3},
    {&Efficiency::attentionBandwidthRatio, 0.8, 0.05, 1, 0.5, 0.3},
    {&Efficiency::stepOverheadSeconds, 6e-4, 1e-6, 2e-2, 1, 0.3},
    {&Efficiency::layerOverheadSeconds, 1.8e-5, 1e-7, 1e-3, 1, 0.3},
    {&Efficiency::sequenceOverheadSeconds, 2e-5, 1e-7, 1e-3, 1, 0.3},
    {&Efficiency::allReduceLatencySeconds, 7e-6, 1e-6, 1e-4, 0.7, 0.3},
    {&Efficiency::interconnectRatio, 0.6, 0.02, 1, 0.7, 0.3},
    {&Efficiency::expertComputeRatio, 0.4, 0.02, 1, 0.7, 0.3},
    {&Efficiency::expertBandwidthRatio, 0.5, 0.05, 1, 0.5, 0.3},
    {&Efficiency::expertLayerOverheadSeconds, 2e-5, 1e-7, 1e-3, 1, 0.3},
    {&Efficiency::expertImbalanceRatio, 1.2, 1, 8, 0.3, 0.2},
    {&Efficiency::prefillAttentionRatio, 0.4, 0.02, 1, 0.7, 0.3},
    {&Efficiency::exposedRatio, 0.3, 0.01, 1, 0.7, 0.3},
}};
/// What a precision does to a coefficient, before any row is seen: narrower formats have faster units and less to read,
/// and reach less of either. Medians of published GEMM measurements (docs/fidelity.md).
[[nodiscard]] double likelyRatio(double Efficiency::*member, Precision precision);

// The mean engine is at 1, so that the efficiencies stand for it.
inline constexpr std::array<Coefficient<EngineSetup>, 4> kEngine{{
    {&EngineSetup::timeRatio, 1, 0.3, 3, 0.1, 0.15},
    {&EngineSetup::overheadRatio, 1, 0.1, 10, 0.3, 0.3},
    {&EngineSetup::firstTokenSeconds, 0.02, 1e-4, 3, 1, 0.5},
    {&EngineSetup::perPromptTokenSeconds, 2e-6, 1e-8, 1e-4, 1, 0.3},
}};

/// What is not fitted: memory, which rows do not tell.
[[nodiscard]] Efficiency blankEfficiency(Precision precision);

/// Times of an observation with one row of efficiencies; fails as buildIterationModel does.
[[nodiscard]] Result<ClosedLoopTimes> predictWith(const Measurements& measured, std::size_t row,
                                                  const Efficiency& efficiency, const EngineSetup& setup,
                                                  Calibration& scratch);

} // namespace isobar::serving

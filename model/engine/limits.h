// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"
#include "model/engine/fault_clock.h"
#include "model/serving/iteration_model.h"

#include <map>
#include <string>

/// How much a run may ask of the machine. Each bound lies well beyond the largest fleet this is made for (a million
/// accelerators, 375,000 requests a second): what exceeds one is a mistyped exponent, and would fill the memory.
namespace isobar::engine {

inline constexpr std::int64_t kMostChips = 20'000'000;        ///< of all pools, those to come counted
inline constexpr double kMostRequestsPerSecond = 1e7;         ///< of all workloads, each at its highest
inline constexpr double kMostFaultsPerSecond = 100;           ///< by rate, spot reclaims counted
inline constexpr double kMostStepSeconds = 600;               ///< for one token of each of a full batch
inline constexpr double kMostPromptSeconds = 1e6;             ///< for the longest prompt
inline constexpr std::int64_t kMostRoutes = 20'000'000;       ///< from every workload's areas to its placements
inline constexpr std::int64_t kMostWaitingRequests = 1 << 24; ///< held back, or between two attempts; see DemandSource

/// Whether a valid fleet can be run under valid operations: which bound it exceeds, by what. Demand that grows counts
/// as it is after a year, the longest that a command simulates.
[[nodiscard]] Status checkLimits(const Fleet& fleet, const Operations& operations,
                                 const std::map<std::string, std::shared_ptr<const DemandTrace>>& traces);
[[nodiscard]] Status checkFaultRates(const FaultClock& faults);
/// `longestPrompt`: tokens; none longer than the KV cache is ever served.
[[nodiscard]] Status checkPace(const serving::IterationModel& model, std::int64_t longestPrompt);

} // namespace isobar::engine

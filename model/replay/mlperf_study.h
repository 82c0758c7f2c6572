// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/ingest/mlperf_results.h"

#include <filesystem>
#include <span>

/// MLPerf's results beside what the serving model says a saturated replica gives.
namespace isobar::replay {

/// How long an engine's iterations take against the mean engine's, as fitted to measured rows.
struct EngineTime {
    std::string engine; ///< "trtllm"
    double timeRatio = 1;
};

/// One saturated replica.
struct SaturatedReplica {
    std::int32_t tensorParallel = 0;
    double batch = 0;           ///< requests running
    double tokensPerSecond = 0; ///< of one chip; 0: the model fits on no division of it
};

struct MlperfPrediction {
    ingest::MlperfResult measured;
    std::string accelerator; ///< the datasheet used; empty: there is none, nothing is predicted
    std::string vendor;
    std::string engine; ///< which of the engines the submission ran; empty: another one, taken for the mean engine
    Precision precision = Precision::Bf16;
    bool isMeasuredChip = false;    ///< has coefficients of its own; else they are the generic ones
    bool isKnownSubmission = false; ///< its tensor parallelism and batch are published and were used
    SaturatedReplica alone;         ///< by the coefficients alone, over as many chips as give most tokens a chip
    /// With what is known of the submission: its engine, its division of the model and its batch, and of its chip the
    /// die, what large matrix products reach on it, and what collectives reach over PCIe.
    SaturatedReplica submitted;
};

/// Each Offline and Server result of llama2-70b and gptj: a replica that is never short of requests, in the narrowest
/// format its chip multiplies, with an fp8 KV cache. Datasheets are those of `systems` (SYSTEM.yaml), else of
/// `accelerators`. `engines` without the one a submission ran leave it the mean engine.
[[nodiscard]] std::vector<MlperfPrediction>
predictMlperf(const ingest::MlperfResults& results, const Calibration& calibration, std::span<const EngineTime> engines,
              std::span<const AcceleratorType> accelerators, const std::filesystem::path& systems);

} // namespace isobar::replay

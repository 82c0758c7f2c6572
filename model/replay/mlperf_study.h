// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/ingest/mlperf_results.h"

#include <filesystem>
#include <optional>
#include <span>

/// MLPerf's results beside what the serving model says a saturated replica gives.
namespace isobar::replay {

struct MlperfPrediction {
    ingest::MlperfResult measured;
    std::string accelerator; ///< the datasheet used; empty: there is none, nothing is predicted
    std::string vendor;
    Precision precision = Precision::Bf16;
    std::int32_t tensorParallel = 0;
    double batch = 0;
    bool isMeasuredChip = false; ///< has coefficients of its own; else they are the generic ones
    double tokensPerSecond = 0;  ///< of one chip, as the coefficients have it
    /// Times one factor a vendor: what submissions on its other accelerators reach beyond the coefficients in this
    /// scenario (geometric mean). This accelerator's own have no part in it.
    double tunedTokensPerSecond = 0;
};

/// Each Offline and Server result of llama2-70b and gptj: a replica at the batch its KV cache holds, in the narrowest
/// format its chip multiplies, over as many chips as give most tokens a chip. Datasheets are those of `systems`
/// (SYSTEM.yaml), else of `accelerators`.
[[nodiscard]] std::vector<MlperfPrediction> predictMlperf(const ingest::MlperfResults& results,
                                                          const Calibration& calibration,
                                                          std::span<const AcceleratorType> accelerators,
                                                          const std::filesystem::path& systems);

} // namespace isobar::replay

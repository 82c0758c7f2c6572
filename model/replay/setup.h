// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"
#include "model/fleet/result.h"
#include "model/serving/iteration_model.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace isobar::replay {

inline constexpr std::int32_t kMaxTensorParallel = 1024;
inline constexpr std::int32_t kMaxBatch = 65'536;

/// What a replica is made of, by name.
struct Hardware {
    std::string model, accelerator;
    Precision precision = Precision::Bf16;
    std::int32_t tensorParallel = 1; ///< chips a replica
    std::int32_t maxBatch = 256;     ///< sequences a replica runs at once, at most
};

/// A file of coefficients in protobuf text; an empty path = the shipped ones. Errors: those of InputFile and of
/// parseCalibrationText; WrongFormat when it is too large to be one.
[[nodiscard]] Result<Calibration> readCalibration(const std::filesystem::path& path);

/// Errors: NotFound with the names there are; those of buildIterationModel, Infeasible where the model does not fit
/// among them.
[[nodiscard]] Result<serving::IterationModel> buildReplica(const Fleet& fleet, const Calibration& calibration,
                                                           const Hardware& hardware);

} // namespace isobar::replay

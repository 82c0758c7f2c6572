// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/measured_rows.h"
#include "model/replay/mlperf_study.h"
#include "model/serving/calibrate.h"

#include <map>
#include <span>

/// A calibration with everything that is told of it: which rows, how far off, held out in which way.
namespace isobar::replay {

struct CalibrationInput {
    std::filesystem::path measured; ///< the table of measurements
    std::filesystem::path systems;  ///< folder of SYSTEM.yaml
    std::filesystem::path models;   ///< folder of owner--Name_config.json
};

struct HeldOut {
    serving::HoldOut how = serving::HoldOut::Nothing;
    const char* key = "";   ///< "accelerator"
    const char* title = ""; ///< "one accelerator held out"
    std::vector<serving::Prediction> predictions;
};

struct SkippedRows {
    std::int64_t rows = 0, firstLine = 0;
};

struct CalibrationStudy {
    ingest::MeasuredRows read;
    serving::Measurements measured;             ///< its observations are read.rows, by position
    std::vector<std::size_t> rows;              ///< observations fitted to
    std::map<std::string, SkippedRows> skipped; ///< by reason
    serving::CalibrationFit fit;                ///< to all of them, with sources, provenance and expected errors
    std::vector<HeldOut> heldOut;
    /// By the coefficients alone, not told which engine ran.
    std::vector<serving::Prediction> byCoefficients;
};

/// All ways of holding rows out; "build" takes a fit for each campaign of measurements.
struct HoldOutWay {
    const char* key;
    const char* title;
    serving::HoldOut how;
};
[[nodiscard]] std::span<const HoldOutWay> holdOutWays();

/// Reads, fits, and predicts every row in each of `ways`. The expected error of an accelerator's coefficients is that
/// of its rows when their engine was left out, as the programs do not say which engine serves; of one without rows or
/// with a handful, that of accelerators left out: of its precision, or of the worst of them where that is more. Errors:
/// those of readMeasuredRows and fitCalibration.
[[nodiscard]] Result<CalibrationStudy> studyCalibration(const CalibrationInput& input, std::span<const HoldOutWay> ways,
                                                        const JobContext& job);

/// Errors by part: "all", then by what the rows are of. `models` "all", "dense" or "moe".
struct ErrorPart {
    std::string models, part;
    serving::ErrorRow error;
};
[[nodiscard]] std::vector<ErrorPart> errorParts(const CalibrationStudy& study, const HeldOut& heldOut);

/// How quick each engine of the rows is, as fitted.
[[nodiscard]] std::vector<EngineTime> engineTimes(const CalibrationStudy& study);

/// Every prediction as CSV with a header: line, what was measured, how it was held out, measured and predicted TTFT,
/// TPOT (s) and throughput (output tokens/s).
[[nodiscard]] std::string predictionsCsv(const CalibrationStudy& study);

} // namespace isobar::replay

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace isobar::ingest {

/// What a chip gave in MLPerf Inference: the median over the submissions that used it.
struct MlperfResult {
    std::string model;          ///< "llama2-70b", whatever the accuracy target
    std::string accelerator;    ///< as the submitters name it
    std::string scenario;       ///< "Offline" or "Server"
    double tokensPerSecond = 0; ///< of one chip, output tokens
    double least = 0, most = 0; ///< of any submission's
    std::int64_t results = 0;
    std::string software; ///< of the submission in the middle: "TensorRT 10.2.0, CUDA 12.4"
};

struct MlperfResults {
    std::vector<MlperfResult> results; ///< by model, accelerator and scenario
    std::int64_t read = 0, used = 0;   ///< entries of the file
};

/// Reads MLPerf's summary_results.json: closed division, results in Tokens/s of the model named, with a count of
/// accelerators. The rest (other units, the open division, processors without accelerators) is passed over. Errors:
/// those of reading a file; WrongFormat for what is no list of results.
[[nodiscard]] Result<MlperfResults> readMlperfResults(const std::filesystem::path& path);

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"
#include "model/fleet/job.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace isobar::ingest {

/// One benchmark of one replica, as published.
struct MeasuredRow {
    std::int64_t line = 0;
    std::size_t model = 0, accelerator = 0, engine = 0, build = 0; ///< positions in MeasuredRows
    Precision precision = Precision::Bf16;
    std::int32_t tensorParallel = 1;        ///< chips of one attention group
    std::int32_t attentionDataParallel = 1; ///< such groups
    std::int32_t expertParallel = 1;
    double concurrency = 0, inputTokens = 0, outputTokens = 0;
    double kvBytesPerValue = 2; ///< of the KV cache; not said by the rows, see readMeasuredRows
    double shortestRatio = 1;   ///< lengths are uniform between this share of those given, and those
    double ttftSeconds = 0, tpotSeconds = 0;
};

struct SkippedRow {
    std::int64_t line = 0;
    std::string reason;
};

struct MeasuredRows {
    std::vector<ServedModel> models;
    std::vector<AcceleratorType> accelerators;
    std::vector<std::string> engines;
    std::vector<std::string> builds; ///< engine, its version, and the day it was measured where that is said
    std::vector<MeasuredRow> rows;   ///< in the order of the file
    std::vector<SkippedRow> skipped;
    std::int64_t read = 0; ///< rows.size() + skipped.size()
};

/// Where a benchmark's accelerators and models are described: "SYSTEM.yaml" and "owner--Name_config.json".
struct MeasuredFolders {
    std::filesystem::path systems, models;
};

/// Reads the table of measurements of NVIDIA aiconfigurator (silicon_sample.csv), columns in any order. A row that
/// cannot be used is skipped with its line and the reason: disaggregated serving, a precision or a model or a
/// parallelism the serving model does not know, a system or model that is not described, a number missing, not finite
/// or not positive, and a measurement that stands in an earlier row under another label. A blank precision is the
/// checkpoint's own, bf16. Rows of the public InferenceMAX benchmark (which say when they were measured) have lengths
/// between 0.8 times those given and those. The KV cache of bf16 weights is taken for bf16, of others for fp8 as
/// TensorRT-LLM follows the checkpoint and the public recipes for chips with fp4 units ask for it; vLLM and SGLang
/// elsewhere keep their default, bf16. Errors: those of CsvReader; WrongFormat for a missing column; NotFound for
/// a folder that is none.
[[nodiscard]] Result<MeasuredRows> readMeasuredRows(const std::filesystem::path& path, const MeasuredFolders& folders,
                                                    const JobContext& job);

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/fleet.h"
#include "model/fleet/result.h"
#include "model/ingest/trace_file.h"
#include "model/serving/iteration_model.h"
#include "model/serving/replay.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace isobar::replay {

inline constexpr std::int32_t kMaxTensorParallel = 1024;
inline constexpr std::int32_t kMaxBatch = 65'536;
inline constexpr std::int32_t kMaxDataParallel = 256;

/// What a replica is made of, by name.
struct Hardware {
    std::string model, accelerator;
    Precision precision = Precision::Bf16;
    std::int32_t tensorParallel = 1; ///< chips a replica
    std::int32_t maxBatch = 256;     ///< sequences a replica runs at once, at most; of each data-parallel rank
    /// Times the chips. Ranks of a dense model are replicas in one (serving::GroupOptions::dataParallel); those of a
    /// mixture of experts run in step with the experts divided over all of them, as one replica with a batch and a KV
    /// cache so many times as large.
    std::int32_t dataParallel = 1;
};

/// Lays `hardware`'s ranks out: whether and how often the group divides a replica, and the token budget of all that run
/// in step.
void layOutRanks(const Hardware& hardware, const serving::IterationModel& model, serving::GroupOptions& group);

/// A file of coefficients in protobuf text; an empty path = the shipped ones. Errors: those of InputFile and of
/// parseCalibrationText; WrongFormat when it is too large to be one.
[[nodiscard]] Result<Calibration> readCalibration(const std::filesystem::path& path);

/// Errors: NotFound with the names there are; those of buildIterationModel, Infeasible where the model does not fit
/// among them.
[[nodiscard]] Result<serving::IterationModel> buildReplica(const Fleet& fleet, const Calibration& calibration,
                                                           const Hardware& hardware);

/// What a trace asks for, in the mean. Of a drawn one (ServeGen) it is an estimate.
struct TraceLoad {
    std::int64_t requests = 0;
    double seconds = 0; ///< from the first arrival to the last
    double meanInputTokens = 0, meanOutputTokens = 0;
    [[nodiscard]] double requestsPerSecond() const { return static_cast<double>(requests) / seconds; }
};
/// Reads `trace` to its end; of a drawn one the first million requests, when there are more, which stand for all.
/// Errors: those of the trace; Cancelled.
[[nodiscard]] Result<TraceLoad> loadOf(ingest::TraceStream& trace, const JobContext& job);

/// Load of each of `replicas` under the trace's mean rate: work offered to work done at a full batch; above 1 it falls
/// ever further behind. Infinite for a trace that arrives all at once.
[[nodiscard]] double utilizationRatio(const TraceLoad& load, const serving::IterationModel& model,
                                      std::size_t replicas);

/// The fewest replicas whose utilization is at most `ratio`, at least 1 and at most ReplicaGroup::kMaxReplicas.
[[nodiscard]] std::size_t replicasFor(const TraceLoad& load, const serving::IterationModel& model, double ratio);

} // namespace isobar::replay

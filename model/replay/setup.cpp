// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/setup.h"

#include "model/fleet/lookup.h"
#include "model/fleet/suggest.h"
#include "model/ingest/input_file.h"
#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace isobar::replay {
namespace {

constexpr std::size_t kMaxCoefficientBytes = std::size_t{64} << 20;

template <class Entity> Error unknown(const char* what, const std::string& name, const std::vector<Entity>& all)
{
    return Error{.code = ErrorCode::NotFound,
                 .message = fmt::format("there is no {} '{}'", what, name),
                 .advice = suggestNames(name, all, &Entity::name)};
}

} // namespace

Result<Calibration> readCalibration(const std::filesystem::path& path)
{
    if (path.empty()) {
        return proto::shippedCalibration();
    }
    ISOBAR_TRY_ASSIGN(ingest::InputFile file, ingest::InputFile::open(path));
    std::string text;
    constexpr std::size_t kPiece = 64 * 1024;
    for (std::size_t got = 1; got > 0;) {
        if (text.size() > kMaxCoefficientBytes) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = "is too large for a file of coefficients",
                         .advice = "give the file in protobuf text",
                         .file = path.string()};
        }
        const std::size_t length = text.size();
        text.resize(length + kPiece);
        ISOBAR_TRY_ASSIGN(const std::size_t bytes, file.read(text.data() + length, kPiece));
        got = bytes;
        text.resize(length + got);
    }
    return proto::parseCalibrationText(text, path.string());
}

Result<serving::IterationModel> buildReplica(const Fleet& fleet, const Calibration& calibration,
                                             const Hardware& hardware)
{
    const ModelId model = findModel(fleet, hardware.model);
    if (!model.valid()) {
        return unknown("model", hardware.model, fleet.models);
    }
    const AcceleratorId accelerator = findAccelerator(fleet, hardware.accelerator);
    if (!accelerator.valid()) {
        return unknown("accelerator", hardware.accelerator, fleet.accelerators);
    }
    const ServedModel& served = fleet.models[model.index()];
    const std::int32_t inStep = served.experts > 0 ? hardware.dataParallel : 1;
    return serving::buildIterationModel(
        served, fleet.accelerators[accelerator.index()], hardware.precision,
        serving::ReplicaLayout{.tensorParallel = hardware.tensorParallel, .attentionDataParallel = inStep},
        hardware.maxBatch * inStep, calibration);
}

void layOutRanks(const Hardware& hardware, const serving::IterationModel& model, serving::GroupOptions& group)
{
    if (model.maxBatch > hardware.maxBatch) { // ranks in step
        group.policy.maxBatchedTokens *= model.maxBatch / hardware.maxBatch;
    } else {
        group.dataParallel = static_cast<std::size_t>(hardware.dataParallel);
    }
}

Result<TraceLoad> loadOf(ingest::TraceStream& trace, const JobContext& job)
{
    constexpr std::int64_t kLookEvery = 4096, kMostDrawn = 1'000'000;
    const ingest::TraceSummary& summary = trace.summary();
    TraceLoad load;
    double input = 0, output = 0, first = 0;
    ingest::TraceRow row;
    for (;;) {
        if (load.requests % kLookEvery == 0) {
            if (job.cancelled()) {
                return Error{ErrorCode::Cancelled, "cancelled"};
            }
            job.progress("Counting tokens", load.requests, std::max(load.requests, summary.expectedRequests));
        }
        const bool enough = summary.drawn && load.requests == kMostDrawn;
        ISOBAR_TRY_ASSIGN(const bool more, enough ? Result<bool>(false) : trace.next(row));
        if (!more) {
            load.meanInputTokens = load.requests > 0 ? input / static_cast<double>(load.requests) : 0;
            load.meanOutputTokens = load.requests > 0 ? output / static_cast<double>(load.requests) : 0;
            if (enough) {
                load.requests = std::max(load.requests, summary.expectedRequests);
                load.seconds = summary.durationSeconds;
            }
            return load;
        }
        first = load.requests == 0 ? row.arrivalSeconds : first;
        ++load.requests;
        load.seconds = row.arrivalSeconds - first;
        input += row.inputTokens;
        output += row.outputTokens;
    }
}

double utilizationRatio(const TraceLoad& load, const serving::IterationModel& model, std::size_t replicas)
{
    // A sequence has read its prompt and, in the mean, written half of its answer.
    const double work = serving::fullBatchWorkSeconds(model, load.meanInputTokens, load.meanOutputTokens,
                                                      load.meanInputTokens + load.meanOutputTokens / 2);
    return load.seconds > 0 ? load.requestsPerSecond() * work / static_cast<double>(replicas)
                            : std::numeric_limits<double>::infinity();
}

std::size_t replicasFor(const TraceLoad& load, const serving::IterationModel& model, double ratio)
{
    const double needed = std::ceil(utilizationRatio(load, model, 1) / ratio * (1 - 1e-12));
    return needed > 1
               ? static_cast<std::size_t>(std::min(needed, static_cast<double>(serving::ReplicaGroup::kMaxReplicas)))
               : 1;
}

} // namespace isobar::replay

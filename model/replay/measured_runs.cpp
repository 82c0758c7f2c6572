// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/measured_runs.h"

#include "model/ingest/model_config.h"

#include <fmt/format.h>

namespace isobar::replay {

serving::MeasuredRun measuredRun(std::string name, const ingest::VllmRun& run, const ingest::VllmSettings& settings,
                                 const ServedModel& model)
{
    serving::MeasuredRun out;
    out.name = std::move(name);
    out.model = model;
    out.precision = settings.precision;
    const bool sharesExperts = model.expertParameters > 0;
    const std::int32_t together = sharesExperts ? settings.dataParallel : 1;
    out.servers = settings.dataParallel / together;
    out.layout = {settings.tensorParallel, together,
                  settings.expertParallel && sharesExperts ? settings.tensorParallel * together : 1};
    out.maxBatch = settings.maxSequences * together;
    out.policy.maxBatchedTokens = std::max(settings.maxBatchedTokens, settings.maxSequences) * together;
    out.policy.kvBlockTokens = settings.kvBlockTokens;
    if (settings.kvCacheTokens) {
        out.kvCacheTokens = *settings.kvCacheTokens * together;
    }
    out.kvBytesPerValue = settings.kvBytesPerValue;
    out.memoryRatio = settings.memoryRatio;
    out.asynchronous = settings.asynchronous;
    for (const ingest::VllmRequest& r : run.requests) {
        out.requests.push_back(
            {r.arrivalSeconds, r.inputTokens, r.outputTokens, {r.ttftSeconds, r.tpotSeconds, r.endToEndSeconds}});
    }
    return out;
}

Result<serving::MeasuredRun> readMeasuredRun(const std::filesystem::path& run, const std::filesystem::path& models,
                                             const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const ingest::VllmRun read, ingest::readVllmRun(run, job));
    const auto settingsPath = ingest::findVllmSettings(run);
    if (!settingsPath) {
        return Error{.code = ErrorCode::NotFound,
                     .message = "the settings of the run are not beside it",
                     .advice = fmt::format("put them into {}.meta.json or meta.json", run.stem().string()),
                     .file = run.string()};
    }
    ISOBAR_TRY_ASSIGN(const ingest::VllmSettings settings, ingest::readVllmSettings(*settingsPath));
    if (settings.model.empty()) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = "does not name the model",
                     .advice = "give \"model\": \"owner/Name\"",
                     .file = settingsPath->string()};
    }
    const auto config = ingest::findModelConfig(models, settings.model);
    if (!config) {
        return Error{.code = ErrorCode::NotFound,
                     .message = fmt::format("the folder has no config.json of {}", settings.model),
                     .advice = "add it as owner--Name_config.json",
                     .file = models.string()};
    }
    const std::size_t owner = settings.model.find('/');
    ISOBAR_TRY_ASSIGN(const ServedModel model,
                      ingest::readModelConfig(*config, owner == std::string::npos ? settings.model
                                                                                  : settings.model.substr(owner + 1)));
    return measuredRun(run.stem().string(), read, settings, model);
}

} // namespace isobar::replay

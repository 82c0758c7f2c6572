// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/replay_measured.h"

#include "model/ingest/vllm_run.h"
#include "model/serving/measured_run.h"

#include <cmath>

namespace isobar::cli {

Result<ServerSettings> takeServerSettings(const std::string& trace, const CLI::App& command, ReplayHardware& hardware,
                                          serving::BatchPolicy& policy)
{
    const auto file = ingest::findVllmSettings(trace);
    if (!file) {
        return ServerSettings{};
    }
    ISOBAR_TRY_ASSIGN(const ingest::VllmSettings settings, ingest::readVllmSettings(*file));
    const auto take = [&command](const char* option, auto& to, const auto& value) {
        if (command.count(option) == 0) {
            to = value;
        }
    };
    take("--tensor-parallel", hardware.tensorParallel, settings.tensorParallel);
    take("--data-parallel", hardware.dataParallel, settings.dataParallel);
    take("--precision", hardware.precisionName, std::string(precisionName(settings.precision)));
    take("--max-batch", hardware.maxBatch, settings.maxSequences);
    take("--max-batched-tokens", policy.maxBatchedTokens, std::max(settings.maxBatchedTokens, settings.maxSequences));
    take("--kv-block-tokens", policy.kvBlockTokens, settings.kvBlockTokens);
    return ServerSettings{true, settings.asynchronous, settings.kvCacheTokens.value_or(0)};
}

Status countLikeTheServer(ingest::TraceStream& trace, const ServerSettings& settings,
                          const serving::IterationModel& model, const serving::GroupOptions& group,
                          const JobContext& job, replay::Latencies& latencies)
{
    serving::MeasuredRun run;
    run.servers = static_cast<std::int32_t>(group.dataParallel);
    run.policy = group.policy;
    run.asynchronous = settings.asynchronous;
    ingest::TraceRow row;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, trace.next(row));
        if (!more) {
            break;
        }
        run.requests.push_back({row.arrivalSeconds, row.inputTokens, row.outputTokens, {}});
    }
    ISOBAR_TRY_ASSIGN(const std::vector<serving::RequestTimes> counted, serving::replayRun(run, model, job));
    for (aggregate::Distribution* times : {&latencies.ttft, &latencies.itl, &latencies.endToEnd}) {
        *times = aggregate::Distribution();
    }
    for (const serving::RequestTimes& t : counted) {
        if (std::isfinite(t.ttft)) {
            latencies.ttft.add(t.ttft);
            latencies.endToEnd.add(t.endToEnd);
        }
        if (std::isfinite(t.tpot)) {
            latencies.itl.add(t.tpot);
        }
    }
    return Done{};
}

} // namespace isobar::cli

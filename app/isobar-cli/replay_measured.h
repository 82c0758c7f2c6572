// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "app/isobar-cli/replay_setup.h"
#include "model/fleet/job.h"
#include "model/replay/replay.h"

#include <string>

/// Traces that a real vLLM server was measured with: replayed as that server ran, counted as it counts.
namespace isobar::cli {

struct ServerSettings {
    bool isKnown = false;              ///< the trace is a run with its settings beside it
    bool asynchronous = true;          ///< the server made up its iterations one ahead
    std::int64_t kvCapacityTokens = 0; ///< as it reported; 0: not told
};

/// What the server was started with, for every option of `command` that was not given: --tensor-parallel,
/// --data-parallel, --precision, --max-batch, --max-batched-tokens, --kv-block-tokens. Nothing happens for other
/// traces. Errors: those of readVllmSettings.
[[nodiscard]] Result<ServerSettings> takeServerSettings(const std::string& trace, const CLI::App& command,
                                                        ReplayHardware& hardware, serving::BatchPolicy& policy);

/// Replaces the times in `latencies`, but those in the queue, by times as the server counts them: from when its engine
/// took a request in. Errors: those of the trace and of replayRun.
[[nodiscard]] Status countLikeTheServer(ingest::TraceStream& trace, const ServerSettings& settings,
                                        const serving::IterationModel& model, const serving::GroupOptions& group,
                                        const JobContext& job, replay::Latencies& latencies);

} // namespace isobar::cli

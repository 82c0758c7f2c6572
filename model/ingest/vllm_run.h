// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"
#include "model/fleet/job.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Measured runs of a real vLLM server, request by request, with the settings it ran under.
namespace isobar::ingest {

/// What the server was started with; vLLM's own defaults where the file is silent.
struct VllmSettings {
    std::string model; ///< as published: "meta-llama/Llama-3.1-8B"; empty when not said
    std::string version, device;
    Precision precision = Precision::Bf16; ///< of the weights
    std::int32_t tensorParallel = 1, dataParallel = 1;
    bool expertParallel = false;          ///< routed experts are divided whole over all chips
    std::int32_t maxSequences = 256;      ///< running at once, of one data-parallel rank
    std::int32_t maxBatchedTokens = 2048; ///< of one iteration, of one data-parallel rank
    std::int32_t kvBlockTokens = 16;
    std::optional<std::int64_t> kvCacheTokens; ///< of one data-parallel rank, as the server measured it
    double kvBytesPerValue = 2;                ///< 1: fp8
    double memoryRatio = 0.9;                  ///< gpu_memory_utilization
    bool asynchronous = true;                  ///< the next iteration is made up before the last one has ended
};

struct VllmRequest {
    std::string id;
    double arrivalSeconds = 0; ///< when the client sent it, from the first of the run
    std::uint32_t inputTokens = 0, outputTokens = 0;
    /// As vLLM reports them, from when the engine took the request into its queue (queued_ts). NaN where the request
    /// was not finished; tpot also for an answer of one token: (last token - first token) / (answer - 1).
    double queueSeconds = 0, ttftSeconds = 0, tpotSeconds = 0, endToEndSeconds = 0;

    [[nodiscard]] bool finished() const { return endToEndSeconds >= 0; }
};

struct VllmRun {
    std::vector<VllmRequest> requests; ///< by arrival, those that arrive together in the order of the file
    std::int64_t unfinished = 0;       ///< without a last token; they still kept the server busy
    std::int64_t withoutTokens = 0;    ///< nothing to read or nothing written; not served
};

/// The settings that belong to a run: "X.meta.json" for "X.jsonl", else "meta.json" in its folder. Nothing when there
/// is neither.
[[nodiscard]] std::optional<std::filesystem::path> findVllmSettings(const std::filesystem::path& run);

/// Reads `engine_kwargs`, and what the server made of them (`resolved_config`, `kv_cache`, `hardware`) where it is
/// told. Errors: those of InputFile; WrongFormat for what is no JSON object; InvalidValue for a figure that makes no
/// sense, by name; Infeasible for weights in a form the serving model does not know.
[[nodiscard]] Result<VllmSettings> readVllmSettings(const std::filesystem::path& path);

/// One JSON object a line: input_toks, output_toks, arrival_time (seconds since 1970), and queued_ts, scheduled_ts,
/// first_token_ts, last_token_ts on a clock of their own. A missing or null time marks a request that did not get that
/// far; without any arrival_time in the file, requests arrive when they were queued. At most 256 MiB.
/// Errors: those of InputFile; WrongFormat and InvalidValue with the line, for what is no object, a count that is none,
/// times that run backwards, arrival_time in some lines only; a file without requests; Cancelled.
[[nodiscard]] Result<VllmRun> readVllmRun(const std::filesystem::path& path, const JobContext& job);

} // namespace isobar::ingest

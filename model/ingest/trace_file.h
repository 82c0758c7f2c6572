// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Request traces straight from their files, for replaying: no store is needed and nothing is left out. A row that
/// does not say when it arrived, or whose token counts are no counts, is an error with its line.
namespace isobar::ingest {

enum class TraceFormat : std::uint8_t {
    AzureLlm, ///< CSV: TIMESTAMP, ContextTokens, GeneratedTokens
    Mooncake, ///< JSON lines: timestamp (ms), input_length, output_length, hash_ids (not used)
    VllmRun,  ///< JSON lines, one measured request each: input_toks, output_toks, arrival_time, queued_ts, …
    ServeGen, ///< CSV without header: rate windows of one client, with its lengths in the JSON beside it
};
[[nodiscard]] const char*
traceFormatName(TraceFormat format);           ///< "azure-llm-trace", "mooncake", "vllm-run", "servegen"
[[nodiscard]] std::string knownTraceFormats(); ///< with their columns, for messages

/// Token counts may be 0: such a request exists, though it cannot be served.
struct TracedRequest {
    double arrivalSeconds = 0; ///< from the first arrival of the trace
    std::uint32_t inputTokens = 0, outputTokens = 0;
    friend bool operator==(const TracedRequest&, const TracedRequest&) = default;
};

/// What a real server did with a request, from when its engine queued it.
struct MeasuredRequest {
    double queueSeconds = 0, ttftSeconds = 0, itlSeconds = 0, endToEndSeconds = 0; ///< itl is NaN for a single token
};

struct Trace {
    TraceFormat format = TraceFormat::AzureLlm;
    std::vector<TracedRequest> requests; ///< by arrival, those that arrive together in the order of the file
    /// Place in the file of each request, from 0; empty when the file is in order.
    std::vector<std::uint32_t> places;
    std::vector<MeasuredRequest> measured; ///< VllmRun only; in the order of `requests`
    std::int64_t outOfOrder = 0;           ///< rows that stood after a later one
};

/// The longest trace that is read, in requests.
inline constexpr std::size_t kMaxTracedRequests = 400'000'000;

/// Recognises the format by the first bytes. ServeGen describes a client by rates and distributions: its requests are
/// drawn, with `seed`; see trace_servegen.cpp. Memory: 16 bytes a request, up to three times
/// that while reading.
/// Errors: those of InputFile, WrongFormat, InvalidValue with line and column, no rows, Cancelled.
[[nodiscard]] Result<Trace> readTrace(const std::filesystem::path& path, std::uint64_t seed, const JobContext& job);

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"
#include "model/store/store.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Request traces for replaying, one request after the other: from files as they were published, or from a store they
/// were imported into. Nothing is left out: a row that does not say when it arrived, or whose token counts are no
/// counts, is an error with its line, and it is found before the first request is handed out.
namespace isobar::ingest {

enum class TraceFormat : std::uint8_t {
    AzureLlm, ///< CSV: TIMESTAMP, ContextTokens, GeneratedTokens
    Mooncake, ///< JSON lines: timestamp (ms), input_length, output_length, hash_ids
    VllmRun,  ///< JSON lines, one measured request each: input_toks, output_toks, arrival_time, queued_ts, …
    ServeGen, ///< rate windows and lengths of clients: a folder, a .tar or .tar.gz of them, or one client's CSV
};
[[nodiscard]] const char*
traceFormatName(TraceFormat format);           ///< "azure-llm-trace", "mooncake", "vllm-run", "servegen"
[[nodiscard]] std::string knownTraceFormats(); ///< with their columns, for messages

/// What a real server did with a request, from when its engine queued it.
using store::MeasuredRequest;

/// Token counts may be 0: such a request exists, though it cannot be served.
struct TracedRequest {
    double arrivalSeconds = 0; ///< from the first arrival of the trace
    std::uint32_t inputTokens = 0, outputTokens = 0;
    friend bool operator==(const TracedRequest&, const TracedRequest&) = default;
};

/// A request with what else its format knows. The same row is filled again and again, so its vector keeps its room;
/// formats without prefixes never touch it.
struct TraceRow : TracedRequest {
    std::uint32_t prefixBlockTokens = 0;     ///< tokens of the prompt one hash stands for; 0: no hashes
    std::uint64_t place = 0;                 ///< in the file, from 0; drawn requests count as they are drawn
    std::vector<std::uint64_t> prefixHashes; ///< of the prompt's blocks, first to last; equal = the same prefix
    MeasuredRequest measured;                ///< where TraceSummary::measured; NaN what it did not get to
};

struct TraceOptions {
    std::uint64_t seed = 42;      ///< of what ServeGen's requests are drawn with
    double loadScale = 1;         ///< requests per second are multiplied by it: rates scaled, recorded times compressed
    double fromSeconds = 0;       ///< where to begin, on the trace's own clock (before scaling)
    double forSeconds = 0;        ///< how much of the trace, likewise; 0 = to its end
    std::int64_t maxRequests = 0; ///< 0 = all
};

/// What a trace is, told before its first request.
struct TraceSummary {
    TraceFormat format = TraceFormat::AzureLlm;
    std::int64_t requests = 0;         ///< of the whole trace; of ServeGen's, the number that is expected
    std::int64_t expectedRequests = 0; ///< about how many will be handed out, where the options take a part
    double durationSeconds = 0;  ///< of the whole trace, from its first arrival to its last (ServeGen: of its windows)
    bool drawn = false;          ///< drawn from rates and distributions, not recorded
    bool measured = false;       ///< rows carry what a real server did
    std::int64_t outOfOrder = 0; ///< rows that stood after a later one and are handed out in their place
    std::int64_t clients = 0;    ///< ServeGen
    std::uint32_t prefixBlockTokens = 0; ///< tokens of the prompt one hash stands for; 0: no hashes
    std::vector<std::string> notes;      ///< what a reader of the results has to know, in sentences
};

/// Hands out the requests of a trace in order of arrival, in memory that does not grow with its length (rows that stand
/// out of order in their file are held back as long as they are late).
class TraceStream {
public:
    virtual ~TraceStream() = default;
    [[nodiscard]] const TraceSummary& summary() const { return m_summary; }
    /// The next request, or false at the end. Errors: the file or store cannot be read on, or changed meanwhile.
    [[nodiscard]] virtual Result<bool> next(TraceRow& row) = 0;

protected:
    TraceSummary m_summary;
};

/// Opens what `name` names: a file or folder, whose format is recognised by its content, or "STORE:TRACE", a trace in a
/// store. `job` may stop the opening, which reads files once through, and is told of its progress.
/// Errors: those of InputFile and of Store, WrongFormat, InvalidValue with line and column, no rows, Cancelled.
[[nodiscard]] Result<std::unique_ptr<TraceStream>> openTrace(const std::string& name, const TraceOptions& options,
                                                             const JobContext& job);
/// The trace `trace` of the store at `store`, which is opened anew.
[[nodiscard]] Result<std::unique_ptr<TraceStream>> openStoredTrace(const std::filesystem::path& store,
                                                                   const std::string& trace,
                                                                   const TraceOptions& options, const JobContext& job);

/// A whole trace in memory.
struct Trace {
    TraceFormat format = TraceFormat::AzureLlm;
    std::vector<TracedRequest> requests; ///< by arrival, those that arrive together in the order of the file
    /// Place in the file of each request, from 0; empty when the file is in order.
    std::vector<std::uint32_t> places;
    std::vector<MeasuredRequest> measured;   ///< VllmRun only; in the order of `requests`
    std::int64_t outOfOrder = 0;             ///< rows that stood after a later one
    std::vector<std::string> notes;          ///< of TraceSummary
    std::uint32_t prefixBlockTokens = 0;     ///< tokens of the prompt one hash stands for; 0: no hashes
    std::vector<std::uint64_t> prefixHashes; ///< of all requests, one after the other
    std::vector<std::uint64_t> prefixEnds;   ///< where each request's own end in it; empty: no hashes

    [[nodiscard]] std::span<const std::uint64_t> prefixOf(std::size_t request) const
    {
        if (prefixEnds.empty()) {
            return {};
        }
        const std::uint64_t begin = request == 0 ? 0 : prefixEnds[request - 1];
        return std::span(prefixHashes).subspan(begin, prefixEnds[request] - begin);
    }
};

/// The longest trace that is read into memory, in requests.
inline constexpr std::size_t kMaxTracedRequests = 400'000'000;

/// All of openTrace()'s requests; "STORE:TRACE" is understood here too. Memory: 16 bytes a request (up to twice that
/// while reading), 4 more where rows are out of order, 8 more and 8 a hash where there are hashes. Errors: also a trace
/// of more than kMaxTracedRequests.
[[nodiscard]] Result<Trace> readTrace(const std::filesystem::path& path, std::uint64_t seed, const JobContext& job);

} // namespace isobar::ingest

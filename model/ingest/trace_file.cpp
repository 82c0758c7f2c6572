// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/trace_file.h"

#include "model/ingest/archive.h"
#include "model/ingest/formats.h"
#include "model/ingest/servegen.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace isobar::ingest {
namespace {

constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr std::int64_t kMaxReserved = std::int64_t{1} << 24; ///< requests: what is announced is not always there

struct Known {
    TraceFormat format;
    const char* name;
    const char* what;
};
constexpr std::array kKnown{
    Known{TraceFormat::AzureLlm, "azure-llm-trace", "CSV with TIMESTAMP, ContextTokens, GeneratedTokens"},
    Known{TraceFormat::Mooncake, "mooncake", "JSON lines with timestamp, input_length, output_length"},
    Known{TraceFormat::VllmRun, "vllm-run", "JSON lines with arrival_time, input_toks, output_toks, queued_ts, …"},
    Known{TraceFormat::ServeGen, "servegen",
          "a folder or .tar.gz of chunk-N-trace.csv and chunk-N-dataset.json, or one of those CSVs"},
};

Result<std::string> readHead(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(InputFile file, InputFile::open(path));
    std::string head(kHeadBytes, '\0');
    std::size_t length = 0;
    while (length < head.size()) {
        ISOBAR_TRY_ASSIGN(const std::size_t got, file.read(head.data() + length, head.size() - length));
        if (got == 0) {
            break;
        }
        length += got;
    }
    head.resize(length);
    return head;
}

bool hasKey(std::string_view line, const char* key)
{
    return line.find(fmt::format("\"{}\"", key)) != std::string_view::npos;
}

/// Errors say which format a file has that is none.
Result<TraceFormat> formatOf(const std::filesystem::path& path)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return TraceFormat::ServeGen;
    }
    ISOBAR_TRY_ASSIGN(const std::string bytes, readHead(path));
    if (looksLikeArchive(bytes)) {
        return TraceFormat::ServeGen;
    }
    const std::string_view line = firstLine(bytes);
    if (line.empty()) {
        return noRows(path);
    }
    if (const auto format = recogniseTrace(line)) {
        return *format;
    }
    const bool store = bytes.starts_with("SQLite format 3");
    return Error{.code = ErrorCode::WrongFormat,
                 .message = store ? "is a store, not a trace" : "is in no trace format that Isobar replays",
                 .advice = store ? "name the trace in it: " + path.string() + ":TRACE"
                                 : "known formats: " + knownTraceFormats() + "; unpack other compressed files first",
                 .file = path.string(),
                 .line = store ? 0 : 1,
                 .text = store ? "" : clipped(line)};
}

/// Hands a recorded trace out as the options want it. `Source` has next(row) with arrivalSeconds from the first.
class Recorded : public TraceStream {
public:
    Recorded(const TraceOptions& options, const TraceSummary& summary)
        : m_options(options)
    {
        m_summary = summary;
        m_summary.expectedRequests = expectedOf(options, summary);
        // A part has its own first arrival.
        m_fromStart = options.fromSeconds <= 0;
    }
    Result<bool> next(TraceRow& row) final
    {
        for (;;) {
            if (m_options.maxRequests > 0 && m_given >= m_options.maxRequests) {
                return false;
            }
            ISOBAR_TRY_ASSIGN(const bool more, read(row));
            if (!more ||
                (m_options.forSeconds > 0 && row.arrivalSeconds >= m_options.fromSeconds + m_options.forSeconds)) {
                return false;
            }
            if (row.arrivalSeconds < m_options.fromSeconds) {
                continue;
            }
            if (m_given++ == 0 && !m_fromStart) {
                m_origin = row.arrivalSeconds;
            }
            row.arrivalSeconds = (row.arrivalSeconds - m_origin) / m_options.loadScale;
            return true;
        }
    }

protected:
    [[nodiscard]] virtual Result<bool> read(TraceRow& row) = 0;

private:
    /// As though requests came evenly.
    static std::int64_t expectedOf(const TraceOptions& options, const TraceSummary& summary)
    {
        const double all = summary.durationSeconds, rest = std::max(0.0, all - options.fromSeconds);
        const double part = options.forSeconds > 0 ? std::min(options.forSeconds, rest) : rest;
        const auto expected = all > 0 ? std::llround(static_cast<double>(summary.requests) * (part / all))
                                      : static_cast<long long>(summary.requests);
        return options.maxRequests > 0 ? std::min<std::int64_t>(expected, options.maxRequests) : expected;
    }

    TraceOptions m_options;
    bool m_fromStart = true;
    double m_origin = 0;
    std::int64_t m_given = 0;
};

/// Rows of a file, read a second time: the first pass found no bad row and told how far they are out of order.
class FileStream final : public Recorded {
public:
    FileStream(const std::filesystem::path& path, const InputFile::Stamp& stamp, const TraceOptions& options,
               const TraceSummary& summary)
        : Recorded(options, summary)
        , m_path(path)
        , m_stamp(stamp)
        , m_policy(path, stamp.bytes, JobContext())
    {
    }
    Status begin(const RowScan& scan)
    {
        ISOBAR_TRY_ASSIGN(auto reader, openRows(m_path, m_summary.format, kReplayRules, m_policy));
        m_rows.emplace(std::move(reader), scan);
        return Done{};
    }

protected:
    Result<bool> read(TraceRow& row) override
    {
        std::swap(m_row.request, row); // its vector keeps its room
        auto more = m_rows->next(m_row);
        std::swap(m_row.request, row);
        if (more.ok() && *more) {
            return more;
        }
        if (!more.ok()) {
            Error error = more.error();
            error.file = m_path.string();
            return error;
        }
        ISOBAR_TRY_ASSIGN(const InputFile file, InputFile::open(m_path));
        if (file.stamp() != m_stamp) {
            return Error{.code = ErrorCode::Busy,
                         .message = "the file changed while it was being read",
                         .advice = "replay it again when nobody writes to it",
                         .file = m_path.string()};
        }
        return false;
    }

private:
    std::filesystem::path m_path;
    InputFile::Stamp m_stamp;
    StopAtFlaw m_policy;
    std::optional<OrderedRows> m_rows;
    FileRow m_row;
};

Result<std::unique_ptr<TraceStream>> openFile(const std::filesystem::path& path, TraceFormat format,
                                              const TraceOptions& options, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const InputFile file, InputFile::open(path));
    StopAtFlaw policy(path, file.stamp().bytes, job);
    ISOBAR_TRY_ASSIGN(const auto reader, openRows(path, format, kReplayRules, policy));
    ISOBAR_TRY_ASSIGN(const RowScan scan, scanRows(*reader));
    if (scan.rows == 0) {
        return noRows(path);
    }
    TraceSummary summary;
    summary.format = format;
    summary.requests = scan.rows;
    summary.outOfOrder = scan.outOfOrder;
    summary.durationSeconds = static_cast<double>(scan.lastNanoseconds - scan.firstNanoseconds) / 1e9;
    summary.measured = format == TraceFormat::VllmRun;
    summary.prefixBlockTokens = format == TraceFormat::Mooncake ? kMooncakeBlockTokens : 0;
    auto stream = std::make_unique<FileStream>(path, file.stamp(), options, summary);
    ISOBAR_TRY(stream->begin(scan));
    return std::unique_ptr<TraceStream>(std::move(stream));
}

/// A trace of a store, block by block.
class StoredStream final : public Recorded {
public:
    StoredStream(store::Store store, store::Store::TraceInfo info, const TraceOptions& options,
                 const TraceSummary& summary)
        : Recorded(options, summary)
        , m_store(std::move(store))
        , m_info(std::move(info))
    {
    }

protected:
    Result<bool> read(TraceRow& row) override
    {
        while (m_at >= m_block.requests.size()) {
            if (m_number >= m_info.blocks) {
                return false;
            }
            ISOBAR_TRY(m_store.loadTraceBlock(m_info, m_number++, m_block));
            m_at = m_hash = 0;
        }
        const store::TraceRequest& request = m_block.requests[m_at];
        row.arrivalSeconds = request.arrivalSeconds;
        row.inputTokens = static_cast<std::uint32_t>(request.inputTokens);
        row.outputTokens = static_cast<std::uint32_t>(request.outputTokens);
        row.place = m_place++;
        row.prefixBlockTokens = m_info.prefixBlockTokens;
        if (!m_block.hashCounts.empty()) {
            const auto first = m_block.hashes.begin() + static_cast<std::ptrdiff_t>(m_hash);
            const std::uint32_t count = m_block.hashCounts[m_at];
            row.prefixHashes.assign(first, first + count);
            m_hash += count;
        }
        if (!m_block.measured.empty()) {
            row.measured = m_block.measured[m_at];
        }
        ++m_at;
        return true;
    }

private:
    store::Store m_store;
    store::Store::TraceInfo m_info;
    store::TraceBlock m_block;
    std::int64_t m_number = 0;
    std::size_t m_at = 0, m_hash = 0;
    std::uint64_t m_place = 0;
};

Status checkOptions(const TraceOptions& options)
{
    const auto wrong = [](const char* what) {
        return Error{.code = ErrorCode::InvalidValue, .message = std::string("a trace cannot be replayed ") + what};
    };
    if (!(options.loadScale > 0) || !std::isfinite(options.loadScale)) {
        return wrong("at a load that is not above 0");
    }
    if (!(options.fromSeconds >= 0) || !(options.forSeconds >= 0) || options.maxRequests < 0) {
        return wrong("from before its beginning, or for less than nothing");
    }
    return Done{};
}

} // namespace

std::optional<TraceFormat> recogniseTrace(std::string_view line)
{
    if (line.starts_with('{')) {
        if (hasKey(line, "input_toks") && (hasKey(line, "arrival_time") || hasKey(line, "queued_ts"))) {
            return TraceFormat::VllmRun;
        }
        if (hasKey(line, "input_length") && hasKey(line, "timestamp")) {
            return TraceFormat::Mooncake;
        }
        return std::nullopt;
    }
    const auto lower = lowercase(line);
    if (lower.find("timestamp") != std::string::npos && lower.find("contexttokens") != std::string::npos) {
        return TraceFormat::AzureLlm;
    }
    // Six fields, the first three numbers: there is no header to go by.
    if (std::count(line.begin(), line.end(), ',') == 5) {
        std::string_view rest = line;
        for (int field = 0; field < 3; ++field) {
            const auto comma = rest.find(',');
            if (!parseNumber(trimmed(rest.substr(0, comma)))) {
                return std::nullopt;
            }
            rest.remove_prefix(comma + 1);
        }
        return TraceFormat::ServeGen;
    }
    return std::nullopt;
}

const char* traceFormatName(TraceFormat format)
{
    return kKnown[static_cast<std::size_t>(format)].name;
}

std::string knownTraceFormats()
{
    std::string all;
    for (const Known& known : kKnown) {
        all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", known.name, known.what);
    }
    return all;
}

Result<std::unique_ptr<TraceStream>> openTrace(const std::string& name, const TraceOptions& options,
                                               const JobContext& job)
{
    ISOBAR_TRY(checkOptions(options));
    const std::filesystem::path path(name);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        for (auto colon = name.find(':'); colon != std::string::npos; colon = name.find(':', colon + 1)) {
            const std::filesystem::path store = name.substr(0, colon);
            if (std::filesystem::is_regular_file(store, ignored)) {
                return openStoredTrace(store, name.substr(colon + 1), options, job);
            }
        }
    }
    ISOBAR_TRY_ASSIGN(const TraceFormat format, formatOf(path));
    return format == TraceFormat::ServeGen ? openServeGen(path, options, job) : openFile(path, format, options, job);
}

Result<std::unique_ptr<TraceStream>> openStoredTrace(const std::filesystem::path& store, const std::string& trace,
                                                     const TraceOptions& options, const JobContext& job)
{
    ISOBAR_TRY(checkOptions(options));
    ISOBAR_TRY_ASSIGN(store::Store opened, store::Store::open(store));
    ISOBAR_TRY_ASSIGN(const store::Store::TraceInfo info, opened.trace(trace));
    const auto known =
        std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return info.format == k.name; });
    if (known == kKnown.end()) {
        return Error{.code = ErrorCode::NewerVersion,
                     .message = fmt::format("the trace '{}' is in the format '{}', which this Isobar does not know",
                                            trace, info.format),
                     .file = store.string()};
    }
    if (info.described) {
        ISOBAR_TRY_ASSIGN(auto parts, opened.loadTraceParts(info));
        return openServeGenParts(store / trace, std::move(parts), options, job);
    }
    TraceSummary summary;
    summary.format = known->format;
    summary.requests = info.requests;
    summary.durationSeconds = info.durationSeconds;
    summary.measured = known->format == TraceFormat::VllmRun;
    summary.prefixBlockTokens = info.prefixBlockTokens;
    return std::unique_ptr<TraceStream>(std::make_unique<StoredStream>(std::move(opened), info, options, summary));
}

Result<Trace> readTrace(const std::filesystem::path& path, std::uint64_t seed, const JobContext& job)
{
    TraceOptions options;
    options.seed = seed;
    ISOBAR_TRY_ASSIGN(const auto stream, openTrace(path.string(), options, job));
    const TraceSummary& summary = stream->summary();
    if (summary.requests > static_cast<std::int64_t>(kMaxTracedRequests)) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = fmt::format("has about {} requests, too many to hold", summary.requests),
                     .advice = "replay a part of it",
                     .file = path.string()};
    }
    Trace trace;
    trace.format = summary.format;
    trace.outOfOrder = summary.outOfOrder;
    trace.notes = summary.notes;
    trace.requests.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(summary.requests, 0, kMaxReserved)));
    StopAtFlaw look(path, summary.requests, job);
    TraceRow row;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, stream->next(row));
        if (!more) {
            return trace;
        }
        ISOBAR_TRY(look.row(static_cast<std::int64_t>(trace.requests.size())));
        trace.requests.push_back(row);
        if (summary.outOfOrder > 0) {
            trace.places.push_back(static_cast<std::uint32_t>(row.place));
        }
        if (summary.measured) {
            trace.measured.push_back(row.measured);
        }
        if (row.prefixBlockTokens > 0) {
            trace.prefixBlockTokens = row.prefixBlockTokens;
            trace.prefixHashes.insert(trace.prefixHashes.end(), row.prefixHashes.begin(), row.prefixHashes.end());
            trace.prefixEnds.push_back(trace.prefixHashes.size());
        }
    }
}

} // namespace isobar::ingest

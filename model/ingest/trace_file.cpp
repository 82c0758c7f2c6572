// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/trace_file.h"

#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

namespace isobar::ingest {
namespace {

constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr std::size_t kLookEvery = 4096; ///< requests between two looks at the clock
constexpr auto kReportEvery = std::chrono::milliseconds(50);

struct Known {
    TraceFormat format;
    const char* name;
    const char* what;
};
constexpr std::array kKnown{
    Known{TraceFormat::AzureLlm, "azure-llm-trace", "CSV with TIMESTAMP, ContextTokens, GeneratedTokens"},
    Known{TraceFormat::Mooncake, "mooncake", "JSON lines with timestamp, input_length, output_length"},
    Known{TraceFormat::VllmRun, "vllm-run", "JSON lines with arrival_time, input_toks, output_toks, queued_ts, …"},
    Known{TraceFormat::ServeGen, "servegen", "a client's chunk-N-trace.csv beside its chunk-N-dataset.json"},
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

std::optional<TraceFormat> recogniseTrace(std::string_view line)
{
    if (line.starts_with('{')) {
        if (hasKey(line, "input_toks") && hasKey(line, "arrival_time")) {
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

} // namespace

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

Error traceError(const std::filesystem::path& path, std::int64_t line, std::size_t column, std::string message,
                 std::string_view text)
{
    return {.code = ErrorCode::InvalidValue,
            .message = std::move(message),
            .file = path.string(),
            .line = line,
            .column = static_cast<std::int64_t>(column),
            .text = clipped(text, 190)};
}

std::optional<std::uint32_t> tokenCount(std::string_view text)
{
    const auto count = parseInteger(text);
    return count && *count >= 0 && *count <= std::numeric_limits<std::uint32_t>::max()
               ? std::optional(static_cast<std::uint32_t>(*count))
               : std::nullopt;
}

TraceBuilder::TraceBuilder(TraceFormat format, const std::filesystem::path& path, const JobContext& job)
    : m_path(path)
    , m_job(job)
    , m_latest(-std::numeric_limits<double>::infinity())
{
    m_trace.format = format;
}

Status TraceBuilder::add(double seconds, std::uint32_t inputTokens, std::uint32_t outputTokens)
{
    const std::size_t count = m_trace.requests.size();
    if (count % kLookEvery == 0) {
        if (m_job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        if (const auto now = std::chrono::steady_clock::now(); now - m_lastReport >= kReportEvery) {
            m_lastReport = now;
            m_job.progress("Reading " + m_path.filename().string(), static_cast<std::int64_t>(count), 0);
        }
    }
    if (count >= kMaxTracedRequests) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = fmt::format("has more than {} requests", kMaxTracedRequests),
                     .advice = "replay a part of it",
                     .file = m_path.string()};
    }
    m_trace.outOfOrder += seconds < m_latest ? 1 : 0;
    m_latest = std::max(m_latest, seconds);
    m_trace.requests.push_back({seconds, inputTokens, outputTokens});
    return Done{};
}

Result<Trace> TraceBuilder::finish()
{
    auto& requests = m_trace.requests;
    if (requests.empty()) {
        return noRows(m_path);
    }
    if (m_trace.outOfOrder > 0) {
        m_trace.places.resize(requests.size());
        std::iota(m_trace.places.begin(), m_trace.places.end(), 0u);
        std::stable_sort(m_trace.places.begin(), m_trace.places.end(), [&](std::uint32_t a, std::uint32_t b) {
            return requests[a].arrivalSeconds < requests[b].arrivalSeconds;
        });
        const auto reorder = [&](auto& rows) {
            auto sorted = rows;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                sorted[i] = rows[m_trace.places[i]];
            }
            rows = std::move(sorted);
        };
        reorder(requests);
        if (!m_trace.measured.empty()) {
            reorder(m_trace.measured);
        }
    }
    const double first = requests.front().arrivalSeconds;
    for (TracedRequest& request : requests) {
        request.arrivalSeconds -= first;
    }
    return std::move(m_trace);
}

Result<Trace> readTrace(const std::filesystem::path& path, std::uint64_t seed, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const std::string bytes, readHead(path));
    std::string_view head = bytes;
    if (head.starts_with("\xef\xbb\xbf")) {
        head.remove_prefix(3);
    }
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    if (head.empty()) {
        return noRows(path);
    }
    const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
    const auto format = recogniseTrace(line);
    if (!format) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is in no trace format that Isobar replays",
                     .advice = "known formats: " + knownTraceFormats() + "; unpack compressed files first",
                     .file = path.string(),
                     .line = 1,
                     .text = clipped(line)};
    }
    switch (*format) {
    case TraceFormat::AzureLlm:
        return readAzureTrace(path, job);
    case TraceFormat::ServeGen:
        return readServeGenTrace(path, seed, job);
    case TraceFormat::Mooncake:
    case TraceFormat::VllmRun:
        break;
    }
    return readJsonLinesTrace(path, *format, job);
}

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/trace_file.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// One function a trace format. Internal to ingest.
namespace isobar::ingest {

/// Collects the requests of a file in its order, on whatever clock it has, and looks at the stop token.
class TraceBuilder {
public:
    TraceBuilder(TraceFormat format, const std::filesystem::path& path, const JobContext& job);

    /// `seconds`: finite. Errors: Cancelled, a trace that is too long.
    [[nodiscard]] Status add(double seconds, std::uint32_t inputTokens, std::uint32_t outputTokens);
    void addMeasured(const MeasuredRequest& measured) { m_trace.measured.push_back(measured); }
    [[nodiscard]] bool empty() const { return m_trace.requests.empty(); }
    /// In order of arrival, counted from the first. Error: no rows.
    [[nodiscard]] Result<Trace> finish();

private:
    std::filesystem::path m_path;
    const JobContext& m_job;
    Trace m_trace;
    double m_latest;
    std::chrono::steady_clock::time_point m_lastReport{};
};

/// An error about one value of a trace file.
[[nodiscard]] Error traceError(const std::filesystem::path& path, std::int64_t line, std::size_t column,
                               std::string message, std::string_view text);

/// A count of tokens: a whole number from 0 to 2^32 - 1.
[[nodiscard]] std::optional<std::uint32_t> tokenCount(std::string_view text);

[[nodiscard]] Result<Trace> readAzureTrace(const std::filesystem::path& path, const JobContext& job);
/// Mooncake or VllmRun.
[[nodiscard]] Result<Trace> readJsonLinesTrace(const std::filesystem::path& path, TraceFormat format,
                                               const JobContext& job);
[[nodiscard]] Result<Trace> readServeGenTrace(const std::filesystem::path& path, std::uint64_t seed,
                                              const JobContext& job);

} // namespace isobar::ingest

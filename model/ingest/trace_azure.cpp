// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <fmt/format.h>

/// Azure's public LLM inference traces for replaying: the columns and times of azure_llm_trace.cpp, which imports them.
/// Rows out of order are sorted into place and counted. There is no quarantine to put a bad row into, so it is an
/// error with its line.
namespace isobar::ingest {

Result<Trace> readAzureTrace(const std::filesystem::path& path, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(path));
    CsvReader::Record record;
    ISOBAR_TRY_ASSIGN(const bool any, reader.next(record));
    if (!any) {
        return noRows(path);
    }
    ISOBAR_TRY_ASSIGN(const Header header,
                      Header::read(record, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, {}, path.string()));
    const std::size_t timeColumn = *header.column("TIMESTAMP");
    const std::size_t inputColumn = *header.column("ContextTokens");
    const std::size_t outputColumn = *header.column("GeneratedTokens");

    TraceBuilder trace(TraceFormat::AzureLlm, path, job);
    // Times are whole nanoseconds since 1970, more than a double holds: kept from the first row on instead.
    std::optional<std::int64_t> origin;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            return trace.finish();
        }
        if (record.flaw != CsvReader::Flaw::None || record.fields.size() != header.width()) {
            return traceError(path, record.line, 0,
                              record.flaw != CsvReader::Flaw::None ? std::string("the row is not CSV")
                                                                   : fmt::format("the row has {} fields, the header {}",
                                                                                 record.fields.size(), header.width()),
                              record.raw);
        }
        const auto time = parseTimestampNanoseconds(trimmed(record.fields[timeColumn]));
        if (!time) {
            return traceError(
                path, record.line, timeColumn + 1,
                fmt::format("'{}' is not a time (YYYY-MM-DD hh:mm:ss.fffffff)", clipped(record.fields[timeColumn])),
                record.raw);
        }
        const auto input = tokenCount(trimmed(record.fields[inputColumn]));
        const auto output = tokenCount(trimmed(record.fields[outputColumn]));
        if (!input || !output) {
            const std::size_t column = input ? outputColumn : inputColumn;
            return traceError(path, record.line, column + 1,
                              fmt::format("'{}' is not a number of tokens", clipped(record.fields[column])),
                              record.raw);
        }
        if (!origin) {
            origin = *time;
        }
        ISOBAR_TRY(trace.add(static_cast<double>(*time - *origin) * 1e-9, *input, *output));
    }
}

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/timestamp.h"
#include "model/ingest/trace_formats.h"

#include <fmt/format.h>

/// Azure's public LLM inference traces: TIMESTAMP (UTC, to 100 ns), ContextTokens, GeneratedTokens, one request a row.
/// Two equal rows are two requests. The published files end without a line end, so the last row is not suspect for
/// that.
namespace isobar::ingest {
namespace {

class AzureRows final : public RowReader {
public:
    AzureRows(CsvReader reader, const Header& header, const RowRules& rules, RowPolicy& policy)
        : m_reader(std::move(reader))
        , m_width(header.width())
        , m_time(*header.column("TIMESTAMP"))
        , m_input(*header.column("ContextTokens"))
        , m_output(*header.column("GeneratedTokens"))
        , m_rules(rules)
        , m_policy(policy)
    {
    }

    Result<bool> next(FileRow& row) override
    {
        for (;;) {
            ISOBAR_TRY_ASSIGN(const bool more, m_reader.next(m_record));
            if (!more) {
                return false;
            }
            ISOBAR_TRY(m_policy.row(m_reader.position()));
            auto flaw = shapeFlaw(m_record, m_width, false);
            if (!flaw && read(row, flaw)) {
                row.line = m_record.line;
                row.timeColumn = m_time + 1;
                return true;
            }
            ISOBAR_TRY(m_policy.flawed(*flaw));
        }
    }

private:
    bool read(FileRow& row, std::optional<RowFlaw>& flaw) const
    {
        const auto reject = [&](std::size_t column, const char* rule, std::string what) {
            flaw = RowFlaw{m_record.line, column + 1, rule, std::move(what), m_record.raw};
            return false;
        };
        const auto time = parseTimestampNanoseconds(trimmed(m_record.fields[m_time]));
        if (!time) {
            return reject(
                m_time, "timestamp",
                fmt::format("'{}' is not a time (YYYY-MM-DD hh:mm:ss.fffffff)", clipped(m_record.fields[m_time])));
        }
        row.nanoseconds = *time;
        for (const auto& [column, tokens] :
             {std::pair(m_input, &row.request.inputTokens), std::pair(m_output, &row.request.outputTokens)}) {
            const auto count = parseInteger(trimmed(m_record.fields[column]));
            if (!count || *count < m_rules.minTokens || *count > m_rules.maxTokens) {
                return reject(column, "token-count",
                              fmt::format("'{}' is not a number of tokens from {} to {}",
                                          clipped(m_record.fields[column]), m_rules.minTokens, m_rules.maxTokens));
            }
            *tokens = static_cast<std::uint32_t>(*count);
        }
        return true;
    }

    CsvReader m_reader;
    CsvReader::Record m_record;
    std::size_t m_width, m_time, m_input, m_output;
    RowRules m_rules;
    RowPolicy& m_policy;
};

} // namespace

Result<std::unique_ptr<RowReader>> openAzureRows(const std::filesystem::path& path, const RowRules& rules,
                                                 RowPolicy& policy)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(path));
    CsvReader::Record record;
    ISOBAR_TRY_ASSIGN(const bool any, reader.next(record));
    if (!any) {
        return noRows(path);
    }
    ISOBAR_TRY_ASSIGN(const Header header,
                      Header::read(record, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, {}, path.string()));
    return std::unique_ptr<RowReader>(std::make_unique<AzureRows>(std::move(reader), header, rules, policy));
}

} // namespace isobar::ingest

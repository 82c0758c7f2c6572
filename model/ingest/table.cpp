// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <fmt/format.h>

/// What all formats in rows have in common: headers and the shape of a row.
namespace isobar::ingest {

Result<Header> Header::read(const CsvReader::Record& record, const std::vector<std::string>& required,
                            const std::vector<std::string>& optional, const std::string& file)
{
    Header header;
    header.m_width = record.fields.size();
    const auto wrong = [&](std::string message) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = std::move(message),
                     .advice = "the first line has to name the columns; known formats: " + knownFormats(),
                     .file = file,
                     .line = record.line,
                     .text = clipped(record.raw, 190)};
    };
    if (record.flaw != CsvReader::Flaw::None) {
        return wrong("the line that should name the columns is not CSV");
    }
    for (const auto* names : {&required, &optional}) {
        for (const std::string& name : *names) {
            std::optional<std::size_t> place;
            for (std::size_t i = 0; i < record.fields.size(); ++i) {
                if (!equalIgnoringCase(trimmed(record.fields[i]), name)) {
                    continue;
                }
                if (place) {
                    return wrong(fmt::format("the column {} is there twice", name));
                }
                place = i;
            }
            if (!place && names == &required) {
                return wrong(fmt::format("there is no column {}", name));
            }
            if (place) {
                header.m_columns.emplace_back(name, *place);
                if (*place + 1 == record.fields.size()) {
                    header.m_last = name;
                }
            }
        }
    }
    return header;
}

std::optional<std::size_t> Header::column(std::string_view name) const
{
    for (const auto& [known, place] : m_columns) {
        if (known == name) {
            return place;
        }
    }
    return std::nullopt;
}

std::optional<RowFlaw> shapeFlaw(const CsvReader::Record& record, std::size_t width, bool allowMore)
{
    const auto flaw = [&](const char* rule, std::size_t column, std::string what) {
        return RowFlaw{record.line, column, rule, std::move(what), record.raw};
    };
    switch (record.flaw) {
    case CsvReader::Flaw::UnterminatedQuote:
        return flaw("open-quote", 0, fmt::format("a quote is not closed: {}", clipped(record.raw)));
    case CsvReader::Flaw::TextAfterQuote:
        return flaw("text-after-quote", record.flawField,
                    fmt::format("text follows a closing quote: {}", clipped(record.raw)));
    case CsvReader::Flaw::TooLong:
        return flaw("too-long", 0, fmt::format("the line is longer than 1 MiB: {}", clipped(record.raw)));
    case CsvReader::Flaw::None:
        break;
    }
    const std::size_t fields = record.fields.size();
    if (fields < width && !record.hasLineEnd) {
        return flaw("truncated", fields,
                    fmt::format("the file ends in the middle of this row ({} of {} fields): {}", fields, width,
                                clipped(record.raw)));
    }
    if (fields < width || (fields > width && !allowMore)) {
        return flaw("field-count", std::min(fields, width + 1),
                    fmt::format("{} fields under {} columns: {}", fields, width, clipped(record.raw)));
    }
    return std::nullopt;
}

Result<bool> checkShape(const CsvReader::Record& record, std::size_t width, bool allowMore, Intake& intake)
{
    if (const auto flaw = shapeFlaw(record, width, allowMore)) {
        ISOBAR_TRY(QuarantineFlawed(intake).flawed(*flaw));
        return false;
    }
    return true;
}

Error noRows(const std::filesystem::path& path)
{
    return {.code = ErrorCode::InvalidValue,
            .message = "the file has a header but no rows",
            .advice = "there is nothing to import; check that it was published or downloaded whole",
            .file = path.string(),
            .line = 1};
}

} // namespace isobar::ingest

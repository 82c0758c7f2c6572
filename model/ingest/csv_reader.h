// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isobar::ingest {

/// Reads the records of a CSV file one after the other, as RFC 4180 has them, in bounded memory.
///
/// Lines end in LF, CRLF or CR; a UTF-8 byte order mark is skipped; empty lines are not records. Fields may be quoted
/// with '"', a quote inside is doubled, and a quoted field may hold commas and line ends. A quote inside an unquoted
/// field stands for itself. What is not CSV is not guessed at: the record says what is wrong with it and reading goes
/// on with the next line. Where a quote is never closed only that one line is given up, not the rest of the file.
class CsvReader {
public:
    /// Longest record; a longer one is flawed and skipped.
    static constexpr std::size_t kMaxRecordBytes = 1u << 20;

    enum class Flaw {
        None,
        UnterminatedQuote, ///< `fields` is empty
        TextAfterQuote,    ///< "ab"c; `flawField` says where
        TooLong,           ///< `fields` is empty and `raw` only its beginning
    };

    struct Record {
        std::int64_t line = 0; ///< 1-based line it starts on
        std::vector<std::string_view> fields;
        std::string_view raw; ///< the record without its line end
        Flaw flaw = Flaw::None;
        std::size_t flawField = 0; ///< 1-based; 0 = not about one field
        bool hasLineEnd = true;    ///< false: the file ends right behind it
    };

    /// Errors: not found, a folder, unreadable. The buffer takes four times `maxRecordBytes`.
    [[nodiscard]] static Result<CsvReader> open(const std::filesystem::path& path,
                                                std::size_t maxRecordBytes = kMaxRecordBytes);
    /// The same for text at hand.
    [[nodiscard]] static CsvReader fromText(std::string text, std::string name,
                                            std::size_t maxRecordBytes = kMaxRecordBytes);

    CsvReader(CsvReader&&) noexcept;
    CsvReader& operator=(CsvReader&&) noexcept;
    ~CsvReader();

    /// The next record, or false at the end. Its views hold until the next call. Errors: the file cannot be read on, or
    /// holds NUL bytes and so is no text.
    [[nodiscard]] Result<bool> next(Record& record);

    /// Bytes of the file consumed so far.
    [[nodiscard]] std::int64_t position() const;

private:
    struct Impl;
    explicit CsvReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

} // namespace isobar::ingest

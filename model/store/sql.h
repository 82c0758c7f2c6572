// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Questions in SQL that can do no harm: a connection of their own that can only read, only SELECT, only functions that
/// are known, and limits on time, rows, memory and the size of a value. Writers are never kept waiting.
namespace isobar::store {

struct SqlLimits {
    std::int64_t rows = 10'000;
    double seconds = 10;
    std::int64_t resultBytes = 64 << 20;
    std::int64_t workBytes = 512 << 20; ///< what SQLite may take for sorting and grouping
};

/// NULL, INTEGER, REAL, TEXT, BLOB.
struct SqlBlob {
    std::string bytes;
    friend bool operator==(const SqlBlob&, const SqlBlob&) = default;
};
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, SqlBlob>;

struct SqlTable {
    std::vector<std::string> columns;
    std::vector<std::vector<SqlValue>> rows;
    bool truncated = false; ///< there were more rows than the limits let through
    double seconds = 0;
};

/// As plain text: NULL is nothing, bytes are hexadecimal.
[[nodiscard]] std::string toText(const SqlValue& value);
/// RFC 4180 with CRLF and one header line.
[[nodiscard]] std::string toCsv(const SqlTable& table);

/// One SELECT (or VALUES, WITH … SELECT) on the store at `path`, which Store::open() has checked and brought up to date
/// before. Errors: InvalidValue for anything
/// else, with the column of the text where SQLite names one; Infeasible beyond the time or memory; Cancelled when
/// `stop` is asked for. May be called on any thread, while others write.
[[nodiscard]] Result<SqlTable> runReadOnlySql(const std::filesystem::path& path, std::string_view sql,
                                              const SqlLimits& limits = {}, std::stop_token stop = {});

} // namespace isobar::store

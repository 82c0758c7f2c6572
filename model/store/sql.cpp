// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/sql.h"

#include "model/store/connection.h"
#include "model/store/sql_functions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <set>

#include <sqlite3.h>

#include <fmt/format.h>

namespace isobar::store {

namespace {

using Clock = std::chrono::steady_clock;

/// How many instructions of SQLite's machine between two looks at the clock. Few: one of them may be a search in the
/// longest text there may be.
constexpr int kLookEvery = 50;
/// Of a text, a blob or a row. Enough for every view; two such texts searched in one another take under a second.
constexpr int kMostValueBytes = 200'000;
constexpr int kMostStatementBytes = 100'000;

/// What a question may call: nothing that writes, reads files, loads code or tells about the process.
constexpr std::array<std::string_view, 87> kFunctions{"abs",
                                                      "acos",
                                                      "asin",
                                                      "atan",
                                                      "atan2",
                                                      "avg",
                                                      "ceil",
                                                      "ceiling",
                                                      "char",
                                                      "coalesce",
                                                      "cos",
                                                      "count",
                                                      "cume_dist",
                                                      "date",
                                                      "datetime",
                                                      "degrees",
                                                      "dense_rank",
                                                      "exp",
                                                      "first_value",
                                                      "floor",
                                                      "format",
                                                      "glob",
                                                      "group_concat",
                                                      "hex",
                                                      "ifnull",
                                                      "iif",
                                                      "instr",
                                                      "isobar_count",
                                                      "isobar_merge",
                                                      "isobar_quantile",
                                                      "json_array_length",
                                                      "json_extract",
                                                      "json_type",
                                                      "json_valid",
                                                      "julianday",
                                                      "lag",
                                                      "last_value",
                                                      "lead",
                                                      "length",
                                                      "like",
                                                      "likelihood",
                                                      "likely",
                                                      "ln",
                                                      "log",
                                                      "log10",
                                                      "log2",
                                                      "lower",
                                                      "ltrim",
                                                      "max",
                                                      "min",
                                                      "mod",
                                                      "nth_value",
                                                      "ntile",
                                                      "nullif",
                                                      "percent_rank",
                                                      "pi",
                                                      "pow",
                                                      "power",
                                                      "printf",
                                                      "quote",
                                                      "radians",
                                                      "random",
                                                      "rank",
                                                      "replace",
                                                      "round",
                                                      "row_number",
                                                      "rtrim",
                                                      "sign",
                                                      "sin",
                                                      "sqrt",
                                                      "strftime",
                                                      "substr",
                                                      "substring",
                                                      "sum",
                                                      "tan",
                                                      "time",
                                                      "total",
                                                      "trim",
                                                      "trunc",
                                                      "typeof",
                                                      "unicode",
                                                      "unixepoch",
                                                      "unlikely",
                                                      "upper",
                                                      "zeroblob",
                                                      "->",
                                                      "->>"};

/// What the callbacks of one statement need to know.
struct Guard {
    std::set<std::string, std::less<>> tables; ///< that may be read
    std::stop_token stop;
    Clock::time_point deadline;
    sqlite3_int64 memoryAtStart = 0, workBytes = 0;
    enum class Ended { No, Cancelled, TooLong, TooMuchMemory } ended = Ended::No;
    std::string refused; ///< what the authorizer said no to, in words
};

bool isFunction(std::string_view name)
{
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return std::find(kFunctions.begin(), kFunctions.end(), lower) != kFunctions.end();
}

extern "C" int isobarAuthorize(void* data, int action, const char* first, const char* second, const char*, const char*)
{
    auto& guard = *static_cast<Guard*>(data);
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        // No column at all is read by count(*), also of the statement's own subqueries.
        if (first != nullptr &&
            (guard.tables.count(std::string_view(first)) > 0 || (second != nullptr && second[0] == '\0'))) {
            return SQLITE_OK;
        }
        guard.refused = fmt::format("there is no table '{}' to read", first != nullptr ? first : "");
        return SQLITE_DENY;
    case SQLITE_FUNCTION:
        if (second != nullptr && isFunction(second)) {
            return SQLITE_OK;
        }
        guard.refused = fmt::format("the function '{}' is not among those allowed", second != nullptr ? second : "");
        return SQLITE_DENY;
    default:
        guard.refused = "only SELECT is allowed";
        return SQLITE_DENY;
    }
}

extern "C" int isobarProgress(void* data)
{
    auto& guard = *static_cast<Guard*>(data);
    if (guard.stop.stop_requested()) {
        guard.ended = Guard::Ended::Cancelled;
    } else if (Clock::now() >= guard.deadline) {
        guard.ended = Guard::Ended::TooLong;
    } else if (sqlite3_memory_used() - guard.memoryAtStart > guard.workBytes) {
        guard.ended = Guard::Ended::TooMuchMemory;
    }
    return guard.ended == Guard::Ended::No ? 0 : 1;
}

/// For reading and nothing else; a folder where SQLite may make no file is read as it is.
SQLite::Database openToRead(const std::filesystem::path& path)
{
    const auto probe = [&path](Access access) {
        SQLite::Database db = openConnection(path, access, false);
        db.execAndGet("SELECT count(*) FROM sqlite_schema");
        return db;
    };
    try {
        return probe(Access::ReadOnly);
    } catch (const SQLite::Exception& exception) {
        const int code = exception.getErrorCode() & 0xff;
        if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) {
            throw;
        }
    }
    return probe(Access::Immutable);
}

void limit(sqlite3* db)
{
    for (const auto& [what, most] :
         {std::pair(SQLITE_LIMIT_LENGTH, kMostValueBytes), std::pair(SQLITE_LIMIT_SQL_LENGTH, kMostStatementBytes),
          std::pair(SQLITE_LIMIT_COLUMN, 500), std::pair(SQLITE_LIMIT_EXPR_DEPTH, 200),
          std::pair(SQLITE_LIMIT_COMPOUND_SELECT, 50), std::pair(SQLITE_LIMIT_VDBE_OP, 250'000),
          std::pair(SQLITE_LIMIT_FUNCTION_ARG, 32), std::pair(SQLITE_LIMIT_ATTACHED, 0),
          std::pair(SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000), std::pair(SQLITE_LIMIT_VARIABLE_NUMBER, 0),
          std::pair(SQLITE_LIMIT_TRIGGER_DEPTH, 0), std::pair(SQLITE_LIMIT_WORKER_THREADS, 0)}) {
        sqlite3_limit(db, what, most);
    }
}

/// What went wrong with the statement, in words.
Error statementError(sqlite3* db, const Guard& guard, const std::filesystem::path& path, std::string_view sql,
                     const SqlLimits& limits)
{
    const int code = sqlite3_errcode(db) & 0xff;
    const std::string said = sqlite3_errmsg(db);
    Error error;
    error.file = path.string();
    switch (guard.ended) {
    case Guard::Ended::Cancelled:
        error.code = ErrorCode::Cancelled;
        error.message = "the query was cancelled";
        return error;
    case Guard::Ended::TooLong:
        error.code = ErrorCode::Infeasible;
        error.message = fmt::format("the query took longer than {} s", limits.seconds);
        error.advice = "ask for less: fewer rows, a shorter range, or allow more time";
        return error;
    case Guard::Ended::TooMuchMemory:
        error.code = ErrorCode::Infeasible;
        error.message = fmt::format("the query needs more than {} MB of memory", limits.workBytes >> 20);
        error.advice = "sort or group fewer rows";
        return error;
    case Guard::Ended::No:
        break;
    }
    if (code == SQLITE_AUTH || !guard.refused.empty()) {
        error.code = ErrorCode::InvalidValue;
        error.message = guard.refused.empty() ? said : guard.refused;
        error.advice = "the views and functions that may be used are in docs/store.md";
    } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        error.code = ErrorCode::Corrupt;
        error.message = fmt::format("the store is damaged ({})", said);
        error.advice = "save what can be saved with: isobar-cli repair STORE --out NEW";
    } else if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        error.code = ErrorCode::Busy;
        error.message = "another program holds this store";
    } else if (code == SQLITE_NOMEM) {
        error.code = ErrorCode::Infeasible;
        error.message = "there is not enough memory for this query";
    } else {
        error.code = ErrorCode::InvalidValue;
        error.message = fmt::format("the query is wrong: {}", said);
    }
    if (const int offset = sqlite3_error_offset(db); offset >= 0 && static_cast<std::size_t>(offset) <= sql.size()) {
        const std::string_view before = sql.substr(0, static_cast<std::size_t>(offset));
        const std::size_t line = before.rfind('\n');
        error.line = 1 + std::count(before.begin(), before.end(), '\n');
        error.column =
            static_cast<std::int64_t>(line == std::string_view::npos ? before.size() : offset - line - 1) + 1;
        error.text = sql.substr(static_cast<std::size_t>(offset), 40);
        error.file.clear(); // line and column are the query's
    }
    return error;
}

SqlValue valueOf(sqlite3_stmt* statement, int column)
{
    const auto bytes = [&](const void* data) {
        return std::string(static_cast<const char*>(data),
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    };
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
    case SQLITE_TEXT:
        return bytes(sqlite3_column_text(statement, column));
    case SQLITE_BLOB: {
        const void* data = sqlite3_column_blob(statement, column);
        return SqlBlob{data == nullptr ? std::string() : bytes(data)};
    }
    default:
        return std::monostate{};
    }
}

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

} // namespace

Result<SqlTable> runReadOnlySql(const std::filesystem::path& given, std::string_view sql, const SqlLimits& limits,
                                std::stop_token stop)
{
    const std::filesystem::path path = std::filesystem::absolute(given);
    const auto begun = Clock::now();
    Guard guard;
    guard.stop = std::move(stop);
    guard.deadline = begun + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(std::clamp(limits.seconds, 0.0, 86'400.0)));
    guard.workBytes = limits.workBytes;
    try {
        SQLite::Database db = openToRead(path);
        sqlite3* handle = db.getHandle();
        db.exec("PRAGMA query_only = ON");
        {
            SQLite::Statement names(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')");
            while (names.executeStep()) {
                guard.tables.insert(names.getColumn(0).getString());
            }
            guard.tables.insert({"sqlite_schema", "sqlite_master"});
        }
        if (addSqlFunctions(handle) != SQLITE_OK) {
            return Error{ErrorCode::Internal, "the functions of the views could not be made"};
        }
        limit(handle);
        guard.memoryAtStart = sqlite3_memory_used();
        sqlite3_set_authorizer(handle, isobarAuthorize, &guard);
        sqlite3_progress_handler(handle, kLookEvery, isobarProgress, &guard);
        const auto wrong = [&] { return statementError(handle, guard, path, sql, limits); };
        if (sql.size() > kMostStatementBytes) {
            return Error{.code = ErrorCode::InvalidValue,
                         .message = fmt::format("the query is longer than {} bytes", kMostStatementBytes)};
        }
        const auto prepare = [&](const char* text, const char* end, const char** tail) {
            sqlite3_stmt* raw = nullptr;
            const int code = sqlite3_prepare_v3(handle, text, static_cast<int>(end - text), 0, &raw, tail);
            return std::pair(code, Statement(raw, &sqlite3_finalize));
        };
        const char* const end = sql.data() + sql.size();
        const char* tail = nullptr;
        const auto [code, statement] = prepare(sql.data(), end, &tail);
        if (code != SQLITE_OK) {
            return wrong();
        }
        if (!statement || sqlite3_column_count(statement.get()) == 0 || sqlite3_stmt_readonly(statement.get()) == 0) {
            return Error{.code = ErrorCode::InvalidValue,
                         .message = statement ? "only SELECT is allowed" : "there is no query in this text",
                         .advice = "write one SELECT; the views are in docs/store.md"};
        }
        while (tail != nullptr && tail < end) {
            const char* next = nullptr;
            const auto [more, second] = prepare(tail, end, &next);
            if (more != SQLITE_OK || second) {
                return Error{.code = ErrorCode::InvalidValue,
                             .message = "only one statement at a time is allowed",
                             .advice = "remove what follows the first ';'"};
            }
            tail = next != nullptr && next > tail ? next : end;
        }
        SqlTable table;
        const int columns = sqlite3_column_count(statement.get());
        for (int i = 0; i < columns; ++i) {
            const char* name = sqlite3_column_name(statement.get(), i);
            table.columns.emplace_back(name != nullptr ? name : "");
        }
        std::int64_t bytes = 0;
        for (;;) {
            const int step = sqlite3_step(statement.get());
            if (step == SQLITE_DONE) {
                break;
            }
            if (step != SQLITE_ROW) {
                return wrong();
            }
            if (static_cast<std::int64_t>(table.rows.size()) >= limits.rows || bytes >= limits.resultBytes) {
                table.truncated = true;
                break;
            }
            auto& row = table.rows.emplace_back();
            for (int i = 0; i < columns; ++i) {
                row.push_back(valueOf(statement.get(), i));
                bytes += static_cast<std::int64_t>(sizeof(SqlValue)) + sqlite3_column_bytes(statement.get(), i);
            }
        }
        table.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
        return table;
    } catch (const SQLite::Exception& exception) {
        return sqliteError(exception, nullptr, path, "run the query");
    }
}

namespace {

std::string hex(const std::string& bytes)
{
    std::string out;
    for (const char c : bytes) {
        out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string csvCell(const std::string& cell)
{
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
        return cell;
    }
    std::string quoted = "\"";
    for (const char c : cell) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + "\"";
}

} // namespace

std::string toText(const SqlValue& value)
{
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return fmt::format("{}", *integer);
    }
    if (const auto* real = std::get_if<double>(&value)) {
        return fmt::format("{}", *real);
    }
    if (const auto* blob = std::get_if<SqlBlob>(&value)) {
        return hex(blob->bytes);
    }
    const auto* string = std::get_if<std::string>(&value);
    return string != nullptr ? *string : std::string();
}

std::string toCsv(const SqlTable& table)
{
    std::string out;
    const auto line = [&out](const auto& cells, auto write) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            out += (i > 0 ? "," : "") + csvCell(write(cells[i]));
        }
        out += "\r\n";
    };
    line(table.columns, [](const std::string& name) { return name; });
    for (const auto& row : table.rows) {
        line(row, toText);
    }
    return out;
}

} // namespace isobar::store

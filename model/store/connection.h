// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The only place that speaks to SQLite's wrapper: how a connection is set up, how its failures become errors, and how
/// values are bound and read by position. Internal to the store.
namespace isobar::store {

/// "ISOB": tells an Isobar store from any other SQLite file.
inline constexpr std::int32_t kApplicationId = 0x49534F42;

/// How long a connection waits for another writer before it reports ErrorCode::Busy.
inline constexpr int kBusyTimeoutMs = 2000;

enum class Access { ReadWrite, ReadOnly, Immutable };

/// Opens `path` and sets the connection up (foreign keys, defensive mode, busy timeout). Throws SQLite::Exception.
/// Immutable reads a store in a folder where not even the shared-memory file may be made.
[[nodiscard]] SQLite::Database openConnection(const std::filesystem::path& path, Access access, bool create);

/// What SQLite reported, in words: `doing` completes "could not …".
[[nodiscard]] Error sqliteError(const SQLite::Exception& exception, sqlite3* handle, const std::filesystem::path& path,
                                const std::string& doing);

/// Runs `body` and turns SQLite's exceptions into an Error. `body` returns a Result.
template <class Body>
[[nodiscard]] auto guarded(const SQLite::Database& db, const std::filesystem::path& path, const std::string& doing,
                           Body&& body) -> std::invoke_result_t<Body>
{
    try {
        return std::forward<Body>(body)();
    } catch (const SQLite::Exception& exception) {
        return sqliteError(exception, db.getHandle(), path, doing);
    }
}

/// BEGIN IMMEDIATE … COMMIT; rolls back when it is dropped before commit(). Throws SQLite::Exception.
class WriteTransaction {
public:
    explicit WriteTransaction(SQLite::Database& db);
    ~WriteTransaction();
    WriteTransaction(const WriteTransaction&) = delete;
    WriteTransaction& operator=(const WriteTransaction&) = delete;
    void commit();

private:
    SQLite::Database& m_db;
    bool m_open = true;
};

/// One consistent view for several reads; nothing when a transaction is open already. Throws SQLite::Exception.
class ReadTransaction {
public:
    explicit ReadTransaction(SQLite::Database& db);
    ~ReadTransaction();
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;

private:
    SQLite::Database& m_db;
    bool m_open = false;
};

/// "INSERT INTO table(columns) VALUES(?, …)" with one parameter a column.
[[nodiscard]] std::string insertSql(const std::string& table, const std::string& columns);

/// "2026-11-22T14:00:00Z".
[[nodiscard]] std::string nowUtc();

/// A figure's source key and basis: two columns.
struct ProvenanceColumns {
    std::optional<std::string> source;
    const char* basis = "";
};

namespace detail {
template <class T> void bindOne(SQLite::Statement& statement, int& index, const T& value)
{
    if constexpr (std::is_same_v<T, ProvenanceColumns>) {
        bindOne(statement, index, value.source);
        bindOne(statement, index, std::string_view(value.basis));
    } else if constexpr (std::is_same_v<T, std::string>) {
        statement.bindNoCopy(++index, value); // outlives the run; the next one binds anew
    } else if constexpr (std::is_convertible_v<T, std::string_view>) {
        statement.bind(++index, std::string(std::string_view(value)));
    } else if constexpr (std::is_floating_point_v<T>) {
        statement.bind(++index, static_cast<double>(value));
    } else if constexpr (std::is_integral_v<T>) {
        statement.bind(++index, static_cast<std::int64_t>(value));
    } else {
        if (value) {
            bindOne(statement, index, *value);
        } else {
            statement.bind(++index);
        }
    }
}
} // namespace detail

/// Binds every value in order and runs the statement once.
template <class... Values> void run(SQLite::Statement& statement, const Values&... values)
{
    statement.reset();
    int index = 0;
    (detail::bindOne(statement, index, values), ...);
    statement.exec();
}

/// Reads the columns of the current row from left to right.
class Columns {
public:
    explicit Columns(SQLite::Statement& statement)
        : m_statement(statement)
    {
    }
    std::string text() { return m_statement.getColumn(m_next++).getString(); }
    double real() { return m_statement.getColumn(m_next++).getDouble(); }
    std::int64_t integer() { return m_statement.getColumn(m_next++).getInt64(); }
    std::int32_t int32() { return static_cast<std::int32_t>(integer()); }
    bool boolean() { return integer() != 0; }
    std::optional<double> optionalReal()
    {
        const auto column = m_statement.getColumn(m_next++);
        return column.isNull() ? std::nullopt : std::optional<double>(column.getDouble());
    }
    std::optional<std::string> optionalText()
    {
        const auto column = m_statement.getColumn(m_next++);
        return column.isNull() ? std::nullopt : std::optional<std::string>(column.getString());
    }

private:
    SQLite::Statement& m_statement;
    int m_next = 0;
};

} // namespace isobar::store

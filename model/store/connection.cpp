// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace isobar::store {

namespace {

/// SQLite takes `file:` URIs percent-encoded.
std::string fileUri(const std::filesystem::path& path, const char* query)
{
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(path).string()) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '/' || byte == '.' || byte == '-' || byte == '_';
        uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return uri + query;
}

} // namespace

SQLite::Database openConnection(const std::filesystem::path& path, Access access, bool create)
{
    // One connection is one thread's, so SQLite need not lock it at every call.
    int flags = SQLite::OPEN_NOMUTEX | (access == Access::ReadWrite ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY);
    if (create) {
        flags |= SQLite::OPEN_CREATE;
    }
    const bool immutable = access == Access::Immutable;
    SQLite::Database db(immutable ? fileUri(path, "?immutable=1") : std::filesystem::absolute(path).string(),
                        flags | (immutable ? SQLite::OPEN_URI : 0), kBusyTimeoutMs);
    sqlite3_extended_result_codes(db.getHandle(), 1);
    // A store may come from a stranger: no schema tricks, no writes to internal tables, cells checked when read.
    sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db.getHandle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    db.exec("PRAGMA cell_size_check = ON");
    db.exec("PRAGMA foreign_keys = ON");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA cache_size = -65536"); // 64 MiB: a catalogue's transaction does not spill
    db.exec("PRAGMA temp_store = MEMORY");
    return db;
}

Error sqliteError(const SQLite::Exception& exception, sqlite3* handle, const std::filesystem::path& path,
                  const std::string& doing)
{
    Error error;
    error.file = path.string();
    const int code = exception.getErrorCode() & 0xff;
    const int systemError = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    const std::string detail = exception.what();
    switch (code) {
    case SQLITE_FULL:
        error.code = ErrorCode::DiskFull;
        break;
    case SQLITE_IOERR:
        error.code = systemError == ENOSPC || systemError == EDQUOT ? ErrorCode::DiskFull : ErrorCode::Unreadable;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error.code = ErrorCode::Busy;
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        error.code = ErrorCode::NotWritable;
        break;
    case SQLITE_CANTOPEN:
        error.code = systemError == ENOSPC ? ErrorCode::DiskFull : ErrorCode::Unreadable;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        error.code = ErrorCode::Corrupt;
        break;
    case SQLITE_INTERRUPT:
        error.code = ErrorCode::Cancelled;
        break;
    case SQLITE_ERROR:
        // The statements are ours and tested: a missing table or column means a file that is not what it says it is.
        error.code = detail.find("no such") != std::string::npos ? ErrorCode::Corrupt : ErrorCode::Internal;
        break;
    default:
        error.code = ErrorCode::Internal;
        break;
    }
    switch (error.code) {
    case ErrorCode::DiskFull:
        error.message = fmt::format("could not {}: the disk is full", doing);
        error.advice = "nothing was changed; free some space and try again";
        break;
    case ErrorCode::Busy:
        error.message = fmt::format("could not {}: another program is writing to this store", doing);
        error.advice = "wait for its import to end, then try again";
        break;
    case ErrorCode::NotWritable:
        error.message = fmt::format("could not {}: the store or its folder is read-only", doing);
        error.advice = "copy the store to a folder you may write to";
        break;
    case ErrorCode::Corrupt:
        error.message = fmt::format("could not {}: the store is damaged ({})", doing, detail);
        error.advice = "save what can be saved with: isobar-cli repair STORE --out NEW";
        break;
    case ErrorCode::Cancelled:
        error.message = fmt::format("could not {}: cancelled", doing);
        break;
    default:
        error.message = fmt::format("could not {}: {}", doing, detail);
        break;
    }
    return error;
}

WriteTransaction::WriteTransaction(SQLite::Database& db)
    : m_db(db)
{
    m_db.exec("BEGIN IMMEDIATE");
}

WriteTransaction::~WriteTransaction()
{
    // SQLite has already rolled back by itself after some errors (a full disk).
    if (m_open && sqlite3_get_autocommit(m_db.getHandle()) == 0) {
        sqlite3_exec(m_db.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void WriteTransaction::commit()
{
    m_db.exec("COMMIT");
    m_open = false;
}

ReadTransaction::ReadTransaction(SQLite::Database& db)
    : m_db(db)
{
    if (sqlite3_get_autocommit(m_db.getHandle()) != 0) {
        m_db.exec("BEGIN");
        m_open = true;
    }
}

ReadTransaction::~ReadTransaction()
{
    if (m_open && sqlite3_get_autocommit(m_db.getHandle()) == 0) {
        sqlite3_exec(m_db.getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

std::string nowUtc()
{
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string insertSql(const std::string& table, const std::string& columns)
{
    std::string parameters = "?";
    for (auto commas = std::count(columns.begin(), columns.end(), ','); commas > 0; --commas) {
        parameters += ",?";
    }
    return "INSERT INTO " + table + "(" + columns + ") VALUES(" + parameters + ")";
}

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/fleet_rows.h"
#include "model/store/migrations.h"
#include "model/store/scenario_rows.h"
#include "model/store/store_impl.h"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

/// How a store file comes to be and is opened.
namespace isobar::store {

namespace fs = std::filesystem;

namespace {

/// Above this a whole-file check on open would be felt; damage is then found when the page is read.
constexpr std::uintmax_t kFullCheckBytes = 256u << 20;

Error fileError(ErrorCode code, const fs::path& path, std::string message, std::string advice)
{
    return {.code = code, .message = std::move(message), .advice = std::move(advice), .file = path.string()};
}

Error notAStore(const fs::path& path, const std::string& why)
{
    return fileError(ErrorCode::WrongFormat, path, "is not an Isobar store: " + why,
                     "give a store made with 'isobar-cli sample' or File > New; other files are imported into one");
}

/// What can be said about a file before SQLite sees it.
Status checkFile(const fs::path& path)
{
    std::error_code failure;
    const auto status = fs::status(path, failure);
    if (status.type() == fs::file_type::not_found) {
        return fileError(ErrorCode::NotFound, path, "there is no such store",
                         "check the path, or make a store with 'isobar-cli sample'");
    }
    if (status.type() == fs::file_type::directory) {
        return fileError(ErrorCode::Unreadable, path, "is a folder, not a store", "give the file inside it");
    }
    if (failure || status.type() != fs::file_type::regular) {
        return fileError(ErrorCode::Unreadable, path, "is not a file that can be opened as a store",
                         "give the path of a store file");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fileError(ErrorCode::Unreadable, path, fmt::format("could not be opened: {}", std::strerror(errno)),
                         "check the permissions of the file");
    }
    constexpr std::string_view kMagic("SQLite format 3\0", 16);
    std::string head(kMagic.size(), '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (file.gcount() == 0) {
        return notAStore(path, "the file is empty");
    }
    if (head != kMagic) {
        return notAStore(path, "it is not a SQLite file");
    }
    return Done{};
}

bool isFileWithContent(const fs::path& path)
{
    std::error_code ignored;
    return fs::exists(path, ignored) && fs::file_size(path, ignored) > 0;
}

fs::path withSuffix(const fs::path& path, const char* suffix)
{
    return fs::path(path.string() + suffix);
}

/// Opens for writing; failing that for reading; failing that (a folder where SQLite may make no file) as immutable.
SQLite::Database openAsFarAsAllowed(const fs::path& path)
{
    const auto probe = [&](Access access) {
        SQLite::Database db = openConnection(path, access, false);
        db.execAndGet("SELECT count(*) FROM sqlite_schema");
        return db;
    };
    const auto forbidden = [](const SQLite::Exception& exception) {
        const int code = exception.getErrorCode() & 0xff;
        return code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM;
    };
    try {
        return probe(Access::ReadWrite);
    } catch (const SQLite::Exception& exception) {
        if (!forbidden(exception)) {
            throw;
        }
    }
    try {
        return probe(Access::ReadOnly);
    } catch (const SQLite::Exception& exception) {
        // What is still in the log would be missed, so an unfinished log is not ignored.
        if (!forbidden(exception) || isFileWithContent(withSuffix(path, "-wal"))) {
            throw;
        }
    }
    return probe(Access::Immutable);
}

constexpr const char* kRepairAdvice = "save what can be saved with: isobar-cli repair STORE --out NEW";

/// What the whole-file check found; empty when nothing is wrong, or the file is too long to be checked on every open.
Result<std::string> checkContent(const SQLite::Database& db, const fs::path& path)
{
    SQLite::Statement application(db, "PRAGMA application_id");
    application.executeStep();
    if (application.getColumn(0).getInt() != kApplicationId) {
        return notAStore(path, "it is a SQLite file of another program");
    }
    const int version = userVersion(db);
    if (version > latestSchemaVersion()) {
        return fileError(ErrorCode::NewerVersion, path,
                         fmt::format("was written by a newer Isobar (store version {}, this one knows {})", version,
                                     latestSchemaVersion()),
                         "open it with a newer Isobar");
    }
    if (version < 1) {
        return fileError(ErrorCode::Corrupt, path, "is damaged: it has no schema version", kRepairAdvice);
    }
    std::error_code ignored;
    if (fs::file_size(path, ignored) > kFullCheckBytes) {
        return std::string();
    }
    SQLite::Statement check(db, "PRAGMA quick_check(1)");
    const std::string answer = check.executeStep() ? check.getColumn(0).getString() : "no answer";
    return answer == "ok" ? std::string() : answer;
}

} // namespace

fs::path temporaryBeside(const fs::path& path)
{
    static std::atomic<int> counter{0};
    return path.parent_path() / fmt::format(".{}.{}-{}.new", path.filename().string(), ::getpid(), ++counter);
}

Status renameToNew(const fs::path& from, const fs::path& to)
{
    int failed = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) { // a file system without it
        failed = ::link(from.c_str(), to.c_str());
        if (failed == 0) {
            ::unlink(from.c_str());
        }
    }
    if (failed != 0) {
        return fileError(ErrorCode::NotWritable, to, fmt::format("could not be created: {}", std::strerror(errno)),
                         "choose another name or folder");
    }
    return Done{};
}

Status checkCreatable(const fs::path& path)
{
    std::error_code failure;
    const fs::path folder = path.parent_path();
    if (fs::exists(fs::symlink_status(path, failure))) {
        return fileError(ErrorCode::NotWritable, path, "exists already", "choose another name, or open it");
    }
    if (!fs::is_directory(folder, failure)) {
        return fileError(ErrorCode::NotFound, path, "could not be created: its folder does not exist",
                         "make the folder first");
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return fileError(ErrorCode::NotWritable, path, fmt::format("could not be created: {}", std::strerror(errno)),
                         "choose a folder you may write to");
    }
    // SQLite would replay a log left by another store of this name into the new one.
    if (isFileWithContent(withSuffix(path, "-wal"))) {
        return fileError(ErrorCode::NotWritable, path, "could not be created: a log of a deleted store is beside it",
                         fmt::format("move {} away", withSuffix(path, "-wal").string()));
    }
    return Done{};
}

void removeStoreFiles(const fs::path& path)
{
    std::error_code ignored;
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
        fs::remove(withSuffix(path, suffix), ignored);
    }
}

namespace {

void writeNew(const fs::path& path, const Fleet* fleet, std::span<const Scenario> scenarios)
{
    SQLite::Database db = openConnection(path, Access::ReadWrite, true);
    db.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
    migrate(db, migrations());
    if (fleet != nullptr) {
        WriteTransaction transaction(db);
        writeFleetRows(db, *fleet);
        writeScenarioRows(db, scenarios);
        transaction.commit();
    }
    db.exec("PRAGMA journal_mode = WAL");
}

Result<Store> createWith(const fs::path& given, const Fleet* fleet, std::span<const Scenario> scenarios)
{
    const fs::path path = fs::absolute(given);
    if (fleet != nullptr) {
        ISOBAR_TRY(validate(*fleet));
    }
    ISOBAR_TRY(checkScenarioNames(scenarios));
    ISOBAR_TRY(checkCreatable(path));
    const fs::path temporary = temporaryBeside(path);
    Status written = Done{};
    try {
        writeNew(temporary, fleet, scenarios);
    } catch (const SQLite::Exception& exception) {
        Error error = sqliteError(exception, nullptr, path, "create the store");
        if (error.code == ErrorCode::Unreadable) { // could not even be opened for writing
            error.code = errno == ENOSPC ? ErrorCode::DiskFull : ErrorCode::NotWritable;
            error.advice = "choose a folder you may write to";
        }
        written = error;
    }
    if (written.ok()) {
        written = renameToNew(temporary, path);
    }
    if (!written.ok()) {
        removeStoreFiles(temporary);
        return written.error();
    }
    return Store::open(path);
}

} // namespace

Result<Store> Store::create(const fs::path& path)
{
    return createWith(path, nullptr, {});
}

Result<Store> Store::create(const fs::path& path, const Fleet& fleet)
{
    return createWith(path, &fleet, {});
}

Result<Store> Store::create(const fs::path& path, const Fleet& fleet, std::span<const Scenario> scenarios)
{
    return createWith(path, &fleet, scenarios);
}

Result<Store> Store::open(const fs::path& given)
{
    const fs::path path = fs::absolute(given);
    ISOBAR_TRY(checkFile(path));
    try {
        SQLite::Database db = openAsFarAsAllowed(path);
        ISOBAR_TRY_ASSIGN(const std::string damage, checkContent(db, path));
        if (!damage.empty()) {
            // What can be read may be: nothing is written to a file that no longer says where things are.
            db = openConnection(path, Access::ReadOnly, false);
        }
        const bool readOnly = sqlite3_db_readonly(db.getHandle(), "main") != 0;
        if (userVersion(db) < latestSchemaVersion()) {
            if (!damage.empty()) {
                return fileError(ErrorCode::Corrupt, path, fmt::format("is damaged: {}", damage), kRepairAdvice);
            }
            if (readOnly) {
                return fileError(ErrorCode::NotWritable, path, "has to be brought up to date, but is read-only",
                                 "copy it to a folder you may write to, and open the copy");
            }
            migrate(db, migrations());
        }
        const int version = userVersion(db);
        return Store(std::make_unique<Impl>(
            Impl{.path = path, .db = std::move(db), .readOnly = readOnly, .schemaVersion = version, .damage = damage}));
    } catch (const SQLite::Exception& exception) {
        // The connection is gone by now, and with it SQLite's system error.
        return sqliteError(exception, nullptr, path, "open the store");
    }
}

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import_bench.h"

#include "model/ingest/csv_reader.h"
#include "model/ingest/import.h"
#include "model/store/connection.h"

#include <chrono>

#include <unistd.h>

#include <fmt/format.h>

namespace isobar::ingest {

namespace {

namespace fs = std::filesystem;

/// A folder of its own in the temporary folder, removed with all that is in it.
class Scratch {
public:
    Scratch()
    {
        std::string pattern = (fs::temp_directory_path() / "isobar-bench-XXXXXX").string();
        if (::mkdtemp(pattern.data()) != nullptr) {
            m_path = pattern;
        }
    }
    ~Scratch()
    {
        std::error_code ignored;
        if (!m_path.empty()) {
            fs::remove_all(m_path, ignored);
        }
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] const fs::path& path() const { return m_path; }

private:
    fs::path m_path;
};

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<std::int64_t> importAll(store::Store& store, const std::vector<fs::path>& files)
{
    std::int64_t rows = 0;
    for (const fs::path& file : files) {
        ISOBAR_TRY_ASSIGN(const ImportReport report, importFile(store, file, {}, {}));
        rows += report.record.rowsRead;
    }
    return rows;
}

Status insertPlainly(SQLite::Database& db, const fs::path& file)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(file));
    CsvReader::Record record;
    ISOBAR_TRY_ASSIGN(const bool any, reader.next(record));
    if (!any) {
        return Done{};
    }
    const std::size_t width = record.fields.size();
    std::string columns;
    for (std::size_t i = 0; i < width; ++i) {
        columns += fmt::format("{}c{}", i == 0 ? "" : ",", i);
    }
    store::WriteTransaction transaction(db);
    db.exec("DROP TABLE IF EXISTS t");
    db.exec("CREATE TABLE t(" + columns + ")");
    SQLite::Statement insert(db, store::insertSql("t", columns));
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        insert.reset();
        for (std::size_t i = 0; i < width; ++i) {
            if (i < record.fields.size()) {
                insert.bind(static_cast<int>(i) + 1, std::string(record.fields[i]));
            } else {
                insert.bind(static_cast<int>(i) + 1);
            }
        }
        insert.exec();
    }
    transaction.commit();
    return Done{};
}

} // namespace

Result<ImportBench> benchmarkImport(const std::vector<fs::path>& files)
{
    const Scratch scratch;
    if (scratch.path().empty()) {
        return Error{.code = ErrorCode::NotWritable,
                     .message = "could not make a folder for the benchmark",
                     .advice = "set TMPDIR to a folder you may write to",
                     .file = fs::temp_directory_path().string()};
    }
    ImportBench bench;
    bench.files = static_cast<std::int64_t>(files.size());
    for (const fs::path& file : files) {
        std::error_code ignored;
        const auto bytes = fs::file_size(file, ignored);
        bench.bytes += ignored ? 0 : static_cast<std::int64_t>(bytes);
    }
    {
        ISOBAR_TRY_ASSIGN(auto store, store::Store::create(scratch.path() / "bench.isobar"));
        auto start = std::chrono::steady_clock::now();
        ISOBAR_TRY_ASSIGN(bench.rows, importAll(store, files));
        bench.wallSeconds = secondsSince(start);
        start = std::chrono::steady_clock::now();
        ISOBAR_TRY(importAll(store, files));
        bench.reimportSeconds = secondsSince(start);
    }
    const fs::path plain = scratch.path() / "plain.db";
    try {
        SQLite::Database db = store::openConnection(plain, store::Access::ReadWrite, true);
        db.exec("PRAGMA journal_mode = WAL");
        const auto start = std::chrono::steady_clock::now();
        for (const fs::path& file : files) {
            ISOBAR_TRY(insertPlainly(db, file));
        }
        bench.baselineSeconds = secondsSince(start);
    } catch (const SQLite::Exception& exception) {
        return store::sqliteError(exception, nullptr, plain, "measure plain inserts");
    }
    return bench;
}

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/repair.h"

#include "model/store/connection.h"
#include "model/store/history_codec.h"
#include "model/store/migrations.h"
#include "model/store/page_reader.h"
#include "model/store/store_impl.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <sqlite3.h>

#include <fmt/format.h>

namespace isobar::store {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kLookEvery = 1024; ///< rows between two looks at the stop token

/// A table as this Isobar makes it, and how its rows lie in a file.
struct Shape {
    struct Column {
        std::string name, type;
        bool nullable = true;
        int keyPlace = 0; ///< 1-based place in the primary key, 0 = not in it
    };
    std::string name;
    std::vector<Column> columns;
    bool hasRowid = true;
    std::size_t rowidColumn = SIZE_MAX; ///< the column that is the rowid, where one is
    std::vector<std::size_t> storedAs;  ///< the i-th value of a record is of this column
};

std::vector<Shape> readShapes(const SQLite::Database& db)
{
    std::vector<Shape> shapes;
    SQLite::Statement tables(db, "SELECT s.name, l.wr FROM sqlite_schema s JOIN pragma_table_list l ON l.name = s.name "
                                 "AND l.schema = 'main' WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite_%' "
                                 "ORDER BY s.rowid");
    while (tables.executeStep()) {
        Shape shape;
        shape.name = tables.getColumn(0).getString();
        shape.hasRowid = tables.getColumn(1).getInt() == 0;
        SQLite::Statement columns(db, "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?) ORDER BY cid");
        columns.bind(1, shape.name);
        while (columns.executeStep()) {
            Columns row(columns);
            Shape::Column column;
            column.name = row.text();
            column.type = row.text();
            column.nullable = row.integer() == 0;
            column.keyPlace = row.int32();
            shape.columns.push_back(std::move(column));
        }
        shape.storedAs.resize(shape.columns.size());
        std::iota(shape.storedAs.begin(), shape.storedAs.end(), std::size_t{0});
        const auto keys = std::count_if(shape.columns.begin(), shape.columns.end(),
                                        [](const Shape::Column& c) { return c.keyPlace > 0; });
        if (!shape.hasRowid) {
            // The key's columns in its order, then the others in theirs.
            std::stable_sort(shape.storedAs.begin(), shape.storedAs.end(), [&shape](std::size_t a, std::size_t b) {
                const auto place = [&shape](std::size_t i) {
                    const int key = shape.columns[i].keyPlace;
                    return key == 0 ? INT32_MAX : key;
                };
                return place(a) < place(b);
            });
        } else if (keys == 1) {
            for (std::size_t i = 0; i < shape.columns.size(); ++i) {
                if (shape.columns[i].keyPlace > 0 && shape.columns[i].type == "INTEGER") {
                    shape.rowidColumn = i;
                }
            }
        }
        shapes.push_back(std::move(shape));
    }
    return shapes;
}

/// Where each table begins: as the file's own schema says; where that cannot be read, as a new store has it.
std::map<std::string, std::uint32_t> findRoots(const PageFile& file, const SQLite::Database& fresh,
                                               const std::vector<Shape>& shapes, std::vector<bool>& seen,
                                               bool& schemaWasDamaged)
{
    std::map<std::string, std::uint32_t> roots;
    const WalkCounts counts = walkRows(file, 1, seen, [&roots](PageRow&& row) {
        if (row.values.size() >= 4) {
            const auto* type = std::get_if<std::string>(&row.values[0]);
            const auto* name = std::get_if<std::string>(&row.values[1]);
            const auto* root = std::get_if<std::int64_t>(&row.values[3]);
            if (type != nullptr && *type == "table" && name != nullptr && root != nullptr && *root > 1) {
                roots[*name] = static_cast<std::uint32_t>(*root);
            }
        }
        return true;
    });
    schemaWasDamaged = counts.damagedPages + counts.damagedRows > 0;
    if (schemaWasDamaged) {
        SQLite::Statement usual(fresh, "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'");
        while (usual.executeStep()) {
            roots.try_emplace(usual.getColumn(0).getString(), usual.getColumn(1).getUInt());
        }
    }
    std::erase_if(roots, [&shapes](const auto& entry) {
        return std::none_of(shapes.begin(), shapes.end(), [&](const Shape& s) { return s.name == entry.first; });
    });
    return roots;
}

void bindValue(SQLite::Statement& statement, int index, const SqlValue& value)
{
    struct Binder {
        SQLite::Statement& statement;
        int index;
        void operator()(std::monostate) const { statement.bind(index); }
        void operator()(std::int64_t number) const { statement.bind(index, number); }
        void operator()(double number) const { statement.bind(index, number); }
        void operator()(const std::string& text) const { statement.bind(index, text); }
        void operator()(const SqlBlob& blob) const
        {
            statement.bind(index, static_cast<const void*>(blob.bytes.data()), static_cast<int>(blob.bytes.size()));
        }
    };
    std::visit(Binder{statement, index}, value);
}

/// Puts rows of one table in, whatever their number of values: older versions had fewer columns.
class Inserter {
public:
    Inserter(SQLite::Database& db, const Shape& shape)
        : m_db(db)
        , m_shape(shape)
    {
    }

    /// False when the row makes no sense.
    bool insert(const PageRow& row)
    {
        const std::size_t count = row.values.size();
        if (count == 0 || count > m_shape.storedAs.size() || !isSound(row)) {
            return false;
        }
        SQLite::Statement& statement = statementFor(count);
        statement.reset();
        for (std::size_t i = 0; i < count; ++i) {
            const bool isRowid = m_shape.storedAs[i] == m_shape.rowidColumn;
            bindValue(statement, static_cast<int>(i + 1), isRowid ? SqlValue(row.rowid) : row.values[i]);
        }
        try {
            statement.exec();
            return true;
        } catch (const SQLite::Exception& exception) {
            const int code = exception.getErrorCode() & 0xff;
            if (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH) {
                return false;
            }
            throw;
        }
    }

private:
    /// Blocks carry a hash; a text must be one.
    [[nodiscard]] bool isSound(const PageRow& row) const
    {
        if (m_shape.name == "history_blocks" && row.values.size() == m_shape.columns.size()) {
            const auto* block = std::get_if<SqlBlob>(&row.values.back());
            return block != nullptr && unpackIntervals(block->bytes).ok();
        }
        return std::none_of(row.values.begin(), row.values.end(), [](const SqlValue& value) {
            const auto* text = std::get_if<std::string>(&value);
            return text != nullptr && text->find('\0') != std::string::npos;
        });
    }

    SQLite::Statement& statementFor(std::size_t count)
    {
        auto found = m_statements.find(count);
        if (found == m_statements.end()) {
            std::string columns;
            for (std::size_t i = 0; i < count; ++i) {
                columns += (i > 0 ? "," : "") + m_shape.columns[m_shape.storedAs[i]].name;
            }
            found = m_statements.try_emplace(count, m_db, insertSql(m_shape.name, columns)).first;
        }
        return found->second;
    }

    SQLite::Database& m_db;
    const Shape& m_shape;
    std::map<std::size_t, SQLite::Statement> m_statements;
};

/// One reference of a table to another.
struct Reference {
    std::size_t table = 0;
    std::string lost;   ///< condition: this reference leads nowhere
    std::string toNull; ///< the column that may be NULL; empty when none may
};

std::vector<Reference> readReferences(const SQLite::Database& db, const std::vector<Shape>& shapes)
{
    std::vector<Reference> references;
    for (std::size_t table = 0; table < shapes.size(); ++table) {
        std::map<int, std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> keys;
        SQLite::Statement list(db, "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?)");
        list.bind(1, shapes[table].name);
        while (list.executeStep()) {
            Columns row(list);
            const int id = row.int32();
            keys[id].first = row.text();
            const std::string from = row.text();
            keys[id].second.emplace_back(from, row.text());
        }
        for (const auto& [id, key] : keys) {
            Reference reference;
            reference.table = table;
            std::string present, match;
            for (const auto& [from, to] : key.second) {
                present += fmt::format("{}.{} IS NOT NULL AND ", shapes[table].name, from);
                match += fmt::format("{}parent.{} = {}.{}", match.empty() ? "" : " AND ", to, shapes[table].name, from);
                const auto& columns = shapes[table].columns;
                const auto column = std::find_if(columns.begin(), columns.end(),
                                                 [&name = from](const Shape::Column& c) { return c.name == name; });
                if (column != columns.end() && column->nullable && column->keyPlace == 0) {
                    reference.toNull = from;
                }
            }
            reference.lost =
                fmt::format("{}NOT EXISTS (SELECT 1 FROM {} AS parent WHERE {})", present, key.first, match);
            references.push_back(std::move(reference));
        }
    }
    return references;
}

/// Until every reference leads somewhere: dropping one row may leave others without theirs.
void mendReferences(SQLite::Database& db, const std::vector<Shape>& shapes, RepairReport& report)
{
    const std::vector<Reference> references = readReferences(db, shapes);
    for (bool again = true; again;) {
        again = false;
        for (const Reference& reference : references) {
            const std::string& table = shapes[reference.table].name;
            const int changed =
                reference.toNull.empty()
                    ? db.exec(fmt::format("DELETE FROM {} WHERE {}", table, reference.lost))
                    : db.exec(fmt::format("UPDATE {} SET {} = NULL WHERE {}", table, reference.toNull, reference.lost));
            if (changed > 0) {
                again = true;
                if (reference.toNull.empty()) {
                    report.tables[reference.table].saved -= changed;
                    report.tables[reference.table].dropped += changed;
                }
            }
        }
    }
}

Status salvage(const PageFile& file, SQLite::Database& db, const JobContext& job, RepairReport& report)
{
    const std::vector<Shape> shapes = readShapes(db);
    std::vector<bool> seen(file.pageCount() + std::size_t{1}, false);
    const auto roots = findRoots(file, db, shapes, seen, report.schemaWasDamaged);
    report.pages = file.pageCount();
    db.exec("PRAGMA foreign_keys = OFF");
    WriteTransaction transaction(db);
    db.exec("DELETE FROM scenarios");
    std::int64_t rows = 0;
    for (const Shape& shape : shapes) {
        RepairReport::Table& table = report.tables.emplace_back();
        table.name = shape.name;
        const auto root = roots.find(shape.name);
        if (root == roots.end()) {
            continue; // of a version without this table
        }
        Inserter inserter(db, shape);
        const WalkCounts counts = walkRows(file, root->second, seen, [&](PageRow&& row) {
            ++(inserter.insert(row) ? table.saved : table.dropped);
            if (++rows % kLookEvery == 0) {
                job.progress("Saving " + shape.name, rows, 0);
            }
            return !job.cancelled();
        });
        table.damagedPages = counts.damagedPages;
        table.damagedRows = counts.damagedRows;
        if (job.cancelled()) {
            return Error{ErrorCode::Cancelled, "the repair was cancelled"};
        }
    }
    if (report.saved() == 0) {
        return Error{.code = ErrorCode::Corrupt,
                     .message = "nothing could be saved: no row of this file can be read as one of a store",
                     .advice = "restore it from a copy, or import the files into a new store"};
    }
    db.exec("INSERT OR IGNORE INTO scenarios(scenario_id, name, parent_id, created_at_utc) "
            "VALUES(0, 'baseline', NULL, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
    mendReferences(db, shapes, report);
    transaction.commit();
    return Done{};
}

Status fill(const fs::path& original, const PageFile& file, const fs::path& temporary, const JobContext& job,
            RepairReport& report)
{
    {
        ISOBAR_TRY_ASSIGN(const Store created, Store::create(temporary));
    }
    try {
        SQLite::Database db = openConnection(temporary, Access::ReadWrite, false);
        return guarded(db, original, "save the rows of the store",
                       [&]() -> Status { return salvage(file, db, job, report); });
    } catch (const SQLite::Exception& exception) {
        return sqliteError(exception, nullptr, temporary, "write the repaired store");
    }
}

} // namespace

std::int64_t RepairReport::saved() const
{
    return std::accumulate(tables.begin(), tables.end(), std::int64_t{0},
                           [](std::int64_t sum, const Table& t) { return sum + t.saved; });
}

bool RepairReport::anythingLost() const
{
    return schemaWasDamaged || std::any_of(tables.begin(), tables.end(), [](const Table& t) {
               return t.dropped + t.damagedRows + t.damagedPages > 0;
           });
}

Result<RepairReport> repairStore(const fs::path& given, const fs::path& givenOut, const JobContext& job)
{
    const fs::path original = fs::absolute(given), out = fs::absolute(givenOut);
    ISOBAR_TRY_ASSIGN(const PageFile file, PageFile::open(original));
    std::string head;
    const bool isSqlite = file.read(1, head) && head.compare(0, 15, "SQLite format 3") == 0;
    const bool isOurs = head.size() >= 72 && head.compare(68, 4, "ISOB") == 0;
    if (!isSqlite && !isOurs) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is not an Isobar store: neither the begin of a SQLite file nor Isobar's mark is there",
                     .advice = "give the damaged store itself",
                     .file = original.string()};
    }
    ISOBAR_TRY(checkCreatable(out));
    const fs::path temporary = temporaryBeside(out);
    RepairReport report;
    Status done = fill(original, file, temporary, job, report);
    if (done.ok()) {
        auto store = Store::open(temporary); // looks at all of it
        if (!store.ok()) {
            done = store.error();
        } else if (const auto fleet = store->loadFleet(); !fleet.ok() && fleet.error().code != ErrorCode::NotFound) {
            report.fleetProblem = fleet.error().message;
        }
    }
    if (done.ok()) {
        done = renameToNew(temporary, out);
    }
    if (!done.ok()) {
        removeStoreFiles(temporary);
        Error error = done.error();
        error.file = error.file.empty() || error.file == temporary.string() ? original.string() : error.file;
        return error;
    }
    return report;
}

} // namespace isobar::store

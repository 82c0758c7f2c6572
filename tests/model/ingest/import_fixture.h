// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/import.h"
#include "tests/model/store/store_fixture.h"

#include <QStringList>
#include <SQLiteCpp/SQLiteCpp.h>

/// What the tests of imports share: a store to import into, catalogues to feed it, and what is in it afterwards.
namespace isobar::test {

using ingest::importFile;
using ingest::ImportOptions;
using ingest::ImportReport;
using store::Store;

inline const std::string kCatalogueHeader =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,Generation\n";

/// A store in a folder of its own.
struct ImportFixture {
    Folder folder;
    Result<Store> store = Store::create(folder / "a.isobar");

    [[nodiscard]] Result<ImportReport> import(const std::string& name, const std::string& text,
                                              const ImportOptions& options = {})
    {
        writeAll(folder / name, text);
        return importFile(*store, folder / name, options, {});
    }
};

/// Every row of every table but the import log, in order: what "the store is as it was" means.
inline std::string contents(const std::filesystem::path& path)
{
    SQLite::Database db(path.string(), SQLite::OPEN_READONLY);
    std::string out;
    SQLite::Statement tables(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    while (tables.executeStep()) {
        const std::string table = tables.getColumn(0).getString();
        if (table == "imports") {
            continue;
        }
        out += "# " + table + "\n";
        SQLite::Statement rows(db, "SELECT * FROM " + table + " ORDER BY 1, 2");
        while (rows.executeStep()) {
            for (int i = 0; i < rows.getColumnCount(); ++i) {
                out += rows.getColumn(i).getString() + "|";
            }
            out += "\n";
        }
    }
    return out;
}

inline bool addsUp(const store::ImportRecord& r)
{
    return r.rowsRead == r.rowsAccepted + r.rowsRepaired + r.rowsQuarantined + r.rowsUnchanged;
}

/// "line:column rule" of every diagnostic.
inline QStringList diagnosed(const ImportReport& report)
{
    QStringList out;
    for (const auto& d : report.diagnostics) {
        out += QStringLiteral("%1:%2 %3%4")
                   .arg(d.line)
                   .arg(d.column)
                   .arg(QString::fromStdString(d.rule), d.quarantined ? QStringLiteral(" quarantined") : QString());
    }
    return out;
}

/// `rows` rows that are all different.
inline std::string bigCatalogue(int rows)
{
    std::string text = kCatalogueHeader;
    for (int i = 0; i < rows; ++i) {
        text += "Standard_D" + std::to_string(i) + ",,,4,16,,0.5,0.1,eastus,V2\n";
    }
    return text;
}

} // namespace isobar::test

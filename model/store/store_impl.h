// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/connection.h"
#include "model/store/store.h"

namespace isobar::store {

struct Store::Impl {
    std::filesystem::path path;
    SQLite::Database db;
    bool readOnly = false;
    int schemaVersion = 0;
    std::string damage;
};

/// The error for a change to a store that is open read-only.
[[nodiscard]] Status refuseReadOnly(const Store::Impl& impl, const std::string& doing);

/// Whether a store could be made at `path`, and if not, why.
[[nodiscard]] Status checkCreatable(const std::filesystem::path& path);
/// A name in the same folder that no other creation uses.
[[nodiscard]] std::filesystem::path temporaryBeside(const std::filesystem::path& path);
/// Gives `from` the name `to`, never replacing a file.
[[nodiscard]] Status renameToNew(const std::filesystem::path& from, const std::filesystem::path& to);
/// A store and what SQLite keeps beside it.
void removeStoreFiles(const std::filesystem::path& path);

/// Starts the transaction of an import (or, in a dry run, of the reading it compares with). Throws SQLite::Exception.
[[nodiscard]] std::unique_ptr<Store::ImportWriter> makeImportWriter(Store::Impl& store, const std::string& path,
                                                                    const std::string& format,
                                                                    const std::string& sha256, bool dryRun,
                                                                    const JobContext& job);

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <span>

namespace isobar::store {

/// Brings a store from version `to - 1` to `to`. Forward only; each runs in a transaction of its own.
struct Migration {
    int to;
    const char* sql;
};

/// All migrations in order; the last one's `to` is the schema version this Isobar writes.
[[nodiscard]] std::span<const Migration> migrations();
[[nodiscard]] int latestSchemaVersion();

[[nodiscard]] int userVersion(const SQLite::Database& db);

/// Applies those of `steps` that `db` has not had yet, in order. A step that fails leaves the version before it. Safe
/// when two programs migrate one file at once. Throws SQLite::Exception.
void migrate(SQLite::Database& db, std::span<const Migration> steps);

} // namespace isobar::store

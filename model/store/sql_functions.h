// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

struct sqlite3;

namespace isobar::store {

/// Adds what the views use to a connection (docs/store.md lists them): isobar_quantile(sketch, q), isobar_count(sketch)
/// and the aggregate isobar_merge(sketch). What is not a sketch gives an error of the statement; NULL gives NULL.
/// Returns a SQLite result code.
int addSqlFunctions(sqlite3* db);

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <SQLiteCpp/SQLiteCpp.h>

namespace isobar::store {

/// Replaces the rows of the baseline fleet. The caller holds a write transaction. Throws SQLite::Exception.
void writeFleetRows(SQLite::Database& db, const Fleet& fleet);

/// True when a fleet has been written.
[[nodiscard]] bool hasFleetRows(const SQLite::Database& db);

/// Reads the baseline fleet; call inside one read transaction. A key that leads nowhere or a word that is not in its
/// list is ErrorCode::Corrupt. Throws SQLite::Exception.
[[nodiscard]] Result<Fleet> readFleetRows(const SQLite::Database& db);

} // namespace isobar::store

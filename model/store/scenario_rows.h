// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/scenarios.h"

#include <SQLiteCpp/SQLiteCpp.h>

/// Scenarios as rows. Internal to the store; those that touch the database throw SQLite::Exception.
namespace isobar::store {

/// Makes the rows this list; wants a write transaction open.
void writeScenarioRows(SQLite::Database& db, std::span<const Scenario> scenarios);

} // namespace isobar::store

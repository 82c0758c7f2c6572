// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What can be saved of a damaged store, in a new one.
namespace isobar::store {

struct RepairReport {
    struct Table {
        std::string name;
        std::int64_t saved = 0;
        std::int64_t dropped = 0;      ///< found, but without sense: a key twice, a wrong type, a reference to nothing
        std::int64_t damagedRows = 0;  ///< seen on their page, but not readable
        std::int64_t damagedPages = 0; ///< pages of this table that could not be read: their rows are lost unseen
    };
    std::vector<Table> tables; ///< every table of a store, in the order of the schema
    std::int64_t pages = 0;
    bool schemaWasDamaged = false; ///< tables were looked for where a new store has them
    std::string fleetProblem;      ///< why the fleet of the new store cannot be loaded; empty when it can or none was
    [[nodiscard]] std::int64_t saved() const;
    [[nodiscard]] bool anythingLost() const;
};

/// Reads every row of `original` that can be read, page by page and without SQLite, and writes them to a new store at
/// `out`, which must not exist and appears complete or not at all. References that lead nowhere are set to NULL where
/// that is allowed, else their rows are dropped. The original is opened for reading only and never changed; neither is
/// its log. Errors: NotFound, Unreadable, WrongFormat (not an Isobar store as far as can be told), Corrupt (nothing
/// could be saved), Cancelled, and what Store::create() says of `out`.
[[nodiscard]] Result<RepairReport> repairStore(const std::filesystem::path& original, const std::filesystem::path& out,
                                               const JobContext& job = {});

} // namespace isobar::store

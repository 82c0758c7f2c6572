// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace isobar::ingest {

/// An import against the least that any import must do.
struct ImportBench {
    std::int64_t files = 0, rows = 0, bytes = 0;
    double wallSeconds = 0;     ///< importFile() of every file into a new store
    double baselineSeconds = 0; ///< the same rows, read by the same reader, inserted as text by one prepared statement
                                ///< into one table without types or keys; same journal and sync settings,
                                ///< one transaction a file
    double reimportSeconds = 0; ///< importing every file a second time
};

/// Imports the files (of any known format in rows) into a store in the temporary folder, which is removed. Errors:
/// those of importFile(), and a temporary folder that cannot be written.
[[nodiscard]] Result<ImportBench> benchmarkImport(const std::vector<std::filesystem::path>& files);

} // namespace isobar::ingest

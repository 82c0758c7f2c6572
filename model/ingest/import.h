// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"
#include "model/store/store.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Foreign files into the store: recognised, read by one reader, every row accepted, repaired, quarantined with line,
/// column, rule and text, or found unchanged. One transaction a file.
namespace isobar::ingest {

enum class Format { SkyPilotCatalogue, FleetText, AzureLlmTrace, Mooncake, VllmRun, ServeGen };
[[nodiscard]] const std::vector<Format>& importFormats();
[[nodiscard]] const char* formatName(Format format); ///< "skypilot-catalogue", "isobar-fleet", or traceFormatName()
[[nodiscard]] std::optional<Format> formatByName(const std::string& name);

struct ImportOptions {
    std::optional<Format> format; ///< absent = recognised from the file's first bytes
    bool dryRun = false;          ///< read and check everything, write nothing: the preview of File > Import
};

/// What importing one file did (or, in a dry run, would do).
/// rowsRead = accepted + repaired + quarantined + unchanged.
struct ImportReport {
    store::ImportRecord record;
    std::vector<store::Diagnostic> diagnostics; ///< the first kMaxDiagnostics
    std::int64_t diagnosticsTotal = 0;
    static constexpr std::size_t kMaxDiagnostics = 1000;
};

/// Imports one file ("-" is not allowed); of folders only those of a ServeGen trace. An error leaves the store as it
/// was.
[[nodiscard]] Result<ImportReport> importFile(store::Store& store, const std::filesystem::path& path,
                                              const ImportOptions& options, const JobContext& job);

} // namespace isobar::ingest

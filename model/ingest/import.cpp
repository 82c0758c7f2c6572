// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import.h"

#include "model/ingest/formats.h"

#include <chrono>

namespace isobar::ingest {

namespace {

Status readAs(Format format, const std::filesystem::path& path, const FileIdentity& identity, Intake& intake)
{
    switch (format) {
    case Format::SkyPilotCatalogue:
        return readSkyPilotCatalogue(path, intake);
    case Format::AzureLlmTrace:
        return readAzureLlmTrace(path, identity, intake);
    case Format::FleetText:
        break;
    }
    return readFleetFile(path, intake);
}

/// The hash was taken in a pass of its own: the rows have to be those of the same bytes.
Status checkUntouched(const std::filesystem::path& path, const FileIdentity& identity)
{
    ISOBAR_TRY_ASSIGN(const auto file, InputFile::open(path));
    if (file.stamp() == identity.stamp) {
        return Done{};
    }
    return Error{.code = ErrorCode::Busy,
                 .message = "the file changed while it was being read",
                 .advice = "import it again when nobody writes to it",
                 .file = path.string()};
}

} // namespace

Result<ImportReport> importFile(store::Store& store, const std::filesystem::path& path, const ImportOptions& options,
                                const JobContext& job)
{
    const auto started = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    };
    ISOBAR_TRY_ASSIGN(const FileIdentity identity, identify(path, job));
    Format format{};
    if (options.format) {
        format = *options.format;
    } else {
        ISOBAR_TRY_ASSIGN(format, recognise(identity, path));
    }
    ISOBAR_TRY_ASSIGN(const auto writer,
                      store.beginImport(path.string(), formatName(format), identity.sha256, options.dryRun, job));
    Intake intake(*writer, job, path.string(), identity.stamp.bytes);
    ISOBAR_TRY(readAs(format, path, identity, intake));
    if (intake.record().rowsRead == 0) {
        return noRows(path);
    }
    ISOBAR_TRY(checkUntouched(path, identity));
    ImportReport report = intake.report();
    report.record.wallSeconds = elapsed();
    ISOBAR_TRY_ASSIGN(report.record, writer->commit(report.record));
    report.record.wallSeconds = elapsed(); // with the commit, which the log row cannot know yet
    return report;
}

} // namespace isobar::ingest

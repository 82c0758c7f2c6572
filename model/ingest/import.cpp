// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import.h"

#include "model/ingest/archive.h"
#include "model/ingest/formats.h"
#include "model/ingest/servegen.h"
#include "model/ingest/trace_formats.h"

#include <chrono>

namespace isobar::ingest {

namespace {

Status readAs(Format format, const std::filesystem::path& path, const FileIdentity& identity, const JobContext& job,
              Intake& intake)
{
    if (const auto trace = traceFormatOf(format)) {
        return importTrace(path, *trace, identity.sha256, job, intake);
    }
    return format == Format::SkyPilotCatalogue ? readSkyPilotCatalogue(path, intake) : readFleetFile(path, intake);
}

/// What the file or folder is, and in which format.
Result<std::pair<Format, FileIdentity>> identifyAs(const std::filesystem::path& path, std::optional<Format> wanted,
                                                   const JobContext& job)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored) && wanted.value_or(Format::ServeGen) == Format::ServeGen) {
        ISOBAR_TRY_ASSIGN(FileIdentity identity, identifyServeGen(path, job));
        return std::pair(Format::ServeGen, std::move(identity));
    }
    ISOBAR_TRY_ASSIGN(FileIdentity identity, identify(path, job));
    Format format{};
    if (wanted) {
        format = *wanted;
    } else {
        ISOBAR_TRY_ASSIGN(format, recognise(identity, path));
    }
    if (format == Format::ServeGen && !looksLikeArchive(identity.head)) {
        ISOBAR_TRY_ASSIGN(identity, identifyServeGen(path, job)); // its lengths are in a file of their own
    }
    return std::pair(format, std::move(identity));
}

/// The hash was taken in a pass of its own: the rows have to be those of the same bytes.
Status checkUntouched(const std::filesystem::path& path, Format format, const FileIdentity& identity,
                      const JobContext& job)
{
    bool same = false;
    if (format == Format::ServeGen) {
        ISOBAR_TRY_ASSIGN(const auto now, identifyAs(path, format, job));
        same = now.second.sha256 == identity.sha256;
    } else {
        ISOBAR_TRY_ASSIGN(const auto file, InputFile::open(path));
        same = file.stamp() == identity.stamp;
    }
    if (same) {
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
    ISOBAR_TRY_ASSIGN(const auto identified, identifyAs(path, options.format, job));
    const auto& [format, identity] = identified;
    ISOBAR_TRY_ASSIGN(const auto writer,
                      store.beginImport(path.string(), formatName(format), identity.sha256, options.dryRun, job));
    Intake intake(*writer, job, path.string(), identity.stamp.bytes);
    ISOBAR_TRY(readAs(format, path, identity, job, intake));
    if (intake.record().rowsRead == 0) {
        return noRows(path);
    }
    ISOBAR_TRY(checkUntouched(path, format, identity, job));
    ImportReport report = intake.report();
    report.record.wallSeconds = elapsed();
    ISOBAR_TRY_ASSIGN(report.record, writer->commit(report.record));
    report.record.wallSeconds = elapsed(); // with the commit, which the log row cannot know yet
    return report;
}

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/servegen.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

/// Request traces into the store. A trace keeps the name of its file or folder, and says who published traces of its
/// format under which licence.
///
/// Recorded requests (Azure, Mooncake, vLLM runs): rows out of order are sorted into place (repaired); rows whose time,
/// token counts, prefix hashes or measured times make no sense are quarantined. Described clients (ServeGen): every
/// window of rates or lengths is a row; what was good of the documents is kept as it stands, so that a replay from the
/// store draws what a replay from the files does.
namespace isobar::ingest {
namespace {

struct Publisher {
    TraceFormat format;
    const char* origin;
    const char* licence;
};
constexpr Publisher kPublishers[] = {
    {TraceFormat::AzureLlm, "the format of Azure's public LLM inference traces (Azure/AzurePublicDataset)",
     "CC BY 4.0 for the published traces"},
    {TraceFormat::Mooncake, "the format of Mooncake's published traces (kvcache-ai/Mooncake)",
     "Apache-2.0 for the published traces"},
    {TraceFormat::VllmRun, "a measured vLLM run in the format of LLMServingSim (casys-kaist/LLMServingSim)",
     "MIT for the published runs"},
    {TraceFormat::ServeGen, "the format of ServeGen's published client loads (alibaba/ServeGen)",
     "Apache-2.0 for the published loads"},
};

/// "conv" of conv.csv, "m-small" of m-small.tar.gz and of the folder m-small/.
std::string traceName(const std::filesystem::path& path)
{
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(path, ignored);
    std::filesystem::path name = path.filename();
    if (folder && (name.empty() || name == "." || name == "..")) {
        name = std::filesystem::weakly_canonical(path, ignored).filename();
    }
    if (!folder) {
        const bool packed = name.extension() == ".gz" || name.extension() == ".tgz";
        name = name.stem();
        name = packed && name.extension() == ".tar" ? name.stem() : name;
    }
    const std::string text = clipped(name.string());
    return text.empty() ? "trace" : text;
}

store::TraceDetails detailsOf(const std::filesystem::path& path, TraceFormat format, const std::string& sha256)
{
    const Publisher& publisher = kPublishers[static_cast<std::size_t>(format)];
    store::TraceDetails details;
    details.name = traceName(path);
    details.format = traceFormatName(format);
    details.sha256 = sha256;
    details.origin = publisher.origin;
    details.licence = publisher.licence;
    return details;
}

/// The outcome for all rows that were taken.
void countTaken(Intake& intake, store::Store::ImportWriter::Outcome outcome, std::int64_t taken, std::int64_t repaired)
{
    if (outcome == store::Store::ImportWriter::Outcome::Unchanged) {
        intake.unchanged(taken);
    } else {
        intake.repaired(repaired);
        intake.accepted(taken - repaired);
    }
}

/// Tells of the rows that stand after a later one, in the order of the file.
class NoticeLate final : public RowReader {
public:
    NoticeLate(std::unique_ptr<RowReader> reader, Intake& intake)
        : m_reader(std::move(reader))
        , m_intake(intake)
    {
    }
    Result<bool> next(FileRow& row) override
    {
        ISOBAR_TRY_ASSIGN(const bool more, m_reader->next(row));
        if (more && row.nanoseconds < m_latest) {
            m_intake.mended(row.line, row.timeColumn, "out-of-order", [&] {
                return fmt::format("{:.3f} s earlier than a row before it, sorted into place",
                                   static_cast<double>(m_latest - row.nanoseconds) / 1e9);
            });
        }
        m_latest = more ? std::max(m_latest, row.nanoseconds) : m_latest;
        return more;
    }

private:
    std::unique_ptr<RowReader> m_reader;
    Intake& m_intake;
    std::int64_t m_latest = std::numeric_limits<std::int64_t>::min();
};

Status importRows(const std::filesystem::path& path, TraceFormat format, const std::string& sha256,
                  const JobContext& job, Intake& intake)
{
    ISOBAR_TRY_ASSIGN(const InputFile file, InputFile::open(path));
    SkipFlawed skip(path, file.stamp().bytes, job);
    ISOBAR_TRY_ASSIGN(const auto first, openRows(path, format, kImportRules, skip));
    ISOBAR_TRY_ASSIGN(const RowScan scan, scanRows(*first));

    QuarantineFlawed quarantine(intake);
    ISOBAR_TRY_ASSIGN(auto reader, openRows(path, format, kImportRules, quarantine));
    OrderedRows rows(std::make_unique<NoticeLate>(std::move(reader), intake), scan);
    store::TraceDetails details = detailsOf(path, format, sha256);
    details.prefixBlockTokens = format == TraceFormat::Mooncake ? kMooncakeBlockTokens : 0;
    FileRow row;
    const auto nextBlock = [&](store::TraceBlock& block) -> Result<bool> {
        while (block.requests.size() < store::TraceBlock::kMaxRequests && block.hashes.size() < kMaxBlockHashes) {
            ISOBAR_TRY_ASSIGN(const bool more, rows.next(row));
            if (!more) {
                return false;
            }
            const TraceRow& request = row.request;
            block.requests.push_back({request.arrivalSeconds, static_cast<std::int32_t>(request.inputTokens),
                                      static_cast<std::int32_t>(request.outputTokens)});
            if (details.prefixBlockTokens > 0) {
                block.hashCounts.push_back(static_cast<std::uint32_t>(request.prefixHashes.size()));
                block.hashes.insert(block.hashes.end(), request.prefixHashes.begin(), request.prefixHashes.end());
            }
            if (format == TraceFormat::VllmRun) {
                block.measured.push_back(request.measured);
            }
        }
        return true;
    };
    bool asked = false;
    auto outcome = store::Store::ImportWriter::Outcome::Unchanged;
    if (scan.rows > 0) { // otherwise there is nothing to store; whatever there was is in quarantine
        ISOBAR_TRY_ASSIGN(outcome, intake.writer().putTrace(details, [&](store::TraceBlock& block) {
            asked = true;
            return nextBlock(block);
        }));
    }
    if (!asked) { // the rows are counted all the same
        for (store::TraceBlock block;; block.clear()) {
            ISOBAR_TRY_ASSIGN(const bool more, nextBlock(block));
            if (!more) {
                break;
            }
        }
    }
    countTaken(intake, outcome, scan.rows, scan.outOfOrder);
    return Done{};
}

Status importServeGen(const std::filesystem::path& path, const std::string& sha256, const JobContext& job,
                      Intake& intake)
{
    QuarantineFlawed quarantine(intake);
    ServeGenReader reader(path, quarantine, true);
    // Its documents tell of the progress.
    ISOBAR_TRY(eachServeGenFile(
        path, job, [&](const std::string& name, std::string content) { return reader.add(name, std::move(content)); }));
    const std::int64_t taken = intake.record().rowsRead - intake.record().rowsQuarantined;
    if (taken == 0) {
        return Done{};
    }
    ISOBAR_TRY_ASSIGN(ServeGenLoad load, reader.finish());
    for (const std::string& note : load.notes) {
        intake.notice(0, 0, "lengths-missing", [&] { return note; });
    }
    store::TraceDetails details = detailsOf(path, TraceFormat::ServeGen, sha256);
    details.described = true;
    double requests = 0, begin = std::numeric_limits<double>::infinity(), end = 0;
    for (const ClientLoad& client : load.clients) {
        requests += client.expectedRequests();
        begin = std::min(begin, client.windows.front().startSeconds);
        end = std::max(end, client.windows.back().endSeconds);
    }
    details.requests = std::llround(requests);
    details.durationSeconds = end - begin;
    ISOBAR_TRY_ASSIGN(const auto outcome, intake.writer().putTrace(details, reader.takeParts()));
    countTaken(intake, outcome, taken, 0);
    return Done{};
}

} // namespace

Status importTrace(const std::filesystem::path& path, TraceFormat format, const std::string& sha256,
                   const JobContext& job, Intake& intake)
{
    return format == TraceFormat::ServeGen ? importServeGen(path, sha256, job, intake)
                                           : importRows(path, format, sha256, job, intake);
}

} // namespace isobar::ingest

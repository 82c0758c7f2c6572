// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/archive.h"
#include "model/ingest/servegen.h"
#include "model/ingest/whole_file.h"

#include <algorithm>

#include <fmt/format.h>

/// Where the documents of a ServeGen trace lie.
namespace isobar::ingest {
namespace {

constexpr ArchiveLimits kLimits{};
using Take = std::function<Status(std::string name, std::string content)>;

Status eachOfFolder(const std::filesystem::path& path, const JobContext& job, const Take& take)
{
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (std::filesystem::directory_iterator entry(path, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (ServeGenReader::wants(entry->path().filename().string())) {
            files.push_back(entry->path());
        }
    }
    if (failed) {
        return Error{.code = ErrorCode::Unreadable,
                     .message = "could not be read: " + failed.message(),
                     .advice = "check the permissions of the folder",
                     .file = path.string()};
    }
    if (files.empty()) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is a folder without chunk-N-trace.csv files, so no ServeGen trace",
                     .advice = "give the folder they are in, or files of other formats one by one",
                     .file = path.string()};
    }
    std::sort(files.begin(), files.end());
    std::int64_t total = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (job.cancelled()) {
            return Error{.code = ErrorCode::Cancelled, .message = "cancelled", .file = path.string()};
        }
        job.progress("Reading " + path.filename().string(), static_cast<std::int64_t>(i),
                     static_cast<std::int64_t>(files.size()));
        ISOBAR_TRY_ASSIGN(std::string content, readWholeFile(files[i], static_cast<std::size_t>(kLimits.entryBytes)));
        total += static_cast<std::int64_t>(content.size());
        if (total > kLimits.totalBytes) {
            return traceError(path, 0, 0,
                              fmt::format("holds more than {} MiB, which no such trace does", kLimits.totalBytes >> 20),
                              "");
        }
        ISOBAR_TRY(take(files[i].filename().string(), std::move(content)));
    }
    return Done{};
}

Status oneClient(const std::filesystem::path& path, const Take& take)
{
    const std::string name = path.filename().string(), ending = "-trace.csv";
    if (!name.ends_with(ending)) {
        return Error{.code = ErrorCode::NotFound,
                     .message = "its name does not say where the client's lengths are",
                     .advice = "name it chunk-N-trace.csv, beside chunk-N-dataset.json",
                     .file = path.string()};
    }
    const std::string dataset = name.substr(0, name.size() - ending.size()) + "-dataset.json";
    for (const std::string& file : {name, dataset}) {
        auto content = readWholeFile(path.parent_path() / file, static_cast<std::size_t>(kLimits.entryBytes));
        if (!content.ok()) {
            Error error = content.error();
            if (error.code == ErrorCode::NotFound) {
                error.advice = "the client's lengths have to stand beside its trace; of a folder or archive of "
                               "clients, some may be without";
            }
            return error;
        }
        ISOBAR_TRY(take(file, std::move(content).value()));
    }
    return Done{};
}

} // namespace

Status eachServeGenFile(const std::filesystem::path& path, const JobContext& job, const Take& take)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return eachOfFolder(path, job, take);
    }
    ISOBAR_TRY_ASSIGN(InputFile file, InputFile::open(path));
    std::string head(1024, '\0');
    ISOBAR_TRY_ASSIGN(const std::size_t got, file.read(head.data(), head.size()));
    head.resize(got);
    if (!looksLikeArchive(head)) {
        return oneClient(path, take);
    }
    bool any = false;
    ISOBAR_TRY(readArchive(path, kLimits, job, ServeGenReader::wants, [&](std::string name, std::string content) {
        any = true;
        return take(std::move(name), std::move(content));
    }));
    if (!any) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is an archive without chunk-N-trace.csv files, so no ServeGen trace",
                     .advice = "unpack it and give the files inside one by one",
                     .file = path.string()};
    }
    return Done{};
}

Result<FileIdentity> identifyServeGen(const std::filesystem::path& path, const JobContext& job)
{
    FileIdentity identity;
    Sha256 hash;
    ISOBAR_TRY(eachServeGenFile(path, job, [&](const std::string& name, const std::string& content) -> Status {
        hash.add(fmt::format("{}\n{}\n", name, content.size())); // so that no two sets of files read the same
        hash.add(content);
        identity.stamp.bytes += static_cast<std::int64_t>(content.size());
        return Done{};
    }));
    identity.sha256 = hash.finish();
    return identity;
}

Result<std::unique_ptr<TraceStream>> openServeGen(const std::filesystem::path& path, const TraceOptions& options,
                                                  const JobContext& job)
{
    // The documents tell of the progress, so their rows need not.
    StopAtFlaw policy(path, 0, JobContext{job.stop, {}});
    // One client's files stand beside each other, those of a folder in it.
    std::error_code ignored;
    const bool single = std::filesystem::is_regular_file(path, ignored) && ServeGenReader::wants(path.string());
    ServeGenReader reader(single ? path.parent_path() : path, policy, false);
    ISOBAR_TRY(eachServeGenFile(
        path, job, [&](const std::string& name, std::string content) { return reader.add(name, std::move(content)); }));
    ISOBAR_TRY_ASSIGN(ServeGenLoad load, reader.finish());
    return drawServeGen(path, std::move(load), options);
}

Result<std::unique_ptr<TraceStream>> openServeGenParts(const std::filesystem::path& path,
                                                       std::vector<store::TracePart> parts, const TraceOptions& options,
                                                       const JobContext& job)
{
    StopAtFlaw policy(path, 0, JobContext{job.stop, {}});
    ServeGenReader reader(path, policy, false);
    for (store::TracePart& part : parts) {
        ISOBAR_TRY(reader.add(part.name, std::move(part.text)));
    }
    ISOBAR_TRY_ASSIGN(ServeGenLoad load, reader.finish());
    return drawServeGen(path, std::move(load), options);
}

} // namespace isobar::ingest

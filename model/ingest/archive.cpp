// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/archive.h"

#include "model/ingest/input_file.h"
#include "model/ingest/text.h"

#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

namespace isobar::ingest {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
constexpr std::size_t kTarMagicAt = 257;

/// What libarchive reads from.
struct Source {
    InputFile file;
    std::vector<char> block = std::vector<char>(kBlockBytes);
    std::int64_t done = 0;
    std::optional<Error> failure = {};
};

la_ssize_t readSource(struct archive* /*reader*/, void* data, const void** buffer)
{
    auto& source = *static_cast<Source*>(data);
    const auto got = source.file.read(source.block.data(), source.block.size());
    if (!got.ok()) {
        source.failure = got.error();
        return -1;
    }
    source.done += static_cast<std::int64_t>(*got);
    *buffer = source.block.data();
    return static_cast<la_ssize_t>(*got);
}

} // namespace

bool looksLikeArchive(std::string_view head)
{
    return head.starts_with("\x1f\x8b") || (head.size() > kTarMagicAt && head.substr(kTarMagicAt).starts_with("ustar"));
}

Status readArchive(const std::filesystem::path& path, const ArchiveLimits& limits, const JobContext& job,
                   const std::function<bool(std::string_view name)>& wanted,
                   const std::function<Status(std::string name, std::string content)>& take)
{
    ISOBAR_TRY_ASSIGN(InputFile opened, InputFile::open(path));
    const std::int64_t packedBytes = opened.stamp().bytes;
    Source source{std::move(opened)};
    const auto refuse = [&](std::string message, std::string advice = "") {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = std::move(message),
                     .advice = std::move(advice),
                     .file = path.string()};
    };
    const std::unique_ptr<struct archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_tar(reader.get());
    const auto failed = [&]() -> Error {
        if (source.failure) {
            return *source.failure;
        }
        const char* reason = archive_error_string(reader.get());
        return refuse(fmt::format("is not a tar archive that can be read, gzip'd or not: {}",
                                  reason != nullptr ? clipped(reason) : "it is damaged"),
                      "check that it was downloaded whole; unpack other archives to a folder first");
    };
    if (archive_read_open(reader.get(), &source, nullptr, &readSource, nullptr) != ARCHIVE_OK) {
        return failed();
    }
    const std::string stage = "Reading " + path.filename().string();
    std::int64_t entries = 0, total = 0;
    for (struct archive_entry* entry = nullptr;;) {
        if (job.cancelled()) {
            return Error{.code = ErrorCode::Cancelled, .message = "cancelled", .file = path.string()};
        }
        job.progress(stage, source.done, packedBytes);
        const int header = archive_read_next_header(reader.get(), &entry);
        if (header == ARCHIVE_EOF) {
            return Done{};
        }
        if (header != ARCHIVE_OK && header != ARCHIVE_WARN) {
            return failed();
        }
        if (++entries > limits.entries) {
            return refuse(fmt::format("holds more than {} files", limits.entries));
        }
        const std::int64_t size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
        const char* const path8 = archive_entry_pathname(entry);
        const std::string name = path8 != nullptr ? path8 : "";
        total += std::max<std::int64_t>(size, 0);
        // Also content that is not wanted has to be unpacked to get past it.
        if (size < 0 || size > limits.totalBytes || total > limits.totalBytes) {
            return refuse(fmt::format("unpacks to more than {} MiB, which no such trace does", limits.totalBytes >> 20),
                          "check where it comes from; it may be made to fill memory");
        }
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr || !wanted(name)) {
            continue;
        }
        if (size > limits.entryBytes) {
            return refuse(fmt::format("{} in it unpacks to {} MiB; no more than {} are read", clipped(name), size >> 20,
                                      limits.entryBytes >> 20),
                          "check where it comes from; it may be made to fill memory");
        }
        std::string content(static_cast<std::size_t>(size), '\0');
        std::size_t filled = 0;
        while (filled < content.size()) {
            const la_ssize_t got = archive_read_data(reader.get(), content.data() + filled, content.size() - filled);
            if (got < 0) {
                return failed();
            }
            if (got == 0) {
                break;
            }
            filled += static_cast<std::size_t>(got);
        }
        if (filled < content.size()) {
            return refuse(fmt::format("ends in the middle of {}", clipped(name)), "check that it was downloaded whole");
        }
        ISOBAR_TRY(take(name, std::move(content)));
    }
}

} // namespace isobar::ingest

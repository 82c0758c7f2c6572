// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace isobar::ingest {

/// What an archive may hold before it is taken for a hostile one. Sizes are those unpacked.
struct ArchiveLimits {
    std::int64_t entries = 200'000;
    std::int64_t entryBytes = std::int64_t{64} << 20;
    std::int64_t totalBytes = std::int64_t{1} << 30;
};

/// True for the first bytes of a gzip'd file or of a tar archive.
[[nodiscard]] bool looksLikeArchive(std::string_view head);

/// Hands the regular files of a tar archive, gzip'd or not, one after the other to `take(name, content)`, of those that
/// `wanted(name)` asks for. Nothing is unpacked to disk, so names lead nowhere; links, folders and devices are passed
/// over. Errors: those of InputFile and of `take`; WrongFormat, with the reason, for what is no tar archive, is cut off
/// or exceeds a limit (the size an entry claims is looked at before its content is read); Cancelled.
[[nodiscard]] Status readArchive(const std::filesystem::path& path, const ArchiveLimits& limits, const JobContext& job,
                                 const std::function<bool(std::string_view name)>& wanted,
                                 const std::function<Status(std::string name, std::string content)>& take);

} // namespace isobar::ingest

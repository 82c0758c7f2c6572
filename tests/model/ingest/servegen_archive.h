// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

namespace isobar::test {

/// Writes a tar archive of regular files, gzip'd where wanted. Not for more than fits memory.
inline void writeArchive(const std::filesystem::path& path,
                         const std::vector<std::pair<std::string, std::string>>& files, bool gzip = true)
{
    const std::unique_ptr<struct archive, decltype(&archive_write_free)> out(archive_write_new(), &archive_write_free);
    archive_write_set_format_ustar(out.get());
    if (gzip) {
        archive_write_add_filter_gzip(out.get());
    }
    archive_write_open_filename(out.get(), path.c_str());
    for (const auto& [name, content] : files) {
        const std::unique_ptr<struct archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                                         &archive_entry_free);
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_write_header(out.get(), entry.get());
        archive_write_data(out.get(), content.data(), content.size());
    }
    archive_write_close(out.get());
}

} // namespace isobar::test

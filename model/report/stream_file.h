// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace isobar::report {

/// A file too long to be held in memory, written piece by piece, whole or not at all: it grows under another name
/// beside its place and takes it over in finish(); without that it goes away again. A pipe or device is written to as
/// it is; of a link, the target is replaced.
class StreamFile {
public:
    /// Errors: NotWritable.
    [[nodiscard]] static Result<StreamFile> create(const std::filesystem::path& path);

    StreamFile(StreamFile&& other) noexcept;
    StreamFile& operator=(StreamFile&&) = delete;
    ~StreamFile();

    /// A failure is kept until finish().
    void write(std::string_view bytes)
    {
        m_pending += bytes;
        if (m_pending.size() >= kPiece) {
            flush();
        }
    }
    /// Errors: DiskFull, NotWritable.
    [[nodiscard]] Status finish();

private:
    static constexpr std::size_t kPiece = std::size_t{1} << 18;
    StreamFile(int descriptor, std::filesystem::path target, std::filesystem::path temporary);
    void flush();
    void abandon();

    int m_descriptor = -1;
    int m_errno = 0;                             ///< of the first write that failed
    std::filesystem::path m_target, m_temporary; ///< temporary: empty = the target is written to as it is
    std::string m_pending;
};

} // namespace isobar::report

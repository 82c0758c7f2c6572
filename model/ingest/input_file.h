// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace isobar::ingest {

/// A regular file open for reading; every failure an Error that says what to do.
class InputFile {
public:
    /// Errors: not found, a folder, not a regular file, no permission.
    [[nodiscard]] static Result<InputFile> open(const std::filesystem::path& path);

    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&& other) noexcept;
    ~InputFile();

    /// Up to `size` bytes; 0 only at the end of the file.
    [[nodiscard]] Result<std::size_t> read(char* buffer, std::size_t size);

    /// Size and time of last change; when they differ later, somebody wrote to the file meanwhile.
    struct Stamp {
        std::int64_t bytes = 0, seconds = 0, nanoseconds = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    [[nodiscard]] Stamp stamp() const;

private:
    InputFile(int descriptor, std::string name);
    int m_descriptor = -1;
    std::string m_name;
};

/// What a file is, whatever its format.
struct FileIdentity {
    std::string sha256; ///< lower-case hexadecimal
    std::string head;   ///< its first bytes, at most kHeadBytes
    InputFile::Stamp stamp;
    static constexpr std::size_t kHeadBytes = 64 * 1024;
};

/// Reads the file once from end to end. Errors: those of InputFile, an empty file, Cancelled.
[[nodiscard]] Result<FileIdentity> identify(const std::filesystem::path& path, const JobContext& job);

} // namespace isobar::ingest

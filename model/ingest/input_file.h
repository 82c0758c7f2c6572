// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/job.h"
#include "model/fleet/result.h"
#include "model/store/sha256.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace isobar::ingest {

/// A regular file open for reading; every failure an Error that says what to do.
class InputFile {
public:
    /// Errors: not found, a folder, not a regular file, no permission.
    [[nodiscard]] static Result<InputFile> open(const std::filesystem::path& path);

    /// Text at hand, read as if it were the content of a file of that name.
    [[nodiscard]] static InputFile fromMemory(std::string bytes, std::string name);

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
    [[nodiscard]] const std::string& name() const { return m_name; }

private:
    InputFile(int descriptor, std::string name);
    int m_descriptor = -1; ///< below 0: in memory
    std::string m_name;
    std::string m_bytes;
    std::size_t m_done = 0; ///< of m_bytes
};

using store::Sha256;

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

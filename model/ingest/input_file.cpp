// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/input_file.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace isobar::ingest {

namespace {

constexpr std::size_t kChunkBytes = 1u << 20; // a few milliseconds of hashing between two looks at the stop token

Error failed(ErrorCode code, const std::string& file, std::string message, std::string advice)
{
    return {.code = code, .message = std::move(message), .advice = std::move(advice), .file = file};
}

} // namespace

InputFile::InputFile(int descriptor, std::string name)
    : m_descriptor(descriptor)
    , m_name(std::move(name))
{
}

InputFile::InputFile(InputFile&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_name(std::move(other.m_name))
    , m_bytes(std::move(other.m_bytes))
    , m_done(other.m_done)
{
}

InputFile InputFile::fromMemory(std::string bytes, std::string name)
{
    InputFile file(-1, std::move(name));
    file.m_bytes = std::move(bytes);
    return file;
}

InputFile& InputFile::operator=(InputFile&& other) noexcept
{
    std::swap(m_descriptor, other.m_descriptor);
    std::swap(m_name, other.m_name);
    std::swap(m_bytes, other.m_bytes);
    std::swap(m_done, other.m_done);
    return *this;
}

InputFile::~InputFile()
{
    if (m_descriptor >= 0) {
        ::close(m_descriptor);
    }
}

Result<InputFile> InputFile::open(const std::filesystem::path& path)
{
    const std::string name = path.string();
    // O_NONBLOCK: a named pipe without a writer must not hold the program up.
    InputFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), name);
    if (file.m_descriptor < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return failed(ErrorCode::NotFound, name, "there is no such file", "check the path");
        }
        return failed(ErrorCode::Unreadable, name, fmt::format("could not be opened: {}", std::strerror(errno)),
                      "check the permissions of the file");
    }
    struct stat status {};
    if (::fstat(file.m_descriptor, &status) != 0) {
        return failed(ErrorCode::Unreadable, name, fmt::format("could not be read: {}", std::strerror(errno)), "");
    }
    if (S_ISDIR(status.st_mode)) {
        return failed(ErrorCode::Unreadable, name, "is a folder", "give the files inside it one by one");
    }
    if (!S_ISREG(status.st_mode)) {
        return failed(ErrorCode::Unreadable, name, "is not a regular file", "save its content to a file first");
    }
    return file;
}

Result<std::size_t> InputFile::read(char* buffer, std::size_t size)
{
    if (m_descriptor < 0) {
        const std::size_t got = m_bytes.copy(buffer, size, m_done);
        m_done += got;
        return got;
    }
    for (;;) {
        const ssize_t got = ::read(m_descriptor, buffer, size);
        if (got >= 0) {
            return static_cast<std::size_t>(got);
        }
        if (errno != EINTR) {
            return failed(ErrorCode::Unreadable, m_name, fmt::format("could not be read: {}", std::strerror(errno)),
                          "check the disk it is on");
        }
    }
}

InputFile::Stamp InputFile::stamp() const
{
    if (m_descriptor < 0) {
        return {static_cast<std::int64_t>(m_bytes.size()), 0, 0};
    }
    struct stat status {};
    ::fstat(m_descriptor, &status);
    return {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Result<FileIdentity> identify(const std::filesystem::path& path, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(auto file, InputFile::open(path));
    FileIdentity identity;
    identity.stamp = file.stamp();
    const std::string stage = "Checking " + path.filename().string();
    std::vector<char> chunk(kChunkBytes);
    Sha256 hash;
    std::int64_t done = 0;
    for (;;) {
        if (job.cancelled()) {
            return failed(ErrorCode::Cancelled, path.string(), "the import was cancelled", "");
        }
        ISOBAR_TRY_ASSIGN(const std::size_t got, file.read(chunk.data(), chunk.size()));
        if (got == 0) {
            break;
        }
        if (identity.head.size() < FileIdentity::kHeadBytes) {
            identity.head.append(chunk.data(), std::min(got, FileIdentity::kHeadBytes - identity.head.size()));
        }
        hash.add({chunk.data(), got});
        done += static_cast<std::int64_t>(got);
        job.progress(stage, done, identity.stamp.bytes);
    }
    if (done == 0) {
        return failed(ErrorCode::WrongFormat, path.string(), "the file is empty",
                      "check that it was saved or downloaded whole");
    }
    identity.sha256 = hash.finish();
    return identity;
}

} // namespace isobar::ingest

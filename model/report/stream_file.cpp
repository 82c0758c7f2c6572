// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/stream_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace isobar::report {
namespace {

Error cannotWrite(const std::filesystem::path& path, int reason)
{
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    return Error{.code = full ? ErrorCode::DiskFull : ErrorCode::NotWritable,
                 .message = fmt::format("cannot be written: {}", std::strerror(reason)),
                 .advice = full ? "free some space" : "choose a folder you may write to",
                 .file = path.string()};
}

} // namespace

Result<StreamFile> StreamFile::create(const std::filesystem::path& path)
{
    std::error_code none;
    std::filesystem::path target = std::filesystem::weakly_canonical(path, none);
    if (none || target.empty()) {
        target = path;
    }
    const auto status = std::filesystem::status(target, none);
    if (std::filesystem::is_directory(status)) {
        return cannotWrite(path, EISDIR);
    }
    const bool asItIs = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
    std::filesystem::path temporary;
    if (!asItIs) {
        temporary = target;
        temporary += fmt::format(".{}.part", ::getpid());
    }
    const int flags = asItIs ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    const int descriptor = ::open((asItIs ? target : temporary).c_str(), flags, 0666);
    if (descriptor < 0) {
        return cannotWrite(path, errno);
    }
    return StreamFile(descriptor, std::move(target), std::move(temporary));
}

StreamFile::StreamFile(int descriptor, std::filesystem::path target, std::filesystem::path temporary)
    : m_descriptor(descriptor)
    , m_target(std::move(target))
    , m_temporary(std::move(temporary))
{
}

StreamFile::StreamFile(StreamFile&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_errno(other.m_errno)
    , m_target(std::move(other.m_target))
    , m_temporary(std::exchange(other.m_temporary, {}))
    , m_pending(std::move(other.m_pending))
{
}

StreamFile::~StreamFile()
{
    abandon();
}

void StreamFile::abandon()
{
    if (m_descriptor >= 0) {
        ::close(std::exchange(m_descriptor, -1));
        if (!m_temporary.empty()) {
            ::unlink(m_temporary.c_str());
        }
    }
}

void StreamFile::flush()
{
    std::string_view bytes = m_pending;
    while (!bytes.empty() && m_errno == 0) {
        const ssize_t written = ::write(m_descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            m_errno = errno;
        }
    }
    m_pending.clear();
}

Status StreamFile::finish()
{
    flush();
    if (m_errno != 0) {
        return cannotWrite(m_target, m_errno);
    }
    if (::close(std::exchange(m_descriptor, -1)) != 0) {
        const int reason = errno;
        if (!m_temporary.empty()) {
            ::unlink(m_temporary.c_str());
        }
        return cannotWrite(m_target, reason);
    }
    if (!m_temporary.empty() && ::rename(m_temporary.c_str(), m_target.c_str()) != 0) {
        const int reason = errno;
        ::unlink(m_temporary.c_str());
        return cannotWrite(m_target, reason);
    }
    return Done{};
}

} // namespace isobar::report

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/page_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace isobar::store {

namespace {

std::uint32_t bigEndian(std::string_view bytes, std::size_t at, std::size_t count)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

bool readAt(int file, std::int64_t at, std::size_t bytes, std::string& out)
{
    out.resize(bytes);
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got = ::pread(file, out.data() + done, bytes - done, at + static_cast<std::int64_t>(done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        done += static_cast<std::size_t>(got);
    }
    return true;
}

std::int64_t sizeOf(int file)
{
    struct stat status {};
    return ::fstat(file, &status) == 0 ? status.st_size : 0;
}

bool isPageSize(std::uint32_t bytes)
{
    return bytes >= 512 && bytes <= 65536 && std::has_single_bit(bytes);
}

/// Adds to the running checksum of a write-ahead log.
void addToChecksum(std::string_view bytes, bool isBigEndian, std::uint32_t& s0, std::uint32_t& s1)
{
    const auto word = [&](std::size_t at) {
        const std::uint32_t big = bigEndian(bytes, at, 4);
        return isBigEndian ? big : __builtin_bswap32(big);
    };
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        s0 += word(at) + s1;
        s1 += word(at + 4) + s0;
    }
}

} // namespace

PageFile::PageFile(PageFile&& other) noexcept
    : m_file(std::exchange(other.m_file, -1))
    , m_log(std::exchange(other.m_log, -1))
    , m_pageBytes(other.m_pageBytes)
    , m_pages(other.m_pages)
    , m_inLog(std::move(other.m_inLog))
{
}

PageFile& PageFile::operator=(PageFile&& other) noexcept
{
    std::swap(m_file, other.m_file);
    std::swap(m_log, other.m_log);
    std::swap(m_pageBytes, other.m_pageBytes);
    std::swap(m_pages, other.m_pages);
    std::swap(m_inLog, other.m_inLog);
    return *this;
}

PageFile::~PageFile()
{
    for (const int file : {m_file, m_log}) {
        if (file >= 0) {
            ::close(file);
        }
    }
}

Result<PageFile> PageFile::open(const std::filesystem::path& path)
{
    PageFile file;
    file.m_file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (file.m_file < 0 || ::fstat(file.m_file, &status) != 0 || !S_ISREG(status.st_mode)) {
        const bool missing = file.m_file < 0 && errno == ENOENT;
        return Error{.code = missing ? ErrorCode::NotFound : ErrorCode::Unreadable,
                     .message = file.m_file < 0 ? fmt::format("could not be opened: {}", std::strerror(errno))
                                                : std::string("is not a file"),
                     .advice = "check the path and the permissions of the file",
                     .file = path.string()};
    }
    std::string head;
    if (readAt(file.m_file, 0, 100, head)) {
        const std::uint32_t said = bigEndian(head, 16, 2);
        const std::uint32_t bytes = said == 1 ? 65536 : said;
        file.m_pageBytes = isPageSize(bytes) ? bytes : file.m_pageBytes; // every store of Isobar's has 4096
    }
    file.m_pages = static_cast<std::uint32_t>(sizeOf(file.m_file) / file.m_pageBytes);
    file.readLog(path.string() + "-wal");
    return file;
}

void PageFile::readLog(const std::filesystem::path& log)
{
    constexpr std::size_t kHeader = 32, kFrameHeader = 24;
    m_log = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
    std::string header;
    if (m_log < 0 || !readAt(m_log, 0, kHeader, header)) {
        return;
    }
    const std::uint32_t magic = bigEndian(header, 0, 4);
    if ((magic & ~1u) != 0x377f0682u || bigEndian(header, 8, 4) != m_pageBytes) {
        return;
    }
    const bool isBigEndian = (magic & 1) != 0;
    std::uint32_t s0 = 0, s1 = 0;
    addToChecksum(std::string_view(header).substr(0, 24), isBigEndian, s0, s1);
    if (s0 != bigEndian(header, 24, 4) || s1 != bigEndian(header, 28, 4)) {
        return;
    }
    // Frames count up to the last commit; one that does not add up ends the log.
    std::unordered_map<std::uint32_t, std::int64_t> transaction;
    std::string frame;
    const auto frameBytes = static_cast<std::int64_t>(kFrameHeader + m_pageBytes);
    for (std::int64_t at = kHeader; readAt(m_log, at, static_cast<std::size_t>(frameBytes), frame); at += frameBytes) {
        const std::string_view bytes(frame);
        addToChecksum(bytes.substr(0, 8), isBigEndian, s0, s1);
        addToChecksum(bytes.substr(kFrameHeader), isBigEndian, s0, s1);
        if (bytes.substr(8, 8) != std::string_view(header).substr(16, 8) || s0 != bigEndian(bytes, 16, 4) ||
            s1 != bigEndian(bytes, 20, 4)) {
            return;
        }
        transaction[bigEndian(bytes, 0, 4)] = at + static_cast<std::int64_t>(kFrameHeader);
        if (const std::uint32_t pagesAfter = bigEndian(bytes, 4, 4); pagesAfter != 0) {
            for (const auto& [page, place] : transaction) {
                m_inLog[page] = place;
            }
            transaction.clear();
            m_pages = pagesAfter;
        }
    }
}

bool PageFile::read(std::uint32_t number, std::string& page) const
{
    if (number == 0 || number > m_pages) {
        return false;
    }
    if (const auto found = m_inLog.find(number); found != m_inLog.end()) {
        return readAt(m_log, found->second, m_pageBytes, page);
    }
    return readAt(m_file, static_cast<std::int64_t>(number - 1) * m_pageBytes, m_pageBytes, page);
}

// --- b-trees ---------------------------------------------------------------------------------------------------------

namespace {

enum PageType : std::uint8_t { IndexInterior = 2, TableInterior = 5, IndexLeaf = 10, TableLeaf = 13 };

/// A number of one to nine bytes, high bits first.
std::optional<std::uint64_t> takeVarint(std::string_view bytes, std::size_t& at)
{
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
        if (at >= bytes.size()) {
            return std::nullopt;
        }
        const auto byte = static_cast<unsigned char>(bytes[at++]);
        if (i == 8) {
            return value << 8 | byte;
        }
        value = value << 7 | (byte & 0x7f);
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    return std::nullopt;
}

/// The values of a record; nothing when it is damaged.
std::optional<std::vector<SqlValue>> decodeRecord(std::string_view record)
{
    std::size_t at = 0;
    const auto headerBytes = takeVarint(record, at);
    if (!headerBytes || *headerBytes > record.size() || *headerBytes < at) {
        return std::nullopt;
    }
    const std::string_view header = record.substr(0, *headerBytes);
    std::size_t body = *headerBytes;
    std::vector<SqlValue> values;
    while (at < header.size()) {
        const auto type = takeVarint(header, at);
        if (!type || *type == 10 || *type == 11) {
            return std::nullopt;
        }
        constexpr std::array<std::size_t, 10> kBytes{0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
        const std::uint64_t size = *type < 12 ? kBytes[*type] : (*type - 12) / 2;
        if (size > record.size() - body) {
            return std::nullopt;
        }
        const std::string_view bytes = record.substr(body, size);
        body += size;
        if (*type == 0) {
            values.emplace_back(std::monostate{});
        } else if (*type == 8 || *type == 9) {
            values.emplace_back(static_cast<std::int64_t>(*type - 8));
        } else if (*type >= 12) {
            if (*type % 2 == 0) {
                values.emplace_back(SqlBlob{std::string(bytes)});
            } else {
                values.emplace_back(std::string(bytes));
            }
        } else {
            std::uint64_t bits = (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 && *type != 7 ? ~0ull : 0;
            for (const char byte : bytes) {
                bits = bits << 8 | static_cast<unsigned char>(byte);
            }
            if (*type == 7) {
                values.emplace_back(std::bit_cast<double>(bits));
            } else {
                values.emplace_back(static_cast<std::int64_t>(bits));
            }
        }
    }
    if (body != record.size()) {
        return std::nullopt;
    }
    return values;
}

class Walker {
public:
    Walker(const PageFile& file, std::vector<bool>& seen, const std::function<bool(PageRow&&)>& row)
        : m_file(file)
        , m_seen(seen)
        , m_row(row)
    {
    }

    WalkCounts walk(std::uint32_t root)
    {
        // Not recursive: a chain of damaged pages may be as long as the file.
        m_next.push_back(root);
        while (!m_next.empty() && m_going) {
            const std::uint32_t number = m_next.back();
            m_next.pop_back();
            page(number);
        }
        return m_counts;
    }

private:
    void page(std::uint32_t number)
    {
        std::string bytes;
        if (number == 0 || number >= m_seen.size() || m_seen[number] || !m_file.read(number, bytes)) {
            ++m_counts.damagedPages;
            return;
        }
        const std::size_t head = number == 1 ? 100 : 0;
        const auto type = static_cast<std::uint8_t>(bytes[head]);
        const bool interior = type == IndexInterior || type == TableInterior;
        if (!interior && type != IndexLeaf && type != TableLeaf) {
            ++m_counts.damagedPages;
            return;
        }
        m_seen[number] = true;
        const std::size_t first = head + (interior ? 12 : 8);
        const std::size_t cells = bigEndian(bytes, head + 3, 2);
        if (first + 2 * cells > bytes.size()) {
            ++m_counts.damagedPages;
            return;
        }
        // The last child first: children come off the stack in the order of their keys.
        if (interior) {
            m_next.push_back(bigEndian(bytes, head + 8, 4));
        }
        for (std::size_t i = cells; i-- > 0 && interior;) {
            const std::size_t at = bigEndian(bytes, first + 2 * i, 2);
            if (at + 4 <= bytes.size()) {
                m_next.push_back(bigEndian(bytes, at, 4));
            } else {
                ++m_counts.damagedPages;
            }
        }
        for (std::size_t i = 0; i < cells && m_going && type != TableInterior; ++i) {
            cell(bytes, bigEndian(bytes, first + 2 * i, 2) + (type == IndexInterior ? 4u : 0u), type == TableLeaf);
        }
    }

    void cell(std::string_view page, std::size_t at, bool hasRowid)
    {
        const auto payload = takeVarint(page, at);
        const auto rowid = hasRowid && payload ? takeVarint(page, at) : std::optional<std::uint64_t>(0);
        std::string record;
        std::optional<std::vector<SqlValue>> values;
        if (payload && rowid && gather(page, at, *payload, hasRowid, record)) {
            values = decodeRecord(record);
        }
        if (!values) {
            ++m_counts.damagedRows;
            return;
        }
        m_going = m_row({static_cast<std::int64_t>(*rowid), std::move(*values)});
    }

    /// The payload, of which pages hold so much and chains of overflow pages the rest.
    bool gather(std::string_view page, std::size_t at, std::uint64_t payload, bool isTable, std::string& record)
    {
        const std::uint64_t usable = page.size();
        if (payload > usable * m_file.pageCount()) {
            return false;
        }
        const std::uint64_t most = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23;
        std::uint64_t here = payload;
        if (payload > most) {
            const std::uint64_t least = (usable - 12) * 32 / 255 - 23;
            here = least + (payload - least) % (usable - 4);
            here = here > most ? least : here;
        }
        if (at + here + (payload > here ? 4 : 0) > page.size()) {
            return false;
        }
        record.assign(page.substr(at, here));
        if (payload == here) {
            return true;
        }
        std::uint32_t next = bigEndian(page, at + here, 4);
        std::string overflow;
        while (record.size() < payload) {
            if (!m_file.read(next, overflow)) {
                return false;
            }
            record.append(overflow, 4, std::min<std::uint64_t>(usable - 4, payload - record.size()));
            next = bigEndian(overflow, 0, 4);
        }
        return true;
    }

    const PageFile& m_file;
    std::vector<bool>& m_seen;
    const std::function<bool(PageRow&&)>& m_row;
    std::vector<std::uint32_t> m_next;
    WalkCounts m_counts;
    bool m_going = true;
};

} // namespace

WalkCounts walkRows(const PageFile& file, std::uint32_t root, std::vector<bool>& seen,
                    const std::function<bool(PageRow&&)>& row)
{
    return Walker(file, seen, row).walk(root);
}

} // namespace isobar::store

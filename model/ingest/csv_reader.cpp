// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/csv_reader.h"

#include "model/ingest/input_file.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace isobar::ingest {

namespace {

/// How many bytes may be read in vain in search of closing quotes. Afterwards quoted fields must end on their line, so
/// that a hostile file cannot make reading quadratic.
constexpr std::size_t kMaxWastedBytes = 16u << 20;

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

} // namespace

struct CsvReader::Impl {
    InputFile file;
    std::string fileName;
    std::size_t maxRecordBytes;
    std::vector<char> buffer = std::vector<char>(4 * maxRecordBytes);
    std::size_t begin = 0, end = 0; ///< unread bytes of the buffer
    bool atEnd = false;             ///< the file has no more
    std::int64_t consumed = 0;      ///< bytes of the file before `begin`
    std::int64_t line = 1;          ///< of the byte at `begin`
    std::size_t wasted = 0;         ///< bytes searched in vain for closing quotes
    std::size_t lineFeed = 0;       ///< absolute place in the buffer of the next '\n' at or after `begin`, if known
    std::size_t searchedTo = 0;     ///< no '\n' from `begin` to here
    bool lineFeedKnown = false;
    std::string unquoted;                                    ///< bytes of the quoted fields of the present record
    std::vector<std::pair<std::size_t, std::size_t>> places; ///< field bytes: offsets in the record or in `unquoted`
    std::vector<bool> wasQuoted;
    std::optional<Error> failure;

    Impl(InputFile opened, std::string name, std::size_t maximum)
        : file(std::move(opened))
        , fileName(std::move(name))
        , maxRecordBytes(maximum)
    {
    }

    [[nodiscard]] std::size_t available() const { return end - begin; }
    [[nodiscard]] const char* data() const { return buffer.data() + begin; }

    /// Reads on; false when there is nothing more or the buffer holds more than any record may have.
    bool refill()
    {
        if (atEnd || failure || available() > maxRecordBytes) {
            return false;
        }
        std::memmove(buffer.data(), data(), available());
        end = available();
        searchedTo -= std::min(searchedTo, begin);
        lineFeedKnown = false;
        begin = 0;
        const auto got = file.read(buffer.data() + end, buffer.size() - end);
        if (!got.ok()) {
            failure = got.error();
            return false;
        }
        if (std::memchr(buffer.data() + end, 0, *got) != nullptr) {
            failure = Error{.code = ErrorCode::WrongFormat,
                            .message = "holds NUL bytes: it is a binary file, or text in UTF-16",
                            .advice = "save it as CSV in UTF-8",
                            .file = fileName};
            return false;
        }
        atEnd = *got == 0;
        end += *got;
        return !atEnd;
    }

    /// Makes byte `offset` of the record readable.
    bool has(std::size_t offset)
    {
        while (offset >= available()) {
            if (!refill()) {
                return false;
            }
        }
        return true;
    }

    /// Offset of the next '\n', or kNowhere within maxRecordBytes. Every byte is searched once.
    std::size_t findLineFeed()
    {
        for (;;) {
            if (lineFeedKnown && lineFeed >= begin) {
                return lineFeed - begin;
            }
            const std::size_t from = std::max(begin, searchedTo);
            if (const void* found = std::memchr(buffer.data() + from, '\n', end - from); found != nullptr) {
                lineFeed = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
                searchedTo = lineFeed;
                lineFeedKnown = true;
                continue;
            }
            searchedTo = end;
            if (!refill()) {
                return kNowhere;
            }
        }
    }

    struct LineEnd {
        std::size_t length = 0;   ///< bytes of the line
        std::size_t endBytes = 0; ///< bytes of its end: 0 at the end of the file
        bool tooLong = false;
    };

    LineEnd findLine()
    {
        const std::size_t feed = findLineFeed();
        const std::size_t limit = feed == kNowhere ? available() : feed;
        if (const void* found = std::memchr(data(), '\r', limit); found != nullptr) {
            const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - data());
            return {at, at + 1 == feed ? std::size_t{2} : std::size_t{1}, at > maxRecordBytes};
        }
        if (feed == kNowhere) {
            return {limit, 0, limit > maxRecordBytes};
        }
        return {feed, 1, feed > maxRecordBytes};
    }

    void consume(std::size_t bytes)
    {
        begin += bytes;
        consumed += static_cast<std::int64_t>(bytes);
    }

    void skipByteOrderMark()
    {
        if (has(2) && std::memcmp(data(), "\xef\xbb\xbf", 3) == 0) {
            consume(3);
        }
    }

    /// Splits a line that has no quotes.
    void splitPlain(Record& record, std::size_t length) const
    {
        const char* at = data();
        const char* const stop = at + length;
        for (;;) {
            const void* comma = std::memchr(at, ',', static_cast<std::size_t>(stop - at));
            const char* fieldEnd = comma == nullptr ? stop : static_cast<const char*>(comma);
            record.fields.emplace_back(at, static_cast<std::size_t>(fieldEnd - at));
            if (comma == nullptr) {
                return;
            }
            at = fieldEnd + 1;
        }
    }

    /// Appends the quoted field whose opening quote is at `offset` to `unquoted`; leaves `offset` behind its closing
    /// quote. False when it is not closed before `limit`.
    bool readQuoted(std::size_t& offset, std::size_t limit)
    {
        ++offset;
        for (;;) {
            const std::size_t readable = std::min(available(), limit);
            const void* found = offset < readable ? std::memchr(data() + offset, '"', readable - offset) : nullptr;
            if (found == nullptr) {
                if (offset < readable) {
                    unquoted.append(data() + offset, readable - offset);
                    offset = readable;
                }
                if (offset >= limit || !has(offset)) {
                    return false;
                }
                continue;
            }
            const auto quote = static_cast<std::size_t>(static_cast<const char*>(found) - data());
            unquoted.append(data() + offset, quote - offset);
            offset = quote + 1;
            if (offset < limit && has(offset) && data()[offset] == '"') {
                unquoted += '"';
                ++offset;
                continue;
            }
            return true;
        }
    }

    /// Reads a record that has quotes; `length` and `endBytes` are set to what it takes. False: a quote stays open, and
    /// `length` is how far it was searched for.
    bool splitQuoted(Record& record, std::size_t limit, std::size_t& length, std::size_t& endBytes)
    {
        unquoted.clear();
        places.clear();
        wasQuoted.clear();
        std::size_t offset = 0;
        for (;;) {
            const bool quoted = has(offset) && offset < limit && data()[offset] == '"';
            std::size_t start = quoted ? unquoted.size() : offset;
            if (quoted && !readQuoted(offset, limit)) {
                length = offset;
                return false;
            }
            const std::size_t behindQuote = offset;
            while (offset < limit && has(offset) && data()[offset] != ',' && data()[offset] != '\n' &&
                   data()[offset] != '\r') {
                ++offset;
            }
            if (quoted && offset > behindQuote) {
                record.flaw = Flaw::TextAfterQuote;
                record.flawField = places.size() + 1;
                unquoted.append(data() + behindQuote, offset - behindQuote);
            }
            places.emplace_back(start, (quoted ? unquoted.size() : offset) - start);
            wasQuoted.push_back(quoted);
            if (offset < limit && has(offset) && data()[offset] == ',') {
                ++offset;
                continue;
            }
            break;
        }
        length = offset;
        if (offset > maxRecordBytes) {
            return false;
        }
        endBytes = 0;
        if (has(offset)) {
            endBytes = data()[offset] == '\r' && has(offset + 1) && data()[offset + 1] == '\n' ? 2 : 1;
        }
        for (std::size_t i = 0; i < places.size(); ++i) {
            const char* const base = wasQuoted[i] ? unquoted.data() : data();
            record.fields.emplace_back(base + places[i].first, places[i].second);
        }
        return true;
    }

    /// Line ends inside a record of several lines.
    static std::int64_t lineEndsIn(std::string_view raw)
    {
        std::int64_t ends = 0;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            ends += raw[i] == '\n' || (raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n')) ? 1 : 0;
        }
        return ends;
    }

    /// Gives up a line that is longer than any record: its beginning is kept for the message.
    void skipTooLong(Record& record, std::string& kept)
    {
        kept.assign(data(), std::min<std::size_t>(available(), 200));
        record.flaw = Flaw::TooLong;
        record.raw = kept;
        for (;;) {
            const char* stop =
                std::find_if(data(), data() + available(), [](char c) { return c == '\n' || c == '\r'; });
            const auto length = static_cast<std::size_t>(stop - data());
            if (length < available()) {
                const bool both = *stop == '\r' && has(length + 1) && data()[length + 1] == '\n';
                consume(length + (both ? 2 : 1));
                ++line;
                return;
            }
            consume(length);
            if (!refill()) {
                record.hasLineEnd = false;
                return;
            }
        }
    }

    std::string tooLongBeginning;
};

CsvReader::CsvReader(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

Result<CsvReader> CsvReader::open(const std::filesystem::path& path, std::size_t maxRecordBytes)
{
    ISOBAR_TRY_ASSIGN(auto file, InputFile::open(path));
    auto impl = std::make_unique<Impl>(std::move(file), path.string(), maxRecordBytes);
    impl->skipByteOrderMark();
    return CsvReader(std::move(impl));
}

CsvReader CsvReader::fromText(std::string text, std::string name, std::size_t maxRecordBytes)
{
    auto impl = std::make_unique<Impl>(InputFile::fromMemory(std::move(text), name), name, maxRecordBytes);
    impl->skipByteOrderMark();
    return CsvReader(std::move(impl));
}

std::int64_t CsvReader::position() const
{
    return m_impl->consumed;
}

Result<bool> CsvReader::next(Record& record)
{
    Impl& in = *m_impl;
    record.fields.clear();
    record.flaw = Flaw::None;
    record.flawField = 0;
    record.hasLineEnd = true;
    for (;;) {
        const Impl::LineEnd found = in.findLine();
        if (in.failure) {
            Error error = *in.failure;
            error.line = in.line;
            return error;
        }
        if (found.length == 0) {
            if (found.endBytes == 0) {
                return false;
            }
            in.consume(found.endBytes);
            ++in.line;
            continue;
        }
        record.line = in.line;
        if (found.tooLong) {
            in.skipTooLong(record, in.tooLongBeginning);
            return true;
        }
        std::size_t length = found.length;
        std::size_t endBytes = found.endBytes;
        if (std::memchr(in.data(), '"', length) == nullptr) {
            in.splitPlain(record, length);
        } else {
            const std::size_t limit = in.wasted < kMaxWastedBytes ? in.maxRecordBytes + 1 : length;
            const bool closed = in.splitQuoted(record, limit, length, endBytes);
            // A quote that is "closed" on a later line by what looks like an opening one was never meant to go on.
            if (!closed || (record.flaw == Flaw::TextAfterQuote && length > found.length)) {
                in.wasted += length;
                record.fields.clear();
                record.flaw = Flaw::UnterminatedQuote;
                record.flawField = 0;
                length = found.length;
                endBytes = found.endBytes;
            }
            if (in.failure) {
                continue; // reported at the top
            }
        }
        record.raw = std::string_view(in.data(), length);
        record.hasLineEnd = endBytes > 0;
        in.line += (length > found.length ? Impl::lineEndsIn(record.raw) : 0) + (endBytes > 0 ? 1 : 0);
        in.consume(length + endBytes);
        return true;
    }
}

} // namespace isobar::ingest

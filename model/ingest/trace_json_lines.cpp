// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/input_file.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

/// Traces with one JSON object a line.
///
/// Mooncake (kvcache-ai): `timestamp` in milliseconds from the start of the trace, `input_length`, `output_length`.
/// Its `hash_ids` name 512-token blocks of the prompt; they are not read, as prefix-cache hits are not modelled yet.
///
/// Runs of a real vLLM server: `arrival_time` (seconds since 1970), `input_toks`, `output_toks`, and `queued_ts`,
/// `scheduled_ts`, `first_token_ts`, `last_token_ts` on another, monotonic clock. Replayed by arrival_time; what the
/// server did is measured from queued_ts on.
namespace isobar::ingest {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;
constexpr double kMaxSeconds = 1e11; ///< about 3,000 years: beyond it microseconds are lost

/// Lines of a file, in bounded memory.
class LineReader {
public:
    LineReader(InputFile file, std::filesystem::path path)
        : m_file(std::move(file))
        , m_path(std::move(path))
        , m_buffer(std::size_t{1} << 20)
    {
    }
    /// The next line without its end, or false; the view holds until the next call.
    Result<bool> next(std::string_view& line)
    {
        for (;;) {
            const char* const from = m_buffer.data() + m_begin;
            if (const void* end = std::memchr(from, '\n', m_end - m_begin); end != nullptr) {
                line = {from, static_cast<std::size_t>(static_cast<const char*>(end) - from)};
                m_begin += line.size() + 1;
                break;
            }
            if (m_finished) {
                line = {from, m_end - m_begin};
                m_begin = m_end;
                if (line.empty()) {
                    return false;
                }
                break;
            }
            ISOBAR_TRY(fill());
        }
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        ++m_line;
        return true;
    }
    [[nodiscard]] std::int64_t line() const { return m_line; }

private:
    Status fill()
    {
        if (m_begin > 0) {
            std::memmove(m_buffer.data(), m_buffer.data() + m_begin, m_end - m_begin);
            m_end -= m_begin;
            m_begin = 0;
        }
        if (m_end == m_buffer.size()) {
            if (m_end >= kMaxLineBytes) {
                return traceError(m_path, m_line + 1, 0, "the line is longer than 16 MiB", {m_buffer.data(), 80});
            }
            m_buffer.resize(2 * m_end);
        }
        ISOBAR_TRY_ASSIGN(const std::size_t got, m_file.read(m_buffer.data() + m_end, m_buffer.size() - m_end));
        m_end += got;
        m_finished = got == 0;
        return Done{};
    }

    InputFile m_file;
    std::filesystem::path m_path;
    std::vector<char> m_buffer;
    std::size_t m_begin = 0, m_end = 0;
    std::int64_t m_line = 0;
    bool m_finished = false;
};

/// The numbers a line has to give; NaN while they are not there.
constexpr std::size_t kMaxWanted = 7;
struct Wanted {
    std::array<const char*, kMaxWanted> keys{};
    std::size_t count = 0;
};
constexpr Wanted kMooncake{{"timestamp", "input_length", "output_length"}, 3};
constexpr Wanted kVllmRun{
    {"arrival_time", "input_toks", "output_toks", "queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts"}, 7};

/// Takes the wanted numbers of the outermost object and passes over everything else without storing it.
class Numbers : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Numbers(const Wanted& wanted)
        : m_wanted(wanted)
    {
        values.fill(std::numeric_limits<double>::quiet_NaN());
    }
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(std::int64_t value) override { return take(static_cast<double>(value)); }
    bool number_unsigned(std::uint64_t value) override { return take(static_cast<double>(value)); }
    bool number_float(double value, const std::string&) override { return take(value); }
    bool string(std::string&) override { return true; }
    bool binary(nlohmann::json::binary_t&) override { return true; }
    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }
    bool key(std::string& name) override
    {
        m_place = kMaxWanted;
        for (std::size_t i = 0; m_depth == 1 && i < m_wanted.count; ++i) {
            if (name == m_wanted.keys[i]) {
                m_place = i;
            }
        }
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override
    {
        errorColumn = position;
        return false;
    }

    std::array<double, kMaxWanted> values{};
    std::size_t errorColumn = 0;

private:
    bool take(double value)
    {
        if (m_depth == 1 && m_place < kMaxWanted) {
            values[m_place] = value;
        }
        return true;
    }
    bool open()
    {
        ++m_depth;
        return true;
    }
    bool close()
    {
        --m_depth;
        m_place = kMaxWanted;
        return true;
    }

    const Wanted& m_wanted;
    std::size_t m_place = kMaxWanted;
    int m_depth = 0;
};

bool isTokenCount(double value)
{
    return value >= 0 && value <= std::numeric_limits<std::uint32_t>::max() && value == std::floor(value);
}

} // namespace

Result<Trace> readJsonLinesTrace(const std::filesystem::path& path, TraceFormat format, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(InputFile file, InputFile::open(path));
    LineReader lines(std::move(file), path);
    const bool measured = format == TraceFormat::VllmRun;
    const Wanted& wanted = measured ? kVllmRun : kMooncake;
    const double unit = measured ? 1 : 1e-3; // seconds of one step of the file's clock
    TraceBuilder trace(format, path, job);
    std::optional<double> origin; // subtracted early, while the digits are all there
    std::string_view line;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, lines.next(line));
        if (!more) {
            return trace.finish();
        }
        if (lines.line() == 1 && line.starts_with("\xef\xbb\xbf")) {
            line.remove_prefix(3);
        }
        if (trimmed(line).empty()) {
            continue;
        }
        Numbers numbers(wanted);
        if (!nlohmann::json::sax_parse(line.begin(), line.end(), &numbers)) {
            return traceError(path, lines.line(), numbers.errorColumn, "the line is not one JSON object", line);
        }
        const auto& value = numbers.values;
        for (std::size_t i = 0; i < wanted.count; ++i) {
            if (!std::isfinite(value[i])) {
                return traceError(path, lines.line(), 0, fmt::format("there is no number {}", wanted.keys[i]), line);
            }
        }
        if (value[0] < 0 || value[0] * unit > kMaxSeconds) {
            return traceError(path, lines.line(), 0,
                              fmt::format("{} {} is not a time from 0 on", wanted.keys[0], value[0]), line);
        }
        if (!isTokenCount(value[1]) || !isTokenCount(value[2])) {
            const std::size_t bad = isTokenCount(value[1]) ? 2 : 1;
            return traceError(path, lines.line(), 0,
                              fmt::format("{} {} is not a number of tokens", wanted.keys[bad], value[bad]), line);
        }
        if (!origin) {
            origin = value[0];
        }
        ISOBAR_TRY(trace.add((value[0] - *origin) * unit, static_cast<std::uint32_t>(value[1]),
                             static_cast<std::uint32_t>(value[2])));
        if (measured) {
            const double queued = value[3], scheduled = value[4], first = value[5], last = value[6];
            if (!(queued <= scheduled && scheduled <= first && first <= last)) {
                return traceError(path, lines.line(), 0,
                                  "queued_ts, scheduled_ts, first_token_ts and last_token_ts run backwards", line);
            }
            trace.addMeasured(
                {scheduled - queued, first - queued,
                 value[2] > 1 ? (last - first) / (value[2] - 1) : std::numeric_limits<double>::quiet_NaN(),
                 last - queued});
        }
    }
}

} // namespace isobar::ingest

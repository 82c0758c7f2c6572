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
/// Mooncake (kvcache-ai): `timestamp` in milliseconds from the start of the trace, `input_length`, `output_length`, and
/// `hash_ids`, which name the 512-token blocks of the prompt from its beginning: requests that begin with the same ids
/// begin with the same tokens. There may be fewer than the prompt has blocks, but not more.
///
/// Runs of a real vLLM server: `arrival_time` (seconds since 1970), `input_toks`, `output_toks`, and `queued_ts`,
/// `scheduled_ts`, `first_token_ts`, `last_token_ts` on another, monotonic clock. Replayed by arrival_time, or by
/// queued_ts where no line has one; what the server did is measured from queued_ts on. A missing or null time marks a
/// request that did not get that far.
namespace isobar::ingest {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;
constexpr double kMaxSeconds = 9e9; ///< about 285 years: more nanoseconds than that have no room
constexpr const char* kMooncakeHashes = "hash_ids";

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
        m_position += static_cast<std::int64_t>(line.size()) + 1;
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        ++m_line;
        return true;
    }
    [[nodiscard]] std::int64_t line() const { return m_line; }
    [[nodiscard]] std::int64_t position() const { return m_position; }

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
    std::int64_t m_line = 0, m_position = 0;
    bool m_finished = false;
};

/// The numbers of a line; NaN while they are not there.
constexpr std::size_t kMaxWanted = 7;
struct Wanted {
    std::array<const char*, kMaxWanted> keys{};
    std::size_t count = 0;
};
constexpr std::size_t kArrival = 0, kInput = 1, kOutput = 2, kQueued = 3, kScheduled = 4, kFirst = 5, kLast = 6;
constexpr Wanted kMooncake{{"timestamp", "input_length", "output_length"}, 3};
constexpr Wanted kVllmRun{
    {"arrival_time", "input_toks", "output_toks", "queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts"}, 7};

/// Takes the wanted numbers of the outermost object, and those of the array of hashes in it where there may be one;
/// passes over everything else without storing it. Used again for every line.
class Numbers : public nlohmann::json_sax<nlohmann::json> {
public:
    Numbers(const Wanted& wanted, const char* hashesKey)
        : m_wanted(wanted)
        , m_hashesKey(hashesKey)
    {
    }
    /// For the next line, whose hashes go to `into`.
    void begin(std::vector<std::uint64_t>& into)
    {
        values.fill(std::numeric_limits<double>::quiet_NaN());
        noNumber = kMaxWanted;
        hashes = &into;
        hashes->clear();
        badHashes = false;
        errorColumn = 0;
        m_place = kMaxWanted;
        m_depth = 0;
        m_inHashes = m_hashesNext = false;
    }
    bool null() override
    {
        badHashes = badHashes || m_inHashes;
        return true;
    }
    bool boolean(bool) override { return other(); }
    bool number_integer(std::int64_t value) override { return m_inHashes ? other() : take(static_cast<double>(value)); }
    bool number_unsigned(std::uint64_t value) override
    {
        if (m_inHashes) {
            hashes->push_back(value);
            return true;
        }
        return take(static_cast<double>(value));
    }
    bool number_float(double value, const std::string&) override { return m_inHashes ? other() : take(value); }
    bool string(std::string&) override { return other(); }
    bool binary(nlohmann::json::binary_t&) override { return true; }
    bool start_object(std::size_t) override
    {
        other();
        return open();
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override
    {
        other();
        m_inHashes = m_inHashes || (m_depth == 1 && m_hashesNext);
        return open();
    }
    bool end_array() override { return close(); }
    bool key(std::string& name) override
    {
        m_place = kMaxWanted;
        for (std::size_t i = 0; m_depth == 1 && i < m_wanted.count; ++i) {
            if (name == m_wanted.keys[i]) {
                m_place = i;
            }
        }
        m_hashesNext = m_depth == 1 && m_hashesKey != nullptr && name == m_hashesKey;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override
    {
        errorColumn = position;
        return false;
    }

    std::array<double, kMaxWanted> values{};
    std::size_t noNumber = kMaxWanted; ///< of the wanted ones, the last that is there but neither number nor null
    std::vector<std::uint64_t>* hashes = nullptr;
    bool badHashes = false; ///< something else than whole numbers from 0 on among them
    std::size_t errorColumn = 0;

private:
    bool other()
    {
        badHashes = badHashes || m_inHashes;
        noNumber = m_depth == 1 && m_place < kMaxWanted ? m_place : noNumber;
        return true;
    }
    bool take(double value)
    {
        if (m_depth == 1 && m_place < kMaxWanted) {
            values[m_place] = value;
        }
        return true;
    }
    bool open()
    {
        m_place = kMaxWanted;
        ++m_depth;
        return true;
    }
    bool close()
    {
        --m_depth;
        m_place = kMaxWanted;
        m_inHashes = m_inHashes && m_depth > 1;
        return true;
    }

    const Wanted& m_wanted;
    const char* m_hashesKey;
    std::size_t m_place = kMaxWanted;
    int m_depth = 0;
    bool m_inHashes = false, m_hashesNext = false;
};

/// Whole and fraction apart: their product would not fit a double's digits.
std::int64_t nanosecondsOf(double value, std::int64_t unit)
{
    const double whole = std::floor(value);
    return static_cast<std::int64_t>(whole) * unit + std::llround((value - whole) * static_cast<double>(unit));
}

class JsonRows final : public RowReader {
public:
    JsonRows(LineReader lines, TraceFormat format, const RowRules& rules, RowPolicy& policy)
        : m_lines(std::move(lines))
        , m_measured(format == TraceFormat::VllmRun)
        , m_wanted(m_measured ? kVllmRun : kMooncake)
        , m_rules(rules)
        , m_policy(policy)
        , m_numbers(m_wanted, m_measured ? nullptr : kMooncakeHashes)
    {
    }

    Result<bool> next(FileRow& row) override
    {
        std::string_view line;
        for (;;) {
            ISOBAR_TRY_ASSIGN(const bool more, m_lines.next(line));
            if (!more) {
                return false;
            }
            if (m_lines.line() == 1 && line.starts_with("\xef\xbb\xbf")) {
                line.remove_prefix(3);
            }
            if (trimmed(line).empty()) {
                continue;
            }
            ISOBAR_TRY(m_policy.row(m_lines.position()));
            RowFlaw flaw{.line = m_lines.line(), .raw = line};
            if (read(line, row, flaw)) {
                row.line = flaw.line;
                return true;
            }
            ISOBAR_TRY(m_policy.flawed(flaw));
        }
    }

private:
    bool read(std::string_view line, FileRow& row, RowFlaw& flaw)
    {
        const auto reject = [&](const char* rule, std::string what) {
            flaw.rule = rule;
            flaw.what = std::move(what);
            return false;
        };
        m_numbers.begin(row.request.prefixHashes);
        if (!nlohmann::json::sax_parse(line.begin(), line.end(), &m_numbers)) {
            flaw.column = m_numbers.errorColumn;
            return reject("json", "the line is not one JSON object");
        }
        const auto& value = m_numbers.values;
        for (std::size_t i = 0; i < m_wanted.count; ++i) {
            const bool isNeeded = !m_measured || i == kInput || i == kOutput;
            if (m_numbers.noNumber == i || std::isinf(value[i]) || (isNeeded && std::isnan(value[i]))) {
                return reject("number-missing", fmt::format("there is no number {}", m_wanted.keys[i]));
            }
        }
        const std::size_t clock = m_measured && std::isnan(value[kArrival]) ? kQueued : kArrival;
        if (!std::isfinite(value[clock])) {
            return reject("number-missing", "there is neither arrival_time nor queued_ts");
        }
        if (value[clock] < 0 || value[clock] * (m_measured ? 1 : 1e-3) > kMaxSeconds) {
            return reject("timestamp",
                          fmt::format("{} {} is not a time from 0 on", m_wanted.keys[clock], value[clock]));
        }
        row.nanoseconds = nanosecondsOf(value[clock], m_measured ? 1'000'000'000 : 1'000'000);
        for (const std::size_t i : {kInput, kOutput}) {
            const double tokens = value[i];
            if (!(tokens >= static_cast<double>(m_rules.minTokens)) ||
                !(tokens <= static_cast<double>(m_rules.maxTokens)) || tokens != std::floor(tokens)) {
                return reject("token-count",
                              fmt::format("{} {} is not a number of tokens from {} to {}", m_wanted.keys[i], tokens,
                                          m_rules.minTokens, m_rules.maxTokens));
            }
        }
        row.request.inputTokens = static_cast<std::uint32_t>(value[kInput]);
        row.request.outputTokens = static_cast<std::uint32_t>(value[kOutput]);
        return m_measured ? readMeasured(row, reject) : checkHashes(row, reject);
    }

    template <class Reject> bool checkHashes(FileRow& row, const Reject& reject) const
    {
        const auto& hashes = row.request.prefixHashes;
        if (m_numbers.badHashes) {
            return reject("prefix-hashes", "hash_ids are not all whole numbers from 0 on");
        }
        const std::uint64_t blocks =
            (std::uint64_t{row.request.inputTokens} + kMooncakeBlockTokens - 1) / kMooncakeBlockTokens;
        if (hashes.size() > blocks) {
            return reject("prefix-hashes",
                          fmt::format("{} hash_ids for {} tokens, which are {} blocks of {}", hashes.size(),
                                      row.request.inputTokens, blocks, kMooncakeBlockTokens));
        }
        row.request.prefixBlockTokens = kMooncakeBlockTokens;
        return true;
    }

    template <class Reject> bool readMeasured(FileRow& row, const Reject& reject)
    {
        const auto& value = m_numbers.values;
        const double queued = value[kQueued], scheduled = value[kScheduled], first = value[kFirst], last = value[kLast];
        // False with a NaN, so what is not there is never backwards.
        if (scheduled < queued || first < scheduled || first < queued || last < first || last < queued) {
            return reject("measured-times", "queued_ts, scheduled_ts, first_token_ts and last_token_ts run backwards");
        }
        // Two clocks in one file cannot be put into one order.
        const bool hasArrival = !std::isnan(value[kArrival]);
        if (const std::int64_t other = hasArrival ? m_firstWithout : m_firstWith; other > 0) {
            return reject("arrival-missing", fmt::format("line {} has {} arrival_time, but this has {}", other,
                                                         hasArrival ? "no" : "an", hasArrival ? "one" : "none"));
        }
        std::int64_t& alike = hasArrival ? m_firstWith : m_firstWithout;
        alike = alike > 0 ? alike : m_lines.line();
        row.request.measured = {scheduled - queued, first - queued,
                                value[kOutput] > 1 ? (last - first) / (value[kOutput] - 1)
                                                   : std::numeric_limits<double>::quiet_NaN(),
                                last - queued};
        return true;
    }

    LineReader m_lines;
    bool m_measured;
    const Wanted& m_wanted;
    RowRules m_rules;
    RowPolicy& m_policy;
    Numbers m_numbers;
    std::int64_t m_firstWith = 0, m_firstWithout = 0; ///< lines with and without arrival_time
};

} // namespace

Result<std::unique_ptr<RowReader>> openJsonRows(const std::filesystem::path& path, TraceFormat format,
                                                const RowRules& rules, RowPolicy& policy)
{
    ISOBAR_TRY_ASSIGN(InputFile file, InputFile::open(path));
    return std::unique_ptr<RowReader>(
        std::make_unique<JsonRows>(LineReader(std::move(file), path), format, rules, policy));
}

} // namespace isobar::ingest

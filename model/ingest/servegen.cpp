// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/servegen.h"

#include "model/ingest/csv_reader.h"
#include "model/ingest/formats.h"
#include "model/ingest/text.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

/// ServeGen (Alibaba): the load of clients as rates, from which their requests are drawn.
///
/// chunk-N-trace.csv, one a client, has no header: window start (s), requests/s, coefficient of variation of the gaps,
/// their distribution (Gamma or Weibull), its shape and its scale; an idle window has rate 0. A window lasts until the
/// next; the last one as long as the one before it. chunk-N-dataset.json gives from some of the window starts on the
/// shares of input and output lengths, as a Python dict inside a string.
///
/// A bad window whose start can be read is idle where bad rows are passed over; any other bad row is as if it were not
/// there. Rows are windows of rates and windows of lengths alike.
namespace isobar::ingest {
namespace {

constexpr std::string_view kTraceEnding = "-trace.csv", kDatasetEnding = "-dataset.json";
constexpr double kMaxSeconds = 9e9;
constexpr double kMaxExpected = 1e12;          ///< requests: more than a replay could ever get through
constexpr std::size_t kMaxWindows = 8'000'000; ///< of all clients; 14 days have 2,016 a client
constexpr std::size_t kRowBytes = 64 * 1024;
constexpr double kLastWindowSeconds = 600; ///< of a client with a single window

/// "chunk-7" of "data/chunk-7-trace.csv", with its folder.
std::string clientOf(std::string_view name, std::string_view ending)
{
    return std::string(name.substr(0, name.size() - ending.size()));
}

/// "{45: 0.25, 46: 0.75}"; counts that have no share are left out.
std::optional<LengthShares> parseShares(std::string_view text)
{
    text = trimmed(text);
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
        return std::nullopt;
    }
    text = text.substr(1, text.size() - 2);
    LengthShares lengths;
    double sum = 0;
    while (!trimmed(text).empty()) {
        const auto comma = text.find(',');
        const std::string_view item = text.substr(0, comma);
        const auto colon = item.find(':');
        if (colon == std::string_view::npos) {
            return std::nullopt;
        }
        const auto tokens = parseNumber(trimmed(item.substr(0, colon)));
        const auto share = parseNumber(trimmed(item.substr(colon + 1)));
        if (!tokens || !share || *share < 0 || *tokens < 0 || *tokens > std::numeric_limits<std::uint32_t>::max() ||
            *tokens != std::floor(*tokens)) {
            return std::nullopt;
        }
        if (*share > 0) {
            sum += *share;
            lengths.tokens.push_back(static_cast<std::uint32_t>(*tokens));
            lengths.cumulated.push_back(sum);
        }
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return std::isfinite(sum) ? std::optional(std::move(lengths)) : std::nullopt;
}

/// The windows of a dataset as they are met: `{"0": {"input_tokens": "…", "output_tokens": "…"}}`. Nothing else is
/// kept, so that a hostile document takes no room.
class DatasetWindows : public nlohmann::json_sax<nlohmann::json> {
public:
    /// `take(key, input, output)` for each window, empty texts for what it does not have.
    using Take = std::function<Status(const std::string&, const std::string&, const std::string&)>;
    explicit DatasetWindows(Take take)
        : m_take(std::move(take))
    {
    }
    bool null() override { return scalar(); }
    bool boolean(bool) override { return scalar(); }
    bool number_integer(std::int64_t) override { return scalar(); }
    bool number_unsigned(std::uint64_t) override { return scalar(); }
    bool number_float(double, const std::string&) override { return scalar(); }
    bool binary(nlohmann::json::binary_t&) override { return scalar(); }
    bool string(std::string& value) override
    {
        if (m_depth == 2 && m_inWindow && m_wanted != nullptr) {
            *m_wanted = std::move(value);
            return true;
        }
        return scalar();
    }
    bool key(std::string& name) override
    {
        if (m_depth == 1) {
            m_window = std::move(name);
            m_input.clear();
            m_output.clear();
        } else if (m_depth == 2) {
            m_wanted = name == "input_tokens" ? &m_input : name == "output_tokens" ? &m_output : nullptr;
        }
        return true;
    }
    bool start_object(std::size_t) override
    {
        isObject = isObject || m_depth == 0;
        m_inWindow = m_inWindow || (m_depth == 1 && isObject);
        ++m_depth;
        m_wanted = nullptr;
        return true;
    }
    bool end_object() override
    {
        --m_depth;
        if (m_depth == 1 && m_inWindow) {
            m_inWindow = false;
            return give();
        }
        return true;
    }
    bool start_array(std::size_t) override
    {
        if (m_depth == 1 && isObject && !give()) { // a window that is an array
            return false;
        }
        ++m_depth;
        return isObject; // an array at the top is no dataset
    }
    bool end_array() override
    {
        --m_depth;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

    bool isObject = false;
    std::optional<Error> failure;

private:
    bool scalar() { return m_depth == 1 && isObject ? give() : true; }
    bool give()
    {
        const Status status = m_take(m_window, m_input, m_output);
        if (!status.ok()) {
            failure = status.error();
        }
        return status.ok();
    }

    Take m_take;
    std::string m_window, m_input, m_output;
    std::string* m_wanted = nullptr;
    std::int64_t m_depth = 0;
    bool m_inWindow = false;
};

} // namespace

double ClientLoad::expectedRequests() const
{
    return std::accumulate(windows.begin(), windows.end(), 0.0, [](double sum, const RateWindow& window) {
        return sum + window.requestsPerSecond * (window.endSeconds - window.startSeconds);
    });
}

ServeGenReader::ServeGenReader(std::filesystem::path path, RowPolicy& policy, bool keepText)
    : m_path(std::move(path))
    , m_policy(policy)
    , m_keepText(keepText)
{
}

bool ServeGenReader::wants(std::string_view name)
{
    return name.ends_with(kTraceEnding) || name.ends_with(kDatasetEnding);
}

Status ServeGenReader::add(const std::string& name, std::string content)
{
    const bool rates = name.ends_with(kTraceEnding);
    Client& client = m_clients[clientOf(name, rates ? kTraceEnding : kDatasetEnding)];
    bool& there = rates ? client.hasWindows : client.hasLengths;
    if (there) {
        return traceError(m_path / name, 0, 0, "is there twice", "");
    }
    there = true;
    const auto bytes = static_cast<std::int64_t>(content.size());
    ISOBAR_TRY(rates ? addWindows(name, client, std::move(content)) : addLengths(name, client, content));
    m_bytes += bytes;
    return Done{};
}

Status ServeGenReader::addWindows(const std::string& part, Client& client, std::string content)
{
    std::string kept;
    CsvReader reader = CsvReader::fromText(std::move(content), (m_path / part).string(), kRowBytes);
    CsvReader::Record record;
    auto& windows = client.windows;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        ISOBAR_TRY(m_policy.row(m_bytes + reader.position()));
        RateWindow window;
        bool startKnown = false;
        const auto flaw = [&]() -> std::optional<RowFlaw> {
            const auto wrong = [&](std::size_t column, const char* rule, std::string what) {
                return RowFlaw{record.line, column, rule, std::move(what), record.raw, part};
            };
            if (record.flaw != CsvReader::Flaw::None || record.fields.size() != 6) {
                return wrong(0, "field-count",
                             fmt::format("the row has {} fields instead of window, rate, cv, distribution, shape, "
                                         "scale",
                                         record.fields.size()));
            }
            const auto start = parseNumber(trimmed(record.fields[0]));
            if (!start || *start < 0 || *start > kMaxSeconds ||
                (!windows.empty() && *start <= windows.back().startSeconds)) {
                return wrong(1, "timestamp",
                             fmt::format("'{}' is not a time after the row before", clipped(record.fields[0])));
            }
            window.startSeconds = *start;
            startKnown = true;
            const auto rate = parseNumber(trimmed(record.fields[1]));
            if (!rate || *rate < 0) {
                return wrong(2, "rate",
                             fmt::format("'{}' is not a number of requests a second", clipped(record.fields[1])));
            }
            const std::string_view name = trimmed(record.fields[3]);
            if (*rate > 0 && !name.empty()) {
                window.gaps = equalIgnoringCase(name, "Gamma") ? Gaps::Gamma : Gaps::Weibull;
                if (window.gaps == Gaps::Weibull && !equalIgnoringCase(name, "Weibull")) {
                    return wrong(4, "distribution",
                                 fmt::format("'{}' is no distribution of gaps (Gamma, Weibull)", clipped(name)));
                }
                const auto shape = parseNumber(trimmed(record.fields[4]));
                // Flatter than that, and one gap in thousands is all there is.
                if (!shape || !(*shape >= 1e-3)) {
                    return wrong(5, "shape",
                                 fmt::format("'{}' is not a shape from 0.001 on", clipped(record.fields[4])));
                }
                window.shape = *shape;
            }
            window.requestsPerSecond = *rate;
            return std::nullopt;
        }();
        if (flaw) {
            ISOBAR_TRY(m_policy.flawed(*flaw));
            if (!startKnown) {
                continue;
            }
            window = {.startSeconds = window.startSeconds};
        }
        if (++m_windows > kMaxWindows) {
            return traceError(m_path / part, record.line, 0, fmt::format("more than {} windows", kMaxWindows), "");
        }
        if (m_keepText) {
            kept += flaw ? fmt::format("{},0,0,,0,0", window.startSeconds) : std::string(record.raw);
            kept += '\n';
        }
        if (!windows.empty()) {
            windows.back().endSeconds = window.startSeconds;
        }
        windows.push_back(window);
    }
    if (!windows.empty()) {
        const double length = windows.size() > 1
                                  ? windows.back().startSeconds - windows[windows.size() - 2].startSeconds
                                  : kLastWindowSeconds;
        windows.back().endSeconds = windows.back().startSeconds + length;
    }
    if (m_keepText) {
        m_parts.push_back({part, std::move(kept)});
    }
    return Done{};
}

Status ServeGenReader::addLengths(const std::string& part, Client& client, const std::string& content)
{
    std::string kept = "{";
    DatasetWindows windows([&](const std::string& key, const std::string& input, const std::string& output) -> Status {
        ISOBAR_TRY(m_policy.row(m_bytes));
        const auto start = parseNumber(key);
        auto inputs = parseShares(input), outputs = parseShares(output);
        if (!start || !inputs || !outputs) {
            return m_policy.flawed(
                {0, 0, "lengths",
                 fmt::format("the window '{}' has no input_tokens and output_tokens as {{tokens: share}}",
                             clipped(key)),
                 key, part});
        }
        if (m_keepText) { // all three are nothing but figures, braces, colons and commas
            kept += fmt::format("{}\"{}\":{{\"input_tokens\":\"{}\",\"output_tokens\":\"{}\"}}",
                                kept.size() > 1 ? ",\n" : "", key, input, output);
        }
        if (!inputs->empty() && !outputs->empty()) {
            client.lengths.push_back({*start, std::move(*inputs), std::move(*outputs)});
        }
        return Done{};
    });
    const std::size_t mark = content.starts_with("\xef\xbb\xbf") ? 3 : 0;
    const bool parsed =
        nlohmann::json::sax_parse(content.begin() + static_cast<std::ptrdiff_t>(mark), content.end(), &windows);
    if (windows.failure) {
        return *windows.failure;
    }
    if (!parsed || !windows.isObject) {
        ISOBAR_TRY(m_policy.row(m_bytes));
        ISOBAR_TRY(m_policy.flawed({0, 0, "json", "is not a JSON object with lengths by window",
                                    std::string_view(content).substr(0, 200), part}));
    }
    std::stable_sort(client.lengths.begin(), client.lengths.end(),
                     [](const Lengths& a, const Lengths& b) { return a.fromSeconds < b.fromSeconds; });
    if (m_keepText) {
        m_parts.push_back({part, kept + "}"});
    }
    return Done{};
}

Result<ServeGenLoad> ServeGenReader::finish()
{
    ServeGenLoad load;
    // Clients are told apart by their names without the folder they share, so that they draw the same requests from a
    // folder, an archive and a store.
    const auto folderOf = [](const std::string& name) { return name.substr(0, name.rfind('/') + 1); };
    std::string common = m_clients.empty() ? "" : folderOf(m_clients.begin()->first);
    for (const auto& [name, client] : m_clients) {
        while (!name.starts_with(common)) {
            common = folderOf(common.substr(0, common.size() - 1));
        }
    }
    // What is wrong with one client is said of its file.
    const std::filesystem::path where =
        m_clients.size() == 1 ? m_path / (m_clients.begin()->first + std::string(kTraceEnding)) : m_path;
    double expected = 0;
    std::size_t without = 0, datasets = 0;
    for (auto& [name, client] : m_clients) {
        datasets += client.hasLengths ? 1 : 0;
        if (client.windows.empty()) {
            continue;
        }
        without += client.lengths.empty() ? 1 : 0;
        load.clients.push_back({name.substr(common.size()), std::move(client.windows), std::move(client.lengths)});
        expected += load.clients.back().expectedRequests();
    }
    if (load.clients.empty()) {
        return noRows(where);
    }
    if (!(expected < kMaxExpected)) {
        return traceError(where, 0, 0, fmt::format("describes {:.3g} requests, which is too many", expected), "");
    }
    if (expected == 0) {
        return traceError(where, 0, 0, "sends nothing: all rates are zero", "");
    }
    if (without == load.clients.size()) {
        if (datasets > 0) {
            return traceError(where, 0, 0, "has no lengths in any window", "");
        }
        load.notes.push_back("No client comes with lengths: they are drawn around the means of Azure's conversation "
                             "trace (1,155 tokens in, 211 out).");
    } else if (without > 0) {
        load.notes.push_back(fmt::format("{} of {} clients come without lengths: theirs are drawn from those of the "
                                         "others, in proportion to their requests.",
                                         without, load.clients.size()));
    }
    return load;
}

} // namespace isobar::ingest

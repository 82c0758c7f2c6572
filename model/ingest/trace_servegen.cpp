// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/csv_reader.h"
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

/// ServeGen (Alibaba): one client's load as rates, from which its requests are drawn.
///
/// chunk-N-trace.csv has no header: window start (s), requests/s, coefficient of variation of the gaps, their
/// distribution (Gamma or Weibull), its shape and its scale; an idle window has rate 0. A window lasts until the next;
/// the last one as long as the one before it. chunk-N-dataset.json, beside it, gives from some of the window starts on
/// the shares of input and output lengths, as a Python dict inside a string.
///
/// Gaps are drawn with mean 1 and the shape of the window they begin in, and spent at the window's rate, so that a
/// window's mean number of requests is rate x length however bursty it is and no burst is cut at a window's end. Input
/// and output lengths are drawn independently. Where a window has no lengths, those of the nearest earlier one hold,
/// else of the nearest later.
namespace isobar::ingest {
namespace {

enum class Gaps { Exponential, Gamma, Weibull };

struct Window {
    double startSeconds = 0, endSeconds = 0, requestsPerSecond = 0;
    Gaps gaps = Gaps::Exponential;
    double shape = 1;
};

using Random = std::mt19937_64;

double gapOfMeanOne(const Window& window, Random& random)
{
    switch (window.gaps) {
    case Gaps::Gamma:
        return std::gamma_distribution<double>(window.shape, 1 / window.shape)(random);
    case Gaps::Weibull:
        return std::weibull_distribution<double>(window.shape, 1 / std::tgamma(1 + 1 / window.shape))(random);
    case Gaps::Exponential:
        break;
    }
    return std::exponential_distribution<double>(1)(random);
}

/// Token counts by their shares.
struct Lengths {
    std::vector<std::uint32_t> tokens;
    std::vector<double> cumulated;

    [[nodiscard]] bool empty() const { return tokens.empty(); }
    [[nodiscard]] std::uint32_t draw(Random& random) const
    {
        const double at = std::uniform_real_distribution<double>(0, cumulated.back())(random);
        const auto found = std::upper_bound(cumulated.begin(), cumulated.end(), at);
        return tokens[std::min(static_cast<std::size_t>(found - cumulated.begin()), tokens.size() - 1)];
    }
};

struct LengthPair {
    Lengths input, output;
};

/// "{45: 0.25, 46: 0.75}"; counts that have no share are left out.
std::optional<Lengths> parseShares(std::string_view text)
{
    text = trimmed(text);
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
        return std::nullopt;
    }
    text = text.substr(1, text.size() - 2);
    Lengths lengths;
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

Result<std::vector<Window>> readWindows(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(path));
    CsvReader::Record record;
    std::vector<Window> windows;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            break;
        }
        if (record.flaw != CsvReader::Flaw::None || record.fields.size() != 6) {
            return traceError(
                path, record.line, 0,
                fmt::format("the row has {} fields instead of window, rate, cv, distribution, shape, scale",
                            record.fields.size()),
                record.raw);
        }
        const auto start = parseNumber(trimmed(record.fields[0]));
        const auto rate = parseNumber(trimmed(record.fields[1]));
        if (!start || *start < 0 || (!windows.empty() && *start <= windows.back().startSeconds)) {
            return traceError(path, record.line, 1,
                              fmt::format("'{}' is not a time after the row before", clipped(record.fields[0])),
                              record.raw);
        }
        if (!rate || *rate < 0) {
            return traceError(path, record.line, 2,
                              fmt::format("'{}' is not a number of requests a second", clipped(record.fields[1])),
                              record.raw);
        }
        Window window{.startSeconds = *start, .requestsPerSecond = *rate};
        const std::string_view name = trimmed(record.fields[3]);
        if (*rate > 0 && !name.empty()) {
            window.gaps = equalIgnoringCase(name, "Gamma") ? Gaps::Gamma : Gaps::Weibull;
            const auto shape = parseNumber(trimmed(record.fields[4]));
            if (window.gaps == Gaps::Weibull && !equalIgnoringCase(name, "Weibull")) {
                return traceError(path, record.line, 4,
                                  fmt::format("'{}' is no distribution of gaps (Gamma, Weibull)", clipped(name)),
                                  record.raw);
            }
            // Flatter than that, and one gap in thousands is all there is.
            if (!shape || !(*shape >= 1e-3)) {
                return traceError(path, record.line, 5,
                                  fmt::format("'{}' is not a shape from 0.001 on", clipped(record.fields[4])),
                                  record.raw);
            }
            window.shape = *shape;
        }
        if (!windows.empty()) {
            windows.back().endSeconds = *start;
        }
        windows.push_back(window);
    }
    if (windows.empty()) {
        return noRows(path);
    }
    const double length =
        windows.size() > 1 ? windows.back().startSeconds - windows[windows.size() - 2].startSeconds : 600;
    windows.back().endSeconds = windows.back().startSeconds + length;
    double expected = 0;
    for (const Window& window : windows) {
        expected += window.requestsPerSecond * (window.endSeconds - window.startSeconds);
    }
    if (!(expected < static_cast<double>(kMaxTracedRequests) / 2)) {
        return traceError(path, 0, 0, fmt::format("describes {:.3g} requests, which is too many", expected), "");
    }
    return windows;
}

/// By the second they hold from.
Result<std::map<double, LengthPair>> readLengths(const std::filesystem::path& trace)
{
    std::string name = trace.filename().string();
    const std::string ending = "-trace.csv";
    if (!name.ends_with(ending)) {
        return Error{.code = ErrorCode::NotFound,
                     .message = "its name does not say where the client's lengths are",
                     .advice = "name it chunk-N-trace.csv, beside chunk-N-dataset.json",
                     .file = trace.string()};
    }
    name.replace(name.size() - ending.size(), ending.size(), "-dataset.json");
    const std::filesystem::path path = trace.parent_path() / name;
    auto opened = InputFile::open(path);
    if (!opened.ok()) {
        Error error = opened.error();
        error.advice = "the client's lengths have to stand beside its trace";
        return error;
    }
    InputFile file = std::move(opened).value();
    std::string text;
    constexpr std::size_t kMaxBytes = std::size_t{256} << 20, kPiece = std::size_t{1} << 20;
    for (std::size_t got = 1; got > 0;) {
        if (text.size() > kMaxBytes) {
            return traceError(path, 0, 0, "is larger than 256 MiB", "");
        }
        const std::size_t length = text.size();
        text.resize(length + kPiece);
        ISOBAR_TRY_ASSIGN(const std::size_t bytes, file.read(text.data() + length, kPiece));
        got = bytes;
        text.resize(length + got);
    }
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (!document.is_object()) {
        return traceError(path, 0, 0, "is not a JSON object with lengths by window", "");
    }
    std::map<double, LengthPair> lengths;
    for (const auto& [key, window] : document.items()) {
        const auto start = parseNumber(key);
        const auto shares = [&window = window](const char* what) -> std::optional<Lengths> {
            const auto found = window.is_object() ? window.find(what) : window.end();
            return window.is_object() && found != window.end() && found->is_string()
                       ? parseShares(found->get_ref<const std::string&>())
                       : std::nullopt;
        };
        auto input = shares("input_tokens"), output = shares("output_tokens");
        if (!start || !input || !output) {
            return traceError(
                path, 0, 0,
                fmt::format("the window '{}' has no input_tokens and output_tokens as {{tokens: share}}", clipped(key)),
                key);
        }
        if (!input->empty() && !output->empty()) {
            lengths[*start] = {std::move(*input), std::move(*output)};
        }
    }
    if (lengths.empty()) {
        return traceError(path, 0, 0, "has no lengths in any window", "");
    }
    return lengths;
}

} // namespace

Result<Trace> readServeGenTrace(const std::filesystem::path& path, std::uint64_t seed, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const std::vector<Window> windows, readWindows(path));
    ISOBAR_TRY_ASSIGN(const auto lengths, readLengths(path));
    TraceBuilder trace(TraceFormat::ServeGen, path, job);
    Random random(seed);
    double owed = -1; ///< of the gap under way, in mean gaps; below 0: none yet
    for (const Window& window : windows) {
        if (window.requestsPerSecond == 0) {
            continue;
        }
        auto pair = lengths.upper_bound(window.startSeconds);
        pair = pair == lengths.begin() ? pair : std::prev(pair);
        if (owed < 0) {
            owed = gapOfMeanOne(window, random);
        }
        double now = window.startSeconds;
        for (;;) {
            const double next = now + owed / window.requestsPerSecond;
            if (next >= window.endSeconds) {
                owed -= (window.endSeconds - now) * window.requestsPerSecond;
                owed = std::max(0.0, owed);
                break;
            }
            now = next;
            const std::uint32_t input = pair->second.input.draw(random);
            ISOBAR_TRY(trace.add(now, input, pair->second.output.draw(random)));
            owed = gapOfMeanOne(window, random);
        }
    }
    if (trace.empty()) {
        return traceError(path, 0, 0, "describes a client that sends nothing: its rates are zero, or nearly", "");
    }
    return trace.finish();
}

} // namespace isobar::ingest

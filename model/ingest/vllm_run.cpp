// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/vllm_run.h"

#include "model/ingest/text.h"
#include "model/ingest/whole_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace isobar::ingest {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxRunBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxSettingsBytes = std::size_t{16} << 20;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kMaxSeconds = 1e11; ///< about 3,000 years: beyond it microseconds are lost
constexpr std::int64_t kMaxFigure = 1'000'000'000;

/// `object[key]`, or null where there is no such thing.
const Json& at(const Json& object, const char* key)
{
    static const Json none;
    if (!object.is_object()) {
        return none;
    }
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
}

class Settings {
public:
    Settings(const Json& document, std::string file)
        : m_kwargs(at(document, "engine_kwargs"))
        , m_resolved(at(document, "resolved_config"))
        , m_file(std::move(file))
    {
    }

    /// What the server resolved, else what it was started with, else null.
    [[nodiscard]] const Json& find(const char* section, const char* key) const
    {
        const Json& resolved = at(at(m_resolved, section), key);
        return resolved.is_null() ? at(m_kwargs, key) : resolved;
    }

    template <class Number> Status read(const Json& value, const char* name, Number& to) const
    {
        if (value.is_null()) {
            return Done{};
        }
        const double number = value.is_number() ? value.get<double>() : kNone;
        if (!(number >= 1 && number <= static_cast<double>(kMaxFigure) && number == std::floor(number))) {
            return invalid(fmt::format("{} is not a whole number from 1 to {}", name, kMaxFigure), value);
        }
        to = static_cast<Number>(number);
        return Done{};
    }

    [[nodiscard]] Error invalid(std::string message, const Json& value) const
    {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = std::move(message),
                     .advice = "give the settings as the benchmark wrote them",
                     .file = m_file,
                     .text = clipped(value.dump(-1, ' ', false, Json::error_handler_t::replace))};
    }
    [[nodiscard]] const std::string& file() const { return m_file; }

private:
    const Json& m_kwargs;
    const Json& m_resolved;
    std::string m_file;
};

std::string text(const Json& value)
{
    return value.is_string() ? value.get<std::string>() : std::string();
}

bool contains(const std::string& where, std::string_view what)
{
    return where.find(what) != std::string::npos;
}

/// The form of the weights, from what the server was told and from the name the checkpoint is published under.
Result<Precision> precisionOf(const Settings& settings, const std::string& model)
{
    const std::string quantization = lowercase(text(settings.find("model_config", "quantization")));
    const std::string told = quantization + " " + lowercase(model);
    if (contains(told, "nvfp4") || contains(told, "mxfp4") || contains(told, "fp4")) {
        return Precision::Fp4;
    }
    if (contains(told, "awq") || contains(told, "gptq") || contains(told, "int4") || contains(told, "w4a16")) {
        return Precision::Int4;
    }
    if (contains(told, "fp8")) {
        return Precision::Fp8;
    }
    if (!quantization.empty()) {
        return Error{.code = ErrorCode::Infeasible,
                     .message = "quantization is in a form the serving model does not know",
                     .advice = "known: fp8, nvfp4, mxfp4, awq, gptq",
                     .file = settings.file(),
                     .text = clipped(quantization)};
    }
    std::string type = lowercase(text(settings.find("model_config", "dtype")));
    if (type.starts_with("torch.")) {
        type.erase(0, 6);
    }
    if (type.empty() || type == "auto" || type == "bfloat16" || type == "float16" || type == "half") {
        return Precision::Bf16;
    }
    return Error{.code = ErrorCode::Infeasible,
                 .message = "dtype is not one the serving model knows",
                 .advice = "known: bfloat16, float16",
                 .file = settings.file(),
                 .text = clipped(type)};
}

/// A line of a run as it stands in the file.
struct Line {
    VllmRequest request;
    double arrival = kNone, queued = kNone;
};

class RunReader {
public:
    explicit RunReader(const std::filesystem::path& path)
        : m_file(path.string())
    {
    }

    Status take(std::string_view line, std::int64_t number)
    {
        const Json row = Json::parse(line.begin(), line.end(), nullptr, false);
        if (!row.is_object()) {
            return error(number, "the line is not one JSON object", line);
        }
        Line out;
        for (const auto& [key, to] :
             {std::pair{"input_toks", &out.request.inputTokens}, std::pair{"output_toks", &out.request.outputTokens}}) {
            const Json& value = at(row, key);
            const double count = value.is_number() ? value.get<double>() : kNone;
            if (!(count >= 0 && count <= std::numeric_limits<std::uint32_t>::max() && count == std::floor(count))) {
                return error(number, fmt::format("{} is not a number of tokens", key), line);
            }
            *to = static_cast<std::uint32_t>(count);
        }
        double scheduled = kNone, first = kNone, last = kNone;
        for (const auto& [key, to] : {std::pair{"arrival_time", &out.arrival}, std::pair{"queued_ts", &out.queued},
                                      std::pair{"scheduled_ts", &scheduled}, std::pair{"first_token_ts", &first},
                                      std::pair{"last_token_ts", &last}}) {
            const Json& value = at(row, key);
            if (value.is_null()) {
                continue;
            }
            *to = value.is_number() ? value.get<double>() : kNone;
            if (!(std::abs(*to) <= kMaxSeconds)) {
                return error(number, fmt::format("{} is not a time in seconds", key), line);
            }
        }
        if (std::isnan(out.arrival) && std::isnan(out.queued)) {
            return error(number, "there is neither arrival_time nor queued_ts", line);
        }
        // False with a NaN, so what is not there is never backwards.
        if (scheduled < out.queued || first < scheduled || first < out.queued || last < first || last < out.queued) {
            return error(number, "queued_ts, scheduled_ts, first_token_ts and last_token_ts run backwards", line);
        }
        out.request.id = text(at(row, "request_id"));
        out.request.queueSeconds = scheduled - out.queued;
        out.request.ttftSeconds = first - out.queued;
        out.request.endToEndSeconds = last - out.queued;
        const std::uint32_t answer = out.request.outputTokens;
        out.request.tpotSeconds = answer > 1 ? (last - first) / (answer - 1) : kNone;
        std::int64_t& firstAlike = std::isnan(out.arrival) ? m_firstWithout : m_firstWith;
        firstAlike = firstAlike > 0 ? firstAlike : number;
        m_lines.push_back(std::move(out));
        return Done{};
    }

    Result<VllmRun> finish()
    {
        if (m_lines.empty()) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = "has no requests",
                         .advice = "give a run as one JSON object a line",
                         .file = m_file};
        }
        if (m_firstWith > 0 && m_firstWithout > 0) {
            return Error{.code = ErrorCode::InvalidValue,
                         .message = fmt::format("has no arrival_time here, but one in line {}", m_firstWith),
                         .advice = "give arrival_time in every line or in none",
                         .file = m_file,
                         .line = m_firstWithout};
        }
        const bool hasArrivals = m_firstWith > 0;
        const auto arrival = [hasArrivals](const Line& l) { return hasArrivals ? l.arrival : l.queued; };
        std::stable_sort(m_lines.begin(), m_lines.end(),
                         [&](const Line& a, const Line& b) { return arrival(a) < arrival(b); });
        VllmRun run;
        const double origin = arrival(m_lines.front());
        for (Line& line : m_lines) {
            line.request.arrivalSeconds = arrival(line) - origin;
            const bool isEmpty = line.request.inputTokens == 0 || line.request.outputTokens == 0;
            run.withoutTokens += isEmpty ? 1 : 0;
            run.unfinished += !isEmpty && !line.request.finished() ? 1 : 0;
            run.requests.push_back(std::move(line.request));
        }
        return run;
    }

private:
    [[nodiscard]] Error error(std::int64_t number, std::string message, std::string_view line) const
    {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = std::move(message),
                     .advice = "give a run as vLLM's benchmark writes it",
                     .file = m_file,
                     .line = number,
                     .text = clipped(line)};
    }

    std::string m_file;
    std::vector<Line> m_lines;
    std::int64_t m_firstWith = 0, m_firstWithout = 0; ///< lines with and without arrival_time
};

} // namespace

std::optional<std::filesystem::path> findVllmSettings(const std::filesystem::path& run)
{
    std::error_code ignored;
    std::filesystem::path beside = run;
    beside.replace_extension(".meta.json");
    for (const auto& candidate : {beside, run.parent_path() / "meta.json"}) {
        if (std::filesystem::is_regular_file(candidate, ignored)) {
            return candidate;
        }
    }
    return std::nullopt;
}

Result<VllmSettings> readVllmSettings(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(const std::string content, readWholeFile(path, kMaxSettingsBytes));
    const Json document = Json::parse(content, nullptr, false);
    if (!document.is_object()) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is not one JSON object",
                     .advice = "give the settings of a vLLM run (engine_kwargs)",
                     .file = path.string(),
                     .text = clipped(content)};
    }
    const Settings settings(document, path.string());
    VllmSettings out;
    out.model = text(at(document, "model"));
    if (out.model.empty()) {
        out.model = text(settings.find("model_config", "model"));
    }
    out.version = text(at(document, "vllm_version"));
    out.device = text(at(at(document, "hardware"), "device_name"));
    ISOBAR_TRY_ASSIGN(out.precision, precisionOf(settings, out.model));
    const auto read = [&](const char* section, const char* key, auto& to) {
        return settings.read(settings.find(section, key), key, to);
    };
    ISOBAR_TRY(read("parallel_config", "tensor_parallel_size", out.tensorParallel));
    ISOBAR_TRY(read("parallel_config", "data_parallel_size", out.dataParallel));
    ISOBAR_TRY(read("scheduler_config", "max_num_seqs", out.maxSequences));
    ISOBAR_TRY(read("scheduler_config", "max_num_batched_tokens", out.maxBatchedTokens));
    ISOBAR_TRY(read("cache_config", "block_size", out.kvBlockTokens));
    std::int32_t pipelines = 1;
    ISOBAR_TRY(read("parallel_config", "pipeline_parallel_size", pipelines));
    if (pipelines > 1) {
        return Error{.code = ErrorCode::Infeasible,
                     .message = fmt::format("pipeline_parallel_size {} is not modelled", pipelines),
                     .advice = "give a run without pipeline parallelism",
                     .file = path.string()};
    }
    const Json& experts = settings.find("parallel_config", "enable_expert_parallel");
    out.expertParallel = experts.is_boolean() && experts.get<bool>();
    const Json& asynchronous = settings.find("scheduler_config", "async_scheduling");
    out.asynchronous = asynchronous.is_boolean() ? asynchronous.get<bool>() : out.asynchronous;
    if (text(settings.find("cache_config", "kv_cache_dtype")).starts_with("fp8") ||
        text(settings.find("cache_config", "cache_dtype")).starts_with("fp8")) {
        out.kvBytesPerValue = 1;
    }
    const Json& memory = settings.find("cache_config", "gpu_memory_utilization");
    if (!memory.is_null()) {
        out.memoryRatio = memory.is_number() ? memory.get<double>() : kNone;
        if (!(out.memoryRatio > 0 && out.memoryRatio <= 1)) {
            return settings.invalid("gpu_memory_utilization is not a share from 0 to 1", memory);
        }
    }
    // The size of one rank's cache, where it is told as such; else blocks, which count all ranks together.
    std::int64_t tokens = 0, blocks = 0;
    const Json& cache = at(document, "kv_cache");
    ISOBAR_TRY(read("cache_config", "kv_cache_size_tokens", tokens));
    ISOBAR_TRY(settings.read(at(cache, "num_gpu_blocks"), "num_gpu_blocks", blocks));
    if (tokens == 0) {
        ISOBAR_TRY(settings.read(at(cache, "num_kv_tokens"), "num_kv_tokens", tokens));
        tokens = (tokens > 0 ? tokens : blocks * out.kvBlockTokens) / out.dataParallel;
    }
    if (tokens > 0) {
        out.kvCacheTokens = tokens;
    }
    return out;
}

Result<VllmRun> readVllmRun(const std::filesystem::path& path, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const std::string content, readWholeFile(path, kMaxRunBytes));
    constexpr std::int64_t kLookEvery = 1024;
    std::string_view rest = content;
    if (rest.starts_with("\xef\xbb\xbf")) {
        rest.remove_prefix(3);
    }
    RunReader reader(path);
    for (std::int64_t number = 1; !rest.empty(); ++number) {
        if (number % kLookEvery == 0 && job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!line.empty()) {
            ISOBAR_TRY(reader.take(line, number));
        }
    }
    return reader.finish();
}

} // namespace isobar::ingest

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/measured_rows.h"

#include "model/ingest/csv_reader.h"
#include "model/ingest/model_config.h"
#include "model/ingest/system_spec.h"
#include "model/ingest/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace isobar::ingest {
namespace {

enum Column : std::size_t {
    Source,
    Backend,
    Version,
    Model,
    System,
    PrecisionName,
    Mode,
    InputTokens,
    OutputTokens,
    GemmMode,
    Batch,
    Tensor,
    Pipeline,
    Data,
    ExpertTensor,
    Expert,
    Ttft,
    Tpot,
    ColumnCount
};
constexpr std::array<std::string_view, ColumnCount> kColumns{"silicon_data_source",
                                                             "backend",
                                                             "backend_version",
                                                             "model_path",
                                                             "system",
                                                             "precision",
                                                             "mode",
                                                             "isl",
                                                             "osl",
                                                             "gemm_quant_mode",
                                                             "batch_size",
                                                             "tp_size",
                                                             "pp_size",
                                                             "attention_dp_size",
                                                             "moe_tp_size",
                                                             "moe_ep_size",
                                                             "silicon_ttft_ms",
                                                             "silicon_tpot_ms"};

/// "…; silicon_concurrency=64; …": how many clients there were.
std::optional<double> statedConcurrency(std::string_view source)
{
    constexpr std::string_view kKey = "silicon_concurrency=";
    const std::size_t at = source.find(kKey);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    source.remove_prefix(at + kKey.size());
    return parseNumber(trimmed(source.substr(0, source.find(';'))));
}

/// "…; measured=2026-01-14T00:…": the day.
std::string_view statedDay(std::string_view source)
{
    constexpr std::string_view kKey = "measured=";
    const std::size_t at = source.find(kKey);
    return at == std::string_view::npos ? std::string_view() : source.substr(at + kKey.size(), 10);
}

std::size_t position(std::vector<std::string>& names, const std::string& name)
{
    const auto known = std::find(names.begin(), names.end(), name);
    const auto at = static_cast<std::size_t>(known - names.begin());
    if (known == names.end()) {
        names.push_back(name);
    }
    return at;
}

/// Descriptions of models or systems, each read once; what is wrong with one is kept too.
template <class Value> class Described {
public:
    /// The position of `name`, or why there is none.
    template <class Read> Result<std::size_t> at(const std::string& name, Read&& read)
    {
        auto found = m_known.find(name);
        if (found == m_known.end()) {
            Result<Value> value = read(name);
            if (value.ok()) {
                m_values.push_back(std::move(*value));
                found = m_known.emplace(name, m_values.size() - 1).first;
            } else {
                found = m_known.emplace(name, value.error()).first;
            }
        }
        return found->second;
    }
    [[nodiscard]] std::vector<Value>& values() { return m_values; }

private:
    std::map<std::string, Result<std::size_t>> m_known;
    std::vector<Value> m_values;
};

class Reading {
public:
    explicit Reading(const MeasuredFolders& folders)
        : m_folders(folders)
    {
    }

    Status header(const CsvReader::Record& record, const std::string& file)
    {
        m_width = record.fields.size();
        for (std::size_t c = 0; c < ColumnCount; ++c) {
            const auto at = std::find_if(record.fields.begin(), record.fields.end(),
                                         [&](std::string_view f) { return trimmed(f) == kColumns[c]; });
            if (at == record.fields.end() && (c == ExpertTensor || c == Expert || c == Version)) {
                m_at[c] = kAbsent; // a table need not tell these
                continue;
            }
            if (at == record.fields.end()) {
                return Error{.code = ErrorCode::WrongFormat,
                             .message = fmt::format("has no column {}", kColumns[c]),
                             .advice = "give aiconfigurator's table of measurements",
                             .file = file,
                             .line = record.line,
                             .text = clipped(record.raw)};
            }
            m_at[c] = static_cast<std::size_t>(at - record.fields.begin());
        }
        return Done{};
    }

    /// "" or why the row is skipped.
    std::string take(const CsvReader::Record& record)
    {
        if (record.flaw != CsvReader::Flaw::None) {
            return "is not CSV";
        }
        if (record.fields.size() != m_width) {
            return fmt::format("has {} fields, the header {}", record.fields.size(), m_width);
        }
        const auto field = [&](Column c) {
            return m_at[c] == kAbsent ? std::string_view() : trimmed(record.fields[m_at[c]]);
        };
        if (field(Mode) != "agg") {
            return fmt::format("mode {}: prefill and decode on different replicas are not modelled",
                               clipped(field(Mode)));
        }
        MeasuredRow row;
        row.line = record.line;
        if (const std::string why = takePrecision(field(PrecisionName), field(GemmMode), row.precision); !why.empty()) {
            return why;
        }

        double tensor = 0, pipeline = 0, batch = 0, ttftMs = 0, tpotMs = 0;
        const struct {
            Column column;
            double* to;
            double least, most;
        } numbers[] = {{InputTokens, &row.inputTokens, 1, 1e8},
                       {OutputTokens, &row.outputTokens, 2, 1e8},
                       {Batch, &batch, 1, 1e6},
                       {Tensor, &tensor, 1, 1e4},
                       {Pipeline, &pipeline, 1, 1e4},
                       {Ttft, &ttftMs, 1e-6, 1e9},
                       {Tpot, &tpotMs, 1e-6, 1e9}};
        for (const auto& n : numbers) {
            const auto value = parseNumber(field(n.column));
            if (!value || *value < n.least || *value > n.most) {
                return fmt::format("{} is '{}', not a number from {} to {}", kColumns[n.column],
                                   clipped(field(n.column)), n.least, n.most);
            }
            *n.to = *value;
        }
        if (pipeline != 1) {
            return "pipeline parallelism is not modelled";
        }
        // Blank and 0 are how this table writes "not used".
        const auto ways = [&](Column c) {
            const std::string_view text = field(c);
            const double value = text.empty() ? 1 : parseNumber(text).value_or(-1);
            return value == 0 ? 1 : value;
        };
        const double data = ways(Data), expertTensor = ways(ExpertTensor), expert = ways(Expert);
        for (const double n : {tensor, data, expertTensor, expert}) {
            if (!(n >= 1) || n > 1e4 || n != std::floor(n)) {
                return "the ways of its parallelism are not whole numbers";
            }
        }
        takeLayout(row, tensor, data, expertTensor, expert);
        const auto stated = statedConcurrency(field(Source));
        if (!stated) {
            return "the number of clients is not said";
        }
        // The batch is that of one attention group, labelled as above or as here, and rounded.
        row.concurrency = *stated;
        const auto matches = [&](double groups) { return std::abs(row.concurrency - batch * groups) < groups; };
        if (row.concurrency != batch && !matches(data) && !matches(row.attentionDataParallel)) {
            return "the number of clients and the batch size differ: which one ran is not said";
        }
        // InferenceMAX calls its benchmark with --random-range-ratio 0.8.
        row.shortestRatio = field(Source).find("measured=") != std::string_view::npos ? 0.8 : 1;
        row.ttftSeconds = ttftMs / 1e3;
        row.tpotSeconds = tpotMs / 1e3;
        const std::string engine(field(Backend));
        if (std::string why = place(row, std::string(field(System)), std::string(field(Model)), engine); !why.empty()) {
            return why;
        }
        out.rows.back().build =
            position(out.builds, fmt::format("{} {} {}", engine, field(Version), statedDay(field(Source))));
        return {};
    }

    MeasuredRows out;

    /// "" or why it is skipped.
    static std::string takePrecision(std::string_view name, std::string_view gemmMode, Precision& to)
    {
        if (name.empty() && gemmMode.empty()) {
            return {};
        }
        for (const Precision precision : kAllPrecisions) {
            if (name == precisionName(precision)) {
                to = precision;
                return {};
            }
        }
        return fmt::format("precision {} is not modelled", clipped(name.empty() ? gemmMode : name));
    }

    /// The table gives one replica's ways in several manners. Where every chip holds part of the attention and of the
    /// experts, some rows multiply the two and say 64 ways (8 x 8) for 8 chips.
    void takeLayout(MeasuredRow& row, double tensor, double data, double expertTensor, double expert) const
    {
        const double chips = tensor * data, root = std::round(std::sqrt(chips));
        const bool isSquare = root > 1 && root * root == chips;
        if (isSquare && tensor == data && expertTensor * expert == chips) { // 4 x 4 ways, 16 experts' parts: 4 chips
            tensor = 1;
            data = expert = root;
        } else if (isSquare && root >= 4 && expertTensor == root && expert == root) { // 64 ways, 8 x 8 experts': 8
            tensor = data > 1 ? 1 : root;
            data = data > 1 ? root : 1;
        }
        row.tensorParallel = static_cast<std::int32_t>(tensor);
        row.attentionDataParallel = static_cast<std::int32_t>(data);
        row.expertParallel = static_cast<std::int32_t>(std::min(expert, tensor * data));
    }

    void finish()
    {
        for (SystemSpec& s : m_systems.values()) {
            out.accelerators.push_back(std::move(s.accelerator));
        }
        out.models = std::move(m_models.values());
    }

private:
    std::string place(MeasuredRow row, const std::string& system, const std::string& model, const std::string& engine)
    {
        const auto isFileName = [](const std::string& name) {
            return !name.empty() && name.find_first_of("/\\") == std::string::npos && name[0] != '.';
        };
        if (!isFileName(system)) {
            return fmt::format("system '{}' is no name", clipped(system));
        }
        const auto accelerator = m_systems.at(
            system, [this](const std::string& name) { return readSystemSpec(m_folders.systems / (name + ".yaml")); });
        if (!accelerator.ok()) {
            return "system " + clipped(system) + ": " + accelerator.error().message;
        }
        if (row.tensorParallel * row.attentionDataParallel > m_systems.values()[*accelerator].chipsTogether) {
            return "parallelism beyond one node is not modelled";
        }
        // The heads of no model are divided so far; such rows are of several replicas, all their chips counted.
        if (row.tensorParallel > 16) {
            return "more than 16 chips in one tensor-parallel group: rather the chips of several replicas";
        }
        const auto served = m_models.at(model, [this](const std::string& name) -> Result<ServedModel> {
            const auto file = findModelConfig(m_folders.models, name);
            if (!file) {
                return Error{.code = ErrorCode::NotFound, .message = "its configuration is not in the folder"};
            }
            return readModelConfig(*file, name);
        });
        if (!served.ok()) {
            return "model " + clipped(model) + ": " + served.error().message;
        }
        // Such rows are labelled so, but can only have run with another division of the work.
        if (m_models.values()[*served].attentionHeads % row.tensorParallel != 0) {
            return "its attention heads cannot be divided by tp_size";
        }
        if (engine.empty()) {
            return "has no backend";
        }
        if (!m_seen
                 .insert(fmt::format("{:.8g} {:.8g} {} {}", row.ttftSeconds, row.tpotSeconds, row.inputTokens,
                                     row.outputTokens))
                 .second) {
            return "the same measurement as an earlier row, to eight digits, under another label";
        }
        const AcceleratorType& chip = m_systems.values()[*accelerator].accelerator;
        const bool followsCheckpoint = engine == "trtllm" || chip.fp4FlopsPerSecond;
        row.kvBytesPerValue = row.precision != Precision::Bf16 && followsCheckpoint ? 1 : 2;
        row.accelerator = *accelerator;
        row.model = *served;
        row.engine = position(out.engines, engine);
        out.rows.push_back(row);
        return {};
    }

    static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

    const MeasuredFolders& m_folders;
    std::array<std::size_t, ColumnCount> m_at{};
    std::size_t m_width = 0;
    Described<SystemSpec> m_systems;
    Described<ServedModel> m_models;
    std::set<std::string> m_seen; ///< measurements taken
};

} // namespace

Result<MeasuredRows> readMeasuredRows(const std::filesystem::path& path, const MeasuredFolders& folders,
                                      const JobContext& job)
{
    for (const auto& folder : {folders.systems, folders.models}) {
        std::error_code failed;
        if (!std::filesystem::is_directory(folder, failed)) {
            return Error{.code = ErrorCode::NotFound,
                         .message = "is not a folder",
                         .advice = "name the folder the descriptions are in",
                         .file = folder.string()};
        }
    }
    ISOBAR_TRY_ASSIGN(CsvReader reader, CsvReader::open(path));
    Reading reading(folders);
    CsvReader::Record record;
    ISOBAR_TRY_ASSIGN(bool more, reader.next(record));
    if (!more) {
        return Error{.code = ErrorCode::WrongFormat, .message = "is empty", .file = path.string()};
    }
    ISOBAR_TRY(reading.header(record, path.string()));
    for (;;) {
        ISOBAR_TRY_ASSIGN(more, reader.next(record));
        if (!more) {
            break;
        }
        if (job.cancelled()) {
            return Error{.code = ErrorCode::Cancelled, .message = "stopped while reading", .file = path.string()};
        }
        ++reading.out.read;
        if (std::string why = reading.take(record); !why.empty()) {
            reading.out.skipped.push_back({record.line, std::move(why)});
        }
    }
    reading.finish();
    return std::move(reading.out);
}

} // namespace isobar::ingest

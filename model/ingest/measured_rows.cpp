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

namespace isobar::ingest {
namespace {

enum Column : std::size_t {
    Source,
    Backend,
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
    Ttft,
    Tpot,
    ColumnCount
};
constexpr std::array<std::string_view, ColumnCount> kColumns{"silicon_data_source",
                                                             "backend",
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
        const auto field = [&](Column c) { return trimmed(record.fields[m_at[c]]); };
        if (field(Mode) != "agg") {
            return fmt::format("mode {}: prefill and decode on different replicas are not modelled",
                               clipped(field(Mode)));
        }
        MeasuredRow row;
        row.line = record.line;
        const std::string_view precision = field(PrecisionName);
        if (precision == "fp8") {
            row.precision = Precision::Fp8;
        } else if (precision != "bf16" && !(precision.empty() && field(GemmMode).empty())) {
            return fmt::format("precision {} is not modelled",
                               clipped(precision.empty() ? field(GemmMode) : precision));
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
        // Blank and 0 are how this table writes "not used".
        const double data = field(Data).empty() ? 1 : parseNumber(field(Data)).value_or(-1);
        if (pipeline != 1 || data < 0 || data > 1) {
            return "pipeline or attention-data parallelism is not modelled";
        }
        if (tensor != std::floor(tensor)) {
            return "tp_size is not a whole number";
        }
        row.tensorParallel = static_cast<std::int32_t>(tensor);
        row.concurrency = statedConcurrency(field(Source)).value_or(batch);
        if (row.concurrency != batch) {
            return "the number of clients and the batch size differ: which one ran is not said";
        }
        row.ttftSeconds = ttftMs / 1e3;
        row.tpotSeconds = tpotMs / 1e3;
        return place(row, std::string(field(System)), std::string(field(Model)), std::string(field(Backend)));
    }

    MeasuredRows out;

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
        if (row.tensorParallel > m_systems.values()[*accelerator].chipsTogether) {
            return "tensor parallelism beyond one node is not modelled";
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
        row.accelerator = *accelerator;
        row.model = *served;
        const auto known = std::find(out.engines.begin(), out.engines.end(), engine);
        row.engine = static_cast<std::size_t>(known - out.engines.begin());
        if (known == out.engines.end()) {
            out.engines.push_back(engine);
        }
        out.rows.push_back(row);
        return {};
    }

    const MeasuredFolders& m_folders;
    std::array<std::size_t, ColumnCount> m_at{};
    std::size_t m_width = 0;
    Described<SystemSpec> m_systems;
    Described<ServedModel> m_models;
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

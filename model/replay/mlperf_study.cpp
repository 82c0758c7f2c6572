// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/mlperf_study.h"

#include "model/ingest/system_spec.h"
#include "model/serving/iteration_model.h"

#include <algorithm>
#include <cmath>

namespace isobar::replay {
namespace {

/// A benchmark's model and requests.
struct Benchmark {
    const char* name;
    ServedModel model;
    double inputTokens, outputTokens; ///< means; the output is what a result counts
    double beams;                     ///< sequences decoded for one answer
};

/// The published architectures, and MLPerf's data: OpenOrca, 294.45 tokens an answer and as many a prompt;
/// CNN/DailyMail at about 870 tokens an article, summaries of 69 tokens (at most 128) by a beam search of four.
std::vector<Benchmark> benchmarks()
{
    ServedModel llama;
    llama.name = "llama2-70b";
    llama.layers = 80;
    llama.hiddenSize = 8192;
    llama.attentionHeads = 64;
    llama.kvHeads = 8;
    llama.headDimension = 128;
    llama.totalParameters = 68.98e9;
    llama.activeParameters = llama.totalParameters - 32000.0 * 8192;
    llama.kvValuesPerToken = 2.0 * 80 * 8 * 128;
    ServedModel gptj;
    gptj.name = "gptj";
    gptj.layers = 28;
    gptj.hiddenSize = 4096;
    gptj.attentionHeads = gptj.kvHeads = 16;
    gptj.headDimension = 256;
    gptj.totalParameters = 6.05e9;
    gptj.activeParameters = gptj.totalParameters - 50400.0 * 4096;
    gptj.kvValuesPerToken = 2.0 * 28 * 16 * 256;
    return {{"llama2-70b", llama, 294, 294.45, 1}, {"gptj", gptj, 870, 69, 4}};
}

/// The chip a submitter's name stands for; empty for boards without a datasheet here.
std::string datasheetName(const std::string& accelerator)
{
    if (accelerator.ends_with("-CTS")) {
        return {}; // a special edition with a higher power limit
    }
    for (const auto& [part, name] : {std::pair{"H100-SXM", "H100"},
                                     {"H100-PCIe", "H100-PCIE"},
                                     {"H200-SXM", "H200"},
                                     {"B200-SXM", "B200"},
                                     {"MI300X", "MI300X"},
                                     {"L40S", "L40S"}}) {
        if (accelerator.find(part) != std::string::npos) {
            return name;
        }
    }
    return {};
}

std::vector<AcceleratorType> datasheets(std::span<const AcceleratorType> accelerators,
                                        const std::filesystem::path& systems)
{
    std::vector<AcceleratorType> out;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(systems, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (entry->path().extension() == ".yaml") {
            if (auto spec = ingest::readSystemSpec(entry->path()); spec.ok()) {
                out.push_back(spec->accelerator);
            }
        }
    }
    out.insert(out.end(), accelerators.begin(), accelerators.end());
    return out;
}

/// Tokens a second of one chip at its best division of the model.
void predict(const Benchmark& benchmark, const AcceleratorType& chip, const Calibration& calibration,
             MlperfPrediction& to)
{
    constexpr std::int32_t kMaxBatch = 2048;
    to.precision = chip.fp4FlopsPerSecond ? Precision::Fp4 : chip.fp8FlopsPerSecond ? Precision::Fp8 : Precision::Bf16;
    const Efficiency* row = calibration.find(chip.name, to.precision);
    to.isMeasuredChip = row != nullptr && row->accelerator == chip.name;
    for (const std::int32_t ways : {1, 2, 4, 8}) {
        const auto model =
            serving::buildIterationModel(benchmark.model, chip, to.precision, ways, kMaxBatch, calibration);
        if (!model.ok()) {
            continue;
        }
        // A running sequence has its prompt and, answers being of any length, a whole mean answer behind it.
        const double context = benchmark.inputTokens + benchmark.outputTokens;
        const double batch =
            std::clamp(std::floor(static_cast<double>(model->kvCapacityTokens) / context), 1.0, double{kMaxBatch});
        // A prompt is read once for all beams, then each decodes.
        const double step = model->decodeSeconds(batch, batch * context);
        const double prompt = model->mixedSeconds(batch, batch * context, benchmark.inputTokens) - step;
        const double work = prompt + benchmark.beams * (benchmark.outputTokens - 1) * step / batch;
        const double perChip = benchmark.outputTokens / work / ways;
        if (perChip > to.tokensPerSecond) {
            to.tokensPerSecond = perChip;
            to.tensorParallel = ways;
            to.batch = batch;
        }
    }
}

} // namespace

std::vector<MlperfPrediction> predictMlperf(const ingest::MlperfResults& results, const Calibration& calibration,
                                            std::span<const AcceleratorType> accelerators,
                                            const std::filesystem::path& systems)
{
    // What is submitted keeps its cache in fp8, as it does its weights in fp8 or fp4.
    Calibration calibrated = calibration;
    for (Efficiency& e : calibrated.efficiencies) {
        e.kvBytesPerValue = 1;
    }
    // On NVIDIA's chips TensorRT-LLM's compiled runtime prepares an iteration during the one before: no time a
    // sequence, which servers in Python spend. AMD's submissions ran vLLM.
    Calibration compiled = calibrated;
    for (Efficiency& e : compiled.efficiencies) {
        e.sequenceOverheadSeconds = 0;
    }
    const std::vector<AcceleratorType> chips = datasheets(accelerators, systems);
    const std::vector<Benchmark> known = benchmarks();
    std::vector<MlperfPrediction> out;
    for (const ingest::MlperfResult& result : results.results) {
        const auto benchmark =
            std::find_if(known.begin(), known.end(), [&](const Benchmark& b) { return result.model == b.name; });
        if (benchmark == known.end()) {
            continue;
        }
        MlperfPrediction p;
        p.measured = result;
        const std::string name = datasheetName(result.accelerator);
        const auto chip =
            std::find_if(chips.begin(), chips.end(), [&](const AcceleratorType& a) { return a.name == name; });
        if (!name.empty() && chip != chips.end()) {
            predict(*benchmark, *chip, chip->vendor == "NVIDIA" ? compiled : calibrated, p);
            p.vendor = chip->vendor;
            p.accelerator = p.tokensPerSecond > 0 ? name : std::string();
        }
        out.push_back(std::move(p));
    }
    for (MlperfPrediction& p : out) {
        double sum = 0, count = 0;
        for (const MlperfPrediction& other : out) {
            if (!other.accelerator.empty() && other.accelerator != p.accelerator && other.vendor == p.vendor &&
                other.measured.scenario == p.measured.scenario) {
                sum += std::log(other.measured.tokensPerSecond / other.tokensPerSecond);
                count += 1;
            }
        }
        p.tunedTokensPerSecond = p.tokensPerSecond * (count > 0 ? std::exp(sum / count) : 1);
    }
    return out;
}

} // namespace isobar::replay

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/mlperf_study.h"

#include "model/ingest/system_spec.h"
#include "model/serving/iteration_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

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

/// How a submission divided the model, and how many requests it ran at once at most.
struct Layout {
    std::int32_t tensorParallel;
    double batch; ///< 0: not published, what the KV cache holds
};

/// What the submitters say they ran (mlcommons/inference_results_v4.1, commit a2f5d66d: closed/NVIDIA/configs,
/// ASUSTeK's for llama2-70b on H100 PCIe, Fujitsu's for it on L40S). B200 and MI300X were submitted as single chips.
std::optional<Layout> submittedLayout(const std::string& benchmark, const std::string& chip)
{
    struct Known {
        const char *benchmark, *chip;
        Layout layout;
    };
    static constexpr std::array kKnown{
        Known{"llama2-70b", "B200", {1, 0}},   Known{"llama2-70b", "H200", {1, 806}},
        Known{"llama2-70b", "H100", {2, 896}}, Known{"llama2-70b", "H100-PCIE", {2, 896}},
        Known{"llama2-70b", "MI300X", {1, 0}}, Known{"llama2-70b", "L40S", {4, 1024}},
        Known{"gptj", "H200", {1, 396}},       Known{"gptj", "H100", {1, 192}},
        Known{"gptj", "H100-PCIE", {1, 192}},  Known{"gptj", "L40S", {1, 100}},
    };
    const auto* known = std::find_if(kKnown.begin(), kKnown.end(),
                                     [&](const Known& k) { return benchmark == k.benchmark && chip == k.chip; });
    return known != kKnown.end() ? std::optional(known->layout) : std::nullopt;
}

/// The engine, as measured rows name it, by the software a submission names.
std::string engineOf(const std::string& software)
{
    if (software.find("TensorRT") != std::string::npos) {
        return "trtllm";
    }
    return software.find("vLLM") != std::string::npos ? "vllm" : std::string();
}

/// The coefficients of a chip by what is known of it besides its datasheet. A chip with rows of its own keeps them.
Efficiency knownEfficiency(const Calibration& calibration, const AcceleratorType& chip, Precision precision)
{
    const auto own = [&](const char* name) -> const Efficiency* {
        const Efficiency* row = calibration.find(name, precision);
        return row != nullptr && row->accelerator == name ? row : nullptr;
    };
    Efficiency e;
    if (const Efficiency* row = calibration.find(chip.name, precision)) {
        e = *row;
    }
    const Efficiency* const h100 = own("H100");
    if (e.accelerator != chip.name && h100 != nullptr) {
        // The same die, GH100, with other memory or at another clock: it reaches as much of its datasheet.
        if (chip.name == "H200" || chip.name == "H100-PCIE") {
            e = *h100;
        }
        // Large fp8 products reach 1,273 of 2,615 TFLOP/s on MI300X (AMD, "Measuring Max-Achievable FLOPs - Part 2")
        // and 1,403 of 1,979 on H100 (S. Bekman, "Maximum Achievable Matmul FLOPS"): serving is taken to reach as much
        // of that on the one as on the other.
        if (chip.name == "MI300X" && precision == Precision::Fp8) {
            e.computeRatio = h100->computeRatio * (1273.0 / 2614.9) / (1402.6 / 1979);
        }
    }
    // Over PCIe what the runs of real vLLM servers on RTX PRO 6000 were fitted with, 0.305 of 64 GB/s. The generic
    // share is NVLink's.
    constexpr double kPcieCollectiveBytesPerSecond = 0.305 * 64e9;
    if (serving::isOverPcie(chip) && chip.interconnectBytesPerSecond > 0) {
        e.interconnectRatio = std::min(1.0, kPcieCollectiveBytesPerSecond / chip.interconnectBytesPerSecond);
    }
    e.accelerator = chip.name;
    return e;
}

/// Tokens a second of one chip of a replica that is never short of requests; 0 tokens when the model does not fit.
SaturatedReplica saturate(const Benchmark& benchmark, const AcceleratorType& chip, Precision precision,
                          const Layout& layout, const Calibration& calibration)
{
    constexpr double kMaxSequences = 2048;
    SaturatedReplica out;
    const auto model = serving::buildIterationModel(benchmark.model, chip, precision, layout.tensorParallel,
                                                    static_cast<std::int32_t>(kMaxSequences), calibration);
    if (!model.ok()) {
        return out;
    }
    // A running sequence has its prompt and, answers being of any length, a whole mean answer behind it. The beams of a
    // request keep their prompt once (blocks are shared) and read it each: TensorRT-LLM's kernel that reads it for
    // several sequences at once (XQA) is not for models with as many KV heads as heads.
    const double context = benchmark.inputTokens + benchmark.outputTokens;
    const double held = benchmark.inputTokens + benchmark.beams * benchmark.outputTokens;
    double batch = std::min(static_cast<double>(model->kvCapacityTokens) / held, kMaxSequences / benchmark.beams);
    if (layout.batch > 0) {
        batch = std::min(batch, layout.batch);
    }
    batch = std::max(1.0, std::floor(batch));
    const double sequences = batch * benchmark.beams;
    // A prompt is read once for all beams, then each decodes.
    const double step = model->decodeSeconds(sequences, sequences * context);
    const double prompt = model->mixedSeconds(sequences, sequences * context, benchmark.inputTokens) - step;
    const double work = prompt + (benchmark.outputTokens - 1) * step / batch;
    out.tensorParallel = layout.tensorParallel;
    out.batch = batch;
    out.tokensPerSecond = benchmark.outputTokens / work / layout.tensorParallel;
    return out;
}

/// The division over 1 to 8 chips that gives most tokens a chip.
SaturatedReplica saturateBest(const Benchmark& benchmark, const AcceleratorType& chip, Precision precision,
                              const Calibration& calibration)
{
    SaturatedReplica best;
    for (const std::int32_t ways : {1, 2, 4, 8}) {
        const SaturatedReplica here = saturate(benchmark, chip, precision, {ways, 0}, calibration);
        best = here.tokensPerSecond > best.tokensPerSecond ? here : best;
    }
    return best;
}

} // namespace

std::vector<MlperfPrediction> predictMlperf(const ingest::MlperfResults& results, const Calibration& calibration,
                                            std::span<const EngineTime> engines,
                                            std::span<const AcceleratorType> accelerators,
                                            const std::filesystem::path& systems)
{
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
        if (name.empty() || chip == chips.end()) {
            out.push_back(std::move(p));
            continue;
        }
        p.vendor = chip->vendor;
        p.precision = chip->fp4FlopsPerSecond   ? Precision::Fp4
                      : chip->fp8FlopsPerSecond ? Precision::Fp8
                                                : Precision::Bf16;
        const Efficiency* row = calibration.find(chip->name, p.precision);
        p.isMeasuredChip = row != nullptr && row->accelerator == chip->name;
        const std::string engine = engineOf(result.software);
        const auto time =
            std::find_if(engines.begin(), engines.end(), [&](const EngineTime& e) { return e.engine == engine; });
        p.engine = time != engines.end() ? engine : std::string();

        // What is submitted keeps its cache in fp8, as it does its weights in fp8 or fp4. And TensorRT-LLM's compiled
        // runtime prepares an iteration during the one before: no time a sequence, which servers in Python spend.
        const auto submits = [&](Efficiency e) {
            e.kvBytesPerValue = 1;
            e.sequenceOverheadSeconds = engine == "trtllm" ? 0 : e.sequenceOverheadSeconds;
            return e;
        };
        if (row != nullptr) {
            p.alone = saturateBest(*benchmark, *chip, p.precision, {{}, {submits(*row)}});
            const Calibration submitted{{}, {submits(knownEfficiency(calibration, *chip, p.precision))}};
            const std::optional<Layout> layout = submittedLayout(benchmark->name, chip->name);
            p.isKnownSubmission = layout.has_value();
            p.submitted = layout ? saturate(*benchmark, *chip, p.precision, *layout, submitted)
                                 : saturateBest(*benchmark, *chip, p.precision, submitted);
            p.submitted.tokensPerSecond /= time != engines.end() ? time->timeRatio : 1;
        }
        p.accelerator = p.alone.tokensPerSecond > 0 ? name : std::string();
        out.push_back(std::move(p));
    }
    return out;
}

} // namespace isobar::replay

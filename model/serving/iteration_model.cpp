// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/iteration_model.h"
#include "model/serving/erlang.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace isobar::serving {
namespace {

// Activations cross the interconnect in bf16 whatever the precision of the weights: the default of the common runtimes.
constexpr double kActivationBytes = 2;

// A link of this rate or less is PCIe (5.0 x16, one direction). There NCCL has two protocols for a collective of S
// bytes (Hu et al., "Demystifying NCCL", arXiv:2507.04786): LL, which spends half of the bandwidth on flags, and
// Simple, which takes about six times as long a hop; the sooner is taken: min(a + 2 S / bw, 6 a + S / bw). LL128, which
// is as quick as the one and as wide as the other, needs NVLink: there the time is a + S / bw.
constexpr double kPcieBytesPerSecond = 64e9;
constexpr double kSimpleOverLowLatency = 6;

/// Ways the KV cache is divided over the chips of a replica. A head is not split, so beyond the number of KV heads
/// chips hold copies; a latent cache (MLA) has no heads to divide and is copied to every chip.
double kvShards(const ServedModel& model, std::int32_t tensorParallel)
{
    const double byHeads = 2.0 * model.layers * model.kvHeads * model.headDimension;
    const bool latent = model.kvValuesPerToken < 0.99 * byHeads;
    return latent ? 1 : std::clamp(tensorParallel, 1, std::max(1, model.kvHeads));
}

Error infeasible(std::string message, std::string advice)
{
    Error error;
    error.code = ErrorCode::Infeasible;
    error.message = std::move(message);
    error.advice = std::move(advice);
    return error;
}

/// Share of the routed experts that `tokens` tokens use.
double touchedExperts(const IterationModel& m, double tokens)
{
    // (1 - p)^n <= exp(-p n): beyond 40 it is below the rounding of 1, and long prompts need no power.
    return m.expertsTouchedPerToken * tokens > 40 ? 1 : 1 - std::pow(1 - m.expertsTouchedPerToken, tokens);
}

/// Reading weights while multiplying by them.
double weightSeconds(const IterationModel& m, double tokens)
{
    const auto roof = [&m](double read, double multiply) {
        return std::max(read, multiply) + m.exposedRatio * std::min(read, multiply);
    };
    const double dense = roof(m.denseWeightSeconds, tokens * m.perTokenComputeSeconds);
    return m.expertWeightSeconds == 0 ? dense
                                      : dense + roof(m.expertWeightSeconds * touchedExperts(m, tokens),
                                                     tokens * m.perTokenExpertComputeSeconds);
}

/// The precision of the weights outside routed experts. A mixture published with 4-bit weights has them in its experts
/// only; the rest, a few per cent, stays in bf16.
Precision precisionOutsideExperts(const ServedModel& model, Precision precision)
{
    const bool isFourBit = precision == Precision::Fp4 || precision == Precision::Int4;
    return isFourBit && model.expertParameters > 0 ? Precision::Bf16 : precision;
}

/// Peak FLOP/s at which weights of a precision are multiplied.
double peakFlops(const AcceleratorType& accelerator, Precision precision)
{
    switch (precision) {
    case Precision::Fp8:
        return accelerator.fp8FlopsPerSecond.value_or(accelerator.bf16FlopsPerSecond);
    case Precision::Fp4:
        return accelerator.fp4FlopsPerSecond.value_or(accelerator.bf16FlopsPerSecond);
    case Precision::Bf16:
    case Precision::Int4:
        break;
    }
    return accelerator.bf16FlopsPerSecond;
}

/// What a prompt adds to an iteration of a batch.
double prefillSeconds(const IterationModel& m, double sequences, double contextTokens, double promptTokens)
{
    return m.mixedSeconds(sequences, contextTokens, promptTokens) - m.decodeSeconds(sequences, contextTokens);
}

} // namespace

double IterationModel::seconds(const IterationLoad& load) const
{
    const double tokens = load.sequences + load.promptTokens;
    const double communication = tokens * perTokenCommunicationSeconds;
    return fixedSeconds + (load.sequences + load.prompts) * perSequenceSeconds +
           load.contextTokens * perContextTokenSeconds + weightSeconds(*this, tokens) +
           load.promptTokensSquared * perPrefillTokenSquaredSeconds + communication +
           std::min(communication, collectiveSetupSeconds);
}

double IterationModel::decodeSeconds(double sequences, double contextTokens) const
{
    return seconds({sequences, contextTokens, 0, 0, 0});
}

double IterationModel::mixedSeconds(double sequences, double contextTokens, double promptTokens) const
{
    return seconds({sequences, contextTokens, 1, promptTokens, promptTokens * promptTokens});
}

bool isOverPcie(const AcceleratorType& accelerator)
{
    return accelerator.interconnectBytesPerSecond <= kPcieBytesPerSecond;
}

Result<IterationModel> buildIterationModel(const ServedModel& model, const AcceleratorType& accelerator,
                                           Precision precision, const ReplicaLayout& layout, std::int32_t maxBatch,
                                           const Calibration& calibration)
{
    if (precision == Precision::Fp8 && !accelerator.fp8FlopsPerSecond) {
        return infeasible(fmt::format("{} has no fp8 units, which {} was placed with", accelerator.name, model.name),
                          "choose bf16");
    }
    const Efficiency* const row = calibration.find(accelerator.name, precision);
    if (row == nullptr) {
        Error error;
        error.code = ErrorCode::NotFound;
        error.message = fmt::format("no efficiency is known for {} at {}, nor a generic one", accelerator.name,
                                    precisionName(precision));
        error.advice = "add a row to the calibration";
        return error;
    }
    const auto otherwise = [](double value, double substitute) { return value > 0 ? value : substitute; };

    const double ways = layout.tensorParallel, groups = layout.attentionDataParallel, chips = ways * groups;
    const double shards = kvShards(model, layout.tensorParallel);
    const double kvBytes = model.kvValuesPerToken * otherwise(row->kvBytesPerValue, 2);
    const Precision densePrecision = precisionOutsideExperts(model, precision);
    const double expertBytes = model.expertParameters * bytesPerValue(precision);
    const double denseBytes = (model.totalParameters - model.expertParameters) * bytesPerValue(densePrecision);
    const bool hasExperts = model.expertParameters > 0;
    const double expertShare = model.experts > 0 ? std::min(1.0, double{1} * model.expertsPerToken / model.experts) : 1;
    const double expertActive = hasExperts ? model.expertParameters * expertShare : 0;
    const double denseActive =
        std::clamp(model.activeParameters - expertActive, 0.0, model.totalParameters - model.expertParameters);
    const double imbalance = layout.expertParallel > 1 ? otherwise(row->expertImbalanceRatio, 1) : 1;
    const double attentionWidth = model.attentionHeads > 0 && model.headDimension > 0
                                      ? double{1} * model.attentionHeads * model.headDimension
                                      : double{1} * model.hiddenSize;

    IterationModel m;
    m.maxBatch = maxBatch;
    m.errorRatio = row->errorRatio;
    m.exposedRatio = row->exposedRatio;
    m.fixedSeconds = row->stepOverheadSeconds +
                     model.layers * (row->layerOverheadSeconds + (hasExperts ? row->expertLayerOverheadSeconds : 0));
    m.perSequenceSeconds = row->sequenceOverheadSeconds / groups;
    // What is held but used by no token, a table of input embeddings, is not read.
    m.denseWeightSeconds =
        denseActive * bytesPerValue(densePrecision) / (ways * accelerator.hbmBytesPerSecond * row->bandwidthRatio);
    m.expertWeightSeconds =
        imbalance * expertBytes /
        (chips * accelerator.hbmBytesPerSecond * otherwise(row->expertBandwidthRatio, row->bandwidthRatio));
    m.expertsTouchedPerToken = expertShare;
    m.perContextTokenSeconds =
        kvBytes / (groups * shards * accelerator.hbmBytesPerSecond * row->attentionBandwidthRatio);
    m.perTokenComputeSeconds = 2 * denseActive / (chips * peakFlops(accelerator, densePrecision) * row->computeRatio);
    m.perTokenExpertComputeSeconds =
        imbalance * 2 * expertActive /
        (chips * peakFlops(accelerator, precision) * otherwise(row->expertComputeRatio, row->computeRatio));
    // Causal attention: 4 L w s^2 / 2 multiply-adds' FLOPs, in bf16 even where the weights are not.
    m.perPrefillTokenSquaredSeconds =
        2.0 * model.layers * attentionWidth /
        (chips * accelerator.bf16FlopsPerSecond * otherwise(row->prefillAttentionRatio, row->computeRatio));
    if (layout.chips() > 1) {
        // Two ring all-reduces a layer, each moving 2 (n - 1) / n of the activations; or, where the attention is not
        // divided, one gathering and one scattering of them around the experts.
        const double reductions = layout.tensorParallel > 1 ? 2 : 1;
        const double latency = 2.0 * model.layers * row->allReduceLatencySeconds;
        m.fixedSeconds += latency;
        if (isOverPcie(accelerator)) {
            m.collectiveSetupSeconds = (kSimpleOverLowLatency - 1) * latency;
        }
        m.perTokenCommunicationSeconds = reductions * model.layers * 2 * (chips - 1) / chips * model.hiddenSize *
                                         kActivationBytes /
                                         (accelerator.interconnectBytesPerSecond * row->interconnectRatio);
    }

    m.kvBytesPerToken = kvBytes;
    const double chipBytes = accelerator.hbmBytes * row->memoryRatio - row->reserveBytes;
    const double heldBytes = denseBytes * groups + expertBytes;
    m.weightBytesPerChip = heldBytes / chips;
    m.kvBytesPerTokenAndChip = kvBytes * ways / shards / chips;
    m.kvCapacityTokens =
        static_cast<std::int64_t>(std::floor((chips * chipBytes - heldBytes) / (kvBytes * ways / shards)));
    if (m.kvCapacityTokens < 1) {
        return infeasible(
            fmt::format("{} at {} needs {:.1f} GB of memory for its weights, but {} x {} leaves {:.1f} GB", model.name,
                        precisionName(precision), heldBytes / 1e9, layout.chips(), accelerator.name,
                        std::max(0.0, chips * chipBytes) / 1e9),
            "use more chips a replica, a chip with more memory, or fp8");
    }
    if (!(m.decodeSeconds(1, 1) > 0) || !std::isfinite(m.mixedSeconds(1, 1, 1))) {
        Error error;
        error.code = ErrorCode::InvalidValue;
        error.message = fmt::format("the times of {} on {} are not positive numbers", model.name, accelerator.name);
        error.advice = "check the efficiencies and the datasheet figures: none may be zero";
        return error;
    }
    return m;
}

Result<IterationModel> buildIterationModel(const ServedModel& model, const AcceleratorType& accelerator,
                                           Precision precision, std::int32_t tensorParallel, std::int32_t maxBatch,
                                           const Calibration& calibration)
{
    return buildIterationModel(model, accelerator, precision, ReplicaLayout{tensorParallel, 1, 1}, maxBatch,
                               calibration);
}

double fullBatchWorkSeconds(const IterationModel& model, double inputTokens, double outputTokens,
                            double meanContextTokens)
{
    const double room = static_cast<double>(model.kvCapacityTokens) / std::max(1.0, meanContextTokens);
    const double batch = std::clamp(room, 1.0, std::max(1.0, double{1} * model.maxBatch));
    const double context = batch * meanContextTokens;
    // The iteration that carries the prompt decodes too, so the prompt costs only what it adds; its first token comes
    // with it.
    return prefillSeconds(model, batch, context, inputTokens) +
           std::max(0.0, outputTokens - 1) * model.decodeSeconds(batch, context) / batch;
}

SteadyState steadyState(const IterationModel& model, double requestsPerSecondPerReplica, double meanInputTokens,
                        double meanOutputTokens)
{
    // A log-normal of coefficient of variation 1: its median and 95th percentile over its mean.
    constexpr double kMedianOverMean = 0.7071;
    constexpr double kP95OverMean = 2.7811;

    const double rate = std::max(0.0, requestsPerSecondPerReplica);
    // Long answers stay longer: at CV 1 a running sequence has on average its prompt and a whole mean answer.
    const double context = meanInputTokens + meanOutputTokens;
    const double fullBatch = std::clamp(static_cast<double>(model.kvCapacityTokens) / std::max(1.0, context), 1.0,
                                        std::max(1.0, double{1} * model.maxBatch));
    const double work = fullBatchWorkSeconds(model, meanInputTokens, meanOutputTokens, context);

    SteadyState s;
    s.utilizationRatio = rate * work;
    s.capacityRequestsPerSecond = 1 / work;

    // One iteration takes decode(B) plus, for the share rate * t of iterations that carry a prompt, what it adds:
    // t = decode / (1 - rate * prefill). Little's law: B = rate (out - 1) t.
    const auto iteration = [&](double batch) {
        const double left = 1 - rate * prefillSeconds(model, batch, batch * context, meanInputTokens);
        return left > 0 ? model.decodeSeconds(batch, batch * context) / left : INFINITY;
    };
    double low = 0, high = fullBatch;
    const double decoded = std::max(0.0, meanOutputTokens - 1);
    const bool saturated = rate * decoded * iteration(fullBatch) > fullBatch || std::isinf(iteration(fullBatch));
    for (int i = 0; !saturated && i < 60; ++i) {
        const double middle = (low + high) / 2;
        (rate * decoded * iteration(middle) > middle ? low : high) = middle;
    }
    s.meanBatch = saturated ? fullBatch : high;
    const double step = saturated ? fullBatch * work / std::max(1.0, decoded) : iteration(s.meanBatch);
    s.itlSeconds = std::max(step, model.decodeSeconds(std::max(1.0, s.meanBatch), s.meanBatch * context));

    const auto prompt = [&](double ratio) {
        return model.mixedSeconds(s.meanBatch, s.meanBatch * context, meanInputTokens * ratio);
    };
    if (saturated) {
        // The queue is full: four batches wait in front.
        const double wait = 4 * std::max(1, model.maxBatch) * work;
        s.ttftSeconds = wait + prompt(kMedianOverMean);
        s.ttftP95Seconds = wait + prompt(kP95OverMean);
        return s;
    }
    // Prompts go one an iteration: an M/G/1 queue whose service is an iteration with a prompt in it, of second moment
    // (decode + prefill)^2 + prefill^2 for prompts of CV 1. Those who find no prompt wait for the boundary, half a
    // decode step on average; those who do wait exponentially.
    const double decode = s.meanBatch > 0 ? model.decodeSeconds(s.meanBatch, s.meanBatch * context) : 0;
    const double prefill = prefillSeconds(model, s.meanBatch, s.meanBatch * context, meanInputTokens);
    const double boundary = std::min(1.0, s.meanBatch) * decode / 2;
    const double prefillLoad = std::clamp(rate * (decode + prefill), 1e-9, 0.99);
    const double secondMoment = (decode + prefill) * (decode + prefill) + prefill * prefill;
    const double prefillWaitIfAny = rate * secondMoment / (2 * (1 - prefillLoad)) / prefillLoad;
    // And a place in the batch, as Erlang C.
    const int places = std::max(1, static_cast<int>(fullBatch));
    const double load = std::min(s.meanBatch, places * 0.999);
    const double residence = std::max(1.0, meanOutputTokens) * s.itlSeconds;
    const double mustWait = erlangC(places, load);
    const double waitIfAny = residence / (places - load);
    // The quantile of a wait that is 0 with probability 1 - p and exponential otherwise.
    const auto waitQuantile = [](double p, double mean, double q) {
        return p > 1 - q ? mean * std::log(p / (1 - q)) : 0;
    };
    const auto waits = [&](double q) {
        return waitQuantile(prefillLoad, prefillWaitIfAny, q) + waitQuantile(mustWait, waitIfAny, q);
    };
    // The median of a sum: the mean of the short wait does better than its median.
    s.ttftSeconds = boundary + std::max(waits(0.5), prefillLoad * prefillWaitIfAny) + prompt(kMedianOverMean);
    s.ttftP95Seconds =
        boundary + prompt(kMedianOverMean) + std::hypot(waits(0.95), prompt(kP95OverMean) - prompt(kMedianOverMean));
    return s;
}

} // namespace isobar::serving

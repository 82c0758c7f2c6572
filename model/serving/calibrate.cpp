// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/calibrate_terms.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace isobar::serving {
namespace {

using Vector = std::vector<double>;

bool isPositive(double value)
{
    return value > 0 && std::isfinite(value);
}

/// The name of the fold a row belongs to; `index` is its position among the rows.
std::string foldOf(const Measurements& measured, const Observation& o, std::size_t index, HoldOut holdOut)
{
    switch (holdOut) {
    case HoldOut::Nothing:
        return "all";
    case HoldOut::Alternate:
        return index % 2 == 0 ? "even rows" : "odd rows";
    case HoldOut::Build:
        return measured.builds[o.build];
    case HoldOut::Accelerator:
        return measured.accelerators[o.accelerator].name;
    case HoldOut::Model:
        return measured.models[o.model].name;
    case HoldOut::Engine:
        return measured.engines[o.engine];
    }
    return {};
}

QuantityError summary(Vector errors)
{
    if (errors.empty()) {
        const double none = std::numeric_limits<double>::quiet_NaN();
        return {none, none};
    }
    double sum = 0;
    for (const double e : errors) {
        sum += e;
    }
    std::sort(errors.begin(), errors.end());
    const std::size_t half = errors.size() / 2;
    const double median = errors.size() % 2 == 1 ? errors[half] : (errors[half - 1] + errors[half]) / 2;
    return {sum / static_cast<double>(errors.size()), median};
}

constexpr std::int32_t kAnyBatch = 1 << 30; // the number of clients limits it

double throughput(double clients, const IterationMix& mix, const ClosedLoopTimes& t)
{
    return clients * mix.meanOutputTokens / (t.ttftSeconds + (mix.meanOutputTokens - 1) * t.tpotSeconds);
}

} // namespace

double likelyRatio(double Efficiency::*member, Precision precision)
{
    if (member == &Efficiency::computeRatio || member == &Efficiency::expertComputeRatio) {
        return precision == Precision::Bf16 || precision == Precision::Int4 ? 1.3
               : precision == Precision::Fp8                                ? 0.9
                                                                            : 0.6;
    }
    if (member == &Efficiency::bandwidthRatio || member == &Efficiency::expertBandwidthRatio) {
        return precision == Precision::Bf16 ? 1.1 : precision == Precision::Fp8 ? 0.95 : 0.85;
    }
    return 1;
}

Efficiency blankEfficiency(Precision precision)
{
    Efficiency e;
    e.precision = precision;
    e.reserveBytes = 1.2e9; // a real RTX 4090 with an 8B model; not fitted, rows do not tell memory
    e.memoryRatio = 0.9;
    return e;
}

Result<ClosedLoopTimes> predictWith(const Measurements& measured, std::size_t row, const Efficiency& efficiency,
                                    const EngineSetup& setup, Calibration& scratch)
{
    const Observation& o = measured.observations[row];
    const IterationMix& mix = measured.mixes[row];
    scratch.efficiencies.assign(1, efficiency);
    Efficiency& own = scratch.efficiencies[0];
    own.accelerator.clear();
    own.stepOverheadSeconds *= setup.overheadRatio;
    own.layerOverheadSeconds *= setup.overheadRatio;
    own.expertLayerOverheadSeconds *= setup.overheadRatio;
    own.sequenceOverheadSeconds *= setup.overheadRatio;
    if (o.kvBytesPerValue > 0) {
        own.kvBytesPerValue = o.kvBytesPerValue;
    }
    ISOBAR_TRY_ASSIGN(const IterationModel model,
                      buildIterationModel(measured.models[o.model], measured.accelerators[o.accelerator], o.precision,
                                          o.layout, kAnyBatch, scratch));
    ClosedLoopTimes t;
    t.tpotSeconds = setup.timeRatio * secondsOf(mix.tpot, model);
    t.ttftSeconds = setup.firstTokenSeconds + setup.perPromptTokenSeconds * mix.meanInputTokens +
                    setup.timeRatio * secondsOf(mix.ttft, model);
    t.outputTokensPerSecond = throughput(o.concurrency, mix, t);
    return t;
}

Result<ClosedLoopTimes> predict(const Measurements& measured, std::size_t row, const Calibration& calibration,
                                const EngineSetup& setup)
{
    const Observation& o = measured.observations[row];
    const Efficiency* const known = calibration.find(measured.accelerators[o.accelerator].name, o.precision);
    if (known == nullptr) {
        return Error{.code = ErrorCode::NotFound,
                     .message = fmt::format("no efficiency is known for {} at {}, nor a generic one",
                                            measured.accelerators[o.accelerator].name, precisionName(o.precision)),
                     .advice = "add a row to the calibration"};
    }
    Calibration scratch;
    return predictWith(measured, row, *known, setup, scratch);
}

ClosedLoopTimes measuredTimes(const Measurements& measured, std::size_t row)
{
    const Observation& o = measured.observations[row];
    ClosedLoopTimes t{o.ttftSeconds, o.tpotSeconds, 0};
    t.outputTokensPerSecond = throughput(o.concurrency, measured.mixes[row], t);
    return t;
}

std::vector<UnusableRow> prepare(Measurements& measured)
{
    Calibration likely;
    std::vector<UnusableRow> found;
    measured.mixes.assign(measured.observations.size(), {});
    for (std::size_t i = 0; i < measured.observations.size(); ++i) {
        const Observation& o = measured.observations[i];
        if (o.model >= measured.models.size() || o.accelerator >= measured.accelerators.size() ||
            o.engine >= measured.engines.size() || o.build >= measured.builds.size()) {
            found.push_back({i, "refers to nothing"});
            continue;
        }
        if (!isPositive(o.ttftSeconds) || !isPositive(o.tpotSeconds) || !isPositive(o.inputTokens) ||
            !(o.inputTokens <= 1e8) || !(o.outputTokens > 1) || !(o.outputTokens <= 1e8) || !(o.concurrency >= 1) ||
            !(o.concurrency <= 1e5) || o.layout.tensorParallel < 1 || o.layout.attentionDataParallel < 1 ||
            o.layout.expertParallel < 1 || !(o.shortestRatio > 0) || !(o.shortestRatio <= 1) ||
            o.requestsPerClient < 1 || o.requestsPerClient > 1000) {
            found.push_back({i, "holds a number that is not positive and finite"});
            continue;
        }
        Efficiency e = blankEfficiency(o.precision);
        for (const auto& c : kEfficiency) {
            e.*c.member = std::min(c.most, c.likely * likelyRatio(c.member, o.precision));
        }
        if (o.kvBytesPerValue > 0) {
            e.kvBytesPerValue = o.kvBytesPerValue;
        }
        likely.efficiencies.assign(1, e);
        const auto model = buildIterationModel(measured.models[o.model], measured.accelerators[o.accelerator],
                                               o.precision, o.layout, kAnyBatch, likely);
        if (!model.ok()) {
            found.push_back({i, model.error().message});
            continue;
        }
        // Groups of attention data parallelism are alike: one is run, and an iteration works on all of them.
        const double groups = o.layout.attentionDataParallel;
        measured.mixes[i] =
            runClosedLoop({std::max(1.0, o.concurrency / groups), o.requestsPerClient, o.inputTokens, o.outputTokens,
                           o.shortestRatio, static_cast<double>(model->kvCapacityTokens) / groups},
                          schedulerRules(measured.engines[o.engine]));
        for (auto* loads : {&measured.mixes[i].ttft, &measured.mixes[i].tpot}) {
            for (WeightedLoad& l : *loads) {
                l.load = {groups * l.load.sequences, groups * l.load.contextTokens, groups * l.load.prompts,
                          groups * l.load.promptTokens, groups * l.load.promptTokensSquared};
            }
        }
    }
    return found;
}

Result<std::vector<Prediction>> crossPredict(const Measurements& measured, std::span<const std::size_t> rows,
                                             HoldOut holdOut, const FitOptions& options, const JobContext& job)
{
    std::map<std::string, std::vector<std::size_t>> folds;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        folds[foldOf(measured, measured.observations[rows[i]], i, holdOut)].push_back(rows[i]);
    }
    std::vector<Prediction> out;
    std::int64_t done = 0;
    for (const auto& [name, held] : folds) {
        job.progress("Fitting without " + name, done++, static_cast<std::int64_t>(folds.size()));
        std::vector<std::size_t> seen;
        if (holdOut == HoldOut::Nothing) {
            seen = held;
        } else {
            std::set_difference(rows.begin(), rows.end(), held.begin(), held.end(), std::back_inserter(seen));
        }
        if (seen.empty()) {
            continue; // the only one of its kind: nothing to learn from
        }
        ISOBAR_TRY_ASSIGN(const CalibrationFit fit, fitCalibration(measured, seen, options, job));
        for (const std::size_t r : held) {
            const Observation& o = measured.observations[r];
            const auto p = predict(measured, r, fit.calibration, fit.builds[o.build]);
            if (p.ok()) { // no row of that precision was seen: nothing is claimed
                out.push_back({r, name, *p});
            }
        }
    }
    return out;
}

ErrorRow errorOf(const Measurements& measured, std::span<const Prediction> predictions, std::string name)
{
    Vector tpot, ttft, throughputs;
    for (const Prediction& p : predictions) {
        const ClosedLoopTimes m = measuredTimes(measured, p.row);
        tpot.push_back(std::abs(p.predicted.tpotSeconds / m.tpotSeconds - 1));
        ttft.push_back(std::abs(p.predicted.ttftSeconds / m.ttftSeconds - 1));
        throughputs.push_back(std::abs(p.predicted.outputTokensPerSecond / m.outputTokensPerSecond - 1));
    }
    return {std::move(name), predictions.size(), summary(std::move(tpot)), summary(std::move(ttft)),
            summary(std::move(throughputs))};
}

} // namespace isobar::serving

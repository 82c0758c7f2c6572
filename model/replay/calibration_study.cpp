// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/calibration_study.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <set>

namespace isobar::replay {
namespace {

using Predictions = std::vector<serving::Prediction>;
using serving::HoldOut;

constexpr std::array<HoldOutWay, 6> kWays{{{"none", "in sample: fitted to the rows they predict", HoldOut::Nothing},
                                           {"alternate", "alternating rows held out", HoldOut::Alternate},
                                           {"accelerator", "one accelerator held out", HoldOut::Accelerator},
                                           {"model", "one model held out", HoldOut::Model},
                                           {"engine", "one engine held out", HoldOut::Engine},
                                           {"build", "one campaign of measurements held out", HoldOut::Build}}};

std::string chipAndPrecision(const serving::Measurements& measured, const serving::Observation& o)
{
    return measured.accelerators[o.accelerator].name + " " + precisionName(o.precision);
}

/// What a time is expected to be off by; see studyCalibration.
void setExpectedErrors(CalibrationStudy& study, const Predictions& otherEngine, const Predictions& otherAccelerator)
{
    const serving::Measurements& measured = study.measured;
    constexpr double kUnknown = 0.5;        // nothing was left to compare with
    constexpr std::size_t kEnoughRows = 20; // fewer agree by chance
    const auto error = [&](const Predictions& from, Precision precision, const std::string& accelerator) {
        Predictions own;
        for (const serving::Prediction& p : from) {
            const serving::Observation& o = measured.observations[p.row];
            if (o.precision == precision &&
                (accelerator.empty() || measured.accelerators[o.accelerator].name == accelerator)) {
                own.push_back(p);
            }
        }
        return serving::errorOf(measured, own, {});
    };
    // Few accelerators are left out in turn, so what is expected of another is the worst of them, not their mean.
    double worst = 0;
    for (const AcceleratorType& a : measured.accelerators) {
        Predictions left;
        for (const serving::Prediction& p : otherAccelerator) {
            if (p.fold == a.name) {
                left.push_back(p);
            }
        }
        if (left.size() >= kEnoughRows) {
            worst = std::max(worst, serving::errorOf(measured, left, {}).tpot.mean);
        }
    }
    for (Efficiency& e : study.fit.calibration.efficiencies) {
        const serving::ErrorRow own = error(otherEngine, e.precision, e.accelerator);
        const serving::ErrorRow other = error(otherAccelerator, e.precision, {});
        const double unknown =
            other.rows > 0 ? std::min(1.0, std::max(worst, other.tpot.mean)) : std::max(worst, kUnknown);
        const bool isKnown = !e.accelerator.empty() && own.rows >= kEnoughRows;
        e.errorRatio = isKnown ? std::min(unknown, own.tpot.mean) : unknown;
        e.errorRatio = std::round(e.errorRatio * 1000) / 1000;
    }
}

void setSources(CalibrationStudy& study, const std::string& file)
{
    char date[11] = "";
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(date, sizeof date, "%F", &utc);
    Calibration& calibration = study.fit.calibration;
    calibration.sources = {
        {"isobar-calibrate",
         fmt::format("isobar-cli calibrate: fit to {} measured rows of {}", study.rows.size(), file), date},
        {"isobar-datasheet",
         "predicted from the datasheet: what other accelerators reach of theirs, by isobar-cli calibrate", date}};
    for (Efficiency& e : calibration.efficiencies) {
        // A generic row speaks of chips nobody measured here.
        e.provenance = e.accelerator.empty() ? Provenance{SourceId{1}, Basis::Estimated}
                                             : Provenance{SourceId{0}, Basis::Measured};
    }
}

/// The KV cache most rows of an accelerator and precision had; a generic row keeps the runtimes' default.
void setKvBytes(CalibrationStudy& study)
{
    for (Efficiency& e : study.fit.calibration.efficiencies) {
        int fp8 = 0, rows = 0;
        for (const std::size_t r : study.rows) {
            const serving::Observation& o = study.measured.observations[r];
            if (o.precision == e.precision && study.measured.accelerators[o.accelerator].name == e.accelerator) {
                ++rows;
                fp8 += o.kvBytesPerValue == 1 ? 1 : 0;
            }
        }
        e.kvBytesPerValue = 2 * fp8 > rows ? 1 : 2;
    }
}

template <class NameOf>
void addGroups(const CalibrationStudy& study, const Predictions& predictions, NameOf&& nameOf,
               std::vector<ErrorPart>& parts)
{
    std::map<std::string, Predictions> groups;
    for (const serving::Prediction& p : predictions) {
        groups[nameOf(p)].push_back(p);
    }
    for (const auto& [name, group] : groups) {
        parts.push_back({"all", name, serving::errorOf(study.measured, group, name)});
    }
}

} // namespace

std::span<const HoldOutWay> holdOutWays()
{
    return kWays;
}

namespace {

/// Says of a table none of whose rows can be used why not, the commonest reason first.
Error nothingToFit(const CalibrationInput& input, const CalibrationStudy& study)
{
    Error error{.code = ErrorCode::InvalidValue,
                .message = "has no rows",
                .advice = "give aiconfigurator's table of measurements",
                .file = input.measured.string()};
    if (study.skipped.empty()) {
        return error;
    }
    const auto commonest = std::max_element(study.skipped.begin(), study.skipped.end(),
                                            [](const auto& a, const auto& b) { return a.second.rows < b.second.rows; });
    const auto& [reason, skipped] = *commonest;
    error.message =
        fmt::format("none of its {} rows can be fitted to; {} of them: {}", study.read.read, skipped.rows, reason);
    error.line = static_cast<decltype(error.line)>(skipped.firstLine);
    error.advice = "describe the accelerators in --systems and the models in --models, or mend the rows";
    return error;
}

} // namespace

Result<CalibrationStudy> studyCalibration(const CalibrationInput& input, std::span<const HoldOutWay> ways,
                                          const JobContext& job)
{
    CalibrationStudy study;
    ISOBAR_TRY_ASSIGN(study.read, ingest::readMeasuredRows(input.measured, {input.systems, input.models}, job));
    serving::Measurements& measured = study.measured;
    measured.models = study.read.models;
    measured.accelerators = study.read.accelerators;
    measured.engines = study.read.engines;
    measured.builds = study.read.builds;
    for (const ingest::MeasuredRow& r : study.read.rows) {
        measured.observations.push_back({.model = r.model,
                                         .accelerator = r.accelerator,
                                         .engine = r.engine,
                                         .build = r.build,
                                         .precision = r.precision,
                                         .layout = {r.tensorParallel, r.attentionDataParallel, r.expertParallel},
                                         .concurrency = r.concurrency,
                                         .inputTokens = r.inputTokens,
                                         .outputTokens = r.outputTokens,
                                         .shortestRatio = r.shortestRatio,
                                         .kvBytesPerValue = r.kvBytesPerValue,
                                         .ttftSeconds = r.ttftSeconds,
                                         .tpotSeconds = r.tpotSeconds});
    }
    const auto skip = [&](const std::string& reason, std::int64_t line) {
        SkippedRows& skipped = study.skipped[reason];
        skipped.firstLine = ++skipped.rows == 1 ? line : std::min(line, skipped.firstLine);
    };
    for (const ingest::SkippedRow& s : study.read.skipped) {
        skip(s.reason, s.line);
    }
    std::set<std::size_t> unusable;
    for (const serving::UnusableRow& u : serving::prepare(measured)) {
        unusable.insert(u.row);
        skip(u.reason, study.read.rows[u.row].line);
    }
    if (unusable.size() == study.read.rows.size()) {
        return nothingToFit(input, study);
    }
    for (std::size_t i = 0; i < measured.observations.size(); ++i) {
        if (!unusable.contains(i)) {
            study.rows.push_back(i);
        }
    }
    const serving::FitOptions options;
    job.progress("Fitting to all rows", 0, 0);
    ISOBAR_TRY_ASSIGN(study.fit, serving::fitCalibration(measured, study.rows, options, job));

    const auto predicted = [&](HoldOut how) -> Result<Predictions> {
        for (const HeldOut& done : study.heldOut) {
            if (done.how == how) {
                return done.predictions;
            }
        }
        return serving::crossPredict(measured, study.rows, how, options, job);
    };
    for (const HoldOutWay& way : ways) {
        ISOBAR_TRY_ASSIGN(Predictions predictions, predicted(way.how));
        study.heldOut.push_back({way.how, way.key, way.title, std::move(predictions)});
    }
    ISOBAR_TRY_ASSIGN(const Predictions otherEngine, predicted(HoldOut::Engine));
    ISOBAR_TRY_ASSIGN(const Predictions otherAccelerator, predicted(HoldOut::Accelerator));
    setExpectedErrors(study, otherEngine, otherAccelerator);
    setKvBytes(study);
    setSources(study, input.measured.filename().string());

    for (const std::size_t r : study.rows) {
        auto p = serving::predict(measured, r, study.fit.calibration, study.fit.meanEngine);
        if (p.ok()) {
            study.byCoefficients.push_back({r, "coefficients alone", *p});
        }
    }
    return study;
}

std::vector<ErrorPart> errorParts(const CalibrationStudy& study, const HeldOut& heldOut)
{
    const serving::Measurements& measured = study.measured;
    const Predictions& all = heldOut.predictions;
    const auto observation = [&](const serving::Prediction& p) -> const serving::Observation& {
        return measured.observations[p.row];
    };
    std::vector<ErrorPart> parts{{"all", "all", serving::errorOf(measured, all, "all")}};
    Predictions dense, mixtures;
    for (const serving::Prediction& p : all) {
        (measured.models[observation(p).model].experts == 0 ? dense : mixtures).push_back(p);
    }
    if (!dense.empty() && !mixtures.empty()) {
        parts.push_back({"dense", "all", serving::errorOf(measured, dense, "dense models")});
        parts.push_back({"moe", "all", serving::errorOf(measured, mixtures, "mixtures of experts")});
    }
    if (heldOut.how != HoldOut::Nothing && heldOut.how != HoldOut::Alternate) {
        addGroups(
            study, all, [](const auto& p) { return p.fold; }, parts);
    }
    if (heldOut.how != HoldOut::Build) {
        addGroups(
            study, all, [&](const auto& p) { return chipAndPrecision(measured, observation(p)); }, parts);
    }
    if (heldOut.how == HoldOut::Nothing || heldOut.how == HoldOut::Alternate) {
        addGroups(
            study, all, [&](const auto& p) { return measured.models[observation(p).model].name; }, parts);
        addGroups(
            study, all, [&](const auto& p) { return measured.engines[observation(p).engine]; }, parts);
    }
    return parts;
}

std::vector<EngineTime> engineTimes(const CalibrationStudy& study)
{
    std::vector<EngineTime> out;
    for (std::size_t i = 0; i < std::min(study.fit.engines.size(), study.measured.engines.size()); ++i) {
        out.push_back({study.measured.engines[i], study.fit.engines[i].timeRatio});
    }
    return out;
}

std::string predictionsCsv(const CalibrationStudy& study)
{
    std::string out = "line,model,accelerator,engine,build,precision,tensor_parallel,attention_data_parallel,"
                      "expert_parallel,clients,input_tokens,output_tokens,experts,hold_out,fold,ttft_s,tpot_s,"
                      "output_tokens_per_s,predicted_ttft_s,predicted_tpot_s,predicted_output_tokens_per_s\n";
    const auto quoted = [](const std::string& text) {
        std::string cell = "\"";
        for (const char c : text) {
            cell += c == '"' ? "\"\"" : std::string(1, c);
        }
        return cell + '"';
    };
    const serving::Measurements& measured = study.measured;
    const auto add = [&](const char* how, const Predictions& predictions) {
        for (const serving::Prediction& p : predictions) {
            const serving::Observation& o = measured.observations[p.row];
            const serving::ClosedLoopTimes m = serving::measuredTimes(measured, p.row);
            out +=
                fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.7g},{:.7g},{:.7g},{:.7g},{:.7g},{:.7g}\n",
                            study.read.rows[p.row].line, quoted(measured.models[o.model].name),
                            quoted(measured.accelerators[o.accelerator].name), quoted(measured.engines[o.engine]),
                            quoted(measured.builds[o.build]), precisionName(o.precision), o.layout.tensorParallel,
                            o.layout.attentionDataParallel, o.layout.expertParallel, o.concurrency, o.inputTokens,
                            o.outputTokens, measured.models[o.model].experts, how, quoted(p.fold), m.ttftSeconds,
                            m.tpotSeconds, m.outputTokensPerSecond, p.predicted.ttftSeconds, p.predicted.tpotSeconds,
                            p.predicted.outputTokensPerSecond);
        }
    };
    for (const HeldOut& h : study.heldOut) {
        add(h.key, h.predictions);
    }
    add("coefficients", study.byCoefficients);
    return out;
}

} // namespace isobar::replay

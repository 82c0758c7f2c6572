// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/calibrate_runs.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"
#include "model/replay/calibration_study.h"
#include "model/replay/mlperf_study.h"
#include "model/report/table_writer.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

struct Options {
    std::string measured, systems, models, out, holdOut, rowsOut, mlperf;
    bool json = false;
};

Json json(const serving::QuantityError& e)
{
    return {{"mean", e.mean}, {"median", e.median}};
}

Json json(const serving::EngineSetup& e, const std::string& name)
{
    return {{"name", name},
            {"time_ratio", e.timeRatio},
            {"overhead_ratio", e.overheadRatio},
            {"first_token_seconds", e.firstTokenSeconds},
            {"per_prompt_token_seconds", e.perPromptTokenSeconds}};
}

using MlperfPredictions = std::vector<replay::MlperfPrediction>;

/// What was asked for about MLPerf; nothing when it was not.
Result<MlperfPredictions> mlperf(const Options& options, const replay::CalibrationStudy& study)
{
    if (options.mlperf.empty()) {
        return MlperfPredictions{};
    }
    ISOBAR_TRY_ASSIGN(const ingest::MlperfResults results, ingest::readMlperfResults(options.mlperf));
    ISOBAR_TRY_ASSIGN(const Fleet fleet, proto::shippedSample()); // for datasheets that are in no folder
    return replay::predictMlperf(results, study.fit.calibration, replay::engineTimes(study), fleet.accelerators,
                                 options.systems);
}

Json json(const MlperfPredictions& predictions)
{
    Json out = Json::array();
    for (const replay::MlperfPrediction& p : predictions) {
        Json row{{"model", p.measured.model},
                 {"accelerator", p.measured.accelerator},
                 {"scenario", p.measured.scenario},
                 {"results", p.measured.results},
                 {"tokens_per_second", p.measured.tokensPerSecond}};
        if (!p.accelerator.empty()) {
            row["datasheet"] = p.accelerator;
            row["precision"] = precisionName(p.precision);
            row["engine"] = p.engine.empty() ? Json(nullptr) : Json(p.engine);
            row["own_coefficients"] = p.isMeasuredChip;
            row["tensor_parallel"] = p.alone.tensorParallel;
            row["batch"] = p.alone.batch;
            row["predicted_tokens_per_second"] = p.alone.tokensPerSecond;
            row["as_submitted"] = {{"published_layout", p.isKnownSubmission},
                                   {"tensor_parallel", p.submitted.tensorParallel},
                                   {"batch", p.submitted.batch},
                                   {"predicted_tokens_per_second", p.submitted.tokensPerSecond}};
        }
        out.push_back(std::move(row));
    }
    return out;
}

std::string words(const MlperfPredictions& predictions)
{
    if (predictions.empty()) {
        return {};
    }
    std::string out =
        fmt::format("\nMLPerf: output tokens/s of one chip, predicted by the coefficients alone, and with "
                    "what is known of the submission\n  {:<54}{:>9}{:>20}{:>20}\n",
                    "", "measured", "by coefficients", "as submitted");
    const auto cell = [](double predicted, double measured) {
        return fmt::format("{:.0f} ({:+.0f} %)", predicted, 100 * (predicted / measured - 1));
    };
    for (const replay::MlperfPrediction& p : predictions) {
        const std::string name = fmt::format("{} {} {}", p.measured.model, p.measured.scenario, p.measured.accelerator);
        const bool isKnown = !p.accelerator.empty();
        out += fmt::format("  {:<54}{:>9.0f}{:>20}{:>20}\n", name, p.measured.tokensPerSecond,
                           isKnown ? cell(p.alone.tokensPerSecond, p.measured.tokensPerSecond) : "no datasheet",
                           isKnown ? cell(p.submitted.tokensPerSecond, p.measured.tokensPerSecond) : "");
    }
    return out;
}

Json json(const Options& options, const replay::CalibrationStudy& study)
{
    Json document;
    document["measured"] = options.measured;
    document["coefficients"] = options.out;
    document["rows_read"] = study.read.read;
    document["rows_fitted"] = study.fit.rows;
    document["rows_skipped"] = Json::array();
    for (const auto& [reason, skipped] : study.skipped) {
        document["rows_skipped"].push_back(
            {{"reason", reason}, {"rows", skipped.rows}, {"first_line", skipped.firstLine}});
    }
    document["errors"] = Json::array();
    const auto add = [&](const replay::HeldOut& heldOut) {
        for (const replay::ErrorPart& part : replay::errorParts(study, heldOut)) {
            document["errors"].push_back({{"models", part.models},
                                          {"hold_out", heldOut.key},
                                          {"part", part.part},
                                          {"rows", part.error.rows},
                                          {"tpot", json(part.error.tpot)},
                                          {"ttft", json(part.error.ttft)},
                                          {"throughput", json(part.error.throughput)}});
        }
    };
    for (const replay::HeldOut& heldOut : study.heldOut) {
        add(heldOut);
    }
    add({serving::HoldOut::Nothing, "coefficients", "", study.byCoefficients});
    document["engines"] = Json::array();
    for (std::size_t i = 0; i < study.fit.engines.size(); ++i) {
        document["engines"].push_back(json(study.fit.engines[i], study.measured.engines[i]));
    }
    document["builds"] = Json::array();
    for (std::size_t i = 0; i < study.fit.builds.size(); ++i) {
        document["builds"].push_back(json(study.fit.builds[i], study.measured.builds[i]));
    }
    return document;
}

std::string words(const Options& options, const replay::CalibrationStudy& study)
{
    std::string out = fmt::format("{}: {} rows read, {} fitted to\n", options.measured, grouped(study.read.read),
                                  grouped(static_cast<std::int64_t>(study.fit.rows)));
    for (const auto& [reason, skipped] : study.skipped) {
        out +=
            fmt::format("  {:>6} skipped (first in line {}): {}\n", grouped(skipped.rows), skipped.firstLine, reason);
    }
    const auto percent = [](const serving::QuantityError& e) {
        return fmt::format("{:.1f} / {:.1f} %", e.mean * 100, e.median * 100);
    };
    const auto add = [&](const replay::HeldOut& heldOut) {
        out += fmt::format("\n{}\n{:<42}{:>7}{:>16}{:>16}{:>16}\n", heldOut.title, "  error: mean / median", "rows",
                           "TPOT", "TTFT", "throughput");
        for (const replay::ErrorPart& part : replay::errorParts(study, heldOut)) {
            const serving::ErrorRow& row = part.error;
            out += fmt::format("  {:<40}{:>7}{:>16}{:>16}{:>16}\n", row.name, row.rows, percent(row.tpot),
                               percent(row.ttft), percent(row.throughput));
        }
    };
    for (const replay::HeldOut& heldOut : study.heldOut) {
        add(heldOut);
    }
    add({serving::HoldOut::Nothing, "coefficients", "in sample, by the coefficients alone: the engine not told",
         study.byCoefficients});
    return out;
}

std::vector<replay::HoldOutWay> waysOf(const Options& options)
{
    std::vector<replay::HoldOutWay> ways;
    for (const replay::HoldOutWay& way : replay::holdOutWays()) {
        const bool isAsked = options.holdOut.empty() ? way.how != serving::HoldOut::Build : options.holdOut == way.key;
        if (isAsked || way.how == serving::HoldOut::Nothing) {
            ways.push_back(way);
        }
    }
    return ways;
}

int run(const Options& options)
{
    for (const std::string* out : {&options.out, &options.rowsOut}) {
        std::error_code ignored;
        if (std::filesystem::equivalent(options.measured, *out, ignored)) {
            printError(fmt::format("--out '{}' is the table of measurements itself; choose another file", *out));
            return kUsage;
        }
    }
    const Interrupt interrupt;
    ProgressLine line;
    const auto study = replay::studyCalibration({options.measured, options.systems, options.models}, waysOf(options),
                                                line.job(interrupt.token()));
    line.clear();
    if (!study.ok()) {
        return fail(study.error());
    }
    const auto submitted = mlperf(options, *study);
    if (!submitted.ok()) {
        return fail(submitted.error());
    }
    const std::string text = proto::writeCalibrationText(study->fit.calibration);
    // What is written has to be what the programs will load.
    if (const auto back = proto::parseCalibrationText(text, options.out); !back.ok()) {
        return fail(back.error());
    }
    if (const Status written = report::writeFile(options.out, text); !written.ok()) {
        return fail(written.error());
    }
    if (!options.rowsOut.empty()) {
        if (const Status written = report::writeFile(options.rowsOut, replay::predictionsCsv(*study)); !written.ok()) {
            return fail(written.error());
        }
    }
    if (options.json) {
        Json document = json(options, *study);
        if (!options.mlperf.empty()) {
            document["mlperf"] = json(*submitted);
        }
        return printJson(document);
    }
    return printText(words(options, *study) + words(*submitted) + fmt::format("\nwrote {}\n", options.out));
}

} // namespace

void addCalibrate(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("calibrate", "Fit the serving model to measured rows, and tell its errors");
    auto options = std::make_shared<Options>();
    auto* measured = command->add_option("--measured", options->measured,
                                         "Table of measurements (aiconfigurator's silicon rows, CSV)");
    auto runs = std::make_shared<RunCalibration>();
    auto* vllm = command
                     ->add_option("--vllm-run", runs->runs,
                                  "Requests of a vLLM server (JSON lines, settings beside them); may be repeated")
                     ->allow_extra_args(false)
                     ->excludes(measured);
    auto* chip = command
                     ->add_option("--accelerator", runs->accelerator,
                                  "What the runs were on: a name, or its file in --systems without .yaml")
                     ->needs(vllm);
    vllm->needs(chip);
    command->add_option("--systems", options->systems, "Folder of the accelerators' descriptions (SYSTEM.yaml)")
        ->required();
    command->add_option("--models", options->models, "Folder of the models' config.json (owner--Name_config.json)")
        ->required();
    command->add_option("--out", options->out, "The file of coefficients to write")->required();
    command
        ->add_option("--hold-out", options->holdOut,
                     "Print only the errors on these rows, held out, and in sample; all ways but build when not given")
        ->check(CLI::IsMember({"none", "alternate", "accelerator", "model", "engine", "build"}));
    command->add_option("--mlperf", options->mlperf,
                        "Set MLPerf's results (summary_results.json) beside what the coefficients predict");
    command->add_option("--rows-out", options->rowsOut, "Write every prediction beside its measurement (CSV)");
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, runs, &chosen] {
        if (options->measured.empty() && runs->runs.empty()) {
            throw CLI::RequiredError("--measured or --vllm-run");
        }
        if (runs->runs.empty()) {
            chosen = [options] { return run(*options); };
            return;
        }
        runs->systems = options->systems;
        runs->models = options->models;
        runs->out = options->out;
        runs->json = options->json;
        chosen = [runs] { return calibrateRuns(*runs); };
    });
}

} // namespace isobar::cli

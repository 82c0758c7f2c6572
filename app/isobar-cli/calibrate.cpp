// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/calibrate.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "model/ingest/measured_rows.h"
#include "model/proto/fleet_text.h"
#include "model/report/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <optional>
#include <set>

namespace isobar::cli {
namespace {

struct Options {
    std::string measured, systems, models, out, holdOut;
    bool json = false;
};

struct Mode {
    const char* name;
    const char* title;
    serving::HoldOut holdOut;
};
constexpr Mode kModes[] = {{"none", "in sample: fitted to the rows they predict", serving::HoldOut::Nothing},
                           {"alternate", "alternating rows held out", serving::HoldOut::Alternate},
                           {"accelerator", "one accelerator held out", serving::HoldOut::Accelerator},
                           {"model", "one model held out", serving::HoldOut::Model},
                           {"engine", "one engine held out", serving::HoldOut::Engine}};

/// Errors of one way of holding rows out: over all of them, and in parts.
struct Table {
    const Mode* mode = nullptr;
    std::vector<serving::ErrorRow> rows; ///< the first is over everything
};

/// Which rows a table is about: a mixture of experts has costs the formula leaves out, so dense models are told apart.
struct Subset {
    const char* key;
    const char* title;
    std::vector<std::size_t> rows;
    std::vector<Table> tables;
};

struct Skipped {
    std::int64_t rows = 0, firstLine = 0;
};

struct Outcome {
    ingest::MeasuredRows read;
    serving::Measurements measured;
    std::map<std::string, Skipped> skipped; ///< by reason
    std::vector<Subset> subsets;
    serving::CalibrationFit fit;
};

using Predictions = std::vector<serving::Prediction>;

/// The errors of the predictions, grouped by a name each has.
template <class NameOf>
void addGroups(const serving::Measurements& measured, const Predictions& predictions, NameOf&& nameOf, Table& table)
{
    std::map<std::string, Predictions> groups;
    for (const serving::Prediction& p : predictions) {
        groups[nameOf(p)].push_back(p);
    }
    for (const auto& [name, group] : groups) {
        table.rows.push_back(serving::errorOf(measured, group, name));
    }
}

const char* precisionName(Precision precision)
{
    return precision == Precision::Fp8 ? "fp8" : "bf16";
}

std::string chipAndPrecision(const serving::Measurements& measured, const serving::Observation& o)
{
    return measured.accelerators[o.accelerator].name + " " + precisionName(o.precision);
}

Result<Table> tableOf(const serving::Measurements& measured, const Subset& subset, const Mode& mode,
                      const JobContext& job, Predictions* keep = nullptr)
{
    ISOBAR_TRY_ASSIGN(Predictions predictions,
                      serving::crossPredict(measured, subset.rows, mode.holdOut, serving::FitOptions{}, job));
    Table table{&mode, {serving::errorOf(measured, predictions, "all")}};
    const auto observation = [&](const serving::Prediction& p) -> const serving::Observation& {
        return measured.observations[p.row];
    };
    if (mode.holdOut == serving::HoldOut::Nothing || mode.holdOut == serving::HoldOut::Alternate) {
        addGroups(
            measured, predictions, [&](const auto& p) { return chipAndPrecision(measured, observation(p)); }, table);
        addGroups(
            measured, predictions, [&](const auto& p) { return measured.models[observation(p).model].name; }, table);
        addGroups(
            measured, predictions, [&](const auto& p) { return measured.engines[observation(p).engine]; }, table);
    } else {
        addGroups(
            measured, predictions, [](const auto& p) { return p.fold; }, table);
    }
    if (keep != nullptr) {
        *keep = std::move(predictions);
    }
    return table;
}

/// What a time is expected to be off by, from rows that were not seen: of an accelerator with rows by the others of its
/// own, of one without (or with a handful) by the accelerators left out.
Status setExpectedErrors(Outcome& outcome, const Subset& subset, const JobContext& job)
{
    const serving::Measurements& measured = outcome.measured;
    Predictions alternate, unseen;
    ISOBAR_TRY(tableOf(measured, subset, kModes[1], job, &alternate));
    ISOBAR_TRY(tableOf(measured, subset, kModes[2], job, &unseen));
    constexpr double kUnknown = 0.5;        // nothing was left to compare with
    constexpr std::size_t kEnoughRows = 20; // fewer agree with their neighbours by chance
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
    for (Efficiency& e : outcome.fit.calibration.efficiencies) {
        const serving::ErrorRow own = error(alternate, e.precision, e.accelerator);
        const serving::ErrorRow other = error(unseen, e.precision, {});
        const double unknown = other.rows > 0 ? std::min(1.0, other.tpot.mean) : kUnknown;
        const bool isKnown = !e.accelerator.empty() && own.rows >= kEnoughRows;
        e.errorRatio = isKnown ? std::min(1.0, own.tpot.mean) : unknown;
    }
    return Done{};
}

void setSources(Calibration& calibration, const std::string& file, std::size_t rows)
{
    char date[11] = "";
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(date, sizeof date, "%F", &utc);
    calibration.sources = {
        {"isobar-calibrate", fmt::format("isobar-cli calibrate: fit to {} measured rows of {}", rows, file), date}};
    for (Efficiency& e : calibration.efficiencies) {
        // A generic row speaks of chips nobody measured here.
        e.provenance = {SourceId{0}, e.accelerator.empty() ? Basis::Estimated : Basis::Measured};
    }
}

Result<Outcome> calibrate(const Options& options, const JobContext& job)
{
    Outcome out;
    ISOBAR_TRY_ASSIGN(out.read, ingest::readMeasuredRows(options.measured, {options.systems, options.models}, job));
    serving::Measurements& measured = out.measured;
    measured.models = out.read.models;
    measured.accelerators = out.read.accelerators;
    measured.engines = out.read.engines;
    for (const ingest::MeasuredRow& r : out.read.rows) {
        measured.observations.push_back({.model = r.model,
                                         .accelerator = r.accelerator,
                                         .engine = r.engine,
                                         .precision = r.precision,
                                         .tensorParallel = r.tensorParallel,
                                         .concurrency = r.concurrency,
                                         .inputTokens = r.inputTokens,
                                         .outputTokens = r.outputTokens,
                                         .ttftSeconds = r.ttftSeconds,
                                         .tpotSeconds = r.tpotSeconds});
    }
    const auto skip = [&](const std::string& reason, std::int64_t line) {
        Skipped& skipped = out.skipped[reason];
        skipped.firstLine = ++skipped.rows == 1 ? line : std::min(line, skipped.firstLine);
    };
    for (const ingest::SkippedRow& s : out.read.skipped) {
        skip(s.reason, s.line);
    }
    std::set<std::size_t> unusable;
    for (const serving::UnusableRow& u : serving::unusableRows(measured)) {
        unusable.insert(u.row);
        skip(u.reason, out.read.rows[u.row].line);
    }
    Subset all{"all", "all models", {}, {}}, dense{"dense", "dense models only", {}, {}};
    for (std::size_t i = 0; i < measured.observations.size(); ++i) {
        if (!unusable.contains(i)) {
            all.rows.push_back(i);
            if (measured.models[measured.observations[i].model].experts == 0) {
                dense.rows.push_back(i);
            }
        }
    }
    ISOBAR_TRY_ASSIGN(out.fit, serving::fitCalibration(measured, all.rows, serving::FitOptions{}, job));
    ISOBAR_TRY(setExpectedErrors(out, all, job));
    setSources(out.fit.calibration, std::filesystem::path(options.measured).filename().string(), all.rows.size());
    if (!dense.rows.empty() && dense.rows.size() != all.rows.size()) {
        out.subsets.push_back(std::move(dense));
    }
    out.subsets.push_back(std::move(all));
    for (Subset& subset : out.subsets) {
        for (const Mode& mode : kModes) {
            if (options.holdOut.empty() || options.holdOut == mode.name || mode.holdOut == serving::HoldOut::Nothing) {
                ISOBAR_TRY_ASSIGN(Table table, tableOf(measured, subset, mode, job));
                subset.tables.push_back(std::move(table));
            }
        }
    }
    return out;
}

Json json(const serving::QuantityError& e)
{
    return {{"mean", e.mean}, {"median", e.median}};
}

Json json(const Options& options, const Outcome& outcome)
{
    Json document;
    document["measured"] = options.measured;
    document["coefficients"] = options.out;
    document["rows_read"] = outcome.read.read;
    document["rows_fitted"] = outcome.fit.rows;
    document["rows_skipped"] = Json::array();
    for (const auto& [reason, skipped] : outcome.skipped) {
        document["rows_skipped"].push_back(
            {{"reason", reason}, {"rows", skipped.rows}, {"first_line", skipped.firstLine}});
    }
    document["errors"] = Json::array();
    for (const Subset& subset : outcome.subsets) {
        for (const Table& table : subset.tables) {
            for (const serving::ErrorRow& row : table.rows) {
                document["errors"].push_back({{"models", subset.key},
                                              {"hold_out", table.mode->name},
                                              {"part", row.name},
                                              {"rows", row.rows},
                                              {"tpot", json(row.tpot)},
                                              {"ttft", json(row.ttft)},
                                              {"throughput", json(row.throughput)}});
            }
        }
    }
    document["engines"] = Json::array();
    for (std::size_t i = 0; i < outcome.fit.engines.size(); ++i) {
        const serving::EngineSetup& e = outcome.fit.engines[i];
        document["engines"].push_back({{"name", outcome.measured.engines[i]},
                                       {"time_ratio", e.timeRatio},
                                       {"first_token_seconds", e.firstTokenSeconds},
                                       {"queue_scale", e.queueScale},
                                       {"queue_exponent", e.queueExponent}});
    }
    return document;
}

std::string words(const Options& options, const Outcome& outcome)
{
    std::string out = fmt::format("{}: {} rows read, {} fitted to\n", options.measured, grouped(outcome.read.read),
                                  grouped(static_cast<std::int64_t>(outcome.fit.rows)));
    for (const auto& [reason, skipped] : outcome.skipped) {
        out +=
            fmt::format("  {:>6} skipped (first in line {}): {}\n", grouped(skipped.rows), skipped.firstLine, reason);
    }
    for (const Subset& subset : outcome.subsets) {
        for (const Table& table : subset.tables) {
            out += fmt::format("\n{}, {}\n{:<34}{:>7}{:>16}{:>16}{:>16}\n", subset.title, table.mode->title,
                               "  error: mean / median", "rows", "TPOT", "TTFT", "throughput");
            for (const serving::ErrorRow& row : table.rows) {
                const auto percent = [](const serving::QuantityError& e) {
                    return fmt::format("{:.1f} / {:.1f} %", e.mean * 100, e.median * 100);
                };
                out += fmt::format("  {:<32}{:>7}{:>16}{:>16}{:>16}\n", row.name, row.rows, percent(row.tpot),
                                   percent(row.ttft), percent(row.throughput));
            }
        }
    }
    return out + fmt::format("\nwrote {}\n", options.out);
}

int run(const Options& options)
{
    std::error_code ignored;
    if (std::filesystem::equivalent(options.measured, options.out, ignored)) {
        printError(fmt::format("--out '{}' is the table of measurements itself; choose another file", options.out));
        return kUsage;
    }
    const Interrupt interrupt;
    ProgressLine line;
    const auto outcome = calibrate(options, line.job(interrupt.token()));
    line.clear();
    if (!outcome.ok()) {
        return fail(outcome.error());
    }
    const std::string text = proto::writeCalibrationText(outcome->fit.calibration);
    // What is written has to be what the programs will load.
    if (const auto back = proto::parseCalibrationText(text, options.out); !back.ok()) {
        return fail(back.error());
    }
    if (const Status written = report::writeFile(options.out, text); !written.ok()) {
        return fail(written.error());
    }
    return options.json ? printJson(json(options, *outcome)) : printText(words(options, *outcome));
}

} // namespace

void addCalibrate(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("calibrate", "Fit the serving model to measured rows, and tell its errors");
    auto options = std::make_shared<Options>();
    command->add_option("--measured", options->measured, "Table of measurements (aiconfigurator's silicon rows, CSV)")
        ->required();
    command->add_option("--systems", options->systems, "Folder of the accelerators' descriptions (SYSTEM.yaml)")
        ->required();
    command->add_option("--models", options->models, "Folder of the models' config.json (owner--Name_config.json)")
        ->required();
    command->add_option("--out", options->out, "The file of coefficients to write")->required();
    command
        ->add_option("--hold-out", options->holdOut,
                     "Print only the errors on these rows, held out, and in sample; all ways when not given")
        ->check(CLI::IsMember({"none", "alternate", "accelerator", "model", "engine"}));
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli

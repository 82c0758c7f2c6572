// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/calibrate_runs.h"

#include "app/isobar-cli/command.h"
#include "model/ingest/system_spec.h"
#include "model/proto/fleet_text.h"
#include "model/replay/measured_runs.h"
#include "model/report/table_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

namespace isobar::cli {
namespace {

using serving::MeasuredRun;
using serving::RunComparison;
using serving::RunFit;

// Another model on the same chip, where no second run tells how well it is predicted: what the published runs of one
// card show, doubled.
constexpr double kUsualError = 0.1;
constexpr double kLeastError = 0.01;

struct Quantity {
    const char *key, *words;
    serving::RunQuantity RunComparison::*member;
};
constexpr Quantity kQuantities[] = {{"ttft_seconds", "time to first token", &RunComparison::ttft},
                                    {"tpot_seconds", "between tokens", &RunComparison::tpot},
                                    {"e2e_seconds", "end to end", &RunComparison::endToEnd}};

Result<RunComparison> compare(const MeasuredRun& run, const AcceleratorType& accelerator, const RunFit& fit,
                              const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const std::vector<serving::RequestTimes> times,
                      serving::replayRun(run, accelerator, fit.efficiency, job));
    return serving::compareRun(run, times);
}

std::string today()
{
    char date[11] = "";
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(date, sizeof date, "%F", &utc);
    return date;
}

Json json(const serving::TimeSummary& s)
{
    return {{"mean", s.mean}, {"p50", s.p50}, {"p90", s.p90}, {"p95", s.p95}, {"p99", s.p99}};
}

Json json(const RunComparison& comparison)
{
    Json out;
    for (const Quantity& q : kQuantities) {
        const serving::RunQuantity& quantity = comparison.*q.member;
        out[q.key] = {{"requests", quantity.measured.size()},
                      {"measured", json(quantity.measuredSummary)},
                      {"simulated", json(quantity.simulatedSummary)},
                      {"mean_error", quantity.meanError()},
                      {"p99_error", quantity.p99Error()}};
    }
    return out;
}

/// What speaks against the fit of a run, in sentences.
std::vector<std::string> doubts(const MeasuredRun& run, const RunErrors& errors)
{
    constexpr std::size_t kFew = 100;
    constexpr double kFarOff = 0.2;
    std::vector<std::string> out;
    if (run.requests.size() < kFew) {
        out.push_back(fmt::format("so few requests tell little: these efficiencies are mostly what is likely without "
                                  "measuring; give a run of {} or more",
                                  kFew));
    }
    const double off = std::max(std::abs(errors.inSample.ttft.meanError()), std::abs(errors.inSample.tpot.meanError()));
    if (off > kFarOff) {
        out.push_back(fmt::format("no likely efficiencies give these times (a mean is off by {:.0f} %): check "
                                  "--accelerator and the settings beside the run",
                                  100 * off));
    }
    return out;
}

Json json(const RunCalibration& options, const FittedRuns& fitted)
{
    Json document{{"accelerator", fitted.accelerator.name}, {"coefficients", options.out}, {"runs", Json::array()}};
    for (std::size_t i = 0; i < fitted.runs.size(); ++i) {
        const MeasuredRun& run = fitted.runs[i];
        Json row{{"run", run.name},
                 {"model", run.model.name},
                 {"precision", precisionName(run.precision)},
                 {"tensor_parallel", run.layout.tensorParallel},
                 {"requests", run.requests.size()},
                 {"in_sample", json(fitted.errors[i].inSample)},
                 {"notes", doubts(run, fitted.errors[i])}};
        row["held_out"] = fitted.errors[i].hasHeldOut ? json(fitted.errors[i].heldOut) : Json();
        document["runs"].push_back(std::move(row));
    }
    document["efficiencies"] = Json::array();
    for (const Efficiency& e : fitted.calibration.efficiencies) {
        document["efficiencies"].push_back({{"precision", precisionName(e.precision)},
                                            {"compute_ratio", e.computeRatio},
                                            {"bandwidth_ratio", e.bandwidthRatio},
                                            {"attention_bandwidth_ratio", e.attentionBandwidthRatio},
                                            {"prefill_attention_ratio", e.prefillAttentionRatio},
                                            {"step_overhead_seconds", e.stepOverheadSeconds},
                                            {"layer_overhead_seconds", e.layerOverheadSeconds},
                                            {"sequence_overhead_seconds", e.sequenceOverheadSeconds},
                                            {"all_reduce_latency_seconds", e.allReduceLatencySeconds},
                                            {"interconnect_ratio", e.interconnectRatio},
                                            {"error_ratio", e.errorRatio}});
    }
    return document;
}

std::string table(const RunComparison& comparison)
{
    std::string out;
    for (const Quantity& q : kQuantities) {
        const serving::TimeSummary& real = (comparison.*q.member).measuredSummary;
        const serving::TimeSummary& ours = (comparison.*q.member).simulatedSummary;
        const auto column = [](double measured, double simulated) {
            return fmt::format("{:>11} {:>+6.1f} %", grouped(measured, 4), 100 * (simulated / measured - 1));
        };
        out += fmt::format("  {:<20}{}{}{}{}\n", q.words, column(real.mean, ours.mean), column(real.p50, ours.p50),
                           column(real.p90, ours.p90), column(real.p99, ours.p99));
    }
    return out;
}

std::string words(const RunCalibration& options, const FittedRuns& fitted)
{
    std::string out;
    for (std::size_t i = 0; i < fitted.runs.size(); ++i) {
        const MeasuredRun& run = fitted.runs[i];
        const RunErrors& errors = fitted.errors[i];
        out += fmt::format("{}: {} requests of {} on {} x {} ({})\n{:<22}{:>20}{:>20}{:>20}{:>20}\n", run.name,
                           grouped(static_cast<std::int64_t>(run.requests.size())), run.model.name,
                           run.layout.chips() * run.servers, fitted.accelerator.name, precisionName(run.precision),
                           "seconds, and error", "mean", "p50", "p90", "p99");
        out += (fitted.runs.size() > 1 ? " fitted to all runs\n" : "") + table(errors.inSample);
        if (errors.hasHeldOut) {
            out += " predicted from the other runs\n" + table(errors.heldOut);
        }
        for (const std::string& doubt : doubts(run, errors)) {
            out += fmt::format(" note: {}\n", doubt);
        }
        out += '\n';
    }
    return out + fmt::format("wrote {}\n", options.out);
}

} // namespace

Result<FittedRuns> fitMeasuredRuns(const std::vector<std::filesystem::path>& runs, const std::string& accelerator,
                                   const std::filesystem::path& systems, const std::filesystem::path& models,
                                   const JobContext& job)
{
    FittedRuns out;
    ISOBAR_TRY_ASSIGN(const ingest::SystemSpec spec, ingest::findSystemSpec(systems, accelerator));
    out.accelerator = spec.accelerator;
    std::vector<std::string> names;
    for (const std::filesystem::path& path : runs) {
        ISOBAR_TRY_ASSIGN(MeasuredRun run, replay::readMeasuredRun(path, models, job));
        names.push_back(path.filename().string());
        out.runs.push_back(std::move(run));
    }
    out.errors.resize(out.runs.size());
    out.calibration.sources = {{"isobar-calibrate",
                                fmt::format("isobar-cli calibrate: fit to the requests of {}", fmt::join(names, ", ")),
                                today()}};
    std::map<Precision, std::vector<std::size_t>> byPrecision;
    for (std::size_t i = 0; i < out.runs.size(); ++i) {
        byPrecision[out.runs[i].precision].push_back(i);
    }
    for (const auto& [precision, members] : byPrecision) {
        const auto fitTo = [&](std::size_t without) -> Result<RunFit> {
            std::vector<MeasuredRun> some;
            for (const std::size_t i : members) {
                if (i != without) {
                    some.push_back(out.runs[i]);
                }
            }
            return serving::fitRuns(out.accelerator, some, {}, job);
        };
        ISOBAR_TRY_ASSIGN(RunFit all, fitTo(out.runs.size()));
        double worst = kLeastError;
        for (const std::size_t i : members) {
            RunErrors& errors = out.errors[i];
            errors.run = out.runs[i].name;
            ISOBAR_TRY_ASSIGN(errors.inSample, compare(out.runs[i], out.accelerator, all, job));
            if (members.size() > 1) {
                ISOBAR_TRY_ASSIGN(const RunFit others, fitTo(i));
                ISOBAR_TRY_ASSIGN(errors.heldOut, compare(out.runs[i], out.accelerator, others, job));
                errors.hasHeldOut = true;
                for (const double error : {errors.heldOut.ttft.meanError(), errors.heldOut.tpot.meanError()}) {
                    worst = std::isfinite(error) ? std::max(worst, std::abs(error)) : worst;
                }
            }
        }
        all.efficiency.errorRatio = members.size() > 1 ? std::min(1.0, worst) : kUsualError;
        all.efficiency.provenance = {SourceId{0}, Basis::Measured};
        out.calibration.efficiencies.push_back(all.efficiency);
        out.fits.push_back(std::move(all));
    }
    return out;
}

int calibrateRuns(const RunCalibration& options)
{
    std::vector<std::filesystem::path> runs;
    std::error_code ignored;
    for (const std::string& run : options.runs) {
        if (std::filesystem::equivalent(run, options.out, ignored)) {
            printError(fmt::format("--out '{}' is a run itself; choose another file", options.out));
            return kUsage;
        }
        runs.emplace_back(run);
    }
    const Interrupt interrupt;
    ProgressLine line;
    const auto fitted =
        fitMeasuredRuns(runs, options.accelerator, options.systems, options.models, line.job(interrupt.token()));
    line.clear();
    if (!fitted.ok()) {
        return fail(fitted.error());
    }
    const std::string text = proto::writeCalibrationText(fitted->calibration);
    // What is written has to be what the programs will load.
    if (const auto back = proto::parseCalibrationText(text, options.out); !back.ok()) {
        return fail(back.error());
    }
    if (const Status written = report::writeFile(options.out, text); !written.ok()) {
        return fail(written.error());
    }
    return options.json ? printJson(json(options, *fitted)) : printText(words(options, *fitted));
}

} // namespace isobar::cli

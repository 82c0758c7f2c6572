// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/calibrate_runs.h"
#include "app/isobar-cli/fidelity.h"
#include "app/isobar-cli/output.h"
#include "model/ingest/vllm_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isobar::cli {
namespace {

using serving::RunComparison;
using serving::RunQuantity;
using serving::TimeSummary;

std::string percent(double error)
{
    return std::isfinite(error) ? fmt::format("{:+.1f} %", 100 * error) : "–";
}

std::string withError(double seconds, double error)
{
    return fmt::format("{} s, {}", grouped(seconds, seconds < 1 ? 4 : 2), percent(error));
}

std::vector<std::string> cells(const std::string& run, const char* how, const char* quantity, const RunQuantity& q)
{
    const TimeSummary &real = q.measuredSummary, &ours = q.simulatedSummary;
    return {run,
            how,
            quantity,
            fmt::format("{} s", grouped(real.mean, real.mean < 1 ? 4 : 2)),
            withError(ours.mean, ours.mean / real.mean - 1),
            percent(ours.p50 / real.p50 - 1),
            percent(ours.p90 / real.p90 - 1),
            percent(ours.p99 / real.p99 - 1)};
}

/// Share of requests that took at most so long.
PlotCurve distribution(const char* name, const std::vector<double>& ascending, double unit, QColor color,
                       PlotCurve::Style style)
{
    PlotCurve curve{QString::fromUtf8(name), color, style, {}};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        curve.points.emplace_back(ascending[i] * unit,
                                  100 * static_cast<double>(i + 1) / static_cast<double>(ascending.size()));
    }
    return curve;
}

PlotPanel distributionPanel(const std::string& run, const char* quantity, const char* unitName, double unit,
                            const RunQuantity& q, const RunQuantity* heldOut)
{
    PlotPanel panel;
    panel.title = QString::fromStdString(fmt::format("{}, {}", quantity, run));
    panel.unitNote = QStringLiteral("% of requests");
    panel.x.title = QString::fromStdString(fmt::format("{}, {}", quantity, unitName));
    panel.y = {{}, false, 0, 100};
    panel.curves.push_back(distribution("measured", q.measured, unit, plotColor(6), PlotCurve::Style::Line));
    panel.curves.push_back(
        distribution("fitted to all runs", q.simulated, unit, plotColor(0), PlotCurve::Style::Dashed));
    if (heldOut != nullptr) {
        panel.curves.push_back(distribution("predicted from the others", heldOut->simulated, unit, plotColor(1),
                                            PlotCurve::Style::Dashed));
    }
    return panel;
}

} // namespace

Result<FidelitySection> runsSection(const std::filesystem::path& runs, const std::string& accelerator,
                                    const std::filesystem::path& systems, const std::filesystem::path& models,
                                    const JobContext& job)
{
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(runs, failed)) {
        if (entry.path().extension() == ".jsonl" && ingest::findVllmSettings(entry.path())) {
            files.push_back(entry.path());
        }
    }
    if (files.empty()) {
        return Error{.code = ErrorCode::NotFound,
                     .message = "the folder has no vLLM run with its settings",
                     .advice = "give X.jsonl with X.meta.json beside it",
                     .file = runs.string()};
    }
    std::sort(files.begin(), files.end());
    ISOBAR_TRY_ASSIGN(const FittedRuns fitted, fitMeasuredRuns(files, accelerator, systems, models, job));

    FidelitySection section{"Real vLLM servers, request by request", {}, {}};
    std::string& out = section.markdown;
    out = tableRow({"run", "efficiencies from", "", "measured mean", "simulated mean", "p50", "p90", "p99"}) +
          "|---|---|---|---:|---:|---:|---:|---:|\n";
    PlotPicture picture{"vllm_runs.svg",
                        QStringLiteral("Requests of real vLLM servers, replayed arrival by arrival: share of requests "
                                       "that took at most so long. Measured by LLMServingSim's authors."),
                        2,
                        440,
                        270,
                        {}};
    for (std::size_t i = 0; i < fitted.runs.size(); ++i) {
        const serving::MeasuredRun& run = fitted.runs[i];
        const RunErrors& errors = fitted.errors[i];
        const std::string name = fmt::format("{}, TP {}", run.model.name, run.layout.tensorParallel);
        const auto add = [&](const char* how, const RunComparison& c) {
            out += tableRow(cells(name, how, "TTFT", c.ttft)) + tableRow(cells(name, how, "TPOT", c.tpot)) +
                   tableRow(cells(name, how, "end to end", c.endToEnd));
        };
        if (errors.hasHeldOut) {
            add("the other runs", errors.heldOut);
        }
        add(fitted.runs.size() > 1 ? "all runs" : "this run", errors.inSample);
        const RunComparison* other = errors.hasHeldOut ? &errors.heldOut : nullptr;
        picture.panels.push_back(
            distributionPanel(name, "TTFT", "s", 1, errors.inSample.ttft, other != nullptr ? &other->ttft : nullptr));
        picture.panels.push_back(distributionPanel(name, "TPOT", "ms", 1e3, errors.inSample.tpot,
                                                   other != nullptr ? &other->tpot : nullptr));
    }
    section.pictures.push_back(std::move(picture));

    out += "\n" + tableRow({"coefficient", "likely before", "fitted"}) + "|---|---:|---:|\n";
    for (const serving::RunFit& fit : fitted.fits) {
        const Efficiency& e = fit.efficiency;
        const Efficiency likely = serving::likelyEfficiency(fitted.accelerator, e.precision);
        const auto add = [&](const char* what, double Efficiency::*member, double unit, const char* unitName) {
            out += tableRow({fmt::format("{}, {}", what, precisionName(e.precision)),
                             fmt::format("{:.3g}{}", likely.*member * unit, unitName),
                             fmt::format("{:.3g}{}", e.*member * unit, unitName)});
        };
        add("share of peak FLOP/s", &Efficiency::computeRatio, 1, "");
        add("share of bandwidth, weights", &Efficiency::bandwidthRatio, 1, "");
        add("share of bandwidth, KV cache", &Efficiency::attentionBandwidthRatio, 1, "");
        add("share of peak FLOP/s, prompts' attention", &Efficiency::prefillAttentionRatio, 1, "");
        add("a step", &Efficiency::stepOverheadSeconds, 1e6, " us");
        add("a layer", &Efficiency::layerOverheadSeconds, 1e6, " us");
        add("a sequence", &Efficiency::sequenceOverheadSeconds, 1e6, " us");
        add("a collective", &Efficiency::allReduceLatencySeconds, 1e6, " us");
        add("share of the interconnect", &Efficiency::interconnectRatio, 1, "");
    }
    return section;
}

} // namespace isobar::cli

// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/fidelity.h"
#include "app/isobar-cli/output.h"
#include "model/proto/shipped.h"
#include "model/replay/calibration_study.h"
#include "model/replay/mlperf_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::cli {
namespace {

using serving::Prediction;

std::string percent(const serving::QuantityError& e)
{
    return fmt::format("{:.1f} / {:.1f} %", 100 * e.mean, 100 * e.median);
}

/// Predicted over measured of one quantity, a colour an accelerator.
PlotPanel scatter(const replay::CalibrationStudy& study, const std::vector<Prediction>& predictions, const char* what,
                  double serving::Observation::*measured, double serving::ClosedLoopTimes::*predicted)
{
    PlotPanel panel;
    panel.title = QString::fromUtf8(what);
    panel.unitNote = QStringLiteral("predicted, ms");
    panel.x = {QStringLiteral("measured, ms"), true, 0, 0};
    panel.y = {{}, true, 0, 0};
    panel.hasDiagonal = true;
    std::map<std::string, std::vector<QPointF>> byAccelerator;
    for (const Prediction& p : predictions) {
        const serving::Observation& o = study.measured.observations[p.row];
        byAccelerator[study.measured.accelerators[o.accelerator].name].emplace_back(o.*measured * 1e3,
                                                                                    p.predicted.*predicted * 1e3);
    }
    // The one with most points first, so that it does not cover the others.
    std::vector<std::pair<std::string, std::vector<QPointF>>> sorted(byAccelerator.begin(), byAccelerator.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
    for (auto& [name, points] : sorted) {
        panel.curves.push_back(
            {QString::fromStdString(name), plotColor(panel.curves.size()), PlotCurve::Style::Dots, std::move(points)});
    }
    return panel;
}

PlotPanel foldBars(const char* quantity, serving::QuantityError serving::ErrorRow::*member,
                   const std::vector<std::pair<std::string, replay::ErrorPart>>& parts)
{
    PlotPanel panel;
    panel.title = QString::fromStdString(fmt::format("Error of {}", quantity));
    panel.unitNote = QStringLiteral("%, of rows held out");
    panel.legend = {{QStringLiteral("mean"), plotColor(0)}, {QStringLiteral("median"), plotColor(5)}};
    for (const auto& [name, part] : parts) {
        const serving::QuantityError& e = part.error.*member;
        const auto bar = [](double share, QColor color) {
            return PlotBar{color, 100 * share, QString::number(100 * share, 'f', 1)};
        };
        panel.groups.push_back(
            {QString::fromStdString(name), {bar(e.mean, plotColor(0)), bar(e.median, plotColor(5))}});
    }
    return panel;
}

} // namespace

Result<FidelitySection> rowsSection(const std::filesystem::path& measured, const std::filesystem::path& systems,
                                    const std::filesystem::path& models, FittedRows& fitted, const JobContext& job)
{
    std::vector<replay::HoldOutWay> ways;
    for (const replay::HoldOutWay& way : replay::holdOutWays()) {
        if (way.how != serving::HoldOut::Nothing && way.how != serving::HoldOut::Build) {
            ways.push_back(way);
        }
    }
    ISOBAR_TRY_ASSIGN(const replay::CalibrationStudy study,
                      replay::studyCalibration({measured, systems, models}, ways, job));
    fitted = {study.fit.calibration, replay::engineTimes(study)};
    FidelitySection section{"Measured rows", {}, {}};
    section.markdown = tableRow({"mean / median of the error", "models", "rows", "TPOT", "TTFT", "throughput"}) +
                       "|---|---|---:|---|---|---|\n";
    std::vector<std::pair<std::string, replay::ErrorPart>> bars;
    for (const replay::HeldOut& heldOut : study.heldOut) {
        for (const replay::ErrorPart& part : replay::errorParts(study, heldOut)) {
            const bool isWhole = part.part == "all";
            if (!isWhole && heldOut.how != serving::HoldOut::Accelerator) {
                continue;
            }
            section.markdown += tableRow({isWhole ? heldOut.title : "- " + part.part, part.models,
                                          grouped(static_cast<std::int64_t>(part.error.rows)), percent(part.error.tpot),
                                          percent(part.error.ttft), percent(part.error.throughput)});
            if (isWhole && part.models == "all") {
                bars.emplace_back(heldOut.key, part);
            }
        }
    }
    PlotPicture points{"rows.svg",
                       QStringLiteral("Benchmarks of replicas (NVIDIA aiconfigurator), each predicted without the rows "
                                      "of its accelerator. Solid: exact; dashed: 20 % off."),
                       2,
                       440,
                       380,
                       {}};
    PlotPicture folds{"folds.svg", QStringLiteral("Errors |predicted / measured - 1| by what was held out of the fit."),
                      2,           440,
                      260,         {}};
    for (const replay::HeldOut& heldOut : study.heldOut) {
        if (heldOut.how == serving::HoldOut::Accelerator) {
            points.panels = {scatter(study, heldOut.predictions, "TPOT", &serving::Observation::tpotSeconds,
                                     &serving::ClosedLoopTimes::tpotSeconds),
                             scatter(study, heldOut.predictions, "TTFT", &serving::Observation::ttftSeconds,
                                     &serving::ClosedLoopTimes::ttftSeconds)};
        }
    }
    folds.panels = {foldBars("TPOT", &serving::ErrorRow::tpot, bars),
                    foldBars("throughput", &serving::ErrorRow::throughput, bars)};
    section.pictures = {std::move(points), std::move(folds)};
    return section;
}

Result<FidelitySection> mlperfSection(const std::filesystem::path& results, const FittedRows& fitted,
                                      const std::filesystem::path& systems)
{
    ISOBAR_TRY_ASSIGN(const ingest::MlperfResults read, ingest::readMlperfResults(results));
    ISOBAR_TRY_ASSIGN(const Fleet fleet, proto::shippedSample());
    const auto predictions =
        replay::predictMlperf(read, fitted.calibration, fitted.engines, fleet.accelerators, systems);
    FidelitySection section{"MLPerf", {}, {}};
    section.markdown =
        tableRow({"model, scenario", "accelerator", "measured tokens/s a chip", "coefficients alone", "as submitted"}) +
        "|---|---|---:|---:|---:|\n";
    PlotPanel panel;
    panel.title = QStringLiteral("MLPerf, tokens/s of a chip");
    panel.unitNote = QStringLiteral("predicted");
    panel.x = {QStringLiteral("measured, tokens/s"), true, 0, 0};
    panel.y = {{}, true, 0, 0};
    panel.hasDiagonal = true;
    PlotCurve alone{QStringLiteral("coefficients alone"), plotColor(1), PlotCurve::Style::Dots, {}};
    PlotCurve submitted{QStringLiteral("as submitted"), plotColor(0), PlotCurve::Style::Dots, {}};
    for (const replay::MlperfPrediction& p : predictions) {
        const double real = p.measured.tokensPerSecond;
        const auto cell = [real](double ours) {
            return ours > 0 ? fmt::format("{} ({:+.0f} %)", grouped(ours, 0), 100 * (ours / real - 1)) : "–";
        };
        section.markdown +=
            tableRow({p.measured.model + ", " + p.measured.scenario, p.measured.accelerator, grouped(real, 0),
                      cell(p.alone.tokensPerSecond), cell(p.submitted.tokensPerSecond)});
        if (p.alone.tokensPerSecond > 0) {
            alone.points.emplace_back(real, p.alone.tokensPerSecond);
        }
        if (p.submitted.tokensPerSecond > 0) {
            submitted.points.emplace_back(real, p.submitted.tokensPerSecond);
        }
    }
    panel.curves = {std::move(alone), std::move(submitted)};
    section.pictures = {{"mlperf.svg",
                         QStringLiteral("MLPerf Inference v4.1, closed division: tokens/s of one chip, median over "
                                        "submissions. Solid: exact; dashed: 20 % off."),
                         1,
                         560,
                         420,
                         {std::move(panel)}}};
    return section;
}

} // namespace isobar::cli

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/replay/replay_run.h"

#include <string>
#include <vector>

/// Runs as figures, charts and tables: pure, the same for the window and for files.
namespace isobar::ui {

struct ShownRun {
    RunPointer run;
    QString name; ///< "A"
    QColor color;
};

/// What is on screen: the run that is looked at, those it is compared with, and the service level they are held to.
struct ReplayView {
    std::vector<ShownRun> runs; ///< the one looked at first
    int tier = -1;              ///< of ReplayRun::tiers; -1 = none
    [[nodiscard]] bool isEmpty() const { return runs.empty(); }
    [[nodiscard]] const ReplayRun& current() const { return *runs.front().run; }
};

/// "A" to "Z"; the colour a run keeps as long as it is listed, in the theme in force.
[[nodiscard]] QString runName(int number);
[[nodiscard]] QColor runColor(int number);

[[nodiscard]] QString durationTitle(DurationKind kind);
/// "ttft_seconds": as `isobar-cli replay --json` calls it.
[[nodiscard]] const char* durationKey(DurationKind kind);

/// Six figures of a run.
[[nodiscard]] std::vector<KpiData> replayKpis(const ReplayRun& run, int tier);
[[nodiscard]] PercentileChartData percentileChart(const ReplayView& view, DurationKind kind);
[[nodiscard]] TimeChartData inFlightChart(const ReplayView& view);
[[nodiscard]] TimeChartData throughputChart(const ReplayView& view);

/// "Simulated · times ± 17 % · coefficients …": how far the numbers can be trusted.
[[nodiscard]] QString trustText(const ReplayRun& run);
/// Where the numbers of a picture are from: trace, set-ups, seed, trust.
[[nodiscard]] QString replayFooter(const ReplayView& view);
/// "Partial: cancelled after …"; empty for a whole run.
[[nodiscard]] QString partialText(const ReplayRun& run);

/// CSV by RFC 4180, full precision, units in the columns' names.
[[nodiscard]] std::string percentilesCsv(const ReplayView& view);
[[nodiscard]] std::string curveCsv(const ReplayView& view, DurationKind kind);
[[nodiscard]] std::string timelineCsv(const ReplayView& view);

} // namespace isobar::ui

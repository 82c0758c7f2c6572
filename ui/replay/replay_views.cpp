// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/replay_views.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/percentile_chart.h"
#include "ui/data/data_words.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QCoreApplication>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace isobar::ui {
namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("Replay", text);
}

std::size_t indexOf(DurationKind kind)
{
    return static_cast<std::size_t>(kind);
}

const ReplayRun::Tier* tierOf(const ReplayRun& run, int tier)
{
    return tier >= 0 && tier < static_cast<int>(run.tiers.size()) ? &run.tiers[static_cast<std::size_t>(tier)]
                                                                  : nullptr;
}

QString runLabel(const ShownRun& shown)
{
    return shown.run->partial ? shown.name + tr(" (partial)") : shown.name;
}

/// A run over time as a chart draws it: as many of the run's stretches to a point as leave about kPoints of them, so
/// that several runs over each other can be told apart. Means stay means; files have every stretch.
struct Drawn {
    QVector<double> times, running, waiting, inFlight, tokens;

    explicit Drawn(const replay::Timeline::Curves& curves)
    {
        constexpr std::size_t kPoints = 120;
        const std::size_t count = curves.running.size(), together = std::max<std::size_t>(1, count / kPoints);
        for (std::size_t from = 0; from < count; from += together) {
            const std::size_t to = std::min(count, from + together);
            const auto mean = [&](const std::vector<double>& values) {
                double sum = 0;
                for (std::size_t i = from; i < to; ++i) {
                    sum += values[i];
                }
                return sum / static_cast<double>(to - from);
            };
            times.append(static_cast<double>(from + to) / 2 * curves.stretchSeconds);
            running.append(mean(curves.running));
            waiting.append(mean(curves.waiting));
            inFlight.append(running.back() + waiting.back());
            tokens.append(mean(curves.outputTokensPerSecond));
        }
    }
};

double endOf(const ReplayView& view)
{
    double end = 0;
    for (const ShownRun& shown : view.runs) {
        const replay::Timeline::Curves& curves = shown.run->timeline;
        end = std::max(end, static_cast<double>(curves.running.size()) * curves.stretchSeconds);
    }
    return end;
}

std::string csvText(const QString& text)
{
    const std::string bytes = text.toStdString();
    if (bytes.find_first_of(",\"\n\r") == std::string::npos) {
        return bytes;
    }
    std::string quoted = "\"";
    for (const char c : bytes) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::string csvNumber(double value)
{
    return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

} // namespace

QString runName(int number)
{
    return QString(QLatin1Char(static_cast<char>('A' + number % 26)));
}

QColor runColor(int number)
{
    const Theme& t = theme();
    const std::array colors{t.accent,          t.provider("gcp"), t.provider("aws"), t.provider("coreweave"),
                            t.provider("oci"), t.caution};
    return colors[static_cast<std::size_t>(number) % colors.size()];
}

QString durationTitle(DurationKind kind)
{
    switch (kind) {
    case DurationKind::Ttft:
        return tr("Time to first token");
    case DurationKind::Itl:
        return tr("Time between tokens");
    case DurationKind::EndToEnd:
        return tr("End to end");
    case DurationKind::Queue:
        break;
    }
    return tr("In the queue");
}

const char* durationKey(DurationKind kind)
{
    static constexpr std::array kKeys{"ttft_seconds", "itl_seconds", "e2e_seconds", "queue_seconds"};
    return kKeys[indexOf(kind)];
}

std::vector<KpiData> replayKpis(const ReplayRun& run, int tier)
{
    const auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : NAN; };
    std::vector<KpiData> all(6);
    all[0].title = run.partial ? tr("Requests, partial") : tr("Requests");
    all[0].value = count(static_cast<double>(run.arrived)).value;
    const ingest::TraceOptions& part = run.setup.part;
    const bool isPart = part.fromSeconds > 0 || part.forSeconds > 0;
    all[0].change = run.partial
                        ? tr("of %1, then cancelled").arg(count(static_cast<double>(run.trace->load.requests)).value)
                    : isPart ? tr("of %1 in the trace").arg(count(static_cast<double>(run.trace->load.requests)).value)
                             : tr("over %1").arg(elapsedText(run.trace->load.seconds / part.loadScale));
    all[0].warning = run.partial;
    all[0].explanation = tr("Requests of the trace that arrived at the router.");

    all[1].title = tr("Completed");
    all[1].value = count(static_cast<double>(run.completed)).value;
    all[1].change = percent(ratio(static_cast<double>(run.completed), static_cast<double>(run.arrived)), 2).joined() +
                    tr(" of requests");
    all[1].explanation = run.unfinished > 0 ? tr("%1 were still in flight when the run was cancelled.")
                                                  .arg(count(static_cast<double>(run.unfinished)).value)
                                            : tr("Requests that got their last token.");
    if (run.preemptions > 0) {
        all[1].explanation += tr(" Running ones were preempted %1 times for want of KV cache.")
                                  .arg(count(static_cast<double>(run.preemptions)).value);
    }

    all[2].title = tr("Rejected");
    all[2].value = count(static_cast<double>(run.rejected)).value;
    all[2].change = run.rejected == 0 ? tr("none")
                                      : tr("%1 too long, %2 without tokens")
                                            .arg(count(static_cast<double>(run.tooLong)).value,
                                                 count(static_cast<double>(run.noTokens)).value);
    all[2].warning = run.rejected > 0;
    all[2].explanation = tr("Longer than a replica's KV cache of %1 tokens, or with nothing to read or write.")
                             .arg(count(static_cast<double>(run.model.kvCapacityTokens)).value);

    const Figure rate = compact(run.outputTokensPerSecond);
    all[3].title = tr("Output tokens");
    all[3].value = rate.value;
    all[3].unit = rate.unit.isEmpty() ? tr("/ s") : rate.unit + tr(" / s");
    all[3].change = tr("%1 in all").arg(compact(static_cast<double>(run.outputTokens)).joined());
    all[3].explanation = tr("Output tokens of completed requests / simulated time.");
    all[3].spark = Drawn(run.timeline).tokens;

    if (const ReplayRun::Tier* slo = tierOf(run, tier)) {
        const Figure kept = percent(ratio(static_cast<double>(slo->kept), static_cast<double>(run.completed)), 2);
        all[4].title = tr("SLO attainment");
        all[4].value = kept.value;
        all[4].unit = kept.unit;
        all[4].change = slo->name;
        all[4].explanation = tr("Completed requests with a first token within %1 and, in the mean, at most %2 between "
                                "tokens: the promise of %3.")
                                 .arg(seconds(slo->ttftSeconds).joined(), seconds(slo->itlSeconds).joined(), slo->name);
    } else {
        all[4].title = tr("SLO attainment");
        all[4].value = QStringLiteral("–");
        all[4].change = tr("no service level chosen");
    }

    const Figure simulated = seconds(run.simulatedSeconds);
    all[5].title = tr("Simulated time");
    all[5].value = simulated.value;
    all[5].unit = simulated.unit;
    all[5].change = tr("in %1").arg(seconds(run.wallSeconds).joined());
    all[5].explanation = tr("From the first arrival to the last finish, simulated %1 times faster than real time.")
                             .arg(compact(run.simulatedSeconds / run.wallSeconds).joined());
    return all;
}

PercentileChartData percentileChart(const ReplayView& view, DurationKind kind)
{
    PercentileChartData data;
    data.title = durationTitle(kind);
    data.emptyText = tr("Nothing completed");
    if (view.isEmpty()) {
        data.emptyText = tr("No run yet");
        return data;
    }
    const auto add = [&](const QString& name, const QColor& color, const DurationFigures& figures, bool dashed) {
        if (!figures.curve.isEmpty()) {
            data.curves.push_back({name, color, percentileGrid(), figures.curve, dashed});
        }
    };
    const std::size_t i = indexOf(kind);
    for (std::size_t n = 0; n < view.runs.size(); ++n) {
        const ShownRun& shown = view.runs[n];
        add(runLabel(shown), shown.color, shown.run->durations.all[i], n > 0);
    }
    if (view.current().hasMeasured) {
        add(tr("measured"), theme().muted, view.current().measured.all[i], true);
    }
    const aggregate::Distribution::Summary& summary = view.current().durations.all[i].summary;
    if (summary.count > 0) {
        data.unitNote = tr("p50 %1 · p99 %2").arg(seconds(summary.p50).joined(), seconds(summary.p99).joined());
    }
    const ReplayRun::Tier* slo = tierOf(view.current(), view.tier);
    if (slo != nullptr && (kind == DurationKind::Ttft || kind == DurationKind::Itl)) {
        data.target = kind == DurationKind::Ttft ? slo->ttftSeconds : slo->itlSeconds;
        data.targetLabel = tr("SLO %1").arg(seconds(*data.target).joined());
    }
    return data;
}

TimeChartData inFlightChart(const ReplayView& view)
{
    TimeChartData data;
    data.title = tr("In flight");
    data.unitNote = tr("requests; of other runs running and waiting together");
    data.elapsed = true;
    data.emptyText = tr("No run yet");
    if (view.isEmpty()) {
        return data;
    }
    data.to = endOf(view);
    for (std::size_t n = view.runs.size() - 1; n > 0; --n) { // the run looked at comes last and so on top
        const ShownRun& shown = view.runs[n];
        const Drawn drawn(shown.run->timeline);
        data.series.push_back({runLabel(shown), shown.color, drawn.times, drawn.inFlight, true});
    }
    const Drawn drawn(view.current().timeline);
    data.series.push_back({tr("waiting"), theme().caution, drawn.times, drawn.waiting, false});
    data.series.push_back({tr("running"), view.runs.front().color, drawn.times, drawn.running, false});
    return data;
}

TimeChartData throughputChart(const ReplayView& view)
{
    TimeChartData data;
    data.title = tr("Output tokens a second");
    data.elapsed = true;
    data.emptyText = tr("No run yet");
    if (view.isEmpty()) {
        return data;
    }
    data.unitNote = tr("over the trace's time");
    data.to = endOf(view);
    for (std::size_t n = view.runs.size(); n-- > 0;) {
        const ShownRun& shown = view.runs[n];
        const Drawn drawn(shown.run->timeline);
        data.series.push_back({runLabel(shown), shown.color, drawn.times, drawn.tokens, n > 0});
    }
    return data;
}

QString trustText(const ReplayRun& run)
{
    return tr("Simulated · times ± %1, estimated · coefficients %2")
        .arg(percent(run.model.errorRatio, 0).joined(), run.coefficientSource);
}

QString replayFooter(const ReplayView& view)
{
    if (view.isEmpty()) {
        return {};
    }
    const ReplayRun& run = view.current();
    QStringList parts{run.trace->source.name()};
    for (const ShownRun& shown : view.runs) {
        parts << QStringLiteral("%1: %2, %3")
                     .arg(runLabel(shown), shown.run->setup.hardwareText(), shown.run->setup.routingText());
        if (shown.run->setup.prefixCache && shown.run->inputTokens > 0) {
            parts.back() += tr(" (%1 of input tokens found)")
                                .arg(percent(static_cast<double>(shown.run->prefixHitTokens) /
                                                 static_cast<double>(shown.run->inputTokens),
                                             1)
                                         .joined());
        }
    }
    parts << tr("seed %1").arg(run.setup.group.seed) << trustText(run);
    return parts.join(QStringLiteral(" · "));
}

QString partialText(const ReplayRun& run)
{
    return run.partial
               ? tr("Partial: cancelled when %1 had arrived, of %2; %3 were still in flight and are not counted.")
                     .arg(counted(run.arrived, tr("request"), tr("requests")),
                          count(static_cast<double>(run.trace->load.requests)).value,
                          count(static_cast<double>(run.unfinished)).value)
               : QString();
}

std::string percentilesCsv(const ReplayView& view)
{
    std::string out = "run,trace,model,accelerator,precision,tensor_parallel,replicas,router,max_batch,seed,partial,"
                      "requests,completed,rejected,output_tokens_per_second,error_ratio,data_parallel,prefill_replicas,"
                      "prefix_cache,urgent_ratio,from_seconds,for_seconds,load_scale,prefix_hit_tokens,preemptions,"
                      "measure,count,mean_seconds,"
                      "p50_seconds,p90_seconds,p95_seconds,p99_seconds,exact\n";
    const auto rows = [&out](const std::string& head, const RunDurations& durations) {
        for (const DurationKind kind : kDurationKinds) {
            const aggregate::Distribution::Summary& s = durations.all[indexOf(kind)].summary;
            out += fmt::format("{},{},{},{},{},{},{},{},{}\n", head, durationKey(kind), s.count, csvNumber(s.mean),
                               csvNumber(s.p50), csvNumber(s.p90), csvNumber(s.p95), csvNumber(s.p99), s.exact);
        }
    };
    for (const ShownRun& shown : view.runs) {
        const ReplayRun& run = *shown.run;
        const replay::Hardware& hardware = run.setup.hardware;
        const ingest::TraceOptions& part = run.setup.part;
        rows(fmt::format(
                 "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", shown.name.toStdString(),
                 csvText(run.trace->source.name()), csvText(QString::fromStdString(hardware.model)),
                 csvText(QString::fromStdString(hardware.accelerator)), precisionName(hardware.precision),
                 hardware.tensorParallel, run.setup.group.replicas, serving::routerPolicyName(run.setup.group.router),
                 hardware.maxBatch, run.setup.group.seed, run.partial, run.arrived, run.completed, run.rejected,
                 csvNumber(run.outputTokensPerSecond), csvNumber(run.model.errorRatio), hardware.dataParallel,
                 run.setup.group.prefill.replicas, run.setup.prefixCache, run.setup.urgentRatio, part.fromSeconds,
                 part.forSeconds > 0 ? csvNumber(part.forSeconds) : std::string(), part.loadScale, run.prefixHitTokens,
                 run.preemptions),
             run.durations);
    }
    if (!view.isEmpty() && view.current().hasMeasured) {
        rows(fmt::format("measured,{},,,,,,,,,false,,,,,,,,,,,,,,", csvText(view.current().trace->source.name())),
             view.current().measured);
    }
    return out;
}

std::string curveCsv(const ReplayView& view, DurationKind kind)
{
    const PercentileChartData data = percentileChart(view, kind);
    std::string out = "percentile_ratio";
    for (const PercentileCurve& curve : data.curves) {
        out += ',' + csvText(curve.name + QLatin1Char('_') + QLatin1String(durationKey(kind)));
    }
    out += '\n';
    const QVector<double>& grid = percentileGrid();
    for (qsizetype i = 0; i < grid.size(); ++i) {
        out += fmt::format("{}", grid[i]);
        for (const PercentileCurve& curve : data.curves) {
            out += ',' + csvNumber(curve.seconds[i]);
        }
        out += '\n';
    }
    return out;
}

std::string timelineCsv(const ReplayView& view)
{
    std::string out = "run,begin_seconds,end_seconds,arrivals_per_second,waiting_requests,running_requests,"
                      "output_tokens_per_second\n";
    for (const ShownRun& shown : view.runs) {
        const replay::Timeline::Curves& c = shown.run->timeline;
        for (std::size_t i = 0; i < c.running.size(); ++i) {
            out += fmt::format("{},{},{},{},{},{},{}\n", shown.name.toStdString(),
                               static_cast<double>(i) * c.stretchSeconds, static_cast<double>(i + 1) * c.stretchSeconds,
                               c.arrivalsPerSecond[i], c.waiting[i], c.running[i], c.outputTokensPerSecond[i]);
        }
    }
    return out;
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/replay_run.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/percentile_chart.h"
#include "ui/shell/format.h"

#include <QStringList>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <utility>

namespace isobar::ui {
namespace {

RunDurations figuresOf(replay::Latencies& latencies)
{
    static const std::vector<double> ratios(percentileGrid().begin(), percentileGrid().end());
    RunDurations durations;
    const std::array all{&latencies.ttft, &latencies.itl, &latencies.endToEnd, &latencies.queue};
    for (std::size_t i = 0; i < all.size(); ++i) {
        durations.all[i].summary = all[i]->summarize();
        if (durations.all[i].summary.count > 0) {
            const std::vector<double> curve = all[i]->quantiles(ratios);
            durations.all[i].curve = QVector<double>(curve.begin(), curve.end());
        }
    }
    return durations;
}

QString basisWord(Basis basis)
{
    switch (basis) {
    case Basis::Measured:
        return QStringLiteral("measured");
    case Basis::Published:
        return QStringLiteral("published");
    case Basis::Estimated:
        return QStringLiteral("estimated");
    case Basis::Invented:
        break;
    }
    return QStringLiteral("invented");
}

/// What a run shows besides its figures: its course over time, and the promises it kept. Keeps the arrivals of what is
/// in flight, so that a run that is broken off shows the queue it left.
class Watch {
public:
    Watch(double expectedSeconds, std::vector<ReplayRun::Tier>& tiers)
        : m_timeline(expectedSeconds)
        , m_tiers(tiers)
    {
    }
    void arriving(const ingest::TraceRow& row)
    {
        m_open.push_back({row.arrivalSeconds, false});
        m_latestArrival = row.arrivalSeconds;
    }
    void operator()(const serving::Outcome& outcome)
    {
        m_timeline(outcome);
        m_open[outcome.number - m_first].known = true;
        for (; !m_open.empty() && m_open.front().known; ++m_first) {
            m_open.pop_front();
        }
        if (!outcome.completed()) {
            return;
        }
        m_latestFinish = std::max(m_latestFinish, outcome.finishSeconds);
        const double itl = outcome.itlSeconds();
        for (ReplayRun::Tier& tier : m_tiers) {
            // One token has no time between tokens to break.
            tier.kept += outcome.ttftSeconds() <= tier.ttftSeconds && !(itl > tier.itlSeconds) ? 1 : 0;
        }
    }
    /// How far the run is, in the trace's time.
    [[nodiscard]] double latestSeconds() const { return m_latestFinish; }
    /// At the end, or where the run was broken off: what is open then waited until then.
    [[nodiscard]] replay::Timeline::Curves curves()
    {
        const double until = std::max(m_latestArrival, m_latestFinish);
        for (const Open& open : std::exchange(m_open, {})) {
            if (!open.known) {
                m_timeline.unfinished(open.arrivalSeconds, until);
            }
        }
        return m_timeline.curves();
    }

private:
    struct Open {
        double arrivalSeconds = 0;
        bool known = false; ///< what became of it
    };
    replay::Timeline m_timeline;
    std::vector<ReplayRun::Tier>& m_tiers;
    std::deque<Open> m_open; ///< by arrival, the first one without an outcome in front
    std::size_t m_first = 0; ///< number of the front
    double m_latestArrival = 0, m_latestFinish = 0;
};

/// Where the coefficients of a replica are from: "measured: NVIDIA … (2026-07)".
QString sourceOf(const Calibration& calibration, const ReplaySetup& setup)
{
    const Efficiency* row = calibration.find(setup.hardware.accelerator, setup.hardware.precision);
    if (row == nullptr) {
        return {};
    }
    QString text = basisWord(row->provenance.basis);
    if (row->accelerator.empty()) {
        text += QStringLiteral(", for any chip without a row of its own");
    }
    if (row->provenance.source.valid() && row->provenance.source.index() < calibration.sources.size()) {
        text +=
            QStringLiteral(": ") + QString::fromStdString(calibration.sources[row->provenance.source.index()].title);
    }
    return setup.coefficients.empty()
               ? text
               : QString::fromStdString(setup.coefficients.filename().string()) + QStringLiteral(", ") + text;
}

/// The requests of a loaded trace that a set-up replays.
ingest::TraceOptions partOf(const LoadedTrace& trace, const ReplaySetup& setup)
{
    ingest::TraceOptions part = setup.part;
    part.seed = trace.seed;
    return part;
}

replay::Tiers tiersOf(const ReplaySetup& setup)
{
    return {setup.urgentRatio, setup.group.seed};
}

Error noHashes(const LoadedTrace& trace)
{
    return Error{.code = ErrorCode::InvalidValue,
                 .message = "its requests carry no hashes of their prompts' blocks, so no prefix can be found",
                 .advice = "leave the prefix cache out, or take a trace in Mooncake's format",
                 .file = trace.source.path.string()};
}

} // namespace

QString TraceSource::name() const
{
    if (!stored.empty()) {
        return QString::fromStdString(stored);
    }
    const auto last = path.has_filename() ? path.filename() : path.parent_path().filename();
    return QString::fromStdString(last.string());
}

QString ReplaySetup::hardwareText() const
{
    return QStringLiteral("%1 × %2 on %3 %4, %5")
        .arg(group.replicas)
        .arg(QString::fromStdString(hardware.model))
        .arg(hardware.tensorParallel * hardware.dataParallel)
        .arg(QString::fromStdString(hardware.accelerator), QLatin1String(precisionName(hardware.precision)));
}

QString ReplaySetup::routingText() const
{
    QStringList parts{QLatin1String(serving::routerPolicyName(group.router))};
    if (hardware.dataParallel > 1) {
        parts << QStringLiteral("%1 ranks").arg(hardware.dataParallel);
    }
    if (group.prefill.replicas > 0) {
        parts << QStringLiteral("prompts on %1").arg(group.prefill.replicas);
    }
    if (prefixCache) {
        parts << QStringLiteral("prefix cache");
    }
    if (urgentRatio > 0) {
        parts << QStringLiteral("%1 urgent").arg(percent(urgentRatio, 0).joined());
    }
    if (group.policy.admission == serving::BatchPolicy::Admission::Reserve) {
        parts << QStringLiteral("reserving");
    }
    if (part.loadScale != 1) {
        parts << QStringLiteral("load × %1").arg(part.loadScale);
    }
    if (part.fromSeconds > 0) {
        parts << QStringLiteral("from %1").arg(elapsedText(part.fromSeconds));
    }
    if (part.forSeconds > 0) {
        parts << QStringLiteral("for %1").arg(elapsedText(part.forSeconds));
    }
    return parts.join(QStringLiteral(", "));
}

int ReplaySetup::unusualSettings() const
{
    const serving::BatchPolicy usual;
    const std::array differs{hardware.dataParallel > 1,
                             group.prefill.replicas > 0,
                             prefixCache,
                             urgentRatio > 0,
                             group.policy.admission != usual.admission,
                             group.policy.maxBatchedTokens != usual.maxBatchedTokens,
                             part.loadScale != 1,
                             part.fromSeconds > 0,
                             part.forSeconds > 0,
                             !coefficients.empty()};
    return static_cast<int>(std::count(differs.begin(), differs.end(), true));
}

serving::GroupOptions ReplaySetup::groupFor(const serving::IterationModel& model, std::uint32_t prefixBlockTokens) const
{
    serving::GroupOptions built = group;
    built.prefill.kvBytesPerToken = model.kvBytesPerToken;
    built.policy.prefixBlockTokens = prefixCache ? static_cast<std::int32_t>(prefixBlockTokens) : 0;
    replay::layOutRanks(hardware, model, built);
    return built;
}

Result<std::unique_ptr<ingest::TraceStream>> openSource(const TraceSource& source, const ingest::TraceOptions& part,
                                                        const JobContext& job)
{
    // "STORE:TRACE" is how a trace of a store is named.
    const std::string path = source.path.string();
    return ingest::openTrace(source.stored.empty() ? path : path + ':' + source.stored, part, job);
}

Result<TracePointer> loadTrace(const TraceSource& source, std::uint64_t seed, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const auto stream, openSource(source, {.seed = seed}, job));
    auto loaded = std::make_shared<LoadedTrace>();
    loaded->source = source;
    loaded->seed = seed;
    loaded->trace = stream->summary();
    ISOBAR_TRY_ASSIGN(loaded->load, replay::loadOf(*stream, job));
    return TracePointer(std::move(loaded));
}

Result<BuiltReplica> buildReplica(const ReplayContext& context, const ReplaySetup& setup)
{
    BuiltReplica built;
    if (setup.coefficients.empty()) {
        ISOBAR_TRY_ASSIGN(built.model, replay::buildReplica(*context.fleet, *context.calibration, setup.hardware));
        built.coefficientSource = sourceOf(*context.calibration, setup);
        return built;
    }
    ISOBAR_TRY_ASSIGN(const Calibration calibration, replay::readCalibration(setup.coefficients));
    ISOBAR_TRY_ASSIGN(built.model, replay::buildReplica(*context.fleet, calibration, setup.hardware));
    built.coefficientSource = sourceOf(calibration, setup);
    return built;
}

Result<RunPointer> replayTrace(const ReplayContext& context, const TracePointer& trace, const ReplaySetup& setup,
                               const JobContext& job)
{
    auto run = std::make_shared<ReplayRun>();
    run->trace = trace;
    run->setup = setup;
    ISOBAR_TRY_ASSIGN(BuiltReplica built, buildReplica(context, setup));
    run->model = built.model;
    run->coefficientSource = built.coefficientSource;
    for (const SloTier& tier : context.fleet->tiers) {
        run->tiers.push_back({QString::fromStdString(tier.name), tier.ttftSeconds, tier.itlSeconds, 0});
    }
    if (setup.prefixCache && trace->trace.prefixBlockTokens == 0) {
        return noHashes(*trace);
    }
    const ingest::TraceOptions part = partOf(*trace, setup);
    const double rest = trace->load.seconds - part.fromSeconds;
    Watch watch(std::max(0.0, part.forSeconds > 0 ? std::min(part.forSeconds, rest) : rest) / part.loadScale,
                run->tiers);
    JobContext told = job;
    told.report = [&](const Progress& progress) {
        job.progress(elapsedText(watch.latestSeconds()).toStdString() + " simulated", progress.done, progress.total);
    };
    ISOBAR_TRY_ASSIGN(const auto stream, openSource(trace->source, part, JobContext{job.stop, {}}));
    ISOBAR_TRY_ASSIGN(replay::Figures figures,
                      replay::run(*stream, built.model, setup.groupFor(built.model, trace->trace.prefixBlockTokens),
                                  told, watch, tiersOf(setup)));
    if (figures.arrived == 0 && !figures.stopped) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = "no request arrives in that part of the trace",
                     .advice = "it is " + elapsedText(trace->load.seconds).toStdString() +
                               " long: begin earlier, or take more of it",
                     .file = trace->source.path.string()};
    }
    run->arrived = figures.arrived;
    run->completed = figures.completed;
    run->rejected = figures.rejected();
    run->tooLong = figures.tooLong;
    run->noTokens = figures.noTokens;
    run->unfinished = figures.unfinished();
    run->inputTokens = figures.inputTokens;
    run->outputTokens = figures.outputTokens;
    run->prefixHitTokens = figures.prefixHitTokens;
    run->preemptions = figures.preemptions;
    run->urgent = figures.urgent;
    run->simulatedSeconds = figures.simulatedSeconds;
    run->wallSeconds = figures.wallSeconds;
    run->outputTokensPerSecond = figures.outputTokensPerSecond();
    run->partial = figures.stopped;
    run->durations = figuresOf(figures.latencies);
    run->urgentDurations = figuresOf(figures.urgentLatencies);
    run->timeline = watch.curves();
    run->hasMeasured = trace->trace.measured;
    if (run->hasMeasured) {
        run->measured = figuresOf(figures.measured);
    }
    return RunPointer(std::move(run));
}

Status writeRequestRows(const ReplayRun& run, const std::filesystem::path& path, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const auto stream,
                      openSource(run.trace->source, partOf(*run.trace, run.setup), JobContext{job.stop, {}}));
    ISOBAR_TRY(replay::runToCsv(*stream, run.model, run.setup.groupFor(run.model, run.trace->trace.prefixBlockTokens),
                                path, job, tiersOf(run.setup)));
    return Done{};
}

} // namespace isobar::ui

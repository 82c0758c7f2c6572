// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/job.h"
#include "model/replay/replay.h"
#include "model/replay/setup.h"
#include "model/replay/timeline.h"

#include <QString>
#include <QVector>

#include <filesystem>
#include <memory>
#include <vector>

/// A replay as values, and the work itself. Runs on any thread; touches no widget.
namespace isobar::ui {

/// Where a trace is: a file or folder, or a trace of a store.
struct TraceSource {
    std::filesystem::path path; ///< of the file, or of the store
    std::string stored;         ///< its name in the store; empty = a file
    [[nodiscard]] bool isEmpty() const { return path.empty(); }
    [[nodiscard]] QString name() const; ///< the last part of its path, or its name in the store
    friend bool operator==(const TraceSource&, const TraceSource&) = default;
};

/// What is known of a trace. Its requests stay where they are: every replay reads them again.
struct LoadedTrace {
    TraceSource source;
    std::uint64_t seed = 0;
    ingest::TraceSummary trace;
    replay::TraceLoad load;
};
using TracePointer = std::shared_ptr<const LoadedTrace>;

/// Errors: those of ingest::openTrace.
[[nodiscard]] Result<std::unique_ptr<ingest::TraceStream>>
openSource(const TraceSource& source, const ingest::TraceOptions& part, const JobContext& job);
/// Errors: those of openSource and of replay::loadOf.
[[nodiscard]] Result<TracePointer> loadTrace(const TraceSource& source, std::uint64_t seed, const JobContext& job);

/// On what a trace is replayed.
struct ReplaySetup {
    replay::Hardware hardware;
    serving::GroupOptions group;
    std::filesystem::path coefficients;         ///< empty = those of the open fleet
    ingest::TraceOptions part;                  ///< which part of the trace, how fast; the seed is the loaded trace's
    bool prefixCache = false;                   ///< finds prompts' blocks again, by the hashes of the trace
    double urgentRatio = 0;                     ///< of the requests, drawn: admitted first and preempted last
    [[nodiscard]] QString hardwareText() const; ///< "4 × Llama-3.1-70B on 4 H100, bf16"
    [[nodiscard]] QString routingText() const;  ///< "least-in-flight, prefix cache, load × 2"
    /// How many of the settings that most replays leave alone are not as they come.
    [[nodiscard]] int unusualSettings() const;
    /// The group as it is built: ranks laid out, KV sized, prefixes found where the trace has `prefixBlockTokens`.
    [[nodiscard]] serving::GroupOptions groupFor(const serving::IterationModel& model,
                                                 std::uint32_t prefixBlockTokens) const;
};

/// One of the four durations of a run.
struct DurationFigures {
    aggregate::Distribution::Summary summary;
    QVector<double> curve; ///< seconds at each ratio of percentileGrid(); empty without values
};
struct RunDurations {
    std::array<DurationFigures, 4> all; ///< in the order of DurationKind
};
enum class DurationKind { Ttft, Itl, EndToEnd, Queue };
inline constexpr std::array kDurationKinds{DurationKind::Ttft, DurationKind::Itl, DurationKind::EndToEnd,
                                           DurationKind::Queue};

/// What a run came to; small, however long the trace.
struct ReplayRun {
    TracePointer trace;
    ReplaySetup setup;
    serving::IterationModel model;
    QString coefficientSource; ///< "measured: NVIDIA …"
    std::int64_t arrived = 0, completed = 0, unfinished = 0;
    std::int64_t rejected = 0, tooLong = 0, noTokens = 0; ///< rejected: all together
    std::int64_t inputTokens = 0, outputTokens = 0, prefixHitTokens = 0, preemptions = 0;
    std::int64_t urgent = 0; ///< completed, of the urgent ones
    double simulatedSeconds = 0, wallSeconds = 0, outputTokensPerSecond = 0;
    bool partial = false; ///< cancelled: what was completed until then
    RunDurations durations, measured;
    RunDurations urgentDurations; ///< of the urgent ones alone; they are in `durations` too
    bool hasMeasured = false;     ///< the trace says what a real server took
    replay::Timeline::Curves timeline;
    struct Tier {
        QString name;
        double ttftSeconds = 0, itlSeconds = 0;
        std::int64_t kept = 0; ///< completed requests within both promises
    };
    std::vector<Tier> tiers; ///< of the fleet
};
using RunPointer = std::shared_ptr<const ReplayRun>;

struct ReplayContext {
    std::shared_ptr<const Fleet> fleet;
    std::shared_ptr<const Calibration> calibration; ///< of the fleet
};

/// The replica of a setup and where its coefficients are from. Errors: those of readCalibration and buildReplica.
struct BuiltReplica {
    serving::IterationModel model;
    QString coefficientSource;
};
[[nodiscard]] Result<BuiltReplica> buildReplica(const ReplayContext& context, const ReplaySetup& setup);

/// Cancelled, the run comes back partial. The stage of the progress says how far the trace is. Errors: those of
/// openSource, buildReplica and replay::run; InvalidValue for a part of the trace in which nothing arrives, and for a
/// prefix cache without hashes.
[[nodiscard]] Result<RunPointer> replayTrace(const ReplayContext& context, const TracePointer& trace,
                                             const ReplaySetup& setup, const JobContext& job);

/// Replays once more and writes one row a request: the file of `isobar-cli replay --requests-out`. Errors: also
/// Cancelled; then the file is as it was.
[[nodiscard]] Status writeRequestRows(const ReplayRun& run, const std::filesystem::path& path, const JobContext& job);

} // namespace isobar::ui

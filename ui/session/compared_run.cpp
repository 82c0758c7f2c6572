// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/compared_run.h"

#include "model/aggregate/time_buckets.h"
#include "model/store/sql.h"
#include "ui/session/session.h"

#include <QDateTime>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;

/// Longer ranges are read as hours: of a day, minutes would take a gigabyte while they are read.
constexpr SimMicros kLongestInMinutes = 6 * aggregate::kMicrosPerHour;
constexpr SimMicros kLeastMargin = 60 * aggregate::kMicrosPerSecond;

Result<std::vector<RunChoice>> readRuns(store::Store& store, std::int64_t running)
{
    ISOBAR_TRY_ASSIGN(const auto scenarios, store::runReadOnlySql(store.path(), "SELECT run_id, scenario FROM v_runs"));
    ISOBAR_TRY_ASSIGN(const auto runs, store::historyRuns(store));
    std::vector<RunChoice> choices;
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        if (run->id == running || run->begin >= run->end) {
            continue;
        }
        const auto row = std::find_if(scenarios.rows.begin(), scenarios.rows.end(),
                                      [&run](const auto& r) { return std::get<std::int64_t>(r[0]) == run->id; });
        choices.push_back({run->id,
                           row == scenarios.rows.end() ? QString() : QString::fromStdString(store::toText((*row)[1])),
                           QString::fromStdString(run->recordedAtUtc),
                           static_cast<double>(run->end - run->begin) * 1e-6, run->scenarioId == 0});
    }
    return choices;
}

} // namespace

QString runText(const RunChoice& run)
{
    const QDateTime at = QDateTime::fromString(run.recordedAtUtc, Qt::ISODate);
    const QString length = run.seconds < 120    ? QStringLiteral("%1 s").arg(std::lround(run.seconds))
                           : run.seconds < 7200 ? QStringLiteral("%1 min").arg(std::lround(run.seconds / 60))
                                                : QStringLiteral("%1 h").arg(std::lround(run.seconds / 3600));
    return QStringLiteral("Run %1 · %2 · %3 · %4")
        .arg(run.id)
        .arg(run.scenario, at.isValid() ? at.toString(QStringLiteral("yyyy-MM-dd HH:mm")) : run.recordedAtUtc, length);
}

Result<ComparedStretch> readCompared(const store::Store& store, Comparing compare, std::int64_t run,
                                     std::int64_t running, const TimeSpan& span)
{
    ComparedStretch stretch;
    stretch.run = run;
    stretch.asked = span;
    stretch.name = QStringLiteral("run %1").arg(run);
    if (compare == Comparing::Baseline) {
        ISOBAR_TRY_ASSIGN(const auto runs, store::historyRuns(store));
        ISOBAR_TRY_ASSIGN(const auto newest, store::newestBaseline(runs, running));
        stretch.run = newest.id;
        stretch.name = QStringLiteral("baseline (run %1)").arg(stretch.run);
    }
    const bool isLong = span.to - span.from > kLongestInMinutes;
    ISOBAR_TRY_ASSIGN(const auto read,
                      store::readHistory(store, stretch.run, span.from, span.to,
                                         isLong ? std::optional(store::HistoryTier::Hour) : std::nullopt));
    stretch.fleet = read.fleet;
    for (const auto& interval : read.intervals) {
        if (!stretch.history.empty() && interval->begin != stretch.history.end()) {
            stretch.history.clear(); // of what has a gap, the later piece
        }
        stretch.history.append(interval);
    }
    return stretch;
}

ComparedRun::ComparedRun(Session& session)
    : m_session(session)
{
    connect(&session, &Session::opened, this, [this] {
        drop();
        m_runs.clear();
        lookForRuns();
        follow();
    });
    connect(&session, &Session::historyChanged, this, &ComparedRun::follow);
    connect(&session.selection(), &Selection::changed, this, &ComparedRun::follow);
}

void ComparedRun::lookForRuns()
{
    if (m_session.store() == nullptr) {
        m_runsReader.forget();
        m_runs.clear();
        Q_EMIT runsChanged();
        return;
    }
    const std::int64_t running = m_session.recorder() != nullptr ? m_session.recorder()->runId() : 0;
    m_runsReader.read<std::vector<RunChoice>>(
        m_session.store()->path(), [running](store::Store& store) { return readRuns(store, running); },
        [this](const Result<std::vector<RunChoice>>& runs) {
            if (!runs) {
                Q_EMIT problem(runs.error());
                return;
            }
            m_runs = *runs;
            Q_EMIT runsChanged();
        });
}

void ComparedRun::drop()
{
    m_stretchReader.forget();
    m_isReading = false;
    m_compare = Comparing::Nothing;
    m_run = 0;
    if (m_stretch) {
        m_stretch.reset();
        Q_EMIT changed();
    }
}

void ComparedRun::follow()
{
    const SelectionState& state = m_session.selection().state();
    const bool ofRun = state.compare == Comparing::Run || state.compare == Comparing::Baseline;
    if (!ofRun || m_session.store() == nullptr || !m_session.isOpen()) {
        drop();
        return;
    }
    const std::int64_t run = state.compare == Comparing::Run ? state.compareRun : 0;
    if (m_compare != state.compare || m_run != run) {
        drop();
    }
    const TimeSpan wanted = shownSpan(state, {m_session.history().begin(), m_session.history().end()});
    const bool isThere = m_stretch && m_stretch->asked.from <= wanted.from && m_stretch->asked.to >= wanted.to;
    if (!m_isReading && !isThere && wanted.from < wanted.to) {
        read(state.compare, run, wanted);
    }
}

void ComparedRun::read(Comparing compare, std::int64_t run, const TimeSpan& wanted)
{
    m_compare = compare;
    m_run = run;
    m_isReading = true;
    // Ahead of where the clock will be, so that it is not read again at every step.
    const SimMicros margin = std::max(wanted.to - wanted.from, kLeastMargin);
    const TimeSpan asked{wanted.from - kLeastMargin, wanted.to + margin};
    const std::int64_t running = m_session.recorder() != nullptr ? m_session.recorder()->runId() : 0;
    m_stretchReader.read<ComparedStretch>(
        m_session.store()->path(),
        [compare, run, running, asked](store::Store& store) {
            return readCompared(store, compare, run, running, asked);
        },
        [this, asked](const Result<ComparedStretch>& read) {
            m_isReading = false;
            if (read) {
                m_stretch = std::make_shared<const ComparedStretch>(*read);
            } else {
                // Not asked for again and again: an empty stretch stands for it.
                auto nothing = std::make_shared<ComparedStretch>();
                nothing->asked = {asked.from, INT64_MAX};
                m_stretch = std::move(nothing);
                Q_EMIT problem(read.error());
            }
            Q_EMIT changed();
            follow(); // the range may have moved on meanwhile
        });
}

} // namespace isobar::ui

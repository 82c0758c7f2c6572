// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history_recorder.h"

#include <algorithm>

namespace isobar::store {

using aggregate::Interval;
using aggregate::kMicrosPerSecond;
using Clock = std::chrono::steady_clock;

namespace {

Summing bucketsOf(std::int64_t seconds, const HistoryWriter::Run& run)
{
    return {seconds * kMicrosPerSecond, unixSeconds(run.fleet->startTimeUtc) * kMicrosPerSecond};
}

} // namespace

Recorder::Recorder(SQLite::Database db, std::filesystem::path path, HistoryWriter::Run run,
                   std::chrono::milliseconds hourEvery)
    : m_db(std::move(db))
    , m_path(std::move(path))
    , m_of(std::move(run))
    , m_hourEvery(hourEvery)
    , m_toMinutes(bucketsOf(kMinuteTier, m_of))
    , m_toHours(bucketsOf(kHourTier, m_of))
    , m_minuteBlocks(bucketsOf(kMinuteTier * kMinutesPerBlock, m_of))
    , m_hourWritten(Clock::now())
{
}

void Recorder::add(std::shared_ptr<const Interval> interval)
{
    const std::size_t known = m_minutes.size();
    m_toMinutes.add(interval, m_minutes);
    for (std::size_t i = known; i < m_minutes.size(); ++i) {
        m_toHours.add(m_minutes[i], m_hours);
    }
    m_seconds.push_back(std::move(interval));
    m_hourIsStale = true;
}

Status Recorder::commit(bool closing)
{
    if (closing) {
        const std::size_t known = m_minutes.size();
        m_toMinutes.close(m_minutes);
        for (std::size_t i = known; i < m_minutes.size(); ++i) {
            m_toHours.add(m_minutes[i], m_hours);
        }
    }
    const std::size_t minutes = closing ? m_minutes.size() : minutesInWholeBlocks();
    // The rows of the hour at hand always reach as far as the minutes do: readHistory() relies on it.
    const bool hourIsDue = m_hourIsStale && (minutes > 0 || Clock::now() - m_hourWritten >= m_hourEvery);
    std::shared_ptr<const Interval> hourAtHand;
    if (hourIsDue) {
        Intervals soFar = m_toHours.pending();
        soFar.insert(soFar.end(), m_toMinutes.pending().begin(), m_toMinutes.pending().end());
        hourAtHand = soFar.empty() ? nullptr : sumToOne(soFar);
    }
    if (m_seconds.empty() && m_hours.empty() && minutes == 0 && !hourAtHand) {
        return Done{};
    }
    const std::int64_t runBefore = m_run;
    const LayoutRows rowsBefore = m_layoutRows;
    const Status written = guarded(m_db, m_path, "record the history", [&]() -> Status {
        WriteTransaction transaction(m_db);
        writeRows(minutes, hourAtHand.get());
        transaction.commit();
        return Done{};
    });
    if (!written.ok()) {
        m_run = runBefore;
        m_layoutRows = rowsBefore;
        return written;
    }
    m_caughtUp = true;
    m_seconds.clear();
    m_hours.clear();
    m_minutes.erase(m_minutes.begin(), m_minutes.begin() + static_cast<std::ptrdiff_t>(minutes));
    if (hourIsDue) {
        m_hourIsStale = false;
        m_hourWritten = Clock::now();
    }
    return Done{};
}

std::size_t Recorder::minutesInWholeBlocks() const
{
    std::size_t whole = 0;
    for (std::size_t i = 0; i < m_minutes.size(); ++i) {
        if (m_minutes[i]->end >= m_minuteBlocks.bucketEnd(m_minutes[whole]->begin)) {
            whole = i + 1;
        }
    }
    return whole;
}

void Recorder::writeRows(std::size_t minutes, const Interval* hourAtHand)
{
    if (m_run == 0) {
        m_run = insertRun(m_db, m_of);
    }
    if (!m_seconds.empty() && m_seconds.back()->layout) {
        insertLayout(m_db, m_run, *m_of.fleet, *m_seconds.back()->layout, m_layoutRows);
    }
    const std::span<const std::shared_ptr<const Interval>> seconds(m_seconds);
    for (std::size_t first = 0; first < seconds.size(); first += kSecondsPerBlock) {
        putBlock(m_db, m_run, kSecondTier, seconds.subspan(first, std::min(kSecondsPerBlock, seconds.size() - first)));
    }
    putMinutes(m_db, m_run, std::span(m_minutes).first(minutes), m_minuteBlocks);
    for (const auto& hour : m_hours) {
        putHour(m_db, m_run, *hour);
    }
    if (hourAtHand != nullptr) {
        putHour(m_db, m_run, *hourAtHand);
    }
    if (!m_caughtUp) {
        catchUp(m_db, m_run);
    }
    if (minutes > 0 || !m_caughtUp) {
        prune(m_db, readPolicy(m_db));
    }
}

} // namespace isobar::store

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history_recorder.h"
#include "model/store/store_impl.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace isobar::store {

using aggregate::Interval;
using aggregate::kMicrosPerSecond;
using aggregate::SimMicros;
using Clock = std::chrono::steady_clock;

namespace {

/// What waits to be written; never more than the limit. Not thread-safe.
class Queue {
public:
    Queue(std::size_t limit, SimMicros startMicros)
        : m_limit(std::max<std::size_t>(limit, 2))
        , m_startMicros(startMicros)
    {
    }

    void push(std::shared_ptr<const Interval> interval)
    {
        m_waiting.push_back(std::move(interval));
        for (const std::int64_t seconds : {kMinuteTier, kHourTier}) {
            if (m_waiting.size() > m_limit) {
                coarsen(seconds * kMicrosPerSecond);
            }
        }
        if (m_waiting.size() > m_limit) {
            m_lost += m_waiting.front()->end - m_waiting.front()->begin;
            m_waiting.erase(m_waiting.begin());
        }
    }
    [[nodiscard]] Intervals take() { return std::exchange(m_waiting, {}); }
    [[nodiscard]] std::size_t size() const { return m_waiting.size(); }
    [[nodiscard]] SimMicros coarsened() const { return m_coarsened; }
    [[nodiscard]] SimMicros lost() const { return m_lost; }

private:
    /// Sums the oldest whole bucket of `width` that more than one interval lies in. One bucket a call: cheap enough for
    /// the thread that appends.
    void coarsen(SimMicros width)
    {
        const Summing buckets(width, m_startMicros);
        for (auto first = m_waiting.begin(); first != m_waiting.end();) {
            const SimMicros end = buckets.bucketEnd((*first)->begin);
            const auto last = std::find_if(first, m_waiting.end(), [end](const auto& i) { return i->begin >= end; });
            if (last == m_waiting.end()) {
                return; // the bucket at hand is not whole yet
            }
            if (last - first > 1) {
                for (auto i = first; i != last; ++i) {
                    const SimMicros length = (*i)->end - (*i)->begin;
                    // What is a minute already was counted when it became one.
                    m_coarsened += length < kMinuteTier * kMicrosPerSecond ? length : 0;
                }
                *first = sumToOne({first, last});
                m_waiting.erase(first + 1, last);
                return;
            }
            first = last;
        }
    }

    std::size_t m_limit;
    SimMicros m_startMicros;
    Intervals m_waiting;
    SimMicros m_coarsened = 0, m_lost = 0;
};

} // namespace

struct HistoryWriter::Impl {
    Impl(SQLite::Database db, const std::filesystem::path& path, const Run& run, const Options& how)
        : recorder(std::move(db), path, run, how.hourEvery)
        , commitEvery(how.commitEvery)
        , queue(how.queueLimit, unixSeconds(run.fleet->startTimeUtc) * kMicrosPerSecond)
    {
    }

    void loop(const std::stop_token& stop);
    Status ask(bool closing);

    Recorder recorder; ///< the thread's alone
    const std::chrono::milliseconds commitEvery;

    mutable std::mutex mutex; ///< of all below but the thread
    std::condition_variable_any changed;
    Queue queue;
    std::size_t recording = 0; ///< intervals the recorder holds
    SimMicros acknowledged = 0;
    bool anyAppended = false;
    std::int64_t runId = 0;
    std::uint64_t asked = 0, answered = 0; ///< commits somebody waits for
    bool closeAsked = false;               ///< and that end the minute at hand
    Status lastCommit = Done{};
    // Last, so that it ends before anything it uses goes.
    std::jthread thread;
};

void HistoryWriter::Impl::loop(const std::stop_token& stop)
{
    auto nextCommit = Clock::now();
    SimMicros through = 0; // the end of what the recorder holds
    for (bool more = true; more || !stop.stop_requested();) {
        std::uint64_t answering = 0;
        bool closing = false;
        Intervals taken;
        {
            std::unique_lock lock(mutex);
            const auto isAsked = [this] { return asked != answered; };
            changed.wait(lock, stop, [&] { return queue.size() > 0 || recording > 0 || isAsked(); });
            changed.wait_until(lock, stop, nextCommit, isAsked); // gather what comes until then
            answering = asked;
            closing = closeAsked || stop.stop_requested();
            // While a commit fails, the rest waits where it can be made coarser.
            if (recording == 0) {
                taken = queue.take();
                recording = taken.size();
            }
        }
        for (auto& interval : taken) {
            through = interval->end;
            recorder.add(std::move(interval));
        }
        const Status written = recorder.commit(closing);
        nextCommit = Clock::now() + commitEvery;
        {
            const std::lock_guard lock(mutex);
            lastCommit = written;
            runId = recorder.runId();
            if (written.ok()) {
                recording = 0;
                acknowledged = anyAppended ? std::max(acknowledged, through) : acknowledged;
            }
            more = written.ok() && queue.size() > 0; // arrived meanwhile, or had to wait for a failed commit
            if (!more) {
                answered = answering;
                closeAsked = closeAsked && asked != answered;
            }
        }
        changed.notify_all();
    }
}

HistoryWriter::HistoryWriter(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
    m_impl->thread = std::jthread([impl = m_impl.get()](const std::stop_token& stop) { impl->loop(stop); });
}

HistoryWriter::~HistoryWriter() = default;

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::start(const Store& store, const Run& run)
{
    return start(store, run, Options{});
}

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::start(const Store& store, const Run& run, const Options& options)
{
    ISOBAR_TRY(refuseReadOnly(store.impl(), "record the history"));
    try {
        SQLite::Database db = openConnection(store.path(), Access::ReadWrite, false);
        // What is pruned is no secret: without this its pages would be written a second time, full of zeros.
        db.exec("PRAGMA secure_delete = OFF");
        db.exec("PRAGMA cache_size = -8192");
        return std::unique_ptr<HistoryWriter>(
            new HistoryWriter(std::make_unique<Impl>(std::move(db), store.path(), run, options)));
    } catch (const SQLite::Exception& exception) {
        return sqliteError(exception, nullptr, store.path(), "record the history");
    }
}

void HistoryWriter::append(std::shared_ptr<const Interval> interval)
{
    {
        const std::lock_guard lock(m_impl->mutex);
        if (!m_impl->anyAppended) {
            m_impl->anyAppended = true;
            m_impl->acknowledged = interval->begin;
        }
        m_impl->queue.push(std::move(interval));
    }
    m_impl->changed.notify_all();
}

SimMicros HistoryWriter::acknowledgedThrough() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->acknowledged;
}

HistoryWriter::State HistoryWriter::state() const
{
    const std::lock_guard lock(m_impl->mutex);
    State state;
    state.acknowledgedThrough = m_impl->acknowledged;
    state.waiting = m_impl->queue.size() + m_impl->recording;
    state.coarsenedMicros = m_impl->queue.coarsened();
    state.lostMicros = m_impl->queue.lost();
    if (!m_impl->lastCommit.ok()) {
        state.error = m_impl->lastCommit.error();
    }
    return state;
}

std::int64_t HistoryWriter::runId() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->runId;
}

Status HistoryWriter::Impl::ask(bool closing)
{
    std::unique_lock lock(mutex);
    const std::uint64_t mine = ++asked;
    closeAsked = closeAsked || closing;
    changed.notify_all();
    changed.wait(lock, [&] { return answered >= mine; });
    return lastCommit;
}

Status HistoryWriter::drain()
{
    return m_impl->ask(false);
}

Status HistoryWriter::finish()
{
    return m_impl->ask(true);
}

} // namespace isobar::store

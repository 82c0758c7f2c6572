// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/replay_job.h"

#include <QFutureWatcher>
#include <QPromise>
#include <QtConcurrent>

#include <chrono>

namespace isobar::ui {
namespace {

constexpr std::chrono::milliseconds kBetweenReports{40};
using Update = std::variant<Progress, Result<ReplayJob::Answer>>;

void carryOut(QPromise<Update>& promise, const ReplayJob::Work& work, const std::stop_token& stop)
{
    auto last = std::chrono::steady_clock::time_point{};
    JobContext job;
    job.stop = stop;
    job.report = [&](const Progress& progress) {
        if (const auto now = std::chrono::steady_clock::now(); now - last >= kBetweenReports) {
            last = now;
            promise.addResult(Update(progress));
        }
    };
    promise.addResult(Update(work(job)));
}

} // namespace

ReplayJob::~ReplayJob()
{
    m_stop.request_stop();
}

void ReplayJob::start(Work work)
{
    abandon();
    m_stop = std::stop_source();
    m_running = true;
    const std::uint64_t mine = m_generation;
    auto* watcher = new QFutureWatcher<Update>(this);
    connect(watcher, &QFutureWatcherBase::resultReadyAt, this, [this, watcher, mine](int at) {
        if (mine != m_generation) {
            return;
        }
        const Update update = watcher->resultAt(at);
        if (const auto* progress = std::get_if<Progress>(&update)) {
            Q_EMIT progressed(*progress);
        } else {
            m_running = false;
            Q_EMIT finished(std::get<Result<Answer>>(update));
        }
    });
    connect(watcher, &QFutureWatcherBase::finished, watcher, &QObject::deleteLater);
    watcher->setFuture(QtConcurrent::run(carryOut, std::move(work), m_stop.get_token()));
}

void ReplayJob::cancel()
{
    m_stop.request_stop();
}

void ReplayJob::abandon()
{
    m_stop.request_stop();
    ++m_generation;
    m_running = false;
}

} // namespace isobar::ui

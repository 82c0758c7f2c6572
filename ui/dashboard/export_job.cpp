// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/export_job.h"

#include "ui/shell/theme_scope.h"

#include <QCoreApplication>
#include <QFutureWatcher>
#include <QtConcurrent>

#include <cassert>
#include <condition_variable>
#include <mutex>

namespace isobar::ui {
namespace {

/// A plot on its way from the GUI thread. Shared, as either side may be gone first.
struct Awaited {
    std::mutex mutex;
    std::condition_variable_any there;
    std::optional<QPicture> picture;
};

/// On a worker: has the GUI thread record the plot and waits for it, or for the stop, whichever comes first.
QPicture recordThere(const PreparedChart& chart, const TimeChartData& data, QSize size, const std::stop_token& stop)
{
    const auto awaited = std::make_shared<Awaited>();
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [awaited, chart, data, size, stop, &inForce = theme()] {
            if (stop.stop_requested()) {
                return;
            }
            const ThemeScope scope(inForce);
            QPicture picture = recordPlot(chart, data, size);
            const std::lock_guard lock(awaited->mutex);
            awaited->picture = std::move(picture);
            awaited->there.notify_all();
        },
        Qt::QueuedConnection);
    std::unique_lock lock(awaited->mutex);
    awaited->there.wait(lock, stop, [&awaited] { return awaited->picture.has_value(); });
    return awaited->picture ? std::move(*awaited->picture) : QPicture();
}

Status carryOut(const ExportJob::Work& work, const Theme& inForce, const std::stop_token& stop)
{
    const ThemeScope scope(inForce);
    return work({[stop](const PreparedChart& chart, const TimeChartData& data, QSize size) {
                     return recordThere(chart, data, size, stop);
                 },
                 stop});
}

} // namespace

ExportJob::~ExportJob()
{
    m_stop.request_stop();
}

void ExportJob::start(Work work)
{
    assert(!m_running);
    m_stop = std::stop_source();
    m_running = true;
    auto* watcher = new QFutureWatcher<Status>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
        watcher->deleteLater();
        m_running = false;
        Q_EMIT finished(watcher->result());
    });
    watcher->setFuture(QtConcurrent::run([work = std::move(work), &inForce = theme(), stop = m_stop.get_token()] {
        return carryOut(work, inForce, stop);
    }));
}

void ExportJob::cancel()
{
    m_stop.request_stop();
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar/start_timer.h"

#include <QCoreApplication>
#include <QEvent>
#include <QFile>
#include <QTimer>

#include <cstdio>
#include <ctime>
#include <unistd.h>
#include <utility>

namespace isobar::app {
namespace {

/// Seconds since this process was started (field 22 of /proc/self/stat, in clock ticks since boot).
double secondsSinceProcessStart()
{
    QFile file(QStringLiteral("/proc/self/stat"));
    if (!file.open(QIODevice::ReadOnly)) {
        return 0;
    }
    const QByteArray text = file.readAll();
    // The name, field 2, may hold spaces and ends with the last ')'; field 3 follows it.
    const QList<QByteArray> fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const double boot = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
    return boot - fields.value(19).toDouble() / static_cast<double>(sysconf(_SC_CLK_TCK));
}

} // namespace

AfterFirstFrame::AfterFirstFrame(QWidget& window, std::function<void()> work)
    : m_work(std::move(work))
{
    window.installEventFilter(this);
    // A window that is never seen, minimized say, has no first frame.
    constexpr int kLongestMilliseconds = 2000;
    QTimer::singleShot(kLongestMilliseconds, this, &AfterFirstFrame::go);
}

bool AfterFirstFrame::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Paint) {
        watched->removeEventFilter(this);
        QTimer::singleShot(0, this, &AfterFirstFrame::go); // after this event the frame is painted and flushed
    }
    return QObject::eventFilter(watched, event);
}

void AfterFirstFrame::go()
{
    if (const auto work = std::exchange(m_work, nullptr)) {
        work();
    }
}

StartTimer::StartTimer(ui::MainWindow& window, ui::Session& session, bool enabled)
    : m_firstFrame(window, [this] { m_firstFrameSeconds = secondsSinceProcessStart(); })
{
    if (!enabled) {
        return;
    }
    connect(&session, &ui::Session::historyChanged, this, [this] {
        std::printf("first frame %.2f s, first live numbers %.2f s\n", m_firstFrameSeconds, secondsSinceProcessStart());
        QCoreApplication::quit();
    });
}

} // namespace isobar::app

// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

#include <QObject>

#include <functional>
#include <stop_token>

namespace isobar::ui {

/// What takes longer shows that it is on its way; milliseconds.
inline constexpr int kExportNoticeMs = 100;

/// One export in the background: it paints, encodes and writes on a worker, in the theme that was in force when it
/// began; only plots over time are recorded on the GUI thread, some milliseconds each. GUI thread; never waits.
class ExportJob : public QObject {
    Q_OBJECT
public:
    /// exportView() or exportSummary() for the place given. Takes its inputs by value; touches no QObject.
    using Work = std::function<Status(const ExportPlace&)>;

    using QObject::QObject;
    /// Stops what runs: nothing is written any more.
    ~ExportJob() override;

    /// Not while one is running.
    void start(Work work);
    /// finished() says whether it came in time.
    void cancel();
    [[nodiscard]] bool isRunning() const { return m_running; }

Q_SIGNALS:
    void finished(const isobar::Status& written);

private:
    std::stop_source m_stop;
    bool m_running = false;
};

} // namespace isobar::ui

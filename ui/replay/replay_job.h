// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/replay/replay_run.h"

#include <QObject>
#include <QString>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <variant>

namespace isobar::ui {

/// One piece of work in the background, of which the newest counts: a run has a generation, and what an older one still
/// says is dropped. Never waits for the worker. Main thread.
class ReplayJob : public QObject {
    Q_OBJECT
public:
    struct Written {
        QString path;
    };
    using Answer = std::variant<TracePointer, RunPointer, Written>;
    /// Touches no QObject; takes its inputs by value.
    using Work = std::function<Result<Answer>(const JobContext&)>;

    using QObject::QObject;
    ~ReplayJob() override;

    /// Abandons what runs and starts.
    void start(Work work);
    /// Asks the worker to stop; finished() tells what it left.
    void cancel();
    /// Asks the worker to stop and hears no more of it.
    void abandon();
    [[nodiscard]] bool isRunning() const { return m_running; }

Q_SIGNALS:
    void progressed(const isobar::Progress& progress);
    void finished(const isobar::Result<isobar::ui::ReplayJob::Answer>& answer);

private:
    std::stop_source m_stop;
    std::uint64_t m_generation = 0;
    bool m_running = false;
};

} // namespace isobar::ui

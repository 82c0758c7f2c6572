// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/store/history.h"
#include "ui/session/selection.h"
#include "ui/session/store_reader.h"

#include <memory>
#include <vector>

namespace isobar::ui {

class Session;

/// A recorded run, to choose from.
struct RunChoice {
    std::int64_t id = 0;
    QString scenario;
    QString recordedAtUtc;   ///< as the store has it
    double seconds = 0;      ///< simulated
    bool isBaseline = false; ///< ran no scenario
};
/// "Run 3 · baseline · 2026-11-23 14:05 · 10 min"
[[nodiscard]] QString runText(const RunChoice& run);

/// A stretch of the run that figures are compared with. Its fleet may be another: things are the same by name.
struct ComparedStretch {
    std::int64_t run = 0;
    QString name; ///< "run 3", "baseline (run 3)"
    std::shared_ptr<const Fleet> fleet;
    aggregate::History history; ///< by the run's own clock; as coarse as it is kept, empty where nothing was recorded
    TimeSpan asked;             ///< what was looked for
};

/// Reads what was recorded over `span` of a run of the store: `run`, or with Comparing::Baseline the newest one without
/// a scenario but for `running`, the id of the run that is set against it. NotFound when there is no such run.
[[nodiscard]] Result<ComparedStretch> readCompared(const store::Store& store, Comparing compare, std::int64_t run,
                                                   std::int64_t running, const TimeSpan& span);

/// Keeps at hand what the selection compares with: reads it from the open store in the background, again when the range
/// moves on. Main thread; made by the session.
class ComparedRun : public QObject {
    Q_OBJECT
public:
    explicit ComparedRun(Session& session);

    /// Of the run that is compared with now; null while it is read, and where nothing is compared with or there is no
    /// such run.
    [[nodiscard]] std::shared_ptr<const ComparedStretch> stretch() const { return m_stretch; }
    /// Of the open store, newest first, without the one that is running; as lookForRuns() found them.
    [[nodiscard]] const std::vector<RunChoice>& runs() const { return m_runs; }
    void lookForRuns();

Q_SIGNALS:
    void changed();     ///< stretch() is another
    void runsChanged(); ///< runs() was read
    void problem(const isobar::Error& error);

private:
    void follow();
    void read(Comparing compare, std::int64_t run, const TimeSpan& wanted);
    void drop();

    Session& m_session;
    StoreReader m_runsReader, m_stretchReader;
    std::vector<RunChoice> m_runs;
    std::shared_ptr<const ComparedStretch> m_stretch;
    Comparing m_compare = Comparing::Nothing; ///< what m_stretch is, or is being read
    std::int64_t m_run = 0;
    bool m_isReading = false;
};

} // namespace isobar::ui

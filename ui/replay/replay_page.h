// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/replay/replay_export.h"
#include "ui/replay/replay_job.h"
#include "ui/replay/runs_model.h"
#include "ui/session/session.h"

#include <QElapsedTimer>
#include <QWidget>

class QHBoxLayout;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace isobar::ui {

class KpiTile;
class Notice;
class PercentileChart;
class SetupPanel;
class TimeChart;

/// The room "Replay a trace": set-up at the left, the runs at the right, one looked at and the others as ghosts.
/// Reading and replaying happen in the background with progress and Cancel; a cancelled run stays, marked partial.
/// Errors are told in place.
class ReplayPage final : public QWidget {
    Q_OBJECT
public:
    explicit ReplayPage(Session& session, QWidget* parent = nullptr);

    /// What the background does.
    enum class Stage { Idle, Loading, Replaying, Writing, Stopping };
    [[nodiscard]] Stage stage() const { return m_stage; }
    [[nodiscard]] SetupPanel& setupPanel() { return *m_setup; }
    [[nodiscard]] const RunsModel& runs() const { return *m_runs; }
    [[nodiscard]] ReplayView view() const;
    [[nodiscard]] QString noticeText() const;

    /// Reads a trace; what is under way is given up.
    void openTrace(const TraceSource& source);
    /// Replays the trace on the set-up shown. Nothing while there is an obstacle.
    void run();
    /// Stops what is under way: a replay stays as a partial run, anything else leaves nothing.
    void cancel();
    /// One row a request of the selected run, in the background.
    void exportRows(const QString& path);
    void exportPicture(ReplayPicture picture, const QString& path);
    /// Shows where to begin.
    void focusStart();

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* makeLeft();
    QWidget* makeEmpty();
    QWidget* makeResults();
    QWidget* makeTables();
    void fillExportMenu();
    void offerExport(QWidget* chart, ReplayPicture picture);
    void chooseExport(ReplayPicture picture);
    void chooseRows();
    void jobFinished(const Result<ReplayJob::Answer>& answer);
    void startRun();
    void removeRun();
    void showRuns();
    void showControls();

    Session& m_session;
    ReplayJob m_job;
    Stage m_stage = Stage::Idle;
    TracePointer m_trace;
    bool m_runAfterLoading = false;
    QElapsedTimer m_sinceStart;
    RunsModel* m_runs;
    PercentilesModel* m_percentiles;
    SetupPanel* m_setup;
    QPushButton* m_run;
    QProgressBar* m_progress;
    QLabel* m_progressText;
    Notice* m_notice;
    QLabel* m_trust;
    QToolButton* m_export;
    QStackedWidget* m_pages;
    QLabel* m_emptyHeading = nullptr;
    std::vector<KpiTile*> m_tiles;
    std::array<PercentileChart*, kDurationKinds.size()> m_durations{};
    TimeChart* m_inFlight = nullptr;
    TimeChart* m_throughput = nullptr;
    QTableView* m_runsTable;
    QTableView* m_percentilesTable;
    QToolButton* m_remove;
    QHBoxLayout* m_tables = nullptr; ///< of the two tables
};

} // namespace isobar::ui

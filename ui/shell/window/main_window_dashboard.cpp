// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/export_job.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/overview_page.h"
#include "ui/dashboard/side_panel.h"
#include "ui/dashboard/time_bar.h"
#include "ui/map/map_view.h"
#include "ui/shell/window/main_window.h"
#include "ui/shell/window/tour.h"

#include <QApplication>
#include <QDir>
#include <QFileDialog>
#include <QInputDialog>
#include <QKeyEvent>
#include <QMenuBar>
#include <QProgressDialog>
#include <QPushButton>
#include <QSettings>
#include <QStackedWidget>
#include <QToolButton>

#include <algorithm>
#include <limits>

/// What the window does with boards: the room, presenting them, the outage, the summary, the tour.
namespace isobar::ui {
namespace {

const QString kPeriodKey = QStringLiteral("present/seconds");
const QString kTourKey = QStringLiteral("tour/seen");
constexpr int kUsualPeriodSeconds = 20, kLongestPeriodSeconds = 3600;

int presentationSeconds()
{
    return std::clamp(QSettings().value(kPeriodKey, kUsualPeriodSeconds).toInt(), 1, kLongestPeriodSeconds);
}

} // namespace

void MainWindow::addDashboardCommands()
{
    m_commands.add({QStringLiteral("view.boards"),
                    tr("Dashboards"),
                    QKeySequence(tr("Ctrl+D")),
                    [this] { showRoom(Room::Boards); },
                    {},
                    [this] { return m_room == Room::Boards; },
                    tr("boards panels charts")});
    m_commands.add({QStringLiteral("view.present"),
                    tr("Present the boards"),
                    QKeySequence(Qt::Key_F11),
                    [this] { setPresenting(!m_presenting); },
                    {},
                    [this] { return m_presenting; },
                    tr("presentation full screen fullscreen slides rotate")});
    m_commands.action(QStringLiteral("view.present"))
        ->setShortcuts({QKeySequence(Qt::Key_F11), QKeySequence(Qt::Key_F5)});
    m_commands.add({QStringLiteral("view.presentPeriod"),
                    tr("Seconds a board is presented…"),
                    {},
                    [this] {
                        bool ok = false;
                        const int seconds =
                            QInputDialog::getInt(this, tr("Presentation"), tr("Seconds a board"), presentationSeconds(),
                                                 1, kLongestPeriodSeconds, 1, &ok);
                        if (ok) {
                            QSettings().setValue(kPeriodKey, seconds);
                            m_rotation.setInterval(seconds * 1000);
                        }
                    },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.summary"),
                    tr("Summary PDF…"),
                    {},
                    [this] { exportSummary(); },
                    [this] { return m_session.isOpen(); },
                    {}});
    m_commands.add({QStringLiteral("sim.loseRegion"),
                    tr("Lose region"),
                    QKeySequence(tr("Ctrl+L")),
                    [this] {
                        showRoom(Room::Overview);
                        m_overview->loseRegion();
                    },
                    [this] { return m_session.isOpen() && !m_session.isRecording(); },
                    {},
                    tr("outage fail n+1 failover")});
    m_commands.action(QStringLiteral("sim.loseRegion"))
        ->setToolTip(tr("Takes the largest region away, of those selected if any are"));
    m_commands.add({QStringLiteral("help.tour"), tr("Tour"), {}, [this] { startTour(); }, {}, {}});
}

void MainWindow::showUndoTexts()
{
    const auto show = [this](const char* id, const QString& verb, const QString& what) {
        m_commands.action(QLatin1String(id))->setText(what.isEmpty() ? verb : verb + QLatin1Char(' ') + what);
    };
    show("edit.undo", tr("Undo"), m_session.undoStack().undoText());
    show("edit.redo", tr("Redo"), m_session.undoStack().redoText());
}

void MainWindow::exportSummary()
{
    const QString proposal =
        QDir::home().filePath(QStringLiteral("isobar-summary-%1.pdf")
                                  .arg(m_overview->context().timeAt(0).toString(QStringLiteral("yyyy-MM-dd"))));
    const QString path = QFileDialog::getSaveFileName(this, tr("Summary PDF"), proposal, tr("PDF (*.pdf)"), nullptr,
                                                      QFileDialog::DontUseNativeDialog);
    if (path.isEmpty()) {
        return;
    }
    auto* job = new ExportJob(this);
    auto* progress = new QProgressDialog(tr("Writing the summary"), tr("Cancel"), 0, 0, this);
    progress->setMinimumDuration(kExportNoticeMs);
    connect(progress, &QProgressDialog::canceled, job, &ExportJob::cancel);
    connect(job, &ExportJob::finished, this, [this, job, progress, path](const Status& written) {
        progress->deleteLater();
        job->deleteLater();
        written ? say(tr("Written: %1").arg(path)) : say(written.error());
    });
    job->start([path, context = m_overview->context()](const ExportPlace& place) {
        return ui::exportSummary(path, context, place);
    });
}

void MainWindow::setPresenting(bool on)
{
    if (on == m_presenting) {
        return;
    }
    m_presenting = on;
    if (on) {
        m_roomBefore = m_room;
        m_wasMaximized = isMaximized();
        showRoom(Room::Boards);
    }
    for (QWidget* chrome : {static_cast<QWidget*>(menuBar()), m_topBar, m_rail}) {
        chrome->setVisible(!on);
    }
    boards().setPresenting(on);
    if (on) {
        showFullScreen();
        m_rotation.start(presentationSeconds() * 1000);
        qApp->installEventFilter(this);
    } else {
        qApp->removeEventFilter(this);
        m_rotation.stop();
        m_wasMaximized ? showMaximized() : showNormal();
        showRoom(m_roomBefore);
    }
    m_commands.refresh();
}

bool MainWindow::eventFilter(QObject* watched, QEvent* event)
{
    if (m_awaitsTour && (event->type() == QEvent::KeyPress || event->type() == QEvent::MouseButtonPress ||
                         event->type() == QEvent::Wheel)) {
        m_acted = true;
    }
    if (m_presenting && event->type() == QEvent::KeyPress) {
        switch (static_cast<QKeyEvent*>(event)->key()) {
        case Qt::Key_Escape:
        case Qt::Key_F11: // the menu that owns these keys is hidden
        case Qt::Key_F5:
            setPresenting(false);
            return true;
        case Qt::Key_PageDown:
            boards().showNext();
            m_rotation.start(); // a whole period for it
            return true;
        default:
            break;
        }
    }
    return QMainWindow::eventFilter(watched, event);
}

Tour* MainWindow::tour() const
{
    return m_tour;
}

void MainWindow::showTourOnce()
{
    if (QSettings().value(kTourKey, false).toBool()) {
        return;
    }
    m_awaitsTour = true;
    qApp->installEventFilter(this);
    // When the first figures are there: a tour of empty panels explains nothing.
    connect(
        &m_session, &Session::historyChanged, this,
        [this] {
            m_awaitsTour = false;
            if (!m_presenting) {
                qApp->removeEventFilter(this);
            }
            isBusy() ? offerTour() : startTour();
        },
        Qt::SingleShotConnection);
}

bool MainWindow::isBusy() const
{
    const auto isDialog = [](const QWidget* each) { return each->isVisible() && qobject_cast<const QDialog*>(each); };
    const QWidgetList windows = QApplication::topLevelWidgets();
    return m_acted || m_presenting || m_room != Room::Overview || m_messageBar->isVisible() ||
           QApplication::activePopupWidget() != nullptr || std::any_of(windows.begin(), windows.end(), isDialog);
}

void MainWindow::offerTour()
{
    if (m_messageBar->isVisible()) { // what it says matters more; the next start offers it again
        return;
    }
    say(tr("New here? A tour of five steps shows where things are."));
    m_offer->show();
    const auto refused = [this] {
        if (!m_offer->isHidden()) {
            QSettings().setValue(kTourKey, true); // from now on it waits under Help
        }
    };
    connect(m_messageBar->findChild<QToolButton*>(), &QToolButton::clicked, this, refused, Qt::SingleShotConnection);
}

void MainWindow::startTour()
{
    if (m_tour) {
        return;
    }
    if (m_room != Room::Overview) {
        showRoom(Room::Overview);
    }
    OverviewPage* page = m_overview;
    m_tour = new Tour(
        this,
        {{[page] { return static_cast<QWidget*>(&page->figures()); }, tr("Six figures first"),
          tr("Spend, cost per million tokens, kept promises, utilization, headroom and carbon, each against the "
             "stretch "
             "before. Click one to see its formula, its source and what it is made of, and to set its target.")},
         {[page] { return static_cast<QWidget*>(&page->map()); }, tr("Where models run"),
          tr("A donut is a place: its size is accelerators, its slices are providers, its ring is utilization, a halo "
             "with ! is trouble. Hover for numbers, click to filter everything by it, wheel to zoom.")},
         {[page] { return static_cast<QWidget*>(&page->side()); }, tr("Why"),
          tr("Who gets the money, how evenly the load lies, which places are hottest, what happened. Click a row to "
             "filter by it; click again to take the filter off.")},
         {[this] { return m_topBar; }, tr("What you look at"),
          tr("Model, service level and time range filter every figure, chart and the map. Each filter is a chip that a "
             "click takes off. Alt+Left goes back, Ctrl+K finds any command.")},
         {[page] { return static_cast<QWidget*>(&page->timeBar()); }, tr("Time"),
          tr("Play, pause, speed up; click the load strip to go back. Simulation > Lose region shows what an outage "
             "does, Undo brings everything back, bit for bit.")}});
    connect(m_tour, &Tour::finished, this, [] { QSettings().setValue(kTourKey, true); });
    // Who goes to another room by a shortcut has had enough of it.
    connect(m_rooms, &QStackedWidget::currentChanged, m_tour,
            [tour = m_tour] { tour->showStep(std::numeric_limits<int>::max()); });
}

} // namespace isobar::ui

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/outage.h"
#include "ui/dashboard/view_widget.h"
#include "ui/shell/window/tour.h"

#include <QAccessible>
#include <QDialog>
#include <QLabel>
#include <QMenuBar>
#include <QPushButton>
#include <QToolButton>

#include <cmath>
#include <fstream>
#include <unistd.h>

using namespace isobar;
using namespace isobar::ui;

namespace {

/// Resident memory of this process, bytes.
double residentBytes()
{
    std::ifstream file("/proc/self/statm");
    double pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

} // namespace

/// What an executive does in the window: filter by clicking, explain, lose a region and undo, present, take the tour.
class DashboardsTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    void simulate(double seconds)
    {
        SampleWindow::simulate(seconds);
        page().refresh();
    }
    template <class Chart> Chart* chart(View view)
    {
        for (const auto& each : page().charts()) {
            if (each->view() == view) {
                return qobject_cast<Chart*>(each->widget());
            }
        }
        return nullptr;
    }

private Q_SLOTS:
    void initTestCase() { beginTests("isobar-test-dashboards"); }

    void init()
    {
        QSettings().clear();
        openWindow();
    }

    void cleanup() { closeWindow(); }

    void aFilterIsAChipAndAClickTakesItOff()
    {
        simulate(3);
        const auto before = figures();
        SelectionState filtered = state();
        filtered.provider = ProviderId(std::size_t{0});
        m_session->selection().set(filtered);
        QVERIFY(figures()[0] < before[0]);
        QToolButton* chip = nullptr;
        for (QToolButton* button : m_window->findChildren<QToolButton*>()) {
            chip = button->accessibleName().startsWith(QStringLiteral("Filter Provider")) ? button : chip;
        }
        QVERIFY(chip != nullptr && chip->isVisible());
        QTest::mouseClick(chip, Qt::LeftButton);
        QTRY_VERIFY(!state().provider.has_value());
        QCOMPARE(figures()[0], before[0]);
        // And by undo and redo, with what is undone said in the menu.
        QAction* undo = m_window->commands().action(QStringLiteral("edit.undo"));
        QVERIFY2(undo->text().contains(QStringLiteral("clear filter")), qPrintable(undo->text()));
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(state().provider.has_value());
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(!state().provider.has_value());
    }

    void clickingAChartFiltersEverything()
    {
        simulate(3);
        auto* spread = chart<LorenzChart>(View::LoadSpread);
        QVERIFY(spread != nullptr);
        const ChartMark mark = spread->marks()[spread->marks().size() / 2];
        QTest::mouseClick(spread, Qt::LeftButton, {}, spread->markRect(mark.key).center().toPoint());
        QCOMPARE(state().regions.size(), std::size_t{1});
        page().refresh();
        QVERIFY(!page().context().selectedPlaces().isEmpty());
        trigger("view.back");
        QVERIFY(state().regions.empty());
        auto* contracts = chart<CommitmentsChart>(View::Commitments);
        QVERIFY(contracts != nullptr && !contracts->marks().empty());
        Q_EMIT contracts->markClicked(contracts->data().rows.front().key);
        QVERIFY(state().provider.has_value());
    }

    void brushingAChartSetsTheTimeRangeOfEverything()
    {
        simulate(30);
        auto* throughput = chart<TimeChart>(View::Throughput);
        QVERIFY(throughput != nullptr);
        const double from = throughput->data().from, to = throughput->data().to;
        Q_EMIT throughput->rangeBrushed(from + 10, from + 20);
        QVERIFY(state().span.has_value());
        QCOMPARE(state().span->from, 10 * aggregate::kMicrosPerSecond);
        QCOMPARE(page().context().from(), 10 * aggregate::kMicrosPerSecond);
        QVERIFY(throughput->data().to < to);
        QCOMPARE(chart<TimeChart>(View::Latency)->data().from, throughput->data().from);
        trigger("view.back");
        QVERIFY(!state().span.has_value());
    }

    void theCrosshairIsOnEveryChartOverTime()
    {
        simulate(10);
        auto* throughput = chart<TimeChart>(View::Throughput);
        auto* latency = chart<TimeChart>(View::Latency);
        const double at = throughput->data().from + 4;
        Q_EMIT throughput->crosshairMoved(at);
        QCOMPARE(latency->crosshair(), std::optional(at));
        Q_EMIT throughput->crosshairCleared();
        QVERIFY(!latency->crosshair().has_value());
    }

    void aClickOnAFigureExplainsItAndASecondClosesIt()
    {
        simulate(3);
        KpiTile* spend = page().figures().tiles().front();
        QTest::mouseClick(spend, Qt::LeftButton);
        QPointer<QWidget> card = page().figures().card();
        QVERIFY(card != nullptr && card->isVisible());
        auto* words = card->findChild<QLabel*>();
        QVERIFY(words->text().contains(QStringLiteral("Source")));
        QVERIFY(words->text().contains(QStringLiteral("Sum")));
        QVERIFY(m_window->geometry().contains(card->geometry()));
        card->close();
        QTRY_VERIFY(card == nullptr);
    }

    void losingTheLargestRegionTellsAVerdictAndUndoBringsTheSameNumbersBack()
    {
        simulate(20);
        const auto before = figures();
        const auto end = m_session->history().end();
        trigger("sim.loseRegion");
        QVERIFY(page().outage().isVisible());
        QVERIFY2(page().outage().text().contains(QStringLiteral("N+1")), qPrintable(page().outage().text()));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot() && !m_session->snapshot()->faults.empty(), 60'000);
        m_session->pause();
        simulate(25);
        QTRY_VERIFY2(page().outage().text().contains(QStringLiteral("N+1 without ")),
                     qPrintable(page().outage().text()));
        QVERIFY(page().outage().text().contains(QStringLiteral("SLO attainment")));
        QVERIFY(figures() != before);
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot()->faults.empty() && !m_session->snapshot()->seekingTo, 60'000);
        QTRY_COMPARE_WITH_TIMEOUT(m_session->history().end(), end, 60'000);
        QTRY_VERIFY(!page().outage().isVisible());
        const auto after = figures();
        QCOMPARE(after.size(), before.size());
        for (std::size_t i = 0; i < after.size(); ++i) {
            QVERIFY((std::isnan(after[i]) && std::isnan(before[i])) || after[i] == before[i]);
        }
        // And it does not come back when the clock runs on.
        simulate(5);
        QVERIFY(m_session->snapshot()->faults.empty());
    }

    void presentingShowsOnlyBoardsInTurnAndEscLeaves()
    {
        simulate(3);
        QSettings().setValue(QStringLiteral("present/seconds"), 1);
        QTest::keyClick(m_window.get(), Qt::Key_F11);
        QVERIFY(m_window->isPresenting());
        QVERIFY(m_window->isFullScreen());
        QVERIFY(m_window->boards().isVisible());
        QVERIFY(!m_window->menuBar()->isVisible());
        const int first = m_window->boards().current();
        QTest::keyClick(m_window.get(), Qt::Key_PageDown);
        const int second = m_window->boards().current();
        QVERIFY(second != first);
        QTRY_VERIFY(m_window->boards().current() != second); // and by itself, a second later
        QTest::keyClick(m_window.get(), Qt::Key_Escape);
        QVERIFY(!m_window->isPresenting());
        QVERIFY(!m_window->isFullScreen());
        QVERIFY(m_window->menuBar()->isVisible());
        QVERIFY(page().isVisible());
    }

    /// Whoever has begun something is not interrupted: the tour is offered beside it, once.
    void theTourIsOfferedToWhoeverIsAtWork_data()
    {
        QTest::addColumn<QString>("work");
        QTest::newRow("in a dialog") << QStringLiteral("dialog");
        QTest::newRow("in another room") << QStringLiteral("room");
        QTest::newRow("pressed a key") << QStringLiteral("key");
        QTest::newRow("clicked") << QStringLiteral("click");
    }
    void theTourIsOfferedToWhoeverIsAtWork()
    {
        QFETCH(QString, work);
        m_window->showTourOnce();
        std::unique_ptr<QDialog> dialog;
        if (work == QLatin1String("dialog")) {
            dialog = std::make_unique<QDialog>(m_window.get());
            dialog->open();
        } else if (work == QLatin1String("room")) {
            trigger("view.data");
        } else if (work == QLatin1String("key")) {
            QTest::keyClick(m_window.get(), Qt::Key_Right);
        } else {
            QTest::mouseClick(&map(), Qt::LeftButton, {}, QPoint(5, 5));
        }
        simulate(2);
        QPushButton* offer = nullptr;
        for (QPushButton* each : m_window->findChildren<QPushButton*>()) {
            offer = each->text() == QStringLiteral("Take the tour") ? each : offer;
        }
        QVERIFY(offer != nullptr);
        QTRY_VERIFY(offer->isVisible());
        QVERIFY(m_window->tour() == nullptr);
        dialog.reset();
        if (work == QLatin1String("key")) { // refused: it waits under Help from now on
            QTest::mouseClick(named<QToolButton>(QStringLiteral("Dismiss message")), Qt::LeftButton);
            QVERIFY(QSettings().value(QStringLiteral("tour/seen")).toBool());
            return;
        }
        QTest::mouseClick(offer, Qt::LeftButton);
        QVERIFY(m_window->tour() != nullptr && page().isVisible());
        QVERIFY(!offer->isVisible());
        QTest::keyClick(m_window->tour(), Qt::Key_Escape);
        QTRY_VERIFY(m_window->tour() == nullptr);
    }

    void theTourPointsAtRealWidgetsAndComesOnce()
    {
        m_window->showTourOnce();
        simulate(2);
        QTRY_VERIFY(m_window->tour() != nullptr);
        QStringList said;
        for (int step = 0; step < 5; ++step) {
            Tour* tour = m_window->tour();
            QVERIFY(tour != nullptr);
            QCOMPARE(tour->step(), step);
            QVERIFY(!tour->targetRect().isEmpty());
            QVERIFY(tour->rect().contains(tour->targetRect().center()));
            QVERIFY(tour->rect().contains(tour->calloutRect()));
            QVERIFY(!said.contains(tour->calloutText()));
            said << tour->calloutText();
            QTest::keyClick(tour, Qt::Key_Return);
        }
        QTRY_VERIFY(m_window->tour() == nullptr);
        QVERIFY(QSettings().value(QStringLiteral("tour/seen")).toBool());
        m_window->showTourOnce(); // seen: never again
        simulate(2);
        QVERIFY(m_window->tour() == nullptr);
        trigger("help.tour"); // but when asked for
        QVERIFY(m_window->tour() != nullptr);
        QTest::keyClick(m_window->tour(), Qt::Key_Escape);
        QTRY_VERIFY(m_window->tour() == nullptr);
    }

    void everyShippedBoardOpensInEveryThemeWithoutBlankPanels()
    {
        simulate(5);
        trigger("view.boards");
        for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::HighContrast, ThemeChoice::Dark}) {
            applyTheme(choice);
            for (int board = 0; board < 3; ++board) {
                m_window->boards().showBoard(board);
                BoardGrid& grid = m_window->boards().grid();
                for (std::size_t i = 0; i < grid.board().panels.size(); ++i) {
                    const QImage image = grid.panelWidget(i)->grab().toImage();
                    const QRgb corner = image.pixel(image.width() / 2, 3);
                    int different = 0;
                    for (int x = 0; x < image.width(); x += 3) {
                        for (int y = 0; y < image.height(); y += 3) {
                            different += image.pixel(x, y) != corner ? 1 : 0;
                        }
                    }
                    QVERIFY2(different > 100, qPrintable(viewName(grid.board().panels[i].view)));
                }
            }
        }
    }

    /// What a screen reader finds: the key figures, charts and clock, by name, with something to say.
    void aScreenReaderFindsTheDashboard()
    {
        simulate(3);
        QStringList names;
        std::function<void(QAccessibleInterface*, int)> walk = [&](QAccessibleInterface* at, int depth) {
            if (at == nullptr || depth > 20) {
                return;
            }
            names << at->text(QAccessible::Name);
            for (int i = 0; i < at->childCount(); ++i) {
                walk(at->child(i), depth + 1);
            }
        };
        walk(QAccessible::queryAccessibleInterface(m_window.get()), 0);
        const QString all = names.join(QLatin1Char('\n'));
        for (const char* part : {"Spend", "SLO attainment", "Throughput by provider", "Time to first token",
                                 "Load spread", "Commitments", "Balance", "Clock", "Model", "Range", "Dashboards"}) {
            QVERIFY2(all.contains(QLatin1String(part)), part);
        }
    }

    /// Looking around keeps nothing. ISOBAR_STEADY_SECONDS of simulated time pass as well when set (3600 for the full
    /// hour): then the history, and checkpoints up to their budget, come on top.
    void memoryIsSteady()
    {
        simulate(5);
        trigger("view.boards");
        const auto clickAround = [this](int rounds) {
            for (int i = 0; i < rounds; ++i) {
                m_window->boards().showNext();
                SelectionState next = state();
                next.model = i % 2 == 0 ? std::optional(ModelId(std::size_t{1})) : std::nullopt;
                m_session->selection().set(next);
                QCoreApplication::processEvents();
                QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
            }
        };
        clickAround(12);
        const double warm = residentBytes();
        clickAround(24);
        const double looked = residentBytes() - warm;
        QVERIFY2(looked < 40e6, qPrintable(QStringLiteral("%1 MB for 24 rounds").arg(looked * 1e-6)));
        const int seconds = qEnvironmentVariableIntValue("ISOBAR_STEADY_SECONDS");
        for (int done = 0; done < seconds; done += 20) {
            simulate(20);
            clickAround(1);
        }
        const double budget = static_cast<double>(engine::TimeMachineOptions().memoryBytes);
        const double grown = residentBytes() - warm;
        qInfo("looking around %.1f MB, in all %.1f MB over %d s", looked * 1e-6, grown * 1e-6, seconds);
        QVERIFY2(grown < 40e6 + budget + 100e3 * seconds, qPrintable(QStringLiteral("%1 MB").arg(grown * 1e-6)));
    }
};

QTEST_MAIN(DashboardsTest)
#include "tst_dashboards.moc"

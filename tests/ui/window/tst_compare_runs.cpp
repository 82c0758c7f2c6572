// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/small_fleet.h"
#include "ui/dashboard/load_strip.h"
#include "ui/dashboard/overview_page.h"
#include "ui/shell/theme.h"
#include "ui/shell/window/compare_menu.h"
#include "ui/shell/window/main_window.h"

#include <QApplication>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QToolButton>
#include <QtTest>

using namespace isobar;
using namespace isobar::ui;

namespace {

constexpr aggregate::SimMicros kSecond = aggregate::kMicrosPerSecond;

} // namespace

/// Comparing with what the store remembers, by clicks in the window.
class CompareRunsTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<MainWindow> m_window;

    const SelectionState& state() { return m_session->selection().state(); }
    ViewContext context() { return m_window->overview().context(); }
    void step(double seconds)
    {
        const auto end = m_session->runningHistory().end() + static_cast<aggregate::SimMicros>(seconds * 1e6);
        m_session->stepBy(seconds);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->runningHistory().end() >= end, 60'000);
    }
    QToolButton* compareButton()
    {
        for (QToolButton* button : m_window->findChildren<QToolButton*>()) {
            if (button->accessibleName() == QStringLiteral("Compare")) {
                return button;
            }
        }
        return nullptr;
    }
    /// Opens the menu at the button's arrow and clicks the first entry that begins so. The menu runs a loop of its own.
    void choose(const QString& entry)
    {
        bool clicked = false;
        QTimer poll;
        connect(&poll, &QTimer::timeout, this, [&] {
            auto* menu = qobject_cast<CompareMenu*>(QApplication::activePopupWidget());
            if (menu == nullptr) {
                return;
            }
            for (QAction* action : menu->actions()) {
                if (action->text().startsWith(entry) && action->isEnabled()) {
                    poll.stop();
                    clicked = true;
                    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(action).center());
                    return;
                }
            }
        });
        poll.start(20);
        QTimer::singleShot(10'000, &poll, [] { // or the loop would not end
            if (QApplication::activePopupWidget() != nullptr) {
                QApplication::activePopupWidget()->close();
            }
        });
        QToolButton* button = compareButton();
        QVERIFY(button != nullptr);
        QTest::mouseClick(button, Qt::LeftButton, {}, QPoint(button->width() - 5, button->height() / 2));
        QTRY_VERIFY(clicked);
    }
    static int ghosts(const TimeChartData& chart)
    {
        return static_cast<int>(
            std::count_if(chart.series.begin(), chart.series.end(), [](const TimeSeries& s) { return s.ghost; }));
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setApplicationName(QStringLiteral("isobar-test-compare"));
        applyTheme(ThemeChoice::Dark);
    }

    void init()
    {
        QSettings().clear();
        static int number = 0;
        const std::filesystem::path path = m_folder.filePath(QStringLiteral("%1.isobar").arg(++number)).toStdString();
        QVERIFY(store::Store::create(path, test::smallFleet()).ok());
        {
            Session earlier(0);
            QVERIFY(earlier.openStore(path).ok());
            earlier.stepBy(40);
            QTRY_VERIFY_WITH_TIMEOUT(earlier.history().end() >= 40 * kSecond, 60'000);
        } // going away writes what it has
        m_session = std::make_unique<Session>(0);
        m_window = std::make_unique<MainWindow>(*m_session);
        m_window->resize(1480, 900);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QVERIFY(m_session->openStore(path).ok());
        QTRY_COMPARE(m_session->compared().runs().size(), std::size_t{1});
    }

    void cleanup()
    {
        m_window.reset();
        m_session.reset();
    }

    void aRunIsChosenInTheMenuShownAndTakenBack()
    {
        step(20);
        QCOMPARE(ghosts(timeChart(View::Throughput, context())), 0);
        choose(QStringLiteral("Run 1"));
        QTRY_COMPARE(state().compare, Comparing::Run);
        QCOMPARE(state().compareRun, 1);
        QCOMPARE(compareButton()->text(), QStringLiteral("Compare: run 1"));
        QVERIFY(compareButton()->isChecked());
        QTRY_VERIFY(context().compared != nullptr);
        QCOMPARE(ghosts(timeChart(View::Throughput, context())), 1);
        QCOMPARE(ghosts(timeChart(View::Latency, context())), 1);
        // The same fleet and seed: spend at the same times is the same.
        QVERIFY2(kpis(context())[0].change == QStringLiteral("no change vs run 1"),
                 qPrintable(kpis(context())[0].change));
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(state().compare, Comparing::Nothing);
        QCOMPARE(ghosts(timeChart(View::Throughput, context())), 0);
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(state().compare, Comparing::Run);
        QCOMPARE(state().compareRun, 1);
    }

    void theBaselineTheSwitchAndTheWayBack()
    {
        step(20);
        choose(QStringLiteral("Baseline"));
        QTRY_COMPARE(state().compare, Comparing::Baseline);
        QTRY_VERIFY(context().compared != nullptr);
        QVERIFY2(kpis(context())[0].change.endsWith(QStringLiteral("vs baseline (run 1)")),
                 qPrintable(kpis(context())[0].change));
        QToolButton* button = compareButton();
        QTest::mouseClick(button, Qt::LeftButton, {}, QPoint(10, button->height() / 2)); // off
        QCOMPARE(state().compare, Comparing::Nothing);
        QTest::mouseClick(button, Qt::LeftButton, {}, QPoint(10, button->height() / 2)); // on
        QCOMPARE(state().compare, Comparing::PreviousPeriod);
        QAction* back = m_window->commands().action(QStringLiteral("view.back"));
        back->trigger();
        QCOMPARE(state().compare, Comparing::Nothing);
        back->trigger();
        QCOMPARE(state().compare, Comparing::Baseline);
    }

    /// A click on the strip goes there, a Shift+click looks at the recorded run at that time instead.
    void shiftAndAClickOnTheStripShowTheRecordedRun()
    {
        QTRY_VERIFY(m_session->recordedRange().has_value());
        step(30);
        auto* strip = m_window->findChild<LoadStrip*>();
        QVERIFY(strip != nullptr && strip->isVisible());
        const QPoint middle(strip->width() / 2, strip->height() / 2);
        QTest::mouseClick(strip, Qt::LeftButton, Qt::ShiftModifier, middle);
        QTRY_VERIFY(m_session->isShowingRecorded());
        const auto shown = m_session->history().end();
        QVERIFY(shown > 0 && shown <= 40 * kSecond);
        QCOMPARE(m_session->runningHistory().end(), 30 * kSecond); // the running fleet stays where it was
        QTest::mouseClick(strip, Qt::LeftButton, Qt::ShiftModifier, QPoint(strip->width() - 3, middle.y()));
        QTRY_VERIFY(m_session->history().end() > shown);
        QVERIFY(m_session->isShowingRecorded());
        m_session->showRunning();
        QVERIFY(!m_session->isShowingRecorded());
        QTest::mouseClick(strip, Qt::LeftButton, {}, middle);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->runningHistory().end() < 30 * kSecond, 20'000);
        QVERIFY(!m_session->isShowingRecorded());
    }
};

QTEST_MAIN(CompareRunsTest)
#include "tst_compare_runs.moc"

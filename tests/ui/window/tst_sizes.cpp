// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/text_fits.h"
#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/overview_page.h"
#include "ui/dashboard/side_panel.h"
#include "ui/devices/device_page.h"
#include "ui/explorer/explorer_page.h"
#include "ui/map/map_view.h"
#include "ui/planner/fast_forward_dialog.h"
#include "ui/planner/fault_dialog.h"
#include "ui/planner/move_dialog.h"
#include "ui/shell/window/export_dialog.h"
#include "ui/shell/window/main_window.h"
#include "ui/shell/window/tour.h"

#include <QSettings>
#include <QStandardPaths>
#include <QtTest>

using namespace isobar;
using namespace isobar::ui;

/// Every page and dialog at every size a screen has, down to full HD at twice the density: no word is cut, nothing lies
/// on anything. The typeface is carried, so what fits here fits in every theme.
class SizesTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Session> m_session;
    std::unique_ptr<MainWindow> m_window;

    void simulate(double seconds)
    {
        const auto target = m_session->history().end() + static_cast<aggregate::SimMicros>(seconds * 1e6);
        m_session->stepBy(seconds);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->history().end() >= target, 60'000);
    }
    void trigger(const char* command) { m_window->commands().action(QLatin1String(command))->trigger(); }
    void filterAll()
    {
        SelectionState all;
        all.provider = ProviderId(std::size_t{0});
        all.model = ModelId(std::size_t{1});
        all.tier = TierId(std::size_t{0});
        all.workload = WorkloadId(std::size_t{0});
        all.area = AreaId(std::size_t{0});
        all.span = TimeSpan{0, 3 * aggregate::kMicrosPerSecond};
        m_session->selection().set(all);
    }
    void selectRegion()
    {
        SelectionState one;
        one.regions = {RegionId(std::size_t{0})};
        m_session->selection().set(one);
    }
    /// What is to be read on a page; a dialog of its own or the window.
    QStringList problemsOf(const QString& page)
    {
        const auto dialog = [this](QDialog* made) {
            const std::unique_ptr<QDialog> owner(made);
            made->setModal(false);
            made->show();
            Q_UNUSED(QTest::qWaitForWindowExposed(made));
            QStringList found = test::unreadable(made);
            if (made->width() > m_window->width() || made->height() > m_window->height()) {
                found << QStringLiteral("larger than the window: %1x%2").arg(made->width()).arg(made->height());
            }
            return found;
        };
        if (page == QLatin1String("export")) {
            return dialog(
                new ExportDialog(m_window->overview().context(), View::Overview, {1600, 900}, m_window.get()));
        }
        if (page == QLatin1String("fault")) {
            return dialog(new FaultDialog(*m_session, m_window.get()));
        }
        if (page == QLatin1String("fast-forward")) {
            return dialog(new FastForwardDialog(*m_session, m_window.get()));
        }
        if (page == QLatin1String("move")) {
            return dialog(new MoveDialog(*m_session, PlacementId(std::size_t{0}), 1, m_window.get()));
        }
        // Layouts tell their parents one after the other.
        for (int i = 0; i < 8; ++i) {
            QCoreApplication::processEvents();
            QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
        }
        if (page == QLatin1String("explained")) {
            QStringList found;
            KpiRow& figures = m_window->overview().figures();
            for (KpiTile* tile : figures.tiles()) {
                QTest::mouseClick(tile, Qt::LeftButton);
                found << test::unreadable(figures.card());
                figures.card()->close();
                QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
            }
            return found;
        }
        return test::unreadable(m_window.get());
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setApplicationName(QStringLiteral("isobar-test-sizes"));
        QSettings().clear();
        applyTheme(ThemeChoice::Dark);
        m_session = std::make_unique<Session>(2);
        m_window = std::make_unique<MainWindow>(*m_session);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QVERIFY(m_session->openSample().ok());
        simulate(4);
    }
    void cleanupTestCase()
    {
        m_window.reset();
        m_session.reset();
    }

    void everyWordCanBeRead_data()
    {
        QTest::addColumn<QSize>("size");
        QTest::addColumn<QString>("page");
        for (const QSize size : {QSize(960, 540), QSize(1280, 800), QSize(1480, 900), QSize(1920, 1080)}) {
            for (const char* page : {"overview",   "explained", "all filters",  "region",  "compared",     "executive",
                                     "operations", "finance",   "arranging",    "devices", "pool",         "question",
                                     "sql",        "data",      "replay",       "tour",    "presentation", "outage",
                                     "export",     "fault",     "fast-forward", "move"}) {
                QTest::addRow("%s at %dx%d", page, size.width(), size.height()) << size << QString::fromLatin1(page);
            }
        }
    }
    void everyWordCanBeRead()
    {
        QFETCH(QSize, size);
        QFETCH(QString, page);
        m_session->selection().set({});
        trigger("view.overview");
        m_window->resize(size);
        QTRY_COMPARE(m_window->size(), size); // it is never larger than it was asked to be
        if (page == QLatin1String("all filters")) {
            filterAll();
        } else if (page == QLatin1String("region")) {
            selectRegion();
        } else if (page == QLatin1String("compared")) {
            SelectionState compared;
            compared.compare = Comparing::PreviousPeriod;
            m_session->selection().set(compared);
        } else if (const int board = static_cast<int>(
                       QStringList{QStringLiteral("executive"), QStringLiteral("operations"), QStringLiteral("finance")}
                           .indexOf(page));
                   board >= 0) {
            trigger("view.boards");
            m_window->boards().showBoard(board);
        } else if (page == QLatin1String("arranging")) {
            trigger("view.boards");
            m_window->boards().grid().setArranging(true);
        } else if (page == QLatin1String("devices")) {
            trigger("view.devices");
            m_window->devices().open({});
        } else if (page == QLatin1String("pool")) {
            trigger("view.devices");
            m_window->devices().open(DevicePath::of(m_session->fleet(), PoolId(std::size_t{0})));
            QTRY_VERIFY_WITH_TIMEOUT(m_session->devices() != nullptr, 30'000);
        } else if (page == QLatin1String("question")) {
            trigger("view.explorer");
        } else if (page == QLatin1String("sql")) {
            trigger("view.sql");
        } else if (page == QLatin1String("data")) {
            trigger("view.data");
        } else if (page == QLatin1String("replay")) {
            trigger("sim.replay");
        } else if (page == QLatin1String("tour")) {
            trigger("help.tour");
            QTRY_VERIFY(m_window->tour() != nullptr);
        } else if (page == QLatin1String("presentation")) {
            m_window->setPresenting(true);
            m_window->showNormal();
            m_window->resize(size);
        } else if (page == QLatin1String("outage")) {
            if (!m_session->undoStack().canUndo() ||
                !m_session->undoStack().undoText().startsWith(QStringLiteral("lose"))) {
                trigger("sim.loseRegion");
                m_session->pause();
            }
        }
        const QStringList problems = problemsOf(page);
        if (m_window->tour() != nullptr) {
            QTest::keyClick(m_window->tour(), Qt::Key_Escape);
        }
        m_window->setPresenting(false);
        m_window->boards().grid().setArranging(false);
        QVERIFY2(problems.isEmpty(), qPrintable(problems.join(QLatin1Char('\n'))));
    }
    void everyPlaceCanBeRead_data()
    {
        QTest::addColumn<QSize>("size");
        for (const QSize size : {QSize(1280, 800), QSize(1480, 900), QSize(1920, 1080)}) {
            QTest::addRow("%dx%d", size.width(), size.height()) << size;
        }
    }
    /// The cards of every place, whatever its names and figures are; and choosing one leaves the page as it was.
    void everyPlaceCanBeRead()
    {
        QFETCH(QSize, size);
        m_session->selection().set({});
        trigger("view.overview");
        m_window->resize(size);
        QTRY_COMPARE(m_window->size(), size);
        const auto settle = [] {
            for (int i = 0; i < 8; ++i) {
                QCoreApplication::processEvents();
                QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
            }
        };
        settle();
        const int chipsRow = 60; // of the top bar: it takes its room from the page
        const int mapHeight = m_window->overview().map().height();
        QStringList problems;
        for (const Place& place : m_session->places()) {
            SelectionState chosen;
            chosen.regions.insert(place.regions.begin(), place.regions.end());
            m_session->selection().set(chosen);
            settle();
            const QString name = QString::fromStdString(place.name);
            for (const QString& problem : test::unreadable(&m_window->overview().side())) {
                problems << name + QStringLiteral(": ") + problem;
            }
            if (std::abs(m_window->overview().map().height() - mapHeight) > chipsRow) {
                problems << name + QStringLiteral(": the map changed its height by %1 px")
                                       .arg(m_window->overview().map().height() - mapHeight);
            }
        }
        m_session->selection().set({});
        QVERIFY2(problems.isEmpty(), qPrintable(problems.join(QLatin1Char('\n'))));
    }
};

QTEST_MAIN(SizesTest)
#include "tst_sizes.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_charts.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/kpi_target_book.h"
#include "ui/session/session.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QToolButton>
#include <QUndoStack>
#include <QWheelEvent>
#include <QtTest>

using namespace isobar;
using namespace isobar::ui;

/// Boards as values, and the room that shows, arranges and keeps them.
class BoardsTest : public QObject {
    Q_OBJECT

    static bool overlaps(const Board& board)
    {
        for (std::size_t i = 0; i < board.panels.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (board.panels[i].cells.intersects(board.panels[j].cells)) {
                    return true;
                }
            }
        }
        return false;
    }

    static void drag(QWidget* on, QPoint from, QPoint to)
    {
        QTest::mousePress(on, Qt::LeftButton, {}, from);
        QTest::mouseMove(on, (from + to) / 2);
        // A move with the button down, which the offscreen platform does not make by itself.
        QMouseEvent move(QEvent::MouseMove, to, on->mapToGlobal(to), Qt::NoButton, Qt::LeftButton, {});
        QApplication::sendEvent(on, &move);
        QTest::mouseRelease(on, Qt::LeftButton, {}, to);
    }

    /// The handle over a panel: the widget with its name.
    static QWidget* handle(BoardGrid& grid, const QString& name)
    {
        for (QWidget* child : grid.findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
            if (child->accessibleName() == name && child->isVisible()) {
                return child;
            }
        }
        return nullptr;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setApplicationName(QStringLiteral("isobar-test-boards"));
        applyTheme(ThemeChoice::Dark);
    }
    void init() { QSettings().clear(); }

    void threeBoardsShipAndFitTheirGrid()
    {
        const auto& boards = shippedBoards();
        QCOMPARE(boards.size(), std::size_t{3});
        QCOMPARE(boards[0].name, QStringLiteral("Executive"));
        for (const Board& board : boards) {
            QVERIFY(board.panels.size() >= 6);
            QVERIFY(!overlaps(board));
            for (const BoardPanel& panel : board.panels) {
                QVERIFY(QRect(0, 0, kBoardColumns, 1000).contains(panel.cells));
            }
        }
    }

    void whatIsWrittenIsRead()
    {
        const auto read = boardsFromJson(boardsToJson(shippedBoards()));
        QVERIFY(read.ok());
        QVERIFY(*read == shippedBoards());
    }

    void whatCannotBeReadIsSaid_data()
    {
        QTest::addColumn<QByteArray>("json");
        QTest::newRow("not JSON") << QByteArray("{\"schema\": 1, \"boards\": [");
        QTest::newRow("empty") << QByteArray("");
        QTest::newRow("a newer schema") << QByteArray("{\"schema\": 2, \"boards\": []}");
        QTest::newRow("a board without a name") << QByteArray("{\"schema\": 1, \"boards\": [{\"panels\": []}]}");
    }
    void whatCannotBeReadIsSaid()
    {
        QFETCH(QByteArray, json);
        const auto read = boardsFromJson(json);
        QVERIFY(!read.ok());
        QVERIFY(!read.error().message.empty());
    }

    void cellsOffTheGridAreBroughtBackAndViewsOfTomorrowLeftOut()
    {
        const auto read =
            boardsFromJson("{\"schema\": 1, \"boards\": [{\"name\": \"A\", \"panels\": ["
                           "{\"view\": \"spend\", \"x\": 99, \"y\": -4, \"width\": 40, \"height\": 0},"
                           "{\"view\": \"spend\", \"x\": 0, \"y\": 0, \"width\": 12, \"height\": 2},"
                           "{\"view\": \"hologram\", \"x\": 0, \"y\": 0, \"width\": 2, \"height\": 2}]}]}");
        QVERIFY(read.ok());
        QCOMPARE(read->front().panels.size(), std::size_t{2});
        QVERIFY(!overlaps(read->front()));
        QCOMPARE(read->front().panels[0].cells.width(), kBoardColumns);
    }

    void movingNeverOverlapsAndLeavesNoGapAbove()
    {
        for (const Board& shipped : shippedBoards()) {
            for (std::size_t panel = 0; panel < shipped.panels.size(); ++panel) {
                for (const QPoint& to : {QPoint(0, 0), QPoint(11, 0), QPoint(3, 4), QPoint(0, 30), QPoint(-5, -5)}) {
                    Board board = shipped;
                    QRect cells = board.panels[panel].cells;
                    cells.moveTopLeft(to);
                    placePanel(board, panel, cells);
                    QVERIFY(!overlaps(board));
                    for (std::size_t i = 0; i < board.panels.size(); ++i) {
                        Board higher = board;
                        higher.panels[i].cells.translate(0, -1);
                        QVERIFY2(board.panels[i].cells.y() == 0 || overlaps(higher),
                                 qPrintable(QStringLiteral("panel %1 could stand higher").arg(i)));
                    }
                    QCOMPARE(board.panels.size(), shipped.panels.size());
                }
            }
        }
    }

    void panelsAreMovedByHeaderAndResizedByCornerAndUndone()
    {
        Session session(0);
        KpiTargetBook targets(session);
        BoardPage page(session, targets);
        page.resize(1300, 900);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        page.showBoard(1);
        const Board before = page.boards()[1];
        QVERIFY(before.panels[1].view == View::ThroughputByModel);
        auto* arrange = page.findChild<QToolButton*>();
        for (QToolButton* button : page.findChildren<QToolButton*>()) {
            arrange = button->text() == QStringLiteral("Arrange") ? button : arrange;
        }
        QTest::mouseClick(arrange, Qt::LeftButton);
        QWidget* grip = handle(page.grid(), QStringLiteral("Panel Throughput by model"));
        QVERIFY(grip != nullptr);
        // To the right half: the panel there makes room.
        drag(grip, {60, 12}, {60 + page.grid().width() / 2, 12});
        QCOMPARE(page.boards()[1].panels[1].cells.x(), 6);
        QVERIFY(!overlaps(page.boards()[1]));
        page.showBoard(1);
        // Larger by a row.
        const int height = page.boards()[1].panels[1].cells.height();
        grip = handle(page.grid(), QStringLiteral("Panel Throughput by model"));
        const QPoint corner(grip->width() - 8, grip->height() - 8);
        drag(grip, corner, corner + QPoint(0, 110));
        QCOMPARE(page.boards()[1].panels[1].cells.height(), height + 1);
        // By keys as well, and each is a step of undo.
        grip->setFocus();
        QTest::keyClick(grip, Qt::Key_Down, Qt::ShiftModifier);
        QCOMPARE(page.boards()[1].panels[1].cells.height(), height + 2);
        while (session.undoStack().canUndo()) {
            session.undoStack().undo();
        }
        QVERIFY(page.boards()[1] == before);
    }

    void panelsAreRemovedByTheCrossAndAddedFromTheGallery()
    {
        Session session(0);
        KpiTargetBook targets(session);
        BoardPage page(session, targets);
        page.resize(1300, 900);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        const auto count = page.boards()[0].panels.size();
        page.grid().setArranging(true);
        QWidget* grip = handle(page.grid(), QStringLiteral("Panel Commitments"));
        QVERIFY(grip != nullptr);
        QTest::mouseClick(grip, Qt::LeftButton, {}, {grip->width() - 16, 16});
        QCOMPARE(page.boards()[0].panels.size(), count - 1);
        page.addView(View::Flows);
        QCOMPARE(page.boards()[0].panels.size(), count);
        QVERIFY(page.boards()[0].panels.back().view == View::Flows);
        QVERIFY(qobject_cast<SankeyChart*>(page.grid().panelWidget(count - 1)) != nullptr);
        QVERIFY(!overlaps(page.boards()[0]));
    }

    void boardsAreKeptInTheSettingsWithTheSampleAndInTheStoreWithAStore()
    {
        QTemporaryDir folder;
        const std::string path = folder.filePath(QStringLiteral("fleet.isobar")).toStdString();
        {
            Session session(0);
            KpiTargetBook targets(session);
            BoardPage page(session, targets);
            QVERIFY(session.openSample().ok());
            page.addBoard(QStringLiteral("Mine"));
            QCOMPARE(page.boards().size(), std::size_t{4});
            QVERIFY(session.saveAs(path).ok());
            page.renameBoard(QStringLiteral("In the store"));
        }
        {
            Session session(0);
            KpiTargetBook targets(session);
            BoardPage page(session, targets);
            QVERIFY(session.openSample().ok());
            QCOMPARE(page.boards().back().name, QStringLiteral("Mine"));
            QVERIFY(session.openStore(path).ok());
            QCOMPARE(page.boards().back().name, QStringLiteral("In the store"));
            page.resetToShipped();
            QVERIFY(page.boards() == shippedBoards());
        }
        Session session(0);
        KpiTargetBook targets(session);
        BoardPage page(session, targets);
        QVERIFY(session.openStore(path).ok());
        QVERIFY(page.boards() == shippedBoards());
    }

    /// Over a chart of time too, where the plot would keep the wheel; and the card of values does not stay behind.
    void theWheelScrollsWhereverThePointerIs()
    {
        Session session(0);
        QVERIFY(session.openSample().ok());
        KpiTargetBook targets(session);
        BoardPage page(session, targets);
        page.resize(1200, 500);
        session.stepBy(3);
        QTRY_VERIFY_WITH_TIMEOUT(session.history().end() >= 3'000'000, 60'000);
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        page.showBoard(1);
        auto* chart = qobject_cast<TimeChart*>(page.grid().panelWidget(1));
        QVERIFY(chart != nullptr);
        QTRY_VERIFY(!chart->data().series.empty());
        auto* plot = chart->findChild<QWidget*>(QStringLiteral("plot"));
        const QPoint at = plot->rect().center();
        QMouseEvent over(QEvent::MouseMove, at, plot->mapToGlobal(at), Qt::NoButton, Qt::NoButton, {});
        QApplication::sendEvent(plot, &over);
        QVERIFY(!chart->hoverText().isEmpty());
        auto* bar = page.findChild<QScrollArea*>()->verticalScrollBar();
        QVERIFY(bar->maximum() > 0);
        QWheelEvent wheel(at, plot->mapToGlobal(at), {}, {0, -120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                          false);
        QSpontaneKeyEvent::setSpontaneous(&wheel); // as from the desktop: only those go on to who stands above
        qApp->notify(plot, &wheel);
        QVERIFY(bar->value() > 0);
        QVERIFY(chart->hoverText().isEmpty());
    }

    void onlyPanelsInSightAreDrawn()
    {
        Session session(0);
        QVERIFY(session.openSample().ok());
        KpiTargetBook targets(session);
        BoardPage page(session, targets);
        page.resize(1200, 500);
        session.stepBy(3);
        QTRY_VERIFY_WITH_TIMEOUT(session.history().end() >= 3'000'000, 60'000);
        QCOMPARE(page.grid().panelsDrawn(), 0); // the room is not open
        page.show();
        QVERIFY(QTest::qWaitForWindowExposed(&page));
        page.showBoard(1);
        QTRY_VERIFY(page.grid().panelsDrawn() > 0);
        QTest::qWait(50); // drawings that come late would be counted
        const int drawn = page.grid().panelsDrawn();
        const auto all = static_cast<int>(page.boards()[1].panels.size());
        auto* area = page.findChild<QScrollArea*>();
        QVERIFY(area->verticalScrollBar()->maximum() > 0);
        Q_EMIT session.selection().changed();
        QVERIFY2(page.grid().panelsDrawn() - drawn < all, "panels out of sight were drawn");
        const int before = page.grid().panelsDrawn();
        area->verticalScrollBar()->setValue(area->verticalScrollBar()->maximum());
        QVERIFY(page.grid().panelsDrawn() > before); // and are drawn when they come into sight
    }
};

QTEST_MAIN(BoardsTest)
#include "tst_boards.moc"

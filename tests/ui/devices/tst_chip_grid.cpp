// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/process_clock.h"
#include "ui/devices/chip_grid.h"
#include "ui/devices/device_bench.h"

#include <QAccessible>
#include <QSignalSpy>
#include <QTest>
#include <QWheelEvent>

using namespace isobar;
using namespace isobar::ui;

/// The heat grid with real events, on a made-up pool.
class TestChipGrid : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        applyTheme(ThemeChoice::Dark);
        m_view = std::make_shared<const engine::DeviceView>(syntheticDevices(2'000));
        m_grid = std::make_unique<ChipGrid>();
        m_grid->resize(900, 600);
        m_grid->describe = [](std::uint32_t chip) { return QStringLiteral("Chip %1").arg(chip); };
        m_grid->setView(m_view, ChipMeasure::Utilization);
        m_grid->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_grid.get()));
    }
    void cleanup() { m_grid.reset(); }

    void everyChipIsPaintedInItsColor()
    {
        const QImage seen = m_grid->grab().toImage();
        int checked = 0;
        for (std::uint32_t chip = 0; chip < m_view->chips.size(); chip += 7) {
            const QRectF at = m_grid->chipPixels(chip);
            QVERIFY(QRectF(m_grid->rect()).contains(at)); // all of it is shown at first
            // Not in the middle, where what is down has its cross.
            QCOMPARE(seen.pixelColor(at.topLeft().toPoint() + QPoint(1, 1)).rgb(), m_grid->colors().chips[chip]);
            ++checked;
        }
        QVERIFY(checked > 200);
    }

    void aClickChoosesTheChipUnderIt()
    {
        QSignalSpy chosen(m_grid.get(), &ChipGrid::chipChosen);
        QTest::mouseClick(m_grid.get(), Qt::LeftButton, {}, m_grid->chipPixels(1234).center().toPoint());
        QCOMPARE(chosen.size(), 1);
        QCOMPARE(chosen[0][0].value<std::uint32_t>(), 1234u);
        QVERIFY(m_grid->cursorChip() == 1234u);
        QCOMPARE(m_grid->accessibleDescription(), QStringLiteral("Chip 1234"));
        QTest::mouseClick(m_grid.get(), Qt::LeftButton, {}, QPoint(2, 2)); // beside all chips
        QCOMPARE(chosen.size(), 1);
    }

    void theWheelZoomsWhereThePointerIs()
    {
        const QPointF at = m_grid->chipPixels(777).center();
        const double before = m_grid->pixelsPerChip();
        QWheelEvent wheel(at, m_grid->mapToGlobal(at), {}, {0, 480}, {}, {}, Qt::NoScrollPhase, false);
        QApplication::sendEvent(m_grid.get(), &wheel);
        QVERIFY(m_grid->pixelsPerChip() > 1.5 * before);
        QVERIFY(m_grid->chipUnder(at) == 777u);
        QTest::keyClick(m_grid.get(), Qt::Key_0);
        QCOMPARE(m_grid->pixelsPerChip(), before);
    }

    void aDragPansAndChoosesNothing()
    {
        m_grid->zoomAt(QPointF(450, 300), 4);
        const QPointF before = m_grid->chipPixels(1000).center();
        QSignalSpy chosen(m_grid.get(), &ChipGrid::chipChosen);
        QTest::mousePress(m_grid.get(), Qt::LeftButton, {}, QPoint(450, 300));
        QTest::mouseMove(m_grid.get(), QPoint(430, 290));
        QTest::mouseMove(m_grid.get(), QPoint(400, 280));
        QTest::mouseRelease(m_grid.get(), Qt::LeftButton, {}, QPoint(400, 280));
        const QPointF moved = m_grid->chipPixels(1000).center() - before;
        QVERIFY2(std::abs(moved.x() + 50) < 1.5 && std::abs(moved.y() + 20) < 1.5,
                 qPrintable(QStringLiteral("%1 %2").arg(moved.x()).arg(moved.y())));
        QCOMPARE(chosen.size(), 0);
    }

    void arrowsWalkAcrossNodesAndRacks()
    {
        QSignalSpy walked(m_grid.get(), &ChipGrid::walkedTo);
        QTest::keyClick(m_grid.get(), Qt::Key_Home);
        QVERIFY(m_grid->cursorChip() == 0u);
        std::uint32_t last = 0;
        for (int i = 0; i < 30; ++i) {
            QTest::keyClick(m_grid.get(), Qt::Key_Right);
            const QRectF now = m_grid->chipLayout().chipRect(*m_grid->cursorChip());
            QVERIFY(now.x() > m_grid->chipLayout().chipRect(last).x());
            QCOMPARE(now.y(), m_grid->chipLayout().chipRect(last).y());
            last = *m_grid->cursorChip();
        }
        for (int i = 0; i < 30; ++i) {
            QTest::keyClick(m_grid.get(), Qt::Key_Left);
        }
        QVERIFY(m_grid->cursorChip() == 0u); // back the same way
        QTest::keyClick(m_grid.get(), Qt::Key_PageDown);
        QVERIFY(m_grid->cursorChip() == 8u); // the next node
        QTest::keyClick(m_grid.get(), Qt::Key_End);
        QVERIFY(m_grid->cursorChip() == 1999u);
        QTest::keyClick(m_grid.get(), Qt::Key_Right); // nothing there
        QVERIFY(m_grid->cursorChip() == 1999u);
        QSignalSpy chosen(m_grid.get(), &ChipGrid::chipChosen), left(m_grid.get(), &ChipGrid::leaveRequested);
        QTest::keyClick(m_grid.get(), Qt::Key_Return);
        QCOMPARE(chosen.size(), 1);
        QTest::keyClick(m_grid.get(), Qt::Key_Escape);
        QCOMPARE(left.size(), 1);
        QVERIFY(walked.size() > 60);
    }

    void aScreenReaderFindsNodesAndTheirChips()
    {
        m_grid->describeBlock = [](const ChipLayout::Block& block) {
            return QStringLiteral("%1 in it").arg(block.chips);
        };
        QAccessibleInterface* grid = QAccessible::queryAccessibleInterface(m_grid.get());
        QVERIFY(grid != nullptr);
        QCOMPARE(grid->role(), QAccessible::Tree);
        QCOMPARE(grid->childCount(), 250); // nodes of eight
        int chips = 0;
        for (int n = 0; n < grid->childCount(); ++n) {
            chips += grid->child(n)->childCount();
        }
        QCOMPARE(chips, 2'000);
        QAccessibleInterface* node = grid->child(100);
        QCOMPARE(node->text(QAccessible::Name), QStringLiteral("Node 100"));
        QCOMPARE(node->text(QAccessible::Value), QStringLiteral("8 in it"));
        QAccessibleInterface* chip = node->child(3);
        QCOMPARE(chip->text(QAccessible::Name), QStringLiteral("Chip 803"));
        QCOMPARE(chip->text(QAccessible::Value), QStringLiteral("Chip 803")); // as `describe` says it
        QCOMPARE(node->indexOfChild(chip), 3);
        QCOMPARE(chip->parent(), node);
        const QPoint at = m_grid->mapToGlobal(m_grid->chipPixels(803).center().toPoint());
        QVERIFY(chip->rect().contains(at));
        QCOMPARE(grid->childAt(at.x(), at.y()), node);
        QCOMPARE(node->childAt(at.x(), at.y()), chip);
        QCOMPARE(node->child(8), nullptr);
        // Pressing is a click; the keys go on from there.
        QSignalSpy chosen(m_grid.get(), &ChipGrid::chipChosen);
        chip->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(chosen.size(), 1);
        QVERIFY(m_grid->cursorChip() == 803u);
        QVERIFY(chip->state().selected && !grid->child(0)->state().selected);
        QCOMPARE(grid->focusChild(), chip);
        // What is gone says so instead of speaking of what is not there.
        m_grid->setView(nullptr, ChipMeasure::Utilization);
        QVERIFY(!chip->isValid() && !node->isValid());
        QCOMPARE(grid->childCount(), 0);
        QVERIFY(chip->text(QAccessible::Name).isEmpty());
    }

    void anotherMomentKeepsThePlaceLookedAt()
    {
        m_grid->zoomAt(QPointF(200, 200), 5);
        m_grid->setCursorChip(500);
        const QRectF before = m_grid->chipPixels(500);
        auto later = std::make_shared<engine::DeviceView>(*m_view);
        later->chips[500].utilizationRatio = 1;
        later->at += 1'000'000;
        m_grid->setView(later, ChipMeasure::Utilization);
        QCOMPARE(m_grid->chipPixels(500), before);
        QVERIFY(m_grid->cursorChip() == 500u);
        m_grid->setView(nullptr, ChipMeasure::Utilization);
        QVERIFY(!m_grid->cursorChip());
        m_grid->grab();
    }

    void aHundredThousandChipsAreAFrame()
    {
        // By the processor's time, against a plain fill of as many pixels: other programs run here too.
        QImage screen(1920, 1080, QImage::Format_RGB32);
        double begin = threadCpuSeconds();
        for (int i = 0; i < 60; ++i) {
            screen.fill(QColor(i, i, i));
        }
        const double fill = (threadCpuSeconds() - begin) / 60;
        begin = threadCpuSeconds();
        const DeviceFrameStats stats = benchmarkDevices({1920, 1080}, 120);
        const double frame = (threadCpuSeconds() - begin) / 121;
        QCOMPARE(stats.chips, 100'000);
        QVERIFY(stats.p99Seconds >= stats.p50Seconds);
        qInfo("frame %.2f ms of processor time, fill %.2f ms; p50 %.2f ms, p99 %.2f ms, update %.2f ms", frame * 1e3,
              fill * 1e3, stats.p50Seconds * 1e3, stats.p99Seconds * 1e3, stats.updateSeconds * 1e3);
        QVERIFY2(frame < 0.016 || frame < 40 * fill, qPrintable(QString::number(frame)));
    }

private:
    std::shared_ptr<const engine::DeviceView> m_view;
    std::unique_ptr<ChipGrid> m_grid;
};

QTEST_MAIN(TestChipGrid)
#include "tst_chip_grid.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"

#include <QUndoStack>

using namespace isobar;
using namespace isobar::ui;

/// What is done on the map with wheel, mouse and keys, and taken back with Alt+Left and Ctrl+Z.
class MapHistoryTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    const Selection& selection() const { return m_session->selection(); }

    void drag(QPoint from, QPoint to)
    {
        QTest::mousePress(&map(), Qt::LeftButton, {}, from);
        for (int step = 1; step <= 5; ++step) {
            const QPointF at = from + (to - from) * step / 5;
            QMouseEvent move(QEvent::MouseMove, at, map().mapToGlobal(at), Qt::NoButton, Qt::LeftButton, {});
            QCoreApplication::sendEvent(&map(), &move);
        }
        QTest::mouseRelease(&map(), Qt::LeftButton, {}, to);
    }

    /// Until the map has told where it looks.
    bool settles(double zoom)
    {
        return QTest::qWaitFor([&] { return std::abs(selection().camera().zoom - zoom) < 0.01 * zoom; });
    }

    bool looksAt(const MapCamera& camera)
    {
        return QTest::qWaitFor([&] {
            const MapPose pose = map().pose();
            const QPointF d = pose.center - camera.center;
            return std::abs(pose.zoom / camera.zoom - 1) < 1e-3 && std::abs(d.x()) + std::abs(d.y()) < 2e-3;
        });
    }

private Q_SLOTS:
    void initTestCase() { beginTests("isobar-test-map-history"); }

    void init()
    {
        openWindow({1600, 950});
        simulate(5);
        // The map follows a few times a second: until it shows the last of it.
        QTRY_VERIFY_WITH_TIMEOUT(
            qFuzzyCompare(map().scene().utcSeconds,
                          static_cast<double>(page().context().timeAt(m_session->history().end()).toMSecsSinceEpoch()) *
                              1e-3),
            20'000);
        map().finishRendering();
    }

    void cleanup() { closeWindow(); }

    void altLeftGoesBackThroughCameraAndFilters()
    {
        QVERIFY(!selection().canGoBack());
        const MapCamera start = selection().camera();
        turnWheel(QPointF(map().width() * 0.5, map().height() * 0.4), 4);
        QVERIFY(settles(std::pow(1.25, 4)));
        const MapCamera near = selection().camera();
        SelectionState state = selection().state();
        state.model = ModelId(std::size_t{0});
        m_session->selection().set(state);
        drag({300, 200}, {220, 240});
        QVERIFY(QTest::qWaitFor([&] { return selection().camera() != near; }));
        const MapCamera moved = selection().camera();
        // Three steps: the drag, the filter, the wheel.
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(looksAt(near));
        QVERIFY(selection().state().model.has_value());
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(!selection().state().model.has_value());
        QVERIFY(looksAt(near));
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(looksAt(start));
        QVERIFY(!selection().canGoBack());
        for (int i = 0; i < 3; ++i) {
            QTest::keyClick(m_window.get(), Qt::Key_Right, Qt::AltModifier);
        }
        QVERIFY(looksAt(moved));
        QSignalSpy settled(&map(), &MapView::poseSettled);
        QVERIFY(!settled.wait(700)); // longer than a gesture takes to rest: going back is no step of its own
        QVERIFY(!selection().canGoForward());
        QVERIFY(selection().camera() == moved);
    }

    void undoTakesTheCameraBack()
    {
        const int before = m_session->undoStack().count();
        const MapCamera start = selection().camera();
        turnWheel(QPointF(400, 200), 3);
        QVERIFY(settles(std::pow(1.25, 3)));
        QCOMPARE(m_session->undoStack().count(), before + 1);
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(looksAt(start));
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(settles(std::pow(1.25, 3)));
        QCOMPARE(m_session->undoStack().count(), before + 1);
    }

    void clickingAUserAreaShowsItsFlowsAndTheRestFades()
    {
        QTRY_VERIFY_WITH_TIMEOUT(!map().scene().flows.empty(), 20'000);
        const MapLayout& layout = map().layoutNow();
        int area = -1;
        for (std::size_t i = 0; i < layout.areas.size() && area < 0; ++i) {
            const QPointF at = layout.areas[i];
            const bool free = map().rect().adjusted(20, 60, -20, -120).contains(at.toPoint()) && layout.hit(at) < 0 &&
                              layout.hitArea(at) == static_cast<int>(i) && map().scene().areas[i].requestsPerSecond > 0;
            area = free ? static_cast<int>(i) : -1;
        }
        QVERIFY(area >= 0);
        const QPoint at = layout.areas[static_cast<std::size_t>(area)].toPoint();
        const std::size_t flows = map().scene().flows.size();
        QTest::mouseClick(&map(), Qt::LeftButton, {}, at);
        QVERIFY(selection().state().area.has_value());
        QCOMPARE(map().scene().flows.size(), flows); // all of them stay; they step back
        int strong = 0;
        for (const PlacedFlow& flow : map().layoutNow().flows) {
            QVERIFY((flow.tone == FlowTone::Strong) == (flow.area == area));
            strong += flow.area == area;
        }
        QVERIFY(strong > 0);
        QVERIFY(!map().layoutNow().answers.empty());
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(!selection().state().area.has_value());
    }

    void clickingTheLegendShowsOneProviderAtATime()
    {
        const LegendEntry entry = map().layoutNow().legend.front();
        QTest::mouseClick(&map(), Qt::LeftButton, {}, entry.rect.center().toPoint());
        QVERIFY(selection().state().provider.has_value());
        QCOMPARE(QString::fromStdString(m_session->fleet()[*selection().state().provider].name), entry.label);
        QTest::mouseClick(&map(), Qt::LeftButton, {}, map().layoutNow().legend.front().rect.center().toPoint());
        QVERIFY(!selection().state().provider.has_value());
    }
};

QTEST_MAIN(MapHistoryTest)
#include "tst_map_history.moc"

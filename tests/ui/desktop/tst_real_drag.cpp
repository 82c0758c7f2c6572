// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/dashboard/side_panel.h"
#include "ui/planner/region_panel.h"

#include <QTimer>
#include <QWindow>

#include <functional>

using namespace isobar;
using namespace isobar::ui;

/// A placement dragged over the map with the mouse, on a real window system: the platform's own drag and drop, from
/// press to release. Needs a display (Xvfb will do); the offscreen platform has no drags.
class RealDragTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    QPoint inWindow(QWidget* widget, QPoint at) { return widget->mapTo(m_window.get(), at); }

    /// Presses on a card, moves to a point of the window in small steps and lets go there.
    void dragCardTo(PlacementCard* card, QPoint to)
    {
        constexpr int kSteps = 25, kOverTarget = 10; // some more moves over the target, as a hand makes
        QWindow* window = m_window->windowHandle();
        const QPoint from = inWindow(card, QPoint(40, 12));
        int step = 0;
        bool released = false;
        // The drag runs an event loop inside one of these moves, so each step asks for the next before it moves.
        std::function<void()> next = [&] {
            ++step;
            if (step > kSteps + kOverTarget) {
                released = true;
                QTest::mouseRelease(window, Qt::LeftButton, {}, to);
                return;
            }
            QTimer::singleShot(20, this, next);
            const double share = std::min(1.0, double(step) / kSteps);
            QTest::mouseMove(window, from + (to - from) * share + QPoint(step % 2, 0));
        };
        QTest::mousePress(window, Qt::LeftButton, {}, from);
        QTimer::singleShot(20, this, next);
        QTRY_VERIFY_WITH_TIMEOUT(released, 20'000);
    }

private Q_SLOTS:
    void initTestCase()
    {
        beginTests("isobar-test-real-drag");
        openWindow();
        simulate(10);
        SelectionState state;
        const auto& regions = m_session->places()[static_cast<std::size_t>(placeNamed("Tokyo"))].regions;
        state.regions = {regions.begin(), regions.end()};
        m_session->selection().set(state);
        m_window->overview().refresh();
        map().finishRendering();
        QVERIFY(!m_window->overview().side().regionPanel().cards().empty());
    }

    void cleanupTestCase() { closeWindow(); }

    void aDropMovesReplicasAndUndoBringsThemBack()
    {
        PlacementCard* card = m_window->overview().side().regionPanel().cards().front();
        const PlacementId placement = card->placement();
        const auto before = m_session->fleet().placements;
        const int target = placeNamed("Texas"); // stands by itself: a gathered place would first have to open
        QVERIFY(target >= 0);
        dragCardTo(card, inWindow(&map(), map().markerRect(target).center()));
        QTRY_VERIFY(m_session->fleet()[placement].replicas < before[placement.index()].replicas);
        // Without a window manager no window is active, so no shortcut works here.
        m_window->commands().action(QStringLiteral("edit.undo"))->trigger();
        QCOMPARE(m_session->fleet()[placement].replicas, before[placement.index()].replicas);
    }

    void aDropOnTheSeaChangesNothing()
    {
        PlacementCard* card = m_window->overview().side().regionPanel().cards().front();
        const auto before = m_session->fleet().placements;
        dragCardTo(card, inWindow(&map(), QPoint(map().width() / 3, map().height() * 3 / 4)));
        QTest::qWait(100); // nothing may happen: give it the time to
        QVERIFY(m_session->fleet().placements == before);
    }
};

QTEST_MAIN(RealDragTest)
#include "tst_real_drag.moc"

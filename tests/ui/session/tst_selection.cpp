// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/small_fleet.h"
#include "ui/session/selection.h"

#include <QSignalSpy>
#include <QTest>
#include <QUndoStack>

using namespace isobar;
using namespace isobar::ui;

/// The one selection: chips, the way back and forward, undo.
class SelectionTest : public QObject {
    Q_OBJECT

    Fleet m_fleet = test::smallFleet();

    static QStringList words(const std::vector<FilterChip>& chips)
    {
        QStringList list;
        for (const FilterChip& chip : chips) {
            list << chip.kind + QLatin1Char(' ') + chip.value;
        }
        return list;
    }

private Q_SLOTS:
    void whatIsShownLiesWithinWhatIsKnown()
    {
        const auto seconds = [](int n) { return n * aggregate::kMicrosPerSecond; };
        const TimeSpan known{seconds(100), seconds(500)};
        SelectionState state;
        state.rangeSeconds = 60;
        QCOMPARE(shownSpan(state, known), (TimeSpan{seconds(440), seconds(500)}));
        state.rangeSeconds = 3600;
        QCOMPARE(shownSpan(state, known), known);
        state.rangeSeconds = 0;
        QCOMPARE(shownSpan(state, known), known);
        state.span = TimeSpan{seconds(200), seconds(300)};
        QCOMPARE(shownSpan(state, known), *state.span);
        state.span = TimeSpan{seconds(0), seconds(900)};
        QCOMPARE(shownSpan(state, known), known);
        state.span = TimeSpan{seconds(600), seconds(900)};
        QCOMPARE(shownSpan(state, known), (TimeSpan{seconds(500), seconds(500)}));
    }

    void everyFilterIsAChipThatTakesItOff()
    {
        SelectionState state;
        QVERIFY(filterChips(state, m_fleet, {}).empty());
        QVERIFY(!state.isFiltered());
        state.regions = {RegionId(std::size_t{0})};
        state.provider = ProviderId(std::size_t{0});
        state.model = ModelId(std::size_t{0});
        state.tier = TierId(std::size_t{0});
        state.workload = WorkloadId(std::size_t{0});
        state.area = AreaId(std::size_t{0});
        state.span = TimeSpan{0, 60 * aggregate::kMicrosPerSecond};
        state.compare = Comparing::PreviousPeriod;
        QVERIFY(state.isFiltered());
        auto chips = filterChips(state, m_fleet, {});
        QCOMPARE(chips.size(), std::size_t{8});
        QVERIFY(words(chips).join(QLatin1Char('|')).contains(QString::fromStdString(m_fleet.models[0].name)));
        // Taking one after the other off leaves nothing.
        for (std::size_t left = chips.size(); left > 0; --left) {
            state = chips.front().without;
            chips = filterChips(state, m_fleet, {});
            QCOMPARE(chips.size(), left - 1);
        }
        QVERIFY(state == SelectionState{});
    }

    void aSelectionOfAWholePlaceIsNamedAfterIt()
    {
        SelectionState state;
        std::vector<Place> places = gatherPlaces(m_fleet);
        state.regions = {places[0].regions.begin(), places[0].regions.end()};
        QCOMPARE(filterChips(state, m_fleet, places).front().value, QString::fromStdString(places[0].name));
    }

    void backAndForwardWalkTheChoices()
    {
        Selection selection;
        QSignalSpy changes(&selection, &Selection::changed);
        SelectionState one, two;
        one.model = ModelId(std::size_t{0});
        two = one;
        two.rangeSeconds = 60;
        selection.set(one);
        selection.set(one); // the same: no step
        selection.set(two);
        QCOMPARE(changes.count(), 2);
        selection.back();
        QVERIFY(selection.state() == one);
        selection.back();
        QVERIFY(selection.state() == SelectionState{});
        QVERIFY(!selection.canGoBack());
        selection.forward();
        selection.forward();
        QVERIFY(selection.state() == two);
        QVERIFY(!selection.canGoForward());
    }

    void theCameraIsAStepOfItsOwnAndDisturbsNoView()
    {
        Selection selection;
        QUndoStack undo;
        makeUndoable(selection, undo, [this] { return &m_fleet; });
        QSignalSpy changes(&selection, &Selection::changed), moves(&selection, &Selection::cameraChanged);
        MapCamera near;
        near.zoom = 4;
        near.center = {0.5, -0.2};
        selection.setCamera(near);
        selection.setCamera(near); // the same: no step
        SelectionState filtered;
        filtered.model = ModelId(std::size_t{0});
        selection.set(filtered);
        MapCamera globe = near;
        globe.projection = 2;
        selection.setCamera(globe);
        QCOMPARE(undo.count(), 3);
        QCOMPARE(changes.count(), 1);
        QCOMPARE(moves.count(), 2);
        selection.back();
        QVERIFY(selection.camera() == near);
        QVERIFY(selection.state() == filtered);
        selection.back();
        QVERIFY(selection.camera() == near); // this step took the filter off
        QVERIFY(selection.state() == SelectionState{});
        selection.back();
        QVERIFY(selection.camera() == MapCamera{});
        QVERIFY(!selection.canGoBack());
        QCOMPARE(changes.count(), 2);
        selection.forward();
        selection.forward();
        selection.forward();
        QVERIFY(selection.camera() == globe);
        undo.undo();
        QVERIFY(selection.camera() == near);
        undo.redo();
        QVERIFY(selection.camera() == globe);
        QCOMPARE(undo.count(), 3);
    }

    void choicesAreUndoneAndRedoneWithTheSameSignals()
    {
        Selection selection;
        QUndoStack undo;
        makeUndoable(selection, undo, [this] { return &m_fleet; });
        QSignalSpy changes(&selection, &Selection::changed);
        SelectionState one;
        one.model = ModelId(std::size_t{0});
        selection.set(one);
        QCOMPARE(undo.count(), 1);
        QCOMPARE(changes.count(), 1);
        QVERIFY(undo.undoText().contains(QString::fromStdString(m_fleet.models[0].name)));
        undo.undo();
        QVERIFY(selection.state() == SelectionState{});
        QCOMPARE(changes.count(), 2);
        undo.redo();
        QVERIFY(selection.state() == one);
        QCOMPARE(changes.count(), 3);
        QCOMPARE(undo.count(), 1);
    }

    void brushingTwiceInARowIsOneStepAndAFilterAfterItAnother()
    {
        Selection selection;
        QUndoStack undo;
        makeUndoable(selection, undo, [this] { return &m_fleet; });
        SelectionState state;
        state.span = TimeSpan{0, 10};
        selection.set(state);
        state.span = TimeSpan{0, 20};
        selection.set(state);
        QCOMPARE(undo.count(), 1);
        state.tier = TierId(std::size_t{0});
        selection.set(state);
        QCOMPARE(undo.count(), 2);
        undo.undo();
        QVERIFY(selection.state().span == std::optional(TimeSpan{0, 20}));
        undo.undo();
        QVERIFY(selection.state() == SelectionState{});
    }

    void theMomentIsToldOnceAndCleared()
    {
        Selection selection;
        QSignalSpy moments(&selection, &Selection::momentChanged);
        selection.setMoment(5.0);
        selection.setMoment(5.0);
        selection.setMoment({});
        QCOMPARE(moments.count(), 2);
    }
};

QTEST_GUILESS_MAIN(SelectionTest)
#include "tst_selection.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/share_bars.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/side_panel.h"
#include "ui/devices/device_page.h"
#include "ui/planner/placement_card.h"
#include "ui/planner/region_panel.h"

#include <QAbstractButton>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QSet>
#include <QSlider>
#include <QTimer>
#include <QToolButton>

using namespace isobar;
using namespace isobar::ui;

/// The window by keys alone: what has the focus is pressed by them, and every command has one entry.
class KeyboardTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    /// Presses Tab until `widget` has the focus.
    bool tabTo(const QWidget* widget)
    {
        constexpr int kMost = 200;
        for (int i = 0; i < kMost && m_window->focusWidget() != widget; ++i) {
            key(Qt::Key_Tab);
        }
        return m_window->focusWidget() == widget;
    }
    /// As the window system does: to what has the focus.
    void key(Qt::Key which, Qt::KeyboardModifiers modifiers = {})
    {
        QWidget* focused = m_window->focusWidget();
        QTest::keyClick(focused != nullptr ? focused : m_window.get(), which, modifiers);
    }
    QToolButton* button(const char* name) { return named<QToolButton>(QLatin1String(name)); }

private Q_SLOTS:
    void initTestCase() { beginTests("isobar-test-keyboard"); }
    void init()
    {
        QSettings().clear();
        openWindow();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    void cleanup() { closeWindow(); }

    void spaceAndEnterPressTheButtonTabbedTo_data()
    {
        QTest::addColumn<Qt::Key>("which");
        QTest::newRow("Space") << Qt::Key_Space;
        QTest::newRow("Enter") << Qt::Key_Return;
    }
    void spaceAndEnterPressTheButtonTabbedTo()
    {
        QFETCH(Qt::Key, which);
        QToolButton* flows = button("Flows");
        QVERIFY(flows != nullptr && tabTo(flows));
        const bool shown = map().flowsShown();
        key(which);
        QCOMPARE(map().flowsShown(), !shown);
        QVERIFY(!m_session->isPlaying());
    }

    void spacePlaysWhereNothingHasAUseForIt()
    {
        m_window->setFocus();
        key(Qt::Key_Space);
        QVERIFY(m_session->isPlaying());
        QVERIFY(tabTo(&map())); // no place is walked to yet
        key(Qt::Key_Space);
        QVERIFY(!m_session->isPlaying());
    }

    void nothingHasTheFocusAtFirst()
    {
        QVERIFY(qobject_cast<QAbstractButton*>(m_window->focusWidget()) == nullptr);
        key(Qt::Key_Tab);
        QVERIFY(button("World")->hasFocus());
    }

    /// A switch that is on and shows nothing says why.
    void comparingWithNoPastSaysSo()
    {
        simulate(4);
        QToolButton* compare = button("Compare");
        compare->click();
        QCOMPARE(compare->text(), QStringLiteral("Compare: no past"));
        SelectionState shorter = state();
        shorter.rangeSeconds = 1;
        m_session->selection().set(shorter);
        QCOMPARE(compare->text(), QStringLiteral("Compare"));
    }

    void spacePlaysAfterAClick()
    {
        simulate(2);
        KpiTile* spend = page().figures().tiles().front();
        QVERIFY(tabTo(spend));
        QTest::mouseClick(&map(), Qt::LeftButton, {}, QPoint(5, map().height() - 5));
        key(Qt::Key_Space);
        QVERIFY(m_session->isPlaying());
        QVERIFY(page().figures().card() == nullptr);
    }

    void aPlaceIsChosenAndLetGoByKeys()
    {
        simulate(2);
        key(Qt::Key_F6);
        QVERIFY(map().hasFocus());
        map().finishRendering();
        // A place of its own, not a gathering: those open first.
        key(Qt::Key_Slash);
        auto* finder = named<QLineEdit>(QStringLiteral("Find a place"));
        QVERIFY(finder != nullptr);
        QTRY_VERIFY(finder->hasFocus());
        QTest::keyClicks(finder, QStringLiteral("Singapore"));
        QTest::keyClick(finder, Qt::Key_Return);
        QTRY_VERIFY(!state().regions.empty());
        const int singapore = placeNamed("Singapore");
        QVERIFY(singapore >= 0);
        QVERIFY(holdsSelection(m_session->places()[static_cast<std::size_t>(singapore)], state()));
        key(Qt::Key_Left, Qt::AltModifier);
        QVERIFY(state().regions.empty());
    }

    void placementsOfAPlaceComeAfterItsSlider()
    {
        simulate(2);
        SelectionState chosen;
        for (const char* name : {"Tokyo", "Singapore"}) {
            const Place& place = m_session->places()[static_cast<std::size_t>(placeNamed(name))];
            chosen.regions.insert(place.regions.begin(), place.regions.end());
        }
        m_session->selection().set(chosen);
        RegionPanel& panel = page().side().regionPanel();
        QVERIFY(panel.cards().size() > 1);
        auto* share = panel.findChild<QSlider*>();
        QVERIFY(tabTo(share));
        QWidgetList met;
        for (std::size_t i = 0; i < 4 * panel.cards().size() + 8 && panel.isAncestorOf(m_window->focusWidget()); ++i) {
            met << m_window->focusWidget();
            key(Qt::Key_Tab);
        }
        qsizetype before = -1;
        for (QWidget* card : panel.cards()) {
            QVERIFY2(met.indexOf(card) > before, qPrintable(card->accessibleName()));
            before = met.indexOf(card);
        }
        QStringList titles;
        for (const QLabel* label : panel.findChildren<QLabel*>()) {
            titles << label->text();
        }
        QVERIFY(titles.contains(QStringLiteral("Tokyo, Singapore")) ||
                titles.contains(QStringLiteral("Singapore, Tokyo")));
    }

    void thePlacementInHandStaysInHand()
    {
        simulate(2);
        SelectionState chosen;
        const Place& tokyo = m_session->places()[static_cast<std::size_t>(placeNamed("Tokyo"))];
        chosen.regions.insert(tokyo.regions.begin(), tokyo.regions.end());
        m_session->selection().set(chosen);
        RegionPanel& panel = page().side().regionPanel();
        QVERIFY(panel.cards().size() > 1);
        const PlacementId held = panel.cards()[1]->placement();
        QVERIFY(tabTo(panel.cards()[1]));
        Q_EMIT m_session->placementsChanged(); // as after a move and its undo: the cards are made anew
        const auto* card = qobject_cast<const PlacementCard*>(m_window->focusWidget());
        QVERIFY(card != nullptr && card->placement() == held);
    }

    void everyFilterOfTheSharesIsThere()
    {
        simulate(2);
        ShareBars& share = page().side().share();
        QVERIFY(tabTo(&share));
        key(Qt::Key_Down);
        key(Qt::Key_Space);
        QVERIFY(state().provider.has_value());
        QVERIFY(!m_session->isPlaying());
        key(Qt::Key_0, Qt::ControlModifier);
        QVERIFY(!state().provider.has_value());
    }

    void escapeLeadsBackFromTheChipsToTheMap()
    {
        simulate(2);
        key(Qt::Key_F6);
        key(Qt::Key_Right); // the first place, or what is next to it
        trigger("view.devices");
        QCOMPARE(m_window->room(), Room::Devices);
        m_window->devices().open(DevicePath::of(m_session->fleet(), PoolId(std::size_t{0})));
        for (int i = 0; i < 5 && m_window->room() == Room::Devices; ++i) {
            key(Qt::Key_Escape);
        }
        QCOMPARE(m_window->room(), Room::Overview);
        QVERIFY(map().hasFocus());
        trigger("view.devices");
        key(Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(m_window->room(), Room::Overview);
    }

    /// The arrow beside the switch has a menu: Alt+Down opens it.
    void theMenuOfCompareOpensByKeys()
    {
        QToolButton* compare = button("Compare");
        QVERIFY(compare != nullptr && tabTo(compare));
        bool opened = false;
        QTimer::singleShot(0, this, [&] { // the menu runs a loop of its own
            opened = QApplication::activePopupWidget() == compare->menu();
            if (QWidget* popup = QApplication::activePopupWidget()) {
                popup->close();
            }
        });
        key(Qt::Key_Down, Qt::AltModifier);
        QTRY_VERIFY(opened);
    }

    void everyStopOfTabHasANameAndATurn()
    {
        simulate(2);
        QSet<const QWidget*> met;
        QStringList nameless;
        m_window->setFocus();
        key(Qt::Key_Tab);
        for (const QWidget* at = m_window->focusWidget(); at != nullptr && !met.contains(at);
             at = m_window->focusWidget()) {
            met.insert(at);
            const auto* said = qobject_cast<const QAbstractButton*>(at);
            if (at->accessibleName().isEmpty() && (said == nullptr || said->text().isEmpty())) {
                nameless << QLatin1String(at->metaObject()->className()) + QLatin1Char(' ') + at->objectName();
            }
            key(Qt::Key_Tab);
        }
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(QLatin1Char('\n'))));
        QVERIFY(met.contains(&map()) && met.contains(&page().side().share()));
    }

    /// One registry feeds menus, buttons, shortcuts and palette.
    void everyEntryOfTheMenusIsACommand()
    {
        QStringList strangers;
        QSet<QString> met;
        const std::function<void(const QMenu*)> walk = [&](const QMenu* menu) {
            if (menu->objectName() == QStringLiteral("compareMenu")) {
                return; // what is recorded, not what can be done
            }
            for (QAction* action : menu->actions()) {
                if (action->menu() != nullptr) {
                    walk(action->menu());
                } else if (!action->isSeparator()) {
                    met.insert(action->objectName());
                    if (m_window->commands().action(action->objectName()) != action) {
                        strangers << action->text();
                    }
                }
            }
        };
        for (QAction* top : m_window->menuBar()->actions()) {
            walk(top->menu());
        }
        QVERIFY2(strangers.isEmpty(), qPrintable(strangers.join(QLatin1Char('\n'))));
        for (const Command& command : m_window->commands().commands()) {
            QVERIFY2(met.contains(command.id), qPrintable(command.id + QStringLiteral(" is in no menu")));
        }
    }

    void noTwoCommandsShareAShortcut()
    {
        QHash<QString, QString> taken;
        for (const Command& command : m_window->commands().commands()) {
            for (const QKeySequence& keys : m_window->commands().action(command.id)->shortcuts()) {
                const QString text = keys.toString();
                QVERIFY2(!taken.contains(text), qPrintable(text + QStringLiteral(": ") + taken.value(text) +
                                                           QStringLiteral(" and ") + command.id));
                taken.insert(text, command.id);
            }
        }
        QVERIFY(taken.size() > 15);
        for (const QAction* top : m_window->menuBar()->actions()) { // Alt and a letter opens a menu
            const qsizetype mark = top->text().indexOf(QLatin1Char('&'));
            QVERIFY(mark >= 0);
            QVERIFY(!taken.contains(QStringLiteral("Alt+") + top->text().at(mark + 1).toUpper()));
        }
    }

    void everySwitchOfTheMapIsACommand_data()
    {
        QTest::addColumn<QString>("id");
        QTest::addColumn<QString>("name");
        QTest::newRow("flows") << QStringLiteral("view.flows") << QStringLiteral("Flows");
        QTest::newRow("isobars") << QStringLiteral("view.isobars") << QStringLiteral("Isobars");
        QTest::newRow("spill") << QStringLiteral("map.spill") << QStringLiteral("Spill");
        QTest::newRow("rings") << QStringLiteral("map.rings") << QStringLiteral("Latency rings");
        QTest::newRow("night") << QStringLiteral("map.night") << QStringLiteral("Day/night");
        QTest::newRow("table") << QStringLiteral("map.table") << QStringLiteral("Table");
    }
    void everySwitchOfTheMapIsACommand()
    {
        QFETCH(QString, id);
        QFETCH(QString, name);
        simulate(2);
        auto* own = named<QToolButton>(name);
        QVERIFY(own != nullptr);
        QAction* action = m_window->commands().action(id);
        QVERIFY(action != nullptr);
        const bool on = own->isChecked();
        action->trigger();
        QCOMPARE(own->isChecked(), !on);
        QCOMPARE(action->isChecked(), !on);
        own->click();
        m_window->commands().refresh(); // as opening the menu does
        QCOMPARE(action->isChecked(), on);
    }

    void projectionsAndColoursAreCommandsAndProjectionsCanBeUndone()
    {
        simulate(2);
        trigger("map.measure.1");
        QCOMPARE(map().layers().look.measure, MapMeasure::Utilization);
        trigger("map.split.2");
        QCOMPARE(map().layers().look.split, MapSplit::Accelerator);
        trigger("map.projection.2");
        QCOMPARE(map().projection(), ProjectionKind::Globe);
        QTRY_VERIFY(m_session->undoStack().canUndo());
        trigger("edit.undo");
        QTRY_COMPARE(map().projection(), ProjectionKind::EqualEarth);
    }
};

QTEST_MAIN(KeyboardTest)
#include "tst_keyboard.moc"

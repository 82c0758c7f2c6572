// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/kpi_row.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QTemporaryDir>

using namespace isobar;
using namespace isobar::ui;

/// Targets of the key figures, set and taken away by mouse and by keys.
class TargetsTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    enum Figures : std::size_t { kSpend, kPerMillion, kSlo, kUtilization };

    KpiTile* tile(std::size_t figure) { return page().figures().tiles()[figure]; }
    template <class Widget> Widget* inCard(const QString& name)
    {
        for (Widget* widget : page().figures().card()->findChildren<Widget*>()) {
            if (widget->accessibleName() == name) {
                return widget;
            }
        }
        return nullptr;
    }
    QPushButton* button(const QString& text)
    {
        for (QPushButton* each : page().figures().card()->findChildren<QPushButton*>()) {
            if (each->text() == text) {
                return each;
            }
        }
        return nullptr;
    }
    void closeCard()
    {
        page().figures().card()->close();
        QTRY_VERIFY(page().figures().card() == nullptr);
    }
    const std::optional<KpiTarget>& target(std::size_t figure) { return page().targets().targets()[figure]; }

private Q_SLOTS:
    void initTestCase() { beginTests("isobar-test-targets"); }
    void init()
    {
        QSettings().clear();
        openWindow();
        simulate(5);
        page().refresh();
    }
    void cleanup() { closeWindow(); }

    void setByMouseInTheCardAndUndone()
    {
        QVERIFY(!target(kSpend));
        QVERIFY(tile(kSpend)->data().target.isEmpty());
        QTest::mouseClick(tile(kSpend), Qt::LeftButton);
        auto* value = inCard<QDoubleSpinBox>(QStringLiteral("Target of Spend"));
        auto* way = inCard<QComboBox>(QStringLiteral("Target is"));
        QVERIFY(value != nullptr && way != nullptr);
        QCOMPARE(way->currentText(), QStringLiteral("at most")); // less is better
        QVERIFY2(value->text().startsWith(QLatin1Char('$')) && value->text().endsWith(QStringLiteral("/ day")),
                 qPrintable(value->text()));
        QVERIFY(!button(QStringLiteral("Clear"))->isEnabled());
        value->setFocus();
        value->selectAll();
        QTest::keyClicks(value, QStringLiteral("10"));
        QTest::mouseClick(button(QStringLiteral("Set target")), Qt::LeftButton);
        QVERIFY(target(kSpend) == (KpiTarget{10e6, false}));
        const KpiData& shown = tile(kSpend)->data();
        QVERIFY(shown.standing == KpiData::Standing::Missed && shown.warning);
        QCOMPARE(shown.target, QStringLiteral("≤ $10 M / day"));
        QVERIFY(shown.reached > shown.targetAt);
        QVERIFY2(tile(kSpend)->accessibleDescription().contains(QStringLiteral("target at most $10 M / day: missed")),
                 qPrintable(tile(kSpend)->accessibleDescription()));
        // The card says so, and its course has the line.
        auto* words = inCard<QLabel>(QStringLiteral("Explanation"));
        QVERIFY2(words->text().contains(QStringLiteral("missed")), qPrintable(words->text()));
        const auto* course = page().figures().card()->findChild<TimeChart*>();
        QCOMPARE(course->data().target, std::optional(10e6));
        QVERIFY(!course->data().series.empty());
        closeCard();
        // So do the charts of spend on the boards.
        QCOMPARE(timeChart(View::Spend, page().context()).target, std::optional(10e6));
        trigger("edit.undo");
        QVERIFY(!target(kSpend) && tile(kSpend)->data().target.isEmpty());
        trigger("edit.redo");
        QVERIFY(target(kSpend) == (KpiTarget{10e6, false}));
        QVERIFY(tile(kSpend)->data().warning);
    }

    void setByKeysAlone()
    {
        tile(kUtilization)->setFocus();
        QTest::keyClick(tile(kUtilization), Qt::Key_Return);
        QWidget* card = page().figures().card();
        QVERIFY(card != nullptr);
        auto* value = inCard<QDoubleSpinBox>(QStringLiteral("Target of Utilization"));
        for (int i = 0; i < 12 && !value->hasFocus(); ++i) {
            QTest::keyClick(card->focusWidget() != nullptr ? card->focusWidget() : card, Qt::Key_Tab);
        }
        QVERIFY(value->hasFocus());
        QTest::keyClick(value, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(value, QStringLiteral("12.5"));
        QTest::keyClick(value, Qt::Key_Return);
        QVERIFY(target(kUtilization) == (KpiTarget{0.125, true}));
        QVERIFY(tile(kUtilization)->data().standing == KpiData::Standing::Met);
        QTest::keyClick(page().figures().card(), Qt::Key_Escape);
        QTRY_VERIFY(page().figures().card() == nullptr);
    }

    void clearedByTheContextMenu()
    {
        QVERIFY(target(kSlo) == (KpiTarget{0.95, true})); // ships so
        const auto choose = [this](const QString& entry) {
            QContextMenuEvent asked(QContextMenuEvent::Keyboard, QPoint(10, 10),
                                    tile(kSlo)->mapToGlobal(QPoint(10, 10)));
            QCoreApplication::sendEvent(tile(kSlo), &asked);
            auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
            QVERIFY(menu != nullptr);
            for (QAction* action : menu->actions()) {
                if (action->text() == entry) {
                    QVERIFY2(action->isEnabled(), qPrintable(entry));
                    QTest::mouseClick(menu, Qt::LeftButton, {}, menu->actionGeometry(action).center());
                    return;
                }
            }
            QFAIL(qPrintable(entry));
        };
        choose(QStringLiteral("Clear target"));
        QVERIFY(!target(kSlo));
        QVERIFY(tile(kSlo)->data().standing == KpiData::Standing::None && !tile(kSlo)->data().warning);
        trigger("edit.undo");
        QVERIFY(target(kSlo).has_value());
        choose(QStringLiteral("Set target…"));
        QVERIFY(page().figures().card() != nullptr);
        QVERIFY(inCard<QDoubleSpinBox>(QStringLiteral("Target of SLO attainment"))->hasFocus());
        closeCard();
    }

    /// A part of the fleet is not held against what the whole of it may spend.
    void aFilterTakesOnlyTheTargetsOfWholesAway()
    {
        page().targets().set(kSpend, KpiTarget{20e6, false});
        SelectionState one;
        one.provider = ProviderId(std::size_t{0});
        m_session->selection().set(one);
        page().refresh();
        QVERIFY(tile(kSpend)->data().standing == KpiData::Standing::None && tile(kSpend)->data().target.isEmpty());
        QVERIFY(tile(kSlo)->data().standing != KpiData::Standing::None);
        QVERIFY(!timeChart(View::Spend, page().context()).target);
        QTest::mouseClick(tile(kSpend), Qt::LeftButton);
        QVERIFY(inCard<QLabel>(QStringLiteral("Explanation"))->text().contains(QStringLiteral("whole fleet")));
        closeCard();
    }

    /// Every board shows what was set on the overview, and the other way round; another start finds it again.
    void oneForEveryBoardAndKept()
    {
        page().targets().set(kSpend, KpiTarget{20e6, false});
        trigger("view.boards");
        auto* row = m_window->boards().findChild<KpiRow*>();
        QVERIFY(row != nullptr);
        QTRY_COMPARE(row->tiles()[kSpend]->data().target, QStringLiteral("≤ $20 M / day"));
        Q_EMIT row->targetChosen(kPerMillion, KpiTarget{2, false});
        trigger("view.overview");
        QTRY_COMPARE(tile(kPerMillion)->data().target, QStringLiteral("≤ $2 / Mtok"));
        closeWindow();
        openWindow();
        QVERIFY(target(kSpend) == (KpiTarget{20e6, false}));
        QVERIFY(target(kPerMillion) == (KpiTarget{2, false}));
        // Boards and targets go along into a store.
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("fleet.isobar"));
        m_window->saveStoreTo(path);
        closeWindow();
        QSettings().clear();
        openWindow();
        QVERIFY(!target(kSpend));
        QVERIFY(m_session->openStore(path.toStdString()).ok());
        QVERIFY(target(kSpend) == (KpiTarget{20e6, false}));
        closeWindow();
    }
};

QTEST_MAIN(TargetsTest)
#include "tst_targets.moc"

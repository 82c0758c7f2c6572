// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/by_name.h"
#include "ui/planner/fault_dialog.h"
#include "ui/session/session.h"

#include <QComboBox>
#include <QListWidget>
#include <QStandardPaths>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;
using test::button;
using test::named;

/// A real session on the sample fleet: what is broken breaks there.
class TestFaultDialog : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        m_session = std::make_unique<Session>(0);
        QVERIFY(m_session->openSample().ok());
        QTRY_VERIFY(m_session->snapshot() != nullptr);
    }
    void cleanupTestCase() { m_session.reset(); }

    void everyKindMakesAFaultThatFitsTheFleet()
    {
        FaultDialog dialog(*m_session);
        auto* kind = named<QComboBox>(dialog, QStringLiteral("What breaks"));
        QCOMPARE(kind->count(), int(kFaultKinds));
        for (int i = 0; i < kind->count(); ++i) {
            kind->setCurrentIndex(i);
            Operations operations;
            operations.faults = {dialog.fault()};
            const Status valid = validate(operations, m_session->fleet());
            QVERIFY2(valid.ok(), qPrintable(kind->currentText()));
            QCOMPARE(int(dialog.fault().kind), kind->currentData().toInt());
            QVERIFY(!faultText(m_session->fleet(), dialog.fault()).isEmpty());
        }
    }

    void theSelectedPlaceIsProposed()
    {
        SelectionState state;
        const RegionId region = m_session->fleet().pools[5].region;
        state.regions = {region};
        m_session->selection().set(state);
        const FaultDialog dialog(*m_session);
        QVERIFY(dialog.fault().kind == FaultKind::Region);
        QVERIFY(dialog.fault().region == region);
        m_session->selection().set({});
    }

    void whatIsBrokenIsListedAndMended()
    {
        FaultDialog dialog(*m_session);
        dialog.show();
        auto* active = named<QListWidget>(dialog, QStringLiteral("Broken now"));
        QPushButton* mend = button(dialog, QStringLiteral("Mend"));
        QVERIFY(!mend->isEnabled());
        QTest::mouseClick(button(dialog, QStringLiteral("Break it")), Qt::LeftButton);
        m_session->stepBy(1);
        QTRY_COMPARE(active->count(), 1);
        QVERIFY(active->item(0)->text().startsWith(QStringLiteral("Region")));
        active->setCurrentRow(0);
        QVERIFY(mend->isEnabled());
        QTest::mouseClick(mend, Qt::LeftButton);
        QTRY_COMPARE(active->count(), 0);
    }

private:
    std::unique_ptr<Session> m_session;
};

QTEST_MAIN(TestFaultDialog)
#include "tst_fault_dialog.moc"

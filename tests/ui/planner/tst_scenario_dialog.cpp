// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/shipped.h"
#include "tests/support/by_name.h"
#include "ui/planner/scenario_dialog.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QFile>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

using namespace isobar;
using namespace isobar::ui;
using test::named;

namespace {

void click(const QWidget& parent, const QString& text)
{
    QPushButton* pressed = test::button(parent, text);
    QVERIFY2(pressed != nullptr && pressed->isEnabled(), qPrintable(text));
    QTest::mouseClick(pressed, Qt::LeftButton);
}

QStringList listed(const ScenarioDialog& dialog)
{
    QStringList names;
    const auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
    for (int row = 0; row < list->count(); ++row) {
        names << list->item(row)->text();
    }
    return names;
}

void chooseRow(const ScenarioDialog& dialog, const QString& name)
{
    auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
    const auto found = list->findItems(name, Qt::MatchExactly);
    QCOMPARE(found.size(), qsizetype(1));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(found.front()).center());
    QCOMPARE(list->currentItem(), found.front());
}

QString does(const ScenarioDialog& dialog)
{
    return named<QLabel>(dialog, QStringLiteral("What it does"))->text();
}

QString message(const ScenarioDialog& dialog)
{
    const auto* label = named<QLabel>(dialog, QStringLiteral("What went wrong"));
    return label->isVisible() ? label->text() : QString();
}

} // namespace

/// A real session on the sample fleet, by its buttons.
class TestScenarioDialog : public QObject {
    Q_OBJECT

    std::unique_ptr<Session> m_session;
    QTemporaryDir m_folder;

    QString file(const QString& name, const QByteArray& text)
    {
        const QString path = m_folder.filePath(name);
        QFile out(path);
        return out.open(QIODevice::WriteOnly) && out.write(text) == text.size() ? path : QString();
    }

    /// Opens the dialog's file dialog with a click and takes `path` in it.
    void pickFile(ScenarioDialog& dialog, const QString& buttonText, const QString& path)
    {
        bool picked = false;
        QTimer::singleShot(0, this, [&] {
            auto* files = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
            if (files == nullptr) {
                return;
            }
            files->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setText(path);
            picked = true;
            QMetaObject::invokeMethod(files, "accept");
        });
        click(dialog, buttonText);
        QVERIFY(picked);
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
        m_session = std::make_unique<Session>(0);
    }
    void init()
    {
        QVERIFY(m_session->openSample().ok());
        QTRY_VERIFY(m_session->snapshot() != nullptr);
    }
    void cleanupTestCase() { m_session.reset(); }

    void rowsStandBesideEachOther()
    {
        ScenarioDialog dialog(*m_session);
        dialog.show();
        QVERIFY(QTest::qWaitForWindowExposed(&dialog));
        const auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
        for (int row = 0; row < list->count(); ++row) {
            const QRect at = list->visualItemRect(list->item(row));
            QVERIFY(at.height() >= QFontMetrics(list->item(row)->font()).height() + 8);
            QVERIFY(row == 0 || at.top() > list->visualItemRect(list->item(row - 1)).bottom());
        }
    }

    /// A filter that was set before the dialog opened is undone in the window, not here.
    void undoesOnlyWhatWasDoneHere()
    {
        m_session->undoStack().push(new QUndoCommand(QStringLiteral("something else")));
        ScenarioDialog dialog(*m_session);
        dialog.show();
        QVERIFY(QTest::qWaitForWindowExposed(&dialog));
        const auto* undo = named<QPushButton>(dialog, QStringLiteral("Undo"));
        QVERIFY(!undo->isVisible());
        const int before = m_session->undoStack().index();
        QTest::keyClick(&dialog, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_session->undoStack().index(), before);
        chooseRow(dialog, QStringLiteral("Today"));
        click(dialog, QStringLiteral("Duplicate"));
        QVERIFY(undo->isVisible());
        QTest::keyClick(&dialog, Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(m_session->undoStack().index(), before);
        QVERIFY(!undo->isVisible());
    }

    void theSampleRunsItsDayAndSaysSo()
    {
        QCOMPARE(m_session->scenarioName(), std::string("Today"));
        QVERIFY(m_session->badge().contains(QStringLiteral("scenario: Today")));
        QVERIFY(!m_session->operations().layouts.empty());
        ScenarioDialog dialog(*m_session);
        dialog.show();
        QCOMPARE(listed(dialog), (QStringList{QStringLiteral("The fleet as it stands"), QStringLiteral("Today"),
                                              QStringLiteral("Region outage"), QStringLiteral("Demand +30 % and burst"),
                                              QStringLiteral("Spot reclaim wave")}));
        QCOMPARE(dialog.chosen()->name, std::string("Today"));
        chooseRow(dialog, QStringLiteral("Region outage"));
        QVERIFY(does(dialog).contains(QStringLiteral("After 5 min, for 10 min: all of azure/eastus goes")));
        chooseRow(dialog, QStringLiteral("The fleet as it stands"));
        QVERIFY(dialog.chosen() == nullptr);
        QVERIFY(does(dialog).isEmpty());
    }

    void runStartsTheClockOverUnderIt()
    {
        m_session->stepBy(2);
        QTRY_VERIFY(m_session->snapshot()->now >= 2'000'000);
        ScenarioDialog dialog(*m_session);
        dialog.show();
        chooseRow(dialog, QStringLiteral("Region outage"));
        click(dialog, QStringLiteral("Run"));
        QVERIFY(!dialog.isVisible());
        QCOMPARE(m_session->scenarioName(), std::string("Region outage"));
        QVERIFY(m_session->badge().contains(QStringLiteral("scenario: Region outage")));
        QCOMPARE(m_session->operations().faults.size(), std::size_t{2});
        QTRY_VERIFY(m_session->snapshot() && m_session->snapshot()->now < 2'000'000);
        ScenarioDialog again(*m_session);
        again.show();
        QCOMPARE(again.chosen()->name, std::string("Region outage"));
        chooseRow(again, QStringLiteral("The fleet as it stands"));
        click(again, QStringLiteral("Run"));
        QVERIFY(m_session->scenarioName().empty());
        QVERIFY(!m_session->badge().contains(QStringLiteral("scenario")));
        QVERIFY(m_session->operations() == Operations{});
    }

    void importTakesTheFileAndTellsMistakesWithTheirLine()
    {
        ScenarioDialog dialog(*m_session);
        dialog.show();
        const QByteArray good = "# Two probes.\nprobes: 2\nrouting: LATENCY_AWARE\n";
        pickFile(dialog, QStringLiteral("Import file…"), file(QStringLiteral("two_probes.textproto"), good));
        QCOMPARE(dialog.chosen()->name, std::string("Two probes"));
        QCOMPARE(dialog.chosen()->note, std::string("Two probes."));
        QVERIFY(does(dialog).contains(QStringLiteral("latency-aware")));
        QCOMPARE(message(dialog), QString());
        const QStringList before = listed(dialog);
        pickFile(
            dialog, QStringLiteral("Import file…"),
            file(QStringLiteral("bad.textproto"), "probes: 2\n\nfaults { kind: REGION region: \"azure/mars\" }\n"));
        QVERIFY(message(dialog).contains(QStringLiteral("bad.textproto:3:")));
        QVERIFY(message(dialog).contains(QStringLiteral("azure/mars")));
        QCOMPARE(listed(dialog), before);
        // The same file again has another name.
        dialog.importFile(m_folder.filePath(QStringLiteral("two_probes.textproto")));
        QCOMPARE(dialog.chosen()->name, std::string("Two probes 2"));
        // Out again, byte for byte.
        const QString out = m_folder.filePath(QStringLiteral("out.textproto"));
        pickFile(dialog, QStringLiteral("Export file…"), out);
        QFile written(out);
        QVERIFY(written.open(QIODevice::ReadOnly));
        QCOMPARE(written.readAll(), good);
        dialog.exportFile(QStringLiteral("/nowhere/at/all.textproto"));
        QVERIFY(message(dialog).contains(QStringLiteral("/nowhere/at/all.textproto")));
    }

    void theListIsChangedAndUndone()
    {
        ScenarioDialog dialog(*m_session);
        dialog.show();
        QVERIFY(QTest::qWaitForWindowActive(&dialog));
        const QStringList before = listed(dialog);
        chooseRow(dialog, QStringLiteral("Spot reclaim wave"));
        click(dialog, QStringLiteral("Duplicate"));
        QCOMPARE(listed(dialog).back(), QStringLiteral("Spot reclaim wave copy"));
        click(dialog, QStringLiteral("Rename"));
        auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
        auto* editor = list->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        editor->selectAll();
        QTest::keyClicks(editor, QStringLiteral("Mine"));
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE(listed(dialog).back(), QStringLiteral("Mine"));
        QTRY_COMPARE(m_session->scenarios().back().name, std::string("Mine"));
        click(dialog, QStringLiteral("Remove"));
        QCOMPARE(listed(dialog), before);
        click(dialog, QStringLiteral("Undo: remove scenario Mine"));
        QCOMPARE(listed(dialog).back(), QStringLiteral("Mine"));
        m_session->undoStack().undo();
        QCOMPARE(listed(dialog).back(), QStringLiteral("Spot reclaim wave copy"));
        m_session->undoStack().undo();
        QCOMPARE(listed(dialog), before);
        m_session->undoStack().redo();
        m_session->undoStack().redo();
        QCOMPARE(listed(dialog).back(), QStringLiteral("Mine"));
    }

    void aNameThatIsTakenIsRefused()
    {
        ScenarioDialog dialog(*m_session);
        dialog.show();
        auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
        chooseRow(dialog, QStringLiteral("Region outage"));
        list->currentItem()->setText(QStringLiteral("Today"));
        QTRY_VERIFY(message(dialog).contains(QStringLiteral("already")));
        QCOMPARE(listed(dialog)[2], QStringLiteral("Region outage"));
    }

    void theOneThatRunsMayBeRenamedAndRemoved()
    {
        ScenarioDialog dialog(*m_session);
        dialog.show();
        auto* list = named<QListWidget>(dialog, QStringLiteral("Scenarios"));
        chooseRow(dialog, QStringLiteral("Today"));
        list->currentItem()->setText(QStringLiteral("An ordinary day"));
        QTRY_VERIFY(m_session->badge().contains(QStringLiteral("scenario: An ordinary day")));
        click(dialog, QStringLiteral("Remove"));
        QVERIFY(m_session->badge().contains(QStringLiteral("An ordinary day"))); // it still runs
        QVERIFY(!listed(dialog).contains(QStringLiteral("An ordinary day")));
    }

    void aStoreKeepsThemAndWhichRuns()
    {
        const QString path = m_folder.filePath(QStringLiteral("kept.isobar"));
        QVERIFY(m_session->runScenario("Spot reclaim wave").ok());
        QVERIFY(m_session->saveAs(path.toStdString()).ok());
        {
            ScenarioDialog dialog(*m_session);
            dialog.show();
            dialog.importFile(file(QStringLiteral("mine.textproto"), "probes: 2\n"));
            chooseRow(dialog, QStringLiteral("Region outage"));
            click(dialog, QStringLiteral("Remove"));
        }
        Session other(0);
        QVERIFY(other.openStore(path.toStdString()).ok());
        QCOMPARE(other.scenarioName(), std::string("Spot reclaim wave"));
        QVERIFY(other.scenarios() == m_session->scenarios());
        QCOMPARE(other.scenarios().back().name, std::string("Mine"));
        QCOMPARE(other.scenarios().size(), std::size_t{4});
        // Undo reaches the store.
        m_session->undoStack().undo();
        const auto store = store::Store::open(path.toStdString());
        QVERIFY(store.ok());
        QCOMPARE(store::scenarios(*store)->size(), std::size_t{5});
    }

    void itPaintsInBothThemes()
    {
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
            applyTheme(choice);
            ScenarioDialog dialog(*m_session);
            dialog.show();
            chooseRow(dialog, QStringLiteral("Region outage"));
            QCoreApplication::processEvents(); // the words have their height
            const QImage picture = dialog.grab().toImage();
            QCOMPARE(picture.pixelColor(3, 3).lightnessF() < 0.5, choice == ThemeChoice::Dark);
            if (const QByteArray folder = qgetenv("ISOBAR_PICTURES"); !folder.isEmpty()) {
                picture.save(QString::fromLocal8Bit(folder) + (choice == ThemeChoice::Dark
                                                                   ? QStringLiteral("/scenarios-dark.png")
                                                                   : QStringLiteral("/scenarios-light.png")));
            }
        }
    }
};

QTEST_MAIN(TestScenarioDialog)
#include "tst_scenario_dialog.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/data/data_files.h"
#include "ui/data/counts_panel.h"
#include "ui/data/data_page.h"
#include "ui/data/diagnostics_model.h"
#include "ui/data/import_dialog.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;

/// The data room on the sample and on a store, by clicks.
class TestDataPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
    }

    void init()
    {
        // What the offscreen platform says of file dialogs is no fault of ours.
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support propagateSizeHints)")));
        m_folder = std::make_unique<QTemporaryDir>();
        m_store = test::makeStore(*m_folder);
        m_session = std::make_unique<Session>();
        m_page = std::make_unique<DataPage>(*m_session);
        m_page->resize(1280, 760);
    }

    void cleanup()
    {
        m_page.reset();
        m_session.reset();
    }

    void theSampleShowsItsOwnCountsAndAHint()
    {
        QVERIFY(m_session->openSample().ok());
        m_page->show();
        QCOMPARE(figures(), expected(countsOf(m_session->fleet())));
        auto* hint = m_page->findChild<QLabel*>(QStringLiteral("dataNoLog"));
        QVERIFY(hint->isVisible());
        QVERIFY(hint->text().contains(QStringLiteral("sample")));
        QVERIFY(!log()->isVisible());
    }

    void aFreshStoreSaysThatNothingWasImported()
    {
        QVERIFY(m_session->openStore(m_store.toStdString()).ok());
        m_page->show();
        QTRY_COMPARE_WITH_TIMEOUT(figures(), expected(countsOf(test::smallFleet())), test::kPatienceMs);
        QTRY_VERIFY_WITH_TIMEOUT(
            m_page->findChild<QLabel*>(QStringLiteral("dataNoLog"))->text().contains(QStringLiteral("yet")),
            test::kPatienceMs);
        QVERIFY(!button(QStringLiteral("dataCopy"))->isEnabled());
    }

    void anImportThroughThePageShowsUp()
    {
        importBoth();
        QTRY_COMPARE_WITH_TIMEOUT(log()->model()->rowCount(), 2, test::kPatienceMs);
        QCOMPARE(figures(), expected(store::Store::open(m_store.toStdString())->counts().value()));
        // Newest first: the catalogue came second.
        QCOMPARE(log()->currentIndex().row(), 0);
        QTRY_COMPARE_WITH_TIMEOUT(rows()->model()->rowCount(), 4, test::kPatienceMs);
        QCOMPARE(rows()->model()->index(0, DiagnosticsModel::Line).data().toString(), QStringLiteral("3"));
        QVERIFY(rows()->isColumnHidden(DiagnosticsModel::Outcome));
        // The trace had nothing to leave out.
        const QRect other = log()->visualRect(log()->model()->index(1, 1));
        QTest::mouseClick(log()->viewport(), Qt::LeftButton, {}, other.center());
        QTRY_COMPARE_WITH_TIMEOUT(rows()->model()->rowCount(), 0, test::kPatienceMs);
        QVERIFY(!button(QStringLiteral("dataExport"))->isEnabled());
    }

    void copyTakesTheSelectedRowsOrAll()
    {
        importBoth();
        QTRY_COMPARE_WITH_TIMEOUT(rows()->model()->rowCount(), 4, test::kPatienceMs);
        QTest::mouseClick(button(QStringLiteral("dataCopy")), Qt::LeftButton);
        const QStringList all = QApplication::clipboard()->text().trimmed().split(QLatin1Char('\n'));
        QCOMPARE(all.size(), 4);
        QVERIFY(all[1].startsWith(QStringLiteral("4\t11\tfield-count\t")));
        const QRect second = rows()->visualRect(rows()->model()->index(1, DiagnosticsModel::Text));
        QTest::mouseClick(rows()->viewport(), Qt::LeftButton, {}, second.center());
        QTest::keyClick(rows(), Qt::Key_C, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(QApplication::clipboard()->text().trimmed(), all[1].trimmed(), test::kPatienceMs);
    }

    void exportWritesAllQuarantinedRows()
    {
        importBoth();
        QTRY_COMPARE_WITH_TIMEOUT(rows()->model()->rowCount(), 4, test::kPatienceMs);
        const QString path = m_folder->filePath(QStringLiteral("out.csv"));
        QTest::mouseClick(button(QStringLiteral("dataExport")), Qt::LeftButton);
        auto* files = m_page->findChild<QFileDialog*>();
        QVERIFY(files != nullptr);
        files->setDirectory(m_folder->path());
        files->selectFile(path);
        QTest::keyClick(files, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(path), test::kPatienceMs);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
        QCOMPARE(lines.size(), 5);
        QCOMPARE(lines[0], QByteArray("line,field,rule,text"));
        QVERIFY(lines[2].startsWith("4,11,field-count,"));
    }

    void aTraceOfTheStoreIsOfferedForReplay()
    {
        importBoth();
        QTRY_COMPARE_WITH_TIMEOUT(log()->model()->rowCount(), 2, test::kPatienceMs);
        QVERIFY(!button(QStringLiteral("dataReplay"))->isVisible()); // the catalogue is selected
        const QRect trace = log()->visualRect(log()->model()->index(1, 1));
        QTest::mouseClick(log()->viewport(), Qt::LeftButton, {}, trace.center());
        QTRY_VERIFY_WITH_TIMEOUT(button(QStringLiteral("dataReplay"))->isVisible(), test::kPatienceMs);
        const QSignalSpy asked(m_page.get(), &DataPage::replayRequested);
        QTest::mouseClick(button(QStringLiteral("dataReplay")), Qt::LeftButton);
        QCOMPARE(asked.size(), 1);
        const auto stored = store::Store::open(m_store.toStdString());
        QVERIFY(stored->trace(asked[0][0].toString().toStdString()).ok());
    }

    void followsTheSession()
    {
        QVERIFY(m_session->openStore(m_store.toStdString()).ok());
        m_page->show();
        QTRY_COMPARE_WITH_TIMEOUT(figures(), expected(countsOf(test::smallFleet())), test::kPatienceMs);
        QVERIFY(m_session->openSample().ok());
        QTRY_COMPARE_WITH_TIMEOUT(figures(), expected(countsOf(m_session->fleet())), test::kPatienceMs);
    }

    void everyControlHasAName()
    {
        for (const QPushButton* b : m_page->findChildren<QPushButton*>()) {
            QVERIFY2(!b->text().isEmpty() || !b->accessibleName().isEmpty(), qPrintable(b->objectName()));
        }
        for (const QTableView* table : m_page->findChildren<QTableView*>()) {
            QVERIFY2(!table->accessibleName().isEmpty(), qPrintable(table->objectName()));
        }
    }

    /// No figure or button is cut off; set ISOBAR_GRAB_DIR to keep pictures to look at.
    void fitsAtBothSizesInBothThemes()
    {
        const QString folder = qEnvironmentVariable("ISOBAR_GRAB_DIR");
        importBoth();
        QTRY_COMPARE_WITH_TIMEOUT(rows()->model()->rowCount(), 4, test::kPatienceMs);
        for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
            applyTheme(choice);
            for (const QSize size : {QSize(1220, 690), QSize(1860, 970)}) {
                m_page->resize(size);
                QCoreApplication::sendPostedEvents();
                const QImage picture = m_page->grab().toImage();
                if (!folder.isEmpty()) {
                    picture.save(folder + QStringLiteral("/data-%1-%2.png")
                                              .arg(size.width())
                                              .arg(theme().dark ? QStringLiteral("dark") : QStringLiteral("light")));
                }
                for (const QLabel* label : m_page->findChild<CountsPanel*>()->findChildren<QLabel*>()) {
                    QVERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
                    QVERIFY2(label->height() >= label->sizeHint().height(), qPrintable(label->text()));
                }
            }
        }
        if (!folder.isEmpty()) {
            QVERIFY(m_session->openSample().ok());
            m_page->resize(1220, 690);
            m_page->grab().save(folder + QStringLiteral("/data-sample-dark.png"));
        }
    }

private:
    /// A trace, then the catalogue with bad rows, through the page's own button.
    void importBoth()
    {
        QVERIFY(m_session->openStore(m_store.toStdString()).ok());
        m_page->show();
        QSignalSpy imported(m_page.get(), &DataPage::imported);
        for (const QString& path : {test::write(*m_folder, "trace.csv", test::goodTrace()),
                                    test::write(*m_folder, "azure.vms.csv", test::badCatalogue())}) {
            QTest::mouseClick(button(QStringLiteral("dataImport")), Qt::LeftButton);
            QPointer<ImportDialog> dialog = m_page->findChild<ImportDialog*>();
            QVERIFY(dialog);
            dialog->addFiles({path});
            QTRY_COMPARE_WITH_TIMEOUT(dialog->stage(), ImportDialog::Stage::Previewed, test::kPatienceMs);
            QTest::mouseClick(dialog->findChild<QPushButton*>(QStringLiteral("importAccept")), Qt::LeftButton);
            QTRY_COMPARE_WITH_TIMEOUT(dialog->stage(), ImportDialog::Stage::Finished, test::kPatienceMs);
            QTest::mouseClick(dialog->findChild<QPushButton*>(QStringLiteral("importCancel")), Qt::LeftButton);
            QTRY_VERIFY_WITH_TIMEOUT(!dialog, test::kPatienceMs);
        }
        QCOMPARE(imported.size(), 2);
    }

    /// "Name: 12" of every figure, as a screen reader hears it.
    QStringList figures() const
    {
        QStringList all;
        for (const QLabel* label : m_page->findChild<CountsPanel*>()->findChildren<QLabel*>()) {
            if (!label->accessibleName().isEmpty()) {
                all << label->accessibleName();
            }
        }
        return all;
    }

    static QStringList expected(const store::Counts& counts)
    {
        QStringList all;
        for (const CountRow& row : countRows(counts)) {
            all << row.name + QStringLiteral(": ") + QLocale::c().toString(static_cast<qlonglong>(row.value));
        }
        for (QString& text : all) { // the C locale does not group
            QString digits = text.section(QStringLiteral(": "), 1);
            for (auto at = digits.size() - 3; at > 0; at -= 3) {
                digits.insert(at, QLatin1Char(','));
            }
            text = text.section(QStringLiteral(": "), 0, 0) + QStringLiteral(": ") + digits;
        }
        return all;
    }

    QPushButton* button(const QString& name) const { return m_page->findChild<QPushButton*>(name); }
    QTableView* log() const { return m_page->findChild<QTableView*>(QStringLiteral("dataLog")); }
    QTableView* rows() const { return m_page->findChild<QTableView*>(QStringLiteral("diagnosticsTable")); }

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_store;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<DataPage> m_page;
};

QTEST_MAIN(TestDataPage)
#include "tst_data_page.moc"

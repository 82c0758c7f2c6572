// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"
#include "tests/support/test_support.h"
#include "tests/ui/data/data_files.h"
#include "ui/data/diagnostics_model.h"
#include "ui/data/import_dialog.h"
#include "ui/shell/theme.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QDropEvent>
#include <QFileDialog>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTest>

#include <thread>

using namespace isobar;
using namespace isobar::ui;
using Stage = ImportDialog::Stage;

/// File > Import by clicks and keys, on real files and a real store.
class TestImportDialog : public QObject {
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
        QVERIFY(m_session->openStore(m_store.toStdString()).ok());
    }

    void cleanup()
    {
        m_dialog.reset();
        m_session.reset();
    }

    void previewShowsCountsAndLines()
    {
        const test::StoreState before = test::stateOf(m_store);
        open({catalogue()});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(fileCells(0), (QStringList{QStringLiteral("azure.vms.csv"), QStringLiteral("Price catalogue"),
                                            QStringLiteral("9"), QStringLiteral("3"), QStringLiteral("1"),
                                            QStringLiteral("4"), QStringLiteral("1"), QStringLiteral("ready")}));
        QStringList quarantined;
        for (int i = 0; i < rows()->model()->rowCount(); ++i) {
            if (cell(i, DiagnosticsModel::Outcome) == QStringLiteral("quarantined")) {
                quarantined << cell(i, DiagnosticsModel::Line);
            }
        }
        QCOMPARE(quarantined,
                 (QStringList{QStringLiteral("3"), QStringLiteral("4"), QStringLiteral("5"), QStringLiteral("10")}));
        QCOMPARE(accept()->text(), QStringLiteral("Import 1 file"));
        QVERIFY(accept()->isEnabled());
        QCOMPARE(test::stateOf(m_store), before);
    }

    void rulesFilterTheRows()
    {
        open({catalogue()});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QAbstractItemModelTester tester(rows()->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        auto* rule = m_dialog->findChild<QComboBox*>(QStringLiteral("diagnosticsRule"));
        const int all = rows()->model()->rowCount();
        const int at = rule->findData(QStringLiteral("accelerator-count"));
        QVERIFY(at > 0);
        rule->setFocus();
        while (rule->currentIndex() != at) {
            const int was = rule->currentIndex();
            QTest::keyClick(rule, was < at ? Qt::Key_Down : Qt::Key_Up);
            QVERIFY(rule->currentIndex() != was);
        }
        QCOMPARE(rows()->model()->rowCount(), 1);
        QCOMPARE(cell(0, DiagnosticsModel::Line), QStringLiteral("5"));
        QTest::keyClick(rule, Qt::Key_Home);
        QCOMPARE(rows()->model()->rowCount(), all);
    }

    void cancelLeavesTheStoreAsItWas()
    {
        const test::StoreState before = test::stateOf(m_store);
        open({catalogue()});
        QSignalSpy imported(m_dialog.get(), &ImportDialog::imported);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        click(QStringLiteral("importCancel"));
        QVERIFY(!m_dialog->isVisible());
        QCOMPARE(m_dialog->result(), int(QDialog::Rejected));
        QCOMPARE(imported.size(), 0);
        QCOMPARE(test::stateOf(m_store), before);
    }

    void escapeDuringThePreviewClosesAtOnce()
    {
        open({catalogue()}, endless());
        QCOMPARE(m_dialog->stage(), Stage::Previewing);
        QTest::keyClick(m_dialog.get(), Qt::Key_Escape);
        QVERIFY(!m_dialog->isVisible());
    }

    void acceptWrites()
    {
        open({catalogue(), test::write(*m_folder, "trace.csv", test::goodTrace())});
        QSignalSpy imported(m_dialog.get(), &ImportDialog::imported);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(accept()->text(), QStringLiteral("Import 2 files"));
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QCOMPARE(imported.size(), 1);
        QCOMPARE(test::stateOf(m_store), (test::StoreState{4, 1, 4, 2}));
        QCOMPARE(fileCells(0).last(), QStringLiteral("imported"));
        QVERIFY(!accept()->isVisible());
        click(QStringLiteral("importCancel"));
        QCOMPARE(m_dialog->result(), int(QDialog::Accepted));
    }

    void theSameFileAgainChangesNothing()
    {
        importAll({catalogue()});
        const test::StoreState once = test::stateOf(m_store);
        importAll({catalogue()});
        const test::StoreState twice = test::stateOf(m_store);
        QCOMPARE(twice.offers, once.offers);
        QCOMPARE(fileCells(0)[ImportFilesModel::Accepted], QStringLiteral("0"));
        QCOMPARE(fileCells(0)[ImportFilesModel::Unchanged], QStringLiteral("5"));
    }

    void badFilesAreToldInWords_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QString>("word");
        QTest::newRow("header only") << test::catalogueHeader() << QStringLiteral("row");
        QTest::newRow("empty") << QByteArray() << QStringLiteral("empty");
        QTest::newRow("binary") << QByteArray("\x7f\x45\x4c\x46\0\0\0\1", 8) << QStringLiteral("binary");
        QTest::newRow("other columns") << QByteArray("a,b\n1,2\n") << QStringLiteral("format");
    }

    void badFilesAreToldInWords()
    {
        QFETCH(QByteArray, content);
        QFETCH(QString, word);
        const test::StoreState before = test::stateOf(m_store);
        open({test::write(*m_folder, "bad.vms.csv", content)});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QVERIFY2(m_dialog->noticeText().startsWith(QStringLiteral("bad.vms.csv")), qPrintable(m_dialog->noticeText()));
        QVERIFY2(m_dialog->noticeText().contains(word), qPrintable(m_dialog->noticeText()));
        QCOMPARE(fileCells(0).last(), QStringLiteral("failed"));
        QCOMPARE(accept()->text(), QStringLiteral("Check again"));
        QCOMPARE(test::stateOf(m_store), before);
        QVERIFY(QApplication::activeModalWidget() == nullptr || QApplication::activeModalWidget() == m_dialog.get());
    }

    void aMissingFileCanBeCheckedAgain()
    {
        open({m_folder->filePath(QStringLiteral("trace.csv"))});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QVERIFY(!m_dialog->noticeText().isEmpty());
        test::write(*m_folder, "trace.csv", test::goodTrace());
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(fileCells(0).last(), QStringLiteral("ready"));
        QVERIFY(m_dialog->noticeText().isEmpty());
    }

    void oneBadFileDoesNotHoldUpTheOthers()
    {
        open({test::write(*m_folder, "bad.vms.csv", test::catalogueHeader()), catalogue()});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(accept()->text(), QStringLiteral("Import 1 of 2 files"));
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QCOMPARE(test::stateOf(m_store).imports, std::size_t(1));
    }

    void aFullDiskIsToldWithAdvice()
    {
        open({catalogue()},
             [](store::Store& store, const std::filesystem::path& path, const ingest::ImportOptions& options,
                const JobContext& job) -> Result<ingest::ImportReport> {
                 if (options.dryRun) {
                     return ingest::importFile(store, path, options, job);
                 }
                 return Error{.code = ErrorCode::DiskFull, .message = "the disk is full", .advice = "free some space"};
             });
        QSignalSpy imported(m_dialog.get(), &ImportDialog::imported);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QCOMPARE(m_dialog->noticeText(), QStringLiteral("The disk is full. Free some space."));
        QCOMPARE(imported.size(), 0);
        QCOMPARE(accept()->text(), QStringLiteral("Check again"));
    }

    void cancelStopsAnImportAndSaysWhatWasWritten()
    {
        // The preview is real; the import of the second file never ends by itself.
        const QString trace = test::write(*m_folder, "trace.csv", test::goodTrace());
        open({trace, catalogue()},
             [wait = endless(), trace](store::Store& store, const std::filesystem::path& path,
                                       const ingest::ImportOptions& options, const JobContext& job) {
                 return options.dryRun || path.string() == trace.toStdString()
                            ? ingest::importFile(store, path, options, job)
                            : wait(store, path, options, job);
             });
        QSignalSpy imported(m_dialog.get(), &ImportDialog::imported);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(fileCells(1).last(), QStringLiteral("importing…"), test::kPatienceMs);
        QVERIFY(m_dialog->findChild<QProgressBar*>()->isVisible());
        click(QStringLiteral("importCancel"));
        QVERIFY(m_dialog->isVisible()); // it stays to say what happened
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QVERIFY2(m_dialog->noticeText().startsWith(QStringLiteral("Cancelled: 1 of 2 files")),
                 qPrintable(m_dialog->noticeText()));
        QCOMPARE(fileCells(0).last(), QStringLiteral("imported"));
        QCOMPARE(fileCells(1).last(), QStringLiteral("not imported"));
        QCOMPARE(imported.size(), 1);
        QCOMPARE(test::stateOf(m_store), (test::StoreState{0, 1, 0, 1}));
    }

    void anImportedFleetIsLoaded()
    {
        Fleet fleet = test::smallFleet();
        fleet.name = "Renamed fleet";
        open({test::write(*m_folder, "fleet.isobar.txtpb", QByteArray::fromStdString(proto::writeFleetText(fleet)))});
        QSignalSpy opened(m_session.get(), &Session::opened);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QVERIFY2(m_dialog->noticeText().isEmpty(), qPrintable(m_dialog->noticeText()));
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QCOMPARE(opened.size(), 1);
        QCOMPARE(m_session->fleet().name, std::string("Renamed fleet"));
    }

    void theSampleIsSavedAsAStoreFirst_data()
    {
        QTest::addColumn<bool>("ownPlace");
        QTest::newRow("default place") << false;
        QTest::newRow("place of one's own") << true;
    }

    void theSampleIsSavedAsAStoreFirst()
    {
        QFETCH(bool, ownPlace);
        QVERIFY(m_session->openSample().ok());
        open({catalogue()});
        QSignalSpy saved(m_dialog.get(), &ImportDialog::storeSaved);
        QCOMPARE(m_dialog->stage(), Stage::NeedsStore);
        QVERIFY(m_dialog->noticeText().contains(QStringLiteral("store")));
        QVERIFY(!accept()->isEnabled());
        QString made = defaultStorePath();
        if (ownPlace) {
            made = m_folder->filePath(QStringLiteral("mine.isobar"));
            click(QStringLiteral("importSaveStore"));
            auto* files = m_dialog->findChild<QFileDialog*>();
            QVERIFY(files != nullptr && files->isVisible());
            files->setDirectory(m_folder->path());
            files->selectFile(QStringLiteral("mine.isobar"));
            QTest::keyClick(files, Qt::Key_Return);
        } else {
            click(QStringLiteral("importDefaultStore"));
        }
        QTRY_COMPARE_WITH_TIMEOUT(saved.size(), 1, test::kPatienceMs);
        QCOMPARE(QString::fromStdString(m_session->store()->path().string()), made);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
        QCOMPARE(test::stateOf(made).offers, 4);
        m_session.reset();
        QVERIFY(QFile::remove(made));
    }

    void aPlaceThatIsTakenIsTold()
    {
        QVERIFY(m_session->openSample().ok());
        open({catalogue()});
        m_dialog->saveStore(m_store);
        QCOMPARE(m_dialog->stage(), Stage::NeedsStore);
        QVERIFY2(m_dialog->noticeText().contains(QStringLiteral("test.isobar")), qPrintable(m_dialog->noticeText()));
        QVERIFY(m_session->isSample());
    }

    void droppedFilesAreTaken()
    {
        open({});
        QCOMPARE(m_dialog->stage(), Stage::Choosing);
        QVERIFY(!accept()->isVisible());
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(catalogue())});
        QDragEnterEvent enter(QPoint(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_dialog.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_dialog.get(), &drop);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(m_dialog->files().rowCount(), 1);
        m_dialog->addFiles({catalogue()}); // the same again
        QCOMPARE(m_dialog->files().rowCount(), 1);
    }

    void chosenFilesAreTaken()
    {
        open({});
        click(QStringLiteral("importChooseFirst"));
        auto* files = m_dialog->findChild<QFileDialog*>();
        QVERIFY(files != nullptr);
        files->setDirectory(m_folder->path());
        catalogue();
        files->selectFile(catalogue());
        QTest::keyClick(files, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        QCOMPARE(fileCells(0).first(), QStringLiteral("azure.vms.csv"));
    }

    void aWholeCatalogueIsPreviewed()
    {
        ISOBAR_NEED_DATA(path, "prices/anycloud_2026-04-11/azure.vms.csv");
        const test::StoreState before = test::stateOf(m_store);
        open({QString::fromStdString(path.string())});
        QVERIFY(m_dialog->findChild<QProgressBar*>()->isVisible());
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, 60'000);
        const store::ImportRecord record = m_dialog->files().at(0).report.value().record;
        QVERIFY(record.rowsRead > 10'000);
        QCOMPARE(record.rowsAccepted + record.rowsRepaired + record.rowsQuarantined + record.rowsUnchanged,
                 record.rowsRead);
        QCOMPARE(test::stateOf(m_store), before);
        grab(QStringLiteral("import-whole"));
    }

    void everyControlHasAName()
    {
        open({catalogue()});
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        for (const QPushButton* button : m_dialog->findChildren<QPushButton*>()) {
            QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(),
                     qPrintable(button->objectName()));
        }
        for (const QTableView* table : m_dialog->findChildren<QTableView*>()) {
            QVERIFY2(!table->accessibleName().isEmpty(), qPrintable(table->objectName()));
        }
        for (const QComboBox* box : m_dialog->findChildren<QComboBox*>()) {
            QVERIFY2(!box->accessibleName().isEmpty(), qPrintable(box->objectName()));
        }
    }

    /// Nothing is cut off; set ISOBAR_GRAB_DIR to keep pictures to look at.
    void fitsInBothThemes()
    {
        for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
            applyTheme(choice);
            const QString tone = theme().dark ? QStringLiteral("dark") : QStringLiteral("light");
            open({});
            grab(QStringLiteral("import-empty-") + tone);
            open({catalogue(), test::write(*m_folder, "trace.csv", test::goodTrace()),
                  test::write(*m_folder, "bad.vms.csv", test::catalogueHeader())});
            QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
            grab(QStringLiteral("import-failed-") + tone);
            m_dialog->findChild<QTableView*>(QStringLiteral("importFiles"))->selectRow(0);
            grab(QStringLiteral("import-preview-") + tone);
            for (const QPushButton* button : m_dialog->findChildren<QPushButton*>()) {
                QVERIFY2(!button->isVisible() || button->width() >= button->minimumSizeHint().width(),
                         qPrintable(button->text()));
            }
        }
        QVERIFY(m_session->openSample().ok());
        open({catalogue()});
        grab(QStringLiteral("import-sample-dark"));
    }

private:
    void open(const QStringList& paths, ImportJob::Importer importer = ingest::importFile)
    {
        m_dialog = std::make_unique<ImportDialog>(*m_session, paths, nullptr, std::move(importer));
        m_dialog->open();
        QVERIFY(QTest::qWaitForWindowExposed(m_dialog.get()));
    }

    void importAll(const QStringList& paths)
    {
        open(paths);
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Previewed, test::kPatienceMs);
        click(QStringLiteral("importAccept"));
        QTRY_COMPARE_WITH_TIMEOUT(m_dialog->stage(), Stage::Finished, test::kPatienceMs);
    }

    static ImportJob::Importer endless()
    {
        return [](store::Store&, const std::filesystem::path&, const ingest::ImportOptions&,
                  const JobContext& job) -> Result<ingest::ImportReport> {
            job.progress("Reading for ever", 1, 10);
            while (!job.cancelled()) {
                std::this_thread::yield();
            }
            return Error{.code = ErrorCode::Cancelled, .message = "stopped"};
        };
    }

    void click(const QString& name)
    {
        auto* button = m_dialog->findChild<QPushButton*>(name);
        QVERIFY2(button != nullptr && button->isVisible() && button->isEnabled(), qPrintable(name));
        QTest::mouseClick(button, Qt::LeftButton);
    }

    void grab(const QString& name)
    {
        QCoreApplication::sendPostedEvents(); // layouts settle
        if (const QString folder = qEnvironmentVariable("ISOBAR_GRAB_DIR"); !folder.isEmpty()) {
            m_dialog->grab().save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
        }
    }

    QString catalogue() { return test::write(*m_folder, "azure.vms.csv", test::badCatalogue()); }
    QPushButton* accept() const { return m_dialog->findChild<QPushButton*>(QStringLiteral("importAccept")); }
    QTableView* rows() const { return m_dialog->findChild<QTableView*>(QStringLiteral("diagnosticsTable")); }
    QString cell(int row, int column) const { return rows()->model()->index(row, column).data().toString(); }
    QStringList fileCells(int row) const
    {
        QStringList cells;
        for (int column = 0; column < ImportFilesModel::ColumnCount; ++column) {
            cells << m_dialog->files().index(row, column).data().toString();
        }
        return cells;
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_store;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ImportDialog> m_dialog;
};

QTEST_MAIN(TestImportDialog)
#include "tst_import_dialog.moc"

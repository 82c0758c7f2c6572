// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/counts_panel.h"
#include "ui/data/data_words.h"
#include "ui/data/diagnostics_model.h"
#include "ui/data/import_files_model.h"
#include "ui/data/import_log_model.h"

#include "tests/ui/data/data_files.h"

#include <QAbstractItemModelTester>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;

namespace {

QStringList row(const QAbstractItemModel& model, int at)
{
    QStringList cells;
    for (int column = 0; column < model.columnCount(); ++column) {
        cells << model.index(at, column).data().toString();
    }
    return cells;
}

using Tester = QAbstractItemModelTester;
constexpr auto kReport = Tester::FailureReportingMode::QtTest;

} // namespace

/// The table models are consistent and say what the values say.
class TestDataModels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void diagnostics()
    {
        DiagnosticsModel model;
        Tester tester(&model, kReport);
        model.setRows(
            {{1204, 7, "price-sentinel", "700.0 stands for no price", true}, {3, 0, "duplicate-row", "x", false}});
        QCOMPARE(row(model, 0),
                 (QStringList{QStringLiteral("1,204"), QStringLiteral("7"), QStringLiteral("price-sentinel"),
                              QStringLiteral("700.0 stands for no price"), QStringLiteral("quarantined")}));
        QCOMPARE(row(model, 1)[DiagnosticsModel::Field], QStringLiteral("row"));
        QCOMPARE(row(model, 1)[DiagnosticsModel::Outcome], QStringLiteral("kept"));
        QCOMPARE(model.index(0, DiagnosticsModel::Line).data(DiagnosticsModel::SortRole).toLongLong(), 1204);
        model.setRows({});
        QCOMPARE(model.rowCount(), 0);
    }

    void files()
    {
        ImportFilesModel model;
        Tester tester(&model, kReport);
        QVERIFY(model.add(QStringLiteral("/data/azure.vms.csv")));
        QVERIFY(model.add(QStringLiteral("/data/trace.csv")));
        QVERIFY(!model.add(QStringLiteral("/data/trace.csv")));
        ingest::ImportReport report;
        report.record.format = "skypilot-catalogue";
        report.record.rowsRead = 91'332;
        report.record.rowsAccepted = 91'000;
        report.record.rowsQuarantined = 332;
        model.set(0, {model.at(0).path, ImportFile::State::Checked, report, {}});
        QCOMPARE(row(model, 0), (QStringList{QStringLiteral("azure.vms.csv"), QStringLiteral("Price catalogue"),
                                             QStringLiteral("91,332"), QStringLiteral("91,000"), QStringLiteral("0"),
                                             QStringLiteral("332"), QStringLiteral("0"), QStringLiteral("ready")}));
        QCOMPARE(row(model, 1)[ImportFilesModel::Read], QStringLiteral("–"));
        QCOMPARE(model.inState(ImportFile::State::Checked), std::vector<int>{0});
        model.setState(1, ImportFile::State::Failed);
        QCOMPARE(model.inState(ImportFile::State::Failed), std::vector<int>{1});
    }

    void log()
    {
        ImportLogModel model;
        Tester tester(&model, kReport);
        store::ImportRecord older{.id = 1,
                                  .path = "/a/old.csv",
                                  .format = "azure-llm-trace",
                                  .sha256 = "00ff00ff00ff00ff",
                                  .importedAtUtc = "2026-11-21T08:00:00Z",
                                  .rowsRead = 10};
        store::ImportRecord newer{.id = 2,
                                  .path = "/a/new.csv",
                                  .format = "unheard-of",
                                  .sha256 = "ab",
                                  .importedAtUtc = "2026-11-22T14:06:31Z",
                                  .rowsRead = 2300,
                                  .rowsRepaired = 4,
                                  .rowsQuarantined = 5};
        model.setRecords({older, newer});
        QCOMPARE(row(model, 0), (QStringList{QStringLiteral("2026-11-22 14:06 UTC"), QStringLiteral("new.csv"),
                                             QStringLiteral("unheard-of"), QStringLiteral("ab"),
                                             QStringLiteral("2,300"), QStringLiteral("4"), QStringLiteral("5")}));
        QCOMPARE(row(model, 1)[ImportLogModel::Hash], QStringLiteral("00ff00ff00"));
        QCOMPARE(model.rowOf(1), 1);
        QCOMPARE(model.rowOf(9), -1);
    }

    void countsOfAFleetAreTheStores()
    {
        QTemporaryDir folder;
        const auto opened = store::Store::open(test::makeStore(folder).toStdString());
        QVERIFY(opened.ok());
        const auto stored = countRows(opened->counts().value());
        const auto counted = countRows(countsOf(test::smallFleet()));
        QCOMPARE(counted.size(), stored.size());
        for (std::size_t i = 0; i < stored.size(); ++i) {
            QVERIFY2(counted[i].value == stored[i].value, qPrintable(stored[i].name));
        }
    }

    void errorsAreSentences_data()
    {
        QTest::addColumn<QString>("said");
        QTest::addColumn<QString>("expected");
        const auto add = [](const char* name, const Error& error, const char* expected) {
            QTest::newRow(name) << QString(errorSentence(error) + QLatin1Char('|') + adviceSentence(error))
                                << QString::fromUtf8(expected);
        };
        add("no file", {.message = "the disk is full", .advice = "free some space"},
            "The disk is full.|Free some space.");
        add("with its file", {.message = "is empty", .file = "/a/b.csv"}, "b.csv: is empty.|");
        add("with its line", {.message = "Too long.", .file = "b.csv", .line = 1200}, "b.csv, line 1,200: Too long.|");
    }

    void errorsAreSentences()
    {
        QFETCH(QString, said);
        QFETCH(QString, expected);
        QCOMPARE(said, expected);
    }

    void csvQuotesWhatItMust()
    {
        QCOMPARE(
            toCsv({{4, 0, "field-count", "11 fields, not 10", true}, {5, 3, "number", "say \"12\"", true}}),
            std::string("line,field,rule,text\n4,,field-count,\"11 fields, not 10\"\n5,3,number,\"say \"\"12\"\"\"\n"));
    }

    void timesThatAreNoneStayAsTheyAre()
    {
        QCOMPARE(whenText("yesterday"), QStringLiteral("yesterday"));
        QCOMPARE(counted(1, QStringLiteral("file"), QStringLiteral("files")), QStringLiteral("1 file"));
        QCOMPARE(counted(2300, QStringLiteral("row"), QStringLiteral("rows")), QStringLiteral("2,300 rows"));
    }
};

QTEST_MAIN(TestDataModels)
#include "tst_data_models.moc"

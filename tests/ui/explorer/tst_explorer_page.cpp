// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"
#include "tests/support/small_fleet.h"
#include "tests/support/test_support.h"
#include "ui/data/notice.h"
#include "ui/explorer/explorer_page.h"
#include "ui/explorer/question_panel.h"
#include "ui/explorer/result_view.h"
#include "ui/explorer/sql_panel.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeWidget>

using namespace isobar;
using namespace isobar::ui;
using query::Dimension;
using query::Measure;

namespace {

constexpr int kPatienceMs = 60'000; // for work in the background, on a busy machine

constexpr aggregate::SimMicros kSecond = aggregate::kMicrosPerSecond;

store::SqlTable oddTable()
{
    store::SqlTable table;
    table.columns = {"name", "value"};
    table.rows = {{std::string("b"), std::int64_t{10}},
                  {std::string("a, \"x\""), 9.5},
                  {std::string("c"), std::monostate()},
                  {std::string("d"), std::int64_t{-2}}};
    return table;
}

} // namespace

class TestExplorerPage : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    std::filesystem::path path(const char* name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }

    /// A store with a recorded minute and a half.
    std::filesystem::path recorded(const char* name) const
    {
        {
            auto store = store::Store::create(path(name)).value();
            if (!store.saveFleet(test::smallFleet()).ok()) {
                return {};
            }
        }
        Session session(0);
        if (!session.openStore(path(name)).ok()) {
            return {};
        }
        session.stepBy(90);
        if (!QTest::qWaitFor([&] { return session.history().end() == 90 * kSecond; }, 30'000)) {
            return {};
        }
        return path(name);
    }

    static QString textOf(const Notice& notice) { return notice.text(); }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QSettings().remove(QStringLiteral("explorer"));
    }

    void resultsAreSortedByValueAndCopiedWhole()
    {
        ResultView view(QStringLiteral("odd"));
        QAbstractItemModelTester tester(const_cast<ResultModel*>(&view.model()),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest);
        view.showTable(oddTable(), store::toCsv(oddTable()), QStringLiteral("4 rows"));
        auto* table = view.findChild<QTableView*>(QStringLiteral("oddTable"));
        table->sortByColumn(1, Qt::AscendingOrder);
        QStringList order;
        for (int row = 0; row < 4; ++row) {
            order << table->model()->index(row, 1).data().toString();
        }
        QCOMPARE(order,
                 (QStringList{QStringLiteral("–"), QStringLiteral("−2"), QStringLiteral("9.5"), QStringLiteral("10")}));
        QVERIFY(view.asText().startsWith(QStringLiteral("name\tvalue\nc\t\nd\t-2\na, \"x\"\t9.5\n")));
        table->selectRow(3);
        QCOMPARE(view.asText(), QStringLiteral("name\tvalue\nb\t10\n"));
        QCOMPARE(view.csv(), std::string("name,value\r\nb,10\r\n\"a, \"\"x\"\"\",9.5\r\nc,\r\nd,-2\r\n"));
        const QString file = QString::fromStdString(path("odd.csv").string());
        view.exportTo(file);
        QFile written(file);
        QVERIFY(written.open(QIODevice::ReadOnly));
        QCOMPARE(written.readAll().toStdString(), view.csv());
    }

    void theSampleSaysThatAStoreIsNeeded()
    {
        Session session(0);
        ExplorerPage page(session);
        QVERIFY(session.openSample().ok());
        page.resize(1200, 700);
        page.show();
        auto* save = page.findChild<QPushButton*>(QStringLiteral("explorerSave"));
        QVERIFY(save->isVisible());
        QSignalSpy wanted(&page, &ExplorerPage::saveRequested);
        QTest::mouseClick(save, Qt::LeftButton);
        QCOMPARE(wanted.size(), 1);
        page.showSql();
        QVERIFY(!page.findChild<QPushButton*>(QStringLiteral("sqlRun"))->isEnabled());
        page.sql().run(); // nothing happens
        QVERIFY(!page.sql().isRunning());
        // The running fleet can be asked without a store.
        session.stepBy(3);
        QTRY_VERIFY_WITH_TIMEOUT(session.history().end() == 3 * kSecond, 60'000); // the sample fills itself first
        page.showQuestion();
        QSignalSpy finished(&page.question(), &QuestionPanel::finished);
        QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("questionAsk")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, kPatienceMs);
        QVERIFY(page.question().result().model().rowCount() > 1);
        QVERIFY(page.question().command().isEmpty());
        QVERIFY(!page.findChild<QPushButton*>(QStringLiteral("questionCopyCommand"))->isEnabled());
    }

    void sqlIsAnsweredRefusedAndRemembered()
    {
        const auto file = recorded("sql.isobar");
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        page.resize(1200, 700);
        page.show();
        page.showSql();
        SqlPanel& sql = page.sql();
        auto* views = page.findChild<QTreeWidget*>(QStringLiteral("sqlViews"));
        QTRY_COMPARE_WITH_TIMEOUT(views->topLevelItemCount(), 13, kPatienceMs);
        auto* editor = page.findChild<QPlainTextEdit*>(QStringLiteral("sqlEditor"));
        // A click inserts; what is glued to a word gets a space.
        editor->setPlainText(QStringLiteral("SELECT count(*) AS runs FROM"));
        editor->moveCursor(QTextCursor::End);
        QTreeWidgetItem* runs = views->findItems(QStringLiteral("v_runs"), Qt::MatchExactly).front();
        Q_EMIT views->itemClicked(runs, 0);
        QCOMPARE(editor->toPlainText(), QStringLiteral("SELECT count(*) AS runs FROM v_runs"));
        QCOMPARE(runs->child(0)->text(0), QStringLiteral("run_id"));
        QSignalSpy finished(&sql, &SqlPanel::finished);
        QTest::keyClick(editor, Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, kPatienceMs);
        QCOMPARE(sql.result().csv(), std::string("runs\r\n1\r\n"));
        QCOMPARE(SqlPanel::asked().front(), editor->toPlainText());

        // Where it is wrong, in words and by the cursor.
        sql.setText(QStringLiteral("SELECT run_id,\n  nonsuch FROM v_runs"));
        sql.run();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 2, kPatienceMs);
        QVERIFY2(textOf(sql.notice()).contains(QStringLiteral("Line 2, column 3")), qPrintable(textOf(sql.notice())));
        QVERIFY(textOf(sql.notice()).contains(QStringLiteral("nonsuch")));
        QCOMPARE(editor->textCursor().selectedText(), QStringLiteral("nonsuch"));
        QCOMPARE(SqlPanel::asked().size(), 1); // only what was answered

        // Nothing can be written, and it is said.
        sql.setText(QStringLiteral("DELETE FROM history_runs"));
        sql.run();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 3, kPatienceMs);
        QVERIFY(!textOf(sql.notice()).isEmpty());

        sql.setText(QStringLiteral("SELECT 1 WHERE 0"));
        sql.run();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 4, kPatienceMs);
        QCOMPARE(page.findChild<QLabel*>(QStringLiteral("sqlNothing"))->text(), QStringLiteral("No rows."));
        QVERIFY(textOf(sql.notice()).isEmpty());
    }

    void aLongQueryIsCancelled()
    {
        const auto file = recorded("cancel.isobar");
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        SqlPanel& sql = page.sql();
        sql.setText(QStringLiteral("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                   "SELECT count(*) FROM n"));
        QSignalSpy finished(&sql, &SqlPanel::finished);
        sql.run();
        QVERIFY(sql.isRunning());
        sql.cancel();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, kPatienceMs);
        QVERIFY(!sql.isRunning());
        QVERIFY(textOf(sql.notice()).startsWith(QStringLiteral("Cancelled")));
    }

    void theFormSaysWhatItWasTold()
    {
        const auto file = recorded("form.isobar");
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        QuestionPanel& panel = page.question();
        auto* source = page.findChild<QComboBox*>(QStringLiteral("questionSource"));
        QTRY_VERIFY_WITH_TIMEOUT(source->count() >= 2, kPatienceMs);
        query::RecordedQuestion question;
        question.run = 1;
        question.measures = {Measure::Requests, Measure::TtftP95};
        question.by = {Dimension::Time, Dimension::Model};
        question.where = {{Dimension::Provider, {session.fleet().providers[0].key, session.fleet().providers[1].key}}};
        question.from = "10s";
        question.to = "80s";
        question.bucketSeconds = 20;
        question.compare = {query::Compare::PreviousPeriod};
        question.top = 2;
        question.fill = true;
        question.zone = "Europe/Berlin";
        panel.setQuestion(question);
        QCOMPARE(query::argumentsOf(panel.question()), query::argumentsOf(question));
    }

    /// The same fleet and seed: what runs now is what was recorded, second by second.
    void theRunningFleetIsComparedWithARecordedRun_data()
    {
        QTest::addColumn<std::int64_t>("run");
        QTest::newRow("by its number") << std::int64_t{1};
        QTest::newRow("as the baseline, which is not the run that is asked about") << std::int64_t{0};
    }
    void theRunningFleetIsComparedWithARecordedRun()
    {
        QFETCH(std::int64_t, run);
        const auto file = recorded(run == 0 ? "baseline.isobar" : "both.isobar");
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        page.show();
        QuestionPanel& panel = page.question();
        auto* source = page.findChild<QComboBox*>(QStringLiteral("questionSource"));
        QTRY_VERIFY_WITH_TIMEOUT(source->count() >= 2, kPatienceMs);
        session.stepBy(60);
        QTRY_COMPARE_WITH_TIMEOUT(session.history().end(), 60 * kSecond, 60'000);
        query::RecordedQuestion question;
        question.measures = {Measure::Requests};
        question.by = {Dimension::Provider};
        question.compare = {query::Compare::Other, run};
        panel.setQuestion(question);
        QCOMPARE(panel.question().compare, question.compare);
        QSignalSpy finished(&panel, &QuestionPanel::finished);
        QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("questionAsk")), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, kPatienceMs);
        QVERIFY2(panel.notice().text().isEmpty(), qPrintable(panel.notice().text()));
        const auto store = store::Store::open(file);
        QVERIFY(store.ok());
        question.run = session.recorder()->runId();
        const auto table = query::askHistory(session.fleet(), session.history(), question, &*store);
        QVERIFY2(table.ok(), table.ok() ? "" : table.error().toString().c_str());
        QCOMPARE(panel.result().model().rowCount(), static_cast<int>(table->rows.size()));
        QCOMPARE(panel.result().csv(), report::toCsv(*table));
        QCOMPARE(table->compare, query::Compare::Other);
        QCOMPARE(table->baseTo, 60 * kSecond);
        double requests = 0;
        for (const query::Row& row : table->rows) {
            QCOMPARE(row.delta[0], 0.0);
            requests += row.values[0];
        }
        QVERIFY(requests > 0);
        QVERIFY(!query::askHistory(session.fleet(), session.history(), question).ok()); // no store to read it from
    }

    void theCommandPrintsTheSameBytes()
    {
        const auto cli = test::program("isobar-cli");
        if (!std::filesystem::exists(cli)) {
            QSKIP("isobar-cli is not built");
        }
        const auto file = recorded("it's a store.isobar"); // quoting matters
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        page.show();
        QuestionPanel& panel = page.question();
        auto* source = page.findChild<QComboBox*>(QStringLiteral("questionSource"));
        QTRY_VERIFY_WITH_TIMEOUT(source->count() >= 2, kPatienceMs);
        const Fleet& fleet = session.fleet();
        std::vector<query::RecordedQuestion> questions(6);
        questions[0].measures = {Measure::SpendUsd};
        questions[0].by = {Dimension::Pricing};
        questions[1].measures = {Measure::Requests, Measure::TtftP95, Measure::SloAttainment};
        questions[1].by = {Dimension::Time, Dimension::Model};
        questions[1].bucketSeconds = 7;
        questions[1].fill = true;
        questions[2].measures = {Measure::TokensPerSecond};
        questions[2].by = {Dimension::Region};
        questions[2].from = "45s";
        questions[2].compare = {query::Compare::PreviousPeriod};
        questions[2].top = 1;
        questions[3].measures = {Measure::Utilization, Measure::Accelerators};
        questions[3].where = {{Dimension::Provider, {fleet.providers[0].key}}};
        questions[3].by = {Dimension::Use, Dimension::Pool};
        questions[4].measures = {Measure::Requests};
        questions[4].by = {Dimension::Area, Dimension::Time};
        questions[4].zone = "Asia/Kolkata";
        questions[4].bucketSeconds = 60;
        questions[5].measures = {Measure::EnergyJoules, Measure::CarbonGrams};
        questions[5].compare = {query::Compare::Other, 1};
        QSignalSpy finished(&panel, &QuestionPanel::finished);
        int asked = 0;
        for (query::RecordedQuestion& question : questions) {
            question.run = 1;
            panel.setQuestion(question);
            QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("questionAsk")), Qt::LeftButton);
            ++asked;
            QTRY_COMPARE_WITH_TIMEOUT(finished.size(), asked, kPatienceMs);
            QVERIFY2(panel.notice().text().isEmpty(), qPrintable(panel.notice().text()));
            QVERIFY(panel.result().model().rowCount() > 0);
            QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("questionCopyCommand")), Qt::LeftButton);
            const QString line = QApplication::clipboard()->text();
            QVERIFY(line.startsWith(QStringLiteral("isobar-cli query ")));
            QProcess shell;
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("PATH"), QString::fromStdString(cli.parent_path().string()) +
                                                           QLatin1Char(':') +
                                                           environment.value(QStringLiteral("PATH")));
            shell.setProcessEnvironment(environment);
            shell.start(QStringLiteral("/bin/sh"), {QStringLiteral("-c"), line});
            QVERIFY(shell.waitForFinished(60'000));
            QCOMPARE(shell.readAllStandardError(), QByteArray());
            QCOMPARE(shell.readAllStandardOutput().toStdString(), panel.result().csv());
            QCOMPARE(shell.exitCode(), 0);
        }
    }

    void refusalsAreSaidInWords()
    {
        const auto file = recorded("refused.isobar");
        QVERIFY(!file.empty());
        Session session(0);
        QVERIFY(session.openStore(file).ok());
        ExplorerPage page(session);
        QuestionPanel& panel = page.question();
        auto* source = page.findChild<QComboBox*>(QStringLiteral("questionSource"));
        QTRY_VERIFY_WITH_TIMEOUT(source->count() >= 2, kPatienceMs);
        QSignalSpy finished(&panel, &QuestionPanel::finished);
        query::RecordedQuestion question;
        question.run = 1;
        question.measures = {Measure::SpendUsd};
        question.by = {Dimension::Workload};
        panel.setQuestion(question);
        panel.ask();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, kPatienceMs);
        QVERIFY(panel.notice().text().contains(QStringLiteral("workload")));
        question.by = {};
        question.from = "tomorrow";
        panel.setQuestion(question);
        panel.ask();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 2, kPatienceMs);
        QVERIFY(panel.notice().text().contains(QStringLiteral("tomorrow")));
        question.measures = {};
        question.from.clear();
        panel.setQuestion(question);
        panel.ask();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 3, kPatienceMs);
        QVERIFY(!panel.notice().text().isEmpty());
        QVERIFY(panel.command().isEmpty());
    }
};

QTEST_MAIN(TestExplorerPage)
#include "tst_explorer_page.moc"

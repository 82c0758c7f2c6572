// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/test_support.h"
#include "tests/ui/replay/small_traces.h"
#include "ui/charts/percentile_chart.h"
#include "ui/charts/time_chart.h"
#include "ui/replay/replay_page.h"
#include "ui/replay/setup_panel.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>
#include <QThreadPool>
#include <QTimer>
#include <QToolButton>

using namespace isobar;
using namespace isobar::ui;
using Stage = ReplayPage::Stage;

namespace {

constexpr int kPatienceMs = 120'000; ///< what a loaded computer may take at most

QByteArray contents(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

/// "Replay a trace" by clicks and keys.
class TestReplayPage : public QObject {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<ReplayPage> m_page;

    template <class Widget> Widget* child(const char* name) { return m_page->findChild<Widget*>(QLatin1String(name)); }
    QString path(const char* name) { return m_folder->filePath(QLatin1String(name)); }
    void open(const QString& trace)
    {
        m_page->openTrace({trace.toStdString(), {}});
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
    }
    void runToTheEnd()
    {
        const int before = m_page->runs().rowCount();
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QCOMPARE(m_page->runs().rowCount(), before + 1);
    }
    void choose(const char* name, const QString& text)
    {
        auto* box = child<QComboBox>(name);
        QVERIFY2(box->findText(text) >= 0, qPrintable(text));
        box->setCurrentIndex(box->findText(text));
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setOrganizationName(QStringLiteral("IsobarTest"));
        QSettings().clear();
        applyTheme(ThemeChoice::Dark);
    }
    void init()
    {
        // What the offscreen platform says of file dialogs is no fault of ours.
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support propagateSizeHints)")));
        m_folder = std::make_unique<QTemporaryDir>();
        m_session = std::make_unique<Session>();
        QVERIFY(m_session->openSample().ok());
        m_page = std::make_unique<ReplayPage>(*m_session);
        m_page->resize(1232, 700);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
    }
    void cleanup()
    {
        m_page.reset();
        m_session.reset();
    }

    void withoutATraceNothingRunsAndItSaysWhy()
    {
        QVERIFY(!child<QPushButton>("replayRun")->isEnabled());
        QCOMPARE(child<QLabel>("replayProgressText")->text(), QStringLiteral("Choose a trace first."));
        QVERIFY(!child<QToolButton>("replayExport")->isEnabled());
    }

    void theFleetProposes()
    {
        open(test::writeTrace(path("t.csv"), 3000, 40));
        choose("replayModel", QStringLiteral("Llama-3.1-70B"));
        const ReplaySetup first = m_page->setupPanel().setup();
        // Chip and parallelism are those of a placement of the fleet.
        const Fleet& fleet = m_session->fleet();
        QVERIFY(std::any_of(fleet.placements.begin(), fleet.placements.end(), [&](const Placement& p) {
            return fleet[p.model].name == first.hardware.model &&
                   fleet[fleet[p.pool].accelerator].name == first.hardware.accelerator &&
                   p.tensorParallel == first.hardware.tensorParallel && p.precision == first.hardware.precision &&
                   p.maxBatch == first.hardware.maxBatch;
        }));
        const auto load = [this] {
            const ReplaySetup& setup = m_page->setupPanel().setup();
            const auto built = ui::buildReplica(m_page->setupPanel().context(), setup).value();
            const TracePointer trace = loadTrace({path("t.csv").toStdString(), {}}, 42, {}).value();
            return std::pair(replay::utilizationRatio(trace->load, built.model, setup.group.replicas),
                             replay::utilizationRatio(trace->load, built.model, setup.group.replicas - 1));
        };
        QVERIFY(first.group.replicas > 1);
        QVERIFY(load().first <= 0.7 && load().second > 0.7);
        // Set by hand they stay, until the button proposes again.
        child<QSpinBox>("replayReplicas")->setValue(77);
        choose("replayAccelerator", QStringLiteral("H200"));
        QCOMPARE(m_page->setupPanel().setup().group.replicas, std::size_t{77});
        QTest::mouseClick(child<QToolButton>("replayPropose"), Qt::LeftButton);
        QVERIFY(load().first <= 0.7);
        QVERIFY(m_page->setupPanel().setup().group.replicas < 77);
    }

    void aModelThatDoesNotFitIsToldBeforeARun()
    {
        open(test::writeTrace(path("t.csv"), 100, 10));
        choose("replayModel", QStringLiteral("Llama-3.1-70B"));
        choose("replayAccelerator", QStringLiteral("H100"));
        choose("replayPrecision", QStringLiteral("bf16"));
        child<QSpinBox>("replayTensorParallel")->setValue(1);
        QVERIFY(!child<QPushButton>("replayRun")->isEnabled());
        QVERIFY(!m_page->setupPanel().obstacle().isEmpty());
        child<QSpinBox>("replayTensorParallel")->setValue(4);
        QVERIFY(child<QPushButton>("replayRun")->isEnabled());
    }

    void runsAreComparedAndRemoved()
    {
        open(test::writeTrace(path("t.csv"), 3000, 40));
        runToTheEnd();
        choose("replayRouter", QStringLiteral("random"));
        runToTheEnd();
        auto* table = child<QTableView>("replayRuns");
        QCOMPARE(table->currentIndex().row(), 1);
        auto* ttft = child<PercentileChart>("replay-ttft");
        QCOMPARE(ttft->data().curves.size(), 2);
        QCOMPARE(ttft->data().curves.front().name, QStringLiteral("B"));
        // By keyboard: up to the first run, then away with it.
        table->setFocus();
        QTest::keyClick(table, Qt::Key_Up);
        QCOMPARE(ttft->data().curves.front().name, QStringLiteral("A"));
        QTest::keyClick(table, Qt::Key_Delete);
        QCOMPARE(m_page->runs().rowCount(), 1);
        QCOMPARE(ttft->data().curves.size(), 1);
        QCOMPARE(ttft->data().curves.front().name, QStringLiteral("B"));
    }

    void chartsAreReadByKey()
    {
        open(test::writeTrace(path("t.csv"), 1000, 40));
        runToTheEnd();
        auto* ttft = child<PercentileChart>("replay-ttft");
        ttft->setFocus();
        QTest::keyClick(ttft, Qt::Key_Right);
        QVERIFY(ttft->hoverText().startsWith(QStringLiteral("p50")));
        QTest::keyClick(ttft, Qt::Key_Right);
        QVERIFY(ttft->hoverText().startsWith(QStringLiteral("p90")));
        QTest::keyClick(ttft, Qt::Key_End);
        QVERIFY(ttft->hoverText().startsWith(QStringLiteral("p99.9")));
        QTest::keyClick(ttft, Qt::Key_Escape);
        QVERIFY(ttft->hoverText().isEmpty());
        auto* flight = child<TimeChart>("replay-in-flight");
        flight->setFocus();
        QTest::keyClick(flight, Qt::Key_Home);
        QVERIFY2(!flight->hoverText().contains(QStringLiteral("UTC")), qPrintable(flight->hoverText()));
    }

    void everythingHasAName()
    {
        open(test::writeTrace(path("t.csv"), 500, 40));
        runToTheEnd();
        QStringList nameless;
        for (QWidget* widget : m_page->findChildren<QWidget*>()) {
            if (widget->focusPolicy() != Qt::NoFocus && widget->isVisibleTo(m_page.get()) &&
                widget->accessibleName().isEmpty() && qobject_cast<QPushButton*>(widget) == nullptr &&
                !widget->objectName().startsWith(QLatin1String("qt_"))) {
                nameless << QLatin1String(widget->metaObject()->className()) + QLatin1Char(' ') + widget->objectName();
            }
        }
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(QLatin1Char('\n'))));
    }

    void aCancelledRunStaysAndSaysPartial()
    {
        open(test::writeTrace(path("t.csv"), 400'000, 3000));
        child<QSpinBox>("replayReplicas")->setValue(1); // far too few: a long queue
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        QCOMPARE(m_page->stage(), Stage::Replaying);
        QTRY_VERIFY(child<QLabel>("replayProgressText")->text().contains(QStringLiteral("simulated")) ||
                    m_page->stage() == Stage::Idle);
        QTest::keyClick(m_page.get(), Qt::Key_Escape);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QCOMPARE(m_page->runs().rowCount(), 1);
        const ReplayRun& run = m_page->runs().at(0);
        QVERIFY(run.partial);
        QVERIFY(run.completed < 400'000);
        QCOMPARE(run.arrived, run.completed + run.rejected + run.unfinished);
        QVERIFY(m_page->noticeText().contains(QStringLiteral("Partial")));
        QVERIFY(child<PercentileChart>("replay-ttft")->data().curves.front().name.contains(QStringLiteral("partial")));
        m_page->exportRows(path("rows.csv")); // of a part there is no such file
        QCOMPARE(m_page->stage(), Stage::Idle);
        QVERIFY(!QFile::exists(path("rows.csv")));
    }

    void closingWhileItRunsIsClean()
    {
        open(test::writeTrace(path("t.csv"), 400'000, 3000));
        child<QSpinBox>("replayReplicas")->setValue(1);
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        QElapsedTimer sinceClose;
        sinceClose.start();
        m_page.reset();
        QVERIFY2(sinceClose.elapsed() < 2000, "closing must not wait for the worker");
        QVERIFY(QThreadPool::globalInstance()->waitForDone(60'000));
    }

    void theWindowNeverWaits()
    {
        open(test::writeTrace(path("t.csv"), 300'000, 3000));
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        qint64 longest = 0;
        QElapsedTimer beat;
        beat.start();
        QTimer timer;
        timer.setInterval(5);
        connect(&timer, &QTimer::timeout, this, [&] { longest = std::max(longest, beat.restart()); });
        timer.start();
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QVERIFY2(longest < 3000, qPrintable(QString::number(longest)));
    }

    void badFilesAreToldInPlace_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("nothing") << QByteArray();
        QTest::newRow("no trace") << QByteArray("hello\nworld\n");
        QTest::newRow("a count that is none")
            << QByteArray("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 01:00:00.0,ten,4\n");
    }
    void badFilesAreToldInPlace()
    {
        QFETCH(QByteArray, text);
        QFile file(path("bad.csv"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
        file.close();
        open(path("bad.csv"));
        QVERIFY2(m_page->noticeText().contains(QStringLiteral("bad.csv")), qPrintable(m_page->noticeText()));
        QVERIFY(!child<QPushButton>("replayRun")->isEnabled());
        QVERIFY(!SetupPanel::recentTraces().contains(path("bad.csv")));
    }

    void aDroppedFileIsOpenedAndRemembered()
    {
        const QString trace = test::writeTrace(path("dropped.csv"), 200, 10);
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(trace)});
        QDragEnterEvent enter({600, 300}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_page.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop({600, 300}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(m_page.get(), &drop);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QCOMPARE(child<QLabel>("replayTraceName")->text(), QStringLiteral("dropped.csv"));
        QCOMPARE(SetupPanel::recentTraces().front(), trace);
    }

    void theFileIsThatOfTheCommandLine()
    {
        const auto cli = test::program("isobar-cli");
        if (!std::filesystem::exists(cli)) {
            QSKIP("isobar-cli is not built");
        }
        const QString trace = test::writeTrace(path("t.csv"), 5000, 12);
        open(trace);
        choose("replayModel", QStringLiteral("Llama-3.1-70B"));
        choose("replayAccelerator", QStringLiteral("H100"));
        choose("replayPrecision", QStringLiteral("fp8"));
        choose("replayRouter", QStringLiteral("power-of-two"));
        child<QSpinBox>("replayTensorParallel")->setValue(2);
        child<QSpinBox>("replayMaxBatch")->setValue(128);
        child<QSpinBox>("replayReplicas")->setValue(3);
        child<QSpinBox>("replaySeed")->setValue(7);
        runToTheEnd();
        m_page->exportRows(path("window.csv"));
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QProcess process;
        process.start(QString::fromStdString(cli.string()), {QStringLiteral("replay"),
                                                             trace,
                                                             QStringLiteral("--model"),
                                                             QStringLiteral("Llama-3.1-70B"),
                                                             QStringLiteral("--accelerator"),
                                                             QStringLiteral("H100"),
                                                             QStringLiteral("--precision"),
                                                             QStringLiteral("fp8"),
                                                             QStringLiteral("--router"),
                                                             QStringLiteral("power-of-two"),
                                                             QStringLiteral("--tensor-parallel"),
                                                             QStringLiteral("2"),
                                                             QStringLiteral("--max-batch"),
                                                             QStringLiteral("128"),
                                                             QStringLiteral("--replicas"),
                                                             QStringLiteral("3"),
                                                             QStringLiteral("--seed"),
                                                             QStringLiteral("7"),
                                                             QStringLiteral("--requests-out"),
                                                             path("cli.csv"),
                                                             QStringLiteral("--json")});
        QVERIFY(process.waitForFinished(60'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        QVERIFY(!contents(path("cli.csv")).isEmpty());
        QVERIFY(contents(path("window.csv")) == contents(path("cli.csv")));
        // And the percentiles on screen are those it prints.
        const QJsonObject printed = QJsonDocument::fromJson(process.readAllStandardOutput()).object();
        const ReplayRun& run = m_page->runs().at(0);
        for (const DurationKind kind : kDurationKinds) {
            const QJsonObject summary = printed[QLatin1String(durationKey(kind))].toObject();
            const auto& shown = run.durations.all[static_cast<std::size_t>(kind)].summary;
            QCOMPARE(shown.mean, summary[QLatin1String("mean")].toDouble());
            QCOMPARE(shown.p50, summary[QLatin1String("p50")].toDouble());
            QCOMPARE(shown.p99, summary[QLatin1String("p99")].toDouble());
        }
        QCOMPARE(run.completed, printed[QLatin1String("completed")].toInteger());
        QCOMPARE(run.rejected, printed[QLatin1String("rejected")].toInteger());
    }

    void advancedSettingsAreFoldedUntilAskedFor()
    {
        auto* more = child<QToolButton>("replayMore");
        auto* advanced = child<QWidget>("replayAdvanced");
        QVERIFY(!advanced->isVisible());
        QCOMPARE(more->text(), QStringLiteral("Advanced"));
        QTest::mouseClick(more, Qt::LeftButton);
        QVERIFY(advanced->isVisible());
        // What is set there is told when it is folded again.
        child<QSpinBox>("replayUrgent")->setValue(20);
        child<QSpinBox>("replayRanks")->setValue(2);
        QTest::mouseClick(more, Qt::LeftButton);
        QVERIFY(!advanced->isVisible());
        QCOMPARE(more->text(), QStringLiteral("Advanced · 2 set"));
        QCOMPARE(m_page->setupPanel().setup().routingText(), QStringLiteral("least-in-flight, 2 ranks, 20 % urgent"));
        // An Azure trace has no hashes to find prefixes by.
        open(test::writeTrace(path("t.csv"), 100, 5));
        auto* cache = child<QCheckBox>("replayPrefixCache");
        QVERIFY(!cache->isEnabled());
        QVERIFY(cache->toolTip().contains(QLatin1String("no hashes")));
        open(test::writeHashedTrace(path("t.jsonl"), 100));
        QVERIFY(cache->isEnabled());
        // Folded is how the next page finds it.
        QVERIFY(!QSettings().value(QStringLiteral("replay/advanced")).toBool());
    }

    void twiceTheLoadProposesTwiceTheReplicas()
    {
        open(test::writeTrace(path("t.csv"), 5000, 60));
        const int before = child<QSpinBox>("replayReplicas")->value();
        child<QSpinBox>("replayScale")->setValue(200);
        QVERIFY(std::abs(child<QSpinBox>("replayReplicas")->value() - 2 * before) <= 1);
        child<QSpinBox>("replayRanks")->setValue(2); // two schedulers in each
        QVERIFY(std::abs(child<QSpinBox>("replayReplicas")->value() - before) <= 1);
    }

    void aPartWithoutRequestsSaysSo()
    {
        open(test::writeTrace(path("t.csv"), 200, 10));
        child<QSpinBox>("replayFrom")->setValue(100'000);
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QCOMPARE(m_page->runs().rowCount(), 0);
        bool isSaid = false;
        for (const QLabel* label : m_page->findChildren<QLabel*>()) {
            isSaid = isSaid || (label->isVisible() &&
                                label->text().contains(QLatin1String("no request arrives"), Qt::CaseInsensitive));
        }
        QVERIFY(isSaid);
    }

    void theAdvancedFileIsThatOfTheCommandLine()
    {
        const auto cli = test::program("isobar-cli");
        if (!std::filesystem::exists(cli)) {
            QSKIP("isobar-cli is not built");
        }
        const QString trace = test::writeHashedTrace(path("t.jsonl"), 3000);
        open(trace);
        choose("replayModel", QStringLiteral("Llama-3.1-70B"));
        choose("replayAccelerator", QStringLiteral("H100"));
        choose("replayPrecision", QStringLiteral("fp8"));
        choose("replayAdmission", QStringLiteral("optimistic"));
        child<QSpinBox>("replayTensorParallel")->setValue(2);
        child<QSpinBox>("replayMaxBatch")->setValue(64);
        child<QSpinBox>("replayReplicas")->setValue(2);
        child<QSpinBox>("replaySeed")->setValue(7);
        child<QSpinBox>("replayFrom")->setValue(30);
        child<QSpinBox>("replayFor")->setValue(200);
        child<QSpinBox>("replayScale")->setValue(150);
        child<QSpinBox>("replayUrgent")->setValue(25);
        child<QSpinBox>("replayRanks")->setValue(2);
        child<QSpinBox>("replayPrefill")->setValue(2);
        child<QCheckBox>("replayPrefixCache")->setChecked(true);
        runToTheEnd();
        m_page->exportRows(path("window.csv"));
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        QProcess process;
        process.start(QString::fromStdString(cli.string()),
                      QStringLiteral("replay;%1;--model;Llama-3.1-70B;--accelerator;H100;--precision;fp8;"
                                     "--tensor-parallel;2;--max-batch;64;--replicas;2;--seed;7;--from;30s;--for;200s;"
                                     "--scale;1.5;--priority;0.25;--data-parallel;2;--prefill-replicas;2;"
                                     "--prefix-cache;--requests-out;%2;--json")
                          .arg(trace, path("cli.csv"))
                          .split(QLatin1Char(';')));
        QVERIFY(process.waitForFinished(60'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        QVERIFY(!contents(path("cli.csv")).isEmpty());
        QVERIFY(contents(path("window.csv")) == contents(path("cli.csv")));
        const QJsonObject printed = QJsonDocument::fromJson(process.readAllStandardOutput()).object();
        const ReplayRun& run = m_page->runs().at(0);
        QCOMPARE(run.prefixHitTokens, printed[QLatin1String("prefix_hit_tokens")].toInteger());
        QVERIFY(run.prefixHitTokens > 0);
        const QJsonObject urgent = printed[QLatin1String("urgent")].toObject();
        QCOMPARE(run.urgent, urgent[QLatin1String("completed")].toInteger());
        QCOMPARE(run.urgentDurations.all[0].summary.p99,
                 urgent[QLatin1String("ttft_seconds")].toObject()[QLatin1String("p99")].toDouble());
        // The table names the urgent ones below all.
        const auto* table = child<QTableView>("replayPercentiles");
        QCOMPARE(table->model()->rowCount(), 8);
        QCOMPARE(table->model()->index(1, 0).data().toString().trimmed(), QStringLiteral("the urgent"));
    }

    /// Within a second on an idle desktop; how long it took is told.
    void theAzureTraceIsSoonOnScreen()
    {
        ISOBAR_NEED_DATA(trace, "llm_traces/azure_2023/AzureLLMInferenceTrace_conv.csv");
        open(QString::fromStdString(trace.string()));
        QElapsedTimer sinceClick;
        sinceClick.start();
        QTest::mouseClick(child<QPushButton>("replayRun"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_page->stage(), Stage::Idle, kPatienceMs);
        m_page->repaint();
        const qint64 elapsed = sinceClick.elapsed();
        qInfo("click to picture: %lld ms", static_cast<long long>(elapsed));
        QCOMPARE(m_page->runs().at(0).arrived, 19'366);
        QVERIFY2(elapsed < 10'000, qPrintable(QString::number(elapsed)));
    }
};

QTEST_MAIN(TestReplayPage)
#include "tst_replay_page.moc"

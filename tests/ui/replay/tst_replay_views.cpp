// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/replay/small_traces.h"

#include "model/proto/shipped.h"
#include "ui/charts/percentile_chart.h"
#include "ui/replay/replay_export.h"
#include "ui/replay/runs_model.h"
#include "ui/shell/theme.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QFile>
#include <QImage>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;

namespace {

TracePointer load(const QString& path)
{
    return loadTrace({path.toStdString(), {}}, 42, {}).value();
}

ReplayContext sample()
{
    return {std::make_shared<const Fleet>(proto::shippedSample().value()),
            std::make_shared<const Calibration>(proto::shippedCalibration().value())};
}

ReplaySetup setUp(std::size_t replicas, serving::RouterPolicy router = serving::RouterPolicy::LeastInFlight)
{
    ReplaySetup setup;
    setup.hardware = {.model = "Llama-3.1-70B", .accelerator = "H100", .tensorParallel = 4};
    setup.group = {.replicas = replicas, .router = router, .seed = 42};
    return setup;
}

QList<QByteArray> lines(const std::string& text)
{
    return QByteArray::fromStdString(text).trimmed().split('\n');
}

} // namespace

/// Runs as values, charts, tables and files.
class TestReplayViews : public QObject {
    Q_OBJECT
    const ReplayContext m_context = sample();
    QTemporaryDir m_folder;
    RunPointer m_least, m_random;

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
        const TracePointer trace =
            load(test::writeTrace(m_folder.filePath(QStringLiteral("poisson, short.csv")), 4000, 8));
        m_least = replayTrace(m_context, trace, setUp(3), {}).value();
        m_random = replayTrace(m_context, trace, setUp(3, serving::RouterPolicy::Random), {}).value();
    }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void aRunHasTheNumbersOfTheModel()
    {
        const auto trace = openSource(m_least->trace->source, {.seed = 42}, {});
        auto figures = replay::run(**trace, m_least->model, m_least->setup.group, {});
        QVERIFY(figures.ok());
        QCOMPARE(m_least->completed, figures->completed);
        QCOMPARE(m_least->rejected, 40);
        QCOMPARE(m_least->outputTokens, figures->outputTokens);
        const auto ttft = figures->latencies.ttft.summarize();
        QCOMPARE(m_least->durations.all[0].summary.mean, ttft.mean);
        QCOMPARE(m_least->durations.all[0].summary.p99, ttft.p99);
    }

    void theCurveGoesThroughThePercentiles()
    {
        const QVector<double>& grid = percentileGrid();
        for (const DurationKind kind : kDurationKinds) {
            const DurationFigures& figures = m_least->durations.all[static_cast<std::size_t>(kind)];
            QCOMPARE(figures.curve.size(), grid.size());
            QVERIFY(std::is_sorted(figures.curve.begin(), figures.curve.end()));
            const auto at = [&](double ratio) { return figures.curve[grid.indexOf(ratio)]; };
            QCOMPARE(at(0.5), figures.summary.p50);
            QCOMPARE(at(0.95), figures.summary.p95);
            QCOMPARE(at(0.99), figures.summary.p99);
        }
    }

    void theServiceLevelCountsBothPromises()
    {
        QCOMPARE(m_least->tiers.size(), m_context.fleet->tiers.size());
        std::vector<std::int64_t> kept(m_least->tiers.size());
        const auto trace = openSource(m_least->trace->source, {.seed = 42}, {});
        QVERIFY(replay::run(**trace, m_least->model, m_least->setup.group, {}, [&](const serving::Outcome& o) {
                    for (std::size_t t = 0; t < kept.size(); ++t) {
                        const SloTier& tier = m_context.fleet->tiers[t];
                        const bool slow = o.outputTokens > 1 && o.itlSeconds() > tier.itlSeconds;
                        kept[t] += o.completed() && !slow && o.ttftSeconds() <= tier.ttftSeconds;
                    }
                }).ok());
        for (std::size_t t = 0; t < kept.size(); ++t) {
            QCOMPARE(m_least->tiers[t].kept, kept[t]);
        }
    }

    void theSelectedRunIsSolidTheOthersAreGhosts()
    {
        RunsModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.add(m_least);
        model.add(m_random);
        ReplayView view{model.shown(1), 0};
        PercentileChartData chart = percentileChart(view, DurationKind::Ttft);
        QCOMPARE(chart.curves.size(), 2);
        QCOMPARE(chart.curves[0].name, QStringLiteral("B"));
        QVERIFY(!chart.curves[0].dashed && chart.curves[1].dashed);
        QCOMPARE(chart.target.value(), m_context.fleet->tiers[0].ttftSeconds);
        QVERIFY(!percentileChart(view, DurationKind::Queue).target);
        QVERIFY(model.setData(model.index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
        QCOMPARE(model.shown(1).size(), 1);
        QCOMPARE(model.shown(0).size(), 2); // the selected one is drawn, ticked or not
        model.remove(0);
        QCOMPARE(model.shown(0).front().name, QStringLiteral("B")); // a run keeps its name
    }

    void tooManyRunsDropTheOldest()
    {
        RunsModel model;
        for (int i = 0; i < RunsModel::kMostRuns + 3; ++i) {
            model.add(m_least);
        }
        QCOMPARE(model.rowCount(), RunsModel::kMostRuns);
        QCOMPARE(model.shown(0).front().name, QStringLiteral("D"));
    }

    void whatIsSimulatedSaysSo()
    {
        const QString trust = trustText(*m_least);
        QVERIFY(trust.startsWith(QStringLiteral("Simulated")));
        QVERIFY(trust.contains(QStringLiteral("± %1 %").arg(qRound(m_least->model.errorRatio * 100))));
        QVERIFY(m_least->coefficientSource.contains(QLatin1Char(':')));
        const ReplayView view{{{m_least, QStringLiteral("A"), Qt::red}}, 0};
        QVERIFY(replayFooter(view).contains(trust));
    }

    void csvHasFullPrecisionAndUnits()
    {
        const ReplayView view{{{m_least, QStringLiteral("A"), Qt::red}, {m_random, QStringLiteral("B"), Qt::red}}, 0};
        const QList<QByteArray> rows = lines(percentilesCsv(view));
        QCOMPARE(rows.size(), 9);
        const qsizetype columns = rows[0].split(',').size();
        for (const QByteArray& row : rows.mid(1)) {
            QVERIFY(row.contains("\"poisson, short.csv\""));
            QCOMPARE(row.split(',').size(), columns + 1); // the comma in the name
        }
        const int p99 = static_cast<int>(rows[0].split(',').indexOf("p99_seconds"));
        QCOMPARE(rows[1].split(',')[p99 + 1].toDouble(), m_least->durations.all[0].summary.p99);

        const QList<QByteArray> curve = lines(curveCsv(view, DurationKind::Itl));
        QCOMPARE(curve[0], QByteArray("percentile_ratio,A_itl_seconds,B_itl_seconds"));
        QCOMPARE(curve.size(), percentileGrid().size() + 1);
        const QList<QByteArray> timeline = lines(timelineCsv(view));
        QCOMPARE(timeline.size(),
                 static_cast<qsizetype>(m_least->timeline.running.size() + m_random->timeline.running.size()) + 1);
    }

    void everyPictureIsPainted_data()
    {
        QTest::addColumn<int>("picture");
        QTest::addColumn<QString>("ending");
        for (const ReplayPicture picture : kReplayPictures) {
            for (const char* ending : {"png", "svg", "pdf", "csv"}) {
                QTest::addRow("%s.%s", qPrintable(pictureName(picture)), ending)
                    << static_cast<int>(picture) << QString::fromLatin1(ending);
            }
        }
    }
    void everyPictureIsPainted()
    {
        QFETCH(int, picture);
        QFETCH(QString, ending);
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("x.") + ending);
        const ReplayView view{
            {{m_least, QStringLiteral("A"), runColor(0)}, {m_random, QStringLiteral("B"), runColor(1)}}, 0};
        QVERIFY(exportReplay(path, static_cast<ReplayPicture>(picture), view).ok());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray bytes = file.readAll();
        if (ending == QLatin1String("png")) {
            const QImage image = QImage::fromData(bytes);
            QVERIFY(image.width() >= 1800);
            // The curve's colour is there: the chart is not empty.
            int drawn = 0;
            for (int y = 0; y < image.height(); y += 1) {
                for (int x = 0; x < image.width(); x += 1) {
                    drawn += image.pixelColor(x, y) == runColor(0) ? 1 : 0;
                }
            }
            QVERIFY(drawn > 20);
        } else {
            QVERIFY(bytes.size() > 1000);
            QVERIFY(bytes.startsWith(ending == QLatin1String("pdf")   ? "%PDF"
                                     : ending == QLatin1String("svg") ? "<?xml"
                                                                      : bytes.left(1)));
        }
    }

    void anotherEndingIsRefused()
    {
        const QTemporaryDir folder;
        const Status written = exportReplay(folder.filePath(QStringLiteral("x.docx")), ReplayPicture::All,
                                            {{{m_least, QStringLiteral("A"), Qt::red}}, 0});
        QVERIFY(!written.ok());
        QVERIFY(written.error().advice.find(".png") != std::string::npos);
    }

    void aPartialRunCountsWhatIsInFlight()
    {
        std::stop_source stop;
        JobContext job;
        job.stop = stop.get_token();
        job.report = [&](const Progress& progress) {
            if (progress.done > 0) {
                stop.request_stop();
            }
        };
        const RunPointer run =
            replayTrace(m_context, load(test::writeTrace(m_folder.filePath(QStringLiteral("long.csv")), 400'000, 2000)),
                        setUp(1), job)
                .value();
        QVERIFY(run->partial);
        QVERIFY(run->unfinished > 1000);
        // The queue grew to the moment of the cancel, and is not seen to empty.
        const auto& curves = run->timeline;
        const std::size_t last = curves.waiting.size() - 2;
        QVERIFY(curves.waiting[last] + curves.running[last] > 0.8 * static_cast<double>(run->unfinished));
        QVERIFY(!partialText(*run).isEmpty());
    }

    void aTraceOfRejectionsIsNoCrash()
    {
        const QString path = m_folder.filePath(QStringLiteral("rejections.csv"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n");
        for (int i = 0; i < 3; ++i) {
            file.write("2023-11-16 18:00:01,10,0\n");
        }
        file.close();
        const RunPointer run = replayTrace(m_context, load(path), setUp(1), {}).value();
        QCOMPARE(run->rejected, 3);
        const ReplayView view{{{run, QStringLiteral("A"), Qt::red}}, 0};
        QVERIFY(percentileChart(view, DurationKind::Ttft).curves.empty());
        QCOMPARE(replayKpis(*run, 0).size(), 6);
        QCOMPARE(lines(percentilesCsv(view)).size(), 5);
    }
};

QTEST_MAIN(TestReplayViews)
#include "tst_replay_views.moc"

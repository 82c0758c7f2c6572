// SPDX-License-Identifier: GPL-3.0-or-later
#include "chart_samples.h"
#include "mark_samples.h"
#include "ui/charts/chart_bench.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/time_chart.h"

#include <QImage>
#include <QPainter>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

using namespace isobar::ui;
using namespace isobar::ui::test;

/// Time charts that are linked: crosshair, brush, legend, bands, ghosts, the right axis and events.
class TestTimeChartLinked : public QObject {
    Q_OBJECT

    std::unique_ptr<TimeChart> m_chart;

    QCustomPlot* plot() const { return m_chart->findChild<QCustomPlot*>(QStringLiteral("plot")); }
    /// A place in the plot by share of its width, in plot pixels.
    QPoint at(double share) const
    {
        const QRect area = plot()->axisRect()->rect();
        return {area.left() + qRound(area.width() * share), area.center().y()};
    }
    void drag(double from, double to) const
    {
        QTest::mousePress(plot(), Qt::LeftButton, {}, at(from));
        QTest::mouseMove(plot(), at((from + to) / 2));
        QTest::mouseMove(plot(), at(to));
        QTest::mouseRelease(plot(), Qt::LeftButton, {}, at(to));
    }
    static int pixelsLike(const QImage& image, const QColor& color)
    {
        int n = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                n += image.pixelColor(x, y).rgb() == color.rgb();
            }
        }
        return n;
    }

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void init()
    {
        applyTheme(ThemeChoice::Dark);
        m_chart = std::make_unique<TimeChart>();
        TimeChartData data = twoLayers();
        data.brushable = true;
        m_chart->setData(data);
        m_chart->resize(460, 220);
        m_chart->show();
        m_chart->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_chart.get()));
    }
    void cleanup() { m_chart.reset(); }

    void crosshairIsTold()
    {
        QSignalSpy moved(m_chart.get(), &TimeChart::crosshairMoved),
            cleared(m_chart.get(), &TimeChart::crosshairCleared);
        QTest::mouseMove(plot(), at(0.2));
        QTest::mouseMove(plot(), at(0.5));
        QTRY_VERIFY(!moved.isEmpty());
        QTRY_COMPARE(moved.last()[0].toDouble(), kNoon + 50);
        const auto before = moved.count();
        QTest::mouseMove(plot(), at(0.505)); // the same sample: nothing new to say
        QCoreApplication::processEvents();
        QCOMPARE(moved.count(), before);
        m_chart->setFocus();
        QTest::keyClick(m_chart.get(), Qt::Key_Right);
        QCOMPARE(moved.last()[0].toDouble(), kNoon + 60);
        QTest::keyClick(m_chart.get(), Qt::Key_Escape);
        QCOMPARE(cleared.count(), 1);
    }

    void linkedCrosshairIsDrawnAndSilent()
    {
        QSignalSpy moved(m_chart.get(), &TimeChart::crosshairMoved);
        const QImage before = m_chart->grab().toImage();
        m_chart->setCrosshair(kNoon + 30);
        QCOMPARE(*m_chart->crosshair(), kNoon + 30);
        const QImage with = m_chart->grab().toImage();
        QVERIFY(with != before);
        QVERIFY(m_chart->hoverText().isEmpty()); // the tip is the other chart's
        m_chart->setCrosshair(kNoon + 9000);     // out of sight
        QCOMPARE(m_chart->grab().toImage(), before);
        m_chart->clearCrosshair();
        QVERIFY(!m_chart->crosshair());
        QCOMPARE(moved.count(), 0);
        // Two charts on one crosshair follow each other without end.
        TimeChart other;
        connect(m_chart.get(), &TimeChart::crosshairMoved, &other, &TimeChart::setCrosshair);
        connect(&other, &TimeChart::crosshairMoved, m_chart.get(), &TimeChart::setCrosshair);
        other.setData(twoLayers());
        m_chart->setFocus();
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        QCOMPARE(*other.crosshair(), kNoon);
    }

    void brushSelectsARange_data()
    {
        QTest::addColumn<double>("from");
        QTest::addColumn<double>("to");
        QTest::newRow("to the right") << 0.2 << 0.6;
        QTest::newRow("to the left") << 0.7 << 0.3;
        QTest::newRow("over the edge") << 0.5 << 1.4;
    }

    void brushSelectsARange()
    {
        QFETCH(double, from);
        QFETCH(double, to);
        QSignalSpy brushed(m_chart.get(), &TimeChart::rangeBrushed);
        drag(from, to);
        QCOMPARE(brushed.count(), 1);
        const double low = kNoon + 100 * std::min(from, to), high = kNoon + 100 * std::min(1.0, std::max(from, to));
        QVERIFY(std::abs(brushed[0][0].toDouble() - low) < 1);
        QVERIFY(std::abs(brushed[0][1].toDouble() - high) < 1);
        QVERIFY(m_chart->brush());
        const QImage with = m_chart->grab().toImage();
        QSignalSpy cleared(m_chart.get(), &TimeChart::brushCleared);
        m_chart->setFocus();
        QTest::keyClick(m_chart.get(), Qt::Key_Escape);
        QCOMPARE(cleared.count(), 1);
        QVERIFY(!m_chart->brush());
        QVERIFY(m_chart->grab().toImage() != with);
    }

    void aClickIsNoBrush()
    {
        QSignalSpy brushed(m_chart.get(), &TimeChart::rangeBrushed), cleared(m_chart.get(), &TimeChart::brushCleared);
        drag(0.5, 0.503);
        QCOMPARE(brushed.count(), 0);
        QCOMPARE(cleared.count(), 0);
        m_chart->setBrush(kNoon + 60, kNoon + 20); // from elsewhere, either way round
        QCOMPARE(m_chart->brush()->first, kNoon + 20);
        QTest::mouseClick(plot(), Qt::LeftButton, {}, at(0.9));
        QCOMPARE(cleared.count(), 1);
        // Not where the owner has no use for it.
        m_chart->setData(twoLayers());
        drag(0.2, 0.6);
        QCOMPARE(brushed.count(), 0);
    }

    void legendHidesAndIsolates()
    {
        const QString azure = QStringLiteral("Azure"), gcp = QStringLiteral("Google Cloud");
        const QColor fill = mixed(theme().panel, theme().provider("azure"), 0.82);
        const auto click = [&](const QString& name, Qt::KeyboardModifiers keys = {}) {
            QTest::mouseClick(m_chart.get(), Qt::LeftButton, keys, m_chart->legendRect(name).center().toPoint());
            QTest::qWait(0);
        };
        QSignalSpy changed(m_chart.get(), &TimeChart::hiddenSeriesChanged);
        QVERIFY(pixelsLike(m_chart->grab().toImage(), fill) > 1000);
        click(azure);
        QCOMPARE(m_chart->hiddenSeries(), QStringList{azure});
        QTRY_VERIFY(pixelsLike(m_chart->grab().toImage(), fill) == 0);
        m_chart->setData(twoLayers()); // live data do not bring it back
        QCOMPARE(m_chart->hiddenSeries(), QStringList{azure});
        click(azure);
        QVERIFY(m_chart->hiddenSeries().isEmpty());
        click(azure, Qt::ShiftModifier);
        QCOMPARE(m_chart->hiddenSeries(), QStringList{gcp});
        click(azure, Qt::ShiftModifier);
        QVERIFY(m_chart->hiddenSeries().isEmpty());
        m_chart->setFocus();
        QTest::keyClick(m_chart.get(), Qt::Key_2);
        QCOMPARE(m_chart->hiddenSeries(), QStringList{gcp});
        QCOMPARE(changed.count(), 5);
        // All hidden: the chart says so rather than break.
        QTest::keyClick(m_chart.get(), Qt::Key_1);
        m_chart->grab();
        QCOMPARE(m_chart->hiddenSeries().size(), 2);
        QVERIFY(!m_chart->legendRect(azure).isEmpty()); // still there to be clicked
    }

    void bandsGhostsAxisAndEventsAreDrawn()
    {
        TimeChartData data = longSeries(200, 1);
        data.series[0].values.fill(2);
        const auto picture = [&] {
            m_chart->setData(data);
            m_chart->redraw();
            return m_chart->grab().toImage();
        };
        picture();
        TimeSeries ghost = data.series[0];
        ghost.name = words("yesterday"), ghost.ghost = true;
        ghost.values.fill(1.5);
        data.series.push_back(ghost);
        const QImage withGhost = picture();
        data.bands.push_back({words("p50 to p99"), theme().accent, ghost.times, ghost.values, data.series[0].values});
        const QImage withBand = picture();
        QVERIFY(pixelsLike(withBand, mixed(theme().panel, theme().accent, 0.22)) >
                1000 + pixelsLike(withGhost, mixed(theme().panel, theme().accent, 0.22)));
        TimeSeries right = data.series[0];
        right.name = words("cost"), right.rightAxis = true, right.color = theme().caution;
        right.values.fill(400);
        data.series.push_back(right);
        data.rightUnitNote = words("$");
        picture();
        QVERIFY(plot()->yAxis2->visible());
        QVERIFY(plot()->yAxis->range().upper < 10); // the left scale is not pressed flat
        QVERIFY(plot()->yAxis2->range().contains(400));
        data.events = {{kNoon + 100, TimeEvent::Kind::Trouble, words("spot reclaim, 312 chips")}};
        QVERIFY(pixelsLike(picture(), theme().trouble) > 10);
        QTest::mouseMove(plot(), at(0.1));
        QTest::mouseMove(plot(), at(100.0 / 199));
        QTRY_VERIFY(m_chart->hoverText().contains(words("spot reclaim, 312 chips")));
        QVERIFY(m_chart->hoverText().contains(words("p50 to p99: 1.5")));
        data.series.pop_back();
        picture();
        QVERIFY(!plot()->yAxis2->visible());
    }

    /// One sample of 100,000 is 0.004 pixels wide; its spike is seen all the same, on screen and in a file.
    void aSpikeNeverVanishes()
    {
        TimeChartData data = longSeries(100'000, 1);
        for (double& v : data.series[0].values) {
            v = v < 5 ? 1 : v;
        }
        m_chart->setData(data);
        m_chart->redraw();
        const auto inkedAbove = [](const QImage& image, double top, double bottom) {
            int n = 0;
            for (int y = qRound(top); y < qRound(bottom); ++y) {
                for (int x = 60; x < image.width() - 30; ++x) {
                    const QColor c = image.pixelColor(x, y);
                    n += c.blue() > c.red() + 60; // Azure's blue
                }
            }
            return n;
        };
        QVERIFY(inkedAbove(m_chart->grab().toImage(), 90, 150) >= 40);
        QImage file(460, 220, QImage::Format_RGB32);
        file.fill(theme().panel);
        QPainter p(&file);
        paintTimeChart(p, QSizeF(460, 220), data, {});
        p.end();
        QVERIFY(inkedAbove(file, 90, 150) >= 40);
        QVERIFY(plot()->graph(0)->dataCount() < 10'000);
    }

    void benchMeasuresWhatItSays()
    {
        const ChartsBench bench = benchmarkCharts({600, 400}, 2000, 3);
        QCOMPARE(bench.charts, 6);
        QVERIFY(bench.repaintSeconds > 0 && bench.updateSeconds > 0);
    }
};

QTEST_MAIN(TestTimeChartLinked)
#include "tst_time_chart_linked.moc"

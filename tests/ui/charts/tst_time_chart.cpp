// SPDX-License-Identifier: GPL-3.0-or-later
#include "chart_samples.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/time_chart.h"
#include "ui/shell/export_picture.h"

#include <QElapsedTimer>
#include <QFile>
#include <QImage>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace isobar::ui;
using namespace isobar::ui::test;

namespace {

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

int pixelsOf(const QImage& image, const QColor& color)
{
    int n = 0;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            n += image.pixelColor(x, y).rgb() == color.rgb();
        }
    }
    return n;
}

} // namespace

/// The chart shows what it was given, answers the mouse and the keys, and reaches a file as it is.
class TestTimeChart : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::unique_ptr<QWidget> m_window;
    TimeChart* m_chart = nullptr;

    QCustomPlot* plot() const { return m_chart->findChild<QCustomPlot*>(QStringLiteral("plot")); }
    QWidget* tip() const { return m_window->findChild<QWidget*>(QStringLiteral("valueTip")); }
    QPoint pixelAt(double time) const
    {
        return {qRound(plot()->xAxis->coordToPixel(time)), plot()->axisRect()->center().y()};
    }

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void init()
    {
        applyTheme(ThemeChoice::Dark);
        m_window = std::make_unique<QWidget>();
        m_window->resize(700, 420);
        m_chart = new TimeChart(m_window.get());
        m_chart->setGeometry(20, 20, 420, 240);
        m_chart->setData(twoLayers());
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
        plot()->replot();
    }

    void cleanup() { m_window.reset(); }

    void hoveringTellsTheValuesOfTheNearestMoment()
    {
        QCOMPARE(m_chart->hoverText(), QString());
        QTest::mouseMove(plot(), pixelAt(kNoon + 5));
        QTest::mouseMove(plot(), pixelAt(kNoon + 52));
        const QString expected = QStringLiteral("12:00:50 UTC tokens/s\nGoogle Cloud: 1.50 M\nAzure: 3.00 M\nTotal: "
                                                "4.50 M"); // the stack from the top down
        QTRY_COMPARE(m_chart->hoverText(), expected);
        QVERIFY(tip() != nullptr && tip()->isVisible());
        QVERIFY(m_window->rect().contains(tip()->geometry()));
        // New data under a resting mouse: the tooltip tells the new values.
        TimeChartData data = twoLayers();
        data.series[0].values[5] = 5e6;
        m_chart->setData(data);
        QTRY_VERIFY(m_chart->hoverText().contains(QStringLiteral("Azure: 5.00 M")));
        QTest::mouseMove(m_window.get(), QPoint(650, 400));
        QTRY_COMPARE(m_chart->hoverText(), QString());
        QVERIFY(!tip()->isVisible());
    }

    void aScreenReaderHearsRankTrendAndEvents()
    {
        TimeChartData data = twoLayers();
        data.events = {{kNoon + 20, TimeEvent::Kind::Trouble, QStringLiteral("spot reclaim")}};
        m_chart->setData(data);
        QCOMPARE(m_chart->accessibleName(), QStringLiteral("Throughput by provider"));
        QCOMPARE(
            m_chart->accessibleDescription(),
            QStringLiteral("tokens/s, latest: Azure 3.00 M, rank 1 of 2, no change over the range; Google Cloud 2.00 "
                           "M, rank 2 of 2, +100.0 % over the range; events: 1, last: spot reclaim"));
    }

    void theTooltipStaysInTheWindowAtTheEdges()
    {
        m_chart->setGeometry(270, 170, 420, 240);
        for (const double at : {kNoon, kNoon + 100}) {
            QTest::mouseMove(plot(), pixelAt(kNoon + 50));
            QTest::mouseMove(plot(), pixelAt(at));
            QTRY_VERIFY(tip() != nullptr && tip()->isVisible());
            QVERIFY(m_window->rect().contains(tip()->geometry()));
            // It does not cover the line it explains.
            const int x = plot()->mapTo(m_window.get(), pixelAt(at)).x();
            QVERIFY(tip()->geometry().left() > x || tip()->geometry().right() < x);
        }
    }

    void keysWalkThroughTheSamples()
    {
        m_chart->setFocus();
        QTRY_VERIFY(m_chart->hasFocus());
        QTest::keyClick(m_chart, Qt::Key_Left); // the first key shows the latest sample
        QVERIFY(m_chart->hoverText().startsWith(QStringLiteral("12:01:40")));
        QTest::keyClick(m_chart, Qt::Key_Left);
        QVERIFY(m_chart->hoverText().startsWith(QStringLiteral("12:01:30")));
        QTest::keyClick(m_chart, Qt::Key_Home);
        QVERIFY(m_chart->hoverText().startsWith(QStringLiteral("12:00:00")));
        QTest::keyClick(m_chart, Qt::Key_Right);
        QVERIFY(m_chart->hoverText().startsWith(QStringLiteral("12:00:10")));
        QTest::keyClick(m_chart, Qt::Key_PageDown);
        QVERIFY(m_chart->hoverText().startsWith(QStringLiteral("12:01:40")));
        QTest::keyClick(m_chart, Qt::Key_Escape);
        QCOMPARE(m_chart->hoverText(), QString());
    }

    void newDataIsDrawnOnce()
    {
        int replots = 0;
        connect(plot(), &QCustomPlot::afterReplot, this, [&replots] { ++replots; });
        m_chart->setData(m_chart->data());
        QCOMPARE(replots, 0); // with the next event, and not by the crosshair before
        QTRY_COMPARE(replots, 1);
        QTest::mouseMove(plot(), pixelAt(kNoon + 20));
        QTRY_VERIFY(!m_chart->hoverText().isEmpty());
        QCOMPARE(replots, 1);
    }

    void hoveringRepaintsOnlyItsLayer()
    {
        int replots = 0;
        connect(plot(), &QCustomPlot::afterReplot, this, [&replots] { ++replots; });
        for (int i = 0; i < 20; ++i) {
            QTest::mouseMove(plot(), pixelAt(kNoon + 5.0 * i));
        }
        QTRY_VERIFY(!m_chart->hoverText().isEmpty());
        QCOMPARE(replots, 0);
        QCOMPARE(plot()->layer(QStringLiteral("hover"))->mode(), QCPLayer::lmBuffered);
    }

    void emptyDataSaysSo()
    {
        m_chart->setData({});
        QVERIFY(!plot()->isVisible());
        TimeChartData data;
        data.emptyText = QStringLiteral("Nothing recorded yet.");
        data.target = 5;
        m_chart->setData(data);
        QVERIFY(!plot()->isVisible());
        QCOMPARE(m_chart->accessibleDescription(), QStringLiteral("Nothing recorded yet."));
        const QImage middle = m_chart->grab().toImage().copy(60, 80, 300, 80);
        const int words = middle.width() * middle.height() - pixelsOf(middle, theme().panel);
        QVERIFY2(words > 200 && words < 4000, qPrintable(QString::number(words)));
        QTest::keyClick(m_chart, Qt::Key_Right);
        QCOMPARE(m_chart->hoverText(), QString());
        m_chart->setData(twoLayers());
        QVERIFY(plot()->isVisible());
    }

    void aSinglePointIsADot()
    {
        TimeChartData data;
        data.series = {seriesOf("one", QColor(255, 0, 255), {kNoon}, {4e6})};
        m_chart->setData(data);
        plot()->replot();
        const int dots = pixelsOf(plot()->toPixmap(400, 200).toImage(), QColor(255, 0, 255));
        QVERIFY2(dots >= 4 && dots < 60, qPrintable(QString::number(dots)));
    }

    void gapsAreNotBridged()
    {
        TimeChartData data;
        QVector<double> times, values;
        for (int i = 0; i <= 100; ++i) {
            times << kNoon + i;
            values << (i > 40 && i < 60 ? kNaN : 5.0);
        }
        data.series = {seriesOf("a", QColor(255, 0, 255), times, values)};
        m_chart->setData(data);
        plot()->replot();
        const QImage image = plot()->grab().toImage();
        const auto inked = [&](double time) {
            const int x = qRound(plot()->xAxis->coordToPixel(time));
            for (int y = 0; y < image.height(); ++y) {
                const QColor c = image.pixelColor(x, y);
                if (c.red() > 120 && c.green() < 90) {
                    return true;
                }
            }
            return false;
        };
        QVERIFY(inked(kNoon + 20));
        QVERIFY(!inked(kNoon + 50));
        QVERIFY(inked(kNoon + 80));
    }

    void layersTouchWithoutACrack()
    {
        const QImage image = plot()->grab().toImage();
        const int x = pixelAt(kNoon + 50).x();
        const int top = qRound(plot()->yAxis->coordToPixel(4.5e6)), bottom = qRound(plot()->yAxis->coordToPixel(0));
        for (int y = top + 2; y < bottom - 1; ++y) {
            QVERIFY2(image.pixelColor(x, y) != theme().panel, qPrintable(QString::number(y)));
        }
    }

    void targetIsDrawnAndNamed()
    {
        TimeChartData data = twoLayers();
        data.stacked = false;
        data.target = 2.5e6;
        data.targetLabel = QStringLiteral("SLO 2.5 M");
        m_chart->setData(data);
        auto* line = plot()->findChild<QCPItemLine*>(QStringLiteral("target"));
        auto* label = plot()->findChild<QCPItemText*>(QStringLiteral("targetLabel"));
        QVERIFY(line != nullptr && label != nullptr);
        QCOMPARE(line->start->coords().y(), 2.5e6);
        QCOMPARE(line->pen().style(), Qt::DashLine);
        QCOMPARE(label->text(), QStringLiteral("SLO 2.5 M"));
        m_chart->setData(data); // again: replaced, not added to
        QCOMPARE(plot()->findChildren<QCPItemLine*>().size(), 1);
    }

    /// Labels of both axes are all different and do not run into each other at the smallest size.
    void smallestSizeReads()
    {
        m_chart->resize(m_chart->minimumSizeHint());
        TimeChartData data = twoLayers();
        data.from = kNoon, data.to = kNoon + 86400;
        m_chart->setData(data);
        plot()->replot();
        const auto positions = [this](QCPAxis* axis) {
            QVector<double> all;
            for (const double at : axis->tickVector()) {
                if (axis->range().contains(at)) {
                    all << axis->coordToPixel(at);
                }
            }
            return all;
        };
        const QVector<double> x = positions(plot()->xAxis), y = positions(plot()->yAxis);
        QVERIFY(x.size() >= 2 && y.size() >= 2);
        for (qsizetype i = 1; i < x.size(); ++i) {
            QVERIFY(x[i] - x[i - 1] >= textWidth(font(TextRole::Small), QStringLiteral("00:00")) + 8);
        }
        for (qsizetype i = 1; i < y.size(); ++i) {
            QVERIFY(y[i - 1] - y[i] >= 14);
        }
        QVERIFY(plot()->axisRect()->height() >= 40);
        QVERIFY(m_chart->rect().contains(plot()->geometry()));
    }

    void linesStayOnePixelWide()
    {
        for (int i = 0; i < plot()->graphCount(); ++i) {
            QCOMPARE(plot()->graph(i)->pen().widthF(), 1.0); // wider antialiased lines cost hundreds of times more
        }
    }

    void followsTheTheme()
    {
        const QImage dark = m_chart->grab().toImage();
        QCOMPARE(dark.pixelColor(210, 5), Theme::darkTheme().panel);
        applyTheme(ThemeChoice::Light);
        plot()->replot();
        QCOMPARE(m_chart->grab().toImage().pixelColor(210, 5), Theme::lightTheme().panel);
        QCOMPARE(plot()->xAxis->tickLabelColor(), Theme::lightTheme().muted);
    }

    /// A cost relative to this machine: four times 100,000 noisy samples may cost no more than 400 passes over them.
    void manySamplesPaintInTime()
    {
        TimeChartData data;
        data.stacked = true;
        quint32 state = 1;
        for (int s = 0; s < 4; ++s) {
            QVector<double> times, values;
            for (int i = 0; i < 100000; ++i) {
                state = state * 1664525U + 1013904223U;
                times << kNoon + i;
                values << 1e6 + (state >> 8) % 100000;
            }
            data.series.push_back(seriesOf("s", theme().provider(s % 2 ? "azure" : "gcp"), times, values));
        }
        QElapsedTimer timer;
        timer.start();
        double sum = 0;
        for (int pass = 0; pass < 20; ++pass) {
            for (const TimeSeries& s : data.series) {
                for (const double v : s.values) {
                    sum += std::sqrt(v);
                }
            }
        }
        const double onePass = static_cast<double>(timer.nsecsElapsed()) / 20;
        QVERIFY(sum > 0);
        timer.start();
        m_chart->setData(data);
        const double setting = static_cast<double>(timer.nsecsElapsed());
        timer.start();
        plot()->replot();
        const double painting = static_cast<double>(timer.nsecsElapsed());
        qInfo("one pass %.2f ms, set %.1f ms, paint %.1f ms", onePass / 1e6, setting / 1e6, painting / 1e6);
        QVERIFY(setting + painting < 400 * onePass);
    }

    void exports_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void exports()
    {
        QFETCH(bool, dark);
        applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
        TimeChartData data = twoLayers();
        data.from = kNoon + 15, data.to = kNoon + 85; // data on both sides of the range
        const QSizeF size(640, 360);
        const QString footer = QStringLiteral("Simulated · seed 42 · data 2026-11");
        const auto chart = [&](QPainter& painter) { paintTimeChart(painter, size, data, footer); };
        const auto to = [&](const char* name, PictureFormat format, double scale) {
            const QString path = m_folder.filePath(QLatin1String(name));
            const isobar::Status status = exportPicture(path, format, size, scale, data.title, chart);
            return status.ok() ? path : QString::fromStdString(status.error().toString());
        };

        const QByteArray svg = bytesOf(to("a.svg", PictureFormat::Svg, 1));
        QVERIFY(svg.contains("Throughput by provider</text>"));
        QVERIFY(svg.contains(">Google Cloud</text>"));
        QVERIFY(svg.contains(footer.toUtf8()));
        QVERIFY(svg.contains("font-family=\"" + loadFonts().toUtf8()));
        QVERIFY(svg.contains(">12:00:30</text>"));
        QVERIFY2(!svg.contains("<image"), "pixels in a vector picture");

        const QByteArray pdf = bytesOf(to("a.pdf", PictureFormat::Pdf, 1));
        QVERIFY(pdf.startsWith("%PDF"));
        QVERIFY(pdf.size() > 5000);

        const QImage one(to("a.png", PictureFormat::Png, 1)), three(to("b.png", PictureFormat::Png, 3));
        QCOMPARE(one.size(), QSize(640, 360));
        QCOMPARE(three.size(), QSize(1920, 1080));
        // Large picture, same drawing: the same share of it is Azure's fill.
        const QColor azure = mixed(theme().panel, theme().provider("azure"), 0.82);
        const double small = pixelsOf(one, azure) / (640.0 * 360), large = pixelsOf(three, azure) / (1920.0 * 1080);
        QVERIFY2(small > 0.1 && qAbs(small - large) < 0.02, qPrintable(QStringLiteral("%1 %2").arg(small).arg(large)));
        // Nothing is drawn outside the panel: a frame of ground stays around it.
        for (int x = 0; x < one.width(); ++x) {
            QCOMPARE(one.pixelColor(x, 6), theme().ground);
        }
        for (int y = 0; y < one.height(); ++y) {
            QCOMPARE(one.pixelColor(5, y), theme().ground);
            QCOMPARE(one.pixelColor(634, y), theme().ground);
        }
    }

    void exportsShareAndEmptyChart()
    {
        const QString path = m_folder.filePath(QStringLiteral("share.svg"));
        const QSizeF size(420, 200); // less than the rows want: made smaller, not cut off
        QVERIFY(exportPicture(path, PictureFormat::Svg, size, 1, QStringLiteral("Share"), [&](QPainter& painter) {
                    paintShareBars(painter, size, {threeShares()}, QStringLiteral("seed 42"));
                }).ok());
        const QByteArray svg = bytesOf(path);
        for (const char* words : {"Share by provider", "Google Cloud", "30.0 %", "$14.62 M / day", "seed 42"}) {
            QVERIFY2(svg.contains(words), words);
        }
        QVERIFY(exportPicture(path, PictureFormat::Svg, size, 1, QStringLiteral("Empty"), [&](QPainter& painter) {
                    TimeChartData data;
                    data.title = QStringLiteral("Queue");
                    data.emptyText = QStringLiteral("Nothing recorded yet.");
                    paintTimeChart(painter, size, data, {});
                }).ok());
        QVERIFY(bytesOf(path).contains("Nothing recorded yet."));
    }
};

QTEST_MAIN(TestTimeChart)
#include "tst_time_chart.moc"

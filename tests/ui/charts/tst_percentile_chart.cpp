// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_export.h"
#include "ui/charts/percentile_chart.h"
#include "ui/shell/theme.h"

#include <QImage>
#include <QPainter>
#include <QStandardPaths>
#include <QTest>

#include <algorithm>
#include <cmath>

using namespace isobar::ui;

namespace {

/// Exponential with a mean of one second: quantile q is -ln(1 - q).
PercentileCurve exponential(const QString& name, const QColor& color, double mean, bool dashed)
{
    PercentileCurve curve{name, color, percentileGrid(), {}, dashed};
    for (const double ratio : curve.ratios) {
        curve.seconds.append(-mean * std::log1p(-ratio));
    }
    return curve;
}

PercentileChartData twoCurves()
{
    PercentileChartData data;
    data.title = QStringLiteral("Time to first token");
    data.curves = {exponential(QStringLiteral("A"), QColor(0, 200, 80), 1, false),
                   exponential(QStringLiteral("B"), QColor(200, 80, 200), 0.1, true)};
    data.target = 0.5;
    data.targetLabel = QStringLiteral("SLO 0.5 s");
    return data;
}

/// Pixels that are nearer to `color` than to the panel it is drawn on: antialiasing mixes the two.
int pixels(const QImage& image, const QColor& color)
{
    const auto distance = [](const QColor& a, const QColor& b) {
        return std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue());
    };
    int found = 0;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            const QColor at = image.pixelColor(x, y);
            const int whole = distance(color, theme().panel);
            // On the way from the panel to the colour, at least four tenths of it.
            found +=
                distance(at, color) < 0.6 * whole && distance(at, color) + distance(at, theme().panel) < 1.1 * whole
                    ? 1
                    : 0;
        }
    }
    return found;
}

} // namespace

/// Percentile curves: what is drawn, read and said.
class TestPercentileChart : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
    }
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void theGridHasTheMarksExactly()
    {
        const QVector<double>& grid = percentileGrid();
        QVERIFY(std::is_sorted(grid.begin(), grid.end()));
        QVERIFY(std::adjacent_find(grid.begin(), grid.end()) == grid.end());
        for (const double ratio : {0.0, 0.5, 0.9, 0.95, 0.99, 0.999}) {
            QVERIFY2(grid.contains(ratio), qPrintable(QString::number(ratio)));
        }
    }

    void percentilesHaveNames()
    {
        QCOMPARE(percentileName(0), QStringLiteral("p0"));
        QCOMPARE(percentileName(0.95), QStringLiteral("p95"));
        QCOMPARE(percentileName(0.999), QStringLiteral("p99.9"));
        QCOMPARE(percentileName(0.9968), QStringLiteral("p99.68"));
        QCOMPARE(percentileName(0.99896), QStringLiteral("p99.896")); // not yet p99.9
    }

    void bothCurvesAndTheTargetAreDrawn()
    {
        PercentileChartData data = twoCurves();
        const auto painted = [&] {
            QImage image(640, 400, QImage::Format_RGB32);
            QPainter painter(&image);
            paintPercentileChart(painter, image.size(), data, QStringLiteral("source"));
            painter.end();
            return image;
        };
        const QImage with = painted();
        QVERIFY(pixels(with, QColor(0, 200, 80)) > 100);
        QVERIFY(pixels(with, QColor(200, 80, 200)) > 60);
        QVERIFY(pixels(with, theme().trouble) > 100);
        data.target = 5000; // far above all: the data would be pressed flat
        QCOMPARE(pixels(painted(), theme().trouble), 0);
    }

    void valuesAreReadByMouse()
    {
        PercentileChart chart;
        chart.resize(420, 260);
        chart.setData(twoCurves());
        chart.show();
        QVERIFY(QTest::qWaitForWindowExposed(&chart));
        QTest::mouseMove(&chart, QPoint(200, 120));
        QTest::mouseMove(&chart, QPoint(419 - 14 - 14, 130)); // the right end of the axis
        QTRY_VERIFY(!chart.hoverText().isEmpty());
        QVERIFY2(chart.hoverText().startsWith(QStringLiteral("p99.9")), qPrintable(chart.hoverText()));
        QVERIFY2(chart.hoverText().contains(QStringLiteral("6.91 s")), qPrintable(chart.hoverText())); // -ln(0.001)
        QVERIFY(chart.hoverText().contains(QStringLiteral("691 ms")));                                 // the ghost
    }

    void itDescribesItself()
    {
        PercentileChart chart;
        chart.setData(twoCurves());
        QCOMPARE(chart.accessibleName(), QStringLiteral("Time to first token"));
        QVERIFY2(chart.accessibleDescription().contains(QStringLiteral("A: p50 693 ms")),
                 qPrintable(chart.accessibleDescription()));
        QVERIFY(chart.accessibleDescription().contains(QStringLiteral("SLO 0.5 s")));
        PercentileChartData nothing;
        nothing.emptyText = QStringLiteral("No run yet");
        chart.setData(nothing);
        QCOMPARE(chart.accessibleDescription(), QStringLiteral("No run yet"));
    }

    void zerosDoNotBreakTheAxis()
    {
        PercentileChartData data = twoCurves();
        data.curves.resize(1);
        std::fill(data.curves[0].seconds.begin(), data.curves[0].seconds.end(), 0.0);
        data.target.reset();
        QImage image(400, 240, QImage::Format_RGB32);
        QPainter painter(&image);
        paintPercentileChart(painter, image.size(), data, {});
        painter.end();
        QVERIFY(pixels(image, QColor(0, 200, 80)) > 100);
    }
};

QTEST_MAIN(TestPercentileChart)
#include "tst_percentile_chart.moc"

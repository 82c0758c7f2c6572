// SPDX-License-Identifier: GPL-3.0-or-later
#include "chart_samples.h"
#include "ui/charts/axis_ticks.h"
#include "ui/charts/prepared_series.h"

#include <QTest>

#include <map>
#include <random>
#include <set>

using namespace isobar::ui;
using namespace isobar::ui::test;

namespace {

QStringList labels(const std::vector<Tick>& ticks)
{
    QStringList all;
    for (const Tick& tick : ticks) {
        all << tick.label;
    }
    return all;
}

/// Six pixels a letter: good enough to place labels by.
double width(const QString& text)
{
    return 6.0 * static_cast<double>(text.size());
}

} // namespace

/// Ticks at round places, and the values that are really drawn.
class TestAxisTicks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void valueTicksRead_data()
    {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<bool>("fromZero");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char* name, double low, double high, bool fromZero, const char* expected) {
            QTest::newRow(name) << low << high << fromZero << QString::fromUtf8(expected).replace(u'_', QChar(0x202F));
        };
        row("stack of millions", 0, 9.3e6, true, "0|2_M|4_M|6_M|8_M|10_M");
        row("half a million", 0, 1.4e6, true, "0|0.5_M|1.0_M|1.5_M");
        row("small seconds", 0.12, 0.5, false, "0|0.1|0.2|0.3|0.4|0.5");
        row("thousands are written out below ten", 0, 7800, true, "0|2,000|4,000|6,000|8,000");
        row("thousands are shortened from ten on", 0, 24000, true, "0|5_k|10_k|15_k|20_k|25_k");
        row("close values away from zero", 0.991, 0.998, false, "0.990|0.992|0.994|0.996|0.998");
        row("across zero", -4, 6, false, "−4|−2|0|2|4|6");
        row("all zero", 0, 0, true, "0|0.2|0.4|0.6|0.8|1.0");
        row("no data", kNaN, kNaN, true, "0|0.2|0.4|0.6|0.8|1.0");
    }
    void valueTicksRead()
    {
        QFETCH(double, low);
        QFETCH(double, high);
        QFETCH(bool, fromZero);
        QFETCH(QString, expected);
        QCOMPARE(labels(valueAxis(low, high, 6, fromZero).ticks).join(u'|'), expected);
    }

    /// Whatever the data: covered, not too many ticks, all labels different.
    void valueTicksAlwaysCover()
    {
        std::mt19937 random(7);
        for (int i = 0; i < 3000; ++i) {
            const double size = std::pow(10.0, static_cast<double>(random() % 25) - 9);
            const double a = (static_cast<double>(random()) / 4294967296.0 - 0.3) * size;
            const double b = a + static_cast<double>(random()) / 4294967296.0 * size + size * 1e-3;
            const int most = 2 + static_cast<int>(random() % 6);
            const ValueAxis axis = valueAxis(a, b, most, random() % 2 == 0);
            QVERIFY(axis.lower <= a + size * 1e-9);
            QVERIFY(axis.upper >= b - size * 1e-9);
            QVERIFY(axis.ticks.size() >= 2);
            QVERIFY2(static_cast<int>(axis.ticks.size()) <= std::max(most, a < 0 && b > 0 ? 3 : 2),
                     qPrintable(labels(axis.ticks).join(u' ')));
            QStringList seen = labels(axis.ticks);
            seen.removeDuplicates();
            QCOMPARE(seen.size(), static_cast<qsizetype>(axis.ticks.size()));
        }
    }

    void timeTicksRead_data()
    {
        QTest::addColumn<double>("from");
        QTest::addColumn<double>("to");
        QTest::addColumn<double>("pixels");
        QTest::addColumn<QString>("expected");
        const double day = 86400;
        QTest::newRow("a minute and a half")
            << kNoon << kNoon + 90 << 300.0
            << QStringLiteral("12:00:00|12:00:30|12:01:00") /* a fourth would hang over */;
        QTest::newRow("an hour") << kNoon << kNoon + 3600 << 240.0 << QStringLiteral("12:00|12:15|12:30|12:45|13:00");
        QTest::newRow("a day names midnight")
            << kNoon << kNoon + day << 300.0 << QStringLiteral("12:00|18:00|23 Nov|06:00|12:00");
        QTest::newRow("a week") << kNoon << kNoon + 7 * day << 300.0 << QStringLiteral("23 Nov|25 Nov|27 Nov|29 Nov");
        QTest::newRow("weeks start on Mondays")
            << kNoon << kNoon + 28 * day << 240.0 << QStringLiteral("23 Nov|30 Nov|7 Dec|14 Dec");
        QTest::newRow("half a year") << kNoon << kNoon + 180 * day << 420.0
                                     << QStringLiteral("Dec 2026|Jan 2027|Feb 2027|Mar 2027|Apr 2027|May 2027");
        QTest::newRow("ten years") << kNoon << kNoon + 3652 * day << 300.0
                                   << QStringLiteral("2028|2030|2032|2034|2036");
        QTest::newRow("nothing") << kNoon << kNoon << 300.0 << QString();
        QTest::newRow("backwards") << kNoon << kNoon - 5 << 300.0 << QString();
        QTest::newRow("no room") << kNoon << kNoon + 60 << 0.0 << QString();
    }
    void timeTicksRead()
    {
        QFETCH(double, from);
        QFETCH(double, to);
        QFETCH(double, pixels);
        QTEST(labels(timeTicks(from, to, pixels, 16, width)).join(u'|'), "expected");
    }

    /// From seconds to decades at any width: labels keep apart, stay inside, and there is nearly always one.
    void timeLabelsNeverOverlap()
    {
        std::mt19937 random(11);
        int without = 0, tried = 0;
        for (double span = 5; span < 1.5e9; span *= 1.37) {
            for (double pixels = 120; pixels < 1500; pixels *= 1.31) {
                const double from = kNoon + static_cast<double>(random() % 90000000);
                const std::vector<Tick> ticks = timeTicks(from, from + span, pixels, 16, width);
                const double scale = pixels / span;
                for (std::size_t i = 0; i < ticks.size(); ++i) {
                    const double x = (ticks[i].at - from) * scale, half = width(ticks[i].label) / 2;
                    QVERIFY(x >= 0 && x + half <= pixels + 16);
                    if (i > 0) {
                        const double before = (ticks[i - 1].at - from) * scale + width(ticks[i - 1].label) / 2;
                        QVERIFY2(x - half - before >= 6, qPrintable(labels(ticks).join(u' ')));
                    }
                }
                ++tried;
                without += ticks.empty();
            }
        }
        QVERIFY2(without * 20 < tried, qPrintable(QString::number(without)));
    }

    void momentsAreAsExactAsTheRange()
    {
        QCOMPARE(momentText(kNoon + 31, 3600), QStringLiteral("12:00:31 UTC"));
        QCOMPARE(momentText(kNoon + 31, 86400), QStringLiteral("22 Nov 12:00 UTC"));
        QCOMPARE(momentText(kNoon, 4e7), QStringLiteral("22 Nov 2026"));
    }

    void valuesForTooltips()
    {
        QCOMPARE(valueText(kNaN), QStringLiteral("–"));
        QCOMPARE(valueText(0), QStringLiteral("0.00"));
        QCOMPARE(valueText(0.001234), QStringLiteral("0.00123"));
        QCOMPARE(valueText(3.02e6), QStringLiteral("3.02 M"));
    }

    void emptyDataIsEmpty()
    {
        QVERIFY(prepareChart({}).empty);
        TimeChartData gapsOnly;
        gapsOnly.stacked = true;
        gapsOnly.target = 5;
        gapsOnly.series = {seriesOf("a", Qt::red, {1, 2}, {kNaN, kNaN}), seriesOf("b", Qt::red, {}, {})};
        QVERIFY(prepareChart(gapsOnly).empty);
    }

    void aSinglePointGetsAMinute()
    {
        TimeChartData data;
        data.series = {seriesOf("a", Qt::red, {kNoon}, {4})};
        const PreparedChart chart = prepareChart(data);
        QVERIFY(!chart.empty);
        QCOMPARE(chart.from, kNoon - 30);
        QCOMPARE(chart.to, kNoon + 30);
        QCOMPARE(chart.series[0].loneTimes, QVector<double>{kNoon}); // a line through one point would be invisible
    }

    void gapsStayGapsAndLoneSamplesAreFound()
    {
        TimeChartData data;
        const double inf = std::numeric_limits<double>::infinity();
        data.series = {seriesOf("a", Qt::red, {0, 1, 2, 3, 4, 5}, {1, 2, kNaN, 7, inf, 3})};
        const PreparedSeries s = prepareChart(data).series[0];
        QVERIFY(std::isnan(s.values[2]) && std::isnan(s.values[4]));
        QCOMPARE(s.loneTimes, (QVector<double>{3, 5}));
        QCOMPARE(prepareChart(data).high, 7.0); // the infinite one does not count
    }

    void trimsOnTheLine()
    {
        TimeChartData data;
        data.series = {seriesOf("a", Qt::red, {0, 10, 20}, {0, 100, 200})};
        data.from = 5, data.to = 12;
        const PreparedSeries s = prepareChart(data).series[0];
        QCOMPARE(s.times, (QVector<double>{5, 10, 12}));
        QCOMPARE(s.values, (QVector<double>{50, 100, 120}));
        data.from = 100, data.to = 200;
        QVERIFY(prepareChart(data).empty);
    }

    void stacksOnOneGridAndOnTwo()
    {
        TimeChartData data;
        data.stacked = true;
        data.series = {seriesOf("a", Qt::red, {0, 10, 20}, {1, 2, 3}), seriesOf("b", Qt::red, {0, 10, 20}, {5, 5, 5})};
        QCOMPARE(prepareChart(data).series[1].values, (QVector<double>{6, 7, 8}));
        data.series[1] = seriesOf("b", Qt::red, {10, 15, 20}, {5, 6, 7}); // starts later, has its own samples
        const PreparedChart chart = prepareChart(data);
        QCOMPARE(chart.series[1].times, (QVector<double>{0, 10, 15, 20}));
        QCOMPARE(chart.series[0].values, (QVector<double>{1, 2, 2.5, 3}));
        QCOMPARE(chart.series[1].values, (QVector<double>{1, 7, 8.5, 10}));
    }

    void aGapInOneLayerIsAGapInTheSum()
    {
        TimeChartData data;
        data.stacked = true;
        data.series = {seriesOf("a", Qt::red, {0, 1, 2}, {1, 1, 1}), seriesOf("b", Qt::red, {0, 1, 2}, {2, kNaN, 2})};
        const PreparedChart chart = prepareChart(data);
        QCOMPARE(chart.series[1].values[0], 3.0);
        QVERIFY(std::isnan(chart.series[0].values[1]) && std::isnan(chart.series[1].values[1]));
    }

    void unsortedAndUnevenInputIsTamed()
    {
        TimeChartData data;
        data.series = {seriesOf("a", Qt::red, {20, 0, kNaN, 10}, {3, 1, 9})};
        const PreparedSeries s = prepareChart(data).series[0];
        QCOMPARE(s.times, (QVector<double>{0, 20}));
        QCOMPARE(s.values, (QVector<double>{1, 3}));
    }

    void theTargetIsInsideTheAxis()
    {
        TimeChartData data = twoLayers();
        data.target = 9e6;
        QVERIFY(prepareChart(data).high > 9e6);
        data.target = kNaN;
        QVERIFY(prepareChart(data).high < 6e6);
    }

    void outlineKeepsWhatIsSeen_data()
    {
        QTest::addColumn<int>("gapOneIn");
        QTest::addColumn<bool>("uneven");
        QTest::newRow("even") << 0 << false;
        QTest::newRow("uneven times") << 0 << true;
        QTest::newRow("a gap now and then") << 500 << true;
        QTest::newRow("as many gaps as values") << 2 << false;
        QTest::newRow("gaps alone") << 1 << false;
    }
    /// Against the obvious way: every sample asked for its column.
    void outlineKeepsWhatIsSeen()
    {
        QFETCH(int, gapOneIn);
        QFETCH(bool, uneven);
        constexpr int kColumns = 97, kSamples = 20'011;
        std::mt19937 random(5);
        QVector<double> times, values;
        double at = 1000;
        for (int i = 0; i < kSamples; ++i) {
            at += uneven ? 0.001 + 0.01 * static_cast<double>(random() % 1000) * (i % 3000 < 20 ? 50 : 1) : 1;
            times << at;
            values << (gapOneIn > 0 && random() % static_cast<unsigned>(gapOneIn) == 0
                           ? kNaN
                           : std::round(static_cast<double>(random() % 2000) - 1000));
        }
        const double from = times.front(), to = times.back();
        std::map<int, std::vector<qsizetype>> byColumn;
        for (qsizetype i = 0; i < times.size(); ++i) {
            byColumn[static_cast<int>(std::floor((times[i] - from) * (kColumns / (to - from))))].push_back(i);
        }
        Samples line, middle;
        for (const auto& [column, indices] : byColumn) {
            std::set<qsizetype> kept;
            double low = std::numeric_limits<double>::infinity(), high = -low;
            qsizetype first = -1, last = -1, gap = -1;
            for (const qsizetype i : indices) {
                if (std::isnan(values[i])) {
                    gap = i;
                    continue;
                }
                first = first < 0 ? i : first, last = i;
                low = std::min(low, values[i]), high = std::max(high, values[i]);
            }
            for (const double extreme : {low, high}) { // the first of equals
                for (const qsizetype i : indices) {
                    if (values[i] == extreme) {
                        kept.insert(i);
                        break;
                    }
                }
            }
            for (const qsizetype i : {first, last, gap}) {
                if (i >= 0) {
                    kept.insert(i);
                }
            }
            for (const qsizetype i : kept) {
                line.times << times[i];
                line.values << values[i];
            }
            middle.values << (gap >= 0 ? kNaN : (low + high) / 2);
        }
        const Outline found = outlineOf(times, values, from, to, kColumns);
        QCOMPARE(found.line.times, line.times);
        QCOMPARE(found.middle.times.size(), middle.values.size());
        QVERIFY(found.line.times.size() <= 5 * (kColumns + 2));
        const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
        QVERIFY(std::equal(line.values.begin(), line.values.end(), found.line.values.begin(), same));
        QVERIFY(std::equal(middle.values.begin(), middle.values.end(), found.middle.values.begin(), same));
        // What is few already comes back untouched.
        QCOMPARE(outlineOf(times.mid(0, 300), values.mid(0, 300), from, to, kColumns).line.times, times.mid(0, 300));
    }

    void elapsedTicksRead_data()
    {
        QTest::addColumn<double>("to");
        QTest::addColumn<QString>("expected");
        QTest::newRow("a second") << 1.0 << QStringLiteral("0.0 s|0.2 s|0.4 s|0.6 s|0.8 s|1.0 s");
        QTest::newRow("minutes") << 300.0 << QStringLiteral("0:00|1:00|2:00|3:00|4:00|5:00");
        QTest::newRow("an hour") << 3517.0 << QStringLiteral("0:00|10:00|20:00|30:00|40:00|50:00");
        QTest::newRow("days") << 4 * 86400.0 << QStringLiteral("0 d|1 d|2 d|3 d|4 d");
    }
    void elapsedTicksRead()
    {
        QFETCH(double, to);
        QFETCH(QString, expected);
        const std::vector<Tick> ticks = elapsedTicks(0, to, 300, 20, width);
        QCOMPARE(labels(ticks).join(u'|'), expected);
        for (std::size_t i = 1; i < ticks.size(); ++i) {
            QVERIFY((ticks[i].at - ticks[i - 1].at) * 300 / to >= width(ticks[i].label) + 14);
        }
    }

    void elapsedTimesRead()
    {
        QCOMPARE(elapsedText(3.25), QStringLiteral("3.25 s"));
        QCOMPARE(elapsedText(59.94), QStringLiteral("59.9 s"));
        QCOMPARE(elapsedText(3909), QStringLiteral("1:05:09"));
        QCOMPARE(elapsedText(3 * 86400.0 + 4 * 3600), QStringLiteral("3 d 4:00:00"));
        QVERIFY(elapsedTicks(5, 5, 300, 20, width).empty());
    }

    void durationTicksRead_data()
    {
        QTest::addColumn<double>("low");
        QTest::addColumn<double>("high");
        QTest::addColumn<int>("most");
        QTest::addColumn<QString>("expected");
        QTest::newRow("a decade") << 0.012 << 0.17 << 8 << QStringLiteral("10 ms|20 ms|50 ms|100 ms|200 ms");
        QTest::newRow("where there is no room") << 0.012 << 17.0 << 5 << QStringLiteral("10 ms|100 ms|1 s|10 s");
        QTest::newRow("seconds") << 1.0 << 20.0 << 6 << QStringLiteral("1 s|2 s|5 s|10 s|20 s");
        QTest::newRow("from nothing") << 0.0 << 0.9 << 8 << QStringLiteral("≤ 0.1 ms|1 ms|10 ms|100 ms|1 s");
        QTest::newRow("all equal") << 0.5 << 0.5 << 8 << QStringLiteral("500 ms|1 s");
        QTest::newRow("long") << 900.0 << 2e4 << 4 << QStringLiteral("1,000 s|10,000 s");
    }
    void durationTicksRead()
    {
        QFETCH(double, low);
        QFETCH(double, high);
        QFETCH(int, most);
        QFETCH(QString, expected);
        const DurationAxis axis = durationAxis(low, high, 1e-4, most);
        QCOMPARE(labels(axis.ticks).join(u'|'), expected);
        QVERIFY(axis.lower <= std::max(low, 1e-4) * (1 + 1e-9) && axis.upper >= high * (1 - 1e-9));
        QVERIFY(axis.lower > 0 && axis.upper > axis.lower);
    }

    void nearestSample()
    {
        const PreparedChart chart = prepareChart(twoLayers());
        QCOMPARE(nearestSampleTime(chart, kNoon + 14), kNoon + 10);
        QCOMPARE(nearestSampleTime(chart, kNoon + 16), kNoon + 20);
        QCOMPARE(nearestSampleTime(chart, 0), kNoon);
        QCOMPARE(nearestSampleTime(chart, 1e12), kNoon + 100);
        QVERIFY(std::isnan(nearestSampleTime(prepareChart({}), 5)));
    }
};

QTEST_GUILESS_MAIN(TestAxisTicks)
#include "tst_axis_ticks.moc"

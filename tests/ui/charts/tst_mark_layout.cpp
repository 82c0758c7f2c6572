// SPDX-License-Identifier: GPL-3.0-or-later
#include "mark_samples.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/heat_colors.h"
#include "ui/charts/mark_layout.h"
#include "ui/charts/prepared_series.h"

#include <QTest>

#include <numeric>
#include <random>

using namespace isobar::ui;
using namespace isobar::ui::test;

/// The arithmetic behind the mark charts, against formulas and slow references.
class TestMarkLayout : public QObject {
    Q_OBJECT

    static LorenzEntry entry(double capacity, double load) { return {{}, {}, capacity, load}; }
    static double areaOf(const QRectF& r) { return r.width() * r.height(); }

private Q_SLOTS:
    void treemapAreasAreExact_data()
    {
        QTest::addColumn<std::vector<double>>("values");
        QTest::addColumn<QRectF>("area");
        QTest::newRow("one") << std::vector<double>{3} << QRectF(5, 7, 100, 40);
        QTest::newRow("the paper's") << std::vector<double>{6, 6, 4, 3, 2, 2, 1} << QRectF(0, 0, 6, 4);
        QTest::newRow("unsorted, with nothing") << std::vector<double>{1, 0, 9, -2, 4, kNaN} << QRectF(0, 0, 300, 200);
        std::vector<double> many;
        std::mt19937 random(1);
        std::exponential_distribution<double> skewed(1);
        for (int i = 0; i < 200; ++i) {
            many.push_back(std::pow(skewed(random), 4));
        }
        QTest::newRow("two hundred, skewed") << many << QRectF(10, 20, 900, 460);
        QTest::newRow("upright") << many << QRectF(0, 0, 120, 900);
    }

    void treemapAreasAreExact()
    {
        QFETCH(std::vector<double>, values);
        QFETCH(QRectF, area);
        const std::vector<QRectF> rects = squarify(values, area);
        QCOMPARE(rects.size(), values.size());
        double total = 0, covered = 0;
        for (const double v : values) {
            total += v > 0 ? v : 0;
        }
        for (std::size_t i = 0; i < rects.size(); ++i) {
            if (!(values[i] > 0)) {
                QVERIFY(rects[i].isEmpty());
                continue;
            }
            const double expected = values[i] / total * areaOf(area);
            QVERIFY2(std::abs(areaOf(rects[i]) - expected) <= 1e-9 * areaOf(area), qPrintable(QString::number(i)));
            QVERIFY(area.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(rects[i]));
            covered += areaOf(rects[i]);
            for (std::size_t k = 0; k < i; ++k) {
                const QRectF both = rects[i].intersected(rects[k]);
                QVERIFY(both.width() < 1e-6 || both.height() < 1e-6);
            }
        }
        QVERIFY(std::abs(covered - areaOf(area)) < 1e-6 * areaOf(area));
    }

    void treemapIsSquarish()
    {
        // The paper's example: no rectangle is worse than 2:1 but for the last crumbs; slicing would give 16:1.
        const std::vector<QRectF> rects = squarify({6, 6, 4, 3, 2, 2, 1}, QRectF(0, 0, 6, 4));
        for (const QRectF& r : rects) {
            QVERIFY(std::max(r.width() / r.height(), r.height() / r.width()) < 3);
        }
        QCOMPARE(rects[0], QRectF(0, 0, 3, 2)); // as printed in the paper's figure 5
        QCOMPARE(rects[1], QRectF(0, 2, 3, 2));
    }

    void giniIsTheMeanDifference()
    {
        const std::vector<LorenzEntry> entries = loadSpread().entries;
        double capacity = 0, load = 0, difference = 0;
        for (const LorenzEntry& e : entries) {
            capacity += e.capacity, load += e.load;
        }
        // G = ΣΣ wᵢ wⱼ |rᵢ − rⱼ| ÷ 2 r̄, with capacity as the weight and load over capacity as the value.
        for (const LorenzEntry& a : entries) {
            for (const LorenzEntry& b : entries) {
                difference +=
                    a.capacity / capacity * b.capacity / capacity * std::abs(a.load / a.capacity - b.load / b.capacity);
            }
        }
        const LorenzCurve curve = lorenzCurve(entries);
        QVERIFY(std::abs(curve.gini - difference / (2 * load / capacity)) < 1e-12);
        QVERIFY(curve.gini > 0.1);
        for (qsizetype i = 1; i < curve.points.size(); ++i) { // below the diagonal and bent one way
            QVERIFY(curve.points[i].y() <= curve.points[i].x() + 1e-12);
            QVERIFY(curve.points[i].x() >= curve.points[i - 1].x());
        }
    }

    void giniAtTheEnds()
    {
        QVERIFY(std::abs(lorenzCurve({entry(2, 4), entry(5, 10)}).gini) < 1e-12);
        // One of four carries everything: (n − 1) ÷ n.
        QVERIFY(std::abs(lorenzCurve({entry(1, 0), entry(1, 0), entry(1, 7), entry(1, 0)}).gini - 0.75) < 1e-12);
        QVERIFY(lorenzCurve({}).points.isEmpty());
        QVERIFY(lorenzCurve({entry(1, 0)}).points.isEmpty()); // no load, no curve
        QVERIFY(lorenzCurve({entry(0, 3)}).points.isEmpty()); // no capacity
    }

    void concentrationIndex()
    {
        QVERIFY(std::abs(herfindahl(whoHasIt().rows) -
                         (0.462 * 0.462 + 0.228 * 0.228 + 0.151 * 0.151 + 0.094 * 0.094 + 0.065 * 0.065)) < 1e-12);
        QCOMPARE(herfindahl({}), 0.0);
    }

    void sankeyConservesAndDoesNotOverlap_data()
    {
        QTest::addColumn<QRectF>("area");
        QTest::newRow("wide") << QRectF(0, 0, 900, 400);
        QTest::newRow("small") << QRectF(20, 30, 150, 90);
    }

    void sankeyConservesAndDoesNotOverlap()
    {
        QFETCH(QRectF, area);
        const SankeyData data = flowsToModels(8);
        const SankeyPlaces places = placeSankey(data, area, 9, 8);
        double total = 0;
        for (const SankeyPath& path : data.paths) {
            total += path.value;
        }
        std::vector<double> columns(3, 0);
        for (const SankeyNodePlace& n : places.nodes) {
            columns[static_cast<std::size_t>(n.column)] += n.value;
            QVERIFY(std::abs(n.rect.height() - n.value * places.scale) < 1e-9);
            QVERIFY(area.adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(n.rect));
            for (const SankeyNodePlace& other : places.nodes) {
                QVERIFY(&n == &other || n.column != other.column || n.rect.bottom() <= other.rect.top() + 1e-9 ||
                        other.rect.bottom() <= n.rect.top() + 1e-9);
            }
            // The ribbons on either side tile the node from end to end.
            for (const bool right : {true, false}) {
                std::vector<std::pair<double, double>> pieces;
                for (const SankeyRibbon& r : places.ribbons) {
                    if (right ? r.column == n.column && r.from == n.index
                              : r.column + 1 == n.column && r.to == n.index) {
                        pieces.emplace_back(right ? r.leftTop : r.rightTop, r.value * places.scale);
                    }
                }
                if (n.column == (right ? 2 : 0)) {
                    QVERIFY(pieces.empty());
                    continue;
                }
                std::sort(pieces.begin(), pieces.end());
                double y = n.rect.top();
                for (const auto& [top, height] : pieces) {
                    QVERIFY(std::abs(top - y) < 1e-6);
                    y += height;
                }
                QVERIFY(std::abs(y - n.rect.bottom()) < 1e-6);
            }
        }
        for (const double sum : columns) {
            QVERIFY(std::abs(sum - total) < 1e-9 * total);
        }
    }

    void sankeyUntanglesWhatCanBe()
    {
        // Five pairs, given crosswise: an order without any crossing exists.
        SankeyData data;
        data.columns.resize(2);
        for (int i = 0; i < 5; ++i) {
            data.columns[0].nodes.push_back({QString::number(i), {}, {}});
            data.columns[1].nodes.push_back({QString::number(i), {}, {}});
            data.paths.push_back({{i, (i * 3 + 2) % 5}, 1.0 + i});
        }
        const SankeyPlaces places = placeSankey(data, QRectF(0, 0, 300, 200), 8, 6);
        for (const SankeyRibbon& a : places.ribbons) {
            for (const SankeyRibbon& b : places.ribbons) {
                QVERIFY(&a == &b || (a.leftTop < b.leftTop) == (a.rightTop < b.rightTop));
            }
        }
        QCOMPARE(places.ribbons.size(), std::size_t(5));
    }

    void sankeyLeavesOutWhatIsWrong()
    {
        SankeyData data = flowsToModels(2);
        data.paths = {{{0, 0}, 5}, {{0, 9, 0}, 5}, {{0, 0, 0}, kNaN}, {{0, 0, 0}, -1}};
        QVERIFY(placeSankey(data, QRectF(0, 0, 300, 200), 8, 6).nodes.empty());
        data.paths.push_back({{1, 2, 3}, 4});
        QCOMPARE(placeSankey(data, QRectF(0, 0, 300, 200), 8, 6).nodes.size(), std::size_t(3));
    }

    void quantilesOfBins()
    {
        // Against every single sample, spread evenly in its bin.
        const QVector<double> edges{0, 1, 2, 4, 10}, counts{10, 0, 30, 60};
        std::vector<double> samples;
        for (qsizetype i = 0; i < counts.size(); ++i) {
            for (int k = 0; k < counts[i]; ++k) {
                samples.push_back(edges[i] + (edges[i + 1] - edges[i]) * (k + 1) / counts[i]);
            }
        }
        for (const double ratio : {0.05, 0.1, 0.25, 0.5, 0.99, 1.0}) {
            const double expected = samples[static_cast<std::size_t>(std::lround(ratio * 100)) - 1];
            QVERIFY(std::abs(histogramQuantile(edges, counts, ratio, false) - expected) < 1e-9);
        }
        QVERIFY(std::abs(histogramQuantile({1, 100}, {7}, 0.5, true) - 10) < 1e-9);
        QVERIFY(std::isnan(histogramQuantile({1, 2}, {0}, 0.5, false)));
        QVERIFY(std::isnan(histogramQuantile({}, {}, 0.5, false)));
    }

    void outlineKeepsEveryExtreme()
    {
        constexpr int kColumns = 300;
        const TimeSeries s = longSeries(100'000, 1).series.front();
        QVector<double> values = s.values;
        values[70'000] = kNaN;
        const double from = s.times.front(), to = s.times.back();
        const Samples shown = outlineOf(s.times, values, from, to, kColumns).line;
        QVERIFY(shown.times.size() <= 5 * (kColumns + 2));
        QVERIFY(std::is_sorted(shown.times.begin(), shown.times.end()));
        const auto extremes = [&](const QVector<double>& times, const QVector<double>& of) {
            std::vector<std::pair<double, double>> all(kColumns + 1, {1e300, -1e300});
            for (qsizetype i = 0; i < times.size(); ++i) {
                if (!std::isnan(of[i])) {
                    auto& [low, high] = all[static_cast<std::size_t>((times[i] - from) * kColumns / (to - from))];
                    low = std::min(low, of[i]), high = std::max(high, of[i]);
                }
            }
            return all;
        };
        QVERIFY(extremes(s.times, values) == extremes(shown.times, shown.values));
        QCOMPARE(*std::max_element(s.values.begin(), s.values.end()), 9.0);
        QVERIFY(shown.values.contains(9.0));
        QCOMPARE(std::count_if(shown.values.begin(), shown.values.end(), [](double v) { return std::isnan(v); }), 1);
        // Few samples stay as they are.
        QCOMPARE(outlineOf({1, 2, 3}, {4, 5, 6}, 1, 3, kColumns).line.values, QVector<double>({4, 5, 6}));
    }

    void bandsGhostsAndTheRightAxis()
    {
        TimeChartData data = twoLayers();
        TimeSeries ghost = data.series[0], right = data.series[0];
        ghost.ghost = true, right.rightAxis = true;
        for (double& v : right.values) {
            v = 7;
        }
        data.series.push_back(ghost);
        data.series.push_back(right);
        data.bands.push_back(
            {words("band"), Qt::blue, {kNoon, kNoon + 50, kNoon + 100}, {1e6, kNaN, 1e6}, {9e6, 2e6, 9e6}});
        const PreparedChart chart = prepareChart(data);
        QCOMPARE(chart.series[1].values.back(), 5e6); // stacked
        QCOMPARE(chart.series[2].values.back(), 3e6); // a ghost is not
        QCOMPARE(chart.series[3].values.back(), 7.0);
        QVERIFY(chart.hasRight);
        QCOMPARE(chart.rightHigh, 7.0);
        QCOMPARE(chart.high, 9e6); // the band counts, the right axis does not
        QVERIFY(std::isnan(chart.bands[0].high[1]) && std::isnan(chart.bands[0].low[1]));
    }

    void scaleEndsAndRanks()
    {
        const QVector<double> values{1, 10, 100, 1000, kNaN};
        using Scale = HeatMapData::Scale;
        QCOMPARE(HeatScale(values, Scale::Linear, {}, {}).share(505), 504.0 / 999);
        QVERIFY(std::abs(HeatScale(values, Scale::Log, {}, {}).share(10) - 1.0 / 3) < 1e-12);
        QCOMPARE(HeatScale(values, Scale::Quantile, {}, {}).share(10), 1.0 / 3);
        QCOMPARE(HeatScale(values, Scale::Linear, 0.0, 2000.0).share(1000), 0.5);
        QVERIFY(std::isnan(HeatScale(values, Scale::Log, {}, {}).share(kNaN)));
        const std::vector<int> counts = HeatScale(values, Scale::Linear, {}, {}).distribution(10);
        QCOMPARE(std::accumulate(counts.begin(), counts.end(), 0), 4);
        QCOMPARE(counts[0], 3);
        QCOMPARE(counts[9], 1);
        QCOMPARE(HeatScale({5, 5}, Scale::Linear, {}, {}).share(5), 0.5);
        QCOMPARE(HeatScale({}, Scale::Log, {}, {}).distribution(3), std::vector<int>(3, 0));
    }

    void heatColoursAreEvenAndReadable()
    {
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
            applyTheme(choice);
            std::vector<double> steps;
            for (int i = 0; i < 16; ++i) {
                const QColor a = heatColor(i / 16.0), b = heatColor((i + 1) / 16.0);
                steps.push_back(perceivedDistance(a, b));
                // Lightness alone tells the order, with any colour vision.
                for (const ColorVision vision :
                     {ColorVision::Full, ColorVision::Protan, ColorVision::Deutan, ColorVision::Tritan}) {
                    const double la = contrastRatio(seenWith(vision, a), Qt::black);
                    const double lb = contrastRatio(seenWith(vision, b), Qt::black);
                    QVERIFY(theme().dark ? lb > la : lb < la);
                }
            }
            const auto [least, most] = std::minmax_element(steps.begin(), steps.end());
            QVERIFY2(*most / *least < 1.4, qPrintable(QString::number(*most / *least)));
            for (int i = 0; i <= 64; ++i) {
                QVERIFY(contrastRatio(inkOn(heatColor(i / 64.0)), heatColor(i / 64.0)) >= 4.5);
            }
        }
        applyTheme(ThemeChoice::Dark);
    }

    void wordsOnEveryFillAreReadable()
    {
        for (int r = 0; r <= 255; r += 15) {
            for (int g = 0; g <= 255; g += 15) {
                for (int b = 0; b <= 255; b += 15) {
                    const QColor fill(r, g, b);
                    QVERIFY2(contrastRatio(inkOn(fill), fill) >= 4.5, qPrintable(fill.name()));
                }
            }
        }
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
            applyTheme(choice);
            const Theme& t = theme();
            for (const QColor& ink : {t.text, t.muted, t.trouble}) {
                QVERIFY2(contrastRatio(ink, t.panel) >= 4.5, qPrintable(ink.name()));
            }
            for (const char* key : {"azure", "gcp", "aws", "oci", "coreweave"}) {
                // A group's strip in the treemap, and lines and edges on the panel.
                const QColor strip = mixed(t.panel, t.provider(key), 0.25);
                QVERIFY2(contrastRatio(readableOn(t.text, strip, 4.5), strip) >= 4.5, key);
                QVERIFY2(contrastRatio(readableOn(t.provider(key), t.panel), t.panel) >= 3, key);
            }
        }
        applyTheme(ThemeChoice::Dark);
    }

    void categoriesDifferForEveryEye()
    {
        // 0.06 in OKLab is about three times what is just told apart side by side.
        const std::vector<const char*> keys{"azure", "gcp", "aws", "oci", "coreweave"};
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
            applyTheme(choice);
            for (const ColorVision vision :
                 {ColorVision::Full, ColorVision::Protan, ColorVision::Deutan, ColorVision::Tritan}) {
                for (std::size_t i = 0; i < keys.size(); ++i) {
                    for (std::size_t k = 0; k < i; ++k) {
                        const double d = perceivedDistance(seenWith(vision, theme().provider(keys[i])),
                                                           seenWith(vision, theme().provider(keys[k])));
                        QVERIFY2(d >= 0.06, qPrintable(QStringLiteral("%1 %2 %3: %4 (%5)")
                                                           .arg(QLatin1String(theme().dark ? "dark" : "light"),
                                                                QLatin1String(keys[i]), QLatin1String(keys[k]))
                                                           .arg(d)
                                                           .arg(static_cast<int>(vision))));
                    }
                }
            }
        }
        applyTheme(ThemeChoice::Dark);
    }
};

QTEST_MAIN(TestMarkLayout)
#include "tst_mark_layout.moc"

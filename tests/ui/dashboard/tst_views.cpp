// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"
#include "tests/support/sample_history.h"
#include "ui/dashboard/views.h"
#include "ui/map/projection.h"
#include "ui/map/viewport.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QImage>
#include <QPainter>
#include <QStandardPaths>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QtTest>

using namespace isobar;
using namespace isobar::ui;

/// The views as pictures and numbers: what a file shows is what the queries say.
class ViewsTest : public QObject {
    Q_OBJECT

    ViewContext m_context;

    static bool near(QRgb a, const QColor& b, int tolerance = 10)
    {
        return std::abs(qRed(a) - b.red()) <= tolerance && std::abs(qGreen(a) - b.green()) <= tolerance &&
               std::abs(qBlue(a) - b.blue()) <= tolerance;
    }

    QImage exported(View view, QSize size, ThemeChoice choice)
    {
        applyTheme(choice);
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("picture.png"));
        const Status written = exportView(view, ExportFormat::Png, path, size, 1, m_context);
        return written.ok() ? QImage(path) : QImage();
    }

    /// Share of pixels of a rectangle that have (nearly) this colour.
    static double shareOf(const QImage& image, const QRect& rect, const QColor& color)
    {
        int hits = 0;
        for (int y = rect.top(); y <= rect.bottom(); ++y) {
            for (int x = rect.left(); x <= rect.right(); ++x) {
                hits += near(image.pixel(x, y), color, 12) ? 1 : 0;
            }
        }
        return static_cast<double>(hits) / (rect.width() * rect.height());
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        const auto context = test::sampleContext(20);
        QVERIFY(context);
        m_context = *context;
    }

    void footerNamesSeedRangeAndDate()
    {
        const QString footer = m_context.footer();
        for (const char* part : {"simulated", "seed 42", "14:00:00", "14:00:20", "UTC", "data 2026-11-22"}) {
            QVERIFY2(footer.contains(QLatin1String(part)), qPrintable(footer));
        }
    }

    void mapPictureHasLandSeaAndPanels_data()
    {
        QTest::addColumn<int>("choice");
        QTest::newRow("dark") << static_cast<int>(ThemeChoice::Dark);
        QTest::newRow("light") << static_cast<int>(ThemeChoice::Light);
    }

    void mapPictureHasLandSeaAndPanels()
    {
        QFETCH(int, choice);
        const QSize size(1600, 900);
        const QImage image = exported(View::Map, size, static_cast<ThemeChoice>(choice));
        QCOMPARE(image.size(), size);
        // Land is most of the central Sahara, and hardly any of the southern Pacific.
        int land = 0, sea = 0;
        for (int x = 0; x < size.width(); ++x) {
            for (int y = 0; y < size.height(); ++y) {
                land += near(image.pixel(x, y), theme().land, 6) ? 1 : 0;
                sea += near(image.pixel(x, y), theme().ground, 6) ? 1 : 0;
            }
        }
        const double pixels = double(size.width()) * size.height();
        QVERIFY2(land / pixels > 0.08 && land / pixels < 0.4, qPrintable(QString::number(land / pixels)));
        QVERIFY2(sea / pixels > 0.3, qPrintable(QString::number(sea / pixels)));
    }

    void shareBarsAreAsLongAsTheNumbersSay()
    {
        const QSize size(600, 400);
        const QImage image = exported(View::Share, size, ThemeChoice::Dark);
        QCOMPARE(image.size(), size);
        const ShareData data = providerShare(m_context);
        QVERIFY(data.rows.size() >= 2);
        // The longest run of the provider's own colour on any line is its bar.
        const auto barOf = [&image](const QColor& color) {
            int longest = 0;
            for (int y = 0; y < image.height(); ++y) {
                int run = 0;
                for (int x = 0; x < image.width(); ++x) {
                    run = near(image.pixel(x, y), color, 6) ? run + 1 : 0;
                    longest = std::max(longest, run);
                }
            }
            return longest;
        };
        const double first = barOf(data.rows[0].color), second = barOf(data.rows[1].color);
        QVERIFY(first > 50);
        const double expected = data.rows[1].value / data.rows[0].value;
        QVERIFY2(std::abs(second / first - expected) < 0.03,
                 qPrintable(QStringLiteral("%1 / %2, expected %3").arg(second).arg(first).arg(expected)));
    }

    /// More rows than a low picture has room for are drawn smaller, over all of its width and none cut off.
    void manyRowsAreSmallerAndAsWideAsThePicture()
    {
        const QSize size(420, 250);
        const QImage image = exported(View::Margin, size, ThemeChoice::Dark);
        QCOMPARE(image.size(), size);
        const QRect rightEdge(size.width() - 50, 30, 30, 150), footing(20, 200, size.width() - 40, 18);
        QVERIFY(shareOf(image, rightEdge, theme().panel) < 0.95);
        QVERIFY(shareOf(image, footing, theme().panel) < 0.99);
    }

    void everyPartOfTheOverviewIsPainted()
    {
        const QSize size(1600, 900);
        const QImage image = exported(View::Overview, size, ThemeChoice::Dark);
        QCOMPARE(image.size(), size);
        // Six figures, map, side and two charts: none of them is an empty panel.
        const std::array<QRect, 9> parts{{{20, 50, 240, 80},
                                          {285, 50, 240, 80},
                                          {550, 50, 240, 80},
                                          {810, 50, 240, 80},
                                          {1075, 50, 240, 80},
                                          {1340, 50, 240, 80},
                                          {30, 160, 1100, 480},
                                          {1220, 160, 360, 400},
                                          {30, 690, 740, 160}}};
        for (const QRect& part : parts) {
            const double empty = shareOf(image, part, theme().panel);
            QVERIFY2(empty < 0.99,
                     qPrintable(QStringLiteral("%1 empty at %2,%3").arg(empty).arg(part.x()).arg(part.y())));
        }
        QVERIFY(shareOf(image, {820, 690, 740, 160}, theme().panel) < 0.995);
    }

    void samePictureTwice()
    {
        const QImage first = exported(View::Map, {800, 450}, ThemeChoice::Dark);
        const QImage second = exported(View::Map, {800, 450}, ThemeChoice::Dark);
        QCOMPARE(first.size(), second.size());
        QStringList differences;
        for (int y = 0; y < first.height(); ++y) {
            for (int x = 0; x < first.width(); ++x) {
                // Qt's rasteriser splits a path by the memory it happens to have: a few edge pixels may differ.
                if (!near(first.pixel(x, y), QColor(second.pixel(x, y)), 3)) {
                    differences << QStringLiteral("%1,%2").arg(x).arg(y);
                }
            }
        }
        QVERIFY2(differences.size() <= 20, qPrintable(differences.mid(0, 40).join(QLatin1Char(' '))));
    }

    void csvHoldsTheNumbersOfTheTable()
    {
        QTemporaryDir folder;
        for (const View view : allViews()) {
            const QString path = folder.filePath(viewName(view) + QStringLiteral(".csv"));
            QVERIFY(exportView(view, ExportFormat::Csv, path, {}, 1, m_context).ok());
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            const auto table = viewTable(view, m_context);
            QVERIFY(table.ok());
            // What a contract or a loss comes to is worked out from several answers: tst_view_totals holds its figures.
            const bool isWorkedOut =
                view == View::Commitments || view == View::Concentration || view == View::TtftDistribution;
            const auto worked = viewCsv(view, m_context);
            QVERIFY(worked.ok());
            QCOMPARE(file.readAll().toStdString(), isWorkedOut ? *worked : report::toCsv(*table));
            QVERIFY(!table->rows.empty());
        }
    }

    void flowsAddUpToTheRequestsServed()
    {
        const MapScene scene = mapScene(m_context);
        double drawn = 0, served = 0;
        for (const MapFlow& flow : scene.flows) {
            drawn += flow.requestsPerSecond;
        }
        for (const MapArea& area : scene.areas) {
            served += area.requestsPerSecond;
        }
        QVERIFY(drawn > 0);
        QVERIFY(std::abs(drawn - served) < 1e-9 * served);
    }

    /// Whatever the map marks as in trouble, its card says why; of all others it says nothing of the kind.
    void cardsSayWhyAPlaceIsMarked()
    {
        const MapScene scene = mapScene(m_context);
        for (const MapMarker& marker : scene.markers) {
            const QString card = placeTooltip(m_context, static_cast<std::size_t>(marker.id));
            QCOMPARE(card.contains(QStringLiteral("! ")), marker.trouble);
            QVERIFY(card.contains(QStringLiteral("utilization ") + percent(marker.utilization, 0).joined()));
        }
    }

    void percentilesOverTimeAreOfOneWidth()
    {
        // The first half as history keeps it when it is old: ten seconds in one.
        ViewContext mixed = m_context;
        mixed.selection.rangeSeconds = 0;
        mixed.selection.span.reset();
        const auto old =
            m_context.history.range(0, 10 * aggregate::kMicrosPerSecond, 3600 * aggregate::kMicrosPerSecond);
        QCOMPARE(old.size(), std::size_t{1});
        QCOMPARE(old.front()->end - old.front()->begin, 10 * aggregate::kMicrosPerSecond);
        std::erase_if(mixed.intervals, [&old](const auto& interval) { return interval->begin < old.front()->end; });
        QVERIFY(mixed.intervals.size() >= 10);
        mixed.intervals.insert(mixed.intervals.begin(), old.front());
        const TimeChartData chart = latencyChart(mixed);
        QCOMPARE(chart.series.size(), std::size_t{3});
        const QVector<double>& times = chart.series[2].times;
        QVERIFY(times.size() >= 3);
        QCOMPARE(times.back(), chart.to); // the last one stands until now
        for (qsizetype i = 1; i + 1 < times.size(); ++i) {
            QVERIFY(std::abs(times[i] - times[i - 1] - 10) < 1e-3);
        }
        QVERIFY(latencyChart(m_context).series[2].times.size() > times.size());
    }

    void aTrendNeedsNoPreviousPeriod()
    {
        ViewContext all = m_context; // the range is all that is known: nothing lies before it
        all.selection.rangeSeconds = 0;
        all.selection.span.reset();
        QVERIFY(!previousPeriod(all).has_value());
        const auto halves = halvesOf(all);
        QVERIFY(halves.has_value());
        QCOMPARE(halves->first.now, halves->second.from());
        QCOMPARE(halves->second.now - halves->second.from(), halves->first.now - halves->first.from());
        const MapScene scene = mapScene(all), first = mapScene(halves->first), second = mapScene(halves->second);
        int told = 0;
        for (std::size_t i = 0; i < scene.markers.size(); ++i) {
            const double trend = scene.markers[i].trend;
            if (std::isfinite(trend)) {
                ++told;
                QVERIFY(std::abs(trend - (second.markers[i].utilization - first.markers[i].utilization)) < 1e-9);
            }
        }
        QVERIFY(told > 0);
    }

    void mapTableSumsToTheTotals()
    {
        const auto byRegion = viewTable(View::Map, m_context);
        const auto whole = viewTable(View::Overview, m_context);
        QVERIFY(byRegion.ok() && whole.ok());
        const auto column = [](const query::Table& table, query::Measure measure) {
            return static_cast<std::size_t>(std::find(table.measures.begin(), table.measures.end(), measure) -
                                            table.measures.begin());
        };
        for (const query::Measure measure :
             {query::Measure::SpendUsdPerDay, query::Measure::Accelerators, query::Measure::RequestsPerSecond}) {
            double sum = 0;
            for (const query::Row& row : byRegion->rows) {
                const double value = row.values[column(*byRegion, measure)];
                sum += std::isfinite(value) ? value : 0;
            }
            const double total = whole->rows[0].values[column(*whole, measure)];
            QVERIFY2(
                std::abs(sum - total) <= 1e-9 * std::abs(total),
                qPrintable(
                    QStringLiteral("%1: %2 and %3").arg(int(measure)).arg(sum, 0, 'g', 17).arg(total, 0, 'g', 17)));
        }
    }

    void svgStaysVectorAndNamesTheView()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("map.svg"));
        QVERIFY(exportView(View::Map, ExportFormat::Svg, path, {1200, 700}, 1, m_context).ok());
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray svg = file.readAll();
        QVERIFY(!svg.contains("<image"));
        QVERIFY(svg.contains("seed 42"));
        QVERIFY(QSvgRenderer(svg).isValid());
    }

    void aFolderThatIsNotThereIsToldAndNothingIsWritten()
    {
        const Status written =
            exportView(View::Share, ExportFormat::Csv, QStringLiteral("/nowhere/at/all.csv"), {}, 1, m_context);
        QVERIFY(!written.ok());
        QVERIFY(!written.error().message.empty());
    }

    void anEmptyHistoryIsSaidInWords()
    {
        const ViewContext empty = contextOf(m_context.fleet, m_context.places, aggregate::History(), {}, 42);
        QVERIFY(throughputChart(empty).series.empty());
        QVERIFY(!throughputChart(empty).emptyText.isEmpty());
        QCOMPARE(kpis(empty).size(), std::size_t{6});
        QVERIFY(mapScene(empty).markers.size() > 30);
    }
};

QTEST_MAIN(ViewsTest)
#include "tst_views.moc"

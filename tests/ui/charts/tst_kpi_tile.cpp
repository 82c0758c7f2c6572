// SPDX-License-Identifier: GPL-3.0-or-later
#include "chart_samples.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/kpi_tile.h"

#include <QAccessible>
#include <QFontMetricsF>
#include <QHBoxLayout>
#include <QImage>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

using namespace isobar::ui;
using namespace isobar::ui::test;

namespace {

KpiData spend()
{
    KpiData d;
    d.title = QStringLiteral("Spend per day");
    d.value = QStringLiteral("$14.62"), d.unit = QStringLiteral("M / day");
    d.change = QStringLiteral("+2.1 % vs 1 min ago");
    d.direction = KpiData::Direction::Worse, d.up = true;
    d.spark = {1, 3, 2, 5, 4};
    d.explanation = QStringLiteral("Σ accelerator hours < price >");
    return d;
}

/// Pixels of the picture near `color`, within a rectangle.
int pixelsOf(const QImage& image, const QRect& where, const QColor& color)
{
    int n = 0;
    for (int y = where.top(); y <= where.bottom(); ++y) {
        for (int x = where.left(); x <= where.right(); ++x) {
            const QColor c = image.pixelColor(x, y);
            n += qAbs(c.red() - color.red()) + qAbs(c.green() - color.green()) + qAbs(c.blue() - color.blue()) < 40;
        }
    }
    return n;
}

} // namespace

/// A key figure says everything to eye, hand and ear.
class TestKpiTile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }
    void init() { applyTheme(ThemeChoice::Dark); }

    void readsAloud()
    {
        KpiTile tile;
        tile.setData(spend());
        QCOMPARE(tile.accessibleName(), QStringLiteral("Spend per day"));
        QCOMPARE(tile.accessibleDescription(), QStringLiteral("$14.62 M / day, +2.1 % vs 1 min ago, worse"));
        QVERIFY(tile.toolTip().contains(tile.accessibleDescription()));      // what the tile may have no room for
        QVERIFY(tile.toolTip().contains(QStringLiteral("&lt; price &gt;"))); // shown as written, not as markup
        QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(&tile);
        QVERIFY(spoken != nullptr);
        QCOMPARE(spoken->role(), QAccessible::Button);
        QCOMPARE(spoken->text(QAccessible::Name), tile.accessibleName());
        QSignalSpy clicked(&tile, &KpiTile::clicked);
        spoken->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(clicked.count(), 1);
        KpiData warned = spend();
        warned.warning = true, warned.direction = KpiData::Direction::None, warned.unit.clear();
        warned.notes = {QStringLiteral("target $12")};
        tile.setData(warned);
        QCOMPARE(tile.accessibleName(), QStringLiteral("Spend per day")); // the same button, whatever the figure
        QCOMPARE(tile.accessibleDescription(),
                 QStringLiteral("$14.62 target $12, +2.1 % vs 1 min ago, needs attention"));
    }

    /// What there is no room for is left out, never cut: the tile with a note too many is the tile without it.
    void notesAreLeftOutBeforeAnythingIsCut()
    {
        const auto picture = [](int width, const QStringList& notes) {
            KpiData d = spend();
            d.spark.clear();
            d.notes = notes;
            KpiTile tile;
            tile.setData(d);
            tile.resize(width, 86);
            return tile.grab().toImage();
        };
        const QStringList notes{QStringLiteral("of 244,886 chips")};
        QCOMPARE(picture(170, notes), picture(170, {}));
        QVERIFY(picture(300, notes) != picture(300, {}));
        // The first that fits is kept although one before it does not fit.
        QCOMPARE(picture(240, {QStringLiteral("of two hundred thousand accelerators"), QStringLiteral("now")}),
                 picture(240, {QStringLiteral("now")}));
    }

    void clicksByMouseAndKeys()
    {
        KpiTile tile;
        tile.setData(spend());
        tile.resize(200, 86);
        tile.show();
        QVERIFY(QTest::qWaitForWindowExposed(&tile));
        QSignalSpy clicked(&tile, &KpiTile::clicked);
        QTest::mouseClick(&tile, Qt::LeftButton);
        QCOMPARE(clicked.count(), 1);
        QTest::mouseClick(&tile, Qt::RightButton);
        QCOMPARE(clicked.count(), 1);
        QTest::mousePress(&tile, Qt::LeftButton);
        QTest::mouseRelease(&tile, Qt::LeftButton, {}, QPoint(500, 500)); // thought better of it
        QCOMPARE(clicked.count(), 1);
        QTest::keyClick(&tile, Qt::Key_Space);
        QTest::keyClick(&tile, Qt::Key_Return);
        QCOMPARE(clicked.count(), 3);
    }

    void focusIsSeen()
    {
        QWidget window;
        auto* layout = new QHBoxLayout(&window);
        auto *first = new KpiTile, *second = new KpiTile;
        layout->addWidget(first);
        layout->addWidget(second);
        window.resize(500, 120);
        window.show();
        window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        second->setFocus();
        QTRY_VERIFY(second->hasFocus());
        const auto ring = [](KpiTile* tile) {
            const QImage image = tile->grab().toImage();
            return pixelsOf(image, QRect(20, 0, image.width() - 40, 2), theme().accent);
        };
        QVERIFY(ring(second) > 100);
        QCOMPARE(ring(first), 0);
        QTest::keyClick(second, Qt::Key_Backtab);
        QTRY_VERIFY(first->hasFocus());
        QVERIFY(ring(first) > 100);
        QCOMPARE(ring(second), 0);
    }

    /// Six beside each other in 1,280 px, less rail and gutters: the figure and its unit are whole.
    void sixFitIntoALaptopsWidth()
    {
        const double inner = 190 - 2 * Theme::kPadding;
        QVERIFY(KpiTile().minimumSizeHint().width() <= 190);
        for (const auto& [value, unit] :
             {std::pair("$14.62", "M / day"), {"61.4", "% of 251,300"}, {"1,284", "tCO₂e / day"}}) {
            const double width = QFontMetricsF(font(TextRole::Figure)).horizontalAdvance(QString::fromUtf8(value)) + 6 +
                                 QFontMetricsF(font(TextRole::Secondary)).horizontalAdvance(QString::fromUtf8(unit));
            QVERIFY2(width <= inner, value);
        }
    }

    /// Painted inside the tile at any width: the two columns of pixels inside the border stay clear of text.
    void nothingLeavesTheTile()
    {
        for (const int width : {150, 190, 240, 420}) {
            KpiTile tile;
            KpiData d = spend();
            d.title = QStringLiteral("A title much longer than there is room for in any tile of this row");
            d.unit = QStringLiteral("units with a long name / day");
            d.change = QStringLiteral("+2.1 % vs the same hour one week ago, in local time");
            tile.setData(d);
            tile.resize(width, 86);
            const QImage image = tile.grab().toImage();
            for (int y = 12; y < 74; ++y) {
                for (const int x : {2, 6, 11, width - 3, width - 7, width - 12}) {
                    QCOMPARE(image.pixelColor(x, y), theme().panel);
                }
            }
        }
    }

    void directionColoursTheChange()
    {
        KpiTile tile;
        tile.resize(220, 86);
        const QRect changeRow(14, 58, 190, 20);
        const auto count = [&](KpiData::Direction direction, const QColor& color) {
            KpiData d = spend();
            d.direction = direction;
            d.spark.clear();
            tile.setData(d);
            return pixelsOf(tile.grab().toImage(), changeRow, color);
        };
        QVERIFY(count(KpiData::Direction::Worse, theme().trouble) > 20);
        QVERIFY(count(KpiData::Direction::Better, theme().fine) > 20);
        QCOMPARE(count(KpiData::Direction::Neutral, theme().trouble), 0);
        QCOMPARE(count(KpiData::Direction::None, theme().fine), 0);
    }

    void followsTheTheme()
    {
        KpiTile tile;
        tile.setData(spend());
        tile.resize(220, 86);
        QCOMPARE(tile.grab().toImage().pixelColor(110, 6), Theme::darkTheme().panel);
        applyTheme(ThemeChoice::Light);
        QCOMPARE(tile.grab().toImage().pixelColor(110, 6), Theme::lightTheme().panel);
    }

    void sparklines_data()
    {
        QTest::addColumn<QVector<double>>("values");
        QTest::addColumn<bool>("drawn");
        QTest::newRow("none") << QVector<double>() << false;
        QTest::newRow("only gaps") << QVector<double>{kNaN, kNaN} << false;
        QTest::newRow("one value") << QVector<double>{5} << true;
        QTest::newRow("flat") << QVector<double>{2, 2, 2} << true;
        QTest::newRow("with a gap") << QVector<double>{1, 2, kNaN, 3, 1} << true;
        QVector<double> many;
        for (int i = 0; i < 100000; ++i) {
            many << std::sin(i / 500.0);
        }
        QTest::newRow("100,000 values") << many << true;
    }
    void sparklines()
    {
        QFETCH(QVector<double>, values);
        QFETCH(bool, drawn);
        QImage image(120, 40, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::black);
        QPainter painter(&image);
        paintSparkline(painter, QRectF(10, 5, 100, 30), values, Qt::white);
        painter.end();
        QCOMPARE(pixelsOf(image, image.rect(), Qt::white) > 0, drawn);
        image.setPixelColor(0, 0, Qt::black);
        for (int x = 0; x < 120; ++x) { // stays inside
            QCOMPARE(image.pixelColor(x, 3), QColor(Qt::black));
            QCOMPARE(image.pixelColor(x, 37), QColor(Qt::black));
        }
    }

    void aSparklineShowsTheExtremes()
    {
        QVector<double> values(50000, 0.0);
        values[20000] = 1; // one sample in fifty thousand must still be seen
        QImage image(120, 40, QImage::Format_ARGB32_Premultiplied);
        image.fill(Qt::black);
        QPainter painter(&image);
        paintSparkline(painter, QRectF(0, 0, 120, 40), values, Qt::white);
        painter.end();
        int brightest = 0;
        for (int x = 0; x < 120; ++x) {
            brightest = std::max(brightest, image.pixelColor(x, 5).red());
        }
        QVERIFY(brightest > 80);
    }
};

QTEST_MAIN(TestKpiTile)
#include "tst_kpi_tile.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QFontInfo>
#include <QFontMetricsF>
#include <QImage>
#include <QPixmap>
#include <QTest>

using namespace isobar::ui;

/// The carried icons and the carried typeface do what the window relies on.
class TestIcon : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyIconIsDrawnInTheColorAsked_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"map",     "dashboard", "planner",    "explorer", "data",   "settings", "play",
                                 "pause",   "step",      "undo",       "redo",     "export", "import",   "search",
                                 "zoom-in", "zoom-out",  "zoom-reset", "reset",    "close",  "warning"}) {
            QTest::newRow(name) << QString::fromLatin1(name);
        }
    }

    void everyIconIsDrawnInTheColorAsked()
    {
        QFETCH(QString, name);
        const QColor asked(200, 30, 90);
        const QIcon drawn = icon(name, asked);
        QVERIFY2(!drawn.isNull(), "no such icon is carried");
        const QImage image = drawn.pixmap(QSize(40, 40), 1.0).toImage().convertToFormat(QImage::Format_ARGB32);
        int opaque = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                const QColor c = image.pixelColor(x, y);
                if (c.alpha() > 250) {
                    ++opaque;
                    QVERIFY2(qAbs(c.red() - asked.red()) < 4 && qAbs(c.green() - asked.green()) < 4 &&
                                 qAbs(c.blue() - asked.blue()) < 4,
                             qPrintable(c.name()));
                }
            }
        }
        QVERIFY2(opaque > 20, "next to nothing is drawn");
        // Nothing is cut off: the outermost pixels stay empty.
        for (int i = 0; i < 40; ++i) {
            QCOMPARE(qAlpha(image.pixel(i, 0)) + qAlpha(image.pixel(i, 39)) + qAlpha(image.pixel(0, i)) +
                         qAlpha(image.pixel(39, i)),
                     0);
        }
    }

    void disabledIsFainter()
    {
        const QIcon drawn = icon(QStringLiteral("play"), Qt::white);
        const QImage normal = drawn.pixmap(QSize(20, 20), 1.0, QIcon::Normal).toImage();
        const QImage disabled = drawn.pixmap(QSize(20, 20), 1.0, QIcon::Disabled).toImage();
        QCOMPARE(normal.pixelColor(9, 10).alpha(), 255);
        QVERIFY(qAbs(disabled.pixelColor(9, 10).alpha() - 102) <= 2);
    }

    void denseScreensGetTwiceThePixels()
    {
        const QPixmap dense = icon(QStringLiteral("map"), Qt::white).pixmap(QSize(20, 20), 2.0);
        QCOMPARE(dense.size(), QSize(40, 40));
        QCOMPARE(dense.devicePixelRatio(), 2.0);
    }

    void unknownNameIsNull() { QVERIFY(icon(QStringLiteral("no-such-icon"), Qt::white).isNull()); }

    void applicationIconHasSmallAndLargeSizes()
    {
        const QList<QSize> sizes = appIcon().availableSizes();
        QVERIFY(sizes.contains(QSize(16, 16)));
        QVERIFY(sizes.contains(QSize(256, 256)));
    }

    void digitsAreTabularInEveryWeight_data()
    {
        QTest::addColumn<int>("weight");
        QTest::newRow("regular") << 400;
        QTest::newRow("medium") << 500;
        QTest::newRow("semibold") << 600;
    }

    void digitsAreTabularInEveryWeight()
    {
        QFETCH(int, weight);
        QFont face(loadFonts());
        QCOMPARE(face.family(), QStringLiteral("Isobar Inter"));
        face.setPixelSize(25);
        face.setHintingPreference(QFont::PreferNoHinting);
        face.setWeight(static_cast<QFont::Weight>(weight));
        QCOMPARE(QFontInfo(face).weight(), weight);
        const QFontMetricsF metrics(face);
        const double ones = metrics.horizontalAdvance(QStringLiteral("1111111111"));
        for (int pair = 0; pair < 100; ++pair) {
            const QString digits = QStringLiteral("%1").arg(pair, 2, 10, QLatin1Char('0')).repeated(5);
            QVERIFY2(qAbs(metrics.horizontalAdvance(digits) - ones) < 0.01, qPrintable(digits));
        }
    }

    void typefaceHasTheCharactersTheWindowWrites()
    {
        const QFontMetricsF metrics{QFont(loadFonts())};
        for (const QChar c : QStringLiteral("−×±≤≥≈∞Σµ←↑→↓▲▼◆◇●○■□▸▾✓✕✗₂€£¥…·–— \u202f\u00a0éßłŐşΔμ")) {
            QVERIFY2(metrics.inFont(c), qPrintable(QStringLiteral("U+%1").arg(c.unicode(), 4, 16)));
        }
    }
};

QTEST_MAIN(TestIcon)
#include "tst_icon.moc"

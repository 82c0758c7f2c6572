// SPDX-License-Identifier: GPL-3.0-or-later
#include "chart_samples.h"
#include "ui/charts/share_bars.h"

#include <QImage>
#include <QPainter>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

using namespace isobar::ui;
using namespace isobar::ui::test;

/// Rows are read, hovered, picked by mouse and by keys.
class TestShareBars : public QObject {
    Q_OBJECT

    std::unique_ptr<ShareBars> m_bars;

    /// Coloured length of a row's bar in pixels.
    int barLength(const QString& key, const QColor& color) const
    {
        const QImage image = m_bars->grab().toImage();
        const QRect row = m_bars->rowRect(key);
        int n = 0;
        for (int x = 0; x < image.width(); ++x) {
            n += image.pixelColor(x, row.bottom() - 7) == color;
        }
        return n;
    }

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void init()
    {
        applyTheme(ThemeChoice::Dark);
        m_bars = std::make_unique<ShareBars>();
        m_bars->setData(threeShares());
        m_bars->resize(280, m_bars->heightForWidth(280));
        m_bars->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_bars.get()));
    }

    void cleanup() { m_bars.reset(); }

    void barsAreProportional()
    {
        const int azure = barLength(QStringLiteral("azure"), theme().provider("azure"));
        const int gcp = barLength(QStringLiteral("gcp"), theme().provider("gcp"));
        const int aws = barLength(QStringLiteral("aws"), theme().provider("aws"));
        QVERIFY(azure > 200);
        QVERIFY(qAbs(gcp - azure * 3 / 5) <= 3);
        QVERIFY(qAbs(aws - azure * 2 / 5) <= 3);
    }

    /// "100 %" beside half a bar would be no share.
    void theOnlyPartOfATotalFillsItsTrack()
    {
        ShareData one = threeShares();
        one.rows.resize(1);
        QVERIFY(!one.totalText.isEmpty());
        m_bars->setData(one);
        const int track = static_cast<int>(m_bars->width() - 2 * Theme::kPadding);
        QVERIFY(barLength(one.rows[0].key, one.rows[0].color) >= track - 4); // less its round ends
    }

    void describesItself()
    {
        QCOMPARE(m_bars->accessibleName(), QStringLiteral("Share by provider of spend"));
        QCOMPARE(m_bars->accessibleDescription(),
                 QStringLiteral("Azure 50.0 %; Google Cloud 30.0 %; AWS 20.0 %; total $14.62 M / day; Concentration "
                                "(HHI) 0.38."));
        ShareData compared = m_bars->data();
        compared.beforeName = QStringLiteral("last week");
        compared.rows[0].before = compared.rows[0].value / 1.25;
        m_bars->setData(compared);
        QVERIFY(m_bars->accessibleDescription().startsWith(
            QStringLiteral("Azure 50.0 % (+25.0 % against last week); Google Cloud 30.0 %;")));
    }

    /// In a panel of a board rows fill the height: wider, closer, and at last fewer, with what is left out told.
    void fillsTheHeightItIsGiven()
    {
        const QString first = m_bars->data().rows.front().key, last = m_bars->data().rows.back().key;
        const int liked = m_bars->heightForWidth(280);
        const auto pitch = [&] { return m_bars->rowRect(first).height(); };
        const int likedPitch = pitch();
        m_bars->setFilling(true);
        QVERIFY(m_bars->heightForWidth(280) < liked);
        m_bars->resize(280, liked + 60);
        QVERIFY(pitch() > likedPitch);
        QVERIFY(m_bars->rowRect(last).bottom() <= m_bars->height());
        m_bars->resize(280, 10 + 24 + 3 * 26 + 29 + 10);
        QVERIFY(pitch() < likedPitch && !m_bars->rowRect(last).isEmpty());
        QVERIFY(layOutShare(m_bars->data(), 280, m_bars->height()).footnote.isEmpty());
        m_bars->resize(280, 10 + 24 + 2 * 26 + 29 + 10);
        QVERIFY(!m_bars->rowRect(first).isEmpty() && m_bars->rowRect(last).isEmpty());
        for (const int height : {40, 90, 120, 150, 200, 300, 500}) {
            const ShareLayout layout = layOutShare(m_bars->data(), 280, height);
            QVERIFY(!layout.rows.empty());
            QVERIFY2(layout.height <= std::max(height, m_bars->heightForWidth(280)) + 1,
                     qPrintable(QString::number(height)));
        }
        // What is not seen is not walked to, and is still said.
        m_bars->setFocus();
        QSignalSpy picked(m_bars.get(), &ShareBars::rowClicked);
        QTest::keyClick(m_bars.get(), Qt::Key_End);
        QTest::keyClick(m_bars.get(), Qt::Key_Return);
        QCOMPARE(picked[0][0].toString(), m_bars->data().rows[1].key);
        QVERIFY(m_bars->accessibleDescription().contains(m_bars->data().rows.back().name));
    }

    void clickPicksTheRowUnderTheMouse()
    {
        QSignalSpy picked(m_bars.get(), &ShareBars::rowClicked);
        QTest::mouseClick(m_bars.get(), Qt::LeftButton, {}, m_bars->rowRect(QStringLiteral("gcp")).center());
        QCOMPARE(picked.count(), 1);
        QCOMPARE(picked[0][0].toString(), QStringLiteral("gcp"));
        QTest::mouseClick(m_bars.get(), Qt::LeftButton, {}, QPoint(60, 12)); // the title
        QTest::mouseClick(m_bars.get(), Qt::RightButton, {}, m_bars->rowRect(QStringLiteral("aws")).center());
        QTest::mousePress(m_bars.get(), Qt::LeftButton, {}, m_bars->rowRect(QStringLiteral("azure")).center());
        QTest::mouseRelease(m_bars.get(), Qt::LeftButton, {}, m_bars->rowRect(QStringLiteral("aws")).center());
        QCOMPARE(picked.count(), 1);
    }

    void hoverFollowsTheMouse()
    {
        QTest::mouseMove(m_bars.get(), m_bars->rowRect(QStringLiteral("aws")).center());
        QTRY_COMPARE(m_bars->hoveredKey(), QStringLiteral("aws"));
        QCOMPARE(m_bars->cursor().shape(), Qt::PointingHandCursor);
        QTest::mouseMove(m_bars.get(), QPoint(60, 12));
        QTRY_COMPARE(m_bars->hoveredKey(), QString());
        QCOMPARE(m_bars->cursor().shape(), Qt::ArrowCursor);
    }

    void keysWalkAndPick()
    {
        QSignalSpy picked(m_bars.get(), &ShareBars::rowClicked);
        m_bars->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_bars.get()));
        m_bars->setFocus();
        const auto expectPick = [&](Qt::Key key, const char* row) {
            QTest::keyClick(m_bars.get(), key);
            QTest::keyClick(m_bars.get(), Qt::Key_Return);
            QCOMPARE(picked.takeLast()[0].toString(), QLatin1String(row));
        };
        expectPick(Qt::Key_Down, "gcp");
        expectPick(Qt::Key_Down, "aws");
        expectPick(Qt::Key_Down, "aws"); // the end
        expectPick(Qt::Key_Up, "gcp");
        expectPick(Qt::Key_Home, "azure");
        expectPick(Qt::Key_Up, "azure");
        expectPick(Qt::Key_End, "aws");
        // New data in another order: the keys stay on the row, not on the place.
        ShareData turned = threeShares();
        std::reverse(turned.rows.begin(), turned.rows.end());
        m_bars->setData(turned);
        QTest::keyClick(m_bars.get(), Qt::Key_Enter);
        QCOMPARE(picked.takeLast()[0].toString(), QStringLiteral("aws"));
    }

    void selectionIsSeen()
    {
        const QPoint probe = m_bars->rowRect(QStringLiteral("gcp")).topLeft() + QPoint(120, 12);
        QCOMPARE(m_bars->grab().toImage().pixelColor(probe), m_bars->grab().toImage().pixelColor(probe));
        const QImage before = m_bars->grab().toImage();
        m_bars->setSelectedKey(QStringLiteral("gcp"));
        const QImage after = m_bars->grab().toImage();
        const QRect row = m_bars->rowRect(QStringLiteral("gcp"));
        int changedInside = 0, changedOutside = 0;
        for (int y = 0; y < after.height(); ++y) {
            for (int x = 0; x < after.width(); ++x) {
                if (after.pixel(x, y) != before.pixel(x, y)) {
                    ++(row.adjusted(-7, 0, 7, 0).contains(x, y) ? changedInside : changedOutside);
                }
            }
        }
        QVERIFY(changedInside > 1000);
        QCOMPARE(changedOutside, 0);
    }

    void emptyAndOddValues()
    {
        m_bars->setData({});
        m_bars->grab();
        QSignalSpy picked(m_bars.get(), &ShareBars::rowClicked);
        QTest::keyClick(m_bars.get(), Qt::Key_Down);
        QTest::keyClick(m_bars.get(), Qt::Key_Return);
        QTest::mouseClick(m_bars.get(), Qt::LeftButton, {}, QPoint(40, 60));
        QCOMPARE(picked.count(), 0);
        ShareData odd = threeShares();
        odd.rows[0].value = kNaN;
        odd.rows[1].value = -3;
        odd.rows[2].value = 0;
        m_bars->setData(odd);
        QCOMPARE(barLength(QStringLiteral("azure"), theme().provider("azure")), 0);
        QCOMPARE(barLength(QStringLiteral("gcp"), theme().provider("gcp")), 0);
        QCOMPARE(barLength(QStringLiteral("aws"), theme().provider("aws")), 0);
    }

    void heightFollowsTheRowsAndTheFootnote()
    {
        const int before = m_bars->heightForWidth(280);
        ShareData more = threeShares();
        more.rows.push_back(more.rows[0]);
        m_bars->setData(more);
        const int oneRow = m_bars->heightForWidth(280) - before;
        QVERIFY(oneRow > 25 && oneRow < 45);
        more.footnote = more.footnote.repeated(6);
        m_bars->setData(more);
        QVERIFY(m_bars->heightForWidth(280) > before + oneRow + 20);
        QVERIFY(m_bars->heightForWidth(180) > m_bars->heightForWidth(400)); // the footnote wraps
    }

    void followsTheTheme()
    {
        QImage dark = m_bars->grab().toImage();
        applyTheme(ThemeChoice::Light);
        QVERIFY(m_bars->grab().toImage() != dark);
    }
};

QTEST_MAIN(TestShareBars)
#include "tst_share_bars.moc"

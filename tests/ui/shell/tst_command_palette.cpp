// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/command_palette.h"
#include "ui/shell/theme.h"

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QListView>
#include <QMainWindow>
#include <QPushButton>
#include <QStandardPaths>
#include <QTest>
#include <QVBoxLayout>

#include <memory>

using namespace isobar::ui;

/// A window with a few commands and the palette over it, driven by keys and the mouse.
class TestCommandPalette : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
    }

    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        m_ran.clear();
        m_window = std::make_unique<QWidget>();
        m_window->resize(1280, 800);
        m_button = new QPushButton(QStringLiteral("Elsewhere"), m_window.get());
        m_button->move(20, 700);
        m_registry = std::make_unique<CommandRegistry>();
        const auto add = [this](const char* id, const char* title, const char* keys, bool enabled = true) {
            m_registry->add({QLatin1String(id),
                             QString::fromUtf8(title),
                             QKeySequence(QLatin1String(keys)),
                             [this, id] { m_ran << QLatin1String(id); },
                             [enabled] { return enabled; },
                             {}});
        };
        add("file.import", "&Import…", "Ctrl+I");
        add("file.export", "Export picture…", "Ctrl+E");
        add("edit.undo", "Undo", "Ctrl+Z", false);
        add("view.map", "Show the map", "");
        add("clock.play", "Play or pause", "Space");
        m_registry->add(
            {QStringLiteral("view.isobars"), QStringLiteral("Isobars"), {}, [] {}, {}, [] { return true; }});
        m_palette = new CommandPalette(*m_registry, m_window.get());
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }

    void cleanup() { m_window.reset(); }

    void matchesSubsequences_data()
    {
        QTest::addColumn<QString>("query");
        QTest::addColumn<QString>("title");
        QTest::addColumn<bool>("fits");
        QTest::newRow("empty fits all") << QString() << QStringLiteral("Undo") << true;
        QTest::newRow("in order") << QStringLiteral("imp") << QStringLiteral("Import…") << true;
        QTest::newRow("first letters") << QStringLiteral("ep") << QStringLiteral("Export picture…") << true;
        QTest::newRow("with a space") << QStringLiteral("ex pic") << QStringLiteral("Export picture…") << true;
        QTest::newRow("other case") << QStringLiteral("UNDO") << QStringLiteral("Undo") << true;
        QTest::newRow("wrong order") << QStringLiteral("tropmi") << QStringLiteral("Import…") << false;
        QTest::newRow("letter twice, once there") << QStringLiteral("uu") << QStringLiteral("Undo") << false;
        QTest::newRow("longer than the title") << QStringLiteral("undoall") << QStringLiteral("Undo") << false;
    }

    void matchesSubsequences()
    {
        QFETCH(QString, query);
        QFETCH(QString, title);
        QFETCH(bool, fits);
        const auto match = fuzzyMatch(query, title);
        QCOMPARE(match.has_value(), fits);
        if (match) {
            QString stood;
            for (const int at : match->positions) {
                stood += title[at];
            }
            QCOMPARE(stood.toCaseFolded(), QString(query).remove(QLatin1Char(' ')).toCaseFolded());
        }
    }

    void prefersStartsOfWordsAndRuns()
    {
        const auto score = [](const char* query, const char* title) {
            return fuzzyMatch(QLatin1String(query), QLatin1String(title)).value().score;
        };
        QVERIFY(score("map", "Show the map") > score("map", "Compare a place"));
        QVERIFY(score("pl", "Play or pause") > score("pl", "Simple"));
        QCOMPARE(fuzzyMatch(QStringLiteral("pp"), QStringLiteral("Play or pause")).value().positions,
                 (QList<int>{0, 8}));
    }

    void findsWordsInAnyOrder()
    {
        const QString title = QStringLiteral("Theme: dark");
        QVERIFY(!fuzzyMatch(QStringLiteral("dark theme"), title));
        const auto turned = matchWords(QStringLiteral("dark  theme"), title);
        QVERIFY(turned);
        QCOMPARE(turned->positions, (QList<int>{7, 8, 9, 10, 0, 1, 2, 3, 4}));
        QVERIFY(turned->score < matchWords(QStringLiteral("theme dark"), title).value().score);
        QVERIFY(!matchWords(QStringLiteral("dark room"), title));
        QVERIFY(!matchWords(QStringLiteral("ramd"), title)); // one word keeps its order
    }

    void findsByOtherNamesBehindTitles()
    {
        m_registry->add({QStringLiteral("view.present"),
                         QStringLiteral("Show the boards"),
                         {},
                         [this] { m_ran << QStringLiteral("view.present"); },
                         {},
                         {},
                         QStringLiteral("presentation playlist")});
        const auto shown = [this](const char* query) {
            m_palette->open();
            QTest::keyClicks(m_window->focusWidget(), QLatin1String(query));
            QStringList titles;
            const auto* model = m_palette->findChild<QListView*>()->model();
            for (int row = 0; row < model->rowCount(); ++row) {
                titles << model->index(row, 0).data().toString();
            }
            return titles;
        };
        QCOMPARE(shown("presentation"), QStringList{QStringLiteral("Show the boards")});
        QCOMPARE(shown("pres play"), QStringList{QStringLiteral("Show the boards")});
        QCOMPARE(shown("play").constFirst(), QStringLiteral("Play or pause"));
        QCOMPARE(shown("station"), QStringList());
    }

    void findsAndRunsByKeys()
    {
        m_palette->open();
        QVERIFY(m_palette->isVisible());
        QTRY_COMPARE(m_window->focusWidget(), query());
        QTest::keyClicks(query(), QStringLiteral("impo"));
        QCOMPARE(titles(), QStringList{QStringLiteral("Import…")});
        QTest::keyClick(query(), Qt::Key_Return);
        QCOMPARE(m_ran, QStringList{QStringLiteral("file.import")});
        QVERIFY(!m_palette->isVisible());
    }

    void arrowsMoveAndWrap()
    {
        m_palette->open();
        QCOMPARE(list()->currentIndex().row(), 0);
        QTest::keyClick(query(), Qt::Key_Down);
        QCOMPARE(list()->currentIndex().row(), 1);
        QTest::keyClick(query(), Qt::Key_Up);
        QTest::keyClick(query(), Qt::Key_Up);
        QCOMPARE(list()->currentIndex().row(), list()->model()->rowCount() - 2); // the last is disabled
        QTest::keyClick(query(), Qt::Key_Down);
        QTest::keyClick(query(), Qt::Key_Down);
        QTest::keyClick(query(), Qt::Key_Return);
        QCOMPARE(m_ran, QStringList{QStringLiteral("file.export")});
    }

    void clickRuns()
    {
        m_palette->open();
        QTest::keyClicks(query(), QStringLiteral("map"));
        QCOMPARE(titles(), QStringList{QStringLiteral("Show the map")});
        const QRect row = list()->visualRect(list()->model()->index(0, 0));
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, {}, row.center());
        QCOMPARE(m_ran, QStringList{QStringLiteral("view.map")});
    }

    void disabledIsGreyedLastAndDoesNotRun()
    {
        m_palette->open();
        QCOMPARE(titles().last(), QStringLiteral("Undo"));
        QTest::keyClicks(query(), QStringLiteral("undo"));
        QCOMPARE(titles(), QStringList{QStringLiteral("Undo")});
        QVERIFY(!list()->model()->index(0, 0).flags().testFlag(Qt::ItemIsEnabled));
        QTest::keyClick(query(), Qt::Key_Return);
        QVERIFY(m_ran.isEmpty());
        const QRect row = list()->visualRect(list()->model()->index(0, 0));
        QTest::mouseClick(list()->viewport(), Qt::LeftButton, {}, row.center());
        QVERIFY(m_ran.isEmpty());
        QVERIFY(m_palette->isVisible());
    }

    void goesWhereOneWantsToByTypingOnly()
    {
        m_palette->destinations = [this] {
            return std::vector<Destination>{
                {QStringLiteral("Place: Tokyo"), [this] { m_ran << QStringLiteral("tokyo"); }},
                {QStringLiteral("Board: Finance"), [this] { m_ran << QStringLiteral("finance"); }}};
        };
        m_palette->open();
        QCOMPARE(list()->model()->rowCount(), static_cast<int>(m_registry->commands().size()));
        QTest::keyClicks(query(), QStringLiteral("finance"));
        QCOMPARE(list()->model()->rowCount(), 1);
        QTest::keyClick(query(), Qt::Key_Return);
        QCOMPARE(m_ran, QStringList{QStringLiteral("finance")});
        QVERIFY(m_palette->isHidden());
    }

    void escapeClosesAndGivesTheFocusBack()
    {
        m_button->setFocus();
        m_palette->open();
        QTRY_COMPARE(m_window->focusWidget(), query());
        QTest::keyClick(query(), Qt::Key_Escape);
        QVERIFY(!m_palette->isVisible());
        QCOMPARE(m_window->focusWidget(), m_button);
        QVERIFY(m_ran.isEmpty());
    }

    void clickElsewhereCloses()
    {
        m_palette->open();
        QTest::mouseClick(m_window.get(), Qt::LeftButton, {}, QPoint(5, 400));
        QVERIFY(!m_palette->isVisible());
    }

    void opensEmptyAgain()
    {
        m_palette->open();
        QTest::keyClicks(query(), QStringLiteral("zzz"));
        QCOMPARE(list()->model()->rowCount(), 0);
        QTest::keyClick(query(), Qt::Key_Return);
        QVERIFY(m_ran.isEmpty());
        m_palette->dismiss();
        m_palette->open();
        QVERIFY(query()->text().isEmpty());
        QCOMPARE(list()->model()->rowCount(), static_cast<int>(m_registry->commands().size()));
    }

    void staysCentredInside_data()
    {
        QTest::addColumn<QSize>("size");
        QTest::newRow("laptop") << QSize(1280, 800);
        QTest::newRow("full HD") << QSize(1920, 1080);
        QTest::newRow("narrow") << QSize(420, 300);
    }

    void staysCentredInside()
    {
        QFETCH(QSize, size);
        m_palette->open();
        m_window->resize(size);
        QTRY_VERIFY(m_window->rect().contains(m_palette->geometry()));
        QVERIFY(qAbs(m_palette->geometry().center().x() - m_window->rect().center().x()) <= 1);
    }

    void modelIsConsistent()
    {
        QAbstractItemModelTester tester(list()->model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
        m_palette->open();
        QTest::keyClicks(query(), QStringLiteral("p"));
        QVERIFY(list()->model()->rowCount() > 1);
    }

    void everyControlHasAName()
    {
        for (const QWidget* child :
             {static_cast<QWidget*>(m_palette), static_cast<QWidget*>(query()), static_cast<QWidget*>(list())}) {
            QVERIFY2(!child->accessibleName().isEmpty(), qPrintable(child->objectName()));
        }
        m_palette->open();
        QCOMPARE(list()->model()->index(0, 0).data(Qt::AccessibleTextRole).toString(),
                 QStringLiteral("Import…, Ctrl+I"));
    }

    /// Set ISOBAR_GRAB_DIR to keep pictures to look at.
    void paintsInBothThemes()
    {
        for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
            applyTheme(choice);
            m_palette->open();
            QTest::keyClicks(query(), QStringLiteral("p"));
            const QImage picture = m_window->grab().toImage();
            const QPoint inside = m_palette->geometry().center() + QPoint(0, m_palette->height() / 2 - 10);
            QCOMPARE(picture.pixelColor(inside), theme().raised);
            if (const QString folder = qEnvironmentVariable("ISOBAR_GRAB_DIR"); !folder.isEmpty()) {
                picture.save(folder + (theme().dark ? QStringLiteral("/palette-dark.png")
                                                    : QStringLiteral("/palette-light.png")));
            }
        }
    }

private:
    QLineEdit* query() const { return m_palette->findChild<QLineEdit*>(); }
    QListView* list() const { return m_palette->findChild<QListView*>(); }
    QStringList titles() const
    {
        QStringList all;
        for (int i = 0; i < list()->model()->rowCount(); ++i) {
            all << list()->model()->index(i, 0).data().toString();
        }
        return all;
    }

    std::unique_ptr<QWidget> m_window;
    std::unique_ptr<CommandRegistry> m_registry;
    QPushButton* m_button = nullptr;
    CommandPalette* m_palette = nullptr;
    QStringList m_ran;
};

QTEST_MAIN(TestCommandPalette)
#include "tst_command_palette.moc"

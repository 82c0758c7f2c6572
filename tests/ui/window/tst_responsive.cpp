// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/shell/window/tour.h"

#include <QDialog>
#include <QLabel>
#include <QToolButton>

#include <ctime>

using namespace isobar;
using namespace isobar::ui;

namespace {

/// What this thread has computed, in seconds: what it waits for, and what else the machine does, is not in it.
double threadSeconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Many times what any command takes on a slow machine, and far below what would be called hanging.
constexpr double kLongestSeconds = 3;

/// Counts what is styled while it lives.
class StyleChanges : public QObject {
public:
    StyleChanges() { qApp->installEventFilter(this); }
    [[nodiscard]] qsizetype seen() const { return m_seen; }

protected:
    bool eventFilter(QObject*, QEvent* event) override
    {
        m_seen += event->type() == QEvent::StyleChange ? 1 : 0;
        return false;
    }

private:
    qsizetype m_seen = 0;
};

} // namespace

/// Every command of the registry with all rooms open: what each computes in the window's own thread before the window
/// answers again.
class ResponsiveTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    static void answer()
    {
        for (int i = 0; i < 4; ++i) {
            QCoreApplication::processEvents();
        }
    }

private Q_SLOTS:
    void initTestCase()
    {
        beginTests("isobar-test-responsive");
        openWindow();
        simulate(2);
        m_session->pause();
        for (const char* room :
             {"view.boards", "view.explorer", "view.sql", "view.devices", "view.data", "sim.replay", "view.overview"}) {
            trigger(room);
            answer();
        }
    }
    void cleanupTestCase() { closeWindow(); }

    void aThemeMayChangeWhileAPlaceIsChosen()
    {
        // Both make the row of filters anew, and its chips, once shown, may widen the bar that does so.
        const auto chip = [this]() -> QToolButton* {
            for (auto* button : m_window->findChildren<QToolButton*>()) {
                if (button->property("chip").toBool() && button->isVisible()) {
                    return button;
                }
            }
            return nullptr;
        };
        const QSize before = m_window->size();
        for (const int width : {1180, 1480}) {
            m_window->resize(width, before.height());
            for (const char* theme : {"view.themeLight", "view.themeContrast", "view.themeDark"}) {
                map().goTo(map().scene().markers.front().id);
                answer();
                QVERIFY(!state().regions.empty());
                trigger(theme);
                answer();
                QVERIFY(chip() != nullptr);
                chip()->click();
                answer();
                QTRY_VERIFY(state().regions.empty());
                QTRY_VERIFY(chip() == nullptr);
            }
        }
        m_window->resize(before);
        answer();
    }

    void everyCommandAnswersSoon_data()
    {
        QTest::addColumn<QString>("command");
        for (const Command& command : m_window->commands().commands()) {
            if (command.id != QLatin1String("file.quit")) {
                QTest::newRow(qPrintable(command.id)) << command.id;
            }
        }
    }
    void everyCommandAnswersSoon()
    {
        QFETCH(QString, command);
        QTimer closer; // a dialog is shown and closed again
        connect(&closer, &QTimer::timeout, this, [] {
            if (QWidget* menu = QApplication::activePopupWidget()) {
                menu->close();
            } else if (QWidget* dialog = QApplication::activeModalWidget()) {
                dialog->close();
            }
        });
        closer.start(0);
        const double before = threadSeconds();
        m_window->commands().action(command)->trigger();
        answer();
        const double seconds = threadSeconds() - before;
        qInfo("%-22s %4.0f ms", qPrintable(command), seconds * 1e3);
        if (m_window->tour() != nullptr) {
            QTest::keyClick(m_window->tour(), Qt::Key_Escape);
        }
        m_window->setPresenting(false);
        m_session->pause();
        trigger("view.overview");
        QVERIFY2(seconds < kLongestSeconds, qPrintable(QStringLiteral("%1 s").arg(seconds)));
    }

    /// An application's style sheet is applied to a widget once for every widget around it: nine times on average here.
    void aThemeStylesEachWidgetAboutOnce()
    {
        const auto widgets = QApplication::allWidgets().size();
        for (const char* other : {"view.themeLight", "view.themeContrast", "view.themeDark"}) {
            StyleChanges changes;
            trigger(other);
            QVERIFY2(changes.seen() > 0, other);
            QVERIFY2(changes.seen() < 3 * widgets,
                     qPrintable(QStringLiteral("%1 of %2 widgets").arg(changes.seen()).arg(widgets)));
        }
    }

    void aThemeReachesWindowsOfNowAndLater()
    {
        const auto colorOf = [](QWidget& widget) {
            widget.ensurePolished();
            return widget.palette().color(QPalette::WindowText);
        };
        const auto mutedOf = [&colorOf](QWidget* parent) {
            QLabel label(QStringLiteral("words"), parent);
            label.setProperty("muted", true);
            return colorOf(label);
        };
        trigger("view.themeDark");
        QLabel before(QStringLiteral("words"));
        before.setProperty("muted", true);
        QCOMPARE(colorOf(before), Theme::darkTheme().muted);
        QLabel styled(QStringLiteral("words"));
        const QString own = QStringLiteral("QLabel { color: #123456; }");
        styled.setStyleSheet(own);
        QDialog dialog(m_window.get());
        for (const auto& [command, expected] : {std::pair{"view.themeLight", &Theme::lightTheme()},
                                                std::pair{"view.themeContrast", &Theme::highContrastTheme()},
                                                std::pair{"view.themeDark", &Theme::darkTheme()}}) {
            trigger(command);
            QCOMPARE(colorOf(before), expected->muted);
            QCOMPARE(mutedOf(nullptr), expected->muted);
            QCOMPARE(mutedOf(m_window.get()), expected->muted);
            QCOMPARE(mutedOf(&dialog), expected->muted);
            QCOMPARE(colorOf(styled), QColor(0x12, 0x34, 0x56));
            QVERIFY(styled.styleSheet().endsWith(own));
        }
        QCOMPARE(styled.styleSheet().count(own), 1);
    }
};

QTEST_MAIN(ResponsiveTest)
#include "tst_responsive.moc"

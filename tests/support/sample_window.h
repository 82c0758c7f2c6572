// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/overview_page.h"
#include "ui/map/map_view.h"
#include "ui/shell/theme.h"
#include "ui/shell/window/main_window.h"

#include <QSettings>
#include <QStandardPaths>
#include <QWheelEvent>
#include <QtTest>

#include <cmath>
#include <memory>

namespace isobar::ui::test {

/// A window on the bundled sample, and what a hand does to it: the ground of the tests that walk through the window.
class SampleWindow {
protected:
    /// Settings of the test's own, empty; before the first window.
    static void beginTests(const char* application, ThemeChoice choice = ThemeChoice::Dark)
    {
        QStandardPaths::setTestModeEnabled(true);
        QApplication::setApplicationName(QLatin1String(application));
        QSettings().clear();
        applyTheme(choice);
    }
    /// The clock stands still.
    void openWindow(QSize size = {1480, 900})
    {
        constexpr double kSettleSeconds = 2;
        m_session = std::make_unique<Session>(kSettleSeconds);
        m_window = std::make_unique<MainWindow>(*m_session);
        m_window->resize(size);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
        QVERIFY(m_session->openSample().ok());
    }
    void closeWindow()
    {
        m_window.reset();
        m_session.reset();
    }
    /// So much simulated time more, all of it in the history and on the screen.
    void simulate(double seconds)
    {
        const auto target = m_session->history().end() + static_cast<aggregate::SimMicros>(seconds * 1e6);
        aggregate::SimMicros told = 0; // views hear of it a few times a second, after the history has it
        QObject listener;
        QObject::connect(m_session.get(), &Session::historyChanged, &listener,
                         [&] { told = m_session->history().end(); });
        m_session->stepBy(seconds);
        QTRY_VERIFY_WITH_TIMEOUT(told >= target, 60'000);
        QCoreApplication::processEvents();
    }
    /// As its menu entry does; it must be possible now.
    void trigger(const char* command)
    {
        QAction* action = m_window->commands().action(QLatin1String(command));
        QVERIFY2(action != nullptr, command);
        QVERIFY2(action->isEnabled(), command);
        action->trigger();
    }

    [[nodiscard]] OverviewPage& page() { return m_window->overview(); }
    [[nodiscard]] MapView& map() { return page().map(); }
    [[nodiscard]] const SelectionState& state() { return m_session->selection().state(); }
    /// The visible widget of that kind with this accessible name; null when there is none.
    template <class Widget> [[nodiscard]] Widget* named(const QString& name)
    {
        for (Widget* widget : m_window->findChildren<Widget*>()) {
            if (widget->accessibleName() == name && widget->isVisible()) {
                return widget;
            }
        }
        return nullptr;
    }
    /// Place on the map by name; -1 when there is none.
    [[nodiscard]] int placeNamed(const char* name)
    {
        for (std::size_t i = 0; i < m_session->places().size(); ++i) {
            if (m_session->places()[i].name == name) {
                return static_cast<int>(i);
            }
        }
        return -1;
    }
    /// The figures of the first row as numbers; empty before there are any.
    [[nodiscard]] std::vector<double> figures()
    {
        const auto table = viewTable(View::Overview, page().context());
        return table.ok() && !table->rows.empty() ? table->rows[0].values : std::vector<double>();
    }
    /// Notches of the wheel over a point of the map; negative: away from it.
    void turnWheel(QPointF at, int notches)
    {
        for (int i = 0; i < std::abs(notches); ++i) {
            QWheelEvent wheel(at, map().mapToGlobal(at), {}, {0, notches > 0 ? 120 : -120}, Qt::NoButton,
                              Qt::NoModifier, Qt::NoScrollPhase, false);
            QCoreApplication::sendEvent(&map(), &wheel);
        }
    }

    std::unique_ptr<Session> m_session;
    std::unique_ptr<MainWindow> m_window;
};

} // namespace isobar::ui::test

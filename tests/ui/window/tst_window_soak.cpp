// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/block_vector.h"
#include "tests/support/sample_window.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/view_widget.h"
#include "ui/devices/device_page.h"

#include <QTemporaryDir>

#include <array>
#include <fstream>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

using namespace isobar;
using namespace isobar::ui;

namespace {

constexpr int kUsualSeconds = 15;
constexpr double kMostMegabytes = 96;       ///< more than when it was warm, beside blocks and history
constexpr double kMostBlockMegabytes = 900; ///< the fleet, half a gigabyte of checkpoints, what is kept for both
constexpr double kMostHistoryMegabytes = 300;

/// Resident memory of this process in MB, less what the allocator merely has not given back.
double residentMegabytes()
{
    malloc_trim(0);
    std::ifstream file("/proc/self/statm");
    double pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) * 1e-6;
}

} // namespace

/// Somebody at work for as long as ISOBAR_SOAK_SECONDS says (an hour: 3600, and above five minutes
/// QTEST_FUNCTION_TIMEOUT as many milliseconds and some more), with the clock running: every page is
/// opened, filtered, brushed, zoomed and exported over and over. What is looked at may cost memory once, not each time.
class WindowSoakTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    QTemporaryDir m_folder;

    void settle()
    {
        for (int i = 0; i < 3; ++i) {
            QCoreApplication::processEvents(QEventLoop::AllEvents, 50);
            QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        }
    }
    void trigger(const char* command)
    {
        SampleWindow::trigger(command);
        settle();
    }
    /// Replicas and the checkpoints to go back to, which have a budget of their own; freed blocks are kept.
    static double blockMegabytes() { return static_cast<double>(serving::block_heap::heldBytes()) * 1e-6; }
    /// The past in memory: thinned as it grows old, but for hours it does grow.
    double historyMegabytes() const
    {
        return static_cast<double>(m_session->history().bytes() + m_session->rollUp()->bytes()) * 1e-6;
    }
    /// All but what has an account of its own.
    double otherMegabytes() const { return residentMegabytes() - blockMegabytes() - historyMegabytes(); }
    /// One round of everything.
    void lookAround(int round)
    {
        const Fleet& fleet = m_session->fleet();
        const auto n = static_cast<std::size_t>(round);
        trigger("view.overview");
        SelectionState filtered;
        filtered.model = ModelId(n % fleet.models.size());
        m_session->selection().set(filtered);
        settle();
        filtered.provider = ProviderId(n % fleet.providers.size());
        filtered.compare = Comparing::PreviousPeriod;
        m_session->selection().set(filtered);
        settle();
        filtered = {};
        filtered.regions = {RegionId(n % fleet.regions.size())};
        m_session->selection().set(filtered);
        settle();
        m_session->selection().set({});
        for (const int notches : {4, -4}) {
            turnWheel({map().width() * 0.6, map().height() * 0.4}, notches);
            settle();
        }
        for (const auto& chart : m_window->overview().charts()) {
            if (auto* time = qobject_cast<TimeChart*>(chart->widget())) {
                const double from = time->data().from, to = time->data().to;
                Q_EMIT time->rangeBrushed(from + (to - from) * 0.25, from + (to - from) * 0.75);
                settle();
            }
        }
        trigger("view.back");
        trigger("view.back");
        m_session->selection().set({});
        const View view = allViews()[n % allViews().size()];
        const ExportFormat format = std::array{ExportFormat::Png, ExportFormat::Svg, ExportFormat::Pdf}[n % 3];
        QVERIFY(ui::exportView(view, format, m_folder.filePath(QStringLiteral("view")), {1000, 600}, 1,
                               m_window->overview().context())
                    .ok());
        trigger("view.boards");
        for (int board = 0; board < 3; ++board) {
            m_window->boards().showNext();
            settle();
        }
        trigger("view.devices");
        m_window->devices().open(DevicePath::of(fleet, PoolId(n % fleet.pools.size())));
        settle();
        for (const char* room : {"view.explorer", "view.sql", "view.data", "sim.replay"}) {
            trigger(room);
        }
        applyTheme(n % 2 == 0 ? ThemeChoice::Light : ThemeChoice::Dark);
        settle();
        // What can be taken back is kept on purpose; here it would hide what is not.
        m_session->undoStack().clear();
    }

private Q_SLOTS:
    void initTestCase()
    {
        beginTests("isobar-test-soak");
        // Huge pages count as resident as a whole, whatever of them is used: up to 100 MB, now here, now there.
        QVERIFY(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
    }

    void memoryIsSteadyWhileSomebodyWorks()
    {
        bool set = false;
        const int asked = qEnvironmentVariableIntValue("ISOBAR_SOAK_SECONDS", &set);
        const int seconds = set ? asked : kUsualSeconds;
        openWindow();
        m_session->play();
        QTRY_VERIFY_WITH_TIMEOUT(m_session->history().end() >= 5 * aggregate::kMicrosPerSecond, 60'000);
        int round = 0;
        for (; round < static_cast<int>(allViews().size()); ++round) { // all that is kept has been made once
            lookAround(round);
        }
        const double warm = otherMegabytes();
        QElapsedTimer timer;
        timer.start();
        qint64 told = 0;
        const auto tell = [&] {
            told = timer.elapsed();
            const struct mallinfo2 heap = mallinfo2();
            qInfo(
                "%lld s, %d rounds, %.0f simulated s: %.1f MB resident: blocks %.1f, history %.1f, other %.1f; malloc "
                "%.1f in use, %.1f free",
                static_cast<long long>(told / 1000), round, static_cast<double>(m_session->history().end()) * 1e-6,
                residentMegabytes(), blockMegabytes(), historyMegabytes(), otherMegabytes(),
                static_cast<double>(heap.uordblks + heap.hblkhd) * 1e-6, static_cast<double>(heap.fordblks) * 1e-6);
        };
        tell();
        while (timer.elapsed() < seconds * 1000LL) {
            lookAround(round++);
            if (timer.elapsed() - told > 60'000) {
                tell();
            }
        }
        tell();
        QVERIFY2(otherMegabytes() < warm + kMostMegabytes,
                 qPrintable(QStringLiteral("%1 MB more").arg(otherMegabytes() - warm)));
        QVERIFY2(historyMegabytes() < kMostHistoryMegabytes, qPrintable(QString::number(historyMegabytes())));
        QVERIFY2(blockMegabytes() < kMostBlockMegabytes, qPrintable(QString::number(blockMegabytes())));
        closeWindow();
    }
};

QTEST_MAIN(WindowSoakTest)
#include "tst_window_soak.moc"

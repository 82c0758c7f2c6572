// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/share_bars.h"
#include "ui/dashboard/side_panel.h"
#include "ui/planner/placement_drag.h"
#include "ui/planner/region_panel.h"
#include "ui/replay/replay_page.h"

#include <QComboBox>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QLabel>
#include <QMimeData>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>

#include "tests/support/test_support.h"

#include <numeric>

using namespace isobar;
using namespace isobar::ui;

/// The whole window on the bundled sample, by clicks, drags and keys.
class MainWindowTest : public QObject, private ui::test::SampleWindow {
    Q_OBJECT

    static constexpr double kSettleSeconds = 2;

    RegionPanel& regionPanel() { return m_window->overview().side().regionPanel(); }

    void clickPlace(int place)
    {
        map().finishRendering();
        const QRect at = map().markerRect(place);
        QVERIFY(!at.isEmpty());
        QTest::mouseClick(&map(), Qt::LeftButton, {}, at.center());
    }

    std::int64_t replicasOf(PlacementId id) { return m_session->fleet()[id].replicas; }

    std::int64_t allReplicas()
    {
        const auto& placements = m_session->fleet().placements;
        return std::accumulate(placements.begin(), placements.end(), std::int64_t{0},
                               [](std::int64_t sum, const Placement& p) { return sum + p.replicas; });
    }

    /// The placement of the first card, and a place that takes it, found by asking like a drag does.
    struct Target {
        PlacementId placement;
        int replicas = 0, yes = -1, no = -1;
    };
    Target findTarget()
    {
        Target target;
        for (PlacementCard* card : regionPanel().cards()) {
            target.placement = card->placement();
            target.replicas = std::max(1, m_session->fleet()[card->placement()].replicas / 5);
            target.yes = target.no = -1;
            const auto data = toMimeData({target.placement, target.replicas});
            for (const MapMarker& marker : map().scene().markers) {
                const bool alone = map().layoutNow().placed.size() > 0 && isAlone(marker.id);
                const DropAnswer answer = map().dropProvider(marker.id, data.get());
                if (answer.verdict == DropAnswer::Verdict::No) {
                    target.no = target.no < 0 && alone ? marker.id : target.no;
                } else {
                    target.yes = target.yes < 0 && alone ? marker.id : target.yes;
                }
            }
            if (target.yes >= 0 && target.no >= 0) {
                return target;
            }
        }
        return target;
    }

    bool isAlone(int marker)
    {
        for (const PlacedMarker& placed : map().layoutNow().placed) {
            if (!placed.isCluster() &&
                map().scene().markers[static_cast<std::size_t>(placed.members.front())].id == marker) {
                return true;
            }
        }
        return false;
    }

    bool dragTo(int place, const QMimeData* data)
    {
        const QPoint at = map().markerRect(place).center();
        QDragEnterEvent enter(QPoint(5, 5), Qt::MoveAction, data, Qt::LeftButton, {});
        QApplication::sendEvent(&map(), &enter);
        QDragMoveEvent move(at, Qt::MoveAction, data, Qt::LeftButton, {});
        QApplication::sendEvent(&map(), &move);
        QDropEvent drop(QPointF(at), Qt::MoveAction, data, Qt::LeftButton, {});
        drop.ignore(); // events are born accepted
        QApplication::sendEvent(&map(), &drop);
        return drop.isAccepted();
    }

private Q_SLOTS:
    void initTestCase() { beginTests("isobar-test"); }
    void init() { openWindow(); }
    void cleanup() { closeWindow(); }

    void showsSixFiguresWithUnits()
    {
        simulate(5);
        const auto tiles = m_window->overview().findChildren<KpiTile*>();
        QCOMPARE(tiles.size(), 6);
        for (const KpiTile* tile : tiles) {
            QVERIFY2(tile->data().value.contains(QRegularExpression(QStringLiteral("\\d"))),
                     qPrintable(tile->data().title));
            QVERIFY2(!tile->data().unit.isEmpty(), qPrintable(tile->data().title));
            QVERIFY(!tile->data().change.isEmpty());
        }
    }

    void sharesAddUpToTheSpendShown()
    {
        simulate(5);
        const ViewContext context = m_window->overview().context();
        const auto share = viewTable(View::Share, context);
        const auto overview = viewTable(View::Overview, context);
        QVERIFY(share.ok() && overview.ok());
        double sum = 0;
        for (const query::Row& row : share->rows) {
            sum += std::isfinite(row.values[0]) ? row.values[0] : 0;
        }
        QVERIFY(std::abs(sum - overview->rows[0].values[0]) <= 1e-9 * sum);
    }

    void clickingAPlaceSelectsItAndClickingTheSeaClears()
    {
        simulate(2);
        const int tokyo = placeNamed("Tokyo");
        QVERIFY(tokyo >= 0);
        clickPlace(tokyo);
        QCOMPARE(m_session->selection().state().regions.size(), std::size_t{4});
        QVERIFY(!regionPanel().cards().empty());
        QVERIFY(regionPanel().isVisible());
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(m_session->selection().state().regions.empty());
    }

    void modelFilterNarrowsEveryView()
    {
        simulate(5);
        auto* models = m_window->findChild<QComboBox*>();
        QVERIFY(models);
        const auto before = viewTable(View::Overview, m_window->overview().context());
        SelectionState state = m_session->selection().state();
        state.model = ModelId(std::size_t{1});
        m_session->selection().set(state);
        const auto after = viewTable(View::Overview, m_window->overview().context());
        QVERIFY(before.ok() && after.ok());
        QVERIFY(after->rows[0].values[0] < before->rows[0].values[0]);
        QVERIFY(after->rows[0].values[0] > 0);
    }

    void droppingMovesReplicasAndUndoBringsThemBack()
    {
        simulate(10);
        clickPlace(placeNamed("Tokyo"));
        const Target target = findTarget();
        QVERIFY2(target.yes >= 0, "no place takes any of Tokyo's placements");
        const auto placementsBefore = m_session->fleet().placements;
        const auto before = replicasOf(target.placement);
        QElapsedTimer timer;
        timer.start();
        const auto data = toMimeData({target.placement, target.replicas});
        QVERIFY(dragTo(target.yes, data.get()));
        qInfo("drag over all places, answer and drop: %lld ms", static_cast<long long>(timer.elapsed()));
        QVERIFY(replicasOf(target.placement) < before);
        QVERIFY(m_session->undoStack().canUndo());
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QCOMPARE(replicasOf(target.placement), before);
        for (std::size_t i = 0; i < placementsBefore.size(); ++i) {
            QVERIFY(m_session->fleet().placements[i] == placementsBefore[i]);
        }
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(replicasOf(target.placement) < before);
        simulate(3); // and the engine goes on with it
        QVERIFY(!m_session->events().empty());
    }

    void severalMovesUndoAndRedoInTurn()
    {
        simulate(10);
        QSignalSpy problems(m_session.get(), &Session::problem);
        const std::size_t known = m_session->fleet().placements.size();
        std::vector<std::vector<Placement>> states{m_session->fleet().placements};
        // Moves that each add a placement where the model was not before.
        for (std::size_t p = 0; p < known && states.size() < 4; ++p) {
            for (std::size_t pool = 0; pool < m_session->fleet().pools.size(); ++pool) {
                const plan::Assessment a = m_session->planner()->assess({PlacementId(p), PoolId(pool), 1});
                const bool adds =
                    a.target && a.verdict != plan::Verdict::No &&
                    plan::Planner::placementsAfter(m_session->fleet(), a).size() > m_session->fleet().placements.size();
                if (adds) {
                    m_session->carryOut(a);
                    states.push_back(m_session->fleet().placements);
                    break;
                }
            }
        }
        QCOMPARE(states.size(), std::size_t{4});
        const auto sameReplicas = [this](const std::vector<Placement>& state) {
            const auto& now = m_session->fleet().placements;
            for (std::size_t i = 0; i < now.size(); ++i) {
                if (now[i].replicas != (i < state.size() ? state[i].replicas : 0)) {
                    return false;
                }
            }
            return now.size() >= state.size();
        };
        for (std::size_t i = states.size() - 1; i-- > 0;) {
            m_session->undoStack().undo();
            QVERIFY(sameReplicas(states[i]));
        }
        for (std::size_t i = 1; i < states.size(); ++i) {
            m_session->undoStack().redo();
            QVERIFY(sameReplicas(states[i]));
        }
        simulate(2); // the engine took every one of them
        QCOMPARE(problems.count(), 0);
    }

    void aRefusedDropChangesNothingAndSaysWhy()
    {
        simulate(10);
        clickPlace(placeNamed("Tokyo"));
        const Target target = findTarget();
        QVERIFY2(target.no >= 0, "every place takes it");
        const auto data = toMimeData({target.placement, target.replicas});
        const DropAnswer answer = map().dropProvider(target.no, data.get());
        QVERIFY(!answer.lines.isEmpty());
        const auto before = m_session->fleet().placements;
        QVERIFY(!dragTo(target.no, data.get()));
        QVERIFY(m_session->fleet().placements == before);
        QCOMPARE(m_session->undoStack().count(), 1); // the choice of Tokyo, and no move
    }

    void theCardShowsBaselineScenarioAndDelta()
    {
        simulate(10);
        clickPlace(placeNamed("Tokyo"));
        const Target target = findTarget();
        const auto data = toMimeData({target.placement, target.replicas});
        const QString lines = map().dropProvider(target.yes, data.get()).lines.join(QLatin1Char('\n'));
        for (const char* word : {"Spend", "TTFT p95", "Capacity", "→"}) {
            QVERIFY2(lines.contains(QString::fromUtf8(word)), qPrintable(lines));
        }
    }

    void playPauseAndSpeedReachTheEngine()
    {
        QTest::keyClick(m_window.get(), Qt::Key_Space);
        QVERIFY(m_session->isPlaying());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot() && m_session->snapshot()->now > 0, 20'000);
        QTest::keyClick(m_window.get(), Qt::Key_Space);
        QVERIFY(!m_session->isPlaying());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot()->paused, 20'000);
        const auto stopped = m_session->snapshot()->now;
        QTest::qWait(200); // time that passes is what is tested here
        QCOMPARE(m_session->snapshot()->now, stopped);
    }

    void theClocksButtonsReachTheEngineToo()
    {
        const auto press = [this](const QString& name) {
            const auto buttons = m_window->overview().findChildren<QToolButton*>();
            const auto found = std::find_if(buttons.begin(), buttons.end(),
                                            [&name](const QToolButton* b) { return b->accessibleName() == name; });
            QVERIFY2(found != buttons.end(), qPrintable(name));
            QTest::mouseClick(*found, Qt::LeftButton);
        };
        QVERIFY(!m_session->isPlaying());
        press(QStringLiteral("Play or pause"));
        QVERIFY(m_session->isPlaying());
        press(QStringLiteral("Play or pause"));
        QVERIFY(!m_session->isPlaying());
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot() && m_session->snapshot()->paused, 60'000);
        const auto stopped = m_session->snapshot()->now;
        press(QStringLiteral("Step"));
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot()->now >= stopped + 10'000'000, 60'000);
        QVERIFY(!m_session->isPlaying());
    }

    void sameSeedSameNumbersInTheWindowAndInALoop()
    {
        simulate(10);
        const auto shown = viewTable(View::Map, m_window->overview().context());
        QVERIFY(m_session->restart(42).ok());
        simulate(10);
        const auto again = viewTable(View::Map, m_window->overview().context());
        QVERIFY(shown.ok() && again.ok());
        QCOMPARE(shown->rows.size(), again->rows.size());
        for (std::size_t i = 0; i < shown->rows.size(); ++i) {
            for (std::size_t v = 0; v < shown->rows[i].values.size(); ++v) {
                const double a = shown->rows[i].values[v], b = again->rows[i].values[v];
                QVERIFY((std::isnan(a) && std::isnan(b)) || a == b);
            }
        }
    }

    void exportsEveryViewInEveryFormat()
    {
        simulate(5);
        QTemporaryDir folder;
        for (const View view : allViews()) {
            for (const char* name : {"png", "svg", "pdf", "csv"}) {
                const QString path = folder.filePath(viewName(view) + QLatin1Char('.') + QLatin1String(name));
                const Status written = ui::exportView(view, *exportFormatByName(QLatin1String(name)), path, {1000, 600},
                                                      1, m_window->overview().context());
                QVERIFY2(written.ok(), written.ok() ? "" : written.error().toString().c_str());
                QVERIFY(QFileInfo(path).size() > 100);
            }
        }
    }

    void windowAndCommandLineExportTheSameNumbers()
    {
        const QString cli = QString::fromStdString(isobar::test::program("isobar-cli").string());
        if (!QFileInfo::exists(cli)) {
            QSKIP("isobar-cli is not built");
        }
        QTemporaryDir folder;
        const QString store = folder.filePath(QStringLiteral("fleet.isobar"));
        QVERIFY(m_session->saveAs(store.toStdString()).ok());
        simulate(10);
        for (const View view : allViews()) {
            const QString mine = folder.filePath(QStringLiteral("window.csv"));
            const QString theirs = folder.filePath(QStringLiteral("cli.csv"));
            QVERIFY(ui::exportView(view, ExportFormat::Csv, mine, {}, 1, m_window->overview().context()).ok());
            QProcess process;
            process.start(cli, {QStringLiteral("export"), store, QStringLiteral("--view"), viewName(view),
                                QStringLiteral("--format"), QStringLiteral("csv"), QStringLiteral("--out"), theirs,
                                QStringLiteral("--for"), QStringLiteral("10s"), QStringLiteral("--settle"),
                                QString::number(kSettleSeconds)});
            QVERIFY(process.waitForFinished(60'000));
            QCOMPARE(process.exitCode(), 0);
            QFile a(mine), b(theirs);
            QVERIFY(a.open(QIODevice::ReadOnly) && b.open(QIODevice::ReadOnly));
            QCOMPARE(a.readAll(), b.readAll());
        }
    }

    void aWrongStoreIsToldAndTheWindowStays()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("not-a-store.db"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("this is not SQLite, and long enough to be looked at as if it were");
        file.close();
        const Status opened = m_session->openStore(path.toStdString());
        QVERIFY(!opened.ok());
        m_window->say(opened.error());
        bool said = false;
        for (const QLabel* label : m_window->findChildren<QLabel*>()) {
            said = said || (label->accessibleName() == QStringLiteral("Message") && label->isVisible() &&
                            !label->text().isEmpty());
        }
        QVERIFY(said);
        QVERIFY(m_session->isOpen());
    }

    void replayingHasARoomAndSpaceDoesNotPlay()
    {
        m_window->commands().action(QStringLiteral("sim.replay"))->trigger();
        QVERIFY(m_window->replay().isVisible());
        QVERIFY(m_window->commands().action(QStringLiteral("sim.replay"))->isChecked());
        // A control with the focus takes Space, which elsewhere plays and pauses.
        auto* router = m_window->replay().findChild<QComboBox*>(QStringLiteral("replayRouter"));
        const bool playing = m_session->isPlaying();
        router->setFocus();
        QTest::keyClick(router, Qt::Key_Space);
        QCOMPARE(m_session->isPlaying(), playing);
        router->hidePopup();
        m_window->commands().action(QStringLiteral("view.overview"))->trigger();
        QVERIFY(!m_window->replay().isVisible());
    }

    void movesAreKeptInTheStore()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("fleet.isobar"));
        QVERIFY(m_session->saveAs(path.toStdString()).ok());
        simulate(10);
        clickPlace(placeNamed("Tokyo"));
        const Target target = findTarget();
        const auto data = toMimeData({target.placement, target.replicas});
        const auto before = m_session->fleet().placements;
        QVERIFY(dragTo(target.yes, data.get()));
        const auto placements = m_session->fleet().placements;
        QVERIFY(placements != before);
        Session second(kSettleSeconds);
        QVERIFY(second.openStore(path.toStdString()).ok());
        QVERIFY(second.fleet().placements == placements);
    }
};

QTEST_MAIN(MainWindowTest)
#include "tst_main_window.moc"

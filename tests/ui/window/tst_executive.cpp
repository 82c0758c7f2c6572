// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_window.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_chart.h"
#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/board_page.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/dashboard/outage.h"
#include "ui/dashboard/side_panel.h"
#include "ui/dashboard/view_widget.h"
#include "ui/map/float_panel.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QScrollArea>
#include <QTemporaryDir>
#include <QTimer>
#include <QToolButton>

#include <algorithm>
#include <numeric>
#include <set>

using namespace isobar;
using namespace isobar::ui;

/// "Are we all right, what does it cost, what if we lose a region?": one walk through the window, by mouse and keys, on
/// the bundled sample. The steps build on each other and are run in order; each one's name says what it asks for.
class ExecutiveTest : public QObject, private test::SampleWindow {
    Q_OBJECT

    std::vector<double> m_before; ///< the figures before the outage

    const MapMarker& markerOf(int place)
    {
        const auto& markers = map().scene().markers;
        const auto found = std::find_if(markers.begin(), markers.end(),
                                        [place](const MapMarker& marker) { return marker.id == place; });
        Q_ASSERT(found != markers.end());
        return *found;
    }
    /// As a desktop does when a popup or a dialog has closed.
    void activate()
    {
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    bool standsAlone(int marker)
    {
        for (const PlacedMarker& placed : map().layoutNow().placed) {
            if (!placed.isCluster() &&
                map().scene().markers[static_cast<std::size_t>(placed.members.front())].id == marker) {
                return true;
            }
        }
        return false;
    }
    /// The spend of each provider as the bars show it, and that of the first tile, are one sum.
    void sharesAddUp()
    {
        const auto asked = [this] {
            const auto share = viewTable(View::Share, page().context());
            return share.ok() ? std::accumulate(share->rows.begin(), share->rows.end(), 0.0,
                                                [](double all, const query::Row& row) { return all + row.values[0]; })
                              : -1.0;
        };
        QVERIFY(asked() > 0);
        QVERIFY(std::abs(asked() - figures()[0]) <= 1e-9 * asked());
        // What is painted follows a moment later.
        const auto shown = [this] {
            const auto& rows = page().side().share().data().rows;
            return std::accumulate(rows.begin(), rows.end(), 0.0,
                                   [](double all, const ShareRow& row) { return all + row.value; });
        };
        QTRY_VERIFY(std::abs(shown() - asked()) <= 1e-9 * asked());
    }

private Q_SLOTS:
    void initTestCase()
    {
        beginTests("isobar-test-executive", ThemeChoice::Light);
        openWindow();
    }
    void cleanupTestCase() { closeWindow(); }

    void step1OverviewOfTheSampleWithItsBadge()
    {
        QVERIFY(page().isVisible());
        auto* badge = named<QLabel>(QStringLiteral("Data badge"));
        QVERIFY(badge != nullptr);
        for (const char* word : {"Simulated", "seed 42", "data 20"}) {
            QVERIFY2(badge->text().contains(QLatin1String(word)), qPrintable(badge->text()));
        }
        QVERIFY2(m_window->windowTitle().contains(QStringLiteral("ample")), qPrintable(m_window->windowTitle()));
    }

    void step2SixFiguresWithUnitAndChange()
    {
        simulate(12);
        const auto& tiles = page().figures().tiles();
        QCOMPARE(tiles.size(), std::size_t{6});
        bool hasTarget = false;
        for (const KpiTile* tile : tiles) {
            QVERIFY2(tile->isVisible() && !tile->data().unit.isEmpty(), qPrintable(tile->data().title));
            QVERIFY2(tile->data().change.contains(QStringLiteral(" vs ")), qPrintable(tile->data().title));
            QVERIFY2(tile->data().spark.size() > 1, qPrintable(tile->data().title));
            hasTarget = hasTarget || !tile->data().target.isEmpty();
        }
        QVERIFY(hasTarget);
        // Each explains itself when it is clicked, down to its source.
        for (KpiTile* tile : tiles) {
            QTest::mouseClick(tile, Qt::LeftButton);
            QWidget* card = page().figures().card();
            QVERIFY2(card != nullptr, qPrintable(tile->data().title));
            QVERIFY(card->findChild<QLabel*>()->text().contains(QStringLiteral("Source")));
            card->close();
            QTRY_VERIFY(page().figures().card() == nullptr);
        }
    }

    void step3OneMarkerAPlaceSplitByProvider()
    {
        const MapScene& scene = map().scene();
        std::set<RegionId> withChips;
        for (const Pool& pool : m_session->fleet().pools) {
            withChips.insert(pool.region);
        }
        std::size_t places = 0;
        for (const Place& place : m_session->places()) {
            places += std::any_of(place.regions.begin(), place.regions.end(),
                                  [&withChips](RegionId region) { return withChips.count(region) > 0; });
        }
        QCOMPARE(scene.markers.size(), places);
        for (const MapMarker& marker : scene.markers) {
            QVERIFY(!marker.slices.empty() && marker.size > 0);
        }
        const int frankfurt = placeNamed("Frankfurt");
        QVERIFY(frankfurt >= 0);
        std::set<ProviderId> providers;
        for (const RegionId region : m_session->places()[static_cast<std::size_t>(frankfurt)].regions) {
            if (withChips.count(region) > 0) {
                providers.insert(m_session->fleet()[region].provider);
            }
        }
        QVERIFY(providers.size() > 1);
        QCOMPARE(markerOf(frankfurt).slices.size(), providers.size()); // a donut, a slice for each
    }

    void step4HoveringFrankfurtListsItsRegions()
    {
        const int frankfurt = placeNamed("Frankfurt");
        for (int i = 0; i < 12 && !standsAlone(frankfurt); ++i) {
            const QPointF at = map().viewport().place(markerOf(frankfurt).at);
            QWheelEvent wheel(at, map().mapToGlobal(at), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                              false);
            QCoreApplication::sendEvent(&map(), &wheel);
            map().finishRendering();
        }
        QVERIFY(standsAlone(frankfurt));
        const QPoint at = map().markerRect(frankfurt).center();
        QTest::mouseMove(&map(), at + QPoint(60, 60)); // from elsewhere
        QTest::mouseMove(&map(), at);
        QString said;
        const auto panelSays = [this, &said] {
            for (const FloatPanel* panel : m_window->findChildren<FloatPanel*>()) {
                said = panel->isVisible() ? panel->text() : said;
            }
            return said.contains(QStringLiteral("Frankfurt"));
        };
        QTRY_VERIFY2(panelSays(), qPrintable(said));
        std::set<RegionId> withChips;
        for (const Pool& pool : m_session->fleet().pools) {
            withChips.insert(pool.region);
        }
        for (const RegionId region : m_session->places()[static_cast<std::size_t>(frankfurt)].regions) {
            const QString key = QString::fromStdString(m_session->fleet()[region].code);
            QVERIFY2(withChips.count(region) == 0 || said.contains(key),
                     qPrintable(key + QStringLiteral(" not in ") + said));
        }
        map().resetView();
    }

    void step5SharesAndTilesAreOneSum()
    {
        sharesAddUp();
        ShareBars& share = page().side().share();
        const QString key = share.data().rows.front().key;
        const double all = figures()[0];
        QTest::mouseClick(&share, Qt::LeftButton, {}, share.rowRect(key).center());
        QVERIFY(state().provider.has_value());
        QVERIFY(figures()[0] < all);
        sharesAddUp();
        QTest::mouseClick(&share, Qt::LeftButton, {}, share.rowRect(key).center());
        QVERIFY(!state().provider.has_value());
        QCOMPARE(figures()[0], all);
    }

    void step6AModelLeavesItsPlacesAndFlows()
    {
        const std::size_t flows = map().scene().flows.size();
        auto* models = named<QComboBox>(QStringLiteral("Model"));
        QVERIFY(models != nullptr);
        activate();
        models->setFocus();
        QTest::keyClick(models, Qt::Key_Down);
        QTest::keyClick(models, Qt::Key_Down);
        QVERIFY(state().model.has_value());
        const ModelId model = *state().model;
        std::set<RegionId> has;
        for (const Placement& placement : m_session->fleet().placements) {
            if (placement.model == model && placement.replicas > 0) {
                has.insert(m_session->fleet()[placement.pool].region);
            }
        }
        const MapScene& scene = map().scene();
        QVERIFY(!scene.flows.empty() && scene.flows.size() < flows);
        for (const MapMarker& marker : scene.markers) {
            const auto& regions = m_session->places()[static_cast<std::size_t>(marker.id)].regions;
            const bool runsIt =
                std::any_of(regions.begin(), regions.end(), [&has](RegionId region) { return has.count(region) > 0; });
            QVERIFY2(marker.faded != runsIt, qPrintable(marker.name));
        }
        for (const MapFlow& flow : scene.flows) {
            QVERIFY(flow.requestsPerSecond > 0);
            QVERIFY2(!markerOf(flow.marker).faded, qPrintable(markerOf(flow.marker).name));
        }
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
        QVERIFY(!state().model.has_value());
    }

    void step7SevenDaysEverywhereAndWritten()
    {
        auto* range = named<QComboBox>(QStringLiteral("Range"));
        QVERIFY(range != nullptr);
        activate();
        range->setFocus();
        const int week = range->findText(QStringLiteral("7 days"), Qt::MatchContains);
        for (int tries = 0; tries < range->count() && range->currentIndex() != week; ++tries) {
            QTest::keyClick(range, range->currentIndex() < week ? Qt::Key_Down : Qt::Key_Up);
        }
        QCOMPARE(state().rangeSeconds, 604'800.0);
        QVERIFY(range->currentText().contains(QStringLiteral("7 days")));
        std::optional<double> from, to;
        int overTime = 0;
        for (const auto& chart : page().charts()) {
            if (const auto* time = qobject_cast<TimeChart*>(chart->widget())) {
                from = from.value_or(time->data().from), to = to.value_or(time->data().to);
                QCOMPARE(time->data().from, *from);
                QCOMPARE(time->data().to, *to);
                ++overTime;
            }
        }
        QVERIFY(overTime >= 2);
        sharesAddUp();
        QTest::keyClick(m_window.get(), Qt::Key_Left, Qt::AltModifier);
    }

    void step8LosingTheLargestRegionGivesAVerdict()
    {
        simulate(20);
        m_before = figures();
        activate();
        const int mapBefore = map().height();
        QTest::keyClick(m_window.get(), Qt::Key_L, Qt::ControlModifier);
        QVERIFY(page().outage().isVisible());
        QTRY_VERIFY(map().height() < mapBefore); // the map makes room; the charts stay where they can be seen
        for (const auto& chart : page().charts()) {
            QCOMPARE(chart->widget()->visibleRegion().boundingRect(), chart->widget()->rect());
        }
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot() && !m_session->snapshot()->faults.empty(), 60'000);
        QVERIFY(m_session->isPlaying()); // the outage set the clock going; here it is stepped
        QTest::mouseClick(named<QToolButton>(QStringLiteral("Play or pause")), Qt::LeftButton);
        QVERIFY(!m_session->isPlaying());
        simulate(25);
        const RegionId lost = m_session->snapshot()->faults.front().second.region;
        const QString name = QString::fromStdString(regionKey(m_session->fleet(), lost));
        const QString words = page().outage().text();
        QVERIFY2(words.contains(QStringLiteral("N+1 without ") + name), qPrintable(words)); // whose, and of which
        for (const char* part : {"met in", "SLO attainment", "spend"}) {
            QVERIFY2(words.contains(QLatin1String(part)), qPrintable(words));
        }
    }

    void step9UndoBringsTheSameNumbersBack()
    {
        auto* undo = named<QPushButton>(QStringLiteral("Undo the outage"));
        QVERIFY(undo != nullptr);
        QTest::mouseClick(undo, Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->snapshot()->faults.empty() && !m_session->snapshot()->seekingTo, 60'000);
        QTRY_VERIFY_WITH_TIMEOUT(!page().outage().isVisible(), 60'000);
        const auto same = [this] {
            const auto now = figures();
            for (std::size_t i = 0; i < m_before.size(); ++i) {
                if (now.size() != m_before.size() ||
                    !((std::isnan(now[i]) && std::isnan(m_before[i])) || now[i] == m_before[i])) {
                    return false;
                }
            }
            return true;
        };
        QTRY_VERIFY_WITH_TIMEOUT(same(), 60'000);
    }

    void step10CommitmentsSayWhatIsCoveredUsedAndUnused()
    {
        auto* rail = named<QToolButton>(QStringLiteral("Dashboards"));
        QVERIFY(rail != nullptr);
        QTest::mouseClick(rail, Qt::LeftButton);
        auto* names = named<QComboBox>(QStringLiteral("Board"));
        QVERIFY(names != nullptr);
        names->setFocus();
        while (names->currentText() != QStringLiteral("Finance") && names->currentIndex() + 1 < names->count()) {
            QTest::keyClick(names, Qt::Key_Down);
        }
        QCOMPARE(names->currentText(), QStringLiteral("Finance"));
        const CommitmentsChart* card = nullptr;
        const auto isDrawn = [this, &card] {
            card = m_window->boards().findChild<CommitmentsChart*>();
            if (card != nullptr) { // as the wheel does; what is out of sight is not drawn
                m_window->boards().findChild<QScrollArea*>()->ensureWidgetVisible(const_cast<CommitmentsChart*>(card));
            }
            return card != nullptr && !card->data().rows.empty();
        };
        QTRY_VERIFY(isDrawn());
        bool anyArrival = false;
        for (const CommitmentRow& row : card->data().rows) {
            QVERIFY(row.coverage >= 0 && row.coverage <= 1 && row.utilization >= 0 && row.utilization <= 1);
            QVERIFY(row.unusedUsdPerDay.has_value());
            QVERIFY(row.end > row.start);
            anyArrival = anyArrival || !row.arrivals.empty();
        }
        QVERIFY(anyArrival);
        const QStringList providers = [card] {
            QStringList all;
            for (const CommitmentRow& row : card->data().rows) {
                all << row.name;
            }
            return all;
        }();
        QVERIFY(providers.contains(QStringLiteral("Microsoft Azure")) || providers.contains(QStringLiteral("Azure")));
        QTest::mouseClick(named<QToolButton>(QStringLiteral("Overview")), Qt::LeftButton);
        QVERIFY(page().isVisible());
    }

    void step11SummaryIsOnePage()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("summary.pdf"));
        bool asked = false;
        QTimer typist;
        connect(&typist, &QTimer::timeout, this, [&] {
            auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
            if (dialog == nullptr || asked) {
                return;
            }
            // At once: while one types, completions may open and take the Return, on a slow machine again and again.
            dialog->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setText(path);
            asked = true;
            QTest::mouseClick(dialog->findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Save), Qt::LeftButton);
        });
        typist.start(50);
        m_window->commands().action(QStringLiteral("file.summary"))->trigger();
        typist.stop();
        QVERIFY(asked);
        const auto told = [this, &path] { // it is written in the background
            const auto* said = named<QLabel>(QStringLiteral("Message"));
            return said != nullptr && said->text().contains(path);
        };
        QTRY_VERIFY_WITH_TIMEOUT(told(), 60'000);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray pdf = file.readAll();
        QVERIFY(pdf.startsWith("%PDF"));
        QVERIFY(pdf.contains("/Count 1"));
        QVERIFY(pdf.size() > 20'000); // the map and the charts are in it
        const QString reader = QStandardPaths::findExecutable(QStringLiteral("pdftotext"));
        if (!reader.isEmpty()) {
            QProcess process;
            process.start(reader, {QStringLiteral("-layout"), path, QStringLiteral("-")});
            QVERIFY(process.waitForFinished());
            const QString text = QString::fromUtf8(process.readAllStandardOutput());
            for (const char* word : {"Simulated", "seed 42", "Spend", "SLO attainment"}) {
                QVERIFY2(text.contains(QLatin1String(word), Qt::CaseInsensitive), qPrintable(text));
            }
        }
    }
};

QTEST_MAIN(ExecutiveTest)
#include "tst_executive.moc"

// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/map/small_scene.h"
#include "ui/map/float_panel.h"
#include "ui/map/map_bench.h"
#include "ui/map/map_paint.h"
#include "ui/map/map_table.h"

#include <QFileInfo>
#include <QLineEdit>
#include <QListWidget>
#include <QMouseEvent>
#include <QPainter>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>
#include <QToolButton>

#include <memory>

using namespace isobar;
using namespace isobar::ui;

/// Projections, layers, colours and the table of the map.
class MapLayersTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void keysReachWhatIsBehindTheGlobe();
    void globeTurnsUnderTheMouse();
    void everyProjectionShowsLandAndSea_data();
    void everyProjectionShowsLandAndSea();
    void picturesAreAsBefore_data();
    void picturesAreAsBefore();
    void tableShowsTheSame();
    void coloursTellTheMeasure();
    void nightAndRingsAreDrawnOnDemand();
    void theWorldStandsBelowTheButtons();
    void toolsFoldWhenNarrow();
    void flowsAreLimitedAndTheRestIsCounted();
    void meterCountsLayers();
    void everyThemePaintsItsOwnLand();
    void aPlaceIsFoundByItsName();

private:
    std::unique_ptr<MapView> m_map;
};

void MapLayersTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
}

void MapLayersTest::init()
{
    QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
    applyTheme(ThemeChoice::Dark);
    m_map = std::make_unique<MapView>();
    m_map->resize(1150, 500);
    m_map->setScene(smallScene());
    m_map->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_map.get()));
    m_map->finishRendering();
}

void MapLayersTest::cleanup()
{
    m_map.reset();
}

void MapLayersTest::keysReachWhatIsBehindTheGlobe()
{
    m_map->setProjection(ProjectionKind::Globe);
    m_map->setViewport(m_map->viewport().centredOn({-20, -50}));
    m_map->setFocus();
    QCOMPARE(m_map->markerRect(20), QRect()); // Sydney is behind
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 30));
    QSignalSpy activated(m_map.get(), &MapView::markerActivated);
    QTest::keyClick(m_map.get(), Qt::Key_Down); // the great circle to Sydney leaves São Paulo southwards
    QTRY_VERIFY(!m_map->markerRect(20).isEmpty());
    QTest::keyClick(m_map.get(), Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].toInt(), 20);
}

void MapLayersTest::globeTurnsUnderTheMouse()
{
    m_map->setProjection(ProjectionKind::Globe);
    m_map->setViewport(MapViewport::fitted({1150, 500}, {ProjectionKind::Globe, {0, 0}}));
    const QPointF before = m_map->viewport().place({0, 10});
    const QPoint start = before.toPoint();
    QTest::mousePress(m_map.get(), Qt::LeftButton, Qt::NoModifier, start);
    const QPointF to = start + QPointF(60, 0);
    QMouseEvent move(QEvent::MouseMove, to, m_map->mapToGlobal(to), Qt::LeftButton, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(m_map.get(), &move);
    QTest::mouseRelease(m_map.get(), Qt::LeftButton, Qt::NoModifier, to.toPoint());
    const QPointF now = m_map->viewport().place({0, 10});
    QVERIFY2(std::abs(now.x() - before.x() - 60) < 6, qPrintable(QString::number(now.x() - before.x())));
    QTest::keyClick(m_map.get(), Qt::Key_Up, Qt::ControlModifier);
    QTRY_VERIFY(m_map->viewport().projection.facing.latitude > 3);
    QTest::keyClick(m_map.get(), Qt::Key_0);
    QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 1) < 1e-9);
}

void MapLayersTest::everyProjectionShowsLandAndSea_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<bool>("dark");
    for (const ProjectionKind kind : kAllProjections) {
        for (const bool dark : {true, false}) {
            QTest::addRow("%s, %s", qPrintable(projectionName(kind)), dark ? "dark" : "light")
                << static_cast<int>(kind) << dark;
        }
    }
}

void MapLayersTest::everyProjectionShowsLandAndSea()
{
    QFETCH(int, kind);
    QFETCH(bool, dark);
    applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    m_map->setIsobarsShown(false);
    m_map->setFlowsShown(false);
    m_map->setProjection(static_cast<ProjectionKind>(kind));
    const bool globe = m_map->projection() == ProjectionKind::Globe;
    // The globe in many turns, so that every continent passes the rim and the antipode.
    for (const LatLon facing : {LatLon{10, 20}, LatLon{-50, -100}, LatLon{89, 0}, LatLon{-89, 50}, LatLon{0, 180},
                                LatLon{45, -100}, LatLon{-35, 140}}) {
        if (globe) {
            m_map->setViewport(m_map->viewport().centredOn(facing));
        }
        m_map->finishRendering();
        const QImage image = m_map->grab().toImage();
        const MapViewport view = m_map->viewport();
        const QColor sea = globe ? mixed(theme().ground, theme().land, 0.22) : theme().ground;
        const auto check = [&](LatLon at, const QColor& color, const char* name) {
            const UnitVector a = unitVector(at), b = unitVector(view.projection.facing);
            const QPointF p = view.place(at);
            const bool hidden = globe && dot(a, b) < 0.3; // too flat to see at the rim
            if (!hidden && m_map->rect().adjusted(10, 55, -10, -100).contains(p.toPoint())) {
                QVERIFY2(shareOf(image, p, color) > 0.35, qPrintable(QStringLiteral("%1 facing %2 %3")
                                                                         .arg(QLatin1String(name))
                                                                         .arg(facing.latitude)
                                                                         .arg(facing.longitude)));
            }
        };
        check({26.5, 19}, theme().land, "Sahara");
        check({-26, 133}, theme().land, "Australia");
        check({62, 100}, theme().land, "Siberia");
        check({-10, -60}, theme().land, "Amazon");
        check({-80, 60}, theme().land, "Antarctica");
        check({66.7, -178}, theme().land, "Chukotka"); // cut at the antimeridian in the data
        check({72, -40}, theme().land, "Greenland");
        check({8, -142}, sea, "Pacific");
        check({-38, 82}, sea, "Indian Ocean");
        check({87, 100}, sea, "Arctic Ocean");
        check({-45, -120}, sea, "South Pacific");
        keepPicture(image, QStringLiteral("projection-%1-%2-%3").arg(kind).arg(dark).arg(facing.latitude));
        if (!globe) {
            break;
        }
    }
}

void MapLayersTest::tableShowsTheSame()
{
    m_map->setFocus();
    QTest::keyClick(m_map.get(), Qt::Key_T);
    auto* table = m_map->findChild<MapTable*>();
    QVERIFY(table != nullptr && table->isVisible());
    QVERIFY(m_map->findChild<QToolButton*>(QStringLiteral("mapFlows"))->isHidden()); // says nothing of a table
    QVERIFY(m_map->findChild<QToolButton*>(QStringLiteral("mapTableButton"))->isVisible());
    QCOMPARE(table->model()->rowCount(), 4);
    // Ranked by utilization: São Paulo 95 %, Frankfurt 64 %, Sydney 42 %, Mainz 20 %.
    QStringList places;
    for (int row = 0; row < 4; ++row) {
        places << table->model()->index(row, MapTableModel::Place).data().toString();
    }
    QCOMPARE(places, QStringList({QStringLiteral("São Paulo !"), QStringLiteral("Frankfurt"), QStringLiteral("Sydney"),
                                  QStringLiteral("Mainz")}));
    QCOMPARE(table->model()->index(1, MapTableModel::Trend).data().toString(), QStringLiteral("+3 pt"));
    table->sortByColumn(MapTableModel::Accelerators, Qt::DescendingOrder);
    QCOMPARE(table->model()->index(0, 0).data().toString(), QStringLiteral("Frankfurt"));
    QSignalSpy activated(m_map.get(), &MapView::markerActivated);
    table->selectRow(1);
    QTest::keyClick(table, Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].toInt(), 20);
    QTest::keyClick(table, Qt::Key_T);
    QVERIFY(!m_map->tableShown());
    QVERIFY(m_map->hasFocus());
}

void MapLayersTest::coloursTellTheMeasure()
{
    MapScene scene = smallScene();
    for (MapMarker& m : scene.markers) {
        m.measures[static_cast<std::size_t>(MapMeasure::UsdPerMillionTokens)] = m.id / 10.0;
    }
    m_map->setScene(scene);
    m_map->setLook({MapMeasure::UsdPerMillionTokens, MapSplit::Provider, ScaleKind::Linear});
    const MapLayout& layout = m_map->layoutNow();
    QVERIFY(layout.scale.has_value());
    for (const PlacedMarker& placed : layout.placed) {
        double worst = 0;
        for (const int member : placed.members) {
            worst = std::max(worst, scene.markers[static_cast<std::size_t>(member)].id / 10.0);
        }
        QCOMPARE(placed.value, worst); // of Frankfurt and Mainz the dearer one, not their mean
        for (const MapSlice& slice : placed.slices) {
            QCOMPARE(slice.color, layout.scale->color(worst, theme()));
        }
    }
    m_map->finishRendering();
    keepPicture(m_map->grab().toImage(), QStringLiteral("colour-cost"));
    QCOMPARE(m_map->findChild<QToolButton*>(QStringLiteral("mapColor"))->text(),
             QStringLiteral("Colour: cost per Mtok ▾"));
}

void MapLayersTest::nightAndRingsAreDrawnOnDemand()
{
    m_map->setFlowsShown(false);
    m_map->setIsobarsShown(false);
    MapScene scene = smallScene();
    scene.utcSeconds = 1782043200.0; // 2026-06-21 12:00 UTC
    scene.areas[0].rtt = {{10, 0.2, true}, {30, 0.02, true}};
    m_map->setScene(scene);
    m_map->finishRendering();
    const QImage plain = m_map->grab().toImage();
    m_map->setNightShown(true);
    m_map->finishRendering();
    const QImage night = m_map->grab().toImage();
    const MapViewport view = m_map->viewport();
    const auto lightness = [&](const QImage& image, LatLon at) {
        return image.pixelColor((view.place(at) * image.devicePixelRatio()).toPoint()).lightnessF();
    };
    QCOMPARE(lightness(night, {26.5, 19}), lightness(plain, {26.5, 19}));        // noon in the Sahara
    QVERIFY(lightness(night, {-26, 133}) < 0.75 * lightness(plain, {-26, 133})); // night in Australia
    m_map->setNightShown(false);
    auto* button = m_map->findChild<QToolButton*>(QStringLiteral("mapRings"));
    QVERIFY(button != nullptr && !button->isChecked());
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(m_map->ringsShown());
    QCOMPARE(m_map->layers().latencyArea, 1); // the area with most requests
    m_map->finishRendering();
    const QImage rings = m_map->grab().toImage();
    QVERIFY(rings != plain);
    keepPicture(rings, QStringLiteral("rings"));
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, view.place({53, 30}).toPoint());
    QCOMPARE(m_map->layers().latencyArea, 2);
}

/// The fitted world stands below the buttons, whatever the projection; a low window's legend is one row.
void MapLayersTest::theWorldStandsBelowTheButtons()
{
    const QRect tools = m_map->findChild<QWidget*>(QStringLiteral("mapTools"))->geometry();
    for (const ProjectionKind kind : kAllProjections) {
        m_map->setProjection(kind);
        m_map->resetView();
        QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 1) < 1e-9);
        m_map->finishRendering();
        const MapViewport view = m_map->viewport();
        const double top = kind == ProjectionKind::Globe ? view.toScreen({0, 1}).y() : view.place({76, 0}).y();
        QVERIFY2(top > tools.bottom(), qPrintable(projectionName(kind)));
        QVERIFY(!m_map->styleOptions().viewport->head); // a picture has none
    }
    QVERIFY(m_map->layoutNow().legendLines.size() > 1);
    m_map->resize(864, 345);
    QTRY_VERIFY(m_map->layoutNow().legendLines.isEmpty());
    QVERIFY(m_map->layoutNow().legendRect.height() < 40);
    QTest::mouseMove(m_map.get(), m_map->layoutNow().legendRect.bottomRight().toPoint() - QPoint(3, 3));
    const auto* panel = m_map->window()->findChild<FloatPanel*>();
    QVERIFY(panel != nullptr);
    QTRY_VERIFY(panel->isVisible());
    QVERIFY2(panel->text().contains(QStringLiteral("size: accelerators<br>ring: utilization")),
             qPrintable(panel->text()));
}

void MapLayersTest::toolsFoldWhenNarrow()
{
    const auto visible = [&](const char* name) {
        return m_map->findChild<QToolButton*>(QLatin1String(name))->isVisible();
    };
    QVERIFY(visible("mapNight") && visible("mapProjection") && !visible("mapMore"));
    m_map->resize(700, 420);
    QTRY_VERIFY(visible("mapMore"));
    QVERIFY(!visible("mapNight") && visible("mapFlows"));
    auto* find = m_map->findChild<QToolButton*>(QStringLiteral("mapFind"));
    const auto* finder = m_map->findChild<QLineEdit*>(QStringLiteral("mapFinder"));
    QVERIFY(find->isVisible() && finder->isHidden());
    m_map->activateWindow();
    QTest::mouseClick(find, Qt::LeftButton);
    QTRY_VERIFY(finder->hasFocus() && find->isHidden());
    QVERIFY(m_map->rect().contains(finder->parentWidget()->geometry()));
    m_map->setFocus();
    QTRY_VERIFY(finder->isHidden() && find->isVisible());
    m_map->resize(360, 300);
    QTRY_VERIFY(!visible("mapFlows"));
    const auto* row = m_map->findChild<QWidget*>(QStringLiteral("mapTools"));
    QVERIFY(m_map->rect().contains(row->geometry()));
}

void MapLayersTest::flowsAreLimitedAndTheRestIsCounted()
{
    const MapScene scene = syntheticMapScene(theme());
    LayoutCache cache;
    LayoutOptions options;
    options.flowLimit = 0;
    const MapViewport view = MapViewport::fitted({1600, 900});
    const MapLayout all = layoutMap(scene, view, options, cache);
    options.flowLimit = 20;
    const MapLayout few = layoutMap(scene, view, options, cache);
    QCOMPARE(all.moreFlows, std::size_t{0});
    QCOMPARE(few.flows.size() + few.moreFlows, all.flows.size());
    double drawn = 0, total = 0;
    std::size_t unwell = 0, slow = 0;
    for (const PlacedFlow& flow : few.flows) {
        drawn += flow.requestsPerSecond;
        unwell += flow.state == MapFlow::State::Lost;
        slow += flow.state == MapFlow::State::Slow;
    }
    for (const PlacedFlow& flow : all.flows) {
        total += flow.requestsPerSecond;
        unwell -= flow.state == MapFlow::State::Lost;
    }
    QCOMPARE(unwell, std::size_t{0}); // none of the lost is left out
    QVERIFY(slow <= 7);               // and the slow do not drown the rest
    QVERIFY(std::abs(few.moreShare - (1 - drawn / total)) < 1e-9);
    const QString says = legendLines(few, scene, options).join(QLatin1Char(' '));
    QVERIFY2(says.contains(QString::number(few.moreFlows) + QStringLiteral(" more")), qPrintable(says));
}

void MapLayersTest::meterCountsLayers()
{
    m_map->setPerformanceShown(true);
    m_map->setFlowing(true);
    for (int i = 0; i < 8; ++i) {
        m_map->advanceFlow(0.03);
        m_map->grab();
    }
    const FrameMeter::Stats stats = m_map->frameMeter().stats();
    QVERIFY(stats.frames >= 8);
    QVERIFY(stats.p50Seconds > 0 && stats.p99Seconds >= stats.p50Seconds);
    QVERIFY(stats.layerSeconds[static_cast<std::size_t>(FrameLayer::Donuts)] > 0);
    const auto* meter = m_map->findChild<PerformanceMeter*>();
    QVERIFY(meter != nullptr);
    for (const QToolButton* button : m_map->findChildren<QToolButton*>()) {
        const QRect at(button->mapTo(m_map.get(), QPoint()), button->size());
        QVERIFY2(button->isHidden() || !meter->geometry().intersects(at), qPrintable(button->accessibleName()));
    }
    m_map->setPerformanceShown(false);
    QVERIFY(m_map->findChild<PerformanceMeter*>() == nullptr);
}

void MapLayersTest::picturesAreAsBefore_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<bool>("dark");
    QTest::newRow("equal-earth") << static_cast<int>(ProjectionKind::EqualEarth) << true;
    QTest::newRow("mercator") << static_cast<int>(ProjectionKind::Mercator) << false;
    QTest::newRow("globe") << static_cast<int>(ProjectionKind::Globe) << true;
}

/// Against pictures kept beside this file; ISOBAR_KEEP_PICTURES=1 makes them anew, to be looked at before they go in.
void MapLayersTest::picturesAreAsBefore()
{
    QFETCH(int, kind);
    QFETCH(bool, dark);
    const QString name = QString::fromLatin1(QTest::currentDataTag()) + QStringLiteral(".png");
    QImage now(720, 400, QImage::Format_RGB32);
    MapStyleOptions options;
    options.theme = dark ? &Theme::darkTheme() : &Theme::lightTheme();
    options.layers.night = true;
    options.viewport = MapViewport::fitted({720, 400}, {static_cast<ProjectionKind>(kind), {30, 20}});
    applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    MapScene scene = syntheticMapScene(*options.theme);
    scene.utcSeconds = 1795269600.0; // 2026-11-21 14:00 UTC
    QPainter painter(&now);
    paintMap(painter, {720, 400}, scene, options);
    painter.end();
    const QString folder = QFileInfo(QStringLiteral(__FILE__)).absolutePath() + QStringLiteral("/pictures/");
    if (qEnvironmentVariableIsSet("ISOBAR_KEEP_PICTURES")) {
        QVERIFY(now.save(folder + name));
    }
    const QImage before = QImage(folder + name).convertToFormat(QImage::Format_RGB32);
    QCOMPARE(before.size(), now.size());
    // Edges of letters and lines may differ by a pixel; areas may not.
    int others = 0;
    for (int y = 0; y < now.height(); ++y) {
        for (int x = 0; x < now.width(); ++x) {
            const QColor a = now.pixelColor(x, y), b = before.pixelColor(x, y);
            others +=
                std::abs(a.red() - b.red()) + std::abs(a.green() - b.green()) + std::abs(a.blue() - b.blue()) > 60;
        }
    }
    const double share = static_cast<double>(others) / (now.width() * now.height());
    QVERIFY2(share < 0.01, qPrintable(QStringLiteral("%1 % of the pixels differ").arg(100 * share)));
}

/// Two themes are dark: a map that goes from one to the other has no land left of the first.
void MapLayersTest::everyThemePaintsItsOwnLand()
{
    for (const ThemeChoice choice :
         {ThemeChoice::HighContrast, ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
        applyTheme(choice);
        const QImage changed = m_map->grab().toImage();
        MapView fresh;
        fresh.resize(m_map->size());
        fresh.setScene(smallScene());
        fresh.show();
        QVERIFY(QTest::qWaitForWindowExposed(&fresh));
        fresh.finishRendering();
        const QImage own = fresh.grab().toImage();
        // Land, sea and borders; what is drawn on them is the same scene's.
        for (const LatLon at : {LatLon{62, 100}, LatLon{0, -30}, LatLon{24, 5}, LatLon{-25, 134}}) {
            const QPoint pixel = (m_map->viewport().place(at) * changed.devicePixelRatio()).toPoint();
            QCOMPARE(changed.pixelColor(pixel), own.pixelColor(pixel));
        }
        const QPointF siberia = m_map->viewport().place({62, 100}) * changed.devicePixelRatio();
        QCOMPARE(changed.pixelColor(siberia.toPoint()), theme().land);
    }
}

/// "/", some letters of a name or of a region, Enter: the map flies there, and the place is chosen.
void MapLayersTest::aPlaceIsFoundByItsName()
{
    MapScene scene = syntheticMapScene(theme());
    m_map->setScene(scene);
    m_map->resize(800, 500); // too narrow for the field, until it is asked for
    auto* finder = m_map->findChild<QLineEdit*>(QStringLiteral("mapFinder"));
    QVERIFY(finder != nullptr);
    QTRY_VERIFY(!finder->isVisible());
    m_map->activateWindow();
    m_map->setFocus();
    QTRY_VERIFY(m_map->hasFocus());
    QSignalSpy chosen(m_map.get(), &MapView::markerClicked);
    QTest::keyClick(m_map.get(), Qt::Key_Slash);
    QVERIFY(finder->isVisible() && finder->hasFocus());
    QVERIFY(m_map->rect().contains(finder->parentWidget()->geometry()));
    QTest::keyClicks(finder, QStringLiteral("nowhere at all"));
    QTest::keyClick(finder, Qt::Key_Return);
    QCOMPARE(chosen.size(), 0);
    const auto* found = m_map->findChild<QListWidget*>(QStringLiteral("mapFound"));
    QVERIFY(found->isHidden());
    finder->selectAll();
    QTest::keyClicks(finder, QStringLiteral("oci frankf")); // a region's own name
    QCOMPARE(found->count(), 1);
    QVERIFY(found->isVisible() && m_map->rect().contains(found->geometry()));
    QTest::keyClick(finder, Qt::Key_Return);
    QCOMPARE(chosen.size(), 1);
    const auto& frankfurt = *std::find_if(scene.markers.begin(), scene.markers.end(),
                                          [](const MapMarker& m) { return m.name == QLatin1String("Frankfurt"); });
    QCOMPARE(chosen.front().front().toInt(), frankfurt.id);
    m_map->finishRendering(); // a flight is not waited for
    QVERIFY(finder->text().isEmpty() && found->isHidden() && m_map->hasFocus());
    m_map->goTo(frankfurt.id);
    QTRY_VERIFY(QRectF(m_map->rect()).adjusted(200, 100, -200, -100).contains(m_map->viewport().place(frankfurt.at)));
    const auto alone = [&] {
        const MapLayout& layout = m_map->layoutNow();
        const int placed = layout.placedOfMarker[static_cast<std::size_t>(frankfurt.id)];
        return placed >= 0 && !layout.placed[static_cast<std::size_t>(placed)].isCluster();
    };
    QTRY_VERIFY(alone());
    QTest::keyClick(m_map.get(), Qt::Key_Slash);
    QTest::keyClick(finder, Qt::Key_Escape);
    QVERIFY(m_map->hasFocus() && !finder->isVisible());
    m_map->goTo(99'999); // none
    QCOMPARE(chosen.size(), 2);
}

QTEST_MAIN(MapLayersTest)
#include "tst_map_layers.moc"

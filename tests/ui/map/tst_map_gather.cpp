// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/map/small_scene.h"
#include "ui/map/layout_gather.h"
#include "ui/map/map_bench.h"

#include <QMouseEvent>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>
#include <QWheelEvent>

#include <algorithm>
#include <memory>
#include <random>
#include <set>

using namespace isobar;
using namespace isobar::ui;

/// Which donuts there are and what a group shows; lanes of flows; where the map looks.
class MapGatherTest : public QObject {
    Q_OBJECT

    static std::set<int> membersOf(const PlacedMarker& m) { return {m.members.begin(), m.members.end()}; }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
    }

    void everyPlaceInTheWindowIsInOneDonut_data()
    {
        QTest::addColumn<int>("places");
        QTest::addColumn<double>("zoom");
        QTest::newRow("few, the world") << 300 << 1.0;
        QTest::newRow("few, near") << 300 << 6.0;
        QTest::newRow("many, the world") << 20'000 << 1.0;
        QTest::newRow("many, near") << 20'000 << 6.0;
    }
    void everyPlaceInTheWindowIsInOneDonut()
    {
        QFETCH(int, places);
        QFETCH(double, zoom);
        const MapScene scene = scatteredMapScene(theme(), places, 0);
        MapViewport view = MapViewport::fitted({1200, 700});
        view = view.zoomedAt({660, 250}, zoom);
        LayoutCache cache;
        const MapLayout layout = layoutMap(scene, view, {}, cache);
        std::vector<int> seen(scene.markers.size(), 0);
        for (std::size_t i = 0; i < layout.placed.size(); ++i) {
            const PlacedMarker& donut = layout.placed[i];
            double size = 0, busiest = 0, parts = 0;
            bool trouble = false;
            for (const int member : donut.members) {
                const MapMarker& m = scene.markers[static_cast<std::size_t>(member)];
                ++seen[static_cast<std::size_t>(member)];
                QCOMPARE(layout.placedOfMarker[static_cast<std::size_t>(member)], static_cast<int>(i));
                size += m.size;
                busiest = std::max(busiest, m.utilization);
                trouble = trouble || m.trouble;
            }
            for (const MapSlice& slice : donut.slices) {
                parts += slice.value;
            }
            QVERIFY(std::abs(donut.size - size) < 1e-6 * size && std::abs(parts - size) < 1e-6 * size);
            QCOMPARE(donut.utilization, busiest);
            QCOMPARE(donut.trouble, trouble);
            const auto larger = [&](int a, int b) {
                return scene.markers[static_cast<std::size_t>(a)].size <
                       scene.markers[static_cast<std::size_t>(b)].size;
            };
            const int largest = *std::max_element(donut.members.begin(), donut.members.end(), larger);
            QCOMPARE(scene.markers[static_cast<std::size_t>(donut.members.front())].size,
                     scene.markers[static_cast<std::size_t>(largest)].size);
        }
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const bool inside = QRectF(QPointF(), view.size).contains(view.place(scene.markers[i].at));
            QVERIFY(seen[i] <= 1);
            QVERIFY(!inside || seen[i] == 1);
        }
        // None covers another's middle: what is closer is one donut.
        for (std::size_t i = 0; i < layout.placed.size(); ++i) {
            for (std::size_t j = i + 1; j < layout.placed.size(); ++j) {
                const QPointF d = layout.placed[i].at - layout.placed[j].at;
                QVERIFY(std::hypot(d.x(), d.y()) >
                        0.5 * (layout.placed[i].outerRadius() + layout.placed[j].outerRadius()) - 1e-6);
            }
        }
    }

    void panningLeavesGroupsAsTheyAre()
    {
        const MapScene scene = scatteredMapScene(theme(), 20'000, 0);
        const MapViewport view = MapViewport::fitted({1200, 700}).zoomedAt({660, 250}, 3);
        LayoutCache cache;
        const MapLayout before = layoutMap(scene, view, {}, cache);
        const MapLayout after = layoutMap(scene, view.panned({-23, 11}), {}, cache);
        std::set<std::set<int>> groups;
        for (const PlacedMarker& donut : before.placed) {
            groups.insert(membersOf(donut));
        }
        int inside = 0, same = 0;
        for (const PlacedMarker& donut : after.placed) {
            if (QRectF(QPointF(), view.size).adjusted(120, 120, -120, -120).contains(donut.at)) {
                ++inside;
                same += static_cast<int>(groups.count(membersOf(donut)));
            }
        }
        QVERIFY2(inside > 30 && same >= 0.98 * inside, qPrintable(QStringLiteral("%1 of %2").arg(same).arg(inside)));
    }

    /// What is kept from layout to layout changes nothing: the same donuts as from an empty cache, wherever one goes.
    void whatIsKeptChangesNothing_data()
    {
        QTest::addColumn<int>("projection");
        QTest::addColumn<int>("measure");
        QTest::newRow("parts") << static_cast<int>(ProjectionKind::EqualEarth) << static_cast<int>(MapMeasure::Parts);
        QTest::newRow("low is bad") << static_cast<int>(ProjectionKind::Mercator)
                                    << static_cast<int>(MapMeasure::SloAttainment);
        QTest::newRow("globe") << static_cast<int>(ProjectionKind::Globe) << static_cast<int>(MapMeasure::Utilization);
    }
    void whatIsKeptChangesNothing()
    {
        QFETCH(int, projection);
        QFETCH(int, measure);
        MapScene scene = scatteredMapScene(theme(), 5'000, 0);
        std::mt19937 random(11);
        for (MapMarker& m : scene.markers) {
            m.measures[static_cast<std::size_t>(MapMeasure::SloAttainment)] =
                random() % 5 == 0 ? std::nan("") : 0.9 + 0.1 * (random() % 1000) / 1000;
            m.ghost = random() % 3 == 0 ? std::nan("") : (random() % 1000) / 1000.0;
            m.faded = random() % 2 == 0;
        }
        LayoutOptions options;
        options.look.measure = static_cast<MapMeasure>(measure);
        MapViewport view = MapViewport::fitted({900, 500}, {static_cast<ProjectionKind>(projection), {20, 10}});
        LayoutCache kept;
        const auto worst = [&scene](const PlacedMarker& donut, MapMeasure of, const auto& figure) {
            double most = std::nan("");
            for (const int member : donut.members) {
                most = worseOf(of, most, figure(scene.markers[static_cast<std::size_t>(member)]));
            }
            return most;
        };
        const auto same = [](double a, double b) {
            return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b));
        };
        for (int step = 0; step < 60; ++step) {
            const QPointF at(100.0 + random() % 700, 50.0 + random() % 400);
            view = step % 3 == 0 ? view.panned(QPointF(450, 250) - at) : view.zoomedAt(at, step < 30 ? 1.15 : 0.87);
            const MapLayout layout = layoutMap(scene, view, options, kept);
            LayoutCache empty;
            const MapLayout fresh = layoutMap(scene, view, options, empty);
            QCOMPARE(layout.placed.size(), fresh.placed.size());
            for (std::size_t i = 0; i < fresh.placed.size(); ++i) {
                const PlacedMarker &a = layout.placed[i], &b = fresh.placed[i];
                QCOMPARE(membersOf(a), membersOf(b));
                QCOMPARE(a.members.front(), b.members.front());
                QVERIFY(same(a.at.x(), b.at.x()) && same(a.at.y(), b.at.y()) && same(a.size, b.size));
                QCOMPARE(a.title, b.title);
                QCOMPARE(a.note, b.note);
                // And what a group shows is what its members say, one by one.
                QVERIFY(same(a.ghost, worst(a, MapMeasure::Utilization, [](const MapMarker& m) { return m.ghost; })));
                QCOMPARE(a.faded, std::all_of(a.members.begin(), a.members.end(), [&scene](int member) {
                             return scene.markers[static_cast<std::size_t>(member)].faded;
                         }));
                if (options.look.measure != MapMeasure::Parts) {
                    QVERIFY(same(a.value, worst(a, options.look.measure, [&options](const MapMarker& m) {
                                     return m.measure(options.look.measure);
                                 })));
                }
            }
        }
    }

    void aGroupShowsItsWorstOrItsP95()
    {
        std::mt19937 random(7);
        for (int round = 0; round < 60; ++round) {
            const std::size_t count = 1 + random() % 70;
            std::vector<double> figures, sizes;
            std::vector<int> members;
            for (std::size_t i = 0; i < count; ++i) {
                figures.push_back(random() % 9 == 0 ? std::nan("") : static_cast<double>(random() % 1000) / 1000);
                sizes.push_back(1.0 + random() % 500);
                members.push_back(static_cast<int>(i));
            }
            for (const MapMeasure measure : {MapMeasure::Utilization, MapMeasure::SloAttainment}) {
                // The obvious way: all in order, the good first, until 95 % of the accelerators are passed.
                std::vector<std::size_t> order;
                double total = 0, passed = 0;
                for (std::size_t i = 0; i < count; ++i) {
                    if (std::isfinite(figures[i])) {
                        order.push_back(i);
                        total += sizes[i];
                    }
                }
                std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
                    return lowIsBad(measure) ? figures[a] > figures[b] : figures[a] < figures[b];
                });
                double p95 = std::nan("");
                for (const std::size_t i : order) {
                    passed += sizes[i];
                    p95 = figures[i];
                    if (passed >= 0.95 * total) {
                        break;
                    }
                }
                const double found = groupFigure(members, figures, sizes, measure, GroupFigure::P95);
                const double worst = groupFigure(members, figures, sizes, measure, GroupFigure::Worst);
                if (order.empty()) {
                    QVERIFY(std::isnan(found) && std::isnan(worst));
                } else {
                    QCOMPARE(found, p95);
                    QCOMPARE(worst, figures[order.back()]);
                }
            }
        }
    }

    void theLegendLeavesSouthAmericaInSight()
    {
        constexpr LatLon kSaoPaulo{-23.5, -46.6};
        constexpr double kDonut = 14; // pixels around it
        int explained = 0;
        for (int width = 600; width <= 1900; width += 50) {
            for (const int height : {300, 400, 450, 500, 600, 750}) {
                for (const ProjectionKind kind : {ProjectionKind::EqualEarth, ProjectionKind::Mercator}) {
                    MapView map;
                    map.resize(width, height);
                    map.setProjection(kind);
                    map.setScene(smallScene());
                    map.resetView();
                    const MapLayout& layout = map.layoutNow();
                    explained += layout.legendLines.isEmpty() ? 0 : 1;
                    const QPointF at = map.viewport().fitted().place(kSaoPaulo);
                    QVERIFY2(layout.legendLines.isEmpty() ||
                                 !layout.legendRect.adjusted(-kDonut, -kDonut, kDonut, kDonut).contains(at),
                             qPrintable(QStringLiteral("%1 x %2").arg(width).arg(height)));
                }
            }
        }
        QVERIFY(explained > 20);
    }

    void theLegendSaysWhatAGroupShows()
    {
        MapView map;
        map.resize(1150, 500);
        MapScene scene = smallScene();
        scene.markers[0].utilization = 0.30; // Frankfurt holds 93 % of what it and Mainz do
        scene.markers[1].utilization = 0.99;
        scene.markers[0].size = scene.markers[0].slices[0].value = 90'000;
        scene.markers[0].slices.resize(1);
        map.setScene(scene);
        const auto frankfurt = [&] { return map.layoutNow().placed.front(); };
        QVERIFY(frankfurt().isCluster());
        QCOMPARE(frankfurt().utilization, 0.99);
        QVERIFY(map.layoutNow().legendLines.join(QLatin1Char(' ')).contains(QStringLiteral("of a group its worst")));
        MapLook look;
        look.group = GroupFigure::P95;
        map.setLook(look);
        QCOMPARE(frankfurt().utilization, 0.30);
        QVERIFY(frankfurt().note.startsWith(QStringLiteral("p95")));
        QVERIFY(map.layoutNow().legendLines.join(QLatin1Char(' ')).contains(QStringLiteral("of a group its p95")));
    }

    void flowsHaveALaneOutAndALaneBack()
    {
        MapScene scene = smallScene();
        scene.flows[2].tokensPerSecond = 150'000; // Poland to Frankfurt
        LayoutCache cache;
        for (const ProjectionKind kind : kAllProjections) {
            const MapLayout layout = layoutMap(scene, MapViewport::fitted({1150, 500}, {kind, {30, 0}}), {}, cache);
            cache.forget();
            QCOMPARE(layout.answers.size(), std::size_t{1});
            const PlacedFlow& back = layout.answers.front();
            const auto out = std::find_if(layout.flows.begin(), layout.flows.end(),
                                          [&](const PlacedFlow& f) { return f.area == back.area; });
            QVERIFY(out != layout.flows.end());
            QCOMPARE(back.tokensPerSecond, 150'000.0);
            // It begins where the other ends, and lies beside it.
            const auto apart = [](QPointF a, QPointF b) { return std::hypot(a.x() - b.x(), a.y() - b.y()); };
            QVERIFY(apart(back.pieces.front().front(), out->pieces.back().back()) < 1);
            QVERIFY(apart(back.pieces.back().back(), out->pieces.front().front()) < 1);
            const QPolygonF &there = out->pieces.front(), &here = back.pieces.front();
            QVERIFY(apart(there[there.size() / 2], here[here.size() / 2]) > 3);
            const QString says = legendLines(layout, scene, {}).join(QLatin1Char(' '));
            QVERIFY2(says.contains(QStringLiteral("requests/s, widest 600")), qPrintable(says));
            QVERIFY2(says.contains(QStringLiteral("answer tokens/s, widest 150")), qPrintable(says));
        }
    }

    void whatIsServedElsewhereIsDrawnBetweenPlaces()
    {
        MapView map;
        map.resize(1150, 500);
        MapScene scene = smallScene();
        scene.spills = {{10, 20, 40}, {11, 20, 2}, {10, 11, 7}, {99, 20, 5}};
        map.setScene(scene);
        QVERIFY(map.layoutNow().spills.empty()); // not asked for
        map.setSpillsShown(true);
        const MapLayout& layout = map.layoutNow();
        QCOMPARE(layout.spills.size(), std::size_t{1}); // Frankfurt and Mainz are one donut; 99 is nobody
        QCOMPARE(layout.spills[0].requestsPerSecond, 42.0);
        QVERIFY(layout.legendLines.join(QLatin1Char(' ')).contains(QStringLiteral("served elsewhere than nearest")));
        map.setSelectedMarkers({30});
        QVERIFY(map.layoutNow().spills[0].tone == FlowTone::Faded);
        map.setSelectedMarkers({20});
        QVERIFY(map.layoutNow().spills[0].tone == FlowTone::Strong);
    }

    void aSelectedAreaStandsOutAndTheRestFades()
    {
        MapView map;
        map.resize(1150, 500);
        map.setScene(smallScene());
        map.setRingsShown(true);
        map.setSelectedAreas({2}); // Poland, which uses Frankfurt alone
        QCOMPARE(map.layers().latencyArea, 2);
        const MapLayout& layout = map.layoutNow();
        for (const PlacedFlow& flow : layout.flows) {
            QVERIFY((flow.tone == FlowTone::Strong) == (flow.area == 1));
        }
        MapEmphasis emphasis;
        emphasis.areas = {2};
        const std::vector<bool> faded = fadedDonuts(map.scene(), layout, emphasis);
        for (std::size_t i = 0; i < layout.placed.size(); ++i) {
            QCOMPARE(static_cast<bool>(faded[i]), !layout.placed[i].title.startsWith(QStringLiteral("Frankfurt")));
        }
    }

    void aClickInTheLegendTellsThePart()
    {
        MapView map;
        map.resize(1150, 500);
        map.setScene(smallScene());
        QSignalSpy parts(&map, &MapView::partClicked), background(&map, &MapView::backgroundClicked);
        const MapLayout& layout = map.layoutNow();
        for (const LegendEntry& entry : layout.legend) {
            QVERIFY(layout.legendRect.contains(entry.rect));
            QTest::mouseClick(&map, Qt::LeftButton, {}, entry.rect.center().toPoint());
            QCOMPARE(parts.last()[1].toString(), entry.label);
        }
        QCOMPARE(parts.count(), 2);
        QCOMPARE(background.count(), 0);
    }

    void oneGestureIsOneStep()
    {
        MapView map;
        map.resize(1150, 500);
        map.setScene(smallScene());
        map.show();
        QVERIFY(QTest::qWaitForWindowExposed(&map));
        QSignalSpy settled(&map, &MapView::poseSettled);
        const MapPose start = map.pose();
        for (int notch = 0; notch < 4; ++notch) { // one turn of the wheel
            QWheelEvent wheel(QPointF(500, 200), map.mapToGlobal(QPointF(500, 200)), {}, {0, 120}, {}, {},
                              Qt::NoScrollPhase, false);
            QCoreApplication::sendEvent(&map, &wheel);
        }
        QTRY_COMPARE(settled.count(), 1);
        const MapPose near = map.pose();
        QVERIFY(near.zoom > 2);
        map.resize(900, 420); // another window is no step
        QTest::mousePress(&map, Qt::LeftButton, {}, {400, 250});
        for (int x = 400; x >= 320; x -= 20) {
            QMouseEvent move(QEvent::MouseMove, QPointF(x, 250), map.mapToGlobal(QPointF(x, 250)), Qt::NoButton,
                             Qt::LeftButton, {});
            QCoreApplication::sendEvent(&map, &move);
        }
        QTest::mouseRelease(&map, Qt::LeftButton, {}, {320, 250});
        QTRY_COMPARE(settled.count(), 2);
        map.setPose(start);
        QTRY_COMPARE(map.viewport(), map.viewport().fitted());
        QVERIFY(map.viewport().zoom() == 1 && !map.viewport().projection.isGlobe());
        map.setPose(near);
        QTRY_VERIFY(std::abs(map.viewport().zoom() - near.zoom) < 1e-6);
        map.setProjection(ProjectionKind::Globe);
        QTRY_COMPARE(settled.count(), 3); // and none for what setPose did
        map.setPose(start);
        QTRY_VERIFY(map.projection() == ProjectionKind::EqualEarth);
    }

    void framesCatchUpWithManyDonuts()
    {
        const MapScene scene = scatteredMapScene(theme(), 20'000, 0);
        const MapViewport near = MapViewport::fitted({1400, 800}).zoomedAt({700, 300}, 1.6);
        const auto made = [&scene] {
            auto map = std::make_unique<MapView>();
            map->resize(1400, 800);
            map->setScene(scene);
            map->show();
            return map;
        };
        const auto all = made(), some = made();
        all->setViewport(near);
        all->finishRendering(); // the next frame paints all it needs
        const QImage whole = all->grab().toImage();
        some->finishRendering();
        some->grab();
        some->setViewport(near); // too many new donuts for one frame
        QVERIFY(some->grab().toImage() != whole);
        QTRY_VERIFY(some->grab().toImage() == whole);
    }
};

QTEST_MAIN(MapGatherTest)
#include "tst_map_gather.moc"
